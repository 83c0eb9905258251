//! What a member that is outside has said to those inside who asked who is there. `docs/spec/06-epochs.md`, "At the door".
//!
//! Anyone can ask, in the name of any epoch: each is answered once in a pause, and so are all of those that are too many.

use std::collections::BTreeMap;

use mpotr_gka::{Challenge, EpochName, OfferDigest, TrapdoorKey};

use crate::time::{Duration, Timestamp};
use crate::wire::Packet;

/// The most epochs whose challenges are answered at one time.
const MAX_ANSWERED: usize = 4;

/// The last answers of this member.
#[derive(Debug, Default)]
pub(crate) struct Replies {
    answered: BTreeMap<EpochName, Answered>,
    /// The turn of those of other epochs that came while so many were answered a moment ago.
    others: Turn,
}

/// An answer of this member.
#[derive(Debug)]
struct Answered {
    challenge: TrapdoorKey,
    offer: OfferDigest,
    at: Timestamp,
    packet: Packet,
    /// The turn of those that came in the pause after it.
    next: Turn,
}

/// A challenge that is answered when a pause is over, of those that came meanwhile one by lot.
#[derive(Debug, Default)]
struct Turn {
    waiting: Option<Challenge>,
    /// How many took part in that lot.
    drawn: u64,
}

/// What to do about a challenge.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Reply {
    /// Answer it.
    Fresh,
    /// Send the answer once more, which was lost.
    Again(Box<Packet>),
    /// It comes a moment after another: its turn is drawn by lot.
    Later,
    /// Nothing: it was answered a moment ago.
    None,
}

impl Turn {
    /// Draws by lot whether a challenge takes the place of those before: each has the same chance, so who asks all the time keeps
    /// nobody from being answered for certain. A junk one takes part in no lot: `is_sound` looks at it, if it has won.
    fn draw(&mut self, challenge: &Challenge, lot: u64, is_sound: impl FnOnce() -> bool) -> bool {
        let drawn = self.drawn.saturating_add(1);
        let wins = lot.checked_rem(drawn) == Some(0);
        if wins && !is_sound() {
            return false;
        }
        self.drawn = drawn;
        if wins {
            self.waiting = Some(*challenge);
        }
        wins
    }
}

impl Replies {
    /// Whether this member has answered within `fresh`: those who asked know that it is there.
    pub(crate) fn has_answered(&self, now: Timestamp, fresh: Duration) -> bool {
        let mut answered = self.answered.values();
        answered.any(|it| now.since(it.at) < fresh)
    }

    /// When this member answered a challenge of an epoch last.
    pub(crate) fn answered_at(&self, epoch: &EpochName) -> Option<Timestamp> {
        self.answered.get(epoch).map(|it| it.at)
    }

    /// When the answer was given after whose pause one of another epoch has its turn, if there are as many as may be.
    fn longest_ago(&self) -> Option<Timestamp> {
        let all = self.answered.values().map(|it| it.at);
        all.min().filter(|_| self.answered.len() >= MAX_ANSWERED)
    }

    /// Whether a challenge of an epoch is answered, and how: one answer in `pause`. `offer` is that which this member could be
    /// listed with by now.
    pub(crate) fn to(
        &self,
        now: Timestamp,
        epoch: &EpochName,
        challenge: &TrapdoorKey,
        offer: Option<OfferDigest>,
        pause: Duration,
    ) -> Reply {
        let Some(answered) = self.answered.get(epoch) else {
            let are_many = self.longest_ago().is_some_and(|it| now.since(it) < pause);
            return if are_many { Reply::Later } else { Reply::Fresh };
        };
        let is_it = answered.challenge == *challenge;
        match (now.since(answered.at) < pause, is_it) {
            (true, true) => Reply::None,
            (true, false) => Reply::Later,
            (false, true) if Some(answered.offer) == offer => {
                Reply::Again(Box::new(answered.packet.clone()))
            }
            (false, _) => Reply::Fresh,
        }
    }

