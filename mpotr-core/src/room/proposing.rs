//! Who proposes a roster and when, and which proposals are accepted. `docs/spec/06-epochs.md`, "Proposals".
//!
//! Candidates are the offers at hand, by digest: all who have heard the same agree on whose turn it is. The first proposes
//! when nothing new was heard for a while, the next takes over when it does not, and so on.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, Secret, SignatureBytes};
use mpotr_gka::{Beacon, Member, OfferDigest, Run};

use super::Room;
use super::attempt::Attempt;
use super::offering::OwnOffer;
use crate::error::Rejection;
use crate::event::Event;
use crate::time::{Duration, Timestamp, part};
use crate::timers::Timer;
use crate::wire::{Handle, MAX_REQUESTED, Packet, Proposal, Request, Wanted};

/// The most proposals that wait for offers.
const MAX_PENDING: usize = 8;

/// The most parents whose views are remembered.
const MAX_PARENTS: usize = 64;

/// The most policies of others that the application is told of: strangers can make them up.
const MAX_TOLD_POLICIES: usize = 8;

/// What the next proposal depends on.
#[derive(Debug)]
pub(super) struct Proposing {
    /// The lowest view of each parent that this member may still take part in.
    next_views: BTreeMap<Handle, u32>,
    /// Until when the members of an epoch in this channel are waited for, who have said that they are there.
    host_until: Timestamp,
    /// When the gathering began.
    began: Timestamp,
    /// When an offer was heard that is news.
    news: Timestamp,
    /// Until when to wait for the proposal of a run in which others are seen to be.
    busy: Timestamp,
    /// When this member published its offer last.
    pub(super) published: Timestamp,
    /// Proposals that list offers which are not at hand.
    pending: Vec<Proposal>,
}

impl Proposing {
    pub(super) const fn new(now: Timestamp) -> Self {
        Self {
            next_views: BTreeMap::new(),
            host_until: now,
            began: now,
            news: now,
            busy: now,
            published: now,
            pending: Vec::new(),
        }
    }

    /// An offer was heard that is news.
    pub(super) const fn heard(&mut self, now: Timestamp) {
        self.news = now;
    }

    /// A run ended without an epoch: members gather anew, and take their turns from here.
    pub(super) const fn gather_again(&mut self, now: Timestamp) {
        self.began = now;
        self.news = now;
    }

    /// Others are in a run whose proposal was missed: it is sent again until then.
    pub(super) const fn wait_for_proposal(&mut self, until: Timestamp) {
        self.busy = until;
    }

    /// Until when another proposal is waited for.
    pub(super) const fn waits_until(&self) -> Timestamp {
        self.busy
    }

    /// A view is over, or another is taken part in.
    pub(super) fn leave_view(&mut self, now: Timestamp, parent: Handle, view: u32) {
        if self.next_views.len() >= MAX_PARENTS {
            self.next_views
                .retain(|other, _| *other == parent || *other == Handle::NONE);
        }
        let next = self.next_views.entry(parent).or_insert(0);
        *next = (*next).max(view.saturating_add(1));
        self.gather_again(now);
    }

    /// How many rounds of views have failed: one round for every four views.
    pub(super) fn views(&self) -> u32 {
        self.next_view(&Handle::NONE).saturating_sub(1) / 4
    }

    /// The lowest view of a parent that this member may still take part in.
    fn next_view(&self, parent: &Handle) -> u32 {
        self.next_views.get(parent).copied().unwrap_or(0)
    }

    /// When an offer was heard that is news.
    pub(super) const fn news(&self) -> Timestamp {
        self.news
    }

    /// Whether the members of an epoch are waited for.
    pub(super) fn waits_for_host(&self, now: Timestamp) -> bool {
        now < self.host_until
    }

    /// Members of an epoch have said that they are there: they let in who waits.
    pub(super) const fn wait_for_host(&mut self, until: Timestamp) {
        self.host_until = until;
    }

    fn keep(&mut self, proposal: Proposal) -> Result<(), Rejection> {
        if self.pending.contains(&proposal) {
            return Err(Rejection::Replayed);
        }
        if self.pending.len() >= MAX_PENDING {
            return Err(Rejection::Quota);
        }
        self.pending.push(proposal);
        Ok(())
    }
}

