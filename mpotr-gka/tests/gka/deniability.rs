//! What proofs show to outsiders: nothing. `docs/security/group-proof.md`, "Why J is not convinced".

use mpotr_crypto::{CryptoSuite, Group, IdentityKey, TranscriptHash, hash_to_scalar, label};
use mpotr_gka::{AgreementId, AuthenticationId, FaultKind, Methods, RoundPacket, TrapdoorKey};

use crate::crew::{Confirmed, Contributed, Crew};
use crate::spec::{decode, invert};
use crate::{DEFAULT, Element, Scalar};

checks!(
    whoever_knows_all_trapdoors_makes_every_proof,
    a_whole_run_is_invented_with_identities_whose_secrets_nobody_knows,
    oblivious_trapdoor_is_refused,
    a_multiple_of_another_trapdoor_key_is_refused,
    a_commitment_used_twice_gives_the_trapdoor_away,
    triple_dh_needs_the_identity_or_the_trapdoor_of_the_pair,
);

/// A scalar that a forger draws.
pub(crate) fn draw<S: CryptoSuite>(number: u64) -> Scalar<S> {
    hash_to_scalar::<S>(TranscriptHash::<S>::new(label::PROOF_NONCE).u64(number))
}

pub(crate) fn all_trapdoors<S: CryptoSuite>(run: &Confirmed<S>) -> Vec<Scalar<S>> {
    run.known.iter().map(|known| known.y.clone()).collect()
}

/// A member confirms with a proof made as if `t` were the logarithm of the trapdoor.
pub(crate) fn forge<S: CryptoSuite>(run: &mut Confirmed<S>, member: usize, t: &Scalar<S>) {
    let (_, statement) = run.epoch();
    let [k, u] = [draw::<S>(1), draw::<S>(2)];
    let proof = run
        .spec
        .proof_by_trapdoor::<S>(member, &statement, t, [&k, &u]);
    run.prove(member, &proof);
}

fn whoever_knows_all_trapdoors_makes_every_proof<S: CryptoSuite>() {
    for members in [2, 3, 8] {
        let mut run = Crew::<S>::new(members, DEFAULT).contribute().confirm();
        let t = run.spec.log_trapdoor::<S>(&all_trapdoors(&run));
        assert_eq!(S::Group::mul_base(&t), run.spec.trapdoor::<S>());
        for member in 1..members {
            forge(&mut run, member, &t);
        }
        // Member 0 is convinced of all of them, none of whom took part.
        assert_eq!(run.establish().len(), 1);
    }
}

fn a_whole_run_is_invented_with_identities_whose_secrets_nobody_knows<S: CryptoSuite>() {
    let members = 5;
    let mut crew = Crew::<S>::new(members, DEFAULT);
    let invented: Vec<_> = (1..members).collect();
    for member in &invented {
        let seed = TranscriptHash::<S>::new(label::ROOM)
            .u64(u64::try_from(*member).unwrap())
            .finish();
        let nobody = S::Group::from_uniform_bytes(&seed);
        crew.offers[*member].identity = IdentityKey::new(S::Group::encode(&nobody));
    }
    let mut run = crew.contribute_but(&invented);
    for member in &invented {
        run.contribute_by_hand(*member);
    }
    let mut run = run.confirm();
    let (_, statement) = run.epoch();
    let t = run.spec.log_trapdoor::<S>(&all_trapdoors(&run));
    for member in &invented {
        let [k, u] = [draw::<S>(4), draw::<S>(5)];
        let proof = run
            .spec
            .proof_by_trapdoor::<S>(*member, &statement, &t, [&k, &u]);
        assert!(run.spec.proof_holds::<S>(*member, &statement, &proof));
        run.prove(*member, &proof);
    }
    assert!(
        run.run()
            .members()
            .iter()
            .all(|member| member.verifying_key().is_some())
    );
    let authentic = run
        .contributions
        .iter()
        .all(|contribution| contribution.is_authentic(run.run()))
        && run
            .confirmations
            .values()
            .all(|confirmation| confirmation.is_authentic(run.run()));
    assert!(authentic, "every signature of the transcript verifies");
    assert_eq!(run.establish().len(), 1);
}

/// A run in which one member offers a trapdoor key of its choice, and everything else as it should be.
pub(crate) fn with_trapdoor_key<S: CryptoSuite>(
    members: usize,
    insider: usize,
    key: impl FnOnce(&Crew<S>) -> Element<S>,
) -> Contributed<S> {
    let mut crew = Crew::<S>::new(members, DEFAULT);
    let key = key(&crew);
    crew.offers[insider].trapdoor = TrapdoorKey::new(S::Group::encode(&key));
    let mut run = crew.contribute_but(&[insider]);
    run.contribute_by_hand(insider);
    run
}

