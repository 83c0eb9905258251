//! Members of an epoch and those outside it: who lets whom in. `docs/spec/06-epochs.md`, "Hosts and newcomers".
//!
//! The larger epoch of a channel lets the others in, of two alike the one with the smaller handle. A member keeps its epoch
//! until it has installed the one that it was let into.

use mpotr_crypto::CryptoSuite;
use mpotr_crypto::rand_core::CryptoRng;

use super::Room;
use super::answering::{Answer, rank};
use super::window::Window;
use mpotr_gka::{Beacon, Member, Offer, OfferDigest};

use crate::error::Rejection;
use crate::event::Event;
use crate::time::{Timestamp, part};
use crate::timers::Timer;
use crate::wire::{Advert, Handle, Packet};

/// The fewest places in a lot of those who have no roster.
const FEW: usize = 8;

impl<S: CryptoSuite> Room<S> {
    fn own_advert(&self) -> Option<Advert> {
        let members = u16::try_from(self.epoch.as_ref()?.members()).ok()?;
        Some(Advert {
            room: self.config.room,
            handle: self.handle,
            members,
        })
    }

    /// What this member's offers answer to: the epoch of a host, or its own; none for a first epoch.
    pub(super) fn beacon(&mut self, now: Timestamp) -> Beacon {
        if self.epoch.is_none() && !self.proposing.waits_for_host(now) {
            self.host = None;
        }
        Beacon::new(*self.host.unwrap_or(self.handle).as_bytes())
    }

    /// Whether offers that answer to a beacon concern this member: its own epoch's, those of its host, and without an epoch
    /// those of who has none either.
    pub(super) fn answers_to(&self, beacon: Beacon) -> bool {
        let is = |handle: &Handle| handle.as_bytes() == beacon.as_bytes();
        is(&self.handle) || self.host.as_ref().is_some_and(is)
    }

    /// Tells those outside that there is an epoch, if no other member does, and not in a rush. What made this member do so
    /// draws whose turn it is.
    pub(super) fn tell_newcomers(&mut self, now: Timestamp, because: &[u8]) {
        let Some(epoch) = &self.epoch else { return };
        let rank = rank(because, epoch.me(), epoch.members());
        self.ask_for(now, Answer::Advert, rank);
        self.reply(now);
    }

    /// Something is asked for that this member answers if none of those does who come before it.
    fn ask_for(&mut self, now: Timestamp, answer: Answer, rank: u32) {
        let step = part(self.config.timers.gather, 4);
        self.answering.ask(now, answer, rank, step);
    }

    /// Gives the answers whose turn has come.
    pub(super) fn reply(&mut self, now: Timestamp) {
        for answer in self.answering.due(now) {
            let packet = match answer {
                Answer::Advert => self.own_advert().map(Packet::Advert),
                Answer::Offer(digest) => self.known_offer(&digest).cloned().map(Packet::Offer),
            };
            if let Some(packet) = packet {
                self.transmit(&packet);
            }
            self.was_given(now, answer);
        }
        self.wait_for_turn();
    }

    /// What is asked for was answered.
    pub(super) fn was_given(&mut self, now: Timestamp, answer: Answer) {
        let timers = &self.config.timers;
        let pause = match answer {
            Answer::Advert => part(timers.gather, 2),
            Answer::Offer(_) => part(timers.retry, 4),
        };
        self.answering.was_given(now, answer, pause);
        self.wait_for_turn();
    }

    fn wait_for_turn(&mut self) {
        match self.answering.next() {
            Some(turn) => self.timers.set(Timer::Reply, turn),
            None => self.timers.stop(Timer::Reply),
        }
    }

    /// An offer that is at hand, or that is in the run under way.
    fn known_offer(&self, digest: &OfferDigest) -> Option<&Offer> {
        let in_run = || {
            let mut members = self.attempt.iter().flat_map(|it| it.run().members());
            let member = members.find(|member| member.offer().digest::<S>() == *digest);
            member.map(Member::offer)
        };
        self.offering.offer(digest).or_else(in_run)
    }

