//! An image of this process, and the search through it.

use std::collections::HashMap;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};

use mpotr_core::crypto::zeroize::Zeroizing;

use crate::secrets::Needle;

/// What is searched for: half a key at a time, since the allocator writes over the first bytes of what is freed.
const PIECE: usize = 16;
/// What is read at once. The kernel refuses some pages.
const PAGE: usize = 4096;

/// All memory that can be written to.
pub(crate) struct Image {
    /// What the system calls each piece of it, and its bytes: wiped, so that an image shows nothing of the one before.
    regions: Vec<(String, Zeroizing<Vec<u8>>)>,
}

impl Image {
    pub(crate) fn take() -> Self {
        let maps = std::fs::read_to_string("/proc/self/maps").unwrap();
        let mut memory = File::open("/proc/self/mem").unwrap();
        let mut regions = Vec::new();
        for line in maps.lines() {
            let mut fields = line.split_whitespace();
            let (start, end) = fields.next().unwrap().split_once('-').unwrap();
            let [start, end] = [start, end].map(|at| u64::from_str_radix(at, 16).unwrap());
            if !fields.next().unwrap().starts_with("rw") {
                continue;
            }
            let name = fields.nth(3).unwrap_or("anonymous");
            let length = usize::try_from(end - start).unwrap();
            let mut bytes = Zeroizing::new(vec![0; length]);
            for (page, at) in bytes.chunks_mut(PAGE).zip((start..).step_by(PAGE)) {
                memory.seek(SeekFrom::Start(at)).unwrap();
                // A page that cannot be read is not memory of ours.
                let _unreadable = memory.read_exact(page);
            }
            regions.push((format!("{name} at {start:x}"), bytes));
        }
        Self { regions }
    }

    /// For each needle the places where a piece of it lies: one for each time that it lies there whole or in part.
    pub(crate) fn search(&self, needles: &[Needle]) -> Vec<Vec<String>> {
        let mut places = vec![Vec::new(); needles.len()];
        let mut starts = vec![false; 1 << 16];
        let mut pieces: HashMap<&[u8], Vec<(usize, usize)>> = HashMap::new();
        for (index, needle) in needles.iter().enumerate() {
            for (piece, at) in needle.bytes.chunks_exact(PIECE).zip((0..).step_by(PIECE)) {
                starts[start_of(piece)] = true;
                pieces.entry(piece).or_default().push((index, at));
            }
        }
        for (name, bytes) in &self.regions {
            // Where each needle found here would begin: its pieces count once.
            let mut begins: Vec<(usize, usize)> = Vec::new();
            for (page, start) in bytes.chunks(PAGE).zip((0_usize..).step_by(PAGE)) {
                // Most pages were never written to: nothing is on them, nor begins there.
                if page[1..] == page[..page.len() - 1] {
                    continue;
                }
                let from = start.saturating_sub(PIECE - 1);
                let end = bytes.len().min(start + PAGE + PIECE - 1);
                for (window, at) in bytes[from..end].windows(PIECE).zip(from..) {
                    if !starts[start_of(window)] {
                        continue;
                    }
                    for (needle, offset) in pieces.get(window).into_iter().flatten() {
                        begins.push((*needle, at.wrapping_sub(*offset)));
                    }
                }
            }
            begins.sort_unstable();
            begins.dedup();
            for (needle, _) in begins {
                places[needle].push(name.clone());
            }
        }
        places
    }
}

fn start_of(piece: &[u8]) -> usize {
    usize::from(piece[0]) << 8 | usize::from(piece[1])
}
