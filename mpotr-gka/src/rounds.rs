//! One member's way through a run: contribute, confirm, established. `docs/spec/04-key-agreement.md`, "Rounds".
//!
//! ```text
//! struct { opaque agreement<0..2^18>; opaque share<0..32>; } ContributionBody;
//! struct { uint16 sender; ContributionBody body; opaque signature[64]; } Contribution;
//! struct { uint16 sender; opaque D[32]; opaque kc[32]; opaque sealed<16..2^17>; opaque signature[64]; } Confirmation;
//!
//! D   = H("contributions", sid, bodies in cycle order)
//! es  = extract(sid, K)                                        the epoch secret
//! kc  = expand(es, "commit", D)                                32 bytes
//! sealed_i = seal(expand(es, "confirm", i), nonce 0, sid || i || D || kc, authentication payload)
//! ```
//!
//! Each phase is a struct that the step after it consumes, so that its secrets end with it. A phase that is
//! rejected comes back inside [`Rejected`]: bytes without a valid signature count as not received and change
//! nothing. Signatures are looked at only when something is wrong.

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{
    AEAD_TAG_LENGTH, AeadKey, CryptoSuite, DecodeError, DecodeErrorKind, Decoder, Digest32,
    Encoder, EphemeralKeyPair, IdentityKeyPair, SignatureBytes, Transcript, kdf::Prk, label,
};

use crate::agreement::{AgreementId, GroupKeyAgreement};
use crate::authentication::{AuthenticationId, GroupAuthentication, Statement};
use crate::fault::{Fault, FaultKind, RunError};
use crate::offer::OfferSecrets;
use crate::run::{MAX_MEMBERS, Run};

/// The most bytes of a key agreement payload: a pairwise one of 4,096 members has 196,592.
const MAX_AGREEMENT: usize = 1 << 18;
/// The most bytes of a share of the joint-knowledge check.
const MAX_SHARE: usize = 32;
/// The most bytes of a sealed authentication payload: a triple Diffie-Hellman one of 4,096 members has 65,536.
const MAX_SEALED: usize = 1 << 17;

/// What a contribution says, without its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContributionBody {
    /// Payload of the key agreement.
    pub agreement: Vec<u8>,
    /// Share of the joint-knowledge check.
    pub share: Vec<u8>,
}

impl ContributionBody {
    fn encode(&self, out: &mut Encoder) {
        out.opaque(&self.agreement);
        out.opaque(&self.share);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            agreement: input.opaque(MAX_AGREEMENT, "agreement")?.to_vec(),
            share: input.opaque(MAX_SHARE, "share")?.to_vec(),
        })
    }

    fn to_bytes(&self) -> Vec<u8> {
        Encoder::encoded(|out| self.encode(out))
    }
}

/// A contribution: round 1, from each member to all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// The sender's index in the roster.
    pub sender: u16,
    /// What it says.
    pub body: ContributionBody,
    /// By the sender's ephemeral key over `H("contribution", sid, sender, body)`.
    pub signature: SignatureBytes,
}

impl Contribution {
    /// Writes the contribution.
    pub fn encode(&self, out: &mut Encoder) {
        out.u16(self.sender);
        self.body.encode(out);
        self.signature.encode(out);
    }

    /// Reads a contribution.
    ///
    /// # Errors
    /// The first field that is over its limit or not all there.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            sender: decode_sender(input)?,
            body: ContributionBody::decode(input)?,
            signature: SignatureBytes::decode(input, "signature")?,
        })
    }

    fn signed<S: CryptoSuite>(run: &Run<S>, sender: u16, body: &ContributionBody) -> [u8; 64] {
        Transcript::<S>::new(label::CONTRIBUTION)
            .bytes(run.sid().as_bytes())
            .u16(sender)
            .bytes(&body.to_bytes())
            .finish()
    }

    /// Whether its sender made it for this run.
    #[must_use]
    pub fn is_authentic<S: CryptoSuite>(&self, run: &Run<S>) -> bool {
        verify(
            run,
            self.sender,
            &Self::signed(run, self.sender, &self.body),
            &self.signature,
        )
    }
}

/// A confirmation: round 2, from each member to all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// The sender's index in the roster.
    pub sender: u16,
    /// `D` and `kc` as the sender computed them.
    pub statement: Statement,
    /// The authentication payload, sealed under the epoch secret, so that no outsider sees it.
    pub sealed: Vec<u8>,
    /// By the sender's ephemeral key over `H("confirmation", sid, sender, D, kc, sealed)`.
    pub signature: SignatureBytes,
}

impl Confirmation {
    /// Writes the confirmation.
    pub fn encode(&self, out: &mut Encoder) {
        out.u16(self.sender);
        self.statement.contributions.encode(out);
        self.statement.key_commitment.encode(out);
        out.opaque(&self.sealed);
        self.signature.encode(out);
    }

