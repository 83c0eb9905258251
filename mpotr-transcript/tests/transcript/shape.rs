//! Forged and real transcripts have one shape: the bytes alone do not tell which is which.
//!
//! Real members with real secrets and invented ones perform the same talks on the same network, with other randomness. What a
//! verifier sees of both is compared, field by field:
//!
//! - lengths and flags that are fixed by the format: the sets of values are equal;
//! - bytes of fields that look random, the first byte, the last and those between apart (the encodings of scalars and elements
//!   are not uniform in their first and last): a two-sample chi-squared test;
//! - numbers that vary with the talk, one for each transcript: the two-sample test of Kolmogorov and Smirnov.
//!
//! The chance of one false alarm is about 10^-6 for each test, [`THRESHOLD`] and [`KOLMOGOROV`]; there are some hundred tests. The
//! seeds are fixed, so the result is the same each time. That the tests have power is shown by bad forgers, each of whom is
//! found by the field that gives it away.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_core::RunRecord;
use mpotr_core::wire::{Content, ContentKind, Presence, Statement};
use mpotr_crypto::{Digest32, Encoder};
use mpotr_gka::light::{ChangeKind, JoinRecord, LightRecord, Wrap};
use mpotr_transcript::{Part, Section, SectionRun, Signed, Transcript};

use crate::crew::{assert_sound, coming_and_going, forged, had, invented, people, real};
use crate::hand::{fields, with};
use crate::scenes::{NAMES, SCENES};

/// Transcripts of each kind.
const TRANSCRIPTS: u64 = 30;
/// Standard deviations of the chi-squared statistic above its mean. The statistic is near normal for 15 and more degrees of
/// freedom, where 6 leave less than 10^-6.
const THRESHOLD: f64 = 6.0;
/// `sqrt(-ln(a / 2) / 2)` for a = 10^-6: the two-sample statistic is above this times `sqrt(2 / n)` with that chance.
const KOLMOGOROV: f64 = 2.694;

/// What a verifier sees of some transcripts.
#[derive(Default)]
struct Shape {
    fixed: BTreeMap<&'static str, BTreeSet<Vec<u8>>>,
    /// First, inner and last bytes.
    bytes: BTreeMap<&'static str, [BTreeMap<u8, f64>; 3]>,
    numbers: BTreeMap<&'static str, Vec<f64>>,
}

impl Shape {
    fn of(files: impl Iterator<Item = Transcript>) -> Self {
        let mut shape = Self::default();
        for transcript in files {
            shape.add(&transcript);
        }
        shape
    }

    fn fixed(&mut self, name: &'static str, value: impl Into<Vec<u8>>) {
        self.fixed.entry(name).or_default().insert(value.into());
    }

    fn length(&mut self, name: &'static str, bytes: &[u8]) {
        self.fixed(name, bytes.len().to_string());
    }

    fn bytes(&mut self, name: &'static str, bytes: &[u8]) {
        let counts = self.bytes.entry(name).or_default();
        let last = bytes.len().saturating_sub(1);
        for (place, byte) in bytes.iter().enumerate() {
            let which = if place == 0 {
                0
            } else {
                1 + usize::from(place == last)
            };
            *counts[which].entry(*byte).or_default() += 1.0;
        }
    }

