//! The labelled, length-prefixed hash that every hash of the protocol is.
//!
//! ```text
//! H(label, x_1, .., x_n) = SHA-512( item("mpotr v1 " || label) || item(x_1) || .. || item(x_n) )
//! item(x)                = u64 big-endian length of x in bytes || x
//! ```
//!
//! The encoding is injective: two different lists of items never hash the same bytes. Integers are items of
//! their big-endian bytes. Specification: `docs/spec/03-encoding.md`, "Transcript hash".

use crate::backend::SuiteHash;
use crate::byte_newtype;
use crate::label;
use crate::secret::Secret;
use crate::stack::wiping_stack;

byte_newtype! {
    /// The first 32 bytes of a transcript hash: an id or a digest.
    Digest32
}

/// A transcript hash under way, by the hash `H`; of a suite, [`TranscriptHash`](crate::TranscriptHash).
#[derive(Clone)]
pub struct LabelledHash<H>(H);

impl<H: SuiteHash> LabelledHash<H> {
    /// Starts a hash under one of the labels of [`label`].
    #[must_use]
    pub fn new(label: &str) -> Self {
        let mut hash = H::default();
        hash.update(item_length(label::PREFIX.len().saturating_add(label.len())));
        hash.update(label::PREFIX);
        hash.update(label);
        Self(hash)
    }

    /// Absorbs one item.
    #[must_use]
    pub fn bytes(mut self, item: &[u8]) -> Self {
        self.0.update(item_length(item.len()));
        self.0.update(item);
        self
    }

    /// Absorbs one byte as an item.
    #[must_use]
    pub fn u8(self, item: u8) -> Self {
        self.bytes(&[item])
    }

    /// Absorbs a 16-bit integer as an item of two bytes.
    #[must_use]
    pub fn u16(self, item: u16) -> Self {
        self.bytes(&item.to_be_bytes())
    }

    /// Absorbs a 32-bit integer as an item of four bytes.
    #[must_use]
    pub fn u32(self, item: u32) -> Self {
        self.bytes(&item.to_be_bytes())
    }

    /// Absorbs a 64-bit integer as an item of eight bytes.
    #[must_use]
    pub fn u64(self, item: u64) -> Self {
        self.bytes(&item.to_be_bytes())
    }

    /// Absorbs a list: its length as an item of eight bytes, then each element as an item.
    #[must_use]
    pub fn list<T: AsRef<[u8]>>(self, items: impl ExactSizeIterator<Item = T>) -> Self {
        let counted = self.bytes(&item_length(items.len()));
        items.fold(counted, |hash, item| hash.bytes(item.as_ref()))
    }

    /// The whole 64-byte output.
    #[must_use]
    pub fn finish(self) -> [u8; 64] {
        self.0.finalize().into()
    }

    /// The whole output as a secret, where one of the items was.
    #[must_use]
    pub fn finish_secret(self) -> Secret<64> {
        wiping_stack(|| Secret::fill_with(|out| self.0.finalize_into(out.into())))
    }

    /// The first 32 bytes of the output.
    #[must_use]
    pub fn digest(self) -> Digest32 {
        let full = self.finish();
        let mut short = [0; 32];
        for (to, from) in short.iter_mut().zip(full) {
            *to = from;
        }
        Digest32::new(short)
    }
}

impl<H> core::fmt::Debug for LabelledHash<H> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("LabelledHash(..)")
    }
}

/// The length prefix of an item. A `usize` is at most 64 bits wide on every target of Rust.
pub(crate) fn item_length(bytes: usize) -> [u8; 8] {
    u64::try_from(bytes).unwrap_or(u64::MAX).to_be_bytes()
}
