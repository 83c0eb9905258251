//! Light runs of which some see the end and others do not, or late.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::rc::Rc;

use mpotr_core::crypto::{Digest32, IdentityKeyPair};
use mpotr_core::gka::Sid;
use mpotr_core::gka::light::ChangeBody as _;
use mpotr_core::wire::{LightPacket, LightStep, Packet, PacketKind};
use mpotr_core::{Admission, Event, Rekey, RoomConfig, Timers};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::light::talk;
use crate::network::{Network, Suite, epoch_of};

/// A room that changes by light runs, after a while.
fn light(members: usize, seed: u64) -> Network {
    let mut network = crate::light::light(members, seed);
    network.run_for(20);
    network
}

/// The epochs that a member has been in.
fn epochs(network: &Network, member: usize) -> Vec<Sid> {
    let events = network.events[member].iter();
    let sids = events.filter_map(|event| match event {
        Event::Secure { sid, .. } => Some(*sid),
        _ => None,
    });
    sids.collect()
}

/// All of these are in one epoch, and it is not the first.
fn are_together(network: &Network, members: &[usize]) -> bool {
    let last: BTreeSet<_> = members
        .iter()
        .map(|it| epochs(network, *it).last().copied())
        .collect();
    last.len() == 1 && members.iter().all(|it| epochs(network, *it).len() > 1)
}

fn refresh(network: &mut Network, member: usize) {
    network.rooms[member].refresh(network.now);
    network.collect(member);
}

/// The step of a light run that a packet is, and in which view, if it is that of a SEED.
fn step_of(packet: &[u8]) -> Option<(LightStep, Option<u32>)> {
    match Packet::from_bytes(packet) {
        Ok(Packet::Light(LightPacket::Seed(seed))) => {
            Some((LightStep::Seed, Some(seed.body().terms.view)))
        }
        Ok(Packet::Light(packet)) => Some((packet.step(), None)),
        _ => None,
    }
}

/// The views for which FREEZEs were sent, by the SEEDs that they answer.
fn answered(network: &Network, since: usize) -> BTreeSet<u32> {
    let (mut views, mut seeds) = (BTreeSet::new(), Vec::new());
    for (_, packet) in &network.wire[since..] {
        match Packet::from_bytes(packet) {
            Ok(Packet::Light(LightPacket::Seed(seed))) => {
                seeds.push((seed.body().digest::<Suite>(), seed.body().terms.view));
            }
            Ok(Packet::Light(LightPacket::Freeze(freeze))) => {
                let of = seeds
                    .iter()
                    .find(|(digest, _)| *digest == freeze.body().seed);
                views.extend(of.map(|(_, view)| *view));
            }
            _ => {}
        }
    }
    views
}

/// Shares and certificate come to one member alone, which installs. The others go on to another view; when they hear of that one
/// again they install the same, and nobody anything else.
#[test]
fn joint_seen_by_one() {
    for seed in 1..4 {
        let mut network = light(4, seed);
        network.tamper = Some(Box::new(|_, to, packet| {
            let step = step_of(packet).map(|(step, _)| step);
            let is_end = matches!(step, Some(LightStep::Share | LightStep::Joint));
            (!is_end || to == 1).then(|| packet.to_vec())
        }));
        let since = network.wire.len();
        refresh(&mut network, 0);
        network.run_until(120, |n| {
            epochs(n, 1).len() == 2 && answered(n, since).iter().any(|view| *view > 0)
        });
        let installed = epochs(&network, 1)[1];
        assert!([0, 2, 3].iter().all(|it| epochs(&network, *it).len() == 1));
        network.tamper = None;
        network.run_until(120, |n| are_together(n, &[0, 1, 2, 3]));
        for member in 0..4 {
            assert_eq!(epochs(&network, member)[1], installed, "{seed}: {member}");
        }
        talk(&mut network, &[0, 1, 2, 3], "after");
    }
}

/// What `late_shares` has seen.
#[derive(Default)]
struct Late {
    first: Option<Digest32>,
    /// Who makes the CUT of the second view, and who is not to get that.
    second: Option<(usize, Vec<usize>)>,
    /// Of which SEED that second one is.
    cut: Option<Digest32>,
}

