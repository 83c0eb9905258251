//! What is below the face: feature `inspect`, for tests, simulators and researchers.
//!
//! **Versions promise nothing about it.** What is here, and what the feature adds to types of the root, may change with any
//! release, in the patch number too. It gives nothing that a member could not see with a program of its own.
//!
//! | | what |
//! |---|---|
//! | [`wire`] | every packet, byte by byte: `docs/spec/05-wire.md` |
//! | [`gka`] | the group key agreement as pure functions, and groups of it in one process: `docs/spec/04-key-agreement.md` |
//! | [`crypto`] | all of the parts that suites have and that are built on them: codec, key derivation, labels, transcript hash |
//! | [`RunRecord`] | what a [`Record`](crate::Record) of a run holds |
//! | [`SignedChain`], [`SigningKeyState`] | what [`Evidence`](crate::Evidence) holds |
//! | [`Room::epochs_held`](crate::room::Room::epochs_held) | the epochs of which a room has keys |
//! | [`Room::newest_seen`](crate::room::Room::newest_seen) | the newest roster, for programs without a person |

pub use mpotr_core::{RunRecord, SignedChain, SigningKeyState, crypto, gka, wire};
