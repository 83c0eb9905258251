//! A run that a member takes part in: what it has of each round, and how far that goes. `docs/spec/06-epochs.md`, "Runs".
//!
//! A slot holds one packet of its sender. Signatures are looked at when two packets claim one slot, or when the round
//! fails: forged packets then leave their slots, and what is left decides who is at fault.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, Digest32, IdentityKey};
use mpotr_gka::{
    Confirmation, Confirming, Contributing, Contribution, Established, Fault, Identity, Member,
    MemberIndex, Offer, OfferDigest, OfferSecrets, Rejected, RoundPacket as _, Run, RunError,
    Slots, Unfilled,
};

use crate::epoch::{Door, Enclosure};
use crate::record::RunRecord;
use crate::room::installing::Certificate;
use crate::wire::{EpochName, MemberBits, Packet, Proposal, SealedPacket, SidHint};

/// Where a member is in a run.
#[derive(Debug)]
enum Stage<S: CryptoSuite> {
    Contributing(Contributing<S>),
    Confirming(Confirming<S>),
    /// All confirmations have verified: what is missing is leave to install it.
    Certified(Box<(Established<S>, Certificate)>),
}

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
    /// The other room whose members take part, if they do.
    pub(crate) guests: Option<EpochName>,
    /// Those who come in by it, by their place in the roster.
    pub(crate) joining: Vec<MemberIndex>,
    /// The other members that have said that they were there, by that place.
    pub(crate) named_by: BTreeMap<MemberIndex, BTreeSet<IdentityKey>>,
    /// The digest of the cut with which this member has confirmed.
    pub(crate) cut: Option<Digest32>,
    /// What encloses its packets; `None` where those who are in no epoch have to read them, too.
    pub(crate) enclosure: Option<Arc<Enclosure<S>>>,
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
            guests: None,
            joining: Vec::new(),
            named_by: BTreeMap::new(),
            cut: None,
            enclosure: None,
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

    /// Who sealed a packet of the epoch to be; `None` of any other packet.
    pub(crate) fn sender_of(&self, packet: &SealedPacket) -> Option<MemberIndex> {
        self.door.as_ref()?.sender_of(packet)
    }

    /// The run.
    pub(crate) const fn run(&self) -> &Run<S> {
        match &self.stage {
            Stage::Contributing(phase) => phase.run(),
            Stage::Confirming(phase) => phase.run(),
            Stage::Certified(certified) => &certified.0.run,
        }
    }

    /// Whether all confirmations are here and verify.
    pub(crate) const fn is_certified(&self) -> bool {
        matches!(self.stage, Stage::Certified(_))
    }

    /// Whether a contribution was made with an offer, as far as this member has seen.
    pub(crate) fn has_used(&self, digest: &OfferDigest) -> bool {
        let index = self
            .proposal
            .offers
            .iter()
            .position(|offer| offer == digest);
        let sender = index.map(MemberIndex::of);
        sender.is_some_and(|sender| self.contributions.is_signed(self.run(), sender))
    }

    /// The offers with which a contribution was made that carries its owner's signature.
    pub(crate) fn used_offers(&self) -> impl Iterator<Item = OfferDigest> {
        let signed = self.contributions.signed(self.run());
        signed.filter_map(|sender| self.offer_at(sender))
    }

    fn offer_at(&self, member: MemberIndex) -> Option<OfferDigest> {
        self.proposal.offers.get(member.place()).copied()
    }

    /// The offers of these members.
    pub(crate) fn offers_of(&self, members: &[MemberIndex]) -> Vec<OfferDigest> {
        members
            .iter()
            .filter_map(|member| self.offer_at(*member))
            .collect()
    }

    /// The proposal, if this member made it.
    pub(crate) fn own_proposal(&self) -> Option<Packet> {
        let is_own = self.proposal.proposer == self.run().me().get();
        is_own.then(|| Packet::Proposal(self.proposal.clone()))
    }

    /// This member's offer.
    pub(crate) fn own_offer(&self) -> Option<&Offer> {
        let run = self.run();
        run.member(run.me()).map(Member::offer)
    }

    pub(crate) const fn has_confirmed(&self) -> bool {
        matches!(self.stage, Stage::Confirming(_) | Stage::Certified(_))
    }

    /// What encloses its packets, if anything does.
    pub(crate) fn enclosure(&self) -> Option<&Enclosure<S>> {
        self.enclosure.as_deref()
    }

    /// The bytes of one of its packets, as it was sent.
    pub(crate) fn as_sent(&self, packet: &Packet) -> Vec<u8> {
        let packet = packet.to_bytes();
        match &self.enclosure {
            Some(enclosure) => enclosure.enclose(&packet),
            None => packet,
        }
    }

    /// What this member sends again, as it was sent.
    pub(crate) fn own_packets(&self) -> Vec<Packet> {
        let mut packets: Vec<_> = self.own_proposal().into_iter().collect();
        packets.extend(self.packets_of(self.run().me()));
        packets
    }

    /// What is here of a member, as it came.
    pub(crate) fn packets_of(&self, member: MemberIndex) -> impl Iterator<Item = Packet> {
        let contribution = self.contributions.get(member).cloned();
        let confirmation = self.confirmations.get(member).cloned();
        contribution
            .map(|c| Packet::Contribution(self.hint, c))
            .into_iter()
            .chain(confirmation.map(|c| Packet::Confirmation(self.hint, c)))
    }

    /// Whether another run of the same view may take the place of this one: nobody else takes part here. It lists the offer that
    /// this member published since, so it was proposed by one who knows nothing of this one.
    pub(crate) fn yields_to(&self, other: &Proposal) -> bool {
        let own = &self.proposal;
        let fits = other.parent == own.parent && other.view == own.view && other != own;
        fits && !self.has_confirmed() && self.is_alone()
    }

    /// Whether nobody else has contributed.
    fn is_alone(&self) -> bool {
        let run = self.run();
        let mut others = self.contributions.signed(run);
        others.all(|sender| sender == run.me())
    }

    /// A packet of one of the rounds, as it came.
    pub(crate) fn packet_of(&self, round: u8, member: MemberIndex) -> Option<Packet> {
        let hint = self.hint;
        match round {
            1 => {
                let contribution = self.contributions.get(member).cloned();
                contribution.map(|it| Packet::Contribution(hint, it))
            }
            _ => {
                let confirmation = self.confirmations.get(member).cloned();
                confirmation.map(|it| Packet::Confirmation(hint, it))
            }
        }
    }

    /// Members whose packets of the round under way are not here: contributions first, then confirmations.
    pub(crate) fn missing(&self) -> [MemberBits; 2] {
        let members = MemberIndex::all(self.run().members().len());
        let bits =
            |missing: &dyn Fn(&MemberIndex) -> bool| members.clone().filter(missing).collect();
        match &self.stage {
            Stage::Contributing(_) => [
                bits(&|member| !self.contributions.contains(*member)),
                MemberBits::default(),
            ],
            Stage::Confirming(_) => [
                MemberBits::default(),
                bits(&|member| !self.confirmations.contains(*member)),
            ],
            Stage::Certified(_) => [MemberBits::default(), MemberBits::default()],
        }
    }

    /// All packets of both rounds.
    fn all_packets(&self) -> BTreeMap<(u8, MemberIndex), Vec<u8>> {
        let members = MemberIndex::all(self.run().members().len());
        let slots = members.flat_map(|member| [(1, member), (2, member)]);
        let held = slots.filter_map(|(round, member)| {
            let packet = self.packet_of(round, member)?;
            Some(((round, member), self.as_sent(&packet)))
        });
        held.collect()
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

    /// The claimed identities of those who would come in and have taken part, if others have not.
    pub(crate) fn alive_newcomers(&self) -> Option<Vec<IdentityKey>> {
        let silent = self.silent();
        let (missing, here): (Vec<MemberIndex>, Vec<MemberIndex>) = self
            .joining
            .iter()
            .copied()
            .partition(|member| silent.contains(member));
        let members = here.into_iter().filter_map(|it| self.run().member(it));
        let identities = members.map(|member| member.offer().identity);
        (!missing.is_empty()).then(|| identities.collect())
    }

    /// The other members that have said that some of those were there who would come in.
    pub(crate) fn named_by(&self, newcomers: &[MemberIndex]) -> BTreeSet<IdentityKey> {
        let named_by = newcomers.iter().filter_map(|it| self.named_by.get(it));
        named_by.flatten().copied().collect()
    }

    /// Members from whom the round misses a packet.
    pub(crate) fn silent(&self) -> Vec<MemberIndex> {
        let missing = |member: &MemberIndex| {
            // In a certified run nothing is missing.
            if self.has_confirmed() {
                !self.confirmations.contains(*member)
            } else {
                !self.contributions.contains(*member)
            }
        };
        MemberIndex::all(self.run().members().len())
            .filter(missing)
            .collect()
    }
}

/// What a transcript keeps of a run that all have confirmed.
fn record<S: CryptoSuite>(
    proposal: &Proposal,
    phase: &Confirming<S>,
    confirmations: &[Confirmation],
) -> Option<Box<RunRecord>> {
    let members = phase.run().members().iter();
    Some(Box::new(RunRecord {
        proposal: proposal.clone(),
        offers: members.map(|member| member.offer().clone()).collect(),
        contributions: phase.contributions().to_vec(),
        confirmations: confirmations.to_vec(),
        payloads: phase.open(confirmations)?,
    }))
}
