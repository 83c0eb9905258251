//! Invented members: they prove among themselves, and to nobody who is there.

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey, IdentityKeyPair};
use mpotr_gka::{
    AgreementId, Audit, AuditError, AuthenticationId, CommitmentSum, Confirmation, Confirming,
    Contributing, Contribution, FaultKind, Forger, Identity, KnownIdentities, Methods, Offer,
    OfferSecrets, RoomId, Rounds, Run, RunError, RunMember, Sid, Terms,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::DEFAULT;
use crate::crew::INNER;

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
        .map(|person| OfferSecrets::generate(room, None, &**person, 0, rng))
        .unzip()
}

/// A run in which all have confirmed.
struct Confirmed<S: CryptoSuite> {
    terms: Terms,
    members: Vec<RunMember<S>>,
    contributions: Vec<Contribution>,
    confirmations: Vec<Confirmation>,
    phases: Vec<Confirming<S>>,
    rng: ChaCha20Rng,
}

impl<S: CryptoSuite> Confirmed<S> {
    fn of(people: &[Person<S>], methods: Methods, mut rng: ChaCha20Rng) -> Self {
        let (offers, secrets) = offers(people, &mut rng);
        let strangers = KnownIdentities::new();
        let members: Vec<_> = offers
            .iter()
            .map(|offer| RunMember::decode(offer.clone(), &strangers).unwrap())
            .collect();
        let terms = Terms {
            sid: Sid::of::<S>(b"head", offers.iter()),
            methods,
            proposer: 0,
            commitments: CommitmentSum::of(methods.authentication, &members).unwrap(),
        };
        let contributing: Vec<_> = secrets
            .into_iter()
            .enumerate()
            .map(|(me, secrets)| {
                let run = Run::new(terms, members.clone(), me).unwrap();
                Contributing::start(run, &*people[me], secrets, &mut rng)
            })
            .collect();
        let contribution = |phase: &Contributing<S>| phase.contribution().clone();
        let contributions: Vec<_> = contributing.iter().map(contribution).collect();
        let confirm = |(phase, person): (Contributing<S>, &Person<S>)| {
            let confirmed = phase.confirm(contributions.clone(), &**person, &mut rng);
            confirmed.unwrap()
        };
        let phases: Vec<_> = contributing.into_iter().zip(people).map(confirm).collect();
        let confirmation = |phase: &Confirming<S>| phase.confirmation().clone();
        Self {
            terms,
            members,
            confirmations: phases.iter().map(confirmation).collect(),
            contributions,
            phases,
            rng,
        }
    }

    /// The proofs, as every member opens them.
    fn payloads(&self) -> Vec<Vec<u8>> {
        self.phases[0].open(&self.confirmations).unwrap()
    }

    /// What an outsider says of the run with these proofs.
    fn audit(&mut self, payloads: &[Vec<u8>]) -> Result<Audit, Vec<AuditError>> {
        let run = Run::of_others(self.terms, self.members.clone()).unwrap();
        let rounds = Rounds {
            contributions: &self.contributions,
            confirmations: &self.confirmations,
            payloads,
        };
        rounds.audit(&run, &mut self.rng)
    }

    /// Every member has an epoch.
    fn establish(mut self) {
        for phase in self.phases {
            phase.establish(&self.confirmations, &mut self.rng).unwrap();
        }
    }

    /// Whose proofs each member refuses.
    fn disbelieved(mut self) -> Vec<Vec<usize>> {
        let mut refused = Vec::new();
        for phase in self.phases {
            let rejected = phase.establish(&self.confirmations, &mut self.rng);
            let error = rejected.unwrap_err().error;
            let RunError::Fault(fault) = error else {
                panic!("{error:?}")
            };
            assert_eq!(fault.kind, FaultKind::WrongProof);
            let culprits = fault.culprits.iter();
            refused.push(culprits.map(|it| it.place()).collect());
        }
        refused
    }
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

/// Three of whom the one in the middle is real. The forger lacks its trapdoor.
fn with_one_who_is_there<S: CryptoSuite>(rng: &mut dyn CryptoRng) -> Vec<Person<S>> {
    let mut people = invented::<S>(3, rng);
    people[1] = Box::new(IdentityKeyPair::random::<S>(rng));
    people
}

fn invented_members_agree_and_an_outsider_finds_nothing_wrong<S: CryptoSuite>() {
    for count in [2, 3, 6] {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        let people = invented::<S>(count, &mut rng);
        let mut run = Confirmed::of(&people, DEFAULT, rng);
        let audit = run.audit(&run.payloads()).unwrap();
        assert!(audit.unproven.is_empty());
        assert_eq!(audit.statement, run.confirmations[0].statement);
        run.establish();
    }
}

fn who_is_there_is_not_convinced_by_invented_members<S: CryptoSuite>() {
    let mut rng = ChaCha20Rng::seed_from_u64(2);
    let people = with_one_who_is_there::<S>(&mut rng);
    let run = Confirmed::of(&people, DEFAULT, rng);
    assert_eq!(run.disbelieved()[1], [0, 2]);
}

const BY_TAGS: Methods = Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::TripleDh);

fn invented_members_make_tags_among_themselves<S: CryptoSuite>() {
    for count in [2, 3, 6] {
        let mut rng = ChaCha20Rng::seed_from_u64(3);
        let people = invented::<S>(count, &mut rng);
        let run = Confirmed::of(&people, BY_TAGS, rng);
        assert!(
            run.payloads()
                .iter()
                .all(|it| it.len() == INNER + 16 * (count - 1))
        );
        run.establish();
    }
}

fn invented_members_make_no_tags_for_who_is_there<S: CryptoSuite>() {
    let mut rng = ChaCha20Rng::seed_from_u64(5);
    let people = with_one_who_is_there::<S>(&mut rng);
    let run = Confirmed::of(&people, BY_TAGS, rng);
    // The real member accepts none of their proofs, and they, for lack of a trapdoor, accept none at all.
    assert_eq!(run.disbelieved(), [[1, 2], [0, 2], [0, 1]]);
}

fn an_outsider_checks_every_proof_and_that_of_member_0_too<S: CryptoSuite>() {
    let mut rng = ChaCha20Rng::seed_from_u64(4);
    let people = invented::<S>(3, &mut rng);
    let mut run = Confirmed::of(&people, DEFAULT, rng);
    let payloads = run.payloads();
    for member in 0..3 {
        let mut wrong = payloads.clone();
        wrong[member][INNER + 33] ^= 1;
        let errors = run.audit(&wrong).unwrap_err();
        assert_eq!(errors, [AuditError::Proof { member }]);
    }
}
