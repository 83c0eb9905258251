//! What the proposer states, and keys that only some members decode: who is at fault, and who is not.
//! `docs/security/group-proof.md`, "The sum that the proposer states".

use mpotr_crypto::{CryptoSuite, Group, TranscriptHash, label};
use mpotr_gka::{
    AgreementId, AuthenticationId, CommitmentSum, Contributing, CycleShare, FaultKind,
    KnowledgeCommitment, KnownIdentities, Methods, RosterError, RunMember, TrapdoorKey,
};

use crate::crew::{Crew, at};
use crate::deniability::draw;
use crate::spec::{decode, generator};
use crate::{DEFAULT, Element, Scalar, combinations};

checks!(
    a_wrong_sum_of_commitments_names_the_proposer_and_nobody_else,
    a_wrong_sum_that_passes_proves_the_same,
    a_chosen_sum_hides_no_oblivious_trapdoor,
    undecodable_commitment_names_its_owner_and_who_listed_it,
    a_sum_that_is_none_or_not_needed_is_refused,
    a_proposer_outside_the_roster_is_refused,
    the_sum_is_in_the_challenge,
    undecodable_cycle_share_blames_its_owner_not_the_silent_neighbours,
    undecodable_cycle_share_is_named_when_colluding_neighbours_contribute,
    a_pairwise_run_needs_every_share,
);

/// No canonical encoding of anything.
const NO_ELEMENT: [u8; 32] = [0xff; 32];

fn state<S: CryptoSuite>(element: &Element<S>) -> Option<CommitmentSum> {
    Some(CommitmentSum::new(S::Group::encode(element)))
}

fn true_sum<S: CryptoSuite>(crew: &Crew<S>) -> Element<S> {
    decode::<S>(crew.terms().commitments.unwrap().as_bytes())
}

fn a_wrong_sum_of_commitments_names_the_proposer_and_nobody_else<S: CryptoSuite>() {
    for agreement in AgreementId::ALL {
        for members in [1, 2, 5] {
            for proposer in [0, members - 1] {
                for liar in [None, Some(members / 2)] {
                    let mut crew = Crew::<S>::new(
                        members,
                        Methods::new(agreement, AuthenticationId::GroupProof),
                    );
                    crew.proposer = proposer;
                    crew.stated = state::<S>(&S::Group::add(
                        &true_sum(&crew),
                        &S::Group::mul_base(&draw::<S>(30)),
                    ));
                    let mut run = crew.contribute();
                    if let Some(liar) = liar.filter(|_| members > 1) {
                        run.lie(liar, |body| body.knowledge_share[0] ^= 1);
                    }
                    run.assert_fault(FaultKind::WrongCommitmentSum, &[proposer]);
                }
            }
        }
    }
}

fn add_to_share<S: CryptoSuite>(share: &mut Vec<u8>, delta: &Scalar<S>) {
    let scalar = S::Group::decode_scalar(share.as_slice().try_into().unwrap()).unwrap();
    *share = S::Group::encode_scalar(&S::Group::scalar_add(&scalar, delta)).to_vec();
}

fn a_wrong_sum_that_passes_proves_the_same<S: CryptoSuite>() {
    // The proposer adds d G to the sum, and d to its share: a proposer that can do that knows d, and log T together
    // with the others.
    let mut crew = Crew::<S>::new(4, DEFAULT);
    let d = draw::<S>(31);
    crew.stated = state::<S>(&S::Group::add(&true_sum(&crew), &S::Group::mul_base(&d)));
    let mut run = crew.contribute();
    run.lie(0, |body| add_to_share::<S>(&mut body.knowledge_share, &d));
    assert_eq!(run.confirm().phases.len(), 3);
}

