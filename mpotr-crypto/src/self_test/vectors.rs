//! Published test vectors, as hexadecimal text. Each file names its source. Some are tried when a backend is picked; the
//! conformance suite tries all.

pub mod fips_180_4;
pub mod gcm;
pub mod rfc_8032;
pub mod rfc_8439;
pub mod rfc_9496;

/// One seal of an AEAD.
#[derive(Clone, Copy, Debug)]
pub struct AeadVector {
    /// Where in its source it stands.
    pub name: &'static str,
    /// The key, 32 bytes.
    pub key: &'static str,
    /// The nonce, 12 bytes.
    pub nonce: &'static str,
    /// The associated data.
    pub associated_data: &'static str,
    /// The text.
    pub text: &'static str,
    /// The ciphertext and the tag of 16 bytes behind it.
    pub sealed: &'static str,
}

/// One signature of Ed25519.
#[derive(Clone, Copy, Debug)]
pub struct SignatureVector {
    /// What its source calls it.
    pub name: &'static str,
    /// The seed of the signing key, 32 bytes.
    pub seed: &'static str,
    /// The public key, 32 bytes.
    pub public: &'static str,
    /// The message.
    pub message: &'static str,
    /// R and S, 64 bytes.
    pub signature: &'static str,
}
