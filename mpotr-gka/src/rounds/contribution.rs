//! The contribution: round 1, from each member to all. `docs/spec/04-key-agreement.md`, "Contribution".

use mpotr_crypto::{
    CryptoSuite, DecodeError, Decoder, Digest32, Encoder, EphemeralKeyPair, SignatureBytes,
    TranscriptHash, label,
};

use super::packet::{self, RoundPacket};
use crate::member_index::MemberIndex;
use crate::run::Run;

/// The most bytes of a key agreement payload: a pairwise one of 4,096 members has 196,592.
const MAX_AGREEMENT: usize = 1 << 18;
/// The most bytes of a share of the joint-knowledge check.
const MAX_SHARE: usize = 32;

/// What a contribution says, without its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContributionBody {
    /// Payload of the key agreement.
    pub agreement: Vec<u8>,
    /// Share of the joint-knowledge check.
    pub knowledge_share: Vec<u8>,
    /// Commitment to the keys that the confirmation carries sealed, 32 bytes.
    pub inner_keys: Digest32,
}

impl ContributionBody {
    fn encode(&self, out: &mut Encoder) {
        out.opaque(&self.agreement);
        out.opaque(&self.knowledge_share);
        self.inner_keys.encode(out);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            agreement: input.opaque(MAX_AGREEMENT, "agreement")?.to_vec(),
            knowledge_share: input.opaque(MAX_SHARE, "knowledge_share")?.to_vec(),
            inner_keys: Digest32::decode(input, "inner_keys")?,
        })
    }

    /// The body as it is hashed and signed.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        Encoder::encoded(|out| self.encode(out))
    }
}

/// A contribution: round 1, from each member to all.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Contribution {
    /// The sender's index in the roster.
    pub sender: MemberIndex,
    /// What it says.
    pub body: ContributionBody,
    /// By the sender's ephemeral key over `H("contribution", sid, sender, body)`.
    pub signature: SignatureBytes,
}

impl Contribution {
    /// Writes the contribution.
    pub fn encode(&self, out: &mut Encoder) {
        out.u16(self.sender.get());
        self.body.encode(out);
        self.signature.encode(out);
    }

    /// Reads a contribution.
    ///
    /// # Errors
    /// The first field that is over its limit or not all there.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            sender: packet::decode_sender(input)?,
            body: ContributionBody::decode(input)?,
            signature: SignatureBytes::decode(input, "signature")?,
        })
    }

    /// This member's contribution to a run.
    pub(super) fn sign<S: CryptoSuite>(
        run: &Run<S>,
        body: ContributionBody,
        key: &EphemeralKeyPair<S>,
    ) -> Self {
        let sender = run.me();
        let signature = key.sign(&signed(run, sender, &body));
        Self {
            sender,
            body,
            signature,
        }
    }

    /// A placeholder for the contribution to a run that this member must not take part in: empty, and not signed.
    pub(super) fn nothing<S: CryptoSuite>(run: &Run<S>) -> Self {
        Self {
            sender: run.me(),
            body: ContributionBody {
                agreement: Vec::new(),
                knowledge_share: Vec::new(),
                inner_keys: Digest32::new([0; 32]),
            },
            signature: SignatureBytes::new([0; SignatureBytes::LENGTH]),
        }
    }
}

impl RoundPacket for Contribution {
    fn sender(&self) -> MemberIndex {
        self.sender
    }

    fn is_authentic<S: CryptoSuite>(&self, run: &Run<S>) -> bool {
        packet::verify(
            run,
            self.sender,
            &signed(run, self.sender, &self.body),
            &self.signature,
        )
    }

    fn says_the_same(&self, other: &Self) -> bool {
        self.body == other.body
    }
}

fn signed<S: CryptoSuite>(run: &Run<S>, sender: MemberIndex, body: &ContributionBody) -> [u8; 64] {
    TranscriptHash::<S>::new(label::CONTRIBUTION)
        .bytes(run.sid().as_bytes())
        .u16(sender.get())
        .bytes(&body.to_bytes())
        .finish()
}
