//! What comes of a proposal: to take part, to wait, or to refuse. `docs/spec/06-epochs.md`, "Proposals" and "Changes".

mod refusing;

use std::sync::Arc;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, VerifyingKey};
use mpotr_gka::{OfferDigest, RunMember};

use super::Room;
use super::context::Me;
use super::judging::{Judge, Parent, Part, Verdict};
use super::lobby::Lobby;
use super::lobby::offering::Offering;
use super::lobby::turns::Held;
use super::proposing::Draft;
use super::succession::attempt::Attempt;
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::{Packet, Proposal};

impl<S: CryptoSuite> Lobby<S> {
    /// Whether the maker of a proposal has signed it; `None` while its offer is not at hand.
    pub(super) fn signs(&self, proposal: &Proposal) -> Option<bool> {
        let maker = proposal.offers.get(usize::from(proposal.proposer))?;
        let key = VerifyingKey::decode(&self.offering.offer(maker)?.ephemeral);
        Some(proposal.is_authentic::<S>(key.as_ref()))
    }
}

impl<S: CryptoSuite> Offering<S> {
    /// The members of a proposal all of whose offers are at hand.
    ///
    /// # Errors
    /// The first offer with a key that all need and that does not decode.
    pub(super) fn members_of(
        &self,
        me: &Me<S>,
        proposal: &Proposal,
    ) -> Result<Vec<RunMember<S>>, OfferDigest> {
        let member = |digest: &OfferDigest| match self.member(digest, &me.known) {
            Some(Ok(member)) => Ok(member.clone()),
            Some(Err(_)) | None => Err(*digest),
        };
        proposal.offers.iter().map(member).collect()
    }
}

impl<S: CryptoSuite> Room<S> {
    /// Whether this member takes part in a proposal.
    pub(super) fn judge(&self, now: Timestamp, proposal: &Proposal) -> Result<Part<S>, Verdict> {
        if proposal.parent.is_none() && self.goes_back(now) {
            return Err(Verdict::Wait);
        }
        let situation = self.situation(now);
        let parent = match situation {
            Some(situation) if Some(situation.member.name) == proposal.parent => {
                Parent::Epoch(situation)
            }
            Some(situation) if situation.follows(proposal) => Parent::Move(situation),
            // A member of an epoch leaves it only by a decision of that epoch.
            Some(_) | None if !self.phase.gathers() => Parent::Host { is_followed: false },
            Some(_) | None if proposal.parent.is_none() => Parent::None,
            Some(_) | None => Parent::Host {
                is_followed: self.lobby.follows(proposal.parent) && self.takes_hosts(now),
            },
        };
        let judge = Judge {
            now,
            parent,
            me: &self.common.me,
            lobby: &self.lobby,
            votes: &self.votes,
            running: self.succession.current.as_ref(),
        };
        judge.judge(proposal)
    }

    /// Whether this member waits for those to let it in who have gone on without it: others outside make no epoch with it.
    fn goes_back(&self, now: Timestamp) -> bool {
        let lobby = &self.lobby;
        self.phase.gathers()
            && lobby.turns.comes_back()
            && lobby.neighbours.names().next().is_some()
            && now < lobby.turns.hosts_until(self.common.me.times())
    }

    /// Whether a member that gathers takes part in runs of others' epochs by now.
    fn takes_hosts(&self, now: Timestamp) -> bool {
        let lobby = &self.lobby;
        // Those who are not there cannot be kept waiting.
        let is_alone = || {
            let roster = lobby.expected_roster(&self.common.me, now, &self.votes);
            roster.len() < 2
        };
        !lobby.turns.is_of_first_epochs(now) || is_alone()
    }

    /// Takes part in a run, with the own offer.
    pub(super) fn take_part(
        &mut self,
        now: Timestamp,
        proposal: Proposal,
        part: Part<S>,
        rng: &mut dyn CryptoRng,
    ) {
        let Some(own) = self.lobby.offering.consume(part.offered) else {
            return;
        };
        self.note_answered(now, &proposal, &part);
        if proposal.parent.is_none() && self.lobby.others.is_any_differing() {
            self.note_same_rules(&proposal);
        }
        let abandoned = self
            .succession
            .current
            .take_if(|run| run.yields_to(&proposal));
        if let Some(abandoned) = abandoned {
            self.lobby.offering.spend(abandoned.used_offers());
            self.succession.missed.settle(abandoned.hint);
        }
        let current = self.succession.current.as_ref();
        let gives_up_host = current.is_some_and(|run| run.proposal.parent.is_some());
        if gives_up_host && self.phase.gathers() {
            let view = self.common.me.times().view;
            self.lobby.turns.note_failed_host(now, view);
        }
        self.lobby.turns.leave_view(now, &proposal);
        self.common.timers.stop(Timer::Propose);
        let sid = part.run.sid();
        let identity = &*self.common.me.identity;
        let mut attempt = Attempt::start(proposal, part.run, identity, own.secrets, rng);
        let is_change = part.continuing.is_some();
        attempt.continuing = part.continuing;
        attempt.has_guests = part.has_guests;
        attempt.joining = part.joining;
        attempt.named_by = part.named_by;
        if attempt.joining.is_empty() && !attempt.has_guests {
            // Those who have to read it have the epoch that it follows.
            let parent = self.phase.member();
            let parent = parent.filter(|member| Some(member.name) == attempt.proposal.parent);
            attempt.enclosure = parent.map(|member| Arc::clone(member.epoch.enclosure()));
        }
        if let Some(member) = self.phase.member_mut().filter(|_| is_change) {
            if !attempt.awaits_newcomers() {
                member.epoch.freeze(sid);
            }
            member.note_contributed(&mut self.common.out, &attempt);
        }
        self.begin(now, attempt, rng);
        if is_change {
            self.move_on(now);
            self.say_next();
            self.advance_runs(now, rng);
        }
    }

