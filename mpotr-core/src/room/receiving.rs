//! Packets as they come in, and which part of the room each is for. `docs/spec/05-wire.md`, "Receiving".

use mpotr_crypto::CryptoSuite;
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_gka::Offer;

use super::Room;
use super::lobby::answering::Answer;
use super::lobby::offering::News;
use super::succession::Round;
use super::succession::pending::Claim;
use crate::epoch::{Epoch, MAX_TOGETHER};
use crate::error::Rejection;
use crate::event::Event;
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::{Bundle, EnclosedPacket, Packet, Request, SealedPacket, Wanted};

impl<S: CryptoSuite> Room<S> {
    /// Takes a packet that came from the channel, from anyone, or a bundle of some.
    ///
    /// # Errors
    /// Why it changed nothing; of a bundle, why its last packet did, if none changed anything. On a hostile transport that is nobody's fault and nothing to tell a person.
    pub fn handle_message(
        &mut self,
        now: Timestamp,
        packet: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        match Bundle::split(packet)?.as_slice() {
            [packet] => self.handle_packet(now, packet, rng),
            packets => {
                let results = self.handle_packets(now, packets, rng);
                as_one(results)
            }
        }
    }

    fn handle_packet(
        &mut self,
        now: Timestamp,
        packet: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        self.common.out.begin_input();
        let outcome = self.take_packet(now, packet, rng);
        self.take_early(now, rng);
        self.after_input(now);
        self.attend_trust(now, rng);
        outcome
    }

    /// Takes many packets that came from the channel, in any order: what was missed for long, above all. Of messages that
    /// are in order, one signature for each author is verified and the rest by hash, which is many times faster than one
    /// by one; the outcome is the same. Says for each packet why it changed nothing, if so.
    pub fn handle_messages<P: AsRef<[u8]>>(
        &mut self,
        now: Timestamp,
        packets: &[P],
        rng: &mut dyn CryptoRng,
    ) -> Vec<Result<(), Rejection>> {
        let came = packets.iter().map(|packet| Bundle::split(packet.as_ref()));
        let came: Vec<_> = came.collect();
        let single: Vec<&[u8]> = came.iter().flatten().flatten().copied().collect();
        let mut results = self.handle_packets(now, &single, rng).into_iter();
        let outcomes = came.into_iter().map(|came| match came {
            Ok(bundled) => as_one(results.by_ref().take(bundled.len())),
            Err(error) => Err(error.into()),
        });
        outcomes.collect()
    }

    fn handle_packets(
        &mut self,
        now: Timestamp,
        packets: &[&[u8]],
        rng: &mut dyn CryptoRng,
    ) -> Vec<Result<(), Rejection>> {
        let mut results = Vec::with_capacity(packets.len());
        let mut rest = packets;
        while let Some((first, others)) = rest.split_first() {
            let together = self.sealed_together(rest);
            if together.is_empty() {
                results.push(self.handle_packet(now, first, rng));
                rest = others;
            } else {
                rest = rest.get(together.len()..).unwrap_or_default();
                self.common.out.begin_input();
                self.open_together(now, together, &mut results);
                self.after_input(now);
                self.attend_trust(now, rng);
            }
        }
        results
    }

    /// Packets of the epoch at the beginning of those that came, to be opened together.
    fn sealed_together<P: AsRef<[u8]>>(&self, packets: &[P]) -> Vec<SealedPacket> {
        let Some(epoch) = self.phase.epoch() else {
            return Vec::new();
        };
        let sealed = packets.iter().map_while(|packet| {
            let sealed = Packet::sealed_from_bytes(packet.as_ref())?;
            (sealed.hint() == epoch.hint()).then_some(sealed)
        });
        sealed.take(MAX_TOGETHER).collect()
    }

    fn open_together(
        &mut self,
        now: Timestamp,
        packets: Vec<SealedPacket>,
        results: &mut Vec<Result<(), Rejection>>,
    ) {
        let first = results.len();
        if let Some(member) = self.phase.member_mut() {
            member.open_together(now, packets, results);
        }
        if results.iter().skip(first).any(Result::is_ok) {
            self.common.pulse.silence.end(now);
        }
    }

