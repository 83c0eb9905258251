//! What comes of links, without a room.

use std::time::Duration;

use mpotr::crypto::Secret;
use mpotr::{AttemptId, IdentityKey, SecretOutcome};
use mpotr_formats::Nick;
use mpotr_formats::known::{How, KnownPeople, Person};
use tokio::time::Instant;

use super::{Brought, End, Inviting, LASTS, MOST_OF_ALL, MOST_OF_ONE, Part, Refusal, Whose};
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
    assert_eq!(
        inviting.give(Secret::new([7; 16]), Some(nick("bob")), now),
        None
    );
    inviting
}

/// A member that answers is asked by one attempt, with this result.
fn answers(inviting: &mut Inviting, number: u8, result: SecretOutcome) -> Option<End> {
    answers_to(inviting, BOB, number, result)
}

/// The same of another member.
fn answers_to(
    inviting: &mut Inviting,
    member: IdentityKey,
    number: u8,
    result: SecretOutcome,
) -> Option<End> {
    assert!(
        inviting
            .answer(attempt(number), &member, Instant::now())
            .is_ok()
    );
    inviting.ends(&attempt(number), &member, result)
}

fn member(number: u16) -> IdentityKey {
    let mut key = [9; 32];
    key[..2].copy_from_slice(&number.to_be_bytes());
    IdentityKey::new(key)
}

/// Whether one whom nothing is known of is answered.
fn serves(inviting: &mut Inviting) -> bool {
    let stranger = IdentityKey::new([99; 32]);
    let now = Instant::now();
    inviting.answer(attempt(99), &stranger, now).err() != Some(Refusal::NoLink)
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
    assert!(!serves(&mut inviting) && !inviting.is_open(now));
}

/// Who has not the link ends it for nobody else, and is not answered for ever.
#[test]
fn who_fails_three_times_is_declined_and_the_link_serves_others() {
    for (result, end) in [
        (SecretOutcome::Different, End::Stranger { serves: true }),
        (SecretOutcome::Aborted, End::Unanswered { serves: true }),
    ] {
        let now = Instant::now();
        let mut inviting = given(now);
        let eve = member(1);
        for number in 1..=MOST_OF_ONE {
            let ends = answers_to(&mut inviting, eve, number, result);
            assert_eq!(ends.as_ref(), Some(&end));
        }
        for is_news in [true, false, false] {
            let refused = inviting.answer(attempt(9), &eve, now);
            assert_eq!(refused.err(), Some(Refusal::TooOften { is_news }));
        }
        let came = Some(End::Came {
            name: Some(nick("bob")),
        });
        assert_eq!(answers(&mut inviting, 10, SecretOutcome::Same), came);
    }
}

#[test]
fn there_is_an_end_to_what_members_can_guess_together() {
    let mut inviting = given(Instant::now());
    for number in 1..=MOST_OF_ALL {
        let ends = answers_to(&mut inviting, member(number), 1, SecretOutcome::Different);
        let serves = number < MOST_OF_ALL;
        assert_eq!(ends, Some(End::Stranger { serves }));
    }
    assert!(!serves(&mut inviting));
    // Another is another secret.
    assert_eq!(
        inviting.give(Secret::new([8; 16]), None, Instant::now()),
        None
    );
    assert!(
        inviting
            .answer(attempt(1), &member(1), Instant::now())
            .is_ok()
    );
}

