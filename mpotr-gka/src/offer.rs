//! Offers: what a member publishes ahead of a run. `docs/spec/04-key-agreement.md`, "Offer".
//!
//! ```text
//! struct {
//!   uint8  versions<1..8>;       strictly increasing
//!   uint16 suites<1..8>;         strictly increasing
//!   opaque room[32];
//!   opaque parent[16];           name of the epoch that its run follows; zero for a first epoch
//!   opaque A[32];   identity key
//!   opaque E[32];   ephemeral Ed25519 verification key
//!   opaque Y[32];   trapdoor key            Y = y G
//!   opaque Z[32];   cycle share             Z = z G
//!   opaque R[32];   commitment of the joint-knowledge check   R = r G
//!   opaque nonce[32];
//! } Offer;                                  lists have an 8-bit count of elements; 245 bytes with one of each
//! ```
//!
//! An offer is used for at most one contribution. A second run with the same Z would tell its key to everyone who
//! was in the first (`docs/security/offers.md`): [`OfferSecrets`] is therefore not `Clone` and is consumed.

mod secrets;

pub use secrets::OfferSecrets;

use mpotr_crypto::{
    CryptoSuite, DecodeError, Decoder, Encoder, EphemeralKey, IdentityKey, SuiteId, TranscriptHash,
    byte_newtype, label,
};

use crate::epoch_name::EpochName;
use crate::room_name::RoomId;

byte_newtype! {
    /// A trapdoor key `Y`: an encoded element, 32 bytes.
    TrapdoorKey
}
byte_newtype! {
    /// A cycle share `Z`: an encoded element, 32 bytes.
    CycleShare
}
byte_newtype! {
    /// A commitment `R` of the joint-knowledge check: an encoded element, 32 bytes.
    KnowledgeCommitment
}
byte_newtype! {
    /// A nonce: 32 random bytes, the sender's share in the freshness of `sid`.
    Nonce
}
byte_newtype! {
    /// `H("offer", offer)`, 32 bytes: how a proposal names an offer.
    OfferDigest
}

/// What a member publishes ahead of a run: its keys for one contribution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Offer {
    /// Protocol versions that the member speaks, strictly increasing.
    pub versions: Vec<u8>,
    /// Suites that the member can compute, by id, strictly increasing.
    pub suites: Vec<u16>,
    /// The room that the offer is for.
    pub room: RoomId,
    /// The epoch that its run follows; none for a first one. It shows that the offer is no older than that epoch.
    pub parent: Option<EpochName>,
    /// `A`: the long-term identity that the member claims.
    pub identity: IdentityKey,
    /// `E`: verifies what the member signs in the run and its epoch.
    pub ephemeral: EphemeralKey,
    /// `Y`: the trapdoor key.
    pub trapdoor: TrapdoorKey,
    /// `Z`: the share of the key agreement.
    pub share: CycleShare,
    /// `R`: the commitment of the joint-knowledge check.
    pub commitment: KnowledgeCommitment,
    /// Fresh random bytes, so that no two runs have one `sid`.
    pub nonce: Nonce,
}

/// The protocol version of this crate.
pub(crate) const VERSION: u8 = 1;
const MAX_LISTED: usize = 8;

impl Offer {
    /// Writes the offer.
    pub fn encode(&self, out: &mut Encoder) {
        out.list::<u8, _>(&self.versions, |version, out| out.u8(*version));
        out.list::<u8, _>(&self.suites, |suite, out| out.u16(*suite));
        self.room.encode(out);
        EpochName::encode_parent(self.parent, out);
        self.identity.encode(out);
        self.ephemeral.encode(out);
        self.trapdoor.encode(out);
        self.share.encode(out);
        self.commitment.encode(out);
        self.nonce.encode(out);
    }

    /// Reads an offer. Its keys are decoded by [`RunMember::decode`](crate::RunMember::decode).
    ///
    /// # Errors
    /// The first field that is not canonical.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            versions: input.set::<u8, _>(1..=MAX_LISTED, "versions", Decoder::u8)?,
            suites: input.set::<u8, _>(1..=MAX_LISTED, "suites", Decoder::u16)?,
            room: RoomId::decode(input, "room")?,
            parent: EpochName::decode_parent(input, "parent")?,
            identity: IdentityKey::decode(input, "A")?,
            ephemeral: EphemeralKey::decode(input, "E")?,
            trapdoor: TrapdoorKey::decode(input, "Y")?,
            share: CycleShare::decode(input, "Z")?,
            commitment: KnowledgeCommitment::decode(input, "R")?,
            nonce: Nonce::decode(input, "nonce")?,
        })
    }

    /// The offer's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Encoder::encoded(|out| self.encode(out))
    }

    /// The digest by which a proposal names the offer.
    #[must_use]
    pub fn digest<S: CryptoSuite>(&self) -> OfferDigest {
        let digest = TranscriptHash::<S>::new(label::OFFER)
            .bytes(&self.to_bytes())
            .digest();
        OfferDigest::new(*digest.as_bytes())
    }

    /// Whether the member can compute this suite.
    #[must_use]
    pub fn supports(&self, suite: SuiteId) -> bool {
        self.suites.contains(&suite.code()) && self.versions.contains(&VERSION)
    }
}
