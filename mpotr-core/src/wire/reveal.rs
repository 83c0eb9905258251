//! A member's secrets of an epoch, published when nobody accepts anything new under them. `docs/spec/05-wire.md`, "Reveal".
//!
//! ```text
//! struct {
//!   opaque hint[8];     of the epoch
//!   uint16 sender;      index in the roster of the one whose secrets they are
//!   opaque m[32];       seed of M, its signing key
//!   opaque y[32];       scalar of Y, its trapdoor key; zero where it signs with a key that is younger than its last offer
//! } Reveal;
//! ```
//!
//! In clear, for everyone: from then on anyone can sign what that member might have said in that epoch.

use mpotr_crypto::{
    CryptoSuite, DecodeError, Decoder, Encoder, EphemeralKey, EphemeralKeyPair, Group, Secret,
    byte_newtype,
};
use mpotr_gka::TrapdoorKey;

use super::EpochHint;

byte_newtype! {
    /// The seed of a signing key, no longer a secret.
    RevealedSeed, 32
}

byte_newtype! {
    /// The scalar of a trapdoor key, no longer a secret.
    RevealedTrapdoor, 32
}

impl RevealedTrapdoor {
    /// Nothing to publish: no member has this one, whose key would be the identity.
    pub const NONE: Self = Self::new([0; 32]);
}

/// What signed for a member in an epoch, and its trapdoor secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reveal {
    /// The epoch in which they were used.
    pub hint: EpochHint,
    /// Whose secrets they are, by its place in the roster.
    pub sender: u16,
    /// `m`.
    pub seed: RevealedSeed,
    /// `y`.
    pub trapdoor: RevealedTrapdoor,
}

impl Reveal {
    /// Writes the packet's body.
    pub fn encode(&self, out: &mut Encoder) {
        self.hint.encode(out);
        out.u16(self.sender);
        self.seed.encode(out);
        self.trapdoor.encode(out);
    }

    /// Reads the packet's body.
    ///
    /// # Errors
    /// It is cut short.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            hint: EpochHint::decode(input, "hint")?,
            sender: input.u16("sender")?,
            seed: RevealedSeed::decode(input, "m")?,
            trapdoor: RevealedTrapdoor::decode(input, "y")?,
        })
    }

    /// Whether the secrets are those of these keys. Who signs with a key that it drew after its last offer publishes that alone.
    #[must_use]
    pub fn is_of<S: CryptoSuite>(
        &self,
        signing: &EphemeralKey,
        trapdoor: Option<&TrapdoorKey>,
    ) -> bool {
        let seed = Secret::new(*self.seed.as_bytes());
        if EphemeralKeyPair::<S>::from_seed(&seed).public() != *signing {
            return false;
        }
        let Some(trapdoor) = trapdoor else {
            return self.trapdoor == RevealedTrapdoor::NONE;
        };
        let scalar = S::Group::decode_scalar(self.trapdoor.as_bytes());
        scalar.is_some_and(|scalar| {
            S::Group::encode(&S::Group::mul_base(&scalar)) == *trapdoor.as_bytes()
        })
    }
}
