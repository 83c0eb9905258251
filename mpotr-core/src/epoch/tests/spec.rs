//! What an epoch sends, taken apart by `docs/spec/05-wire.md` alone: keys, layout, ids, signatures, the order digest.

use mpotr_crypto::digest::Digest;
use mpotr_crypto::kdf::Prk;
use mpotr_crypto::{AeadKey, CryptoSuite, Secret, SignatureBytes, VerifyingKey};
use mpotr_gka::{AgreementId, AuthenticationId, Methods, Sid, simulation};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::{ALICE, BOB, Epochs, Suite};
use crate::epoch::Epoch;
use crate::wire::{ContentKind, Presence};

/// Alice's index in the roster.
const SENDER: [u8; 2] = [0, 0];

/// `H(label, ..)`: `docs/spec/03-encoding.md`, "Transcript hash".
fn h(label: &str, items: &[&[u8]]) -> [u8; 64] {
    let mut hash = <Suite as CryptoSuite>::Hash::new();
    let label = format!("mpotr v1 {label}");
    for item in std::iter::once(&label.as_bytes()).chain(items) {
        hash.update(u64::try_from(item.len()).unwrap().to_be_bytes());
        hash.update(item);
    }
    hash.finalize().into()
}

fn h32(label: &str, items: &[&[u8]]) -> [u8; 32] {
    h(label, items)[..32].try_into().unwrap()
}

/// An epoch of Alice and Bob, and what its keys come from.
struct Talk {
    epochs: Epochs,
    secret: Prk,
    sid: Sid,
    key_commitment: [u8; 32],
    alice: VerifyingKey<Suite>,
}

fn talk() -> Talk {
    let methods = Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::GroupProof);
    let formed = || {
        let mut rng = ChaCha20Rng::seed_from_u64(5);
        simulation::form_group::<Suite>(2, methods, &mut rng)
            .unwrap()
            .0
    };
    // The same once more: an epoch takes its secret.
    let [first, _] = <[_; 2]>::try_from(formed()).unwrap();
    Talk {
        sid: first.run.sid(),
        key_commitment: *first.statement.key_commitment.as_bytes(),
        alice: VerifyingKey::decode(&first.signing_keys[ALICE.place()]).unwrap(),
        secret: first.secret,
        epochs: formed().into_iter().map(Epoch::new).collect(),
    }
}

impl Talk {
    /// The key of a place from 32 to 63 in one of Alice's streams.
    fn message_key(&self, stream: &str, place: u32) -> Secret<32> {
        let chain = self.secret.child::<Suite>(stream, &SENDER);
        let keys = chain
            .child::<Suite>("chain", &[])
            .expand::<Suite, 1024>("message", &[]);
        let at = usize::try_from(place - 32).unwrap() * 32;
        Secret::new(keys.expose()[at..at + 32].try_into().unwrap())
    }

    /// Takes a packet of Alice's apart: `unsigned`, and the signature.
    fn open(&self, packet: &[u8], stream: (u8, &str), place: u32) -> (Vec<u8>, SignatureBytes) {
        let hint = self.secret.expand::<Suite, 8>("hint", &[]);
        let mut head = vec![6, 5];
        head.extend_from_slice(hint.expose());
        assert_eq!(&packet[..10], head, "version, kind and hint");
        let (header, content) = packet[10..].split_at(23);

        let key = AeadKey::<Suite>::new(&self.secret.expand::<Suite, 32>("header", &[]));
        let tag = content.last_chunk::<16>().unwrap();
        let nonce = tag.first_chunk::<12>().unwrap();
        let bound = [hint.expose(), content].concat();
        let header = key.open(nonce, &bound, header).unwrap();
        let mut expected = SENDER.to_vec();
        expected.push(stream.0);
        expected.extend_from_slice(&place.to_be_bytes());
        assert_eq!(*header, expected);

        let key = AeadKey::<Suite>::new(&self.message_key(stream.1, place));
        let data = [&[0, 1], hint.expose().as_slice(), &header].concat();
        let (nonce, content) = content.split_first_chunk::<12>().unwrap();
        let signed = key.open(nonce, &data, content).unwrap();
        let message_key = self.message_key(stream.1, place);
        let hash = h("content nonce", &[message_key.expose(), &signed]);
        assert_eq!(&hash[..12], nonce);
        let (unsigned, signature) = signed.split_last_chunk().unwrap();
        (unsigned.to_vec(), SignatureBytes::new(*signature))
    }
}

#[test]
fn a_message_is_what_the_specification_says() {
    let mut talk = talk();
    let mut ids = Vec::new();
    let mut last = Vec::new();
    for place in 0..=33 {
        let body = format!("text {place}");
        let sent = talk.epochs[ALICE].seal_content(ContentKind::Text, body.into_bytes());
        let (seq, id, packet) = sent.unwrap();
        assert_eq!(seq, place);
        ids.push(*id.as_bytes());
        last = packet;
    }
    assert_eq!(last.len(), 285);
    let (unsigned, signature) = talk.open(&last, (0, "content chain"), 33);

    let mut expected = vec![0];
    expected.extend_from_slice(&33_u32.to_be_bytes());
    expected.extend_from_slice(&ids[32]);
    expected.extend_from_slice(&[0, 0]);
    expected.extend_from_slice(&[0; 4 + 32]);
    expected.extend_from_slice(&7_u32.to_be_bytes());
    expected.extend_from_slice(b"text 33");
    expected.resize(224 - 64, 0);
    assert_eq!(unsigned, expected);

    let id = h32("msg", &[talk.sid.as_bytes(), &SENDER, &unsigned]);
    assert_eq!(id, ids[33]);
    let signed = h("msg signature", &[&talk.key_commitment, &id]);
    assert!(talk.alice.verify(&signed, &signature).is_ok());
}

#[test]
fn a_statement_is_what_the_specification_says() {
    let mut talk = talk();
    // She has seen what Bob wrote, and signs its order.
    let mut ids = Vec::new();
    for text in ["one", "two"] {
        let sent = talk.epochs[BOB].seal_content(ContentKind::Text, text.into());
        let (_, id, packet) = sent.unwrap();
        talk.epochs[ALICE].open(&super::sealed(&packet)).unwrap();
        ids.push(*id.as_bytes());
    }
    let mut last = Vec::new();
    for _ in 0..=40 {
        last = talk.epochs[ALICE]
            .seal_statement(Presence::Present)
            .unwrap()
            .packet;
    }
    let (unsigned, signature) = talk.open(&last, (1, "statement chain"), 40);

    let digest = ids
        .iter()
        .fold([0; 32], |digest, id| h32("order", &[&digest, id]));
    // Present, a lock alone, nothing sent.
    let mut expected = vec![0, 2];
    expected.extend_from_slice(&0_u32.to_be_bytes());
    expected.extend_from_slice(&2_u32.to_be_bytes());
    expected.extend_from_slice(&digest);
    expected.resize(112 - 64, 0);
    assert_eq!(unsigned, expected);
    assert_eq!(last.len(), 173);

    let number = 40_u32.to_be_bytes();
    let items: [&[u8]; 5] = [
        talk.sid.as_bytes(),
        &talk.key_commitment,
        &SENDER,
        &number,
        &unsigned,
    ];
    let signed = h("statement", &items);
    assert!(talk.alice.verify(&signed, &signature).is_ok());
}
