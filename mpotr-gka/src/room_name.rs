//! What people call a room. `docs/spec/04-key-agreement.md`, "Offer".
//!
//! Two systems write what looks the same as different bytes: `é` as one character, or as `e` and an accent. A room is named by
//! a hash, so all of its members have to hash the same bytes: those of the composed form (NFC, Unicode UAX 15).

use mpotr_crypto::{CryptoSuite, TranscriptHash, byte_newtype, label};
use unicode_normalization::UnicodeNormalization as _;

byte_newtype! {
    /// A room: `H("room", name)` of its name in the composed form, 32 bytes.
    RoomId
}

impl RoomId {
    /// The room of this name, in whatever form of Unicode it is written. A name that a person gives is a
    /// [`RoomName`], which bounds it too.
    #[must_use]
    pub fn of_name<S: CryptoSuite>(name: &str) -> Self {
        Self::new(
            *TranscriptHash::<S>::new(label::ROOM)
                .bytes(composed(name).as_bytes())
                .digest()
                .as_bytes(),
        )
    }
}

/// A room's name: 1 to 255 bytes of UTF-8 in the composed form (NFC).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RoomName(String);

/// Why a text is no name of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RoomNameError {
    /// The name is empty.
    #[error("the name of a room has at least one byte")]
    Empty,
    /// It begins or ends with white space, which nobody sees: it would be another room than the one that was meant.
    #[error("the name of a room neither begins nor ends with white space")]
    Blank,
    /// Over [`RoomName::MAX_LENGTH`].
    #[error(
        "the name of a room has at most {} bytes, not {length}",
        RoomName::MAX_LENGTH
    )]
    TooLong {
        /// Its length in bytes, in the composed form.
        length: usize,
    },
}

impl RoomName {
    /// The most bytes of a name, in the composed form.
    pub const MAX_LENGTH: usize = 255;

    /// The name that a person has given, in the composed form.
    ///
    /// # Errors
    /// It is empty or too long, or begins or ends with white space.
    pub fn new(name: &str) -> Result<Self, RoomNameError> {
        let composed = composed(name);
        match composed.len() {
            0 => Err(RoomNameError::Empty),
            length if length > Self::MAX_LENGTH => Err(RoomNameError::TooLong { length }),
            _ if composed.trim() != composed => Err(RoomNameError::Blank),
            _ => Ok(Self(composed)),
        }
    }

    /// The name as text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The room of this name.
    #[must_use]
    pub fn id<S: CryptoSuite>(&self) -> RoomId {
        RoomId::of_name::<S>(&self.0)
    }
}

impl core::fmt::Display for RoomName {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(&self.0)
    }
}

impl core::str::FromStr for RoomName {
    type Err = RoomNameError;

    fn from_str(name: &str) -> Result<Self, RoomNameError> {
        Self::new(name)
    }
}

/// The composed form of a text.
pub(crate) fn composed(text: &str) -> String {
    text.nfc().collect()
}

#[cfg(test)]
mod tests {
    use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as S;

    use super::{RoomId, RoomName, RoomNameError};

    #[test]
    fn a_name_is_one_room_in_whatever_form_a_system_writes_it() {
        let (as_one, apart) = ("caf\u{e9}", "cafe\u{301}");
        let names = [as_one, apart].map(|name| RoomName::new(name).unwrap());
        assert_eq!(names[0], names[1]);
        assert_eq!(names[0].as_str(), as_one);
        assert_eq!(names[0].id::<S>(), names[1].id::<S>());
        assert_eq!(RoomId::of_name::<S>(apart), names[0].id::<S>());
    }

    #[test]
    fn names_that_merely_look_alike_are_different_rooms() {
        // Compatibility forms and letters of other scripts keep their difference.
        for other in ["ｔea", "tеa", "Tea", "te a"] {
            assert_ne!(
                RoomName::new(other).unwrap().id::<S>(),
                RoomName::new("tea").unwrap().id::<S>()
            );
        }
    }

    #[test]
    fn a_name_neither_begins_nor_ends_with_what_nobody_sees() {
        for name in [
            " tea",
            "tea ",
            "\ttea",
            "tea\n",
            "tea\u{a0}",
            "\u{3000}tea",
            " ",
        ] {
            assert_eq!(RoomName::new(name), Err(RoomNameError::Blank), "{name:?}");
        }
        assert_eq!(
            RoomName::new("five o'clock").unwrap().as_str(),
            "five o'clock"
        );
    }

    #[test]
    fn the_length_is_that_of_the_composed_form() {
        assert_eq!(RoomName::new(""), Err(RoomNameError::Empty));
        RoomName::new(&"a".repeat(255)).unwrap();
        RoomName::new(&"e\u{301}".repeat(127)).unwrap();
        assert_eq!(
            RoomName::new(&"a".repeat(256)),
            Err(RoomNameError::TooLong { length: 256 })
        );
        assert_eq!(
            RoomName::new(&"é".repeat(128)),
            Err(RoomNameError::TooLong { length: 256 })
        );
    }
}
