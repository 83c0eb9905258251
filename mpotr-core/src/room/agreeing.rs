//! The two rounds of a run, as packets come in. `docs/spec/06-epochs.md`, "Runs".
//!
//! ```text
//! proposal ─> contribute ─> all contributions ─> confirm ─> all confirmations ─> epoch
//! ```
//!
//! A slot holds one packet of its sender. Signatures are looked at when two packets claim one slot, or when the round
//! fails: forged packets then leave their slots, and what is left decides who is at fault.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, Digest32, IdentityKeyPair};
use mpotr_gka::{
    Confirmation, Confirming, Contributing, Contribution, Established, Fault, FaultKind,
    OfferDigest, OfferSecrets, Rejected, Run, RunError,
};

use super::Room;
use crate::epoch::{Effect, Epoch};
use crate::error::Rejection;
use crate::event::{Event, MemberInfo};
use crate::time::{Duration, Timestamp, part};
use crate::timers::Timer;
use crate::wire::{Packet, Presence, Proposal, Request, SidHint, Wanted, Wish};

/// Where a member is in a run.
#[derive(Debug)]
enum Stage<S: CryptoSuite> {
    Contributing(Contributing<S>),
    Confirming(Confirming<S>),
}

/// A run that this member takes part in.
#[derive(Debug)]
pub(super) struct Attempt<S: CryptoSuite> {
    hint: SidHint,
    proposal: Proposal,
    stage: Stage<S>,
    contributions: BTreeMap<u16, Contribution>,
    confirmations: BTreeMap<u16, Confirmation>,
    /// Members of the epoch that ends, this one among them, who take part; `None` where this member has no epoch.
    continuing: Option<Vec<usize>>,
    /// The digest of the cut with which this member has confirmed.
    cut: Option<Digest32>,
}

/// What is known of the epoch that ends, for one step of a run.
#[derive(Clone, Copy, Debug)]
struct Leave {
    /// Whether this member may confirm.
    to_confirm: bool,
    /// Whether it may install.
    to_install: bool,
}

/// What this member sent in the run that led to its epoch, for those who missed it.
#[derive(Debug)]
pub(super) struct Certificate {
    hint: SidHint,
    packets: [Vec<u8>; 2],
}

/// How a step of a run ended.
enum Outcome<S: CryptoSuite> {
    /// Packets are missing.
    Waiting(Box<Attempt<S>>),
    /// This member has confirmed.
    Confirmed(Box<Attempt<S>>),
    /// All have confirmed.
    Established(Box<(Established<S>, Certificate, Proposal)>),
    /// Somebody is at fault.
    Failed(Box<Attempt<S>>, Fault),
}

impl<S: CryptoSuite> Attempt<S> {
    /// Contributes.
    pub(super) fn start(
        proposal: Proposal,
        run: Run<S>,
        identity: &IdentityKeyPair,
        secrets: OfferSecrets<S>,
        rng: &mut dyn CryptoRng,
    ) -> Self {
        let methods = (proposal.policy.agreement, proposal.policy.authentication);
        let hint = SidHint::of(&run.sid());
        let phase = Contributing::start(run, methods, identity, secrets, rng);
        let own = phase.contribution().clone();
        Self {
            hint,
            proposal,
            contributions: BTreeMap::from([(own.sender, own)]),
            confirmations: BTreeMap::new(),
            stage: Stage::Contributing(phase),
            continuing: None,
            cut: None,
        }
    }

    /// A run of the members of an epoch, of whom these take part.
    pub(super) fn following(self, continuing: Vec<usize>) -> Self {
        Self {
            continuing: Some(continuing),
            ..self
        }
    }

    /// Whether a round is complete, but for what has to be agreed in the epoch that ends.
    fn is_round_complete(&self) -> bool {
        let members = self.run().members().len();
        let packets = if self.has_confirmed() {
            self.confirmations.len()
        } else {
            self.contributions.len()
        };
        packets == members
    }

    /// The run.
    pub(super) const fn run(&self) -> &Run<S> {
        match &self.stage {
            Stage::Contributing(phase) => phase.run(),
            Stage::Confirming(phase) => phase.run(),
        }
    }

    /// Whether a contribution was made with an offer, as far as this member has seen.
    pub(super) fn has_used(&self, digest: &OfferDigest) -> bool {
        let index = self
            .proposal
            .offers
            .iter()
            .position(|offer| offer == digest);
        let sender = index.and_then(|index| u16::try_from(index).ok());
        sender.is_some_and(|sender| self.contributions.contains_key(&sender))
    }

