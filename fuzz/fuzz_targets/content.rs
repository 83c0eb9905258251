//! What opens as a content message.
#![no_main]

use mpotr_core::wire::Content;

libfuzzer_sys::fuzz_target!(|data: &[u8]| mpotr_fuzz::signed::<Content>(data));
