//! Who shares in what, and what is installed by whom.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as S;
use mpotr_gka::NotRising;
use mpotr_gka::light::{
    ChangeBody, ChangeKind, Context, InstallError, LightCut, LightVote, SeedError, Seeded,
    ShareError, Signed, Watch,
};

use crate::house::{House, Line, Round, message};

/// A CUT by who proposed, of the FREEZEs of all, with something altered in it.
fn altered(house: &House, round: &Round, alter: impl FnOnce(&mut LightCut)) -> Signed<LightCut> {
    let mut body = house.cut(round, &round.freezes()).body().clone();
    alter(&mut body);
    let proposer = &house.members[round.frozen[0].0];
    Signed::sign(body, proposer.parent.sid(), &proposer.signing)
}

/// What the last member answers to an altered CUT.
fn refusal(alter: impl FnOnce(&mut LightCut)) -> ShareError {
    let mut house = House::new(3);
    let mut round = house.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
    let cut = altered(&house, &round, alter);
    let (member, frozen) = round.frozen.pop().unwrap();
    let held = house.share(member, frozen, &cut).unwrap_err();
    assert!(house.members[member].parent.confirmed().is_none());
    held.error
}

#[test]
fn base_beyond_every_lock() {
    let refused = refusal(|cut| {
        cut.closing.base.count = 90;
    });
    assert_eq!(refused, ShareError::WrongOrder);
    let refused = refusal(|cut| cut.closing.base.digest = message(9));
    assert_eq!(refused, ShareError::WrongOrder);
}

#[test]
fn a_base_below_what_a_member_has_signed_is_refused() {
    assert_eq!(
        refusal(|cut| cut.closing.base = Line::prefix(2)),
        ShareError::WrongOrder
    );
}

#[test]
fn another_order_than_the_own_is_refused() {
    let refused = refusal(|cut| cut.closing.closed.digest = message(9));
    assert_eq!(refused, ShareError::WrongOrder);
}

#[test]
fn cut_without_my_frontier() {
    let refused = refusal(|cut| {
        cut.closing.heads = vec![message(4)];
        cut.closing.closed = Line::prefix(4);
    });
    assert_eq!(refused, ShareError::NotMine);
    // A proposer that cuts everything away.
    let refused = refusal(|cut| {
        cut.closing.heads.clear();
        cut.closing.closed = Line::prefix(0);
    });
    assert_eq!(refused, ShareError::NotMine);
    let refused = refusal(|cut| cut.freezes[2] = cut.freezes[1]);
    assert_eq!(refused, ShareError::NotMine);
}

#[test]
fn what_is_not_held_is_waited_for() {
    let mut house = House::new(3);
    house.members[0].line.held = 7;
    house.members[1].line.held = 7;
    let round = house.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
    let cut = house.cut(&round, &round.freezes());
    let mut frozen = round.frozen.into_iter().map(|(_, frozen)| frozen);
    let late = frozen.nth(2).unwrap();
    let held = house.share(2, late, &cut).unwrap_err();
    assert_eq!(held.error, ShareError::NotHeld);
    house.members[2].line.held = 7;
    assert!(house.share(2, held.phase, &cut).is_ok());
}

#[test]
fn a_part_or_a_key_that_should_be_kept_is_not_changed() {
    let refused = refusal(|cut| cut.keys[0].part = cut.keys[1].part);
    assert_eq!(refused, ShareError::WrongKeys);
    let refused = refusal(|cut| cut.keys[0].signing = cut.keys[1].signing);
    assert_eq!(refused, ShareError::WrongKeys);
    let refused = refusal(|cut| {
        cut.keys.pop();
    });
    assert_eq!(refused, ShareError::WrongKeys);
    let refused = refusal(|cut| cut.sender = mpotr_gka::MemberIndex::new(1));
    assert_eq!(refused, ShareError::OtherSeed);
}

