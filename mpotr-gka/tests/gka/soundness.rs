//! What proofs show to a member whose own trapdoor key is fresh: who is there. `docs/security/group-proof.md`,
//! "Why v is convinced".

use mpotr_crypto::{CryptoSuite, Group, IdentityKey};
use mpotr_gka::{AgreementId, AuthenticationId, Fault, FaultKind, Methods, RoundPacket, RunError};

use crate::DEFAULT;
use crate::crew::{Crew, at};
use crate::deniability::{all_trapdoors, draw, forge, with_trapdoor_key};
use crate::spec::{decode, invert, proof_bytes};

checks!(
    nobody_makes_a_proof_without_the_identity_or_every_trapdoor,
    rogue_trapdoor_key_forges_no_proof,
    an_identity_made_of_anothers_trapdoor_key_is_nobodys,
    stolen_identity_offer_blames_nobody,
    a_listed_key_of_another_signs_nothing,
);

fn nobody_makes_a_proof_without_the_identity_or_every_trapdoor<S: CryptoSuite>() {
    let members = 4;
    let liar = 2;
    // All trapdoors but that of member 0, for which there is a guess; all but the liar's own; none.
    for unknown in [vec![0], vec![liar], vec![0, 1, 2, 3]] {
        let mut run = Crew::<S>::new(members, DEFAULT).contribute().confirm();
        let mut trapdoors = all_trapdoors(&run);
        for member in unknown {
            trapdoors[member] = draw::<S>(6);
        }
        let t = run.spec.log_trapdoor::<S>(&trapdoors);
        forge(&mut run, liar, &t);
        run.assert_fault(FaultKind::WrongProof, &[liar]);
    }
    // The secret of another identity.
    for (prover, convinces) in [(liar, true), (1, false)] {
        let mut run = Crew::<S>::new(members, DEFAULT).contribute().confirm();
        let (_, statement) = run.epoch();
        let a = run.identities[prover].scalar::<S>().with(Clone::clone);
        let nonces = [draw::<S>(7), draw::<S>(8)];
        let proof = run
            .spec
            .proof_by_identity::<S>(liar, &statement, &a, [&nonces[0], &nonces[1]]);
        run.prove(liar, &proof);
        if convinces {
            assert_eq!(run.establish().len(), members - 1);
        } else {
            run.assert_fault(FaultKind::WrongProof, &[liar]);
        }
    }
}

fn rogue_trapdoor_key_forges_no_proof<S: CryptoSuite>() {
    let (victim, insider) = (0, 1);
    // Y_M = c Y_v + d G with c = -1: the plain sum of both is d G, and the insider knows d.
    let d = draw::<S>(10);
    let rogue = |crew: &Crew<S>| {
        let key = decode::<S>(crew.offers[victim].trapdoor.as_bytes());
        S::Group::sub(&S::Group::mul_base(&d), &key)
    };
    let mut run = with_trapdoor_key::<S>(2, insider, rogue);
    let keys =
        [victim, insider].map(|member| decode::<S>(run.spec.offers[member].trapdoor.as_bytes()));
    assert_eq!(
        S::Group::sum(&keys),
        S::Group::mul_base(&d),
        "without coefficients it is broken"
    );
    assert_ne!(run.spec.trapdoor::<S>(), S::Group::mul_base(&d));
    // It does not get as far as a proof: it does not know y_M = d - y_v.
    with_trapdoor_key::<S>(2, insider, rogue).assert_fault(FaultKind::UnknownTrapdoor, &[insider]);
    // Suppose it did; what it knows of log T = h_v y_v + h_M (d - y_v) is its part h_M d, and what it can guess.
    run.known[insider].y = S::Group::scalar_sub(&d, &run.known[victim].y);
    run.contribute_by_hand(insider);
    let part = S::Group::scalar_mul(&run.spec.coefficient::<S>(insider), &d);
    let mut confirmed = run.confirm();
    for t in [part, d] {
        forge(&mut confirmed, insider, &t);
    }
    confirmed.assert_fault(FaultKind::WrongProof, &[insider]);
}

