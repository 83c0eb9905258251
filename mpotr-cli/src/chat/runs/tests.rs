use mpotr::{IdentityKey, LastHeard, Membership, Policy, Told, Waiting, WaitingReason};
use tokio::time::Instant;

use crate::chat::door::{Door, LINK};
use crate::chat::testing::{BOB, EVE, ME, failed, outside, read, room, secure, waits, wants_in};
use crate::chat::wording::fingerprint;

#[test]
fn who_takes_no_part_is_told_of_once_until_it_is_in() {
    const NEW: IdentityKey = IdentityKey::new([4; 32]);
    let mut room = room();
    let run = || {
        let missing = vec![NEW];
        [
            Told::Membership(Membership::Joining { claimed: NEW }),
            Told::Membership(Membership::Agreeing {
                claimed: vec![ME, BOB, NEW],
            }),
            Told::Waiting(Waiting::For {
                reason: WaitingReason::Changing { missing },
                since: 0,
                until: None,
            }),
            failed(&[NEW]),
        ]
    };
    let first = read(&mut room, run());
    assert_eq!(first.len(), 4, "{first:?}");
    // Why it took no part nobody here knows: what is said is what is known.
    assert!(
        first[3].contains("took no part") && first[3].contains("one of you has not let in another")
    );
    assert_eq!(read(&mut room, run()), [""; 0]);
    room.hear(secure(8, &[ME, BOB, NEW]));
    assert_eq!(read(&mut room, run()).len(), 4);
    // Who is left alone makes keys for itself, and agrees with nobody.
    let alone = Told::Membership(Membership::Agreeing { claimed: vec![ME] });
    assert_eq!(read(&mut room, [alone]), [""; 0]);
}

#[test]
fn whom_others_would_let_in_is_told_each_time_that_one_asks_by_name() {
    let mut room = room();
    room.door = Door::Ask;
    let claimed = IdentityKey::new([7; 32]);
    let asked = |by: &[IdentityKey]| {
        Told::Waiting(Waiting::For {
            reason: WaitingReason::AdmitHere {
                claimed,
                by: by.to_vec(),
            },
            since: 0,
            until: None,
        })
    };
    let told = read(&mut room, [asked(&[])]);
    assert!(told[0].starts_with("others here would let in"), "{told:?}");
    assert_eq!(read(&mut room, [asked(&[])]), [""; 0]);
    for _ in 0..2 {
        let told = read(&mut room, [asked(&[BOB])]);
        let asks = format!("{} asks to let in", room.name(&BOB));
        assert!(told[0].starts_with(&asks), "{told:?}");
        assert!(told[1].starts_with("to agree: /admit"), "{told:?}");
    }
}

#[test]
fn what_only_takes_a_moment_accuses_nobody() {
    let mut room = outside(Door::Open);
    let waits = |reason| {
        Told::Waiting(Waiting::For {
            reason,
            since: 0,
            until: None,
        })
    };
    let told = read(
        &mut room,
        [waits(WaitingReason::Gathering { have: 2, want: 2 })],
    );
    assert_eq!(
        told,
        [
            "2 of 2 are there; the room begins when each of them has let in all others and they have agreed on a key"
        ]
    );
    // Who is in a room takes part in no first run: it lets this member in there.
    room.hear(waits(WaitingReason::Outside));
    let failed = Told::Membership(Membership::AgreementFailed {
        fault: None,
        claimed: vec![BOB],
    });
    let told = read(&mut room, [failed]);
    assert!(told[0].contains("there is a room already"), "{told:?}");
    assert!(!told[0].contains("does not let"), "{told:?}");
}

/// Why no room begins was told: nothing is said of the tries that come to nothing for that.
#[test]
fn while_others_keep_other_rules_nothing_is_said_of_an_agreement() {
    let mut room = outside(Door::Ask);
    room.hear(wants_in(BOB));
    room.differing.hear(&waits(WaitingReason::RulesDiffer {
        policy: Policy::default(),
        by: vec![BOB],
    }));
    let told = read(
        &mut room,
        [
            waits(WaitingReason::Gathering { have: 2, want: 2 }),
            Told::Membership(Membership::Agreeing {
                claimed: vec![ME, BOB],
            }),
            waits(WaitingReason::Agreeing { missing: vec![BOB] }),
            failed(&[BOB]),
        ],
    );
    assert_eq!(told, [""; 0]);
    let members = room.members(&LastHeard::default());
    assert!(
        members
            .iter()
            .any(|line| line.contains("(keeps other rules than you;")),
        "{members:?}"
    );
    let bob = room.name(&BOB);
    let again = room.still_differ();
    assert!(
        again.starts_with(&format!(
            "no room begins, since {bob} keeps other rules than you"
        )),
        "{again}"
    );
}

