//! Before an epoch: offers, heard and own, what is asked for and answered, and epochs of others. `docs/spec/06-epochs.md`, "Offers".
//!
//! There is no epoch in it.

pub(super) mod answering;
pub(super) mod arrivals;
pub(super) mod backlog;
pub(super) mod doubles;
pub(super) mod expecting;
pub(super) mod guests;
mod lots;
pub(super) mod neighbours;
pub(super) mod newcomers;
pub(super) mod offering;
pub(super) mod others;
pub(super) mod refusals;
pub(super) mod replies;
mod requesting;
pub(super) mod roll;
pub(super) mod spent;
#[cfg(test)]
mod tests;
pub(super) mod turns;
pub(super) mod welcomes;

use std::collections::BTreeSet;

use mpotr_crypto::CryptoSuite;
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_gka::{EpochName, OfferDigest};

use super::context::{Context, Me};
use crate::config::Admission;
use crate::event::Event;
use crate::time::{Duration, Timestamp};
use crate::timers::Timer;
use crate::wire::{Packet, Proposal};
use answering::Answering;
use arrivals::Arrivals;
use doubles::Doubles;
use expecting::Expected;
use guests::GuestLists;
use neighbours::{Name, Neighbours};
use newcomers::Newcomers;
use offering::Offering;
use others::Others;
use replies::Replies;
use roll::{Roll, published_again};
use turns::Turns;
use welcomes::Welcomes;

/// A proposal that was missed is waited for as many round trips after a packet of its run.
pub(super) const PATIENCE: u32 = 3;

/// An offer is used for this many views at most.
pub(super) const VIEWS_OF_AN_OFFER: u32 = 2;
/// Who has knocked and heard nobody publishes its offer after so many round trips.
const FIRST_WAIT: u32 = 4;

/// Offers, requests and epochs of others.
pub(super) struct Lobby<S: CryptoSuite> {
    pub(super) offering: Offering<S>,
    pub(super) doubles: Doubles,
    /// Who has heard whom.
    pub(super) roll: Roll,
    pub(super) turns: Turns,
    pub(super) neighbours: Neighbours,
    /// Those who ask to come into this member's epoch together.
    pub(super) guest_lists: GuestLists,
    pub(super) newcomers: Newcomers,
    /// What this member has said as one.
    pub(super) replies: Replies,
    /// How far this member is with coming in by light runs.
    pub(super) arrivals: Arrivals<S>,
    /// Whom the first epoch must have.
    pub(super) expected: Expected,
    /// What anyone may ask for and one member answers.
    pub(super) answering: Answering,
    /// When this member published its offer first and last.
    published_first: Timestamp,
    published: Option<Timestamp>,
    /// When it knocks again, and when it knocked last.
    knocks: Timestamp,
    knocked: Option<Timestamp>,
    /// There may be some who were never told that this member is there, whatever it has answered.
    is_unheard: bool,
    /// Whether it has held its offer back, since there may be an epoch.
    has_held_back: bool,
    /// When this member asks for offers again, and how often it has.
    asks_again: Timestamp,
    asked: usize,
    /// The own offer that a proposal has listed last whose other offers are not all at hand.
    listed: Option<OfferDigest>,
    /// In what others differ.
    pub(super) others: Others,
    /// Who lets whom in.
    pub(super) welcomes: Welcomes,
}

impl<S: CryptoSuite> Lobby<S> {
    pub(super) fn new(me: &Me<S>, now: Timestamp) -> Self {
        let identity = me.public();
        Self {
            offering: Offering::new(me.config.room, identity),
            doubles: Doubles::new(identity),
            roll: Roll::default(),
            turns: Turns::new(now),
            neighbours: Neighbours::default(),
            guest_lists: GuestLists::default(),
            newcomers: Newcomers::default(),
            replies: Replies::default(),
            arrivals: Arrivals::default(),
            expected: Expected::new(&me.config, identity),
            answering: Answering::default(),
            published_first: now,
            published: None,
            knocks: now,
            knocked: None,
            is_unheard: false,
            has_held_back: false,
            asks_again: now,
            asked: 0,
            listed: None,
            others: Others::default(),
            welcomes: Welcomes::default(),
        }
    }

