//! Changes of members by light runs.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use mpotr_core::gka::Sid;
use mpotr_core::wire::{LightPacket, LightStep, Packet, PacketKind};
use mpotr_core::{Duration, Event, Record, Rejection, Rekey, Room};
use mpotr_netem::Weather;

use crate::network::{FOUL, Network};

/// Members of a room that changes by light runs.
pub(crate) fn light(members: usize, seed: u64) -> Network {
    let network = Network::with(members, seed, |config| {
        config.members = Some(members);
        config.policy.rekey = Rekey::Light;
    });
    network.until_secure()
}

fn sid(network: &Network, member: usize) -> Sid {
    let events = network.events[member].iter().rev();
    let mut sids = events.filter_map(|event| match event {
        Event::Secure { sid, .. } => Some(*sid),
        _ => None,
    });
    sids.next().unwrap()
}

/// How many epochs a member has been in.
pub(crate) fn epochs(network: &Network, member: usize) -> usize {
    network.count(member, |event| matches!(event, Event::Secure { .. }))
}

/// All of these are in one epoch, which is so many after the first.
pub(crate) fn are_in(network: &Network, members: &[usize], epoch: usize) -> bool {
    let sids: BTreeSet<_> = members.iter().map(|it| sid(network, *it)).collect();
    sids.len() == 1 && members.iter().all(|it| epochs(network, *it) == epoch)
}

/// Packets of light runs that were sent from a point of time on, by step.
pub(crate) fn steps(network: &Network, since: usize) -> Vec<LightStep> {
    let sent = network.wire[since..].iter();
    let packets = sent.filter_map(|(_, packet)| match Packet::from_bytes(packet) {
        Ok(Packet::Light(packet)) => Some(packet.step()),
        _ => None,
    });
    packets.collect()
}

/// How many packets of a kind were sent from a point of time on.
pub(crate) fn sent(network: &Network, since: usize, kind: PacketKind) -> usize {
    let sent = network.wire[since..].iter();
    sent.filter(|(_, it)| PacketKind::of(it) == Some(kind))
        .count()
}

/// What was sent of changes from a point of time on is one light run of four members, and nothing of a full one.
pub(crate) fn is_one_run_of_four(network: &Network, since: usize) {
    let mut steps = steps(network, since);
    steps.sort_by_key(|it| it.code());
    use LightStep::{Cut, Freeze, Joint, Seed, Share};
    let expected = [
        Seed, Freeze, Freeze, Freeze, Freeze, Cut, Share, Share, Share, Share, Joint,
    ];
    assert_eq!(steps, expected);
    for kind in [
        PacketKind::Contribution,
        PacketKind::Offer,
        PacketKind::Proposal,
    ] {
        assert_eq!(sent(network, since, kind), 0, "{kind:?}");
    }
}

/// Each of these writes, and all others read it.
pub(crate) fn talk(network: &mut Network, members: &[usize], what: &str) {
    for member in members {
        network.send(*member, &format!("{what} of {member}"));
    }
    let members: Vec<_> = members.to_vec();
    let what = what.to_owned();
    network.run_until(120, |network| {
        members.iter().all(|member| {
            let read = network.read(*member).into_iter().collect::<BTreeSet<_>>();
            members
                .iter()
                .all(|it| read.contains(&format!("{what} of {it}")))
        })
    });
}

#[test]
fn a_member_leaves_by_a_light_run_and_the_others_talk_on() {
    let mut network = light(5, 1);
    talk(&mut network, &[0, 1, 2, 3, 4], "before");
    network.run_for(30);
    let since = network.wire.len();
    network.leave(2);
    network.run_until(60, |network| are_in(network, &[0, 1, 3, 4], 2));
    is_one_run_of_four(&network, since);
    talk(&mut network, &[0, 1, 3, 4], "after");
}

