//! Round 1 with insiders that sign what they say: the liar is named, and nobody else; nothing leaves before all is
//! checked.

use mpotr_crypto::{CryptoSuite, Group};
use mpotr_gka::{AgreementId, AuthenticationId, FaultKind, Methods, RunError};

use crate::crew::{Confirmed, Contributed, Crew, at};
use crate::spec::{decode, generator};
use crate::{DEFAULT, Element, combinations};

checks!(
    malformed_contributions_name_their_sender,
    points_that_no_honest_member_sends_are_malformed,
    a_wrong_share_of_the_key_names_its_sender_exactly,
    two_colluding_liars_whose_errors_cancel_are_both_named,
    neighbours_whose_errors_cancel_cannot_split_the_others,
    a_wrong_proof_of_a_right_share_harms_nobody_and_is_named_when_asked_for,
    a_wrong_pairwise_part_names_its_sender_to_its_receiver,
    a_wrong_knowledge_share_names_its_sender,
    knowledge_shares_whose_errors_cancel_are_joint_knowledge,
);

const BD: AgreementId = AgreementId::BurmesterDesmedt;

pub(crate) fn add<S: CryptoSuite>(x: &mut [u8], delta: &Element<S>) {
    let sum = S::Group::add(&decode::<S>(x[..32].try_into().unwrap()), delta);
    x[..32].copy_from_slice(&S::Group::encode(&sum));
}

pub(crate) fn crew<S: CryptoSuite>(members: usize, methods: Methods) -> Contributed<S> {
    Crew::new(members, methods).contribute()
}

fn malformed_contributions_name_their_sender<S: CryptoSuite>() {
    for methods in combinations() {
        for members in [2, 3, 5] {
            let liar = members - 1;
            for change in [
                |payload: &mut Vec<u8>| payload.clear(),
                |payload: &mut Vec<u8>| payload.truncate(payload.len() - 1),
                |payload: &mut Vec<u8>| payload.push(0),
            ] {
                let mut run = crew::<S>(members, methods);
                run.lie(liar, |body| change(&mut body.agreement));
                run.assert_fault(FaultKind::MalformedContribution, &[liar]);
            }
            // The share: too short, too long, not canonical; or there at all, where none is wanted.
            for share in [vec![1; 31], vec![1; 33], vec![0xff; 32]] {
                let mut run = crew::<S>(members, methods);
                run.lie(liar, |body| body.knowledge_share = share.clone());
                run.assert_fault(FaultKind::MalformedContribution, &[liar]);
            }
        }
        let mut run = crew::<S>(5, methods);
        run.lie(1, |body| body.agreement.clear());
        run.lie(3, |body| body.agreement.push(1));
        run.assert_fault(FaultKind::MalformedContribution, &[1, 3]);
    }
}

fn points_that_no_honest_member_sends_are_malformed<S: CryptoSuite>() {
    let g = S::Group::encode(&generator::<S>());
    let mut not_canonical = g;
    not_canonical[31] |= 0x80;
    for authentication in AuthenticationId::ALL {
        let methods = Methods::new(BD, authentication);
        // With neighbours that differ, X is never the identity.
        for x in [[0; 32], not_canonical, [0xff; 32]] {
            let mut run = crew::<S>(4, methods);
            run.lie(2, |body| body.agreement[..32].copy_from_slice(&x));
            run.assert_fault(FaultKind::MalformedContribution, &[2]);
        }
        // With one neighbour, or none, X is the identity, and no proof goes with it.
        let mut run = crew::<S>(2, methods);
        run.lie(1, |body| body.agreement.copy_from_slice(&g));
        run.assert_fault(FaultKind::MalformedContribution, &[1]);
        let mut run = crew::<S>(2, methods);
        run.lie(0, |body| body.agreement.resize(96, 0));
        run.assert_fault(FaultKind::MalformedContribution, &[0]);
    }
}