    /// 32-byte fields, one behind the other.
    fn fields(&mut self, names: &[&'static str], bytes: &[u8]) {
        for (name, field) in names.iter().zip(bytes.chunks(32)) {
            self.bytes(name, field);
        }
    }

    fn number(&mut self, name: &'static str, number: usize) {
        self.numbers.entry(name).or_default().push(count_of(number));
    }

    fn add(&mut self, transcript: &Transcript) {
        self.number("epochs", transcript.sections.len());
        // Each person once: the same key in every epoch is one sample.
        let runs = transcript.sections.iter();
        let runs = runs.filter_map(|section| section.run.full());
        let offers = runs.flat_map(|run| &run.offers);
        let people: BTreeSet<_> = offers.map(|offer| offer.identity).collect();
        for identity in people {
            self.bytes("A", identity.as_bytes());
        }
        for section in &transcript.sections {
            match &section.run {
                SectionRun::Full(run) => self.add_run(run),
                SectionRun::Light(run) => self.add_light_run(run),
                SectionRun::Joined(run) => self.add_joined(run),
            }
        }
        self.add_said(&transcript.sections);
        self.number("file length", transcript.to_bytes().len());
    }

    fn add_joined(&mut self, run: &JoinRecord) {
        self.fixed("joined suite", format!("{:?}", run.suite));
        self.fixed("joined policy", run.policy().to_vec());
        self.bytes("parent", run.parent.as_bytes());
        self.bytes("name", run.name().as_bytes());
        self.bytes("kc", run.key_commitment.as_bytes());
    }

    fn add_light_run(&mut self, run: &LightRecord) {
        let (seed, cut) = (run.seed.body(), run.cut.body());
        let terms = &seed.terms;
        self.fixed("light members", terms.staying.len().to_string());
        self.fixed("kind", format!("{:?} {:?}", terms.kind, terms.watch));
        self.fixed("light view", terms.view.to_string());
        self.fixed("light policy", terms.policy.clone());
        self.length("reasons", &terms.reasons);
        self.bytes("name", terms.handle.as_bytes());
        self.bytes("W", seed.ephemeral.as_bytes());
        for wrap in &seed.wraps {
            self.bytes("wrap", wrap.as_bytes());
        }
        for freeze in &cut.freezes {
            self.bytes("freeze", freeze.as_bytes());
        }
        for keys in &cut.keys {
            // The other keys stay the same from epoch to epoch, until a member is left out.
            self.bytes("next P", keys.receive.as_bytes());
            if terms.kind == ChangeKind::Exclusion {
                self.bytes("next M", keys.signing.as_bytes());
            }
        }
        self.number("closed", usize::try_from(cut.closing.closed.count).unwrap());
        self.number(
            "closed from",
            usize::try_from(cut.closing.base.count).unwrap(),
        );
        self.number("closed with", cut.closing.heads.len());
        self.fields(&["nonces 1", "nonces 2"], cut.nonces.as_bytes());
        self.bytes("light kc", run.key_commitment.as_bytes());
        let encoded = [
            Encoder::encoded(|out| run.seed.encode(out)),
            Encoder::encoded(|out| run.cut.encode(out)),
        ];
        for signed in encoded {
            self.fields(
                &["light signature R", "light signature S"],
                &signed[signed.len() - 64..],
            );
        }
    }

    fn add_run(&mut self, run: &RunRecord) {
        let proposal = &run.proposal;
        self.fixed("members", proposal.offers.len().to_string());
        self.fixed(
            "suite and view",
            format!("{:?} {}", proposal.suite, proposal.view),
        );
        self.fixed(
            "policy",
            Encoder::encoded(|out| proposal.policy.encode(out)),
        );
        self.fixed("room", proposal.room.as_bytes().to_vec());
        self.bytes("name", proposal.name.as_bytes());
        self.fields(
            &["signature R", "signature S"],
            proposal.signature.as_bytes(),
        );
        for offer in &run.offers {
            self.length("offer length", &offer.to_bytes());
            self.fixed("versions", offer.versions.clone());
            self.fixed("suites", format!("{:?}", offer.suites));
            self.bytes("E", offer.ephemeral.as_bytes());
            self.bytes("Y", offer.trapdoor.as_bytes());
            self.bytes("Z", offer.share.as_bytes());
            self.bytes("R", offer.commitment.as_bytes());
            self.bytes("nonce", offer.nonce.as_bytes());
        }
        for contribution in &run.contributions {
            let body = &contribution.body;
            self.length("agreement length", &body.agreement);
            self.length("share length", &body.knowledge_share);
            self.fields(&["link X", "link c", "link s"], &body.agreement);
            self.bytes("share s", &body.knowledge_share);
            self.bytes("inner keys", body.inner_keys.as_bytes());
            self.fields(
                &["signature R", "signature S"],
                contribution.signature.as_bytes(),
            );
        }
        self.add_confirmations(run);
    }

    fn add_confirmations(&mut self, run: &RunRecord) {
        // All members confirm the same.
        let statement = &run.confirmations[0].statement;
        self.bytes("kc", statement.key_commitment.as_bytes());
        self.bytes("D", statement.contributions.as_bytes());
        for (confirmation, payload) in run.confirmations.iter().zip(&run.payloads) {
            self.length("sealed length", &confirmation.sealed);
            self.length("payload length", payload);
            self.bytes("sealed", &confirmation.sealed);
            self.fields(
                &[
                    "inner M",
                    "inner F",
                    "inner P",
                    "inner salt",
                    "proof R",
                    "proof s",
                    "proof w",
                ],
                payload,
            );
            self.fields(
                &["signature R", "signature S"],
                confirmation.signature.as_bytes(),
            );
        }
    }

    fn add_said(&mut self, sections: &[Section]) {
        let (mut contents, mut statements) = (Vec::new(), Vec::new());
        let mut written = 0;
        for said in sections.iter().flat_map(|section| &section.said) {
            match &said.signed {
                Signed::Content(signed) => {
                    written += signed.len();
                    self.fields(&["said R", "said S"], &signed[signed.len() - 64..]);
                    contents.push(fields::<Content>(signed));
                }
                Signed::Statement(_, signed) => {
                    self.fields(&["stated R", "stated S"], &signed[signed.len() - 64..]);
                    statements.push(fields::<Statement>(signed));
                }
            }
        }
        self.number("length of messages", written);
        self.add_contents(&contents);
        self.add_statements(&statements);
    }

    fn add_contents(&mut self, contents: &[Content]) {
        self.number("messages", contents.len());
        self.number(
            "last messages",
            contents
                .iter()
                .filter(|it| it.kind == ContentKind::Fin)
                .count(),
        );
        self.number("parents", contents.iter().map(|it| it.parents.len()).sum());
        self.number(
            "locks",
            contents
                .iter()
                .map(|it| usize::try_from(it.lock.count).unwrap())
                .sum(),
        );
    }

    fn add_statements(&mut self, statements: &[Statement]) {
        let is = |presence| {
            statements
                .iter()
                .filter(move |it| it.presence == presence)
                .count()
        };
        self.number("statements", statements.len());
        self.number("asking", is(Presence::Asking));
        self.number("closed", is(Presence::Closed));
        self.number(
            "frontiers",
            statements.iter().map(|it| it.frontier.len()).sum(),
        );
        self.number(
            "stated locks",
            statements
                .iter()
                .map(|it| usize::try_from(it.lock.count).unwrap())
                .sum(),
        );
        self.number("wanted", statements.iter().map(|it| it.wanted.len()).sum());
        let next: Vec<_> = statements
            .iter()
            .filter_map(|it| it.next.as_ref())
            .collect();
        self.number("about the next epoch", next.len());
        self.number("votes", next.iter().map(|it| it.votes.len()).sum());
        self.number(
            "frozen",
            next.iter().filter(|it| it.frozen.is_some()).count(),
        );
        self.number(
            "confirmed",
            next.iter().filter(|it| !it.confirmed.is_empty()).count(),
        );
        self.number("forsaken", next.iter().map(|it| it.forsaken.len()).sum());
    }

    /// The fields by which two shapes are told apart.
    fn told_apart(&self, other: &Self) -> BTreeSet<&'static str> {
        assert!(self.bytes.len() > 20 && self.numbers.len() > 15 && self.fixed.len() > 10);
        let fixed = differing(&self.fixed, &other.fixed, |a, b| a != b);
        let bytes = differing(&self.bytes, &other.bytes, |a, b| {
            a.iter().zip(b).any(|(a, b)| chi_squared(a, b) > THRESHOLD)
        });
        let numbers = differing(&self.numbers, &other.numbers, |a, b| {
            let n = count_of(a.len() * b.len()) / count_of(a.len() + b.len());
            kolmogorov_smirnov(a, b) > KOLMOGOROV / n.sqrt()
        });
        fixed.chain(bytes).chain(numbers).collect()
    }
}

