//! The suites by their ids: `docs/spec/02-suites.md`, "The suites".

use crate::wire_enum;

wire_enum! {
    /// The two-byte id of a suite on the wire, in the order of preference of an offer.
    #[non_exhaustive]
    pub enum SuiteId: u16 {
        /// `0x0001`: ChaCha20-Poly1305 (RFC 8439), SHA-512, Ed25519, ristretto255.
        ChaCha20Poly1305 = 0x0001 => "chacha20poly1305",
        /// `0x0002`: AES-256-GCM (NIST SP 800-38D), SHA-512, Ed25519, ristretto255.
        Aes256Gcm = 0x0002 => "aes256gcm",
    }
}

/// This machine, or this build, cannot compute a suite with a backend.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the {backend} backend cannot compute the suite {suite} here: {reason}")]
pub struct UnsupportedSuite {
    /// The suite asked for.
    pub suite: SuiteId,
    /// The backend asked for.
    pub backend: &'static str,
    /// What is missing.
    pub reason: &'static str,
}
