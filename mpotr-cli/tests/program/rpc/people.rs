//! Whom the person of a host knows: names in what is shown, and a word when another takes one.

use std::fs::File;
use std::path::Path;

use serde_json::{Value, json};
use tempfile::tempdir;

use super::carry;
use super::host::{Host, identity};

/// A room in which one member expects the other, and goes by a file of people.
fn open(home: &Path, room: &str, me: &str, other: &str) -> Value {
    json!({
        "room": room, "name": "tea", "mode": "packets", "nick": me, "profile": "loopback",
        "admission": { "only": [other] }, "identity_file": home.join(me),
        "people_file": home.join(format!("{me}-knows")),
    })
}

#[track_caller]
fn code(answer: Result<Value, Value>) -> String {
    let error = answer.unwrap_err();
    error["data"]["code"].as_str().unwrap().to_owned()
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one talk, in which a stranger becomes a person who is known, and one again"
)]
fn names_come_from_the_file_and_another_who_takes_one_is_told_of() {
    let home = tempdir().unwrap();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| identity(home.path(), name));
    let mut host = Host::start(home.path(), &[]);
    host.hello();
    host.ask("open", open(home.path(), "a", "alice", &bob))
        .unwrap();
    host.ask("open", open(home.path(), "b", "bob", &alice))
        .unwrap();
    // Alice knows another by the name that Bob calls himself by.
    let set = json!({ "room": "a", "identity": carol, "petname": "bob", "how": "compared" });
    let people = host.ask("person_set", set).unwrap();
    let known = &people["people"][0];
    assert_eq!(
        (&known["identity"], &known["petname"], &known["how"]),
        (&json!(carol), &json!("bob"), &json!("compared"))
    );
    let written = std::fs::read_to_string(home.path().join("alice-knows")).unwrap();
    assert!(written.contains(&format!("{carol} compared ")), "{written}");
    carry(&mut host, ["a", "b"], |host| {
        ["a", "b"]
            .iter()
            .all(|room| host.told(room, "secure").is_some())
    });
    let sid = host.told("b", "secure").unwrap()["sid"].clone();
    let hello = json!({ "room": "b", "text": "hello", "seen": sid });
    host.ask("send", hello).unwrap();
    carry(&mut host, ["a", "b"], |host| {
        host.told("a", "other_key").is_some()
    });
    let other = host.told("a", "other_key").unwrap();
    assert_eq!(
        (&other["name"], &other["group"]),
        (&json!("bob"), &json!("verification"))
    );
    assert_eq!(
        (&other["identity"], &other["known"]),
        (&json!(bob), &json!(carol))
    );
    let name = host.told("a", "message").unwrap()["name"]
        .as_str()
        .unwrap()
        .to_owned();
    assert!(name.starts_with("bob#") && name.ends_with('?'), "{name}");
    let state = host.ask("state", json!({ "room": "a" })).unwrap();
    assert_eq!(state["alerts"][0]["type"], "other_key");
    let shown = |state: &Value, of: &str| {
        let members = state["members"].as_array().unwrap().iter();
        members
            .clone()
            .find(|it| it["identity"] == of)
            .unwrap()
            .clone()
    };
    let before = shown(&state, &bob);
    assert_eq!(
        (&before["name"], &before["clash"]),
        (&json!(name), &json!(true))
    );
    assert_eq!(
        (&before["name_from"], &before["how"]),
        (&json!("nick"), &Value::Null)
    );
    // From when she knows him, he is what she calls him.
    let set = json!({ "room": "a", "identity": bob, "petname": "bobby" });
    host.ask("person_set", set).unwrap();
    let learned = json!({ "room": "a", "identity": bob, "how": "secret" });
    host.ask("person_set", learned).unwrap();
    let after = shown(&host.ask("state", json!({ "room": "a" })).unwrap(), &bob);
    assert_eq!(
        (&after["name"], &after["name_from"]),
        (&json!("bobby"), &json!("petname"))
    );
    assert_eq!(after["how"], "secret");
    let mine = shown(&host.ask("state", json!({ "room": "b" })).unwrap(), &bob);
    assert_eq!(mine["name"], "bob");
    // What is known never sinks, and who is forgotten is a stranger.
    let sinks = json!({ "room": "a", "identity": bob, "how": "seen" });
    let people = host.ask("person_set", sinks).unwrap();
    let known = people["people"].as_array().unwrap();
    assert!(
        known
            .iter()
            .any(|it| it["identity"] == json!(bob) && it["how"] == "secret"),
        "{people}"
    );
    let forget = json!({ "room": "a", "identity": bob });
    let people = host.ask("person_forget", forget).unwrap();
    assert_eq!(people["people"].as_array().unwrap().len(), 1);
    assert_eq!(host.ask("people", json!({ "room": "a" })).unwrap(), people);
    let after = shown(&host.ask("state", json!({ "room": "a" })).unwrap(), &bob);
    assert_eq!(after["name_from"], "nick");
}

