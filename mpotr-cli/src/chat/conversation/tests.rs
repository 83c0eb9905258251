use std::time::Duration;

use mpotr::room::{Event, LastHeard, Timestamp};
use mpotr::{EpochName, IdentityKey, MemberInfo, MessageId, Policy, Sid, Vote, WaitingReason};
use mpotr_formats::known::{Date, How, KnownPeople, Person, petname_of};
use mpotr_formats::{Nick, Payload};
use tokio::time::Instant;

use super::{Conversation, Door, Learned, Say, Trust, fingerprint};
use crate::chat::asking::Newcomer;
use crate::chat::waiting::MAX_LISTED;
use crate::chat::whom::WhomError;
use crate::chat::wording::{enumerated, pauses_texts, text_waits};

const ME: IdentityKey = IdentityKey::new([1; 32]);
const BOB: IdentityKey = IdentityKey::new([2; 32]);
const EVE: IdentityKey = IdentityKey::new([3; 32]);

fn nick(name: &str) -> Nick {
    Nick::new(name).unwrap()
}

fn room() -> Conversation {
    let mut room = Conversation::new(ME, &nick("me"), Door::Open);
    let roster = [ME, BOB, EVE]
        .map(|identity| MemberInfo {
            identity,
            is_me: identity == ME,
        })
        .to_vec();
    room.hear(Event::Secure {
        sid: Sid::new([9; 32]),
        name: EpochName::new([9; 16]),
        parent: None,
        roster,
    });
    room
}

fn message(author: IdentityKey, body: Vec<u8>) -> Event {
    Event::Message {
        id: MessageId::new([0; 32]),
        author,
        seq: 0,
        body,
    }
}

fn text(author: IdentityKey, name: &str, text: &str) -> Event {
    message(
        author,
        Payload {
            nick: nick(name),
            text: text.to_owned(),
        }
        .to_bytes(),
    )
}

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

#[test]
fn the_roster_is_told_with_whole_fingerprints() {
    let mut room = Conversation::new(ME, &nick("me"), Door::Open);
    let roster = [BOB, ME].map(|identity| MemberInfo {
        identity,
        is_me: identity == ME,
    });
    let said = room.hear(Event::Secure {
        sid: Sid::new([9; 32]),
        name: EpochName::new([9; 16]),
        parent: None,
        roster: roster.to_vec(),
    });
    let [_, Say::Notice(bob), Say::Notice(me)] = said.as_slice() else {
        panic!("{said:?}")
    };
    assert!(bob.contains(&fingerprint(&BOB).to_string()));
    assert!(me.contains(&fingerprint(&ME).to_string()) && me.ends_with("me (you)"));
}

#[test]
fn a_claim_to_wait_outside_is_told_once() {
    let mut room = Conversation::new(ME, &nick("me"), Door::Open);
    assert_eq!(room.hear(Event::WantsIn { claimed: BOB }).len(), 1);
    assert_eq!(room.hear(Event::WantsIn { claimed: BOB }), []);
}

#[test]
fn a_flood_of_claims_is_not_told_for_ever() {
    let mut room = Conversation::new(ME, &nick("me"), Door::Open);
    let told = (10..=u8::MAX).filter(|number| {
        let claimed = IdentityKey::new([*number; 32]);
        !room.hear(Event::WantsIn { claimed }).is_empty()
    });
    assert_eq!(told.count(), MAX_LISTED + 1);
}

#[test]
fn who_waits_is_told_with_what_to_type_where_the_person_is_asked() {
    let mut room = Conversation::new(ME, &nick("me"), Door::Ask);
    let said = room.hear(Event::WantsIn { claimed: BOB });
    let [Say::Notice(_), Say::Notice(how)] = said.as_slice() else {
        panic!("{said:?}")
    };
    assert!(
        how.ends_with(&format!("/admit {}", fingerprint(&BOB))),
        "{how}"
    );
}

#[test]
fn who_is_awaited_is_let_in_when_it_comes() {
    let mut room = Conversation::new(ME, &nick("me"), Door::Ask);
    let whole = fingerprint(&BOB).to_string();
    let Ok(Newcomer::ToCome(digits)) = room.newcomer(&whole) else {
        panic!()
    };
    room.awaited.expect(digits);
    assert!(
        room.members(&LastHeard::default())
            .iter()
            .any(|line| line.contains(&whole))
    );
    assert!(
        !room
            .hear(Event::WantsIn { claimed: EVE })
            .contains(&Say::Admit(EVE))
    );
    assert!(
        room.hear(Event::WantsIn { claimed: BOB })
            .contains(&Say::Admit(BOB))
    );
}

