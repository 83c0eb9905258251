//! Which roster an author has seen when it writes a text. `docs/spec/06-epochs.md`, "Who reads a text".

use mpotr_gka::Sid;

/// The roster that the author of a text has seen. The text is sealed only to members of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Seen {
    /// That of the [`Event::Secure`](crate::Event::Secure) with this `sid`: the one that the application showed last.
    Epoch(Sid),
    /// The list of [`Admission::Only`](crate::Admission::Only), and this member: nobody else ever comes in. It may be
    /// given before there is an epoch, too.
    Expected,
}