fn differing<'a, T>(
    a: &'a BTreeMap<&'static str, T>,
    b: &'a BTreeMap<&'static str, T>,
    differ: impl Fn(&T, &T) -> bool + 'a,
) -> impl Iterator<Item = &'static str> + 'a {
    let names: BTreeSet<_> = a.keys().chain(b.keys()).copied().collect();
    names
        .into_iter()
        .filter(move |name| match (a.get(name), b.get(name)) {
            (Some(a), Some(b)) => differ(a, b),
            _ => true,
        })
}

/// The two-sample chi-squared statistic, in standard deviations above its mean.
fn chi_squared(a: &BTreeMap<u8, f64>, b: &BTreeMap<u8, f64>) -> f64 {
    let total = |it: &BTreeMap<u8, f64>| it.values().sum::<f64>();
    let ratio = (total(b) / total(a)).sqrt();
    let mut statistic = 0.0;
    let mut bins = -1.0;
    for byte in 0..=255 {
        let count = |it: &BTreeMap<u8, f64>| it.get(&byte).copied().unwrap_or(0.0);
        let (a, b) = (count(a), count(b));
        if a + b > 0.0 {
            statistic += (a * ratio - b / ratio).powi(2) / (a + b);
            bins += 1.0;
        }
    }
    if bins < 1.0 {
        return 0.0;
    }
    (statistic - bins) / (2.0 * bins).sqrt()
}

