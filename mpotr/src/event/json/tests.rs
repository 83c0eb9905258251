//! The JSON form of each event, word by word, and that the specification names each.

use core::num::NonZeroU16;
use std::collections::BTreeSet;
use std::fs;

use mpotr_core::crypto::{Digest32, IdentityKey, SuiteId};
use mpotr_core::gka::{EpochName, FaultKind, Sid};
use mpotr_core::{
    AttemptId, CodeFailure, Departure, DropReason, Duration, MemberInfo, MessageId, Policy,
    RoundId, Rule, SecretOutcome, TextId, Vote, WaitingReason,
};
use serde::Serialize;
use serde::ser::SerializeMap as _;

use super::{
    Ended, Event, Membership, Message, Misconduct, Order, Told, Verification, Waiting, code,
    equivocation,
};

const ALICE: IdentityKey = IdentityKey::new([0xaa; 32]);
const BOB: IdentityKey = IdentityKey::new([0xbb; 32]);
const EPOCH: EpochName = EpochName::new([0xee; 16]);
const ID: MessageId = MessageId::new([0x1d; 32]);
const SID: Sid = Sid::new([0x5d; 32]);
const ROUND: RoundId = RoundId::new([0xcc; 16]);
const ATTEMPT: AttemptId = AttemptId::new([0x77; 16]);
const TEXT: TextId = TextId::from_number(3);

/// The event in JSON, with letters for what is long: A and B for Alice and Bob, E for an epoch, I for a message, S for the
/// session, R for a round and T for an attempt.
fn json(told: impl Into<Told>) -> String {
    let event = Event {
        n: 17,
        at: 5210,
        sid: Some(SID),
        told: told.into(),
    };
    shortened(&event)
}

fn shortened(event: &impl Serialize) -> String {
    let json = serde_json::to_string(event).unwrap();
    let long = [
        ("aa", 32, "A"),
        ("bb", 32, "B"),
        ("ee", 16, "E"),
        ("cc", 16, "R"),
        ("77", 16, "T"),
        ("1d", 32, "I"),
        ("5d", 32, "S"),
    ];
    long.into_iter().fold(json, |json, (byte, length, letter)| {
        json.replace(&byte.repeat(length), letter)
    })
}

