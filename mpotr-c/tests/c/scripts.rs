//! Conversations through the functions of C: `scripts/README.md`.

#[path = "../../../scripts/player.rs"]
mod player;

use std::collections::BTreeMap;

use mpotr::json::{Bytes, Hex};
use mpotr::{AttemptId, IdentityKey, Sid};
use mpotr_c::{
    Identity, mpotr_handle_packet, mpotr_handle_timeout, mpotr_send, mpotr_verify_answer,
    mpotr_verify_start,
};
use player::{Stage, play_all};
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::caller::{Owned, code, enter, key, new_identity, written};

/// Members in this process.
struct Members {
    identities: BTreeMap<String, *mut Identity>,
    keys: BTreeMap<String, String>,
    members: BTreeMap<String, Owned>,
    now: u64,
}

impl Members {
    fn new(names: &[String]) -> Self {
        let named = |name: &String| (name.clone(), new_identity());
        let identities: BTreeMap<_, _> = names.iter().map(named).collect();
        let keys = identities.iter();
        let keys = keys.map(|(name, it)| (name.clone(), IdentityKey::new(key(*it)).to_string()));
        Self {
            keys: keys.collect(),
            identities,
            members: BTreeMap::new(),
            now: 0,
        }
    }

    fn open(&mut self, who: &str, mut params: Value) -> Result<Value, String> {
        if self.members.contains_key(who) {
            return Err("room_exists".to_owned());
        }
        // That is how it is here.
        assert_eq!(
            params.as_object_mut().unwrap().remove("mode").unwrap(),
            "packets"
        );
        let identity = self.identities.remove(who).unwrap();
        self.members
            .insert(who.to_owned(), Owned(enter(&params, identity)?));
        Ok(json!({}))
    }
}

fn read<T: DeserializeOwned>(value: &Value) -> Option<T> {
    serde_json::from_value(value.clone()).ok()
}

fn returned(it: i32) -> Result<Value, String> {
    match it {
        0 => Ok(json!({})),
        error => Err(code(error).to_owned()),
    }
}

impl Stage for Members {
    fn identity(&self, who: &str) -> String {
        self.keys[who].clone()
    }

    fn call(&mut self, who: &str, method: &str, params: Value) -> Result<Value, String> {
        if method == "open" {
            return self.open(who, params);
        }
        let (now, member) = (self.now, &self.members[who]);
        let text = |field: &str| params[field].as_str().unwrap_or_default();
        let secret = || read(&params["secret"]).map_or(Vec::new(), |Bytes(secret)| secret);
        // What has a function of its own goes by it.
        match (method, read(&params["seen"]), read(&params["attempt"])) {
            ("send", Some(Hex(seen)), _) => {
                let (seen, text): (Sid, _) = (seen, text("text"));
                let (body, length) = (text.as_ptr(), text.len());
                let seen = seen.as_bytes().as_ptr();
                // SAFETY: lengths are those of the bytes, and a sid has 32.
                let id = written(|id| unsafe { mpotr_send(member.0, now, body, length, seen, id) });
                Ok(json!({ "text_id": id? }))
            }
            ("verify_start", ..) => {
                let Hex(identity): Hex<IdentityKey> = read(&params["identity"]).unwrap();
                let (secret, question) = (secret(), text("question"));
                let mut attempt = [0; 16];
                // SAFETY: lengths are those of the bytes, and there is place for an attempt.
                returned(unsafe {
                    mpotr_verify_start(
                        member.0,
                        now,
                        identity.as_bytes().as_ptr(),
                        secret.as_ptr(),
                        secret.len(),
                        question.as_ptr(),
                        question.len(),
                        attempt.as_mut_ptr(),
                    )
                })?;
                Ok(json!({ "attempt": Hex(AttemptId::new(attempt)) }))
            }
            ("verify_answer", _, Some(Hex(attempt))) => {
                let (attempt, secret): (AttemptId, _) = (attempt, secret());
                let (attempt, length) = (attempt.as_bytes().as_ptr(), secret.len());
                // SAFETY: the length is that of the bytes, and an attempt has 16.
                returned(unsafe {
                    mpotr_verify_answer(member.0, now, attempt, secret.as_ptr(), length)
                })
            }
            _ => Ok(member.call(now, method, params)?),
        }
    }

    fn deliver(&mut self, who: &str, packet: &str) {
        let Bytes(packet) = read(&packet.into()).unwrap();
        if let Some(member) = self.members.get(who) {
            let (bytes, length) = (packet.as_ptr(), packet.len());
            // What counts for nothing is nobody's fault.
            // SAFETY: the length is that of the bytes.
            let _rejection = unsafe { mpotr_handle_packet(member.0, self.now, bytes, length) };
        }
    }

    fn turn(&mut self, to: u64) {
        self.now = to;
        for member in self.members.values() {
            assert_eq!(mpotr_handle_timeout(member.0, to), 0);
        }
    }

    fn due(&mut self) -> Option<u64> {
        self.members.values().filter_map(Owned::due).min()
    }

    fn packets(&mut self) -> Vec<(String, String)> {
        let packets = self.members.iter().flat_map(|(who, member)| {
            let packets = member.packets().into_iter();
            packets.map(|packet| {
                let packet = json!(Bytes(packet)).as_str().unwrap().to_owned();
                (who.clone(), packet)
            })
        });
        packets.collect()
    }

    fn events(&mut self) -> Vec<(String, Value)> {
        let events = self.members.iter().flat_map(|(who, member)| {
            let events = member.events().into_iter();
            events.map(|event| (who.clone(), event))
        });
        events.collect()
    }
}

impl Drop for Members {
    fn drop(&mut self) {
        for identity in self.identities.values() {
            mpotr_c::mpotr_identity_free(*identity);
        }
    }
}

#[test]
fn the_functions_of_c_play_each_conversation() {
    play_all(Members::new);
}
