//! Transcripts of real rooms and of invented ones, whole and damaged.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "tests and their helpers: a step that fails is a failed test"
)]

mod acts;
mod alike;
mod crew;
mod damage;
mod everything;
mod files;
mod hand;
mod liars;
mod light;
mod real_and_forged;
mod scenes;
mod shape;
