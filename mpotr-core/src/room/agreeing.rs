//! The two rounds of a run, as packets come in. `docs/spec/06-epochs.md`, "Runs".
//!
//! ```text
//! proposal ─> contribute ─> all contributions ─> confirm ─> all confirmations ─> epoch
//! ```

use std::collections::BTreeSet;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::{Confirmation, Contribution, Fault, FaultKind, Run, Unfilled};

use super::Room;
use super::attempt::{Attempt, Leave, Outcome};
use super::early::Claim;
use crate::epoch::Epoch;
use crate::error::Rejection;
use crate::event::Event;
use crate::time::{Duration, Timestamp, part};
use crate::timers::Timer;
use crate::wire::{Packet, Request, SidHint, Wanted};

impl<S: CryptoSuite> Room<S> {
    /// Takes part in a run: the contribution leaves, and with it the offer for the next one.
    pub(super) fn begin(
        &mut self,
        now: Timestamp,
        mut attempt: Attempt<S>,
        rng: &mut dyn CryptoRng,
    ) {
        attempt.records = self.config.record;
        let claimed = attempt
            .run()
            .members()
            .iter()
            .map(|m| m.offer().identity)
            .collect();
        self.set_aside(now);
        self.events.push_back(Event::Agreeing { claimed });
        for packet in attempt.own_packets() {
            self.transmit(&packet);
        }
        self.attempt = Some(attempt);
        self.advertise(now, rng);
        self.retries = 0;
        if self.epoch.is_none() {
            self.timers.set(Timer::View, now.after(self.view_length()));
        }
        self.timers
            .set(Timer::Retry, now.after(self.config.timers.retry));
        self.proceed(now, Which::Current, rng);
        for packet in self.early.take_of_runs() {
            // Those that belong elsewhere are kept again.
            let _rejected = self.handle_message(now, &packet, rng);
        }
    }

    /// How long a view lasts: the more of them fail, the longer, up to eight times.
    pub(super) fn view_length(&self) -> Duration {
        let doublings = self.proposing.views().min(3);
        self.config
            .timers
            .view
            .saturating_mul(2_u32.saturating_pow(doublings))
    }

    /// Ends the run that is under way without an epoch, be it for want of time or for a later one. If this member has
    /// confirmed it, it may still end well.
    pub(super) fn set_aside(&mut self, now: Timestamp) {
        let Some(attempt) = self.attempt.take() else {
            return;
        };
        let run = attempt.run();
        let mut silent = attempt.silent();
        let undecodable = if silent.is_empty() {
            Vec::new()
        } else {
            run.undecodable()
        };
        // Who could not contribute for want of a neighbour's key was not silent by its own doing.
        let kept_out = run.kept_out_by(&undecodable);
        silent.retain(|member| !kept_out.contains(member));
        self.offering
            .note_silent(now, self.config.timers.view, &claimed(run, &silent));
        self.offering.mark_used(attempt.used_offers());
        self.offering.bar(attempt.offers_of(&undecodable));
        let (fault, culprits) = if undecodable.is_empty() {
            (None, silent)
        } else {
            (Some(FaultKind::UndecodableKey), undecodable)
        };
        let mut claimed = claimed(run, &culprits);
        for identity in self.note_unserved(&attempt) {
            if !claimed.contains(&identity) {
                claimed.push(identity);
            }
        }
        self.events
            .push_back(Event::AgreementFailed { fault, claimed });
        if attempt.has_confirmed() {
            self.keep_confirmed(attempt);
        }
    }

    /// Takes note of who brought into the cut of a run what it did not serve: whoever could not confirm for that knows.
    fn note_unserved(&mut self, attempt: &Attempt<S>) -> Vec<IdentityKey> {
        let (Some(epoch), Some(continuing)) = (&self.epoch, &attempt.continuing) else {
            return Vec::new();
        };
        let reporters = if attempt.cut.is_some() {
            Some(BTreeSet::new())
        } else {
            epoch.unserved(attempt.run().sid(), continuing)
        };
        let Some(reporters) = reporters else {
            return Vec::new();
        };
        self.unserved.note(&reporters);
        reporters
            .into_iter()
            .filter_map(|member| epoch.identity(member))
            .collect()
    }

