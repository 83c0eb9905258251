//! How far a member outside is with coming in by light runs: each hello that it answers may lead to one.
//! `docs/spec/14-light-runs.md`, "Joins".
//!
//! Anyone can send a hello, and make up an epoch with the names of others. So none binds this member: it goes on with all that it
//! has answered until one of them has convinced it of all who are in it, and what comes to nothing ends by itself.

use std::collections::BTreeMap;

use mpotr_crypto::CryptoSuite;
use mpotr_gka::light::{Arrived, Handle, Hello, Joining, Welcomed};
use mpotr_gka::{EpochName, MemberIndex, OfferDigest};

use crate::epoch::Glimpse;
use crate::policy::Policy;
use crate::room::membership::applicants::admitted;
use crate::time::{Duration, Timestamp};
use crate::wire::EpochHint;

/// The most that are under way: on a slow carrier what members say to one comes long after many hellos of others.
const MAX_ARRIVALS: usize = 64;
/// A hello that nothing has followed for so long serves no more. How slow the carrier is one outside does not know.
const HELLO_LASTS: Duration = Duration::from_secs(1800);
/// One who has shown who it is waits for others so many times as long as it took to tell it who is there.
const SLOWER: u32 = 4;
/// Who does not come says so again so many times.
const MOST_DECLINED: u8 = 4;
/// So many round trips one who has shown who it is waits before it knocks again.
const COMING: u32 = 12;

/// What leads into epochs that this member is not in.
pub(crate) struct Arrivals<S: CryptoSuite> {
    under_way: Vec<Arrival<S>>,
    count: u64,
}

/// One of them.
pub(crate) struct Arrival<S: CryptoSuite> {
    /// Its own number: anyone can send a hello with the name that stands in another's.
    pub(crate) id: u64,
    /// The epoch whose member asked.
    pub(crate) epoch: EpochName,
    /// That which the run leads to.
    pub(crate) handle: Handle,
    hello: Hello,
    offer: OfferDigest,
    /// Since when it is in this stage.
    pub(crate) since: Timestamp,
    /// How long it took until it was told who is there. What is still to come takes as many messages, one after the other.
    pub(crate) taken: Duration,
    /// When this member sent again what it has to show, or asked for what it lacks.
    pub(crate) repeated: Option<Timestamp>,
    pub(crate) stage: Stage<S>,
}

/// How far it is.
pub(crate) enum Stage<S: CryptoSuite> {
    /// It has asked to come in.
    Asked(Box<Joining<S>>),
    /// It knows who is there, and has shown nothing of itself.
    Told(Box<Welcomed<S>>),
    /// It has shown who it is.
    Shown(Box<Shown<S>>),
    /// It has said in there that it does not come: it was not convinced of all who are in it.
    Declined(Declined),
    /// Between two of them.
    Between,
}

/// What one says who does not come.
pub(crate) struct Declined {
    packet: Vec<u8>,
    /// How often it was sent again.
    again: u8,
}

impl Declined {
    pub(crate) const fn new(packet: Vec<u8>) -> Self {
        Self { packet, again: 0 }
    }

    /// What it says, to send it again: it hears of nobody whether that has arrived.
    pub(crate) fn again(&mut self) -> Option<Vec<u8>> {
        let is_over = self.again >= MOST_DECLINED;
        self.again = self.again.saturating_add(1);
        (!is_over).then(|| self.packet.clone())
    }
}

/// One that has shown who it is, and waits for all others to do so.
pub(crate) struct Shown<S: CryptoSuite> {
    pub(crate) arrived: Arrived<S>,
    pub(crate) glimpse: Glimpse<S>,
    pub(crate) policy: Policy,
    /// How many light runs have led on there since the last full one, by the word of each member.
    pub(crate) runs: BTreeMap<MemberIndex, u8>,
    /// Whether anything was heard from in there.
    pub(crate) is_heard: bool,
}

impl<S: CryptoSuite> Shown<S> {
    /// How many light runs have led on there since the last full one: what lies in the middle of all that the members say, and of two that
    /// lie there the smaller. Those who say another number change nothing, as long as they are less than half.
    pub(crate) fn count_of_runs(&self) -> u8 {
        let mut counts: Vec<_> = self.runs.values().copied().collect();
        counts.sort_unstable();
        let middle = counts.len().saturating_sub(1).checked_div(2);
        let count = middle.and_then(|middle| counts.get(middle));
        count.copied().unwrap_or(0)
    }
}

impl<S: CryptoSuite> Default for Arrivals<S> {
    fn default() -> Self {
        Self {
            under_way: Vec::new(),
            count: 0,
        }
    }
}

