//! Which proposals are taken part in: of a first epoch, or of a host's. `docs/spec/06-epochs.md`, "Proposals".

use std::collections::BTreeSet;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, Secret, SignatureBytes, VerifyingKey};
use mpotr_gka::{Member, Offer, OfferDigest, RosterError, Run};

use super::Room;
use super::attempt::Attempt;
use super::context::{Context, Me};
use super::lobby::Lobby;
use super::offering::{Offering, OwnOffer};
use crate::config::Admission;
use crate::error::Rejection;
use crate::event::Event;
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::{Handle, Proposal};

/// The most policies of others that the application is told of: strangers can make them up.
const MAX_TOLD_POLICIES: usize = 8;

impl<S: CryptoSuite> Lobby<S> {
    /// Others may count this member's offer as used in a run in which it takes no part, or know an older one only: a fresh
    /// one makes it a candidate again.
    fn note_stale(&mut self, rejection: &Rejection, proposal: &Proposal) {
        let listed = |own: &OwnOffer<S>| proposal.offers.contains(&own.digest);
        if *rejection == Rejection::StaleView && self.offering.own().is_some_and(listed) {
            self.turns.views.approach(proposal);
        }
    }

    /// Tells the application of another policy, each once, and of a few.
    fn tell_policy(&mut self, cx: &mut Context<'_, S>, proposal: &Proposal) {
        if self.told_policies.len() < MAX_TOLD_POLICIES
            && self.told_policies.insert(proposal.policy.clone())
        {
            let policy = proposal.policy.clone();
            cx.out.tell(Event::OtherPolicy { policy });
        }
    }

    /// Whether all offers that a proposal lists are at hand.
    fn has_all(&self, proposal: &Proposal) -> bool {
        let mut listed = proposal.offers.iter();
        listed.all(|digest| self.offering.offer(digest).is_some())
    }

    /// The offers that a proposal lists, if all are at hand and of admitted identities, and all who are expected are
    /// among them.
    fn listed(
        &self,
        me: &Me<S>,
        admission: &Admission,
        proposal: &Proposal,
    ) -> Result<Vec<&Offer>, Rejection> {
        let listed = proposal.offers.iter().map(|digest| {
            let offer = self.offering.offer(digest);
            let offer = offer.ok_or(Rejection::UnusableOffer)?;
            if offer.identity == me.public() || admission.admits(&offer.identity) {
                Ok(offer)
            } else {
                Err(Rejection::NotAdmitted)
            }
        });
        let listed: Vec<_> = listed.collect::<Result<_, _>>()?;
        let identities = listed.iter().map(|offer| offer.identity).collect();
        if self.expected.are_among(&identities) {
            Ok(listed)
        } else {
            Err(Rejection::NotAdmitted)
        }
    }
}

impl<S: CryptoSuite> Offering<S> {
    /// The members of a proposal all of whose offers are at hand.
    ///
    /// # Errors
    /// The first offer with a key that everybody needs and that does not decode.
    pub(super) fn members_of(
        &self,
        me: &Me<S>,
        proposal: &Proposal,
    ) -> Result<Vec<Member<S>>, OfferDigest> {
        let member = |digest: &OfferDigest| match self.member(digest, &me.known) {
            Some(Ok(member)) => Ok(member.clone()),
            Some(Err(_)) | None => Err(*digest),
        };
        proposal.offers.iter().map(member).collect()
    }
}

