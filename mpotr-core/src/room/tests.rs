//! What insiders can do with the state of their own room: tests that reach into it.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests, which clippy does not know for tests"
)]

mod forged;
mod leaving;
mod undecodable;
mod voting;
