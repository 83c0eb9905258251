//! The first frame of a relay's client.
#![no_main]

use mpotr_transport::frame::Join;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Ok(join) = Join::decode(data) {
        assert_eq!(join.to_frame()[4..], *data);
    }
});
