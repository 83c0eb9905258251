//! Before an epoch: offers, heard and own, what is asked for and answered, and epochs of others. `docs/spec/06-epochs.md`, "Offers".
//!
//! There is no epoch in it.

pub(super) mod answering;
pub(super) mod backlog;
pub(super) mod doubles;
pub(super) mod expecting;
pub(super) mod guests;
pub(super) mod neighbours;
pub(super) mod newcomers;
pub(super) mod offering;
pub(super) mod others;
pub(super) mod roll;
pub(super) mod spent;
pub(super) mod turns;

use std::collections::BTreeSet;

use mpotr_crypto::CryptoSuite;
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_gka::{EpochName, OfferDigest};

use super::context::{Context, Me};
use crate::config::Admission;
use crate::event::Event;
use crate::time::{Duration, Timestamp, part};
use crate::timers::Timer;
use crate::wire::{MAX_REQUESTED, Packet, Proposal, Request, Wanted};
use answering::{Answer, Answering};
use doubles::Doubles;
use expecting::Expected;
use guests::GuestLists;
use neighbours::{Name, Neighbours};
use newcomers::Newcomers;
use offering::Offering;
use others::Others;
use roll::{Roll, published_again};
use turns::Turns;

/// A proposal that was missed is waited for as many round trips after a packet of its run.
pub(super) const PATIENCE: u32 = 3;

