//! Attacks on joint signatures: each is shown to work where a rule is left out, and not to work where it is kept.

use mpotr_backend_rustcrypto::{ChaCha20Poly1305Suite as S, Ristretto255 as G};
use mpotr_crypto::{
    Element, Group, JointChallenge, JointKey, JointSignature, NonceSum, Scalar, TranscriptHash,
    hash_to_scalar, label,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use crate::crew::{Crew, KC};

/// `1 / scalar`: the scalar to the power of L - 2.
fn invert(scalar: &Scalar<S>) -> Scalar<S> {
    // L - 2, big-endian.
    const EXPONENT: [u8; 32] = [
        0x10, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x14, 0xde, 0xf9, 0xde, 0xa2, 0xf7,
        0x9c, 0xd6, 0x58, 0x12, 0x63, 0x1a, 0x5c, 0xf5, 0xd3, 0xeb,
    ];
    let bits = EXPONENT
        .iter()
        .flat_map(|byte| (0..8).rev().map(move |bit| byte >> bit & 1));
    bits.fold(G::scalar_from_u128(1), |power, bit| {
        let square = G::scalar_mul(&power, &power);
        if bit == 1 {
            G::scalar_mul(&square, scalar)
        } else {
            square
        }
    })
}

fn random(rng: &mut ChaCha20Rng) -> Scalar<S> {
    let mut wide = [0; 64];
    rng.fill_bytes(&mut wide);
    G::scalar_from_wide(&wide)
}

fn key_of(secret: &Scalar<S>) -> JointKey<S> {
    JointKey::new(G::mul_base(secret)).unwrap()
}

/// `c`, as the specification has it.
fn challenge(key: &JointKey<S>, commitment: &Element<S>, message: &[u8]) -> Scalar<S> {
    hash_to_scalar::<S>(
        TranscriptHash::<S>::new(label::JOINT_CHALLENGE)
            .bytes(KC.as_bytes())
            .bytes(key.as_bytes())
            .bytes(&G::encode(commitment))
            .bytes(message),
    )
}

/// `b` as it is.
fn covering(key: &JointKey<S>, sums: &NonceSum, message: &[u8]) -> Scalar<S> {
    let challenge = JointChallenge::<S>::new(&KC, key, sums, message).unwrap();
    let [b, ..] = challenge.values();
    G::decode_scalar(&b).unwrap()
}

/// `b` as it would be without the message.
fn blind(key: &JointKey<S>, sums: &NonceSum, _message: &[u8]) -> Scalar<S> {
    covering(key, sums, b"")
}

/// `b` as it would be with one nonce alone.
fn none(_key: &JointKey<S>, _sums: &NonceSum, _message: &[u8]) -> Scalar<S> {
    G::scalar_zero()
}

type Coefficient = fn(&JointKey<S>, &NonceSum, &[u8]) -> Scalar<S>;

/// One signing of an honest signer, whose nonces it has shown.
struct Open {
    secrets: [Scalar<S>; 2],
    shown: [Element<S>; 2],
    sums: NonceSum,
}

impl Open {
    fn draw(rng: &mut ChaCha20Rng) -> Self {
        let secrets = [random(rng), random(rng)];
        let shown = secrets.each_ref().map(G::mul_base);
        let sums = NonceSum::of::<S>(&[shown]);
        Self {
            secrets,
            shown,
            sums,
        }
    }

    /// `k_1 + b k_2 + c f`: what the signer answers when it is asked for this text.
    fn share(&self, f: &Scalar<S>, message: &[u8], coefficient: Coefficient) -> Scalar<S> {
        let key = key_of(f);
        let [first, second] = &self.secrets;
        let b = coefficient(&key, &self.sums, message);
        let nonce = G::scalar_add(first, &G::scalar_mul(&b, second));
        let c = challenge(&key, &G::mul_base(&nonce), message);
        G::scalar_add(&nonce, &G::scalar_mul(&c, f))
    }
}

const FORGED: &[u8] = b"what was never signed";

/// What the attacker has signed in a signing: one of two texts.
fn asked(signing: usize, which: u8) -> Vec<u8> {
    format!("signing {signing}, text {which}").into_bytes()
}

/// The attack of Benhamouda and others (2021) on signings that are open at once: it picks what is signed in each after it has
/// seen the nonces of all. Does it have a signature that nobody made?
fn polynomial_ros_forges(coefficient: Coefficient) -> bool {
    const SIGNINGS: usize = 253;
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let f = random(&mut rng);
    let key = key_of(&f);
    let open: Vec<_> = (0..SIGNINGS).map(|_| Open::draw(&mut rng)).collect();
    // rho(x) = sum 2^i (x_i - c_i0) / (c_i1 - c_i0) = sum rho_i x_i + rho_0: its value at choices between c_i0 and c_i1 is the
    // number whose bits these choices are.
    let mut power = G::scalar_from_u128(1);
    let mut constant = G::scalar_zero();
    let mut factors = Vec::new();
    let mut nonces = Vec::new();
    for (signing, open) in open.iter().enumerate() {
        let [first, second] = &open.shown;
        // Where b hangs on the text, this is a guess that one of the two texts bears out.
        let b = coefficient(&key, &open.sums, &asked(signing, 0));
        let nonce = G::add(first, &G::mul(second, &b));
        let [zero, one] = [0, 1].map(|which| challenge(&key, &nonce, &asked(signing, which)));
        let factor = G::scalar_mul(&power, &invert(&G::scalar_sub(&one, &zero)));
        constant = G::scalar_sub(&constant, &G::scalar_mul(&factor, &zero));
        factors.push(factor);
        nonces.push(nonce);
        power = G::scalar_add(&power, &power);
    }
    let commitment = G::vartime_multi_scalar_mul(&factors, &nonces);
    let target = challenge(&key, &commitment, FORGED);
    let choices = G::encode_scalar(&G::scalar_add(&target, &constant));
    let signings = open.iter().zip(&factors).enumerate();
    let response = signings.fold(G::scalar_zero(), |sum, (signing, (open, factor))| {
        let which = choices[signing / 8] >> (signing % 8) & 1;
        let share = open.share(&f, &asked(signing, which), coefficient);
        G::scalar_add(&sum, &G::scalar_mul(factor, &share))
    });
    let forged = [G::encode(&commitment), G::encode_scalar(&response)].concat();
    JointSignature::new(forged.try_into().unwrap())
        .verify::<S>(&KC, &key, FORGED)
        .is_ok()
}

#[test]
fn b_covers_the_message() {
    assert!(polynomial_ros_forges(none));
    assert!(polynomial_ros_forges(blind));
    assert!(!polynomial_ros_forges(covering));
}

#[test]
fn b_covers_all_that_it_should() {
    let key = Crew::new(2, 1).key();
    let other_key = Crew::new(2, 2).key();
    let point = |number| G::encode(&G::mul_base(&G::scalar_from_u128(number)));
    let sums =
        |first, second| NonceSum::new([point(first), point(second)].concat().try_into().unwrap());
    let of = |kc: u8, key, sums: NonceSum, message: &[u8]| {
        let kc = mpotr_crypto::Digest32::new([kc; 32]);
        let challenge = JointChallenge::<S>::new(&kc, key, &sums, message).unwrap();
        let [b, _, c] = challenge.values();
        [b, c]
    };
    let all = [
        of(1, &key, sums(5, 6), b"m"),
        of(2, &key, sums(5, 6), b"m"),
        of(1, &other_key, sums(5, 6), b"m"),
        of(1, &key, sums(7, 6), b"m"),
        of(1, &key, sums(5, 7), b"m"),
        of(1, &key, sums(6, 5), b"m"),
        of(1, &key, sums(5, 6), b"n"),
    ];
    for which in [0, 1] {
        let mut values: Vec<_> = all.iter().map(|values| values[which]).collect();
        values.sort_unstable();
        values.dedup();
        assert_eq!(values.len(), all.len());
    }
}

/// What two shares of one pair give away if b is the same in both, and three if it is not.
#[test]
fn shares_of_one_pair_give_the_secret_away() {
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let f = random(&mut rng);
    let key = key_of(&f);
    let open = Open::draw(&mut rng);
    let texts: [&[u8]; 3] = [b"one", b"two", b"three"];
    // s - s' = (c - c') f.
    let [first, second] = &open.shown;
    let b = blind(&key, &open.sums, b"");
    let nonce = G::add(first, &G::mul(second, &b));
    let [c, d] = [0, 1].map(|which| challenge(&key, &nonce, texts[which]));
    let [s, t] = [0, 1].map(|which| open.share(&f, texts[which], blind));
    let found = G::scalar_mul(&G::scalar_sub(&s, &t), &invert(&G::scalar_sub(&c, &d)));
    assert_eq!(G::encode_scalar(&found), G::encode_scalar(&f));
    // s_j = k_1 + b_j k_2 + c_j f: three equations in three unknowns. Differences to the first leave two.
    let b = texts.map(|text| covering(&key, &open.sums, text));
    let c: Vec<_> = texts
        .iter()
        .zip(&b)
        .map(|(text, b)| challenge(&key, &G::add(first, &G::mul(second, b)), text))
        .collect();
    let s = texts.map(|text| open.share(&f, text, covering));
    let less = |values: &[Scalar<S>], which: usize| G::scalar_sub(&values[which], &values[0]);
    let minor = |x: &[Scalar<S>], y: &[Scalar<S>]| {
        let [down, up] = [[1, 2], [2, 1]].map(|[p, q]| G::scalar_mul(&less(x, p), &less(y, q)));
        G::scalar_sub(&down, &up)
    };
    let found = G::scalar_mul(&minor(&b, &s), &invert(&minor(&b, &c)));
    assert_eq!(G::encode_scalar(&found), G::encode_scalar(&f));
}

/// A signature by one who knows the logarithm of a key.
fn signed_by(secret: &Scalar<S>, key: &JointKey<S>, message: &[u8]) -> JointSignature {
    let nonce = G::scalar_from_u128(99);
    let commitment = G::mul_base(&nonce);
    let c = challenge(key, &commitment, message);
    let response = G::scalar_add(&nonce, &G::scalar_mul(&c, secret));
    let bytes = [G::encode(&commitment), G::encode_scalar(&response)].concat();
    JointSignature::new(bytes.try_into().unwrap())
}

/// A plain sum is forged by who sees the parts of the others before it fixes its own: why parts are committed to.
#[test]
fn a_part_chosen_after_another_was_seen_takes_it_away() {
    let alice = Crew::new(1, 1);
    let alice = alice.parts[0].element();
    let d = G::scalar_from_u128(1234);
    let rogue = G::sub(&G::mul_base(&d), alice);
    let key = JointKey::<S>::sum([alice, &rogue]).unwrap();
    assert!(
        signed_by(&d, &key, FORGED)
            .verify::<S>(&KC, &key, FORGED)
            .is_ok()
    );
}

/// The same hidden in a family: sybils whose parts take Alice away only together, and only in one subset.
#[test]
fn subset_sum_rogue_keys() {
    let crew = Crew::new(2, 1);
    let [alice, bob] = [0, 1].map(|member| *crew.parts[member].element());
    let (mut sum, mut sybils) = (G::scalar_zero(), Vec::new());
    // c_j F_Alice + d_j G with small c_j whose signs are the choice; those that stay add up to -1.
    for (number, c) in [(11, 5_u128), (12, 3), (13, 9)] {
        let d = G::scalar_from_u128(number);
        let times = G::mul(&alice, &G::scalar_from_u128(c));
        let part = if c == 9 {
            G::sub(&G::mul_base(&d), &times)
        } else {
            G::add(&G::mul_base(&d), &times)
        };
        sum = G::scalar_add(&sum, &d);
        sybils.push(part);
    }
    let bobs = crew.parts[1].public();
    let staying: Vec<_> = sybils.iter().chain([&alice, &bob]).copied().collect();
    let key = JointKey::<S>::sum(&staying).unwrap();
    // Bob shares honestly, Alice does not share: sum d_j and f_Bob sign for all five.
    let left = G::sub(key.element(), &bobs.element::<S>().unwrap());
    assert_eq!(left, G::mul_base(&sum));
    // Keys that were fixed before Alice's was seen stand in no such relation to it: a signature then needs her share.
    let crew = Crew::new(5, 9);
    let key = crew.key();
    assert!(
        signed_by(&sum, &key, FORGED)
            .verify::<S>(&KC, &key, FORGED)
            .is_err()
    );
}

/// What was signed under the parts before a tweak says nothing under those after it, though everyone knows the difference.
#[test]
fn joint_does_not_move_along_tweak() {
    let mut crew = Crew::new(3, 1);
    let (signature, _) = crew.sign(b"text");
    let key = crew.key();
    let tau = G::scalar_from_u128(4242);
    let by = G::scalar_mul(&G::scalar_from_u128(3), &tau);
    let moved = JointKey::<S>::new(G::add(key.element(), &G::mul_base(&by))).unwrap();
    let bytes = signature.as_bytes();
    let commitment = G::decode(bytes[..32].try_into().unwrap()).unwrap();
    let response = G::decode_scalar(bytes[32..].try_into().unwrap()).unwrap();
    let shifted = |c: &Scalar<S>| G::scalar_add(&response, &G::scalar_mul(c, &by));
    let old = challenge(&key, &commitment, b"text");
    // If c did not cover the key, s + c |S| tau would do: the equation holds with the old c.
    let holds = G::mul_base(&shifted(&old)) == G::add(&commitment, &G::mul(moved.element(), &old));
    assert!(holds);
    for c in [old, challenge(&moved, &commitment, b"text")] {
        let bytes = [G::encode(&commitment), G::encode_scalar(&shifted(&c))].concat();
        let shifted = JointSignature::new(bytes.try_into().unwrap());
        assert!(shifted.verify::<S>(&KC, &moved, b"text").is_err());
    }
}
