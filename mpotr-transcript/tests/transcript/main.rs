//! Transcripts of real rooms and of invented ones, whole and damaged.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "these are tests, their helpers too: what cannot be done is a failure"
)]

mod alike;
mod crew;
mod damage;
mod everything;
mod files;
mod hand;
mod liars;
mod real_and_forged;
mod scenes;
mod shape;
