//! The program at a terminal: what a person sees, and how the terminal is left.

use std::io::{self, Read, Write as _};
use std::num::NonZeroU16;
use std::path::Path;
use std::process::Child;
use std::sync::Arc;
use std::time::{Duration, Instant};

use pty_process::blocking::{Command, Pty, open};
use rustix::io::ioctl_fionread;
use rustix::termios::{LocalModes, tcgetattr};
use tempfile::{TempDir, tempdir};

use crate::chat::Town;
use crate::program::{Heard, Running, mind_signals, poll, succeed};
use crate::relay::Relay;
use crate::talk::{arguments, enter, in_tea, is_stopped, kill};

const ROWS: u16 = 50;
const COLUMNS: u16 = 80;

/// A program at a terminal. Ended when dropped.
struct Terminal {
    child: Child,
    pty: Arc<Pty>,
    heard: Heard,
}

struct Reader(Arc<Pty>);

impl Read for Reader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self.0).read(buffer)
    }
}

/// Starts the program at a terminal of a kind, and gives the other end of that.
fn spawn(kind: &str, home: &Path, arguments: &[&str]) -> (Child, Pty) {
    mind_signals();
    let (pty, pts) = open().unwrap();
    pty.resize(pty_process::Size::new(ROWS, COLUMNS)).unwrap();
    let child = Command::new(env!("CARGO_BIN_EXE_mpotr"))
        .args(arguments)
        .env_remove("XDG_DATA_HOME")
        .env_remove("XDG_CONFIG_HOME")
        .env_remove("RUST_LOG")
        .env_remove("LC_ALL")
        .env("LANG", "C.UTF-8")
        .env("TERM", kind)
        .env("HOME", home)
        .spawn(pts)
        .unwrap();
    (child, pty)
}

impl Terminal {
    fn start(home: &Path, arguments: &[&str]) -> Self {
        Self::start_as("xterm-256color", home, arguments)
    }

    /// At a terminal of a kind.
    fn start_as(kind: &str, home: &Path, arguments: &[&str]) -> Self {
        let (child, pty) = spawn(kind, home, arguments);
        let pty = Arc::new(pty);
        let heard = Heard::listen(Reader(Arc::clone(&pty)));
        Self { child, pty, heard }
    }

    fn type_in(&self, text: &str) {
        (&*self.pty).write_all(text.as_bytes()).unwrap();
    }

    /// The screen as it is now.
    fn screen(&self) -> vt100::Parser {
        let size = |length| NonZeroU16::new(length).unwrap();
        let mut screen = vt100::Parser::new(size(ROWS), size(COLUMNS), 0);
        screen.process(self.heard.text().as_bytes());
        screen
    }

    /// Waits until the screen shows a text, and returns its rows.
    #[track_caller]
    fn shows(&self, text: &str) -> Vec<String> {
        self.shows_in_order(&[text])
    }

    /// Waits until the screen shows all these texts, each below the one before, and returns its rows. While a row is
    /// printed the typed line is off the screen: one text alone may be there before the rest is.
    #[track_caller]
    fn shows_in_order(&self, texts: &[&str]) -> Vec<String> {
        let rows = || {
            let rows: Vec<_> = self.screen().screen().rows(0, COLUMNS).collect();
            let mut below = rows.iter();
            let are_shown = texts.iter().all(|text| below.any(|row| row.contains(text)));
            are_shown.then_some(rows)
        };
        poll(rows).unwrap_or_else(|| panic!("no {texts:?} in {:?}", self.heard.text()))
    }

    /// Waits until the cursor is in a row and a column.
    #[track_caller]
    fn cursor_is_at(&self, row: usize, column: usize) {
        let expected = (row.try_into().unwrap(), column.try_into().unwrap());
        let position = || self.screen().screen().cursor_position();
        let found = poll(|| (position() == expected).then_some(()));
        assert!(found.is_some(), "{:?} is not {expected:?}", position());
    }

    fn echoes(&self) -> bool {
        let modes = tcgetattr(&*self.pty).unwrap().local_modes;
        modes.contains(LocalModes::ECHO | LocalModes::ICANON | LocalModes::ISIG)
    }

    /// Waits for the end and returns the exit code.
    #[track_caller]
    fn finish(&mut self) -> Option<i32> {
        poll(|| self.child.try_wait().unwrap())
            .unwrap_or_else(|| panic!("still running; it said {:?}", self.heard.text()))
            .code()
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        let _ended = self.child.kill();
        let _reaped = self.child.wait();
    }
}

/// Waits until a terminal that nobody reads takes nothing more.
fn wait_until_stuck(pty: &Pty) {
    let mut before = 0;
    let is_stuck = || {
        let held = ioctl_fionread(pty).unwrap();
        (held > 1_000 && core::mem::replace(&mut before, held) == held).then_some(())
    };
    poll(is_stuck).unwrap();
}

/// A talk of one member at a terminal and one behind pipes.
fn talk<T>(test: impl FnOnce(&Path, &str, Terminal, Running) -> T) -> T {
    talk_at("xterm-256color", test)
}

