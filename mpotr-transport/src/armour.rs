//! Text armour: what a room sends as one, on carriers of lines of text. `docs/spec/07-transport.md`, "Text armour".
//!
//! ```text
//! ?MPOTR:<from>,<base64url of a unit>.                 if it fits into a line of the carrier
//! ?MPOTR|<from>,<id>,<k>,<n>,<base64url of a piece>.   else: piece k of n
//! ```
//!
//! A *unit* is what a room gives to its transport as one: a packet, or a bundle of packets. `from` tells the connection that
//! speaks, and `id` its units. Neither is trusted: who can write into the channel can write both.
//!
//! | file | what |
//! |---|---|
//! | `line` | one line: its form, written and read |
//! | `reassembly` | from lines to units again, within bounds that no sender can move |

mod line;
mod reassembly;

pub use line::{ArmourError, InstanceTag, Line, Reading, UnitId};
pub use reassembly::{Counts, Reassembly};

use core::num::NonZeroU16;

use bytes::Bytes;

/// The most bytes of a unit.
pub const MAX_UNIT: usize = mpotr_core::MAX_PACKET;

/// The most pieces of a unit.
pub const MAX_PIECES: u16 = 4_096;

/// The most characters of a line besides its piece: `?MPOTR|`, two numbers of eight digits, two of up to four, four commas
/// and the stop.
const FRAME: usize = 36;

/// The same of a line with a whole unit: `?MPOTR:`, a number of eight digits, a comma and the stop.
const WHOLE_FRAME: usize = 17;

/// What a person reads who sits in the channel without mpOTR.
pub const HUMAN_LINE: &str = "?MPOTR? People talk here with mpOTR, in private. What looks like noise are their messages: you need \
                              the program to take part, and nothing else here concerns you.";

/// Writes units as lines of at most so many characters.
#[derive(Clone, Copy, Debug)]
pub struct Armour {
    from: InstanceTag,
    limit: usize,
}

/// A unit that is empty, or has more bytes than a unit, or than the lines of the carrier can hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{length} bytes cannot be sent in at most {MAX_PIECES} lines of {limit} characters")]
pub struct UnitLength {
    /// Bytes of the unit.
    pub length: usize,
    /// Characters of a line.
    pub limit: usize,
}

impl Armour {
    /// For a connection with this tag, on a carrier whose lines have at most `limit` characters.
    #[must_use]
    pub const fn new(from: InstanceTag, limit: usize) -> Self {
        Self { from, limit }
    }

    /// Who speaks.
    #[must_use]
    pub const fn from(&self) -> InstanceTag {
        self.from
    }

    /// The most bytes of a unit that fits into one line.
    #[must_use]
    pub const fn whole(&self) -> usize {
        self.limit.saturating_sub(WHOLE_FRAME).saturating_mul(3) / 4
    }

    /// Bytes of each piece of a unit that does not, but for the last one.
    #[must_use]
    pub const fn piece(&self) -> usize {
        (self.limit.saturating_sub(FRAME) / 4).saturating_mul(3)
    }

    /// How many lines a unit of so many bytes takes.
    #[must_use]
    pub const fn lines_of(&self, length: usize) -> usize {
        if length <= self.whole() {
            return 1;
        }
        match self.piece() {
            0 => usize::MAX,
            piece => length.div_ceil(piece),
        }
    }

    /// The lines of a unit, in order.
    ///
    /// # Errors
    /// The unit is empty or too long.
    pub fn lines(&self, id: UnitId, unit: &Bytes) -> Result<Vec<Line>, UnitLength> {
        let from = self.from;
        let refused = UnitLength {
            length: unit.len(),
            limit: self.limit,
        };
        if unit.is_empty() || unit.len() > MAX_UNIT {
            return Err(refused);
        }
        if unit.len() <= self.whole() {
            let unit = unit.clone();
            return Ok(vec![Line::Whole { from, unit }]);
        }
        let n = u16::try_from(self.lines_of(unit.len())).map_err(|_over| refused)?;
        if n > MAX_PIECES {
            return Err(refused);
        }
        let n = NonZeroU16::new(n).ok_or(refused)?;
        let pieces = unit.chunks(self.piece()).zip(1..);
        let lines = pieces.filter_map(|(piece, k)| {
            Some(Line::Piece {
                from,
                id,
                k: NonZeroU16::new(k)?,
                n,
                piece: unit.slice_ref(piece),
            })
        });
        Ok(lines.collect())
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::{Armour, InstanceTag, Line, MAX_PIECES, MAX_UNIT, UnitId};

    const TAG: InstanceTag = InstanceTag::new(0x0a1b_2c3d);
    const ID: UnitId = UnitId::new(7);

    #[test]
    fn what_a_line_holds_is_that_of_the_specification() {
        for (limit, whole, piece) in [(420, 302, 288), (4_000, 2_987, 2_973)] {
            let armour = Armour::new(TAG, limit);
            assert_eq!((armour.whole(), armour.piece()), (whole, piece));
        }
    }

    #[test]
    fn a_unit_of_one_line_is_whole_and_one_byte_more_takes_two() {
        let armour = Armour::new(TAG, 420);
        let lines = |length| armour.lines(ID, &Bytes::from(vec![1; length])).unwrap();
        assert!(matches!(&lines(302)[..], [Line::Whole { .. }]));
        assert_eq!(lines(302)[0].to_string().len(), 420);
        let two = lines(303);
        assert_eq!(two.len(), 2);
        assert_eq!(two.len(), armour.lines_of(303));
    }

    #[test]
    fn refuses_what_is_empty_or_takes_too_many_lines() {
        let armour = Armour::new(TAG, 420);
        let lines = |length| armour.lines(ID, &Bytes::from(vec![1; length]));
        assert_eq!(lines(0).unwrap_err().length, 0);
        assert!(lines(MAX_UNIT).is_ok());
        assert!(lines(MAX_UNIT + 1).is_err());
        for limit in [0, 36, 39] {
            assert!(
                Armour::new(TAG, limit)
                    .lines(ID, &Bytes::from(vec![1; 30]))
                    .is_err()
            );
        }
        // Three bytes a line.
        let narrow = Armour::new(TAG, 40);
        let most = usize::from(MAX_PIECES) * 3;
        assert_eq!(
            narrow.lines(ID, &vec![1; most].into()).unwrap().len(),
            4_096
        );
        assert!(narrow.lines(ID, &vec![1; most + 1].into()).is_err());
    }

    proptest! {
        #[test]
        fn no_line_is_longer_than_the_limit_or_leaves_the_printable_characters(
            unit in prop::collection::vec(any::<u8>(), 1..3_000),
            limit in 40_usize..600,
        ) {
            let lines = Armour::new(TAG, limit).lines(ID, &unit.into());
            for line in lines.into_iter().flatten() {
                let text = line.to_string();
                prop_assert!(text.len() <= limit);
                prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
            }
        }
    }
}