    /// This member is in an epoch: its offers for others are void, and it expects nobody.
    pub(super) fn be_let_in(&mut self, name: EpochName) {
        self.neighbours.enter(name);
        self.guest_lists = GuestLists::default();
        self.replies.forget();
        self.arrivals.clear();
        self.has_held_back = false;
        self.others = Others::default();
        self.welcomes = Welcomes::default();
        self.expected.have_come();
        self.offering.keep_own(|_| false);
        self.offering.follow(Some(name));
    }

    /// Those who are in one epoch from now on have no other: by none of the names that they had is there another room.
    pub(super) fn note_merged(&mut self, proposal: &Proposal) {
        let lists = self.guest_lists.lists();
        let merged = lists.filter(|it| it.offers.iter().all(|it| proposal.offers.contains(it)));
        let names = merged.flat_map(|it| it.names.iter().copied());
        for name in names.chain(proposal.parent) {
            self.neighbours.enter(name);
        }
    }

    /// Whether a member that gathers makes offers to follow `parent`: for a first epoch, and for those of others.
    pub(super) fn follows(&self, parent: Option<EpochName>) -> bool {
        parent.is_none_or(|name| self.neighbours.contains(name))
    }

    /// Takes note that there is an epoch of others, which may be said to have been called otherwise before; `lot` is drawn for it,
    /// and members vote to become one with those that are `voted` on. Returns whether that is news.
    pub(super) fn hear_of(
        &mut self,
        cx: &Context<'_, S>,
        names: (EpochName, &[EpochName]),
        lot: u64,
        voted: &BTreeSet<EpochName>,
    ) -> Name {
        self.forget_names(cx, Some(names.0));
        self.neighbours.hear(cx.now, names, lot, voted)
    }

    /// Forgets names of epochs of others that were heard long ago. How long that is can be told where a round trip is known: until
    /// then they stay as long as no other name needs their place.
    fn forget_names(&mut self, cx: &Context<'_, S>, other: Option<EpochName>) {
        let is_paced = cx.pulse.round_trip().is_some();
        if is_paced || other.is_some_and(|name| !self.neighbours.has_room_for(name)) {
            self.neighbours.forget(cx.now, cx.me.times().fresh());
        }
    }

    /// The same of an epoch that is said to have so many members: the application is told of it, once.
    pub(super) fn tell_other(
        &mut self,
        cx: &mut Context<'_, S>,
        names: (EpochName, &[EpochName]),
        members: u16,
        lot: u64,
        voted: &BTreeSet<EpochName>,
    ) -> Name {
        let heard = self.hear_of(cx, names, lot, voted);
        let (name, _) = names;
        if heard != Name::Dropped && self.neighbours.note_told(name) {
            cx.out.tell(Event::OtherEpoch { name, members });
        }
        heard
    }

    /// Makes a fresh offer in place of the own one.
    pub(super) fn renew_offer(
        &mut self,
        me: &Me<S>,
        now: Timestamp,
        parent: Option<EpochName>,
        rng: &mut dyn CryptoRng,
    ) {
        self.offering
            .renew(now, parent, &me.known, &*me.identity, rng);
        if let Some(own) = self.offering.own(parent) {
            self.doubles.made(own.digest);
            if parent.is_none() {
                self.roll.renew(own.digest);
                self.published_first = now;
            }
        }
    }

    /// Waits for those who may have heard a knock, before anything names this member.
    pub(super) fn wait_for_answers(cx: &mut Context<'_, S>) {
        let first = cx.me.times().round_trip.saturating_mul(FIRST_WAIT);
        cx.timers.set(Timer::Advertise, cx.now.after(first));
    }

    /// Whether it is time to knock again. Those who asked who this is know that it is there; but anyone can ask, so once in
    /// `advertise` it knocks in any case, and once for each epoch of which it hears.
    pub(super) fn knocks_now(&mut self, cx: &Context<'_, S>) -> bool {
        let pause = cx.me.times().advertise;
        let was_long_ago = |at: Timestamp| cx.now.since(at) >= pause;
        let is_wanted = self.is_unheard
            || !self.replies.has_answered(cx.now, pause)
            || self.knocked.is_none_or(was_long_ago);
        let is_time = cx.now >= self.knocks && is_wanted;
        if is_time {
            self.note_knock(cx.now);
            self.knocks =
                cx.now
                    .after(published_again(cx.now, self.published_first, cx.me.times()));
        }
        is_time
    }

