//! ristretto255 by `curve25519-dalek`, for the backends whose own library has no group arithmetic:
//! `docs/spec/02-suites.md`, "Group".
//!
//! The RustCrypto and the *ring* backend share it, so that whoever takes one does not compile the other.
//!
//! AVX2 is picked by what the CPU has, at run time. So is AVX-512 in a program that was told to hold the code for it, as this repository's
//! `.cargo/config.toml` does; it pays in full only in a program that is
//! compiled for the machine it runs on: `docs/spec/02-suites.md`, "Speed of the machine".

mod group;

pub use group::Ristretto255;
