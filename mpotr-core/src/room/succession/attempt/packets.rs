//! The packets of a run that are here, and those that are missing. `docs/spec/06-epochs.md`, "Runs".

use std::collections::BTreeMap;

use mpotr_crypto::CryptoSuite;
use mpotr_gka::{MemberIndex, Offer, OfferDigest, RunMember};

use super::Attempt;
use super::stage::Stage;
use crate::epoch::Enclosure;
use crate::wire::{MemberBits, Packet, SealedPacket};

impl<S: CryptoSuite> Attempt<S> {
    /// Who sealed a packet of the epoch to be; `None` of any other packet.
    pub(crate) fn sender_of(&self, packet: &SealedPacket) -> Option<MemberIndex> {
        self.door.as_ref()?.sender_of(packet)
    }

    /// Whether a contribution was made with an offer, as far as this member has seen.
    pub(crate) fn has_used(&self, digest: &OfferDigest) -> bool {
        let index = self
            .proposal
            .offers
            .iter()
            .position(|offer| offer == digest);
        let sender = index.map(MemberIndex::of);
        sender.is_some_and(|sender| self.contributions.is_signed(self.run(), sender))
    }

    /// The offers with which a contribution was made that carries its owner's signature.
    pub(crate) fn used_offers(&self) -> impl Iterator<Item = OfferDigest> {
        let signed = self.contributions.signed(self.run());
        signed.filter_map(|sender| self.offer_at(sender))
    }

    pub(super) fn offer_at(&self, member: MemberIndex) -> Option<OfferDigest> {
        self.proposal.offers.get(member.place()).copied()
    }

    /// The offers of these members.
    pub(crate) fn offers_of(&self, members: &[MemberIndex]) -> Vec<OfferDigest> {
        members
            .iter()
            .filter_map(|member| self.offer_at(*member))
            .collect()
    }

    /// The proposal, if this member made it.
    pub(crate) fn own_proposal(&self) -> Option<Packet> {
        let is_own = self.proposal.proposer == self.run().me().get();
        is_own.then(|| Packet::Proposal(self.proposal.clone()))
    }

    /// This member's offer.
    pub(crate) fn own_offer(&self) -> Option<&Offer> {
        let run = self.run();
        run.member(run.me()).map(RunMember::offer)
    }

    /// What encloses its packets, if anything does.
    pub(crate) fn enclosure(&self) -> Option<&Enclosure<S>> {
        self.enclosure.as_deref()
    }

    /// The bytes of one of its packets, as it was sent.
    pub(crate) fn as_sent(&self, packet: &Packet) -> Vec<u8> {
        let packet = packet.to_bytes();
        match &self.enclosure {
            Some(enclosure) => enclosure.enclose(&packet),
            None => packet,
        }
    }

    /// What this member sends again, as it was sent.
    pub(crate) fn own_packets(&self) -> Vec<Packet> {
        let mut packets: Vec<_> = self.own_proposal().into_iter().collect();
        packets.extend(self.packets_of(self.run().me()));
        packets
    }

    /// What is here of a member, as it came.
    pub(crate) fn packets_of(&self, member: MemberIndex) -> impl Iterator<Item = Packet> {
        let contribution = self.contributions.get(member).cloned();
        let confirmation = self.confirmations.get(member).cloned();
        contribution
            .map(|c| Packet::Contribution(self.hint, c))
            .into_iter()
            .chain(confirmation.map(|c| Packet::Confirmation(self.hint, c)))
    }

    /// Whether nobody else has contributed.
    pub(super) fn is_alone(&self) -> bool {
        let run = self.run();
        let mut others = self.contributions.signed(run);
        others.all(|sender| sender == run.me())
    }

    /// A packet of one of the rounds, as it came.
    pub(crate) fn packet_of(&self, round: u8, member: MemberIndex) -> Option<Packet> {
        let hint = self.hint;
        match round {
            1 => {
                let contribution = self.contributions.get(member).cloned();
                contribution.map(|it| Packet::Contribution(hint, it))
            }
            _ => {
                let confirmation = self.confirmations.get(member).cloned();
                confirmation.map(|it| Packet::Confirmation(hint, it))
            }
        }
    }

    /// Members whose packets of the round under way are not here: contributions first, then confirmations.
    pub(crate) fn missing(&self) -> [MemberBits; 2] {
        let members = MemberIndex::all(self.run().members().len());
        let bits =
            |missing: &dyn Fn(&MemberIndex) -> bool| members.clone().filter(missing).collect();
        match &self.stage {
            Stage::Contributing(_) => [
                bits(&|member| !self.contributions.contains(*member)),
                MemberBits::default(),
            ],
            Stage::Confirming(_) => [
                MemberBits::default(),
                bits(&|member| !self.confirmations.contains(*member)),
            ],
            Stage::Certified(_) => [MemberBits::default(), MemberBits::default()],
        }
    }

    /// All packets of both rounds.
    pub(super) fn all_packets(&self) -> BTreeMap<(u8, MemberIndex), Vec<u8>> {
        let members = MemberIndex::all(self.run().members().len());
        let slots = members.flat_map(|member| [(1, member), (2, member)]);
        let held = slots.filter_map(|(round, member)| {
            let packet = self.packet_of(round, member)?;
            Some(((round, member), self.as_sent(&packet)))
        });
        held.collect()
    }

    /// Members from whom the round misses a packet.
    pub(crate) fn silent(&self) -> Vec<MemberIndex> {
        let missing = |member: &MemberIndex| {
            // In a certified run nothing is missing.
            if self.has_confirmed() {
                !self.confirmations.contains(*member)
            } else {
                !self.contributions.contains(*member)
            }
        };
        MemberIndex::all(self.run().members().len())
            .filter(missing)
            .collect()
    }
}
