//! Round 2 with insiders, and what their proofs are worth.

use mpotr_crypto::{CryptoSuite, Digest32, Encoder, Group};
use mpotr_gka::{
    AgreementId, AuthenticationId, Established, FaultKind, Methods, Rejected, RoomId, RoundPacket,
    RunError,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::crew::{Confirmed, Crew, UNSIGNED, at};
use crate::{DEFAULT, combinations};

checks!(
    a_wrong_proof_names_its_sender_exactly,
    wrong_proofs_that_cancel_in_a_plain_sum_are_both_named,
    any_set_of_wrong_proofs_is_named_exactly,
    a_wrong_tag_names_its_sender_to_its_receiver,
    a_payload_that_does_not_open_names_who_signed_it,
    a_proof_of_another_member_run_roster_or_room_names_who_sent_it,
    confirmations_of_another_run_were_not_received,
    a_confirmation_over_another_key_names_its_sender,
    a_confirmation_over_other_contributions_names_nobody,
    a_confirmation_without_its_signature_was_not_received,
    nobody_is_named_before_every_confirmation_carries_its_signature,
    a_changed_echo_of_the_own_confirmation_blames_nobody,
    confirmations_that_equivocate_name_their_sender,
    after_a_rejection_the_same_confirmation_stands,
    relay_sees_no_proof,
    an_authentication_of_another_method_is_a_wrong_proof,
    a_stuck_source_of_randomness_repeats_no_nonce,
);

fn confirmed<S: CryptoSuite>(members: usize, methods: Methods) -> Confirmed<S> {
    Crew::new(members, methods).contribute().confirm()
}

fn flip(at: usize) -> impl Fn(&mut Vec<u8>) {
    move |payload| payload[at] ^= 1
}

fn a_wrong_proof_names_its_sender_exactly<S: CryptoSuite>() {
    for members in [2, 3, 5] {
        for liar in [0, members - 1] {
            // R, s, w: each wrong in its lowest bit.
            for at in [0, 32, 64] {
                let mut run = confirmed::<S>(members, DEFAULT);
                run.alter_proof(liar, flip(at));
                run.assert_fault(FaultKind::WrongProof, &[liar]);
            }
        }
        let garbage: [fn(&mut Vec<u8>); 7] = [
            |payload| payload.clear(),
            |payload| payload.truncate(95),
            |payload| payload.push(0),
            // The identity for R, which is canonical; then what is not, for R, s and w.
            |payload| payload[..32].fill(0),
            |payload| payload[31] |= 0x80,
            |payload| payload[32..64].fill(0xff),
            |payload| payload[64..].fill(0xff),
        ];
        for change in garbage {
            let mut run = confirmed::<S>(members, DEFAULT);
            run.alter_proof(1, change);
            run.assert_fault(FaultKind::WrongProof, &[1]);
        }
    }
}

/// Adds a number to the `s` of a proof.
fn shift<S: CryptoSuite>(payload: &mut [u8], up: bool) {
    let s = S::Group::decode_scalar(payload[32..64].try_into().unwrap()).unwrap();
    let delta = S::Group::scalar_from_u128(5);
    let shifted = if up {
        S::Group::scalar_add(&s, &delta)
    } else {
        S::Group::scalar_sub(&s, &delta)
    };
    payload[32..64].copy_from_slice(&S::Group::encode_scalar(&shifted));
}

fn wrong_proofs_that_cancel_in_a_plain_sum_are_both_named<S: CryptoSuite>() {
    let mut run = confirmed::<S>(5, DEFAULT);
    run.alter_proof(1, |payload| shift::<S>(payload, true));
    run.alter_proof(3, |payload| shift::<S>(payload, false));
    run.assert_fault(FaultKind::WrongProof, &[1, 3]);
}

fn any_set_of_wrong_proofs_is_named_exactly<S: CryptoSuite>() {
    let members = 5;
    // Member 0 looks; each set of the others lies, some in what does not even decode.
    for set in 1_usize..16 {
        let liars: Vec<_> = (1..members)
            .filter(|member| set >> (member - 1) & 1 == 1)
            .collect();
        let mut run = confirmed::<S>(members, DEFAULT);
        for liar in &liars {
            run.alter_proof(*liar, |payload| {
                if liar % 2 == 0 {
                    payload.push(0)
                } else {
                    shift::<S>(payload, true)
                }
            });
        }
        run.assert_fault(FaultKind::WrongProof, &liars);
    }
}

fn a_wrong_tag_names_its_sender_to_its_receiver<S: CryptoSuite>() {
    let methods = Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::TripleDh);
    // The tag for member 0 comes first: it alone sees that it is wrong.
    let mut run = confirmed::<S>(4, methods);
    run.alter_proof(2, flip(0));
    let Confirmed {
        mut phases,
        confirmations,
        mut rng,
        ..
    } = run;
    let confirmations: Vec<_> = confirmations.into_values().collect();
    let rejected = phases
        .remove(&0)
        .unwrap()
        .establish(&confirmations, &mut rng)
        .unwrap_err();
    let RunError::Fault(fault) = rejected.error else {
        panic!("no fault")
    };
    assert_eq!(
        (fault.kind, fault.culprits),
        (FaultKind::WrongProof, at(&[2]))
    );
    for (_, phase) in phases {
        assert!(phase.establish(&confirmations, &mut rng).is_ok());
    }
    // A payload of the wrong length is wrong for all.
    for change in [
        |payload: &mut Vec<u8>| payload.truncate(47),
        |payload: &mut Vec<u8>| payload.push(0),
    ] {
        let mut run = confirmed::<S>(4, methods);
        run.alter_proof(2, change);
        run.assert_fault(FaultKind::WrongProof, &[2]);
    }
    // Several at once, and in order.
    let mut run = confirmed::<S>(4, methods);
    run.alter_proof(1, |payload| payload.fill(1));
    run.prove(3, &[]);
    run.assert_fault(FaultKind::WrongProof, &[1, 3]);
}

