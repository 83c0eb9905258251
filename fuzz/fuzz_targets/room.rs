//! Two honest members, and an attacker on the wire between them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| mpotr_fuzz::wire::run(data));
