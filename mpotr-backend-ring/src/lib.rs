//! The mpOTR suites on *ring*, with group arithmetic from curve25519-dalek: `docs/spec/02-suites.md`.
//!
//! | part | crate |
//! |---|---|
//! | AEAD | `ring` |
//! | hash, HKDF, HMAC | `ring` (SHA-512), the RustCrypto `hkdf` and `hmac` on it |
//! | signature | `ring` signs; `curve25519-dalek` computes what verification compares, by way of `mpotr-group-dalek` |
//! | group | `curve25519-dalek`, ristretto255, by way of `mpotr-group-dalek` |
//!
//! **Not all of this backend is *ring*.** *ring* offers no group arithmetic, no scalars and no decoding of a public
//! key on its own, and takes no secret but the seed of a signing key and the key of an AEAD. What it lacks comes
//! from `curve25519-dalek`, as in the RustCrypto backend.
//!
//! *ring* picks AES-NI, AVX, VAES and the like at run time, builds its C and assembly with a C compiler, and wipes
//! no key when it is dropped. The types here overwrite what *ring* holds in place with what it makes of zeros; copies
//! that *ring* leaves on the stack while it computes are out of reach.

mod aead;
mod backend;
mod hash;
mod signature;

pub use aead::{Aes256Gcm, ChaCha20Poly1305};
pub use backend::Ring;
pub use hash::Sha512;
pub use mpotr_group_dalek::Ristretto255;
pub use signature::{Ed25519, SigningKey};

mpotr_crypto::suites_of!(Ring);
