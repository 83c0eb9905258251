//! Two rooms become one, by a vote of each. `docs/spec/06-epochs.md`, "Two rooms become one".
//!
//! ```text
//! guests:  vote ─> an epoch that goes over ─> offers, a list of all ─┐
//! host:    vote ─────────────────────────────────────────────────────┴─> a proposal with all of them ─> one epoch
//! ```
//!
//! The guests stay members of their epoch until all of them install that of the host: its run is one of theirs, too, with a cut
//! of their own epoch, and comes before any change of that. So all members of both confirm runs in one order.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::{Offer, OfferDigest};

use super::Room;
use super::lobby::answering::{Answer, rank};
use super::membership::Membership;
use super::situation::Situation;
use crate::epoch::Epoch;
use crate::error::Rejection;
use crate::policy::Word;
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::{EpochName, Guests, Packet, Proposal, Vote};

/// The epoch into which the members of one go over.
#[derive(Clone, Copy, Debug)]
pub(super) struct Move {
    pub(super) host: EpochName,
    /// When they go back.
    pub(super) until: Timestamp,
    /// Whether they have gone after a host that had gone on to another epoch, or this member has wanted that in vain: once in a
    /// move.
    pub(super) has_followed: bool,
}

/// The epochs with which members of one vote to become one, as they have stated it.
fn voted_merges<S: CryptoSuite>(epoch: &Epoch<S>) -> impl Iterator<Item = EpochName> {
    let said = epoch.indices().filter_map(|member| epoch.next_of(member));
    said.flat_map(|next| &next.votes)
        .filter_map(Vote::other_room)
}

