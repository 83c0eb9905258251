//! The library as C has it.
#![expect(
    unsafe_code,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "these are tests, their helpers too: they call what C calls, and what cannot be done is a failure"
)]

mod caller;
mod edge;
mod programs;
mod scripts;
