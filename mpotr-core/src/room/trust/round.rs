//! Rounds of the room's code: commit, then reveal. `docs/spec/13-trust.md`, "Room code".
//!
//! ```text
//! none ── a commitment ──> open ── all committed ──> revealing ── all revealed ──> a code
//!                           │                          │
//!                           └── another round of a smaller name, in its place
//!                                                      └── two parts of one member, or a wrong one; time; an epoch ──> none
//! ```

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, Digest32, IdentityKey};

use super::code::RoundName;
use super::{Place, Step};
use crate::event::{CodeFailure, Event};
use crate::time::{Duration, Timestamp};
use crate::wire::{CodeNonce, MessageId, RoundId, TrustMessage};

/// How long a round may take.
const LONGEST: Duration = Duration::from_secs(60);
/// The same where words take long: so many times as long as one and its answer.
const ROUND_TRIPS: u32 = 4;
/// Rounds that are over and remembered: what comes late begins none of them again.
const REMEMBERED: usize = 64;

/// How many times one and its answer two members can begin rounds apart and not know of one another.
const AT_ONCE: u32 = 2;
/// The same where words are quick.
const AT_ONCE_AT_LEAST: Duration = Duration::from_secs(20);

/// A round that is under way.
#[derive(Debug)]
struct Round {
    name: RoundName,
    /// When it began, or the first of those that gave way to it.
    began: Timestamp,
    /// Who began it, and those.
    begun_by: BTreeSet<u16>,
    commitments: BTreeMap<u16, (Digest32, MessageId)>,
    nonces: BTreeMap<u16, CodeNonce>,
    /// This member's part, if it takes part.
    own: Option<CodeNonce>,
    has_revealed: bool,
}

/// The rounds of an epoch.
#[derive(Debug, Default)]
pub(crate) struct Rounds {
    open: Option<Round>,
    over: VecDeque<RoundId>,
    /// Whether this member has taken part by itself, which it does once.
    has_answered: bool,
    /// Rounds that failed, in this epoch and before.
    tries: u32,
}

impl Rounds {
    /// The person asks for a code: takes part in the round that is open, or in a new one of this name.
    pub(crate) fn ask<S: CryptoSuite>(
        &mut self,
        now: Timestamp,
        place: &Place<'_>,
        new: RoundId,
        rng: &mut dyn CryptoRng,
    ) -> (RoundId, Vec<Step>) {
        let mut steps = Vec::new();
        let round = self
            .open
            .get_or_insert_with(|| Round::begin(now, place, (new, place.me)));
        if round.own.is_none() {
            steps.push(round.commit::<S>(place, rng));
        }
        (round.name.round, steps)
    }

    /// A member has committed to a part.
    pub(crate) fn hear_commitment<S: CryptoSuite>(
        &mut self,
        now: Timestamp,
        place: &Place<'_>,
        (from, id): (u16, MessageId),
        (named, commitment): (RoundId, Digest32),
        rng: &mut dyn CryptoRng,
    ) -> Vec<Step> {
        if self.over.contains(&named) {
            return Vec::new();
        }
        let before = match &self.open {
            Some(open) if open.name.round == named => None,
            Some(open) if open.stands(now, place, (named, from)) => return Vec::new(),
            Some(_) | None => {
                let begun = Round::begin(now, place, (named, from));
                let before = self.open.replace(begun);
                if let (Some(before), Some(round)) = (&before, &mut self.open) {
                    round.began = before.began;
                    round.begun_by.extend(&before.begun_by);
                }
                before.inspect(|before| self.is_over(before.name.round))
            }
        };
        // Who took part in a round that gives way has not had its word yet.
        let may_answer = before.is_some_and(|before| before.own.is_some()) || !self.has_answered;
        let Some(round) = &mut self.open else {
            return Vec::new();
        };
        if round.commitments.contains_key(&from) {
            return self.fail(place, CodeFailure::WrongReveal, &[from]);
        }
        round.commitments.insert(from, (commitment, id));
        let mut steps = Vec::new();
        if round.own.is_none() && may_answer {
            self.has_answered = true;
            steps.push(round.commit::<S>(place, rng));
        } else if round.own.is_none()
            && round.commitments.len() == 1
            && let Some(by) = place.identity(from)
        {
            steps.push(Step::Tell(Event::CodeAsked { round: named, by }));
        }
        steps.extend(round.reveal_if_all(place));
        steps
    }

