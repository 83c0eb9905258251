//! Before an epoch: offers, heard and own, what is asked for and answered, and hosts. `docs/spec/06-epochs.md`, "Offers".
//!
//! There is no epoch in it.

pub(super) mod answering;
pub(super) mod doubles;
pub(super) mod expecting;
pub(super) mod hosts;
pub(super) mod offering;
pub(super) mod roll;
pub(super) mod spent;
pub(super) mod turns;

use std::collections::BTreeSet;

use mpotr_crypto::CryptoSuite;
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_gka::{EpochName, OfferDigest};

use super::context::{Context, Me};
use crate::config::Admission;
use crate::policy::Policy;
use crate::time::{Duration, Timestamp, part};
use crate::timers::Timer;
use crate::wire::{MAX_REQUESTED, Packet, Request, Wanted};
use answering::{Answer, Answering};
use doubles::Doubles;
use expecting::Expected;
use hosts::Hosts;
use offering::Offering;
use roll::{Roll, published_again};
use turns::Turns;

/// A proposal that was missed is waited for as many round trips after a packet of its run.
const PATIENCE: u32 = 3;

/// An offer is used for this many views at most.
const VIEWS_OF_AN_OFFER: u32 = 2;

/// Offers, requests and hosts.
pub(super) struct Lobby<S: CryptoSuite> {
    pub(super) offering: Offering<S>,
    pub(super) doubles: Doubles,
    /// Who has heard whom.
    pub(super) roll: Roll,
    pub(super) turns: Turns,
    pub(super) hosts: Hosts,
    /// Whom the first epoch must have.
    pub(super) expected: Expected,
    /// What anyone may ask for and one member answers.
    pub(super) answering: Answering,
    /// When this member published its offer first and last.
    published_first: Timestamp,
    published: Timestamp,
    /// When this member asks for offers again.
    asks_again: Timestamp,
    /// Policies of others that were told to the application.
    pub(super) told_policies: BTreeSet<Policy>,
}

impl<S: CryptoSuite> Lobby<S> {
    pub(super) fn new(me: &Me<S>, now: Timestamp) -> Self {
        let identity = me.public();
        Self {
            offering: Offering::new(me.config.room, identity),
            doubles: Doubles::new(identity),
            roll: Roll::default(),
            turns: Turns::new(now),
            hosts: Hosts::new(now),
            expected: Expected::new(&me.config, identity),
            answering: Answering::default(),
            published_first: now,
            published: now,
            asks_again: now,
            told_policies: BTreeSet::new(),
        }
    }

    /// This member is in an epoch: it needs no host, and expects nobody.
    pub(super) fn be_let_in(&mut self) {
        self.hosts.be_let_in();
        self.expected.have_come();
    }

    /// What this member's offers answer to: the epoch of a host, or its own; none for a first epoch.
    fn parent(&mut self, now: Timestamp, own: Option<EpochName>) -> Option<EpochName> {
        if own.is_none() {
            self.hosts.give_up(now);
        }
        self.hosts.chosen().or(own)
    }

    /// Whether offers to follow `parent` concern this member: its own epoch's, those of its host, and without an epoch
    /// those of who has none either.
    pub(super) fn answers_to(&self, own: Option<EpochName>, parent: Option<EpochName>) -> bool {
        let host = self.hosts.chosen();
        parent == own || (host.is_some() && parent == host)
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
        if let Some(own) = self.offering.own() {
            self.doubles.made(own.digest);
            self.roll.renew(own.digest);
            self.published_first = now;
        }
    }

