//! Proposals that are taken part in, refused, or waited for.

use mpotr_crypto::SignatureBytes;

use super::*;
use crate::config::Admission;
use crate::policy::Policy;
use crate::room::testing::{NOW, Suite, Two};

impl Two {
    fn judge(&self, proposal: &Proposal) -> Result<Part<Suite>, Verdict> {
        let judge = Judge {
            now: NOW,
            parent: Parent::None,
            me: &self.common.me,
            lobby: &self.lobby,
            votes: &self.votes,
            running: None,
        };
        judge.judge(proposal)
    }

    #[track_caller]
    fn refuses(&self, proposal: &Proposal, expected: &Rejection) {
        match self.judge(proposal) {
            Err(Verdict::Refuse(rejection)) => assert_eq!(rejection, *expected),
            Err(Verdict::Ask(_)) => assert_eq!(Rejection::NotAdmitted, *expected),
            Err(other) => panic!("{other:?}"),
            Ok(_) => panic!("taken part in"),
        }
    }
}

#[test]
fn a_proposal_that_passes_all_checks_is_taken_part_in() {
    let mut two = Two::new();
    let proposal = two.proposal(0, Policy::default());
    let part = two.judge(&proposal).ok().unwrap();
    assert_eq!(part.run.members().len(), 2);
    assert_eq!(part.continuing, None);
}

#[test]
fn terms_that_differ_are_refused() {
    let mut two = Two::new();
    let mut elsewhere = two.proposal(0, Policy::default());
    elsewhere.room = mpotr_gka::RoomId::new([9; 32]);
    two.refuses(&elsewhere, &Rejection::OtherRoom);
    let policy = Policy {
        evidence: true,
        ..Policy::default()
    };
    let other_policy = two.proposal(0, policy);
    two.refuses(&other_policy, &Rejection::OtherPolicy);
}

#[test]
fn views_below_and_far_above_are_refused() {
    let mut two = Two::new();
    let nearest = two.proposal(2, Policy::default());
    assert!(two.judge(&nearest).is_ok());
    let far = two.proposal(3, Policy::default());
    two.refuses(&far, &Rejection::StaleView);
    two.lobby.turns.leave_view(NOW, &nearest);
    two.refuses(&nearest, &Rejection::StaleView);
}

#[test]
fn an_offer_that_is_spent_or_missing_or_replaced_is_no_part_of_a_run() {
    let mut two = Two::new();
    let proposal = two.proposal(0, Policy::default());
    let other = two.other.offering.own(None).unwrap();
    let (digest, offer) = (other.digest, other.member.offer().clone());
    two.lobby.offering.spend([digest]);
    two.refuses(&proposal, &Rejection::UnusableOffer);
    two.lobby = Lobby::new(&two.common.me, NOW);
    two.refuses(&proposal, &Rejection::NotListed);
    let me = &two.common.me;
    two.lobby.renew_offer(me, NOW, None, &mut two.rng);
    two.lobby.offering.hear(NOW, offer).unwrap();
    two.refuses(&proposal, &Rejection::NotListed);
}

#[test]
fn offers_that_are_not_at_hand_are_waited_for() {
    let mut two = Two::new();
    let mut proposal = two.proposal(0, Policy::default());
    proposal.offers.push(OfferDigest::new([0xff; 32]));
    assert!(matches!(two.judge(&proposal), Err(Verdict::Wait)));
}

#[test]
fn strangers_and_forgeries_are_refused_before_anything_is_said() {
    let mut two = Two::new();
    let mut proposal = two.proposal(0, Policy::default());
    two.votes.admission = Admission::Ask(BTreeSet::new());
    two.refuses(&proposal, &Rejection::NotAdmitted);
    two.votes.admission = Admission::Open;
    proposal.signature = SignatureBytes::new([7; 64]);
    two.refuses(&proposal, &Rejection::NotAuthentic);
}
