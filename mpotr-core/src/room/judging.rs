//! Whether a member takes part in a proposal: one road to a first epoch, to the one that follows, and to that of a host.
//! `docs/spec/06-epochs.md`, "Proposals" and "Changes".
//!
//! One check after the other, in the order of the spec. None of them changes anything, and nothing is sent before the last has
//! passed. What differs between the three is answered by the [`Parent`]: which terms are known, who may be listed, and what must
//! have been said.

mod roster;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::{CryptoSuite, IdentityKey, VerifyingKey};
use mpotr_gka::{MemberIndex, Offer, OfferDigest, RosterError, Run, Sid};

use super::context::Me;
use super::lobby::Lobby;
use super::situation::Situation;
use super::succession::attempt::Attempt;
use super::votes::Votes;
use crate::error::Rejection;
use crate::time::Timestamp;
use crate::wire::{Admitted, EpochName, Proposal, SidHint};

/// Why a proposal is not taken part in.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Not yet: what it rests on has not been heard.
    Wait,
    /// Not before the application admits these, with whom it lists this member.
    Ask(BTreeSet<IdentityKey>),
    /// Never.
    Refuse(Rejection),
    /// Never: this offer has a key that does not decode.
    Bar(OfferDigest),
    /// Never: no honest member takes part in this roster.
    Roster(RosterError),
}

/// A run that a member takes part in.
pub(super) struct Part<S: CryptoSuite> {
    pub(super) run: Run<S>,
    /// What the own offer in it follows.
    pub(super) offered: Option<EpochName>,
    /// Members of the epoch that ends, by index, who go on; `None` where this member has no part in that.
    pub(super) continuing: Option<Vec<MemberIndex>>,
    /// Whether the members of another room come in.
    pub(super) has_guests: bool,
    /// Those in a change who come in, by their place in the roster.
    pub(super) joining: Vec<MemberIndex>,
    /// The other members that have said that they were there, by that place.
    pub(super) named_by: BTreeMap<MemberIndex, BTreeSet<IdentityKey>>,
}

impl<S: CryptoSuite> Part<S> {
    /// What packets of the run carry.
    pub(super) fn hint(&self) -> SidHint {
        SidHint::of(&self.run.sid())
    }
}

/// What a proposal follows.
pub(super) enum Parent<'a, S: CryptoSuite> {
    /// Nothing: a first epoch.
    None,
    /// The epoch that this member is in.
    Epoch(Situation<'a, S>),
    /// The epoch into which this member's own goes over.
    Move(Situation<'a, S>),
    /// An epoch of others, who let this member in, or one that it knows nothing of.
    Host {
        /// Whether this member makes offers to it, or is in no epoch that it would have to leave.
        is_followed: bool,
    },
}

/// Refuses unless a condition holds.
pub(super) fn require(holds: bool, rejection: Rejection) -> Result<(), Verdict> {
    holds.then_some(()).ok_or(Verdict::Refuse(rejection))
}

/// Waits unless a condition holds.
pub(super) fn await_that(holds: bool) -> Result<(), Verdict> {
    holds.then_some(()).ok_or(Verdict::Wait)
}

/// What a proposal is judged by.
pub(super) struct Judge<'a, S: CryptoSuite> {
    pub(super) now: Timestamp,
    pub(super) parent: Parent<'a, S>,
    pub(super) me: &'a Me<S>,
    pub(super) lobby: &'a Lobby<S>,
    pub(super) votes: &'a Votes,
    /// The run under way.
    pub(super) running: Option<&'a Attempt<S>>,
}

