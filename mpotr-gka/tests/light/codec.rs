//! What decodes encodes to the same bytes, and nothing else decodes.

use mpotr_crypto::{DecodeError, DecodeErrorKind, Decoder, Encoder};
use mpotr_gka::light::{
    ChangeBody, ChangeKind, Freeze, Joint, LightCut, Object, Objection, Seed, Share, Signed,
};
use proptest::prelude::*;

use crate::house::House;

fn bytes<B: ChangeBody>(packet: &Signed<B>) -> Vec<u8> {
    Encoder::encoded(|out| packet.encode(out))
}

fn decode<B: ChangeBody>(bytes: &[u8]) -> Result<Signed<B>, DecodeError> {
    Decoder::whole(bytes, Signed::decode)
}

/// It comes back as it was; cut anywhere, or with a byte behind it, it does not.
fn is_strict<B: ChangeBody>(packet: &Signed<B>) -> Vec<u8> {
    let encoded = bytes(packet);
    assert_eq!(decode::<B>(&encoded).as_ref(), Ok(packet));
    for length in 0..encoded.len() {
        assert!(decode::<B>(&encoded[..length]).is_err(), "{length}");
    }
    let longer = [encoded.as_slice(), &[0]].concat();
    let kind = decode::<B>(&longer).unwrap_err().kind;
    assert_eq!(kind, DecodeErrorKind::Trailing { extra: 1 });
    encoded
}

struct Packets {
    seed: Signed<Seed>,
    freeze: Signed<Freeze>,
    cut: Signed<LightCut>,
    share: Signed<Share>,
    joint: Signed<Joint>,
    objects: [Signed<Object>; 2],
}

fn packets(kind: ChangeKind) -> Packets {
    let mut house = House::new(4);
    let round = house.begin(1, kind, &[0, 1, 3]);
    let closed = house.cut(round);
    let seed = closed.cutting.seed().clone();
    let cut = closed.cutting.cut().clone();
    let sharing = house.share_closed(closed);
    let joint = house.certify(&sharing);
    let it = &house.members[1];
    let freeze = sharing.freezes[1].clone();
    let objects = [
        (Objection::Wrap, None),
        (Objection::Order, Some(freeze.clone())),
    ];
    let objects = objects.map(|(why, own)| {
        let object = Object {
            seed: freeze.body().seed,
            sender: it.parent.me(),
            why,
            own,
        };
        Signed::sign(object, it.parent.sid(), &it.signing)
    });
    Packets {
        seed,
        share: sharing.shares()[1].clone(),
        freeze,
        cut,
        joint,
        objects,
    }
}

#[test]
fn every_packet_comes_back_as_it_was_and_is_strict() {
    for kind in [ChangeKind::Leave, ChangeKind::Exclusion] {
        let packets = packets(kind);
        is_strict(&packets.seed);
        is_strict(&packets.freeze);
        is_strict(&packets.cut);
        assert_eq!(is_strict(&packets.share).len(), 32 + 32 + 2 + 32 + 64);
        assert_eq!(is_strict(&packets.joint).len(), 32 + 32 + 2 + 64 + 64);
        packets.objects.iter().for_each(|it| drop(is_strict(it)));
    }
}

fn refusal<B: ChangeBody>(
    packet: &Signed<B>,
    at: usize,
    patch: &[u8],
) -> (&'static str, DecodeErrorKind) {
    let mut encoded = bytes(packet);
    encoded[at..at + patch.len()].copy_from_slice(patch);
    let error = decode::<B>(&encoded).unwrap_err();
    (error.field, error.kind)
}