fn a_wrong_share_of_the_key_names_its_sender_exactly<S: CryptoSuite>() {
    for authentication in AuthenticationId::ALL {
        for members in [3, 5, 8] {
            for liar in 0..members {
                let mut run = crew::<S>(members, Methods::new(BD, authentication));
                run.lie(liar, |body| {
                    add::<S>(&mut body.agreement, &generator::<S>())
                });
                run.assert_fault(FaultKind::WrongShare, &[liar]);
            }
        }
        // The right X of another member, with the proof that it goes with.
        let mut run = crew::<S>(5, Methods::new(BD, authentication));
        let stolen = run.contributions[3].body.agreement.clone();
        run.lie(1, |body| body.agreement = stolen);
        run.assert_fault(FaultKind::WrongShare, &[1]);
    }
}

/// Adds d to the X of one member and takes it from that of another.
pub(crate) fn collude<S: CryptoSuite>(
    members: usize,
    methods: Methods,
    liars: [usize; 2],
) -> Contributed<S> {
    let mut run = crew::<S>(members, methods);
    let delta = generator::<S>();
    let negative = S::Group::sub(&S::Group::identity(), &delta);
    run.lie(liars[0], |body| add::<S>(&mut body.agreement, &delta));
    run.lie(liars[1], |body| add::<S>(&mut body.agreement, &negative));
    run
}

/// The liars confirm as they must: whatever they say of the key, they are heard saying it.
pub(crate) fn confirm_as<S: CryptoSuite>(run: Contributed<S>, liars: &[usize]) -> Confirmed<S> {
    let mut confirmed = run.confirm();
    let honest = confirmed.confirmations.values().next().unwrap().clone();
    for liar in liars {
        let key = confirmed.known[*liar].e();
        let sender = u16::try_from(*liar).unwrap();
        let confirmation =
            confirmed
                .spec
                .confirmation_of(sender, honest.statement, honest.sealed.clone(), &key);
        confirmed.confirmations.insert(*liar, confirmation);
    }
    confirmed
}

fn two_colluding_liars_whose_errors_cancel_are_both_named<S: CryptoSuite>() {
    for authentication in AuthenticationId::ALL {
        for members in [4, 5, 8] {
            for distance in 2..members - 1 {
                let mut liars = [1, (1 + distance) % members];
                let run = collude::<S>(members, Methods::new(BD, authentication), liars);
                liars.sort_unstable();
                let confirmed = confirm_as(run, &liars);
                // The sum is right, so all went on; but who sits between the liars has another key.
                let keys: Vec<_> = confirmed
                    .phases
                    .values()
                    .map(|phase| phase.confirmation().statement)
                    .collect();
                assert!(
                    keys.iter().any(|key| *key != keys[0]),
                    "nobody was deceived"
                );
                confirmed.assert_fault(FaultKind::WrongShare, &liars);
            }
        }
    }
}

fn neighbours_whose_errors_cancel_cannot_split_the_others<S: CryptoSuite>() {
    for members in [4, 6] {
        let confirmed = collude::<S>(members, DEFAULT, [1, 2]).confirm();
        let mut keys = confirmed
            .phases
            .values()
            .map(|phase| phase.confirmation().statement);
        let first = keys.next().unwrap();
        assert!(
            keys.all(|key| key == first),
            "a member that sits beside neither has the same key"
        );
        assert_ne!(
            first,
            confirmed.epoch().1,
            "though not the one of the links"
        );
    }
}

fn a_wrong_proof_of_a_right_share_harms_nobody_and_is_named_when_asked_for<S: CryptoSuite>() {
    for authentication in AuthenticationId::ALL {
        let methods = Methods::new(BD, authentication);
        let spoil = |run: &mut Contributed<S>, member: usize, at: usize| {
            run.lie(member, |body| body.agreement[at] ^= 1);
        };
        // Nobody looks at it while the key is right: all come to one statement.
        let mut run = crew::<S>(5, methods);
        spoil(&mut run, 2, 40);
        let confirmed = run.confirm();
        let mut statements = confirmed
            .phases
            .values()
            .map(|phase| phase.confirmation().statement);
        let first = statements.next().unwrap();
        assert!(statements.all(|statement| statement == first));
        // When another lies about its share, both are at fault.
        for at in [32, 64, 63, 95] {
            let mut run = crew::<S>(5, methods);
            spoil(&mut run, 2, at);
            run.lie(4, |body| add::<S>(&mut body.agreement, &generator::<S>()));
            run.assert_fault(FaultKind::WrongShare, &[2, 4]);
        }
        // A proof made for another run shows nothing in this one.
        let mut run = crew::<S>(5, methods);
        let stale = Crew::<S>::seeded(5, methods, 9).contribute().contributions[2]
            .body
            .clone();
        run.lie(2, |body| {
            body.agreement[32..].copy_from_slice(&stale.agreement[32..])
        });
        run.lie(4, |body| add::<S>(&mut body.agreement, &generator::<S>()));
        run.assert_fault(FaultKind::WrongShare, &[2, 4]);
    }
}

