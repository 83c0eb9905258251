//! A frame of the relay.
#![no_main]

use mpotr_transport::frame::ServerFrame;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let payload = data.to_vec().into();
    if let Ok(frame) = ServerFrame::decode(&payload) {
        assert_eq!(frame.to_frame()[4..], *data);
    }
});