    pub(super) fn handle_contribution(
        &mut self,
        now: Timestamp,
        hint: SidHint,
        contribution: Contribution,
        packet: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        let Some(which) = self.which(hint) else {
            let (run, sender, round) = (hint, contribution.sender, 1);
            return self.unknown_run(now, Claim { run, round, sender }, packet);
        };
        let Some(attempt) = self.running(which) else {
            return Err(Rejection::UnknownEpoch);
        };
        let filled = attempt.add_contribution(contribution);
        self.after_fill(now, which, filled, packet, rng)
    }

    pub(super) fn handle_confirmation(
        &mut self,
        now: Timestamp,
        hint: SidHint,
        confirmation: Confirmation,
        packet: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        let Some(which) = self.which(hint) else {
            let (run, sender, round) = (hint, confirmation.sender, 2);
            return self.unknown_run(now, Claim { run, round, sender }, packet);
        };
        let Some(attempt) = self.running(which) else {
            return Err(Rejection::UnknownEpoch);
        };
        let filled = attempt.add_confirmation(confirmation);
        self.after_fill(now, which, filled, packet, rng)
    }

    fn after_fill(
        &mut self,
        now: Timestamp,
        which: Which,
        filled: Result<(), Unfilled>,
        packet: &[u8],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        match filled {
            Ok(()) => {
                self.proceed(now, which, rng);
                Ok(())
            }
            Err(Unfilled::UnknownSender) => Err(Rejection::UnknownSender),
            Err(Unfilled::Replayed) => Err(Rejection::Replayed),
            Err(Unfilled::NotAuthentic) => Err(Rejection::NotAuthentic),
            Err(Unfilled::Equivocation(sender)) => {
                let fault = Fault::of(FaultKind::Equivocation, usize::from(sender));
                if let Some(attempt) = self.take_running(which) {
                    // Whoever has one of the two gets the other: the two are the proof.
                    self.transmits.push_back(packet.to_vec());
                    for packet in attempt.packets_of(sender) {
                        self.transmit(&packet);
                    }
                    self.fail(now, &attempt, which, Some(fault));
                }
                Ok(())
            }
        }
    }

    /// A packet of a run that is not under way: of one that is over, or of one that is not known yet.
    fn unknown_run(
        &mut self,
        now: Timestamp,
        claim: Claim,
        packet: &[u8],
    ) -> Result<(), Rejection> {
        let (hint, sender) = (claim.run, claim.sender);
        if self
            .certificate
            .as_ref()
            .is_some_and(|certificate| certificate.hint == hint)
        {
            // A member is still at it, unless it was heard in the epoch: it may have missed what this member sent. Or
            // somebody sends again what it sent: the more often this member has answered, the longer it waits.
            let sender = usize::from(sender);
            let members = self.epoch.as_ref().map_or(0, Epoch::members);
            if sender < members && !self.heard.contains_key(&sender) {
                let first = part(self.config.timers.retry, 2);
                let answers = self.certificate.as_ref().map_or(0, |it| it.answers);
                let wait = first.saturating_mul(2_u32.saturating_pow(answers));
                self.timers.set_if_idle(Timer::Certificate, now.after(wait));
            }
            return Err(Rejection::Replayed);
        }
        if self.epoch.is_some() && self.change.is_none() && self.host.is_none() {
            return Err(Rejection::UnknownEpoch);
        }
        self.early.keep_of_run(claim, packet)?;
        if self.epoch.is_some() {
            return Ok(());
        }
        // Others are in a run whose proposal was missed: ask for it, and propose nothing meanwhile.
        if now >= self.proposing.waits_until() {
            let timers = &self.config.timers;
            let patience = timers.retry.saturating_add(part(timers.gather, 2));
            self.proposing.wait_for_proposal(now.after(patience));
            let request = Request {
                room: self.config.room,
                wanted: Wanted::Proposal(hint),
            };
            self.transmit(&Packet::Request(request));
        }
        self.plan_proposal(now);
        Ok(())
    }

