//! OBJECT: why a member will not go on with a light run. `docs/spec/14-light-runs.md`, "OBJECT".
//!
//! ```text
//! struct { opaque seed[32];  uint16 sender;  uint8 why;  select (why) { case 1: ;  default: Signed<Freeze> own; } } Object;
//! ```

use mpotr_crypto::{DecodeError, Decoder, Digest32, Encoder, label, wire_enum};

use super::freeze::Freeze;
use super::packet::{ChangeBody, Signed, decode_member};
use crate::member_index::MemberIndex;

wire_enum! {
    /// Why a member objects.
    pub enum Objection: u8 {
        /// Its wrap does not open to a secret whose `W` is that of the SEED.
        Wrap = 1,
        /// What stands in its place in CUT is not what it said.
        NotMine = 2,
        /// The order that CUT states is not the one that it computes.
        Order = 3,
        /// The keys that CUT states are not those of the FREEZEs.
        Keys = 4,
        /// A joiner did not show it who it is.
        Tag = 5,
    }
}

/// OBJECT without its signature.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Object {
    /// The SEED.
    pub seed: Digest32,
    /// Who objects.
    pub sender: MemberIndex,
    /// Why.
    pub why: Objection,
    /// What it said of itself, to compare with what a CUT says of it; `None` with a wrap that does not open, as it said nothing.
    pub own: Option<Signed<Freeze>>,
}

impl ChangeBody for Object {
    const KIND: u8 = 6;
    const LABEL: &'static str = label::LIGHT_OBJECT;

    fn sender(&self) -> MemberIndex {
        self.sender
    }

    fn slot(&self) -> Vec<u8> {
        self.seed.as_bytes().to_vec()
    }

    fn encode(&self, out: &mut Encoder) {
        self.seed.encode(out);
        out.u16(self.sender.get());
        out.u8(self.why.code());
        if let Some(own) = &self.own {
            own.encode(out);
        }
    }

    fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let seed = Digest32::decode(input, "seed")?;
        let sender = decode_member(input, "sender")?;
        let why = Objection::decode(input, "why")?;
        let own = match why {
            Objection::Wrap => None,
            Objection::NotMine | Objection::Order | Objection::Keys | Objection::Tag => {
                Some(Signed::decode(input)?)
            }
        };
        Ok(Self {
            seed,
            sender,
            why,
            own,
        })
    }
}
