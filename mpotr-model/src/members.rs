//! Seats of the old roster, and sets of them.

use std::fmt;

/// A member of the parent epoch, by its seat in the old roster.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Seat {
    /// The first seat.
    A,
    /// The second seat.
    B,
    /// The third seat.
    C,
    /// The fourth seat.
    D,
}

impl Seat {
    /// Every seat there can be.
    pub const ALL: [Self; 4] = [Self::A, Self::B, Self::C, Self::D];

    const fn bit(self) -> u8 {
        match self {
            Self::A => 1,
            Self::B => 2,
            Self::C => 4,
            Self::D => 8,
        }
    }

    const fn letter(self) -> char {
        match self {
            Self::A => 'A',
            Self::B => 'B',
            Self::C => 'C',
            Self::D => 'D',
        }
    }
}

impl fmt::Debug for Seat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.letter())
    }
}

/// A set of seats: a roster, or the members that are Byzantine.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Members(u8);

impl Members {
    /// The empty set.
    pub const NONE: Self = Self(0);

    /// These seats.
    #[must_use]
    pub fn of(seats: &[Seat]) -> Self {
        Self(seats.iter().fold(0, |bits, seat| bits | seat.bit()))
    }

    /// The set whose seats are the low four bits, A the lowest.
    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b1111)
    }

    pub(crate) const fn bits(self) -> u8 {
        self.0
    }

    /// Whether a seat is in it.
    #[must_use]
    pub const fn contains(self, seat: Seat) -> bool {
        self.0 & seat.bit() != 0
    }

    /// Whether nobody is in it.
    #[must_use]
    pub const fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many seats it has.
    #[must_use]
    pub const fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The seats in both.
    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// The seats of this set that are not in the other.
    #[must_use]
    pub const fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// The seats of this set except one.
    #[must_use]
    pub const fn except(self, seat: Seat) -> Self {
        Self(self.0 & !seat.bit())
    }

    /// The seats, in order.
    pub fn iter(self) -> impl Iterator<Item = Seat> + Clone {
        Seat::ALL
            .into_iter()
            .filter(move |seat| self.contains(*seat))
    }

    /// Every subset that holds `seat` and has at least `least` members.
    pub(crate) fn rosters_with(self, seat: Seat, least: u32) -> impl Iterator<Item = Self> {
        (0..=self.0)
            .map(Self)
            .filter(move |roster| roster.without(self).is_empty())
            .filter(move |roster| roster.contains(seat) && roster.len() >= least)
    }
}

impl fmt::Debug for Members {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{")?;
        for seat in self.iter() {
            write!(f, "{seat:?}")?;
        }
        f.write_str("}")
    }
}