fn talk_at<T>(kind: &str, test: impl FnOnce(&Path, &str, Terminal, Running) -> T) -> T {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let more = ["--members", "2"];
    let alice = arguments(&relay.address, "alice", &more);
    let alice = Terminal::start_as(kind, home.path(), &alice);
    let bob = enter(home.path(), &relay.address, "bob", &more);
    alice.shows("the room is secure");
    bob.hears_err("the room is secure");
    test(home.path(), &relay.address, alice, bob)
}

/// A talk of one member at a terminal and one behind pipes, whose relay has gone away.
fn without_relay() -> (TempDir, Terminal, Running) {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let more = ["--members", "2"];
    let alice = Terminal::start(home.path(), &arguments(&relay.address, "alice", &more));
    let bob = enter(home.path(), &relay.address, "bob", &more);
    alice.shows("the room is secure");
    drop(relay);
    alice.shows("lost the relay");
    (home, alice, bob)
}

#[test]
fn while_the_relay_is_away_what_needs_none_is_answered_and_all_else_waits_in_order() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let address = relay.address.clone();
    let more = ["--members", "2"];
    let alice = Terminal::start(home.path(), &arguments(&address, "alice", &more));
    let bob = enter(home.path(), &address, "bob", &more);
    alice.shows("the room is secure");
    bob.hears_err("the room is secure");
    drop(relay);
    alice.shows("lost the relay");
    alice.type_in("/members\n");
    alice.shows("(you)");
    for typed in ["one\n", "two\n"] {
        alice.type_in(typed);
    }
    alice.shows("that text waits until the way to the room is there again");
    alice.type_in("/discard\n");
    alice.shows("taken back: nobody has read it");
    alice.type_in("three\n/refresh\nfour\n");
    alice.shows("/refresh waits until the way to the room is there again");
    let _relay = Relay::start_on(home.path(), &address);
    let read = bob.hears_out("alice: four\n");
    assert!(
        read.contains("alice: three\n") && !read.contains("one") && !read.contains("two"),
        "{read}"
    );
}

/// Of lines that wait there are only so many. What comes behind them is answered all the same.
#[test]
fn while_the_relay_is_away_a_text_too_many_is_refused_and_commands_are_obeyed() {
    let (_home, mut alice, _bob) = without_relay();
    for _ in 0..16 {
        alice.type_in(&"x\n".repeat(16));
    }
    alice.type_in("too many\n");
    alice.shows("this line was not sent: 256 lines wait already");
    alice.type_in("/refresh\n");
    alice.shows("/refresh was not done: 256 lines wait already");
    alice.type_in("/members\n");
    alice.shows("(you)");
    alice.type_in("/quit\n");
    alice.shows("256 texts are not delivered");
    alice.type_in("/quit\n");
    assert_eq!(alice.finish(), Some(1));
    alice.shows("and 257 ");
}

#[test]
fn who_leaves_while_the_relay_is_away_is_told_what_leaves_at_once() {
    let (_home, mut alice, _bob) = without_relay();
    alice.type_in("/quit\n");
    alice.shows("ctrl-c, leaves now");
    alice.type_in("\u{3}");
    alice.finish();
    assert!(alice.echoes());
}

/// What is not delivered is told, and a carrier that stays away keeps nobody.
#[test]
fn who_quits_while_the_relay_is_away_is_told_what_is_not_delivered_and_leaves_in_time() {
    let (_home, mut alice, _bob) = without_relay();
    alice.type_in("one\ntwo\n/quit\n");
    alice.shows("2 texts are not delivered");
    let asked = Instant::now();
    assert_eq!(alice.finish(), Some(1));
    assert!(asked.elapsed() < Duration::from_secs(40));
    alice.shows("2 lines were not sent");
    assert!(alice.echoes());
}

/// Neither ctrl-d nor a second word for it waits for a carrier that stays away.
#[test]
fn who_does_not_wait_for_a_relay_that_is_away_says_so_once_more() {
    for (first, second, told) in [
        ("/quit\n", "/quit\n", "1 text is not delivered"),
        (
            "\u{4}",
            "\u{3}",
            "the input has ended; 1 text is not delivered",
        ),
    ] {
        let (_home, mut alice, _bob) = without_relay();
        alice.type_in("one\n");
        alice.type_in(first);
        alice.shows(told);
        let asked = Instant::now();
        alice.type_in(second);
        assert_eq!(alice.finish(), Some(1));
        assert!(asked.elapsed() < Duration::from_secs(10));
        alice.shows("you were out of the room before");
    }
}

#[test]
fn who_types_quit_leaves_in_order() {
    talk(|_home, _relay, mut alice, mut bob| {
        alice.type_in("hello\n/quit\n");
        bob.hears_out("alice: hello\n");
        bob.hears_err("alice has left");
        bob.end_input();
        assert_eq!(alice.finish(), Some(0));
    });
}

