//! Views, and sets of them.

use std::fmt;

/// A view: the turn of one proposer.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct View(u8);

impl View {
    /// The view in which proposals need no reports.
    pub const ZERO: Self = Self(0);

    /// The view after it.
    pub const ONE: Self = Self(1);

    /// How many views a model can have.
    pub const MAX: u8 = 4;

    /// A view below [`View::MAX`].
    #[must_use]
    pub fn new(number: u8) -> Option<Self> {
        (number < Self::MAX).then_some(Self(number))
    }

    /// The first `count` views, at most [`View::MAX`].
    pub fn first(count: u8) -> impl Iterator<Item = Self> {
        (0..count.min(Self::MAX)).map(Self)
    }

    /// The view whose number is the low two bits.
    pub(crate) const fn from_bits(bits: u8) -> Self {
        Self(bits & 0b11)
    }

    /// Its number in two bits.
    pub(crate) const fn bits(self) -> u8 {
        self.0 & 0b11
    }

    /// Its number.
    #[must_use]
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl fmt::Debug for View {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v{}", self.0)
    }
}

/// A set of views.
#[derive(Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Views(u8);

impl Views {
    const fn bit(view: View) -> u8 {
        match view.bits() {
            0 => 1,
            1 => 2,
            2 => 4,
            _ => 8,
        }
    }

    /// Adds a view.
    pub const fn insert(&mut self, view: View) {
        self.0 |= Self::bit(view);
    }

    /// Whether a view is in it.
    #[must_use]
    pub const fn contains(self, view: View) -> bool {
        self.0 & Self::bit(view) != 0
    }
}

impl fmt::Debug for Views {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all = View::first(View::MAX);
        f.debug_set()
            .entries(all.filter(|view| self.contains(*view)))
            .finish()
    }
}
