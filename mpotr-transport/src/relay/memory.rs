//! The memory that all waiting packets of a relay hold together: each counts once, for its sender, until the last
//! reader has it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use bytes::Bytes;

use super::outbox::SHARE;

/// The memory of a relay. Clones are the same memory.
#[derive(Clone, Debug)]
pub(super) struct Memory(Arc<Used>);

#[derive(Debug)]
struct Used {
    capacity: usize,
    bytes: AtomicUsize,
}

impl Memory {
    pub(super) fn new(capacity: usize) -> Self {
        Self(Arc::new(Used {
            capacity,
            bytes: AtomicUsize::new(0),
        }))
    }

    /// The part of the memory that one sender may use.
    pub(super) fn part(&self) -> Part {
        Part {
            memory: self.clone(),
            mine: Arc::default(),
        }
    }
}

/// What is held for one sender.
#[derive(Debug)]
pub(super) struct Part {
    memory: Memory,
    mine: Arc<AtomicUsize>,
}

impl Part {
    /// Counts a frame until the last clone of the result is gone. `None` if the sender has as much as it may: a third
    /// of what is free, as in the queue of a reader, or a single frame while nothing else is held at all.
    pub(super) fn hold(&self, frame: &Bytes) -> Option<Bytes> {
        let Used { capacity, bytes } = &*self.memory.0;
        let length = frame.len();
        let with_it = self.mine.load(Ordering::Relaxed).saturating_add(length);
        let taken = bytes.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |used| {
            let fits = used == 0 || with_it <= capacity.saturating_sub(used) / SHARE;
            fits.then_some(used.saturating_add(length))
        });
        taken.ok()?;
        self.mine.fetch_add(length, Ordering::Relaxed);
        Some(Bytes::from_owner(Held {
            frame: frame.clone(),
            memory: self.memory.clone(),
            mine: Arc::clone(&self.mine),
        }))
    }
}

/// A frame that is counted.
struct Held {
    frame: Bytes,
    memory: Memory,
    mine: Arc<AtomicUsize>,
}

impl AsRef<[u8]> for Held {
    fn as_ref(&self) -> &[u8] {
        &self.frame
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        let length = self.frame.len();
        self.mine.fetch_sub(length, Ordering::Relaxed);
        self.memory.0.bytes.fetch_sub(length, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use bytes::Bytes;
    use proptest::prelude::*;

    use super::{Memory, Part};

    fn frame(length: usize) -> Bytes {
        Bytes::from(vec![7; length])
    }

    fn fill(part: &Part, length: usize) -> Vec<Bytes> {
        core::iter::from_fn(|| part.hold(&frame(length))).collect()
    }

    #[test]
    fn one_sender_gets_a_quarter_and_leaves_room_for_others() {
        let memory = Memory::new(1_000);
        let (mallory, alice) = (memory.part(), memory.part());
        let flood = fill(&mallory, 10);
        assert_eq!(flood.len(), 25);
        assert!(alice.hold(&frame(200)).is_some());
        assert!(mallory.hold(&frame(1)).is_none());
    }

    #[test]
    fn a_frame_is_held_until_its_last_reader_has_it() {
        let memory = Memory::new(100);
        let part = memory.part();
        let held = part.hold(&frame(60)).unwrap();
        assert_eq!(held, frame(60));
        let other = held.clone();
        drop(held);
        assert!(part.hold(&frame(60)).is_none());
        drop(other);
        assert!(part.hold(&frame(60)).is_some());
    }

    #[test]
    fn a_frame_beyond_all_measure_passes_alone() {
        let memory = Memory::new(0);
        let part = memory.part();
        let held = part.hold(&frame(1_000)).unwrap();
        assert!(part.hold(&frame(1)).is_none());
        drop(held);
        assert!(part.hold(&frame(1)).is_some());
    }

    proptest! {
        #[test]
        fn what_is_counted_is_what_is_held_and_never_too_much(
            steps in prop::collection::vec((0_usize..3, prop::option::of(1_usize..400)), 0..60),
        ) {
            let memory = Memory::new(1_000);
            let parts = [memory.part(), memory.part(), memory.part()];
            let mut held: Vec<Bytes> = Vec::new();
            for (sender, step) in steps {
                match step {
                    Some(length) => held.extend(parts[sender].hold(&frame(length))),
                    None => drop(held.pop()),
                }
                let sum = held.iter().map(Bytes::len).sum::<usize>();
                prop_assert_eq!(memory.0.bytes.load(Ordering::Relaxed), sum);
                prop_assert!(sum <= 1_000);
            }
        }
    }
}