/// A text that waits for a room that does not begin keeps nobody in it.
#[test]
fn who_quits_before_the_room_has_begun_is_told_what_waits_and_leaves_without_it() {
    let town = Town::new();
    let home = town.home.path();
    let [bob, carol] = ["bob", "carol"].map(|name| town.person(name));
    let with = in_tea(&town.relay.address, "alice", &["--with", &bob.public]);
    let mut alice = Terminal::start(home, &with);
    alice.shows("waiting for others");
    // Whom --with does not name no command lets in.
    alice.type_in(&format!("/admit {}\n", carol.fingerprint));
    alice.shows("to let it in, too,");
    alice.type_in("hello\n");
    alice.shows("that text leaves when the room is secure");
    alice.type_in("/quit\n");
    alice.shows("not sent, since the room has not begun: 1 text; /quit once more leaves");
    // What is typed then counts, and what waits can be taken back.
    alice.type_in("/members\n");
    alice.shows("(you)");
    alice.type_in("/quit\n");
    assert_eq!(alice.finish(), Some(1));
    alice.shows("a line was not sent");
    let mut again = Terminal::start(home, &with);
    again.shows("waiting for others");
    again.type_in("hello\n");
    again.shows("that text leaves when the room is secure");
    again.type_in("/quit\n");
    again.shows("/discard takes it back");
    again.type_in("/discard\n/quit\n");
    assert_eq!(again.finish(), Some(0));
    let mut last = Terminal::start(home, &with);
    last.shows("waiting for others");
    last.type_in("hello\n");
    last.shows("that text leaves when the room is secure");
    last.type_in("\u{4}");
    last.shows("the input has ended; not sent, since the room has not begun: 1 text");
    last.type_in("\u{3}");
    assert_eq!(last.finish(), Some(1));
}

/// What is typed then goes to nobody, and keeps nobody there until the others have gone on.
#[test]
fn who_is_being_left_out_ends_at_once_though_a_text_waits() {
    let town = Town::new();
    let open = ["--open", "--members", "3"];
    for typed in ["\u{4}", "/quit\n"] {
        let leaves = in_tea(&town.relay.address, "bob", &open);
        let mut bob = Terminal::start(town.home.path(), &leaves);
        let mut alice = town.chat("alice", &["--open", "--members", "3", "--commands"]);
        let carol = town.chat("carol", &open);
        bob.shows("the room is secure");
        for member in [&alice, &carol] {
            member.hears_err("secure: 3 members");
        }
        bob.type_in("hi\n");
        alice.hears_out("bob: hi\n");
        // The room cannot go on without it.
        kill("-STOP", carol.id());
        alice.type_in("/kick bob\n");
        bob.shows("the others are leaving you out");
        bob.type_in("waits\n");
        bob.shows("that text waits");
        bob.type_in(typed);
        if typed == "/quit\n" {
            bob.shows("not sent, since the others are leaving you out: 1 text");
            bob.type_in("/quit\nls\nls\n");
        }
        assert_eq!(bob.finish(), Some(1));
        let told = alice.hears_err("");
        assert!(!told.contains("can read nothing"), "{told}");
        bob.shows("a text of yours was not sent: you left");
        let told = bob.heard.text();
        assert!(told.contains("mpotr: error: "), "{told}");
        assert!(!told.contains("lines were"), "{told}");
        kill("-CONT", carol.id());
    }
}

#[test]
fn a_tab_is_shown_as_blanks_on_both_sides() {
    talk(|_home, _relay, alice, mut bob| {
        alice.type_in("\tif it is so:");
        alice.shows("    if it is so:");
        alice.type_in("\n");
        bob.hears_out("alice:     if it is so:\n");
        bob.type_in("\tthen that\n");
        alice.shows("bob:     then that");
    });
}

#[test]
fn at_a_terminal_nobody_comes_in_before_the_person_says_so() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let asked = in_tea(&relay.address, "alice", &[]);
    let alice = Terminal::start(home.path(), &asked);
    alice.shows("nobody comes in before you say so");
    let mut bob = enter(home.path(), &relay.address, "bob", &[]);
    bob.type_in("hello\n");
    let mark = "* to let it in: /admit ";
    let rows = alice.shows(mark);
    assert!(!rows.iter().any(|row| row.contains("secure")), "{rows:?}");
    // What is to be typed fits a row, so that it can be marked and pasted.
    let whole = rows.iter().find_map(|row| row.strip_prefix(mark)).unwrap();
    let command = format!("/admit {}\n", whole.trim());
    alice.type_in(&command);
    alice.shows("the room is secure: 2 members");
    alice.shows("bob: hello");
}

