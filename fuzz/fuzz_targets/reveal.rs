//! The body of a packet of this kind.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mpotr_fuzz::packet_of_kind(8, data));
