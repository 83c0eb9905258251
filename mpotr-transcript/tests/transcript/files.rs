//! Files as bytes: nothing in them can be changed without being found.

use std::sync::LazyLock;

use mpotr_transcript::{Ending, MAGIC, Transcript};
use proptest::prelude::*;

use crate::crew::{forged, report, talk};

#[test]
fn a_changed_byte_anywhere_is_found() {
    let file = forged(talk(2, 2), 2, 21);
    for place in (0..file.len()).step_by(11) {
        let mut changed = file.clone();
        changed[place] ^= 1 << (place % 8);
        assert!(!report(&changed).is_sound(), "byte {place}");
    }
}

/// A transcript whose records are put in another order.
static WHOLE: LazyLock<Transcript> = LazyLock::new(|| Transcript::read(&forged(talk(2, 1), 2, 22)));

proptest! {
    #[test]
    fn no_bytes_make_it_panic_and_what_is_whole_is_written_again(
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        for file in [bytes.clone(), [&MAGIC[..], &bytes].concat()] {
            let transcript = Transcript::read(&file);
            if transcript.ending == Ending::Whole {
                prop_assert_eq!(transcript.to_bytes(), file.clone());
            }
            prop_assert!(!report(&file).is_sound());
        }
    }

    #[test]
    fn records_in_any_order_are_read_as_far_as_they_are_in_order(from in 0_usize..40, to in 0_usize..40) {
        let mut entries: Vec<_> = WHOLE.sections[0].entries().collect();
        let (from, to) = (from % entries.len(), to % entries.len());
        entries.swap(from, to);
        let mut file = MAGIC.to_vec();
        for entry in &entries {
            file.extend(entry.to_bytes());
        }
        let read = Transcript::read(&file);
        prop_assert!(matches!(read.ending, Ending::Broken(_)), "it has no end");
        prop_assert!(read.sections.len() <= 1);
    }
}