/// A count as a number: none here is near 2^32.
fn count_of(number: usize) -> f64 {
    f64::from(u32::try_from(number).unwrap())
}

/// The greatest distance between two empirical distributions.
fn kolmogorov_smirnov(a: &[f64], b: &[f64]) -> f64 {
    let below = |sample: &[f64], bound: f64| {
        count_of(sample.iter().filter(|it| **it <= bound).count()) / count_of(sample.len())
    };
    let distances = a
        .iter()
        .chain(b)
        .map(|at| (below(a, *at) - below(b, *at)).abs());
    distances.fold(0.0, f64::max)
}

fn real_ones() -> Vec<Transcript> {
    // As the forger's: that of the first member who was there from the beginning.
    let kept = |seed| real(coming_and_going(), 4, 1_000 + seed).swap_remove(0);
    (0..TRANSCRIPTS)
        .map(|seed| Transcript::read(&kept(seed)))
        .collect()
}

fn forged_ones() -> Vec<Transcript> {
    (0..TRANSCRIPTS)
        .map(|seed| Transcript::read(&forged(coming_and_going(), 4, 5_000 + seed)))
        .collect()
}

fn full(section: &mut Section) -> impl Iterator<Item = &mut RunRecord> {
    section.run.full_mut().into_iter()
}

fn light(section: &mut Section) -> impl Iterator<Item = &mut LightRecord> {
    section.run.light_mut().into_iter()
}

/// So many of each kind for a talk with votes, which takes longer.
const WITH_VOTES: u64 = 12;

#[test]
fn forged_and_real_transcripts_with_votes_have_one_shape() {
    let scene = SCENES.iter().find(|scene| scene.name == "votes").unwrap();
    let kept = |parts: Vec<Part>| Transcript::read(&parts[1].transcript);
    let real = (0..WITH_VOTES).map(|seed| {
        let people = people(NAMES.len(), 2_000 + seed);
        kept(had(&scene.play(2_000 + seed), &people, 2_000 + seed))
    });
    let forged =
        (0..WITH_VOTES).map(|seed| kept(invented(&scene.play(6_000 + seed), 6_000 + seed)));
    let mut found = Shape::of(real).told_apart(&Shape::of(forged));
    // A rule of founders names people, and they differ from talk to talk.
    assert!(found.remove("policy"));
    // Whose turn it is to propose is drawn by lot, and if it is that of the one who is voted out, there is a second view.
    found.remove("suite and view");
    assert_eq!(found, BTreeSet::new());
}

