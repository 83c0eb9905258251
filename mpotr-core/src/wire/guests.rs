//! Members of an epoch that ask to go over into another. `docs/spec/05-wire.md`, "Guests".
//!
//! ```text
//! struct {
//!   opaque room[32];
//!   opaque host[16];                 name of the other epoch
//!   opaque names[16]<1..16>;         name of their own, and of those before it, the newest first; 8-bit count
//!   opaque offers[32]<2..4096>;      digests of the offers of all of them, strictly increasing, 32-bit count
//! } Guests;
//! ```
//!
//! In clear and unsigned: it says which offers belong together, and proves nothing.

use mpotr_crypto::{DecodeError, Decoder, Encoder};
use mpotr_gka::{EpochName, MAX_MEMBERS, OfferDigest, RoomId};

/// The most names of one room: its people may have been voted about by one that was its own a while ago.
pub const MAX_NAMES: usize = 16;

/// Members of an epoch ask to go over into another, all of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Guests {
    /// The room.
    pub room: RoomId,
    /// The other epoch.
    pub host: EpochName,
    /// The name of their epoch, and of those before it, the newest first.
    pub names: Vec<EpochName>,
    /// Their offers, strictly increasing.
    pub offers: Vec<OfferDigest>,
}

impl Guests {
    /// Writes it.
    pub fn encode(&self, out: &mut Encoder) {
        self.room.encode(out);
        self.host.encode(out);
        out.list::<u8, _>(&self.names, EpochName::encode);
        out.list::<u32, _>(&self.offers, OfferDigest::encode);
    }

    /// Reads it.
    ///
    /// # Errors
    /// The first field that is over its limit, not canonical or not all there.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        Ok(Self {
            room: RoomId::decode(input, "room")?,
            host: EpochName::decode_name(input, "host")?,
            names: input.list::<u8, _>(1..=MAX_NAMES, "names", EpochName::decode_name)?,
            offers: input.set::<u32, _>(2..=MAX_MEMBERS, "offers", OfferDigest::decode)?,
        })
    }
}