impl<S: CryptoSuite> Arrivals<S> {
    /// This member has answered a hello. Of too many the oldest is forgotten in which it has shown nothing, of the epoch by whose name
    /// there are most: who makes up hellos by one name pushes out its own.
    pub(crate) fn ask(&mut self, now: Timestamp, epoch: EpochName, joining: Joining<S>) {
        let is_asked = |it: &Arrival<S>| !matches!(it.stage, Stage::Shown(_));
        self.under_way
            .retain(|it| !is_asked(it) || now.since(it.since) < HELLO_LASTS);
        if self.under_way.len() >= MAX_ARRIVALS {
            let of = |name: EpochName| self.under_way.iter().filter(|it| it.epoch == name).count();
            let places = self.under_way.iter().enumerate().rev();
            let asked = places.filter(|(_, it)| is_asked(it));
            // Of as many the last that is looked at: the oldest.
            let place = asked.max_by_key(|(_, it)| of(it.epoch)).map(|(at, _)| at);
            self.under_way.remove(place.unwrap_or(0));
        }
        let offer = joining.offer();
        self.count = self.count.saturating_add(1);
        self.under_way.push(Arrival {
            id: self.count,
            epoch,
            handle: offer.handle,
            hello: joining.hello(),
            offer: admitted::<S>(offer).offer,
            since: now,
            taken: Duration::ZERO,
            repeated: None,
            stage: Stage::Asked(Box::new(joining)),
        });
    }

    /// The offer with which this member has answered a hello, if nothing has followed.
    pub(crate) fn asked(&self, hello: &Hello) -> Option<OfferDigest> {
        self.answered(hello)
            .filter(|it| matches!(it.stage, Stage::Asked(_)))
            .map(|it| it.offer)
    }

    /// What a hello has led to that this member has answered.
    pub(crate) fn answered(&self, hello: &Hello) -> Option<&Arrival<S>> {
        self.under_way.iter().find(|it| it.hello == *hello)
    }

    /// Whether this member has shown who it is to those of an epoch of this name, and heard of them there.
    pub(crate) fn has_come_into(&self, epoch: EpochName) -> bool {
        let mut all = self.under_way.iter();
        all.any(|it| {
            let is_heard = match &it.stage {
                Stage::Shown(shown) => shown.is_heard,
                Stage::Declined(_) => true,
                Stage::Asked(_) | Stage::Told(_) | Stage::Between => false,
            };
            it.handle.as_bytes() == epoch.as_bytes() && is_heard
        })
    }

    /// Whether this member may be in an epoch before long.
    pub(crate) fn is_any_coming(&self, now: Timestamp, round_trip: Duration) -> bool {
        let patience = round_trip.saturating_mul(COMING);
        let mut all = self.under_way.iter();
        all.any(|it| {
            let is_shown = matches!(it.stage, Stage::Shown(_) | Stage::Told(_));
            is_shown && now.since(it.since) < patience
        })
    }

    /// The one of this number.
    pub(crate) fn get(&mut self, id: u64) -> Option<&mut Arrival<S>> {
        self.under_way.iter_mut().find(|it| it.id == id)
    }

    /// All that lead to an epoch of this name, it is said.
    pub(crate) fn to(&self, handle: &Handle) -> Vec<u64> {
        let all = self.under_way.iter().filter(|it| it.handle == *handle);
        all.map(|it| it.id).collect()
    }

    /// What leads to the epoch of a packet.
    pub(crate) fn of(&mut self, hint: EpochHint) -> Option<&mut Arrival<S>> {
        let is_of = |it: &&mut Arrival<S>| matches!(&it.stage, Stage::Shown(shown) if shown.glimpse.hint() == hint);
        self.under_way.iter_mut().find(is_of)
    }

    pub(crate) fn all(&mut self) -> impl Iterator<Item = &mut Arrival<S>> {
        self.under_way.iter_mut()
    }

    /// Whether there are any in which this member has shown who it is, come in or not.
    pub(crate) fn is_any_shown(&self) -> bool {
        let mut all = self.under_way.iter();
        all.any(|it| matches!(it.stage, Stage::Shown(_) | Stage::Declined(_)))
    }

    /// One comes to nothing.
    pub(crate) fn remove(&mut self, id: u64) {
        self.under_way.retain(|it| it.id != id);
    }

    /// What has come to nothing for so long after this member has shown who it is is over; later where it is not paced, knowing by no
    /// answer how slow the carrier is.
    pub(crate) fn expire(&mut self, now: Timestamp, lasts: Duration, is_paced: bool) {
        self.under_way.retain(|it| {
            let is_shown = matches!(it.stage, Stage::Shown(_) | Stage::Declined(_));
            let slow = match is_paced {
                true => Duration::ZERO,
                false => it.taken.saturating_mul(SLOWER),
            };
            !is_shown || now.since(it.since) < lasts.max(slow)
        });
    }

    pub(crate) fn clear(&mut self) {
        self.under_way.clear();
    }
}

impl<S: CryptoSuite> Arrival<S> {
    /// Takes the stage out, for a step.
    pub(crate) const fn take_stage(&mut self) -> Stage<S> {
        std::mem::replace(&mut self.stage, Stage::Between)
    }

    /// Takes out what this member has of an epoch in which all have convinced it.
    pub(crate) fn take_convinced(&mut self) -> Option<Shown<S>> {
        let Stage::Shown(shown) = &self.stage else {
            return None;
        };
        let is_convinced = shown.arrived.unverified().is_empty();
        match is_convinced.then(|| self.take_stage()) {
            Some(Stage::Shown(shown)) => Some(*shown),
            Some(_) | None => None,
        }
    }

    /// Whether something may be sent again by now.
    pub(crate) fn may_repeat(&mut self, now: Timestamp, pause: Duration) -> bool {
        let may = self.repeated.is_none_or(|at| now.since(at) >= pause);
        if may {
            self.repeated = Some(now);
        }
        may
    }
}
