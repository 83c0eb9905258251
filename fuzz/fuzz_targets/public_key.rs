//! The file of a public key.
#![no_main]

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_formats::public_key;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(key) = public_key::parse::<Suite>(data) {
        let line = data.strip_suffix(b"\n").unwrap_or(data);
        assert_eq!(key.to_string().as_bytes(), line);
    }
});