#[test]
fn no_row_of_a_long_line_passes_for_a_line_of_somebody_else() {
    talk(|_home, _relay, alice, mut bob| {
        // At every offset, and while half a line is typed, which would shift a row.
        for typed in ["", "half a li"] {
            alice.type_in(typed);
            for spaces in 60..80 {
                let line = format!("ok{}carol: I owe you end{spaces}\n", " ".repeat(spaces));
                bob.type_in(&line);
                let rows = alice.shows(&format!("end{spaces}"));
                for row in rows.iter().filter(|row| row.contains("carol")) {
                    assert!(
                        row.starts_with("bob: ") || row.starts_with("  | "),
                        "{rows:?}"
                    );
                }
            }
        }
    });
}

#[test]
fn what_is_typed_stays_below_what_comes_meanwhile() {
    talk(|_home, _relay, alice, mut bob| {
        alice.type_in("half a li");
        alice.shows("half a li");
        bob.type_in("first\nsecond\n");
        // The line is drawn again below it.
        alice.shows_in_order(&["bob: first", "bob: second", "half a li"]);
        alice.type_in("ne\n");
        assert_eq!(bob.hears_out("\n"), "alice: half a line\n");
    });
}

#[test]
fn a_typed_line_of_several_rows_stays_whole_below_what_comes_meanwhile() {
    talk(|_home, _relay, alice, mut bob| {
        let typed: String = (0..60).map(|n| format!("word{n:02} ")).collect();
        alice.type_in(&typed);
        alice.shows("word59");
        bob.type_in(&format!("first\n{}end\n", "long ".repeat(40)));
        // The line is drawn again below it.
        let rows = alice.shows_in_order(&["end", "word00", "word59"]);
        let from = rows.iter().position(|row| row.contains("word00")).unwrap();
        let until = rows.iter().rposition(|row| row.contains("word59")).unwrap();
        let shown = rows[from..=until]
            .iter()
            .fold(String::new(), |shown, row| shown + row);
        assert_eq!(shown.replace(' ', ""), typed.replace(' ', ""), "{rows:?}");
        let last = rows.iter().rposition(|row| row.contains("end")).unwrap();
        assert!(last < from, "{rows:?}");
        assert!(rows[until + 1..].iter().all(String::is_empty), "{rows:?}");
        alice.type_in("end\n");
        assert_eq!(bob.hears_out("\n"), format!("alice: {typed}end\n"));
        // It stays where it was typed, and what is typed next begins below.
        alice.type_in("next");
        bob.type_in("third\n");
        alice.shows_in_order(&["word59", "bob: third", "next"]);
    });
}

#[test]
fn a_typed_line_longer_than_the_screen_is_sent_whole() {
    talk(|_home, _relay, alice, mut bob| {
        let typed: String = (0..2000).map(|n| format!("{n:04} ")).collect();
        for part in typed.as_bytes().chunks(500) {
            alice.type_in(std::str::from_utf8(part).unwrap());
        }
        alice.shows("1999");
        bob.type_in("meanwhile\n");
        // While a row is printed, the line is off the screen.
        alice.shows("bob: meanwhile");
        alice.shows("1999");
        alice.type_in("\n");
        assert_eq!(bob.hears_out("\n"), format!("alice: {typed}\n"));
    });
}

#[test]
fn a_typed_line_is_edited_from_its_end() {
    talk(|_home, _relay, alice, bob| {
        // Of keys without a glyph nothing gets into a line.
        alice.type_in(
            "not this\u{15}one twoo\u{7f} thre ee\u{17}\u{7f}e\u{1b}[Z\u{1b}[5~\u{1b}OP ñ\u{7f}!\r",
        );
        assert_eq!(bob.hears_out("\n"), "alice: one two three !\n");
        alice.shows("one two three !");
    });
}

#[test]
fn the_cursor_moves_in_a_line_that_stays_while_a_text_comes() {
    talk(|_home, _relay, alice, mut bob| {
        alice.type_in("say helo wrld");
        alice.shows("say helo wrld");
        // Home, a word on, back by one, and what was missing.
        alice.type_in("\u{1b}[H\u{1b}[1;5C\u{1b}[1;5C\u{1b}[Dl");
        alice.shows("say hello wrld");
        bob.type_in("meanwhile\n");
        let rows = alice.shows_in_order(&["bob: meanwhile", "say hello wrld"]);
        // The cursor is where it was.
        let typed = rows.iter().rposition(|row| row == "say hello wrld");
        alice.cursor_is_at(typed.unwrap(), "say hell".len());
        alice.type_in("\u{1b}[C\u{1b}[C\u{1b}OCo\u{1b}[4~!\n");
        assert_eq!(bob.hears_out("\n"), "alice: say hello world!\n");
        // What was typed before comes back, and what was being typed with it.
        alice.type_in("half\u{1b}[A");
        let again = alice.shows_in_order(&["say hello world!", "say hello world!"]);
        assert!(!again.iter().any(|row| row == "half"), "{again:?}");
        alice.type_in("\u{1b}[B a line\n");
        bob.hears_out("alice: half a line\n");
        alice.type_in("\u{1b}[A\u{1b}[A\n");
        let read = bob.hears_out("half a line\nalice: say");
        assert_eq!(
            read.matches("alice: say hello world!\n").count(),
            2,
            "{read}"
        );
    });
}