#[test]
fn forged_and_real_transcripts_with_light_runs_have_one_shape() {
    let scene = SCENES.iter().find(|it| it.name == "light runs").unwrap();
    let kept = |parts: Vec<Part>| Transcript::read(&parts[0].transcript);
    let real = (0..WITH_VOTES).map(|seed| {
        let people = people(NAMES.len(), 3_000 + seed);
        kept(had(&scene.play(3_000 + seed), &people, 3_000 + seed))
    });
    let forged =
        (0..WITH_VOTES).map(|seed| kept(invented(&scene.play(7_000 + seed), 7_000 + seed)));
    let (real, forged) = (Shape::of(real), forged.collect::<Vec<_>>());
    // Whose turn it is to propose is drawn by lot, and if it is that of the one who is left out, there is a second view.
    let views = BTreeSet::from(["suite and view", "light view"]);
    let found = real.told_apart(&Shape::of(forged.iter().cloned()));
    assert!(found.is_subset(&views), "{found:?}");
    type Bad = (&'static str, fn(&mut LightRecord));
    let bad: [Bad; 3] = [
        ("light kc", |it| it.key_commitment = Digest32::new([1; 32])),
        ("wrap", |it| {
            it.seed = with(&it.seed, |seed| seed.wraps.fill(Wrap::new([7; 32])))
        }),
        ("freeze", |it| {
            it.cut = with(&it.cut, |cut| cut.freezes.fill(Digest32::new([7; 32])))
        }),
    ];
    for (field, spoil) in bad {
        let spoiled = forged.iter().cloned().map(|mut transcript| {
            transcript
                .sections
                .iter_mut()
                .flat_map(light)
                .for_each(spoil);
            transcript
        });
        let found = real.told_apart(&Shape::of(spoiled));
        assert!(found.contains(field), "{field}: {found:?}");
    }
}

#[test]
fn forged_and_real_transcripts_have_one_shape_and_bad_forgers_are_told_apart() {
    let (real, forged) = (real_ones(), forged_ones());
    for transcript in real.iter().chain(&forged).step_by(8) {
        assert_sound(&transcript.to_bytes());
    }
    let real = Shape::of(real.into_iter());
    let found = real.told_apart(&Shape::of(forged.iter().cloned()));
    assert_eq!(found, BTreeSet::new(), "forged ones are told apart");

    // The same test finds each bad forger, by the field that gives it away and by no other.
    type Bad = (&'static [&'static str], fn(&mut Section));
    let bad: [Bad; 8] = [
        (&["proof w"], |it| {
            full(it)
                .flat_map(|it| &mut it.payloads)
                .for_each(|it| it[192..].fill(0))
        }),
        (&["proof s"], |it| {
            full(it)
                .flat_map(|it| &mut it.payloads)
                .for_each(|it| it[191] |= 0x10)
        }),
        (&["proof w"], |it| {
            // A scalar of 64 bits where one below the order belongs.
            full(it)
                .flat_map(|it| &mut it.payloads)
                .for_each(|it| it[200..].fill(0));
        }),
        (&["nonce"], |it| {
            full(it).flat_map(|it| &mut it.offers).for_each(|it| {
                let mut nonce = *it.nonce.as_bytes();
                nonce[16..].fill(7);
                it.nonce = mpotr_gka::Nonce::new(nonce);
            });
        }),
        (&["payload length"], |it| {
            full(it)
                .flat_map(|it| &mut it.payloads)
                .for_each(|it| it.push(0))
        }),
        (&["statements", "stated R", "stated S"], |it| {
            it.said.retain(|it| matches!(it.signed, Signed::Content(_)))
        }),
        (&["share s"], |it| {
            full(it)
                .flat_map(|it| &mut it.contributions)
                .for_each(|it| it.body.knowledge_share[31] = 0);
        }),
        (&["suites"], |it| {
            full(it)
                .flat_map(|it| &mut it.offers)
                .for_each(|it| it.suites = vec![1, 2])
        }),
    ];
    for (fields, spoil) in bad {
        let spoiled = forged.iter().cloned().map(|mut transcript| {
            transcript.sections.iter_mut().for_each(spoil);
            transcript
        });
        let found = real.told_apart(&Shape::of(spoiled));
        for field in fields {
            assert!(found.contains(field), "{fields:?}: {found:?}");
        }
    }
}
