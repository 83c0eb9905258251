//! Honest runs: one key for all, and the right one.

use mpotr_crypto::{CryptoSuite, Group, label};
use mpotr_gka::{AgreementId, AuthenticationId, Established, Methods, RoomId, simulation};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::crew::{Crew, INNER};
use crate::spec::Spec;
use crate::{DEFAULT, combinations};

checks!(
    keys_are_equal_and_the_sum_of_all_links,
    all_combinations_form_a_group,
    the_specification_alone_computes_what_members_send,
    one_seed_gives_one_run_and_another_seed_another,
    runs_of_other_rosters_rooms_and_terms_share_no_secret,
    a_group_of_three_has_no_bytes_that_grow_with_it,
);

/// A value that stands for the secret of an epoch.
fn secret_of<S: CryptoSuite>(established: &Established<S>) -> [u8; 32] {
    *established
        .secret
        .expand::<S, 32>(label::EXPORTER, b"test")
        .expose()
}

fn form<S: CryptoSuite>(members: usize, methods: Methods, seed: u64) -> Vec<Established<S>> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed);
    simulation::form_group::<S>(members, methods, &mut rng)
        .unwrap()
        .0
}

fn assert_one_epoch<S: CryptoSuite>(members: &[Established<S>]) {
    let first = &members[0];
    for (me, member) in members.iter().enumerate() {
        assert_eq!(member.statement, first.statement, "member {me}");
        assert_eq!(secret_of(member), secret_of(first), "member {me}");
        assert_eq!(member.run.sid(), first.run.sid());
        assert_eq!(member.run.me().place(), me);
        assert_eq!(member.signing.public(), member.signing_keys[me]);
        assert_eq!(member.signing_keys, first.signing_keys);
    }
}

fn keys_are_equal_and_the_sum_of_all_links<S: CryptoSuite>() {
    for members in (1..=8).chain([16, 100]) {
        let contributed = Crew::<S>::new(members, DEFAULT).contribute();
        let confirmed = contributed.confirm();
        // From sum z_k z_{k+1} G, with no X and no running sum.
        let (epoch, statement) = confirmed.epoch();
        let established: Vec<_> = confirmed.establish().into_values().collect();
        assert_eq!(established.len(), members);
        assert_one_epoch(&established);
        assert_eq!(established[0].statement, statement, "N = {members}");
        let secret = epoch.child::<S>(label::MESSAGES, statement.contributions.as_bytes());
        let exported = secret.expand::<S, 32>(label::EXPORTER, b"test");
        assert_eq!(
            &secret_of(&established[0]),
            exported.expose(),
            "N = {members}"
        );
    }
}

fn all_combinations_form_a_group<S: CryptoSuite>() {
    for methods in combinations() {
        for members in [1, 2, 3, 5, 8] {
            let established = form::<S>(members, methods, 1);
            assert_eq!(established.len(), members, "{methods:?}");
            assert_one_epoch(&established);
        }
    }
}

fn the_specification_alone_computes_what_members_send<S: CryptoSuite>() {
    for members in [1, 2, 3, 10] {
        let contributed = Crew::<S>::new(members, DEFAULT).contribute();
        for (member, contribution) in contributed.contributions.iter().enumerate() {
            let known = &contributed.known[member];
            let body = &contribution.body;
            assert_eq!(
                body.knowledge_share,
                contributed.spec.share::<S>(member, &known.y, &known.r)
            );
            let x = S::Group::mul(&contributed.spec.width::<S>(member), &known.z);
            assert_eq!(body.agreement[..32], S::Group::encode(&x));
            assert_eq!(body.agreement.len(), if members < 3 { 32 } else { 96 });
            let signed = contributed
                .spec
                .contribution(member, body.clone(), &known.e());
            assert_eq!(&signed, contribution);
        }
        let confirmed = contributed.confirm();
        let (epoch, statement) = confirmed.epoch();
        for (member, confirmation) in &confirmed.confirmations {
            let payload = confirmed.spec.open::<S>(&epoch, confirmation).unwrap();
            let committed = confirmed.spec.commitment::<S>(*member, &payload);
            let body = &confirmed.contributions[*member].body;
            assert_eq!(body.inner_keys, committed);
            assert!(
                confirmed
                    .spec
                    .proof_holds::<S>(*member, &statement, &payload[INNER..])
            );
            let key = confirmed.known[*member].e();
            let sealed = confirmed
                .spec
                .confirmation(*member, &epoch, statement, &payload, &key);
            assert_eq!(&sealed, confirmation);
        }
    }
}