/// Where a terminal marks what is pasted, as at a screen.
#[test]
fn pasted_lines_are_asked_about_and_are_no_commands() {
    talk(|_home, _relay, mut alice, mut bob| {
        let paste = |text: &str| alice.type_in(&format!("\u{1b}[200~{text}\u{1b}[201~"));
        assert!(alice.screen().screen().bracketed_paste());
        alice.type_in("half ");
        paste("one\r/kick bob\r");
        let question = "2 lines were pasted: y sends each of them as a text, n sends none";
        alice.shows(question);
        // It stays in sight, and no other key is an answer.
        bob.type_in("meanwhile\n");
        alice.shows_in_order(&["bob: meanwhile", question]);
        alice.type_in("\rn");
        alice.shows_in_order(&["bob: meanwhile", "half"]);
        assert!(
            !alice
                .shows("half")
                .iter()
                .any(|row| row.contains("were pasted"))
        );
        paste("two\n/kick bob\n");
        alice.shows(question);
        alice.type_in("y");
        let read = bob.hears_out("alice: /kick bob\n");
        assert!(
            read.ends_with("alice: two\nalice: /kick bob\n") && !read.contains("one"),
            "{read}"
        );
        alice.shows_in_order(&["two", "//kick bob", "half"]);
        // A single line is a part of what is typed.
        paste("a line\n");
        alice.type_in("!\r");
        bob.hears_out("alice: half a line!\n");
        // Nobody is asked about what is left behind, and the terminal marks no longer.
        paste("never\nsent\n");
        alice.shows(question);
        kill("-INT", alice.child.id());
        alice.finish();
        assert!(!alice.screen().screen().bracketed_paste());
        assert!(!bob.hears_out("").contains("never"));
    });
}

/// What answers one alone is not told to all for want of a command.
#[test]
fn a_line_that_may_be_an_answer_goes_to_nobody_before_the_person_says_so() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let more = ["--members", "2"];
    let alice = Terminal::start(home.path(), &arguments(&relay.address, "alice", &more));
    let mut bob = enter(
        home.path(),
        &relay.address,
        "bob",
        &[&more[..], &["--commands"]].concat(),
    );
    alice.shows("the room is secure");
    alice.type_in("hello\n");
    bob.hears_out("alice: hello\n");
    bob.type_in("hello\n/verify alice where? the mill\n");
    alice.shows("bob asks you to be sure that it is you: where?");
    alice.type_in("the mill\n");
    alice.shows_in_order(&[
        "not sent, for it may be the answer to bob, and would go to all: 1: the mill",
        "/answer gives an answer to bob alone",
    ]);
    alice.type_in("/answer the mill\n");
    alice.shows("what was held is taken back");
    alice.shows("bob knows the secret");
    alice.type_in("then\n");
    let read = bob.hears_out("alice: then\n");
    assert!(!read.contains("mill"), "{read}");
    // Who says that it answers nobody is not asked again.
    bob.type_in("/verify alice when? noon\n");
    alice.shows("bob asks you to be sure that it is you: when?");
    alice.type_in("no answer\n");
    alice.shows("would go to all: 2: no answer");
    alice.type_in("/release 2\nnor this\n");
    let read = bob.hears_out("alice: nor this\n");
    assert!(read.contains("alice: no answer\n"), "{read}");
}

/// Half of a code is read by no camera.
#[test]
fn a_code_that_has_no_room_in_the_window_is_told_with_what_to_do() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let more = ["--members", "3"];
    let alice = Terminal::start(home.path(), &arguments(&relay.address, "alice", &more));
    let mut others = ["bob", "carol"].map(|name| enter(home.path(), &relay.address, name, &more));
    alice.shows("the room is secure");
    for other in &others {
        other.hears_err("the room is secure");
    }
    // Three keys are in it.
    alice.type_in("/link\n");
    let drawn = '\u{2588}';
    alice.shows(&String::from(drawn).repeat(50));
    others[0].type_in("drawn\n");
    alice.shows("drawn");
    let before = alice.heard.text().matches(drawn).count();
    alice
        .pty
        .resize(pty_process::Size::new(24, COLUMNS))
        .unwrap();
    alice.type_in("/link\n");
    poll(|| {
        let told = alice.heard.text().replace("\r\n  | ", "");
        let has_step =
            told.contains("this window is too small") && told.contains("/link NAME to FILE");
        has_step.then_some(())
    })
    .unwrap_or_else(|| panic!("{:?}", alice.heard.text()));
    assert_eq!(alice.heard.text().matches(drawn).count(), before);
}

