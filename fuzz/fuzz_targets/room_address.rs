//! The link that one person gives to another.
#![no_main]

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_formats::room_address::{self, RoomAddressFault};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Ok(text) = core::str::from_utf8(data) else {
        return;
    };
    match room_address::parse::<Suite>(text) {
        Ok(address) => {
            assert!(room_address::is_room_address(text));
            match room_address::parse::<Suite>(&address.render()) {
                Ok(again) => assert_eq!(again, address),
                // What is escaped now, and was not, may make it too long.
                Err(error) => assert_eq!(error.fault, RoomAddressFault::TooLong),
            }
        }
        Err(error) => assert!(error.offset <= text.len()),
    }
});
