//! Payloads that hold one entry for each other member, in cycle order without the sender.

/// The bytes as exactly `count` entries of `N` bytes; `None` if they are more or fewer.
pub(crate) fn whole_chunks<const N: usize>(bytes: &[u8], count: usize) -> Option<&[[u8; N]]> {
    let (chunks, rest) = bytes.as_chunks();
    (chunks.len() == count && rest.is_empty()).then_some(chunks)
}

/// Where member `of` stands in the list that `sender` made; `None` for the sender itself.
pub(crate) const fn place_among_others(sender: usize, of: usize) -> Option<usize> {
    if of < sender {
        Some(of)
    } else if of == sender {
        None
    } else {
        of.checked_sub(1)
    }
}

#[cfg(test)]
mod tests {
    use super::{place_among_others, whole_chunks};

    #[test]
    fn chunks_are_as_many_as_wanted_and_whole() {
        assert_eq!(
            whole_chunks::<2>(&[1, 2, 3, 4], 2),
            Some([[1, 2], [3, 4]].as_slice())
        );
        assert_eq!(whole_chunks::<2>(&[], 0), Some([].as_slice()));
        for (bytes, count) in [(&[1, 2, 3][..], 1), (&[1, 2], 2), (&[1, 2], 0), (&[1], 0)] {
            assert_eq!(whole_chunks::<2>(bytes, count), None);
        }
    }

    #[test]
    fn every_other_member_has_its_own_place() {
        let places = |sender| {
            (0..4)
                .map(|of| place_among_others(sender, of))
                .collect::<Vec<_>>()
        };
        assert_eq!(places(0), [None, Some(0), Some(1), Some(2)]);
        assert_eq!(places(2), [Some(0), Some(1), None, Some(2)]);
        assert_eq!(places(3), [Some(0), Some(1), Some(2), None]);
    }
}
