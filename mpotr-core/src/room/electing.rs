//! The proposal of a change: who makes it, what it rests on, and who takes part. `docs/spec/06-epochs.md`, "Changes".

use std::collections::BTreeSet;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey, Secret, SignatureBytes, VerifyingKey};
use mpotr_gka::{FaultKind, OfferDigest, RosterError, Run};

use super::Room;
use super::attempt::Attempt;
use crate::epoch::Epoch;
use crate::error::Rejection;
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::{Handle, Packet, Proposal, Wish};

/// What a proposal for the next epoch is.
enum Standing {
    /// Signed with the offer that the member whose turn it is has stated.
    Signed,
    /// That member has not stated its offer, or it is not at hand.
    Unknown,
    /// Of somebody else.
    Forged,
}

/// Why a proposal is not taken part in.
enum Verdict {
    /// Not yet: what it rests on has not been heard.
    Wait,
    /// Never.
    Refuse,
    /// Never: this offer has a key that is none.
    Bar(OfferDigest),
    /// Never: no honest member takes part in this roster.
    Roster(RosterError),
}

impl<S: CryptoSuite> Room<S> {
    /// Proposes, if it is this member's turn and everyone who should be heard has been.
    pub(super) fn propose_change(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let (Some(epoch), Some(change)) = (&self.epoch, &self.change) else {
            return;
        };
        let me = epoch.me();
        let proposed = epoch
            .next_of(me)
            .is_some_and(|next| next.proposed.is_some());
        if self.proposer_of(change.view) != Some(me) || proposed || self.attempt.is_some() {
            return;
        }
        let joiners = self.admitted(now);
        let timers = &self.config.timers;
        let gathered = self
            .proposing
            .news()
            .after(timers.gather)
            .min(change.began.after(timers.gather.saturating_mul(4)));
        if !joiners.is_empty() && now < gathered {
            self.timers.set_earlier(Timer::Change, gathered);
            return;
        }
        let mut offers: Vec<_> = joiners.into_iter().map(|(_, offer)| offer).collect();
        let mut missing = Vec::new();
        for member in self.present() {
            let excluded = epoch.identity(member).is_some_and(|i| self.is_excluded(&i));
            match self.offer_of(member) {
                _ if excluded || self.unserved.may_be_left_out(member) => {}
                Some(offer) if self.offering.is_spent(&offer) => {}
                Some(offer) if self.offering.offer(&offer).is_some() => offers.push(offer),
                Some(offer) => missing.push(offer),
                None if self.may_be_left_out(now, member) => {}
                None => {
                    let suspect = self.suspect_at(member, change);
                    self.timers
                        .set_earlier(Timer::Change, suspect.max(now.after(timers.gather)));
                    return;
                }
            }
        }
        if !missing.is_empty() {
            self.timers
                .set_earlier(Timer::Change, now.after(timers.retry));
            self.request(missing);
            return;
        }
        offers.sort_unstable();
        self.propose_roster(now, offers, rng);
    }

    pub(super) fn propose_roster(
        &mut self,
        now: Timestamp,
        offers: Vec<OfferDigest>,
        rng: &mut dyn CryptoRng,
    ) {
        let Some(commitments) = self.sum_of_commitments(&offers) else {
            // Without the offers that are none, at once.
            self.timers.set(Timer::Change, now);
            return;
        };
        let (Some(change), Some(own)) = (&self.change, self.offering.own()) else {
            return;
        };
        let Some(proposer) = offers.iter().position(|digest| *digest == own.digest) else {
            return;
        };
        let roster = offers
            .iter()
            .filter_map(|digest| self.offering.offer(digest))
            .map(|offer| offer.identity)
            .collect();
        let proposal = Proposal {
            suite: S::ID,
            room: self.config.room,
            parent: self.handle,
            handle: Handle::new(*Secret::random(rng).expose()),
            view: change.view,
            policy: self.next_policy(&roster),
            proposer: mpotr_gka::wire_index(proposer),
            commitments,
            offers,
            signature: SignatureBytes::new([0; 64]),
        }
        .sign(own.secrets.ephemeral());
        let listed: Vec<_> = proposal
            .offers
            .iter()
            .filter_map(|digest| self.offering.offer(digest))
            .collect();
        let sid = proposal.sid::<S>(listed.into_iter());
        if let Some(next) = self.epoch.as_mut().and_then(Epoch::own_next) {
            next.proposed = Some(sid);
        }
        self.changes.keep_signed(proposal);
        self.say_next();
    }