    /// This member has answered a challenge. Of too many epochs the one that was answered longest ago is forgotten.
    pub(crate) fn note(
        &mut self,
        at: Timestamp,
        epoch: EpochName,
        (challenge, offer): (TrapdoorKey, OfferDigest),
        packet: Packet,
    ) {
        let is_known = self.answered.contains_key(&epoch);
        if !is_known && self.answered.len() >= MAX_ANSWERED {
            let oldest = self.answered.iter().min_by_key(|(_, answered)| answered.at);
            if let Some(oldest) = oldest.map(|(epoch, _)| *epoch) {
                self.answered.remove(&oldest);
            }
        }
        let answered = Answered {
            challenge,
            offer,
            at,
            packet,
            next: Turn::default(),
        };
        self.answered.insert(epoch, answered);
    }

    /// Draws by lot whether a challenge that came a moment after another was answered takes the place of those that did so
    /// before. Returns when the one that waits is answered, if this one is kept.
    pub(crate) fn keep(
        &mut self,
        challenge: &Challenge,
        lot: u64,
        pause: Duration,
        is_sound: impl FnOnce() -> bool,
    ) -> Option<Timestamp> {
        let longest_ago = self.longest_ago();
        let (at, turn) = match self.answered.get_mut(&challenge.epoch) {
            Some(answered) => (answered.at, &mut answered.next),
            None => (longest_ago?, &mut self.others),
        };
        turn.draw(challenge, lot, is_sound).then(|| at.after(pause))
    }

    /// Takes out the challenges whose pause is over.
    pub(crate) fn take_waiting(&mut self, now: Timestamp, pause: Duration) -> Vec<Challenge> {
        // As it is planned: clocks count milliseconds, and a pause may have a part of one.
        let is_over = |at: Timestamp| at.after(pause) <= now;
        let have_others = self.longest_ago().is_none_or(is_over);
        let answered = self.answered.values_mut().filter(|it| is_over(it.at));
        let mut due: Vec<_> = answered.filter_map(|it| it.next.waiting.take()).collect();
        if have_others {
            due.extend(core::mem::take(&mut self.others).waiting);
        }
        due
    }

    /// When the next of those is answered.
    pub(crate) fn next_waiting(&self, pause: Duration) -> Option<Timestamp> {
        let waiting = self.answered.values();
        let waiting = waiting.filter(|it| it.next.waiting.is_some());
        let others = self.longest_ago();
        let others = others.filter(|_| self.others.waiting.is_some());
        let all = waiting.map(|it| it.at).chain(others);
        all.map(|at| at.after(pause)).min()
    }

    /// This member is in an epoch, or in none: what it said to others counts for nothing.
    pub(crate) fn forget(&mut self) {
        *self = Self::default();
    }
}

#[cfg(test)]
mod tests {
    use mpotr_crypto::IdentityKeyPair;
    use mpotr_crypto::rand_core::Rng as _;
    use mpotr_gka::{EpochName, OfferDigest, OwnChallenge, RoomId, TrapdoorKey};
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::SeedableRng as _;

    use super::{MAX_ANSWERED, Replies, Reply};
    use crate::room::testing::Suite;
    use crate::time::{Duration, Timestamp};
    use crate::wire::{Knock, KnockNonce, Packet};

    fn at(secs: u64) -> Timestamp {
        Timestamp::default().after(Duration::from_secs(secs))
    }

    fn packet() -> Packet {
        Packet::Knock(Knock {
            room: RoomId::new([5; 32]),
            nonce: KnockNonce::new([6; 16]),
        })
    }

    #[test]
    fn of_those_who_ask_within_the_pause_one_is_answered_by_lot() {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let host = IdentityKeyPair::random::<Suite>(&mut rng);
        let epoch = EpochName::new([1; 16]);
        let room = RoomId::new([5; 32]);
        let challenges: Vec<_> = (0..4)
            .map(|_| *OwnChallenge::<Suite>::draw(room, epoch, 0, &host, &mut rng).challenge())
            .collect();
        // Clocks count milliseconds.
        let pause = Duration::from_micros(1_000_500);
        let offer = OfferDigest::new([4; 32]);
        let mut won = [0; 4];
        for _ in 0..400 {
            let mut replies = Replies::default();
            replies.note(at(5), epoch, (TrapdoorKey::new([2; 32]), offer), packet());
            for challenge in &challenges {
                let due = replies.keep(challenge, rng.next_u64(), pause, || true);
                assert!(due.is_none_or(|due| due == at(6)));
                // What is no challenge takes part in no lot.
                assert_eq!(replies.keep(challenge, 0, pause, || false), None);
            }
            assert_eq!(replies.next_waiting(pause), Some(at(6)));
            assert!(replies.take_waiting(at(5), pause).is_empty());
            let answered = replies.take_waiting(at(6), pause);
            assert_eq!((answered.len(), replies.next_waiting(pause)), (1, None));
            let place = challenges.iter().position(|it| *it == answered[0]).unwrap();
            won[place] += 1;
        }
        assert!(won.iter().all(|it| (60..140).contains(it)), "{won:?}");
    }

