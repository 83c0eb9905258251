//! Who proposes a roster and when, and which proposals are accepted. `docs/spec/06-epochs.md`, "Proposals".
//!
//! Candidates are the offers at hand, by digest: all who have heard the same agree on whose turn it is. The first proposes
//! when nothing new was heard for a while, the next takes over when it does not, and so on.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey, Secret, SignatureBytes, VerifyingKey};
use mpotr_gka::{Beacon, CommitmentSum, Member, Offer, OfferDigest, RosterError, Run};

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

/// The time that a host gets doubles so many times.
const MAX_TURNS: u32 = 5;

/// What the next proposal depends on.
#[derive(Debug)]
pub(super) struct Proposing {
    /// The lowest view of each parent that this member may still take part in.
    next_views: BTreeMap<Handle, u32>,
    /// Until when the members of an epoch in this channel are waited for, who have said that they are there.
    host_until: Timestamp,
    /// Since when this member has made offers to the same one, and how often it has turned to another.
    host_since: Timestamp,
    turns: u32,
    /// When the gathering began.
    began: Timestamp,
    /// When an offer was heard that is news.
    news: Timestamp,
    /// Until when to wait for the proposal of a run in which others are seen to be.
    busy: Timestamp,
    /// Until when others may be in a run in which this member cannot take part.
    kept_out: Timestamp,
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
            host_since: now,
            turns: 0,
            began: now,
            news: now,
            busy: now,
            kept_out: now,
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