/// No SHARE of the first view comes before the CUT of the second is on its way, which so many members do not get: these install the
/// first run when its SHAREs come, and all others have shared in the second. One of the others says nothing more of the change, if
/// so wanted. Who that is, or who made the CUT.
fn late_shares(network: &mut Network, without_cut: usize, falls_silent: bool) -> usize {
    let members = network.rooms.len();
    let late = Rc::new(RefCell::new(Late::default()));
    let seen = Rc::clone(&late);
    network.tamper = Some(Box::new(move |from, to, packet| {
        let mut late = seen.borrow_mut();
        let read = Packet::from_bytes(packet);
        if let Ok(Packet::Light(LightPacket::Cut(cut))) = &read {
            let first = *late.first.get_or_insert(cut.body().seed);
            if first != cut.body().seed && late.second.is_none() {
                let others = (0..members).filter(|it| *it != from);
                late.second = Some((from, others.take(without_cut).collect()));
                late.cut = Some(cut.body().seed);
            }
        }
        let Some((maker, kept_out)) = &late.second else {
            let is_end = matches!(
                step_of(packet),
                Some((LightStep::Share | LightStep::Joint, _))
            );
            return (!is_end).then(|| packet.to_vec());
        };
        let is_silent = falls_silent
            && from == silent(*maker, kept_out, members)
            && matches!(read, Ok(Packet::Light(_) | Packet::Sealed(_)))
            && step_of(packet).is_none_or(|(step, _)| step != LightStep::Share);
        let is_second = match &read {
            Ok(Packet::Light(LightPacket::Cut(cut))) => Some(cut.body().seed) == late.cut,
            _ => false,
        };
        let is_kept = kept_out.contains(&to) && is_second;
        (!is_silent && !is_kept).then(|| packet.to_vec())
    }));
    let since = network.wire.len();
    refresh(network, 0);
    network.run_until(60, |_| late.borrow().second.is_some());
    let first = late.borrow().first;
    let sent = network.wire[since..].iter().zip(&network.raw[since..]);
    let shares: Vec<_> = sent
        .filter(|((_, inside), _)| match Packet::from_bytes(inside) {
            Ok(Packet::Light(LightPacket::Share(share))) => Some(share.body().seed) == first,
            _ => false,
        })
        .map(|(_, raw)| raw.clone())
        .collect();
    for (from, share) in shares {
        network.broadcast(from, &share);
    }
    network.run_for(1);
    let (maker, kept_out) = late.borrow().second.clone().unwrap();
    for member in kept_out.iter().copied() {
        assert_eq!(epochs(network, member).len(), 2);
    }
    silent(maker, &kept_out, members)
}

/// One that has shared in both views, and makes no CUT.
fn silent(maker: usize, kept_out: &[usize], members: usize) -> usize {
    let mut others = (0..members).filter(|it| *it != maker && !kept_out.contains(it));
    others.next().unwrap()
}

/// Some have installed a run, and the others have voted for a later one: these go back, and nobody is left out.
#[test]
fn late_share_to_some() {
    for (members, without_cut) in [(4, 1), (4, 2), (5, 2), (6, 3)] {
        let mut network = light(members, 1);
        late_shares(&mut network, without_cut, false);
        let all: Vec<_> = (0..members).collect();
        network.run_until(12, |n| are_together(n, &all));
        for member in &all {
            assert_eq!(epochs(&network, *member).len(), 2, "{members} {member}");
        }
        network.tamper = None;
        talk(&mut network, &all, "after");
    }
}

/// Without the word of one that has voted for both nobody goes back: who is fewer gives its epoch up, is told so, and is let in again.
#[test]
fn late_share_of_one_that_falls_silent() {
    for (members, without_cut) in [(4, 1), (4, 2), (5, 2), (6, 3)] {
        let mut network = light(members, 1);
        let silent = late_shares(&mut network, without_cut, true);
        let honest: Vec<_> = (0..members).filter(|it| *it != silent).collect();
        network.run_until(90, |n| {
            let last = |it: &usize| epochs(n, *it).last().copied();
            let rooms: BTreeSet<_> = honest.iter().map(last).collect();
            rooms.len() == 1 && honest.iter().all(|it| n.rooms[*it].is_secure())
        });
        network.run_for(30);
        assert!(are_together(&network, &honest), "{members} {without_cut}");
        talk(&mut network, &honest, "after");
    }
}

/// All have shared in a view that then fails, and have answered in the next, with fresh keys: the certificate of the first still
/// finds those that were drawn for it. They are what the change after it goes by.
fn finds_its_keys(change: impl Fn(&mut Network), staying: &[usize]) {
    let mut network = light(4, 1);
    let views = Rc::new(RefCell::new(BTreeSet::new()));
    let seen = Rc::clone(&views);
    network.tamper = Some(Box::new(move |_, _, packet| {
        let step = step_of(packet);
        seen.borrow_mut().extend(step.and_then(|(_, view)| view));
        // The first view ends without a certificate, and in the second one nobody hears an answer.
        let is_lost = match step.map(|(step, _)| step) {
            Some(LightStep::Share | LightStep::Joint) => true,
            Some(LightStep::Freeze | LightStep::Cut) => seen.borrow().iter().any(|view| *view > 0),
            _ => false,
        };
        (!is_lost).then(|| packet.to_vec())
    }));
    let since = network.wire.len();
    change(&mut network);
    network.run_until(120, |n| answered(n, since).len() > 1);
    network.tamper = Some(Box::new(|_, _, packet| {
        let step = step_of(packet).map(|(step, _)| step);
        let is_lost = matches!(step, Some(LightStep::Freeze | LightStep::Cut));
        (!is_lost).then(|| packet.to_vec())
    }));
    network.run_until(120, |n| are_together(n, staying));
    let mut seeds = network.wire[since..].iter();
    let first = seeds.find_map(|(_, packet)| match Packet::from_bytes(packet) {
        Ok(Packet::Light(LightPacket::Seed(seed))) => Some(*seed.body().terms.handle.as_bytes()),
        _ => None,
    });
    for member in staying {
        let (name, _) = epoch_of(&network, *member);
        assert_eq!(Some(*name.as_bytes()), first);
    }
    network.tamper = None;
    talk(&mut network, staying, "after");
    let since = network.wire.len();
    refresh(&mut network, staying[0]);
    network.run_until(120, |n| staying.iter().all(|it| epochs(n, *it).len() == 3));
    let full = network.wire[since..].iter();
    let mut full = full.filter(|(_, it)| PacketKind::of(it) == Some(PacketKind::Contribution));
    assert_eq!(full.next(), None);
    talk(&mut network, staying, "at last");
}

