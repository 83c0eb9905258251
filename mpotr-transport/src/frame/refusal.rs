//! Why a relay ends a connection.

use mpotr_crypto::{DecodeError, DecodeErrorKind, Decoder};

/// Why a relay ends a connection, as one byte on the wire.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum RefusalCode {
    /// 1: a frame that the protocol does not have at this point.
    Malformed,
    /// 2: a version that the relay does not speak.
    Version,
    /// 3: a frame over the limit of its kind.
    TooLong,
    /// 4: no first frame in time.
    Silent,
    /// 5: the client reads more slowly than the room writes.
    TooSlow,
    /// 6: the relay, or the room, has as many clients as it takes, or the relay as many rooms.
    Full,
    /// 7: the relay is shutting down.
    ShuttingDown,
}

impl RefusalCode {
    /// Every code.
    pub const ALL: [Self; 7] = [
        Self::Malformed,
        Self::Version,
        Self::TooLong,
        Self::Silent,
        Self::TooSlow,
        Self::Full,
        Self::ShuttingDown,
    ];

    /// The byte on the wire.
    #[must_use]
    pub const fn to_u8(self) -> u8 {
        match self {
            Self::Malformed => 1,
            Self::Version => 2,
            Self::TooLong => 3,
            Self::Silent => 4,
            Self::TooSlow => 5,
            Self::Full => 6,
            Self::ShuttingDown => 7,
        }
    }

    /// The code of a byte, if there is one.
    #[must_use]
    pub fn from_u8(byte: u8) -> Option<Self> {
        Self::ALL.into_iter().find(|code| code.to_u8() == byte)
    }

    /// What the code says to a person.
    #[must_use]
    pub const fn text(self) -> &'static str {
        match self {
            Self::Malformed => "not a frame of the relay protocol",
            Self::Version => "the relay does not speak this version of its protocol",
            Self::TooLong => "the frame is too long",
            Self::Silent => "no room was joined in time",
            Self::TooSlow => "the client reads more slowly than the room writes",
            Self::Full => "the relay is full",
            Self::ShuttingDown => "the relay is shutting down",
        }
    }
}

impl core::fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str(self.text())
    }
}

/// `struct { uint8 code; opaque text[0..255]; } Refusal;`, the text up to the end of the frame.
///
/// The text is for a person and comes from a relay that nobody trusts: it is UTF-8 without control characters, so that
/// it cannot steer a terminal.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the relay ended the connection: {text}")]
pub struct Refusal {
    code: RefusalCode,
    text: String,
}

impl Refusal {
    /// The most bytes of the text.
    pub const MAX_TEXT: usize = 255;

    /// With the code's own text.
    #[must_use]
    pub fn new(code: RefusalCode) -> Self {
        Self {
            code,
            text: code.text().to_owned(),
        }
    }

    /// Why.
    #[must_use]
    pub const fn code(&self) -> RefusalCode {
        self.code
    }

    /// What the relay says to a person: at most 255 bytes, no control characters.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Reads code and text, up to the end of the frame.
    pub(super) fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let at = input.offset();
        let byte = input.u8("code")?;
        let unknown = DecodeError::new(at, "code", DecodeErrorKind::UnknownValue(byte.into()));
        let code = RefusalCode::from_u8(byte).ok_or(unknown)?;

        let at = input.offset();
        let bytes = input.rest();
        let wrong = |kind| DecodeError::new(at, "text", kind);
        if bytes.len() > Self::MAX_TEXT {
            let kind = DecodeErrorKind::TooLong {
                length: bytes.len(),
                limit: Self::MAX_TEXT,
            };
            return Err(wrong(kind));
        }
        let text = str::from_utf8(bytes).map_err(|_error| wrong(DecodeErrorKind::NotCanonical))?;
        if text.chars().any(char::is_control) {
            return Err(wrong(DecodeErrorKind::NotCanonical));
        }
        Ok(Self {
            code,
            text: text.to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use mpotr_crypto::{DecodeErrorKind, Decoder};

    use super::{Refusal, RefusalCode};

    fn decode(bytes: &[u8]) -> Result<Refusal, DecodeErrorKind> {
        Decoder::whole(bytes, Refusal::decode).map_err(|error| error.kind)
    }

    #[test]
    fn codes_are_dense_from_one() {
        for (byte, code) in (1..).zip(RefusalCode::ALL) {
            assert_eq!(code.to_u8(), byte);
            assert_eq!(RefusalCode::from_u8(byte), Some(code));
        }
        assert_eq!(
            (RefusalCode::from_u8(0), RefusalCode::from_u8(8)),
            (None, None)
        );
    }

    #[test]
    fn every_text_is_one_that_decodes() {
        for code in RefusalCode::ALL {
            let refusal = Refusal::new(code);
            let bytes = [&[code.to_u8()], refusal.text().as_bytes()].concat();
            assert_eq!(decode(&bytes), Ok(refusal));
        }
    }

    #[test]
    fn refuses_a_code_without_meaning() {
        assert_eq!(decode(&[0]), Err(DecodeErrorKind::UnknownValue(0)));
        assert_eq!(decode(&[8]), Err(DecodeErrorKind::UnknownValue(8)));
    }

    #[test]
    fn refuses_a_text_that_is_not_utf_8_or_steers_a_terminal() {
        assert_eq!(decode(b"\x01\xff"), Err(DecodeErrorKind::NotCanonical));
        assert_eq!(decode(b"\x01\x1b[2J"), Err(DecodeErrorKind::NotCanonical));
        assert_eq!(
            decode("\u{1}\u{9b}2J".as_bytes()),
            Err(DecodeErrorKind::NotCanonical)
        );
    }

    #[test]
    fn refuses_a_text_over_255_bytes() {
        assert!(decode(&[1; 1]).is_ok());
        assert!(decode(&[&[1][..], &[b'a'; 255]].concat()).is_ok());
        let kind = DecodeErrorKind::TooLong {
            length: 256,
            limit: 255,
        };
        assert_eq!(decode(&[&[1][..], &[b'a'; 256]].concat()), Err(kind));
    }
}