    /// Reads a confirmation.
    ///
    /// # Errors
    /// The first field that is over its limit or not all there.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            sender: decode_sender(input)?,
            statement: Statement {
                contributions: Digest32::decode(input, "D")?,
                key_commitment: Digest32::decode(input, "kc")?,
            },
            sealed: {
                let at = input.offset();
                let sealed = input.opaque(MAX_SEALED, "sealed")?;
                if sealed.len() < AEAD_TAG_LENGTH {
                    let kind = DecodeErrorKind::TooShort {
                        length: sealed.len(),
                        minimum: AEAD_TAG_LENGTH,
                    };
                    return Err(DecodeError::new(at, "sealed", kind));
                }
                sealed.to_vec()
            },
            signature: SignatureBytes::decode(input, "signature")?,
        })
    }

    fn signed<S: CryptoSuite>(
        run: &Run<S>,
        sender: u16,
        statement: &Statement,
        sealed: &[u8],
    ) -> [u8; 64] {
        Transcript::<S>::new(label::CONFIRMATION)
            .bytes(run.sid().as_bytes())
            .u16(sender)
            .bytes(statement.contributions.as_bytes())
            .bytes(statement.key_commitment.as_bytes())
            .bytes(sealed)
            .finish()
    }

    /// Whether its sender made it for this run.
    #[must_use]
    pub fn is_authentic<S: CryptoSuite>(&self, run: &Run<S>) -> bool {
        let signed = Self::signed(run, self.sender, &self.statement, &self.sealed);
        verify(run, self.sender, &signed, &self.signature)
    }
}

fn decode_sender(input: &mut Decoder<'_>) -> Result<u16, DecodeError> {
    let at = input.offset();
    let sender = input.u16("sender")?;
    if usize::from(sender) >= MAX_MEMBERS {
        let kind = DecodeErrorKind::UnknownValue(sender.into());
        return Err(DecodeError::new(at, "sender", kind));
    }
    Ok(sender)
}

fn verify<S: CryptoSuite>(
    run: &Run<S>,
    sender: u16,
    signed: &[u8],
    signature: &SignatureBytes,
) -> bool {
    run.members()
        .get(usize::from(sender))
        .and_then(crate::Member::verifying_key)
        .is_some_and(|key| key.verify(signed, signature).is_ok())
}

/// A phase that a round did not complete, and why. The phase is as it was.
#[derive(Debug)]
pub struct Rejected<P> {
    /// The phase, to go on from if packets were merely not received.
    pub phase: P,
    /// What is wrong.
    pub error: RunError,
}

/// A member that has contributed and waits for the contributions of all.
pub struct Contributing<S: CryptoSuite> {
    run: Run<S>,
    ephemeral: EphemeralKeyPair<S>,
    agreement: Box<dyn GroupKeyAgreement<S>>,
    authentication: Box<dyn GroupAuthentication<S>>,
    contribution: Contribution,
}

impl<S: CryptoSuite> Contributing<S> {
    /// Contributes to a run. The offer's secrets are consumed: they serve one run.
    pub fn start(
        run: Run<S>,
        methods: (AgreementId, AuthenticationId),
        identity: &IdentityKeyPair,
        secrets: OfferSecrets<S>,
        rng: &mut dyn CryptoRng,
    ) -> Self {
        let OfferSecrets {
            ephemeral,
            trapdoor,
            share,
            knowledge,
            ..
        } = secrets;
        let mut agreement = methods.0.start::<S>(share);
        let authentication = methods.1.start::<S>(&run, identity, trapdoor, knowledge);
        let body = ContributionBody {
            agreement: agreement.contribute(&run, rng),
            share: authentication.share(&run),
        };
        let sender = wire_index(run.me());
        let signature = ephemeral.sign(&Contribution::signed(&run, sender, &body));
        let contribution = Contribution {
            sender,
            body,
            signature,
        };
        Self {
            run,
            ephemeral,
            agreement,
            authentication,
            contribution,
        }
    }

    /// This member's contribution. Made once: the same bytes are sent again when somebody missed them.
    #[must_use]
    pub const fn contribution(&self) -> &Contribution {
        &self.contribution
    }

    /// The run.
    #[must_use]
    pub const fn run(&self) -> &Run<S> {
        &self.run
    }

