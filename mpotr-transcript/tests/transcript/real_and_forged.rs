//! What verifies.

use mpotr_core::wire::{ContentKind, Presence, Statement, Unverified};
use mpotr_transcript::{Act, Play, Report, Signed, Transcript, Weather};

use crate::crew::{assert_sound, coming_and_going, forged, keys, people, real, real_with, talk};

/// The texts of each epoch.
fn texts(report: &Report) -> Vec<Vec<String>> {
    let epochs = report.epochs.iter().map(|epoch| {
        let texts = epoch
            .messages
            .iter()
            .filter(|it| it.kind == ContentKind::Text);
        texts
            .map(|it| String::from_utf8(it.body.clone()).unwrap())
            .collect()
    });
    epochs.collect()
}

#[test]
fn forged_transcript_verifies() {
    for members in [2, 3, 5] {
        let file = forged(talk(members, 12), members, 1);
        let report = assert_sound(&file);
        let [epoch] = report.epochs.as_slice() else {
            panic!("{report:?}")
        };
        let mut said = texts(&report).concat();
        said.sort();
        let mut expected: Vec<_> = (0..12).map(|text| format!("text {text}")).collect();
        expected.sort();
        assert_eq!(said, expected);
        // Who leaves at one moment with another does not hear all last words become final.
        let count = usize::try_from(epoch.final_lock.count).unwrap();
        let mut others = epoch.messages.iter().skip(count);
        assert!(others.all(|it| it.kind == ContentKind::Fin));
        assert!(epoch.unproven.is_empty() && epoch.missing.is_empty());
        let mut roster = epoch.roster.clone();
        roster.sort();
        let mut people = keys(&people(members, 1));
        people.sort();
        assert_eq!(roster, people);
    }
}

#[test]
fn a_forged_talk_has_epochs_in_which_people_come_and_go() {
    let report = assert_sound(&forged(coming_and_going(), 4, 2));
    let sizes: Vec<_> = report
        .epochs
        .iter()
        .map(|epoch| epoch.roster.len())
        .collect();
    assert_eq!(sizes, [3, 4, 3]);
    assert!(report.epochs.iter().skip(1).all(|epoch| epoch.follows));
    let counts: Vec<_> = texts(&report).iter().map(Vec::len).collect();
    assert_eq!(counts, [5, 6, 4]);
    for epoch in &report.epochs {
        assert_eq!(
            usize::try_from(epoch.final_lock.count).unwrap(),
            epoch.messages.len()
        );
    }
}

#[test]
fn real_transcript_of_each_member_verifies() {
    let foul = |play: &mut Play| {
        play.weather = Weather::fair(50).jitter(300).loss(100);
        play.pause_ms = 2_000;
    };
    let talks = [
        real(coming_and_going(), 4, 1),
        real_with(coming_and_going(), 4, 2, foul),
        real_with(coming_and_going(), 4, 3, foul),
    ];
    for files in talks {
        let mut rosters = Vec::new();
        for file in files {
            let report = assert_sound(&file);
            rosters.push(report.epochs.last().unwrap().roster.clone());
            assert!(texts(&report).concat().len() >= 10);
        }
        assert!(rosters.iter().any(|roster| roster.len() == 3));
    }
}

#[test]
fn all_members_keep_one_order() {
    let files = real_with(talk(5, 30), 5, 4, |play| play.pause_ms = 200);
    let orders: Vec<_> = files
        .iter()
        .map(|file| {
            let [epoch] = assert_sound(file).epochs.try_into().unwrap();
            epoch
                .messages
                .into_iter()
                .map(|it| it.id)
                .take(30)
                .collect::<Vec<_>>()
        })
        .collect();
    assert!(orders.iter().all(|order| order == &orders[0]));
}

#[test]
fn what_is_read_is_written_again_byte_for_byte() {
    let file = forged(coming_and_going(), 4, 5);
    assert_eq!(Transcript::read(&file).to_bytes(), file);
}

/// The states of the statements that name by their lock alone what their author has seen.
fn named_by_lock(file: &[u8]) -> Vec<Presence> {
    let transcript = Transcript::read(file);
    let said = transcript.sections.iter().flat_map(|it| &it.said);
    let statements = said.filter_map(|said| match &said.signed {
        Signed::Statement(_, signed) => Unverified::<Statement>::decode(signed).ok(),
        Signed::Content(_) => None,
    });
    statements
        .map(|it| it.into_unsigned().into_fields())
        .filter(Statement::names_by_lock)
        .map(|it| it.presence)
        .collect()
}

#[test]
fn a_talk_that_all_leave_together_verifies_whether_or_not_it_was_had() {
    let mut acts = talk(4, 8);
    acts.push(Act::Leave(vec![0, 1, 2, 3]));
    let mut files = real(acts.clone(), 4, 6);
    files.push(forged(acts, 4, 7));
    for file in files {
        let report = assert_sound(&file);
        let [epoch] = report.epochs.as_slice() else {
            panic!("{report:?}")
        };
        assert_eq!(epoch.messages.len(), 12);
        assert_eq!(epoch.final_lock.count, 12);
        let states = named_by_lock(&file);
        assert!(
            states.contains(&Presence::Closing) && states.contains(&Presence::Done),
            "{states:?}"
        );
    }
}