    /// Takes the packets that came early and belong to something by now.
    pub(super) fn take_early(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        loop {
            let pending = self.succession.pending.take_ready();
            if pending.is_empty() {
                return;
            }
            let mut rest = pending.as_slice();
            while let Some((first, others)) = rest.split_first() {
                let together = self.sealed_together(rest);
                if together.is_empty() {
                    // Those that belong elsewhere are kept again.
                    let _rejected = self.take_packet(now, first, rng);
                    rest = others;
                } else {
                    rest = rest.get(together.len()..).unwrap_or_default();
                    self.open_together(now, together, &mut Vec::new());
                }
            }
        }
    }

    fn take_packet(
        &mut self,
        now: Timestamp,
        packet: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        if self.phase.has_ended() {
            return Err(Rejection::UnknownEpoch);
        }
        if self.phase.gathers()
            && let Some(version) = Packet::other_version(packet)
        {
            self.lobby.others.note_version(version);
        }
        let packet_read = Packet::from_bytes(packet)?;
        self.take_read(now, packet_read, packet, rng)
    }

    /// Takes a packet that was read.
    fn take_read(
        &mut self,
        now: Timestamp,
        packet_read: Packet,
        packet: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        self.overhear_proposal(now, &packet_read);
        match packet_read {
            Packet::Offer(offer) => {
                self.note_shown(now, &offer);
                self.handle_offer(now, offer, rng)
            }
            Packet::Proposal(proposal) if self.is_of_change(&proposal) => {
                self.note_change(now, proposal)
            }
            Packet::Proposal(proposal) => self.handle_proposal(now, proposal, rng),
            Packet::Contribution(run, contribution) => {
                let (round, sender) = (1, contribution.sender);
                let claim = Claim { run, round, sender };
                self.handle_round(now, claim, Round::First(contribution), packet, rng)
            }
            Packet::Confirmation(run, confirmation) => {
                let (round, sender) = (2, confirmation.sender);
                let claim = Claim { run, round, sender };
                self.handle_round(now, claim, Round::Second(confirmation), packet, rng)
            }
            Packet::Sealed(sealed) => self.handle_sealed(now, &sealed, packet),
            Packet::Request(request) => self.handle_request(now, &request),
            Packet::Advert(advert) => self.handle_advert(now, &advert, rng.next_u64()),
            Packet::Reveal(reveal) => self.handle_reveal(&reveal),
            Packet::Heard(heard) => self.handle_heard(now, &heard),
            Packet::Guests(guests) => self.handle_guests(now, guests, rng.next_u64()),
            Packet::Knock(knock) => self.handle_knock(now, &knock),
            Packet::Hello(challenge) => self.handle_hello(now, &challenge, rng),
            Packet::Answer(answer) if self.phase.gathers() && answer.offer.parent.is_some() => {
                // Who comes in with this member, it may be: the offer is what a proposal lists.
                self.handle_offer(now, answer.offer, rng)
            }
            Packet::Answer(answer) => self.handle_answer(now, *answer, rng),
            // Anyone outside can make it.
            Packet::Light(_) => Err(Rejection::NotAuthentic),
            Packet::JoinRequest(request) => self.handle_join_request(now, *request, rng),
            Packet::Welcome(welcome) => self.handle_welcome(now, &welcome),
            Packet::Ready(ready) => self.handle_ready(now, *ready, rng),
            Packet::Enclosed(enclosed) => self.take_enclosed(now, &enclosed, packet, rng),
        }
    }

