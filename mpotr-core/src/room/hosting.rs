//! Members of an epoch and those outside it, and other rooms in the channel. `docs/spec/06-epochs.md`, "Newcomers" and "Other
//! rooms".
//!
//! A member of an epoch with others leaves it only by a decision of that epoch: what outsiders say is told to the application,
//! and moves nobody. Only a member that gathers knocks at the epochs of which others say that they have them, and gathers on.

use mpotr_crypto::CryptoSuite;
use mpotr_gka::{MemberIndex, OfferDigest};

use super::Room;
use super::lobby::answering::{Answer, rank};
use super::lobby::neighbours::Name;
use crate::error::Rejection;
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::{Advert, Guests, Packet};

/// The fewest places in a lot of those who have no roster.
const FEW: usize = 8;

impl<S: CryptoSuite> Room<S> {
    fn own_advert(&self, now: Timestamp) -> Option<Advert> {
        let member = self.phase.member().filter(|_| !self.phase.gathers())?;
        if member.goes_over.is_some() {
            // Who goes over hosts nobody.
            return None;
        }
        // What an epoch follows concerns nobody else, until its members ask to become one with others.
        let is_told = !self.voted_merges(now).is_empty();
        let earlier = self.lobby.neighbours.own_names().skip(1);
        Some(Advert {
            room: self.common.me.config.room,
            name: member.name,
            members: u16::try_from(member.epoch.members()).ok()?,
            earlier: earlier.filter(|_| is_told).collect(),
        })
    }

    /// Tells those outside that there is an epoch, if no other member does, and not in a rush. What made this member do so
    /// draws whose turn it is.
    pub(super) fn tell_newcomers(&mut self, now: Timestamp, because: &[u8]) {
        self.tell_outside(now, Answer::Advert, because);
    }

    /// The same to another room, which may not know of this one: much more seldom, for its members do not wait.
    pub(super) fn greet(&mut self, now: Timestamp, because: &[u8]) {
        self.tell_outside(now, Answer::Greeting, because);
    }

    fn tell_outside(&mut self, now: Timestamp, answer: Answer, because: &[u8]) {
        let Some(epoch) = self.phase.epoch().filter(|_| !self.phase.gathers()) else {
            return;
        };
        let rank = rank(because, epoch.me(), epoch.members());
        let cx = &mut self.common.at(now);
        self.lobby.ask_for(cx, answer, rank);
        self.reply(now);
    }

