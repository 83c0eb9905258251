//! Members of an epoch and those outside it: who lets whom in. `docs/spec/06-epochs.md`, "Hosts and newcomers".
//!
//! The larger epoch of a channel lets the others in, of two alike the one with the smaller handle. A member keeps its epoch
//! until it has installed the one that it was let into.

use mpotr_crypto::CryptoSuite;
use mpotr_crypto::rand_core::CryptoRng;

use super::Room;
use mpotr_gka::Beacon;

use crate::error::Rejection;
use crate::event::Event;
use crate::time::{Timestamp, part};
use crate::timers::Timer;
use crate::wire::{Advert, Handle, Packet};

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

    /// Tells those outside that there is an epoch, though not in a rush.
    pub(super) fn tell_newcomers(&mut self, now: Timestamp) {
        let soon = self.advertised.after(part(self.config.timers.gather, 2));
        if let Some(advert) = self.own_advert().filter(|_| now >= soon) {
            self.advertised = now;
            self.transmit(&Packet::Advert(advert));
        }
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
            Some(own) if own.handle == advert.handle => {}
            // An advert proves nothing: it must not disturb a change.
            Some(own) if advert.hosts(&own) && self.change.is_none() => {
                self.follow(now, advert.handle);
            }
            Some(_) => self.tell_newcomers(now),
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
        // Whether those who have gone on have what was not acknowledged cannot be known here any more.
        self.close_fates(None);
        self.events.push_back(Event::Behind);
        self.unsettled = None;
        self.messages_resent.clear();
        self.missing.clear();
        self.confirmed.clear();
        self.contributed.clear();
        self.change = None;
        self.changes.clear();
        self.retired = self.epoch.take();
        self.handle = Handle::NONE;
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