    /// The offers with which a contribution was made that carries its owner's signature.
    fn used_offers(&self) -> impl Iterator<Item = OfferDigest> {
        let authentic = self
            .contributions
            .values()
            .filter(|c| c.is_authentic(self.run()));
        authentic.filter_map(|c| self.proposal.offers.get(usize::from(c.sender)).copied())
    }

    /// The proposal, if this member made it.
    fn own_proposal(&self) -> Option<Packet> {
        let is_own = usize::from(self.proposal.proposer) == self.run().me();
        is_own.then(|| Packet::Proposal(self.proposal.clone()))
    }

    const fn has_confirmed(&self) -> bool {
        matches!(self.stage, Stage::Confirming(_))
    }

    /// What this member sends again, as it was sent.
    fn own_packets(&self) -> Vec<Packet> {
        let mut packets: Vec<_> = self.own_proposal().into_iter().collect();
        let me = u16::try_from(self.run().me()).unwrap_or(u16::MAX);
        packets.extend(
            self.contributions
                .get(&me)
                .cloned()
                .map(|c| Packet::Contribution(self.hint, c)),
        );
        packets.extend(
            self.confirmations
                .get(&me)
                .cloned()
                .map(|c| Packet::Confirmation(self.hint, c)),
        );
        packets
    }

    /// Puts a contribution into its slot.
    fn add_contribution(&mut self, contribution: Contribution) -> Result<(), Slot> {
        let run = match &self.stage {
            Stage::Contributing(phase) => phase.run(),
            Stage::Confirming(_) => return Err(Slot::Rejected(Rejection::Replayed)),
        };
        fill(
            run,
            &mut self.contributions,
            contribution.sender,
            contribution,
            |a, b| a.body == b.body,
        )
    }

    /// Puts a confirmation into its slot.
    fn add_confirmation(&mut self, confirmation: Confirmation) -> Result<(), Slot> {
        let run = match &self.stage {
            Stage::Contributing(phase) => phase.run(),
            Stage::Confirming(phase) => phase.run(),
        };
        fill(
            run,
            &mut self.confirmations,
            confirmation.sender,
            confirmation,
            |a, b| a.statement == b.statement && a.sealed == b.sealed,
        )
    }

    /// Goes on as far as the packets at hand allow.
    fn proceed(
        mut self,
        leave: Leave,
        identity: &IdentityKeyPair,
        rng: &mut dyn CryptoRng,
    ) -> Outcome<S> {
        let is_complete = self.is_round_complete();
        match self.stage {
            Stage::Contributing(phase) if is_complete && leave.to_confirm => {
                let all: Vec<_> = self.contributions.values().cloned().collect();
                match phase.confirm(&all, identity, rng) {
                    Ok(phase) => {
                        let own = phase.confirmation().clone();
                        self.confirmations.insert(own.sender, own);
                        self.stage = Stage::Confirming(phase);
                        Outcome::Confirmed(Box::new(self))
                    }
                    Err(rejected) => {
                        let Rejected { phase, error } = *rejected;
                        self.stage = Stage::Contributing(phase);
                        self.reject(error)
                    }
                }
            }
            Stage::Confirming(phase) if is_complete && leave.to_install => {
                let all: Vec<_> = self.confirmations.values().cloned().collect();
                let certificate = Certificate {
                    hint: self.hint,
                    packets: [
                        own_contribution(self.hint, &phase),
                        Packet::Confirmation(self.hint, phase.confirmation().clone()),
                    ]
                    .map(|packet| packet.to_bytes()),
                };
                match phase.establish(&all, rng) {
                    Ok(established) => {
                        Outcome::Established(Box::new((established, certificate, self.proposal)))
                    }
                    Err(rejected) => {
                        let Rejected { phase, error } = *rejected;
                        self.stage = Stage::Confirming(phase);
                        self.reject(error)
                    }
                }
            }
            stage @ (Stage::Contributing(_) | Stage::Confirming(_)) => {
                self.stage = stage;
                Outcome::Waiting(Box::new(self))
            }
        }
    }

    /// Clears the slots of packets that were never their owners'.
    fn reject(mut self, error: RunError) -> Outcome<S> {
        if let RunError::Fault(fault) = error {
            return Outcome::Failed(Box::new(self), fault);
        }
        // Both rounds are tried with a packet of each member only: what is left is that some are not authentic.
        if let RunError::NotReceived(members) = error {
            let missing: BTreeSet<_> = members
                .into_iter()
                .filter_map(|member| u16::try_from(member).ok())
                .collect();
            if self.has_confirmed() {
                self.confirmations
                    .retain(|member, _| !missing.contains(member));
            } else {
                self.contributions
                    .retain(|member, _| !missing.contains(member));
            }
        }
        Outcome::Waiting(Box::new(self))
    }

