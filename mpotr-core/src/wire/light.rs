//! Packets of light runs. `docs/spec/05-wire.md`, "Light".
//!
//! ```text
//! struct {
//!   uint8 kind;                  SEED 1, FREEZE 2, CUT 3, SHARE 4, JOINT 5, OBJECT 6
//!   Signed packet;               14-light-runs
//! } Light;
//! ```
//!
//! Members of the epoch that ends read them, and nobody else: outside of an enclosed packet they are refused.

use mpotr_crypto::{CryptoSuite, DecodeError, Decoder, Digest32, Encoder, wire_enum};
use mpotr_gka::MemberIndex;
use mpotr_gka::light::{ChangeBody, Freeze, Joint, LightCut, Object, Seed, Share, Signed};

wire_enum! {
    /// Which packet of a light run.
    pub enum LightStep: u8 {
        /// The fresh secret, wrapped for all who stay.
        Seed = 1,
        /// Where one stands.
        Freeze = 2,
        /// What all will have delivered.
        Cut = 3,
        /// One's part of the certificate.
        Share = 4,
        /// The certificate.
        Joint = 5,
        /// Why one will not go on.
        Object = 6,
    }
}

/// A packet of a light run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LightPacket {
    /// The fresh secret, wrapped for all who stay.
    Seed(Box<Signed<Seed>>),
    /// Where one stands.
    Freeze(Box<Signed<Freeze>>),
    /// What all will have delivered.
    Cut(Box<Signed<LightCut>>),
    /// One's part of the certificate.
    Share(Box<Signed<Share>>),
    /// The certificate.
    Joint(Box<Signed<Joint>>),
    /// Why one will not go on.
    Object(Box<Signed<Object>>),
}

impl LightPacket {
    /// Which one it is.
    #[must_use]
    pub const fn step(&self) -> LightStep {
        match self {
            Self::Seed(_) => LightStep::Seed,
            Self::Freeze(_) => LightStep::Freeze,
            Self::Cut(_) => LightStep::Cut,
            Self::Share(_) => LightStep::Share,
            Self::Joint(_) => LightStep::Joint,
            Self::Object(_) => LightStep::Object,
        }
    }

    /// The member that it claims to come from.
    #[must_use]
    pub fn sender(&self) -> MemberIndex {
        match self {
            Self::Seed(packet) => packet.body().sender(),
            Self::Freeze(packet) => packet.body().sender(),
            Self::Cut(packet) => packet.body().sender(),
            Self::Share(packet) => packet.body().sender(),
            Self::Joint(packet) => packet.body().sender(),
            Self::Object(packet) => packet.body().sender(),
        }
    }

    /// The digest of the SEED that it goes on from, or is.
    #[must_use]
    pub fn seed<S: CryptoSuite>(&self) -> Digest32 {
        match self {
            Self::Seed(packet) => packet.body().digest::<S>(),
            Self::Freeze(packet) => packet.body().seed,
            Self::Cut(packet) => packet.body().seed,
            Self::Share(packet) => packet.body().seed,
            Self::Joint(packet) => packet.body().seed,
            Self::Object(packet) => packet.body().seed,
        }
    }

    /// Writes it.
    pub fn encode(&self, out: &mut Encoder) {
        self.step().encode(out);
        match self {
            Self::Seed(packet) => packet.encode(out),
            Self::Freeze(packet) => packet.encode(out),
            Self::Cut(packet) => packet.encode(out),
            Self::Share(packet) => packet.encode(out),
            Self::Joint(packet) => packet.encode(out),
            Self::Object(packet) => packet.encode(out),
        }
    }

    /// Reads it.
    ///
    /// # Errors
    /// A step that there is not, or the first field that is out of its bounds or not all there.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        fn signed<B: ChangeBody>(input: &mut Decoder<'_>) -> Result<Box<Signed<B>>, DecodeError> {
            Signed::decode(input).map(Box::new)
        }
        Ok(match LightStep::decode(input, "step")? {
            LightStep::Seed => Self::Seed(signed(input)?),
            LightStep::Freeze => Self::Freeze(signed(input)?),
            LightStep::Cut => Self::Cut(signed(input)?),
            LightStep::Share => Self::Share(signed(input)?),
            LightStep::Joint => Self::Joint(signed(input)?),
            LightStep::Object => Self::Object(signed(input)?),
        })
    }
}
