//! Members that say messages of trust to one another without a room between, so that one of them can stand between two rooms.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests, which clippy does not know for tests"
)]

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{ElementBytes, IdentityKey};
use mpotr_gka::{MemberIndex, Sid};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::code::RoomCode;
use super::secret::SharedSecret;
use super::{Heard, Place, Trust};
use crate::error::VerifyError;
use crate::event::{CodeFailure, Event, SecretOutcome};
use crate::time::{Duration, Timestamp};
use crate::wire::{AttemptId, MessageId, RoundId, TrustMessage};

const ALICE: IdentityKey = IdentityKey::new([1; 32]);
const MALLORY: IdentityKey = IdentityKey::new([2; 32]);
const BOB: IdentityKey = IdentityKey::new([3; 32]);

const ROUND_TRIP: Duration = Duration::from_secs(1);

/// A member of a room, alone with what it knows of who is who.
struct Party {
    trust: Trust<Suite>,
    sid: Sid,
    me: u16,
    roster: Vec<IdentityKey>,
    now: Timestamp,
    rng: ChaCha20Rng,
    told: Vec<Event>,
    /// Messages heard.
    count: u8,
}

impl Party {
    fn new(sid: u8, me: u16, roster: &[IdentityKey]) -> Self {
        Self {
            trust: Trust::default(),
            sid: Sid::new([sid; 32]),
            me,
            roster: roster.to_vec(),
            now: Timestamp::default(),
            rng: ChaCha20Rng::seed_from_u64(u64::from(sid) * 100 + u64::from(me)),
            told: Vec::new(),
            count: 0,
        }
    }