fn oblivious_trapdoor_is_refused<S: CryptoSuite>() {
    for members in [2, 3, 5] {
        for insider in [0, members - 1] {
            // The seed shows everyone that nobody knows the logarithm.
            let seed = TranscriptHash::<S>::new(label::ROOM)
                .bytes(b"nobody knows")
                .finish();
            let oblivious = || {
                with_trapdoor_key::<S>(members, insider, |_| S::Group::from_uniform_bytes(&seed))
            };
            // The share that goes with another key; the commitment alone; zero; that of another member.
            oblivious().assert_fault(FaultKind::UnknownTrapdoor, &[insider]);
            let r = S::Group::encode_scalar(&oblivious().known[insider].r).to_vec();
            let another = oblivious().contributions[1 - insider.min(1)]
                .body
                .knowledge_share
                .clone();
            for share in [r, vec![0; 32], another] {
                let mut run = oblivious();
                run.lie(insider, |body| body.knowledge_share = share);
                // No member has sent a confirmation, and so no proof.
                run.assert_fault(FaultKind::UnknownTrapdoor, &[insider]);
            }
        }
    }
}

fn a_multiple_of_another_trapdoor_key_is_refused<S: CryptoSuite>() {
    // Its logarithm is known to no one member: the victim does not give away its own.
    let double = |crew: &Crew<S>| {
        let victim = decode::<S>(crew.offers[0].trapdoor.as_bytes());
        S::Group::add(&victim, &victim)
    };
    with_trapdoor_key::<S>(3, 1, double).assert_fault(FaultKind::UnknownTrapdoor, &[1]);
}

fn a_commitment_used_twice_gives_the_trapdoor_away<S: CryptoSuite>() {
    // Two shares of one r over two challenges, as from a state that was copied: why an offer is used once.
    let crew = Crew::<S>::new(3, DEFAULT);
    let mut copy = Crew::<S>::new(3, DEFAULT);
    copy.head.push(1);
    let y = crew.known[1].y.clone();
    let runs = [crew, copy].map(Crew::contribute);
    let [share, weight] = [
        runs.each_ref().map(|run| {
            let bytes = run.contributions[1]
                .body
                .knowledge_share
                .as_slice()
                .try_into()
                .unwrap();
            S::Group::decode_scalar(&bytes).unwrap()
        }),
        runs.each_ref().map(|run| {
            let coefficient = run.spec.coefficient::<S>(1);
            S::Group::scalar_mul(&run.spec.knowledge_challenge::<S>(), &coefficient)
        }),
    ];
    let difference = |[a, b]: &[Scalar<S>; 2]| S::Group::scalar_sub(a, b);
    let found = S::Group::scalar_mul(&difference(&share), &invert::<S>(&difference(&weight)));
    assert_eq!(S::Group::encode_scalar(&found), S::Group::encode_scalar(&y));
}

fn triple_dh_needs_the_identity_or_the_trapdoor_of_the_pair<S: CryptoSuite>() {
    // A party at one end of a pair, or one that knows its trapdoor, makes the tags of the other end: they convince
    // nobody else.
    let methods = Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::TripleDh);
    let run = Crew::<S>::new(2, methods).contribute().confirm();
    let (_, statement) = run.epoch();
    let [a0, y0] = [
        run.identities[0].scalar::<S>().with(Clone::clone),
        run.known[0].y.clone(),
    ];
    let key = |offer: usize, kind: fn(&mpotr_gka::Offer) -> [u8; 32]| {
        decode::<S>(&kind(&run.spec.offers[offer]))
    };
    let identity: fn(&mpotr_gka::Offer) -> [u8; 32] = |offer| *offer.identity.as_bytes();
    let trapdoor: fn(&mpotr_gka::Offer) -> [u8; 32] = |offer| *offer.trapdoor.as_bytes();
    let secret = [
        S::Group::mul(&key(1, trapdoor), &a0),
        S::Group::mul(&key(1, identity), &y0),
        S::Group::mul(&key(1, trapdoor), &y0),
    ]
    .map(|element| S::Group::encode(&element))
    .concat();
    let mut context = [0_u32, 1].map(u32::to_be_bytes).concat();
    for offer in &run.spec.offers {
        context.extend_from_slice(offer.identity.as_bytes());
        context.extend_from_slice(offer.ephemeral.as_bytes());
        context.extend_from_slice(offer.trapdoor.as_bytes());
    }
    let pair = mpotr_crypto::kdf::Prk::extract::<S>(run.spec.sid.as_bytes(), &secret)
        .expand::<S, 32>(label::TRIPLE_DH, &context);
    let tag = TranscriptHash::<S>::new(label::TRIPLE_DH_TAG)
        .bytes(pair.expose())
        .bytes(run.spec.sid.as_bytes())
        .u32(1)
        .u32(0)
        .bytes(statement.contributions.as_bytes())
        .bytes(statement.key_commitment.as_bytes())
        .finish();
    assert_eq!(
        run.payload(1),
        tag[..16],
        "member 0 computes what member 1 sends it"
    );
    let mut run = run;
    run.prove(1, &tag[..16]);
    assert_eq!(run.establish().len(), 1);
}
