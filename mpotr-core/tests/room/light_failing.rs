//! Light runs that fail for want of one member: how long that takes, whom it costs, and what follows.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use mpotr_core::gka::light::Watch;
use mpotr_core::wire::{LightPacket, LightStep, Packet, PacketKind, Wanted};
use mpotr_core::{Event, WaitingReason};
use mpotr_netem::Weather;

use crate::light::{are_in, epochs, light, steps};
use crate::network::{Network, epoch_of, first_proposer};

/// The light packets that were sent from a point of time on, and by whom.
fn light_packets(network: &Network, since: usize) -> Vec<(usize, LightPacket)> {
    let sent = network.wire[since..].iter();
    let packets = sent.filter_map(|(from, packet)| match Packet::from_bytes(packet) {
        Ok(Packet::Light(packet)) => Some((*from, packet)),
        _ => None,
    });
    packets.collect()
}

/// The member whose SEED comes first when one wants other keys.
fn proposer_of(network: &mut Network, wants: usize) -> usize {
    let since = network.wire.len();
    network.rooms[wants].refresh(network.now);
    network.collect(wants);
    network.run_until(60, |network| !light_packets(network, since).is_empty());
    light_packets(network, since)[0].0
}

/// A member has answered a SEED that was sent from a point of time on, and then says that its answer is not its own.
#[cfg(feature = "insider")]
fn object(network: &mut Network, since: usize, liar: usize) {
    use mpotr_core::crypto::SignatureBytes;
    use mpotr_core::gka::light::{Object, Objection, Signed};

    let is_frozen =
        |(from, it): &(usize, LightPacket)| *from == liar && it.step() == LightStep::Freeze;
    network.run_until(20, |network| {
        light_packets(network, since).iter().any(is_frozen)
    });
    let freeze = light_packets(network, since).into_iter().find(is_frozen);
    let Some((_, LightPacket::Freeze(freeze))) = freeze else {
        panic!("it has answered");
    };
    let object = Object {
        seed: freeze.body().seed,
        sender: freeze.body().sender,
        why: Objection::NotMine,
        own: Some(*freeze),
    };
    let object = Signed::new(object, SignatureBytes::new([0; 64]));
    let object = LightPacket::Object(Box::new(object));
    let object = network.rooms[liar].sign_light(object).unwrap();
    network.broadcast(liar, &object);
}

/// An answer to a SEED has the time of an answer, and not that of a whole run; and who gave none has no turn.
#[test]
fn a_light_view_waits_for_one_that_is_gone_as_long_as_a_full_one() {
    for dead in 1..5 {
        let mut network = light(5, 2);
        network.run_for(30);
        network.kill(dead);
        let began = network.now;
        network.rooms[0].refresh(network.now);
        network.collect(0);
        let others: Vec<_> = (0..5).filter(|it| *it != dead).collect();
        network.run_until(60, |network| are_in(network, &others, 2));
        // A full run waits 15 s for a word, and what follows that takes a moment.
        let took = network.now.since(began).as_millis();
        assert!((15_000..=17_000).contains(&took), "{dead}: {took}");
    }
}

/// What is told of it names who gives no answer, and nobody who has given one.
/// Two die, one of them the next whose turn it is. Its view ends for who began it a moment before it ends for the others, and that one's
/// word that it is in the next comes just then: all go there, and none is left behind in a view of its own.
#[test]
fn who_goes_on_a_moment_before_the_others_is_not_left_behind() {
    for seed in 1..5 {
        let mut network = light(5, seed);
        network.set_weather(Weather::fair(221));
        for member in 0..40 {
            network.send(member % 5, "so that the round trip is known");
            network.run_for(2);
        }
        let first = first_proposer(&network);
        let (_, roster) = epoch_of(&network, 0);
        let place = roster.iter().position(|it| *it == network.keys[first]);
        let by_turn = (0..5).map(|turn| roster[(place.unwrap() + turn) % 5]);
        let keys = network.keys.clone();
        let by_turn = by_turn.map(|key| keys.iter().position(|it| *it == key).unwrap());
        let by_turn: Vec<_> = by_turn.collect();
        network.kill(by_turn[1]);
        network.kill(by_turn[3]);
        network.rooms[first].refresh(network.now);
        network.collect(first);
        // They have followed it into the view of one that is dead when the network becomes quicker.
        network.run_for(12);
        network.set_weather(Weather::fair(20));
        let there = [first, by_turn[2], by_turn[4]];
        network.run_until(120, |network| {
            let rosters = there.map(|it| epoch_of(network, it));
            rosters
                .iter()
                .all(|it| *it == rosters[0] && it.1.len() == 3)
        });
        for member in there {
            let left_out = network.count(member, |it| matches!(it, Event::LeftOut { .. }));
            assert_eq!(left_out, 2, "{seed}");
        }
    }
}