fn a_payload_that_does_not_open_names_who_signed_it<S: CryptoSuite>() {
    for methods in combinations() {
        // D and kc are right, so the sender had the key: it has sealed what nobody can open, and signed that.
        let mut run = confirmed::<S>(4, methods);
        run.lie(1, |confirmation| confirmation.sealed[0] ^= 1);
        run.lie(2, |confirmation| confirmation.sealed.truncate(16));
        run.assert_fault(FaultKind::WrongProof, &[1, 2]);
        // What another member sealed opens under no other sender.
        let mut run = confirmed::<S>(4, methods);
        let stolen = run.confirmations[&3].sealed.clone();
        run.lie(1, |confirmation| confirmation.sealed = stolen);
        run.assert_fault(FaultKind::WrongProof, &[1]);
    }
}

fn a_proof_of_another_member_run_roster_or_room_names_who_sent_it<S: CryptoSuite>() {
    for authentication in AuthenticationId::ALL {
        let methods = Methods::new(AgreementId::BurmesterDesmedt, authentication);
        // Each seals and signs it as its own.
        let mut run = confirmed::<S>(4, methods);
        run.prove(1, &run.payload(3));
        run.assert_fault(FaultKind::WrongProof, &[1]);
        // The same people with the same identities, in another run, roster and room.
        let other = |room, seed, members: usize| {
            let people = Crew::<S>::new(members, methods).identities;
            let crew = Crew::<S>::of(people, methods, RoomId::of_name::<S>(room), seed);
            crew.contribute().confirm()
        };
        for (room, seed, members) in [("room", 1, 4), ("room", 1, 5), ("another room", 0, 4)] {
            let replayed = other(room, seed, members).payload(1);
            let mut run = confirmed::<S>(4, methods);
            let length = run.payload(1).len();
            run.prove(1, &replayed[..length]);
            run.assert_fault(FaultKind::WrongProof, &[1]);
        }
    }
}

fn confirmations_of_another_run_were_not_received<S: CryptoSuite>() {
    for methods in combinations() {
        for (seed, members) in [(1, 3), (2, 4)] {
            let other = Crew::<S>::seeded(members, methods, seed)
                .contribute()
                .confirm();
            let mut run = confirmed::<S>(3, methods);
            run.confirmations.insert(1, other.confirmations[&1].clone());
            run.phases.remove(&1);
            run.assert_not_received(&[1]);
        }
    }
}