    /// Takes the contributions of all members in cycle order, this member's own among them, and confirms.
    ///
    /// # Errors
    /// [`RunError`] with the phase as it was: contributions that are not authentic, or a fault with its culprits.
    pub fn confirm(
        mut self,
        contributions: &[Contribution],
        identity: &IdentityKeyPair,
        rng: &mut dyn CryptoRng,
    ) -> Result<Confirming<S>, Box<Rejected<Self>>> {
        match self.agree(contributions) {
            Ok((epoch, statement)) => {
                let payload = self
                    .authentication
                    .prove(&self.run, identity, &statement, rng);
                let sender = wire_index(self.run.me());
                let (key, data) = confirmation_key(&self.run, &epoch, sender, &statement);
                let sealed = key.seal(&NONCE, &data, &payload);
                let signed = Confirmation::signed(&self.run, sender, &statement, &sealed);
                let signature = self.ephemeral.sign(&signed);
                Ok(Confirming {
                    confirmation: Confirmation {
                        sender,
                        statement,
                        sealed,
                        signature,
                    },
                    contributions: contributions.to_vec(),
                    run: self.run,
                    ephemeral: self.ephemeral,
                    agreement: self.agreement,
                    authentication: self.authentication,
                    epoch,
                })
            }
            Err(error) => Err(Box::new(Rejected { phase: self, error })),
        }
    }

    fn agree(&mut self, contributions: &[Contribution]) -> Result<(Prk, Statement), RunError> {
        let run = &self.run;
        check_complete(
            run,
            contributions.iter().map(|contribution| contribution.sender),
        )?;
        let shares: Vec<_> = contributions
            .iter()
            .map(|contribution| contribution.body.share.as_slice())
            .collect();
        let payloads = agreement_payloads(contributions);
        let agreed = self
            .authentication
            .check_shares(run, &shares)
            .and_then(|()| self.agreement.agree(run, &payloads))
            .map_err(|fault| attribute(run, fault, contributions, Contribution::is_authentic))?;
        let digest = Transcript::<S>::new(label::CONTRIBUTIONS)
            .bytes(run.sid().as_bytes())
            .list(
                contributions
                    .iter()
                    .map(|contribution| contribution.body.to_bytes()),
            )
            .digest();
        let epoch = Prk::extract::<S>(run.sid().as_bytes(), agreed.expose());
        let commitment = epoch.expand::<S, 32>(label::KEY_COMMITMENT, digest.as_bytes());
        let key_commitment = Digest32::new(*commitment.expose());
        Ok((
            epoch,
            Statement {
                contributions: digest,
                key_commitment,
            },
        ))
    }
}

impl<S: CryptoSuite> core::fmt::Debug for Contributing<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Contributing({})", self.run.sid())
    }
}

/// A member that has confirmed and waits for the confirmations of all.
pub struct Confirming<S: CryptoSuite> {
    run: Run<S>,
    ephemeral: EphemeralKeyPair<S>,
    agreement: Box<dyn GroupKeyAgreement<S>>,
    authentication: Box<dyn GroupAuthentication<S>>,
    contributions: Vec<Contribution>,
    confirmation: Confirmation,
    epoch: Prk,
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

    /// The contributions that this member confirmed, to send again to who missed one.
    #[must_use]
    pub fn contributions(&self) -> &[Contribution] {
        &self.contributions
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
        match self.check(confirmations, rng) {
            Ok(()) => {
                let statement = self.confirmation.statement;
                let secret = self
                    .epoch
                    .child::<S>(label::MESSAGES, statement.contributions.as_bytes());
                Ok(Established {
                    run: self.run,
                    statement,
                    ephemeral: self.ephemeral,
                    secret,
                })
            }
            Err(error) => Err(Box::new(Rejected { phase: self, error })),
        }
    }

    fn check(
        &self,
        confirmations: &[Confirmation],
        rng: &mut dyn CryptoRng,
    ) -> Result<(), RunError> {
        let run = &self.run;
        let own = &self.confirmation.statement;
        check_complete(
            run,
            confirmations.iter().map(|confirmation| confirmation.sender),
        )?;
        let blame = |kind, culprits: Vec<usize>| {
            attribute(
                run,
                Fault { kind, culprits },
                confirmations,
                Confirmation::is_authentic,
            )
        };
        let who = |differs: &dyn Fn(&Confirmation) -> bool| {
            confirmations
                .iter()
                .enumerate()
                .filter_map(|(index, confirmation)| differs(confirmation).then_some(index))
                .collect::<Vec<_>>()
        };
        let elsewhere =
            who(&|confirmation| confirmation.statement.contributions != own.contributions);
        if !elsewhere.is_empty() {
            return Err(match blame(FaultKind::OtherContributions, elsewhere) {
                // Whoever says so may be right: somebody sent two contributions. Nobody can be named yet.
                RunError::Fault(fault) => Fault {
                    culprits: Vec::new(),
                    ..fault
                }
                .into(),
                not_received @ (RunError::NotReceived(_) | RunError::Incomplete { .. }) => {
                    not_received
                }
            });
        }
        let other_key =
            who(&|confirmation| confirmation.statement.key_commitment != own.key_commitment);
        if !other_key.is_empty() {
            return Err(match blame(FaultKind::WrongKeyCommitment, other_key) {
                RunError::Fault(fault) => self.blame_for_other_key(fault),
                not_received @ (RunError::NotReceived(_) | RunError::Incomplete { .. }) => {
                    not_received
                }
            });
        }
        let opened: Vec<_> = confirmations
            .iter()
            .map(|confirmation| {
                let (key, data) = confirmation_key(run, &self.epoch, confirmation.sender, own);
                key.open(&NONCE, &data, &confirmation.sealed).ok()
            })
            .collect();
        let payloads: Vec<&[u8]> = opened
            .iter()
            .flatten()
            .map(|payload| payload.as_slice())
            .collect();
        if payloads.len() != opened.len() {
            let closed = opened
                .iter()
                .enumerate()
                .filter_map(|(index, payload)| payload.is_none().then_some(index))
                .collect();
            return Err(blame(FaultKind::WrongProof, closed));
        }
        self.authentication
            .verify(run, own, &payloads, rng)
            .map_err(|Fault { kind, culprits }| blame(kind, culprits))
    }

