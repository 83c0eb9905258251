//! What members of an epoch say to those outside: that they are there. `docs/spec/05-wire.md`, "Advert".
//!
//! ```text
//! struct { opaque room[32]; opaque name[16]; uint16 members; opaque earlier[16]<0..15>; } Advert;
//! ```
//!
//! In clear and unsigned: it is a hint to wait for, and proves nothing.

use mpotr_crypto::{DecodeError, Decoder, Encoder};
use mpotr_gka::{EpochName, MAX_MEMBERS, RoomId};

use super::guests::MAX_NAMES;

/// There is an epoch in this channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Advert {
    /// The room.
    pub room: RoomId,
    /// The name of the epoch.
    pub name: EpochName,
    /// How many members it has.
    pub members: u16,
    /// The names of the epochs before it, the newest first, while its members vote to become one with another room: who
    /// voted by one of these means this epoch.
    pub earlier: Vec<EpochName>,
}

impl Advert {
    /// Writes the advert.
    pub fn encode(&self, out: &mut Encoder) {
        self.room.encode(out);
        self.name.encode(out);
        out.u16(self.members);
        out.list::<u8, _>(&self.earlier, EpochName::encode);
    }

    /// Reads an advert.
    ///
    /// # Errors
    /// It is cut short, or a number is over its limit.
    pub fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let room = RoomId::decode(input, "room")?;
        let name = EpochName::decode_name(input, "name")?;
        let at = input.offset();
        let members = input.u16("members")?;
        if members == 0 || usize::from(members) > MAX_MEMBERS {
            return Err(DecodeError::unknown(at, "members", members));
        }
        let most = MAX_NAMES.saturating_sub(1);
        let earlier = input.list::<u8, _>(0..=most, "earlier", EpochName::decode_name)?;
        Ok(Self {
            room,
            name,
            members,
            earlier,
        })
    }

    /// Whether the members of this epoch let those of another in, and not the other way round: the larger one does, of two
    /// alike the one with the smaller name.
    #[must_use]
    pub fn hosts(&self, other: &Self) -> bool {
        (self.members, other.name) > (other.members, self.name)
    }
}
