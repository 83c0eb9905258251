//! The proof of a joiner: whom it convinces, and of what. `docs/security/joiner-proof.md`.

use mpotr_crypto::{
    CryptoSuite, Decoder, Encoder, Group, IdentityKey, IdentityKeyPair, TranscriptHash,
    hash_to_scalar, label,
};
use mpotr_gka::light::{Handle, OwnHello};
use mpotr_gka::{
    Challenge, EpochName, Forger, Identity, JoinerProof, KeyProof, KnownIdentities, Offer,
    OfferSecrets, OwnChallenge, RoomId, TrapdoorKey,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::deniability::draw;
use crate::spec::{decode, generator};
use crate::{Element, Scalar};

checks!(
    a_joiner_convinces_who_challenged_it,
    a_proof_is_for_one_offer_identity_and_view,
    who_knows_the_challenge_makes_every_proof,
    a_proof_by_the_specification_verifies_and_one_bit_off_does_not,
    without_either_secret_no_proof_verifies,
    a_challenge_whose_logarithm_nobody_shows_to_know_is_not_answered,
    a_stuck_source_of_randomness_repeats_no_nonce_for_another_statement,
    an_invented_joiner_convinces_its_inventor_alone,
    the_bytes_are_those_of_the_specification,
    what_asks_for_a_light_run_stands_under_the_proof,
);

fn rng(seed: u64) -> ChaCha20Rng {
    ChaCha20Rng::seed_from_u64(seed)
}

fn room<S: CryptoSuite>() -> RoomId {
    RoomId::of_name::<S>("door")
}

const EPOCH: EpochName = EpochName::new([7; 16]);

fn challenge<S: CryptoSuite>(seed: u64, view: u32) -> OwnChallenge<S> {
    let mut rng = rng(seed);
    let host = IdentityKeyPair::random::<S>(&mut rng);
    OwnChallenge::draw(room::<S>(), EPOCH, view, &host, &mut rng)
}

fn offer<S: CryptoSuite>(identity: &dyn Identity<S>, seed: u64) -> Offer {
    OfferSecrets::generate(room::<S>(), Some(EPOCH), identity, 0, &mut rng(seed)).0
}

fn joiner<S: CryptoSuite>(seed: u64) -> (IdentityKeyPair, Offer) {
    let identity = IdentityKeyPair::random::<S>(&mut rng(seed));
    let offer = offer::<S>(&identity, seed);
    (identity, offer)
}

fn verifies<S: CryptoSuite>(own: &OwnChallenge<S>, offer: &Offer, proof: &JoinerProof) -> bool {
    let known = KnownIdentities::new();
    own.checked().verifies(offer, &known, proof)
}

/// `H("joiner", room, epoch, view, Y, A, offer digest, R_1, R_2)`.
fn spec_challenge<S: CryptoSuite>(
    challenge: &Challenge,
    offer: &Offer,
    commitments: [&Element<S>; 2],
) -> Scalar<S> {
    let hash = TranscriptHash::<S>::new(label::JOINER)
        .bytes(challenge.room.as_bytes())
        .bytes(challenge.epoch.as_bytes())
        .u32(challenge.view)
        .bytes(challenge.key.as_bytes())
        .bytes(offer.identity.as_bytes())
        .bytes(offer.digest::<S>().as_bytes());
    let hash = commitments.iter().fold(hash, |hash, commitment| {
        hash.bytes(&S::Group::encode(commitment))
    });
    hash_to_scalar::<S>(hash)
}

fn proof_of<S: CryptoSuite>(scalars: [&Scalar<S>; 4]) -> JoinerProof {
    let bytes = scalars.map(S::Group::encode_scalar).concat();
    JoinerProof::new(bytes.try_into().unwrap())
}

/// `s G + c X`.
fn commitment<S: CryptoSuite>(s: &Scalar<S>, c: &Scalar<S>, key: &Element<S>) -> Element<S> {
    S::Group::add(&S::Group::mul_base(s), &S::Group::mul(key, c))
}

fn a_joiner_convinces_who_challenged_it<S: CryptoSuite>() {
    let own = challenge::<S>(1, 3);
    let (identity, offer) = joiner::<S>(2);
    let checked = own.challenge().check::<S>().unwrap();
    let proof = checked.prove(&offer.digest::<S>(), &identity, &mut rng(3));
    assert!(verifies(&own, &offer, &proof.unwrap()));
}

fn a_proof_is_for_one_offer_identity_and_view<S: CryptoSuite>() {
    let own = challenge::<S>(1, 3);
    let (identity, mine) = joiner::<S>(2);
    let proof = own
        .checked()
        .prove(&mine.digest::<S>(), &identity, &mut rng(3))
        .unwrap();
    // Another offer of the same person, another's offer, and a stolen one: this identity, keys of another.
    let (_, others) = joiner::<S>(4);
    let mut stolen = others.clone();
    stolen.identity = mine.identity;
    for offer in [offer::<S>(&identity, 5), others, stolen] {
        assert!(!verifies(&own, &offer, &proof));
    }
    // Another member's challenge, and this one's for another view, room or epoch.
    assert!(!verifies(&challenge::<S>(9, 3), &mine, &proof));
    let changes: [fn(&mut Challenge); 3] = [
        |other| other.view += 1,
        |other| other.room = RoomId::new([1; 32]),
        |other| other.epoch = EpochName::new([8; 16]),
    ];
    for change in changes {
        let mut other = *own.challenge();
        change(&mut other);
        // Its own proof is for one place, too.
        assert!(other.check::<S>().is_none());
    }
}

fn who_knows_the_challenge_makes_every_proof<S: CryptoSuite>() {
    let own = challenge::<S>(1, 3);
    // Of an identity whose secret nobody knows.
    let key = S::Group::from_uniform_bytes(&[5; 64]);
    let (_, mut offer) = joiner::<S>(2);
    offer.identity = IdentityKey::new(S::Group::encode(&key));
    let proof = own.simulate(&offer, &mut rng(3)).unwrap();
    assert!(verifies(&own, &offer, &proof));
    assert!(!verifies(&challenge::<S>(9, 3), &offer, &proof));
}

fn a_proof_by_the_specification_verifies_and_one_bit_off_does_not<S: CryptoSuite>() {
    let own = challenge::<S>(1, 0);
    let (identity, offer) = joiner::<S>(2);
    let y = decode::<S>(own.challenge().key.as_bytes());
    let [k, c_2, s_2] = [1, 2, 3].map(draw::<S>);
    let r_1 = S::Group::mul(&generator::<S>(), &k);
    let r_2 = commitment::<S>(&s_2, &c_2, &y);
    let c = spec_challenge::<S>(own.challenge(), &offer, [&r_1, &r_2]);
    let c_1 = S::Group::scalar_sub(&c, &c_2);
    let s_1 = identity
        .scalar::<S>()
        .with(|a| S::Group::scalar_sub(&k, &S::Group::scalar_mul(&c_1, a)));
    let proof = proof_of::<S>([&c_1, &c_2, &s_1, &s_2]);
    assert!(verifies(&own, &offer, &proof));
    for at in (0..128).step_by(16) {
        let mut bytes = *proof.as_bytes();
        bytes[at] ^= 1;
        assert!(!verifies(&own, &offer, &JoinerProof::new(bytes)));
    }
    // A scalar that is not canonical: L more.
    for at in [31, 63, 95, 127] {
        let mut bytes = *proof.as_bytes();
        bytes[at] |= 0xf0;
        assert!(!verifies(&own, &offer, &JoinerProof::new(bytes)));
    }
}

fn without_either_secret_no_proof_verifies<S: CryptoSuite>() {
    let own = challenge::<S>(1, 0);
    let (_, victim) = joiner::<S>(2);
    let (thief, _) = joiner::<S>(3);
    // With a secret of one's own; and what would do if the commitments were one sum: an identity made of the challenge.
    let digest = victim.digest::<S>();
    let proof = own.checked().prove(&digest, &thief, &mut rng(4)).unwrap();
    assert!(!verifies(&own, &victim, &proof));
    let y = decode::<S>(own.challenge().key.as_bytes());
    let [b, a, k] = [1, 2, 3].map(draw::<S>);
    let mixed = S::Group::add(&S::Group::mul(&y, &b), &S::Group::mul_base(&a));
    let mut of_mixed = victim.clone();
    of_mixed.identity = IdentityKey::new(S::Group::encode(&mixed));
    // R = k G, (c + w) A + w Y = (c + w) a G for w = -c b / (b + 1).
    let r = S::Group::mul_base(&k);
    let zero = S::Group::scalar_zero();
    let c = spec_challenge::<S>(own.challenge(), &of_mixed, [&r, &S::Group::identity()]);
    let one = S::Group::scalar_from_u128(1);
    let inverse = crate::spec::invert::<S>(&S::Group::scalar_add(&b, &one));
    let w = S::Group::scalar_mul(&S::Group::scalar_mul(&c, &b), &inverse);
    let w = S::Group::scalar_sub(&zero, &w);
    let sum = S::Group::scalar_add(&c, &w);
    let s = S::Group::scalar_sub(&k, &S::Group::scalar_mul(&sum, &a));
    let as_sum = S::Group::sum(&[
        S::Group::mul_base(&s),
        S::Group::mul(&mixed, &sum),
        S::Group::mul(&y, &w),
    ]);
    assert_eq!(as_sum, r, "the sum of the group proof would hold");
    for proof in [[&sum, &w, &s, &zero], [&c, &zero, &s, &zero]] {
        assert!(!verifies(&own, &of_mixed, &proof_of::<S>(proof)));
    }
}

fn a_challenge_whose_logarithm_nobody_shows_to_know_is_not_answered<S: CryptoSuite>() {
    // Nobody can have made a proof to this key but the joiner: it would convince anyone.
    let oblivious = S::Group::from_uniform_bytes(&[9; 64]);
    let mut challenge = *challenge::<S>(1, 0).challenge();
    assert!(challenge.check::<S>().is_some());
    challenge.key = TrapdoorKey::new(S::Group::encode(&oblivious));
    assert!(challenge.check::<S>().is_none());
    // With a proof of the logarithm of another key beside it, all zero, and the identity for a key.
    challenge.proof = KeyProof::new([0; 64]);
    assert!(challenge.check::<S>().is_none());
    challenge.key = TrapdoorKey::new([0; 32]);
    assert!(challenge.check::<S>().is_none());
    challenge.key = TrapdoorKey::new([0xff; 32]);
    assert!(challenge.check::<S>().is_none());
}

fn a_stuck_source_of_randomness_repeats_no_nonce_for_another_statement<S: CryptoSuite>() {
    // One commitment and two challenges would give `a`: s + c_1 a is what both have in common then.
    let own = challenge::<S>(1, 0);
    let (identity, _) = joiner::<S>(2);
    let a = decode::<S>(identity.public().as_bytes());
    let commitments = [5, 6].map(|seed| {
        let digest = offer::<S>(&identity, seed).digest::<S>();
        let proof = own.checked().prove(&digest, &identity, &mut rng(3));
        let proof = proof.unwrap();
        let scalar = |at: usize| {
            let bytes = proof.as_bytes()[at..at + 32].try_into().unwrap();
            S::Group::decode_scalar(&bytes).unwrap()
        };
        S::Group::encode(&commitment::<S>(&scalar(64), &scalar(0), &a))
    });
    assert_ne!(commitments[0], commitments[1]);
}

fn an_invented_joiner_convinces_its_inventor_alone<S: CryptoSuite>() {
    let forger = Forger::<S>::new();
    let [host, guest] = [1, 2].map(|n| {
        let key = S::Group::from_uniform_bytes(&[n; 64]);
        forger.invent(IdentityKey::new(S::Group::encode(&key)))
    });
    let own = OwnChallenge::draw(room::<S>(), EPOCH, 0, &host, &mut rng(1));
    let offer = offer::<S>(&guest, 2);
    let digest = offer.digest::<S>();
    let proof = own.checked().prove(&digest, &guest, &mut rng(3)).unwrap();
    assert!(verifies(&own, &offer, &proof));
    // To a challenge of a member that is there it proves nothing.
    let other = challenge::<S>(9, 0);
    let proof = other.checked().prove(&digest, &guest, &mut rng(3));
    assert!(proof.is_none());
}

fn the_bytes_are_those_of_the_specification<S: CryptoSuite>() {
    // One seed gives one challenge and one proof, whatever computes them.
    let own = challenge::<S>(1, 0x0102_0304);
    let encoded = Encoder::encoded(|out| own.challenge().encode(out));
    assert_eq!(encoded.len(), 149);
    assert_eq!(encoded[..32], *room::<S>().as_bytes());
    assert_eq!(encoded[32..48], [7; 16]);
    assert_eq!(encoded[48..52], [1, 2, 3, 4]);
    let y = &encoded[52..84];
    assert_eq!(y, own.challenge().key.as_bytes());
    // c = H("hello", room, epoch, view, Y, s G + c Y).
    let [c, s] = [84, 116].map(|at| {
        let bytes = encoded[at..at + 32].try_into().unwrap();
        S::Group::decode_scalar(&bytes).unwrap()
    });
    let nonce = commitment::<S>(&s, &c, &decode::<S>(y.try_into().unwrap()));
    let expected: Scalar<S> = hash_to_scalar::<S>(
        TranscriptHash::<S>::new(label::HELLO)
            .bytes(room::<S>().as_bytes())
            .bytes(&[7; 16])
            .u32(0x0102_0304)
            .bytes(y)
            .bytes(&S::Group::encode(&nonce)),
    );
    assert_eq!(
        S::Group::encode_scalar(&c),
        S::Group::encode_scalar(&expected)
    );
    let digest = joiner::<S>(2).1.digest::<S>();
    let signed = TranscriptHash::<S>::new(label::ANSWER)
        .bytes(room::<S>().as_bytes())
        .bytes(&[7; 16])
        .u32(0x0102_0304)
        .bytes(y)
        .bytes(digest.as_bytes())
        .finish();
    assert_eq!(own.challenge().signed_by_joiner::<S>(&digest), signed);
}

/// What a joiner by a light run answers to cannot be changed on its way, nor left out.
fn what_asks_for_a_light_run_stands_under_the_proof<S: CryptoSuite>() {
    let mut rng = rng(1);
    let host = IdentityKeyPair::random::<S>(&mut rng);
    let hello = OwnHello::<S>::draw(Handle::new([5; 16]), &host, &mut rng);
    let light = Some(*hello.hello());
    let own = OwnChallenge::<S>::draw_for(room::<S>(), EPOCH, 3, light, &host, &mut rng);
    let challenge = *own.challenge();
    let bytes = Encoder::encoded(|out| challenge.encode(out));
    assert_eq!(bytes.len(), 197);
    assert_eq!(Decoder::whole(&bytes, Challenge::decode), Ok(challenge));
    assert!(challenge.check::<S>().is_some());
    let mut other = *OwnHello::<S>::draw(Handle::new([5; 16]), &host, &mut rng).hello();
    for light in [None, Some(other)] {
        assert!(Challenge { light, ..challenge }.check::<S>().is_none());
    }
    other = *hello.hello();
    other.handle = Handle::new([6; 16]);
    let light = Some(other);
    assert!(Challenge { light, ..challenge }.check::<S>().is_none());
}