    /// Proposes a first epoch with the roster at hand, and takes part.
    pub(super) fn propose(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let me = &self.common.me;
        let offers = self.lobby.expected_roster(me, now, &self.votes);
        let policy = &self.votes.policy;
        let method = policy.authentication;
        let Ok(commitments) = self.lobby.sum_of_commitments(me, method, &offers) else {
            // Without the offers that do not decode, the roster is another, and so may be whose turn it is.
            self.plan_proposal(now);
            return;
        };
        let draft = Draft {
            parent: None,
            view: self.lobby.turns.views.next(None),
            host: None,
            policy: policy.clone(),
            commitments,
        };
        let Some(proposal) = self.lobby.offering.propose(me, draft, offers, rng) else {
            return;
        };
        // A roster that this member put together itself is one that it accepts, unless two of its keys are equal: then it
        // tries again later, with what is at hand by then.
        match self.judge(now, &proposal) {
            // Nobody's turn comes before, and nobody seems to have proposed.
            Ok(part) if proposal.proposer == 0 && self.may_begin() => {
                self.take_part(now, proposal, part, rng);
            }
            Ok(part) => self.hold(now, proposal, &part),
            Err(verdict) => {
                let _rejected = self.refuse(now, &proposal, verdict);
                let later = now.after(self.common.me.times().propose);
                self.common.timers.set(Timer::Propose, later);
            }
        }
    }

    /// Whether nobody seems to have proposed, and it is known how long an answer takes.
    fn may_begin(&self) -> bool {
        !self.lobby.turns.has_signs_of_run() && self.common.pulse.round_trip().is_some()
    }

    /// Proposes in place of those whose turn came before, and takes no part until another does: one of them may have proposed,
    /// too, and an offer serves one run alone.
    fn hold(&mut self, now: Timestamp, proposal: Proposal, part: &Part<S>) {
        let times = self.common.me.times();
        let timers = &mut self.common.timers;
        timers.begin_anew(Timer::Retry);
        timers.set(Timer::Retry, now.after(times.retry));
        // Those who have heard it have answered by then.
        timers.set(Timer::View, now.after(times.propose));
        let run = part.hint();
        let packet = Packet::Proposal(proposal.clone());
        if let Some(own) = self.lobby.offering.own(None) {
            self.lobby.others.note_told(now, own.digest);
        }
        self.lobby.turns.held = Some(Held { proposal, run });
        self.common.out.transmit(&packet);
    }

    /// A proposal lists the own offer, so its maker has heard that.
    fn note_answered(&mut self, now: Timestamp, proposal: &Proposal, part: &Part<S>) {
        let mut listed = proposal.offers.iter().zip(part.run.members());
        let own = proposal.offers.get(part.run.me().place()).copied();
        let maker = listed.nth(usize::from(proposal.proposer));
        if let Some((own, (maker, member))) = own.zip(maker)
            && *maker != own
            && self.common.pulse.takes_listings()
        {
            let by = (*maker, member.offer().identity);
            // Those who list it may have waited long for the votes to do so: it counts from when it was published last.
            if let Some(published) = self.lobby.published(proposal.parent) {
                let pulse = &mut self.common.pulse;
                if proposal.parent.is_some() {
                    pulse.be_listed(now, published, by);
                } else {
                    pulse.hear_answer_since(now, published, by);
                }
                self.common.keep_pace();
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mpotr_crypto::SignatureBytes;

    use crate::policy::Policy;
    use crate::room::testing::{NOW, Two};
    use crate::time::Duration;

    /// Anyone can send proposals of others: who makes a fresh offer for each is in no roster, for others list what they heard.
    #[test]
    fn an_offer_serves_for_a_view_whatever_is_proposed_without_it() {
        let mut two = Two::new();
        let proposal = two.proposal(0, Policy::default());
        let mut forged = proposal.clone();
        forged.signature = SignatureBytes::new([7; 64]);
        let own = |two: &Two| two.lobby.offering.own(None).map(|own| own.digest);
        let first = own(&two);
        let view = two.common.me.times().view;
        let later = NOW.after(view);
        let before = NOW.after(Duration::from_millis(
            u64::try_from(view.as_millis()).unwrap() - 1,
        ));
        two.lobby.give_up_offer(&two.common.at(before), &proposal);
        two.lobby.give_up_offer(&two.common.at(later), &forged);
        assert_eq!(own(&two), first);
        two.lobby.give_up_offer(&two.common.at(later), &proposal);
        assert_eq!(own(&two), None);
    }

    #[test]
    fn a_member_comes_nearer_to_those_who_sign_and_are_there() {
        let mut two = Two::new();
        let far = two.proposal(9, Policy::default());
        let next = |two: &Two| two.lobby.turns.views.next(None);
        let mut forged = far.clone();
        forged.signature = SignatureBytes::new([7; 64]);
        two.lobby.note_stale(|_| true, &forged);
        two.lobby.note_stale(|_| false, &far);
        assert_eq!(next(&two), 0);
        two.lobby.note_stale(|_| true, &far);
        assert_eq!(next(&two), 2);
    }
}