#[test]
fn commands_and_names_are_completed() {
    talk(|_home, _relay, alice, mut bob| {
        bob.type_in("hello\n");
        alice.shows("bob: hello");
        // A tab is the key where it comes alone.
        for (typed, shown) in [
            ("/mer", "/merge"),
            ("\u{15}so bo", "so bob"),
            ("\u{15}/kick b", "/kick bob"),
        ] {
            alice.type_in(typed);
            alice.shows(typed.trim_start_matches('\u{15}'));
            alice.type_in("\t");
            alice.shows(shown);
        }
        alice.type_in("\u{15}/m");
        alice.shows("/m");
        alice.type_in("\t");
        // Where several fit they are shown, and the line stays.
        alice.shows("/members  /merge  /mute");
        alice.type_in("embers\n");
        alice.shows("(you)");
        alice.type_in("\u{15}tab\tbed\n");
        assert_eq!(bob.hears_out("\n"), "alice: tab    bed\n");
    });
}

#[test]
fn the_terminal_is_as_it_was_after_a_talk() {
    for end in ["\u{4}", "\u{3}\u{3}\u{3}", "half a line\u{3}"] {
        talk(|_home, _relay, mut alice, _bob| {
            assert!(!alice.echoes());
            alice.type_in(end);
            alice.finish();
            assert!(alice.echoes(), "{end:?}");
        });
    }
}

#[test]
fn a_program_that_is_stopped_lends_the_terminal_back() {
    talk(|_home, _relay, alice, mut bob| {
        alice.type_in("half a li");
        alice.shows("half a li");
        // As ctrl-z, which a terminal alone does not have a shell for.
        kill("-TSTP", alice.child.id());
        is_stopped(alice.child.id());
        assert!(alice.echoes());
        bob.type_in("meanwhile\n");
        kill("-CONT", alice.child.id());
        poll(|| (!alice.echoes()).then_some(())).unwrap();
        alice.shows("bob: meanwhile");
        alice.type_in("ne\n");
        assert_eq!(bob.hears_out("\n"), "alice: half a line\n");
    });
}

#[test]
fn the_last_one_stays_and_talks_on_with_who_comes_back() {
    talk(|home, relay, mut alice, mut bob| {
        bob.end_input();
        assert_eq!(bob.finish().code, Some(0));
        alice.shows("nobody else is in the room now");
        alice.type_in("is anyone there?\n");
        alice.shows("this line was not sent");
        let mut bob = enter(home, relay, "bob", &[]);
        bob.type_in("here again\n");
        alice.shows("bob: here again");
        alice.type_in("welcome\n");
        bob.hears_out("alice: welcome\n");
        bob.end_input();
        assert_eq!(bob.finish().code, Some(0));
        // Ctrl-d ends the input. One line was not sent.
        alice.type_in("\u{4}");
        assert_eq!(alice.finish(), Some(1));
    });
}

#[test]
fn an_empty_line_sends_nothing() {
    talk(|_home, _relay, alice, bob| {
        alice.type_in("\n\nnot empty\n");
        assert_eq!(bob.hears_out("not empty\n"), "alice: not empty\n");
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_line_that_the_terminal_cuts_is_told_and_not_sent_in_part() {
    talk_at("dumb", |_home, _relay, alice, bob| {
        // In parts, as a terminal takes them: what it has no room for it does not wait with.
        for _ in 0..50 {
            alice.type_in(&"x".repeat(100));
        }
        alice.type_in("\n");
        alice.shows("this line was not sent: a terminal passes on 4095 bytes");
        alice.type_in("short\n");
        assert_eq!(bob.hears_out("short\n"), "alice: short\n");
    });
}

#[test]
fn a_signal_before_the_room_is_secure_ends_it_and_what_was_typed() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    for signal in ["-INT", "-TERM", "-HUP", "-QUIT"] {
        let more = ["--members", "2"];
        let mut alice = Terminal::start(home.path(), &arguments(&relay.address, "alice", &more));
        alice.shows("waiting for others");
        alice.type_in("not now\n");
        alice.shows("this line was not sent: the room is not secure yet");
        kill(signal, alice.child.id());
        assert_eq!(alice.finish(), Some(1), "{signal}");
        alice.shows("not sent");
    }
}

#[test]
fn one_signal_ends_a_chat_whose_terminal_takes_nothing() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let more = ["--members", "2"];
    let alice = arguments(&relay.address, "alice", &more);
    let (mut alice, mut pty) = spawn("xterm", home.path(), &alice);
    let mut bob = enter(home.path(), &relay.address, "bob", &more);
    let (mut screen, mut buffer) = (Vec::new(), [0; 1024]);
    while !String::from_utf8_lossy(&screen).contains("the room is secure") {
        let count = pty.read(&mut buffer).unwrap();
        screen.extend_from_slice(&buffer[..count]);
    }
    // From here on nobody reads. It is more than a terminal and the program hold.
    for number in 0..12 {
        bob.type_in(&format!("{number} {}\n", "x".repeat(50_000)));
    }
    wait_until_stuck(&pty);
    kill("-TERM", alice.id());
    let ended = poll(|| alice.try_wait().unwrap());
    if ended.is_none() {
        alice.kill().unwrap();
        alice.wait().unwrap();
    }
    assert_eq!(ended.and_then(|it| it.code()), Some(1));
    drop(pty);
}

/// Who types while the screen is held has not seen who comes in meanwhile.
#[test]
fn what_is_typed_at_a_screen_that_takes_nothing_is_not_for_who_comes_in_meanwhile() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let more = ["--members", "2"];
    let arguments = arguments(&relay.address, "alice", &more);
    let (child, pty) = spawn("xterm", home.path(), &arguments);
    let mut bob = enter(home.path(), &relay.address, "bob", &more);
    let pty = Arc::new(pty);
    let (mut screen, mut buffer) = (String::new(), [0; 1024]);
    while !screen.contains("(you)") {
        let count = (&*pty).read(&mut buffer).unwrap();
        screen += &String::from_utf8_lossy(&buffer[..count]);
    }
    // More than a terminal holds, and less than the program does.
    for number in 0..3 {
        bob.type_in(&format!("{number} {}\n", "x".repeat(50_000)));
    }
    wait_until_stuck(&pty);
    let carol = enter(home.path(), &relay.address, "carol", &[]);
    for member in [&bob, &carol] {
        member.hears_err("the room is secure: 3 members");
    }
    (&*pty).write_all(b"for bob alone\n").unwrap();
    // What is typed is there at once; nothing tells when it was read.
    std::thread::sleep(Duration::from_millis(500));
    let heard = Heard::listen(Reader(Arc::clone(&pty)));
    let alice = Terminal { child, pty, heard };
    alice.heard.wait_for("came in who would read it, too");
    alice.type_in("for both\n");
    let read = carol.hears_out("alice: for both\n");
    assert!(!read.contains("for bob alone"), "{read}");
}

