//! Conversations on the facade: `scripts/README.md`.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests, their helpers too: what cannot be done is a failure"
)]

#[path = "../../scripts/player.rs"]
mod player;

use std::collections::BTreeMap;

use mpotr::json::{AdmissionJson, Bytes, Hex, MessageStateJson, PolicyJson, SeenJson, VoteJson};
use mpotr::{
    IdentityKeyPair, Member, Message, RoomOptions, SendError, SharedSecret, TextId, Told,
    new_identity,
};
use player::{Stage, play_all};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

/// Members in this process. A text is its nick, a line feed, and what is said: how chat messages are written is for
/// others to know.
struct Facade {
    identities: BTreeMap<String, IdentityKeyPair>,
    keys: BTreeMap<String, String>,
    members: BTreeMap<String, Member>,
    now: u64,
}

impl Facade {
    fn new(names: &[String]) -> Self {
        let identities: BTreeMap<_, _> = names
            .iter()
            .map(|name| (name.clone(), new_identity()))
            .collect();
        let keys = identities.iter();
        let keys = keys.map(|(name, it)| (name.clone(), it.public().to_string()));
        Self {
            keys: keys.collect(),
            identities,
            members: BTreeMap::new(),
            now: 0,
        }
    }

    fn open(&mut self, who: &str, params: &Value) -> Result<Value, String> {
        let admission: AdmissionJson = read(&params["admission"])?;
        if self.members.contains_key(who) {
            return Err("room_exists".to_owned());
        }
        let identity = self.identities.remove(who).unwrap();
        let options = RoomOptions::new(params["name"].as_str().unwrap(), admission.into());
        let options = options.map_err(|error| error.code())?;
        let member = Member::new(options, identity, self.now).map_err(|error| error.code())?;
        self.members.insert(who.to_owned(), member);
        Ok(json!({}))
    }
}

fn read<T: DeserializeOwned>(value: &Value) -> Result<T, String> {
    serde_json::from_value(value.clone()).map_err(|_error| "params".to_owned())
}

impl Stage for Facade {
    fn identity(&self, who: &str) -> String {
        self.keys[who].clone()
    }

    #[expect(
        clippy::too_many_lines,
        reason = "one arm for each method that there is"
    )]
    fn call(&mut self, who: &str, method: &str, params: Value) -> Result<Value, String> {
        if method == "open" {
            return self.open(who, &params);
        }
        let now = self.now;
        let member = self.members.get_mut(who).unwrap();
        let voted =
            |done: Result<(), mpotr::VoteError>| done.map_err(|error| error.code().to_owned());
        let sent = |error: SendError| error.code().to_owned();
        let text = || read(&params["text_id"]).map(TextId::from_number);
        let identity = || read(&params["identity"]).map(|Hex(identity)| identity);
        let secret = || {
            let Bytes(typed) = read(&params["secret"])?;
            let secret = SharedSecret::of_text(core::str::from_utf8(&typed).unwrap());
            secret.ok_or_else(|| "empty_secret".to_owned())
        };
        let seen = || read(&params["seen"]).map(|SeenJson(seen)| seen);
        match method {
            "send" => {
                let body = format!("{who}\n{}", params["text"].as_str().unwrap());
                let text_id = member.send(now, body.into_bytes(), seen()?).map_err(sent)?;
                return Ok(json!({ "text_id": text_id.number() }));
            }
            "message_state" => {
                let Hex(id) = read(&params["id"])?;
                let state = member.message_state(&id);
                return Ok(json!(state.as_ref().map(MessageStateJson)));
            }
            "release" => member.release(now, text()?, seen()?).map_err(sent)?,
            "discard" => {
                let body = member.discard(now, text()?);
                body.ok_or(SendError::NoSuchText).map_err(sent)?;
            }
            "admit" => voted(member.admit(now, identity()?))?,
            "exclude" => voted(member.exclude(now, identity()?))?,
            "change_policy" => {
                let change: PolicyJson = read(&params["policy"])?;
                let policy = change.over(&member.state().policy);
                voted(member.change_policy(now, policy))?;
            }
            "withdraw" => {
                let vote: VoteJson = read(&params["vote"])?;
                voted(member.withdraw(now, &vote.into()))?;
            }
            "mute" => member.mute(now, identity()?, params["on"].as_bool().unwrap()),
            "room_code" => {
                let round = member.room_code(now).map_err(|error| error.code())?;
                return Ok(json!({ "round": Hex(round) }));
            }
            "verify_start" => {
                let question = params["question"].as_str().unwrap_or_default();
                let attempt = member.verify_start(now, identity()?, &secret()?, question);
                let attempt = attempt.map_err(|error| error.code())?;
                return Ok(json!({ "attempt": Hex(attempt) }));
            }
            "verify_answer" => {
                let Hex(attempt) = read(&params["attempt"])?;
                let answered = member.verify_answer(now, attempt, &secret()?);
                answered.map_err(|error| error.code())?;
            }
            "verify_abort" => {
                let Hex(attempt) = read(&params["attempt"])?;
                member.verify_abort(now, attempt);
            }
            "refresh" => member.refresh(now),
            "leave" => member.leave(now),
            "close" => member.close(),
            _ => panic!("no method {method}"),
        }
        Ok(json!({}))
    }

    fn deliver(&mut self, who: &str, packet: &str) {
        let Bytes(packet) = serde_json::from_value(packet.into()).unwrap();
        if let Some(member) = self.members.get_mut(who) {
            // What counts for nothing is nobody's fault.
            let _rejection = member.handle_packet(self.now, &packet);
        }
    }

    fn turn(&mut self, to: u64) {
        self.now = to;
        for member in self.members.values_mut() {
            member.handle_timeout(to);
        }
    }

    fn due(&mut self) -> Option<u64> {
        self.members.values().filter_map(Member::poll_timeout).min()
    }

    fn packets(&mut self) -> Vec<(String, String)> {
        let mut packets = Vec::new();
        for (who, member) in &mut self.members {
            while let Some(packet) = member.poll_packet() {
                let packet = json!(Bytes(packet)).as_str().unwrap().to_owned();
                packets.push((who.clone(), packet));
            }
        }
        packets
    }

    fn events(&mut self) -> Vec<(String, Value)> {
        let mut events = Vec::new();
        for (who, member) in &mut self.members {
            while let Some(event) = member.poll_event() {
                let mut told = json!(event);
                if let Told::Message(Message::Text { body, .. }) = &event.told {
                    let body = core::str::from_utf8(body).unwrap();
                    let (nick, text) = body.split_once('\n').unwrap();
                    (told["nick"], told["text"]) = (nick.into(), text.into());
                }
                events.push((who.clone(), told));
            }
        }
        events
    }
}

#[test]
fn the_facade_plays_each_conversation() {
    play_all(Facade::new);
}
