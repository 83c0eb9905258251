use std::time::Duration;

use mpotr::{IdentityKey, LastHeard, Told, Vote, Waiting, WaitingReason};

use crate::chat::conversation::Conversation;
use crate::chat::testing::{BOB, EVE, ME, read, room, secure, text, waits, wants_in};
use crate::chat::wording::fingerprint;

#[test]
fn who_is_gone_is_listed_as_such() {
    let mut room = room();
    let stranger = IdentityKey::new([7; 32]);
    room.hear(wants_in(stranger));
    let seconds = Duration::from_secs;
    let mut heard = LastHeard {
        members: [(BOB, seconds(80)), (EVE, seconds(100))].into(),
        outside: [(stranger, seconds(20))].into(),
        fresh: seconds(30),
        ..LastHeard::default()
    };
    let lines = room.members(&heard);
    let silent = lines
        .iter()
        .filter(|line| line.contains("no word for over"));
    assert_eq!(silent.count(), 1, "{lines:?}");
    assert!(
        lines
            .iter()
            .any(|line| line.contains("(no word for over 100 s)"))
    );
    assert!(
        lines
            .iter()
            .any(|line| line.contains("(waits; nothing is proven)"))
    );
    heard.outside.insert(stranger, seconds(150));
    let lines = room.members(&heard);
    assert!(
        lines
            .iter()
            .any(|line| line.contains("(waited outside, not heard for 150 s)")),
        "{lines:?}"
    );
}

#[test]
fn a_roster_shows_what_a_member_has_called_itself() {
    let mut room = room();
    room.hear(text(BOB, "bob", "hi"));
    let told = read(&mut room, [secure(8, &[ME, BOB])]);
    assert_eq!(told[2], format!("  {}  bob", fingerprint(&BOB)));
}

#[test]
fn who_asks_to_leave_one_out_is_listed_before_there_are_the_votes() {
    let mut room = room();
    let reason = || WaitingReason::VoteHere {
        vote: Vote::Exclude(EVE),
        by: vec![BOB],
        need: 2,
    };
    room.hear(waits(reason()));
    let asks = format!("({} asks to leave it out)", room.name(&BOB));
    let is_listed = |room: &mut Conversation| {
        let members = room.members(&LastHeard::default());
        members.iter().any(|line| line.contains(&asks))
    };
    assert!(is_listed(&mut room));
    room.hear(Told::Waiting(Waiting::Over { reason: reason() }));
    assert!(!is_listed(&mut room));
}
