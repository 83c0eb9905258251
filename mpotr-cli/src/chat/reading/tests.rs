use crate::chat::conversation::Say;
use crate::chat::door::Door;
use crate::chat::remembering::Learned;
use crate::chat::testing::{BOB, EVE, ME, message, nick, outside, room, text, trusting, wants_in};
use crate::chat::wording::fingerprint;

#[test]
fn a_text_of_another_is_a_line_and_an_own_one_is_not() {
    let mut room = room();
    assert_eq!(
        room.hear(text(BOB, "bob", "hi")),
        [Say::Text("bob: hi".to_owned())]
    );
    assert_eq!(room.hear(text(ME, "me", "hi")), []);
}

#[test]
fn nobody_else_is_shown_by_the_own_nick() {
    let said = room().hear(text(EVE, "me", "hi"));
    let [Say::Notice(clash), Say::Text(line)] = said.as_slice() else {
        panic!("{said:?}")
    };
    assert!(clash.contains("look alike"), "{clash}");
    assert!(line.starts_with("me#") && line.ends_with(": hi"), "{line}");
}

#[test]
fn no_text_can_move_the_cursor_or_begin_a_line_in_anothers_name() {
    assert_eq!(
        room().hear(text(EVE, "eve", "x\r\nbob: I owe you\x1b[2K")),
        [Say::Text("eve: x\\r\\nbob: I owe you\\u{1b}[2K".to_owned())],
    );
}

#[test]
fn a_change_of_nick_is_told_before_the_text() {
    let mut room = room();
    room.hear(text(BOB, "bob", "hi"));
    assert_eq!(
        room.hear(text(BOB, "rob", "hi")),
        [
            Say::Notice("bob is called rob from now on".to_owned()),
            Say::Text("rob: hi".to_owned()),
        ],
    );
}

#[test]
fn a_message_that_cannot_be_read_is_told_and_not_shown() {
    let said = room().hear(message(BOB, b"\x07\x03bob\x1b[2J".to_vec()));
    let [Say::Notice(notice)] = said.as_slice() else {
        panic!("{said:?}")
    };
    assert!(
        notice.contains("cannot read") && !notice.contains('\x1b'),
        "{notice}"
    );
}

#[test]
fn a_nick_that_a_terminal_would_obey_makes_the_message_unreadable() {
    let said = room().hear(message(BOB, b"\x01\x04b\x1b[2hello".to_vec()));
    let [Say::Notice(notice)] = said.as_slice() else {
        panic!("{said:?}")
    };
    assert!(!notice.contains('\x1b'), "{notice}");
}

/// Its texts are shown by that name and no other.
#[test]
fn who_passes_for_another_is_warned_of_by_the_name_that_it_is_shown_by() {
    let mut with = outside(Door::With([(BOB, "bob.pub".to_owned())].into()));
    for (room, whom) in [
        (&mut trusting(), "the bob you know"),
        (&mut with, "the one in bob.pub"),
    ] {
        let said = room.hear(text(EVE, "bob", "hi"));
        let name = room.name(&EVE);
        let [Say::Notice(warning), Say::Text(line), ..] = said.as_slice() else {
            panic!("{said:?}")
        };
        let begins = format!("WARNING: {name} is another than {whom}");
        assert!(
            warning.starts_with(&begins) && name.contains('#'),
            "{warning}"
        );
        assert_eq!(line, &format!("{name}: hi"));
    }
}

#[test]
fn a_stranger_is_let_in_at_first_use_and_remembered_by_what_it_calls_itself() {
    let mut room = trusting();
    let said = room.hear(wants_in(EVE));
    assert!(said.contains(&Say::Admit(EVE)), "{said:?}");
    // Whom the person knows comes in without being asked for.
    let said = room.hear(wants_in(BOB));
    let [Say::Notice(known)] = said.as_slice() else {
        panic!("{said:?}")
    };
    assert!(known.contains("(bob)") && known.contains("whom you know"));
    let said = room.hear(text(EVE, "eve", "hi"));
    let learned = Learned::Stranger(EVE, nick("eve"));
    let expected = [Say::Text("eve?: hi".to_owned()), Say::Remember(learned)];
    assert_eq!(said, expected);
    assert_eq!(
        room.hear(text(BOB, "bobby", "hi")),
        [Say::Text("bob: hi".to_owned())]
    );
}

#[test]
fn a_stranger_that_calls_itself_as_oneself_is_not_known_by_that_name() {
    let mut room = trusting();
    for name in ["me", "Me"] {
        let said = room.hear(text(EVE, name, "hi"));
        let is_kept = |say: &Say| matches!(say, Say::Remember(_));
        assert!(!said.iter().any(is_kept), "{said:?}");
    }
}

#[test]
fn a_stranger_that_takes_the_name_of_a_known_person_is_left_out_and_not_let_in_again() {
    let mut room = trusting();
    let said = room.hear(text(EVE, "b\u{43e}b", "hi"));
    let [Say::Notice(warning), Say::Text(_), Say::LeaveOut(EVE)] = said.as_slice() else {
        panic!("{said:?}")
    };
    for key in [EVE, BOB] {
        assert!(
            warning.contains(&fingerprint(&key).to_string()),
            "{warning}"
        );
    }
    let said = room.hear(text(EVE, "eve", "hi"));
    let is_harmless = |say: &Say| matches!(say, Say::Notice(_) | Say::Text(_));
    assert!(said.iter().all(is_harmless), "{said:?}");
    let said = room.hear(wants_in(EVE));
    assert!(!said.contains(&Say::Admit(EVE)), "{said:?}");
}
