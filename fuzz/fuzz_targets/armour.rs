//! Lines of armour from two senders, put together.
#![no_main]

use mpotr_transport::SenderHint;
use mpotr_transport::armour::{Line, MAX_UNIT, Reading, Reassembly};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let text = String::from_utf8_lossy(data);
    let mut reassembly = Reassembly::default();
    let now = std::time::Instant::now();
    for line in text.lines() {
        let hint = SenderHint::from_u64(u64::from(line.ends_with(". ")));
        if let Reading::Line(read) = Line::read(line.trim_end_matches(' ')) {
            assert_eq!(read.to_string(), line.trim_end_matches(' '));
            if let Some(unit) = reassembly.take(now.into(), hint, read) {
                assert!((1..=MAX_UNIT).contains(&unit.len()));
            }
        }
        assert!(reassembly.cost() <= 4 << 20);
    }
});
