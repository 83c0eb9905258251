//! What an insider knows: every offer and proposal that it heard, and the secrets of its own.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_core::crypto::{
    CryptoSuite, Encoder, EphemeralKeyPair, IdentityKey, Secret, SignatureBytes, TranscriptHash,
    label,
};
use mpotr_core::gka::{Confirmation, Contribution, Offer, OfferDigest, Sid};
use mpotr_core::wire::{Packet, Proposal, SidHint};

use crate::member::Draws;

/// The most offers and proposals that are remembered.
const MAX_REMEMBERED: usize = 1024;

/// Offers, proposals and own ephemeral keys.
pub(crate) struct Knowledge<S: CryptoSuite> {
    offers: BTreeMap<OfferDigest, Offer>,
    proposals: Vec<Proposal>,
    own: BTreeMap<OfferDigest, EphemeralKeyPair<S>>,
    pub(crate) identities: BTreeSet<IdentityKey>,
}

impl<S: CryptoSuite> Default for Knowledge<S> {
    fn default() -> Self {
        Self {
            offers: BTreeMap::new(),
            proposals: Vec::new(),
            own: BTreeMap::new(),
            identities: BTreeSet::new(),
        }
    }
}

impl<S: CryptoSuite> Knowledge<S> {
    /// Takes note of a packet, its own or another's.
    pub(super) fn hear(&mut self, packet: &[u8]) {
        match Packet::from_bytes(packet) {
            Ok(Packet::Offer(offer)) if self.offers.len() < MAX_REMEMBERED => {
                self.identities.insert(offer.identity);
                self.offers.insert(offer.digest::<S>(), offer);
            }
            Ok(Packet::Proposal(proposal))
                if self.proposals.len() < MAX_REMEMBERED && !self.proposals.contains(&proposal) =>
            {
                self.proposals.push(proposal);
            }
            _ => {}
        }
    }

    /// Finds the key of an own offer among what was drawn for it.
    pub(super) fn recognise(&mut self, offer: &Offer, draws: &mut Draws) {
        let key = draws
            .recall()
            .into_iter()
            .map(|seed| EphemeralKeyPair::<S>::from_seed(&Secret::new(seed)))
            .find(|key| key.public() == offer.ephemeral);
        if let Some(key) = key {
            self.own.insert(offer.digest::<S>(), key);
        }
    }

    /// The run of a hint, and the own key in it, of the member at this place.
    fn run(&self, hint: SidHint, me: u16) -> Option<(Sid, &EphemeralKeyPair<S>)> {
        self.proposals.iter().rev().find_map(|proposal| {
            let offers: Option<Vec<_>> = proposal
                .offers
                .iter()
                .map(|digest| self.offers.get(digest))
                .collect();
            let sid = proposal.sid::<S>(offers?.into_iter());
            let key = self.own.get(proposal.offers.get(usize::from(me))?)?;
            (SidHint::of(&sid) == hint).then_some((sid, key))
        })
    }

    /// Signs a contribution of its own as if its room had made it; `None` if the run is not known.
    pub(super) fn sign_contribution(
        &self,
        hint: SidHint,
        mut contribution: Contribution,
    ) -> Option<Contribution> {
        let (sid, key) = self.run(hint, contribution.sender.get())?;
        let body = Encoder::encoded(|out| {
            out.opaque(&contribution.body.agreement);
            out.opaque(&contribution.body.knowledge_share);
            contribution.body.inner_keys.encode(out);
        });
        let signed = TranscriptHash::<S>::new(label::CONTRIBUTION)
            .bytes(sid.as_bytes())
            .u16(contribution.sender.get())
            .bytes(&body)
            .finish();
        contribution.signature = key.sign(&signed);
        Some(contribution)
    }

    /// Signs a confirmation of its own as if its room had made it; `None` if the run is not known.
    pub(super) fn sign_confirmation(
        &self,
        hint: SidHint,
        mut confirmation: Confirmation,
    ) -> Option<Confirmation> {
        let (sid, key) = self.run(hint, confirmation.sender.get())?;
        let signed = TranscriptHash::<S>::new(label::CONFIRMATION)
            .bytes(sid.as_bytes())
            .u16(confirmation.sender.get())
            .bytes(confirmation.statement.contributions.as_bytes())
            .bytes(confirmation.statement.key_commitment.as_bytes())
            .bytes(&confirmation.sealed)
            .finish();
        let signature: SignatureBytes = key.sign(&signed);
        confirmation.signature = signature;
        Some(confirmation)
    }
}