    /// This member knocks, whenever it would have done so next.
    pub(super) const fn note_knock(&mut self, now: Timestamp) {
        self.knocked = Some(now);
        self.is_unheard = false;
    }

    /// There may be some who have not heard this member's knock: an epoch, or one whom it has let in just now.
    pub(super) fn knock_soon(&mut self, cx: &mut Context<'_, S>) {
        self.knocks = cx.now;
        self.is_unheard = true;
        self.advertise_soon(cx);
    }

    /// There may be an epoch, whose challenge was answered: the offer for a first epoch waits a while longer, once.
    pub(super) fn hold_back(&mut self, cx: &mut Context<'_, S>) {
        if !std::mem::replace(&mut self.has_held_back, true) {
            let later = cx.now.after(cx.me.times().advertise);
            cx.timers.set(Timer::Advertise, later);
        }
    }

    /// How long an own offer is used that is not listed: as long as nobody has answered it, nobody has listed it.
    pub(super) fn lifetime(cx: &Context<'_, S>) -> Duration {
        match cx.pulse.round_trip() {
            Some(_) => cx.me.times().view.saturating_mul(VIEWS_OF_AN_OFFER),
            None => Duration::MAX,
        }
    }

    /// Publishes the own offer of a member that gathers for a first epoch, a fresh one if need be, and again at growing
    /// intervals, unless this member `is_busy` with a run. Those for epochs of others answer their challenges.
    pub(super) fn advertise(
        &mut self,
        cx: &mut Context<'_, S>,
        is_busy: bool,
        rng: &mut dyn CryptoRng,
    ) {
        let times = cx.me.times();
        let lifetime = Self::lifetime(cx);
        self.forget_names(cx, None);
        let neighbours = &self.neighbours;
        self.offering
            .keep_own(|parent| parent.is_none_or(|name| neighbours.contains(name)));
        if self.offering.current(cx.now, None, lifetime).is_none() {
            self.renew_offer(cx.me, cx.now, None, rng);
        }
        if let Some(offer) = self.offering.current(cx.now, None, lifetime).cloned() {
            cx.out.transmit(&Packet::Offer(offer));
        }
        self.published_first = match self.published {
            Some(_) => self.published_first,
            None => cx.now,
        };
        self.published = Some(cx.now);
        if let Some(own) = self.offering.own(None) {
            cx.pulse.publish(cx.now, own.digest);
        }
        // Who has an epoch forgets an offer that is not heard again.
        let is_followed = self.neighbours.names().next().is_some();
        let again = if is_busy || is_followed {
            times.advertise
        } else {
            published_again(cx.now, self.published_first, times)
        };
        cx.timers.set(Timer::Advertise, cx.now.after(again));
    }

    /// Publishes the own offer again before its time, though not before an answer to it may have come.
    pub(super) fn advertise_soon(&self, cx: &mut Context<'_, S>) {
        let pause = cx.me.times().round_trip;
        let soon = self.published.map_or(cx.now, |at| at.after(pause));
        cx.timers.set_earlier(Timer::Advertise, soon.max(cx.now));
    }

    /// When the own offer to follow `parent` was published last, if it was.
    pub(super) fn published(&self, parent: Option<EpochName>) -> Option<Timestamp> {
        match parent {
            Some(epoch) => self.replies.answered_at(&epoch),
            None => self.published,
        }
    }

    /// Another has not heard the own offer, though it had the time to: publishes it again.
    pub(super) fn publish_missed(&self, cx: &mut Context<'_, S>) {
        let round_trip = cx.me.times().round_trip;
        if self
            .published
            .is_none_or(|at| cx.now.since(at) >= round_trip)
        {
            cx.timers.set(Timer::Advertise, cx.now);
        }
    }

    /// If all have heard the own offer, there is no need to publish it before its time.
    pub(super) fn slow_down(&self, cx: &mut Context<'_, S>, admission: &Admission) {
        if cx.pulse.is_doubted() {
            // Who answers it again answers at once.
            return cx.timers.set(Timer::Advertise, cx.now);
        }
        let others = self.heard(cx, admission).into_iter().collect();
        if let Some(published) = self.published
            && self.roll.is_heard_by(&others)
        {
            let again = published.after(cx.me.times().advertise);
            cx.timers.set(Timer::Advertise, again.max(cx.now));
        }
    }
}
