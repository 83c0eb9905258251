//! The agreement on epochs, searched exhaustively.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "helpers of tests, which clippy does not know for tests"
)]

mod delivery;
mod rules;
mod schedules;
mod table;
mod two_against_all;
