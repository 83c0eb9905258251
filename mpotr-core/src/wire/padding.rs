//! Padding: what members say inside an epoch comes in few sizes. `docs/spec/05-wire.md`, "Padding".
//!
//! The sealed text, signature included, is 224 * 2^k bytes long, with the smallest k that holds it. A packet of the first
//! size has 285 bytes, which is one line of IRC in base64.

/// The smallest size, in bytes.
const SMALLEST: usize = 224;

/// The size that holds `length` bytes.
#[must_use]
pub fn padded(length: usize) -> usize {
    let mut size = SMALLEST;
    while size < length {
        size = size.saturating_mul(2);
    }
    size
}

#[cfg(test)]
mod tests {
    use super::padded;

    #[test]
    fn sizes_double_from_the_smallest() {
        assert_eq!(
            [0, 224, 225, 448, 449].map(padded),
            [224, 224, 448, 448, 896]
        );
    }
}
