//! What a joiner brings into a light run. `docs/spec/14-light-runs.md`, "HELLO and JOINREQ".
//!
//! ```text
//! struct {
//!   uint8 versions<1..8>;  uint16 suites<1..8>;  opaque room[32];  opaque handle[16];
//!   opaque A[32];  opaque M[32];  opaque P[32];  opaque Y[32];  opaque com[32];
//! } JoinOffer;                                                  lists have an 8-bit count, and increase strictly
//! ```

use mpotr_crypto::{
    CryptoSuite, DecodeError, Decoder, Digest32, Element, Encoder, EphemeralKey, Group,
    IdentityKey, SuiteId, TranscriptHash, byte_newtype, label,
};

use super::super::cut::{ListedKeys, ListedPart};
use super::super::seed::Handle;
use crate::offer::{TrapdoorKey, VERSION};
use crate::room_name::RoomId;
use crate::rounds::ReceiveKey;

const MAX_LISTED: usize = 8;

byte_newtype! {
    /// `H("join offer", offer)`, 32 bytes: how others name the offer of a joiner.
    JoinOfferDigest
}

/// What a joiner brings: its keys for one SEED, and what commits it to its part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JoinOffer {
    /// Protocol versions that it speaks, strictly increasing.
    pub versions: Vec<u8>,
    /// Suites that it can compute, by id, strictly increasing.
    pub suites: Vec<u16>,
    /// The room.
    pub room: RoomId,
    /// The name of the epoch that it wants to come into.
    pub handle: Handle,
    /// `A`: the identity that it claims.
    pub identity: IdentityKey,
    /// `M`: what it will sign with.
    pub signing: EphemeralKey,
    /// `P`: under it comes the secret.
    pub receive: ReceiveKey,
    /// `Y`: what members authenticate to.
    pub trapdoor: TrapdoorKey,
    /// What commits it to its part `F`.
    pub commitment: Digest32,
}

/// Why an offer of a joiner is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OfferError {
    /// It is for another room or epoch, or its owner does not speak this version or suite.
    #[error("the offer is for another room, epoch, version or suite")]
    Elsewhere,
    /// A key that is no element, or the identity, or one that no honest joiner shows.
    #[error("a key in the offer does not decode")]
    UndecodableKey,
}

/// The elements of an offer.
pub(in crate::light) struct OfferElements<S: CryptoSuite> {
    /// `A`.
    pub(in crate::light) identity: Element<S>,
    /// `Y`.
    pub(in crate::light) trapdoor: Element<S>,
}

impl JoinOffer {
    /// Writes the offer.
    pub fn encode(&self, out: &mut Encoder) {
        out.list::<u8, _>(&self.versions, |version, out| out.u8(*version));
        out.list::<u8, _>(&self.suites, |suite, out| out.u16(*suite));
        self.room.encode(out);
        self.handle.encode(out);
        self.identity.encode(out);
        self.signing.encode(out);
        self.receive.encode(out);
        self.trapdoor.encode(out);
        self.commitment.encode(out);
    }

    /// Reads an offer, which [`check`](Self::check) looks at.
    ///
    /// # Errors
    /// The first field that is out of its bounds or not all there.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            versions: input.set::<u8, _>(1..=MAX_LISTED, "versions", Decoder::u8)?,
            suites: input.set::<u8, _>(1..=MAX_LISTED, "suites", Decoder::u16)?,
            room: RoomId::decode(input, "room")?,
            handle: Handle::decode(input, "handle")?,
            identity: IdentityKey::decode(input, "A")?,
            signing: EphemeralKey::decode(input, "M")?,
            receive: ReceiveKey::decode(input, "P")?,
            trapdoor: TrapdoorKey::decode(input, "Y")?,
            commitment: Digest32::decode(input, "com")?,
        })
    }

    /// The offer's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Encoder::encoded(|out| self.encode(out))
    }

    /// The digest by which others name it.
    #[must_use]
    pub fn digest<S: CryptoSuite>(&self) -> JoinOfferDigest {
        let digest = TranscriptHash::<S>::new(label::JOIN_OFFER)
            .bytes(&self.to_bytes())
            .digest();
        JoinOfferDigest::new(*digest.as_bytes())
    }

    /// Whether the joiner can compute this suite.
    #[must_use]
    pub fn supports(&self, suite: SuiteId) -> bool {
        self.suites.contains(&suite.code()) && self.versions.contains(&VERSION)
    }

    /// Whether the offer is for this epoch, and its keys are ones that an honest joiner shows. Costs three decodings.
    ///
    /// # Errors
    /// [`OfferError`].
    pub fn check<S: CryptoSuite>(&self, room: RoomId, handle: &Handle) -> Result<(), OfferError> {
        if !self.supports(S::ID) || self.room != room || self.handle != *handle {
            return Err(OfferError::Elsewhere);
        }
        let receive = decode_key::<S>(self.receive.as_bytes());
        let has_keys = self.signing.is_strict() && receive.is_some();
        let elements = self.elements::<S>().filter(|_| has_keys);
        let keys = [
            self.identity.as_bytes(),
            self.receive.as_bytes(),
            self.trapdoor.as_bytes(),
        ];
        let are_distinct = keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2];
        match elements {
            Some(_) if are_distinct => Ok(()),
            Some(_) | None => Err(OfferError::UndecodableKey),
        }
    }

    /// `A` and `Y`, decoded.
    pub(in crate::light) fn elements<S: CryptoSuite>(&self) -> Option<OfferElements<S>> {
        Some(OfferElements {
            identity: decode_key::<S>(self.identity.as_bytes())?,
            trapdoor: decode_key::<S>(self.trapdoor.as_bytes())?,
        })
    }

    /// What CUT lists of it.
    pub(in crate::light) fn listed(&self) -> ListedKeys {
        ListedKeys {
            signing: self.signing,
            part: ListedPart::new(*self.commitment.as_bytes()),
            receive: self.receive,
        }
    }
}

/// The element of an encoding that is canonical and not that of the identity.
pub(in crate::light) fn decode_key<S: CryptoSuite>(bytes: &[u8; 32]) -> Option<Element<S>> {
    if bytes == &[0; 32] {
        return None;
    }
    S::Group::decode(bytes)
}
