//! Who proposes a first epoch, and when. `docs/spec/06-epochs.md`, "Proposals".
//!
//! Candidates are the offers at hand, by digest: all who have heard the same agree on whose turn it is. The first proposes
//! when nothing new was heard for a while, the next takes over when it does not, and so on.

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey, Secret, SignatureBytes};
use mpotr_gka::{
    AuthenticationId, CommitmentSum, EpochName, MemberIndex, OfferDigest, RosterError,
};

use super::Room;
use super::context::{Context, Me};
use super::lobby::Lobby;
use super::lobby::offering::Offering;
use super::votes::Votes;
use crate::policy::Policy;
use crate::time::{Duration, Timestamp, part};
use crate::timers::Timer;
use crate::wire::{Knock, KnockNonce, Packet, Proposal, SidHint};

/// Those who propose again after a view in vain do so at as many different moments within `propose`.
const SPREADS: u32 = 256;

/// What is proposed for a roster.
pub(super) struct Draft {
    pub(super) parent: Option<EpochName>,
    pub(super) view: u32,
    pub(super) host: Option<EpochName>,
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
        let own = self.own(draft.parent)?;
        let proposer = offers.iter().position(|digest| *digest == own.digest)?;
        let proposal = Proposal {
            suite: S::ID,
            room: me.config.room,
            parent: draft.parent,
            name: EpochName::new(*Secret::random(rng).expose()),
            view: draft.view,
            host: draft.host,
            policy: draft.policy,
            proposer: MemberIndex::of(proposer).get(),
            commitments: draft.commitments,
            offers,
            signature: SignatureBytes::new([0; 64]),
        };
        Some(proposal.sign(own.secrets.ephemeral()))
    }

    /// Whether a proposal, all of whose offers are at hand, is that of a run.
    pub(super) fn is_of_run(&self, proposal: &Proposal, run: SidHint) -> bool {
        self.run_of(proposal) == Some(run)
    }

    /// The run of a proposal, if all its offers are at hand.
    pub(super) fn run_of(&self, proposal: &Proposal) -> Option<SidHint> {
        let offers = proposal.offers.iter();
        let offers: Option<Vec<_>> = offers.map(|digest| self.offer(digest)).collect();
        let sid = proposal.sid::<S>(offers?.into_iter());
        Some(SidHint::of(&sid))
    }
}

impl<S: CryptoSuite> Lobby<S> {
    /// The roster that this member would propose or expects to be proposed, by digest.
    pub(super) fn expected_roster(
        &self,
        me: &Me<S>,
        now: Timestamp,
        votes: &Votes,
    ) -> Vec<OfferDigest> {
        let fresh = me.times().fresh();
        // Where the members or their number are asked for, nobody can be left out for silence.
        let all_wanted = self.expected.is_fixed();
        let takes = |identity: &IdentityKey, offer: &OfferDigest| {
            votes.takes(identity) && !self.offering.keeps_other_rules(offer)
        };
        let mut candidates = self.offering.candidates(now, fresh, all_wanted, takes);
        if candidates.len() < 2 {
            // Two who missed one another once would wait for ever.
            candidates = self.offering.candidates(now, fresh, true, takes);
        }
        self.expected.choose(candidates, |digest| {
            self.offering.offer(digest).map(|offer| offer.identity)
        })
    }

    /// Sets the time at which this member proposes a first epoch, if nobody does before.
    fn plan_proposal(&self, cx: &mut Context<'_, S>, votes: &Votes) {
        let roster = self.expected_roster(cx.me, cx.now, votes);
        let own = self.offering.own(None).map(|own| own.digest);
        let Some(rank) = roster.iter().position(|digest| Some(*digest) == own) else {
            return;
        };
        if self.turns.held.is_some() {
            return;
        }
        let times = cx.me.times();
        let is_any_missing = self.roll.is_any_missing(&self.offering);
        let is_known = self.expected.is_fixed();
        let mut gathered = self.turns.gathered(times, is_known, is_any_missing);
        if self.neighbours.names().next().is_some() {
            gathered = gathered.max(self.turns.hosts_until(times));
        }
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
            self.offering.spend(undecodable);
            return Err(RosterError::CommitmentSum);
        }
        CommitmentSum::of(method, members)
    }

    /// Bars the offer that keeps this member out of a run, since one of its keys does not decode.
    pub(super) fn bar_undecodable(&mut self, offers: &[OfferDigest], error: &RosterError) {
        if let RosterError::UndecodableKey { member } = error {
            self.offering.spend(offers.get(*member).copied());
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
        let waits = self.phase.gathers() && self.succession.current.is_none();
        if is_paced && waits {
            self.lobby.plan_proposal(cx, &self.votes);
        }
    }

    /// Says by a proposal which rules this member keeps, where another that is there keeps others, once with each own offer: who
    /// keeps those takes part in no run with that, and waits for none. It lists nobody who could take part.
    pub(super) fn tell_rules(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let lobby = &mut self.lobby;
        let own = lobby.offering.own(None).map(|own| own.digest);
        let is_told = own.is_none_or(|own| lobby.others.were_told_by(&own));
        if is_told {
            return;
        }
        let me = &self.common.me;
        let fresh = me.times().fresh();
        let offering = &lobby.offering;
        let differs = |_: &IdentityKey, offer: &OfferDigest| offering.keeps_other_rules(offer);
        let offers = offering.candidates(now, fresh, true, differs);
        if offers.len() < 2 {
            return;
        }
        let policy = &self.votes.policy;
        let sum = lobby.sum_of_commitments(me, policy.authentication, &offers);
        let Ok(commitments) = sum else {
            return;
        };
        let draft = Draft {
            parent: None,
            view: lobby.turns.views.next(None),
            host: None,
            policy: policy.clone(),
            commitments,
        };
        if let Some((proposal, own)) = lobby.offering.propose(me, draft, offers, rng).zip(own) {
            lobby.others.note_told(now, own);
            let out = &mut self.common.out;
            out.transmit_behind_offers(&Packet::Proposal(proposal));
        }
    }

    /// Enters: knocks, and says nothing that names this member before it has waited for an answer.
    pub(super) fn enter(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        self.knock(rng);
        let cx = &mut self.common.at(now);
        self.lobby.knocks_now(cx);
        Lobby::wait_for_answers(cx);
    }

    /// Publishes the own offers before their time, as far as they are published.
    pub(super) fn advertise_soon(&mut self, now: Timestamp) {
        if self.phase.gathers() {
            self.lobby.advertise_soon(&mut self.common.at(now));
        }
    }

    /// Says that this member is there, and no more.
    pub(super) fn knock(&mut self, rng: &mut dyn CryptoRng) {
        let mut nonce = [0; KnockNonce::LENGTH];
        rng.fill_bytes(&mut nonce);
        self.common.out.transmit(&Packet::Knock(Knock {
            room: self.common.me.config.room,
            nonce: KnockNonce::new(nonce),
        }));
    }
}
