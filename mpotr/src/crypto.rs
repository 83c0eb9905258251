//! What a backend of one's own is made of. `docs/spec/02-suites.md`, "Backends".
//!
//! The backends of this crate are a choice by Cargo feature ([`Backend`](enum@crate::Backend)). Whoever needs another library, an
//! HSM or a counter in between writes a type that is a [`Backend`], and has rooms on
//! [`ChaCha20Poly1305Suite<Mine>`](ChaCha20Poly1305Suite): members on it talk with members on any other. The parts are RustCrypto
//! traits where there is one, and [`adapter`] makes one of what works in place.

pub use mpotr_core::crypto::{
    Aes256GcmSuite, Backend, ChaCha20Poly1305Suite, CryptoSuite, Edwards, Group, Secret,
    SignatureScheme, SuiteAead, SuiteHash, SuiteHmac, adapter, aead, check_supported, digest,
    ed25519, hkdf, opaque_debug, rand_core, self_test, signature, suites_of, visit_suite, zeroize,
};
