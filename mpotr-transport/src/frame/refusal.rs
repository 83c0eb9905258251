//! Why a relay ends a connection, or a program that carries packets in its place.

use mpotr_crypto::{DecodeError, DecodeErrorKind, Decoder, wire_enum};

wire_enum! {
    /// Why a relay, or a program in its place, ends a connection, as one byte on the wire.
    #[non_exhaustive]
    pub enum RefusalCode: u8 {
        /// 1: a frame that the protocol does not have at this point.
        Malformed = 1,
        /// 2: a version that the relay does not speak.
        Version = 2,
        /// 3: a frame over the limit of its kind.
        TooLong = 3,
        /// 4: no first frame in time.
        Silent = 4,
        /// 5: the client took next to nothing while others waited for it.
        TooSlow = 5,
        /// 6: the relay has as many clients, or as many rooms, as it takes.
        Full = 6,
        /// 7: the relay is shutting down.
        ShuttingDown = 7,
        /// 8: the room has as many clients as it takes.
        RoomFull = 8,
        /// 9: the relay has as many clients from the client's address as it takes.
        AddressFull = 9,
        /// 10: the client sent more than it may for too long.
        Flooding = 10,
        /// 11: the client sent nothing for too long.
        Idle = 11,
        /// 12: a program that carries packets cannot encrypt its connection. This and those that follow never come from a relay.
        Tls = 12,
        /// 13: what answers it does not have the key that the address names.
        Pin = 13,
        /// 14: its carrier does not believe who the client says it is.
        Auth = 14,
        /// 15: others have the name.
        NameTaken = 15,
        /// 16: an operator of the channel has put the client out.
        Kicked = 16,
    }
}

impl RefusalCode {
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
            Self::RoomFull => "the relay takes no more members into this room",
            Self::AddressFull => "the relay takes no more connections from this address",
            Self::Flooding => "the client sends more than the relay passes on",
            Self::Idle => "the client has sent nothing for too long",
            Self::Tls => "the connection cannot be encrypted",
            Self::Pin => "what answers does not have the key that the address names",
            Self::Auth => "the carrier does not believe who this client is",
            Self::NameTaken => "the name is taken",
            Self::Kicked => "an operator has put this client out",
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
/// The text is for a person and comes from a relay that nobody trusts. It is printable ASCII, so that it cannot steer a
/// terminal, re-order what stands beside it, or hide: what can is not worth a list that a new version of Unicode makes
/// incomplete.
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

    /// With words of the caller's, as far as they can be sent: what is not printable ASCII becomes `?`, and the rest goes.
    #[must_use]
    pub fn saying(code: RefusalCode, text: &str) -> Self {
        let printable = |sign: char| matches!(sign, ' '..='~');
        let shown = |sign| if printable(sign) { sign } else { '?' };
        let text = text.chars().take(Self::MAX_TEXT).map(shown).collect();
        Self { code, text }
    }

    /// The reason, as a code.
    #[must_use]
    pub const fn code(&self) -> RefusalCode {
        self.code
    }

    /// What the relay says to a person: at most 255 characters of printable ASCII.
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Reads code and text, up to the end of the frame.
    pub(super) fn decode(input: &mut Decoder<'_>) -> Result<Self, DecodeError> {
        let code = RefusalCode::decode(input, "code")?;
        let at = input.offset();
        let bytes = input.rest_within(0..=Self::MAX_TEXT, "text")?;
        let printable = |byte: &u8| matches!(byte, b' '..=b'~');
        match str::from_utf8(bytes) {
            Ok(text) if bytes.iter().all(printable) => Ok(Self {
                code,
                text: text.to_owned(),
            }),
            _ => Err(DecodeError::new(at, "text", DecodeErrorKind::NotCanonical)),
        }
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
            assert_eq!(code.code(), byte);
            assert_eq!(RefusalCode::from_code(byte), Some(code));
        }
        assert_eq!(
            (RefusalCode::from_code(0), RefusalCode::from_code(17)),
            (None, None)
        );
    }

    #[test]
    fn every_text_is_one_that_decodes() {
        for code in RefusalCode::ALL {
            let refusal = Refusal::new(code);
            let bytes = [&[code.code()], refusal.text().as_bytes()].concat();
            assert_eq!(decode(&bytes), Ok(refusal));
        }
    }

    #[test]
    fn words_of_whatever_kind_are_ones_that_decode() {
        let long = "\u{e9}".repeat(300);
        for (words, sent) in [
            ("no such host", "no such host".to_owned()),
            ("\u{1b}[2J \r\n\u{202e}", "?[2J ???".to_owned()),
            (&long, "?".repeat(Refusal::MAX_TEXT)),
        ] {
            let refusal = Refusal::saying(RefusalCode::Full, words);
            assert_eq!(refusal.text(), sent);
            let bytes = [&[6], refusal.text().as_bytes()].concat();
            assert_eq!(decode(&bytes), Ok(refusal));
        }
    }

    #[test]
    fn refuses_a_code_without_meaning() {
        assert_eq!(decode(&[0]), Err(DecodeErrorKind::UnknownValue(0)));
        assert_eq!(decode(&[17]), Err(DecodeErrorKind::UnknownValue(17)));
    }

    #[test]
    fn refuses_a_text_that_could_steer_a_terminal_turn_what_is_shown_or_hide() {
        assert_eq!(decode(b"\x01\xff"), Err(DecodeErrorKind::NotCanonical));
        for text in [
            "\u{1b}[2J",
            "\n",
            "\u{7f}",
            "\u{9b}2J",
            "\u{202e}",
            "\u{2066}",
            "\u{2028}",
            "\u{200b}",
            "\u{ad}",
            "\u{34f}",
            "\u{115f}",
            "\u{3164}",
            "\u{fe0f}",
            "\u{e0041}",
            "\u{fff9}",
            "\u{2800}",
        ] {
            let bytes = [&[1], text.as_bytes()].concat();
            assert_eq!(
                decode(&bytes),
                Err(DecodeErrorKind::NotCanonical),
                "{text:?}"
            );
        }
        let printable: Vec<u8> = (b' '..=b'~').collect();
        assert!(decode(&[&[1][..], &printable].concat()).is_ok());
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
