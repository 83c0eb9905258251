//! The screen without a terminal, and beside one that is gone.

use std::fs::OpenOptions;
use std::sync::mpsc::channel;
use std::thread;
use std::time::Duration;

use super::{OutputError, Screen};

#[test]
fn what_is_below_of_what_is_looked_at_is_not_seen() {
    let screen = Screen::new(&["one".to_owned(), "two".to_owned()]);
    let due = |screen: &Screen| screen.lock().due().len();
    for returns in [|screen: &Screen| screen.page(false), Screen::answered] {
        screen.page(true);
        screen.notice("eve is in");
        screen.then(|| ());
        assert_eq!(due(&screen), 0);
        for _ in 0..2 {
            returns(&screen);
        }
        assert_eq!(due(&screen), 1);
        assert_eq!(due(&screen), 0);
    }
}

#[test]
fn what_is_told_behind_a_page_in_place_of_the_talk_is_not_seen() {
    let due = |screen: &Screen| screen.lock().due().len();
    for turns in [Screen::turn_over, |screen: &Screen| {
        screen.show_link("mpotr:tea")
    }] {
        for returns in [Screen::turn_over, Screen::answered] {
            let screen = Screen::new(&[]);
            turns(&screen);
            screen.notice("eve is in");
            screen.then(|| ());
            assert_eq!(due(&screen), 0);
            returns(&screen);
            assert_eq!(due(&screen), 1);
        }
    }
}

/// A roster is shown where it is drawn, and in no other room.
#[test]
fn what_is_told_in_a_room_that_is_not_seen_is_not_seen() {
    let tea = Screen::new(&[]);
    let coffee = tea.another("coffee");
    let due = || tea.lock().due().len();
    for (here, there) in [(&tea, &coffee), (&coffee, &tea)] {
        assert!(tea.switch(here.number()));
        there.notice("eve is in");
        there.then(|| ());
        assert_eq!(due(), 0);
        here.then(|| ());
        assert_eq!(due(), 1);
        // It is marked where the person is.
        there.text(None, "eve: hello");
        let marked = tea.lock().others().unwrap();
        assert!(marked.ends_with("(1)"), "{marked}");
        assert!(tea.switch(there.number()));
        assert_eq!(due(), 1);
    }
    assert!(!tea.switch(2));
    assert!(Screen::new(&[]).lock().others().is_none());
}

#[test]
fn that_nothing_is_drawn_any_longer_is_told() {
    let full = OpenOptions::new().write(true).open("/dev/full").unwrap();
    let screen = Screen::new(&[]);
    assert!(screen.begin(&full));
    let (told, hears) = channel();
    thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().build();
        let runtime = runtime.unwrap();
        let other = screen.another("coffee");
        // The first hears why, and each other room that it is so.
        let error = runtime.block_on(screen.failure());
        let _gone = runtime.block_on(other.failure());
        told.send(error)
    });
    let error = hears.recv_timeout(Duration::from_secs(20)).unwrap();
    assert!(matches!(error, OutputError::Io(_)), "{error:?}");
}
