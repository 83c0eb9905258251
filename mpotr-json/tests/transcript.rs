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
        while let Some(event) = self.member.poll_event() {
            self.events.push(event);
        }
    }

    fn was_told(&self, kind: &str) -> Option<&serde_json::Value> {
        self.events.iter().find(|event| event["type"] == kind)
    }
}

#[test]
fn pieces_of_a_transcript_are_a_file_that_verifies() {
    let mut both = [("alice", true), ("bob", false)]
        .map(|(nick, record)| Keeper::enter(new_identity(), nick, record));
    both[0].look();
    // What can be cut short at any time is a transcript that lacks its end.
    assert!(!both[0].file.is_empty());
    let (mut now, mut has_sent) = (0, false);
    while !both.iter().all(|it| it.member.member().has_ended()) {
        assert!(now < 60_000);
        for from in 0..2 {
            while let Some(packet) = both[from].member.member_mut().poll_packet() {
                let _any = both[1 - from].member.handle_packet(now, &packet);
            }
        }
        both.iter_mut().for_each(Keeper::look);
        let secure = both[0].was_told("secure");
        if let Some(sid) = secure.filter(|_| !has_sent).map(|it| it["sid"].clone()) {
            has_sent = true;
            let params = json!({ "text": "hello", "seen": sid }).to_string();
            let params = Params::parse(params.as_bytes()).unwrap();
            both[0].member.call(now, "send", params).unwrap();
        }
        if both[1].was_told("message").is_some() {
            both.iter_mut().for_each(|it| {
                it.member.call(now, "leave", Params::default()).unwrap();
            });
        }
        let due = both
            .iter()
            .filter_map(|it| it.member.member().poll_timeout());
        now = due.min().unwrap_or(now).max(now);
        both.iter_mut()
            .for_each(|it| it.member.member_mut().handle_timeout(now));
    }
    both.iter_mut().for_each(Keeper::look);
    let [alice, bob] = &mut both;
    assert!(alice.member.poll_record().is_none());
    assert!(bob.file.is_empty());
    let transcript = Transcript::read(&alice.file);
    assert_eq!(transcript.ending, Ending::Whole);
    let report = verify::<ChaCha20Poly1305Suite>(&transcript, &mut SystemRng::default());
    assert!(report.is_sound(), "{:?}", report.flaws);
    let said = report.epochs.iter().flat_map(|epoch| &epoch.messages);
    let mut said = said.filter(|message| message.body.windows(5).any(|it| it == b"hello"));
    assert!(said.next().is_some());
}

/// What was told before the end, and the end itself, is there after it.
#[test]
fn what_was_told_before_a_member_is_closed_is_in_its_transcript() {
    let mut both = [("alice", true), ("bob", false)]
        .map(|(nick, record)| Keeper::enter(new_identity(), nick, record));
    let (mut now, mut sent) = (0, 0);
    // Neither takes what belongs in a transcript meanwhile.
    let told = |it: &mut Keeper| {
        while let Some(event) = it.member.poll_event() {
            it.events.push(event);
        }
    };
    while both[0].was_told("message").is_none() {
        assert!(now < 60_000);
        for from in 0..2 {
            while let Some(packet) = both[from].member.member_mut().poll_packet() {
                let _any = both[1 - from].member.handle_packet(now, &packet);
            }
        }
        both.iter_mut().for_each(told);
        let secure = both[1].was_told("secure");
        if let Some(sid) = secure.filter(|_| sent == 0).map(|it| it["sid"].clone()) {
            sent = 1;
            let params = json!({ "text": "hello", "seen": sid }).to_string();
            let params = Params::parse(params.as_bytes()).unwrap();
            both[1].member.call(now, "send", params).unwrap();
        }
        let due = both
            .iter()
            .filter_map(|it| it.member.member().poll_timeout());
        now = due.min().unwrap_or(now).max(now);
        both.iter_mut()
            .for_each(|it| it.member.member_mut().handle_timeout(now));
    }
    let [alice, _] = &mut both;
    alice.member.member_mut().close();
    alice.look();
    assert!(alice.member.poll_record().is_none());
    let transcript = Transcript::read(&alice.file);
    assert_eq!(transcript.ending, Ending::Whole);
    let report = verify::<ChaCha20Poly1305Suite>(&transcript, &mut SystemRng::default());
    assert!(report.is_sound(), "{:?}", report.flaws);
    let said = report.epochs.iter().flat_map(|epoch| &epoch.messages);
    let mut said = said.filter(|message| message.body.windows(5).any(|it| it == b"hello"));
    assert!(said.next().is_some());
}
