//! What a backend of one's own is made of. `docs/spec/02-suites.md`, "Backends".
//!
//! The backends of this crate are a choice by Cargo feature ([`Backend`](enum@crate::Backend)). For another library, an
//! accelerator or a counter in between, write a type that is a [`Backend`] and make rooms on [`ChaCha20Poly1305Suite`] of
//! it: their members talk with members on any other, and the driver of `mpotr-transport` runs them
//! ([`Room::with_rng`](crate::room::Room::with_rng)). The parts are RustCrypto traits where there is one, and [`adapter`]
//! makes one of what works in place. What a part gets wrong, [`check_supported`] finds before a room begins.
//!
//! # Example
//!
//! SHA-512 that counts what it hashes, and the RustCrypto crates for all else (`examples/own_backend.rs`):
//!
//! <!-- quote: mpotr/examples/own_backend.rs -->
//! ```
//! # #[cfg(feature = "backend-rustcrypto")]
//! # mod mine {
//! # use std::sync::atomic::{AtomicUsize, Ordering};
//! #
//! # use mpotr::crypto::Backend;
//! # use mpotr::crypto::adapter::{HashAdapter, Sha512State};
//! # use mpotr::crypto::digest::{FixedOutput, Update};
//! # use mpotr::crypto::hkdf::hmac::SimpleHmac;
//! # use mpotr::rustcrypto::RustCrypto;
//! #
//! # static HASHED: AtomicUsize = AtomicUsize::new(0);
//! #
//! /// SHA-512, begun: any library that takes bytes and finishes once will do.
//! #[derive(Clone)]
//! struct Counted(<RustCrypto as Backend>::Hash);
//!
//! impl Sha512State for Counted {
//!     fn new() -> Self {
//!         Self(Default::default())
//!     }
//!
//!     fn update(&mut self, data: &[u8]) {
//!         HASHED.fetch_add(data.len(), Ordering::Relaxed);
//!         self.0.update(data);
//!     }
//!
//!     fn finish(self, hash: &mut [u8; 64]) {
//!         self.0.finalize_into(hash.into());
//!     }
//! }
//!
//! #[derive(Clone, Copy, Debug)]
//! struct Mine;
//!
//! impl Backend for Mine {
//!     const NAME: &'static str = "mine";
//!     type Hash = HashAdapter<Counted>;
//!     type Hmac = SimpleHmac<Self::Hash>;
//!     type ChaCha20Poly1305 = <RustCrypto as Backend>::ChaCha20Poly1305;
//!     type Aes256Gcm = <RustCrypto as Backend>::Aes256Gcm;
//!     type Signature = <RustCrypto as Backend>::Signature;
//!     type Group = <RustCrypto as Backend>::Group;
//! }
//! # }
//! ```

pub use mpotr_core::crypto::{
    Aes256GcmSuite, Backend, ChaCha20Poly1305Suite, CryptoSuite, Edwards, Group, Secret,
    SignatureScheme, SuiteAead, SuiteHash, SuiteHmac, adapter, aead, check_supported, digest,
    ed25519, hkdf, opaque_debug, rand_core, self_test, signature, suites_of, visit_suite, zeroize,
};
