//! A mail as it comes from a list.
#![no_main]

#[path = "../../carriers/mpotr-transport-mail/src/reading.rs"]
mod reading;

use reading::{PACKET, PACKETS};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    if let Some(mail) = reading::mail(data) {
        assert!((1..=PACKETS).contains(&mail.packets.len()));
        assert!(mail.packets.iter().all(|packet| !packet.is_empty()));
        assert!(mail.packets.iter().map(Vec::len).sum::<usize>() <= PACKET);
    }
});