#[test]
fn closing_the_terminal_leaves_in_order() {
    talk(|_home, _relay, mut alice, bob| {
        kill("-HUP", alice.child.id());
        bob.hears_err("has left");
        assert_eq!(alice.finish(), Some(0));
    });
}

#[cfg(target_os = "linux")]
#[test]
fn a_program_that_was_told_not_to_mind_outlives_its_terminal() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let mut unminding = std::process::Command::new("sh");
    unminding
        .args(["-c", "trap '' HUP && exec \"$@\"", "sh"])
        .arg(env!("CARGO_BIN_EXE_mpotr"))
        .args(arguments(&relay.address, "alice", &["--members", "2"]))
        .env("HOME", home.path());
    let mut alice = Running::start_command(unminding);
    alice.hears_err("waiting for others");
    kill("-HUP", alice.id());
    let mut bob = enter(home.path(), &relay.address, "bob", &["--members", "2"]);
    bob.type_in("still there?\n");
    alice.hears_out("bob: still there?\n");
    for member in [&mut alice, &mut bob] {
        member.end_input();
    }
    for member in [alice, bob] {
        assert_eq!(member.finish().code, Some(0));
    }
}

#[test]
fn the_name_of_a_file_that_a_passphrase_is_asked_for_is_escaped() {
    let home = tempdir().unwrap();
    let file = home.path().join("id\u{1b}]0;owned\u{7}\u{202e}");
    let file = file.to_str().unwrap();
    let passphrase = home.path().join("passphrase");
    std::fs::write(&passphrase, "correct horse").unwrap();
    let close = std::os::unix::fs::PermissionsExt::from_mode(0o600);
    std::fs::set_permissions(&passphrase, close).unwrap();
    let passphrase = passphrase.to_str().unwrap();
    let new = [
        "identity",
        "new",
        "--passphrase-file",
        passphrase,
        "--identity",
        file,
    ];
    succeed(home.path(), &new);
    let mut terminal = Terminal::start(home.path(), &["identity", "show", "--identity", file]);
    terminal.shows("Passphrase of");
    terminal.type_in("correct horse\r");
    assert_eq!(terminal.finish(), Some(0));
    let said = terminal.heard.text();
    assert!(!said.contains(['\u{1b}', '\u{7}', '\u{202e}']), "{said:?}");
    assert!(said.contains("id\\u{1b}]0;owned"), "{said:?}");
}

