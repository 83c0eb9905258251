use mpotr::{
    EpochName, IdentityKey, LastHeard, Membership, Told, Verification, Waiting, WaitingReason,
};

use crate::chat::conversation::{Conversation, Say};
use crate::chat::door::Door;
use crate::chat::testing::{BOB, EVE, ME, nick, outside, read, room, secure, text};
use crate::chat::whom::WhomError;
use crate::chat::wording::{enumerated, fingerprint};

#[test]
fn the_roster_is_told_with_whole_fingerprints() {
    let mut room = outside(Door::Open);
    let said = room.hear(secure(9, &[BOB, ME]));
    let [_, Say::Notice(bob), Say::Notice(me)] = said.as_slice() else {
        panic!("{said:?}")
    };
    assert!(bob.contains(&fingerprint(&BOB).to_string()));
    assert!(me.contains(&fingerprint(&ME).to_string()) && me.ends_with("me (you)"));
}

#[test]
fn nobody_is_kicked_by_accident() {
    let mut room = room();
    room.hear(text(BOB, "bob", "hi"));
    assert_eq!(room.member("bob"), Ok(BOB));
    assert_eq!(room.member("me"), Err(WhomError::Yourself));
    room.hear(text(EVE, "b\u{43e}b", "hi"));
    assert!(matches!(room.member("bob"), Err(WhomError::Several { .. })));
    assert_eq!(room.member(&fingerprint(&EVE).to_string()), Ok(EVE));
}

#[test]
fn that_nobody_else_is_there_is_told_of_a_room_that_had_others() {
    let alone = || {
        Told::Waiting(Waiting::For {
            reason: WaitingReason::Alone,
            since: 0,
            until: None,
        })
    };
    assert_eq!(room().hear(alone()).len(), 1);
    // Who has just come in was told that it waits for others.
    let mut outside = outside(Door::Open);
    assert_eq!(outside.hear(alone()), []);
}

#[test]
fn who_has_said_nothing_is_called_by_the_file_that_it_was_given_by() {
    let door = Door::With([(BOB, "bob.pub".to_owned()), (EVE, "eve.pub".to_owned())].into());
    let mut room = outside(door);
    room.others = Some([BOB, EVE].into());
    for word in ["bob", "bob.pub"] {
        assert_eq!(room.member(word), Ok(BOB), "{word}");
        assert_eq!(room.anyone(word), Ok(BOB), "{word}");
    }
    assert!(
        room.members(&LastHeard::default())
            .iter()
            .any(|line| line.contains("(bob.pub)"))
    );
    // Who takes the name of another's file is not that one, and neither is meant by it.
    room.names.note(EVE, &nick("bob"));
    assert!(matches!(room.member("bob"), Err(WhomError::Several { .. })));
    assert_eq!(room.member("bob.pub"), Ok(BOB));
    let nobody = room.member("dave").unwrap_err().to_string();
    assert!(nobody.contains("# and its first ten digits"), "{nobody}");
}

/// What is told of other rooms, once all of it is due.
fn elsewhere(room: &mut Conversation) -> Vec<String> {
    let due = core::iter::from_fn(|| {
        let due = room.elsewhere.due()?;
        Some(room.elsewhere.take(due))
    });
    due.flatten().collect()
}

#[test]
fn who_waits_outside_is_not_told_of_the_room_before_it_as_of_another() {
    let other = || {
        Told::Membership(Membership::OtherEpoch {
            epoch: EpochName::new([7; 16]),
            members: 3,
        })
    };
    let mut outside = outside(Door::Open);
    assert_eq!(outside.hear(other()), []);
    assert_eq!(elsewhere(&mut outside), [""; 0]);
    let mut inside = room();
    assert_eq!(inside.hear(other()), []);
    let told = elsewhere(&mut inside);
    assert!(told[0].contains("another room of this name"), "{told:?}");
}

/// What is told to be typed means the one that it is told of, and nobody else who is called so.
#[test]
fn a_name_that_may_mean_two_is_not_told_to_be_typed() {
    let mut room = room();
    // Two files are called so, and belong to others.
    room.names.give(EVE, "bob.pub");
    room.names.give(IdentityKey::new([8; 32]), "bob");
    room.hear(text(BOB, "bob", "hi"));
    assert_eq!(room.name(&BOB), "bob");
    assert_eq!(room.word(&BOB), fingerprint(&BOB).to_string());
    assert_eq!(room.present(&room.word(&BOB)), Ok(BOB));
    // A founder that nobody here has heard of is meant by its key.
    let stranger = key_of_nobody();
    assert_eq!(room.word_for_anyone(&BOB), fingerprint(&BOB).to_string());
    assert_eq!(room.anyone(&room.word_for_anyone(&stranger)), Ok(stranger));
}

