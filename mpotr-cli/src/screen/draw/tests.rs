//! What the screen looks like, cell by cell, at a usual size and at a small one.

use mpotr::{IdentityKey, Message, Phase, Told};
use mpotr_formats::Nick;
use ratatui_core::backend::TestBackend;
use ratatui_core::terminal::Terminal;

use super::{Colours, draw};
use crate::chat::held::tests::texts;
use crate::chat::qr::{LEAST_MARGIN, Modules};
use crate::chat::view::{Kind, Person, Pinned, Standing, View};
use crate::rows::{MARK, Rows};
use crate::screen::board::Board;
use crate::screen::sheet::{Sheet, What};

fn person(standing: Standing, name: &str, how: &str, notes: &[&str]) -> Person {
    Person {
        standing,
        name: name.to_owned(),
        how: how.to_owned(),
        line: name.to_owned(),
        notes: notes.iter().map(|&note| note.to_owned()).collect(),
    }
}

fn view(pinned: &[(Kind, &str)]) -> View {
    View {
        room: "tea".to_owned(),
        place: "relay r:7667".to_owned(),
        phase: Phase::Secure,
        is_away: false,
        people: vec![
            person(Standing::Me, "alice", "", &["you"]),
            person(Standing::Member, "bob", "verified: code", &[]),
            person(Standing::Member, "carol?", "not known", &["muted"]),
            person(Standing::Outside, "#30885-61222", "", &["waits"]),
        ],
        pinned: pinned
            .iter()
            .map(|&(kind, line)| Pinned {
                kind,
                line: line.to_owned(),
            })
            .collect(),
    }
}

/// The rows of the screen, without blanks at their ends, and where the cursor is.
fn shown(board: &mut Board, width: u16, height: u16) -> (Vec<String>, (u16, u16)) {
    let mut terminal = Terminal::new(TestBackend::new(width, height)).unwrap();
    let rows = Rows::of_columns(usize::from(width));
    terminal
        .draw(|frame| draw(frame, board, rows, Colours::NONE))
        .unwrap();
    let cursor = terminal.get_cursor_position().unwrap();
    let buffer = terminal.backend().buffer();
    let rows = buffer.content().chunks(usize::from(width));
    let rows = rows.map(|row| {
        let row: String = row.iter().map(|cell| cell.symbol()).collect();
        row.trim_end().to_owned()
    });
    (rows.collect(), (cursor.x, cursor.y))
}

fn talk() -> Board {
    let mut board = Board::new();
    let nick = Nick::new("alice").unwrap();
    board.notice("the room is secure: 3 members, session 0123");
    board.text(None, "bob: hello");
    board.log.own(&nick, "hi, all of you");
    board.log.own(&nick, "is anyone there?");
    let [one, two] = texts();
    board.log.taken(one, "hi, all of you");
    board.log.taken(two, "is anyone there?");
    board
        .log
        .hear(&Told::Message(Message::Acknowledged { text_id: one }));
    board.log.hear(&Told::Message(Message::Held {
        text_id: two,
        added: vec![IdentityKey::new([9; 32])],
    }));
    board.view = Some(view(&[
        (
            Kind::Vote,
            "bob asks to leave carol out; it takes 2 votes, and yours is not given; to agree: /kick 58776",
        ),
        (
            Kind::Held,
            "1: is anyone there?  (/release 1 or /discard 1)",
        ),
    ]));
    board.line = b"what is typed".to_vec();
    board.before = b"what is".to_vec();
    board
}

