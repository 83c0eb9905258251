//! Epochs that light runs lead to.

use mpotr_crypto::{Decoder, Digest32, ElementBytes, SignatureBytes};
use mpotr_gka::light::{
    ChangeBody, ChangeKind, LightAuditError, ListedPart, Signed as LightSigned, TermsError, Watch,
};
use mpotr_gka::{MemberIndex, ReceiveKey, Sid, Unproven};
use mpotr_transcript::{
    ContentKind, Ending, Entry, Expected, FlawKind, MAGIC, Part, ReadErrorKind, Section, Signed,
    Transcript,
};

use crate::crew::{assert_sound, had, invented, people};
use crate::hand::{flaws, light, with};
use crate::scenes::{NAMES, SCENES};

/// What the first member keeps of a talk with a refresh, a leave and an exclusion by light runs, which nobody had.
fn parts() -> Vec<Part> {
    let scene = SCENES.iter().find(|it| it.name == "light runs").unwrap();
    invented(&scene.play(31), 31)
}

fn sections() -> Vec<Section> {
    Transcript::read(&parts()[0].transcript).sections
}

/// What is wrong when the record of the first light run is damaged, without what was said under other keys than it shows.
fn damaged(damage: impl FnOnce(&mut Section)) -> Vec<FlawKind> {
    let mut sections = sections();
    damage(&mut sections[1]);
    let of_run = |flaw: &FlawKind| {
        !matches!(
            flaw,
            FlawKind::MessageSignature { .. }
                | FlawKind::StatementSignature { .. }
                | FlawKind::MissingParent { .. }
                | FlawKind::OtherPrevious { .. }
                | FlawKind::OutOfSequence { .. }
        )
    };
    flaws(sections).into_iter().filter(of_run).collect()
}

#[test]
fn a_talk_with_light_runs_verifies_whether_or_not_it_was_had() {
    let scene = SCENES.iter().find(|it| it.name == "light runs").unwrap();
    for parts in [parts(), had(&scene.play(32), &people(NAMES.len(), 32), 32)] {
        let report = assert_sound(&parts[0].transcript);
        let sizes: Vec<_> = report.epochs.iter().map(|it| it.roster.len()).collect();
        assert_eq!(sizes, [4, 4, 3, 2]);
        for epoch in &report.epochs[1..] {
            assert!(epoch.follows);
            assert_eq!(epoch.unproven, [Unproven::Consent]);
        }
        for epoch in &report.epochs[..3] {
            let all = usize::try_from(epoch.final_lock.count).unwrap();
            assert_eq!(
                all,
                epoch.messages.len(),
                "all is final in what was gone on from"
            );
        }
        let texts = report.epochs.iter().map(|epoch| {
            let is_text = |kind| kind == ContentKind::Text;
            epoch.messages.iter().filter(|it| is_text(it.kind)).count()
        });
        assert_eq!(texts.collect::<Vec<_>>(), [2, 1, 2, 2]);
        assert_eq!(report.epochs[3].left_out.len(), 1);
    }
}

fn flip<B: ChangeBody>(packet: &LightSigned<B>) -> LightSigned<B> {
    let mut bytes = *packet.signature().as_bytes();
    bytes[3] ^= 4;
    LightSigned::new(packet.body().clone(), SignatureBytes::new(bytes))
}

/// Who signs what is damaged, by its place in the parent.
fn proposer() -> u16 {
    light(&mut sections()[1]).seed.body().proposer.get()
}

#[test]
fn a_flipped_signature_of_a_light_run_is_named() {
    let proposer = proposer();
    let found = damaged(|it| light(it).seed = flip(&light(it).seed));
    let expected = LightAuditError::SeedSignature { proposer };
    assert_eq!(found, [FlawKind::LightRun(expected)]);
    let found = damaged(|it| light(it).cut = flip(&light(it).cut));
    let expected = LightAuditError::CutSignature { proposer };
    assert_eq!(found, [FlawKind::LightRun(expected)]);
}

