//! Round 1 with packets that are forged, stale, echoed, doubled or missing: a member that did not sign is not to blame.

use mpotr_crypto::CryptoSuite;
use mpotr_gka::{
    AgreementId, AuthenticationId, ContributionBody, FaultKind, MemberIndex, Methods, RoomId,
    RoundPacket, RunError,
};

use crate::contributions::{add, collude, confirm_as, crew};
use crate::crew::{Contributed, Crew, UNSIGNED, at};
use crate::spec::generator;
use crate::{DEFAULT, combinations};

checks!(
    a_contribution_without_its_signature_was_not_received,
    nobody_is_named_before_every_packet_carries_its_signature,
    contributions_of_another_run_room_or_roster_were_not_received,
    the_contribution_of_another_member_in_its_place_is_malformed_or_wrong,
    a_changed_echo_of_the_own_contribution_blames_nobody,
    packets_out_of_order_or_missing_are_incomplete,
    contributions_that_equivocate_name_their_sender,
    after_a_rejection_the_phase_goes_on_with_what_was_missing,
);

fn a_contribution_without_its_signature_was_not_received<S: CryptoSuite>() {
    for methods in combinations() {
        // Whatever is wrong with it: an outsider sent it.
        for change in [
            |body: &mut ContributionBody| body.agreement.clear(),
            |body: &mut ContributionBody| body.agreement.push(0),
            |body: &mut ContributionBody| body.knowledge_share = vec![0xff; 32],
        ] {
            let mut run = crew::<S>(4, methods);
            run.tamper(2, change);
            run.phases.remove(&2);
            run.assert_not_received(&[2]);
        }
    }
    let mut run = crew::<S>(4, DEFAULT);
    run.tamper(2, |body| add::<S>(&mut body.agreement, &generator::<S>()));
    run.phases.remove(&2);
    run.assert_not_received(&[2]);
    let mut run = crew::<S>(4, DEFAULT);
    // Different bits, so that one does not undo the other.
    run.tamper(2, |body| body.knowledge_share[0] ^= 1);
    run.tamper(3, |body| body.knowledge_share[0] ^= 2);
    run.phases.retain(|member, _| *member < 2);
    run.assert_not_received(&[2, 3]);
    // A right contribution needs no signature: nobody looks.
    let mut run = crew::<S>(4, DEFAULT);
    run.contributions[2].signature = UNSIGNED;
    run.phases.remove(&2);
    assert_eq!(run.confirm().phases.len(), 3);
}

fn nobody_is_named_before_every_packet_carries_its_signature<S: CryptoSuite>() {
    // A liar whose accomplice leaves its packet unsigned waits with it for that packet, and no longer.
    let mut run = crew::<S>(5, DEFAULT);
    run.lie(1, |body| add::<S>(&mut body.agreement, &generator::<S>()));
    let signed = run.contributions[3].clone();
    run.tamper(3, |body| add::<S>(&mut body.agreement, &generator::<S>()));
    run.phases.retain(|member, _| *member == 0);
    let phase = run.phases.remove(&0).unwrap();
    let identity = &run.identities[0];
    let rejected = phase
        .confirm(run.contributions.as_slice(), identity, &mut run.rng)
        .unwrap_err();
    assert_eq!(rejected.error, RunError::NotReceived(at(&[3])));
    run.contributions[3] = signed;
    run.phases = [(0, rejected.phase)].into();
    run.assert_fault(FaultKind::WrongShare, &[1]);
    // Past the round of contributions nothing is waited for: the signer is named.
    let mut run = collude::<S>(5, DEFAULT, [1, 3]);
    run.contributions[3].signature = UNSIGNED;
    confirm_as(run, &[1, 3]).assert_fault(FaultKind::WrongShare, &[1]);
    // If no contribution at fault is signed, the run is dead and names nobody.
    let mut run = collude::<S>(5, DEFAULT, [1, 3]);
    run.contributions[1].signature = UNSIGNED;
    run.contributions[3].signature = UNSIGNED;
    confirm_as(run, &[1, 3]).assert_fault(FaultKind::WrongShare, &[]);
}

fn contributions_of_another_run_room_or_roster_were_not_received<S: CryptoSuite>() {
    for methods in combinations() {
        // The same people, each time with fresh offers, as the protocol wants it: another run, rosters, room.
        let other = |room, seed, members| {
            let people = Crew::<S>::new(members, methods).identities;
            Crew::<S>::of(people, methods, RoomId::of_name::<S>(room), seed).contribute()
        };
        for (room, seed, members) in [
            ("room", 1, 4),
            ("room", 2, 5),
            ("room", 3, 3),
            ("another room", 4, 4),
        ] {
            let stale = other(room, seed, members).contributions[2].clone();
            let mut run = crew::<S>(4, methods);
            run.contributions[2] = stale;
            run.phases.remove(&2);
            run.assert_not_received(&[2]);
        }
        // Even with the same offers, which nobody uses twice: sid is another one.
        let mut run = crew::<S>(4, methods);
        let mut again = Crew::<S>::new(4, methods);
        again.head.push(1);
        run.contributions[2] = again.contribute().contributions[2].clone();
        run.phases.remove(&2);
        if methods == Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::TripleDh) {
            // X does not depend on sid, and nothing else is looked at: it is right.
            assert_eq!(run.confirm().phases.len(), 3);
        } else {
            run.assert_not_received(&[2]);
        }
    }
}