fn a_confirmation_over_another_key_names_its_sender<S: CryptoSuite>() {
    for methods in combinations() {
        for members in [2, 3, 5] {
            let mut run = confirmed::<S>(members, methods);
            run.lie(members - 1, |confirmation| {
                confirmation.statement.key_commitment = Digest32::new([1; 32]);
            });
            run.assert_fault(FaultKind::WrongKeyCommitment, &[members - 1]);
        }
        let mut run = confirmed::<S>(4, methods);
        for liar in [0, 2] {
            let other = Digest32::new([u8::try_from(liar).unwrap(); 32]);
            run.lie(liar, |confirmation| {
                confirmation.statement.key_commitment = other
            });
        }
        run.assert_fault(FaultKind::WrongKeyCommitment, &[0, 2]);
    }
}

fn a_confirmation_over_other_contributions_names_nobody<S: CryptoSuite>() {
    for methods in combinations() {
        let mut run = confirmed::<S>(3, methods);
        // Perhaps it lies, perhaps it was sent another contribution: its word proves neither.
        run.lie(1, |confirmation| {
            confirmation.statement.contributions = Digest32::new([1; 32])
        });
        run.assert_fault(FaultKind::OtherContributions, &[]);
    }
}

fn a_confirmation_without_its_signature_was_not_received<S: CryptoSuite>() {
    for methods in combinations() {
        for change in [
            |c: &mut mpotr_gka::Confirmation| c.statement.contributions = Digest32::new([1; 32]),
            |c: &mut mpotr_gka::Confirmation| c.statement.key_commitment = Digest32::new([1; 32]),
            |c: &mut mpotr_gka::Confirmation| c.sealed[0] ^= 1,
            |c: &mut mpotr_gka::Confirmation| c.sealed.truncate(16),
        ] {
            let mut run = confirmed::<S>(4, methods);
            run.tamper(1, change);
            run.tamper(2, change);
            run.phases.retain(|member, _| ![1, 2].contains(member));
            run.assert_not_received(&[1, 2]);
        }
        // A right confirmation needs no signature: nobody looks.
        let mut run = confirmed::<S>(3, methods);
        run.tamper(2, |confirmation| confirmation.signature = UNSIGNED);
        run.phases.remove(&2);
        assert_eq!(run.establish().len(), 2);
    }
}

fn nobody_is_named_before_every_confirmation_carries_its_signature<S: CryptoSuite>() {
    let mut run = confirmed::<S>(4, DEFAULT);
    run.alter_proof(1, flip(40));
    run.alter_proof(3, flip(40));
    run.tamper(3, |confirmation| confirmation.signature = UNSIGNED);
    run.assert_not_received(&[3]);
    let mut run = confirmed::<S>(4, DEFAULT);
    for liar in [1, 3] {
        run.lie(liar, |c| {
            c.statement.key_commitment = Digest32::new([1; 32])
        });
    }
    run.tamper(3, |confirmation| confirmation.signature = UNSIGNED);
    run.assert_not_received(&[3]);
}

fn a_changed_echo_of_the_own_confirmation_blames_nobody<S: CryptoSuite>() {
    for methods in combinations() {
        let mut run = confirmed::<S>(3, methods);
        run.phases.retain(|member, _| *member == 0);
        run.tamper(0, |confirmation| confirmation.sealed[0] ^= 1);
        run.assert_not_received(&[0]);
        let mut run = confirmed::<S>(3, methods);
        let phase = run.phases.remove(&0).unwrap();
        run.lie(0, |confirmation| confirmation.sealed[0] ^= 1);
        run.phases = [(0, phase)].into();
        run.assert_not_received(&[0]);
    }
}