    /// Anyone may ask for offers. Each is sent by whose it is, or else by one who has it, and once in a while only.
    pub(super) fn resend_offers(&mut self, now: Timestamp, digests: &[OfferDigest]) {
        let me = self.identity.public();
        for digest in digests {
            let Some(owner) = self.known_offer(digest).map(|offer| offer.identity) else {
                continue;
            };
            let rank = match &self.epoch {
                _ if owner == me => 0,
                Some(epoch) => {
                    rank(digest.as_bytes(), epoch.me(), epoch.members()).saturating_add(1)
                }
                // Without a roster there is no order: each draws a place by itself.
                None => {
                    let lot = [&digest.as_bytes()[..], me.as_bytes()].concat();
                    rank(&lot, 0, self.offering.people().max(FEW)).saturating_add(1)
                }
            };
            self.ask_for(now, Answer::Offer(*digest), rank);
        }
        self.reply(now);
    }

    pub(super) fn handle_advert(
        &mut self,
        now: Timestamp,
        advert: &Advert,
    ) -> Result<(), Rejection> {
        if advert.room != self.config.room {
            return Err(Rejection::OtherRoom);
        }
        let timers = &self.config.timers;
        match self.own_advert() {
            None => {
                let patience = timers.suspect.saturating_add(timers.view.saturating_mul(2));
                self.proposing.wait_for_host(now.after(patience));
                self.plan_proposal(now);
                self.follow(now, advert.handle);
            }
            Some(own) if own == *advert => self.was_given(now, Answer::Advert),
            Some(own) if own.handle == advert.handle => {}
            // An advert proves nothing: it must not disturb a change.
            Some(own) if advert.hosts(&own) && self.change.is_none() => {
                self.follow(now, advert.handle);
            }
            Some(_) => self.tell_newcomers(now, advert.handle.as_bytes()),
        }
        Ok(())
    }

    /// Makes offers to the members of an epoch. Where there are several, each gets the time to let this member in: twice as
    /// long as the one before, for whoever turned from one to the other at every word would get nowhere.
    fn follow(&mut self, now: Timestamp, host: Handle) {
        if self.host == Some(host) {
            return;
        }
        let until = self.proposing.stays_with_host(self.config.timers.gather);
        if self.host.is_some() && now < until {
            self.timers.set_earlier(Timer::Advertise, until);
            return;
        }
        self.proposing.choose_host(now, self.host.is_some());
        self.host = Some(host);
        self.advertise_soon(now);
    }

    /// Others have gone on without this member, and it cannot follow: it asks to be let in again, unless they meant it.
    pub(super) fn abandon(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        if !self.others_have_gone() {
            return;
        }
        if self.is_excluded(&self.identity.public()) {
            self.events.push_back(Event::Removed);
            self.leaving = true;
            self.end();
            return;
        }
        self.set_aside(now);
        let _told = self.report();
        // Whether those who have gone on have what was not acknowledged cannot be known here any more.
        self.close_fates(None);
        self.events.push_back(Event::Behind);
        self.unsettled = None;
        self.messages_resent.clear();
        self.confirmed.clear();
        self.contributed.clear();
        self.change = None;
        self.changes.clear();
        self.retired = self.epoch.take();
        self.has_lost_epoch = true;
        if let Some(old) = &mut self.retired {
            // It answers those who are behind, and no text of it is opened any more.
            old.expire();
        }
        self.unserved.clear();
        self.window = Window::default();
        self.handle = Handle::NONE;
        self.offering.follow(Beacon::NONE);
        let timers = &self.config.timers;
        self.timers.set(Timer::Drain, now.after(timers.drain));
        let patience = timers.suspect.saturating_add(timers.view.saturating_mul(2));
        self.proposing.wait_for_host(now.after(patience));
        for timer in [
            Timer::View,
            Timer::Retry,
            Timer::Query,
            Timer::Refresh,
            Timer::Silent,
            Timer::Window,
            Timer::Acknowledge,
            Timer::Lock,
            Timer::Leeway,
            Timer::Expire,
        ] {
            self.timers.stop(timer);
        }
        self.advertise(now, rng);
    }
}