/// Who goes by a light run has nothing to state: neither that it begins, nor that it has gone on.
#[test]
fn a_refresh_by_a_light_run_takes_one_statement_and_no_answer() {
    let mut network = light(6, 1);
    talk(&mut network, &[0, 1, 2, 3, 4, 5], "before");
    network.run_for(45);
    let since = network.wire.len();
    network.rooms[0].refresh(network.now);
    network.collect(0);
    network.run_until(60, |network| are_in(network, &[0, 1, 2, 3, 4, 5], 2));
    network.run_for(8);
    let kinds = network.wire[since..]
        .iter()
        .map(|(from, it)| (*from, PacketKind::of(it).unwrap()));
    let kinds: Vec<_> = kinds.collect();
    assert_eq!(sent(&network, since, PacketKind::Sealed), 1, "{kinds:?}");
    assert_eq!(kinds.len(), 1 + 1 + 6 + 1 + 6 + 1, "{kinds:?}");
}

#[test]
fn one_change_after_another_goes_by_light_runs_and_the_seventeenth_by_a_full_one() {
    let mut network = light(3, 1);
    for change in 2..=18 {
        let since = network.wire.len();
        network.rooms[0].refresh(network.now);
        network.collect(0);
        network.run_until(120, |network| are_in(network, &[0, 1, 2], change));
        let is_full = sent(&network, since, PacketKind::Contribution) > 0;
        assert_eq!(is_full, change == 18, "{change}");
    }
    talk(&mut network, &[0, 1, 2], "after");
}

#[test]
fn one_who_is_silent_is_left_out_in_the_end() {
    let mut network = light(4, 1);
    network.kill(3);
    network.rooms[0].refresh(network.now);
    network.collect(0);
    network.run_until(600, |network| {
        let sids: BTreeSet<_> = [0, 1, 2].map(|it| sid(network, it)).into();
        let last = network.events[0].iter().rev();
        let mut rosters = last.filter_map(|event| match event {
            Event::Secure { roster, .. } => Some(roster.len()),
            _ => None,
        });
        sids.len() == 1 && rosters.next() == Some(3)
    });
    talk(&mut network, &[0, 1, 2], "after");
}

/// A member that contributes to no full run has its strikes for that: no light run in between lets it begin anew.
#[test]
fn a_change_that_was_to_be_full_goes_on_by_full_runs() {
    let mut network = light(4, 1);
    for change in 2..=17 {
        network.rooms[0].refresh(network.now);
        network.collect(0);
        network.run_until(120, |network| are_in(network, &[0, 1, 2, 3], change));
    }
    network.tamper = Some(Box::new(|from, _, packet| {
        let is_lost = from == 3 && PacketKind::of(packet) == Some(PacketKind::Contribution);
        (!is_lost).then(|| packet.to_vec())
    }));
    let since = network.wire.len();
    network.rooms[0].refresh(network.now);
    network.collect(0);
    network.run_until(600, |network| are_in(network, &[0, 1, 2], 18));
    assert_eq!(steps(&network, since), []);
    talk(&mut network, &[0, 1, 2], "after");
}

#[test]
fn one_is_excluded_by_an_eager_light_run_and_reads_nothing_of_what_follows() {
    let mut network = light(4, 1);
    talk(&mut network, &[0, 1, 2, 3], "before");
    let since = network.wire.len();
    let out = network.keys[3];
    network.rooms[0].exclude(network.now, out).unwrap();
    network.collect(0);
    network.run_until(120, |network| are_in(network, &[0, 1, 2], 2));
    assert!(!steps(&network, since).is_empty());
    talk(&mut network, &[0, 1, 2], "after");
    let read = network.read(3);
    assert!(!read.iter().any(|text| text.starts_with("after")));
}

#[test]
fn light_runs_get_through_foul_weather() {
    for seed in 0..3 {
        let mut network = light(5, seed);
        network.set_weather(FOUL);
        network.leave(4);
        network.run_until(900, |network| {
            (0..4).all(|it| epochs(network, it) > 1)
                && (0..4)
                    .map(|it| sid(network, it))
                    .collect::<BTreeSet<_>>()
                    .len()
                    == 1
        });
        talk(&mut network, &[0, 1, 2, 3], "after");
    }
}

