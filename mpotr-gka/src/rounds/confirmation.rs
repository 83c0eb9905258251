//! The confirmation: round 2, from each member to all. `docs/spec/04-key-agreement.md`, "Confirmation".

use mpotr_crypto::{
    AEAD_TAG_LENGTH, AeadKey, CryptoSuite, DecodeError, DecodeErrorKind, Decoder, Digest32,
    Encoder, EphemeralKeyPair, SignatureBytes, TranscriptHash, kdf::Prk, label, zeroize::Zeroizing,
};

use super::packet::{self, RoundPacket};
use super::sealing::sealing_key;
use crate::authentication::KeyStatement;
use crate::member_index::MemberIndex;
use crate::run::Run;

/// The most bytes of what is sealed: a triple Diffie-Hellman payload of 4,096 members has 65,520.
const MAX_SEALED: usize = 1 << 17;

/// Every confirmation key seals once.
const NONCE: [u8; 12] = [0; 12];

/// A confirmation: round 2, from each member to all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Confirmation {
    /// The sender's index in the roster.
    pub sender: MemberIndex,
    /// `D` and `kc` as the sender computed them.
    pub statement: KeyStatement,
    /// The sender's inner keys and its authentication payload, sealed under the epoch secret, so that no outsider sees
    /// them.
    pub sealed: Vec<u8>,
    /// By the sender's ephemeral key over `H("confirmation", sid, sender, D, kc, sealed)`.
    pub signature: SignatureBytes,
}

impl Confirmation {
    /// Writes the confirmation.
    pub fn encode(&self, out: &mut Encoder) {
        out.u16(self.sender.get());
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
            sender: packet::decode_sender(input)?,
            statement: KeyStatement {
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

    /// Seals and signs this member's confirmation of a run.
    pub(super) fn seal<S: CryptoSuite>(
        run: &Run<S>,
        epoch: &Prk,
        statement: KeyStatement,
        opened: &[u8],
        key: &EphemeralKeyPair<S>,
    ) -> Self {
        let sender = run.me();
        let data = sealed_data(run, sender, &statement);
        // There is a key for every sender; an empty payload, which nobody opens, stands for the impossible case.
        let sealed = sealing_key::<S>(epoch, sender)
            .map_or_else(Vec::new, |key| key.seal(&NONCE, &data, opened));
        let signature = key.sign(&signed(run, sender, &statement, &sealed));
        Self {
            sender,
            statement,
            sealed,
            signature,
        }
    }

    /// Opens the inner keys and the authentication payload of a confirmation over this statement with the sender's key; `None` if it was
    /// sealed under another secret, by another member or over another statement.
    pub(super) fn open<S: CryptoSuite>(
        &self,
        run: &Run<S>,
        key: &AeadKey<S>,
        statement: &KeyStatement,
    ) -> Option<Zeroizing<Vec<u8>>> {
        let data = sealed_data(run, self.sender, statement);
        key.open(&NONCE, &data, &self.sealed).ok()
    }
}

impl RoundPacket for Confirmation {
    fn sender(&self) -> MemberIndex {
        self.sender
    }

    fn is_authentic<S: CryptoSuite>(&self, run: &Run<S>) -> bool {
        let signed = signed(run, self.sender, &self.statement, &self.sealed);
        packet::verify(run, self.sender, &signed, &self.signature)
    }

    fn says_the_same(&self, other: &Self) -> bool {
        self.statement == other.statement && self.sealed == other.sealed
    }
}

fn signed<S: CryptoSuite>(
    run: &Run<S>,
    sender: MemberIndex,
    statement: &KeyStatement,
    sealed: &[u8],
) -> [u8; 64] {
    TranscriptHash::<S>::new(label::CONFIRMATION)
        .bytes(run.sid().as_bytes())
        .u16(sender.get())
        .bytes(statement.contributions.as_bytes())
        .bytes(statement.key_commitment.as_bytes())
        .bytes(sealed)
        .finish()
}

/// The associated data of a sealed payload: `sid || i || D || kc`.
fn sealed_data<S: CryptoSuite>(
    run: &Run<S>,
    sender: MemberIndex,
    statement: &KeyStatement,
) -> Vec<u8> {
    Encoder::encoded(|out| {
        run.sid().encode(out);
        out.u16(sender.get());
        statement.contributions.encode(out);
        statement.key_commitment.encode(out);
    })
}