#[test]
fn late_joint_after_next_view() {
    finds_its_keys(|network| refresh(network, 0), &[0, 1, 2, 3]);
}

#[test]
fn late_joint_finds_its_f() {
    let exclude = |network: &mut Network| {
        let out = network.keys[3];
        network.rooms[0].exclude(network.now, out).unwrap();
        network.collect(0);
    };
    finds_its_keys(exclude, &[0, 1, 2]);
}

/// Who has shared shows nothing that is said afterwards, by one that has not, before it installs: then all show the same.
#[test]
fn share_then_thaw() {
    let mut network = light(4, 1);
    // One holds no CUT of the first view, and the others no share of it.
    network.tamper = Some(Box::new(|_, to, packet| {
        let is_lost = match step_of(packet).map(|(step, _)| step) {
            Some(LightStep::Cut) => to == 3,
            Some(LightStep::Share | LightStep::Joint) => true,
            _ => false,
        };
        (!is_lost).then(|| packet.to_vec())
    }));
    refresh(&mut network, 0);
    network.run_until(120, |n| n.rooms[3].views().is_some_and(|views| views > 1));
    network.send(3, "late");
    network.run_for(1);
    for member in 0..3 {
        assert_eq!(epochs(&network, member).len(), 1);
        assert!(!network.read(member).contains(&"late".to_owned()));
    }
    network.tamper = None;
    network.run_until(300, |n| are_together(n, &[0, 1, 2, 3]));
    network.run_until(60, |n| (0..3).all(|it| n.read(it) == ["late"]));
    talk(&mut network, &[0, 1, 2, 3], "after");
}

/// A member that has shared dies, and comes back with its identity and nothing else: it shares no second time, and is another
/// instance to all.
#[test]
fn restart_from_snapshot() {
    let mut network = light(3, 1);
    let config = || {
        let room = mpotr_core::gka::RoomId::of_name::<Suite>("test");
        let mut config = RoomConfig::new(room, Admission::Open);
        config.timers = Timers::RELAY;
        config.policy.rekey = Rekey::Light;
        config
    };
    let person = || IdentityKeyPair::random::<Suite>(&mut ChaCha20Rng::seed_from_u64(77));
    let first = network.enter_as(person(), config());
    network.run_until(120, |n| {
        n.rooms[first].is_secure() && epochs(n, first).last() == epochs(n, 0).last()
    });
    network.run_for(20);
    let since = network.wire.len();
    network.tamper = Some(Box::new(|_, to, packet| {
        let step = step_of(packet).map(|(step, _)| step);
        let is_end = matches!(step, Some(LightStep::Share | LightStep::Joint));
        (!is_end || to == usize::MAX).then(|| packet.to_vec())
    }));
    refresh(&mut network, 0);
    let shares = |n: &Network, from: usize| {
        let sent = n.wire[since..].iter().filter(|(by, _)| *by == from);
        sent.filter(|(_, it)| step_of(it).is_some_and(|(step, _)| step == LightStep::Share))
            .count()
    };
    network.run_until(60, |n| shares(n, first) > 0);
    network.kill(first);
    let second = network.enter_as(person(), config());
    network.run_for(5);
    assert_eq!(shares(&network, second), 0);
    network.tamper = None;
    network.run_until(300, |n| {
        n.rooms[second].is_secure()
            && are_together(n, &[0, 1, 2])
            && epochs(n, second).last() == epochs(n, 0).last()
    });
    talk(&mut network, &[0, 1, 2, second], "after");
}

#[test]
fn light_after_light_after_full() {
    let mut network = light(3, 1);
    let mut members = vec![0, 1, 2];
    for round in 0..2 {
        for _ in 0..2 {
            let since = network.wire.len();
            let before = epochs(&network, 0).len();
            refresh(&mut network, 0);
            network.run_until(120, |n| {
                are_together(n, &members) && epochs(n, 0).len() > before
            });
            let steps = network.wire[since..].iter();
            assert!(steps.filter_map(|(_, it)| step_of(it)).count() > 0);
            talk(&mut network, &members, &format!("light {round}"));
        }
        // Who comes in does so by a full run.
        let late = network.enter(|config| config.policy.rekey = Rekey::Light);
        network.run_until(120, |n| {
            n.rooms[late].is_secure() && epochs(n, late).last() == epochs(n, 0).last()
        });
        members.push(late);
        talk(&mut network, &members, &format!("full {round}"));
    }
}
