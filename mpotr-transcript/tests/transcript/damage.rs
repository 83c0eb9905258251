//! Every damage is found, and named where it is.

use mpotr_core::wire::Content;
use mpotr_crypto::{SignatureBytes, SuiteId};
use mpotr_gka::AuditError;
use mpotr_transcript::{FlawKind, ReadErrorKind, Section, Signed, Transcript, verify};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::crew::{Suite, coming_and_going, forged, report, talk};
use crate::hand::{Hand, fields, flaws, full};

/// A forged transcript of one epoch, to be damaged.
fn section() -> Section {
    let mut sections = Transcript::read(&forged(talk(3, 9), 3, 11)).sections;
    assert_eq!(sections.len(), 1);
    sections.remove(0)
}

fn damaged(damage: impl FnOnce(&mut Section)) -> Vec<FlawKind> {
    let mut section = section();
    damage(&mut section);
    flaws(vec![section])
}

fn flip(signature: &mut SignatureBytes) {
    let mut bytes = *signature.as_bytes();
    bytes[3] ^= 4;
    *signature = SignatureBytes::new(bytes);
}

/// The place of a message in what was said.
fn message(section: &Section, number: usize) -> usize {
    let mut contents = section
        .said
        .iter()
        .enumerate()
        .filter(|(_, said)| matches!(said.signed, Signed::Content(_)));
    contents.nth(number).unwrap().0
}

#[test]
fn an_undamaged_one_has_no_flaw() {
    assert_eq!(damaged(|_| {}), []);
}

#[test]
fn a_flipped_signature_is_named() {
    assert_eq!(
        damaged(|it| flip(&mut full(it).proposal.signature)),
        [FlawKind::ProposalSignature {
            proposer: full(&mut section()).proposal.proposer
        }]
    );
    assert_eq!(
        damaged(|it| flip(&mut full(it).contributions[1].signature)),
        [FlawKind::Run(AuditError::ContributionSignature {
            member: 1
        })]
    );
    assert_eq!(
        damaged(|it| flip(&mut full(it).confirmations[2].signature)),
        [FlawKind::Run(AuditError::ConfirmationSignature {
            member: 2
        })]
    );
    let section = section();
    for (place, said) in section.said.iter().enumerate() {
        let found = damaged(|it| match &mut it.said[place].signed {
            Signed::Content(bytes) | Signed::Statement(_, bytes) => {
                *bytes.last_mut().unwrap() ^= 1;
            }
        });
        let author = said.author;
        let expected = match &said.signed {
            Signed::Content(bytes) => FlawKind::MessageSignature {
                author,
                seq: fields::<Content>(bytes).seq,
            },
            Signed::Statement(number, _) => FlawKind::StatementSignature {
                author,
                number: *number,
            },
        };
        assert_eq!(found, [expected], "at {place}");
    }
}

#[test]
fn a_flaw_names_the_record_and_the_byte() {
    let file = forged(talk(3, 9), 3, 11);
    let whole = Transcript::read(&file);
    for said in &whole.sections[0].said {
        let mut bad = file.clone();
        // The author is the first field, behind kind and length.
        bad[said.place.offset + 5] = 9;
        let found = report(&bad).flaws;
        assert!(
            found.iter().any(|flaw| flaw.place == said.place
                && flaw.kind
                    == FlawKind::UnknownAuthor {
                        author: 0x0900 | said.author
                    }),
            "{found:?}"
        );
    }
    let contributions: Vec<_> = (0..3)
        .map(|member| {
            let mut transcript = whole.clone();
            flip(&mut full(&mut transcript.sections[0]).contributions[member].signature);
            let found = report(&transcript.to_bytes()).flaws;
            (found[0].place.record, found[0].place.offset)
        })
        .collect();
    // Behind the proposal and three offers: records 4, 5 and 6; each of 96 + 32 bytes and what is around them.
    assert_eq!(
        contributions.iter().map(|it| it.0).collect::<Vec<_>>(),
        [4, 5, 6]
    );
    for (_, offset) in contributions {
        assert_eq!(file[offset], 3, "the kind of a contribution");
    }
}

