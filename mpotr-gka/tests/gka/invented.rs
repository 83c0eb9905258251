//! Invented members: they prove among themselves, and to nobody who is there.

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey, IdentityKeyPair};
use mpotr_gka::{
    AgreementId, AuthenticationId, Beacon, CommitmentSum, Confirming, Contributing, Contribution,
    FaultKind, Forger, Identity, KnownIdentities, Member, Offer, OfferSecrets, RoomId, Rounds, Run,
    RunError, Sid, Terms,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::DEFAULT;

checks!(
    invented_members_agree_and_an_outsider_finds_nothing_wrong,
    who_is_there_is_not_convinced_by_invented_members,
    invented_members_make_tags_among_themselves,
    invented_members_make_no_tags_for_who_is_there,
    an_outsider_checks_every_proof_and_that_of_member_0_too,
);

type Person<S> = Box<dyn Identity<S>>;

fn offers<S: CryptoSuite>(
    people: &[Person<S>],
    rng: &mut dyn CryptoRng,
) -> (Vec<Offer>, Vec<OfferSecrets<S>>) {
    let room = RoomId::of_name::<S>("room");
    people
        .iter()
        .map(|person| OfferSecrets::generate(room, Beacon::NONE, &**person, 0, rng))
        .unzip()
}

/// All contribute.
fn contribute<S: CryptoSuite>(
    people: &[Person<S>],
    methods: (AgreementId, AuthenticationId),
    rng: &mut dyn CryptoRng,
) -> (Terms, Vec<Member<S>>, Vec<Contributing<S>>) {
    let (offers, secrets) = offers(people, rng);
    let strangers = KnownIdentities::new();
    let members: Vec<_> = offers
        .iter()
        .map(|offer| Member::decode(offer.clone(), &strangers).unwrap())
        .collect();
    let terms = Terms {
        sid: Sid::of::<S>(b"head", offers.iter()),
        methods,
        proposer: 0,
        commitments: CommitmentSum::of(methods.1, &members).unwrap(),
    };
    let phases = secrets
        .into_iter()
        .enumerate()
        .map(|(me, secrets)| {
            let run = Run::new(terms, members.clone(), me).unwrap();
            Contributing::start(run, &*people[me], secrets, rng)
        })
        .collect();
    (terms, members, phases)
}

fn confirm<S: CryptoSuite>(
    people: &[Person<S>],
    phases: Vec<Contributing<S>>,
    rng: &mut dyn CryptoRng,
) -> (Vec<Contribution>, Vec<Confirming<S>>) {
    let contributions: Vec<_> = phases.iter().map(|it| it.contribution().clone()).collect();
    let confirming = phases
        .into_iter()
        .zip(people)
        .map(|(phase, person)| {
            phase
                .confirm(contributions.clone(), &**person, rng)
                .unwrap()
        })
        .collect();
    (contributions, confirming)
}

fn strangers<S: CryptoSuite>(count: usize, rng: &mut dyn CryptoRng) -> Vec<IdentityKey> {
    (0..count)
        .map(|_| IdentityKeyPair::random::<S>(rng).public())
        .collect()
}

fn invented<S: CryptoSuite>(count: usize, rng: &mut dyn CryptoRng) -> Vec<Person<S>> {
    let forger = Forger::<S>::new();
    let invent = |key| -> Person<S> { Box::new(forger.invent(key)) };
    strangers::<S>(count, rng).into_iter().map(invent).collect()
}

fn invented_members_agree_and_an_outsider_finds_nothing_wrong<S: CryptoSuite>() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    for count in [2, 3, 6] {
        let people = invented::<S>(count, &mut rng);
        let (terms, members, phases) = contribute(&people, DEFAULT, &mut rng);
        let (contributions, confirming) = confirm(&people, phases, &mut rng);
        let confirmations: Vec<_> = confirming
            .iter()
            .map(|it| it.confirmation().clone())
            .collect();
        let payloads = confirming[0].open(&confirmations).unwrap();
        let audit = Rounds {
            contributions: &contributions,
            confirmations: &confirmations,
            payloads: &payloads,
        }
        .audit(&Run::of_others(terms, members).unwrap(), &mut rng)
        .unwrap();
        assert!(audit.unproven.is_empty());
        assert_eq!(audit.statement, confirmations[0].statement);
        for phase in confirming {
            phase.establish(&confirmations, &mut rng).unwrap();
        }
    }
}

