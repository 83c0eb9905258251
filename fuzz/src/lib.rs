//! What the fuzz targets have in common: decode, encode again, compare.

pub mod change;
pub mod wire;

use mpotr_core::wire::{Bundle, Fields, Packet, PacketKind, Unsigned, Unverified, VERSION};

/// A packet that decodes encodes to the same bytes.
pub fn packet(data: &[u8]) {
    if let Ok(packet) = Packet::from_bytes(data) {
        assert_eq!(packet.to_bytes(), data);
    }
}

/// The same, past version and kind: the first byte picks one of the kinds that there are.
pub fn packet_of_kind(data: &[u8]) {
    if let Some((pick, body)) = data.split_first() {
        let kind = PacketKind::ALL[usize::from(*pick) % PacketKind::ALL.len()];
        packet(&[&[VERSION, kind.code()], body].concat());
    }
}

/// The input by which [`packet_of_kind`] comes to a packet.
#[must_use]
pub fn picking(packet: &Packet) -> Vec<u8> {
    let pick = PacketKind::ALL
        .iter()
        .position(|kind| *kind == packet.kind())
        .and_then(|place| u8::try_from(place).ok())
        .unwrap_or_default();
    [&[pick], &packet.to_bytes()[2..]].concat()
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
    padded.resize(mpotr_core::wire::padded(T::SMALLEST, data.len() + 64), 0);
    check(&padded);
}

/// A bundle that comes apart is put together again to the same bytes, and holds none that is one.
pub fn bundle(data: &[u8]) {
    let Ok(packets) = Bundle::split(data) else {
        return;
    };
    let mut again = packets.iter().map(|packet| packet.to_vec());
    let mut bundle = Bundle::begin(again.next().unwrap_or_default());
    again.for_each(|packet| bundle.push(packet));
    assert_eq!(bundle.into_bytes(), data);
    if packets.len() > 1 {
        assert!(
            packets
                .iter()
                .all(|packet| !packet.is_empty() && packet[0] != 0)
        );
    }
}