/// What each event is in JSON after `"at":5210,"sid":"S"`.
#[expect(
    clippy::too_many_lines,
    reason = "one line for each event that there is"
)]
fn events() -> Vec<(Told, &'static str, &'static str, &'static str)> {
    let policy = || Policy {
        exclude: Rule::Quorum(NonZeroU16::new(2).unwrap()),
        change: Rule::Founders([BOB].into()),
        ..Policy::default()
    };
    let wants = |voted_out| Membership::WantsIn {
        claimed: BOB,
        voted_out,
    };
    let failed = |fault| Membership::AgreementFailed {
        claimed: vec![BOB],
        fault,
    };
    let roster = [ALICE, BOB].map(|identity| MemberInfo {
        identity,
        is_me: identity == ALICE,
    });
    let identity = BOB;
    let departure = Departure {
        acknowledged: true,
        transcripts_equal: true,
        published: false,
        count: 3,
        digest: Digest32::new([0x1d; 32]),
    };
    vec![
        (
            wants(false).into(),
            "membership",
            "wants_in",
            r#","claimed":"B","voted_out":false"#,
        ),
        (
            wants(true).into(),
            "membership",
            "wants_in",
            r#","claimed":"B","voted_out":true"#,
        ),
        (
            Membership::Agreeing {
                claimed: vec![ALICE, BOB],
            }
            .into(),
            "membership",
            "agreeing",
            r#","claimed":["A","B"]"#,
        ),
        (
            Membership::Joining { claimed: BOB }.into(),
            "membership",
            "joining",
            r#","claimed":"B""#,
        ),
        (
            failed(None).into(),
            "membership",
            "agreement_failed",
            r#","claimed":["B"]"#,
        ),
        (
            failed(Some(FaultKind::WrongShare)).into(),
            "membership",
            "agreement_failed",
            r#","claimed":["B"],"fault":"wrong_share""#,
        ),
        (
            Membership::Secure {
                sid: Sid::new([1; 32]),
                epoch: EPOCH,
                parent: None,
                suite: SuiteId::ChaCha20Poly1305,
                policy: policy(),
                roster: roster.into(),
                added: vec![BOB],
                removed: vec![],
            }
            .into(),
            "membership",
            "secure",
            r#","epoch":"E","suite":"chacha20poly1305","policy":{"agreement":"bd","authentication":"proof","admit":"anyone","exclude":{"quorum":2},"change":{"founders":["B"]},"evidence":false,"rekey":"light"},"roster":[{"identity":"A","me":true},{"identity":"B","me":false}],"added":["B"],"removed":[]"#,
        ),
        (
            Membership::Joined { identity }.into(),
            "membership",
            "joined",
            r#","identity":"B""#,
        ),
        (
            Membership::Leaving { identity }.into(),
            "membership",
            "leaving",
            r#","identity":"B""#,
        ),
        (
            Membership::Left { identity }.into(),
            "membership",
            "left",
            r#","identity":"B""#,
        ),
        (
            Membership::LeftOut { identity }.into(),
            "membership",
            "left_out",
            r#","identity":"B""#,
        ),
        (
            Membership::Voted {
                vote: Vote::Exclude(identity),
                by: vec![identity],
            }
            .into(),
            "membership",
            "voted",
            r#","vote":{"exclude":"B"},"by":["B"]"#,
        ),
        (
            Membership::PolicyChanged {
                policy: Policy::default(),
            }
            .into(),
            "membership",
            "policy_changed",
            r#","policy":{"agreement":"bd","authentication":"proof","admit":"anyone","exclude":"anyone","change":"anyone","evidence":false,"rekey":"light"}"#,
        ),
        (
            Membership::OtherEpoch {
                epoch: EPOCH,
                members: 4,
            }
            .into(),
            "membership",
            "other_epoch",
            r#","epoch":"E","members":4"#,
        ),
        (Membership::Behind.into(), "membership", "behind", ""),
        (Membership::Removed.into(), "membership", "removed", ""),
        (
            Message::Text {
                id: ID,
                author: BOB,
                seq: 2,
                body: b"h\xff\xfe?".to_vec(),
            }
            .into(),
            "message",
            "message",
            r#","id":"I","author":"B","seq":2,"body":"aP_-Pw""#,
        ),
        (
            Message::Sent {
                text_id: TEXT,
                id: ID,
            }
            .into(),
            "message",
            "sent",
            r#","text_id":3,"id":"I""#,
        ),
        (
            Message::Held {
                text_id: TEXT,
                added: vec![BOB],
            }
            .into(),
            "message",
            "held",
            r#","text_id":3,"added":["B"]"#,
        ),
        (
            Message::Acknowledged { text_id: TEXT }.into(),
            "message",
            "acknowledged",
            r#","text_id":3"#,
        ),
        (
            Message::Missed {
                text_id: TEXT,
                by: vec![BOB],
            }
            .into(),
            "message",
            "missed",
            r#","text_id":3,"by":["B"]"#,
        ),
        (
            Message::Dropped {
                text_id: TEXT,
                why: DropReason::NobodyLeft,
            }
            .into(),
            "message",
            "dropped",
            r#","text_id":3,"why":"nobody_left""#,
        ),
        (
            Order::Provisional { id: ID, place: 4 }.into(),
            "order",
            "provisional",
            r#","id":"I","place":4"#,
        ),
        (
            Order::Final {
                count: 1,
                digest: Digest32::new([0x1d; 32]),
                ids: vec![ID],
            }
            .into(),
            "order",
            "final",
            r#","count":1,"digest":"I","ids":["I"]"#,
        ),
        (
            Order::Unsettled {
                since: 70,
                count: 9,
                waiting_for: vec![BOB],
            }
            .into(),
            "order",
            "unsettled",
            r#","since":70,"count":9,"waiting_for":["B"]"#,
        ),
        (Order::Settled.into(), "order", "settled", ""),
        (
            Order::Fork { identity, count: 8 }.into(),
            "order",
            "fork",
            r#","identity":"B","count":8"#,
        ),
        (
            Order::Difference {
                identity,
                place: 6,
                here: ID,
                there: ID,
            }
            .into(),
            "order",
            "difference",
            r#","identity":"B","place":6,"here":"I","there":"I""#,
        ),
        (
            Order::Lagging { identity }.into(),
            "order",
            "lagging",
            r#","identity":"B""#,
        ),
        (
            Verification::CodeAsked {
                round: ROUND,
                identity,
            }
            .into(),
            "verification",
            "code_asked",
            r#","round":"R","identity":"B""#,
        ),
        (
            Verification::CodeFailed {
                round: ROUND,
                why: CodeFailure::WrongReveal,
                who: vec![BOB],
                tries: 2,
            }
            .into(),
            "verification",
            "code_failed",
            r#","round":"R","why":"wrong_reveal","who":["B"],"tries":2"#,
        ),
        (
            Verification::SecretAsked {
                attempt: ATTEMPT,
                identity,
                question: "where?".to_owned(),
                failures: 1,
            }
            .into(),
            "verification",
            "secret_asked",
            r#","attempt":"T","identity":"B","question":"where?","failures":1"#,
        ),
        (
            Verification::SecretResult {
                attempt: ATTEMPT,
                identity,
                result: SecretOutcome::Same,
                failures: 0,
            }
            .into(),
            "verification",
            "secret_result",
            r#","attempt":"T","identity":"B","result":"same","failures":0"#,
        ),
        (
            Verification::OtherKey {
                name: "bob".to_owned(),
                identity,
                known: ALICE,
            }
            .into(),
            "verification",
            "other_key",
            r#","name":"bob","identity":"B","known":"A""#,
        ),
        (
            Misconduct::Cheated {
                identity,
                fault: FaultKind::WrongProof,
            }
            .into(),
            "misconduct",
            "cheated",
            r#","identity":"B","fault":"wrong_proof""#,
        ),
        (
            Misconduct::Contradicted { identity }.into(),
            "misconduct",
            "contradicted",
            r#","identity":"B""#,
        ),
        (
            Misconduct::Disputed {
                id: ID,
                author: BOB,
                seq: 0,
                body: vec![],
            }
            .into(),
            "misconduct",
            "disputed",
            r#","id":"I","author":"B","seq":0,"body":"""#,
        ),
        (
            Misconduct::Leaked { identity }.into(),
            "misconduct",
            "leaked",
            r#","identity":"B""#,
        ),
        (
            Misconduct::Replaced { identity }.into(),
            "misconduct",
            "replaced",
            r#","identity":"B""#,
        ),
        (
            Misconduct::IdentityInUse.into(),
            "misconduct",
            "identity_in_use",
            "",
        ),
        (Ended::Published.into(), "ended", "published", ""),
        (
            Ended::Ended(departure).into(),
            "ended",
            "ended",
            r#","acknowledged":true,"transcripts_equal":true,"published":false,"count":3,"digest":"I""#,
        ),
        (
            Ended::Closed {
                code: "kicked".to_owned(),
                message: "out!".to_owned(),
                retry: false,
            }
            .into(),
            "ended",
            "closed",
            r#","code":"kicked","message":"out!","retry":false"#,
        ),
    ]
}

