//! Round 2 as one member goes through it. `docs/spec/04-key-agreement.md`, "Rounds".

use std::sync::Arc;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{
    CryptoSuite, Element, EphemeralKey, EphemeralKeyPair, SecretScalar, kdf::Prk, label,
    wiping_stack,
};

use super::contributing::agreement_payloads;
use super::inner_keys::{self, InnerKeys, MemberKeys, OwnInnerKeys};
use super::packet::{RoundPacket, blame, check_complete};
use super::sealing::sealing_keys;
use super::{Confirmation, Contribution, Rejected};
use crate::agreement::GroupKeyAgreement;
use crate::authentication::{GroupAuthentication, KeyStatement};
use crate::continuation::{Continuation, Part, Said};
use crate::fault::{CheckFailed, Fault, FaultKind, RunError};
use crate::member::RunMember;
use crate::member_index::MemberIndex;
use crate::room_name::RoomId;
use crate::run::Run;

/// A member that has confirmed and waits for the confirmations of all.
pub struct Confirming<S: CryptoSuite> {
    pub(super) run: Run<S>,
    pub(super) inner_keys: OwnInnerKeys<S>,
    pub(super) trapdoor: SecretScalar<S>,
    pub(super) agreement: Box<dyn GroupKeyAgreement<S>>,
    pub(super) authentication: Box<dyn GroupAuthentication<S>>,
    pub(super) contributions: Arc<[Contribution]>,
    pub(super) confirmation: Confirmation,
    pub(super) epoch: Prk,
}

impl<S: CryptoSuite> Confirming<S> {
    /// This member's confirmation. Made once per `sid`: the stored bytes are sent again, never computed again.
    #[must_use]
    pub const fn confirmation(&self) -> &Confirmation {
        &self.confirmation
    }

    /// The run.
    #[must_use]
    pub const fn run(&self) -> &Run<S> {
        &self.run
    }

    /// The contributions that this member confirmed, to send again to members that missed one.
    #[must_use]
    pub fn contributions(&self) -> &[Contribution] {
        &self.contributions
    }

    /// The secret from which the epoch's keys are derived. Others may have the epoch before this member has all
    /// confirmations: it tells their packets from those of outsiders, and nothing about who is in the epoch.
    #[must_use]
    pub fn secret(&self) -> Prk {
        let contributions = &self.confirmation.statement.contributions;
        self.epoch
            .child::<S>(label::MESSAGES, contributions.as_bytes())
    }

    /// Takes the confirmations of all members in cycle order, this member's own among them.
    ///
    /// # Errors
    /// [`RunError`] with the phase as it was: confirmations that are not authentic, or a fault with its culprits.
    pub fn establish(
        self,
        confirmations: &[Confirmation],
        rng: &mut dyn CryptoRng,
    ) -> Result<Established<S>, Box<Rejected<Self>>> {
        let (keys, parts) = match wiping_stack(|| self.check(confirmations, rng)) {
            Ok(opened) => opened,
            Err(error) => return Err(Box::new(Rejected { phase: self, error })),
        };
        let statement = self.confirmation.statement;
        let secret = self.secret();
        let (sid, me) = (self.run.sid(), self.run.me());
        let init = self
            .epoch
            .expand::<S, 64>(label::INIT, statement.contributions.as_bytes());
        let signing_keys = keys.iter().map(|keys| keys.signing).collect();
        let offers = self.run.members().iter().map(RunMember::offer);
        let identities: Vec<_> = offers.clone().map(|offer| offer.identity).collect();
        let room = offers.map(|offer| offer.room).next();
        // A run has a member.
        let room = room.unwrap_or_else(|| RoomId::new([0; 32]));
        Ok(Established {
            run: self.run,
            statement,
            signing: self.inner_keys.signing,
            signing_keys,
            trapdoor: self.trapdoor,
            secret,
            continuation: Continuation {
                room,
                identities,
                sid,
                key_commitment: statement.key_commitment,
                me,
                moved: None,
                said: Said::default(),
                opening: None,
                init,
                keys,
                parts: parts.into_iter().map(Part::Shown).collect(),
                part: self.inner_keys.part,
                receive: self.inner_keys.receive,
            },
        })
    }

    /// What these confirmations sealed, opened, in cycle order: for a transcript. `None` if one does not open, so that [`establish`](Self::establish) fails too.
    #[must_use]
    pub fn open(&self, confirmations: &[Confirmation]) -> Option<Vec<Vec<u8>>> {
        let own = &self.confirmation.statement;
        confirmations
            .iter()
            .zip(sealing_keys::<S>(&self.epoch))
            .map(|(confirmation, key)| {
                let payload = confirmation.open(&self.run, &key, own)?;
                Some(payload.to_vec())
            })
            .collect()
    }

