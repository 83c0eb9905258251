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
                Record::Run(_) | Record::LightRun(_) => panic!("there was one epoch"),
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
