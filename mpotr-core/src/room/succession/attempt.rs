//! A run that a member takes part in: what it has of each round, and how far that goes. `docs/spec/06-epochs.md`, "Runs".
//!
//! A slot holds one packet of its sender. Signatures are looked at when two packets claim one slot, or when the round
//! fails: forged packets then leave their slots, and what is left decides who is at fault.

mod packets;
mod stage;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, Digest32, IdentityKey};
use mpotr_gka::{
    Confirmation, Confirming, Contributing, Contribution, Established, Fault, Identity,
    MemberIndex, OfferSecrets, Rejected, RoundPacket as _, Run, RunError, Slots, Unfilled,
};

use crate::epoch::{Door, Enclosure};
use crate::record::{Record, RunRecord};
use crate::room::installing::Certificate;
use crate::room::lobby::newcomers::Failed;
use crate::time::{Duration, Timestamp};
use crate::wire::{Admitted, Proposal, SidHint};
use stage::Stage;

/// A run in which nobody else takes the step of this member within so many round trips stalls.
const STALLS: u32 = 4;
/// And one in which some have, but not all, within so many.
const STALLS_WITH_OTHERS: u32 = 8;

/// A run that this member takes part in.
#[derive(Debug)]
pub(crate) struct Attempt<S: CryptoSuite> {
    pub(crate) hint: SidHint,
    pub(crate) proposal: Proposal,
    stage: Stage<S>,
    contributions: Slots<Contribution>,
    confirmations: Slots<Confirmation>,
    /// Members of the epoch that ends, this one among them, who take part; `None` where this member has no epoch.
    pub(crate) continuing: Option<Vec<MemberIndex>>,
    /// Whether the members of another room take part.
    pub(crate) has_guests: bool,
    /// Those who come in by it, by their place in the roster.
    pub(crate) joining: Vec<MemberIndex>,
    /// The other members that have said that they were there, by that place.
    pub(crate) named_by: BTreeMap<MemberIndex, BTreeSet<IdentityKey>>,
    /// The digest of the cut with which this member has confirmed.
    pub(crate) cut: Option<Digest32>,
    /// What encloses its packets; `None` where those who are in no epoch have to read them, too.
    pub(crate) enclosure: Option<Arc<Enclosure<S>>>,
    /// When this member took its last step in it.
    pub(crate) stepped: Timestamp,
    /// Whether a transcript is kept.
    pub(crate) records: bool,
    /// That of the epoch to be, once this member has confirmed. Before that nobody has the epoch.
    door: Option<Door<S>>,
}

/// What is known of the epoch that ends, for one step of a run.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Leave {
    /// Whether this member may confirm.
    pub(crate) to_confirm: bool,
    /// Whether it may install.
    pub(crate) to_install: bool,
}

/// How a step of a run ended.
pub(crate) enum Outcome<S: CryptoSuite> {
    /// Packets are missing.
    Waiting(Box<Attempt<S>>),
    /// This member has confirmed.
    Confirmed(Box<Attempt<S>>),
    /// All have confirmed.
    Established(Box<(Established<S>, Certificate, Proposal)>),
    /// A member is at fault.
    Failed(Box<Attempt<S>>, Fault),
}