#[test]
fn at_eighty_columns_all_of_it_is_seen() {
    let (rows, cursor) = shown(&mut talk(), 80, 24);
    let expected = [
        " secure, 3 members | tea | relay r:7667",
        "                                                      | 3 members",
    ];
    assert_eq!(rows[..2], expected);
    let expected = [
        "                                                      | /",
        "* the room is secure: 3 members, session 0123         |",
        "  bob: hello                                          |",
        "+ alice: hi, all of you                               |",
        "? alice: is anyone there?                             |",
        "vote: bob asks to leave carol out; it takes 2 votes, and yours is not given; to",
        "  | agree: /kick 58776",
        "held: 1: is anyone there?  (/release 1 or /discard 1)",
        "> what is typed",
        "~ waits > sent + all have it = final ? held ! not all x unsent | PgUp PgDn",
    ];
    let end = rows.len() - expected.len();
    assert_eq!(rows[end + 1..], expected[1..], "{rows:#?}");
    assert_eq!(cursor, (9, 22));
    let people: Vec<_> = rows[1..10].iter().map(|row| row[55..].trim_end()).collect();
    assert_eq!(
        people,
        [
            " 3 members",
            " alice (you)",
            " bob",
            "  verified: code",
            " carol?",
            "  not known",
            "  muted",
            " outside:",
            " #30885-61222",
        ]
    );
}

#[test]
fn at_forty_columns_what_is_urgent_is_seen_and_the_talk_is_read() {
    let (rows, cursor) = shown(&mut talk(), 40, 12);
    assert_eq!(
        rows,
        [
            " secure, 3 members | tea | relay r:7667",
            "with bob, carol? (muted)",
            "* the room is secure: 3 members,",
            "    | session 0123",
            "  bob: hello",
            "+ alice: hi, all of you",
            "? alice: is anyone there?",
            "vote: bob asks to leave carol out; it ",
            "  | takes 2 votes, and yours is not ",
            "  | given; to agree: /kick 58776",
            "  .. 1 not whole here: ctrl-o",
            "> what is typed",
        ]
        .map(str::trim_end)
    );
    assert_eq!(cursor, (9, 11));
}

/// No size is too small to draw.
#[test]
fn at_any_size_something_is_drawn_and_the_cursor_is_on_the_screen() {
    for (width, height) in [(1, 1), (2, 3), (7, 2), (20, 5), (64, 4), (200, 60)] {
        let (rows, (x, y)) = shown(&mut talk(), width, height);
        assert_eq!(rows.len(), usize::from(height));
        assert!(x < width && y < height, "{width} {height}: {x} {y}");
    }
}

/// What a stranger writes is neither a row of another nor anything that a terminal obeys.
#[test]
fn what_others_write_steers_no_terminal_and_begins_no_row_in_anothers_name() {
    let mut board = Board::new();
    let hostile = "eve: ok\u{1b}[2J\u{7}\u{202e}\u{200b}\u{3164}\u{9b}31m";
    board.text(
        None,
        &format!("{hostile}{}alice: I owe eve 1000", " ".repeat(73)),
    );
    let mut view = view(&[(Kind::Held, hostile)]);
    view.room = hostile.to_owned();
    view.place = hostile.to_owned();
    for person in &mut view.people {
        person.name = hostile.to_owned();
        person.notes = vec![hostile.to_owned()];
    }
    board.view = Some(view);
    board.line = hostile.as_bytes().to_vec();
    board.before = hostile.as_bytes().to_vec();
    board.choices = Some(hostile.to_owned());
    for (width, height) in [(80, 24), (40, 12)] {
        let (rows, _) = shown(&mut board, width, height);
        let all = rows.concat();
        assert_eq!(mpotr_formats::escape::first_unsafe(&all), None, "{rows:#?}");
        assert!(all.contains("\\u{1b}"), "{rows:#?}");
        let forged = rows
            .iter()
            .find(|row| row.contains("alice: I owe"))
            .unwrap();
        assert!(forged.starts_with(&format!("  {MARK}")), "{forged:?}");
    }
}