fn confirmations_that_equivocate_name_their_sender<S: CryptoSuite>() {
    for methods in combinations() {
        for change in [
            |c: &mut mpotr_gka::Confirmation| c.statement.contributions = Digest32::new([1; 32]),
            |c: &mut mpotr_gka::Confirmation| c.statement.key_commitment = Digest32::new([1; 32]),
            |c: &mut mpotr_gka::Confirmation| c.sealed[0] ^= 1,
        ] {
            let mut run = confirmed::<S>(3, methods);
            let first = run.confirmations[&1].clone();
            run.lie(1, change);
            let second = run.confirmations[&1].clone();
            let fault = first.equivocation(&second, run.run()).unwrap();
            assert_eq!(
                (fault.kind, fault.culprits),
                (FaultKind::Equivocation, at(&[1]))
            );
            assert_eq!(first.equivocation(&first, run.run()), None);
            assert_eq!(first.equivocation(&run.confirmations[&2], run.run()), None);
            let mut forged = second.clone();
            forged.signature = UNSIGNED;
            assert_eq!(first.equivocation(&forged, run.run()), None);
            let mut resigned = first.clone();
            resigned.signature = UNSIGNED;
            assert_eq!(first.equivocation(&resigned, run.run()), None);
        }
    }
}

fn after_a_rejection_the_same_confirmation_stands<S: CryptoSuite>() {
    for methods in combinations() {
        let mut run = confirmed::<S>(3, methods);
        let honest: Vec<_> = run.confirmations.values().cloned().collect();
        run.tamper(1, |confirmation| confirmation.sealed[0] ^= 1);
        let forged: Vec<_> = run.confirmations.values().cloned().collect();
        let phase = run.phases.remove(&0).unwrap();
        let Rejected { phase, error } = *phase.establish(&forged, &mut run.rng).unwrap_err();
        assert_eq!(error, RunError::NotReceived(at(&[1])));
        assert_eq!(phase.confirmation(), &honest[0]);
        assert_eq!(phase.contributions(), &run.contributions);
        let established: Established<S> = phase.establish(&honest, &mut run.rng).unwrap();
        assert_eq!(established.statement, honest[0].statement);
    }
}

fn relay_sees_no_proof<S: CryptoSuite>() {
    let run = confirmed::<S>(3, DEFAULT);
    for (member, confirmation) in &run.confirmations {
        let proof = run.payload(*member);
        let wire = Encoder::encoded(|out| confirmation.encode(out));
        for part in proof.chunks(32) {
            assert!(!wire.windows(16).any(|window| window == &part[..16]));
        }
        // Who does not hold the key of the epoch opens nothing.
        let guess = mpotr_crypto::kdf::Prk::extract::<S>(run.spec.sid.as_bytes(), &[0; 32]);
        assert_eq!(run.spec.open::<S>(&guess, confirmation), None);
    }
}

fn an_authentication_of_another_method_is_a_wrong_proof<S: CryptoSuite>() {
    let bd = AgreementId::BurmesterDesmedt;
    let mut run = confirmed::<S>(3, DEFAULT);
    run.alter_proof(1, |payload| payload.truncate(32));
    run.assert_fault(FaultKind::WrongProof, &[1]);
    let mut run = confirmed::<S>(3, Methods::new(bd, AuthenticationId::TripleDh));
    run.alter_proof(1, |payload| payload.resize(96, 0));
    run.assert_fault(FaultKind::WrongProof, &[1]);
}

/// The proofs of one identity in two runs, made with a source of randomness that repeats itself.
fn a_stuck_source_of_randomness_repeats_no_nonce<S: CryptoSuite>() {
    let prove = |seed| {
        let people = Crew::<S>::new(2, DEFAULT).identities;
        let room = RoomId::of_name::<S>("room");
        let mut contributed = Crew::<S>::of(people, DEFAULT, room, seed).contribute();
        // Member 0 alone confirms, with the first draws of a generator that is always the same.
        contributed.rng = ChaCha20Rng::seed_from_u64(1);
        contributed.phases.remove(&1);
        let confirmed = contributed.confirm();
        let (_, statement) = confirmed.epoch();
        let payload = confirmed.payload(0);
        assert!(confirmed.spec.proof_holds::<S>(0, &statement, &payload));
        payload
    };
    let [first, again, other] = [5, 5, 6].map(prove);
    assert_eq!(first, again, "the draws are the same");
    assert_ne!(first[..32], other[..32], "R");
    assert_ne!(first[64..], other[64..], "w");
}