/// A second CUT of one SEED finds the nonces gone, and the vote taken.
#[test]
fn two_cuts_one_view() {
    let mut house = House::new(3);
    let mut round = house.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
    let freezes = round.freezes();
    let one = house.cut(&round, &freezes);
    // The same with another order of its own: the proposer holds one message less.
    let two = altered(&house, &round, |cut| cut.closing.base = Line::prefix(4));
    assert_ne!(one.body(), two.body());
    let named = mpotr_gka::Fault::of(
        mpotr_gka::FaultKind::Equivocation,
        mpotr_gka::MemberIndex::new(0),
    );
    assert_eq!(
        one.equivocation(&two, &house.members[1].parent),
        Some(named)
    );
    let (member, frozen) = round.frozen.pop().unwrap();
    let shared = house.share(member, frozen, &one).unwrap();
    let vote = shared.vote();
    // Its phase is consumed. A copy of the member that answers the same SEED anew has new nonces, and no vote left.
    let again = house.open(2, round.frozen[0].1.seed());
    let again = house.freeze(2, again);
    assert_ne!(again.freeze().body().nonces, freezes[2].body().nonces);
    let held = house.share(2, again, &one).unwrap_err();
    assert_eq!(held.error, ShareError::NotMine);
    assert_eq!(house.members[2].parent.confirmed(), Some(&vote));
}

/// Two SEEDs with one roster in one view: a share for one does not serve the other, and there is one share a view.
#[test]
fn two_seeds_same_roster() {
    let mut house = House::new(3);
    let [one, two] = [(); 2].map(|()| house.begin(1, ChangeKind::Refresh, &[0, 1, 2]));
    let [one_cut, two_cut] = [&one, &two].map(|round| house.cut(round, &round.freezes()));
    let mut frozen = [one, two]
        .map(|mut round| round.frozen.pop().unwrap().1)
        .into_iter();
    let shared = house.share(2, frozen.next().unwrap(), &one_cut).unwrap();
    let other = frozen.next().unwrap();
    let held = house.share(2, other, &one_cut).unwrap_err();
    assert_eq!(held.error, ShareError::OtherSeed);
    let held = house.share(2, held.phase, &two_cut).unwrap_err();
    assert_eq!(held.error, ShareError::NotRising(NotRising(1)));
    assert_eq!(house.members[2].parent.confirmed(), Some(&shared.vote()));
}

#[test]
fn light_seed_replayed_in_next_view() {
    let mut house = House::new(3);
    let mut first = house.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
    let mut second = house.begin(2, ChangeKind::Refresh, &[0, 1, 2]);
    let first_cut = house.cut(&first, &first.freezes());
    let second_cut = house.cut(&second, &second.freezes());
    let later = second.frozen.pop().unwrap().1;
    assert!(house.share(2, later, &second_cut).is_ok());
    let earlier = first.frozen.pop().unwrap().1;
    let held = house.share(2, earlier, &first_cut).unwrap_err();
    assert_eq!(held.error, ShareError::NotRising(NotRising(2)));
}

/// A share and the confirmation of a full run are votes of one kind.
#[test]
fn light_share_then_full_confirmation() {
    let mut house = House::new(3);
    let round = house.begin(3, ChangeKind::Refresh, &[0, 1, 2]);
    let mut sharing = house.share_all(round);
    let joint = house.certify(&sharing);
    let full = |view| LightVote {
        view,
        what: message(9),
    };
    let parent = &mut house.members[0].parent;
    assert_eq!(parent.confirm(full(3)), Err(NotRising(3)));
    assert_eq!(sharing.shared[0].1.check(parent, &joint), Ok(()));
    // In a higher view it may; then the certificate of the lower one installs nothing.
    assert_eq!(parent.confirm(full(4)), Ok(()));
    let late = sharing.shared[0].1.check(parent, &joint);
    assert_eq!(late, Err(InstallError::NotLastConfirmed));
    // And the other way round: who confirmed in a full run of this view does not share in it.
    let mut house = House::new(3);
    let mut round = house.begin(3, ChangeKind::Refresh, &[0, 1, 2]);
    let cut = house.cut(&round, &round.freezes());
    house.members[2].parent.confirm(full(3)).unwrap();
    let frozen = round.frozen.pop().unwrap().1;
    let held = house.share(2, frozen, &cut).unwrap_err();
    assert_eq!(held.error, ShareError::NotRising(NotRising(3)));
}