#[test]
fn what_cannot_be_known_so_is_refused_and_changes_nothing() {
    let home = tempdir().unwrap();
    let [alice, bob, carol] = ["alice", "bob", "carol"].map(|name| identity(home.path(), name));
    let mut host = Host::start(home.path(), &[]);
    host.hello();
    std::fs::write(home.path().join("bob-knows"), "mpotr-known-v1\nnonsense\n").unwrap();
    let broken = host.ask("open", open(home.path(), "b", "bob", &alice));
    assert_eq!(code(broken), "people_file");
    // It is not open.
    assert_eq!(
        code(host.ask("state", json!({ "room": "b" }))),
        "no_such_room"
    );
    host.ask("open", open(home.path(), "a", "alice", &bob))
        .unwrap();
    let mut set = |params: Value| {
        let mut all = json!({ "room": "a", "identity": bob });
        for (key, value) in params.as_object().unwrap() {
            all[key] = value.clone();
        }
        host.ask("person_set", all)
    };
    set(json!({ "petname": "bob" })).unwrap();
    assert_eq!(
        code(set(json!({ "identity": carol, "petname": "bob" }))),
        "petname_taken"
    );
    assert_eq!(
        code(set(json!({ "identity": carol, "how": "seen" }))),
        "params"
    );
    assert_eq!(code(set(json!({ "petname": "b b" }))), "params");
    assert_eq!(code(set(json!({ "how": "oath" }))), "params");
    assert_eq!(code(set(json!({ "more": 1 }))), "params");
    assert_eq!(
        code(set(json!({ "identity": alice, "petname": "me" }))),
        "yourself"
    );
    let forget = json!({ "room": "a", "identity": carol });
    assert_eq!(code(host.ask("person_forget", forget)), "no_such_person");
    let people = host.ask("people", json!({ "room": "a" })).unwrap();
    assert_eq!(people["people"].as_array().unwrap().len(), 1);
    // Without a file nobody is known, and nothing is shown as if it were so.
    let mut other = open(home.path(), "b", "bob", &alice);
    other.as_object_mut().unwrap().remove("people_file");
    host.ask("open", other).unwrap();
    assert_eq!(code(host.ask("people", json!({ "room": "b" }))), "params");
    assert_eq!(host.end(), Some(0));
}

#[test]
fn who_holds_the_file_of_people_holds_up_no_other_room() {
    let home = tempdir().unwrap();
    let [alice, bob] = ["alice", "bob"].map(|name| identity(home.path(), name));
    let mut host = Host::start(home.path(), &[]);
    host.hello();
    host.ask("open", open(home.path(), "a", "alice", &bob))
        .unwrap();
    host.ask("open", open(home.path(), "b", "bob", &alice))
        .unwrap();
    let lock = File::create(home.path().join("alice-knows.lock")).unwrap();
    lock.lock().unwrap();
    let set = json!({ "room": "a", "identity": bob, "petname": "bob" });
    let set = host.request("person_set", set);
    let state = host.request("state", json!({ "room": "a" }));
    host.ask("state", json!({ "room": "b" })).unwrap();
    lock.unlock().unwrap();
    for id in [set, state] {
        let answer = host.answer();
        assert_eq!(answer["id"], id, "{answer}");
        assert!(answer["result"].is_object(), "{answer}");
    }
    assert_eq!(host.end(), Some(0));
}
