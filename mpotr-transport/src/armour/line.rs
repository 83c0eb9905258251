//! One line of armour, written and read.

use core::fmt;
use core::num::NonZeroU16;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;

use super::{MAX_PIECES, MAX_UNIT};

/// What a line with a whole unit begins with.
const WHOLE: &str = "?MPOTR:";
/// What a line with a piece of a unit begins with.
const PIECE: &str = "?MPOTR|";
/// What a line for people begins with.
const HUMAN: &str = "?MPOTR? ";
/// Digits of a tag.
const DIGITS: usize = 8;

macro_rules! tag {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(u32);

        impl $name {
            /// From its number.
            #[must_use]
            pub const fn new(number: u32) -> Self {
                Self(number)
            }

            /// Its number.
            #[must_use]
            pub const fn number(self) -> u32 {
                self.0
            }

            fn read(text: &str, field: &'static str) -> Result<Self, ArmourError> {
                let is_digit = |byte: u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
                if text.len() != DIGITS || !text.bytes().all(is_digit) {
                    return Err(ArmourError::Field(field));
                }
                let number = u32::from_str_radix(text, 16);
                number.map(Self).map_err(|_no_number| ArmourError::Field(field))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{:08x}", self.0)
            }
        }
    };
}

tag! {
    /// Which connection speaks: a number that it draws at random. A hint, as all that a carrier says of senders.
    InstanceTag
}

tag! {
    /// Which unit of a connection a piece belongs to: a number that is drawn at random for each.
    UnitId
}

/// A line of armour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Line {
    /// A whole unit.
    Whole {
        /// Who speaks.
        from: InstanceTag,
        /// Its bytes.
        unit: Bytes,
    },
    /// A piece of a unit.
    Piece {
        /// Who speaks.
        from: InstanceTag,
        /// Of which unit.
        id: UnitId,
        /// Which piece, from 1.
        k: NonZeroU16,
        /// Of how many, 2 to 4,096.
        n: NonZeroU16,
        /// Its bytes.
        piece: Bytes,
    },
}

/// What a text of a channel is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reading {
    /// A line of armour.
    Line(Line),
    /// A line of armour that is damaged, forged, or of a version to come.
    Bad(ArmourError),
    /// What tells people without mpOTR what goes on.
    Human,
    /// What a person wrote.
    Plain,
}

/// Why a line that begins as armour does not read as such.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ArmourError {
    /// The stop at its end is missing: a server has cut it, most likely.
    #[error("the line has no end")]
    Cut,
    /// A field is missing, or not written as it has to be.
    #[error("the field {0} cannot be read")]
    Field(&'static str),
    /// The bytes are not canonical base64url, or there are too few or too many.
    #[error("the bytes cannot be read")]
    Bytes,
}

impl Line {
    /// Who speaks.
    #[must_use]
    pub const fn from(&self) -> InstanceTag {
        match self {
            Self::Whole { from, .. } | Self::Piece { from, .. } => *from,
        }
    }

    /// Reads a text of a channel.
    #[must_use]
    pub fn read(text: &str) -> Reading {
        let line = if let Some(rest) = text.strip_prefix(WHOLE) {
            Self::read_whole(rest)
        } else if let Some(rest) = text.strip_prefix(PIECE) {
            Self::read_piece(rest)
        } else if text.starts_with(HUMAN) {
            return Reading::Human;
        } else {
            return Reading::Plain;
        };
        line.map_or_else(Reading::Bad, Reading::Line)
    }

    fn read_whole(rest: &str) -> Result<Self, ArmourError> {
        let rest = rest.strip_suffix('.').ok_or(ArmourError::Cut)?;
        let (from, unit) = rest.split_once(',').ok_or(ArmourError::Field("from"))?;
        Self::of_fields(from, None, unit)
    }

    fn read_piece(rest: &str) -> Result<Self, ArmourError> {
        let rest = rest.strip_suffix('.').ok_or(ArmourError::Cut)?;
        let mut fields = rest.splitn(5, ',');
        let mut field = |name| fields.next().ok_or(ArmourError::Field(name));
        let (from, id) = (field("from")?, field("id")?);
        let (k, n) = (field("k")?, field("n")?);
        Self::of_fields(from, Some((id, k, n)), field("piece")?)
    }