    /// Members from whom the round misses a packet.
    fn silent(&self) -> Vec<usize> {
        let missing = |member: &u16| {
            if self.has_confirmed() {
                !self.confirmations.contains_key(member)
            } else {
                !self.contributions.contains_key(member)
            }
        };
        (0_u16..)
            .take(self.run().members().len())
            .filter(missing)
            .map(usize::from)
            .collect()
    }
}

fn own_contribution<S: CryptoSuite>(hint: SidHint, phase: &Confirming<S>) -> Packet {
    let own = phase.contributions().get(phase.run().me()).cloned();
    // The run has this member: its contribution is there.
    own.map_or_else(
        || Packet::Confirmation(hint, phase.confirmation().clone()),
        |own| Packet::Contribution(hint, own),
    )
}

/// Why a packet did not fill a slot.
enum Slot {
    /// It counts for nothing.
    Rejected(Rejection),
    /// Its sender signed two different ones.
    Equivocation(u16),
}

/// A packet of one round.
trait RoundPacket {
    fn is_authentic<S: CryptoSuite>(&self, run: &Run<S>) -> bool;
}

impl RoundPacket for Contribution {
    fn is_authentic<S: CryptoSuite>(&self, run: &Run<S>) -> bool {
        self.is_authentic(run)
    }
}

impl RoundPacket for Confirmation {
    fn is_authentic<S: CryptoSuite>(&self, run: &Run<S>) -> bool {
        self.is_authentic(run)
    }
}

/// Fills the slot of a sender. Where two packets claim it, signatures decide.
fn fill<S: CryptoSuite, P: RoundPacket + PartialEq>(
    run: &Run<S>,
    slots: &mut BTreeMap<u16, P>,
    sender: u16,
    packet: P,
    same: impl Fn(&P, &P) -> bool,
) -> Result<(), Slot> {
    if usize::from(sender) >= run.members().len() {
        return Err(Slot::Rejected(Rejection::UnknownSender));
    }
    let Some(first) = slots.get(&sender) else {
        slots.insert(sender, packet);
        return Ok(());
    };
    if *first == packet {
        return Err(Slot::Rejected(Rejection::Replayed));
    }
    if !packet.is_authentic(run) {
        return Err(Slot::Rejected(Rejection::NotAuthentic));
    }
    if !first.is_authentic(run) {
        slots.insert(sender, packet);
        return Ok(());
    }
    if same(first, &packet) {
        return Err(Slot::Rejected(Rejection::Replayed));
    }
    Err(Slot::Equivocation(sender))
}

impl<S: CryptoSuite> Room<S> {
    /// Takes part in a run: the contribution leaves, and with it the offer for the next one.
    pub(super) fn begin(&mut self, now: Timestamp, attempt: Attempt<S>, rng: &mut dyn CryptoRng) {
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
        for packet in self.early.take() {
            // Those that belong elsewhere are kept again.
            let _rejected = self.handle_message(now, &packet, rng);
        }
    }