#[test]
fn a_removed_message_is_missed_by_the_next() {
    let whole = section();
    let all = (0..9).map(|number| message(&whole, number));
    for place in all {
        let Signed::Content(bytes) = &whole.said[place].signed else {
            panic!()
        };
        let seq = fields::<Content>(bytes).seq;
        let author = whole.said[place].author;
        let found = damaged(|it| {
            it.said.remove(place);
        });
        let named = found.iter().any(|flaw| {
            matches!(flaw, FlawKind::MissingParent { .. })
                || matches!(flaw, FlawKind::OutOfSequence { author: who, expected, .. }
                    if *who == author && *expected == seq)
        });
        assert!(named, "{found:?}");
    }
}

#[test]
fn messages_in_another_order_and_twice_are_named() {
    let whole = section();
    let (first, second) = (message(&whole, 0), message(&whole, 8));
    let found = damaged(|it| it.said.swap(first, second));
    assert!(
        matches!(found[0], FlawKind::MissingParent { .. }),
        "{found:?}"
    );
    let found = damaged(|it| {
        let again = it.said[second].clone();
        it.said.push(again);
    });
    assert!(
        found.iter().any(|flaw| matches!(
            flaw,
            FlawKind::AfterLastWord { .. } | FlawKind::OutOfSequence { .. }
        )),
        "{found:?}"
    );
}

#[test]
fn a_changed_message_carries_no_signature_and_is_no_parent_any_more() {
    let whole = section();
    let place = message(&whole, 2);
    let found = damaged(|it| {
        let Signed::Content(bytes) = &mut it.said[place].signed else {
            panic!()
        };
        // The first byte of the text, behind kind, seq, prev, count, lock and length, if there are no other parents.
        let content = fields::<Content>(bytes);
        let at = 1 + 4 + 32 + 2 + 32 * content.parents.len() + 36 + 4;
        bytes[at] ^= 1;
    });
    assert!(
        matches!(found[0], FlawKind::MessageSignature { .. }),
        "{found:?}"
    );
    assert!(
        found
            .iter()
            .any(|flaw| matches!(flaw, FlawKind::MissingParent { .. }))
    );
}

#[test]
fn a_foreign_offer_is_named() {
    let mut other = Transcript::read(&forged(talk(3, 2), 3, 12))
        .sections
        .remove(0);
    for member in 0..3 {
        let found = damaged(|it| full(it).offers[member] = full(&mut other).offers[member].clone());
        assert!(
            found.contains(&FlawKind::ForeignOffer { member }),
            "{found:?}"
        );
    }
    let found = damaged(|it| full(it).offers[0].room = mpotr_gka::RoomId::new([3; 32]));
    assert!(
        found.contains(&FlawKind::ForeignOffer { member: 0 }),
        "{found:?}"
    );
}

#[test]
fn a_wrong_proof_is_named() {
    for member in 0..3 {
        for byte in [128, 168, 198] {
            let found = damaged(|it| full(it).payloads[member][byte] ^= 1);
            assert_eq!(found, [FlawKind::Run(AuditError::Proof { member })]);
        }
        let found = damaged(|it| full(it).payloads[member].truncate(128 + 95));
        assert_eq!(found, [FlawKind::Run(AuditError::SealedLength { member })]);
    }
    let found = damaged(|it| {
        let proofs = [0, 1].map(|member| full(it).payloads[member].split_off(128));
        let [first, second] = proofs;
        full(it).payloads[0].extend(second);
        full(it).payloads[1].extend(first);
    });
    assert_eq!(
        found,
        [0, 1].map(|member| FlawKind::Run(AuditError::Proof { member }))
    );
}

