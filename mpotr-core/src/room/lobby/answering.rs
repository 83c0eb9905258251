//! Answers to what anyone may ask, and every member could answer: one does. `docs/spec/06-epochs.md`, "One answers".
//!
//! Members take turns by lot, and one that comes later waits a step for each that comes before it. The first that answers is
//! heard by the others, who then do not; nothing is answered twice within a pause. So a packet of a stranger makes a room say one
//! thing, however many are in it.

use std::collections::BTreeMap;

use mpotr_gka::light::Handle;
use mpotr_gka::{MAX_MEMBERS, MemberIndex, OfferDigest};

use crate::room::light::LightClaim;
use crate::room::succession::pending::Claim;
use crate::time::{Duration, Timestamp};
use crate::wire::SidHint;

/// The most offers that wait for their turn to be sent: anyone can make some and ask for them.
const MAX_OFFERS: usize = 64;
/// The most of all else: two packets for each place in a run, and a statement of each.
const MAX_DUE: usize = 3 * MAX_MEMBERS;
/// The most members that one waits for; those who would wait longer answer, or open the door, together.
pub(crate) const MAX_RANK: u32 = 16;

/// What is answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Answer {
    /// That there is an epoch, to who may want to come in.
    Advert,
    /// The same, to another room.
    Greeting,
    /// Who goes over into another room.
    Guests,
    /// An offer.
    Offer(OfferDigest),
    /// The newest statement of a member of the epoch.
    Statement(MemberIndex),
    /// The newest statement of a member of the epoch before, for who has not gone on from it.
    Before(MemberIndex),
    /// The proposal of a run.
    Proposal(SidHint),
    /// A packet of a run.
    Round(Claim),
    /// A packet of a light run.
    Light(LightClaim),
    /// What one has shown who comes in by a light run, by its place.
    Ready(Handle, MemberIndex),
}

/// Answers that wait, and those that were given.
#[derive(Debug, Default)]
pub(crate) struct Answering {
    /// When this member answers, unless another does before.
    due: BTreeMap<Answer, Timestamp>,
    /// Until when what was answered is not answered again.
    given: BTreeMap<Answer, Timestamp>,
    /// How often offers were asked for again, after they had been answered.
    again: BTreeMap<OfferDigest, u32>,
}

impl Answering {
    /// Something is asked for; so many members come before this one, at a step each.
    pub(crate) fn ask(&mut self, now: Timestamp, answer: Answer, rank: u32, step: Duration) {
        self.given.retain(|_, until| now < *until);
        if self.given.contains_key(&answer) || !self.has_room(&answer) {
            return;
        }
        let turn = now.after(step.saturating_mul(rank.min(MAX_RANK)));
        self.due.entry(answer).or_insert(turn);
    }

    /// An offer is asked for. Returns how often it was before: who asks again has not heard the one that answered, so that others have
    /// their turn each time, and not always the same one first.
    pub(crate) fn count_question(&mut self, now: Timestamp, offer: OfferDigest) -> u32 {
        let answer = Answer::Offer(offer);
        let is_full = self.again.len() >= MAX_OFFERS && !self.again.contains_key(&offer);
        if is_full || self.awaits(&answer) || self.was_just_given(now, &answer) {
            return self.again.get(&offer).copied().unwrap_or(0);
        }
        let asked = self.again.entry(offer).or_insert(0);
        let before = *asked;
        *asked = asked.saturating_add(1);
        before
    }

    /// Something is asked for that this member answers then, unless another does before.
    pub(crate) fn plan(&mut self, now: Timestamp, answer: Answer, turn: Timestamp) {
        self.given.retain(|_, until| now < *until);
        if !self.given.contains_key(&answer) && self.has_room(&answer) {
            let due = self.due.entry(answer).or_insert(turn);
            *due = turn.min(*due);
        }
    }

    /// Whether one more answer of this kind may wait: what one kind takes up is no room of another.
    fn has_room(&self, answer: &Answer) -> bool {
        let is_offer = |it: &Answer| matches!(it, Answer::Offer(_));
        let offers = self.due.keys().filter(|it| is_offer(it)).count();
        if is_offer(answer) {
            offers < MAX_OFFERS
        } else {
            self.due.len().saturating_sub(offers) < MAX_DUE
        }
    }

    /// Whether an answer is due.
    pub(crate) fn awaits(&self, answer: &Answer) -> bool {
        self.due.contains_key(answer)
    }

    /// What belongs to an epoch that is over is not answered.
    pub(crate) fn end_epoch(&mut self) {
        let is_of_epoch = |answer: &Answer| {
            matches!(
                answer,
                Answer::Statement(_) | Answer::Before(_) | Answer::Light(_) | Answer::Ready(..)
            )
        };
        self.due.retain(|answer, _| !is_of_epoch(answer));
        self.given.retain(|answer, _| !is_of_epoch(answer));
        self.again.clear();
    }

    /// Whether an offer that is heard may be an answer.
    pub(crate) fn awaits_offers(&self) -> bool {
        self.due.keys().any(|due| matches!(due, Answer::Offer(_)))
    }

    /// Another member has answered, or this one.
    pub(crate) fn was_given(&mut self, now: Timestamp, answer: Answer, pause: Duration) {
        let is_awaited = self.due.remove(&answer).is_some();
        if is_awaited || matches!(answer, Answer::Advert | Answer::Greeting | Answer::Guests) {
            self.given.insert(answer, now.after(pause));
        }
    }