    /// Sends the proposal of a run again that somebody misses: whoever made it does.
    /// Anyone may ask, so it is sent again once in a while only.
    pub(super) fn resend_proposal(&mut self, now: Timestamp, hint: SidHint) {
        let pause = part(self.config.timers.retry, 4);
        if self.proposal_resent.is_some_and(|at| now.since(at) < pause) {
            return;
        }
        let attempt = self.attempt.as_ref().filter(|attempt| attempt.hint == hint);
        if let Some(packet) = attempt.and_then(Attempt::own_proposal) {
            self.proposal_resent = Some(now);
            self.transmit(&packet);
        }
    }

    fn which(&self, hint: SidHint) -> Option<Which> {
        if self.attempt.as_ref().is_some_and(|run| run.hint == hint) {
            return Some(Which::Current);
        }
        let earlier = self.confirmed.iter().position(|run| run.hint == hint);
        earlier.map(Which::Confirmed)
    }

    fn running(&mut self, which: Which) -> Option<&mut Attempt<S>> {
        match which {
            Which::Current => self.attempt.as_mut(),
            Which::Confirmed(place) => self.confirmed.get_mut(place),
        }
    }

    fn take_running(&mut self, which: Which) -> Option<Attempt<S>> {
        match which {
            Which::Current => self.attempt.take(),
            Which::Confirmed(place) if place < self.confirmed.len() => {
                Some(self.confirmed.remove(place))
            }
            Which::Confirmed(_) => None,
        }
    }

    fn put_back(&mut self, which: Which, attempt: Attempt<S>) {
        match which {
            Which::Current => self.attempt = Some(attempt),
            Which::Confirmed(place) => {
                self.confirmed
                    .insert(place.min(self.confirmed.len()), attempt);
            }
        }
    }

    /// Goes on with all runs as far as what is known allows.
    pub(super) fn advance_run(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        // From the last: of a run that fails, the place is taken by one that was looked at.
        for place in (0..self.confirmed.len()).rev() {
            self.proceed(now, Which::Confirmed(place), rng);
        }
        self.proceed(now, Which::Current, rng);
    }

    fn proceed(&mut self, now: Timestamp, which: Which, rng: &mut dyn CryptoRng) {
        while let Some(mut attempt) = self.take_running(which) {
            let leave = self.leave_of(&mut attempt, which);
            match attempt.proceed(leave, &*self.identity, rng) {
                Outcome::Waiting(attempt) => {
                    self.put_back(which, *attempt);
                    return;
                }
                Outcome::Confirmed(attempt) => {
                    // What this member confirms last is what it may install.
                    self.note_confirmed(&attempt);
                    let own = attempt.own_packets().pop();
                    let confirmed = attempt.cut.map(|cut| (attempt.run().sid(), cut));
                    self.put_back(which, *attempt);
                    if let Some(own) = own {
                        self.transmit(&own);
                    }
                    let next = self.epoch.as_mut().and_then(Epoch::own_next);
                    if let Some((next, (run, cut))) = next.zip(confirmed) {
                        next.note_confirmed(run, cut);
                        self.say_next();
                    }
                }
                Outcome::Established(established) => {
                    let (established, certificate, proposal) = *established;
                    self.install(now, established, certificate, &proposal, rng);
                    return;
                }
                Outcome::Failed(attempt, fault) => {
                    self.fail(now, &attempt, which, Some(fault));
                    return;
                }
            }
        }
    }