fn an_identity_made_of_anothers_trapdoor_key_is_nobodys<S: CryptoSuite>() {
    // The known limit of one commitment for two statements: A_M = b Y_v + a G is proved without its logarithm, which
    // nobody knows. It is the key of no other party, so nobody is impersonated.
    let (victim, insider) = (0, 1);
    let [a, b, k] = [17, 18, 19].map(draw::<S>);
    let mut crew = Crew::<S>::new(2, DEFAULT);
    let key = decode::<S>(crew.offers[victim].trapdoor.as_bytes());
    let identity = S::Group::add(&S::Group::mul(&key, &b), &S::Group::mul_base(&a));
    crew.offers[insider].identity = IdentityKey::new(S::Group::encode(&identity));
    let mut run = crew.contribute_but(&[insider]);
    run.contribute_by_hand(insider);
    let mut run = run.confirm();
    let (_, statement) = run.epoch();
    let (add, sub, mul) = (
        S::Group::scalar_add,
        S::Group::scalar_sub,
        S::Group::scalar_mul,
    );
    let [h_v, h_m] = [victim, insider].map(|member| run.spec.coefficient::<S>(member));
    let own = mul(&h_m, &run.known[insider].y);
    let commitment = S::Group::mul_base(&k);
    let c = run
        .spec
        .proof_challenge::<S>(insider, &statement, &commitment);
    // (c + w) b + w h_v = 0: what is unknown in A_M cancels what is unknown in T.
    let w = sub(
        &S::Group::scalar_zero(),
        &mul(&mul(&c, &b), &invert::<S>(&add(&b, &h_v))),
    );
    let s = sub(&sub(&k, &mul(&add(&c, &w), &a)), &mul(&w, &own));
    run.prove(insider, &proof_bytes::<S>(&commitment, &s, &w));
    let established = run.establish();
    let members = established[&victim].run.members();
    assert_eq!(
        members[insider].offer().identity.as_bytes(),
        &S::Group::encode(&identity)
    );
}

fn stolen_identity_offer_blames_nobody<S: CryptoSuite>() {
    let alice = Crew::<S>::seeded(1, DEFAULT, 77).identities[0].public();
    let (members, thief) = (3, 2);
    for authentication in AuthenticationId::ALL {
        let methods = Methods::new(AgreementId::BurmesterDesmedt, authentication);
        let mut crew = Crew::<S>::new(members, methods);
        crew.offers[thief].identity = alice;
        let mut run = crew.contribute_but(&[thief]);
        run.contribute_by_hand(thief);
        let mut run = run.confirm();
        let (_, statement) = run.epoch();
        let a = run.identities[thief].scalar::<S>().with(Clone::clone);
        let nonces = [draw::<S>(14), draw::<S>(15)];
        let proof =
            run.spec
                .proof_by_identity::<S>(thief, &statement, &a, [&nonces[0], &nonces[1]]);
        // As many bytes as a member's payload has.
        run.prove(thief, &proof[..run.payload(0).len()]);
        for (_, error) in run.errors() {
            let RunError::Fault(fault) = error else {
                panic!("no fault")
            };
            // An offer is at fault, by its index. Nothing that is said names who Alice is.
            let Fault { kind, culprits } = &fault;
            assert_eq!(
                (*kind, culprits.clone()),
                (FaultKind::WrongProof, at(&[thief]))
            );
            let said = format!("{fault} {fault:?}");
            assert!(!said.contains(&alice.to_string()), "{said}");
        }
    }
    // Nor does the offer stand beside her own.
    let mut crew = Crew::<S>::new(members, DEFAULT);
    crew.offers[thief].identity = crew.offers[0].identity;
    assert!(crew.run(0).is_err());
}

fn a_listed_key_of_another_signs_nothing<S: CryptoSuite>() {
    let insider = 1;
    // The E of a member of another room, say; it is in no other offer of the roster.
    let elsewhere = Crew::<S>::seeded(1, DEFAULT, 5).offers[0].ephemeral;
    let mut crew = Crew::<S>::new(3, DEFAULT);
    crew.offers[insider].ephemeral = elsewhere;
    let mut run = crew.contribute_but(&[insider]);
    run.contribute_by_hand(insider);
    assert!(!run.contributions[insider].is_authentic(run.run()));
    // It blames neither the insider nor whose key that is.
    run.contributions[insider].body.knowledge_share[0] ^= 1;
    run.assert_not_received(&[insider]);
}