#[test]
fn who_is_waited_for_in_a_light_view_is_told() {
    let mut network = light(5, 2);
    network.run_for(30);
    network.kill(3);
    network.rooms[0].refresh(network.now);
    network.collect(0);
    let others = [0, 1, 2, 4];
    network.run_until(60, |network| are_in(network, &others, 2));
    for member in others {
        let waits = network.events[member].iter().filter_map(|it| match it {
            Event::Waiting {
                reason: WaitingReason::Changing { missing },
                ..
            } => Some(missing.clone()),
            _ => None,
        });
        let waits: Vec<_> = waits.collect();
        assert!(!waits.is_empty(), "{member}");
        assert!(
            waits.iter().all(|it| *it == [network.keys[3]]),
            "{member}: {waits:?}"
        );
    }
}

/// One of five has said goodbye, and of its last packet, by which it closes, these alone hear.
fn closes(seed: u64, heard_by: &'static [usize]) -> Network {
    let mut network = light(5, seed);
    network.run_for(30);
    network.leave(4);
    let leaving = network.keys[4];
    let is_leaving = |it: &Event| *it == Event::Leaving { member: leaving };
    network.run_until(10, |n| {
        (0..4).all(|member| n.count(member, is_leaving) == 1)
    });
    network.tamper = Some(Box::new(move |from, to, packet| {
        (from != 4 || heard_by.contains(&to)).then(|| packet.to_vec())
    }));
    network.run_until(10, |n| n.rooms[4].has_ended());
    network
}

/// The one whose turn it is in the view of a light run hears from who waits for it why there is one, and the others that this is
/// there.
#[test]
fn who_waits_for_a_seed_says_why() {
    for heard_by in [&[0][..], &[1], &[2], &[3]] {
        let mut network = closes(2, heard_by);
        network.run_until(5, |n| are_in(n, &[0, 1, 2, 3], 2));
    }
}

/// Who knows of no change and has missed the SEED asks for it when others ask for its answer.
#[test]
fn who_is_waited_for_in_a_light_view_that_it_has_not_heard_of_asks_for_the_seed() {
    let mut network = closes(2, &[0, 1, 2, 3]);
    network.run_until(5, |n| !light_packets(n, 0).is_empty());
    let proposer = light_packets(&network, 0)[0].0;
    let heard_by: [&[usize]; 4] = [&[1, 2, 3], &[0, 2, 3], &[0, 1, 3], &[0, 1, 2]];
    for misses in (0..4).filter(|it| *it != proposer) {
        let mut network = closes(2, heard_by[misses]);
        let asks = Rc::new(Cell::new(false));
        let has_asked = asks.clone();
        network.tamper = Some(Box::new(move |from, to, packet| {
            let read = Packet::from_bytes(packet);
            if from == misses
                && let Ok(Packet::Request(request)) = &read
                && matches!(&request.wanted, Wanted::Light(it) if it.seed)
            {
                asks.set(true);
            }
            // Nor does it hear why by what others state.
            let is_kept_from_it = to == misses
                && !asks.get()
                && match read {
                    Ok(Packet::Light(light)) => light.step() == LightStep::Seed,
                    Ok(Packet::Sealed(_)) => true,
                    _ => false,
                };
            (!is_kept_from_it).then(|| packet.to_vec())
        }));
        network.run_until(5, |n| are_in(n, &[0, 1, 2, 3], 2));
        assert!(has_asked.get(), "{misses}");
    }
}

/// Who is cut off for less than that is left out by nobody, whichever way and from whichever step on.
#[test]
fn who_is_cut_off_for_less_than_a_full_run_waits_stays() {
    let begins = [None, Some(LightStep::Freeze), Some(LightStep::Share)];
    for (members, seed, begin) in (4..=5)
        .flat_map(|members| (1..4).map(move |seed| (members, seed)))
        .flat_map(|(members, seed)| begins.map(|begin| (members, seed, begin)))
    {
        for (loses_own, loses_others) in [(true, false), (false, true), (true, true)] {
            let mut network = light(members, seed);
            network.run_for(30);
            let cut_off = members - 1;
            let mut is_cut = begin.is_none();
            network.tamper = Some(Box::new(move |from, to, packet| {
                if let Ok(Packet::Light(light)) = Packet::from_bytes(packet) {
                    is_cut |= from == cut_off && Some(light.step()) == begin;
                }
                let is_lost =
                    is_cut && ((loses_own && from == cut_off) || (loses_others && to == cut_off));
                (!is_lost).then(|| packet.to_vec())
            }));
            network.rooms[0].refresh(network.now);
            network.collect(0);
            network.run_for(9);
            network.tamper = None;
            let all: Vec<_> = (0..members).collect();
            let case = format!("{members} {seed} {begin:?} {loses_own} {loses_others}");
            network.run_until(60, |network| {
                let last: BTreeSet<_> = all.iter().map(|it| epoch_of(network, *it).0).collect();
                last.len() == 1 && all.iter().all(|it| epochs(network, *it) > 1)
            });
            for member in &all {
                let left_out = network.count(*member, |it| matches!(it, Event::LeftOut { .. }));
                let behind = network.count(*member, |it| matches!(it, Event::Behind));
                assert_eq!((left_out, behind), (0, 0), "{case}: {member}");
            }
        }
    }
}

