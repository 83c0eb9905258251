//! What members of an epoch say to those outside: that they are there. `docs/spec/05-wire.md`, "Advert".
//!
//! ```text
//! struct { opaque room[32]; opaque name[16]; uint16 members; } Advert;
//! ```
//!
//! In clear and unsigned: it is a hint to wait for, and proves nothing.

use mpotr_crypto::{DecodeError, Decoder, Encoder};
use mpotr_gka::{EpochName, MAX_MEMBERS, RoomId};

/// There is an epoch in this channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Advert {
    /// The room.
    pub room: RoomId,
    /// The name of the epoch.
    pub name: EpochName,
    /// How many members it has.
    pub members: u16,
}

impl Advert {
    /// Writes the advert.
    pub fn encode(&self, out: &mut Encoder) {
        self.room.encode(out);
        self.name.encode(out);
        out.u16(self.members);
    }

    /// Reads an advert.
    ///
    /// # Errors
    /// It is cut short, or the number of members is not one.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let room = RoomId::decode(input, "room")?;
        let name = EpochName::decode_name(input, "name")?;
        let at = input.offset();
        let members = input.u16("members")?;
        if members == 0 || usize::from(members) > MAX_MEMBERS {
            return Err(DecodeError::unknown(at, "members", members));
        }
        Ok(Self {
            room,
            name,
            members,
        })
    }

    /// Whether the members of this epoch let those of another in, and not the other way round: the larger one does, of two
    /// alike the one with the smaller name.
    #[must_use]
    pub fn hosts(&self, other: &Self) -> bool {
        (self.members, other.name) > (other.members, self.name)
    }
}
