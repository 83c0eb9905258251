//! The agreement on epochs, searched exhaustively.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "clippy allows this in a test, and does not see that a helper belongs to one"
)]

mod cuts;
mod delivery;
mod rules;
mod schedules;
mod table;
mod two_against_all;