/// Who alone hears that a member objects ends the view, and says so to those who wait for its word: nobody is struck for it.
#[test]
#[cfg(feature = "insider")]
fn who_alone_hears_an_objection_is_not_struck() {
    for seed in 1..4 {
        let mut network = light(5, seed);
        network.run_for(30);
        for round in 0..3 {
            let since = network.wire.len();
            let proposer = proposer_of(&mut network, 0);
            let (liar, alone) = ((proposer + 1) % 5, (proposer + 2) % 5);
            // The objection comes to one alone, and CUT to that one after it.
            let is_said = Rc::new(Cell::new(false));
            let passes = Rc::clone(&is_said);
            network.tamper = Some(Box::new(move |from, to, packet| {
                let is_lost = match Packet::from_bytes(packet) {
                    Ok(Packet::Light(LightPacket::Cut(_))) => to != alone || !passes.get(),
                    Ok(Packet::Light(LightPacket::Object(_))) => from == liar && to != alone,
                    _ => false,
                };
                (!is_lost).then(|| packet.to_vec())
            }));
            object(&mut network, since, liar);
            network.run_for_millis(100);
            is_said.set(true);
            network.run_for(2);
            let heard = light_packets(&network, since).into_iter();
            let said = heard.filter(|(from, it)| *from != liar && it.step() == LightStep::Object);
            assert!(said.count() > 0, "{seed} {round}");
            network.tamper = None;
            network.run_until(60, |network| are_in(network, &[0, 1, 2, 3, 4], round + 2));
            for member in 0..5 {
                let left_out = network.count(member, |it| matches!(it, Event::LeftOut { .. }));
                assert_eq!(left_out, 0, "{seed} {round}: {member}");
            }
            network.run_for(20);
        }
    }
}

/// Who names in its FREEZE what it serves nobody is struck, and not the proposer that can make no CUT of it.
#[test]
fn who_brings_into_a_light_cut_what_it_does_not_serve_is_struck_and_nobody_else() {
    for hoarder in 1..4 {
        let mut network = light(4, 3);
        network.run_for(30);
        // Longer than any statement.
        network.tamper = Some(Box::new(move |from, _, packet| {
            let is_text = PacketKind::of(packet) == Some(PacketKind::Sealed) && packet.len() > 2000;
            (from != hoarder || !is_text).then(|| packet.to_vec())
        }));
        network.send(hoarder, &"x".repeat(3000));
        network.run_for_millis(200);
        network.rooms[0].refresh(network.now);
        network.collect(0);
        let others: Vec<_> = (0..4).filter(|it| *it != hoarder).collect();
        let is_over = |network: &Network| others.iter().all(|it| epochs(network, *it) > 1);
        for _ in 0..600 {
            if is_over(&network) {
                break;
            }
            network.run_for_millis(200);
            for member in &others {
                let struck = network.rooms[*member].strikes();
                let honest = struck.iter().any(|(it, _)| *it != network.keys[hoarder]);
                assert!(!honest, "{hoarder} at {member}: {struck:?}");
            }
        }
        assert!(are_in(&network, &others, 2), "{hoarder}");
        assert_eq!(network.read(others[0]), Vec::<String>::new());
    }
}

/// A view that ends by what one member says and nobody can check is followed by a light one in which all is looked at.
#[test]
#[cfg(feature = "insider")]
fn after_a_false_objection_one_light_view_is_eager() {
    let mut network = light(5, 1);
    network.run_for(30);
    let since = network.wire.len();
    let proposer = proposer_of(&mut network, 0);
    let liar = (proposer + 1) % 5;
    // No CUT of this view comes before the objection.
    network.tamper = Some(Box::new(|_, _, packet| {
        let is_cut = matches!(
            Packet::from_bytes(packet),
            Ok(Packet::Light(LightPacket::Cut(_)))
        );
        (!is_cut).then(|| packet.to_vec())
    }));
    object(&mut network, since, liar);
    network.run_for_millis(500);
    network.tamper = None;
    network.run_until(60, |network| are_in(network, &[0, 1, 2, 3, 4], 2));
    let seeds = light_packets(&network, since).into_iter();
    let watches: BTreeSet<_> = seeds
        .filter_map(|(_, it)| match it {
            LightPacket::Seed(seed) => {
                let terms = &seed.body().terms;
                Some((terms.view, terms.watch == Watch::Eager))
            }
            _ => None,
        })
        .collect();
    let watches: Vec<_> = watches.into_iter().map(|(_, is_eager)| is_eager).collect();
    assert_eq!(watches, [false, true]);
    assert!(steps(&network, since).contains(&LightStep::Joint));
}
