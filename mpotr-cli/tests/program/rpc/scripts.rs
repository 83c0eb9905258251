//! Conversations over `mpotr rpc`, by a clock of the host's: `scripts/README.md`.

#[path = "../../../../scripts/player.rs"]
mod player;

use std::collections::BTreeMap;

use serde_json::{Value, json};
use tempfile::{TempDir, tempdir};

use super::host::{Host, identity};
use player::{Stage, play_all};

/// Rooms of one host, a member each.
struct Rooms {
    home: TempDir,
    keys: BTreeMap<String, String>,
    host: Host,
    now: u64,
    packets: Vec<(String, String)>,
    events: Vec<(String, Value)>,
}

impl Rooms {
    fn new(names: &[String]) -> Self {
        let home = tempdir().unwrap();
        let keys = names.iter();
        let keys = keys.map(|name| (name.clone(), identity(home.path(), name)));
        let keys = keys.collect();
        let mut host = Host::start(home.path(), &["--clock", "manual"]);
        host.hello();
        Self {
            home,
            keys,
            host,
            now: 0,
            packets: Vec::new(),
            events: Vec::new(),
        }
    }

    fn sort(&mut self) {
        let notes: Vec<_> = self.host.notes().collect();
        for (method, mut params) in notes {
            let room = params["room"].as_str().unwrap().to_owned();
            match method.as_str() {
                "packet" => {
                    let packet = params["packet"].as_str().unwrap().to_owned();
                    self.packets.push((room, packet));
                }
                _ => self.events.push((room, params["event"].take())),
            }
        }
    }
}

impl Stage for Rooms {
    fn identity(&self, who: &str) -> String {
        self.keys[who].clone()
    }

    fn call(&mut self, who: &str, method: &str, mut params: Value) -> Result<Value, String> {
        params["room"] = who.into();
        if method == "open" {
            params["identity_file"] = self.home.path().join(who).to_str().unwrap().into();
        }
        let done = self.host.ask(method, params);
        done.map_err(|error| error["data"]["code"].as_str().unwrap().to_owned())
    }

    fn deliver(&mut self, who: &str, packet: &str) {
        let params = json!({ "room": who, "packet": packet });
        if let Err(error) = self.host.ask("packet", params) {
            // One that is not there yet, or no longer.
            assert_eq!(error["data"]["code"], "no_such_room");
        }
    }

    fn turn(&mut self, to: u64) {
        self.now = to;
        self.host.ask("tick", json!({ "to": to })).unwrap();
    }

    fn due(&mut self) -> Option<u64> {
        let ticked = self.host.ask("tick", json!({ "to": self.now })).unwrap();
        let timeouts = ticked["timeouts"].as_object().unwrap().values();
        timeouts.filter_map(Value::as_u64).min()
    }

    fn packets(&mut self) -> Vec<(String, String)> {
        // What an answer brought is written after it: with the next answer all of that is read.
        self.host.hello();
        self.sort();
        std::mem::take(&mut self.packets)
    }

    fn events(&mut self) -> Vec<(String, Value)> {
        self.sort();
        std::mem::take(&mut self.events)
    }
}

#[test]
fn rooms_over_rpc_play_each_conversation() {
    play_all(Rooms::new);
}
