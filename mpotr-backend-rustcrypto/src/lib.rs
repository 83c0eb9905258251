//! The mpOTR suites on the RustCrypto crates and curve25519-dalek: the default backend.
//!
//! | part | crate |
//! |---|---|
//! | AEAD | `chacha20poly1305`, `aes-gcm` |
//! | hash, HKDF, HMAC | `sha2` |
//! | signature | `ed25519-dalek` |
//! | group | `curve25519-dalek`, ristretto255 |
//!
//! All are pure Rust and pick AVX2, AES-NI and SHA extensions at run time. The AVX-512 path of
//! `curve25519-dalek` is chosen when it is compiled (`-C target-cpu=native`).

mod group;
mod signature;
mod suite;

pub use group::Ristretto255;
pub use signature::Ed25519;
pub use suite::{Aes256GcmSuite, ChaCha20Poly1305Suite};