/// An offer is used for this many views at most.
const VIEWS_OF_AN_OFFER: u32 = 2;
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
    /// Whether it has held its offer back, since there may be an epoch.
    has_held_back: bool,
    /// When this member asks for offers again, and how often it has.
    asks_again: Timestamp,
    asked: usize,
    /// In what others differ.
    pub(super) others: Others,
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
            expected: Expected::new(&me.config, identity),
            answering: Answering::default(),
            published_first: now,
            published: None,
            knocks: now,
            knocked: None,
            has_held_back: false,
            asks_again: now,
            asked: 0,
            others: Others::default(),
        }
    }

    /// This member is in an epoch: its offers for others are void, and it expects nobody.
    pub(super) fn be_let_in(&mut self, name: EpochName) {
        self.neighbours.enter(name);
        self.guest_lists = GuestLists::default();
        self.newcomers.forget_answers();
        self.has_held_back = false;
        self.others = Others::default();
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

    /// Takes note that there is an epoch of others. Returns whether that is news.
    pub(super) fn hear_of(&mut self, cx: &Context<'_, S>, name: EpochName) -> Name {
        self.forget_names(cx, Some(name));
        self.neighbours.hear(cx.now, name)
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
        name: EpochName,
        members: u16,
    ) -> Name {
        let heard = self.hear_of(cx, name);
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
    /// `advertise` it knocks in any case.
    pub(super) fn knocks_now(&mut self, cx: &Context<'_, S>) -> bool {
        let pause = cx.me.times().advertise;
        let was_long_ago = |at: Timestamp| cx.now.since(at) >= pause;
        let is_wanted =
            !self.newcomers.has_answered(cx.now, pause) || self.knocked.is_none_or(was_long_ago);
        let is_time = cx.now >= self.knocks && is_wanted;
        if is_time {
            self.knocked = Some(cx.now);
            self.knocks =
                cx.now
                    .after(published_again(cx.now, self.published_first, cx.me.times()));
        }
        is_time
    }

    /// There is an epoch that may not have heard this member's knock.
    pub(super) fn knock_soon(&mut self, cx: &mut Context<'_, S>) {
        self.knocks = cx.now;
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
            Some(epoch) => self.newcomers.answered_at(&epoch),
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

    /// Asks for offers, in one request: of too many for the first.
    fn request(&mut self, cx: &mut Context<'_, S>, offers: BTreeSet<OfferDigest>) {
        self.asks_again = cx.now.after(cx.me.times().round_trip);
        self.asked = self.asked.wrapping_add(1);
        // Of offers in another order nobody reads a request.
        let offers: Vec<_> = offers.into_iter().take(MAX_REQUESTED).collect();
        if !offers.is_empty() {
            let request = Request {
                room: cx.me.config.room,
                wanted: Wanted::Offers(offers),
            };
            cx.out.transmit(&Packet::Request(request));
        }
    }

    /// Whether offers may be asked for again by now.
    fn may_ask(&self, cx: &Context<'_, S>) -> bool {
        cx.now >= self.asks_again && !cx.out.is_busy()
    }

    /// Asks for those of some offers that are not at hand, once in a while: of more than fit into a request others each time.
    pub(super) fn request_missing(
        &mut self,
        cx: &mut Context<'_, S>,
        listed: impl IntoIterator<Item = OfferDigest>,
    ) {
        if !self.may_ask(cx) {
            return;
        }
        let is_lacking = |digest: &OfferDigest| self.offering.offer(digest).is_none();
        let missing: BTreeSet<_> = listed.into_iter().filter(is_lacking).collect();
        let from = self.asked.saturating_mul(MAX_REQUESTED);
        if let Some(from) = from.checked_rem(missing.len()) {
            let some = missing.iter().cycle().skip(from).copied();
            let some = some.take(missing.len().min(MAX_REQUESTED)).collect();
            self.request(cx, some);
        }
    }

    /// Others are in a run whose proposal was missed: it is asked for, and nothing is proposed meanwhile.
    pub(super) fn await_proposal(&mut self, cx: &Context<'_, S>) {
        let patience = cx.me.times().round_trip.saturating_mul(PATIENCE);
        self.turns.wait_for_proposal(cx.now.after(patience));
    }

    /// Asks for offers of the proposals that wait for them, once in a while.
    pub(super) fn request_pending(&mut self, cx: &mut Context<'_, S>) {
        if self.may_ask(cx) {
            let is_lacking = |digest: &OfferDigest| self.offering.offer(digest).is_none();
            let view = cx.me.times().view;
            let wanted = self.turns.pending.ask(cx.now, view, is_lacking);
            self.request(cx, wanted);
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
            Answer::Greeting | Answer::Guests => times.advertise,
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
}

#[cfg(test)]
mod tests {
    use mpotr_gka::OfferDigest;

    use super::*;
    use crate::room::testing::{Suite, Two, common};
    use crate::time::Duration;

    const NOW: Timestamp = Timestamp::from_millis(5000);

    #[test]
    fn the_own_offer_is_published_as_it_is_until_it_is_too_old() {
        let (mut common, mut rng) = common(1);
        let mut lobby = Lobby::<Suite>::new(&common.me, NOW);
        // Another has answered the first one.
        let other = (OfferDigest::new([1; 32]), common.me.public());
        common.pulse.publish(NOW, other.0);
        common.pulse.hear_answer(NOW, other.0, None, other);
        let view = common.me.times().view;
        let lifetime = view.saturating_mul(VIEWS_OF_AN_OFFER);
        let mut publish = |now| {
            lobby.advertise(&mut common.at(now), true, &mut rng);
            common.out.sent()
        };
        let first = publish(NOW);
        let again = publish(NOW.after(view));
        assert_eq!((first.len(), &first), (1, &again));
        let later = NOW.after(lifetime);
        let later = later.after(Duration::from_millis(1));
        assert_ne!(publish(later), first);
        let advertise = common.me.times().advertise;
        assert_eq!(common.timers.next(), Some(later.after(advertise)));
    }

    /// On a carrier whose packets take minutes all that answers the first word comes late.
    #[test]
    fn names_of_epochs_stay_until_it_is_known_how_long_an_answer_takes() {
        let (mut common, mut rng) = common(1);
        let mut lobby = Lobby::<Suite>::new(&common.me, NOW);
        let name = |n| EpochName::new([n; 16]);
        let late = NOW.after(Duration::from_secs(600));
        lobby.hear_of(&common.at(NOW), name(1));
        lobby.advertise(&mut common.at(late), false, &mut rng);
        assert!(lobby.follows(Some(name(1))));
        // Others take its place if there is no other.
        for n in 2..=5 {
            lobby.hear_of(&common.at(late), name(n));
        }
        assert!(!lobby.follows(Some(name(1))) && lobby.follows(Some(name(5))));
        let other = (OfferDigest::new([1; 32]), common.me.public());
        common.pulse.publish(late, other.0);
        common.pulse.hear_answer(late, other.0, None, other);
        let fresh = common.me.times().fresh();
        lobby.advertise(&mut common.at(late.after(fresh)), false, &mut rng);
        assert!(!lobby.follows(Some(name(5))));
    }

    #[test]
    fn an_old_offer_that_comes_late_is_not_the_one_that_its_maker_uses() {
        let mut two = Two::new();
        let me = &two.other_common.me;
        let old = two.other.offering.own(None).unwrap();
        let old = (old.digest, old.member.offer().clone());
        two.other.renew_offer(me, NOW, None, &mut two.rng);
        let new = two.other.offering.own(None).unwrap();
        let new = (new.digest, new.member.offer().clone());
        let mut lobby = Lobby::<Suite>::new(&two.common.me, NOW);
        let at = |secs| NOW.after(Duration::from_secs(secs));
        let fresh = Duration::from_secs(60);
        lobby.offering.hear(at(1), new.1).unwrap();
        lobby.offering.hear(at(2), old.1).unwrap();
        let newest = |lobby: &Lobby<Suite>| lobby.offering.newest(at(4), fresh, |_| true);
        assert_eq!(newest(&lobby), [old.0]);
        lobby.offering.note_word(at(3), &new.0);
        assert_eq!(newest(&lobby), [new.0]);
        let candidates = lobby.offering.candidates(at(4), fresh, false, |_| true);
        assert_eq!(candidates, [new.0]);
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
        let mut lobby = Lobby::<Suite>::new(&common.me, NOW);
        let mut now = NOW;
        for _ in 0..3 {
            // Once in a round trip, whatever is missing.
            for _ in 0..2 {
                let missing = wanted.iter().copied();
                lobby.request_missing(&mut common.at(now), missing);
            }
            now = now.after(common.me.times().round_trip);
        }
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
        assert!(asked.iter().all(|some| some.len() == MAX_REQUESTED));
        let asked: BTreeSet<_> = asked.concat().into_iter().collect();
        assert_eq!(asked, wanted.into_iter().collect());
    }
}