/// Each has its name, whatever else comes of it: the signature is wrong, and what follows is of another epoch.
#[track_caller]
fn assert_named(found: &[FlawKind], wrong: LightAuditError) {
    assert!(found.contains(&FlawKind::LightRun(wrong)), "{found:?}");
}

#[test]
fn a_seed_that_nobody_answers_is_named() {
    let seed = |change: fn(&mut mpotr_gka::light::Seed)| {
        damaged(|it| light(it).seed = with(&light(it).seed, change))
    };
    let terms = |error| LightAuditError::Terms(error);
    let found = seed(|it| it.terms.kind = ChangeKind::Leave);
    assert_named(&found, terms(TermsError::WrongKind(ChangeKind::Leave)));
    let found = seed(|it| {
        it.terms.staying.push(MemberIndex::new(4));
        it.wraps.push(it.wraps[0]);
    });
    assert_named(&found, terms(TermsError::Strangers));
    let found = seed(|it| it.ephemeral = ElementBytes::new([0; 32]));
    assert_named(&found, LightAuditError::SeedElement);
    let found = seed(|it| it.parent = Sid::new([7; 32]));
    assert_named(&found, LightAuditError::OtherParent);
    let found = seed(|it| it.terms.policy.push(0));
    assert!(found.contains(&FlawKind::UnreadablePolicy), "{found:?}");
    // The wraps are for members alone, but they are signed.
    let found = seed(|it| it.wraps.swap(0, 1));
    let proposer = proposer();
    assert_named(&found, LightAuditError::SeedSignature { proposer });

    let mut sections = sections();
    light(&mut sections[3]).seed = with(&light(&mut sections[3]).seed, |it| {
        it.terms.watch = Watch::Lazy;
    });
    assert_named(&flaws(sections), terms(TermsError::LazyExclusion));
}

#[test]
fn a_cut_that_nobody_shares_in_is_named() {
    let cut = |change: fn(&mut mpotr_gka::light::LightCut)| {
        damaged(|it| light(it).cut = with(&light(it).cut, change))
    };
    let found = cut(|it| it.seed = Digest32::new([7; 32]));
    assert_named(&found, LightAuditError::OtherSeed);
    let found = cut(|it| it.sender = MemberIndex::new((it.sender.get() + 1) % 4));
    assert_named(&found, LightAuditError::OtherSeed);
    let found = cut(|it| it.keys[1].part = ListedPart::new([7; 32]));
    assert_named(&found, LightAuditError::Keys);
    let found = cut(|it| it.keys[1].signing = it.keys[0].signing);
    assert_named(&found, LightAuditError::Keys);
    let found = cut(|it| it.freezes.truncate(3));
    assert_named(&found, LightAuditError::Keys);
    let found = cut(|it| it.nonces = mpotr_crypto::NonceSum::new([0xff; 64]));
    assert_named(&found, LightAuditError::CutElement);
    for change in [
        |it: &mut mpotr_gka::light::LightCut| it.closing.closed.count += 1,
        |it: &mut mpotr_gka::light::LightCut| it.closing.base.digest = Digest32::new([7; 32]),
        |it: &mut mpotr_gka::light::LightCut| it.closing.heads.clear(),
    ] {
        let found = cut(change);
        assert!(found.contains(&FlawKind::OtherClosing), "{found:?}");
    }
    // No sid is of other keys: nothing that was said in the epoch is signed.
    let mut sections = sections();
    let run = light(&mut sections[1]);
    run.cut = with(&run.cut, |it| it.keys[0].receive = ReceiveKey::new([7; 32]));
    let found = flaws(sections);
    let is_unsigned = |it: &FlawKind| matches!(it, FlawKind::MessageSignature { .. });
    assert!(found.iter().any(is_unsigned), "{found:?}");
}

#[test]
fn another_commitment_to_the_key_is_found_by_what_was_said_under_it() {
    let mut sections = sections();
    light(&mut sections[1]).key_commitment = Digest32::new([7; 32]);
    let said = sections[1].said.len();
    let found = flaws(sections);
    let unsigned = found.iter().filter(|flaw| {
        matches!(
            flaw,
            FlawKind::MessageSignature { .. } | FlawKind::StatementSignature { .. }
        )
    });
    assert_eq!(unsigned.count(), said);
}