impl<S: CryptoSuite> Situation<'_, S> {
    /// The epochs with which any member votes to become one.
    pub(super) fn proposed_merges(&self) -> BTreeSet<EpochName> {
        let stated = voted_merges(self.epoch());
        stated.chain(self.votes.merges()).collect()
    }

    /// The names by which any member votes to become one with this epoch of others: that of an epoch before it means it, too,
    /// for a room goes on to its next epoch while people vote.
    fn voted_names(&self, other: EpochName) -> BTreeSet<EpochName> {
        let proposed = self.proposed_merges();
        let names = self.neighbours.names_of(other);
        names.filter(|name| proposed.contains(name)).collect()
    }

    /// Whether any member votes to become one with this epoch of others.
    pub(super) fn is_voted_on(&self, other: EpochName) -> bool {
        !self.voted_names(other).is_empty()
    }

    /// Whether there are the votes to become one with the room that has, or had, an epoch of any of these names.
    fn is_merge_agreed(&self, names: &BTreeSet<EpochName>) -> bool {
        let mut words = BTreeMap::new();
        for name in names {
            for (member, word) in self.words_on(&Vote::Merge(*name)) {
                let said = words.entry(member).or_insert(word);
                if word == Word::For {
                    *said = word;
                }
            }
        }
        let words: Vec<_> = words.into_iter().collect();
        !names.is_empty() && self.votes.policy.admit.is_met(&words)
    }

    /// The epoch into which the members of the next one go over, as far as there are votes for it.
    pub(super) fn next_host(&self) -> Option<EpochName> {
        if !self.admitted().is_empty() {
            // Whom the members let in comes first: whether there is another room nobody can tell.
            return None;
        }
        if let Some(host) = self.member.goes_over.map(|it| it.host) {
            let next = self.host_after(host);
            if let Some(host) = next.or(Some(host)).filter(|host| self.goes_on_to(*host)) {
                return Some(host);
            }
        }
        if self.guests().is_some() {
            // They have gone over into this room, so far as one can see.
            return None;
        }
        // Who says that its epoch follows one that is voted on has its turn, and not all of them.
        let mut hosts = self.neighbours.names_by_lot();
        hosts.find(|host| self.may_go_over(*host) && self.neighbours.is_host(*host))
    }

    /// The epoch into which the next one should go over, if that is another than this.
    pub(super) fn next_host_but(&self, than: Option<EpochName>) -> Option<EpochName> {
        self.next_host().filter(|host| than != Some(*host))
    }

    /// Whether more than half of the members vote to become one with the room of this very name: they have heard of it.
    fn have_most_heard(&self, host: EpochName) -> bool {
        let words = self.words_on(&Vote::Merge(host));
        let voting = words.iter().filter(|(_, word)| *word == Word::For).count();
        voting.saturating_mul(2) > words.len()
    }

    /// The epoch to which the host of a move is said to have gone on: it does not let anyone into the one before.
    fn host_after(&self, host: EpochName) -> Option<EpochName> {
        let mut names = self.neighbours.names().filter(|name| *name != host);
        names.find(|name| self.neighbours.names_of(*name).any(|it| it == host))
    }

    /// Whether the move that is under way goes on to this epoch: the one that it is for, or once one that is said to follow that.
    fn goes_on_to(&self, host: EpochName) -> bool {
        let under_way = self.member.goes_over.filter(|it| self.now < it.until);
        under_way.is_some_and(|it| {
            let is_it =
                it.host == host || !it.has_followed && self.host_after(it.host) == Some(host);
            is_it && self.is_merge_agreed(&self.voted_names(host))
        })
    }

    /// Whether this member wants to go after the host of the move that is under way, which is said to have gone on.
    pub(super) fn wants_to_follow(&self) -> bool {
        let host = self.member.goes_over.map(|it| it.host);
        let next = host.and_then(|host| self.host_after(host));
        next.is_some_and(|next| self.goes_on_to(next))
    }

    /// Whether the members of the next epoch can go over into another: that was heard, here or by most, and there are votes for
    /// it.
    pub(super) fn can_go_over(&self, host: EpochName) -> bool {
        let is_heard = self.neighbours.contains(host) || self.have_most_heard(host);
        self.goes_on_to(host) || is_heard && self.is_merge_agreed(&self.voted_names(host))
    }

    /// Whether they may, by what was tried before. How long ago that was is not the same for all: who judges does not go by it.
    fn may_go_over(&self, host: EpochName) -> bool {
        let room = self.neighbours.called(host);
        self.can_go_over(host) && !self.votes.tries.delay_going(self.now, &room)
    }

    /// Whether there is a reason for another epoch in what is voted about other rooms.
    pub(super) fn wants_merge(&self) -> bool {
        match self.member.goes_over {
            // What was voted in the epoch before is stated anew in this one: that takes a while.
            Some(it) => self.now >= it.until || self.wants_to_follow(),
            None => self.next_host().is_some() || self.guests().is_some(),
        }
    }

    /// The guests whom this member would let in: all of a room.
    pub(super) fn guests(&self) -> Option<&Guests> {
        let mut lists = self.guest_lists.ready(self.now);
        let is_time = !self.votes.tries.delay_hosting(self.now);
        lists.find(|guests| is_time && self.takes_guests(guests))
    }

    /// Whether there are the votes to become one with the room of these.
    pub(super) fn is_agreed_on(&self, guests: &Guests) -> bool {
        self.is_merge_agreed(&guests.names.iter().copied().collect())
    }

    /// Whether policy and application let all of these in.
    fn takes_guests(&self, guests: &Guests) -> bool {
        let offers = guests.offers.iter();
        let offers: Vec<_> = offers.filter_map(|it| self.offering.offer(it)).collect();
        let people: BTreeSet<_> = offers.iter().map(|offer| offer.identity).collect();
        let may_come = |identity: &IdentityKey| {
            self.votes.admission.admits(identity)
                && !self.is_shut_out(identity)
                && !self.is_excluded(identity)
        };
        let is_spent = |digest: &OfferDigest| self.offering.is_spent(digest);
        self.member.goes_over.is_none()
            && self.is_agreed_on(guests)
            && people.len() == guests.offers.len()
            && !guests.offers.iter().any(is_spent)
            && offers.iter().all(|offer| self.is_guest(offer))
            && people.is_disjoint(&self.roster_left())
            && people.iter().all(may_come)
    }

    /// Whether an offer is that of one who comes with its room.
    pub(super) fn is_guest(&self, offer: &Offer) -> bool {
        offer.parent == Some(self.member.name.of_guests::<S>())
    }

    /// Whether these are all members of another room, and are let in.
    pub(super) fn are_guests(&self, offers: &BTreeSet<OfferDigest>) -> bool {
        let mut lists = self.guest_lists.lists();
        lists.any(|it| it.offers.iter().eq(offers) && self.takes_guests(it))
    }

    /// Whether a proposal is one of the host, which is taken part in before any change of this epoch.
    pub(super) fn follows(&self, proposal: &Proposal) -> bool {
        let host = self.member.goes_over.map(|it| it.host);
        host.is_some() && proposal.parent == host && self.change().is_none()
    }

    /// Whether a proposal of the host lists all members of this epoch, each with the offer that it has stated.
    pub(super) fn lists_all(&self, proposal: &Proposal) -> bool {
        let epoch = self.epoch();
        epoch.indices().all(|member| {
            let stated = epoch.next_of(member).and_then(|next| next.guest);
            epoch.is_present(member) && stated.is_some_and(|it| proposal.offers.contains(&it))
        })
    }

    /// The others of a host's proposal whom the application has not admitted, and might.
    pub(super) fn unknown_hosts(&self, offers: &[&Offer]) -> BTreeSet<IdentityKey> {
        let inside: BTreeSet<_> = self.epoch().roster().collect();
        let people = offers.iter().map(|offer| offer.identity);
        let is_unknown = |it: &IdentityKey| {
            !inside.contains(it) && !self.is_shut_out(it) && !self.votes.admission.admits(it)
        };
        people.filter(is_unknown).collect()
    }

    /// Whether this member is willing to be in an epoch with the others of a host's proposal.
    pub(super) fn takes_hosts(&self, offers: &[&Offer]) -> bool {
        let inside: BTreeSet<_> = self.epoch().roster().collect();
        let host = self.member.goes_over.map(|it| it.host.of_guests::<S>());
        offers.iter().all(|offer| {
            let identity = &offer.identity;
            if inside.contains(identity) {
                offer.parent == host
            } else {
                self.votes.admission.admits(identity)
                    && !self.is_shut_out(identity)
                    && !self.is_excluded(identity)
            }
        })
    }
}