    fn check(
        &self,
        confirmations: &[Confirmation],
        rng: &mut dyn CryptoRng,
    ) -> Result<(Vec<MemberKeys>, Vec<Element<S>>), RunError> {
        let run = &self.run;
        let own = &self.confirmation.statement;
        check_complete(run, confirmations, &self.confirmation)?;
        // Some member confirms other contributions than this one. It may be right: a member sent two contributions, or
        // a packet was changed on its way. Nobody can be named before the other contributions are seen.
        if confirmations
            .iter()
            .any(|confirmation| confirmation.statement.contributions != own.contributions)
        {
            let kind = FaultKind::OtherContributions;
            let culprits = Vec::new();
            return Err(blame(run, confirmations, || Fault::at(kind, culprits)));
        }
        let other_key = indices(confirmations, |confirmation| {
            confirmation.statement.key_commitment != own.key_commitment
        });
        if !other_key.is_empty() {
            let find = || self.blame_for_other_key(other_key);
            return Err(blame(run, confirmations, find));
        }
        let opened: Vec<_> = confirmations
            .iter()
            .zip(sealing_keys::<S>(&self.epoch))
            .map(|(confirmation, key)| confirmation.open(run, &key, own))
            .collect();
        let split: Vec<_> = opened
            .iter()
            .enumerate()
            .map(|(member, opened)| self.split(member, opened.as_ref()?))
            .collect();
        let mut wrong = indices(&split, Option::is_none);
        let (mut keys, mut parts, mut payloads) = (Vec::new(), Vec::new(), Vec::new());
        for (member, part, payload) in split.into_iter().flatten() {
            keys.push(member);
            parts.push(part);
            payloads.push(payload);
        }
        if wrong.is_empty() {
            wrong = inner_keys::repeated(run, &keys);
        }
        if !wrong.is_empty() {
            let kind = FaultKind::WrongProof;
            let culprits = wrong;
            return Err(blame(run, confirmations, || Fault::at(kind, culprits)));
        }
        let verified = self.authentication.verify(run, own, &payloads, rng);
        verified.map_err(|CheckFailed| {
            let find = || self.authentication.blame(run, own, &payloads);
            blame(run, confirmations, find)
        })?;
        Ok((keys, parts))
    }

    /// The inner keys, the element `F` and the authentication payload of a member; `None` if it did not commit to these keys.
    fn split<'a>(
        &self,
        member: usize,
        opened: &'a [u8],
    ) -> Option<(MemberKeys, Element<S>, &'a [u8])> {
        let (inner, payload) = InnerKeys::split(opened)?;
        let committed = &self.contributions.get(member)?.body.inner_keys;
        let part = inner.open(&self.run, MemberIndex::of(member), committed)?;
        Some((inner.keys, part, payload))
    }

    /// All agree on the contributions, yet not on the key: either a contribution is wrong, and its proof says whose, or
    /// a member that commits to another key lies.
    fn blame_for_other_key(&self, other_key: Vec<usize>) -> Fault {
        let run = &self.run;
        let wrong = self
            .agreement
            .blame(run, &agreement_payloads(&self.contributions));
        if wrong.culprits.is_empty() {
            return Fault::at(FaultKind::WrongKeyCommitment, other_key);
        }
        // This member is past the round in which a contribution could be replaced: the run is dead, and a contribution
        // that nobody signed names nobody.
        let signed = |member: &MemberIndex| {
            self.contributions
                .get(member.place())
                .is_some_and(|contribution| contribution.is_authentic(run))
        };
        Fault {
            kind: wrong.kind,
            culprits: wrong.culprits.into_iter().filter(signed).collect(),
        }
    }
}

/// The indices at which a list holds what is looked for.
fn indices<T>(list: &[T], is_wanted: impl Fn(&T) -> bool) -> Vec<usize> {
    list.iter()
        .enumerate()
        .filter_map(|(index, item)| is_wanted(item).then_some(index))
        .collect()
}

impl<S: CryptoSuite> core::fmt::Debug for Confirming<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Confirming({})", self.run.sid())
    }
}

/// A run that all members confirmed: what an epoch starts from.
pub struct Established<S: CryptoSuite> {
    /// The run, with the roster in cycle order.
    pub run: Run<S>,
    /// What was confirmed.
    pub statement: KeyStatement,
    /// `m`: signs in the epoch. The key of the offer is erased: it signed in the run alone.
    pub signing: EphemeralKeyPair<S>,
    /// `M` of all members, in cycle order.
    pub signing_keys: Vec<EphemeralKey>,
    /// `y`: it protects this member in this run alone, which is over, so it may be published with the signing key.
    pub trapdoor: SecretScalar<S>,
    /// The secret from which the epoch's keys are derived.
    pub secret: Prk,
    /// What a light run starts from that follows the epoch.
    pub continuation: Continuation<S>,
}

impl<S: CryptoSuite> core::fmt::Debug for Established<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Established({})", self.run.sid())
    }
}
