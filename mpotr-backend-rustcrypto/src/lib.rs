//! The mpOTR suites on the RustCrypto crates and curve25519-dalek: the default backend.
//!
//! | part | crate |
//! |---|---|
//! | AEAD | `chacha20poly1305` on [`ChaCha20Ahead`], `aes-gcm` |
//! | hash, HKDF, HMAC | `sha2` |
//! | signature | `ed25519-dalek` signs; `curve25519-dalek` computes what verification compares, by way of `mpotr-group-dalek` |
//! | group | `curve25519-dalek`, ristretto255, by way of `mpotr-group-dalek` |
//!
//! All are pure Rust and pick AVX2, AES-NI and VAES by what the CPU has, at run time. AVX-512 for the curve and for
//! ChaCha20, and a Poly1305 that suits short texts, take flags: `docs/spec/02-suites.md`, "Speed of the machine".

mod backend;
mod keystream;
mod signature;

pub use backend::RustCrypto;
pub use keystream::{ChaCha20Ahead, ChaCha20Poly1305};
pub use mpotr_group_dalek::Ristretto255;
pub use signature::{Ed25519, SigningKey};

mpotr_crypto::suites_of!(RustCrypto);
