//! What the fuzz targets have in common: decode, encode again, compare.

pub mod wire;

use mpotr_core::wire::{Fields, Packet, Unsigned, Unverified, VERSION};

/// A packet that decodes encodes to the same bytes.
pub fn packet(data: &[u8]) {
    if let Ok(packet) = Packet::from_bytes(data) {
        assert_eq!(packet.to_bytes(), data);
    }
}

/// The same, past version and kind.
pub fn packet_of_kind(kind: u8, data: &[u8]) {
    packet(&[&[VERSION, kind], data].concat());
}

/// What decodes encodes to the same bytes. The input is taken without signature and padding, which a fuzzer would hardly
/// get right, and as it is.
pub fn signed<T: Fields + Clone>(data: &[u8]) {
    let check = |sealed: &[u8]| {
        if let Ok(decoded) = Unverified::<T>::decode(sealed) {
            let again = Unsigned::new(decoded.unsigned().fields().clone());
            assert_eq!(Some(again.bytes()), sealed.get(..sealed.len() - 64));
        }
    };
    check(data);
    let mut padded = data.to_vec();
    padded.resize(mpotr_core::wire::padded(data.len() + 64), 0);
    check(&padded);
}
