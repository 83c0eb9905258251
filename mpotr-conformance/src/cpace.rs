//! CPace: `docs/spec/13-trust.md`, "Shared secret".

use mpotr_crypto::cpace::{
    ConfirmationTag, Context, CpaceError, Initiator, Responder, generator, session_key, tag,
};
use mpotr_crypto::{CryptoSuite, ElementBytes, Group, Secret, SecretScalar};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::vectors::{array, bytes, cpace_21};

fn element(hexadecimal: &str) -> ElementBytes {
    ElementBytes::new(array(hexadecimal))
}

fn scalar<S: CryptoSuite>(hexadecimal: &str) -> SecretScalar<S> {
    SecretScalar::decode(&Secret::new(array(hexadecimal))).unwrap()
}

fn published() -> Context {
    Context {
        channel: bytes(cpace_21::CI),
        session: bytes(cpace_21::SID),
        initiator_data: bytes(cpace_21::AD_A),
        responder_data: bytes(cpace_21::AD_B),
    }
}

/// draft-irtf-cfrg-cpace-21 appendix B.3: every value from the generator to the session key.
pub fn published_vectors<S: CryptoSuite>() {
    let (context, prs) = (published(), bytes(cpace_21::PRS));
    let g = generator::<S>(&prs, &context);
    assert_eq!(S::Group::encode(&g), array::<32>(cpace_21::GENERATOR));
    let (ya, yb) = (element(cpace_21::SHARE_A), element(cpace_21::SHARE_B));
    let start = Initiator::<S>::with_scalar(&prs, context.clone(), scalar(cpace_21::SCALAR_A));
    assert_eq!(start.share(), &ya);
    let yb_scalar = scalar::<S>(cpace_21::SCALAR_B);
    let k = yb_scalar.mul(&S::Group::decode(ya.as_bytes()).unwrap());
    assert_eq!(S::Group::encode(&k), array::<32>(cpace_21::K));
    let key = session_key::<S>(&context, &Secret::new(S::Group::encode(&k)), &ya, &yb);
    assert_eq!(key.expose(), &array::<64>(cpace_21::SESSION_KEY));
    // The same on both sides, by the tags.
    let (waits, answer, tb) =
        Responder::answer_with_scalar::<S>(&prs, &context, &ya, &yb_scalar).unwrap();
    assert_eq!(answer, yb);
    assert_eq!(tb, tag::<S>(&context, &key, &yb, &context.responder_data));
    let ta = start.finish(&answer, &tb).unwrap();
    assert_eq!(ta, tag::<S>(&context, &key, &ya, &context.initiator_data));
    assert!(waits.check(&ta));
}

/// The same appendix: a valid product, and shares at which a run is given up.
pub fn published_shares<S: CryptoSuite>() {
    let s = scalar::<S>(cpace_21::FACTOR);
    let x = S::Group::decode(&array(cpace_21::ELEMENT)).unwrap();
    let product = S::Group::encode(&s.mul(&x));
    assert_eq!(product, array::<32>(cpace_21::PRODUCT));
    let (context, prs) = (published(), bytes(cpace_21::PRS));
    for invalid in cpace_21::INVALID_SHARES.map(element) {
        let answered = Responder::answer_with_scalar::<S>(&prs, &context, &invalid, &s);
        assert_eq!(answered.map(drop), Err(CpaceError::Share));
        let s = scalar(cpace_21::FACTOR);
        let start = Initiator::<S>::with_scalar(&prs, context.clone(), s);
        let none = ConfirmationTag::new([0; 64]);
        assert_eq!(start.finish(&invalid, &none), Err(CpaceError::Share));
    }
}

/// A run in which each side has a secret and a context of its own: what each comes to.
fn run<S: CryptoSuite>(
    rng: &mut ChaCha20Rng,
    secrets: [&[u8]; 2],
    contexts: [&Context; 2],
) -> (Result<(), CpaceError>, bool) {
    let start = Initiator::<S>::start(secrets[0], contexts[0].clone(), rng);
    let (waits, answer, tb) =
        Responder::answer::<S>(secrets[1], contexts[1], start.share(), rng).unwrap();
    match start.finish(&answer, &tb) {
        Ok(ta) => (Ok(()), waits.check(&ta)),
        Err(error) => (Err(error), waits.check(&tb)),
    }
}

/// Two secrets are found the same if they are, of whatever length; anything else that differs makes the run fail on both
/// sides.
pub fn the_same_secret_in_the_same_run_alone_succeeds<S: CryptoSuite>() {
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let context = published();
    let long = vec![b'x'; 1024];
    for secret in [
        &b"x"[..],
        b"Password",
        &[0; 110],
        &[0; 111],
        &[0; 128],
        &long,
    ] {
        let both = run::<S>(&mut rng, [secret; 2], [&context; 2]);
        assert_eq!(both, (Ok(()), true), "{} bytes", secret.len());
    }
    let different = (Err(CpaceError::Different), false);
    let secrets: [&[u8]; 2] = [b"Password", b"password"];
    assert_eq!(run::<S>(&mut rng, secrets, [&context; 2]), different);
    for change in [
        |other: &mut Context| other.channel.push(0),
        |other: &mut Context| other.session[0] ^= 1,
        |other: &mut Context| other.initiator_data.clear(),
        |other: &mut Context| other.responder_data.push(0),
    ] {
        let mut other = context.clone();
        change(&mut other);
        let ended = run::<S>(&mut rng, [b"Password"; 2], [&context, &other]);
        assert_eq!(ended, different, "{other:?}");
    }
}

/// A tag with one bit changed shows nothing, and neither does one that is sent back to its maker.
pub fn a_damaged_or_reflected_tag_shows_nothing<S: CryptoSuite>() {
    let mut rng = ChaCha20Rng::seed_from_u64(8);
    let context = published();
    for bit in (0..512).step_by(37) {
        let start = Initiator::<S>::start(b"Password", context.clone(), &mut rng);
        let answered = Responder::answer::<S>(b"Password", &context, start.share(), &mut rng);
        let (waits, answer, tb) = answered.unwrap();
        let damaged = |tag: &ConfirmationTag| {
            let mut tag = *tag.as_bytes();
            tag[bit / 8] ^= 1 << (bit % 8);
            ConfirmationTag::new(tag)
        };
        if bit % 2 == 0 {
            let refused = start.finish(&answer, &damaged(&tb));
            assert_eq!(refused, Err(CpaceError::Different));
            assert!(!waits.check(&tb));
        } else {
            let ta = start.finish(&answer, &tb).unwrap();
            assert!(!waits.check(&damaged(&ta)));
        }
    }
    // One who answers with the share that it was sent has the same key only if it knows the secret.
    let start = Initiator::<S>::start(b"Password", context, &mut rng);
    let echo = *start.share();
    let none = ConfirmationTag::new([0; 64]);
    assert_eq!(start.finish(&echo, &none), Err(CpaceError::Different));
}
