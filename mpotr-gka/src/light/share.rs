//! SHARE and JOINT: each member's part of the certificate, and the certificate. `docs/spec/14-light-runs.md`, "SHARE".
//!
//! ```text
//! struct { opaque seed[32];  opaque cut[32];  uint16 sender;  opaque share[32]; } Share;
//! struct { opaque seed[32];  opaque cut[32];  uint16 sender;  opaque signature[64]; } Joint;
//! ```

use mpotr_crypto::{DecodeError, Decoder, Digest32, Encoder, JointShare, JointSignature, label};

use super::packet::{ChangeBody, decode_member};
use crate::member_index::MemberIndex;

/// SHARE without its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Share {
    /// The SEED.
    pub seed: Digest32,
    /// The CUT.
    pub cut: Digest32,
    /// Who shares.
    pub sender: MemberIndex,
    /// Its share.
    pub share: JointShare,
}

impl ChangeBody for Share {
    const KIND: u8 = 4;
    const LABEL: &'static str = label::LIGHT_SHARE;

    fn sender(&self) -> MemberIndex {
        self.sender
    }

    fn slot(&self) -> Vec<u8> {
        self.seed.as_bytes().to_vec()
    }

    fn encode(&self, out: &mut Encoder) {
        self.seed.encode(out);
        self.cut.encode(out);
        out.u16(self.sender.get());
        self.share.encode(out);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            seed: Digest32::decode(input, "seed")?,
            cut: Digest32::decode(input, "cut")?,
            sender: decode_member(input, "sender")?,
            share: JointShare::decode(input, "share")?,
        })
    }
}

/// JOINT without the signature of who sends it: the certificate of a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Joint {
    /// The SEED.
    pub seed: Digest32,
    /// The CUT.
    pub cut: Digest32,
    /// Who added the shares up, or passes it on.
    pub sender: MemberIndex,
    /// The signature of all who stay.
    pub signature: JointSignature,
}

impl ChangeBody for Joint {
    const KIND: u8 = 5;
    const LABEL: &'static str = label::LIGHT_JOINT;

    fn sender(&self) -> MemberIndex {
        self.sender
    }

    fn slot(&self) -> Vec<u8> {
        [&self.seed, &self.cut]
            .map(Digest32::as_bytes)
            .map(<[u8; 32]>::as_slice)
            .concat()
    }

    fn encode(&self, out: &mut Encoder) {
        self.seed.encode(out);
        self.cut.encode(out);
        out.u16(self.sender.get());
        self.signature.encode(out);
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            seed: Digest32::decode(input, "seed")?,
            cut: Digest32::decode(input, "cut")?,
            sender: decode_member(input, "sender")?,
            signature: JointSignature::decode(input, "joint signature")?,
        })
    }
}
