//! What the system lets others see of the program's memory, and what lies in it.

#![cfg(target_os = "linux")]

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

use tempfile::tempdir;

use crate::chat::Town;
use crate::program::{Running, succeed};

/// The text of a file that the system keeps for a process.
fn told(process: &Running, file: &str) -> String {
    fs::read_to_string(format!("/proc/{}/{file}", process.id())).unwrap()
}

/// A kept identity: its name, and the secret in its file.
fn identity(home: &Path) -> (String, Vec<u8>) {
    let path = home.join("alice");
    let name = path.to_str().unwrap().to_owned();
    succeed(home, &["identity", "new", "--identity", &name]);
    let file = fs::read(&path).unwrap();
    let digits = file.strip_prefix(b"mpotr-identity-v1 ").unwrap();
    (name, digits.trim_ascii_end().to_vec())
}

/// All memory of a process that can be written to. `None` if these tests may not read it.
fn memory_of(process: &Running) -> Option<Vec<Vec<u8>>> {
    let maps = told(process, "maps");
    let mut memory = File::open(format!("/proc/{}/mem", process.id())).ok()?;
    let mut regions = Vec::new();
    for line in maps.lines() {
        let mut fields = line.split_whitespace();
        let (start, end) = fields.next().unwrap().split_once('-').unwrap();
        let [start, end] = [start, end].map(|at| u64::from_str_radix(at, 16).unwrap());
        if fields.next().unwrap().starts_with("rw") {
            let mut bytes = vec![0; usize::try_from(end - start).unwrap()];
            memory.seek(SeekFrom::Start(start)).unwrap();
            // What is gone when it is read is no longer memory of the process.
            let _gone = memory.read_exact(&mut bytes);
            regions.push(bytes);
        }
    }
    Some(regions)
}

fn times(memory: &[Vec<u8>], piece: &[u8]) -> usize {
    let windows = memory.iter().flat_map(|region| region.windows(piece.len()));
    windows.filter(|window| *window == piece).count()
}

#[test]
fn core_dumps_are_off_from_the_start() {
    let town = Town::new();
    let alice = town.chat("alice", &["--open"]);
    alice.hears_err("tea");
    let limits = told(&alice, "limits");
    let limit = limits
        .lines()
        .find(|line| line.starts_with("Max core file size"))
        .unwrap();
    let values: Vec<_> = limit.split_whitespace().skip(4).take(2).collect();
    assert_eq!(values, ["0", "0"], "{limit}");
}

#[test]
#[expect(
    clippy::print_stderr,
    reason = "a check that is left out is told, in the only way that a test has"
)]
fn an_identity_stands_once_in_memory_and_its_file_nowhere() {
    let town = Town::new();
    let home = tempdir().unwrap();
    let (name, digits) = identity(home.path());
    let alice = town.chat("alice", &["--open", "--identity", &name]);
    let bob = town.chat("bob", &["--open"]);
    bob.hears_err("is secure");
    alice.hears_err("is secure");
    let Some(memory) = memory_of(&alice) else {
        // That is what the program has asked the system for.
        eprintln!(
            "SKIPPED: nobody but root reads the program's memory, and these tests do not run as root"
        );
        return;
    };
    let secret: Vec<u8> = digits
        .chunks_exact(2)
        .map(|pair| u8::from_str_radix(std::str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect();
    for half in secret.chunks_exact(16) {
        assert_eq!(times(&memory, half), 1);
    }
    assert_eq!(times(&memory, &digits[..32]), 0);
    assert_eq!(times(&memory, &digits[32..]), 0);
}
