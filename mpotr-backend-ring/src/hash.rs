//! SHA-512 by *ring*: `docs/spec/02-suites.md`, "Hash".

use std::hint::black_box;

use mpotr_crypto::adapter::{HashAdapter, Sha512State};
use mpotr_crypto::opaque_debug;
use ring::digest::{Context, SHA512};

/// SHA-512 (FIPS 180-4) by *ring*.
pub type Sha512 = HashAdapter<Sha512Context>;

/// SHA-512 under way.
#[derive(Clone)]
pub struct Sha512Context(Context);

impl Sha512State for Sha512Context {
    fn new() -> Self {
        Self(Context::new(&SHA512))
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }

    fn finish(mut self, hash: &mut [u8; 64]) {
        let context = core::mem::replace(&mut self.0, Context::new(&SHA512));
        hash.copy_from_slice(context.finish().as_ref());
    }
}

impl Drop for Sha512Context {
    /// Overwrites the state; `black_box` keeps the compiler from leaving the write out.
    fn drop(&mut self) {
        self.0 = Context::new(&SHA512);
        black_box(&self.0);
    }
}

opaque_debug!(Sha512Context);
