//! Light runs, honest and otherwise: `docs/spec/14-light-runs.md`.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "clippy allows this in a test, and does not see that a helper belongs to one"
)]

#[path = "light/agreement.rs"]
mod agreement;
#[path = "light/blame.rs"]
mod blame;
#[path = "light/codec.rs"]
mod codec;
#[path = "light/house.rs"]
mod house;
#[path = "light/joins.rs"]
mod joins;
#[path = "light/secrecy.rs"]
mod secrecy;

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as S;
use mpotr_crypto::counting::{Counted, count};
use mpotr_crypto::{EphemeralKeyPair, IdentityKeyPair};
use mpotr_gka::light::{ChangeKind, Context, Heard, LightTerms, Proposed, Seeded, Watch};
use mpotr_gka::simulation;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use house::{House, Keys};

fn all_alike(keys: &[Keys]) {
    assert!(keys.windows(2).all(|pair| pair[0] == pair[1]));
}

#[test]
fn all_who_stay_come_to_one_epoch_by_every_kind_of_change() {
    for (kind, staying) in [
        (ChangeKind::Refresh, vec![1, 0, 2, 3]),
        (ChangeKind::Leave, vec![0, 2, 3]),
        (ChangeKind::Exclusion, vec![2, 0, 3]),
        (ChangeKind::Leave, vec![3]),
    ] {
        let mut house = House::new(4);
        let mut sorted = staying.clone();
        sorted.sort_unstable();
        let terms = house.terms(1, kind, &sorted);
        let round = house.begin_with(terms, &staying);
        let sharing = house.share_all(round);
        let joint = house.certify(&sharing);
        let (after, keys) = house.install(sharing, &joint);
        assert_eq!(keys.len(), staying.len());
        all_alike(&keys);
        for (place, member) in after.members.iter().enumerate() {
            assert_eq!(member.parent.me().place(), place);
            assert_eq!(member.parent.keys()[place].signing, member.signing.public());
        }
    }
}

#[test]
fn light_after_light() {
    let kinds = [
        (ChangeKind::Exclusion, 5),
        (ChangeKind::Refresh, 5),
        (ChangeKind::Leave, 4),
        (ChangeKind::Exclusion, 3),
        (ChangeKind::Leave, 2),
    ];
    let mut house = House::new(6);
    let mut sids = vec![house.members[0].parent.sid()];
    for (kind, staying) in kinds {
        let staying: Vec<_> = (0..staying).collect();
        house = house.change(1, kind, &staying);
        sids.push(house.members[0].parent.sid());
    }
    sids.sort_unstable();
    sids.dedup();
    assert_eq!(sids.len(), 6);
}

/// Parts that were moved, once and again, still sign for those who stay.
#[test]
fn leave_after_tweak() {
    let house = House::new(5).change(1, ChangeKind::Exclusion, &[0, 1, 2, 3]);
    let house = house.change(1, ChangeKind::Exclusion, &[0, 1, 2]);
    let house = house.change(1, ChangeKind::Leave, &[0, 2]);
    assert_eq!(house.members.len(), 2);
}

#[test]
fn what_a_change_keeps_and_what_it_draws_anew() {
    for (kind, staying, has_new_signing) in [
        (ChangeKind::Refresh, vec![0, 1, 2], false),
        (ChangeKind::Leave, vec![0, 1], false),
        (ChangeKind::Exclusion, vec![0, 1], true),
    ] {
        let house = House::new(3);
        let before = house.members[0].parent.keys().to_vec();
        let after = house.change(1, kind, &staying);
        for (keys, old) in after.members[0].parent.keys().iter().zip(before) {
            assert_eq!(keys.signing != old.signing, has_new_signing);
            assert_ne!(keys.receive, old.receive);
            assert_eq!(keys.part, old.part);
        }
    }
}

