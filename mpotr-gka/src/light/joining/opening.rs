//! Parts `F` of a new family: committed to by all, the joiner too, before any is shown. `docs/spec/14-light-runs.md`, "Parts".
//!
//! ```text
//! com'_i = H("inner key", handle, uint16 i, F'_i, salt)         a member, in FREEZE; i: its place in the next epoch
//! com_J  = H("inner key J", Y_J, F_J, salt)                     a joiner, in its offer
//!
//! struct { opaque F[32];  opaque salt[32];  opaque tags[16]<1..8>; } Opening;             of a member, in its first statement
//! ```

use mpotr_crypto::{
    CryptoSuite, DecodeError, Decoder, Digest32, Element, Encoder, PartKey, TranscriptHash, label,
};

use super::super::seed::Handle;
use super::MAX_JOINERS;
use super::pairs::JoinTag;
use crate::fault::{Fault, FaultKind};
use crate::member_index::MemberIndex;
use crate::offer::TrapdoorKey;

/// What a member shows in its first statement in an epoch into which others came: its part, and a tag for each joiner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opening {
    /// `F'`.
    pub part: PartKey,
    /// With which it was committed to.
    pub salt: [u8; 32],
    /// For each joiner, in the order of their places: that the member is who it is listed as.
    pub tags: Vec<JoinTag>,
}

/// A part that is not the one committed to, or no element. Where it is signed its owner is named, else it was never received.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("what member {0} shows does not open what it committed to")]
pub struct WrongOpening(pub MemberIndex);

impl WrongOpening {
    /// The fault of the member, if it signed the statement with the opening.
    #[must_use]
    pub fn signed(self) -> Fault {
        Fault::of(FaultKind::WrongOpening, self.0)
    }
}

impl Opening {
    /// Writes the opening.
    pub fn encode(&self, out: &mut Encoder) {
        self.part.encode(out);
        out.raw(&self.salt);
        out.list::<u8, _>(&self.tags, JoinTag::encode);
    }

    /// Reads an opening.
    ///
    /// # Errors
    /// The first field that is out of its bounds or not all there.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            part: PartKey::decode(input, "F")?,
            salt: input.array("salt")?,
            tags: input.list::<u8, _>(1..=MAX_JOINERS, "tags", JoinTag::decode)?,
        })
    }
}

/// `com'_i`.
pub(in crate::light) fn commitment_of_member<S: CryptoSuite>(
    handle: &Handle,
    place: MemberIndex,
    part: &PartKey,
    salt: &[u8; 32],
) -> Digest32 {
    TranscriptHash::<S>::new(label::INNER_KEY)
        .bytes(handle.as_bytes())
        .u16(place.get())
        .bytes(part.as_bytes())
        .bytes(salt)
        .digest()
}

/// `com_J`.
pub(in crate::light) fn commitment_of_joiner<S: CryptoSuite>(
    trapdoor: &TrapdoorKey,
    part: &PartKey,
    salt: &[u8; 32],
) -> Digest32 {
    TranscriptHash::<S>::new(label::JOINER_INNER_KEY)
        .bytes(trapdoor.as_bytes())
        .bytes(part.as_bytes())
        .bytes(salt)
        .digest()
}

/// What a part was committed to by.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Committed {
    /// A member: by the name of the epoch and its place.
    Member(Handle, MemberIndex),
    /// A joiner: by its key `Y`.
    Joiner(TrapdoorKey),
}

impl Committed {
    /// The element of a part, if it is what was committed to, and an element other than the identity.
    pub(crate) fn open<S: CryptoSuite>(
        &self,
        commitment: &Digest32,
        part: &PartKey,
        salt: &[u8; 32],
    ) -> Option<Element<S>> {
        let opened = match self {
            Self::Member(handle, place) => commitment_of_member::<S>(handle, *place, part, salt),
            Self::Joiner(trapdoor) => commitment_of_joiner::<S>(trapdoor, part, salt),
        };
        (opened == *commitment).then(|| part.element::<S>())?
    }
}