    /// Others may be in a run in which this member cannot take part, for as long as its view lasts.
    const fn keep_out(&mut self, until: Timestamp) {
        self.kept_out = until;
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

    /// A proposal is of a view that is too far ahead to be taken part in: those who made it have tried in vain for longer than
    /// this member, which comes nearer with each.
    fn approach(&mut self, proposal: &Proposal) {
        let next = self.next_view(&proposal.parent);
        if next < proposal.view {
            let nearer = next.saturating_add(jump(proposal)).min(proposal.view);
            self.next_views.insert(proposal.parent, nearer);
        }
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

    /// A host is chosen, perhaps in place of another.
    pub(super) fn choose_host(&mut self, now: Timestamp, instead: bool) {
        self.host_since = now;
        if instead {
            self.turns = self.turns.saturating_add(1).min(MAX_TURNS);
        }
    }

    /// Until when no other host is chosen.
    pub(super) fn stays_with_host(&self, first: Duration) -> Timestamp {
        let stay = first.saturating_mul(2_u32.saturating_pow(self.turns));
        self.host_since.after(stay)
    }

    /// This member has been let in.
    pub(super) const fn forget_hosts(&mut self) {
        self.turns = 0;
    }

    fn keep(&mut self, proposal: Proposal) -> Result<(), Rejection> {
        if self.pending.contains(&proposal) {
            return Err(Rejection::Replayed);
        }
        if self.pending.len() >= MAX_PENDING {
            // The oldest gives way: its maker repeats it if it counts.
            self.pending.remove(0);
        }
        self.pending.push(proposal);
        Ok(())
    }
}

/// By how many views a proposal of a first epoch may be ahead.
fn jump(proposal: &Proposal) -> u32 {
    u32::try_from(proposal.offers.len()).unwrap_or(u32::MAX)
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

    /// Sets the time at which this member proposes, if nobody does before.
    pub(super) fn plan_proposal(&mut self, now: Timestamp) {
        self.timers.stop(Timer::Plan);
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
        // With the members or their number known, nobody else is waited for.
        let quiet = if self.expected.is_fixed() {
            part(timers.gather, 4)
        } else {
            timers.gather
        };
        let gathered = self
            .proposing
            .news
            .after(quiet)
            .max(self.proposing.busy)
            .min(self.proposing.began.after(timers.gather.saturating_mul(4)))
            .max(self.proposing.kept_out);
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
        let Some(commitments) = self.sum_of_commitments(&offers) else {
            // Without the offers that are none, the roster is another, and so may be whose turn it is.
            self.plan_proposal(now);
            return;
        };
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
            proposer: mpotr_gka::wire_index(proposer),
            commitments,
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

    /// The sum of the commitments of a roster, as this member states it when it proposes. It decodes every key of every
    /// offer for that; the offers with keys that do not decode are barred, and then there is no sum.
    pub(super) fn sum_of_commitments(&mut self, offers: &[OfferDigest]) -> Option<CommitmentSum> {
        let mut members = Vec::with_capacity(offers.len());
        let mut undecodable = Vec::new();
        for digest in offers {
            match self.offering.member(digest, &self.known) {
                Some(Ok(member)) if member.decode_rest().is_ok() => members.push(member),
                Some(_) => undecodable.push(*digest),
                None => {}
            }
        }
        if members.len() != offers.len() {
            self.offering.bar(undecodable);
            return None;
        }
        CommitmentSum::of(self.config.policy.authentication, members).ok()
    }

    /// Bars the offer that keeps this member out of a run, since one of its keys does not decode.
    pub(super) fn bar_undecodable(&mut self, offers: &[OfferDigest], error: &RosterError) {
        if let RosterError::UndecodableKey { member } = error {
            self.offering.bar(offers.get(*member).copied());
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
            .filter(|digest| self.offering.offer(digest).is_none())
            .copied()
            .collect();
        if missing.is_empty() {
            return self.accept(now, proposal, rng);
        }
        let maker = proposal.offers.get(usize::from(proposal.proposer));
        let maker = maker.and_then(|digest| self.offering.offer(digest));
        if let Some(maker) = maker {
            // Where it can be told, nothing is asked for and no place is taken in another's name.
            let key = VerifyingKey::decode(&maker.ephemeral);
            if !proposal.is_authentic::<S>(key.as_ref()) {
                return Err(Rejection::NotAuthentic);
            }
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
        let listed = |own: &OwnOffer<S>| proposal.offers.contains(&own.digest);
        if *rejection == Rejection::StaleView && self.offering.own().is_some_and(listed) {
            self.proposing.approach(proposal);
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
                .all(|digest| self.offering.offer(digest).is_some());
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
        if !self
            .expected
            .allows(proposal.offers.len(), proposal.parent == Handle::NONE)
        {
            return Err(Rejection::NotAdmitted);
        }
        let next_view = self.proposing.next_view(&proposal.parent);
        let is_first = proposal.parent == Handle::NONE;
        let furthest = next_view.saturating_add(jump(proposal));
        if proposal.view < next_view || (is_first && proposal.view > furthest) {
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
        let offers = self.listed(&proposal)?;
        let proposer = offers.get(usize::from(proposal.proposer));
        let key = proposer.and_then(|offer| VerifyingKey::decode(&offer.ephemeral));
        if !proposal.is_authentic::<S>(key.as_ref()) {
            return Err(Rejection::NotAuthentic);
        }
        let own = self.offering.own().ok_or(Rejection::NotListed)?;
        let me = proposal
            .offers
            .iter()
            .position(|digest| *digest == own.digest);
        let sid = proposal.sid::<S>(offers.into_iter());
        // Not before the proposal is known to be one: whoever makes others decode has an offer here, which that costs.
        let members = match self.members_of(&proposal) {
            Ok(members) => members,
            Err(undecodable) => {
                self.offering.bar([undecodable]);
                return Err(Rejection::UnusableOffer);
            }
        };
        let me = me.ok_or(Rejection::NotListed)?;
        let run = Run::new(proposal.terms(sid), members, me).inspect_err(|error| {
            self.bar_undecodable(&proposal.offers, error);
            if matches!(error, RosterError::UndecodableKey { .. }) {
                // Those who do not need the key take part: this member waits until they have given up.
                self.proposing
                    .leave_view(now, proposal.parent, proposal.view);
                self.proposing.keep_out(now.after(self.view_length()));
                self.plan_proposal(now);
            }
        })?;
        let own = self.offering.consume().ok_or(Rejection::NotListed)?;
        self.proposing
            .leave_view(now, proposal.parent, proposal.view);
        self.timers.stop(Timer::Propose);
        let attempt = Attempt::start(proposal, run, &*self.identity, own.secrets, rng);
        self.begin(now, attempt, rng);
        Ok(())
    }

    /// The offers that a proposal lists, if all are at hand and of admitted identities, and all who are expected are
    /// among them.
    fn listed(&self, proposal: &Proposal) -> Result<Vec<&Offer>, Rejection> {
        let listed = proposal.offers.iter().map(|digest| {
            let offer = self
                .offering
                .offer(digest)
                .ok_or(Rejection::UnusableOffer)?;
            let is_own = offer.identity == self.identity.public();
            if is_own || self.config.admission.admits(&offer.identity) {
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

    /// The members of a proposal all of whose offers are at hand.
    ///
    /// # Errors
    /// The first offer with a key that everybody needs and that is none.
    pub(super) fn members_of(&self, proposal: &Proposal) -> Result<Vec<Member<S>>, OfferDigest> {
        let member = |digest: &OfferDigest| match self.offering.member(digest, &self.known) {
            Some(Ok(member)) => Ok(member.clone()),
            Some(Err(_)) | None => Err(*digest),
        };
        proposal.offers.iter().map(member).collect()
    }
}