fn a_chosen_sum_hides_no_oblivious_trapdoor<S: CryptoSuite>() {
    // The proposer sees all offers before it states the sum, and offers a trapdoor whose logarithm nobody knows.
    let members = 3;
    let seed = TranscriptHash::<S>::new(label::ROOM)
        .bytes(b"nobody")
        .finish();
    let nobodys = S::Group::from_uniform_bytes(&seed);
    let (a, b) = (draw::<S>(32), draw::<S>(33));
    let of_others = |crew: &Crew<S>| {
        let others: Vec<_> = crew.offers[1..]
            .iter()
            .map(|offer| decode::<S>(offer.commitment.as_bytes()))
            .collect();
        S::Group::sum(&others)
    };
    for (multiple, culprit) in [(S::Group::scalar_zero(), 0), (b, 0)] {
        let mut crew = Crew::<S>::new(members, DEFAULT);
        crew.offers[0].trapdoor = TrapdoorKey::new(S::Group::encode(&nobodys));
        let own = S::Group::add(&S::Group::mul_base(&a), &S::Group::mul(&nobodys, &multiple));
        crew.stated = state::<S>(&S::Group::add(&of_others(&crew), &own));
        let mut run = crew.contribute_but(&[0]);
        run.contribute_by_hand(0);
        let share = S::Group::encode_scalar(&a).to_vec();
        run.lie(0, |body| body.knowledge_share = share);
        run.assert_fault(FaultKind::WrongCommitmentSum, &[culprit]);
    }
}

fn undecodable_commitment_names_its_owner_and_who_listed_it<S: CryptoSuite>() {
    for owner in [0, 3] {
        let mut crew = Crew::<S>::new(4, DEFAULT);
        crew.proposer = 1;
        crew.offers[owner].commitment = KnowledgeCommitment::new(NO_ELEMENT);
        let strangers = KnownIdentities::new();
        let members: Vec<_> = crew
            .offers
            .iter()
            .map(|offer| RunMember::<S>::decode(offer.clone(), &strangers).unwrap())
            .collect();
        assert_eq!(members[owner].decode_rest().unwrap_err().field, "R");
        let refused = CommitmentSum::of(AuthenticationId::GroupProof, &members);
        assert_eq!(refused, Err(RosterError::UndecodableKey { member: owner }));
        assert_eq!(crew.run(2).unwrap().undecodable(), at(&[owner]));
        let mut run = crew.contribute_but(&[owner]);
        run.contribute_by_hand(owner);
        let mut culprits = [owner, 1];
        culprits.sort_unstable();
        run.assert_fault(FaultKind::UndecodableKey, &culprits);
    }
}

fn a_sum_that_is_none_or_not_needed_is_refused<S: CryptoSuite>() {
    for Methods {
        agreement,
        authentication,
    } in combinations()
    {
        let honest = Crew::<S>::new(3, Methods::new(agreement, authentication));
        let is_needed = authentication == AuthenticationId::GroupProof;
        assert_eq!(honest.terms().commitments.is_none(), !is_needed);
        assert!(honest.run(1).is_ok());
        let wrong = if is_needed {
            // No member committed to what sums to the identity.
            vec![[0; 32], NO_ELEMENT]
        } else {
            vec![S::Group::encode(&generator::<S>()), NO_ELEMENT]
        };
        for stated in wrong {
            let mut crew = Crew::<S>::new(3, Methods::new(agreement, authentication));
            crew.stated = Some(CommitmentSum::new(stated));
            assert_eq!(crew.run(1).unwrap_err(), RosterError::CommitmentSum);
        }
    }
}

fn a_proposer_outside_the_roster_is_refused<S: CryptoSuite>() {
    let mut crew = Crew::<S>::new(3, DEFAULT);
    crew.proposer = 3;
    assert_eq!(crew.run(0).unwrap_err(), RosterError::NoProposer);
}

