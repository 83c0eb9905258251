//! What opens as a statement.
#![no_main]

use mpotr_core::wire::Statement;

libfuzzer_sys::fuzz_target!(|data: &[u8]| mpotr_fuzz::signed::<Statement>(data));