fn one_seed_gives_one_run_and_another_seed_another<S: CryptoSuite>() {
    for methods in combinations() {
        let [first, again, other] =
            [7, 7, 8].map(|seed| secret_of(&form::<S>(3, methods, seed)[0]));
        assert_eq!(first, again);
        assert_ne!(first, other);
    }
}

fn runs_of_other_rosters_rooms_and_terms_share_no_secret<S: CryptoSuite>() {
    let secret = |crew: Crew<S>| {
        let established = crew.contribute().confirm().establish();
        (established[&0].run.sid(), secret_of(&established[&0]))
    };
    let crew = || Crew::<S>::new(3, DEFAULT);
    let (sid, key) = secret(crew());
    assert_eq!((sid, key), secret(crew()));
    let mut other_terms = crew();
    other_terms.head.push(0);
    let identities = crew().identities;
    let other_room = Crew::of(identities, DEFAULT, RoomId::of_name::<S>("another room"), 0);
    // The same people in another order.
    let mut other_cycle = crew();
    other_cycle.offers.swap(1, 2);
    other_cycle.secrets.swap(1, 2);
    other_cycle.known.swap(1, 2);
    other_cycle.identities.swap(1, 2);
    for other in [other_terms, other_room, other_cycle] {
        let (other_sid, other_key) = secret(other);
        assert_ne!(sid, other_sid);
        assert_ne!(key, other_key);
    }
}

fn a_group_of_three_has_no_bytes_that_grow_with_it<S: CryptoSuite>() {
    let sent = |members, methods| {
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        simulation::form_group::<S>(members, methods, &mut rng)
            .unwrap()
            .1
    };
    let [three, nine] = [3, 9].map(|members| sent(members, DEFAULT));
    assert_eq!(three.by_one_member, nine.by_one_member);
    assert_eq!(nine.total, 9 * nine.by_one_member);
    // Offer 245, contribution 2 + 4 + 96 + 4 + 32 + 32 + 64, confirmation 2 + 32 + 32 + 4 + 128 + 96 + 16 + 64.
    assert_eq!(three.by_one_member, 245 + 234 + 374);
    // One more member costs every member a part of 48 bytes, and a tag of 16.
    let naive = Methods::new(AgreementId::Pairwise, AuthenticationId::TripleDh);
    let [three, nine] = [3, 9].map(|members| sent(members, naive));
    assert_eq!(nine.by_one_member - three.by_one_member, 6 * (48 + 16));
}

/// `sum z_k z_{k+1} G` for one and two members, by hand.
#[test]
fn the_key_of_one_is_the_square_of_its_share_and_that_of_two_twice_their_product() {
    use mpotr_backend_rustcrypto::{ChaCha20Poly1305Suite as S, Ristretto255 as G};
    let number = G::scalar_from_u128;
    let key = |shares: &[u128]| {
        Spec::key_of_links::<S>(
            &shares
                .iter()
                .map(|share| number(*share))
                .collect::<Vec<_>>(),
        )
    };
    assert_eq!(key(&[5]), G::mul_base(&number(25)));
    assert_eq!(key(&[3, 7]), G::mul_base(&number(42)));
    assert_eq!(key(&[2, 3, 5]), G::mul_base(&number(6 + 15 + 10)));
}
