//! Members of an epoch and those outside it: who lets whom in. `docs/spec/06-epochs.md`, "Hosts and newcomers".
//!
//! The larger epoch of a channel lets the others in, of two alike the one with the smaller name. A member keeps its epoch
//! until it has installed the one that it was let into.

use mpotr_crypto::CryptoSuite;
use mpotr_gka::OfferDigest;

use super::Room;
use super::lobby::answering::{Answer, rank};
use crate::error::Rejection;
use crate::time::Timestamp;
use crate::wire::{Advert, Packet};

/// The fewest places in a lot of those who have no roster.
const FEW: usize = 8;

impl<S: CryptoSuite> Room<S> {
    fn own_advert(&self) -> Option<Advert> {
        let member = self.phase.member()?;
        Some(Advert {
            room: self.common.me.config.room,
            name: member.name,
            members: u16::try_from(member.epoch.members()).ok()?,
        })
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
                Answer::Statement(_) | Answer::Proposal(_) | Answer::Round(_) => {
                    let again = self.held_packet(answer);
                    match answer {
                        Answer::Round(claim) => self.common.out.send_in_run(claim.run, again),
                        Answer::Advert
                        | Answer::Offer(_)
                        | Answer::Statement(_)
                        | Answer::Proposal(_) => self.common.out.pass_on(again),
                    }
                    None
                }
            };
            if let Some(packet) = packet {
                self.common.out.answer(&packet);
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
                self.lobby.follow(&mut self.common.at(now), advert.name);
            }
            Some(own) if own == *advert => self.lobby.was_given(cx, Answer::Advert),
            Some(own) if own.name == advert.name => {}
            // An advert proves nothing: it must not disturb a change.
            Some(own) if advert.hosts(&own) && !is_in_change => {
                self.lobby.follow(cx, advert.name);
            }
            Some(_) => self.tell_newcomers(now, advert.name.as_bytes()),
        }
        Ok(())
    }
}