    /// Publishes the own offer, a fresh one if need be: again at growing intervals, unless this member `is_busy` with a run.
    pub(super) fn advertise(
        &mut self,
        cx: &mut Context<'_, S>,
        own: Option<EpochName>,
        is_busy: bool,
        rng: &mut dyn CryptoRng,
    ) {
        let times = cx.me.times();
        // As long as nobody has answered it, nobody has listed it.
        let lifetime = match cx.pulse.round_trip() {
            Some(_) => times.view.saturating_mul(VIEWS_OF_AN_OFFER),
            None => Duration::MAX,
        };
        let parent = self.parent(cx.now, own);
        if self.offering.current(cx.now, parent, lifetime).is_none() {
            self.renew_offer(cx.me, cx.now, parent, rng);
        }
        if let Some(offer) = self.offering.current(cx.now, parent, lifetime).cloned() {
            self.published = cx.now;
            cx.out.transmit(&Packet::Offer(offer));
        }
        if let Some(own) = self.offering.own() {
            cx.pulse.publish(cx.now, own.digest);
        }
        let again = if is_busy {
            times.advertise
        } else {
            published_again(cx.now, self.published_first, times)
        };
        cx.timers.set(Timer::Advertise, cx.now.after(again));
    }

    /// Publishes the own offer again before its time, though not before an answer to it may have come.
    pub(super) fn advertise_soon(&self, cx: &mut Context<'_, S>) {
        let soon = self.published.after(cx.me.times().round_trip);
        cx.timers.set_earlier(Timer::Advertise, soon.max(cx.now));
    }

    /// When the own offer was published last.
    pub(super) const fn published(&self) -> Timestamp {
        self.published
    }

    /// Somebody has not heard the own offer, though it had the time to: publishes it again.
    pub(super) fn publish_missed(&self, cx: &mut Context<'_, S>) {
        if cx.now.since(self.published) >= cx.me.times().round_trip {
            cx.timers.set(Timer::Advertise, cx.now);
        }
    }

    /// If all have heard the own offer, there is no need to publish it before its time.
    pub(super) fn slow_down(&self, cx: &mut Context<'_, S>, admission: &Admission) {
        let others = self.heard(cx, admission).into_iter().collect();
        if self.roll.is_heard_by(&others) {
            let again = self.published.after(cx.me.times().advertise);
            cx.timers.set(Timer::Advertise, again.max(cx.now));
        }
    }

    /// Asks for offers.
    pub(super) fn request(cx: &mut Context<'_, S>, offers: &[OfferDigest]) {
        // Of offers in another order nobody reads a request.
        let offers: BTreeSet<_> = offers.iter().copied().collect();
        let offers: Vec<_> = offers.into_iter().collect();
        for some in offers.chunks(MAX_REQUESTED) {
            let request = Request {
                room: cx.me.config.room,
                wanted: Wanted::Offers(some.to_vec()),
            };
            cx.out.transmit(&Packet::Request(request));
        }
    }

    /// Asks for the offers of a proposal that are not at hand, once in a while.
    pub(super) fn request_missing(&mut self, cx: &mut Context<'_, S>, listed: &[OfferDigest]) {
        let missing = self.offering.missing(listed);
        if !missing.is_empty() && cx.now >= self.asks_again && !cx.out.is_busy() {
            self.asks_again = cx.now.after(cx.me.times().round_trip);
            Self::request(cx, &missing);
        }
    }

    /// Others are in a run whose proposal was missed: it is asked for, and nothing is proposed meanwhile.
    pub(super) fn await_proposal(&mut self, cx: &Context<'_, S>) {
        let patience = cx.me.times().round_trip.saturating_mul(PATIENCE);
        self.turns.wait_for_proposal(cx.now.after(patience));
    }

    /// Asks for the offers of proposals that wait for them.
    pub(super) fn request_pending(&mut self, cx: &mut Context<'_, S>) {
        let listed = self.turns.pending.iter().flat_map(|it| &it.offers);
        let missing = self.offering.missing(&listed.copied().collect::<Vec<_>>());
        if !missing.is_empty() {
            Self::request(cx, &missing);
        }
    }

    /// Something is asked for that this member answers if none of those does who come before it.
    pub(super) fn ask_for(&mut self, cx: &mut Context<'_, S>, answer: Answer, rank: u32) {
        let step = part(cx.me.times().gather, 4);
        self.answering.ask(cx.now, answer, rank, step);
    }

