//! Transcripts of mpOTR rooms as files: `docs/spec/10-transcripts.md`.
//!
//! | file | what |
//! |---|---|
//! | `entry` | the records of a file, byte by byte |
//! | `writer` | from what a room hands out to bytes that are appended |
//! | `run` | how an epoch began: by a full run or a light one |
//! | `reader` | from a file to its epochs, or to the first byte that is wrong |
//! | `verify` | whether a transcript is one that a room could have left |
//! | `forge` | makes such a transcript from public identity keys and a script alone |
//!
//! A transcript holds everything signed, as it was signed, and no key: it opens no packet that anyone recorded. That it
//! verifies convinces nobody, since [`forge`] makes one that verifies as well: `docs/security/deniability.md`.

mod entry;
#[cfg(feature = "forge")]
mod forge;
mod reader;
mod run;
mod verify;
mod writer;

pub use entry::{Entry, MAGIC, MAX_ENTRY};
#[cfg(feature = "forge")]
pub use forge::{
    Act, Amendment, ForgeError, Obstacle, Part, Play, Script, ScriptError, ScriptErrorKind, Whose,
    forge, perform,
};
pub use mpotr_core::wire::{ContentKind, TrustMessage};
pub use mpotr_gka::Unproven;
#[cfg(feature = "forge")]
pub use mpotr_netem::Weather;
pub use reader::{
    Ending, Expected, Place, ReadError, ReadErrorKind, Said, Section, Signed, Transcript,
};
pub use run::SectionRun;
pub use verify::{CastVote, EpochReport, Flaw, FlawKind, LeftOut, Message, Report, verify};
pub use writer::Writer;