/// A member that misses the certificate, and all shares but its own, gets it from those who have gone on.
#[test]
fn one_who_misses_the_certificate_gets_it_from_those_who_have_gone_on() {
    let mut network = light(4, 1);
    let mut lost = 0_usize;
    network.tamper = Some(Box::new(move |_, to, packet| {
        let is_lost = to == 2
            && lost < 8
            && matches!(
                Packet::from_bytes(packet),
                Ok(Packet::Light(LightPacket::Share(_) | LightPacket::Joint(_)))
            );
        lost += usize::from(is_lost);
        (!is_lost).then(|| packet.to_vec())
    }));
    network.rooms[0].refresh(network.now);
    network.collect(0);
    network.run_until(300, |network| are_in(network, &[0, 1, 2, 3], 2));
    network.tamper = None;
    talk(&mut network, &[0, 1, 2, 3], "after");
}

#[test]
fn one_who_keeps_a_transcript_takes_part_in_light_runs_and_keeps_them() {
    let mut network = Network::with(3, 1, |config| {
        config.members = Some(4);
        config.policy.rekey = Rekey::Light;
    });
    network.enter(|config| {
        config.members = Some(4);
        config.policy.rekey = Rekey::Light;
        config.record = true;
    });
    let mut network = network.until_secure();
    talk(&mut network, &[0, 1, 2, 3], "before");
    let since = network.wire.len();
    network.rooms[0].refresh(network.now);
    network.collect(0);
    network.run_until(60, |network| are_in(network, &[0, 1, 2, 3], 2));
    assert_eq!(sent(&network, since, PacketKind::Contribution), 0);
    talk(&mut network, &[0, 1, 2, 3], "after");
    let kept = std::iter::from_fn(|| network.rooms[3].poll_record());
    let kept: Vec<_> = kept.collect();
    let begins = |it: &Record| matches!(it, Record::LightRun(_));
    let light = kept.iter().position(begins).unwrap();
    let texts = |kept: &[Record]| {
        let is_text = |it: &&Record| matches!(it, Record::Content { .. });
        kept.iter().filter(is_text).count()
    };
    assert_eq!((texts(&kept[..light]), texts(&kept[light..])), (4, 4));
}

#[test]
fn packets_of_light_runs_are_refused_in_clear() {
    let mut network = light(3, 1);
    network.rooms[0].refresh(network.now);
    network.collect(0);
    network.run_until(60, |network| are_in(network, &[0, 1, 2], 2));
    let sent = network.wire.clone();
    let packets = sent
        .iter()
        .filter(|(_, it)| PacketKind::of(it) == Some(PacketKind::Light));
    for (_, packet) in packets {
        let now = network.now;
        let mut rng = network.rng.clone();
        let refused = network.rooms[1].handle_message(now, packet, &mut rng);
        assert_eq!(refused, Err(Rejection::NotAuthentic));
    }
}

/// Nobody states that it has gone on: who wrote what was on its way hears of the others in the next epoch. The one that was gone when
/// it came has missed it.
#[test]
fn what_was_on_its_way_is_acknowledged_by_those_who_have_gone_on() {
    let mut network = light(3, 1);
    network.leave(0);
    network.run_until(60, |network| network.rooms[0].has_ended());
    let text_id = network.send(1, "still here");
    let missed = Event::Missed {
        text_id,
        by: vec![network.keys[0]],
    };
    network.run_until(20, |network| network.events[1].contains(&missed));
    assert_eq!(network.read(2), ["still here"]);
}

/// Whose SEED never comes makes a view fail, as one does whose proposal never comes.
#[test]
fn whose_seed_never_comes_is_struck() {
    let mut network = light(5, 1);
    network.run_for(30);
    let withheld = Rc::new(Cell::new(None));
    let of = Rc::clone(&withheld);
    network.tamper = Some(Box::new(move |from, _, packet| {
        let is_seed = matches!(
            Packet::from_bytes(packet),
            Ok(Packet::Light(LightPacket::Seed(_)))
        );
        // Of the first who makes one none comes, whatever happens.
        let is_withheld = is_seed && of.get().is_none_or(|of| of == from);
        if is_withheld {
            of.set(Some(from));
        }
        (!is_withheld).then(|| packet.to_vec())
    }));
    network.rooms[0].refresh(network.now);
    network.collect(0);
    network.run_until(120, |network| (0..5).all(|it| epochs(network, it) > 1));
    let silent = withheld.get().unwrap();
    for member in (0..5).filter(|member| *member != silent) {
        assert_eq!(network.rooms[member].strikes(), [(network.keys[silent], 1)]);
    }
}

