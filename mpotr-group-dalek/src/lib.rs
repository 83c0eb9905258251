//! What the mpOTR backends share, on `curve25519-dalek`: `docs/spec/02-suites.md`.
//!
//! | part | for |
//! |---|---|
//! | [`Edwards25519`], the arithmetic of Ed25519 verification | all backends: one implementation, so that they cannot differ on a signature |
//! | [`Ristretto255`], the group | the backends whose own library has no group arithmetic: RustCrypto and *ring* |
//!
//! AVX2 is picked by what the CPU has, at run time. So is AVX-512 in a program that was told to hold the code for it, as this repository's
//! `.cargo/config.toml` does; it pays in full only in a program that is
//! compiled for the machine it runs on: `docs/spec/02-suites.md`, "Speed of the machine".

mod edwards;
mod group;

pub use edwards::Edwards25519;
pub use group::Ristretto255;