impl<S: CryptoSuite> Attempt<S> {
    /// Contributes.
    pub(crate) fn start(
        proposal: Proposal,
        run: Run<S>,
        identity: &dyn Identity<S>,
        secrets: OfferSecrets<S>,
        rng: &mut dyn CryptoRng,
    ) -> Self {
        let hint = SidHint::of(&run.sid());
        let phase = Contributing::start(run, identity, secrets, rng);
        let mut contributions = Slots::new();
        contributions.put_own(phase.contribution().clone());
        Self {
            hint,
            proposal,
            contributions,
            confirmations: Slots::new(),
            stage: Stage::Contributing(phase),
            continuing: None,
            has_guests: false,
            joining: Vec::new(),
            named_by: BTreeMap::new(),
            cut: None,
            enclosure: None,
            stepped: Timestamp::default(),
            records: false,
            door: None,
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

    /// From when on a run of those who have an epoch may take the place of this one, for one who has none: a packet and its answer
    /// could have been lost and come again since this member's last step, and nobody else has taken that step; or some have, and
    /// as long again has passed.
    pub(crate) fn stalls_from(&self, round_trip: Duration) -> Timestamp {
        let others = if self.has_confirmed() {
            self.confirmations
                .signed(self.run())
                .any(|it| it != self.run().me())
        } else {
            !self.is_alone()
        };
        let patience = if others { STALLS_WITH_OTHERS } else { STALLS };
        self.stepped.after(round_trip.saturating_mul(patience))
    }

    /// Whether another run of the same view may take the place of this one: nobody else takes part here. It lists the offer that
    /// this member published since, so it was proposed by one who knows nothing of this one.
    pub(crate) fn yields_to(&self, other: &Proposal) -> bool {
        let own = &self.proposal;
        let fits = other.parent == own.parent && other.view == own.view && other != own;
        fits && !self.has_confirmed() && self.is_alone()
    }

    /// Puts a contribution into its slot.
    pub(crate) fn add_contribution(&mut self, contribution: Contribution) -> Result<(), Unfilled> {
        let run = match &self.stage {
            Stage::Contributing(phase) => phase.run(),
            Stage::Confirming(_) | Stage::Certified(_) => {
                return Err(Unfilled::Replayed);
            }
        };
        let is_of_newcomer = self.joining.contains(&contribution.sender);
        // What waits for newcomers goes by their word.
        if is_of_newcomer && !contribution.is_authentic(run) {
            return Err(Unfilled::NotAuthentic);
        }
        self.contributions.fill(run, contribution)
    }

    /// Puts a confirmation into its slot.
    pub(crate) fn add_confirmation(&mut self, confirmation: Confirmation) -> Result<(), Unfilled> {
        let run = match &self.stage {
            Stage::Contributing(phase) => phase.run(),
            Stage::Confirming(phase) => phase.run(),
            Stage::Certified(_) => return Err(Unfilled::Replayed),
        };
        self.confirmations.fill(run, confirmation)
    }

    /// Whether a member's confirmation is here, and carries its signature.
    pub(crate) fn has_signed_confirmation(&self, sender: MemberIndex) -> bool {
        self.confirmations.is_signed(self.run(), sender)
    }

    /// Goes on as far as the packets at hand allow.
    pub(crate) fn proceed(
        mut self,
        leave: Leave,
        identity: &dyn Identity<S>,
        rng: &mut dyn CryptoRng,
    ) -> Outcome<S> {
        let is_complete = self.is_round_complete();
        let kept = if is_complete && self.has_confirmed() {
            self.all_packets()
        } else {
            BTreeMap::new()
        };
        match self.stage {
            Stage::Contributing(phase) if is_complete && leave.to_confirm => {
                let all = self.contributions.packets();
                match phase.confirm(all, identity, rng) {
                    Ok(phase) => {
                        self.confirmations.put_own(phase.confirmation().clone());
                        self.door = Some(Door::of(&phase.secret()));
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
            Stage::Confirming(phase) if is_complete => {
                let all = self.confirmations.packets();
                let certificate = Certificate {
                    record: self
                        .records
                        .then(|| record(&self.proposal, &phase, &all))
                        .flatten(),
                    hint: self.hint,
                    all: kept,
                };
                match phase.establish(&all, rng) {
                    Ok(established) => {
                        self.stage = Stage::Certified(Box::new((established, certificate)));
                        self.proceed(leave, identity, rng)
                    }
                    Err(rejected) => {
                        let Rejected { phase, error } = *rejected;
                        self.stage = Stage::Confirming(phase);
                        self.reject(error)
                    }
                }
            }
            Stage::Certified(certified) if leave.to_install => {
                let (established, certificate) = *certified;
                Outcome::Established(Box::new((established, certificate, self.proposal)))
            }
            stage @ (Stage::Contributing(_) | Stage::Confirming(_) | Stage::Certified(_)) => {
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
            if self.has_confirmed() {
                self.confirmations.empty(&members);
            } else {
                self.contributions.empty(&members);
                // Who forges in one round does so in the next.
                self.confirmations.be_eager();
            }
        }
        Outcome::Waiting(Box::new(self))
    }

    /// Whether some who would come in have not taken part yet: nothing of the epoch that ends waits for them.
    pub(crate) fn awaits_newcomers(&self) -> bool {
        let run = self.run();
        let is_here = |member: &MemberIndex| self.contributions.is_signed(run, *member);
        !self.has_confirmed() && !self.joining.iter().all(is_here)
    }

    /// Those who would come in, each with its offer.
    pub(crate) fn newcomers(&self) -> impl Iterator<Item = Admitted> {
        self.joining.iter().filter_map(|place| {
            let identity = self.run().member(*place)?.offer().identity;
            let offer = self.offer_at(*place)?;
            Some(Admitted { identity, offer })
        })
    }

    /// For want of whom of those who would come in it fails, if these are silent or at fault. `has_proven` tells whom of them this
    /// member, `me`, has verified itself.
    pub(crate) fn failed_newcomers(
        &self,
        culprits: &[MemberIndex],
        me: IdentityKey,
        has_proven: impl Fn(&Admitted) -> bool,
    ) -> Failed {
        let mut failed = Failed::default();
        for place in &self.joining {
            let Some(identity) = self.run().member(*place).map(|it| it.offer().identity) else {
                continue;
            };
            if !culprits.contains(place) {
                failed.alive.insert(identity);
                continue;
            }
            let mut by = self.named_by.get(place).cloned().unwrap_or_default();
            failed.by.extend(&by);
            let offer = self.offer_at(*place);
            let is_proven = |offer| has_proven(&Admitted { identity, offer });
            if offer.is_some_and(is_proven) {
                by.insert(me);
            }
            failed.silent.insert(identity, by);
        }
        failed
    }
}

/// What a transcript keeps of a run that all have confirmed.
fn record<S: CryptoSuite>(
    proposal: &Proposal,
    phase: &Confirming<S>,
    confirmations: &[Confirmation],
) -> Option<Record> {
    let members = phase.run().members().iter();
    Some(Record::Run(Box::new(RunRecord {
        proposal: proposal.clone(),
        offers: members.map(|member| member.offer().clone()).collect(),
        contributions: phase.contributions().to_vec(),
        confirmations: confirmations.to_vec(),
        payloads: phase.open(confirmations)?,
    })))
}