impl<S: CryptoSuite> Judge<'_, S> {
    /// Whether this member takes part. Numbers are those of "Proposals"; what a change asks for at 1, 4 and 5 is number 3 of
    /// "Changes".
    pub(super) fn judge(&self, proposal: &Proposal) -> Result<Part<S>, Verdict> {
        self.check_terms(proposal)?; // 1
        self.check_view(proposal)?; // 2
        let place = self.check_own_offer(proposal)?; // 3, and of 1 what it answers to
        self.await_stall()?; // 2, of one that may wait for it
        let offers = self.find_offers(proposal)?; // 4
        let sid = proposal.sid::<S>(offers.iter().copied());
        self.check_stated(proposal, &offers, sid)?; // 4, of a change
        let (continuing, has_guests) = self.check_roster(proposal, &offers)?; // 5
        check_signature::<S>(proposal, &offers)?; // 6
        self.check_unused(proposal)?; // 3, of the run under way
        let members = self.lobby.offering.members_of(self.me, proposal);
        let members = members.map_err(Verdict::Bar)?;
        let run = Run::new(proposal.terms(sid), members, place); // 7
        let run = run.map_err(Verdict::Roster)?;
        let joining = match (&self.parent, &continuing) {
            (Parent::Epoch(situation), Some(continuing)) => {
                situation.places_of_newcomers(proposal, &offers, continuing)
            }
            _ => Vec::new(),
        };
        let named_by = joining.iter().filter_map(|place| {
            let (Parent::Epoch(situation), Some(offer)) = (&self.parent, offers.get(place.place()))
            else {
                return None;
            };
            let newcomer = Admitted {
                identity: offer.identity,
                offer: *proposal.offers.get(place.place())?,
            };
            Some((*place, situation.named_by(&newcomer).collect()))
        });
        let named_by = named_by.collect();
        Ok(Part {
            run,
            offered: self.offered(proposal),
            continuing,
            has_guests,
            joining,
            named_by,
        })
    }

    /// What this member's offer for a run follows.
    fn offered(&self, proposal: &Proposal) -> Option<EpochName> {
        match self.parent {
            Parent::Move(_) => proposal.parent.map(EpochName::of_guests::<S>),
            Parent::None | Parent::Epoch(_) | Parent::Host { .. } => proposal.parent,
        }
    }

    /// Room and suite are this member's own, and so is the policy, unless it follows any or the members have agreed on another;
    /// it follows the parent; and a first epoch has as many members as were asked for.
    fn check_terms(&self, proposal: &Proposal) -> Result<(), Verdict> {
        let config = &self.me.config;
        require(proposal.room == config.room, Rejection::OtherRoom)?;
        let is_own_policy = proposal.policy == self.votes.policy;
        let is_of_change = matches!(self.parent, Parent::Epoch(_));
        let may_go_over = is_of_change || proposal.host.is_none();
        require(may_go_over, Rejection::UnknownEpoch)?;
        let (is_followed, fits, is_first) = match &self.parent {
            Parent::None => (true, is_own_policy, true),
            Parent::Move(_) => (true, is_own_policy || config.follow_policy, false),
            Parent::Host { is_followed } => {
                (*is_followed, is_own_policy || config.follow_policy, false)
            }
            Parent::Epoch(_) => (true, true, false),
        };
        // Who makes epochs up does not end a run of those who have none, nor these one of an epoch. That of an epoch gives
        // way to the epoch that has followed it.
        let is_elsewhere = |run: &Attempt<S>| match (run.proposal.parent, proposal.parent) {
            (Some(_), None) => true,
            (None, Some(_)) => !matches!(self.parent, Parent::Host { .. }),
            (None, None) | (Some(_), Some(_)) => false,
        };
        let is_busy = self.running.is_some_and(is_elsewhere);
        require(is_followed && !is_busy, Rejection::UnknownEpoch)?;
        require(proposal.suite == S::ID && fits, Rejection::OtherPolicy)?;
        if let Parent::Epoch(situation) = &self.parent {
            let host = proposal.host;
            let is_agreed = host.is_none_or(|host| situation.can_go_over(host));
            return await_that(is_agreed && situation.is_policy_agreed(&proposal.policy));
        }
        let members = proposal.offers.len();
        let fits = self.lobby.expected.allows(members, is_first);
        require(fits, Rejection::NotAdmitted)
    }

    /// The view is that of the change; in a first epoch above every one in which this member took part, and not too far above;
    /// where its own epoch goes over, above every one in which it has confirmed. Of an epoch that it does not know it is any: the
    /// unused offer tells the runs apart. Who has confirmed one waits for the end of that.
    fn check_view(&self, proposal: &Proposal) -> Result<(), Verdict> {
        let views = &self.lobby.turns.views;
        let is_above = proposal.view >= views.next(proposal.parent);
        let fits = match &self.parent {
            Parent::None => {
                let yields = self.running.is_some_and(|run| run.yields_to(proposal));
                (is_above || yields) && proposal.view <= views.furthest(proposal)
            }
            Parent::Host { .. } => !self.running.is_some_and(|run| {
                let is_later =
                    run.proposal.parent == proposal.parent && proposal.view > run.proposal.view;
                run.proposal.parent.is_some() && run.has_confirmed() && !is_later
            }),
            Parent::Move(_) => is_above,
            Parent::Epoch(situation) => {
                let changing = &situation.member.changing;
                let is_entered =
                    situation.change().map(|change| change.view) == Some(proposal.view);
                is_entered && !changing.has_contributed_from(proposal.view)
            }
        };
        require(fits, Rejection::StaleView)
    }

    /// A run of an epoch of others takes the place of one of a first epoch, or of one that this member has confirmed, when that
    /// stalls: who is in it may do nothing there for ever.
    fn await_stall(&self) -> Result<(), Verdict> {
        let round_trip = self.me.times().round_trip;
        let is_of_host = matches!(self.parent, Parent::Host { .. });
        let running = self.running.filter(|_| is_of_host);
        let held = running.filter(|run| run.proposal.parent.is_none() || run.has_confirmed());
        await_that(held.is_none_or(|run| self.now >= run.stalls_from(round_trip)))
    }

    /// No offer is known to be used or at fault, and this member's own unused one for this parent is listed: its place.
    fn check_own_offer(&self, proposal: &Proposal) -> Result<usize, Verdict> {
        let offering = &self.lobby.offering;
        let mut listed = proposal.offers.iter();
        let is_of_no_use = |digest| offering.is_spent(digest) || offering.keeps_other_rules(digest);
        require(!listed.any(is_of_no_use), Rejection::UnusableOffer)?;
        let not_listed = || Verdict::Refuse(Rejection::NotListed);
        let own = offering
            .own(self.offered(proposal))
            .ok_or_else(not_listed)?;
        let mut listed = proposal.offers.iter();
        let place = listed.position(|digest| *digest == own.digest);
        place.ok_or_else(not_listed)
    }

    /// Nobody has contributed with one of the offers to the run under way. What that rests on are signatures, each of which is
    /// looked at once: so this comes late.
    fn check_unused(&self, proposal: &Proposal) -> Result<(), Verdict> {
        let has_used = |digest| self.running.is_some_and(|run| run.has_used(digest));
        let is_any_used = proposal.offers.iter().any(has_used);
        require(!is_any_used, Rejection::UnusableOffer)
    }

    /// All offers are at hand.
    fn find_offers(&self, proposal: &Proposal) -> Result<Vec<&Offer>, Verdict> {
        let offering = &self.lobby.offering;
        let listed = proposal.offers.iter();
        let offers: Option<Vec<_>> = listed.map(|digest| offering.offer(digest)).collect();
        offers.ok_or(Verdict::Wait)
    }

    /// In a change, it is the one that its proposer has stated, made with the offer that it has stated.
    fn check_stated(
        &self,
        proposal: &Proposal,
        offers: &[&Offer],
        sid: Sid,
    ) -> Result<(), Verdict> {
        let Parent::Epoch(situation) = &self.parent else {
            return Ok(());
        };
        let roster = offers.iter().map(|offer| offer.identity).collect();
        let may_have = situation.may_have(&proposal.policy, &roster);
        require(may_have, Rejection::OtherPolicy)?;
        let proposer = situation.proposer_of(proposal.view).ok_or(Verdict::Wait)?;
        let said = situation.epoch().next_of(proposer).ok_or(Verdict::Wait)?;
        await_that(said.proposed == Some(sid))?;
        let maker = proposal.offers.get(usize::from(proposal.proposer)).copied();
        let is_stated = situation.offer_of(proposer) == maker;
        require(is_stated, Rejection::NotAuthentic)
    }

    /// Every identity is one that may be listed, and every one that must be is.
    fn check_roster(
        &self,
        proposal: &Proposal,
        offers: &[&Offer],
    ) -> Result<(Option<Vec<MemberIndex>>, bool), Verdict> {
        if let Parent::Epoch(situation) = &self.parent {
            let continuing = situation.check_members(proposal)?;
            let has_guests = situation.check_newcomers(proposal, offers, &continuing)?;
            return Ok((Some(continuing), has_guests));
        }
        if let Parent::Move(situation) = &self.parent {
            // All of this epoch, or none.
            await_that(situation.lists_all(proposal))?;
            let unknown = situation.unknown_hosts(offers);
            if !unknown.is_empty() {
                return Err(Verdict::Ask(unknown));
            }
            require(situation.takes_hosts(offers), Rejection::NotAdmitted)?;
            let all = situation.epoch().indices();
            return Ok((Some(all.collect()), false));
        }
        let me = self.me.public();
        let is_first = matches!(self.parent, Parent::None);
        let admits = |offer: &&Offer| {
            let identity = &offer.identity;
            *identity == me
                || (is_first && self.votes.takes(identity))
                || (!is_first && self.votes.admission.admits(identity))
        };
        let identities: BTreeSet<_> = offers.iter().map(|offer| offer.identity).collect();
        require(
            self.lobby.expected.are_among(&identities),
            Rejection::NotAdmitted,
        )?;
        let is_unknown =
            |identity: &IdentityKey| *identity != me && !self.votes.admission.admits(identity);
        let unknown: BTreeSet<_> = identities.into_iter().filter(is_unknown).collect();
        if !unknown.is_empty() {
            return Err(Verdict::Ask(unknown));
        }
        require(offers.iter().all(admits), Rejection::NotAdmitted)?;
        Ok((None, false))
    }
}

/// The proposer's signature verifies.
fn check_signature<S: CryptoSuite>(proposal: &Proposal, offers: &[&Offer]) -> Result<(), Verdict> {
    let maker = offers.get(usize::from(proposal.proposer));
    let key = maker.and_then(|offer| VerifyingKey::decode(&offer.ephemeral));
    let is_authentic = proposal.is_authentic::<S>(key.as_ref());
    require(is_authentic, Rejection::NotAuthentic)
}
