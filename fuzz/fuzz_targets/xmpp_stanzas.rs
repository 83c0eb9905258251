//! The bytes of a stream of XMPP, as they come at once and in two pieces.
#![no_main]

#[path = "../../carriers/mpotr-transport-xmpp/src/stanzas.rs"]
mod stanzas;

use stanzas::{BYTES, Stanzas};

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    let Some((cut, data)) = data.split_first() else {
        return;
    };
    let (mut at_once, mut in_pieces) = (Vec::new(), Vec::new());
    Stanzas::new().take(data, &mut at_once);
    let mut stanzas = Stanzas::new();
    for piece in data.chunks(usize::from(*cut).max(1)) {
        let before = in_pieces.len();
        stanzas.take(piece, &mut in_pieces);
        assert!(in_pieces.len() - before <= BYTES + piece.len());
    }
    assert_eq!(at_once, in_pieces);
    assert!(at_once.len() <= data.len());
});