    /// Whether the epoch that ends allows the next step of a run.
    fn leave_of(&mut self, attempt: &mut Attempt<S>, which: Which) -> Leave {
        let run = attempt.run().sid();
        let Some(continuing) = &attempt.continuing else {
            // What was confirmed later forsook it, or is for the same parent.
            let is_last = match which {
                Which::Current => true,
                Which::Confirmed(place) => {
                    place == self.confirmed.len()
                        && !self.attempt.as_ref().is_some_and(Attempt::has_confirmed)
                }
            };
            return Leave {
                to_confirm: true,
                to_install: is_last,
            };
        };
        if !attempt.has_confirmed() {
            attempt.cut = self.cut_of(run, continuing);
        }
        let to_install = attempt
            .cut
            .is_some_and(|cut| self.is_agreed(run, continuing, cut))
            && self.may_install(attempt);
        Leave {
            to_confirm: attempt.cut.is_some(),
            to_install,
        }
    }

    /// The view is over without an epoch: who was silent is left out of what this member proposes next.
    pub(super) fn end_view(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        if let Some(view) = self.change.as_ref().map(|change| change.view) {
            self.enter_view(now, view.saturating_add(1), rng);
        } else {
            self.set_aside(now);
            self.proposing.gather_again(now);
            self.plan_proposal(now);
        }
    }

    fn fail(&mut self, now: Timestamp, attempt: &Attempt<S>, which: Which, fault: Option<Fault>) {
        let culprits = fault
            .as_ref()
            .map_or_else(Vec::new, |fault| fault.culprits.clone());
        let attempt_fault = fault.map(|fault| fault.kind);
        self.events.push_back(Event::AgreementFailed {
            fault: attempt_fault,
            claimed: claimed(attempt.run(), &culprits),
        });
        if let Some(kind) = attempt_fault {
            // An offer that its owner has stated inside the epoch is that member's for certain, and so is what was done
            // with it.
            for member in self.stated_by(attempt, &culprits) {
                self.note_cheat(now, member, kind);
            }
        }
        self.offering.mark_used(attempt.used_offers());
        self.offering.bar(attempt.offers_of(&culprits));
        self.offering
            .bar(attempt.offers_of(&attempt.run().undecodable()));
        match which {
            // A change goes on with its next view.
            Which::Current if self.epoch.is_some() => self.timers.set(Timer::View, now),
            Which::Current => {
                self.timers.stop(Timer::View);
                self.proposing.gather_again(now);
                self.plan_proposal(now);
            }
            Which::Confirmed(_) => {}
        }
    }

    /// The members of the epoch that ends among those at fault in a run that follows it.
    fn stated_by(&self, attempt: &Attempt<S>, culprits: &[usize]) -> Vec<IdentityKey> {
        let (Some(epoch), Some(continuing)) = (&self.epoch, &attempt.continuing) else {
            return Vec::new();
        };
        let old: BTreeSet<_> = continuing
            .iter()
            .filter_map(|member| epoch.identity(*member))
            .collect();
        let at_fault = claimed(attempt.run(), culprits).into_iter();
        at_fault.filter(|identity| old.contains(identity)).collect()
    }

    /// Sends again what this member sent in its runs.
    pub(super) fn repeat_round(&mut self) {
        let packets: Vec<_> = self
            .confirmed
            .iter()
            .chain(&self.attempt)
            .flat_map(Attempt::own_packets)
            .map(|packet| packet.to_bytes())
            .collect();
        self.transmits.extend(packets);
    }
}

/// Which of the runs that this member takes part in.
#[derive(Clone, Copy, Debug)]
enum Which {
    Current,
    /// An earlier one that it confirmed, by its place among them.
    Confirmed(usize),
}

fn claimed<S: CryptoSuite>(run: &Run<S>, members: &[usize]) -> Vec<IdentityKey> {
    members
        .iter()
        .filter_map(|member| run.members().get(*member))
        .map(|member| member.offer().identity)
        .collect()
}