/// One that is a key: RFC 9496, appendix A.1, the generator.
fn key_of_nobody() -> IdentityKey {
    let digits = b"e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76";
    mpotr_formats::public_key::from_digits::<crate::suite::AnySuite>(digits).unwrap()
}

/// Keys change often, and who has asked for a code or an answer asks again: nobody has failed.
#[test]
fn what_ends_with_its_keys_is_asked_again_and_is_no_failure() {
    let mut room = room();
    let ended = |tries| {
        Told::Verification(Verification::CodeFailed {
            round: mpotr::RoundId::new([7; 16]),
            why: mpotr::CodeFailure::EpochChanged,
            who: vec![],
            tries,
        })
    };
    // Who did not ask has not heard of it.
    assert_eq!(read(&mut room, [ended(0)]), [""; 0]);
    room.verifying.ask_code();
    let told = read(&mut room, [ended(0)]);
    assert_eq!(
        told,
        ["the keys of the room changed before there was a code; /code asks for one again"]
    );
    let told = read(&mut room, [ended(1)]);
    assert!(told[0].contains("tries that failed: 1"), "{told:?}");
    let attempt = mpotr::AttemptId::new([8; 16]);
    let ended = || {
        Told::Verification(Verification::SecretResult {
            attempt,
            identity: BOB,
            result: mpotr::SecretOutcome::EpochChanged,
            failures: 0,
        })
    };
    let told = read(&mut room, [ended()]);
    assert!(
        told[0].ends_with("answered: /verify asks again"),
        "{told:?}"
    );
    room.hear(Told::Verification(Verification::SecretAsked {
        attempt,
        identity: BOB,
        question: String::new(),
        failures: 0,
    }));
    let told = read(&mut room, [ended()]);
    assert!(told[0].ends_with("has to ask again"), "{told:?}");
}

/// People read it to one another for longer than keys last.
#[test]
fn a_code_is_told_to_be_that_of_other_keys_when_these_change() {
    let mut room = room();
    let secure = || secure(8, &[ME, BOB, EVE]);
    room.verifying
        .show("1234 5678 9012".to_owned(), vec![ME, BOB, EVE]);
    let told = read(&mut room, [secure()]);
    let stale = "the code that you were shown is that of the keys before these; /code asks for one of these";
    assert!(told.contains(&stale.to_owned()), "{told:?}");
    // Once, and not of one that all have read by then.
    let told = read(&mut room, [secure()]);
    assert!(!told.contains(&stale.to_owned()), "{told:?}");
    room.verifying
        .show("1234 5678 9012".to_owned(), vec![ME, BOB, EVE]);
    assert_eq!(room.verifying.compare("9012"), Ok(true));
    let told = read(&mut room, [secure()]);
    assert!(!told.contains(&stale.to_owned()), "{told:?}");
    // It holds for those who were in, and says so.
    assert_eq!(room.verifying.compare("9012"), Ok(false));
}

/// Anyone can make up rooms. A few are told of, then that there are more, and the rest once the keys are others.
#[test]
fn a_flood_of_other_rooms_is_not_told_for_ever() {
    let mut room = room();
    let others = |from: u8| {
        (from..from + 50).map(|n| {
            Told::Membership(Membership::OtherEpoch {
                epoch: EpochName::new([n; 16]),
                members: 2,
            })
        })
    };
    assert_eq!(read(&mut room, others(1)), [""; 0]);
    let told = elsewhere(&mut room);
    assert_eq!(told.len(), 9);
    assert!(told[8].contains("still more rooms"), "{told:?}");
    assert_eq!(read(&mut room, others(60)), [""; 0]);
    assert_eq!(elsewhere(&mut room), [""; 0]);
}

#[test]
fn names_in_a_row_end_with_and() {
    let names = |count: usize| {
        ["alice", "bob", "carol"][..count]
            .iter()
            .map(|it| (*it).to_owned())
    };
    let enumerated = |count| enumerated(&names(count).collect::<Vec<_>>());
    assert_eq!(
        [1, 2, 3].map(enumerated),
        ["alice", "alice and bob", "alice, bob and carol"]
    );
}