fn a_wrong_pairwise_part_names_its_sender_to_its_receiver<S: CryptoSuite>() {
    for authentication in AuthenticationId::ALL {
        let methods = Methods::new(AgreementId::Pairwise, authentication);
        // The part for member 0 does not open; all others have what they need.
        let mut run = crew::<S>(4, methods);
        run.lie(2, |body| body.agreement[32] ^= 1);
        let Contributed {
            identities,
            mut phases,
            contributions,
            mut rng,
            ..
        } = run;
        let rejected = phases
            .remove(&0)
            .unwrap()
            .confirm(contributions.as_slice(), &identities[0], &mut rng)
            .unwrap_err();
        let RunError::Fault(fault) = rejected.error else {
            panic!("no fault")
        };
        assert_eq!(
            (fault.kind, fault.culprits),
            (FaultKind::WrongPart, at(&[2]))
        );
        for (me, phase) in phases {
            assert!(
                phase
                    .confirm(contributions.as_slice(), &identities[me], &mut rng)
                    .is_ok()
            );
        }
        // Not what it committed to: all see it.
        let mut run = crew::<S>(4, methods);
        run.lie(2, |body| body.agreement[0] ^= 1);
        run.assert_fault(FaultKind::WrongPart, &[2]);
        // The part for member 0 opens, to what it did not commit to: member 0 alone would have another key.
        let mut run = crew::<S>(3, methods);
        let part = run.spec.part::<S>(2, 0, &run.known[2].z, &[9; 32]);
        run.lie(2, |body| body.agreement[32..80].copy_from_slice(&part));
        run.phases.retain(|member, _| *member == 0);
        run.assert_fault(FaultKind::WrongPart, &[2]);
    }
}

fn a_wrong_knowledge_share_names_its_sender<S: CryptoSuite>() {
    for agreement in AgreementId::ALL {
        let methods = Methods::new(agreement, AuthenticationId::GroupProof);
        for members in [2, 3, 5] {
            for liar in 0..members {
                let mut run = crew::<S>(members, methods);
                run.lie(liar, |body| body.knowledge_share[0] ^= 1);
                run.assert_fault(FaultKind::UnknownTrapdoor, &[liar]);
            }
        }
        let mut run = crew::<S>(5, methods);
        let shares = [1, 3].map(|member| run.contributions[member].body.knowledge_share.clone());
        run.lie(1, |body| body.knowledge_share.clone_from(&shares[1]));
        run.lie(3, |body| body.knowledge_share[0] ^= 1);
        run.assert_fault(FaultKind::UnknownTrapdoor, &[1, 3]);
        // Together they know the logarithm all the same, and that is all that deniability asks for.
        let mut run = crew::<S>(5, methods);
        run.lie(1, |body| body.knowledge_share.clone_from(&shares[1]));
        run.lie(3, |body| body.knowledge_share.clone_from(&shares[0]));
        assert_eq!(run.confirm().phases.len(), 3);
    }
}

fn knowledge_shares_whose_errors_cancel_are_joint_knowledge<S: CryptoSuite>() {
    let mut run = crew::<S>(4, DEFAULT);
    let shift = |share: &mut Vec<u8>, by: i8| {
        let one = S::Group::scalar_from_u128(1);
        let scalar = S::Group::decode_scalar(share.as_slice().try_into().unwrap()).unwrap();
        let shifted = if by > 0 {
            S::Group::scalar_add(&scalar, &one)
        } else {
            S::Group::scalar_sub(&scalar, &one)
        };
        *share = S::Group::encode_scalar(&shifted).to_vec();
    };
    run.lie(1, |body| shift(&mut body.knowledge_share, 1));
    run.lie(2, |body| shift(&mut body.knowledge_share, -1));
    // `(sum s) G = sum R + c T` holds: T has a logarithm that some know together.
    assert_eq!(run.confirm().phases.len(), 2);
}
