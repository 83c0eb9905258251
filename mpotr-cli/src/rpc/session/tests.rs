use serde_json::{Value, json};
use tokio::sync::mpsc;

use super::{ClockArg, Line, RpcArgs, Session};
use crate::rpc::room::tests::lost;

fn session() -> Session {
    let (news, _heard) = mpsc::channel(1);
    let mut session = Session::new(
        &RpcArgs {
            clock: ClockArg::Manual,
            programs: false,
        },
        news,
    );
    say(&mut session, "hello", json!({ "api": [1] }));
    session
}

/// What the session answers to a request, and what it says besides.
fn say(session: &mut Session, method: &str, params: Value) -> Vec<Value> {
    let request = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    session.take(Line::Whole(request.to_string().into_bytes()));
    let said = session.said();
    said.map(|line| serde_json::from_str(&line).unwrap())
        .collect()
}

fn open(session: &mut Session, room: &str) -> Value {
    let params = json!({
        "room": room, "name": "tea", "mode": "packets", "admission": "open", "payload": "bytes",
    });
    say(session, "open", params).swap_remove(0)
}

#[test]
fn a_fault_of_this_program_closes_one_room_and_the_others_go_on() {
    let mut session = session();
    for room in ["a", "b"] {
        assert!(open(&mut session, room)["result"].is_object());
    }
    session.with("a", |_| panic!("a fault, for this test"));
    let said: Vec<Value> = session
        .said()
        .map(|line| serde_json::from_str(&line).unwrap())
        .collect();
    let [said] = &said[..] else {
        panic!("{said:?}");
    };
    let event = &said["params"]["event"];
    assert_eq!(
        (&event["type"], &event["code"]),
        (&json!("closed"), &json!("internal"))
    );
    let gone = say(&mut session, "state", json!({ "room": "a" }));
    assert_eq!(gone[0]["error"]["data"]["code"], "no_such_room");
    let there = say(&mut session, "state", json!({ "room": "b" }));
    assert_eq!(there[0]["result"]["phase"], "gathering");
    assert!(!session.is_all_acknowledged());
}

/// A host that turns the clock without an end would never be answered.
#[test]
fn a_clock_is_turned_by_so_much_at_one_time_and_no_further() {
    let mut session = session();
    assert!(open(&mut session, "a")["result"].is_object());
    for to in [super::MOST_TURN + 1, 1 << 53, u64::MAX] {
        let refused = say(&mut session, "tick", json!({ "to": to }));
        let data = &refused[0]["error"]["data"];
        assert_eq!(
            (&data["code"], &data["field"], &data["limit"]),
            (&json!("params"), &json!("to"), &json!(super::MOST_TURN)),
            "{refused:?}"
        );
    }
    // Nothing was turned, and a step of the most is answered.
    let turned = say(&mut session, "tick", json!({ "to": super::MOST_TURN }));
    assert!(
        turned[0]["result"]["timeouts"]["a"].is_u64(),
        "{:?}",
        turned[0]
    );
    let turned = say(&mut session, "tick", json!({ "to": super::MOST_TURN + 5 }));
    assert!(turned[0]["result"].is_object(), "{:?}", turned[0]);
}

#[test]
fn there_are_only_so_many_rooms_and_one_that_is_closed_makes_room() {
    let mut session = session();
    session.most_rooms = 2;
    for room in ["a", "b"] {
        assert!(open(&mut session, room)["result"].is_object());
    }
    let refused = open(&mut session, "c");
    assert_eq!(refused["error"]["code"], -32_002);
    assert_eq!(refused["error"]["data"]["code"], "too_many_rooms");
    // The answer comes before what the room tells.
    let closed = say(&mut session, "close", json!({ "room": "a" }));
    assert_eq!(closed[0]["result"], json!({}));
    assert_eq!(closed[1]["params"]["event"]["type"], "ended");
    assert!(open(&mut session, "c")["result"].is_object());
}

#[tokio::test]
async fn a_room_that_waits_for_no_other_carrier_ends_when_it_is_looked_at() {
    let mut session = session();
    let mut room = lost();
    room.carried.as_mut().unwrap().course.stop();
    session.rooms.insert("a".to_owned(), room);
    session.look();
    let last = session.said().last().unwrap();
    let last: Value = serde_json::from_str(&last).unwrap();
    let event = &last["params"]["event"];
    assert_eq!(
        (&event["type"], &event["code"]),
        (&json!("closed"), &json!("lost"))
    );
    assert!(session.rooms.is_empty());
}