    /// Gives the answers whose turn has come.
    pub(super) fn reply(&mut self, now: Timestamp) {
        for answer in self.lobby.answering.due(now) {
            let packet = match answer {
                Answer::Advert | Answer::Greeting => self.own_advert(now).map(Packet::Advert),
                Answer::Guests => self.own_guests().map(Packet::Guests),
                Answer::Offer(digest) => {
                    self.resend_offer(&digest);
                    None
                }
                Answer::Statement(member) if self.is_own_place(member) => {
                    self.in_epoch(now, |own, cx, _, departure| own.state_again(cx, departure));
                    None
                }
                Answer::Light(claim) => {
                    let again = self.held_light(claim);
                    self.common.out.pass_on(again);
                    None
                }
                Answer::Statement(_)
                | Answer::Before(_)
                | Answer::Ready(..)
                | Answer::Proposal(_)
                | Answer::Round(_) => {
                    let again = self.held_packet(answer);
                    match answer {
                        Answer::Round(claim) => {
                            let out = &mut self.common.out;
                            out.send_in_run(claim.run, claim.round, again);
                        }
                        Answer::Advert
                        | Answer::Greeting
                        | Answer::Guests
                        | Answer::Offer(_)
                        | Answer::Statement(_)
                        | Answer::Before(_)
                        | Answer::Ready(..)
                        | Answer::Light(_)
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

    /// Whether this is the place of this member in its epoch.
    fn is_own_place(&self, member: MemberIndex) -> bool {
        self.phase.epoch().is_some_and(|epoch| epoch.me() == member)
    }

    /// Sends an offer once more. One for the epoch that follows this member's is in clear if a run lists it that others have
    /// to read who are in no epoch.
    fn resend_offer(&mut self, digest: &OfferDigest) {
        let offer = self.lobby.offering.offer(digest);
        let Some(offer) = offer.or_else(|| self.succession.offer(digest)) else {
            return;
        };
        let current = self.succession.current.as_ref();
        let is_shown = current.is_some_and(|current| {
            current.enclosure.is_none() && current.proposal.offers.contains(digest)
        });
        let member = self.phase.member();
        let member = member.filter(|it| offer.parent == Some(it.name) && !is_shown);
        let enclosure = member.map(|member| member.epoch.enclosure().as_ref());
        let packet = Packet::Offer(offer.clone());
        self.common.out.answer_enclosed(&packet, enclosure);
    }

    /// Anyone may ask for offers. Each is sent by whose it is, or else by one who has it, and once in a while only.
    /// Outside a change nobody needs those that a member of an epoch has.
    pub(super) fn resend_offers(&mut self, now: Timestamp, digests: &[OfferDigest]) {
        if !self.phase.gathers() && !self.is_in_run() {
            return;
        }
        let me = self.common.me.public();
        for digest in digests {
            let offer = self.lobby.offering.offer(digest);
            let Some(offer) = offer.or_else(|| self.succession.offer(digest)) else {
                continue;
            };
            let again = self.lobby.answering.count_question(now, *digest);
            let lot = [&digest.as_bytes()[..], &again.to_be_bytes()].concat();
            let rank = match self.phase.epoch() {
                // Who asks again may not hear the one whose it is: each second time the others are not kept silent by that one.
                _ if again.is_multiple_of(2) && offer.identity == me => 0,
                Some(epoch) => rank(&lot, epoch.me(), epoch.members()).saturating_add(1),
                // Without a roster there is no order: each draws a place by itself.
                None => {
                    let lot = [&lot, &me.as_bytes()[..]].concat();
                    let people = self.lobby.offering.people().max(FEW);
                    rank(&lot, MemberIndex::new(0), people).saturating_add(1)
                }
            };
            let cx = &mut self.common.at(now);
            self.lobby.ask_for(cx, Answer::Offer(*digest), rank);
        }
        self.reply(now);
    }

    /// Takes note that others say that they have an epoch. It proves nothing: the application is told, and a member that
    /// gathers knocks.
    pub(super) fn handle_advert(
        &mut self,
        now: Timestamp,
        advert: &Advert,
        lot: u64,
    ) -> Result<(), Rejection> {
        if advert.room != self.common.me.config.room {
            return Err(Rejection::OtherRoom);
        }
        let own = self.phase.name();
        if own.is_some_and(|own| self.succession.leads_from(own, advert.name)) {
            // It is no other room: members of this one have gone on to it.
            return Ok(());
        }
        let own = self.own_advert(now);
        let cx = &mut self.common.at(now);
        if let Some(own) = own.filter(|own| own.name == advert.name) {
            // A member that came in later knows fewer of the epochs before.
            if own.members == advert.members && own.earlier.is_empty() == advert.earlier.is_empty()
            {
                self.lobby.was_given(cx, Answer::Advert);
                self.lobby.was_given(cx, Answer::Greeting);
            }
            return Ok(());
        }
        let voted = self.voted_merges(now);
        let cx = &mut self.common.at(now);
        let names = (advert.name, advert.earlier.as_slice());
        let heard = self
            .lobby
            .tell_other(cx, names, advert.members, lot, &voted);
        if heard == Name::Dropped {
            return Err(Rejection::UnknownEpoch);
        }
        let neighbours = &mut self.lobby.neighbours;
        neighbours.note_earlier(advert.name, &advert.earlier);
        if !self.phase.gathers() {
            let is_voted_on = self.is_so(now, |it| it.is_voted_on(advert.name));
            if is_voted_on {
                // It may be the time to go over to them.
                self.common.timers.set(Timer::Change, now);
            }
            self.greet(now, advert.name.as_bytes());
        } else if heard == Name::New {
            self.lobby.knock_soon(cx);
            self.plan_proposal(now);
        }
        Ok(())
    }

    /// What the members of an epoch that goes over tell its host.
    pub(super) fn own_guests(&self) -> Option<Guests> {
        let names = self.lobby.neighbours.own_names().collect();
        let member = self.phase.member()?;
        member.guests(self.common.me.config.room, names)
    }
}