impl<S: CryptoSuite> Room<S> {
    /// The roster that this member would propose or expects to be proposed, by digest.
    fn expected_roster(&self, now: Timestamp) -> Vec<OfferDigest> {
        let is_first = |own: &OwnOffer<S>| own.member.offer().beacon == Beacon::NONE;
        if !self.offering.own().is_some_and(is_first) {
            // This member waits to be let into an epoch that exists.
            return Vec::new();
        }
        let fresh = self.config.timers.advertise.saturating_mul(3);
        let admission = &self.config.admission;
        // Where a number of members is asked for, nobody can be left out for silence.
        let all_wanted = self.config.members.is_some();
        let mut candidates = self.offering.candidates(now, fresh, |identity| {
            admission.admits(identity) && (all_wanted || !self.offering.was_silent(identity))
        });
        match self.config.members {
            Some(members) if candidates.len() >= members => candidates.truncate(members),
            Some(_) => candidates.clear(),
            None if candidates.len() < 2 => candidates.clear(),
            None => {}
        }
        candidates
    }

    /// Sets the time at which this member proposes, if nobody does before.
    pub(super) fn plan_proposal(&mut self, now: Timestamp) {
        self.timers.stop(Timer::Propose);
        if self.epoch.is_some() || self.attempt.is_some() {
            return;
        }
        let roster = self.expected_roster(now);
        let own = self.offering.own().map(|own| own.digest);
        let Some(rank) = roster.iter().position(|digest| Some(*digest) == own) else {
            return;
        };
        let timers = &self.config.timers;
        // With the number of members known, nobody else is waited for.
        let quiet = if self.config.members.is_some() {
            part(timers.gather, 4)
        } else {
            timers.gather
        };
        let gathered = self
            .proposing
            .news
            .after(quiet)
            .max(self.proposing.busy)
            .min(self.proposing.began.after(timers.gather.saturating_mul(4)));
        let turns = u32::try_from(rank).unwrap_or(u32::MAX);
        let mut wait: Duration = timers.propose.saturating_mul(turns);
        if self.proposing.next_view(&Handle::NONE) > 0 {
            // Two who proposed at once must not do so again: each waits for as long as its own fresh offer has it.
            let spread = own
                .and_then(|own| own.as_bytes().last().copied())
                .unwrap_or(0);
            wait = wait.saturating_add(part(timers.propose, 256).saturating_mul(spread.into()));
        }
        self.timers
            .set(Timer::Propose, gathered.after(wait).max(now));
    }

    /// Proposes the roster at hand, and takes part.
    pub(super) fn propose(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let offers = self.expected_roster(now);
        let Some(own) = self.offering.own() else {
            return;
        };
        let Some(proposer) = offers.iter().position(|digest| *digest == own.digest) else {
            return;
        };
        let proposal = Proposal {
            suite: S::ID,
            room: self.config.room,
            parent: Handle::NONE,
            handle: Handle::new(*Secret::random(rng).expose()),
            view: self.proposing.next_view(&Handle::NONE),
            policy: self.config.policy.clone(),
            proposer: u16::try_from(proposer).unwrap_or(u16::MAX),
            offers,
            signature: SignatureBytes::new([0; 64]),
        }
        .sign(own.secrets.ephemeral());
        // A roster that this member put together itself is one that it accepts, unless two of its keys are equal: then it
        // tries again later, with what is at hand by then.
        if self.accept(now, proposal, rng).is_err() {
            let later = now.after(self.config.timers.propose);
            self.timers.set(Timer::Propose, later);
        }
    }

    pub(super) fn handle_proposal(
        &mut self,
        now: Timestamp,
        proposal: Proposal,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        if self.epoch.is_some() && proposal.parent == self.handle {
            return self.note_change(now, proposal);
        }
        self.check_terms(&proposal)
            .inspect_err(|rejection| self.note_refused(now, rejection, &proposal))?;
        let missing: BTreeSet<_> = proposal
            .offers
            .iter()
            .filter(|digest| self.offering.member(digest).is_none())
            .copied()
            .collect();
        if missing.is_empty() {
            return self.accept(now, proposal, rng);
        }
        // The terms fit, so its maker knows this member's offer: worth asking for the others.
        self.proposing.keep(proposal)?;
        self.request(missing.into_iter().collect());
        Ok(())
    }

    /// Others may count this member's offer as used in a run in which it takes no part, or know an older one only: a fresh
    /// one makes it a candidate again.
    fn note_refused(&mut self, now: Timestamp, rejection: &Rejection, proposal: &Proposal) {
        if *rejection == Rejection::OtherPolicy
            && proposal.suite == S::ID
            && self.told_policies.len() < MAX_TOLD_POLICIES
            && self.told_policies.insert(proposal.policy.clone())
        {
            let policy = proposal.policy.clone();
            self.events.push_back(Event::OtherPolicy { policy });
        }
        let waits = self.epoch.is_none() && self.attempt.is_none();
        if waits && matches!(rejection, Rejection::StaleView | Rejection::NotListed) {
            self.offering.discard();
            self.advertise_soon(now);
        }
    }

