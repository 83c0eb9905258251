//! Whole rooms on a network in memory.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests, which clippy does not know for tests"
)]

mod admitting;
mod adopting;
mod attacks;
mod bursts;
mod changing;
mod contradicting;
mod doubles;
mod echoes;
mod enclosed;
mod equivocation;
mod expiring;
mod fates;
#[cfg(feature = "insider")]
mod forged;
mod forming;
#[cfg(feature = "insider")]
mod insiders;
mod joining;
mod lagging;
mod leaving;
mod leaving_behind;
mod leaving_together;
mod light;
mod light_failing;
mod light_late;
#[cfg(feature = "insider")]
mod light_seeds;
mod merging;
mod merging_under_attack;
mod network;
mod offers;
mod one_way;
mod outsiders;
mod publishing;
mod quiet;
mod reasons;
mod reconnecting;
mod recording;
mod seen;
mod sending;
mod sovereignty;
mod strangers;
mod striking;
mod talking;
mod trust;
mod twins;
mod unsupported;
mod withdrawing;