#[test]
fn a_passphrase_that_is_not_given_leaves_the_terminal_as_it_was() {
    let home = tempdir().unwrap();
    let file = home.path().join("id").to_str().unwrap().to_owned();
    let new = ["identity", "new", "--passphrase", "--identity", &file];
    type Act = fn(&Terminal);
    let ctrl_c: Act = |terminal| terminal.type_in("\u{3}");
    let terminate: Act = |terminal| kill("-TERM", terminal.child.id());
    let hang_up: Act = |terminal| kill("-HUP", terminal.child.id());
    let quit: Act = |terminal| kill("-QUIT", terminal.child.id());
    let cases = [(ctrl_c, 130), (terminate, 143), (hang_up, 129), (quit, 131)];
    let asks = |arguments: &[&str], prompt: &str| {
        for (act, code) in cases {
            let mut terminal = Terminal::start(home.path(), arguments);
            terminal.shows(prompt);
            poll(|| (!terminal.echoes()).then_some(())).unwrap();
            act(&terminal);
            assert_eq!(terminal.finish(), Some(code));
            assert!(terminal.echoes());
            terminal.shows("stopped before it was done");
        }
    };
    asks(&new, "New passphrase");
    let mut terminal = Terminal::start(home.path(), &new);
    terminal.shows("New passphrase");
    poll(|| (!terminal.echoes()).then_some(())).unwrap();
    terminal.type_in("\u{4}");
    assert_eq!(terminal.finish(), Some(1));
    terminal.shows("no passphrase was given");
    assert!(!Path::new(&file).exists());

    let mut terminal = Terminal::start(home.path(), &new);
    for prompt in ["New passphrase", "The same again"] {
        terminal.shows(prompt);
        terminal.type_in("correct horse\r");
    }
    assert_eq!(terminal.finish(), Some(0));
    assert!(terminal.echoes());

    asks(&["identity", "show", "--identity", &file], "Passphrase of");
    let chat = arguments("127.0.0.1:1", "alice", &["--identity", &file]);
    asks(&chat, "Passphrase of");
}

/// A person that thinks better of it does not have to answer first.
#[test]
fn a_question_that_is_not_answered_is_left_by_a_signal() {
    let home = tempdir().unwrap();
    let mut terminal = Terminal::start(home.path(), &["chat", "--throw-away"]);
    terminal.shows("Where does the room meet?");
    terminal.type_in("\u{3}");
    terminal.shows("stopped before it was done");
    assert_eq!(terminal.finish(), Some(130));
}

/// What is told of an end of the input stands in a row of its own, and not behind the question.
#[test]
fn who_ends_the_input_at_a_question_is_told_so_below_it() {
    let home = tempdir().unwrap();
    let mut terminal = Terminal::start(home.path(), &["chat", "--throw-away"]);
    terminal.shows("Where does the room meet?");
    terminal.type_in("\u{4}");
    let rows = terminal.shows("the input ended before it was known where to talk");
    assert!(
        rows.iter()
            .any(|row| row.starts_with("mpotr: error: the input ended")),
        "{rows:?}"
    );
    assert_eq!(terminal.finish(), Some(1));
}

/// A person that has no identity is asked whether to keep one, and is the same the next time.
#[test]
fn a_chat_without_options_makes_an_identity_that_is_used_the_next_time() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let enter = || {
        let alice = Terminal::start(home.path(), &["chat"]);
        for (asked, typed) in [
            ("Where does the room meet?", relay.address.as_str()),
            ("What is the room called", "tea"),
            ("What are you called?", "alice"),
        ] {
            alice.shows(asked);
            alice.type_in(&format!("{typed}\n"));
        }
        alice
    };
    let leave = |mut alice: Terminal| {
        let rows = alice.shows("waiting for others");
        alice.type_in("/quit\n");
        assert_eq!(alice.finish(), Some(0));
        rows.into_iter()
            .find(|row| row.contains("you are alice"))
            .unwrap()
    };
    let keeps = |answer: &str| {
        let alice = enter();
        alice.shows("Keep a new identity for the next time");
        alice.type_in(answer);
        alice
    };
    let file = home.path().join(".local/share/mpotr/identity");
    let alice = keeps("perhaps\n");
    alice.shows("it is yes or no");
    alice.type_in("no\n");
    alice.shows("a new identity for this room alone");
    let forgotten = leave(alice);
    assert!(!file.exists());
    let alice = keeps("\n");
    alice.shows("made an identity for you, in ");
    let first = leave(alice);
    assert_ne!(first, forgotten);
    let alice = enter();
    alice.shows("your identity is in ");
    assert_eq!(leave(alice), first);
}

/// Who says nothing is asked, and the next time what was answered is offered. Options win.
#[test]
fn a_chat_without_options_asks_what_it_needs_and_remembers_it() {
    let home = tempdir().unwrap();
    let relay = Relay::start(home.path());
    let first = Terminal::start(home.path(), &["chat", "--throw-away"]);
    first.shows("Where does the room meet?");
    first.type_in("no where\n");
    first.shows("it is HOST or HOST:PORT of a relay");
    first.type_in(&format!("{}\n", relay.address));
    first.shows("What is the room called");
    first.type_in("tea\n");
    first.shows("What are you called?");
    first.type_in("alice\n");
    first.shows("waiting for others in \"tea\"");
    let file = home.path().join(".config/mpotr/chat.toml");
    let remembered = std::fs::read_to_string(&file).unwrap();
    assert!(remembered.contains("room = \"tea\""), "{remembered}");
    let second = Terminal::start(home.path(), &["chat", "--throw-away", "--nick", "bob"]);
    second.shows(&format!("[{}]", relay.address));
    second.type_in("\n");
    second.shows("[tea]");
    second.type_in("\n");
    second.shows("you are bob");
    second.shows("waiting for others in \"tea\"");
    assert_eq!(std::fs::read_to_string(&file).unwrap(), remembered);
}