impl<S: CryptoSuite> Room<S> {
    /// Proposes the roster at hand, and takes part.
    pub(super) fn propose(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let (me, policy) = (&self.common.me, &self.votes.policy);
        let offers = self.lobby.expected_roster(me, now, &self.votes.admission);
        let method = policy.authentication;
        let Some(commitments) = self.lobby.sum_of_commitments(me, method, &offers) else {
            // Without the offers that do not decode, the roster is another, and so may be whose turn it is.
            self.plan_proposal(now);
            return;
        };
        let Some(own) = self.lobby.offering.own() else {
            return;
        };
        let Some(proposer) = offers.iter().position(|digest| *digest == own.digest) else {
            return;
        };
        let proposal = Proposal {
            suite: S::ID,
            room: me.config.room,
            parent: Handle::NONE,
            handle: Handle::new(*Secret::random(rng).expose()),
            view: self.lobby.turns.views.next(&Handle::NONE),
            policy: policy.clone(),
            proposer: mpotr_gka::wire_index(proposer),
            commitments,
            offers,
            signature: SignatureBytes::new([0; 64]),
        }
        .sign(own.secrets.ephemeral());
        // A roster that this member put together itself is one that it accepts, unless two of its keys are equal: then it
        // tries again later, with what is at hand by then.
        if self.accept(now, proposal, rng).is_err() {
            let later = now.after(self.common.me.times().propose);
            self.common.timers.set(Timer::Propose, later);
        }
    }

    pub(super) fn handle_proposal(
        &mut self,
        now: Timestamp,
        proposal: Proposal,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        self.check_terms(&proposal)
            .inspect_err(|rejection| self.note_refused(now, rejection, &proposal))?;
        if self.lobby.has_all(&proposal) {
            return self.accept(now, proposal, rng);
        }
        let offering = &self.lobby.offering;
        let maker = proposal.offers.get(usize::from(proposal.proposer));
        let maker = maker.and_then(|digest| offering.offer(digest));
        if let Some(maker) = maker {
            // Where it can be told, nothing is asked for and no place is taken in another's name.
            let key = VerifyingKey::decode(&maker.ephemeral);
            if !proposal.is_authentic::<S>(key.as_ref()) {
                return Err(Rejection::NotAuthentic);
            }
        }
        let missing: BTreeSet<_> = proposal
            .offers
            .iter()
            .filter(|digest| offering.offer(digest).is_none())
            .copied()
            .collect();
        // The terms fit, so its maker knows this member's offer: worth asking for the others.
        self.lobby.turns.keep(proposal)?;
        let missing: Vec<_> = missing.into_iter().collect();
        Lobby::request(&mut self.common.at(now), &missing);
        Ok(())
    }

    fn note_refused(&mut self, now: Timestamp, rejection: &Rejection, proposal: &Proposal) {
        if *rejection == Rejection::OtherPolicy && proposal.suite == S::ID {
            let cx = &mut self.common.at(now);
            self.lobby.tell_policy(cx, proposal);
        }
        self.lobby.note_stale(rejection, proposal);
        let waits = !self.phase.is_member() && self.succession.current.is_none();
        if waits && matches!(rejection, Rejection::StaleView | Rejection::NotListed) {
            self.lobby.offering.discard();
            self.advertise_soon(now);
        }
    }

    /// Looks again at the proposals that waited for offers.
    pub(super) fn consider_pending(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        for proposal in std::mem::take(&mut self.lobby.turns.pending) {
            if self.check_terms(&proposal).is_err() {
                continue;
            }
            if self.lobby.has_all(&proposal) {
                // A proposal that is refused now is not one that becomes acceptable.
                let _refused = self.accept(now, proposal, rng);
            } else {
                self.lobby.turns.pending.push(proposal);
            }
        }
    }

    /// Whether this member would take part on these terms, as far as the proposal alone tells. Numbers are those of "Proposals".
    fn check_terms(&self, proposal: &Proposal) -> Result<(), Rejection> {
        self.check_room_and_policy(proposal)?; // 1
        self.check_view(proposal)?; // 2
        self.check_offers(proposal) // 3, and of 1 what its own offer answers to
    }

