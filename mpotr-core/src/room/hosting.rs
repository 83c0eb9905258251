//! Members of an epoch and those outside it: who lets whom in. `docs/spec/06-epochs.md`, "Hosts and newcomers".
//!
//! The larger epoch of a channel lets the others in, of two alike the one with the smaller handle. A member keeps its epoch
//! until it has installed the one that it was let into.

use mpotr_crypto::CryptoSuite;
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_gka::{Beacon, OfferDigest};

use super::Room;
use super::answering::{Answer, rank};
use super::old::Old;
use super::phase::{Gathering, Phase};
use crate::error::Rejection;
use crate::event::Event;
use crate::time::Timestamp;
use crate::wire::{Advert, Packet};

/// The fewest places in a lot of those who have no roster.
const FEW: usize = 8;

impl<S: CryptoSuite> Room<S> {
    fn own_advert(&self) -> Option<Advert> {
        let member = self.phase.member()?;
        Some(Advert {
            room: self.common.me.config.room,
            handle: member.handle,
            members: u16::try_from(member.epoch.members()).ok()?,
        })
    }

    /// Publishes the own offer, as long as this member is in no epoch, or has a host. In a change the own offer is the one that
    /// was stated inside the epoch: nothing replaces it.
    pub(super) fn advertise(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let own = self.phase.member().map(|member| member.handle);
        if own.is_some() && (self.lobby.hosts.chosen().is_none() || self.phase.change().is_some()) {
            return;
        }
        self.lobby.advertise(&mut self.common.at(now), own, rng);
        self.plan_proposal(now);
    }

    /// Publishes the own offer before its time, as far as it is published.
    pub(super) fn advertise_soon(&mut self, now: Timestamp) {
        if !self.phase.is_member() || self.lobby.hosts.chosen().is_some() {
            self.lobby.advertise_soon(&mut self.common.at(now));
        }
    }

    /// Tells those outside that there is an epoch, if no other member does, and not in a rush. What made this member do so
    /// draws whose turn it is.
    pub(super) fn tell_newcomers(&mut self, now: Timestamp, because: &[u8]) {
        let Some(epoch) = self.phase.epoch() else {
            return;
        };
        let rank = rank(because, epoch.me(), epoch.members());
        let cx = &mut self.common.at(now);
        self.lobby.ask_for(cx, Answer::Advert, rank);
        self.reply(now);
    }

    /// Gives the answers whose turn has come.
    pub(super) fn reply(&mut self, now: Timestamp) {
        for answer in self.lobby.answering.due(now) {
            let packet = match answer {
                Answer::Advert => self.own_advert().map(Packet::Advert),
                Answer::Offer(digest) => {
                    let offer = self.lobby.offering.offer(&digest);
                    let offer = offer.or_else(|| self.succession.offer(&digest));
                    offer.cloned().map(Packet::Offer)
                }
            };
            if let Some(packet) = packet {
                self.common.out.transmit(&packet);
            }
            self.lobby.was_given(&mut self.common.at(now), answer);
        }
        self.lobby.wait_for_turn(&mut self.common.at(now));
    }

    /// Anyone may ask for offers. Each is sent by whose it is, or else by one who has it, and once in a while only.
    pub(super) fn resend_offers(&mut self, now: Timestamp, digests: &[OfferDigest]) {
        let me = self.common.me.public();
        for digest in digests {
            let offer = self.lobby.offering.offer(digest);
            let Some(offer) = offer.or_else(|| self.succession.offer(digest)) else {
                continue;
            };
            let rank = match self.phase.epoch() {
                _ if offer.identity == me => 0,
                Some(epoch) => {
                    rank(digest.as_bytes(), epoch.me(), epoch.members()).saturating_add(1)
                }
                // Without a roster there is no order: each draws a place by itself.
                None => {
                    let lot = [&digest.as_bytes()[..], me.as_bytes()].concat();
                    let people = self.lobby.offering.people().max(FEW);
                    rank(&lot, 0, people).saturating_add(1)
                }
            };
            let cx = &mut self.common.at(now);
            self.lobby.ask_for(cx, Answer::Offer(*digest), rank);
        }
        self.reply(now);
    }

    pub(super) fn handle_advert(
        &mut self,
        now: Timestamp,
        advert: &Advert,
    ) -> Result<(), Rejection> {
        if advert.room != self.common.me.config.room {
            return Err(Rejection::OtherRoom);
        }
        let own = self.own_advert();
        let is_in_change = self.phase.change().is_some();
        let cx = &mut self.common.at(now);
        match own {
            None => {
                self.lobby.wait_for_host(cx);
                self.plan_proposal(now);
                self.lobby.follow(&mut self.common.at(now), advert.handle);
            }
            Some(own) if own == *advert => self.lobby.was_given(cx, Answer::Advert),
            Some(own) if own.handle == advert.handle => {}
            // An advert proves nothing: it must not disturb a change.
            Some(own) if advert.hosts(&own) && !is_in_change => {
                self.lobby.follow(cx, advert.handle);
            }
            Some(_) => self.tell_newcomers(now, advert.handle.as_bytes()),
        }
        Ok(())
    }

    /// Others have gone on without this member, and it cannot follow: it asks to be let in again, unless they meant it.
    pub(super) fn abandon(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let me = self.common.me.public();
        let Some(situation) = self.situation(now) else {
            return;
        };
        if !situation.others_have_gone() {
            return;
        }
        if situation.is_excluded(&me) {
            self.common.out.tell(Event::Removed);
            self.departure.is_asked = true;
            self.end(now);
            return;
        }
        self.set_aside(now);
        let outside = Phase::Gathering(Gathering {
            has_lost_epoch: true,
        });
        let Some(mut member) = self.phase.leave_for(outside) else {
            return;
        };
        let cx = &mut self.common.at(now);
        // Whether those who have gone on have what was not acknowledged cannot be known here any more.
        let _told = member.close_fates(cx, &mut self.fates, None);
        cx.out.tell(Event::Behind);
        cx.timers.end_epoch();
        let mut old = Old::new(member.into_epoch(), cx);
        // It answers those who are behind, and no text of it is opened any more.
        old.epoch.expire();
        self.lobby.wait_for_host(cx);
        self.lobby.offering.follow(Beacon::NONE);
        self.old = Some(old);
        self.succession.give_up();
        self.advertise(now, rng);
    }
}
