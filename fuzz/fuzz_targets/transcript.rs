//! Transcript files, read and verified, those that are whole written again; and scripts of forged ones.
#![no_main]

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_transcript::{Ending, MAGIC, Script, Transcript, verify};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

fn check(file: &[u8]) {
    let transcript = Transcript::read(file);
    if transcript.ending == Ending::Whole {
        assert_eq!(transcript.to_bytes(), file);
    }
    let report = verify::<Suite>(&transcript, &mut ChaCha20Rng::seed_from_u64(1));
    assert!(report.epochs.len() <= transcript.sections.len());
}

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    check(data);
    check(&[&MAGIC[..], data].concat());
    if let Ok(script) = core::str::from_utf8(data) {
        let _lines = Script::parse(script, &["alice".to_owned(), "bob".to_owned()]);
    }
});
