//! The first frame of a client: which version it speaks and which room it joins.

use bytes::Bytes;
use mpotr_crypto::{DecodeError, Decoder};

use super::{FrameCodec, VERSION};

/// The name of a room as the relay knows it: 1 to 64 opaque bytes.
///
/// Clients of this crate send the 32-byte room id, a hash, so that the relay does not learn what people call the room.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoomName(Vec<u8>);

impl RoomName {
    /// The most bytes of a name.
    pub const MAX: usize = 64;

    /// From its bytes.
    ///
    /// # Errors
    /// Not 1 to 64 of them.
    pub fn new(bytes: impl Into<Vec<u8>>) -> Result<Self, DecodeError> {
        let bytes = bytes.into();
        DecodeError::unless_within(0, "room", bytes.len(), 1..=Self::MAX)?;
        Ok(Self(bytes))
    }

    /// Its bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl From<[u8; 32]> for RoomName {
    fn from(bytes: [u8; 32]) -> Self {
        Self(bytes.to_vec())
    }
}

/// The length alone: who meets whom is not for logs.
impl core::fmt::Debug for RoomName {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "RoomName({} bytes)", self.0.len())
    }
}

/// `struct { uint8 version = 1; opaque room[1..64]; } Join;`, the room up to the end of the frame.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Join {
    /// The room to join.
    pub room: RoomName,
}

impl Join {
    /// The most bytes of the payload.
    pub const MAX: usize = RoomName::MAX + 1;

    /// The whole frame, with its length.
    #[must_use]
    pub fn to_frame(&self) -> Bytes {
        FrameCodec::encode(&[&[VERSION], self.room.as_bytes()])
    }

    /// Reads the payload of a frame.
    ///
    /// # Errors
    /// Another version, or a room name that is empty or too long.
    pub fn decode(payload: &[u8]) -> Result<Self, DecodeError> {
        let mut input = Decoder::new(payload);
        input.exactly(VERSION, "version")?;
        let name = input.rest_within(1..=RoomName::MAX, "room")?;
        Ok(Self {
            room: RoomName(name.to_vec()),
        })
    }
}

#[cfg(test)]
mod tests {
    use mpotr_crypto::DecodeErrorKind;
    use proptest::prelude::*;

    use super::{Join, RoomName};
    use crate::frame::LENGTH_PREFIX;

    #[test]
    fn the_bytes_are_those_of_the_specification() {
        let join = Join {
            room: RoomName::new(*b"room").unwrap(),
        };
        assert_eq!(join.to_frame(), &b"\x00\x00\x00\x05\x01room"[..]);
    }

    #[test]
    fn refuses_nothing_at_all() {
        let error = Join::decode(&[]).unwrap_err();
        assert_eq!(
            (error.field, error.kind),
            ("version", DecodeErrorKind::Truncated { missing: 1 })
        );
    }

    #[test]
    fn refuses_another_version() {
        let error = Join::decode(b"\x02room").unwrap_err();
        assert_eq!(
            (error.field, error.kind),
            ("version", DecodeErrorKind::UnknownValue(2))
        );
    }

    #[test]
    fn refuses_an_empty_room_name() {
        let error = Join::decode(&[1]).unwrap_err();
        let kind = DecodeErrorKind::TooShort {
            length: 0,
            minimum: 1,
        };
        assert_eq!((error.offset, error.field, error.kind), (1, "room", kind));
    }

    #[test]
    fn refuses_a_room_name_of_65_bytes_and_takes_one_of_64() {
        assert!(Join::decode(&[1; 65]).is_ok());
        let error = Join::decode(&[1; 66]).unwrap_err();
        assert_eq!(
            error.kind,
            DecodeErrorKind::TooLong {
                length: 65,
                limit: 64
            }
        );
    }

    #[test]
    fn debug_does_not_show_the_room() {
        let join = Join {
            room: RoomName::new(*b"room").unwrap(),
        };
        assert_eq!(format!("{join:?}"), "Join { room: RoomName(4 bytes) }");
    }

    proptest! {
        #[test]
        fn what_decodes_encodes_to_the_same_bytes(payload in prop::collection::vec(0_u8..3, 0..70)) {
            if let Ok(join) = Join::decode(&payload) {
                prop_assert_eq!(&join.to_frame()[LENGTH_PREFIX..], &payload[..]);
            }
        }

        #[test]
        fn every_room_name_comes_back(name in prop::collection::vec(any::<u8>(), 1..=64)) {
            let join = Join { room: RoomName::new(name).unwrap() };
            prop_assert_eq!(Join::decode(&join.to_frame()[LENGTH_PREFIX..]), Ok(join));
        }
    }
}
