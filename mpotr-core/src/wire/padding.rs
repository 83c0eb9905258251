//! Padding: what members say inside an epoch comes in few sizes. `docs/spec/05-wire.md`, "Padding".
//!
//! The sealed text, signature included, is the smallest size of its stream times 2^k bytes long, with the smallest k that holds
//! it.

/// The size that holds `length` bytes, where sizes double from the smallest.
#[must_use]
pub fn padded(smallest: usize, length: usize) -> usize {
    let mut size = smallest.max(1);
    while size < length {
        size = size.saturating_mul(2);
    }
    size
}

/// The greatest of these sizes that `room` bytes hold; nothing if none does.
pub(super) const fn padded_within(smallest: usize, room: usize) -> usize {
    match room.checked_div(smallest) {
        // The greatest power of two that is no greater.
        Some(times @ 1..) => smallest << times.ilog2(),
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{padded, padded_within};

    #[test]
    fn the_greatest_size_that_fits() {
        assert_eq!(
            [0, 223, 224, 447, 448, 1_000, usize::MAX].map(|room| padded_within(224, room)),
            [0, 0, 224, 224, 448, 896, 224 << 56]
        );
    }

    #[test]
    fn sizes_double_from_the_smallest() {
        assert_eq!(
            [0, 224, 225, 448, 449].map(|length| padded(224, length)),
            [224, 224, 448, 448, 896]
        );
        assert_eq!(
            [112, 113, 225].map(|length| padded(112, length)),
            [112, 224, 448]
        );
    }
}