/// Each reason to wait, and what is with it.
#[expect(
    clippy::too_many_lines,
    reason = "one line for each reason that there is"
)]
fn reasons() -> Vec<(WaitingReason, &'static str, &'static str)> {
    let (missing, waiting_for, identity) = (vec![BOB], vec![BOB], BOB);
    let needs = |vote| WaitingReason::NeedsVotes {
        vote,
        have: 1,
        need: 2,
    };
    let policy = r#"{"agreement":"bd","authentication":"proof","admit":"anyone","exclude":"anyone","change":"anyone","evidence":false,"rekey":"light"}"#;
    vec![
        (WaitingReason::Alone, "alone", ""),
        (WaitingReason::Outside, "outside", ""),
        (
            WaitingReason::NotAdmitted {
                identity: BOB,
                missing: vec![BOB],
            },
            "not_admitted",
            r#","identity":"B","missing":["B"]"#,
        ),
        (
            WaitingReason::VoteHere {
                vote: Vote::Exclude(BOB),
                by: vec![BOB],
                need: 2,
            },
            "vote_here",
            r#","vote":{"exclude":"B"},"by":["B"],"need":2"#,
        ),
        (
            WaitingReason::AskedOut {
                by: vec![BOB],
                have: 1,
                need: 3,
            },
            "asked_out",
            r#","by":["B"],"have":1,"need":3"#,
        ),
        (
            WaitingReason::AdmitHere {
                claimed: BOB,
                by: vec![BOB],
            },
            "admit_here",
            r#","claimed":"B","by":["B"]"#,
        ),
        (
            WaitingReason::Gathering { have: 2, want: 3 },
            "gathering",
            r#","have":2,"want":3"#,
        ),
        (
            WaitingReason::Agreeing {
                missing: missing.clone(),
            },
            "agreeing",
            r#","missing":["B"]"#,
        ),
        (
            WaitingReason::Changing { missing },
            "changing",
            r#","missing":["B"]"#,
        ),
        (
            WaitingReason::RulesDiffer {
                policy: Policy::default(),
                by: vec![BOB],
            },
            "rules_differ",
            String::leak(format!(r#","policy":{policy},"by":["B"]"#)),
        ),
        (
            WaitingReason::OtherSuite { theirs: vec![2] },
            "other_suite",
            r#","theirs":[2]"#,
        ),
        (
            WaitingReason::OtherVersion { theirs: vec![9] },
            "other_version",
            r#","theirs":[9]"#,
        ),
        (
            WaitingReason::SlowLink {
                estimate: Duration::from_secs(5),
                queued: 4096,
            },
            "slow_link",
            r#","estimate":5000,"queued":4096"#,
        ),
        (WaitingReason::IdentityInRoom, "identity_in_room", ""),
        (
            WaitingReason::AnotherInstance { identity },
            "another_instance",
            r#","identity":"B""#,
        ),
        (
            WaitingReason::Excluding { identity },
            "excluding",
            r#","identity":"B""#,
        ),
        (
            needs(Vote::Admit(BOB)),
            "needs_votes",
            r#","vote":{"admit":"B"},"have":1,"need":2"#,
        ),
        (
            needs(Vote::Exclude(BOB)),
            "needs_votes",
            r#","vote":{"exclude":"B"},"have":1,"need":2"#,
        ),
        (
            needs(Vote::Merge(EPOCH)),
            "needs_votes",
            r#","vote":{"merge":"E"},"have":1,"need":2"#,
        ),
        (
            needs(Vote::Refresh),
            "needs_votes",
            r#","vote":"refresh","have":1,"need":2"#,
        ),
        (
            needs(Vote::Policy(Policy::default())),
            "needs_votes",
            String::leak(format!(
                r#","vote":{{"policy":{policy}}},"have":1,"need":2"#
            )),
        ),
        (
            WaitingReason::NotFinal { waiting_for },
            "not_final",
            r#","waiting_for":["B"]"#,
        ),
        (WaitingReason::Expired, "expired", ""),
    ]
}

#[test]
fn each_event_has_the_form_that_is_written_down() {
    for (told, group, code, rest) in events() {
        let expected =
            format!(r#"{{"type":"{code}","group":"{group}","n":17,"at":5210,"sid":"S"{rest}}}"#);
        assert_eq!(json(told), expected);
    }
    let outside = Event {
        n: 0,
        at: 0,
        sid: None,
        told: Membership::Behind.into(),
    };
    let expected = r#"{"type":"behind","group":"membership","n":0,"at":0,"sid":null}"#;
    assert_eq!(shortened(&outside), expected);
}

#[test]
fn a_code_is_told_as_it_is_read_aloud() {
    struct Alone;
    impl Serialize for Alone {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            code(ROUND, &"0123 4567 8901", &[ALICE, BOB], &mut map)?;
            map.end()
        }
    }
    let expected = r#"{"round":"R","code":"0123 4567 8901","roster":["A","B"]}"#;
    assert_eq!(shortened(&Alone), expected);
}

#[test]
fn two_things_in_one_place_are_told_without_the_texts() {
    struct Alone;
    impl Serialize for Alone {
        fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let mut map = serializer.serialize_map(None)?;
            equivocation(&BOB, 5, &[ID, ID], &mut map)?;
            map.end()
        }
    }
    let expected = r#"{"identity":"B","seq":5,"ids":["I","I"]}"#;
    assert_eq!(shortened(&Alone), expected);
}

#[test]
fn each_reason_to_wait_has_the_form_that_is_written_down() {
    for (reason, code, rest) in reasons() {
        for (until, written) in [(None, ""), (Some(900), r#","until":900"#)] {
            let told = Waiting::For {
                reason: reason.clone(),
                since: 70,
                until,
            };
            let head = r#"{"type":"waiting","group":"waiting","n":17,"at":5210,"sid":"S""#;
            let expected = format!(r#"{head},"reason":"{code}","since":70{written}{rest}}}"#);
            assert_eq!(json(told), expected);
        }
        let head = r#"{"type":"waiting_over","group":"waiting","n":17,"at":5210,"sid":"S""#;
        let expected = format!(r#"{head},"reason":"{code}"{rest}}}"#);
        assert_eq!(json(Waiting::Over { reason }), expected);
    }
    let lost = Waiting::Reconnecting {
        code: "lost".to_owned(),
        attempt: 2,
        next: 6000,
    };
    assert!(
        json(lost).ends_with(r#","reason":"reconnecting","code":"lost","attempt":2,"next":6000}"#)
    );
    assert!(json(Waiting::Reconnected).contains(r#""type":"waiting_over""#));
    assert!(json(Waiting::Reconnected).ends_with(r#","reason":"reconnecting"}"#));
}

/// The words in the first column of the tables under a heading of the page, without the mark of what is told at once.
fn listed(heading: &str) -> BTreeSet<String> {
    let path = concat!(env!("CARGO_MANIFEST_DIR"), "/../docs/spec/11-events.md");
    let page = fs::read_to_string(path).unwrap();
    let (_, section) = page.split_once(heading).unwrap();
    let section = section.split("\n## ").next().unwrap();
    let rows = section.lines().filter_map(|line| line.strip_prefix("| `"));
    rows.map(|row| row.split('`').next().unwrap().to_owned())
        .collect()
}

#[test]
fn the_specification_lists_each_event_and_no_other() {
    let mut told: BTreeSet<_> = events()
        .into_iter()
        .map(|(.., code, _)| code.to_owned())
        .collect();
    let elsewhere = ["code", "equivocation", "waiting", "waiting_over"];
    told.extend(elsewhere.map(str::to_owned));
    assert_eq!(listed("## Events as JSON"), told);
}

#[test]
fn the_specification_lists_each_reason_to_wait_and_no_other() {
    let mut told: BTreeSet<_> = reasons()
        .into_iter()
        .map(|(_, code, _)| code.to_owned())
        .collect();
    told.insert("reconnecting".to_owned());
    assert_eq!(listed("## Reasons to wait as JSON"), told);
}