#[test]
fn messages_that_the_cut_does_not_close_with_are_named() {
    let mut sections = sections();
    let is_text = |it: &mpotr_transcript::Said| matches!(it.signed, Signed::Content(_));
    let last = sections[0].said.iter().rposition(is_text).unwrap();
    sections[0].said.remove(last);
    let found = flaws(sections);
    assert!(found.contains(&FlawKind::OtherClosing), "{found:?}");
}

#[test]
fn a_light_run_goes_on_from_the_epoch_before_it() {
    let whole = sections();
    let first = FlawKind::LightRun(LightAuditError::OtherParent);
    // At the beginning of a file, and behind another epoch than its own.
    assert_eq!(flaws(whole[1..].to_vec()), core::slice::from_ref(&first));
    let found = flaws([&whole[..1], &whole[2..]].concat());
    assert!(found.contains(&first), "{found:?}");
}

#[test]
fn a_changed_byte_anywhere_in_a_light_run_is_found() {
    let sections = sections();
    let (begin, end) = (sections[1].place.offset, sections[1].said[0].place.offset);
    let file = &parts()[0].transcript;
    for place in (begin..end).step_by(5) {
        let mut changed = file.clone();
        changed[place] ^= 1 << (place % 8);
        assert!(!crate::crew::report(&changed).is_sound(), "byte {place}");
    }
}

#[test]
fn a_seed_without_its_cut_begins_nothing() {
    let whole = sections();
    let mut file = MAGIC.to_vec();
    let mut entries: Vec<_> = whole[0].entries().collect();
    entries.extend(whole[1].entries().take(1));
    entries.extend(whole[1].entries().skip(2).take(1));
    file.extend(entries.iter().flat_map(Entry::to_bytes));
    let read = Transcript::read(&file);
    let Ending::Broken(error) = read.ending else {
        panic!("it has no end")
    };
    assert_eq!(error.kind, ReadErrorKind::Expected(Expected::Cut));
    assert_eq!(read.sections.len(), 1);
}

/// The records of the page, which a second implementation has written.
#[test]
fn records_are_what_the_page_says() {
    const PAGE: &str = include_str!("../../../docs/spec/10-transcripts.md");
    let (_, page) = PAGE.split_once("\n## Example\n").unwrap();
    let (_, page) = page.split_once("\n```\n").unwrap();
    let (page, _) = page.split_once("\n```").unwrap();
    let mut digits = [String::new(), String::new()];
    let mut which = None;
    for line in page.lines() {
        if let Some((name, _)) = line.split_once(' ').filter(|(name, _)| !name.is_empty()) {
            which = ["seed", "cut"].iter().position(|it| *it == name);
        }
        let more = line.rsplit(' ').next().unwrap();
        digits[which.unwrap()].push_str(more);
    }
    let records = digits.map(|digits| {
        let pairs = digits.as_bytes().chunks(2);
        let byte = |pair| u8::from_str_radix(core::str::from_utf8(pair).unwrap(), 16).unwrap();
        pairs.map(byte).collect::<Vec<_>>()
    });
    let [seed, cut] = records
        .each_ref()
        .map(|record| Decoder::whole(record, Entry::decode).unwrap());
    let (Entry::Seed(seed), Entry::Cut(cut, kc)) = (seed, cut) else {
        panic!("they are of those kinds")
    };
    assert_eq!(seed.body().terms.policy, b"policy");
    assert_eq!(seed.body().terms.kind, ChangeKind::Leave);
    assert_eq!(cut.body().seed, seed.body().digest::<crate::crew::Suite>());
    assert_eq!(cut.body().closing.closed.count, 5);
    assert_eq!(kc.as_bytes()[..2], [0xab, 0x27]);
    let again = [Entry::Seed(seed).to_bytes(), Entry::Cut(cut, kc).to_bytes()];
    assert_eq!(again, records);
}