#[test]
fn the_end_of_keys_is_nobodys_failure() {
    let now = Instant::now();
    let mut inviting = given(now);
    for number in 1..=9 {
        let ends = answers(&mut inviting, number, SecretOutcome::EpochChanged);
        assert_eq!(ends, Some(End::Nothing));
    }
    assert!(serves(&mut inviting));
    let mut inviting = brought();
    inviting.attempts.insert(attempt(1), Part::Asked);
    assert!(inviting.question().is_none());
    let ends = inviting.ends(&attempt(1), &BOB, SecretOutcome::EpochChanged);
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
        (SecretOutcome::Different, End::Stranger { serves: false }),
        (SecretOutcome::Aborted, End::Unanswered { serves: false }),
    ] {
        let mut inviting = given(now);
        assert!(inviting.answer(attempt(1), &BOB, now).is_ok());
        let before = inviting.give(Secret::new([8; 16]), Some(nick("carol")), now);
        assert_eq!(before, Some(Some(nick("bob"))));
        assert_eq!(inviting.ends(&attempt(1), &BOB, result), Some(end));
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
fn what_is_known_of_one_by_a_link_is_not_gone_when_that_is_used() {
    let mut conversation = Conversation::new(ME, &nick("me"), Door::Open);
    let used = |conversation: &Conversation| {
        let said = conversation.says_of_link(&BOB, &End::NotServed, 1);
        said.unwrap()
    };
    assert!(used(&conversation).contains("is not verified; failed with"));
    let mut known = KnownPeople::default();
    let bob = Person {
        how: How::Qr,
        first: today(),
        last: today(),
        petname: nick("bob"),
    };
    known.add(BOB, bob).unwrap();
    conversation.names.know(known);
    assert!(used(&conversation).ends_with("bob is verified as before; to come back takes no link"));
}

#[test]
fn a_link_for_one_who_cannot_come_in_is_told_as_that() {
    let of = |door| Conversation::new(ME, &nick("me"), door);
    let with = of(Door::With([(BOB, "bob.pub".to_owned())].into()));
    for (key, lets_in) in [(None, false), (Some(member(9)), false), (Some(BOB), true)] {
        assert_eq!(with.lets_in_another(key), lets_in);
        assert!(of(Door::Ask).lets_in_another(key));
    }
}

/// Who asks and says no more keeps nobody waiting; and two who have what was for one are told of.
#[test]
fn members_are_answered_together_and_two_who_have_the_link_are_told_of() {
    let now = Instant::now();
    let mut inviting = given(now);
    let eve = member(1);
    for (number, who) in [(1, eve), (2, BOB), (3, member(2))] {
        assert!(inviting.answer(attempt(number), &who, now).is_ok());
    }
    let same = SecretOutcome::Same;
    let came = inviting.ends(&attempt(2), &BOB, same);
    assert!(matches!(came, Some(End::Came { .. })), "{came:?}");
    let also = inviting.ends(&attempt(1), &eve, same).unwrap();
    assert_eq!(also, End::AlsoCame { first: BOB });
    let ends = inviting.ends(&attempt(3), &member(2), SecretOutcome::Different);
    assert_eq!(ends, Some(End::Stranger { serves: false }));
    let conversation = Conversation::new(ME, &nick("me"), Door::Open);
    let told = conversation.says_of_link(&eve, &also, 0).unwrap();
    assert!(told.starts_with("WARNING: "), "{told}");
}

#[test]
fn a_link_serves_for_a_day_and_until_there_is_another() {
    let now = Instant::now();
    let mut inviting = given(now);
    let last = now + LASTS - Duration::from_millis(1);
    assert!(inviting.answer(attempt(1), &BOB, last).is_ok());
    let _ended = inviting.ends(&attempt(1), &BOB, SecretOutcome::EpochChanged);
    assert!(!inviting.has_given_several());
    assert_eq!(
        inviting.give(Secret::new([8; 16]), None, now),
        Some(Some(nick("bob")))
    );
    assert!(inviting.has_given_several());
    let late = now + LASTS;
    let refused = inviting.answer(attempt(2), &BOB, late);
    assert_eq!(refused.err(), Some(Refusal::NoLink));
    assert!(!inviting.is_open(late));
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
        assert_eq!(inviting.ends(&attempt(1), &BOB, result), Some(end));
        assert!(inviting.question().is_none());
    }
}

#[test]
fn an_attempt_of_people_is_no_attempt_of_a_link() {
    let mut inviting = given(Instant::now());
    assert_eq!(inviting.ends(&attempt(1), &BOB, SecretOutcome::Same), None);
    assert!(inviting.is_open(Instant::now()));
}

/// What is proven wrong is loud, and each is told with how often it failed.
#[test]
fn who_has_another_link_is_told_loudly() {
    let conversation = Conversation::new(ME, &nick("me"), Door::Open);
    let says = |end| conversation.says_of_link(&BOB, &end, 4).unwrap();
    for end in [
        End::Stranger { serves: true },
        End::Stranger { serves: false },
        End::OtherMaker,
    ] {
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
