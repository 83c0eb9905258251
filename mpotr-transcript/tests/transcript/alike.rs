//! Verification shows the transcript of a real talk as it shows a forged one of the same talk.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_core::wire::ContentKind;
use mpotr_core::{Policy, Rule};
use mpotr_crypto::IdentityKey;
use mpotr_transcript::{EpochReport, Flaw, Part, Transcript};

use crate::crew::{had, invented, keys, people, report};
use crate::scenes::{NAMES, SCENES};

/// What a reader of a transcript sees, without what the network and random numbers decide: the epochs in which nothing
/// is said, and in what order those write who know nothing of each other.
#[derive(Debug, PartialEq, Eq)]
struct View {
    /// Whose text, in whose presence, in the order of its author.
    texts: BTreeMap<&'static str, Vec<(String, BTreeSet<&'static str>)>>,
    policies: BTreeSet<Policy>,
    unproven: BTreeSet<String>,
    flaws: BTreeSet<String>,
}

fn view(part: &Part, seed: u64) -> View {
    let keys = keys(&people(NAMES.len(), seed));
    let name = |key| NAMES[keys.iter().position(|it| it == key).unwrap()];
    let transcript = Transcript::read(&part.transcript);
    let report = report(&part.transcript);
    let mut texts = BTreeMap::<_, Vec<_>>::new();
    for epoch in &report.epochs {
        let roster: BTreeSet<_> = epoch.roster.iter().map(name).collect();
        let mut messages: Vec<_> = epoch
            .messages
            .iter()
            .filter(|it| it.kind == ContentKind::Text)
            .collect();
        messages.sort_by_key(|it| (it.author, it.seq, it.body.clone()));
        for message in messages {
            let author = name(&epoch.roster[usize::from(message.author)]);
            let text = String::from_utf8(message.body.clone()).unwrap();
            texts
                .entry(author)
                .or_default()
                .push((text, roster.clone()));
        }
    }
    // Without its numbers: which member has which place in a roster is random.
    let words = |flaw: &Flaw| {
        let flaw = flaw.kind.to_string();
        flaw.chars().filter(|it| !it.is_ascii_digit()).collect()
    };
    // In which epochs people leave, one after another or together, is decided by the network.
    let is_text = |kind| kind == ContentKind::Text;
    let is_of_talk = |it: &&EpochReport| it.messages.iter().any(|message| is_text(message.kind));
    let talk = report.epochs.iter().filter(is_of_talk);
    let unproven = talk.flat_map(|it| &it.unproven);
    let rename = |policy: &Policy| {
        // People of another seed have other keys.
        let mut policy = policy.clone();
        for rule in [&mut policy.admit, &mut policy.exclude, &mut policy.change] {
            if let Rule::Founders(founders) = rule {
                let place = |key: &_| keys.iter().position(|it| it == key).unwrap();
                let places = founders.iter().map(place);
                let places = places.map(|it| IdentityKey::new([u8::try_from(it).unwrap(); 32]));
                *founders = places.collect();
            }
        }
        policy
    };
    View {
        texts,
        policies: transcript
            .sections
            .iter()
            .map(|it| rename(&it.run.policy().unwrap()))
            .collect(),
        unproven: unproven.map(|it| format!("{it:?}")).collect(),
        flaws: report.flaws.iter().map(words).collect(),
    }
}

#[test]
fn a_forged_talk_is_shown_as_one_that_people_had() {
    for (seed, scene) in (10..).zip(&SCENES) {
        let real = had(&scene.play(seed), &people(NAMES.len(), seed), seed);
        let wanted: Vec<_> = real.iter().map(|real| view(real, seed)).collect();
        // Whether a member had stated an order before it heard of another is a matter of moments, in both: who forges draws
        // until it is as it should be.
        let mut missing: Vec<_> = (0..wanted.len()).collect();
        for seed in (0..8).map(|draw| seed + 50 + 10 * draw) {
            let forged = invented(&scene.play(seed), seed);
            missing.retain(|it| wanted[*it] != view(&forged[*it], seed));
            if missing.is_empty() {
                break;
            }
        }
        let missing: Vec<_> = missing
            .iter()
            .map(|it| (NAMES[*it], &wanted[*it]))
            .collect();
        assert!(missing.is_empty(), "{}: {missing:?}", scene.name);
    }
}
