//! Why an offer is used once, and that it is. `docs/security/offers.md`.

use mpotr_crypto::{CryptoSuite, Group, IdentityKeyPair};
use mpotr_gka::{
    Contributing, CycleShare, EpochName, Forger, Identity, KnowledgeCommitment, KnownIdentities,
    Nonce, Offer, OfferSecrets, RoomId, RosterError, RoundPacket, Run, RunError, RunMember,
    TrapdoorKey,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::crew::{Contributed, Crew, PARENT};
use crate::spec::{Spec, decode};
use crate::{DEFAULT, Element};

checks!(
    excluded_member_cannot_walk_the_ring,
    a_chosen_share_beside_a_used_offer_reads_an_old_link,
    every_offer_has_fresh_keys_of_every_kind,
    a_source_that_repeats_itself_repeats_no_key,
    a_member_knows_its_own_offer_as_others_decode_it,
    a_roster_with_the_own_offer_changed_is_refused,
    another_identity_than_the_offers_is_refused,
);

/// `X_i` as its sender broadcast it.
fn x<S: CryptoSuite>(run: &Contributed<S>, member: usize) -> Element<S> {
    decode::<S>(
        run.contributions[member].body.agreement[..32]
            .try_into()
            .unwrap(),
    )
}

/// All links `z_k z_{k+1} G` of a run, from one of them and every X: what each member of a run knows.
fn walk<S: CryptoSuite>(run: &Contributed<S>, start: usize, link: Element<S>) -> Vec<Element<S>> {
    let members = run.spec.len();
    let mut links = vec![link; members];
    for step in 1..members {
        let (before, member) = ((start + step - 1) % members, (start + step) % members);
        links[member] = S::Group::add(&links[before], &x(run, member));
    }
    links
}

fn sum<S: CryptoSuite>(links: &[Element<S>]) -> [u8; 32] {
    S::Group::encode(&S::Group::sum(links))
}

/// Runs 1 of members 0 to 3, and a second one without member 3, whose offers the caller chooses.
fn excluded_member_cannot_walk_the_ring<S: CryptoSuite>() {
    let key_in_second_run = |seed| {
        let first = Crew::<S>::new(4, DEFAULT).contribute();
        // Member 3 stays silent, and is left out of the next proposal.
        let mut second = Crew::<S>::seeded(4, DEFAULT, seed);
        second.offers.truncate(3);
        second.secrets.truncate(3);
        second.known.truncate(3);
        second.head.push(1);
        let second = second.contribute();
        // It knows one link of the first run, and so all: those of 0, 1 and 2 are links of the second run too.
        let own = S::Group::mul(&first.spec.cycle_share::<S>(4), &first.known[3].z);
        let old = walk(&first, 3, own);
        assert_eq!(sum::<S>(&old), true_key(&first));
        // The link from 2 back to 0 is new; X_2 of the second run says how it differs from the one before it.
        let new = S::Group::add(&old[1], &x(&second, 2));
        let guess = sum::<S>(&[old[0].clone(), old[1].clone(), new]);
        (guess, true_key(&second))
    };
    let (guess, key) = key_in_second_run(0);
    assert_eq!(
        guess, key,
        "with the offers of the first run, who was left out has the key"
    );
    let (guess, key) = key_in_second_run(1);
    assert_ne!(
        guess, key,
        "with fresh offers, as the types have it, it has nothing"
    );
}

fn true_key<S: CryptoSuite>(run: &Contributed<S>) -> [u8; 32] {
    let shares: Vec<_> = run.known.iter().map(|known| known.z.clone()).collect();
    S::Group::encode(&Spec::key_of_links::<S>(&shares))
}

fn a_chosen_share_beside_a_used_offer_reads_an_old_link<S: CryptoSuite>() {
    // Members 0 and 1 had a link in a first run. In a second one the insider, between 0 and 2, offers Z = Z_1 + Z_2.
    let link_read = |seed| {
        let first = Crew::<S>::new(3, DEFAULT);
        let link = S::Group::mul(
            &decode::<S>(first.offers[1].share.as_bytes()),
            &first.known[0].z,
        );
        let shares = [1, 2].map(|member| decode::<S>(first.offers[member].share.as_bytes()));
        let mut second = Crew::<S>::seeded(3, DEFAULT, seed);
        let insider = 1;
        // The shares of the first run, of which 2 stands again beside 0, or another in its place.
        let beside = decode::<S>(second.offers[2].share.as_bytes());
        let chosen = S::Group::add(&shares[0], &beside);
        second.offers[insider].share = CycleShare::new(S::Group::encode(&chosen));
        let second = second.contribute_but(&[insider]);
        // The insider need not know log Z to read this.
        (x(&second, 0), link)
    };
    let (read, link) = link_read(0);
    assert_eq!(read, link, "X_0 = z_0 (Z_M - Z_2) = z_0 Z_1");
    let (read, link) = link_read(1);
    assert_ne!(read, link);
}

fn every_offer_has_fresh_keys_of_every_kind<S: CryptoSuite>() {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let identity = IdentityKeyPair::random::<S>(&mut rng);
    let room = RoomId::of_name::<S>("room");
    let offers: Vec<Offer> = (0..8)
        .map(|_| OfferSecrets::<S>::generate(room, Some(PARENT), &identity, 0, &mut rng).0)
        .collect();
    let mut keys: Vec<[u8; 32]> = offers
        .iter()
        .flat_map(|offer| {
            assert_eq!(
                (offer.room, offer.parent, offer.identity),
                (room, Some(PARENT), identity.public())
            );
            assert!(offer.supports(S::ID));
            keys_of(offer)
        })
        .collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), 8 * 5);
    let mut digests: Vec<_> = offers.iter().map(Offer::digest::<S>).collect();
    digests.sort_unstable();
    digests.dedup();
    assert_eq!(digests.len(), 8);
}

