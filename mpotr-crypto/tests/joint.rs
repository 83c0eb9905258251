//! Joint signatures, honest and otherwise: `docs/spec/12-joint-signature.md`, `docs/security/joint-signature.md`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "clippy allows this in a test, and does not see that a helper belongs to one"
)]

#[path = "joint/attacks.rs"]
mod attacks;
#[path = "joint/crew.rs"]
mod crew;

use mpotr_backend_rustcrypto::{ChaCha20Poly1305Suite as S, Ristretto255 as G};
use mpotr_crypto::counting::{Counted, count};
use mpotr_crypto::{
    DecodeErrorKind, Digest32, Group, JointChallenge, JointKey, JointShare, JointSignature,
    NonceCommitment, NoncePair, NonceSum, PartKey, PartSecret, SecretScalar, TranscriptHash,
    VerifyError, wiping_stack,
};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crew::{Crew, KC, secret};

#[test]
fn what_all_members_share_in_verifies_and_nothing_else_does() {
    for members in [1, 2, 3, 8] {
        let mut crew = Crew::new(members, 1);
        let (signature, _) = crew.sign(b"text");
        let key = crew.key();
        assert_eq!(signature.verify::<S>(&KC, &key, b"text"), Ok(()));
        assert_eq!(signature.verify::<S>(&KC, &key, b"tex"), Err(VerifyError));
        let other = Digest32::new([9; 32]);
        assert_eq!(
            signature.verify::<S>(&other, &key, b"text"),
            Err(VerifyError)
        );
        let others = Crew::new(members, 2).key();
        assert_eq!(
            signature.verify::<S>(&KC, &others, b"text"),
            Err(VerifyError)
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn a_signature_with_any_bit_changed_does_not_verify(seed: u64, members in 1..6_usize, bit in 0..512_usize) {
        let mut crew = Crew::new(members, seed);
        let (signature, _) = crew.sign(&seed.to_be_bytes());
        let mut bytes = *signature.as_bytes();
        bytes[bit / 8] ^= 1 << (bit % 8);
        let changed = JointSignature::new(bytes);
        prop_assert!(signature.verify::<S>(&KC, &crew.key(), &seed.to_be_bytes()).is_ok());
        prop_assert!(changed.verify::<S>(&KC, &crew.key(), &seed.to_be_bytes()).is_err());
    }

    #[test]
    fn exactly_those_whose_share_is_wrong_are_named(seed: u64, members in 1..6_usize, liars in 0..64_u8) {
        let mut crew = Crew::new(members, seed);
        let mut signing = crew.begin(b"text");
        let liars: Vec<_> = (0..members).filter(|member| liars >> member & 1 == 1).collect();
        for liar in &liars {
            // Errors that cancel are errors.
            let error = if liar % 2 == 0 { 1 } else { 2 };
            signing.add_to_share(*liar, error);
        }
        prop_assert_eq!(signing.wrong(), liars.clone());
        let verifies = signing.signature().verify::<S>(&KC, &crew.key(), b"text").is_ok();
        prop_assert_eq!(verifies, liars.is_empty());
    }

    #[test]
    fn arbitrary_bytes_are_no_signature(bytes: [u8; 64]) {
        let key = Crew::new(2, 1).key();
        let bytes = JointSignature::new(bytes);
        prop_assert_eq!(bytes.verify::<S>(&KC, &key, b"text"), Err(VerifyError));
    }
}

#[test]
fn errors_that_cancel_make_a_signature_and_are_nobodys_loss() {
    let mut crew = Crew::new(3, 1);
    let mut signing = crew.begin(b"text");
    signing.add_to_share(0, 5);
    signing.subtract_from_share(2, 5);
    assert!(
        signing
            .signature()
            .verify::<S>(&KC, &crew.key(), b"text")
            .is_ok()
    );
    assert_eq!(signing.wrong(), [0, 2]);
}

#[test]
fn a_share_that_is_not_canonical_is_wrong_and_has_no_sum() {
    let mut crew = Crew::new(2, 1);
    let mut signing = crew.begin(b"text");
    signing.shares[1] = JointShare::new([0xff; 32]);
    assert!(signing.challenge.sum(&signing.shares).is_none());
    assert_eq!(signing.wrong(), [1]);
}

#[test]
fn a_signature_has_one_encoding() {
    let mut crew = Crew::new(2, 1);
    let (signature, _) = crew.sign(b"text");
    // s + L is the same scalar.
    let order =
        hex::decode("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010").unwrap();
    let mut bytes = *signature.as_bytes();
    let mut carry = 0_u16;
    for (byte, add) in bytes[32..].iter_mut().zip(order) {
        let sum = u16::from(*byte) + u16::from(add) + carry;
        *byte = u8::try_from(sum & 0xff).unwrap();
        carry = sum >> 8;
    }
    assert_eq!(carry, 0);
    assert!(
        JointSignature::new(bytes)
            .verify::<S>(&KC, &crew.key(), b"text")
            .is_err()
    );
}

#[test]
fn the_identity_is_no_key_and_no_nonce() {
    assert!(JointKey::<S>::new(G::identity()).is_none());
    let f = secret(3);
    let negated = f.with(|f| SecretScalar::<S>::new(G::scalar_sub(&G::scalar_zero(), f)));
    let [one, other] = [PartSecret::<S>::new(f), PartSecret::new(negated)];
    assert!(JointKey::<S>::sum([one.element(), other.element()]).is_none());
    assert!(PartKey::new([0; 32]).element::<S>().is_none());
    let point = *one.public().as_bytes();
    for bytes in [
        [[0; 32], point],
        [point, [0; 32]],
        [point, [0xff; 32]],
        [[0xff; 32], point],
    ] {
        let bytes = bytes.concat().try_into().unwrap();
        assert!(NonceCommitment::new(bytes).elements::<S>().is_none());
    }
}

#[test]
fn a_signature_under_the_identity_does_not_verify() {
    // With R = 0 the equation holds for s = c x.
    let part = PartSecret::<S>::new(secret(3));
    let key = JointKey::<S>::sum([part.element()]).unwrap();
    let sums = NonceSum::new([0; 64]);
    let challenge = JointChallenge::<S>::new(&KC, &key, &sums, b"text").unwrap();
    let [_, commitment, c] = challenge.values();
    assert_eq!(commitment, [0; 32]);
    let c = G::decode_scalar(&c).unwrap();
    let s = secret(3).with(|f| G::scalar_mul(&c, f));
    let holds = G::mul_base(&s) == G::mul(key.element(), &c);
    assert!(holds);
    let forged = challenge
        .sum(&[JointShare::new(G::encode_scalar(&s))])
        .unwrap();
    assert_eq!(forged.verify::<S>(&KC, &key, b"text"), Err(VerifyError));
}

#[test]
fn who_makes_the_nonces_cancel_is_named_by_its_share() {
    let mut crew = Crew::new(3, 1);
    let signing = crew.begin_cancelled(b"text", 2);
    assert_eq!(signing.challenge.values()[1], [0; 32]);
    assert!(
        signing
            .signature()
            .verify::<S>(&KC, &crew.key(), b"text")
            .is_err()
    );
    assert_eq!(signing.wrong(), [2]);
}

#[test]
fn sums_that_are_no_elements_are_refused() {
    let key = Crew::new(2, 1).key();
    for at in [0, 32] {
        let mut sums = [0; 64];
        sums[at..at + 32].fill(0xff);
        let refused = JointChallenge::<S>::new(&KC, &key, &NonceSum::new(sums), b"");
        assert_eq!(refused.unwrap_err(), DecodeErrorKind::NotCanonical);
    }
}

#[test]
fn wrong_sums_of_nonces_make_no_signature() {
    let mut crew = Crew::new(2, 1);
    let other = crew.begin(b"other").sums();
    let signing = crew.begin_with(b"text", Some(other));
    assert!(
        signing
            .signature()
            .verify::<S>(&KC, &crew.key(), b"text")
            .is_err()
    );
}

#[test]
fn a_pair_serves_the_secret_that_it_was_drawn_for() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let [one, other] = [2, 3].map(|number| PartSecret::<S>::new(secret(number)));
    let key = JointKey::<S>::sum([one.element()]).unwrap();
    let pair = NoncePair::draw(&one, b"view", &mut rng);
    let sums = NonceSum::new(*pair.commitment().as_bytes());
    let challenge = JointChallenge::new(&KC, &key, &sums, b"text").unwrap();
    assert!(pair.share(&other, &challenge).is_none());
}

#[test]
fn a_source_that_repeats_itself_repeats_no_nonce_for_another_purpose_or_key() {
    let draw = |number, purpose: &[u8]| {
        let part = PartSecret::<S>::new(secret(number));
        *NoncePair::draw(&part, purpose, &mut ChaCha20Rng::seed_from_u64(7)).commitment()
    };
    let all = [draw(2, b"a"), draw(2, b"b"), draw(3, b"a")];
    assert_eq!(draw(2, b"a"), all[0]);
    for (place, one) in all.iter().enumerate() {
        assert!(all[place + 1..].iter().all(|other| other != one));
    }
    // The two nonces of a pair differ.
    let bytes = all[0].as_bytes();
    assert_ne!(bytes[..32], bytes[32..]);
}

#[test]
fn a_tweaked_secret_has_the_tweaked_part() {
    let part = PartSecret::<S>::new(secret(2));
    let before = *part.element();
    let tweak = G::scalar_from_u128(77);
    let moved = part.tweaked(&tweak);
    assert_eq!(*moved.element(), G::add(&before, &G::mul_base(&tweak)));
    assert_eq!(moved.public(), PartSecret::<S>::new(secret(79)).public());
}

#[test]
fn verifying_is_one_double_multiplication_whatever_the_number_of_members() {
    for members in [2, 9] {
        let mut crew = Crew::new(members, 1);
        let (signature, _) = crew.sign(b"text");
        type C = Counted<S>;
        let key = JointKey::<C>::new(*crew.key().element()).unwrap();
        let (verified, counts) = count(|| signature.verify::<C>(&KC, &key, b"text"));
        assert!(verified.is_ok());
        assert_eq!(
            (counts.scalar_multiplications(), counts.multiplications),
            (2, 0)
        );
    }
}

#[test]
fn nothing_secret_is_printed() {
    let part = PartSecret::<S>::new(secret(2));
    let pair = NoncePair::draw(&part, b"", &mut ChaCha20Rng::seed_from_u64(1));
    assert_eq!(
        format!("{part:?}"),
        format!("PartSecret({})", part.public())
    );
    assert_eq!(
        format!("{pair:?}"),
        format!("NoncePair({})", pair.commitment())
    );
}

/// What lies on the stack below who looks. All is made before, so that looking itself writes over little of it.
#[cfg(target_os = "linux")]
struct Below {
    memory: std::fs::File,
    bytes: Vec<u8>,
}

#[cfg(target_os = "linux")]
impl Below {
    fn new() -> Self {
        Self {
            memory: std::fs::File::open("/proc/self/mem").unwrap(),
            bytes: vec![0; 24 * 1024],
        }
    }

    fn look(&mut self) {
        let here = 0_u8;
        let at = std::ptr::from_ref(&here)
            .addr()
            .saturating_sub(self.bytes.len());
        std::os::unix::fs::FileExt::read_exact_at(
            &self.memory,
            &mut self.bytes,
            u64::try_from(at).unwrap(),
        )
        .unwrap();
    }

    /// Whether half of a secret was there.
    fn holds(&self, secret: &[u8]) -> bool {
        secret
            .chunks_exact(16)
            .any(|half| self.bytes.windows(16).any(|at| at == half))
    }
}

/// A source that gives the same byte for ever.
#[cfg(target_os = "linux")]
struct Stuck(u8);

#[cfg(target_os = "linux")]
impl rand_core::TryRng for Stuck {
    type Error = std::convert::Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Self::Error> {
        Ok(u32::from_ne_bytes([self.0; 4]))
    }

    fn try_next_u64(&mut self) -> Result<u64, Self::Error> {
        Ok(u64::from_ne_bytes([self.0; 8]))
    }

    fn try_fill_bytes(&mut self, dst: &mut [u8]) -> Result<(), Self::Error> {
        dst.fill(self.0);
        Ok(())
    }
}

#[cfg(target_os = "linux")]
impl rand_core::TryCryptoRng for Stuck {}

/// Neither the nonces nor what they were drawn from is left on the stack.
#[test]
#[cfg(target_os = "linux")]
fn a_pair_of_nonces_is_not_left_on_the_stack() {
    let f = SecretScalar::<S>::random(&mut ChaCha20Rng::seed_from_u64(4));
    let part = PartSecret::new(f.duplicate());
    let nonces = wiping_stack(|| {
        [1, 2].map(|which| {
            SecretScalar::<S>::of_hash(
                TranscriptHash::<S>::new("joint nonce")
                    .bytes(f.encoded().expose())
                    .bytes(&[0xa7; 32])
                    .bytes(b"purpose")
                    .u8(which),
            )
        })
    });
    let mut below = Below::new();
    let pair = NoncePair::draw(&part, b"purpose", &mut Stuck(0xa7));
    below.look();
    assert!(!below.holds(f.encoded().expose()), "f");
    assert!(!below.holds(&[0xa7; 16]), "what is fresh");
    for nonce in &nonces {
        assert!(!below.holds(nonce.encoded().expose()), "a nonce");
    }
    // These are its nonces.
    let [first, second] = pair.commitment().elements::<S>().unwrap();
    assert!([first, second] == nonces.map(|nonce| nonce.mul_base()));
}