#[cfg(feature = "insider")]
mod forged {
    use mpotr_core::crypto::{JointShare, SignatureBytes};
    use mpotr_core::gka::light::{ChangeBody as _, Handle, Signed};
    use mpotr_core::wire::{LightPacket, Packet, PacketKind};
    use mpotr_core::{Rejection, Rekey};

    use super::{BTreeSet, LightStep, Network, are_in, light, sent, steps};
    use crate::network::Suite;

    /// A member sends a SEED for its turn, whether or not a light run may follow.
    fn send_seed(network: &mut Network, from: usize) {
        let now = network.now;
        let mut rng = network.rng.clone();
        let seed = network.rooms[from].forge_seed(now, &mut rng).unwrap();
        for member in (0..network.rooms.len()).filter(|member| *member != from) {
            let _refused = network.rooms[member].handle_message(now, &seed, &mut rng);
            network.collect(member);
        }
    }

    /// A member whose turn it is would have those outside wait for ever.
    #[test]
    fn a_seed_while_newcomers_wait_is_not_answered() {
        for liar in 0..4 {
            let mut network = light(4, 1);
            network.run_for(30);
            let since = network.wire.len();
            let late = network.enter(|config| config.policy.rekey = Rekey::Light);
            let honest: Vec<_> = (0..4).filter(|it| *it != liar).collect();
            network.run_until(60, |network| {
                honest.iter().any(|it| network.rooms[*it].views().is_some())
            });
            send_seed(&mut network, liar);
            network.run_until(120, |network| network.rooms[late].is_secure());
            // All that was answered lists the newcomer.
            let sent = || network.wire[since..].iter();
            let listing: BTreeSet<_> = sent()
                .filter_map(|(_, packet)| match Packet::from_bytes(packet) {
                    Ok(Packet::Light(LightPacket::Seed(seed)))
                        if !seed.body().offers.is_empty() =>
                    {
                        Some(seed.body().digest::<Suite>())
                    }
                    _ => None,
                })
                .collect();
            for (from, packet) in sent() {
                if let Ok(Packet::Light(LightPacket::Freeze(freeze))) = Packet::from_bytes(packet) {
                    assert!(listing.contains(&freeze.body().seed), "{liar} {from}");
                }
            }
        }
    }

    /// It would be made before those outside have answered. Who has missed the reason answers a while later.
    #[test]
    fn a_seed_without_a_reason_waits_for_one() {
        let mut network = light(4, 1);
        network.run_for(30);
        let since = network.wire.len();
        send_seed(&mut network, 3);
        assert_eq!(steps(&network, since), []);
        network.run_for(5);
        assert!(!steps(&network, since).is_empty());
        network.run_for(30);
        let since = network.wire.len();
        for member in 0..4 {
            network.rooms[member].refresh(network.now);
        }
        send_seed(&mut network, 3);
        assert!(!steps(&network, since).is_empty());
    }

    #[test]
    fn a_seed_after_sixteen_light_runs_is_not_answered() {
        for liar in 1..3 {
            let mut network = light(3, 1);
            for change in 2..=17 {
                network.rooms[0].refresh(network.now);
                network.collect(0);
                network.run_until(120, |network| are_in(network, &[0, 1, 2], change));
            }
            let since = network.wire.len();
            network.rooms[0].refresh(network.now);
            send_seed(&mut network, liar);
            network.collect(0);
            network.run_until(120, |network| are_in(network, &[0, 1, 2], 18));
            assert!(sent(&network, since, PacketKind::Contribution) > 0);
            assert_eq!(steps(&network, since), [], "{liar}");
        }
    }