    pub(super) fn request(&mut self, offers: Vec<OfferDigest>) {
        for some in offers.chunks(MAX_REQUESTED) {
            let request = Request {
                room: self.config.room,
                wanted: Wanted::Offers(some.to_vec()),
            };
            self.transmit(&Packet::Request(request));
        }
    }

    /// Looks again at the proposals that waited for offers.
    pub(super) fn consider_pending(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        for proposal in std::mem::take(&mut self.proposing.pending) {
            let complete = proposal
                .offers
                .iter()
                .all(|digest| self.offering.member(digest).is_some());
            if self.check_terms(&proposal).is_err() {
                continue;
            }
            if complete {
                // A proposal that is refused now is not one that becomes acceptable.
                let _refused = self.accept(now, proposal, rng);
            } else {
                self.proposing.pending.push(proposal);
            }
        }
    }

    /// Whether this member would take part on these terms, as far as the proposal alone tells.
    fn check_terms(&self, proposal: &Proposal) -> Result<(), Rejection> {
        if proposal.room != self.config.room {
            return Err(Rejection::OtherRoom);
        }
        // A member of an epoch follows no other, but that of its host.
        if self.epoch.is_some() && self.host != Some(proposal.parent) {
            return Err(Rejection::UnknownEpoch);
        }
        let follows = self.config.follow_policy && proposal.parent != Handle::NONE;
        if proposal.suite != S::ID || (proposal.policy != self.config.policy && !follows) {
            return Err(Rejection::OtherPolicy);
        }
        let members = proposal.offers.len();
        // The number that was asked for is that of a first epoch; one that exists already has its own.
        let expected = match self.config.members {
            Some(expected) if proposal.parent == Handle::NONE => members == expected,
            Some(_) | None => members >= 2,
        };
        if !expected {
            return Err(Rejection::NotAdmitted);
        }
        let jump = u32::try_from(members).unwrap_or(u32::MAX);
        let next_view = self.proposing.next_view(&proposal.parent);
        let is_first = proposal.parent == Handle::NONE;
        if proposal.view < next_view || (is_first && proposal.view > next_view.saturating_add(jump))
        {
            return Err(Rejection::StaleView);
        }
        let running = self.attempt.as_ref();
        let is_spent = |digest| {
            self.offering.is_spent(digest) || running.is_some_and(|run| run.has_used(digest))
        };
        if proposal.offers.iter().any(is_spent) {
            return Err(Rejection::UnusableOffer);
        }
        let own = self.offering.own().ok_or(Rejection::NotListed)?;
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
    fn accept(
        &mut self,
        now: Timestamp,
        proposal: Proposal,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        self.check_terms(&proposal)?;
        let members = self.members_of(&proposal)?;
        let proposer = members.get(usize::from(proposal.proposer));
        let key = proposer.and_then(Member::verifying_key);
        if !proposal.is_authentic::<S>(key.as_ref()) {
            return Err(Rejection::NotAuthentic);
        }
        let own = self.offering.own().ok_or(Rejection::NotListed)?;
        let me = proposal
            .offers
            .iter()
            .position(|digest| *digest == own.digest);
        let sid = proposal.sid::<S>(members.iter().map(Member::offer));
        let run = Run::new(sid, members, me.ok_or(Rejection::NotListed)?)?;
        let own = self.offering.consume().ok_or(Rejection::NotListed)?;
        self.proposing
            .leave_view(now, proposal.parent, proposal.view);
        self.timers.stop(Timer::Propose);
        let attempt = Attempt::start(proposal, run, &*self.identity, own.secrets, rng);
        self.begin(now, attempt, rng);
        Ok(())
    }

    fn members_of(&self, proposal: &Proposal) -> Result<Vec<Member<S>>, Rejection> {
        proposal
            .offers
            .iter()
            .map(|digest| {
                let member = self
                    .offering
                    .member(digest)
                    .ok_or(Rejection::UnusableOffer)?;
                let identity = member.offer().identity;
                let is_own = identity == self.identity.public();
                if is_own || self.config.admission.admits(&identity) {
                    Ok(member.clone())
                } else {
                    Err(Rejection::NotAdmitted)
                }
            })
            .collect()
    }
}