#[test]
fn a_signing_key_that_was_not_committed_to_is_named() {
    for member in 0..3 {
        for byte in [32, 64, 96, 127] {
            let found = damaged(|it| full(it).payloads[member][byte] ^= 1);
            assert_eq!(found, [FlawKind::Run(AuditError::InnerKeys { member })]);
        }
    }
    // What was signed by the true key is not signed by another.
    let found = damaged(|it| full(it).payloads.swap(0, 1));
    assert!(
        found
            .iter()
            .any(|flaw| matches!(flaw, FlawKind::Run(AuditError::InnerKeys { member: 0 }))),
        "{found:?}"
    );
}

#[test]
fn other_messages_taken_along_are_named() {
    let mut sections = Transcript::read(&forged(coming_and_going(), 4, 13)).sections;
    assert_eq!(flaws(sections.clone()), []);
    // The last message of the first epoch is left out: nobody names it but the digest of what was taken along.
    let place = message(&sections[0], 4);
    sections[0].said.remove(place);
    let found = flaws(sections);
    assert!(
        found
            .iter()
            .any(|flaw| matches!(flaw, FlawKind::OtherCut { .. } | FlawKind::OtherClosing)),
        "{found:?}"
    );
}

#[test]
fn a_file_cut_short_at_each_record_is_named() {
    let file = forged(talk(2, 3), 2, 14);
    let whole = Transcript::read(&file);
    let mut ends: Vec<usize> = vec![20];
    for section in &whole.sections {
        for entry in section.entries() {
            ends.push(ends.last().unwrap() + entry.to_bytes().len());
        }
    }
    for (record, end) in ends.iter().enumerate() {
        let found = report(&file[..*end]).flaws;
        let last = found.last().unwrap();
        assert_eq!(last.kind, FlawKind::File(ReadErrorKind::NoEnd), "{record}");
        assert_eq!(
            (
                usize::try_from(last.place.record).unwrap(),
                last.place.offset
            ),
            (record, *end)
        );
        // And within the record that follows.
        let found = report(&file[..end + 3]).flaws;
        assert!(
            matches!(
                found.last().unwrap().kind,
                FlawKind::File(ReadErrorKind::Record(_))
            ),
            "{found:?}"
        );
    }
    assert!(report(&file).is_sound());
}

#[test]
fn a_file_cut_short_at_any_byte_never_verifies() {
    let file = forged(talk(2, 1), 2, 15);
    for length in (0..file.len()).step_by(7) {
        let transcript = Transcript::read(&file[..length]);
        assert!(
            matches!(transcript.ending, mpotr_transcript::Ending::Broken(_)),
            "{length}"
        );
    }
    let transcript = Transcript::read(&[&file[..], &[0]].concat());
    let mpotr_transcript::Ending::Broken(error) = transcript.ending else {
        panic!()
    };
    assert_eq!(error.kind, ReadErrorKind::AfterEnd);
    // A record taken out whole, from where nothing names it: the end counts one too many.
    let last = Transcript::read(&file).sections[0]
        .said
        .last()
        .unwrap()
        .place
        .offset;
    let end = file.len() - 9;
    let shorter = [&file[..last], &file[end..]].concat();
    let found = report(&shorter).flaws;
    assert!(
        found
            .iter()
            .any(|flaw| matches!(flaw.kind, FlawKind::File(ReadErrorKind::Count { .. }))),
        "{found:?}"
    );
}

#[test]
fn another_suite_and_no_epoch_are_named() {
    let mut hand = Hand::of(2);
    full(&mut hand.section).proposal.suite = SuiteId::Aes256Gcm;
    let suite = SuiteId::Aes256Gcm;
    assert_eq!(hand.flaws(), [FlawKind::OtherSuite { suite }]);
    assert_eq!(flaws(Vec::new()), [FlawKind::Empty]);
    let nothing = verify::<Suite>(&Transcript::read(b"?"), &mut ChaCha20Rng::seed_from_u64(1));
    assert_eq!(nothing.flaws[0].kind, FlawKind::File(ReadErrorKind::Magic));
}
