//! Who shares in what, and what is installed by whom.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as S;
use mpotr_gka::ViewPassed;
use mpotr_gka::light::{
    ChangeBody, ChangeKind, CutError, FreezeError, InstallError, LightCut, LightVote, ProposeError,
    Proposed, SeedError, Seeded, ShareError, Signed, TermsError, Watch,
};

use crate::house::{Closed, House, Line, message};

/// A CUT by who proposed, of the FREEZEs of all, with something altered in it.
fn altered(house: &House, closed: &Closed, alter: impl FnOnce(&mut LightCut)) -> Signed<LightCut> {
    let mut body = closed.cutting.cut().body().clone();
    alter(&mut body);
    let proposer = &house.members[closed.proposer];
    Signed::sign(body, proposer.parent.sid(), &proposer.signing)
}

/// What the last member answers to an altered CUT.
fn refusal(alter: impl FnOnce(&mut LightCut)) -> ShareError {
    let mut house = House::new(3);
    let round = house.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
    let mut closed = house.cut(round);
    let cut = altered(&house, &closed, alter);
    let (member, frozen) = closed.frozen.pop().unwrap();
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
    let mut closed = house.cut(round);
    let cut = closed.cutting.cut().clone();
    let (_, late) = closed.frozen.pop().unwrap();
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
    let round = house.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
    let mut closed = house.cut(round);
    let one = closed.cutting.cut().clone();
    // The same with another order of its own: the proposer holds one message less.
    let two = altered(&house, &closed, |cut| cut.closing.base = Line::prefix(4));
    assert_ne!(one.body(), two.body());
    let named = mpotr_gka::Fault::of(
        mpotr_gka::FaultKind::Equivocation,
        mpotr_gka::MemberIndex::new(0),
    );
    assert_eq!(
        one.equivocation(&two, &house.members[1].parent),
        Some(named)
    );
    let (member, frozen) = closed.frozen.pop().unwrap();
    let shared = house.share(member, frozen, &one).unwrap();
    let vote = shared.vote();
    // Its phase is consumed, and it answers the same SEED no second time.
    let again = house.open(2, closed.cutting.seed());
    let held = house.try_freeze(2, again).unwrap_err();
    assert_eq!(held.error, FreezeError::Answered);
    assert_eq!(house.members[2].parent.confirmed(), Some(&vote));
}

/// One FREEZE for a SEED: a second one would have nonces of its own, and be evidence against an honest member.
#[test]
fn one_freeze_a_seed() {
    let mut house = House::new(3);
    let terms = house.terms(1, ChangeKind::Refresh, &[0, 1, 2]);
    let proposed = house.propose(0, terms);
    let seed = proposed.seed().clone();
    let [one, two] = [(); 2].map(|()| house.open(1, &seed));
    let first = house.freeze(1, one);
    let held = house.try_freeze(1, two).unwrap_err();
    assert_eq!(held.error, FreezeError::Answered);
    assert_eq!(first.freeze().body().seed, seed.body().digest::<S>());
    // Another SEED of this view is answered: that its proposer made two is evidence against the proposer.
    let terms = house.terms(1, ChangeKind::Refresh, &[0, 1, 2]);
    let other = house.propose(0, terms).seed().clone();
    let other = house.open(1, &other);
    assert!(house.try_freeze(1, other).is_ok());
    // And the first still not again.
    let held = house.try_freeze(1, held.phase).unwrap_err();
    assert_eq!(held.error, FreezeError::Answered);
}

/// Two SEEDs with one roster in one view: a share for one does not serve the other, and there is one share a view.
#[test]
fn two_seeds_same_roster() {
    let mut house = House::new(3);
    let [mut one, mut two] = [(); 2].map(|()| {
        let round = house.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
        house.cut(round)
    });
    let [one_cut, two_cut] = [&one, &two].map(|closed| closed.cutting.cut().clone());
    let (_, first) = one.frozen.pop().unwrap();
    let shared = house.share(2, first, &one_cut).unwrap();
    let (_, other) = two.frozen.pop().unwrap();
    let held = house.share(2, other, &one_cut).unwrap_err();
    assert_eq!(held.error, ShareError::OtherSeed);
    let held = house.share(2, held.phase, &two_cut).unwrap_err();
    assert_eq!(held.error, ShareError::Passed(ViewPassed::Confirmed(1)));
    assert_eq!(house.members[2].parent.confirmed(), Some(&shared.vote()));
}