#[test]
fn nobody_outside_is_let_in_by_a_nick_or_unseen_by_ten_digits() {
    let mut room = Conversation::new(ME, &nick("me"), Door::Ask);
    room.hear(Event::WantsIn { claimed: BOB });
    let whole = fingerprint(&BOB).to_string();
    let short = format!("#{}", whole[..11].replace(' ', "-"));
    assert_eq!(room.newcomer(&short), Ok(Newcomer::ToLookAt(BOB)));
    room.looked_at = Some(EVE);
    assert_eq!(room.newcomer(&short), Ok(Newcomer::ToLookAt(BOB)));
    room.looked_at = Some(BOB);
    assert_eq!(room.newcomer(&short), Ok(Newcomer::Here(BOB)));
    let Err(WhomError::Stranger { hits }) = room.newcomer("bob") else {
        panic!()
    };
    assert_eq!(hits, [format!("/admit {whole}")]);
    assert_eq!(room.newcomer(&whole), Ok(Newcomer::Here(BOB)));
    assert_eq!(room.newcomer(&whole[..11]), Err(WhomError::Digits));
}

#[test]
fn who_is_pushed_off_the_list_can_still_be_let_in() {
    let mut room = Conversation::new(ME, &nick("me"), Door::Ask);
    room.hear(Event::WantsIn { claimed: BOB });
    for number in 10..=u8::MAX {
        let claimed = IdentityKey::new([number; 32]);
        room.hear(Event::WantsIn { claimed });
    }
    let whole = fingerprint(&BOB).to_string();
    assert!(
        !room
            .members(&LastHeard::default())
            .iter()
            .any(|line| line.contains(&whole))
    );
    assert_eq!(room.newcomer(&whole), Ok(Newcomer::Here(BOB)));
}

#[test]
fn who_was_in_the_room_is_let_in_again_by_its_name() {
    let mut room = room();
    room.hear(text(BOB, "bob", "hi"));
    assert_eq!(room.newcomer("bob"), Ok(Newcomer::Inside(BOB)));
    room.hear(Event::Left { member: BOB });
    assert_eq!(room.newcomer("bob"), Ok(Newcomer::Here(BOB)));
    room.hear(text(EVE, "bob", "hi"));
    assert!(matches!(
        room.newcomer("bob"),
        Err(WhomError::Several { .. })
    ));
}

#[test]
fn where_only_some_come_in_nobody_else_is_let_in() {
    let mut room = Conversation::new(
        ME,
        &nick("me"),
        Door::With([(BOB, "bob.pub".to_owned())].into()),
    );
    let said = room.hear(Event::WantsIn { claimed: EVE });
    let [Say::Notice(stays)] = said.as_slice() else {
        panic!("{said:?}")
    };
    assert!(
        stays.contains("stays outside; to let it in, too,"),
        "{stays}"
    );
    for key in [EVE, IdentityKey::new([7; 32])] {
        let whole = fingerprint(&key).to_string();
        assert!(matches!(room.newcomer(&whole), Ok(Newcomer::NotWith(_))));
    }
    assert_eq!(room.absent().count(), 1);
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
    let alone = || Event::Waiting {
        reason: WaitingReason::Alone,
        since: Timestamp::default(),
        until: None,
    };
    assert_eq!(room().hear(alone()).len(), 1);
    // Who has just come in was told that it waits for others.
    let mut outside = Conversation::new(ME, &nick("me"), Door::Open);
    assert_eq!(outside.hear(alone()), []);
}

