//! Who may be in a roster that follows an epoch, and who must. `docs/spec/06-epochs.md`, "Proposals".

use std::collections::BTreeSet;

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::{MemberIndex, Offer, OfferDigest};

use super::{Verdict, await_that, require};
use crate::error::Rejection;
use crate::room::situation::Situation;
use crate::wire::{Admitted, Proposal};

impl<S: CryptoSuite> Situation<'_, S> {
    /// No member in it is voted out, neither by its own proposal nor by that of a friend, and each that is left out may be:
    /// those that go on, by index.
    pub(super) fn check_members(&self, proposal: &Proposal) -> Result<Vec<MemberIndex>, Verdict> {
        let mut continuing = Vec::new();
        for member in self.epoch().indices() {
            let stated = self.offer_of(member);
            if stated.is_some_and(|offer| proposal.offers.contains(&offer)) {
                require(!self.is_member_excluded(member), Rejection::NotAdmitted)?;
                continuing.push(member);
            } else {
                let may_go = self.may_be_left_out(member)
                    || self.offers_no_keys(member)
                    || self.is_replaced(member, &proposal.offers);
                await_that(may_go)?;
            }
        }
        Ok(continuing)
    }

    /// The offers of a proposal that are those of newcomers, by their places.
    pub(super) fn places_of_newcomers(
        &self,
        proposal: &Proposal,
        offers: &[&Offer],
        continuing: &[MemberIndex],
    ) -> Vec<MemberIndex> {
        let stated: BTreeSet<OfferDigest> = continuing
            .iter()
            .filter_map(|member| self.offer_of(*member))
            .collect();
        let places = MemberIndex::all(offers.len());
        let listed = places.zip(proposal.offers.iter().zip(offers));
        let newcomers =
            listed.filter(|(_, (digest, offer))| !stated.contains(digest) && !self.is_guest(offer));
        newcomers.map(|(place, _)| place).collect()
    }

    /// Every other offer is one with which a newcomer has answered whom policy and application let in, or of a member of another
    /// room of which all come in: whether there are any of these.
    pub(super) fn check_newcomers(
        &self,
        proposal: &Proposal,
        offers: &[&Offer],
        continuing: &[MemberIndex],
    ) -> Result<bool, Verdict> {
        let stated: BTreeSet<OfferDigest> = continuing
            .iter()
            .filter_map(|member| self.offer_of(*member))
            .collect();
        let inside: BTreeSet<IdentityKey> = continuing
            .iter()
            .filter_map(|member| self.epoch().identity(*member))
            .collect();
        let listed = proposal.offers.iter().zip(offers);
        let others = listed.filter(|(digest, _)| !stated.contains(digest));
        let (guests, newcomers): (Vec<_>, Vec<_>) =
            others.partition(|(_, offer)| self.is_guest(offer));
        // Who goes over takes nobody along.
        let is_nobody = guests.is_empty() && newcomers.is_empty();
        require(proposal.host.is_none() || is_nobody, Rejection::NotAdmitted)?;
        let is_any_new = !newcomers.is_empty();
        for (digest, offer) in newcomers {
            let identity = offer.identity;
            let newcomer = Admitted {
                identity,
                offer: *digest,
            };
            if !inside.contains(&identity) && self.member.place_of(&identity).is_some() {
                // Of two instances one: the other is not there, and it has said so by its silence.
                require(self.may_replace(&newcomer), Rejection::NotAdmitted)?;
                await_that(self.is_replacement(&newcomer))?;
                continue;
            }
            let may_come = !inside.contains(&identity)
                && !self.is_shut_out(&identity)
                && !self.is_excluded(&identity)
                && self.votes.admission.admits(&identity);
            require(may_come, Rejection::NotAdmitted)?;
            await_that(self.may_be_listed(&newcomer))?;
        }
        // Members' own changes go first. Whether newcomers have failed a view is known to those who took part in that.
        await_that(!is_any_new || !self.wants_own_change())?;
        let guests: BTreeSet<_> = guests.into_iter().map(|(digest, _)| *digest).collect();
        await_that(guests.is_empty() || self.are_guests(&guests))?;
        Ok(!guests.is_empty())
    }

    /// Whether the offer that a member has stated for this view is one that nobody can list.
    fn offers_no_keys(&self, member: MemberIndex) -> bool {
        let Some(offer) = self.offer_of(member) else {
            return false;
        };
        let keys = self.offering.member(&offer, &self.me.known);
        self.offering.is_spent(&offer)
            || keys.is_some_and(|keys| keys.map_or(true, |member| member.decode_rest().is_err()))
    }
}
