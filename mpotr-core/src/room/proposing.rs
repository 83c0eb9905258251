//! Who proposes a first epoch, and when. `docs/spec/06-epochs.md`, "Proposals".
//!
//! Candidates are the offers at hand, by digest: all who have heard the same agree on whose turn it is. The first proposes
//! when nothing new was heard for a while, the next takes over when it does not, and so on.

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey, Secret, SignatureBytes};
use mpotr_gka::{AuthenticationId, CommitmentSum, EpochName, OfferDigest, RosterError, wire_index};

use super::Room;
use super::context::{Context, Me};
use super::lobby::Lobby;
use super::lobby::offering::{Offering, OwnOffer};
use crate::config::Admission;
use crate::policy::Policy;
use crate::time::{Duration, Timestamp, part};
use crate::timers::Timer;
use crate::wire::Proposal;

/// Those who propose again after a view in vain do so at as many different moments within `propose`.
const SPREADS: u32 = 256;

/// What is proposed for a roster.
pub(super) struct Draft {
    pub(super) parent: Option<EpochName>,
    pub(super) view: u32,
    pub(super) policy: Policy,
    /// Of the roster.
    pub(super) commitments: Option<CommitmentSum>,
}

impl<S: CryptoSuite> Offering<S> {
    /// This member's proposal of a roster that it is in.
    pub(super) fn propose(
        &self,
        me: &Me<S>,
        draft: Draft,
        offers: Vec<OfferDigest>,
        rng: &mut dyn CryptoRng,
    ) -> Option<Proposal> {
        let own = self.own()?;
        let proposer = offers.iter().position(|digest| *digest == own.digest)?;
        let proposal = Proposal {
            suite: S::ID,
            room: me.config.room,
            parent: draft.parent,
            name: EpochName::new(*Secret::random(rng).expose()),
            view: draft.view,
            policy: draft.policy,
            proposer: wire_index(proposer),
            commitments: draft.commitments,
            offers,
            signature: SignatureBytes::new([0; 64]),
        };
        Some(proposal.sign(own.secrets.ephemeral()))
    }
}

impl<S: CryptoSuite> Lobby<S> {
    /// The roster that this member would propose or expects to be proposed, by digest.
    pub(super) fn expected_roster(
        &self,
        me: &Me<S>,
        now: Timestamp,
        admission: &Admission,
    ) -> Vec<OfferDigest> {
        let is_first = |own: &OwnOffer<S>| own.member.offer().parent.is_none();
        if !self.offering.own().is_some_and(is_first) {
            // This member waits to be let into an epoch that exists.
            return Vec::new();
        }
        let fresh = me.times().fresh();
        // Where the members or their number are asked for, nobody can be left out for silence.
        let all_wanted = self.expected.is_fixed();
        let mut candidates = self.offering.candidates(now, fresh, |identity| {
            admission.admits(identity) && (all_wanted || !self.offering.was_silent(identity))
        });
        if candidates.len() < 2 {
            // Two who missed one another once would wait for ever.
            let admits = |identity: &IdentityKey| admission.admits(identity);
            candidates = self.offering.candidates(now, fresh, admits);
        }
        self.expected.choose(candidates, |digest| {
            self.offering.offer(digest).map(|offer| offer.identity)
        })
    }

    /// Sets the time at which this member proposes a first epoch, if nobody does before.
    fn plan_proposal(&self, cx: &mut Context<'_, S>, admission: &Admission) {
        let roster = self.expected_roster(cx.me, cx.now, admission);
        let own = self.offering.own().map(|own| own.digest);
        let Some(rank) = roster.iter().position(|digest| Some(*digest) == own) else {
            return;
        };
        if self.turns.held.is_some() {
            return;
        }
        let times = cx.me.times();
        let is_any_missing = self.roll.is_any_missing(&self.offering);
        let is_known = self.expected.is_fixed();
        let gathered = self.turns.gathered(times, is_known, is_any_missing);
        let turns = u32::try_from(rank).unwrap_or(u32::MAX);
        let mut wait: Duration = times.propose.saturating_mul(turns);
        if self.turns.views.next(None) > 0 {
            // Two who proposed at once must not do so again: each waits for as long as its own fresh offer has it.
            let spread = own
                .and_then(|own| own.as_bytes().last().copied())
                .unwrap_or(0);
            wait = wait.saturating_add(part(times.propose, SPREADS).saturating_mul(spread.into()));
        }
        let turn = gathered.after(wait).max(cx.now);
        cx.timers.set(Timer::Propose, turn);
    }

    /// The sum of the commitments of a roster, as this member states it when it proposes. It decodes every key of every
    /// offer for that.
    ///
    /// # Errors
    /// Keys do not decode, and the offers that they stand in are barred; or an offer is not at hand.
    pub(super) fn sum_of_commitments(
        &mut self,
        me: &Me<S>,
        method: AuthenticationId,
        offers: &[OfferDigest],
    ) -> Result<Option<CommitmentSum>, RosterError> {
        let mut members = Vec::with_capacity(offers.len());
        let mut undecodable = Vec::new();
        for digest in offers {
            match self.offering.member(digest, &me.known) {
                Some(Ok(member)) if member.decode_rest().is_ok() => members.push(member),
                Some(_) => undecodable.push(*digest),
                None => {}
            }
        }
        if members.len() != offers.len() {
            self.offering.bar(undecodable);
            return Err(RosterError::CommitmentSum);
        }
        CommitmentSum::of(method, members)
    }

    /// Bars the offer that keeps this member out of a run, since one of its keys does not decode.
    pub(super) fn bar_undecodable(&mut self, offers: &[OfferDigest], error: &RosterError) {
        if let RosterError::UndecodableKey { member } = error {
            self.offering.bar(offers.get(*member).copied());
        }
    }
}

impl<S: CryptoSuite> Room<S> {
    /// Sets the time at which this member proposes, if nobody does before.
    pub(super) fn plan_proposal(&mut self, now: Timestamp) {
        let cx = &mut self.common.at(now);
        cx.timers.stop(Timer::Plan);
        cx.timers.stop(Timer::Propose);
        // How long to wait for the turn of another is not known before an answer has come.
        let is_paced = cx.pulse.round_trip().is_some();
        if is_paced && !self.phase.is_member() && self.succession.current.is_none() {
            self.lobby.plan_proposal(cx, &self.votes.admission);
        }
    }

    /// Publishes the own offer, as long as this member is in no epoch, or has a host. In a change the own offer is the one that
    /// was stated inside the epoch: nothing replaces it.
    pub(super) fn advertise(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let own = self.phase.member().map(|member| member.name);
        if own.is_some() && (self.lobby.hosts.chosen().is_none() || self.phase.change().is_some()) {
            return;
        }
        let is_busy = own.is_some() || self.succession.current.is_some();
        self.lobby
            .advertise(&mut self.common.at(now), own, is_busy, rng);
        self.plan_proposal(now);
    }

    /// Publishes the own offer before its time, as far as it is published.
    pub(super) fn advertise_soon(&mut self, now: Timestamp) {
        if !self.phase.is_member() || self.lobby.hosts.chosen().is_some() {
            self.lobby.advertise_soon(&mut self.common.at(now));
        }
    }
}
