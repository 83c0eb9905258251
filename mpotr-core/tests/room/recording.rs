//! What a room hands out for a transcript.

use std::collections::BTreeMap;

use mpotr_core::Record;
use mpotr_core::wire::{Content, Presence, Statement, Unverified};

use crate::network::{FOUL, Network};

fn records(network: &mut Network, member: usize) -> Vec<Record> {
    std::iter::from_fn(|| network.rooms[member].poll_record()).collect()
}

#[test]
fn a_room_that_is_not_asked_keeps_nothing() {
    let mut network = Network::new(2, 1).until_secure();
    network.send(0, "text");
    network.run_for(10);
    assert_eq!(records(&mut network, 0), []);
    assert_eq!(records(&mut network, 1), []);
}

#[test]
fn a_room_hands_out_its_run_and_then_everything_signed_that_took_effect_once() {
    let mut network = Network::with(3, 3, |config| {
        config.members = Some(3);
        config.record = true;
    });
    network.set_weather(FOUL);
    let mut network = network.until_secure();
    for text in 0..9 {
        network.send(text % 3, &format!("text {text}"));
    }
    network.run_for(60);
    for member in 0..3 {
        network.leave(member);
    }
    network.run_until(60, |network| {
        network.rooms.iter().all(|room| room.has_ended())
    });
    for member in 0..3 {
        let records = records(&mut network, member);
        let Record::Run(run) = &records[0] else {
            panic!("{records:?}")
        };
        assert_eq!(run.proposal.offers.len(), 3);
        assert!(run.payloads.iter().all(|payload| payload.len() == 128 + 96));
        let mut texts = Vec::new();
        let mut last = BTreeMap::new();
        for record in &records[1..] {
            match record {
                Record::Run(_) | Record::LightRun(_) | Record::Joined(_) => {
                    panic!("there was one epoch")
                }
                Record::Content { signed, .. } => {
                    let message = Unverified::<Content>::decode(signed).unwrap();
                    texts.push(message.unsigned().fields().body.to_vec());
                }
                Record::Statement { author, signed, .. } => {
                    let statement = Unverified::<Statement>::decode(signed).unwrap();
                    last.insert(*author, statement.unsigned().fields().presence);
                }
            }
        }
        texts.retain(|text| !text.is_empty());
        let read: Vec<_> = network
            .read(member)
            .into_iter()
            .map(String::into_bytes)
            .collect();
        assert_eq!(texts, read, "each once, in the order in which it was read");
        // Its own is; what the others reveal may come before they say so, and says it, too.
        assert!(last.values().any(|presence| *presence == Presence::Done));
    }
}

/// What one keeps who comes in by a light run begins with what it was told, and goes on with what is said.
#[test]
fn who_comes_in_by_a_light_run_keeps_what_it_was_told_and_what_follows() {
    let mut network = Network::new(3, 2).until_secure();
    network.run_for(5);
    let late = network.enter(|config| config.record = true);
    network.run_until(60, |network| network.rooms[late].is_secure());
    network.send(0, "welcome");
    network.run_for(5);
    let records = records(&mut network, late);
    let Record::Joined(joined) = &records[0] else {
        panic!("{records:?}")
    };
    let (name, roster) = crate::network::epoch_of(&network, late);
    assert_eq!(joined.name(), name);
    let audit = joined.audit::<crate::network::Suite>();
    assert_eq!(audit.wrong, []);
    let members = audit.epoch.unwrap().members;
    let listed: Vec<_> = members.iter().map(|it| it.identity).collect();
    assert_eq!(listed, roster);
    let texts = records.iter().filter_map(|record| match record {
        Record::Content { signed, .. } => {
            let message = Unverified::<Content>::decode(signed).unwrap();
            Some(message.unsigned().fields().body.to_vec())
        }
        _ => None,
    });
    assert_eq!(texts.collect::<Vec<_>>(), [b"welcome".to_vec()]);
}