impl<S: CryptoSuite> Membership<S> {
    /// Whether offers to follow `parent` are of guests of this epoch, or of those with whom this member is a guest.
    pub(super) fn concerns_merge(&self, parent: Option<EpochName>) -> bool {
        let is_of = |name: EpochName| parent == Some(name.of_guests::<S>());
        let host = self.goes_over.map(|it| it.host);
        is_of(self.name) || host.is_some_and(|host| parent == Some(host) || is_of(host))
    }

    /// What the members of this epoch tell those of the host: which offers belong together.
    pub(super) fn guests(&self, room: mpotr_gka::RoomId, names: Vec<EpochName>) -> Option<Guests> {
        let host = self.goes_over?.host;
        let members = self.epoch.indices();
        let stated = members.map(|member| self.epoch.next_of(member)?.guest);
        let offers: Option<BTreeSet<_>> = stated.collect();
        Some(Guests {
            room,
            host,
            names,
            offers: offers?.into_iter().collect(),
        })
    }
}

impl<S: CryptoSuite> Room<S> {
    /// Makes an offer to the host of an epoch that goes over, and says in the epoch which it is; when all have, one tells the
    /// host which belong together.
    pub(super) fn offer_as_guest(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let goes_over = self.phase.member().and_then(|member| member.goes_over);
        // Who is in a run of the host's has used its offer, and is listed with that: another one stated meanwhile would keep
        // those from the run who are yet to come. When the run is over this is asked again.
        let is_free = self.phase.change().is_none() && self.succession.current.is_none();
        let Some(goes_over) = goes_over.filter(|_| is_free) else {
            return;
        };
        let parent = Some(goes_over.host.of_guests::<S>());
        if self.lobby.offering.own(parent).is_none() {
            self.lobby.renew_offer(&self.common.me, now, parent, rng);
        }
        let own = self.lobby.offering.own(parent);
        let Some((digest, offer)) = own.map(|own| (own.digest, own.member.offer().clone())) else {
            return;
        };
        self.common.out.transmit(&Packet::Offer(offer));
        let next = self.phase.epoch_mut().and_then(|epoch| epoch.own_next());
        if let Some(next) = next.filter(|next| next.guest != Some(digest)) {
            next.guest = Some(digest);
            self.say_next();
        }
        let times = *self.common.me.times();
        let wait = if self.own_guests().is_some() {
            let place = self.phase.epoch().map(|it| (it.me(), it.members()));
            if let Some((me, members)) = place {
                let rank = rank(goes_over.host.as_bytes(), me, members);
                let cx = &mut self.common.at(now);
                self.lobby.ask_for(cx, Answer::Guests, rank);
                self.reply(now);
            }
            times.advertise
        } else {
            // One that states no offer of its own moves the others less and less.
            let timers = &mut self.common.timers;
            let doublings = timers.repetitions(Timer::Advertise);
            timers.note_repetition(Timer::Advertise);
            let wait = 2_u32.saturating_pow(doublings);
            times.gather.saturating_mul(wait).min(times.advertise)
        };
        self.common.timers.set(Timer::Advertise, now.after(wait));
    }