/// The keys of an offer, of every kind, and its nonce.
fn keys_of(offer: &Offer) -> [[u8; 32]; 5] {
    [
        *offer.ephemeral.as_bytes(),
        *offer.trapdoor.as_bytes(),
        *offer.share.as_bytes(),
        *offer.commitment.as_bytes(),
        *offer.nonce.as_bytes(),
    ]
}

fn a_source_that_repeats_itself_repeats_no_key<S: CryptoSuite>() {
    let [alice, bob] =
        [1, 2].map(|seed| IdentityKeyPair::random::<S>(&mut ChaCha20Rng::seed_from_u64(seed)));
    let invented = Forger::<S>::new().invent(alice.public());
    let [tea, coffee] = ["tea", "coffee"].map(RoomId::of_name::<S>);
    let alice: &dyn Identity<S> = &alice;
    let places: [(_, RoomId, Option<EpochName>, u64); 6] = [
        (alice, tea, Some(PARENT), 0),
        (alice, tea, Some(PARENT), 1),
        (alice, tea, None, 0),
        (alice, coffee, Some(PARENT), 0),
        (&bob, tea, Some(PARENT), 0),
        (&invented, tea, Some(PARENT), 0),
    ];
    // The same draws every time.
    let offer = |(identity, room, parent, count), seed| {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        OfferSecrets::<S>::generate(room, parent, identity, count, &mut rng).0
    };
    let mut keys: Vec<_> = places
        .iter()
        .flat_map(|place| keys_of(&offer(*place, 3)))
        .collect();
    assert_eq!(offer(places[0], 3), offer(places[0], 3));
    // Other draws count, too.
    keys.extend(keys_of(&offer(places[0], 4)));
    let count = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), count);
}