    /// Room, suite and policy are this member's own, it follows the parent, and the number of members is the one it asked for.
    fn check_room_and_policy(&self, proposal: &Proposal) -> Result<(), Rejection> {
        let config = &self.common.me.config;
        if proposal.room != config.room {
            return Err(Rejection::OtherRoom);
        }
        // A member of an epoch follows no other, but that of its host.
        if self.phase.is_member() && self.lobby.hosts.chosen() != Some(proposal.parent) {
            return Err(Rejection::UnknownEpoch);
        }
        let is_first = proposal.parent == Handle::NONE;
        let follows = config.follow_policy && !is_first;
        if proposal.suite != S::ID || (proposal.policy != self.votes.policy && !follows) {
            return Err(Rejection::OtherPolicy);
        }
        if self.lobby.expected.allows(proposal.offers.len(), is_first) {
            Ok(())
        } else {
            Err(Rejection::NotAdmitted)
        }
    }

    /// The view is above every one in which this member took part, and in a first epoch not too far above.
    fn check_view(&self, proposal: &Proposal) -> Result<(), Rejection> {
        let views = &self.lobby.turns.views;
        let is_first = proposal.parent == Handle::NONE;
        let is_too_far = is_first && proposal.view > views.furthest(proposal);
        if proposal.view < views.next(&proposal.parent) || is_too_far {
            return Err(Rejection::StaleView);
        }
        Ok(())
    }

    /// No offer is known to be used or at fault, and this member's own unused one is listed.
    fn check_offers(&self, proposal: &Proposal) -> Result<(), Rejection> {
        let offering = &self.lobby.offering;
        let running = self.succession.current.as_ref();
        let is_spent =
            |digest| offering.is_spent(digest) || running.is_some_and(|run| run.has_used(digest));
        if proposal.offers.iter().any(is_spent) {
            return Err(Rejection::UnusableOffer);
        }
        let own = offering.own().ok_or(Rejection::NotListed)?;
        if own.member.offer().beacon.as_bytes() != proposal.parent.as_bytes() {
            return Err(Rejection::UnknownEpoch);
        }
        if proposal.offers.contains(&own.digest) {
            Ok(())
        } else {
            Err(Rejection::NotListed)
        }
    }

    /// Takes part in a proposal whose offers are all at hand.
    pub(super) fn accept(
        &mut self,
        now: Timestamp,
        proposal: Proposal,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        self.check_terms(&proposal)?;
        let me = &self.common.me;
        let lobby = &mut self.lobby;
        let offers = lobby.listed(me, &self.votes.admission, &proposal)?;
        let proposer = offers.get(usize::from(proposal.proposer));
        let key = proposer.and_then(|offer| VerifyingKey::decode(&offer.ephemeral));
        if !proposal.is_authentic::<S>(key.as_ref()) {
            return Err(Rejection::NotAuthentic);
        }
        let own = lobby.offering.own().ok_or(Rejection::NotListed)?.digest;
        let place = proposal.offers.iter().position(|digest| *digest == own);
        let sid = proposal.sid::<S>(offers.into_iter());
        // Not before the proposal is known to be one: whoever makes others decode has an offer here, which that costs.
        let members = match lobby.offering.members_of(me, &proposal) {
            Ok(members) => members,
            Err(undecodable) => {
                lobby.offering.bar([undecodable]);
                return Err(Rejection::UnusableOffer);
            }
        };
        let place = place.ok_or(Rejection::NotListed)?;
        let run = match Run::new(proposal.terms(sid), members, place) {
            Ok(run) => run,
            Err(error) => {
                lobby.bar_undecodable(&proposal.offers, &error);
                if matches!(error, RosterError::UndecodableKey { .. }) {
                    // Those who do not need the key take part: this member waits until they have given up.
                    let turns = &mut lobby.turns;
                    turns.leave_view(now, &proposal);
                    let length = turns.views.length(me.times().view);
                    turns.keep_out(now.after(length));
                    self.plan_proposal(now);
                }
                return Err(error.into());
            }
        };
        let own = lobby.offering.consume().ok_or(Rejection::NotListed)?;
        lobby.turns.leave_view(now, &proposal);
        self.common.timers.stop(Timer::Propose);
        let identity = &*self.common.me.identity;
        let attempt = Attempt::start(proposal, run, identity, own.secrets, rng);
        self.begin(now, attempt, rng);
        Ok(())
    }
}
