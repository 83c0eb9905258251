//! Each act of a script comes to what it says: one that did nothing would leave a talk that is whole, and another.

use mpotr_core::{Event, Rule};
use mpotr_transcript::{Act, Part};

use crate::crew::{invented, keys, people, play};

/// What is left of these acts, of three members.
fn performed(acts: Vec<Act>) -> Vec<Part> {
    invented(&play(keys(&people(3, 1)), acts), 1)
}

fn say(member: usize, text: &str) -> Act {
    Act::Say(member, text.as_bytes().to_vec())
}

/// What a member has read, and who wrote it, by its place.
fn read(parts: &[Part], member: usize) -> Vec<(usize, String)> {
    let members = keys(&people(3, 1));
    let texts = parts[member].events.iter().filter_map(|event| {
        let Event::Message { author, body, .. } = event else {
            return None;
        };
        let author = members.iter().position(|it| it == author).unwrap();
        Some((author, String::from_utf8(body.clone()).unwrap()))
    });
    texts.collect()
}

fn reads(parts: &[Part], member: usize, text: &str) -> bool {
    read(parts, member).iter().any(|(_, it)| it == text)
}

#[test]
fn what_is_said_is_read_by_all_others_as_theirs_who_say_it() {
    let parts = performed(vec![say(0, "one"), say(1, "two"), say(0, "three")]);
    let said = [(0, "one"), (1, "two"), (0, "three")].map(|(by, it)| (by, it.to_owned()));
    assert_eq!(read(&parts, 2), said);
}

#[test]
fn who_is_disconnected_reads_nothing_until_it_is_connected_again() {
    let away = [say(0, "before"), Act::Disconnect(1), say(0, "meanwhile")];
    let parts = performed(away.to_vec());
    assert!(reads(&parts, 1, "before") && !reads(&parts, 1, "meanwhile"));
    assert!(reads(&parts, 2, "meanwhile"));

    let back = [Act::Reconnect(1), say(0, "after")];
    let parts = performed([&away[..], &back].concat());
    assert!(reads(&parts, 1, "after") && reads(&parts, 2, "after"));
}

#[test]
fn a_vote_that_is_withdrawn_counts_for_nothing() {
    for is_withdrawn in [true, false] {
        let vote = |by| Act::Exclude { by, whom: 1 };
        let withdraw = Act::Withdraw { by: 0, whom: 1 };
        let mut acts = vec![say(0, "hi"), vote(0)];
        acts.extend(is_withdrawn.then_some(withdraw));
        acts.push(vote(2));
        let mut play = play(keys(&people(3, 1)), acts);
        play.policy.exclude = Rule::Quorum(2.try_into().unwrap());
        let parts = invented(&play, 1);
        let is_out = |it: &Event| matches!(it, Event::Removed);
        assert_eq!(parts[1].events.iter().any(is_out), !is_withdrawn);
    }
}