    /// This member has sent what others may ask for before they have heard it.
    pub(crate) fn was_sent(&mut self, now: Timestamp, answer: Answer, pause: Duration) {
        self.due.remove(&answer);
        self.given.retain(|_, until| now < *until);
        self.given.insert(answer, now.after(pause));
    }

    /// Whether what would be answered was sent a moment ago, by this member or another.
    pub(crate) fn was_just_given(&self, now: Timestamp, answer: &Answer) -> bool {
        self.given.get(answer).is_some_and(|until| now < *until)
    }

    /// The answers whose turn has come.
    pub(crate) fn due(&self, now: Timestamp) -> Vec<Answer> {
        let due = self.due.iter().filter(|(_, turn)| **turn <= now);
        due.map(|(answer, _)| *answer).collect()
    }

    /// The next turn.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.due.values().min().copied()
    }
}

/// The place of member `me` among `members` in the lot that `seed` draws.
pub(crate) fn rank(seed: &[u8], me: MemberIndex, members: usize) -> u32 {
    let lot = seed.iter().fold(0_u32, |lot, byte| {
        lot.wrapping_mul(31).wrapping_add((*byte).into())
    });
    let members = u32::try_from(members).unwrap_or(u32::MAX);
    let turn = lot.wrapping_add(u32::from(me.get()));
    turn.checked_rem(members).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use mpotr_gka::{MemberIndex, OfferDigest};

    use super::{Answer, Answering, MAX_OFFERS, rank};
    use crate::time::{Duration, Timestamp};

    const STEP: Duration = Duration::from_millis(100);
    const PAUSE: Duration = Duration::from_millis(1000);

    fn at(millis: u64) -> Timestamp {
        Timestamp::from_millis(millis)
    }

    fn offer(n: usize) -> Answer {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.to_be_bytes());
        Answer::Offer(OfferDigest::new(bytes))
    }

    #[test]
    fn each_has_a_turn_of_its_own_and_another_for_another_packet() {
        for seed in [[0; 4], [1, 2, 3, 4], [0xff; 4]] {
            let mut ranks: Vec<_> = MemberIndex::all(8).map(|me| rank(&seed, me, 8)).collect();
            ranks.sort_unstable();
            assert_eq!(ranks, [0, 1, 2, 3, 4, 5, 6, 7]);
        }
        let first = MemberIndex::new(0);
        assert_ne!(rank(&[0; 4], first, 8), rank(&[0, 0, 0, 1], first, 8));
        assert_eq!(rank(&[7], first, 0), 0);
    }

    #[test]
    fn who_hears_another_answer_is_silent() {
        let mut answering = Answering::default();
        answering.ask(at(0), Answer::Advert, 3, STEP);
        assert_eq!(answering.next(), Some(at(300)));
        assert_eq!(answering.due(at(299)), []);
        answering.was_given(at(200), Answer::Advert, PAUSE);
        assert_eq!(answering.due(at(400)), []);
        // And stays silent when the question comes again, for a while.
        answering.ask(at(1100), Answer::Advert, 0, STEP);
        assert_eq!(answering.due(at(1199)), []);
        answering.ask(at(1200), Answer::Advert, 0, STEP);
        assert_eq!(answering.due(at(1200)), [Answer::Advert]);
    }

    #[test]
    fn a_question_that_is_repeated_puts_nothing_off() {
        let mut answering = Answering::default();
        answering.ask(at(0), offer(1), 2, STEP);
        answering.ask(at(150), offer(1), 2, STEP);
        assert_eq!(answering.due(at(200)), [offer(1)]);
    }

    #[test]
    fn who_asks_again_after_an_answer_is_counted_and_who_asks_too_soon_is_not() {
        let mut answering = Answering::default();
        let Answer::Offer(digest) = offer(1) else {
            panic!("an offer");
        };
        let ask = |answering: &mut Answering, now| {
            let again = answering.count_question(now, digest);
            answering.ask(now, offer(1), 1, STEP);
            again
        };
        assert_eq!(ask(&mut answering, at(0)), 0);
        // Others ask for the same.
        ask(&mut answering, at(50));
        answering.was_given(at(100), offer(1), PAUSE);
        ask(&mut answering, at(500));
        assert_eq!(ask(&mut answering, at(1100)), 1);
        answering.was_given(at(1200), offer(1), PAUSE);
        assert_eq!(ask(&mut answering, at(2200)), 2);
        answering.end_epoch();
        assert_eq!(ask(&mut answering, at(5000)), 0);
    }

    #[test]
    fn what_waits_and_what_was_given_is_bounded() {
        let mut answering = Answering::default();
        for n in 0..10 * MAX_OFFERS {
            answering.ask(at(0), offer(n), 1, STEP);
            // Nobody asked for it.
            answering.was_given(at(0), offer(n + 1_000_000), PAUSE);
            if let Answer::Offer(digest) = offer(n + 2_000_000) {
                answering.count_question(at(0), digest);
            }
        }
        assert_eq!(answering.again.len(), MAX_OFFERS);
        assert_eq!(answering.due.len(), MAX_OFFERS);
        assert!(answering.given.is_empty());
        assert!(answering.awaits_offers());
    }

    #[test]
    fn offers_leave_room_for_what_a_run_lacks() {
        let mut answering = Answering::default();
        for n in 0..10 * MAX_OFFERS {
            answering.ask(at(0), offer(n), 1, STEP);
        }
        for member in MemberIndex::all(500) {
            answering.plan(at(0), Answer::Statement(member), at(1));
        }
        assert_eq!(answering.due(at(1)).len(), 500);
    }
}
