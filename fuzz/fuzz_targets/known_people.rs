//! The file of the people that a person knows.
#![no_main]

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_formats::known;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(people) = known::parse::<Suite>(data) {
        let written = known::render(&people);
        let again = known::parse::<Suite>(written.as_bytes());
        assert_eq!(again.as_ref(), Ok(&people));
    }
});