fn the_sum_is_in_the_challenge<S: CryptoSuite>() {
    // One sid and two sums, as from a head that did not hold it: the shares differ, by another challenge.
    let share = |delta: u128| {
        let mut crew = Crew::<S>::new(2, DEFAULT);
        let mut terms = crew.terms();
        let shift = S::Group::mul_base(&S::Group::scalar_from_u128(delta));
        let shifted = S::Group::add(&true_sum(&crew), &shift);
        terms.commitments = Some(CommitmentSum::new(S::Group::encode(&shifted)));
        let strangers = KnownIdentities::new();
        let members = crew
            .offers
            .iter()
            .map(|offer| RunMember::<S>::decode(offer.clone(), &strangers).unwrap())
            .collect();
        let run = mpotr_gka::Run::new(terms, members, 0).unwrap();
        let secrets = crew.secrets.remove(0);
        let phase = Contributing::start(run, &crew.identities[0], secrets, &mut crew.rng);
        phase.contribution().body.knowledge_share.clone()
    };
    assert_eq!(share(0), share(0));
    assert_ne!(share(0), share(1));
}

fn undecodable_cycle_share_blames_its_owner_not_the_silent_neighbours<S: CryptoSuite>() {
    for authentication in AuthenticationId::ALL {
        for owner in [0, 2, 4] {
            let mut crew = Crew::<S>::new(
                5,
                Methods::new(AgreementId::BurmesterDesmedt, authentication),
            );
            crew.offers[owner].share = CycleShare::new(NO_ELEMENT);
            let neighbours = [(owner + 4) % 5, (owner + 1) % 5];
            for me in 0..5 {
                let run = crew.run(me);
                if neighbours.contains(&me) {
                    // It takes no part, and has used nothing up.
                    let refused = RosterError::UndecodableKey { member: owner };
                    assert_eq!(run.unwrap_err(), refused);
                } else {
                    // It sees nothing wrong before it looks for who is to blame.
                    let run = run.unwrap();
                    let undecodable = run.undecodable();
                    assert_eq!(undecodable, at(&[owner]));
                    let mut excused = neighbours;
                    excused.sort_unstable();
                    assert_eq!(run.kept_out_by(&undecodable), at(&excused));
                    assert_eq!(run.kept_out_by(&[]), []);
                }
            }
        }
    }
    // A commitment that does not decode keeps nobody out.
    let mut crew = Crew::<S>::new(4, DEFAULT);
    crew.offers[1].commitment = KnowledgeCommitment::new(NO_ELEMENT);
    let run = crew.run(0).unwrap();
    assert_eq!(
        (run.undecodable(), run.kept_out_by(&at(&[1]))),
        (at(&[1]), vec![])
    );
    // A run of honest offers names nobody.
    assert!(
        Crew::<S>::new(4, DEFAULT)
            .run(0)
            .unwrap()
            .undecodable()
            .is_empty()
    );
}

fn undecodable_cycle_share_is_named_when_colluding_neighbours_contribute<S: CryptoSuite>() {
    // 2 has no share; 1 and 3, who ought to take no part, send what others sent. Those who look name all three.
    let mut crew = Crew::<S>::new(6, DEFAULT);
    crew.offers[2].share = CycleShare::new(NO_ELEMENT);
    let mut run = crew.contribute_but(&[1, 2, 3]);
    let honest = run.contributions[5].body.agreement.clone();
    for insider in [1, 2, 3] {
        let (y, r) = (&run.known[insider].y, &run.known[insider].r);
        let share = run.spec.share::<S>(insider, y, r).to_vec();
        let agreement = honest.clone();
        run.lie(insider, |body| {
            body.agreement = agreement;
            body.knowledge_share = share;
        });
    }
    run.assert_fault(FaultKind::WrongShare, &[1, 2, 3]);
}

fn a_pairwise_run_needs_every_share<S: CryptoSuite>() {
    for authentication in AuthenticationId::ALL {
        let mut crew = Crew::<S>::new(5, Methods::new(AgreementId::Pairwise, authentication));
        crew.offers[2].share = CycleShare::new(NO_ELEMENT);
        for me in [0, 1, 3, 4] {
            let refused = crew.run(me).unwrap_err();
            assert_eq!(refused, RosterError::UndecodableKey { member: 2 });
        }
        assert_eq!(
            crew.run(2).unwrap().kept_out_by(&at(&[2])),
            at(&[0, 1, 3, 4])
        );
    }
}
