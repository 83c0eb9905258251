//! What a newcomer says to a challenge: its offer, and that the offer is its own. `docs/spec/05-wire.md`, "Knock, hello and
//! answer".
//!
//! ```text
//! struct {
//!   Offer  offer;                 its parent is the epoch of the challenge
//!   opaque challenge[32];         Y of the challenge
//!   opaque signature[64];         by E of the offer over H("answer", place of the challenge, digest of the offer)
//!   opaque proof[128];            the proof of a joiner
//! } Answer;
//! ```

use mpotr_crypto::{CryptoSuite, DecodeError, Decoder, Encoder, SignatureBytes, VerifyingKey};
use mpotr_gka::{CheckedChallenge, JoinerProof, KnownIdentities, Offer, TrapdoorKey};

/// An offer to an epoch that exists, by who made it, for one view.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The offer.
    pub offer: Offer,
    /// The key of the challenge that this answers.
    pub challenge: TrapdoorKey,
    /// By the ephemeral key of the offer.
    pub signature: SignatureBytes,
    /// Who made the offer.
    pub proof: JoinerProof,
}

impl Answer {
    /// Writes the answer.
    pub fn encode(&self, out: &mut Encoder) {
        self.offer.encode(out);
        self.challenge.encode(out);
        self.signature.encode(out);
        self.proof.encode(out);
    }

    /// Reads an answer.
    ///
    /// # Errors
    /// The first field that is not canonical, or not all there.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            offer: Offer::decode(input)?,
            challenge: TrapdoorKey::decode(input, "challenge")?,
            signature: SignatureBytes::decode(input, "signature")?,
            proof: JoinerProof::decode(input, "proof")?,
        })
    }

    /// Whether it answers a challenge, and shows that the identity in the offer made it. Costs a signature, and if that
    /// verifies two double multiplications.
    #[must_use]
    pub fn is_proven<S: CryptoSuite>(
        &self,
        challenge: &CheckedChallenge<S>,
        known: &KnownIdentities<S>,
    ) -> bool {
        let place = challenge.challenge();
        let is_for_it = self.challenge == place.key
            && self.offer.room == place.room
            && self.offer.parent == Some(place.epoch);
        let signed = || place.signed_by_joiner::<S>(&self.offer.digest::<S>());
        let key = VerifyingKey::<S>::decode(&self.offer.ephemeral);
        is_for_it
            && key.is_some_and(|key| key.verify(&signed(), &self.signature).is_ok())
            && challenge.verifies(&self.offer, known, &self.proof)
    }
}
