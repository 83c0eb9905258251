use std::time::Duration;

use mpotr::room::{Event, LastHeard};
use mpotr::{EpochName, IdentityKey, MemberInfo, Sid, Vote, WaitingReason};

use crate::chat::conversation::Conversation;
use crate::chat::testing::{BOB, EVE, ME, read, room, text, waits};
use crate::chat::wording::fingerprint;

#[test]
fn who_is_gone_is_listed_as_such() {
    let mut room = room();
    let stranger = IdentityKey::new([7; 32]);
    room.hear(Event::WantsIn { claimed: stranger });
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
    let roster = [ME, BOB].map(|identity| MemberInfo {
        identity,
        is_me: identity == ME,
    });
    let told = read(
        &mut room,
        [Event::Secure {
            sid: Sid::new([8; 32]),
            name: EpochName::new([8; 16]),
            parent: None,
            roster: roster.to_vec(),
        }],
    );
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
    room.hear(Event::WaitingOver { reason: reason() });
    assert!(!is_listed(&mut room));
}