#[test]
fn pages_are_looked_at_and_what_came_meanwhile_is_counted_and_marked() {
    let mut board = Board::new();
    board.view = Some(view(&[]));
    for number in 0..100 {
        board.text(None, &format!("bob: text {number}"));
    }
    shown(&mut board, 80, 24);
    board.page_up();
    let (rows, _) = shown(&mut board, 80, 24);
    assert!(
        rows.iter().any(|row| row.contains("bob: text 60")),
        "{rows:#?}"
    );
    assert!(rows[0].contains("earlier: PgDn"), "{rows:#?}");
    board.text(None, "bob: news");
    let (rows, _) = shown(&mut board, 80, 24);
    assert!(rows[0].contains("1 new below: PgDn"), "{rows:#?}");
    for _ in 0..10 {
        board.page_up();
    }
    let (rows, _) = shown(&mut board, 80, 24);
    // The first of all is the highest row, and none is empty above it.
    assert!(rows[1].starts_with("  bob: text 0 "), "{rows:#?}");
    for _ in 0..10 {
        board.page_down();
    }
    let (rows, _) = shown(&mut board, 80, 24);
    let at = rows
        .iter()
        .position(|row| row.contains("--- new since you looked ---"));
    let at = at.unwrap_or_else(|| panic!("{rows:#?}"));
    assert!(rows[at + 1].contains("bob: news"), "{rows:#?}");
    assert!(!rows[0].contains("PgDn"), "{rows:#?}");
    // A line that is sent says that all was read.
    board.answered();
    let (rows, _) = shown(&mut board, 80, 24);
    assert!(!rows.iter().any(|row| row.contains("---")), "{rows:#?}");
    // A terminal that tells so is not looked at.
    board.focus(false);
    board.text(None, "bob: more");
    let (rows, _) = shown(&mut board, 80, 24);
    assert!(rows.iter().any(|row| row.contains("---")), "{rows:#?}");
}

#[test]
fn a_text_longer_than_the_screen_is_read_page_by_page() {
    let mut board = Board::new();
    let words: Vec<_> = (0..2000).map(|number| format!("w{number}")).collect();
    board.text(None, &format!("bob: {}", words.join(" ")));
    shown(&mut board, 40, 12);
    let mut seen = String::new();
    for _ in 0..60 {
        let (rows, _) = shown(&mut board, 40, 12);
        seen.push_str(&rows.join(" "));
        board.page_up();
    }
    for word in words {
        assert!(seen.contains(&word), "{word}");
    }
}

#[test]
fn an_alarm_stays_until_it_is_said_to_be_seen() {
    let mut board = talk();
    board.notice("WARNING: bob is proven to have cheated: equivocation");
    board.notice("WARNING: eve is another than the eve you know");
    let (rows, _) = shown(&mut board, 80, 24);
    assert!(
        rows.iter()
            .any(|row| row.contains("equivocation (1 more)  (ctrl-g: seen)")),
        "{rows:#?}"
    );
    board.dismiss();
    let (rows, _) = shown(&mut board, 80, 24);
    assert!(
        rows.iter()
            .any(|row| row.contains("eve you know  (ctrl-g: seen)")),
        "{rows:#?}"
    );
    board.dismiss();
    board.dismiss();
    let (rows, _) = shown(&mut board, 80, 24);
    assert!(!rows.iter().any(|row| row.contains("ctrl-g")), "{rows:#?}");
}

#[test]
fn what_is_asked_of_the_person_is_always_seen() {
    let mut board = talk();
    board.alarms = vec!["WARNING: x".to_owned()];
    board.question =
        Some("12 lines were pasted: y sends each of them as a text, n sends none".to_owned());
    for (width, height) in [(80, 24), (40, 12), (30, 6)] {
        let (rows, _) = shown(&mut board, width, height);
        assert!(
            rows.iter()
                .any(|row| row.starts_with("12 lines were pasted")),
            "{rows:#?}"
        );
    }
}

/// The cursor stands where the next character comes, in a line of several rows, too.
#[test]
fn a_long_line_is_shown_around_the_cursor() {
    let mut board = Board::new();
    board.line = "0123456789".repeat(20).into_bytes();
    board.before = board.line[..5].to_vec();
    let (rows, cursor) = shown(&mut board, 40, 12);
    assert_eq!(cursor, (7, 9), "{rows:#?}");
    board.before = board.line.clone();
    let (rows, cursor) = shown(&mut board, 40, 12);
    // 37 columns a row, and 15 characters in the last.
    assert_eq!(cursor, (17, 11), "{rows:#?}");
    let mut wide = Board::new();
    wide.line = "日本".as_bytes().to_vec();
    wide.before = wide.line.clone();
    assert_eq!(shown(&mut wide, 40, 12).1, (6, 11));
}