/// A certificate that comes late finds who confirmed nothing above it.
#[test]
fn late_joint_against_next_view() {
    let mut house = House::new(3);
    let first = house.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
    let mut sharing = house.share_all(first);
    let joint = house.certify(&sharing);
    // Members 0 and 1 go on in view 2 before it is heard; member 2 does not.
    let second = house.begin(2, ChangeKind::Leave, &[0, 1]);
    let second = house.share_all(second);
    for (member, expected) in [
        (0, Err(InstallError::NotLastConfirmed)),
        (1, Err(InstallError::NotLastConfirmed)),
        (2, Ok(())),
    ] {
        let parent = &house.members[member].parent;
        assert_eq!(sharing.shared[member].1.check(parent, &joint), expected);
    }
    let later = house.certify(&second);
    let (_, keys) = house.install(second, &later);
    assert_eq!(keys.len(), 2);
}

#[test]
fn share_replayed_in_other_parent() {
    let mut house = House::new(3);
    let mut other = House::seeded(3, 2);
    let terms = house.terms(1, ChangeKind::Refresh, &[0, 1, 2]);
    let seed = house.propose(0, terms).seed().clone();
    let refused = Seeded::open(&other.members[1].parent, seed, Watch::Lazy);
    assert_eq!(refused.unwrap_err(), SeedError::NotMine);
    let round = house.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
    let sharing = house.share_all(round);
    let round = other.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
    let there = other.share_all(round);
    // The same shares for other SEEDs and CUTs, and a certificate that goes with them.
    let shares = sharing.shares();
    assert!(other.certify_with(&there, &shares, Watch::Lazy).is_err());
    let joint = house.certify(&sharing);
    let mut body = joint.body().clone();
    let own = there.shared[0].1.share().body();
    (body.seed, body.cut) = (own.seed, own.cut);
    let moved = Signed::new(body, mpotr_crypto::SignatureBytes::new([7; 64]));
    let (_, mut shared) = there.shared.into_iter().next().unwrap();
    let refused = shared.check(&other.members[0].parent, &moved);
    assert_eq!(refused, Err(InstallError::Wrong));
}

/// Who has all shares makes the certificate, if who proposed keeps it back.
#[test]
fn joint_withheld() {
    let mut house = House::new(3);
    let round = house.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
    let mut sharing = house.share_all(round);
    let by_proposer = house.certify(&sharing);
    sharing.shared.rotate_left(1);
    let by_another = house.certify(&sharing);
    assert_eq!(by_another.body().signature, by_proposer.body().signature);
    assert_eq!(by_another.body().sender.get(), 1);
    let (_, keys) = house.install(sharing, &by_another);
    crate::all_alike(&keys);
}

#[test]
fn nothing_is_cut_before_all_have_answered() {
    let mut house = House::new(3);
    let round = house.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
    let (_, frozen) = &round.frozen[0];
    let it = &house.members[0];
    let freezes = &round.freezes()[..2];
    let refused = frozen.cut(
        &it.parent,
        freezes,
        &Context {
            order: &it.line,
            signing: &it.signing,
            watch: Watch::Lazy,
        },
    );
    let missing = crate::house::members(&[2]);
    assert_eq!(
        refused.unwrap_err(),
        mpotr_gka::light::CutError::Missing(missing)
    );
    let (_, other) = &round.frozen[1];
    let it = &house.members[1];
    let refused = other.cut(
        &it.parent,
        &round.freezes(),
        &Context {
            order: &it.line,
            signing: &it.signing,
            watch: Watch::Lazy,
        },
    );
    assert_eq!(
        refused.unwrap_err(),
        mpotr_gka::light::CutError::NotProposer
    );
}

/// Every FREEZE of one member, over views and SEEDs, has nonces of its own, however bad its source of randomness.
#[test]
fn nonce_once() {
    let mut house = House::new(2);
    let mut seen = Vec::new();
    for view in 1..4 {
        for _ in 0..2 {
            let terms = house.terms(view, ChangeKind::Refresh, &[0, 1]);
            let seed = house.propose(0, terms).seed().clone();
            // The source of the member that answers is stuck.
            let stuck = house.rng.clone();
            let opened = house.open(1, &seed);
            let answer = house.freeze(1, opened);
            house.rng = stuck;
            seen.push(*answer.freeze().body().nonces.as_bytes());
            assert_eq!(answer.freeze().body().seed, seed.body().digest::<S>());
            let _moved_on = house.terms(view, ChangeKind::Refresh, &[0, 1]);
        }
    }
    seen.sort_unstable();
    seen.dedup();
    assert_eq!(seen.len(), 6);
}
