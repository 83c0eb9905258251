//! SHA-512 by *ring*, as a RustCrypto hash: `docs/spec/02-suites.md`, "Hash".
//!
//! HMAC and HKDF are those of RustCrypto on it, in every backend.

use std::hint::black_box;

use mpotr_crypto::digest::block_api::BlockSizeUser;
use mpotr_crypto::digest::consts::{U64, U128};
use mpotr_crypto::digest::{
    FixedOutput, FixedOutputReset, HashMarker, Output, OutputSizeUser, Reset, Update,
};
use ring::digest::{Context, SHA512};

/// SHA-512 (FIPS 180-4) by *ring*.
#[derive(Clone)]
pub struct Sha512(Context);

impl Default for Sha512 {
    fn default() -> Self {
        Self(Context::new(&SHA512))
    }
}

impl HashMarker for Sha512 {}

impl OutputSizeUser for Sha512 {
    type OutputSize = U64;
}

impl BlockSizeUser for Sha512 {
    type BlockSize = U128;
}

impl Update for Sha512 {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
}

impl FixedOutput for Sha512 {
    fn finalize_into(mut self, out: &mut Output<Self>) {
        FixedOutputReset::finalize_into_reset(&mut self, out);
    }
}

impl FixedOutputReset for Sha512 {
    fn finalize_into_reset(&mut self, out: &mut Output<Self>) {
        let context = core::mem::replace(&mut self.0, Context::new(&SHA512));
        out.copy_from_slice(context.finish().as_ref());
    }
}

impl Reset for Sha512 {
    fn reset(&mut self) {
        self.0 = Context::new(&SHA512);
    }
}

impl Drop for Sha512 {
    /// Overwrites the state, which is a key where HMAC is computed; `black_box` keeps the compiler from leaving
    /// the write out.
    fn drop(&mut self) {
        self.reset();
        black_box(&self.0);
    }
}

impl core::fmt::Debug for Sha512 {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("Sha512(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::Sha512;
    use mpotr_crypto::digest::Digest;

    #[test]
    fn after_a_reset_a_hash_is_as_new() {
        let mut hash = Sha512::default();
        hash.update(b"forgotten");
        Digest::reset(&mut hash);
        hash.update(b"abc");
        assert_eq!(hash.finalize_reset(), Sha512::digest(b"abc"));
        assert_eq!(hash.finalize_reset(), Sha512::digest(b""));
        assert_ne!(Sha512::digest(b"abc"), Sha512::digest(b""));
    }
}