    /// Takes what is inside an enclosed packet, and that alone: none is in another.
    fn take_enclosed(
        &mut self,
        now: Timestamp,
        enclosed: &EnclosedPacket,
        bytes: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        let packet = self.open_enclosed(enclosed);
        let packet = packet.ok_or(Rejection::UnknownEpoch)?;
        let read = Packet::from_bytes(&packet)?;
        if let Packet::Offer(offer) = read {
            // Not one that is shown to those outside.
            return self.handle_offer(now, offer, rng);
        }
        if let Packet::Request(Request { room, wanted }) = &read
            && let Wanted::Light(missing) = wanted
        {
            let is_ours = *room == self.common.me.config.room;
            is_ours.then(|| self.hear_missing_light(now, missing));
            return is_ours.then_some(()).ok_or(Rejection::OtherRoom);
        }
        let Packet::Light(light) = read else {
            return self.take_read(now, read, &packet, rng);
        };
        if self.phase.epoch().map(Epoch::hint) == Some(enclosed.hint) {
            return self.handle_light(now, light, bytes, rng);
        }
        // Who is behind asks for what it lacks.
        self.overhear_certificate(now, &light);
        self.tell_behind(now, &light);
        Err(Rejection::UnknownEpoch)
    }

    /// The packet in an enclosed one, of the present epoch or the one before; `None` if no member of it enclosed that. Only a
    /// packet of a change is in there, and it counts as it would in clear.
    pub(super) fn open_enclosed(&self, packet: &EnclosedPacket) -> Option<Vec<u8>> {
        let old = self.old.as_ref().map(|old| &old.epoch);
        let mut epochs = self.phase.epoch().into_iter().chain(old);
        epochs.find_map(|epoch| epoch.enclosure().open(packet))
    }

    /// A proposal that others lack was sent again.
    fn overhear_proposal(&mut self, now: Timestamp, packet: &Packet) {
        let current = self.succession.current.as_ref();
        if let (Packet::Proposal(proposal), Some(current)) = (packet, current)
            && current.proposal == *proposal
        {
            let answer = Answer::Proposal(current.hint);
            self.lobby.overhear(&mut self.common.at(now), answer);
        }
    }

    fn handle_sealed(
        &mut self,
        now: Timestamp,
        sealed: &SealedPacket,
        packet: &[u8],
    ) -> Result<(), Rejection> {
        if self.phase.gathers()
            && let Some(heard) = self.hear_sealed_outside(now, sealed, packet)
        {
            return heard;
        }
        let Some(member) = self.phase.member_mut() else {
            return self.succession.keep_pending(sealed, packet);
        };
        if member.epoch.hint() == sealed.hint() {
            let opened = member.open(now, sealed);
            if opened.is_ok() {
                self.common.pulse.silence.end(now);
            }
            if self.succession.light.is_some() {
                // It may be what a cut waits for.
                self.common.timers.set(Timer::Change, now);
            }
            return opened;
        }
        if let Some(old) = &mut self.old
            && old.epoch.hint() == sealed.hint()
        {
            let opened = old.open(&mut self.common.at(now), sealed);
            let followers = old.epoch.followers();
            let fates = followers.flat_map(|member| self.fates.note_arrived(&member));
            self.common.out.events.extend(fates);
            self.repair_before(now);
            self.look_back(now);
            return opened;
        }
        // Of an epoch that others have installed already, it may be.
        let kept = self.succession.keep_pending(sealed, packet);
        if kept == Err(Rejection::UnknownEpoch) {
            // Or of another room in this channel, which may not know of this one.
            self.greet(now, packet);
        }
        kept
    }

    /// Sends what is asked for.
    fn handle_request(&mut self, now: Timestamp, request: &Request) -> Result<(), Rejection> {
        if request.room != self.common.me.config.room {
            return Err(Rejection::OtherRoom);
        }
        match &request.wanted {
            Wanted::Offers(digests) => self.resend_offers(now, digests),
            Wanted::Proposal(hint) => self.hear_proposal_missing(now, *hint),
            Wanted::Rounds(missing) => self.hear_missing(now, missing),
            Wanted::Light(_) => return Err(Rejection::NotAuthentic),
            Wanted::Join(missing) => self.hear_missing_join(now, missing),
        }
        Ok(())
    }