    /// Takes note of a proposal for the epoch that follows this member's.
    pub(super) fn note_change(
        &mut self,
        now: Timestamp,
        proposal: Proposal,
    ) -> Result<(), Rejection> {
        let view = self.change.as_ref().map_or(0, |change| change.view);
        if proposal.view < view {
            return Err(Rejection::StaleView);
        }
        if self.changes.contains(&proposal) {
            return Err(Rejection::Replayed);
        }
        self.sort_in(now, proposal)?;
        self.timers.set(Timer::Change, now);
        Ok(())
    }

    /// Keeps a proposal, as far as it can be told whose it is: anyone can name the epoch, and its next proposal carries the
    /// signature of the member whose turn it is.
    fn sort_in(&mut self, now: Timestamp, proposal: Proposal) -> Result<(), Rejection> {
        match self.standing(&proposal) {
            Standing::Forged => return Err(Rejection::NotAuthentic),
            Standing::Unknown => self.changes.keep_unknown(proposal),
            Standing::Signed => match self.contradicted(&proposal) {
                None => self.changes.keep_signed(proposal),
                Some((_, culprit)) if self.proven.contains(&culprit) => {
                    return Err(Rejection::Replayed);
                }
                Some((other, culprit)) => {
                    // Two proposals of one member for one view: whoever has one of them gets the other.
                    self.transmit(&Packet::Proposal(proposal));
                    self.transmit(&Packet::Proposal(other));
                    self.note_cheat(now, culprit, FaultKind::Equivocation);
                }
            },
        }
        Ok(())
    }

    /// The offer that the member whose turn a view is has stated for it.
    fn maker_of(&self, view: u32) -> Option<OfferDigest> {
        let said = self.epoch.as_ref()?.next_of(self.proposer_of(view)?)?;
        let is_in = said.view == view && said.installed.is_none();
        said.offer.filter(|_| is_in)
    }

    /// Whether a proposal is that of the member whose turn it is. It costs one signature, once.
    fn standing(&self, proposal: &Proposal) -> Standing {
        let Some(stated) = self.maker_of(proposal.view) else {
            return Standing::Unknown;
        };
        if proposal.offers.get(usize::from(proposal.proposer)) != Some(&stated) {
            return Standing::Forged;
        }
        let Some(offer) = self.offering.offer(&stated) else {
            return Standing::Unknown;
        };
        let key = VerifyingKey::decode(&offer.ephemeral);
        if proposal.is_authentic::<S>(key.as_ref()) {
            Standing::Signed
        } else {
            Standing::Forged
        }
    }

    /// Another proposal that the maker of this signed one has signed for the same view, and who that is.
    fn contradicted(&self, proposal: &Proposal) -> Option<(Proposal, IdentityKey)> {
        let culprit = self
            .epoch
            .as_ref()?
            .identity(self.proposer_of(proposal.view)?)?;
        // What is taken part in was seen to be signed.
        let running = self.attempt.iter().map(|attempt| &attempt.proposal);
        let of_view =
            running.filter(|other| other.parent == proposal.parent && other.view == proposal.view);
        let mut signed = of_view.chain(self.changes.signed(proposal.view));
        let other = signed.find(|other| *other != proposal)?;
        Some((other.clone(), culprit))
    }

    /// Takes part in the proposal of this view when all that it rests on was heard.
    pub(super) fn consider_changes(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        let Some(view) = self.change.as_ref().map(|change| change.view) else {
            return;
        };
        if self.attempt.is_some() {
            return;
        }
        self.changes.go_to(view);
        for proposal in self.changes.take_unknown() {
            // By now it may be known whose it is.
            let _rejected = self.sort_in(now, proposal);
        }
        for proposal in self.changes.of_view(view) {
            match self.judge(now, &proposal) {
                Ok((run, continuing)) => {
                    self.changes.clear();
                    self.contribute(now, proposal, run, continuing, rng);
                    return;
                }
                Err(Verdict::Wait) => {
                    let missing: Vec<_> = proposal
                        .offers
                        .iter()
                        .filter(|digest| self.offering.offer(digest).is_none())
                        .copied()
                        .collect();
                    if !missing.is_empty() && now >= self.asked_for_offers {
                        self.asked_for_offers = now.after(self.config.timers.retry);
                        self.request(missing);
                    }
                    let later = now.after(self.config.timers.retry);
                    self.timers.set_earlier(Timer::Change, later);
                }
                Err(Verdict::Refuse) => self.changes.remove(&proposal),
                Err(Verdict::Bar(offer)) => {
                    self.offering.bar([offer]);
                    self.changes.remove(&proposal);
                }
                Err(Verdict::Roster(error)) => {
                    self.bar_undecodable(&proposal.offers, &error);
                    self.changes.remove(&proposal);
                }
            }
        }
    }