    /// Each of many epochs is a new one: together they have a turn in each pause, as one of few has.
    #[test]
    fn of_those_who_ask_in_many_names_four_are_answered_in_a_pause_and_one_by_lot() {
        let mut rng = ChaCha20Rng::seed_from_u64(2);
        let host = IdentityKeyPair::random::<Suite>(&mut rng);
        let (pause, offer) = (Duration::from_secs(1), OfferDigest::new([4; 32]));
        let mut challenges = (0_u8..).map(|n| {
            let (room, epoch) = (RoomId::new([5; 32]), EpochName::new([n; 16]));
            *OwnChallenge::<Suite>::draw(room, epoch, 0, &host, &mut rng).challenge()
        });
        let mut lots = ChaCha20Rng::seed_from_u64(3);
        let mut replies = Replies::default();
        let mut answered = Vec::new();
        for now in (0..3).map(at) {
            let mut come: Vec<_> = challenges.by_ref().take(20).collect();
            let due = replies.take_waiting(now, pause);
            let turns = due.len();
            come.splice(0..0, due);
            for (place, it) in come.iter().enumerate() {
                let reply = replies.to(now, &it.epoch, &it.key, None, pause);
                if place < turns || reply == Reply::Fresh {
                    replies.note(now, it.epoch, (it.key, offer), packet());
                    answered.push(now);
                } else {
                    assert_eq!(reply, Reply::Later);
                    let due = replies.keep(it, lots.next_u64(), pause, || true);
                    assert!(due.is_none_or(|it| it == now.after(pause)));
                }
            }
            assert_eq!(replies.next_waiting(pause), Some(now.after(pause)));
        }
        // Four at once, and then in each pause as many: of these one whose turn it was by lot.
        let of = |secs| answered.iter().filter(|it| **it == at(secs)).count();
        assert_eq!([of(0), of(1), of(2)], [MAX_ANSWERED; 3]);
    }

    #[test]
    fn a_challenge_is_answered_once_in_a_while_and_by_the_same_bytes() {
        let (epoch, key) = (EpochName::new([1; 16]), TrapdoorKey::new([2; 32]));
        let second = Duration::from_secs(1);
        let mut replies = Replies::default();
        let offer = OfferDigest::new([4; 32]);
        let reply =
            |replies: &Replies, now, key| replies.to(now, &epoch, &key, Some(offer), second);
        assert_eq!(reply(&replies, at(0), key), Reply::Fresh);
        replies.note(at(0), epoch, (key, offer), packet());
        let other = TrapdoorKey::new([3; 32]);
        assert_eq!(reply(&replies, at(0), key), Reply::None);
        assert_eq!(reply(&replies, at(0), other), Reply::Later);
        assert_eq!(
            reply(&replies, at(1), key),
            Reply::Again(Box::new(packet()))
        );
        assert_eq!(reply(&replies, at(1), other), Reply::Fresh);
        // The offer that it answered with is gone.
        let without = replies.to(at(1), &epoch, &key, None, second);
        assert_eq!(without, Reply::Fresh);
        for n in 0..=u8::MAX {
            let epoch = EpochName::new([n; 16]);
            replies.note(at(2), epoch, (key, offer), packet());
        }
        assert_eq!(replies.answered.len(), MAX_ANSWERED);
        replies.forget();
        assert_eq!(reply(&replies, at(2), key), Reply::Fresh);
    }
}
