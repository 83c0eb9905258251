//! The mpOTR suites on libsodium, but for the verification of signatures: `docs/spec/02-suites.md`.
//!
//! | part | functions of libsodium |
//! |---|---|
//! | AEAD | `crypto_aead_chacha20poly1305_ietf_*`, `crypto_aead_aes256gcm_*` |
//! | hash | `crypto_hash_sha512_*`; HMAC and HKDF are the RustCrypto `hkdf` and `hmac` on it |
//! | signature | `crypto_sign_ed25519_*` sign; `curve25519-dalek` computes what verification compares, as in every backend, by way of `mpotr-group-dalek` |
//! | group | `crypto_core_ristretto255_*`, `crypto_scalarmult_ristretto255*` |
//!
//! libsodium is built from the signed source that `libsodium-sys-stable` carries, with a C compiler and `make` alone.
//! It picks its ChaCha20, Poly1305 and AES by what the CPU has, at run time; its SHA-512 and its curve are portable C.
//!
//! libsodium works on encodings: each operation on elements decodes its inputs and encodes its result, and there is
//! no multi-scalar multiplication. The group is therefore several times slower than `curve25519-dalek`, which keeps
//! elements decoded.
//!
//! AES-256-GCM needs AES and carry-less multiplication in the CPU (on x86-64 also AVX). Without them
//! [`check_supported`](mpotr_crypto::check_supported) says so, and a program that uses the suite all the
//! same gets errors, not undefined behaviour.

mod aead;
mod backend;
#[expect(unsafe_code, reason = "the calls into libsodium, all in this one file")]
mod ffi;
mod group;
mod hash;
mod signature;

pub use aead::{Aes256Gcm, ChaCha20Poly1305};
pub use backend::Libsodium;
pub use group::{Element, Ristretto255, Scalar};
pub use hash::Sha512;
pub use signature::{Ed25519, SigningKey};

mpotr_crypto::suites_of!(Libsodium);