    /// As long as any member votes to become one with another room, one of all tells that there is an epoch here, once in a
    /// while: each has to hear of the other.
    pub(super) fn call_neighbours(&mut self, now: Timestamp) {
        if !self.voted_merges(now).is_empty() {
            if let Some(name) = self.phase.name() {
                self.greet(now, name.as_bytes());
            }
            self.plan_call(now);
        }
    }

    /// Plans the next time that the others are told that there is an epoch here.
    pub(super) fn plan_call(&mut self, now: Timestamp) {
        if !self.voted_merges(now).is_empty() {
            let again = now.after(self.common.me.times().advertise);
            self.common.timers.set_if_idle(Timer::Advertise, again);
        }
    }

    /// Takes a list of those who ask to come in together; `lot` is drawn for it.
    pub(super) fn handle_guests(
        &mut self,
        now: Timestamp,
        guests: Guests,
        lot: u64,
    ) -> Result<(), Rejection> {
        if guests.room != self.common.me.config.room {
            return Err(Rejection::OtherRoom);
        }
        let [name, earlier @ ..] = guests.names.as_slice() else {
            return Err(Rejection::UnknownEpoch);
        };
        let name = *name;
        let own = self.phase.name();
        if own == Some(name) {
            if self.own_guests().as_ref() == Some(&guests) {
                self.lobby
                    .was_given(&mut self.common.at(now), Answer::Guests);
            }
            return Ok(());
        }
        let voted = self.voted_merges(now);
        let cx = &mut self.common.at(now);
        let members = u16::try_from(guests.offers.len()).unwrap_or(u16::MAX);
        self.lobby
            .tell_other(cx, (name, earlier), members, lot, &voted);
        if own == Some(guests.host) {
            self.lobby.neighbours.note_earlier(name, earlier);
        }
        let is_voted_on = guests.names.iter().any(|name| voted.contains(name));
        if own != Some(guests.host) || !is_voted_on {
            // Nobody here has asked for that.
            return Err(Rejection::UnknownEpoch);
        }
        let cx = &mut self.common.at(now);
        let lasts = cx.me.times().fresh();
        self.lobby
            .request_missing(cx, guests.offers.iter().copied());
        self.lobby.guest_lists.hear(now, guests, lasts, lot);
        self.common.timers.set(Timer::Change, now);
        Ok(())
    }

    /// Looks again when an epoch that goes over has to go back.
    pub(super) fn await_host(&mut self, now: Timestamp) {
        let goes_over = self.phase.member().and_then(|member| member.goes_over);
        if let Some(goes_over) = goes_over.filter(|it| now < it.until) {
            self.common
                .timers
                .set_earlier(Timer::Change, goes_over.until);
        }
    }

    /// Publishes the own offer and knocks, as long as this member gathers, or its epoch goes over into another.
    pub(super) fn advertise(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        if self.phase.gathers() {
            let is_busy = self.succession.current.is_some();
            if self.common.pulse.take_doubt() {
                // A word that nobody has heard before: its answer shows how long one takes.
                self.say_heard(now, rng);
            }
            // Who waits in a run of a first epoch wants to come in all the same.
            let run = self.succession.current.as_ref();
            let is_outside = run.is_none_or(|run| {
                run.proposal.parent.is_none() && self.lobby.neighbours.names().next().is_some()
            });
            if is_outside && self.lobby.knocks_now(&self.common.at(now)) {
                self.knock(rng);
            }
            self.lobby.advertise(&mut self.common.at(now), is_busy, rng);
            self.tell_rules(now, rng);
            self.plan_proposal(now);
        } else {
            self.offer_as_guest(now, rng);
            self.call_neighbours(now);
        }
    }
}
