use mpotr::{EpochName, LastHeard, Membership, Policy, Told, Vote, Waiting, WaitingReason};

use crate::chat::testing::{BOB, EVE, ME, read, room};
use crate::chat::wording::{fingerprint, pauses_texts, text_waits};

#[test]
fn who_is_being_left_out_is_told_so() {
    let mut room = room();
    let waiting = |identity| {
        Told::Waiting(Waiting::For {
            reason: WaitingReason::Excluding { identity },
            since: 0,
            until: None,
        })
    };
    let told = read(&mut room, [waiting(ME)]);
    assert!(
        told[0]
            .starts_with("the others are leaving you out; what you type waits, and goes to nobody"),
        "{told:?}"
    );
    let excluding = |identity| WaitingReason::Excluding { identity };
    assert!(pauses_texts(&excluding(ME)) && pauses_texts(&excluding(BOB)));
    let name = |_: &_| "bob".to_owned();
    let word = |_: &_| "bob#04711-80815".to_owned();
    let own = text_waits(&excluding(BOB), &ME, true, name, word);
    assert!(
        own.ends_with("takes back all that waits, and /withdraw bob#04711-80815 then your vote"),
        "{own}"
    );
    let you = text_waits(&excluding(ME), &ME, false, name, word);
    assert!(you.contains("the others are leaving you out"), "{you}");
    // The room that goes on without it is no other room.
    let name = EpochName::new([8; 16]);
    let other = Told::Membership(Membership::OtherEpoch {
        epoch: name,
        members: 2,
    });
    assert_eq!(read(&mut room, [other]), [""; 0]);
    let told = read(&mut room, [waiting(BOB)]);
    assert!(told[0].contains("is to be left out:"), "{told:?}");
    let members = room.members(&LastHeard::default());
    assert!(members.contains(&"  the others are leaving you out".to_owned()));
    assert!(members.iter().any(|line| line.contains("(to be left out)")));
    // Who asks is told where that is known.
    room.hear(Told::Membership(Membership::Voted {
        vote: Vote::Exclude(EVE),
        by: vec![BOB],
    }));
    let told = read(&mut room, [waiting(EVE)]);
    let asks = format!("is to be left out, as {} asks:", room.name(&BOB));
    assert!(told[0].contains(&asks), "{told:?}");
    // Texts wait from the own vote on, whether there are enough or not.
    room.awaited.exclude(BOB);
    let told = read(&mut room, [waiting(BOB)]);
    assert!(
        told[0].contains("is to be left out, as you ask:"),
        "{told:?}"
    );
}

#[test]
fn who_was_left_out_is_told_by_whom_and_how_to_come_back() {
    let mut room = room();
    room.hear(Told::Membership(Membership::Voted {
        vote: Vote::Exclude(ME),
        by: vec![BOB],
    }));
    let told = room.was_left_out(&Policy::default());
    let bob = room.name(&BOB);
    assert!(
        told[0].contains(&format!("left you out, as {bob} asks;")),
        "{told:?}"
    );
    // As many have to let it in as the rules say, and no more.
    assert!(
        told[0].ends_with(&format!(
            "start again: any member may let you in, by /admit {}",
            fingerprint(&ME)
        )),
        "{told:?}"
    );
}

#[test]
fn who_is_out_without_a_word_is_told_from_one_that_has_left_or_was_left_out() {
    let mut room = room();
    let (bob, eve) = (room.name(&BOB), room.name(&EVE));
    let out = |member| Told::Membership(Membership::LeftOut { identity: member });
    let told = read(&mut room, [out(BOB)]);
    assert_eq!(
        told,
        [format!(
            "{bob} no longer answered, is out and can read nothing from here on"
        )]
    );
    let told = read(
        &mut room,
        [
            Told::Membership(Membership::Left { identity: EVE }),
            out(EVE),
        ],
    );
    assert_eq!(
        told[1],
        format!("{eve} is out and can read nothing from here on")
    );
}
