//! What the chat puts into a message.
#![no_main]

use mpotr_formats::Payload;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(payload) = Payload::from_bytes(data) {
        assert_eq!(payload.to_bytes(), data);
    }
});
