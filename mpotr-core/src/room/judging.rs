//! Whether a member takes part in the proposal of a change. `docs/spec/06-epochs.md`, "Changes".
//!
//! One check after the other, in the order in which they are listed in [`Situation::judge`]. None of them changes anything,
//! and nothing is sent before the last one has passed.

use std::collections::BTreeSet;

use mpotr_crypto::{CryptoSuite, IdentityKey, VerifyingKey};
use mpotr_gka::{Offer, OfferDigest, RosterError, Run, Sid};

use super::situation::Situation;
use crate::wire::{Proposal, Wish};

/// Why a proposal is not taken part in.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Not yet: what it rests on has not been heard.
    Wait,
    /// Never.
    Refuse,
    /// Never: this offer has a key that does not decode.
    Bar(OfferDigest),
    /// Never: no honest member takes part in this roster.
    Roster(RosterError),
}

/// Refuses unless a condition holds.
fn require(holds: bool) -> Result<(), Verdict> {
    holds.then_some(()).ok_or(Verdict::Refuse)
}

/// Waits unless a condition holds.
fn await_that(holds: bool) -> Result<(), Verdict> {
    holds.then_some(()).ok_or(Verdict::Wait)
}

impl<S: CryptoSuite> Situation<'_, S> {
    /// Whether this member takes part in a proposal: the run, and those of the old roster among its members. All of this is
    /// number 3 of "Changes", but for the last check, which is number 7 of "Proposals".
    pub(super) fn judge(&self, proposal: &Proposal) -> Result<(Run<S>, Vec<usize>), Verdict> {
        require(proposal.suite == S::ID)?;
        await_that(self.is_policy_agreed(&proposal.policy))?;
        let me = self.check_own_offer(proposal)?;
        let offers = self.check_offers_at_hand(proposal)?;
        let roster = offers.iter().map(|offer| offer.identity).collect();
        require(self.may_have(&proposal.policy, &roster))?;
        let sid = self.check_stated(proposal, &offers)?;
        let continuing = self.check_members(proposal)?;
        self.check_newcomers(proposal, &offers, &continuing)?;
        let members = self.offering.members_of(self.me, proposal);
        let members = members.map_err(Verdict::Bar)?;
        let run = Run::new(proposal.terms(sid), members, me).map_err(Verdict::Roster)?;
        Ok((run, continuing))
    }

    /// No offer is used or was at fault, and this member's own is listed: its place.
    fn check_own_offer(&self, proposal: &Proposal) -> Result<usize, Verdict> {
        let mut listed = proposal.offers.iter();
        require(!listed.any(|digest| self.offering.is_spent(digest)))?;
        let own = self.offering.own().ok_or(Verdict::Refuse)?.digest;
        let mut listed = proposal.offers.iter();
        let place = listed.position(|digest| *digest == own);
        place.ok_or(Verdict::Refuse)
    }

    /// All offers are at hand.
    fn check_offers_at_hand(&self, proposal: &Proposal) -> Result<Vec<&Offer>, Verdict> {
        let listed = proposal.offers.iter();
        let offers: Option<Vec<_>> = listed.map(|digest| self.offering.offer(digest)).collect();
        offers.ok_or(Verdict::Wait)
    }

    /// It is the one that its proposer has stated, signed with the offer that it has stated.
    fn check_stated(&self, proposal: &Proposal, offers: &[&Offer]) -> Result<Sid, Verdict> {
        let proposer = self.proposer_of(proposal.view).ok_or(Verdict::Wait)?;
        let sid = proposal.sid::<S>(offers.iter().copied());
        let said = self.epoch().next_of(proposer).ok_or(Verdict::Wait)?;
        await_that(said.proposed == Some(sid))?;
        let place = usize::from(proposal.proposer);
        let maker = offers.get(place);
        let key = maker.and_then(|offer| VerifyingKey::decode(&offer.ephemeral));
        let is_own = self.offer_of(proposer) == proposal.offers.get(place).copied();
        require(is_own && proposal.is_authentic::<S>(key.as_ref()))?;
        Ok(sid)
    }

    /// No member in it is voted out, neither by its own proposal nor by that of a friend, and each that is left out may be:
    /// those that go on, by index.
    fn check_members(&self, proposal: &Proposal) -> Result<Vec<usize>, Verdict> {
        let mut continuing = Vec::new();
        for member in 0..self.epoch().members() {
            let stated = self.offer_of(member);
            if stated.is_some_and(|offer| proposal.offers.contains(&offer)) {
                require(!self.is_member_excluded(member))?;
                continuing.push(member);
            } else {
                await_that(self.may_be_left_out(member) || self.offers_no_keys(member))?;
            }
        }
        Ok(continuing)
    }

    /// Every other offer is that of a newcomer whom policy and application let in.
    fn check_newcomers(
        &self,
        proposal: &Proposal,
        offers: &[&Offer],
        continuing: &[usize],
    ) -> Result<(), Verdict> {
        let stated: BTreeSet<OfferDigest> = continuing
            .iter()
            .filter_map(|member| self.offer_of(*member))
            .collect();
        let inside: BTreeSet<IdentityKey> = continuing
            .iter()
            .filter_map(|member| self.epoch().identity(*member))
            .collect();
        let listed = proposal.offers.iter().zip(offers);
        for (_, offer) in listed.filter(|(digest, _)| !stated.contains(digest)) {
            let identity = offer.identity;
            require(!inside.contains(&identity) && !self.is_shut_out(&identity))?;
            require(self.votes.admission.admits(&identity))?;
            let rule = &self.votes.policy.admit;
            await_that(self.has_votes(&Wish::Admit(identity), rule))?;
        }
        Ok(())
    }

    /// Whether the offer that a member has stated for this view is one that nobody can list.
    fn offers_no_keys(&self, member: usize) -> bool {
        let Some(offer) = self.offer_of(member) else {
            return false;
        };
        let keys = self.offering.member(&offer, &self.me.known);
        self.offering.is_spent(&offer)
            || keys.is_some_and(|keys| keys.map_or(true, |member| member.decode_rest().is_err()))
    }
}
