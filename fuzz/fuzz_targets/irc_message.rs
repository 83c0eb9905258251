//! A line of a server of IRC.
#![no_main]

use mpotr_transport::irc::Message;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let line = String::from_utf8_lossy(data);
    if let Some(message) = Message::read(&line) {
        assert!(!message.command().is_empty() && message.parameters().len() <= 15);
        let _any = (message.nick(), message.tag("time"), message.last());
    }
});
