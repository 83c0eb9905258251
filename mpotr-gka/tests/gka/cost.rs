//! What packets cost that nobody signed: signatures come before everything that says whose a wrong packet is.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_crypto::counting::{self, Counts, count};
use mpotr_crypto::{Group, random_scalar};
use mpotr_gka::{AuthenticationId, ContributionBody, FaultKind, MemberIndex, RunError};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::contributions::{add, crew};
use crate::crew::{Crew, UNSIGNED, at};
use crate::spec::generator;
use crate::{DEFAULT, Element, combinations};

type Counted = counting::Counted<Suite>;
type Elements = <Counted as mpotr_crypto::CryptoSuite>::Group;

const MEMBERS: usize = 16;
/// All but the one that receives.
const OTHERS: u64 = 15;
const FORGED: usize = MEMBERS - 1;

/// What the check of all shares costs: one double product, and what of it goes into the sum.
const CHECK: u64 = 2;

/// What a member does about a contribution that was changed on its way.
fn work_of_a_changed(alter: impl FnOnce(&mut ContributionBody)) -> Counts {
    let mut run = crew::<Counted>(MEMBERS, DEFAULT);
    run.tamper(FORGED, alter);
    run.phases.retain(|member, _| *member == 0);
    let (errors, work) = count(|| run.errors());
    assert_eq!(errors, [(0, RunError::NotReceived(at(&[FORGED])))]);
    work
}

#[test]
fn a_forged_share_costs_signatures_and_no_search_for_a_culprit() {
    let scalar = random_scalar::<Elements>(&mut ChaCha20Rng::seed_from_u64(1));
    let work =
        work_of_a_changed(|body| body.knowledge_share = Elements::encode_scalar(&scalar).to_vec());
    // All but this member's own.
    assert_eq!(work.signatures, OTHERS);
    assert_eq!(work.terms, CHECK);
}

#[test]
fn a_forged_link_of_the_cycle_costs_signatures_and_no_search_for_a_culprit() {
    let one: Element<Counted> = generator::<Counted>();
    let work = work_of_a_changed(|body| add::<Counted>(&mut body.agreement, &one));
    assert_eq!(work.signatures, OTHERS);
    assert_eq!(work.terms, CHECK);
}

#[test]
fn a_forged_proof_costs_signatures_and_one_sum_of_all_proofs() {
    // An insider seals it in the name of another: only who holds the epoch secret can.
    let mut run = Crew::<Counted>::new(MEMBERS, DEFAULT)
        .contribute()
        .confirm();
    run.alter_proof(FORGED, |payload| payload[40] ^= 1);
    run.tamper(FORGED, |confirmation| confirmation.signature = UNSIGNED);
    run.phases.retain(|member, _| *member == 0);
    let (errors, work) = count(|| run.errors());
    assert_eq!(errors, [(0, RunError::NotReceived(at(&[FORGED])))]);
    assert_eq!(work.signatures, OTHERS);
    // An identity and a commitment of each other member, and the trapdoor: the sum that every honest run costs.
    assert_eq!(work.terms, 2 * OTHERS + 1);
}

#[test]
fn a_run_in_which_all_is_well_looks_at_no_signature() {
    for methods in combinations() {
        let run = crew::<Counted>(3, methods);
        let (_, work) = count(|| run.confirm().establish());
        assert_eq!(work.signatures, 0);
    }
}

#[test]
fn a_liar_is_looked_for_when_all_have_signed() {
    let mut run = crew::<Counted>(MEMBERS, DEFAULT);
    run.lie(FORGED, |body| body.knowledge_share[0] ^= 1);
    run.phases.retain(|member, _| *member == 0);
    let (errors, work) = count(|| run.errors());
    let fault = mpotr_gka::Fault::of(FaultKind::UnknownTrapdoor, MemberIndex::of(FORGED));
    assert_eq!(errors, [(0, RunError::Fault(fault))]);
    assert_eq!(work.signatures, OTHERS);
    assert_eq!(DEFAULT.authentication, AuthenticationId::GroupProof);
    assert_eq!(work.terms, CHECK + CHECK * (OTHERS + 1));
}
