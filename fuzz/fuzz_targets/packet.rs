//! Any packet.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mpotr_fuzz::packet(data));