    /// Reads the fields of a line as a carrier has them that keeps them apart: who speaks; of a piece `id`, `k` and `n`; and the
    /// bytes as they are written.
    ///
    /// # Errors
    /// Which field is not written as it has to be.
    pub fn of_fields(
        from: &str,
        piece: Option<(&str, &str, &str)>,
        text: &str,
    ) -> Result<Self, ArmourError> {
        let from = InstanceTag::read(from, "from")?;
        let Some((id, k, n)) = piece else {
            let unit = bytes(text)?;
            return Ok(Self::Whole { from, unit });
        };
        let id = UnitId::read(id, "id")?;
        let k = number(k, "k")?;
        let n = number(n, "n")?;
        if n.get() < 2 || n.get() > MAX_PIECES {
            return Err(ArmourError::Field("n"));
        }
        if k > n {
            return Err(ArmourError::Field("k"));
        }
        let piece = bytes(text)?;
        // A piece is cut where base64 needs no remainder; the last one is as long as it is.
        if k < n && !piece.len().is_multiple_of(3) {
            return Err(ArmourError::Bytes);
        }
        Ok(Self::Piece {
            from,
            id,
            k,
            n,
            piece,
        })
    }
}

/// A number in decimal, without a zero before it.
fn number(text: &str, field: &'static str) -> Result<NonZeroU16, ArmourError> {
    let is_decimal = text.bytes().all(|byte| byte.is_ascii_digit()) && !text.starts_with('0');
    let number = text.parse().ok().filter(|_| is_decimal);
    number.ok_or(ArmourError::Field(field))
}

