//! What a chat message holds, inside the encryption: `docs/spec/09-chat-payload.md`.
//!
//! ```text
//!  0      1          2                 2 + n
//! +------+----------+-----------------+------------------+
//! | kind | length n | nick, n bytes   | text, the rest   |
//! +------+----------+-----------------+------------------+
//! ```
//!
//! Kind 1 is a text. Nick and text are UTF-8. A later kind is another layout, and older programs say that they cannot
//! read it.

use mpotr_crypto::{DecodeError, Decoder, Encoder};

use crate::nick::{Nick, NickError};

/// The kind of a text.
const TEXT: u8 = 1;

/// A chat message.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payload {
    /// What its author calls itself. Bound to nothing but the message.
    pub nick: Nick,
    /// The text. Anything that is UTF-8: it is escaped before a terminal sees it.
    pub text: String,
}

/// Why a body is no chat message.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PayloadError {
    /// The layout is another one.
    #[error(transparent)]
    Decode(#[from] DecodeError),
    /// The nick or the text is no UTF-8.
    #[error("the {field} is no UTF-8 from its byte {offset} on")]
    NotUtf8 {
        /// `nick` or `text`.
        field: &'static str,
        /// Offset from the start of the field, in bytes.
        offset: usize,
    },
    /// The nick does not keep to the rules.
    #[error(transparent)]
    Nick(#[from] NickError),
}

impl Payload {
    /// Bytes that a message takes besides its text.
    pub const OVERHEAD: usize = 2 + Nick::MAX_LENGTH;

    /// The body of the message.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Encoder::encoded(|out| {
            out.u8(TEXT);
            out.u8(self.nick.length());
            out.raw(self.nick.as_str().as_bytes());
            out.raw(self.text.as_bytes());
        })
    }

    /// Reads the body of a message.
    ///
    /// # Errors
    /// The first thing that is wrong with it.
    pub fn from_bytes(body: &[u8]) -> Result<Self, PayloadError> {
        let mut input = Decoder::new(body);
        input.exactly(TEXT, "kind")?;
        let length = input.u8("nick length")?;
        let nick = Nick::new(utf8("nick", input.raw(length.into(), "nick")?)?)?;
        let text = utf8("text", input.rest())?.to_owned();
        Ok(Self { nick, text })
    }
}

fn utf8<'a>(field: &'static str, bytes: &'a [u8]) -> Result<&'a str, PayloadError> {
    core::str::from_utf8(bytes).map_err(|error| PayloadError::NotUtf8 {
        field,
        offset: error.valid_up_to(),
    })
}

#[cfg(test)]
mod tests {
    use mpotr_crypto::DecodeErrorKind;
    use proptest::prelude::*;

    use super::{Payload, PayloadError};
    use crate::nick::{Nick, NickError};

    fn kind(body: &[u8]) -> DecodeErrorKind {
        let error = Payload::from_bytes(body).unwrap_err();
        let PayloadError::Decode(error) = error else {
            panic!("{error}")
        };
        error.kind
    }

    #[test]
    fn a_text_has_known_bytes() {
        let payload = Payload {
            nick: Nick::new("bob").unwrap(),
            text: "hé".to_owned(),
        };
        assert_eq!(payload.to_bytes(), b"\x01\x03bobh\xc3\xa9");
    }

    #[test]
    fn an_unknown_kind_is_refused() {
        assert_eq!(kind(b"\x00\x01at"), DecodeErrorKind::UnknownValue(0));
        assert_eq!(kind(b"\x02\x01at"), DecodeErrorKind::UnknownValue(2));
    }

    #[test]
    fn a_head_cut_short_anywhere_is_refused() {
        for body in [&b""[..], b"\x01", b"\x01\x03", b"\x01\x03bo"] {
            assert!(
                matches!(kind(body), DecodeErrorKind::Truncated { .. }),
                "{body:?}"
            );
        }
    }

    #[test]
    fn what_is_no_utf8_is_refused_in_nick_and_text() {
        assert_eq!(
            Payload::from_bytes(b"\x01\x02a\xff"),
            Err(PayloadError::NotUtf8 {
                field: "nick",
                offset: 1
            }),
        );
        assert_eq!(
            Payload::from_bytes(b"\x01\x01at\xc3"),
            Err(PayloadError::NotUtf8 {
                field: "text",
                offset: 1
            }),
        );
    }

    #[test]
    fn a_length_that_cuts_a_letter_of_the_nick_in_two_is_refused() {
        assert_eq!(
            Payload::from_bytes("\u{1}\u{1}é".as_bytes()),
            Err(PayloadError::NotUtf8 {
                field: "nick",
                offset: 0
            }),
        );
    }

    #[test]
    fn a_nick_that_is_none_is_refused() {
        assert_eq!(
            Payload::from_bytes(b"\x01\x00text"),
            Err(NickError::Empty.into())
        );
        assert_eq!(
            Payload::from_bytes(b"\x01\x03a\x1b["),
            Err(NickError::Character {
                character: '\u{1b}'
            }
            .into()),
        );
    }

    proptest! {
        #[test]
        fn every_text_survives(nick in "[a-z]{1,32}", text in any::<String>()) {
            let payload = Payload { nick: Nick::new(&nick).unwrap(), text };
            prop_assert_eq!(Payload::from_bytes(&payload.to_bytes()), Ok(payload));
        }

        #[test]
        fn what_decodes_encodes_to_the_same_bytes(
            body in proptest::collection::vec(any::<u8>(), 0..80), head in any::<bool>(),
        ) {
            let body = if head { [&b"\x01\x02ab"[..], &body].concat() } else { body };
            if let Ok(payload) = Payload::from_bytes(&body) {
                prop_assert_eq!(payload.to_bytes(), body);
            }
        }
    }
}
