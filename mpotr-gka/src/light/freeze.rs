//! FREEZE: where a member stands, and what it brings for the next epoch. `docs/spec/14-light-runs.md`, "FREEZE".
//!
//! ```text
//! struct {
//!   opaque seed[32];  uint16 sender;  Standing standing;  opaque P[32];  opaque nonces[64];
//!   Fresh M;                                                    there in an exclusion, and where anyone joins
//!   Fresh com;                                                  there where anyone joins
//! } Freeze;
//! struct { uint8 is_there;  select (is_there) { case 0: ;  case 1: opaque key[32]; } } Fresh;
//! ```

use mpotr_crypto::{DecodeError, Decoder, Digest32, Encoder, EphemeralKey, NonceCommitment, label};

use super::packet::{ChangeBody, decode_member};
use super::standing::Standing;
use crate::member_index::MemberIndex;
use crate::rounds::ReceiveKey;

/// FREEZE without its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Freeze {
    /// The SEED that it answers.
    pub seed: Digest32,
    /// Who answers.
    pub sender: MemberIndex,
    /// Where it stands.
    pub standing: Standing,
    /// `P'`: its receive key in the next epoch.
    pub receive: ReceiveKey,
    /// Its nonces for the signature of the change.
    pub nonces: NonceCommitment,
    /// `M'`, where an exclusion or a join asks for a fresh one.
    pub signing: Option<EphemeralKey>,
    /// What commits it to `F'`, where a join asks for a fresh one. `F'` itself is shown in the next epoch.
    pub commitment: Option<Digest32>,
}

impl ChangeBody for Freeze {
    const KIND: u8 = 2;
    const LABEL: &'static str = label::FREEZE;

    fn sender(&self) -> MemberIndex {
        self.sender
    }

    fn slot(&self) -> Vec<u8> {
        self.seed.as_bytes().to_vec()
    }

    fn encode(&self, out: &mut Encoder) {
        self.seed.encode(out);
        out.u16(self.sender.get());
        self.standing.encode(out);
        self.receive.encode(out);
        self.nonces.encode(out);
        out.flag(self.signing.is_some());
        if let Some(signing) = &self.signing {
            signing.encode(out);
        }
        out.flag(self.commitment.is_some());
        if let Some(commitment) = &self.commitment {
            commitment.encode(out);
        }
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            seed: Digest32::decode(input, "seed")?,
            sender: decode_member(input, "sender")?,
            standing: Standing::decode(input)?,
            receive: ReceiveKey::decode(input, "P")?,
            nonces: NonceCommitment::decode(input, "nonces")?,
            signing: if input.flag("has M")? {
                Some(EphemeralKey::decode(input, "M")?)
            } else {
                None
            },
            commitment: if input.flag("has com")? {
                Some(Digest32::decode(input, "com")?)
            } else {
                None
            },
        })
    }
}
