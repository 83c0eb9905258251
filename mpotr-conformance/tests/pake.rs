//! CPace beside another implementation of it, `pakery`: the two understand each other. `docs/spec/13-trust.md`, "Shared
//! secret".

#![expect(
    clippy::unwrap_used,
    reason = "clippy allows this in a test, and does not see that a helper belongs to one"
)]

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_crypto::cpace::{ConfirmationTag, Context, Initiator, Responder, generator, tag};
use mpotr_crypto::{CryptoSuite, ElementBytes, Group as _, Secret};
use pakery_core::crypto::CpaceGroup as _;
use pakery_cpace::generator::calculate_generator;
use pakery_cpace::{CpaceInitiator, CpaceMode, CpaceOutput, CpaceResponder};
use pakery_crypto::CpaceRistretto255 as Theirs;
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

type Group = <Suite as CryptoSuite>::Group;

/// The tag that another makes with the key that it came to.
fn tag_of(
    output: &CpaceOutput,
    context: &Context,
    share: &ElementBytes,
    data: &[u8],
) -> ConfirmationTag {
    let key: [u8; 64] = output.isk.as_bytes().try_into().unwrap();
    tag::<Suite>(context, &Secret::new(key), share, data)
}

fn share(bytes: &[u8]) -> ElementBytes {
    ElementBytes::new(bytes.try_into().unwrap())
}

fn data(longest: usize) -> impl Strategy<Value = Vec<u8>> {
    prop::collection::vec(any::<u8>(), 0..=longest)
}

proptest! {
    #[test]
    fn each_side_may_be_the_other_implementation(
        secret in data(300),
        channel in data(200),
        session in data(80),
        initiator_data in data(255),
        responder_data in data(20),
        seed in any::<u64>(),
    ) {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let context = Context { channel, session, initiator_data, responder_data };
        let Context { channel, session, initiator_data, responder_data } = &context;
        let mode = CpaceMode::InitiatorResponder;

        let theirs = calculate_generator::<Theirs>(&secret, channel, session).unwrap();
        let ours = Group::encode(&generator::<Suite>(&secret, &context));
        prop_assert_eq!(&theirs.to_bytes()[..], &ours[..]);

        let ours = Initiator::<Suite>::start(&secret, context.clone(), &mut rng);
        let ya = *ours.share();
        let (answer, output) = CpaceResponder::<Theirs>::respond(
            ya.as_bytes(), &secret, channel, session, initiator_data, responder_data, mode, &mut rng,
        ).unwrap();
        let yb = share(&answer);
        let tb = tag_of(&output, &context, &yb, responder_data);
        let ta = ours.finish(&yb, &tb).unwrap();
        prop_assert_eq!(ta, tag_of(&output, &context, &ya, initiator_data));

        let (ya, state) =
            CpaceInitiator::<Theirs>::start(&secret, channel, session, initiator_data, &mut rng).unwrap();
        let ya = share(&ya);
        let (waits, yb, tb) = Responder::answer::<Suite>(&secret, &context, &ya, &mut rng).unwrap();
        let output = state.finish(yb.as_bytes(), responder_data, mode).unwrap();
        prop_assert_eq!(tb, tag_of(&output, &context, &yb, responder_data));
        prop_assert!(waits.check(&tag_of(&output, &context, &ya, initiator_data)));
    }
}