    pub(super) fn handle_offer(
        &mut self,
        now: Timestamp,
        offer: Offer,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        if offer.room != self.common.me.config.room {
            return Err(Rejection::OtherRoom);
        }
        let cx = &mut self.common.at(now);
        if self.lobby.answering.awaits_offers() {
            let answer = Answer::Offer(offer.digest::<S>());
            self.lobby.was_given(cx, answer);
        }
        let (claimed, parent) = (offer.identity, offer.parent);
        let is_followed = self.phase.gathers() && self.lobby.follows(parent);
        let own = self.phase.name();
        let member = self.phase.member();
        let is_of_merge = || member.is_some_and(|member| member.concerns_merge(parent));
        if parent != own && !is_followed && !is_of_merge() {
            // Of another epoch, or of none: its sender may not know that there is one here.
            self.tell_newcomers(now, offer.ephemeral.as_bytes());
            return Err(Rejection::UnknownEpoch);
        }
        if claimed == cx.me.public() {
            if !self.lobby.doubles.is_double::<S>(&offer) {
                return Ok(());
            }
            let member = self.phase.member();
            self.lobby.note_double(cx, member, parent, rng);
            return Err(Rejection::OwnIdentity);
        }
        if !self.phase.gathers() || parent.is_some() {
            // Of a member, or of who has answered: for a proposal that may list it. By itself it asks for nothing.
            let epoch = self.phase.epoch();
            let stated = || epoch.map(Epoch::stated_offers).unwrap_or_default();
            let news = self.lobby.offering.hear_beside(now, offer, stated)?;
            if self.phase.gathers() {
                if news != News::None {
                    self.consider_pending(now, rng);
                }
            } else {
                self.common.timers.set(Timer::Change, now);
            }
            return Ok(());
        }
        let is_shut_out = self.is_shut_out(now, &claimed);
        if self.meet(now, offer, is_shut_out)? != News::None {
            self.consider_pending(now, rng);
        }
        Ok(())
    }

    /// Takes note of an offer of another identity, and of who makes it.
    fn meet(&mut self, now: Timestamp, offer: Offer, is_shut_out: bool) -> Result<News, Rejection> {
        let claimed = offer.identity;
        if !offer.supports(S::ID) {
            let suites = offer.suites.iter().copied();
            self.lobby.others.note_suites(suites);
        }
        let out = &mut self.common.out;
        if is_shut_out && self.votes.exclusions.is_news(claimed) {
            out.tell(Event::ExcludedWaiting { claimed });
        }
        let admission = &self.votes.admission;
        if !admission.admits(&claimed) {
            if admission.asks() && !is_shut_out {
                let _is_news = self.lobby.others.note_person(now, claimed);
                self.lobby.others.note_offer::<S>(&offer);
            }
            if self.lobby.offering.meet(now, claimed) && !is_shut_out {
                // The application decides: the offer comes again.
                out.tell(Event::WantsIn { claimed });
                if admission.asks() {
                    // There, too, a person may have to decide.
                    self.advertise_soon(now);
                }
            }
            return Err(Rejection::NotAdmitted);
        }
        let news = self.lobby.offering.hear(now, offer)?;
        let period = self.common.me.times().advertise;
        self.lobby.welcomes.note_there(now, period, claimed);
        // Who publishes again what is known here has not heard so, it may be.
        self.lobby.say_heard_soon(&mut self.common.at(now));
        let out = &mut self.common.out;
        match news {
            News::None => return Ok(news),
            News::Offer => {
                // Its maker has used the one before, as a rule: there is a run.
                self.lobby.await_proposal(&self.common.at(now));
            }
            News::Person => {
                if !is_shut_out {
                    out.tell(Event::WantsIn { claimed });
                }
                // A newcomer has not heard this member's offer.
                self.advertise_soon(now);
            }
        }
        self.lobby.turns.heard(now);
        let timers = &mut self.common.timers;
        timers.set(Timer::Change, now);
        // Once for all offers that come together.
        timers.stop(Timer::Propose);
        timers.set(Timer::Plan, now);
        Ok(news)
    }
}

/// What became of a bundle: it changed something if one of its packets did.
fn as_one(results: impl IntoIterator<Item = Result<(), Rejection>>) -> Result<(), Rejection> {
    let mut outcome = Ok(());
    let mut has_changed = false;
    for result in results {
        has_changed |= result.is_ok();
        outcome = result;
    }
    if has_changed { Ok(()) } else { outcome }
}