    /// What is asked for was answered.
    pub(super) fn was_given(&mut self, cx: &mut Context<'_, S>, answer: Answer) {
        let times = cx.me.times();
        let pause = match answer {
            Answer::Advert => part(times.gather, 2),
            Answer::Offer(_) => part(times.retry, 4),
            // Who has not heard it asks again after more than a round trip.
            Answer::Statement(_) | Answer::Proposal(_) | Answer::Round(_) => {
                part(times.round_trip, 2)
            }
        };
        self.answering.was_given(cx.now, answer, pause);
        self.wait_for_turn(cx);
    }

    pub(super) fn wait_for_turn(&self, cx: &mut Context<'_, S>) {
        match self.answering.next() {
            Some(turn) => cx.timers.set(Timer::Reply, turn),
            None => cx.timers.stop(Timer::Reply),
        }
    }

    /// Makes offers to the members of an epoch, unless those of another still have the time to let this member in.
    pub(super) fn follow(&mut self, cx: &mut Context<'_, S>, host: EpochName) {
        match self.hosts.choose(cx.now, host, cx.me.times().gather) {
            Ok(false) => {}
            Ok(true) => self.advertise_soon(cx),
            Err(until) => cx.timers.set_earlier(Timer::Advertise, until),
        }
    }

    /// There is an epoch in this channel: its members let in who waits, and are waited for.
    pub(super) fn wait_for_host(&mut self, cx: &Context<'_, S>) {
        let times = cx.me.times();
        let patience = times.suspect.saturating_add(times.view.saturating_mul(2));
        self.hosts.wait(cx.now.after(patience));
    }
}

#[cfg(test)]
mod tests {
    use mpotr_gka::OfferDigest;

    use super::*;
    use crate::room::testing::{Suite, common};
    use crate::time::Duration;

    const NOW: Timestamp = Timestamp::from_millis(5000);

    #[test]
    fn the_own_offer_is_published_as_it_is_until_it_is_too_old() {
        let (mut common, mut rng) = common(1);
        let mut lobby = Lobby::<Suite>::new(&common.me, NOW);
        // Somebody has answered the first one.
        let other = (OfferDigest::new([1; 32]), common.me.public());
        common.pulse.publish(NOW, other.0);
        common.pulse.hear_answer(NOW, other.0, None, other);
        let view = common.me.times().view;
        let mut publish = |now| {
            lobby.advertise(&mut common.at(now), None, true, &mut rng);
            common.out.sent()
        };
        let first = publish(NOW);
        let again = publish(NOW.after(view));
        assert_eq!((first.len(), &first), (1, &again));
        let later = NOW.after(view.saturating_mul(VIEWS_OF_AN_OFFER));
        let later = later.after(Duration::from_millis(1));
        assert_ne!(publish(later), first);
        let advertise = common.me.times().advertise;
        assert_eq!(common.timers.next(), Some(later.after(advertise)));
    }

    #[test]
    fn offers_are_asked_for_in_requests_of_a_bounded_length() {
        let (mut common, _) = common(1);
        let wanted: Vec<_> = (0..2 * MAX_REQUESTED + 1)
            .map(|n| {
                let mut digest = [0; 32];
                digest[..8].copy_from_slice(&n.to_be_bytes());
                OfferDigest::new(digest)
            })
            .collect();
        Lobby::request(&mut common.at(NOW), &wanted);
        let asked = common.out.sent().into_iter().map(|packet| {
            let Packet::Request(request) = packet else {
                panic!("{packet:?}");
            };
            let Wanted::Offers(offers) = request.wanted else {
                panic!("{request:?}");
            };
            offers
        });
        let asked: Vec<_> = asked.collect();
        assert_eq!(asked.len(), 3);
        assert_eq!(asked.concat(), wanted);
    }
}
