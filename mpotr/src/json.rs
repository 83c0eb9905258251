//! What goes in and out of a member, as JSON: one form for every program. `docs/interfaces.md`.
//!
//! Keys, ids, digests and `sid` are lower-case hexadecimal, bytes base64url without padding, enumerations words in snake
//! case. [`Event`](crate::Event), [`RoomView`](crate::RoomView) and [`MessageState`](crate::MessageState) are written by their
//! [`Serialize`] or by a type here; what is read is a type of this module, which refuses what it would not
//! write.
//!
//! ```
//! use mpotr::json::{Hex, PolicyJson, VoteJson};
//! use mpotr::{IdentityKey, Policy, Vote};
//!
//! let vote: VoteJson = serde_json::from_str(&format!(r#"{{"admit":"{}"}}"#, "07".repeat(32)))?;
//! assert_eq!(Vote::from(vote), Vote::Admit(IdentityKey::new([7; 32])));
//! // What is not named stays as it is.
//! let change: PolicyJson = serde_json::from_str(r#"{"exclude":{"quorum":2}}"#)?;
//! assert_eq!(change.over(&Policy::default()).admit, Policy::default().admit);
//! assert!(serde_json::from_str::<Hex<IdentityKey>>(r#""07""#).is_err());
//! # Ok::<(), serde_json::Error>(())
//! ```

mod terms;
mod view;

use core::fmt::Display;
use core::marker::PhantomData;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::de::{Deserialize, Deserializer, Error as _, Unexpected, Visitor};
use serde::ser::{Serialize, Serializer};

use mpotr_core::crypto::IdentityKey;
use mpotr_core::gka::{EpochName, Sid};
use mpotr_core::{AttemptId, MemberInfo, MessageId};

pub use terms::{AdmissionJson, PolicyJson, RuleJson, SeenJson, VoteJson};
pub use view::{MemberJson, MessageStateJson};

/// A key, an id or a digest: lower-case hexadecimal of its exact length.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hex<T>(
    /// What it is.
    pub T,
);

/// What [`Hex`] reads.
pub trait FromHex: Sized {
    /// From hexadecimal digits, lower-case and as many as it takes.
    fn from_hex(digits: &str) -> Option<Self>;
}

macro_rules! from_hex {
    ($($name:ident)+) => {
        $(impl FromHex for $name {
            fn from_hex(digits: &str) -> Option<Self> {
                decode_hex(digits).map(Self::new)
            }
        })+
    };
}

from_hex! { IdentityKey Sid EpochName MessageId AttemptId }

fn decode_hex<const N: usize>(digits: &str) -> Option<[u8; N]> {
    let (pairs, rest) = digits.as_bytes().as_chunks::<2>();
    if pairs.len() != N || !rest.is_empty() {
        return None;
    }
    let mut bytes = [0; N];
    for (byte, [high, low]) in bytes.iter_mut().zip(pairs) {
        *byte = nibble(*high)?.checked_mul(16)?.checked_add(nibble(*low)?)?;
    }
    Some(bytes)
}

const fn nibble(digit: u8) -> Option<u8> {
    match digit {
        b'0'..=b'9' => digit.checked_sub(b'0'),
        b'a'..=b'f' => digit.checked_sub(b'a' - 10),
        _ => None,
    }
}

impl<T: Display> Serialize for Hex<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(&self.0)
    }
}

/// Reads a text and makes something of it.
struct Text<T, F>(F, &'static str, PhantomData<T>);

impl<T, F: Fn(&str) -> Option<T>> Visitor<'_> for Text<T, F> {
    type Value = T;

    fn expecting(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.1)
    }

    fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<T, E> {
        (self.0)(text).ok_or_else(|| E::invalid_value(Unexpected::Other("another text"), &self))
    }
}

impl<'de, T: FromHex> Deserialize<'de> for Hex<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |text: &str| T::from_hex(text).map(Self);
        deserializer.deserialize_str(Text(
            read,
            "lower-case hexadecimal of the right length",
            PhantomData,
        ))
    }
}

/// Hexadecimal, as a list.
pub(crate) struct HexList<'a, T>(pub(crate) &'a [T]);

impl<T: Display> Serialize for HexList<'_, T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0.iter().map(Hex))
    }
}

/// Bytes that go out: base64url without padding.
pub(crate) struct Base64<'a>(pub(crate) &'a [u8]);

impl Serialize for Base64<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&URL_SAFE_NO_PAD.encode(self.0))
    }
}

/// Bytes: base64url without padding, canonical.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bytes(
    /// The bytes.
    pub Vec<u8>,
);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        Base64(&self.0).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Bytes {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let read = |text: &str| URL_SAFE_NO_PAD.decode(text).ok().map(Self);
        deserializer.deserialize_str(Text(read, "base64url without padding", PhantomData))
    }
}

/// A word of a list.
pub(crate) fn word<'de, D: Deserializer<'de>, T: Copy>(
    deserializer: D,
    all: &[T],
    name: impl Fn(T) -> &'static str,
) -> Result<T, D::Error> {
    let word = String::deserialize(deserializer)?;
    let found = all.iter().find(|it| name(**it) == word);
    found.copied().ok_or_else(|| {
        let words: Vec<_> = all.iter().map(|it| name(*it)).collect();
        D::Error::custom(format_args!("one of {}", words.join(", ")))
    })
}

/// A roster.
pub(crate) struct RosterJson<'a>(pub(crate) &'a [MemberInfo]);

impl Serialize for RosterJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(serde::Serialize)]
        struct Listed {
            identity: Hex<IdentityKey>,
            me: bool,
        }
        serializer.collect_seq(self.0.iter().map(|member| Listed {
            identity: Hex(member.identity),
            me: member.is_me,
        }))
    }
}