    /// A member has revealed its part. `has_all` tells whether that member had these messages when it did.
    pub(crate) fn hear_nonce<S: CryptoSuite>(
        &mut self,
        place: &Place<'_>,
        from: u16,
        (named, nonce): (RoundId, CodeNonce),
        has_all: impl FnOnce(&[MessageId]) -> bool,
    ) -> Vec<Step> {
        let Some(round) = self.open.as_mut().filter(|it| it.name.round == named) else {
            return Vec::new();
        };
        let identity = place.identity(from);
        let expected = identity.map(|it| round.name.commitment::<S>(from, &it, &nonce));
        let commitment = round
            .commitments
            .get(&from)
            .map(|(commitment, _)| *commitment);
        let is_second = round.nonces.get(&from).is_some_and(|first| *first != nonce);
        if commitment.is_none() || commitment != expected || is_second {
            return self.fail(place, CodeFailure::WrongReveal, &[from]);
        }
        let ids: Vec<_> = round.commitments.values().map(|(_, id)| *id).collect();
        // Who reveals before all have committed lets others choose theirs by it.
        if ids.len() < place.roster.len() || !has_all(&ids) {
            return Vec::new();
        }
        round.nonces.insert(from, nonce);
        if round.nonces.len() < place.roster.len() {
            return Vec::new();
        }
        let nonces: Vec<_> = round.nonces.values().copied().collect();
        let code = round.name.code::<S>(place.roster, &nonces);
        self.close();
        vec![Step::Tell(Event::Code {
            round: named,
            code,
            roster: place.roster.to_vec(),
        })]
    }

    /// When the round that is open has taken too long.
    pub(crate) fn deadline(&self, round_trip: Duration) -> Option<Timestamp> {
        let longest = LONGEST.max(round_trip.saturating_mul(ROUND_TRIPS));
        Some(self.open.as_ref()?.began.after(longest))
    }

    /// The round has taken too long.
    pub(crate) fn time_out(&mut self, place: &Place<'_>) -> Vec<Step> {
        let Some(round) = &self.open else {
            return Vec::new();
        };
        let places = (0..).take(place.roster.len());
        let absent = |said: &dyn Fn(u16) -> bool| places.clone().filter(|it| !said(*it)).collect();
        let mut who: Vec<u16> = absent(&|it| round.commitments.contains_key(&it));
        if who.is_empty() {
            who = absent(&|it| round.nonces.contains_key(&it));
        }
        self.fail(place, CodeFailure::Missing, &who)
    }

    /// The epoch is over. That is a try if this member has revealed its part: one who is between may know the code by it, and
    /// have the epoch end for that.
    pub(crate) fn end(&mut self) -> Option<Event> {
        let round = self.open.take();
        *self = Self {
            tries: self.tries,
            ..Self::default()
        };
        let round = round?;
        self.tries = self.tries.saturating_add(round.has_revealed.into());
        Some(Event::CodeFailed {
            round: round.name.round,
            why: CodeFailure::EpochChanged,
            who: Vec::new(),
            tries: self.tries,
        })
    }

    fn fail(&mut self, place: &Place<'_>, why: CodeFailure, who: &[u16]) -> Vec<Step> {
        let Some(round) = self.close() else {
            return Vec::new();
        };
        self.tries = self.tries.saturating_add(1);
        vec![Step::Tell(Event::CodeFailed {
            round,
            why,
            who: who.iter().filter_map(|it| place.identity(*it)).collect(),
            tries: self.tries,
        })]
    }

    fn close(&mut self) -> Option<RoundId> {
        let round = self.open.take()?.name.round;
        self.is_over(round);
        Some(round)
    }

    fn is_over(&mut self, round: RoundId) {
        if self.over.len() >= REMEMBERED {
            self.over.pop_front();
        }
        self.over.push_back(round);
    }
}

impl Round {
    fn begin(now: Timestamp, place: &Place<'_>, (round, by): (RoundId, u16)) -> Self {
        Self {
            name: RoundName {
                sid: place.sid,
                round,
            },
            began: now,
            begun_by: [by].into(),
            commitments: BTreeMap::new(),
            nonces: BTreeMap::new(),
            own: None,
            has_revealed: false,
        }
    }

    /// Whether it goes on though a member begins another one of this name. It gives way to what was begun at the same time: once
    /// for each member, and soon, so that nobody makes others begin anew until their time is over.
    fn stands(&self, now: Timestamp, place: &Place<'_>, (other, by): (RoundId, u16)) -> bool {
        let at_once = place
            .round_trip
            .saturating_mul(AT_ONCE)
            .max(AT_ONCE_AT_LEAST);
        self.has_revealed
            || self.name.round < other
            || self.begun_by.contains(&by)
            || self.began.after(at_once) <= now
    }

    fn commit<S: CryptoSuite>(&mut self, place: &Place<'_>, rng: &mut dyn CryptoRng) -> Step {
        let mut nonce = [0; CodeNonce::LENGTH];
        rng.fill_bytes(&mut nonce);
        let nonce = CodeNonce::new(nonce);
        self.own = Some(nonce);
        let me: IdentityKey = place.my_identity;
        let commitment = self.name.commitment::<S>(place.me, &me, &nonce);
        Step::Say(TrustMessage::Commit {
            round: self.name.round,
            commitment,
        })
    }

    fn reveal_if_all(&mut self, place: &Place<'_>) -> Option<Step> {
        let nonce = self.own?;
        if self.has_revealed || self.commitments.len() < place.roster.len() {
            return None;
        }
        self.has_revealed = true;
        let round = self.name.round;
        Some(Step::Say(TrustMessage::Reveal { round, nonce }))
    }
}