    /// Both are the proof against it, and all who have one of them show the other: once, also where the run may yet be installed.
    #[test]
    fn two_shares_of_one_member_are_told_once() {
        let mut network = light(4, 1);
        network.run_for(30);
        // Nobody has all shares.
        network.tamper = Some(Box::new(|from, to, packet| {
            let step = match Packet::from_bytes(packet) {
                Ok(Packet::Light(packet)) => Some(packet.step()),
                _ => None,
            };
            let is_lost = match step {
                Some(LightStep::Share) => from == 2 || to == 2,
                Some(LightStep::Joint) => true,
                _ => false,
            };
            (!is_lost).then(|| packet.to_vec())
        }));
        let since = network.wire.len();
        network.rooms[0].refresh(network.now);
        network.collect(0);
        network.run_until(60, |n| {
            let shares = steps(n, since).into_iter();
            shares.filter(|it| *it == LightStep::Share).count() > 3
        });
        network.run_for_millis(100);
        let shares = network.wire[since..].iter();
        let mut shares = shares.filter_map(|(from, packet)| match Packet::from_bytes(packet) {
            Ok(Packet::Light(LightPacket::Share(share))) if *from == 3 => Some(share),
            _ => None,
        });
        let mut other = shares.next().unwrap().body().clone();
        other.share = JointShare::new([1; 32]);
        let other = Signed::new(other, SignatureBytes::new([0; 64]));
        let other = LightPacket::Share(Box::new(other));
        let other = network.rooms[3].sign_light(other).unwrap();
        let before = network.wire.len();
        network.broadcast(3, &other);
        let limit = network.now.as_millis() + 1000;
        network.run_until(20, |n| {
            n.now.as_millis() >= limit || n.wire.len() > before + 200
        });
        let told = network.wire.len() - before;
        assert!(told < 100, "{told} packets");
    }

    /// All that is left of a view would be the proposer that nobody has answered, and that counts as silent.
    #[test]
    fn a_seed_that_its_proposer_has_not_signed_is_not_answered() {
        let mut network = light(5, 1);
        network.run_for(30);
        let since = network.wire.len();
        network.rooms[0].refresh(network.now);
        network.collect(0);
        network.run_until(60, |network| !steps(network, since).is_empty());
        let seeds = network.wire[since..].iter();
        let mut seeds = seeds.filter_map(|(from, packet)| match Packet::from_bytes(packet) {
            Ok(Packet::Light(LightPacket::Seed(seed))) => Some((*from, seed)),
            _ => None,
        });
        let (proposer, seed) = seeds.next().unwrap();
        let mut body = seed.body().clone();
        body.terms.handle = Handle::new([7; 16]);
        let forged = LightPacket::Seed(Box::new(Signed::new(body, SignatureBytes::new([0; 64]))));
        let liar = (proposer + 1) % 5;
        let forged = network.rooms[liar].sign_light(forged).unwrap();
        for member in (0..5).filter(|member| *member != liar) {
            let (now, mut rng) = (network.now, network.rng.clone());
            let heard = network.rooms[member].handle_message(now, &forged, &mut rng);
            assert_eq!(heard, Err(Rejection::NotAuthentic));
        }
        network.run_until(60, |network| are_in(network, &[0, 1, 2, 3, 4], 2));
        assert_eq!(sent(&network, since, PacketKind::Contribution), 0);
    }
}

/// A room that began on a slow carrier, or in bad luck, is at the pace of a faster one when it has changed.
#[test]
fn light_runs_measure_the_pace_of_a_room() {
    for members in [2, 3, 5] {
        let mut network = Network::with(members, 1, |config| {
            config.members = Some(members);
            config.policy.rekey = Rekey::Light;
        });
        network.set_weather(Weather::fair(4000));
        let mut network = network.until_secure();
        network.run_for(60);
        network.set_weather(Weather::fair(50));
        let everyone: Vec<_> = (0..members).collect();
        // One of more than two others may lie, so two of them have to propose.
        for change in 0..3 {
            let slow = |room: &Room<_>| room.round_trip() > Some(Duration::from_secs(4));
            assert!(change > 0 || network.rooms.iter().all(slow));
            let now = network.now;
            network.rooms[change % members].refresh(now);
            network.collect(change % members);
            network.run_until(120, |n| are_in(n, &everyone, change + 2));
            network.run_for(20);
        }
        for room in &network.rooms {
            let measured = room.round_trip().unwrap();
            assert!(measured < Duration::from_millis(400), "{measured:?}");
        }
    }
}