/// All pages in place of the talk.
fn pages(board: &mut Board, width: u16, height: u16) -> Vec<Vec<String>> {
    let mut pages: Vec<Vec<String>> = Vec::new();
    loop {
        let (rows, _) = shown(board, width, height);
        if pages.last() == Some(&rows) {
            return pages;
        }
        pages.push(rows);
        board.page_down();
    }
}

/// Nothing of what is asked is cut without a way to see it, and a line can be typed meanwhile.
#[test]
fn what_is_asked_is_seen_whole_on_pages_at_any_size() {
    let mut board = talk();
    let words = |prefix: &str, count: usize| {
        let words: Vec<_> = (0..count)
            .map(|number| format!("{prefix}{number}"))
            .collect();
        words.join(" ")
    };
    board.notice(&format!("WARNING: {}", words("w", 60)));
    board.choices = Some(words("c", 90));
    let asked = [words("v", 50), words("h", 50)];
    board.view = Some(view(&[(Kind::Vote, &asked[0]), (Kind::Held, &asked[1])]));
    for (width, height) in [(80, 24), (40, 12)] {
        let (rows, _) = shown(&mut board, width, height);
        let has = |rows: &[String], text: &str| rows.iter().any(|row| row.contains(text));
        assert!(
            has(&rows, "ctrl-o") && has(&rows, "> what is typed"),
            "{rows:#?}"
        );
        board.turn_over();
        let pages = pages(&mut board, width, height);
        let all = pages.concat().join(" ");
        for word in ["w59", "c89", "v49", "h49"] {
            assert!(all.contains(word), "{word}: {pages:#?}");
        }
        for rows in &pages {
            assert!(
                has(rows, "> what is typed") && has(rows, "asked of you"),
                "{rows:#?}"
            );
        }
        // The talk goes on behind it, and is there again.
        board.turn_over();
        assert_eq!(shown(&mut board, width, height).0, rows);
    }
}

/// A link is whole on each screen: as a code where that fits, and in letters that are a link when they are copied.
#[test]
fn a_link_is_whole_on_a_screen_of_any_size() {
    let link = format!(
        "mpotr:tea?at=mpotr://relay.example:7667&key={}&once={}",
        "4vKuCmq8TnGohKlhxQBRX1jjC2qlgt2NtqZZReCNLXY",
        "B".repeat(22)
    );
    // One that names three has more than twice as many modules.
    let (key, once) = link.split_once("&once=").unwrap();
    let keys = format!("&key={}", "4vKuCmq8TnGohKlhxQBRX1jjC2qlgt2NtqZZReCNLXY").repeat(2);
    let of_three = format!("{key}{keys}&once={once}");
    for (link, width, height, has_code) in [
        (&link, 80, 50, true),
        (&link, 80, 24, true),
        (&link, 46, 24, true),
        (&link, 40, 12, false),
        (&of_three, 80, 24, false),
        (&of_three, 80, 32, true),
    ] {
        let code = Modules::of(link).unwrap();
        let mut board = talk();
        let what = What::Link {
            code: Some(code.clone()),
            link: link.clone().into(),
        };
        board.sheet = Some(Sheet::new(what));
        let pages = pages(&mut board, width, height);
        let drawn = (LEAST_MARGIN..=4).map(|margin| code.drawn(margin));
        let is_drawn = |drawn: Vec<String>| {
            let rows = pages[0].iter().zip(&drawn);
            rows.clone().count() == drawn.len()
                && rows.into_iter().all(|(row, of)| row.starts_with(of))
        };
        assert_eq!(drawn.into_iter().any(is_drawn), has_code, "{pages:#?}");
        let letters = &pages[usize::from(has_code)];
        let letters: String = letters
            .iter()
            .skip(1)
            .take_while(|row| !row.is_empty())
            .cloned()
            .collect();
        assert_eq!(&letters, link, "{pages:#?}");
        let told = pages.concat().join(" ").contains("this window is too");
        assert_eq!(told, !has_code, "{pages:#?}");
        // At the usual size all of it is on the page that is seen first.
        let first = pages[0].join(" ");
        let has_step = first.contains("/link NAME to FILE");
        assert!(has_code || height < 24 || has_step, "{pages:#?}");
    }
}
