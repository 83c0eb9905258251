//! What comes of links, without a room.

use std::time::Duration;

use mpotr::crypto::Secret;
use mpotr::{AttemptId, IdentityKey, SecretOutcome};
use mpotr_formats::Nick;
use mpotr_formats::known::{How, KnownPeople, Person};
use tokio::time::Instant;

use super::{Brought, End, Inviting, LASTS, Part, Whose};
use crate::chat::conversation::Conversation;
use crate::chat::door::Door;
use crate::chat::names::Names;
use crate::people::today;

const ME: IdentityKey = IdentityKey::new([1; 32]);
const BOB: IdentityKey = IdentityKey::new([2; 32]);

fn attempt(number: u8) -> AttemptId {
    AttemptId::new([number; 16])
}

fn nick(name: &str) -> Nick {
    Nick::new(name).unwrap()
}

fn given(now: Instant) -> Inviting {
    let mut inviting = Inviting::default();
    assert!(!inviting.give(Secret::new([7; 16]), Some(nick("bob")), now));
    inviting
}

/// A member that answers is asked by one attempt, with this result.
fn answers(inviting: &mut Inviting, number: u8, result: SecretOutcome) -> Option<End> {
    assert!(inviting.answer(attempt(number), Instant::now()).is_some());
    inviting.ends(&attempt(number), result)
}

fn brought() -> Inviting {
    Inviting::by(Some(Brought {
        maker: BOB,
        once: Secret::new([7; 16]),
        how: How::Seen,
        name: None,
    }))
}

#[test]
fn a_link_serves_one_success_and_no_more() {
    let now = Instant::now();
    let mut inviting = given(now);
    let came = Some(End::Came {
        name: Some(nick("bob")),
    });
    assert_eq!(answers(&mut inviting, 1, SecretOutcome::Same), came);
    assert!(inviting.answer(attempt(9), now).is_none() && !inviting.is_open(now));
}

#[test]
fn a_wrong_guess_ends_a_link() {
    let now = Instant::now();
    let mut inviting = given(now);
    let ends = answers(&mut inviting, 1, SecretOutcome::Different);
    assert_eq!(ends, Some(End::Stranger));
    assert!(inviting.answer(attempt(9), now).is_none());
}

#[test]
fn what_comes_to_nothing_three_times_ends_a_link() {
    let now = Instant::now();
    let mut inviting = given(now);
    for (number, serves) in [(1, true), (2, true), (3, false)] {
        let ends = answers(&mut inviting, number, SecretOutcome::Aborted);
        assert_eq!(ends, Some(End::Unanswered { serves }));
    }
    assert!(inviting.answer(attempt(9), now).is_none());
}

#[test]
fn the_end_of_keys_is_nobodys_failure() {
    let now = Instant::now();
    let mut inviting = given(now);
    for number in 1..=9 {
        let ends = answers(&mut inviting, number, SecretOutcome::EpochChanged);
        assert_eq!(ends, Some(End::Nothing));
    }
    assert!(inviting.answer(attempt(9), now).is_some());
    let mut inviting = brought();
    inviting.attempts.insert(attempt(1), Part::Asked);
    assert!(inviting.question().is_none());
    let ends = inviting.ends(&attempt(1), SecretOutcome::EpochChanged);
    assert_eq!(ends, Some(End::Nothing));
    // It is asked again.
    assert!(inviting.question().is_some());
}

/// What is found out is of the link that was answered, whichever was shown meanwhile.
#[test]
fn what_comes_of_a_link_is_said_of_the_one_that_was_answered() {
    let now = Instant::now();
    for (result, end) in [
        (
            SecretOutcome::Same,
            End::Came {
                name: Some(nick("bob")),
            },
        ),
        (SecretOutcome::Different, End::Stranger),
        (SecretOutcome::Aborted, End::Unanswered { serves: false }),
    ] {
        let mut inviting = given(now);
        assert!(inviting.answer(attempt(1), now).is_some());
        assert!(inviting.give(Secret::new([8; 16]), Some(nick("carol")), now));
        assert_eq!(inviting.ends(&attempt(1), result), Some(end));
        // The other serves, and nothing has failed by it.
        for number in [2, 3] {
            let ends = answers(&mut inviting, number, SecretOutcome::Aborted);
            assert_eq!(ends, Some(End::Unanswered { serves: true }));
        }
        let came = Some(End::Came {
            name: Some(nick("carol")),
        });
        assert_eq!(answers(&mut inviting, 4, SecretOutcome::Same), came);
    }
}