#[test]
fn what_is_out_of_bounds_is_refused_where_it_stands() {
    let packets = packets(ChangeKind::Leave);
    let unknown = DecodeErrorKind::UnknownValue;
    // view 4, proposer 2, parent 32, handle 16, policy 4 + 6, kind 1, watch 1, reasons 4, roster 2 + 1.
    let seed = |at, patch: &[u8]| refusal(&packets.seed, at, patch);
    assert_eq!(seed(4, &[0x10, 0]), ("proposer", unknown(4096)));
    let too_long = |length, limit| DecodeErrorKind::TooLong { length, limit };
    assert_eq!(
        seed(54, &5000_u32.to_be_bytes()),
        ("policy", too_long(5000, 4096))
    );
    assert_eq!(seed(64, &[0]), ("kind", unknown(0)));
    assert_eq!(seed(64, &[4]), ("kind", unknown(4)));
    assert_eq!(seed(65, &[0]), ("watch", unknown(0)));
    assert_eq!(seed(65, &[3]), ("watch", unknown(3)));
    assert_eq!(seed(66, &u32::MAX.to_be_bytes()).0, "reasons");
    assert_eq!(seed(70, &[2, 1]), ("roster", too_long(513, 512)));
    assert_eq!(seed(72, &[0]), ("roster", DecodeErrorKind::NotCanonical));
    // The proposer does not list itself.
    assert_eq!(seed(72, &[0b1010]), ("roster", unknown(0)));
    assert_eq!(seed(73, &[9]), ("offers", too_long(9, 8)));
    // As many wraps as others stay.
    assert_eq!(seed(106, &[0, 3]), ("wraps", too_long(3, 2)));
    // A frontier out of order: seed 32, sender 2, count 2, one head of 32.
    let freeze = |at, patch: &[u8]| refusal(&packets.freeze, at, patch);
    assert_eq!(freeze(32, &[0xff, 0xff]), ("sender", unknown(0xffff)));
    assert_eq!(freeze(34, &[0x10, 1]), ("frontier", too_long(4097, 4096)));
    let two_heads = {
        let mut encoded = bytes(&packets.freeze);
        let head = encoded[36..68].to_vec();
        encoded.splice(36..36, head);
        encoded[35] = 2;
        decode::<Freeze>(&encoded).unwrap_err().kind
    };
    assert_eq!(two_heads, DecodeErrorKind::NotStrictlyIncreasing);
    // As many keys as FREEZEs: seed 32, sender 2, count 2, three digests, one head, two prefixes.
    let keys = 32 + 2 + 2 + 3 * 32 + 2 + 32 + 2 * 36;
    let cut = refusal(&packets.cut, keys, &[0, 2]);
    assert_eq!(
        cut,
        (
            "keys",
            DecodeErrorKind::TooShort {
                length: 2,
                minimum: 3
            }
        )
    );
    assert_eq!(refusal(&packets.objects[0], 34, &[7]), ("why", unknown(7)));
}

#[test]
fn a_signature_of_one_packet_is_none_of_another_kind_or_epoch() {
    let house = House::new(2);
    let other = House::seeded(2, 2);
    let it = &house.members[0];
    let share = Share {
        seed: crate::house::message(1),
        cut: crate::house::message(2),
        sender: it.parent.me(),
        share: mpotr_crypto::JointShare::new([3; 32]),
    };
    let signed = Signed::sign(share, it.parent.sid(), &it.signing);
    assert!(signed.is_authentic(&house.members[1].parent));
    assert!(!signed.is_authentic(&other.members[1].parent));
    let elsewhere = Signed::sign(
        signed.body().clone(),
        other.members[0].parent.sid(),
        &it.signing,
    );
    assert!(!elsewhere.is_authentic(&house.members[1].parent));
}

fn comes_back<B: ChangeBody>(data: &[u8]) {
    if let Ok(packet) = decode::<B>(data) {
        assert_eq!(bytes(&packet), data);
    }
}

proptest! {
    #[test]
    fn whatever_decodes_encodes_to_the_same_bytes(
        which in 0..6_u8,
        data in prop::collection::vec(any::<u8>(), 0..400),
        at in any::<prop::sample::Index>(),
        byte: u8,
    ) {
        comes_back::<Seed>(&data);
        comes_back::<Freeze>(&data);
        comes_back::<LightCut>(&data);
        comes_back::<Object>(&data);
        thread_local! {
            static PACKETS: Packets = packets(ChangeKind::Exclusion);
        }
        PACKETS.with(|packets| {
            let mut encoded = match which {
                0 => bytes(&packets.seed),
                1 => bytes(&packets.freeze),
                2 => bytes(&packets.cut),
                3 => bytes(&packets.share),
                4 => bytes(&packets.joint),
                _ => bytes(&packets.objects[1]),
            };
            let at = at.index(encoded.len());
            encoded[at] = byte;
            match which {
                0 => comes_back::<Seed>(&encoded),
                1 => comes_back::<Freeze>(&encoded),
                2 => comes_back::<LightCut>(&encoded),
                3 => comes_back::<Share>(&encoded),
                4 => comes_back::<Joint>(&encoded),
                _ => comes_back::<Object>(&encoded),
            }
        });
    }
}
