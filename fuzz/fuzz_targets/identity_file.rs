//! An identity file.
#![no_main]

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_formats::identity;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(identity) = identity::parse::<Suite>(data) {
        assert_eq!(identity::render(&identity)[..], *data);
    }
});