    /// All agree on the contributions, yet not on the key: either a contribution is wrong, and its proof says whose, or
    /// whoever commits to another key lies.
    fn blame_for_other_key(&self, other_key: Fault) -> RunError {
        let culprits = self
            .agreement
            .blame(&self.run, &agreement_payloads(&self.contributions));
        if culprits.is_empty() {
            return other_key.into();
        }
        let fault = Fault {
            kind: FaultKind::WrongShare,
            culprits,
        };
        match attribute(
            &self.run,
            fault,
            &self.contributions,
            Contribution::is_authentic,
        ) {
            RunError::Fault(fault) => fault.into(),
            // The run is past the round in which a contribution could be replaced: it dies, and names nobody.
            RunError::NotReceived(_) | RunError::Incomplete { .. } => Fault {
                kind: FaultKind::WrongShare,
                culprits: Vec::new(),
            }
            .into(),
        }
    }
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
    pub statement: Statement,
    /// The key that signs in the epoch.
    pub ephemeral: EphemeralKeyPair<S>,
    /// The secret from which the epoch's keys are derived.
    pub secret: Prk,
}

impl<S: CryptoSuite> core::fmt::Debug for Established<S> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "Established({})", self.run.sid())
    }
}

/// Every confirmation key seals once.
const NONCE: [u8; 12] = [0; 12];

/// A member's confirmation key and the associated data under it.
fn confirmation_key<S: CryptoSuite>(
    run: &Run<S>,
    epoch: &Prk,
    sender: u16,
    statement: &Statement,
) -> (AeadKey<S>, Vec<u8>) {
    let key = epoch.expand::<S, 32>(label::CONFIRMATION_KEY, &sender.to_be_bytes());
    let data = Encoder::encoded(|out| {
        run.sid().encode(out);
        out.u16(sender);
        statement.contributions.encode(out);
        statement.key_commitment.encode(out);
    });
    (AeadKey::new(&key), data)
}

fn agreement_payloads(contributions: &[Contribution]) -> Vec<&[u8]> {
    contributions
        .iter()
        .map(|contribution| contribution.body.agreement.as_slice())
        .collect()
}

/// One packet of each member, in cycle order.
fn check_complete<S: CryptoSuite>(
    run: &Run<S>,
    senders: impl ExactSizeIterator<Item = u16>,
) -> Result<(), RunError> {
    let incomplete = RunError::Incomplete {
        given: senders.len(),
        members: run.len(),
    };
    if senders.len() == run.len() && senders.map(usize::from).eq(0..run.len()) {
        Ok(())
    } else {
        Err(incomplete)
    }
}

/// Names the culprits of a fault only by packets that carry their signature. A packet that does not was never received;
/// a fault without culprits looks at every packet, since any one may be forged.
fn attribute<S: CryptoSuite, P>(
    run: &Run<S>,
    fault: Fault,
    packets: &[P],
    is_authentic: impl Fn(&P, &Run<S>) -> bool,
) -> RunError {
    let suspected = |index: &usize| fault.culprits.is_empty() || fault.culprits.contains(index);
    let forged: Vec<_> = packets
        .iter()
        .enumerate()
        .filter(|(index, packet)| suspected(index) && !is_authentic(packet, run))
        .map(|(index, _)| index)
        .collect();
    if forged.is_empty() {
        fault.into()
    } else {
        RunError::NotReceived(forged)
    }
}

/// A roster has at most 4,096 members.
fn wire_index(index: usize) -> u16 {
    u16::try_from(index).unwrap_or(u16::MAX)
}