#[test]
fn light_seed_replayed_in_next_view() {
    let mut house = House::new(3);
    let first = house.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
    let mut first = house.cut(first);
    let second = house.begin(2, ChangeKind::Refresh, &[0, 1, 2]);
    let mut second = house.cut(second);
    let [first_cut, second_cut] = [&first, &second].map(|closed| closed.cutting.cut().clone());
    let (_, later) = second.frozen.pop().unwrap();
    assert!(house.share(2, later, &second_cut).is_ok());
    let (_, earlier) = first.frozen.pop().unwrap();
    let held = house.share(2, earlier, &first_cut).unwrap_err();
    assert_eq!(held.error, ShareError::Passed(ViewPassed::Entered(2)));
}

/// Who has answered a SEED of a view says nothing for a view below: it may have shown what a CUT there leaves out.
#[test]
fn nothing_for_a_view_below_the_one_entered() {
    let below = ViewPassed::Entered(2);
    let mut house = House::new(3);
    let first = house.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
    let terms = house.terms(1, ChangeKind::Refresh, &[0, 1, 2]);
    let late = house.propose(0, terms.clone()).seed().clone();
    let opened = house.open(2, &late);
    let mut first = house.cut(first);
    assert_eq!(house.members[2].parent.entered(), 1);
    let _second = house.begin(2, ChangeKind::Refresh, &[0, 1, 2]);
    assert_eq!(house.members[2].parent.entered(), 2);
    // SHARE: it has confirmed nothing, and holds all of the cut.
    let cut = first.cutting.cut().clone();
    let (_, frozen) = first.frozen.pop().unwrap();
    assert!(house.members[2].parent.confirmed().is_none());
    let held = house.share(2, frozen, &cut).unwrap_err();
    assert_eq!(held.error, ShareError::Passed(below));
    // FREEZE for a SEED that was opened before, and one that comes now.
    let held = house.try_freeze(2, opened).unwrap_err();
    assert_eq!(held.error, FreezeError::Passed(below));
    let it = &house.members[2];
    let refused = Seeded::open(&it.parent, late, Watch::Lazy).unwrap_err();
    assert_eq!(refused, SeedError::Passed(below));
    // SEED and CUT of its own.
    let it = &house.members[0];
    let (identity, signing) = (&it.identity, &it.signing);
    let refused = Proposed::new(&it.parent, terms, identity, signing, 9, &mut house.rng);
    assert_eq!(refused.unwrap_err(), ProposeError::Passed(below));
    let mut other = House::new(3);
    let round = other.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
    other.members[0].parent.enter(2).unwrap();
    let freezes = round.freezes();
    let refused = other.cut_of(round, freezes).map(drop).unwrap_err();
    assert_eq!(refused, CutError::Passed(below));
    // A full run is no other matter.
    let vote = LightVote {
        view: 1,
        what: message(9),
    };
    let parent = &mut house.members[2].parent;
    assert_eq!(parent.confirm(vote), Err(below));
    assert_eq!(parent.enter(1), Err(below));
    assert_eq!(parent.enter(2), Ok(()));
}

