//! Who can come to the keys of the next epoch, and who cannot.

use mpotr_gka::light::{ChangeKind, SeedError, Seeded, Signed, Watch};

use crate::house::House;

/// Who is left out has `init`, every packet of the run, and its own receive key: no wrap is for it.
#[test]
fn excluded_with_init_reads_nothing() {
    let mut house = House::new(4);
    let terms = house.terms(1, ChangeKind::Exclusion, &[0, 1, 2]);
    let seed = house.propose(0, terms).seed().clone();
    let excluded = &house.members[3].parent;
    let refused = Seeded::open(excluded, seed.clone(), Watch::Lazy);
    assert_eq!(refused.unwrap_err(), SeedError::NotMine);
    // It lists itself, and has a wrap of another in its place: under its own key none opens.
    for wrap in &seed.body().wraps {
        let mut body = seed.body().clone();
        body.terms.staying = crate::house::members(&[0, 1, 2, 3]);
        (body.terms.kind, body.terms.watch) = (ChangeKind::Refresh, Watch::Lazy);
        body.wraps = vec![*wrap; 3];
        let liar = &house.members[3];
        let forged = Signed::sign(body, liar.parent.sid(), &liar.signing);
        let refused = Seeded::open(excluded, forged, Watch::Lazy);
        assert_eq!(refused.unwrap_err(), SeedError::WrongWrap);
    }
}

/// Receive keys are drawn anew with each change: a stolen one opens the change after it and no later one.
#[test]
fn stale_receive_key() {
    let house = House::new(3);
    let stolen = house.members[1].parent.keys()[1].receive;
    let mut after = house.change(1, ChangeKind::Refresh, &[0, 1, 2]);
    let terms = after.terms(1, ChangeKind::Refresh, &[0, 1, 2]);
    let seed = after.propose(0, terms).seed().clone();
    let now = after.members[1].parent.keys()[1].receive;
    assert_ne!(now, stolen);
    assert!(Seeded::open(&after.members[1].parent, seed, Watch::Lazy).is_ok());
}

/// A wrap is for one member, of one change.
#[test]
fn a_wrap_opens_for_its_member_alone() {
    let mut house = House::new(4);
    let [one, two] = [(); 2].map(|()| {
        let terms = house.terms(1, ChangeKind::Refresh, &[0, 1, 2, 3]);
        house.propose(0, terms).seed().clone()
    });
    let mut swapped = one.body().clone();
    swapped.wraps.swap(0, 1);
    let mut other_name = one.body().clone();
    other_name.terms.handle = two.body().terms.handle;
    let mut other_key = one.body().clone();
    other_key.ephemeral = two.body().ephemeral;
    let mut other_wraps = one.body().clone();
    other_wraps.wraps.clone_from(&two.body().wraps);
    let mut identity = one.body().clone();
    identity.ephemeral = mpotr_crypto::ElementBytes::new([0; 32]);
    for body in [swapped, other_name, other_key, other_wraps, identity] {
        let liar = &house.members[0];
        let seed = Signed::sign(body, liar.parent.sid(), &liar.signing);
        let refused = Seeded::open(&house.members[1].parent, seed, Watch::Lazy);
        assert_eq!(refused.unwrap_err(), SeedError::WrongWrap);
    }
    assert!(Seeded::open(&house.members[1].parent, one, Watch::Lazy).is_ok());
}

/// What is fresh in each change is secret from all before: equal terms, equal members, another epoch.
#[test]
fn two_changes_on_equal_terms_share_no_secret() {
    let [one, two] = [1, 2].map(|draws| {
        let mut house = House::new(3);
        for _ in 0..draws {
            let terms = house.terms(1, ChangeKind::Refresh, &[0, 1, 2]);
            drop(house.propose(0, terms));
        }
        let round = house.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
        let sharing = house.share_all(round);
        let joint = house.certify(&sharing);
        house.install(sharing, &joint).1[0].clone()
    });
    assert_ne!(one.sid, two.sid);
    assert_ne!(one.key_commitment, two.key_commitment);
    assert_ne!(one.secret, two.secret);
}

/// Nothing that is printed of a phase is secret.
#[test]
fn nothing_secret_is_printed() {
    let mut house = House::new(2);
    let round = house.begin(7, ChangeKind::Refresh, &[0, 1]);
    assert_eq!(format!("{:?}", round.frozen[0].1), "Frozen(view 7)");
    assert_eq!(format!("{:?}", round.proposing), "Proposing(view 7)");
    let sid = house.members[0].parent.sid();
    assert_eq!(
        format!("{:?}", house.members[0].parent),
        format!("Continuation({sid})")
    );
    let sharing = house.share_all(round);
    assert_eq!(format!("{:?}", sharing.shared[0].1), "Shared(view 7)");
    let terms = house.terms(8, ChangeKind::Refresh, &[0, 1]);
    let proposed = house.propose(0, terms);
    assert!(format!("{proposed:?}").contains("FreshSecret(..)"));
}
