//! Where secrets live: pages that stay out of swap and out of core dumps, as far as the system allows.
//!
//! Rust moves a value by copying it and wipes nothing behind: a key in a struct leaves a copy wherever the struct has been.
//! So a secret has one place from its first byte on, a *slot* of a page that is locked (`mlock`) and not dumped
//! (`MADV_DONTDUMP`), and what moves is a reference to it. Both are best effort: a system that refuses, for want of a right
//! or beyond a limit, gives plain pages.
//!
//! Slots of one length share pages. A slot that is given back is wiped and serves the next secret of its length: pages are
//! never returned to the system, and take as much memory as all secrets together took at most.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use memmap2::MmapMut;

/// The bytes of the first pages for a length; those that follow double what there is.
const FIRST: usize = 4096;
/// The most bytes of pages that are taken at once.
const MOST: usize = 1 << 18;

/// The free slots of one length, all zeros.
struct Slots {
    free: Vec<&'static mut [u8]>,
    /// Bytes of all pages for this length.
    bytes: usize,
}

static SLOTS: Mutex<BTreeMap<usize, Slots>> = Mutex::new(BTreeMap::new());

fn slots() -> MutexGuard<'static, BTreeMap<usize, Slots>> {
    // A list of free slots is whole between any two of its calls.
    SLOTS.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A slot of `length` bytes, all zeros.
pub(super) fn take(length: usize) -> &'static mut [u8] {
    if length == 0 {
        return &mut [];
    }
    let mut slots = slots();
    let of_length = slots.entry(length).or_insert(Slots {
        free: Vec::new(),
        bytes: 0,
    });
    if let Some(slot) = of_length.free.pop() {
        return slot;
    }
    let bytes = of_length.bytes.clamp(FIRST, MOST).max(length);
    of_length.bytes = of_length.bytes.saturating_add(bytes);
    let mut fresh = pages(bytes).chunks_exact_mut(length);
    let slot = fresh.next().unwrap_or_default();
    of_length.free.extend(fresh);
    slot
}

/// Gives back a slot that was wiped.
pub(super) fn give_back(slot: &'static mut [u8]) {
    if let Some(of_length) = slots().get_mut(&slot.len()) {
        of_length.free.push(slot);
    }
}

/// Fresh pages, all zeros.
fn pages(bytes: usize) -> &'static mut [u8] {
    let Ok(pages) = MmapMut::map_anon(bytes) else {
        // No pages of one's own on this system.
        return vec![0; bytes].leak();
    };
    // Either may be refused: the pages hold secrets all the same.
    #[cfg(unix)]
    let _refused = pages.lock();
    #[cfg(target_os = "linux")]
    let _refused = pages.advise(memmap2::Advice::DontDump);
    let kept: &'static mut MmapMut = Box::leak(Box::new(pages));
    kept
}

#[cfg(test)]
mod tests {
    use super::{FIRST, MOST, give_back, take};

    #[test]
    fn slots_are_apart_and_serve_again() {
        // A length that no other test takes.
        const LENGTH: usize = 48;
        let mut taken: Vec<_> = (0..200_u8).map(|_| take(LENGTH)).collect();
        for (slot, value) in taken.iter_mut().zip(0_u8..) {
            assert_eq!(slot, &[0; LENGTH]);
            slot.fill(value);
        }
        for (slot, value) in taken.iter().zip(0_u8..) {
            assert_eq!(slot, &[value; LENGTH]);
        }
        let places: Vec<_> = taken.iter().map(|slot| slot.as_ptr()).collect();
        for slot in taken {
            slot.fill(0);
            give_back(slot);
        }
        let again: Vec<_> = places.iter().map(|_| take(LENGTH).as_ptr()).collect();
        assert!(again.iter().all(|place| places.contains(place)));
    }

    #[test]
    fn a_secret_may_be_empty_or_longer_than_all_pages_at_once() {
        assert!(take(0).is_empty());
        assert_eq!(take(MOST + 1).len(), MOST + 1);
        assert_eq!(take(FIRST).len(), FIRST);
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn pages_are_locked_and_not_dumped_as_the_system_tells() {
        let slot = take(47);
        let address = slot.as_ptr().addr();
        let smaps = std::fs::read_to_string("/proc/self/smaps").unwrap();
        let holds_slot = |line: &&str| {
            let range = line
                .split_once(' ')
                .and_then(|(range, _)| range.split_once('-'));
            range.is_some_and(|(start, end)| {
                let [start, end] = [start, end].map(|bound| usize::from_str_radix(bound, 16));
                start.is_ok_and(|start| start <= address) && end.is_ok_and(|end| address < end)
            })
        };
        let mut lines = smaps.lines().skip_while(|line| !holds_slot(line));
        let flags = lines.find(|line| line.starts_with("VmFlags:")).unwrap();
        assert!(flags.contains(" dd"), "in core dumps: {flags}");
        // Locked where the limit allows, which it does for so few pages unless it is next to nothing.
        let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
        let limit = limits
            .lines()
            .find(|line| line.starts_with("Max locked memory"))
            .unwrap();
        let limit = limit.split_whitespace().nth(3).unwrap();
        let is_tight = limit.parse::<u64>().is_ok_and(|bytes| bytes < 1 << 20);
        assert!(is_tight || flags.contains(" lo"), "swappable: {flags}");
    }
}