    /// Whether this member takes part in a proposal: the run, and those of the old roster among its members.
    fn judge(&self, now: Timestamp, proposal: &Proposal) -> Result<(Run<S>, Vec<usize>), Verdict> {
        let refuse = || Err(Verdict::Refuse);
        let Some(epoch) = &self.epoch else {
            return refuse();
        };
        if proposal.suite != S::ID {
            return refuse();
        }
        if !self.is_policy_agreed(&proposal.policy) {
            return Err(Verdict::Wait);
        }
        if proposal
            .offers
            .iter()
            .any(|digest| self.offering.is_spent(digest))
        {
            return refuse();
        }
        let own = self.offering.own().ok_or(Verdict::Refuse)?;
        let Some(me) = proposal
            .offers
            .iter()
            .position(|digest| *digest == own.digest)
        else {
            return refuse();
        };
        let offers: Option<Vec<_>> = proposal
            .offers
            .iter()
            .map(|digest| self.offering.offer(digest))
            .collect();
        let offers = offers.ok_or(Verdict::Wait)?;
        let roster = offers.iter().map(|offer| offer.identity).collect();
        if !self.may_have(&proposal.policy, &roster) {
            return refuse();
        }
        // It is a message of the old epoch: its maker says so there, and so is each old member's offer.
        let proposer = self.proposer_of(proposal.view).ok_or(Verdict::Wait)?;
        let sid = proposal.sid::<S>(offers.iter().copied());
        let said = epoch.next_of(proposer).ok_or(Verdict::Wait)?;
        if said.proposed != Some(sid) {
            return Err(Verdict::Wait);
        }
        let key = offers
            .get(usize::from(proposal.proposer))
            .and_then(|offer| VerifyingKey::decode(&offer.ephemeral));
        if self.offer_of(proposer) != proposal.offers.get(usize::from(proposal.proposer)).copied()
            || !proposal.is_authentic::<S>(key.as_ref())
        {
            return refuse();
        }
        let mut continuing = Vec::new();
        let mut linked = BTreeSet::new();
        for member in 0..epoch.members() {
            match self
                .offer_of(member)
                .filter(|offer| proposal.offers.contains(offer))
            {
                // Who is voted out does not come in again by its own proposal, or that of a friend.
                Some(_) if epoch.identity(member).is_some_and(|i| self.is_excluded(&i)) => {
                    return refuse();
                }
                Some(offer) => {
                    continuing.push(member);
                    linked.insert(offer);
                }
                None if self.may_be_left_out(now, member) || self.offers_no_keys(member) => {}
                None => return Err(Verdict::Wait),
            }
        }
        for (digest, offer) in proposal.offers.iter().zip(&offers) {
            let identity = offer.identity;
            if linked.contains(digest) {
                continue;
            }
            let inside = continuing
                .iter()
                .any(|old| epoch.identity(*old) == Some(identity));
            if inside || self.is_shut_out(&identity) || !self.config.admission.admits(&identity) {
                return refuse();
            }
            if !self.has_votes(&Wish::Admit(identity), &self.config.policy.admit) {
                return Err(Verdict::Wait);
            }
        }
        let members = self.members_of(proposal).map_err(Verdict::Bar)?;
        let run = Run::new(proposal.terms(sid), members, me).map_err(Verdict::Roster)?;
        Ok((run, continuing))
    }

    /// Whether the offer that a member has stated for this view is one that nobody can list.
    fn offers_no_keys(&self, member: usize) -> bool {
        let Some(offer) = self.offer_of(member) else {
            return false;
        };
        let keys = self.offering.member(&offer, &self.known);
        self.offering.is_spent(&offer)
            || keys.is_some_and(|keys| keys.map_or(true, |member| member.decode_rest().is_err()))
    }

    fn contribute(
        &mut self,
        now: Timestamp,
        proposal: Proposal,
        run: Run<S>,
        continuing: Vec<usize>,
        rng: &mut dyn CryptoRng,
    ) {
        let Some(own) = self.offering.consume() else {
            return;
        };
        let sid = run.sid();
        self.proposing
            .leave_view(now, proposal.parent, proposal.view);
        if let Some(epoch) = &mut self.epoch {
            epoch.freeze(sid);
        }
        let attempt =
            Attempt::start(proposal, run, &*self.identity, own.secrets, rng).following(continuing);
        self.note_contributed(&attempt);
        self.begin(now, attempt, rng);
        self.say_next();
        self.advance_run(now, rng);
    }
}