fn the_contribution_of_another_member_in_its_place_is_malformed_or_wrong<S: CryptoSuite>() {
    for methods in combinations() {
        let mut run = crew::<S>(4, methods);
        let stolen = run.contributions[3].body.clone();
        run.lie(1, |body| *body = stolen);
        for (me, error) in run.errors() {
            let RunError::Fault(fault) = error else {
                panic!("no fault")
            };
            assert_eq!(fault.culprits, at(&[1]), "as member {me} sees it");
        }
    }
}

fn a_changed_echo_of_the_own_contribution_blames_nobody<S: CryptoSuite>() {
    for methods in combinations() {
        let mut run = crew::<S>(3, methods);
        run.phases.retain(|member, _| *member == 0);
        run.tamper(0, |body| body.agreement.push(0));
        run.assert_not_received(&[0]);
        // Signed by another holder of the key, as after a state was copied: still not what this member sent.
        let mut run = crew::<S>(3, methods);
        let phase = run.phases.remove(&0).unwrap();
        run.lie(0, |body| body.agreement.push(0));
        run.phases = [(0, phase)].into();
        run.assert_not_received(&[0]);
    }
}

fn packets_out_of_order_or_missing_are_incomplete<S: CryptoSuite>() {
    let incomplete = |change: fn(&mut Contributed<S>), given| {
        let mut run = crew::<S>(3, DEFAULT);
        change(&mut run);
        for (_, error) in run.errors() {
            assert_eq!(error, RunError::Incomplete { given, members: 3 });
        }
    };
    incomplete(|run| run.contributions.swap(1, 2), 3);
    incomplete(|run| run.contributions.truncate(2), 2);
    incomplete(|run| run.contributions.clear(), 0);
    incomplete(
        |run| run.contributions.push(run.contributions[0].clone()),
        4,
    );
    incomplete(|run| run.contributions[2].sender = MemberIndex::new(7), 3);
}

fn contributions_that_equivocate_name_their_sender<S: CryptoSuite>() {
    for methods in combinations() {
        let mut run = crew::<S>(3, methods);
        let first = run.contributions[1].clone();
        let mut resigned = first.clone();
        resigned.signature = UNSIGNED;
        run.lie(1, |body| body.agreement.push(0));
        let second = run.contributions[1].clone();
        let view = run.run();
        let fault = first.equivocation(&second, view).unwrap();
        assert_eq!(
            (fault.kind, fault.culprits),
            (FaultKind::Equivocation, at(&[1]))
        );
        assert!(second.equivocation(&first, view).is_some());
        // The same bytes again, a signature that is not the sender's, another sender: no evidence.
        assert_eq!(first.equivocation(&first, view), None);
        assert_eq!(first.equivocation(&resigned, view), None);
        let mut forged = second.clone();
        forged.signature = UNSIGNED;
        assert_eq!(first.equivocation(&forged, view), None);
        assert_eq!(forged.equivocation(&first, view), None);
        assert_eq!(first.equivocation(&run.contributions[2], view), None);
        let mut claimed = run.contributions[2].clone();
        claimed.sender = MemberIndex::new(1);
        assert_eq!(first.equivocation(&claimed, view), None);
        // What was signed for another run says nothing in this one.
        let mut other = Crew::<S>::new(3, methods);
        other.head.push(1);
        let other = other.contribute();
        assert!(other.contributions[1].is_authentic(other.run()));
        assert_eq!(first.equivocation(&other.contributions[1], view), None);
    }
}

fn after_a_rejection_the_phase_goes_on_with_what_was_missing<S: CryptoSuite>() {
    for methods in combinations() {
        let mut run = crew::<S>(3, methods);
        let honest = run.contributions.clone();
        run.tamper(1, |body| body.agreement.push(0));
        let forged = run.contributions.clone();
        let Contributed {
            identities,
            phases,
            mut rng,
            ..
        } = run;
        let statements: Vec<_> = phases
            .into_iter()
            .filter(|(me, _)| *me != 1)
            .map(|(me, phase)| {
                let own = phase.contribution().clone();
                let rejected = phase
                    .confirm(forged.as_slice(), &identities[me], &mut rng)
                    .unwrap_err();
                assert_eq!(rejected.error, RunError::NotReceived(at(&[1])));
                assert_eq!(rejected.phase.contribution(), &own);
                let confirming =
                    rejected
                        .phase
                        .confirm(honest.as_slice(), &identities[me], &mut rng);
                confirming.unwrap().confirmation().statement
            })
            .collect();
        assert_eq!(statements[0], statements[1]);
    }
}