    /// How long a view lasts: the more of them fail, the longer, up to eight times.
    fn view_length(&self) -> Duration {
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
        let silent = attempt.silent();
        let claimed = claimed(attempt.run(), &silent);
        self.offering
            .note_silent(now, self.config.timers.view, &claimed);
        self.offering.mark_used(attempt.used_offers());
        self.events.push_back(Event::AgreementFailed {
            fault: None,
            claimed,
        });
        if attempt.has_confirmed() {
            self.confirmed = Some(attempt);
        }
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
            return self.unknown_run(now, hint, packet);
        };
        let Some(attempt) = self.slot(which).as_mut() else {
            return Err(Rejection::UnknownEpoch);
        };
        let filled = attempt.add_contribution(contribution);
        self.after_fill(now, which, filled, rng)
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
            return self.unknown_run(now, hint, packet);
        };
        let Some(attempt) = self.slot(which).as_mut() else {
            return Err(Rejection::UnknownEpoch);
        };
        let filled = attempt.add_confirmation(confirmation);
        self.after_fill(now, which, filled, rng)
    }

    fn after_fill(
        &mut self,
        now: Timestamp,
        which: Which,
        filled: Result<(), Slot>,
        rng: &mut dyn CryptoRng,
    ) -> Result<(), Rejection> {
        match filled {
            Ok(()) => {
                self.proceed(now, which, rng);
                Ok(())
            }
            Err(Slot::Rejected(rejection)) => Err(rejection),
            Err(Slot::Equivocation(sender)) => {
                let fault = Fault::of(FaultKind::Equivocation, usize::from(sender));
                if let Some(attempt) = self.slot(which).take() {
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
        hint: SidHint,
        packet: &[u8],
    ) -> Result<(), Rejection> {
        if self
            .certificate
            .as_ref()
            .is_some_and(|certificate| certificate.hint == hint)
        {
            // Somebody is still at it: it may have missed what this member sent.
            let soon = now.after(part(self.config.timers.retry, 2));
            self.timers.set_if_idle(Timer::Certificate, soon);
            return Err(Rejection::Replayed);
        }
        if self.epoch.is_some() && self.change.is_none() && self.host.is_none() {
            return Err(Rejection::UnknownEpoch);
        }
        self.early.keep(packet)?;
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
    pub(super) fn resend_proposal(&mut self, hint: SidHint) {
        let attempt = self.attempt.as_ref().filter(|attempt| attempt.hint == hint);
        if let Some(packet) = attempt.and_then(Attempt::own_proposal) {
            self.transmit(&packet);
        }
    }

    pub(super) fn send_certificate(&mut self) {
        if let Some(Certificate { packets, .. }) = &self.certificate {
            self.transmits.extend(packets.iter().cloned());
        }
    }

    fn which(&self, hint: SidHint) -> Option<Which> {
        let is = |attempt: &Option<Attempt<S>>| attempt.as_ref().is_some_and(|a| a.hint == hint);
        if is(&self.attempt) {
            Some(Which::Current)
        } else if is(&self.confirmed) {
            Some(Which::Confirmed)
        } else {
            None
        }
    }

    const fn slot(&mut self, which: Which) -> &mut Option<Attempt<S>> {
        match which {
            Which::Current => &mut self.attempt,
            Which::Confirmed => &mut self.confirmed,
        }
    }

    /// Goes on with both runs as far as what is known allows.
    pub(super) fn advance_run(&mut self, now: Timestamp, rng: &mut dyn CryptoRng) {
        self.proceed(now, Which::Confirmed, rng);
        self.proceed(now, Which::Current, rng);
    }

    fn proceed(&mut self, now: Timestamp, which: Which, rng: &mut dyn CryptoRng) {
        while let Some(mut attempt) = self.slot(which).take() {
            let leave = self.leave_of(&mut attempt);
            match attempt.proceed(leave, &self.identity, rng) {
                Outcome::Waiting(attempt) => {
                    *self.slot(which) = Some(*attempt);
                    return;
                }
                Outcome::Confirmed(attempt) => {
                    // What this member confirms last is what it may install.
                    self.confirmed = None;
                    let own = attempt.own_packets().pop();
                    let confirmed = attempt.cut.map(|cut| (attempt.run().sid(), cut));
                    *self.slot(which) = Some(*attempt);
                    if let Some(own) = own {
                        self.transmit(&own);
                    }
                    if let Some(next) = self.epoch.as_mut().and_then(Epoch::own_next) {
                        next.confirmed = confirmed;
                        self.say_next(now);
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
    fn leave_of(&mut self, attempt: &mut Attempt<S>) -> Leave {
        let run = attempt.run().sid();
        let Some(continuing) = &attempt.continuing else {
            return Leave {
                to_confirm: true,
                to_install: true,
            };
        };
        if !attempt.has_confirmed() {
            attempt.cut = self.cut_of(run, continuing);
        }
        let to_install = attempt
            .cut
            .is_some_and(|cut| self.is_agreed(run, continuing, cut));
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
            self.plan_proposal(now);
        }
    }

    fn fail(&mut self, now: Timestamp, attempt: &Attempt<S>, which: Which, fault: Option<Fault>) {
        let culprits = fault
            .as_ref()
            .map_or_else(Vec::new, |fault| fault.culprits.clone());
        self.events.push_back(Event::AgreementFailed {
            fault: fault.map(|fault| fault.kind),
            claimed: claimed(attempt.run(), &culprits),
        });
        let digests = &attempt.proposal.offers;
        let barred: Vec<OfferDigest> = culprits
            .iter()
            .filter_map(|culprit| digests.get(*culprit).copied())
            .collect();
        self.offering.mark_used(attempt.used_offers());
        self.offering.bar(barred);
        match which {
            // A change goes on with its next view.
            Which::Current if self.epoch.is_some() => self.timers.set(Timer::View, now),
            Which::Current => {
                self.timers.stop(Timer::View);
                self.plan_proposal(now);
            }
            Which::Confirmed => {}
        }
    }

    fn install(
        &mut self,
        now: Timestamp,
        established: Established<S>,
        certificate: Certificate,
        proposal: &Proposal,
        rng: &mut dyn CryptoRng,
    ) {
        for timer in [
            Timer::Advertise,
            Timer::Propose,
            Timer::View,
            Timer::Retry,
            Timer::Acknowledge,
            Timer::Lock,
            Timer::Query,
            Timer::Silent,
            Timer::Abandon,
        ] {
            self.timers.stop(timer);
        }
        self.attempt = None;
        self.confirmed = None;
        self.change = None;
        self.changes.clear();
        self.spoke.clear();
        self.heard.clear();
        self.host = None;
        self.expired = false;
        self.retries = 0;
        self.queries = 0;
        self.asked = false;
        self.certificate = Some(certificate);
        for member in established.run.members() {
            self.known.insert(member);
        }
        let sid = established.run.sid();
        let before: BTreeSet<_> = self
            .epoch
            .as_ref()
            .map(|old| old.present_identities().collect())
            .unwrap_or_default();
        let voted_out: Vec<_> = before
            .iter()
            .filter(|identity| self.is_excluded(identity))
            .copied()
            .collect();
        self.banned.extend(voted_out);
        self.retire(now, sid);
        let epoch = Epoch::new(established);
        let me = epoch.me();
        let roster: Vec<_> = epoch
            .roster()
            .enumerate()
            .map(|(index, identity)| MemberInfo {
                identity,
                is_me: index == me,
            })
            .collect();
        self.handle = proposal.handle;
        // The number that was asked for is that of a first epoch.
        self.config.members = None;
        self.settle_wishes(roster.iter().map(|member| member.identity).collect());
        self.events.push_back(Event::Secure {
            sid,
            roster: roster.clone(),
        });
        for identity in before {
            if !roster.iter().any(|member| member.identity == identity) {
                self.events.push_back(Event::LeftOut { member: identity });
            }
        }
        self.epoch = Some(epoch);
        self.epoch_began = now;
        self.timers
            .set(Timer::Refresh, now.after(self.config.timers.refresh));
        self.timers
            .set(Timer::Heartbeat, now.after(self.config.timers.heartbeat));
        self.timers
            .set(Timer::Expire, now.after(self.config.timers.expire));
        self.timers.set(Timer::Change, now);
        // First what was typed, then what the others sent meanwhile: nobody's last word comes before this member's first.
        self.flush_queue(now);
        for packet in self.early.take() {
            let _rejected = self.handle_message(now, &packet, rng);
        }
    }

    /// The epoch so far is over: what it delivered is final, and what is left of it answers those who are behind.
    fn retire(&mut self, now: Timestamp, successor: mpotr_gka::Sid) {
        let Some(mut old) = self.epoch.take() else {
            return;
        };
        let unacknowledged: Vec<_> = old.unacknowledged().collect();
        old.retire(successor);
        self.transmits.extend(old.seal_statement(Presence::Present));
        self.epoch = Some(old);
        while let Some(effect) = self.epoch.as_mut().and_then(Epoch::poll_effect) {
            self.report(effect);
        }
        for seq in unacknowledged {
            // All who moved on have delivered it.
            self.report(Effect::Acknowledged { seq });
        }
        self.sent.clear();
        self.retired = self.epoch.take();
        self.timers
            .set(Timer::Drain, now.after(self.config.timers.drain));
    }

    /// Wishes that the new roster fulfils are wishes no more.
    fn settle_wishes(&mut self, roster: BTreeSet<mpotr_crypto::IdentityKey>) {
        self.wishes.retain(|wish| match wish {
            Wish::Refresh => false,
            Wish::Admit(identity) => !roster.contains(identity),
            Wish::Exclude(identity) => roster.contains(identity),
        });
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
    Confirmed,
}

fn claimed<S: CryptoSuite>(run: &Run<S>, members: &[usize]) -> Vec<mpotr_crypto::IdentityKey> {
    members
        .iter()
        .filter_map(|member| run.members().get(*member))
        .map(|member| member.offer().identity)
        .collect()
}
