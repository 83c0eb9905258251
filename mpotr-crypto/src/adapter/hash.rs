//! SHA-512 that takes bytes and finishes once. HMAC and HKDF are those of RustCrypto on it.

use digest::block_api::BlockSizeUser;
use digest::consts::{U64, U128};
use digest::{FixedOutput, FixedOutputReset, HashMarker, Output, OutputSizeUser, Reset, Update};

/// SHA-512 (FIPS 180-4) under way, as a library computes it. The state, which is a key where HMAC is computed, is wiped
/// when dropped.
pub trait Sha512State: Clone + Send + Sync {
    /// Nothing hashed yet.
    fn new() -> Self;

    /// Takes more bytes.
    fn update(&mut self, data: &[u8]);

    /// Writes the hash.
    fn finish(self, hash: &mut [u8; 64]);
}

/// A [`Sha512State`] as a RustCrypto hash.
#[derive(Clone)]
pub struct HashAdapter<T>(T);

impl<T: Sha512State> Default for HashAdapter<T> {
    fn default() -> Self {
        Self(T::new())
    }
}

impl<T> HashMarker for HashAdapter<T> {}

impl<T> OutputSizeUser for HashAdapter<T> {
    type OutputSize = U64;
}

impl<T> BlockSizeUser for HashAdapter<T> {
    type BlockSize = U128;
}

impl<T: Sha512State> Update for HashAdapter<T> {
    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
}

impl<T: Sha512State> FixedOutput for HashAdapter<T> {
    fn finalize_into(self, out: &mut Output<Self>) {
        self.0.finish(out.as_mut());
    }
}

impl<T: Sha512State> FixedOutputReset for HashAdapter<T> {
    fn finalize_into_reset(&mut self, out: &mut Output<Self>) {
        core::mem::take(self).finalize_into(out);
    }
}

impl<T: Sha512State> Reset for HashAdapter<T> {
    fn reset(&mut self) {
        *self = Self::default();
    }
}

impl<T> core::fmt::Debug for HashAdapter<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("HashAdapter(..)")
    }
}