fn a_member_knows_its_own_offer_as_others_decode_it<S: CryptoSuite>() {
    let crew = Crew::<S>::new(1, DEFAULT);
    let offer = crew.secrets[0].offer();
    assert_eq!(offer, &crew.offers[0]);
    let own = crew.secrets[0].member(&KnownIdentities::new()).unwrap();
    assert_eq!(own.offer(), offer);
    // The elements are the same: a run with either gives the same bytes.
    let contribution = |member: RunMember<S>| {
        let Crew {
            mut secrets,
            identities,
            ..
        } = Crew::<S>::new(1, DEFAULT);
        let run = Run::new(crew.terms(), vec![member], 0).unwrap();
        let mut rng = ChaCha20Rng::seed_from_u64(1);
        Contributing::start(run, &identities[0], secrets.remove(0), &mut rng)
            .contribution()
            .clone()
    };
    let decoded = RunMember::decode(offer.clone(), &KnownIdentities::new()).unwrap();
    assert_eq!(contribution(own), contribution(decoded));
    // An identity key that does not decode is an error here as there.
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let nobody = Forger::<S>::new().invent(mpotr_crypto::IdentityKey::new([0xff; 32]));
    let (_, secrets) =
        OfferSecrets::generate(RoomId::new([0; 32]), Some(PARENT), &nobody, 0, &mut rng);
    assert_eq!(
        secrets.member(&KnownIdentities::new()).unwrap_err().field,
        "A"
    );
}

fn a_roster_with_the_own_offer_changed_is_refused<S: CryptoSuite>() {
    let fresh = Crew::<S>::seeded(1, DEFAULT, 3).offers.remove(0);
    let crew = Crew::<S>::new(3, DEFAULT);
    let run = crew.run(0).unwrap();
    assert_eq!(crew.secrets[0].check(&run, &crew.identities[0]), Ok(()));
    let changes: [&dyn Fn(&mut Offer); 7] = [
        &|offer| offer.trapdoor = TrapdoorKey::new(*fresh.trapdoor.as_bytes()),
        &|offer| offer.share = CycleShare::new(*fresh.share.as_bytes()),
        &|offer| offer.commitment = KnowledgeCommitment::new(*fresh.commitment.as_bytes()),
        &|offer| offer.ephemeral = fresh.ephemeral,
        &|offer| offer.nonce = Nonce::new([9; 32]),
        &|offer| offer.versions.push(2),
        &|offer| offer.suites.push(0x7fff),
    ];
    for change in changes {
        let mut crew = Crew::<S>::new(3, DEFAULT);
        change(&mut crew.offers[0]);
        assert_refused(crew, 0, 0, RosterError::NotAMember);
    }
    // Nor does the place of another member.
    assert_refused(Crew::<S>::new(3, DEFAULT), 1, 0, RosterError::NotAMember);
}

/// The secrets of member 0 serve no run in which it takes this place, with this identity.
fn assert_refused<S: CryptoSuite>(
    mut crew: Crew<S>,
    place: usize,
    identity: usize,
    error: RosterError,
) {
    let secrets = crew.secrets.remove(0);
    let run = crew.run(place).unwrap();
    let identity = &crew.identities[identity];
    assert_eq!(secrets.check(&run, identity), Err(error));
    // Who does not ask sends nothing of its secrets, and proves nothing.
    let phase = Contributing::start(run, identity, secrets, &mut crew.rng);
    let own = phase.contribution().clone();
    assert!(own.body.agreement.is_empty() && own.body.knowledge_share.is_empty());
    assert!(!own.is_authentic(phase.run()));
    let rejected = phase.confirm([own], identity, &mut crew.rng).unwrap_err();
    assert_eq!(rejected.error, RunError::Refused(error));
    let again = rejected.phase.confirm([], identity, &mut crew.rng);
    assert_eq!(again.unwrap_err().error, RunError::Refused(error));
}

fn another_identity_than_the_offers_is_refused<S: CryptoSuite>() {
    assert_refused(Crew::<S>::new(2, DEFAULT), 0, 1, RosterError::WrongIdentity);
    let Contributed {
        identities,
        mut phases,
        contributions,
        mut rng,
        ..
    } = Crew::<S>::new(2, DEFAULT).contribute();
    let phase = phases.remove(&0).unwrap();
    let rejected = phase
        .confirm(contributions.as_slice(), &identities[1], &mut rng)
        .unwrap_err();
    assert_eq!(
        rejected.error,
        RunError::Refused(RosterError::WrongIdentity)
    );
    assert!(
        rejected
            .phase
            .confirm(contributions.as_slice(), &identities[0], &mut rng)
            .is_ok()
    );
}
