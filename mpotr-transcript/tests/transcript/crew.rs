//! Talks to be performed by people who exist, and by people who do not.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite;
use mpotr_core::Room;
use mpotr_crypto::{IdentityKey, IdentityKeyPair};
use mpotr_gka::{Forger, RoomId};
use mpotr_transcript::{Act, Part, Play, Report, Transcript, forge, perform, verify};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

pub(crate) type Suite = ChaCha20Poly1305Suite;

/// A talk of so many people who are there from the beginning to the end.
pub(crate) fn talk(members: usize, texts: usize) -> Vec<Act> {
    (0..texts)
        .map(|text| Act::Say(text * 7 % members, format!("text {text}").into_bytes()))
        .collect()
}

/// A talk of three, in which a fourth comes in and the second leaves.
pub(crate) fn coming_and_going() -> Vec<Act> {
    let mut acts = talk(3, 5);
    acts.push(Act::Join(3));
    acts.extend(talk(4, 6));
    acts.push(Act::Leave(vec![1]));
    acts.extend([0, 2, 3, 0].map(|member| Act::Say(member, b"after".to_vec())));
    acts
}

pub(crate) fn play(members: Vec<IdentityKey>, acts: Vec<Act>) -> Play {
    Play::new(RoomId::of_name::<Suite>("tea"), members, acts)
}

/// The identities of people who exist.
pub(crate) fn people(members: usize, seed: u64) -> Vec<IdentityKeyPair> {
    let mut rng = ChaCha20Rng::seed_from_u64(seed ^ 0x00c0_ffee);
    (0..members)
        .map(|_| IdentityKeyPair::random::<Suite>(&mut rng))
        .collect()
}

pub(crate) fn keys(people: &[IdentityKeyPair]) -> Vec<IdentityKey> {
    people.iter().map(IdentityKeyPair::public).collect()
}

/// What is left of a talk that people had: of these keys, whose secrets they hold.
pub(crate) fn had(play: &Play, people: &[IdentityKeyPair], seed: u64) -> Vec<Part> {
    perform::<Suite>(
        play,
        |identity, config, now, rng| {
            let holder = people.iter().find(|it| it.public() == identity).unwrap();
            let holder = IdentityKeyPair::from_secret::<Suite>(holder.secret()).unwrap();
            Room::new(config, holder, now, rng)
        },
        &mut ChaCha20Rng::seed_from_u64(seed),
    )
    .unwrap()
}

/// What is left of a talk that nobody had, of each member.
pub(crate) fn invented(play: &Play, seed: u64) -> Vec<Part> {
    let forger = Forger::<Suite>::new();
    perform::<Suite>(
        play,
        |identity, config, now, rng| Room::new(config, forger.invent(identity), now, rng),
        &mut ChaCha20Rng::seed_from_u64(seed),
    )
    .unwrap()
}

/// The transcripts of a talk that people had: one of each.
pub(crate) fn real(acts: Vec<Act>, members: usize, seed: u64) -> Vec<Vec<u8>> {
    real_with(acts, members, seed, |_| {})
}

/// The same, where something about the talk is otherwise.
pub(crate) fn real_with(
    acts: Vec<Act>,
    members: usize,
    seed: u64,
    change: impl FnOnce(&mut Play),
) -> Vec<Vec<u8>> {
    let people = people(members, seed);
    let mut play = play(keys(&people), acts);
    change(&mut play);
    let parts = had(&play, &people, seed);
    parts.into_iter().map(|part| part.transcript).collect()
}

/// A transcript of a talk that nobody had, from public keys.
pub(crate) fn forged(acts: Vec<Act>, members: usize, seed: u64) -> Vec<u8> {
    let play = play(keys(&people(members, seed)), acts);
    forge::<Suite>(&play, None, &mut ChaCha20Rng::seed_from_u64(seed)).unwrap()
}

pub(crate) fn report(file: &[u8]) -> Report {
    verify::<Suite>(&Transcript::read(file), &mut ChaCha20Rng::seed_from_u64(1))
}

#[track_caller]
pub(crate) fn assert_sound(file: &[u8]) -> Report {
    let report = report(file);
    assert!(report.is_sound(), "{:#?}", report.flaws);
    report
}