#[test]
fn who_has_said_nothing_is_called_by_the_file_that_it_was_given_by() {
    let door = Door::With([(BOB, "bob.pub".to_owned()), (EVE, "eve.pub".to_owned())].into());
    let mut room = Conversation::new(ME, &nick("me"), door);
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

/// A room that trusts strangers at first use, and knows Bob.
fn trusting() -> Conversation {
    let door = Door::Trust(Trust::FirstUse, [BOB].into());
    let mut room = Conversation::new(ME, &nick("me"), door);
    let mut known = KnownPeople::default();
    let day = Date::of_unix(0);
    let bob = Person {
        how: How::Seen,
        first: day,
        last: day,
        petname: petname_of("bob").unwrap(),
    };
    known.add(BOB, bob).unwrap();
    room.names.know(known);
    room
}

#[test]
fn a_stranger_is_let_in_at_first_use_and_remembered_by_what_it_calls_itself() {
    let mut room = trusting();
    let said = room.hear(Event::WantsIn { claimed: EVE });
    assert!(said.contains(&Say::Admit(EVE)), "{said:?}");
    // Whom the person knows comes in without being asked for.
    let said = room.hear(Event::WantsIn { claimed: BOB });
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
    let said = room.hear(Event::WantsIn { claimed: EVE });
    assert!(!said.contains(&Say::Admit(EVE)), "{said:?}");
}

#[test]
fn who_is_known_is_let_in_by_its_name_before_it_was_ever_here() {
    let room = trusting();
    let whole = fingerprint(&BOB).to_string();
    assert_eq!(room.newcomer("bob"), room.newcomer(&whole));
    assert!(matches!(room.newcomer("bob"), Ok(Newcomer::ToCome(_))));
    assert!(matches!(
        room.newcomer("eve"),
        Err(WhomError::Stranger { .. })
    ));
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
    let other = || Event::OtherEpoch {
        name: EpochName::new([7; 16]),
        members: 3,
    };
    let mut outside = Conversation::new(ME, &nick("me"), Door::Open);
    assert_eq!(outside.hear(other()), []);
    assert_eq!(elsewhere(&mut outside), [""; 0]);
    let mut inside = room();
    assert_eq!(inside.hear(other()), []);
    let told = elsewhere(&mut inside);
    assert!(told[0].contains("another room of this name"), "{told:?}");
}

fn failed(claimed: &[IdentityKey]) -> Event {
    Event::AgreementFailed {
        fault: None,
        claimed: claimed.to_vec(),
    }
}

/// Lines that a person reads for these events.
fn read(room: &mut Conversation, events: impl IntoIterator<Item = Event>) -> Vec<String> {
    let said = events.into_iter().flat_map(|event| room.hear(event));
    let line = |say| {
        if let Say::Notice(line) = say {
            Some(line)
        } else {
            None
        }
    };
    said.filter_map(line).collect()
}

#[test]
fn who_takes_no_part_is_told_of_once_until_it_is_in() {
    const NEW: IdentityKey = IdentityKey::new([4; 32]);
    let mut room = room();
    let run = || {
        let missing = vec![NEW];
        [
            Event::Joining { claimed: NEW },
            Event::Agreeing {
                claimed: vec![ME, BOB, NEW],
            },
            Event::Waiting {
                reason: WaitingReason::Changing { missing },
                since: Timestamp::default(),
                until: None,
            },
            failed(&[NEW]),
        ]
    };
    let first = read(&mut room, run());
    assert_eq!(first.len(), 4, "{first:?}");
    // Why it took no part nobody here knows: what is said is what is known.
    assert!(
        first[3].contains("took no part") && first[3].contains("one of you has not let in another")
    );
    assert_eq!(read(&mut room, run()), [""; 0]);
    let roster = [ME, BOB, NEW].map(|identity| MemberInfo {
        identity,
        is_me: identity == ME,
    });
    room.hear(Event::Secure {
        sid: Sid::new([8; 32]),
        name: EpochName::new([8; 16]),
        parent: None,
        roster: roster.to_vec(),
    });
    assert_eq!(read(&mut room, run()).len(), 4);
    // Who is left alone makes keys for itself, and agrees with nobody.
    let alone = Event::Agreeing { claimed: vec![ME] };
    assert_eq!(read(&mut room, [alone]), [""; 0]);
}

#[test]
fn who_is_being_left_out_is_told_so() {
    let mut room = room();
    let waiting = |identity| Event::Waiting {
        reason: WaitingReason::Excluding { identity },
        since: Timestamp::default(),
        until: None,
    };
    let told = read(&mut room, [waiting(ME)]);
    assert!(
        told[0]
            .starts_with("the others are leaving you out; what you type waits, and goes to nobody"),
        "{told:?}"
    );
    let excluding = |identity| WaitingReason::Excluding { identity };
    assert!(pauses_texts(&excluding(ME)) && pauses_texts(&excluding(BOB)));
    let name = |_: &_| "bob".to_owned();
    let word = |_: &_| "bob#04711-80815".to_owned();
    let own = text_waits(&excluding(BOB), &ME, true, name, word);
    assert!(
        own.ends_with("takes back all that waits, and /withdraw bob#04711-80815 then your vote"),
        "{own}"
    );
    let you = text_waits(&excluding(ME), &ME, false, name, word);
    assert!(you.contains("the others are leaving you out"), "{you}");
    // The room that goes on without it is no other room.
    let name = EpochName::new([8; 16]);
    let other = Event::OtherEpoch { name, members: 2 };
    assert_eq!(read(&mut room, [other]), [""; 0]);
    let told = read(&mut room, [waiting(BOB)]);
    assert!(told[0].contains("is to be left out:"), "{told:?}");
    let members = room.members(&LastHeard::default());
    assert!(members.contains(&"  the others are leaving you out".to_owned()));
    assert!(members.iter().any(|line| line.contains("(to be left out)")));
    // Who asks is told where that is known.
    room.hear(Event::Voted {
        vote: Vote::Exclude(EVE),
        by: vec![BOB],
    });
    let told = read(&mut room, [waiting(EVE)]);
    let asks = format!("is to be left out, as {} asks:", room.name(&BOB));
    assert!(told[0].contains(&asks), "{told:?}");
    // Texts wait from the own vote on, whether there are enough or not.
    room.awaited.exclude(BOB);
    let told = read(&mut room, [waiting(BOB)]);
    assert!(
        told[0].contains("is to be left out, as you ask:"),
        "{told:?}"
    );
}

#[test]
fn who_was_left_out_is_told_by_whom_and_how_to_come_back() {
    let mut room = room();
    room.hear(Event::Voted {
        vote: Vote::Exclude(ME),
        by: vec![BOB],
    });
    let told = room.was_left_out(&Policy::default());
    let bob = room.name(&BOB);
    assert!(
        told[0].contains(&format!("left this member out, as {bob} asks;")),
        "{told:?}"
    );
    // As many have to let it in as the rules say, and no more.
    assert!(
        told[0].ends_with(&format!(
            "start again: any member may let you in, by /admit {}",
            fingerprint(&ME)
        )),
        "{told:?}"
    );
}

/// What is told to be typed means the one that it is told of, and nobody else who is called so.
#[test]
fn a_name_that_may_mean_two_is_not_told_to_be_typed() {
    let mut room = room();
    room.names.give(EVE, "bob.pub");
    room.hear(text(BOB, "bob", "hi"));
    assert_eq!(room.name(&BOB), "bob");
    // The file is called so, too.
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

#[test]
fn who_is_gone_is_listed_as_such() {
    let mut room = room();
    let stranger = IdentityKey::new([7; 32]);
    room.hear(Event::WantsIn { claimed: stranger });
    let seconds = Duration::from_secs;
    let mut heard = LastHeard {
        members: [(BOB, seconds(80)), (EVE, seconds(100))].into(),
        outside: [(stranger, seconds(20))].into(),
        fresh: seconds(30),
    };
    let lines = room.members(&heard);
    let silent = lines
        .iter()
        .filter(|line| line.contains("no word for over"));
    assert_eq!(silent.count(), 1, "{lines:?}");
    assert!(
        lines
            .iter()
            .any(|line| line.contains("(no word for over 100 s)"))
    );
    assert!(
        lines
            .iter()
            .any(|line| line.contains("(waits; nothing is proven)"))
    );
    heard.outside.insert(stranger, seconds(150));
    let lines = room.members(&heard);
    assert!(
        lines
            .iter()
            .any(|line| line.contains("(waited outside, not heard for 150 s)")),
        "{lines:?}"
    );
}

#[test]
fn whom_others_would_let_in_is_told_each_time_that_one_asks_by_name() {
    let mut room = room();
    room.door = Door::Ask;
    let claimed = IdentityKey::new([7; 32]);
    let asked = |by: &[IdentityKey]| Event::Waiting {
        reason: WaitingReason::AdmitHere {
            claimed,
            by: by.to_vec(),
        },
        since: Timestamp::default(),
        until: None,
    };
    let told = read(&mut room, [asked(&[])]);
    assert!(told[0].starts_with("others here would let in"), "{told:?}");
    assert_eq!(read(&mut room, [asked(&[])]), [""; 0]);
    for _ in 0..2 {
        let told = read(&mut room, [asked(&[BOB])]);
        let asks = format!("{} asks to let in", room.name(&BOB));
        assert!(told[0].starts_with(&asks), "{told:?}");
        assert!(told[1].starts_with("to agree: /admit"), "{told:?}");
    }
}

#[test]
fn what_only_takes_a_moment_accuses_nobody() {
    let mut room = Conversation::new(ME, &nick("me"), Door::Open);
    let waits = |reason| Event::Waiting {
        reason,
        since: Timestamp::default(),
        until: None,
    };
    let told = read(
        &mut room,
        [waits(WaitingReason::Gathering { have: 2, want: 2 })],
    );
    assert_eq!(
        told,
        [
            "2 of 2 are there; the room begins when each of them has let in all others and they have agreed on a key"
        ]
    );
    // Who is in a room takes part in no first run: it lets this member in there.
    room.hear(waits(WaitingReason::Outside));
    let failed = Event::AgreementFailed {
        fault: None,
        claimed: vec![BOB],
    };
    let told = read(&mut room, [failed]);
    assert!(told[0].contains("there is a room already"), "{told:?}");
    assert!(!told[0].contains("does not let"), "{told:?}");
}

/// Keys change often, and who has asked for a code or an answer asks again: nobody has failed.
#[test]
fn what_ends_with_its_keys_is_asked_again_and_is_no_failure() {
    let mut room = room();
    let ended = |tries| Event::CodeFailed {
        round: mpotr::RoundId::new([7; 16]),
        why: mpotr::CodeFailure::EpochChanged,
        who: vec![],
        tries,
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
    let ended = || Event::SecretResult {
        attempt,
        identity: BOB,
        result: mpotr::SecretOutcome::EpochChanged,
        failures: 0,
    };
    let told = read(&mut room, [ended()]);
    assert!(
        told[0].ends_with("answered: /verify asks again"),
        "{told:?}"
    );
    room.hear(Event::SecretAsked {
        attempt,
        identity: BOB,
        question: String::new(),
        failures: 0,
    });
    let told = read(&mut room, [ended()]);
    assert!(told[0].ends_with("has to ask again"), "{told:?}");
}

#[test]
fn a_roster_shows_what_a_member_has_called_itself() {
    let mut room = room();
    room.hear(text(BOB, "bob", "hi"));
    let roster = [ME, BOB].map(|identity| MemberInfo {
        identity,
        is_me: identity == ME,
    });
    let told = read(
        &mut room,
        [Event::Secure {
            sid: Sid::new([8; 32]),
            name: EpochName::new([8; 16]),
            parent: None,
            roster: roster.to_vec(),
        }],
    );
    assert_eq!(told[2], format!("  {}  bob", fingerprint(&BOB)));
}

/// Anyone can make up rooms. A few are told of, then that there are more, and the rest once the keys are others.
#[test]
fn a_flood_of_other_rooms_is_not_told_for_ever() {
    let mut room = room();
    let others = |from: u8| {
        (from..from + 50).map(|n| Event::OtherEpoch {
            name: EpochName::new([n; 16]),
            members: 2,
        })
    };
    assert_eq!(read(&mut room, others(1)), [""; 0]);
    let told = elsewhere(&mut room);
    assert_eq!(told.len(), 9);
    assert!(told[8].contains("still more rooms"), "{told:?}");
    assert_eq!(read(&mut room, others(60)), [""; 0]);
    assert_eq!(elsewhere(&mut room), [""; 0]);
}

/// A reason that a person is told.
pub(in crate::chat) fn waits(reason: WaitingReason) -> Event {
    Event::Waiting {
        reason,
        since: Timestamp::default(),
        until: None,
    }
}

/// Why no room begins was told: nothing is said of the tries that come to nothing for that.
#[test]
fn while_others_keep_other_rules_nothing_is_said_of_an_agreement() {
    let mut room = Conversation::new(ME, &nick("me"), Door::Ask);
    room.hear(Event::WantsIn { claimed: BOB });
    room.differing.hear(&waits(WaitingReason::RulesDiffer {
        policy: Policy::default(),
        by: vec![BOB],
    }));
    let told = read(
        &mut room,
        [
            waits(WaitingReason::Gathering { have: 2, want: 2 }),
            Event::Agreeing {
                claimed: vec![ME, BOB],
            },
            waits(WaitingReason::Agreeing { missing: vec![BOB] }),
            failed(&[BOB]),
        ],
    );
    assert_eq!(told, [""; 0]);
    let members = room.members(&LastHeard::default());
    assert!(
        members
            .iter()
            .any(|line| line.contains("(keeps other rules than you;")),
        "{members:?}"
    );
    let bob = room.name(&BOB);
    let again = room.still_differ();
    assert!(
        again.starts_with(&format!(
            "no room begins, since {bob} keeps other rules than you"
        )),
        "{again}"
    );
}

#[test]
fn who_has_not_let_in_whom_is_told_to_the_one_and_the_other_with_what_to_type() {
    let mut room = Conversation::new(ME, &nick("me"), Door::Ask);
    let not_admitted = |identity, missing: &[IdentityKey]| {
        waits(WaitingReason::NotAdmitted {
            identity,
            missing: missing.to_vec(),
        })
    };
    let bob = room.name(&BOB);
    let told = read(&mut room, [not_admitted(ME, &[BOB])]);
    let me = fingerprint(&ME);
    assert!(
        told[0].starts_with(&format!("waiting for {bob} to let you in")),
        "{told:?}"
    );
    assert!(told[0].contains(&format!("/admit {me}")), "{told:?}");
    let told = read(&mut room, [not_admitted(BOB, &[ME])]);
    assert!(
        told[0].contains("has let you in, and waits for you"),
        "{told:?}"
    );
    assert_eq!(
        told[1],
        format!("to let it in: /admit {}", fingerprint(&BOB))
    );
    let told = read(&mut room, [not_admitted(EVE, &[BOB])]);
    assert!(
        told[0].starts_with(&format!("{bob} has not let")),
        "{told:?}"
    );
    assert!(
        told[0].contains(&format!(
            "/admit {} does it there, or, where --with",
            fingerprint(&EVE)
        )),
        "{told:?}"
    );
    // A minute later what is known is told, and no guess.
    let now = Instant::now();
    let gathers = waits(WaitingReason::Gathering { have: 3, want: 3 });
    room.lasting.hear(&gathers, now);
    let told = room.tells_of_lasting(now, true, true);
    assert!(
        told[0].contains(&format!("{bob} and you have not let in all who are here")),
        "{told:?}"
    );
    // Whom --with does not name is not asked about.
    room.door = Door::With([(EVE, "eve.pub".to_owned())].into());
    let told = read(&mut room, [not_admitted(BOB, &[ME])]);
    assert!(
        !told.iter().any(|line| line.contains("to let it in")),
        "{told:?}"
    );
}

#[test]
fn who_is_out_without_a_word_is_told_from_one_that_has_left_or_was_left_out() {
    let mut room = room();
    let (bob, eve) = (room.name(&BOB), room.name(&EVE));
    let out = |member| Event::LeftOut { member };
    let told = read(&mut room, [out(BOB)]);
    assert_eq!(
        told,
        [format!(
            "{bob} no longer answered, is out and can read nothing from here on"
        )]
    );
    let told = read(&mut room, [Event::Left { member: EVE }, out(EVE)]);
    assert_eq!(
        told[1],
        format!("{eve} is out and can read nothing from here on")
    );
}

#[test]
fn in_a_change_those_are_named_who_are_known_to_say_nothing() {
    let mut room = room();
    let changing = || {
        waits(WaitingReason::Changing {
            missing: vec![BOB, EVE],
        })
    };
    let (bob, eve) = (room.name(&BOB), room.name(&EVE));
    let told = read(&mut room, [changing()]);
    assert!(
        told[0].ends_with(&format!("waiting for {bob}, {eve}")),
        "{told:?}"
    );
    room.hear(waits(WaitingReason::AnotherInstance { identity: EVE }));
    let told = read(&mut room, [changing()]);
    assert!(told[0].ends_with(&format!("waiting for {eve}")), "{told:?}");
}

#[test]
fn who_asks_to_leave_one_out_is_listed_before_there_are_the_votes() {
    let mut room = room();
    let reason = || WaitingReason::VoteHere {
        vote: Vote::Exclude(EVE),
        by: vec![BOB],
        need: 2,
    };
    room.hear(waits(reason()));
    let asks = format!("({} asks to leave it out)", room.name(&BOB));
    let is_listed = |room: &mut Conversation| {
        let members = room.members(&LastHeard::default());
        members.iter().any(|line| line.contains(&asks))
    };
    assert!(is_listed(&mut room));
    room.hear(Event::WaitingOver { reason: reason() });
    assert!(!is_listed(&mut room));
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
