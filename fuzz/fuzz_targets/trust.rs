//! A message by which members find out who is who.
#![no_main]

use mpotr_core::wire::TrustMessage;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(message) = TrustMessage::from_bytes(data) {
        assert_eq!(message.to_bytes(), data);
    }
});