#[test]
fn a_lazy_change_looks_at_no_signature_but_one() {
    let mut house = House::new(8);
    let staying: Vec<_> = (0..7).collect();
    let round = house.begin(1, ChangeKind::Leave, &staying);
    let sharing = house.share_all(round);
    // Counting needs a suite of its own, so what is counted here is the signature that all rests on.
    let joint = house.certify(&sharing);
    let parts: Vec<_> = house.members[0].parent.keys()[..7]
        .iter()
        .map(|keys| keys.part.element::<Counted<S>>().unwrap())
        .collect();
    let key = mpotr_crypto::JointKey::<Counted<S>>::sum(&parts).unwrap();
    let kc = house.members[0].parent.key_commitment();
    let (_, work) = count(|| joint.body().signature.verify::<Counted<S>>(kc, &key, b""));
    assert_eq!((work.scalar_multiplications(), work.signatures), (2, 0));
    let (_, keys) = house.install(sharing, &joint);
    all_alike(&keys);
}

#[test]
fn an_eager_change_goes_through_as_a_lazy_one_does() {
    let mut house = House::new(4);
    let mut terms = house.terms(1, ChangeKind::Leave, &[0, 1, 3]);
    assert_eq!(terms.watch, Watch::Lazy);
    terms.watch = Watch::Eager;
    let round = house.begin_with(terms, &[0, 1, 3]);
    let sharing = house.share_all(round);
    let joint = house.certify(&sharing);
    all_alike(&house.install(sharing, &joint).1);
}

/// The suite whose work is counted.
type C = Counted<S>;

fn with<'a>(order: &'a house::Line, signing: &'a EphemeralKeyPair<C>) -> Context<'a, C> {
    Context { order, signing }
}

/// A proposer of an eager view verifies each FREEZE once, and who adds up each SHARE once, in whatever order they came.
#[test]
fn an_eager_view_costs_one_verification_a_packet() {
    let mut rng = ChaCha20Rng::seed_from_u64(3);
    let identity = IdentityKeyPair::random::<C>(&mut rng);
    let (mut members, _) = simulation::form_group::<C>(6, house::DEFAULT, &mut rng).unwrap();
    let line = house::Line { held: 5, locked: 3 };
    let terms = LightTerms {
        watch: Watch::Eager,
        ..House::new(6).terms(1, ChangeKind::Refresh, &[0, 1, 2, 3, 4, 5])
    };
    let it = &mut members[0];
    let (parent, key) = (&mut it.continuation, &it.signing);
    let proposed = Proposed::new(parent, terms, &identity, key, 0, &mut rng).unwrap();
    let seed = proposed.seed().clone();
    let own = proposed.freeze(parent, line.standing(), &identity, key, &mut rng);
    let own = own.unwrap();
    let mut frozen = Vec::new();
    for it in &mut members[1..] {
        let (parent, key) = (&mut it.continuation, &it.signing);
        let opened = Seeded::open(parent, seed.clone(), Watch::Lazy).unwrap();
        let answer = opened.freeze(parent, line.standing(), &identity, key, &mut rng);
        frozen.push(answer.unwrap());
    }
    let mut freezes = vec![own.freeze().clone()];
    freezes.extend(frozen.iter().rev().map(|it| it.freeze().clone()));
    let it = &members[0];
    let (cutting, work) = count(|| own.cut(&it.continuation, &freezes, &with(&line, &it.signing)));
    let cutting = cutting.unwrap();
    assert_eq!(work.signatures, 5);
    let cut = cutting.cut().clone();
    let heard = Heard::default();
    let it = &mut members[0];
    let own = cutting.share(&mut it.continuation, &heard, &with(&line, &it.signing));
    let own = own.unwrap();
    let mut shares = vec![own.share().clone()];
    for (frozen, it) in frozen.into_iter().zip(&mut members[1..]).rev() {
        let (parent, key) = (&mut it.continuation, &it.signing);
        let share = frozen.share(parent, cut.clone(), &heard, &with(&line, key));
        shares.push(share.unwrap().share().clone());
    }
    let it = &members[0];
    let context = with(&line, &it.signing);
    let (joint, work) = count(|| own.certify(&it.continuation, &freezes, &shares, &context));
    assert!(joint.is_ok());
    assert_eq!(work.signatures, 5);
}
