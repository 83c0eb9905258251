//! SHA-512 by libsodium: `docs/spec/02-suites.md`, "Hash".

use mpotr_crypto::adapter::{HashAdapter, Sha512State};
use mpotr_crypto::opaque_debug;

use crate::ffi::{HashState, Sodium};

/// SHA-512 (FIPS 180-4) by libsodium.
pub type Sha512 = HashAdapter<Sha512Context>;

/// SHA-512 under way.
#[derive(Clone)]
pub struct Sha512Context(HashState);

impl Sha512State for Sha512Context {
    fn new() -> Self {
        Self(HashState::new(Sodium::ready()))
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finish(self, hash: &mut [u8; 64]) {
        self.0.finish(hash);
    }
}

opaque_debug!(Sha512Context);