    fn with<T>(
        &mut self,
        act: impl FnOnce(&mut Trust<Suite>, Timestamp, &Place<'_>, &mut dyn CryptoRng) -> T,
    ) -> T {
        let place = Place {
            sid: self.sid,
            me: self.me,
            my_identity: self.roster[usize::from(self.me)],
            roster: &self.roster,
            round_trip: ROUND_TRIP,
        };
        act(&mut self.trust, self.now, &place, &mut self.rng)
    }

    /// What it says now, which it hears itself as well.
    fn says(&mut self) -> Vec<TrustMessage> {
        let mut said = Vec::new();
        while let Some(message) = self.trust.next_to_seal() {
            self.hears(self.me, &message);
            said.push(message);
        }
        said
    }

    fn hears(&mut self, from: u16, message: &TrustMessage) {
        self.hears_early(from, message, true);
    }

    /// Hears a message whose author had all that it should have had, or not.
    fn hears_early(&mut self, from: u16, message: &TrustMessage, has_all: bool) {
        self.count += 1;
        let heard = Heard {
            id: MessageId::new([self.count; 32]),
            author: MemberIndex::new(from),
            body: message.to_bytes(),
        };
        let told = self
            .with(|trust, now, place, rng| trust.attend(now, place, &heard, |_ids| has_all, rng));
        self.told.extend(told);
    }

    fn asks_code(&mut self) -> RoundId {
        self.with(|trust, now, place, rng| trust.ask_code(now, place, rng))
    }

    fn starts(
        &mut self,
        with: u16,
        secret: &str,
        question: &str,
    ) -> Result<AttemptId, VerifyError> {
        self.starts_with(with, &SharedSecret::of_text(secret).unwrap(), question)
    }

    fn starts_with(
        &mut self,
        with: u16,
        secret: &SharedSecret,
        question: &str,
    ) -> Result<AttemptId, VerifyError> {
        let asked = (with, secret, question.to_owned());
        self.with(|trust, now, place, rng| trust.start(now, place, asked, rng))
    }

    fn answers(&mut self, attempt: AttemptId, secret: &str) -> Result<(), VerifyError> {
        self.answers_with(attempt, &SharedSecret::of_text(secret).unwrap())
    }

    fn answers_with(
        &mut self,
        attempt: AttemptId,
        secret: &SharedSecret,
    ) -> Result<(), VerifyError> {
        let told = self.with(|trust, _, place, rng| trust.answer(place, attempt, secret, rng));
        self.told.extend(told?);
        Ok(())
    }

    fn waits(&mut self, seconds: u64) {
        self.now = self.now.after(Duration::from_secs(seconds));
        let due = self.trust.deadline(ROUND_TRIP);
        if due.is_some_and(|due| due <= self.now) {
            let told = self.with(|trust, now, place, _| trust.time_out(now, place));
            self.told.extend(told);
        }
    }

    fn code(&self) -> Option<RoomCode> {
        self.told.iter().rev().find_map(|event| match event {
            Event::Code { code, .. } => Some(*code),
            _ => None,
        })
    }

    fn failure(&self) -> Option<(CodeFailure, Vec<IdentityKey>, u32)> {
        self.told.iter().rev().find_map(|event| match event {
            Event::CodeFailed {
                why, who, tries, ..
            } => Some((*why, who.clone(), *tries)),
            _ => None,
        })
    }

    fn asked(&self) -> Option<(AttemptId, &str, u32)> {
        self.told.iter().rev().find_map(|event| match event {
            Event::SecretAsked {
                attempt,
                question,
                failures,
                ..
            } => Some((*attempt, question.as_str(), *failures)),
            _ => None,
        })
    }

    fn result(&self) -> Option<(SecretOutcome, u32)> {
        self.told.iter().rev().find_map(|event| match event {
            Event::SecretResult {
                result, failures, ..
            } => Some((*result, *failures)),
            _ => None,
        })
    }
}

fn room(roster: &[IdentityKey]) -> Vec<Party> {
    let members = 0..u16::try_from(roster.len()).unwrap();
    members.map(|me| Party::new(9, me, roster)).collect()
}

/// Passes on what members say, until nobody says anything.
fn talk(members: &mut [Party]) {
    loop {
        let said: Vec<_> = (0..members.len())
            .flat_map(|from| members[from].says().into_iter().map(move |it| (from, it)))
            .collect();
        if said.is_empty() {
            return;
        }
        for (from, message) in said {
            for (to, member) in members.iter_mut().enumerate() {
                if to != from {
                    member.hears(u16::try_from(from).unwrap(), &message);
                }
            }
        }
    }
}

#[test]
fn all_are_told_one_code_and_another_in_the_next_round() {
    let mut members = room(&[ALICE, BOB, MALLORY]);
    members[1].asks_code();
    talk(&mut members);
    let first = members[0].code().unwrap();
    assert!(members.iter().all(|member| member.code() == Some(first)));
    // Programs answer by themselves once: a second time its person has to ask.
    members[1].asks_code();
    talk(&mut members);
    assert!(members.iter().all(|member| member.code() == Some(first)));
    let is_asked = |event: &&Event| matches!(event, Event::CodeAsked { by: BOB, .. });
    for member in [0, 2] {
        assert_eq!(members[member].told.iter().filter(is_asked).count(), 1);
        members[member].asks_code();
    }
    talk(&mut members);
    let second = members[0].code().unwrap();
    assert_ne!(first, second);
    assert!(members.iter().all(|member| member.code() == Some(second)));
}

#[test]
fn of_two_rounds_that_begin_at_once_the_smaller_stands() {
    let mut members = room(&[ALICE, BOB, MALLORY]);
    let rounds = [0, 1].map(|member: usize| members[member].asks_code());
    assert_ne!(rounds[0], rounds[1]);
    talk(&mut members);
    for member in &members {
        let Some(Event::Code { round, roster, .. }) = member.told.last() else {
            panic!("{:?}", member.told)
        };
        assert_eq!((round, roster.len()), (rounds.iter().min().unwrap(), 3));
        assert_eq!(member.failure(), None);
    }
}

/// A commitment of a member to a round of this name.
fn commitment(round: u8) -> TrustMessage {
    TrustMessage::Commit {
        round: RoundId::new([round; 16]),
        commitment: mpotr_crypto::Digest32::new([7; 32]),
    }
}

#[test]
fn one_member_makes_a_round_give_way_once() {
    let mut alice = Party::new(9, 0, &[ALICE, BOB, MALLORY]);
    alice.hears(2, &commitment(9));
    let rounds = |said: Vec<TrustMessage>| {
        let round = |message| match message {
            TrustMessage::Commit { round, .. } => round.as_bytes()[0],
            other => panic!("{other:?}"),
        };
        said.into_iter().map(round).collect::<Vec<_>>()
    };
    assert_eq!(rounds(alice.says()), [9]);
    alice.waits(10);
    for smaller in [8, 7, 6] {
        alice.hears(2, &commitment(smaller));
    }
    assert_eq!(rounds(alice.says()), []);
    // Another who has begun at the same time.
    alice.hears(1, &commitment(5));
    assert_eq!(rounds(alice.says()), [5]);
    alice.hears(2, &commitment(4));
    assert_eq!(rounds(alice.says()), []);
    // The time is that of the first.
    alice.waits(49);
    assert_eq!(alice.failure(), None);
    alice.waits(1);
    let missing = (CodeFailure::Missing, vec![MALLORY], 1);
    assert_eq!(alice.failure(), Some(missing));
}

#[test]
fn a_round_that_is_under_way_gives_way_to_none() {
    let mut alice = Party::new(9, 0, &[ALICE, BOB, MALLORY]);
    alice.hears(1, &commitment(9));
    assert_eq!(alice.says().len(), 1);
    alice.waits(20);
    alice.hears(2, &commitment(8));
    assert_eq!(alice.says(), []);
}

#[test]
fn who_says_no_part_in_time_is_named_and_what_it_says_later_counts_for_nothing() {
    let mut members = room(&[ALICE, BOB]);
    members[0].asks_code();
    members[0].says();
    members[0].waits(59);
    assert_eq!(members[0].failure(), None);
    members[0].waits(1);
    assert_eq!(
        members[0].failure(),
        Some((CodeFailure::Missing, vec![BOB], 1))
    );
    // One who commits, and never reveals.
    let round = members[0].asks_code();
    let commitment = members[0].says().remove(0);
    members[1].hears(0, &commitment);
    let committed = members[1].says().remove(0);
    members[0].hears(1, &committed);
    members[0].says();
    members[0].waits(60);
    assert_eq!(
        members[0].failure(),
        Some((CodeFailure::Missing, vec![BOB], 2))
    );
    let late = TrustMessage::Reveal {
        round,
        nonce: crate::wire::CodeNonce::new([1; 32]),
    };
    members[0].hears(1, &late);
    members[0].hears(1, &committed);
    assert_eq!((members[0].code(), members[0].says()), (None, vec![]));
}

#[test]
fn who_reveals_another_part_or_commits_twice_is_named() {
    for twice in [false, true] {
        let mut members = room(&[ALICE, BOB]);
        members[0].asks_code();
        let commitment = members[0].says().remove(0);
        members[1].hears(0, &commitment);
        let mut said = members[1].says();
        let TrustMessage::Commit { round, .. } = said[0] else {
            panic!()
        };
        members[0].hears(1, &said.remove(0));
        members[0].says();
        let lie = if twice {
            TrustMessage::Commit {
                round,
                commitment: mpotr_crypto::Digest32::new([7; 32]),
            }
        } else {
            TrustMessage::Reveal {
                round,
                nonce: crate::wire::CodeNonce::new([7; 32]),
            }
        };
        members[0].hears(1, &lie);
        assert_eq!(
            members[0].failure(),
            Some((CodeFailure::WrongReveal, vec![BOB], 1))
        );
    }
}

#[test]
fn a_part_that_is_revealed_before_all_have_committed_does_not_count() {
    let mut members = room(&[ALICE, BOB]);
    members[0].asks_code();
    let commitment = members[0].says().remove(0);
    members[1].hears(0, &commitment);
    let [committed, revealed] = <[_; 2]>::try_from(members[1].says()).unwrap();
    members[0].hears(1, &committed);
    members[0].says();
    members[0].hears_early(1, &revealed, false);
    assert_eq!((members[0].code(), members[0].failure()), (None, None));
    members[0].hears(1, &revealed);
    assert!(members[0].code().is_some());
}

/// Mallory is in a room with Alice, and in another with Bob, where she has taken the other's place: each sees two members.
fn two_rooms() -> [Party; 2] {
    [
        Party::new(1, 0, &[ALICE, MALLORY]),
        Party::new(2, 1, &[MALLORY, BOB]),
    ]
}

#[test]
fn one_between_two_rooms_cannot_make_their_codes_the_same() {
    let [mut alice, mut bob] = two_rooms();
    // In each room Mallory takes part as anyone does.
    let mut hers = [
        Party::new(1, 1, &[ALICE, MALLORY]),
        Party::new(2, 0, &[MALLORY, BOB]),
    ];
    alice.asks_code();
    bob.asks_code();
    let [in_one, in_other] = &mut hers;
    for (honest, mallory, place) in [(&mut alice, in_one, 0), (&mut bob, in_other, 1)] {
        for _ in 0..3 {
            for message in honest.says() {
                mallory.hears(place, &message);
            }
            for message in mallory.says() {
                honest.hears(mallory.me, &message);
            }
        }
    }
    assert!(alice.code().is_some() && bob.code().is_some());
    assert_ne!(alice.code(), bob.code());
}

#[test]
fn one_between_two_rooms_that_passes_on_what_is_said_is_named_in_one_try() {
    let [mut alice, mut bob] = two_rooms();
    alice.asks_code();
    for _ in 0..3 {
        for message in alice.says() {
            bob.hears(0, &message);
        }
        for message in bob.says() {
            alice.hears(1, &message);
        }
    }
    // A commitment is made for one place, one identity and one epoch.
    let wrong = Some((CodeFailure::WrongReveal, vec![MALLORY], 1));
    assert_eq!((alice.code(), bob.code()), (None, None));
    assert!([alice.failure(), bob.failure()].contains(&wrong));
}

#[test]
fn the_same_secret_however_it_is_typed_is_found_the_same_by_both() {
    let mut members = room(&[ALICE, BOB]);
    let attempt = members[0].starts(1, "The old  Mill", "where?").unwrap();
    talk(&mut members);
    assert_eq!(members[1].asked(), Some((attempt, "where?", 0)));
    members[1].answers(attempt, "the old mill ").unwrap();
    talk(&mut members);
    for member in &members {
        assert_eq!(member.result(), Some((SecretOutcome::Same, 0)));
    }
    assert_eq!(
        members[1].answers(attempt, "x"),
        Err(VerifyError::NoSuchAttempt)
    );
}

#[test]
fn another_secret_is_a_failure_on_both_sides_and_shown_with_the_next_question() {
    let mut members = room(&[ALICE, BOB]);
    for failures in 1..=2 {
        let attempt = members[0].starts(1, "the old mill", "where?").unwrap();
        talk(&mut members);
        assert_eq!(members[1].asked(), Some((attempt, "where?", failures - 1)));
        members[1].answers(attempt, "the new mill").unwrap();
        talk(&mut members);
        for member in &members {
            assert_eq!(member.result(), Some((SecretOutcome::Different, failures)));
        }
    }
}

#[test]
fn one_between_two_who_share_a_secret_is_found_in_one_try_whatever_it_passes_on() {
    let typed = || SharedSecret::of_text("the old mill").unwrap();
    passes_on_what_two_say_of(&typed, "where?");
}

#[test]
fn one_between_two_who_share_a_link_is_found_in_one_try_whatever_it_passes_on() {
    let once = || SharedSecret::of_once(&[7; 16]);
    passes_on_what_two_say_of(&once, "mpotr once");
}

/// What one says in a room is passed on into another, where it is as if another had said it.
fn passes_on_what_two_say_of(secret: &dyn Fn() -> SharedSecret, question: &str) {
    let [mut alice, mut bob] = two_rooms();
    alice.starts_with(1, &secret(), question).unwrap();
    let passed_on = alice.says().remove(0);
    bob.hears(0, &passed_on);
    let attempt = bob.asked().unwrap().0;
    bob.answers_with(attempt, &secret()).unwrap();
    let answer = bob.says().remove(0);
    alice.hears(1, &answer);
    let different = Some((SecretOutcome::Different, 1));
    assert_eq!(alice.result(), different);
    bob.hears(0, &alice.says().remove(0));
    assert_eq!(bob.result(), different);
}

#[test]
fn an_attempt_is_open_for_two_minutes_and_given_up_by_both() {
    let mut members = room(&[ALICE, BOB]);
    members[0].starts(1, "the old mill", "").unwrap();
    talk(&mut members);
    members[1].waits(119);
    assert_eq!(members[1].result(), None);
    members[1].waits(1);
    talk(&mut members);
    for member in &members {
        assert_eq!(member.result(), Some((SecretOutcome::Aborted, 1)));
    }
    let attempt = members[0].starts(1, "the old mill", "").unwrap();
    talk(&mut members);
    let told = members[0].trust.give_up(attempt);
    members[0].told.extend(told);
    talk(&mut members);
    for member in &members {
        assert_eq!(member.result(), Some((SecretOutcome::Aborted, 2)));
    }
}

#[test]
fn if_both_ask_the_smaller_identity_is_the_one_that_does() {
    let mut members = room(&[ALICE, BOB]);
    let attempt = members[0].starts(1, "the old mill", "mine").unwrap();
    members[1].starts(0, "the old mill", "his").unwrap();
    talk(&mut members);
    assert_eq!(members[0].asked(), None);
    assert_eq!(members[1].asked(), Some((attempt, "mine", 0)));
    // No attempt has failed: nobody guessed.
    assert_eq!(members[1].result(), Some((SecretOutcome::Aborted, 0)));
    members[1].answers(attempt, "the old mill").unwrap();
    talk(&mut members);
    for member in &members {
        assert_eq!(member.result(), Some((SecretOutcome::Same, 0)));
    }
}

#[test]
fn nobody_gets_the_answer_that_is_meant_for_another() {
    let mut members = room(&[ALICE, BOB, MALLORY]);
    let attempt = members[0].starts(1, "the old mill", "where?").unwrap();
    let start = members[0].says().remove(0);
    let TrustMessage::Start {
        attempt: said,
        share,
        ..
    } = start
    else {
        panic!()
    };
    // Mallory has seen what the attempt is called, and asks under that name, before Alice is heard and after.
    let question = "where, really?".to_owned();
    let copied = TrustMessage::Start {
        attempt: said,
        to: 1,
        share,
        question,
    };
    members[1].hears(2, &copied);
    let hers = members[1].asked().unwrap().0;
    members[1].hears(0, &start);
    members[1].hears(2, &copied);
    assert_ne!(hers, attempt);
    assert_eq!(members[1].asked(), Some((attempt, "where?", 0)));
    assert_eq!(members[0].starts(1, "again", ""), Err(VerifyError::Busy));
    // Nor does what a third says of an attempt of two count.
    let abort = TrustMessage::Abort { attempt: said };
    members[0].hears(2, &abort);
    members[1].answers(attempt, "the old mill").unwrap();
    let answer = members[1].says().remove(0);
    members[0].hears(2, &answer);
    assert_eq!((members[0].result(), members[1].result()), (None, None));
    // What Mallory gives up is her own.
    members[1].hears(2, &abort);
    assert_eq!(members[1].result(), Some((SecretOutcome::Aborted, 1)));
    members[0].hears(1, &answer);
    assert_eq!(members[0].result(), Some((SecretOutcome::Same, 0)));
    let result = members[0].says().remove(0);
    members[1].hears(0, &result);
    assert_eq!(members[1].result(), Some((SecretOutcome::Same, 0)));
}

#[test]
fn a_share_that_no_honest_member_sends_ends_the_attempt() {
    for share in [[0; 32], [0xff; 32]].map(ElementBytes::new) {
        let mut bob = Party::new(9, 1, &[ALICE, BOB]);
        let said = AttemptId::new([5; 16]);
        let question = String::new();
        bob.hears(
            0,
            &TrustMessage::Start {
                attempt: said,
                to: 1,
                share,
                question,
            },
        );
        let attempt = bob.asked().unwrap().0;
        bob.answers(attempt, "the old mill").unwrap();
        assert_eq!(bob.says(), [TrustMessage::Abort { attempt: said }]);
        assert_eq!(bob.result(), Some((SecretOutcome::Aborted, 1)));
    }
}

/// What ends with its epoch before anyone could learn from it whether a guess was right is no failure.
#[test]
fn with_the_epoch_ends_what_is_open_and_nobody_has_failed() {
    let mut members = room(&[ALICE, BOB]);
    members[0].starts(1, "the old mill", "").unwrap();
    members[0].asks_code();
    // What she has asked is heard, and what she has committed to is not.
    let start = members[0].says().remove(0);
    members[1].hears(0, &start);
    members[1].asks_code();
    members[1].says();
    for member in &mut members {
        let told = member.trust.end_epoch();
        member.told.extend(told);
        assert_eq!(
            member.failure(),
            Some((CodeFailure::EpochChanged, vec![], 0))
        );
        assert_eq!(member.result(), Some((SecretOutcome::EpochChanged, 0)));
        assert_eq!(member.trust.deadline(ROUND_TRIP), None);
    }
    members[0].starts(1, "the old mill", "").unwrap();
    let told = members[0].trust.end_epoch();
    members[0].told.extend(told);
    assert_eq!(members[0].result(), Some((SecretOutcome::EpochChanged, 0)));
    assert_eq!(members[0].trust.end_epoch(), []);
}

/// Who has answered, or revealed, may have shown another whether its guess was right: the end of the epoch hides no try.
#[test]
fn the_end_of_an_epoch_hides_no_try() {
    let mut members = room(&[ALICE, BOB]);
    members[0].starts(1, "the old mill", "").unwrap();
    let start = members[0].says().remove(0);
    members[1].hears(0, &start);
    let attempt = members[1].asked().unwrap().0;
    members[1].answers(attempt, "the new mill").unwrap();
    members[1].says();
    let told = members[1].trust.end_epoch();
    members[1].told.extend(told);
    assert_eq!(members[1].result(), Some((SecretOutcome::Aborted, 1)));
    let mut members = room(&[ALICE, BOB]);
    members[0].asks_code();
    let commitment = members[0].says().remove(0);
    members[1].hears(0, &commitment);
    let commitment = members[1].says().remove(0);
    members[0].hears(1, &commitment);
    // Alice has revealed her part, and Bob says nothing more.
    let told = members[0].trust.end_epoch();
    members[0].told.extend(told);
    assert_eq!(
        members[0].failure(),
        Some((CodeFailure::EpochChanged, vec![], 1))
    );
}

#[test]
fn bytes_that_are_no_message_of_trust_count_for_nothing() {
    let mut alice = Party::new(9, 0, &[ALICE, BOB]);
    for body in [vec![], vec![0; 40], vec![1; 5], vec![9; 17]] {
        let heard = Heard {
            id: MessageId::new([1; 32]),
            author: MemberIndex::new(1),
            body,
        };
        let told =
            alice.with(|trust, now, place, rng| trust.attend(now, place, &heard, |_ids| true, rng));
        assert_eq!((told, alice.says()), (vec![], vec![]));
    }
}