fn who_is_there_is_not_convinced_by_invented_members<S: CryptoSuite>() {
    // The forger lacks the trapdoor of the one member who is real.
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let mut people = invented::<S>(3, &mut rng);
    people[1] = Box::new(IdentityKeyPair::random::<S>(&mut rng));
    let (_, _, phases) = contribute(&people, DEFAULT, &mut rng);
    let (_, mut confirming) = confirm(&people, phases, &mut rng);
    let confirmations: Vec<_> = confirming
        .iter()
        .map(|it| it.confirmation().clone())
        .collect();
    let rejected = confirming
        .remove(1)
        .establish(&confirmations, &mut rng)
        .unwrap_err();
    let RunError::Fault(fault) = rejected.error else {
        panic!("{:?}", rejected.error)
    };
    assert_eq!(
        (fault.kind, fault.culprits),
        (FaultKind::WrongProof, vec![0, 2])
    );
}

const BY_TAGS: (AgreementId, AuthenticationId) =
    (AgreementId::BurmesterDesmedt, AuthenticationId::TripleDh);

fn invented_members_make_tags_among_themselves<S: CryptoSuite>() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    for count in [2, 3, 6] {
        let people = invented::<S>(count, &mut rng);
        let (_, _, phases) = contribute(&people, BY_TAGS, &mut rng);
        let (_, confirming) = confirm(&people, phases, &mut rng);
        let confirmations: Vec<_> = confirming
            .iter()
            .map(|it| it.confirmation().clone())
            .collect();
        let payloads = confirming[0].open(&confirmations).unwrap();
        assert!(payloads.iter().all(|it| it.len() == 16 * (count - 1)));
        for phase in confirming {
            phase.establish(&confirmations, &mut rng).unwrap();
        }
    }
}

fn invented_members_make_no_tags_for_who_is_there<S: CryptoSuite>() {
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let mut people = invented::<S>(3, &mut rng);
    people[1] = Box::new(IdentityKeyPair::random::<S>(&mut rng));
    let (_, _, phases) = contribute(&people, BY_TAGS, &mut rng);
    let (_, confirming) = confirm(&people, phases, &mut rng);
    let confirmations: Vec<_> = confirming
        .iter()
        .map(|it| it.confirmation().clone())
        .collect();
    // Who is there believes none of them, and they, who lack a trapdoor, nobody.
    for (phase, others) in confirming.into_iter().zip([[1, 2], [0, 2], [0, 1]]) {
        let rejected = phase.establish(&confirmations, &mut rng).unwrap_err();
        let RunError::Fault(fault) = rejected.error else {
            panic!("{:?}", rejected.error)
        };
        assert_eq!(
            (fault.kind, fault.culprits),
            (FaultKind::WrongProof, others.to_vec())
        );
    }
}

fn an_outsider_checks_every_proof_and_that_of_member_0_too<S: CryptoSuite>() {
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let people = invented::<S>(3, &mut rng);
    let (terms, members, phases) = contribute(&people, DEFAULT, &mut rng);
    let (contributions, confirming) = confirm(&people, phases, &mut rng);
    let confirmations: Vec<_> = confirming
        .iter()
        .map(|it| it.confirmation().clone())
        .collect();
    let payloads = confirming[0].open(&confirmations).unwrap();
    let outside = Run::of_others(terms, members).unwrap();
    for member in 0..3 {
        let mut wrong = payloads.clone();
        wrong[member][33] ^= 1;
        let errors = Rounds {
            contributions: &contributions,
            confirmations: &confirmations,
            payloads: &wrong,
        }
        .audit(&outside, &mut rng)
        .unwrap_err();
        assert_eq!(errors, [mpotr_gka::AuditError::Proof { member }]);
    }
}
