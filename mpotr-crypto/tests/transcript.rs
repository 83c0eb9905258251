//! The labelled hash: `docs/spec/03-encoding.md`, "Transcript hash". The known answers were computed with Python's
//! `hashlib` from the formula there.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_crypto::{Group, TranscriptHash, hash_to_scalar, label};
use proptest::collection;
use proptest::prelude::{any, prop_assert_eq, proptest};

fn hash(label: &str, items: &[Vec<u8>]) -> [u8; 64] {
    items
        .iter()
        .fold(TranscriptHash::<Suite>::new(label), |hash, item| {
            hash.bytes(item)
        })
        .finish()
}

#[test]
fn known_answers() {
    assert_eq!(
        hex::encode(TranscriptHash::<Suite>::new(label::ROOM).finish()),
        "2462c851fe7048b50b85f9507978ea23e814939d1a583985f497511dbdfb1f95\
         2425a2bdf4ea1e4acb658c78416e403d9effe4796c577b2b1e975626dbeeec63"
    );
    let items = TranscriptHash::<Suite>::new(label::OFFER)
        .bytes(b"")
        .bytes(b"abc")
        .u8(7)
        .u16(0x0102)
        .u32(0x0102_0304)
        .u64(0x0102_0304_0506_0708);
    assert_eq!(
        hex::encode(items.finish()),
        "6d43e716ef075ef78a3d5bc9432e62fad86423b38087a3b0124eb2e40e852a7a\
         b876e2e4d01ad7891d9b22ff9b02d8b77d40421a41ad3b623e571d563ed3d234"
    );
    let list = TranscriptHash::<Suite>::new(label::ORDER).list(["a", "", "ccc"].iter());
    assert_eq!(
        hex::encode(list.finish()),
        "3bdecb3561671c13d01a0eddb331a660653bb8678443e4a5168cc37def34aa4e\
         cfae61cbe9ffb52b8657b108c5aa6e5da5b858699d01fe0351a1ba9bfe64855d"
    );
}

#[test]
fn a_digest_is_the_first_half_of_the_hash() {
    let transcript = TranscriptHash::<Suite>::new(label::OFFER).bytes(b"abc");
    assert_eq!(
        transcript.clone().digest().as_bytes(),
        &transcript.finish()[..32]
    );
}

#[test]
fn a_scalar_is_the_whole_hash_reduced() {
    let scalar = hash_to_scalar::<Suite>(TranscriptHash::<Suite>::new(label::OFFER).bytes(b"abc"));
    assert_eq!(
        hex::encode(mpotr_backend_rustcrypto::Ristretto255::encode_scalar(
            &scalar
        )),
        "6acf686e09a1188c08c74c5fc31f21d9d1831e367576cfdd0f8fe599a3b75404"
    );
}

#[test]
fn labels_and_items_do_not_run_into_each_other() {
    let mut hashes = vec![
        hash("offer", &[]),
        hash("offers", &[]),
        hash("offer", &[vec![]]),
        hash("offer", &[vec![], vec![]]),
        hash("offer", &[b"s".to_vec()]),
        hash("offer", &[b"ab".to_vec()]),
        hash("offer", &[b"a".to_vec(), b"b".to_vec()]),
        hash("offer", &[b"b".to_vec(), b"a".to_vec()]),
        hash("offer", &[b"ab".to_vec(), vec![]]),
        hash("offer", &[vec![], b"ab".to_vec()]),
        // The bytes of a length prefix inside an item stand for themselves.
        hash("offer", &[[0, 0, 0, 0, 0, 0, 0, 1, b'a'].to_vec()]),
        hash("offer", &[b"a".to_vec(), [0, 0, 0, 0, 0, 0, 0, 0].to_vec()]),
        TranscriptHash::<Suite>::new("offer").u8(1).finish(),
        TranscriptHash::<Suite>::new("offer").u16(1).finish(),
        TranscriptHash::<Suite>::new("offer").u32(1).finish(),
        TranscriptHash::<Suite>::new("offer").u64(1).finish(),
    ];
    let all = hashes.len();
    hashes.sort_unstable();
    hashes.dedup();
    assert_eq!(hashes.len(), all);
}

#[test]
fn where_a_list_ends_is_hashed_too() {
    let two_lists = |a: &[&str], b: &[&str]| {
        TranscriptHash::<Suite>::new(label::ORDER)
            .list(a.iter())
            .list(b.iter())
            .finish()
    };
    assert_ne!(two_lists(&["a", "b"], &[]), two_lists(&["a"], &["b"]));
    assert_ne!(two_lists(&["a"], &["b"]), two_lists(&[], &["a", "b"]));
}

proptest! {
    /// What is hashed can be read back, so two lists of items never hash the same bytes; that SHA-512 tells different
    /// bytes apart is its own affair.
    #[test]
    fn equal_hashes_mean_equal_items(
        a in collection::vec(collection::vec(any::<u8>(), 0..3), 0..4),
        b in collection::vec(collection::vec(any::<u8>(), 0..3), 0..4),
    ) {
        prop_assert_eq!(a == b, hash("offer", &a) == hash("offer", &b));
    }

    /// The bytes of one list of items, cut up in another way.
    #[test]
    fn where_an_item_ends_is_hashed_too(
        bytes in collection::vec(any::<u8>(), 1..20),
        cut in 0_usize..20,
        other in 0_usize..20,
    ) {
        let split = |at: usize| {
            let (left, right) = bytes.split_at(at.min(bytes.len()));
            vec![left.to_vec(), right.to_vec()]
        };
        prop_assert_eq!(split(cut) == split(other), hash("sid", &split(cut)) == hash("sid", &split(other)));
    }
}
