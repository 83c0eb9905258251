//! Where the console collects the line that a person types, nothing is known of it.

use std::convert::Infallible;
use std::io::{self, Read};

/// What could be named.
#[derive(Clone, Debug, Default)]
pub(crate) struct Words {
    /// With their slash.
    pub(crate) commands: Vec<String>,
    /// Names and digits of people.
    pub(crate) names: Vec<String>,
}

/// No line.
#[derive(Debug)]
pub(crate) struct Typed(Infallible);

/// Leaves the console as it is, and shows no screen there.
pub(crate) fn begin(_screen: Option<crate::screen::Screen>) -> bool {
    false
}

/// None.
pub(crate) const fn here() -> Option<&'static Typed> {
    None
}

/// There is nothing to give back.
pub(crate) const fn give_back_at_once() {}

impl Typed {
    /// Never called.
    ///
    /// # Errors
    /// None.
    pub(crate) fn above(&self, _print: impl FnOnce() -> io::Result<()>) -> io::Result<()> {
        match self.0 {}
    }

    /// Never called.
    pub(crate) fn offer(&self, _room: usize, _words: Words) {
        match self.0 {}
    }

    /// Never called.
    pub(crate) fn room_of_next(&self) -> usize {
        match self.0 {}
    }

    /// Never called.
    pub(crate) fn has_half_a_line(&self) -> bool {
        match self.0 {}
    }

    /// Never called.
    pub(crate) fn end(&'static self) {
        match self.0 {}
    }

    /// Never called.
    pub(crate) fn lines(&'static self, keyboard: impl Read) -> impl Read {
        match self.0 {}
        #[expect(unreachable_code, reason = "says what type it would be")]
        keyboard
    }
}
