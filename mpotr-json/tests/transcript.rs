//! A transcript that a program in another language keeps, piece by piece.
#![expect(clippy::unwrap_used, reason = "these are tests, their helpers too")]

use mpotr::{IdentityKeyPair, SystemRng, new_identity};
use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite;
use mpotr_json::{JsonMember, Params};
use mpotr_transcript::{Ending, Transcript, verify};
use serde_json::json;

struct Keeper {
    member: JsonMember,
    file: Vec<u8>,
    events: Vec<serde_json::Value>,
}

impl Keeper {
    fn enter(identity: IdentityKeyPair, nick: &str, record: bool) -> Self {
        let options = json!({
            "name": "tea", "admission": "open", "nick": nick, "members": 2, "profile": "loopback", "record": record,
        });
        let params = Params::parse(options.to_string().as_bytes()).unwrap();
        let member = JsonMember::open(params, identity, 0).unwrap();
        Self {
            member,
            file: Vec::new(),
            events: Vec::new(),
        }
    }

    fn look(&mut self) {
        while let Some(piece) = self.member.poll_record() {
            self.file.extend(piece);
        }
        self.hear();
    }

    fn hear(&mut self) {
        while let Some(event) = self.member.poll_event() {
            self.events.push(event);
        }
    }

    fn heard_by(&mut self, other: &mut Self, now: u64) {
        while let Some(packet) = self.member.member_mut().poll_packet() {
            let _any = other.member.handle_packet(now, &packet);
        }
    }

    /// Says something, if it knows by now who would read it. Returns whether it does.
    fn says(&mut self, text: &str, now: u64) -> bool {
        let Some(secure) = self.was_told("secure") else {
            return false;
        };
        let params = json!({ "text": text, "seen": secure["sid"] }).to_string();
        let params = Params::parse(params.as_bytes()).unwrap();
        self.member.call(now, "send", params).unwrap();
        true
    }

    fn was_told(&self, kind: &str) -> Option<&serde_json::Value> {
        self.events.iter().find(|event| event["type"] == kind)
    }
}

/// Two members, of whom the first has what belongs in a transcript.
fn both() -> [Keeper; 2] {
    [("alice", true), ("bob", false)]
        .map(|(nick, record)| Keeper::enter(new_identity(), nick, record))
}

/// Each hears what the other says.
fn carry([alice, bob]: &mut [Keeper; 2], now: u64) {
    alice.heard_by(bob, now);
    bob.heard_by(alice, now);
}

/// It is later: when something is due.
fn later(both: &mut [Keeper; 2], now: u64) -> u64 {
    let due = both
        .iter()
        .filter_map(|it| it.member.member().poll_timeout());
    let later = due.min().unwrap_or(now).max(now);
    for it in both {
        it.member.member_mut().handle_timeout(later);
    }
    assert!(later < 60_000);
    later
}

/// Whether a file is a whole transcript that verifies, with this text in it.
fn is_sound_with(file: &[u8], text: &str) -> bool {
    let transcript = Transcript::read(file);
    assert_eq!(transcript.ending, Ending::Whole);
    let report = verify::<ChaCha20Poly1305Suite>(&transcript, &mut SystemRng::default());
    assert!(report.is_sound(), "{:?}", report.flaws);
    let mut said = report.epochs.iter().flat_map(|epoch| &epoch.messages);
    said.any(|it| it.body.windows(text.len()).any(|it| it == text.as_bytes()))
}

#[test]
fn pieces_of_a_transcript_are_a_file_that_verifies() {
    let mut both = both();
    both[0].look();
    // What can be cut short at any time is a transcript that lacks its end.
    assert!(!both[0].file.is_empty());
    let (mut now, mut has_sent) = (0, false);
    while !both.iter().all(|it| it.member.member().has_ended()) {
        carry(&mut both, now);
        both.iter_mut().for_each(Keeper::look);
        has_sent = has_sent || both[0].says("hello", now);
        if both[1].was_told("message").is_some() {
            for it in &mut both {
                it.member.call(now, "leave", Params::default()).unwrap();
            }
        }
        now = later(&mut both, now);
    }
    both.iter_mut().for_each(Keeper::look);
    let [alice, bob] = &mut both;
    assert!(alice.member.poll_record().is_none());
    assert!(bob.file.is_empty());
    assert!(is_sound_with(&alice.file, "hello"));
}

/// What was told before the end, and the end itself, is there after it.
#[test]
fn what_was_told_before_a_member_is_closed_is_in_its_transcript() {
    let mut both = both();
    let (mut now, mut has_sent) = (0, false);
    while both[0].was_told("message").is_none() {
        carry(&mut both, now);
        // Neither takes what belongs in a transcript meanwhile.
        both.iter_mut().for_each(Keeper::hear);
        has_sent = has_sent || both[1].says("hello", now);
        now = later(&mut both, now);
    }
    let [alice, _] = &mut both;
    alice.member.member_mut().close();
    alice.look();
    assert!(alice.member.poll_record().is_none());
    assert!(is_sound_with(&alice.file, "hello"));
}
