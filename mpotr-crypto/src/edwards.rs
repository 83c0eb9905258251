//! The curve arithmetic that verification of Ed25519 is made of: `docs/spec/02-suites.md`, "Signature".

/// edwards25519 (RFC 7748 section 4.1), as far as verification needs it. All values are public: the time may depend on
/// them.
///
/// It is arithmetic and gives no verdict: what is accepted is decided by [`VerifyingKey`](crate::VerifyingKey), which
/// compares bytes. So no library's idea of a valid signature enters.
pub trait Edwards: core::fmt::Debug + Send + Sync + 'static {
    /// A decoded point, of whatever order.
    type Point: Clone + Send + Sync;

    /// The point of 32 bytes (RFC 8032 section 5.1.3); `None` if they encode no point. Callers pass canonical encodings
    /// only.
    fn decode(bytes: &[u8; 32]) -> Option<Self::Point>;

    /// The encoding of `[s]B - [k mod L]P`, without the cofactor: B is the base point, `s` is little-endian and below L,
    /// `k` is little-endian and reduced before it multiplies.
    fn vartime_base_minus(s: &[u8; 32], k: &[u8; 64], point: &Self::Point) -> [u8; 32];
}