fn bytes(text: &str) -> Result<Bytes, ArmourError> {
    let bytes = URL_SAFE_NO_PAD.decode(text);
    let bytes = bytes.map_err(|_not_base64| ArmourError::Bytes)?;
    match bytes.len() {
        1..=MAX_UNIT => Ok(bytes.into()),
        _ => Err(ArmourError::Bytes),
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Whole { from, unit } => {
                write!(f, "{WHOLE}{from},{}.", URL_SAFE_NO_PAD.encode(unit))
            }
            Self::Piece {
                from,
                id,
                k,
                n,
                piece,
            } => {
                let piece = URL_SAFE_NO_PAD.encode(piece);
                write!(f, "{PIECE}{from},{id},{k},{n},{piece}.")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use core::num::NonZeroU16;

    use bytes::Bytes;
    use proptest::prelude::*;

    use super::super::HUMAN_LINE;
    use super::{ArmourError, InstanceTag, Line, Reading, UnitId};

    const WHOLE: &str = "?MPOTR:0a1b2c3d,AQID.";
    const PIECE: &str = "?MPOTR|0a1b2c3d,00000007,2,3,AQID.";

    fn number(number: u16) -> NonZeroU16 {
        NonZeroU16::new(number).unwrap()
    }

    #[test]
    fn the_text_is_that_of_the_specification() {
        let from = InstanceTag::new(0x0a1b_2c3d);
        let whole = Line::Whole {
            from,
            unit: Bytes::from_static(&[1, 2, 3]),
        };
        let piece = Line::Piece {
            from,
            id: UnitId::new(7),
            k: number(2),
            n: number(3),
            piece: Bytes::from_static(&[1, 2, 3]),
        };
        for (line, text) in [(whole, WHOLE), (piece, PIECE)] {
            assert_eq!(line.to_string(), text);
            assert_eq!(Line::read(text), Reading::Line(line));
        }
    }

    #[test]
    fn a_line_that_is_cut_anywhere_is_bad_or_plain() {
        for line in [WHOLE, PIECE] {
            for end in 0..line.len() {
                let reading = Line::read(&line[..end]);
                let is_short = end < "?MPOTR:".len();
                assert_eq!(reading == Reading::Plain, is_short, "{:?}", &line[..end]);
                assert!(!matches!(reading, Reading::Line(_)), "{:?}", &line[..end]);
            }
        }
    }

    #[test]
    fn refuses_what_is_not_written_as_it_has_to_be() {
        use ArmourError::{Bytes as Unread, Cut, Field};
        for (text, error) in [
            ("?MPOTR:0a1b2c3d,AQID", Cut),
            ("?MPOTR:0a1b2c3d,AQID. ", Cut),
            ("?MPOTR:0A1b2c3d,AQID.", Field("from")),
            ("?MPOTR:+a1b2c3d,AQID.", Field("from")),
            ("?MPOTR:a1b2c3d,AQID.", Field("from")),
            ("?MPOTR:0a1b2c3dAQID.", Field("from")),
            ("?MPOTR:0a1b2c3d,.", Unread),
            ("?MPOTR:0a1b2c3d,AQI=.", Unread),
            // The bits that no byte needs are not zero.
            ("?MPOTR:0a1b2c3d,AQJ.", Unread),
            ("?MPOTR:0a1b2c3d,AQ+D.", Unread),
            ("?MPOTR:0a1b2c3d,AQ ID.", Unread),
            ("?MPOTR:0a1b2c3d,AQID..", Unread),
            ("?MPOTR|0a1b2c3d,00000007,2,3,AQID", Cut),
            ("?MPOTR|0a1b2c3d,00000007,2,3.", Field("piece")),
            ("?MPOTR|0a1b2c3d,0000007,2,3,AQID.", Field("id")),
            ("?MPOTR|0a1b2c3d,00000007,0,3,AQID.", Field("k")),
            ("?MPOTR|0a1b2c3d,00000007,02,3,AQID.", Field("k")),
            ("?MPOTR|0a1b2c3d,00000007,+2,3,AQID.", Field("k")),
            ("?MPOTR|0a1b2c3d,00000007,4,3,AQID.", Field("k")),
            ("?MPOTR|0a1b2c3d,00000007,1,1,AQID.", Field("n")),
            ("?MPOTR|0a1b2c3d,00000007,1,4097,AQID.", Field("n")),
            ("?MPOTR|0a1b2c3d,00000007,1,99999,AQID.", Field("n")),
            ("?MPOTR|0a1b2c3d,00000007,1,,AQID.", Field("n")),
            // Only the last piece may have a length that three does not divide.
            ("?MPOTR|0a1b2c3d,00000007,2,3,AQ.", Unread),
            ("?MPOTR|0a1b2c3d,00000007,2,3,AQID,.", Unread),
        ] {
            assert_eq!(Line::read(text), Reading::Bad(error), "{text}");
        }
        assert!(matches!(
            Line::read("?MPOTR|0a1b2c3d,00000007,3,3,AQ."),
            Reading::Line(_)
        ));
    }

    #[test]
    fn armour_stands_at_the_start_of_a_line_and_people_are_told_in_words() {
        assert_eq!(Line::read(HUMAN_LINE), Reading::Human);
        assert!(HUMAN_LINE.len() <= 400);
        for text in [
            "hello",
            "",
            " ?MPOTR:0a1b2c3d,AQID.",
            "?mpotr:0a1b2c3d,AQID.",
            "?MPOTR",
            "?MPOTR?",
        ] {
            assert_eq!(Line::read(text), Reading::Plain, "{text}");
        }
    }

    #[test]
    fn fields_that_a_carrier_keeps_apart_are_those_of_a_line_and_no_field_holds_two() {
        for (from, piece, bytes) in [
            ("0a1b2c3d", None, "AQID"),
            ("0a1b2c3d", Some(("00000007", "2", "3")), "AQID"),
            ("0a1b2c3d", Some(("00000007", "3", "3")), "AQ"),
        ] {
            let line = Line::of_fields(from, piece, bytes).unwrap();
            assert_eq!(Line::read(&line.to_string()), Reading::Line(line));
        }
        for (from, piece, bytes) in [
            ("0a1b2c3d,AQID", None, ""),
            ("0a1b2c3d", None, "AQID."),
            ("0a1b2c3d", None, " AQID"),
            ("0a1b2c3d,00000007", Some(("2", "3", "AQID")), "AQID"),
            ("0a1b2c3d", Some(("00000007,2", "3", "AQID")), "AQID"),
            ("0a1b2c3d", Some(("00000007", "2,3", "3")), "AQID"),
            ("0a1b2c3d", Some(("00000007", "2", "3,")), "AQID"),
            ("0a1b2c3d", Some(("00000007", "2", "3")), "AQ"),
            ("0a1b2c3d", Some(("", "", "")), ""),
        ] {
            assert!(Line::of_fields(from, piece, bytes).is_err(), "{from}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_written_the_same(
            text in "[?]MPOTR[:|][0-9a-f]{8},([0-9a-f]{8},[0-9]{1,2},[0-9]{1,2},)?[A-Za-z0-9_-]{0,12}[.]?",
        ) {
            if let Reading::Line(line) = Line::read(&text) {
                prop_assert_eq!(line.to_string(), text);
            }
        }

        #[test]
        fn no_text_is_too_strange(text in "\\PC*") {
            if let Reading::Line(line) = Line::read(&text) {
                prop_assert_eq!(line.to_string(), text);
            }
        }
    }
}