#[test]
fn a_link_verifies_whom_it_was_for_and_nobody_else() {
    let person = |name| Person {
        how: How::Seen,
        first: today(),
        last: today(),
        petname: nick(name),
    };
    let mut people = KnownPeople::default();
    people.add(BOB, person("bob")).unwrap();
    let mut names = Names::of_me(ME, &nick("me"));
    names.know(people);
    let other = IdentityKey::new([3; 32]);
    let of = |key, wanted: Option<&str>| Whose::of(&names, &key, wanted.map(nick).as_ref());
    assert_eq!(of(BOB, Some("bob")), Whose::This(nick("bob")));
    assert_eq!(of(other, Some("carol")), Whose::This(nick("carol")));
    for key in [BOB, other] {
        assert_eq!(of(key, None), Whose::Unsaid);
        assert_eq!(of(key, None).warns("x", &key, "came"), None);
    }
    for (key, wanted) in [(BOB, "carol"), (other, "bob")] {
        let whose = of(key, Some(wanted));
        let warns = whose.warns("x", &key, "came by your link").unwrap();
        assert!(
            warns.starts_with("WARNING: ") && warns.contains("came by your link and is not bob")
                || warns.contains("bob, whom you know, came by your link, and not carol"),
            "{warns}"
        );
    }
}

#[test]
fn that_nobody_is_between_is_said_on_a_condition_or_not_at_all() {
    let conversation = Conversation::new(ME, &nick("me"), Door::Open);
    let came = |name| {
        conversation
            .says_of_link(&BOB, &End::Came { name }, 0)
            .unwrap()
    };
    assert!(came(Some(nick("bob"))).ends_with(", if nobody else could see or change it"));
    assert!(!came(None).contains("nobody is between you"));
}

#[test]
fn one_is_answered_at_a_time() {
    let now = Instant::now();
    let mut inviting = given(now);
    assert!(inviting.answer(attempt(1), now).is_some());
    assert!(inviting.answer(attempt(2), now).is_none());
}

#[test]
fn a_link_serves_for_a_day_and_until_there_is_another() {
    let now = Instant::now();
    let mut inviting = given(now);
    let last = now + LASTS - Duration::from_millis(1);
    assert!(inviting.answer(attempt(1), last).is_some());
    let _ended = inviting.ends(&attempt(1), SecretOutcome::EpochChanged);
    assert!(inviting.give(Secret::new([8; 16]), None, now));
    let late = now + LASTS;
    assert!(inviting.answer(attempt(2), late).is_none() && !inviting.is_open(late));
}

#[test]
fn the_maker_is_asked_until_it_is_known_whether_it_has_made_the_link() {
    for (result, end) in [
        (
            SecretOutcome::Same,
            End::Made {
                name: None,
                how: How::Seen,
            },
        ),
        (SecretOutcome::Different, End::OtherMaker),
        (SecretOutcome::Aborted, End::NotServed),
    ] {
        let mut inviting = brought();
        assert_eq!(inviting.question().map(|(maker, _)| maker), Some(BOB));
        inviting.attempts.insert(attempt(1), Part::Asked);
        assert_eq!(inviting.ends(&attempt(1), result), Some(end));
        assert!(inviting.question().is_none());
    }
}

#[test]
fn an_attempt_of_people_is_no_attempt_of_a_link() {
    let mut inviting = given(Instant::now());
    assert_eq!(inviting.ends(&attempt(1), SecretOutcome::Same), None);
    assert!(inviting.is_open(Instant::now()));
}

/// What is proven wrong is loud, and each is told with how often it failed.
#[test]
fn who_has_another_link_is_told_loudly() {
    let conversation = Conversation::new(ME, &nick("me"), Door::Open);
    let says = |end| conversation.says_of_link(&BOB, &end, 4).unwrap();
    for end in [End::Stranger, End::OtherMaker] {
        let told = says(end);
        assert!(
            told.starts_with("WARNING: ") && told.ends_with(": 4"),
            "{told}"
        );
    }
    assert!(says(End::NotServed).contains("is not verified"));
}

#[test]
fn a_link_names_its_maker_first_and_those_who_are_there_and_no_more_than_it_holds() {
    let keys = |count: u8| (3..3 + count).map(|byte| IdentityKey::new([byte; 32]));
    let mut conversation = Conversation::new(ME, &nick("me"), Door::Ask);
    assert_eq!(conversation.keys_of_link(), Some(vec![ME]));
    conversation.others = Some(keys(7).collect());
    let all = conversation.keys_of_link().unwrap();
    assert_eq!((all.len(), all[0]), (8, ME));
    conversation.others = Some(keys(8).collect());
    assert_eq!(conversation.keys_of_link(), None);
}