/// Who stays is as the kind of change says; so it is checked by who makes the SEED and by who opens it.
#[test]
fn a_kind_that_does_not_fit_who_stays_is_refused() {
    let mut house = House::new(3);
    for (kind, staying, expected) in [
        (
            ChangeKind::Refresh,
            vec![0, 1],
            TermsError::WrongKind(ChangeKind::Refresh),
        ),
        (
            ChangeKind::Leave,
            vec![0, 1, 2],
            TermsError::WrongKind(ChangeKind::Leave),
        ),
        (
            ChangeKind::Exclusion,
            vec![0, 1, 2],
            TermsError::WrongKind(ChangeKind::Exclusion),
        ),
        (ChangeKind::Leave, vec![0, 1, 7], TermsError::Strangers),
        (ChangeKind::Leave, vec![1, 0], TermsError::Strangers),
    ] {
        let terms = house.terms(1, kind, &staying);
        let it = &house.members[0];
        let (identity, signing) = (&it.identity, &it.signing);
        let refused = Proposed::new(&it.parent, terms, identity, signing, 9, &mut house.rng);
        assert_eq!(refused.unwrap_err(), ProposeError::Terms(expected));
    }
    // By a liar: an honest SEED with another kind, or with another one who stays.
    let terms = house.terms(1, ChangeKind::Leave, &[0, 1]);
    let honest = house.propose(0, terms).seed().body().clone();
    let liar = &house.members[0];
    for (kind, watch, expected) in [
        (
            ChangeKind::Refresh,
            Watch::Lazy,
            TermsError::WrongKind(ChangeKind::Refresh),
        ),
        (
            ChangeKind::Exclusion,
            Watch::Lazy,
            TermsError::LazyExclusion,
        ),
    ] {
        let mut body = honest.clone();
        (body.terms.kind, body.terms.watch) = (kind, watch);
        let seed = Signed::sign(body, liar.parent.sid(), &liar.signing);
        let refused = Seeded::open(&house.members[1].parent, seed, Watch::Eager);
        assert_eq!(refused.unwrap_err(), SeedError::Terms(expected));
    }
    let mut outsider = honest;
    outsider.terms.staying.push(mpotr_gka::MemberIndex::new(7));
    outsider.wraps.push(outsider.wraps[0]);
    let seed = Signed::sign(outsider, liar.parent.sid(), &liar.signing);
    let refused = Seeded::open(&house.members[1].parent, seed, Watch::Eager).unwrap_err();
    assert_eq!(refused, SeedError::Terms(TermsError::Strangers));
}

/// Whether a view is eager stands in SEED: all look at the same packets, and hold the proposer to the same.
#[test]
fn all_agree_on_whether_a_view_is_eager() {
    let mut house = House::new(3);
    let mut terms = house.terms(1, ChangeKind::Refresh, &[0, 1, 2]);
    terms.watch = Watch::Eager;
    let round = house.begin_with(terms, &[0, 1, 2]);
    let mut closed = house.cut(round);
    // A member that expects a lazy view refuses an unsigned CUT as others do.
    let cut = closed.cutting.cut().body().clone();
    let unsigned = Signed::new(cut, mpotr_crypto::SignatureBytes::new([7; 64]));
    let (_, frozen) = closed.frozen.pop().unwrap();
    let held = house.share(2, frozen, &unsigned).unwrap_err();
    assert_eq!(held.error, ShareError::NotAuthentic);
    // A forger that says lazy, where a member expects an eager view.
    let terms = house.terms(1, ChangeKind::Refresh, &[0, 1, 2]);
    let body = house.propose(0, terms).seed().body().clone();
    assert_eq!(body.terms.watch, Watch::Lazy);
    let forged = Signed::new(body, mpotr_crypto::SignatureBytes::new([7; 64]));
    let refused = Seeded::open(&house.members[1].parent, forged, Watch::Eager);
    assert_eq!(refused.unwrap_err(), SeedError::NotAuthentic);
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
    let confirmed = ViewPassed::Confirmed(3);
    assert_eq!(parent.confirm(full(3)), Err(confirmed));
    assert_eq!(sharing.shared[0].1.check(parent, &joint), Ok(()));
    // In a higher view it may; then the certificate of the lower one installs nothing.
    assert_eq!(parent.confirm(full(4)), Ok(()));
    let late = sharing.shared[0].1.check(parent, &joint);
    assert_eq!(late, Err(InstallError::NotLastConfirmed));
    // And the other way round: who confirmed in a full run of this view does not share in it.
    let mut house = House::new(3);
    let round = house.begin(3, ChangeKind::Refresh, &[0, 1, 2]);
    let mut closed = house.cut(round);
    let cut = closed.cutting.cut().clone();
    house.members[2].parent.confirm(full(3)).unwrap();
    let (_, frozen) = closed.frozen.pop().unwrap();
    let held = house.share(2, frozen, &cut).unwrap_err();
    assert_eq!(held.error, ShareError::Passed(confirmed));
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
    assert!(other.certify_with(&there, &shares).is_err());
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
    let freezes = round.freezes()[..2].to_vec();
    let missing = crate::house::members(&[2]);
    let refused = house.cut_of(round, freezes).map(drop).unwrap_err();
    assert_eq!(refused, CutError::Missing(missing));
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