#[test]
fn who_has_not_let_in_whom_is_told_to_the_one_and_the_other_with_what_to_type() {
    let mut room = outside(Door::Ask);
    let not_admitted = |identity, missing: &[IdentityKey]| {
        waits(WaitingReason::NotAdmitted {
            identity,
            missing: missing.to_vec(),
        })
    };
    let bob = room.name(&BOB);
    let told = read(&mut room, [not_admitted(ME, &[BOB])]);
    let me = fingerprint(&ME);
    assert!(
        told[0].starts_with(&format!("waiting for {bob} to let you in")),
        "{told:?}"
    );
    assert!(told[0].contains(&format!("/admit {me}")), "{told:?}");
    let told = read(&mut room, [not_admitted(BOB, &[ME])]);
    assert!(
        told[0].contains("has let you in, and waits for you"),
        "{told:?}"
    );
    assert_eq!(
        told[1],
        format!("to let it in: /admit {}", fingerprint(&BOB))
    );
    let told = read(&mut room, [not_admitted(EVE, &[BOB])]);
    assert!(
        told[0].starts_with(&format!("{bob} has not let")),
        "{told:?}"
    );
    assert!(
        told[0].contains(&format!(
            "/admit {} does it there, or, where --with or a link",
            fingerprint(&EVE)
        )),
        "{told:?}"
    );
    // A minute later what is known is told, and no guess.
    let now = Instant::now();
    let gathers = waits(WaitingReason::Gathering { have: 3, want: 3 });
    room.lasting.hear(&gathers, now);
    let told = room.tells_of_lasting(now, true, true);
    assert!(
        told[0].contains(&format!("{bob} and you have not let in all who are here")),
        "{told:?}"
    );
    // Whom --with does not name is not asked about.
    room.door = Door::With([(EVE, "eve.pub".to_owned())].into());
    let told = read(&mut room, [not_admitted(BOB, &[ME])]);
    assert!(!told.iter().any(|line| line.contains("/admit")), "{told:?}");
    // It is the person's own doing, and told as that.
    assert!(
        told[0].starts_with(&format!("you have not let {bob} in")),
        "{told:?}"
    );
    assert!(told[0].contains("start again with --with"), "{told:?}");
}

/// Who came by a link has named nobody by an option.
#[test]
fn who_came_by_a_link_is_told_nothing_of_an_option_that_it_did_not_give() {
    let mut room = outside(Door::With([(EVE, LINK.to_owned())].into()));
    let bob = room.name(&BOB);
    room.hear(secure(9, &[ME, EVE]));
    let told = read(
        &mut room,
        [
            waits(WaitingReason::NotAdmitted {
                identity: BOB,
                missing: vec![ME],
            }),
            waits(WaitingReason::AdmitHere {
                claimed: BOB,
                by: vec![EVE],
            }),
        ],
    );
    assert!(
        told[0].starts_with(&format!("you have not let {bob} in"))
            && told[0].contains("by a link that names it"),
        "{told:?}"
    );
    assert!(
        told[1].contains("is not one of those of the link"),
        "{told:?}"
    );
    assert!(!told.concat().contains("--with"), "{told:?}");
    // What it can do itself is to ask the one that it had the link of.
    let mut room = outside(Door::With([(EVE, LINK.to_owned())].into()));
    let not_let_in = WaitingReason::NotAdmitted {
        identity: ME,
        missing: vec![EVE],
    };
    let mut told = read(&mut room, [waits(not_let_in)]);
    let now = Instant::now();
    room.lasting.hear(&waits(WaitingReason::Outside), now);
    told.extend(room.tells_of_lasting(now, true, true));
    assert_eq!(told.len(), 2);
    for told in told {
        let asks = told.contains("ask who gave you yours");
        assert!(asks && !told.contains("--with"), "{told}");
    }
}

#[test]
fn in_a_change_those_are_named_who_are_known_to_say_nothing() {
    let mut room = room();
    let changing = || {
        waits(WaitingReason::Changing {
            missing: vec![BOB, EVE],
        })
    };
    let (bob, eve) = (room.name(&BOB), room.name(&EVE));
    let told = read(&mut room, [changing()]);
    assert!(
        told[0].ends_with(&format!("waiting for {bob}, {eve}")),
        "{told:?}"
    );
    room.hear(waits(WaitingReason::AnotherInstance { identity: EVE }));
    let told = read(&mut room, [changing()]);
    assert!(told[0].ends_with(&format!("waiting for {eve}")), "{told:?}");
}
