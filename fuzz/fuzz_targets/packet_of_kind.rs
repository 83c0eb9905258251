//! The body of a packet, of the kind that the first byte picks.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mpotr_fuzz::packet_of_kind(data));
