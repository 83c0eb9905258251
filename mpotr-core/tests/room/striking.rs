//! Who says and does not do is left out, and nobody else.

use std::cell::Cell;
use std::collections::BTreeSet;
use std::rc::Rc;

use mpotr_core::crypto::IdentityKey;
use mpotr_core::gka::MemberIndex;
use mpotr_core::wire::{
    LightPacket, LightStep, Missing, Packet, PacketKind, Request, SidHint, Wanted,
};
use mpotr_core::{Duration, Event, Rekey, Timestamp};
use mpotr_netem::Weather;

use crate::network::{Network, Suite};

/// Members of all rooms here, and the one that deviates.
const ALL: usize = 5;
const EVE: usize = 4;
/// Where a round trip takes 1 s and a view 16 of them: after so long a contribution leaves no time to ask for what follows.
const LATE: Duration = Duration::from_secs(11);

/// A room of five in an epoch.
fn room(seed: u64) -> Network {
    let mut network = Network::new(ALL, seed).until_secure();
    network.run_for(20);
    network
}

/// The same where keys are made anew by full runs.
fn full_room(seed: u64) -> Network {
    let mut network = Network::full(ALL, seed).until_secure();
    network.run_for(20);
    network
}

/// Of these a member sends nothing from now on.
fn withhold(network: &mut Network, from: usize, kind: PacketKind) {
    network.tamper = Some(Box::new(move |sender, _, packet| {
        let is_withheld = sender == from && PacketKind::of(packet) == Some(kind);
        (!is_withheld).then(|| packet.to_vec())
    }));
}

fn rosters(network: &Network, member: usize) -> Vec<BTreeSet<IdentityKey>> {
    let rosters = network.events[member]
        .iter()
        .filter_map(|event| match event {
            Event::Secure { roster, .. } => Some(roster.iter().map(|it| it.identity).collect()),
            _ => None,
        });
    rosters.collect()
}

/// Whether these are in one epoch of exactly these, which is not the first.
fn together(network: &Network, members: &[usize]) -> bool {
    let expected: BTreeSet<_> = members.iter().map(|it| network.keys[*it]).collect();
    members.iter().all(|member| {
        let rosters = rosters(network, *member);
        rosters.len() > 1 && rosters.last() == Some(&expected)
    })
}

fn refresh(network: &mut Network, member: usize) {
    let now = network.now;
    network.rooms[member].refresh(now);
    network.collect(member);
}

/// The willing have a new epoch without who is left out, and in few views.
fn goes_on_without_eve(network: &mut Network) {
    refresh(network, 0);
    let most = Rc::new(Cell::new(0));
    let views = Rc::clone(&most);
    network.run_until(120, |n| {
        views.set(views.get().max(n.rooms[0].views().unwrap_or(0)));
        together(n, &[0, 1, 2, 3])
    });
    assert!(most.get() <= 5, "{} views", most.get());
    let left_out = Event::LeftOut {
        member: network.keys[EVE],
    };
    for member in 0..EVE {
        assert_eq!(network.count(member, |event| *event == left_out), 1);
    }
    network.send(1, "without you");
    network.run_until(20, |n| n.read(3) == ["without you"]);
}

#[test]
fn who_never_contributes_is_left_out() {
    for seed in 1..6 {
        let mut network = full_room(seed);
        withhold(&mut network, EVE, PacketKind::Contribution);
        goes_on_without_eve(&mut network);
    }
}

#[test]
fn who_never_confirms_is_left_out() {
    for seed in 1..6 {
        let mut network = full_room(seed);
        withhold(&mut network, EVE, PacketKind::Confirmation);
        goes_on_without_eve(&mut network);
    }
}

/// It is asked for long, and gives when it is too late for what follows.
#[test]
fn who_contributes_when_the_view_is_nearly_over_is_left_out() {
    let mut network = Network::full(ALL, 1);
    network.set_weather(Weather::fair(500));
    let mut network = network.until_secure();
    network.run_for(30);
    let clock = Rc::new(Cell::new(network.now));
    let begun: Rc<Cell<Option<(SidHint, Timestamp)>>> = Rc::default();
    let now = Rc::clone(&clock);
    network.tamper = Some(Box::new(move |from, _, packet| {
        match Packet::from_bytes(packet) {
            Ok(Packet::Confirmation(..)) if from == EVE => return None,
            Ok(Packet::Contribution(run, _)) => {
                if begun.get().is_none_or(|(known, _)| known != run) {
                    begun.set(Some((run, now.get())));
                }
                let since = begun.get().map_or(now.get(), |(_, at)| at);
                if from == EVE && now.get() < since.after(LATE) {
                    return None;
                }
            }
            _ => {}
        }
        Some(packet.to_vec())
    }));
    refresh(&mut network, 0);
    let most = Rc::new(Cell::new(0));
    network.run_until(300, |n| {
        clock.set(n.now);
        most.set(most.get().max(n.rooms[0].views().unwrap_or(0)));
        together(n, &[0, 1, 2, 3])
    });
    assert!(most.get() <= 5, "{} views", most.get());
}

/// Each change waits for it for less than a member is waited for that says nothing, and it takes part in the end.
#[test]
fn who_makes_every_change_wait_is_left_out() {
    let mut network = full_room(1);
    let clock = Rc::new(Cell::new(network.now));
    let begun = Rc::new(Cell::new(network.now));
    let (now, since) = (Rc::clone(&clock), Rc::clone(&begun));
    network.tamper = Some(Box::new(move |from, _, packet| {
        let is_awaited = PacketKind::of(packet) == Some(PacketKind::Contribution) && from == EVE;
        let is_withheld = is_awaited && now.get() < since.get().after(LATE);
        (!is_withheld).then(|| packet.to_vec())
    }));
    let mut waits = 0;
    while !together(&network, &[0, 1, 2, 3]) {
        assert!(waits < 5, "it goes on for ever");
        waits += 1;
        begun.set(network.now);
        let epochs = rosters(&network, 0).len();
        refresh(&mut network, 0);
        network.run_until(60, |n| {
            clock.set(n.now);
            rosters(n, 0).len() > epochs
        });
        network.run_for(5);
    }
    // Once or twice may be the network.
    assert!(waits > 2, "left out in change {waits}");
}

/// To one it says nothing: what that one lacks the others have.
#[test]
fn who_is_silent_to_one_alone_throws_nobody_out() {
    for kind in [PacketKind::Contribution, PacketKind::Confirmation] {
        for seed in 1..4 {
            let mut network = room(seed);
            network.tamper = Some(Box::new(move |from, to, packet| {
                let is_withheld = (from, to) == (EVE, 0) && PacketKind::of(packet) == Some(kind);
                (!is_withheld).then(|| packet.to_vec())
            }));
            refresh(&mut network, 0);
            network.run_until(60, |n| together(n, &[0, 1, 2, 3, EVE]));
            for member in 0..ALL {
                assert_eq!(network.rooms[member].strikes(), []);
            }
        }
    }
}

/// A relay that keeps one from another, no matter who passes it on, makes one accuser: the others go on with both, or without
/// the one that can do nothing, and never without the one that is accused.
#[test]
fn what_a_relay_keeps_from_one_throws_out_nobody_whom_the_others_hear() {
    for seed in 1..4 {
        let mut network = room(seed);
        network.tamper = Some(Box::new(|_, to, packet| {
            let is_withheld = matches!(
                Packet::from_bytes(packet),
                Ok(Packet::Contribution(_, contribution)) if to == 0 && contribution.sender.get() == 1
            );
            (!is_withheld).then(|| packet.to_vec())
        }));
        refresh(&mut network, 2);
        network.run_for(120);
        for member in 1..ALL {
            for roster in rosters(&network, member) {
                let heard: Vec<_> = (1..ALL).map(|it| network.keys[it]).collect();
                assert!(heard.iter().all(|key| roster.contains(key)));
            }
        }
        assert!(rosters(&network, 1).len() > 1);
    }
}

/// What one misses of another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kept {
    Sealed,
    All,
}

/// A relay that keeps from `to` what `from` sends itself, and nothing that another passes on, for ten seconds of a change.
fn keep_from_one(network: &mut Network, kept: Kept, (from, to): (usize, usize)) {
    network.tamper = Some(Box::new(move |sender, receiver, packet| {
        let is_of_kind = kept == Kept::All || PacketKind::of(packet) == Some(PacketKind::Sealed);
        let is_withheld = (sender, receiver) == (from, to) && is_of_kind;
        (!is_withheld).then(|| packet.to_vec())
    }));
}

/// The members that have not been in two epochs of all, and the sizes of those that they were in.
fn lost_by(network: &Network) -> impl Iterator<Item = (usize, Vec<usize>)> {
    let members = network.rooms.len();
    let sizes = move |member| {
        let rosters = rosters(network, member).into_iter();
        (member, rosters.map(|it| it.len()).collect::<Vec<_>>())
    };
    let stays = move |sizes: &[usize]| sizes.len() > 1 && sizes.iter().all(|it| *it == members);
    (0..members)
        .map(sizes)
        .filter(move |(_, sizes)| !stays(sizes))
}

/// Where one misses another, the others hear both: each remains in every roster, and the changes come about.
fn who_misses_one_stays(kept: Kept, seconds: u64, rekey: Rekey) {
    let mut lost = Vec::new();
    for members in [3, 4, 5, 8] {
        for seed in 1..4 {
            let drawn = usize::try_from(seed).unwrap();
            let from = drawn % members;
            let to = (from + 1 + 3 * drawn % (members - 1)) % members;
            let network = Network::with(members, seed, |config| {
                config.members = Some(members);
                config.policy.rekey = rekey;
            });
            let mut network = network.until_secure();
            network.run_for(20);
            keep_from_one(&mut network, kept, (from, to));
            for change in 0..seconds.div_ceil(60) {
                let by = usize::try_from(change).unwrap() + from + 1;
                refresh(&mut network, by % members);
                network.run_for(seconds.min(60));
            }
            network.tamper = None;
            network.run_for(60);
            lost.extend(lost_by(&network).map(|it| (members, seed, (from, to), it)));
        }
    }
    assert!(lost.is_empty(), "{kept:?}, {seconds} s: {lost:?}");
}

/// One hears nobody, or nobody hears it, for less than a member is waited for that says nothing: a change begins meanwhile, and it
/// remains in every roster.
fn who_is_cut_off_for_moments_stays(hears: bool, is_heard: bool, rekey: Rekey) {
    let mut lost = Vec::new();
    for members in [3, 5, 8] {
        for (seed, after, seconds) in [(1, 10, 9), (2, 10, 12), (3, 20, 12), (4, 10, 14)] {
            let cut_off = usize::try_from(seed).unwrap() % members;
            let network = Network::with(members, seed, |config| {
                config.members = Some(members);
                config.policy.rekey = rekey;
            });
            let mut network = network.until_secure();
            network.run_for(20);
            // It is in the view when that happens.
            refresh(&mut network, (cut_off + 1) % members);
            network.run_for_millis(after);
            network.tamper = Some(Box::new(move |from, to, packet| {
                let is_cut = (from == cut_off && !is_heard) || (to == cut_off && !hears);
                (!is_cut).then(|| packet.to_vec())
            }));
            network.run_for(seconds);
            network.tamper = None;
            network.run_for(60);
            lost.extend(lost_by(&network).map(|it| (members, seed, cut_off, it)));
        }
    }
    assert!(lost.is_empty(), "{rekey:?}: {lost:?}");
}

#[test]
fn who_hears_nobody_for_moments_stays_in_the_room() {
    who_is_cut_off_for_moments_stays(false, true, Rekey::Full);
}

#[test]
fn whom_nobody_hears_for_moments_stays_in_the_room() {
    who_is_cut_off_for_moments_stays(true, false, Rekey::Full);
}

#[test]
fn who_is_cut_off_for_moments_stays_in_the_room() {
    who_is_cut_off_for_moments_stays(false, false, Rekey::Full);
}

#[test]
fn who_misses_the_sealed_packets_of_one_stays_in_the_room() {
    who_misses_one_stays(Kept::Sealed, 10, Rekey::Full);
    who_misses_one_stays(Kept::Sealed, 10, Rekey::Light);
}

#[test]
fn who_misses_all_that_one_says_stays_in_the_room() {
    who_misses_one_stays(Kept::All, 10, Rekey::Full);
}

#[test]
fn who_misses_all_that_one_says_stays_in_a_room_of_light_runs() {
    who_misses_one_stays(Kept::All, 10, Rekey::Light);
}

#[test]
fn who_hears_one_by_the_others_alone_stays_in_the_room() {
    who_misses_one_stays(Kept::All, 180, Rekey::Full);
}

#[test]
fn who_hears_one_by_the_others_alone_stays_in_a_room_of_light_runs() {
    who_misses_one_stays(Kept::All, 180, Rekey::Light);
}

/// Whatever one misses of another, and whenever: what that one says reaches it by the others, so nobody is lost.
#[test]
fn no_honest_loss() {
    let kinds = [
        None,
        Some(PacketKind::Offer),
        Some(PacketKind::Proposal),
        Some(PacketKind::Contribution),
        Some(PacketKind::Confirmation),
        Some(PacketKind::Sealed),
    ];
    for seed in 1..19 {
        let drawn = usize::try_from(seed).unwrap();
        let members = 3 + drawn % 4;
        let mut network = Network::with(members, seed, |config| {
            config.members = Some(members);
            config.policy.rekey = [Rekey::Full, Rekey::Light][drawn % 2];
        });
        network.set_weather(Weather::fair([5, 100, 300][drawn % 3]));
        let mut network = network.until_secure();
        network.run_for(20);
        let from = drawn * 5 % members;
        let to = (from + 1 + drawn % (members - 1)) % members;
        let kind = kinds[drawn % kinds.len()];
        network.send(from, "on its way");
        let newcomer = (drawn % 5 == 0).then(|| {
            let rekey = [Rekey::Full, Rekey::Light][drawn % 2];
            network.enter(|config| config.policy.rekey = rekey)
        });
        refresh(&mut network, drawn * 3 % members);
        network.run_for_millis(seed * 97 % 1500);
        network.tamper = Some(Box::new(move |sender, receiver, packet| {
            let is_of_kind = kind.is_none_or(|kind| PacketKind::of(packet) == Some(kind));
            ((sender, receiver) != (from, to) || !is_of_kind).then(|| packet.to_vec())
        }));
        network.run_for([10, 20, 60][drawn / 3 % 3]);
        network.tamper = None;
        network.run_for(60);
        let all: BTreeSet<_> = (0..members).map(|it| network.keys[it]).collect();
        for member in (0..members).chain(newcomer) {
            let rosters = rosters(&network, member);
            let is_whole = rosters.iter().all(|roster| roster.is_superset(&all));
            assert!(is_whole, "{seed}: {kind:?}, {from} -> {to}: {member}");
            let last = rosters.last().map(BTreeSet::len);
            assert_eq!(last, Some(network.rooms.len()), "{seed}: {kind:?}");
        }
    }
}

/// Two of five at once is more than a third of the others: a view or two may fail so, and nobody is the worse for it.
#[test]
fn weather_strikes_nobody() {
    let mut network = full_room(1);
    network.tamper = Some(Box::new(|from, _, packet| {
        let is_lost = from >= 3 && PacketKind::of(packet) == Some(PacketKind::Contribution);
        (!is_lost).then(|| packet.to_vec())
    }));
    refresh(&mut network, 0);
    network.run_until(60, |n| n.rooms[0].views() == Some(3));
    network.tamper = None;
    // Each of the two misses one alone.
    for member in 0..3 {
        assert_eq!(network.rooms[member].strikes(), []);
    }
    network.run_until(60, |n| together(n, &[0, 1, 2, 3, EVE]));
}

/// Two who keep silent together are not taken for weather for ever.
#[test]
fn those_who_keep_silent_together_are_left_out() {
    for seed in 1..6 {
        let mut network = full_room(seed);
        network.tamper = Some(Box::new(|from, _, packet| {
            let is_withheld = from >= 3 && PacketKind::of(packet) == Some(PacketKind::Contribution);
            (!is_withheld).then(|| packet.to_vec())
        }));
        refresh(&mut network, 0);
        let most = Rc::new(Cell::new(0));
        network.run_until(120, |n| {
            most.set(most.get().max(n.rooms[0].views().unwrap_or(0)));
            together(n, &[0, 1, 2])
        });
        assert!(most.get() <= 7, "{} views", most.get());
    }
}

/// What a member asks for is in no one's name: requests that were made up find nobody to strike.
#[test]
fn requests_of_an_outsider_strike_nobody() {
    let mut network = room(1);
    refresh(&mut network, 0);
    network.run_until(20, |n| n.rooms[1].views().is_some());
    for number in 0..60 {
        let runs = network
            .wire
            .iter()
            .filter_map(|(_, packet)| match Packet::from_bytes(packet) {
                Ok(Packet::Contribution(run, _)) => Some(run),
                _ => None,
            });
        for run in runs.collect::<BTreeSet<_>>() {
            let missing = Missing {
                run,
                number,
                contributions: MemberIndex::all(ALL).collect(),
                confirmations: MemberIndex::all(ALL).collect(),
            };
            let request = Request {
                room: mpotr_core::gka::RoomId::of_name::<Suite>("test"),
                wanted: Wanted::Rounds(missing),
            };
            network.broadcast(EVE, &Packet::Request(request).to_bytes());
        }
        network.run_for_millis(200);
    }
    assert!(together(&network, &[0, 1, 2, 3, EVE]));
    for member in 0..ALL {
        assert_eq!(network.rooms[member].strikes(), []);
    }
}

/// It states that it proposes, and nobody sees what.
#[test]
fn whose_proposal_never_comes_is_struck() {
    let mut network = room(1);
    withhold(&mut network, EVE, PacketKind::Proposal);
    refresh(&mut network, 0);
    // Its turn comes once in five changes, and the strike stays for eight.
    let struck = |n: &Network| n.rooms[0].strikes() == [(n.keys[EVE], 1)];
    for _ in 0..40 {
        network.run_for(30);
        if struck(&network) {
            return;
        }
        refresh(&mut network, 0);
    }
    panic!("nobody was struck");
}

/// Whether all these, and one that came later, are in one epoch without Eve.
fn has_come_without_eve(n: &Network, newcomer: usize) -> bool {
    n.rooms[newcomer].is_secure() && together_at_last(n, &[0, 1, 2, 3, newcomer])
}

/// Whether these are in one epoch of exactly these.
fn together_at_last(network: &Network, members: &[usize]) -> bool {
    let expected: BTreeSet<_> = members.iter().map(|it| network.keys[*it]).collect();
    let last = |member: &usize| rosters(network, *member).last().cloned();
    members
        .iter()
        .all(|member| last(member).as_ref() == Some(&expected))
}

/// Nothing is asked for but that one may come in, which a member may refuse: who refuses all is left out, and who comes is let in.
#[test]
fn who_never_takes_part_keeps_no_newcomer_out() {
    for kind in [PacketKind::Contribution, PacketKind::Confirmation] {
        for seed in 1..6 {
            let mut network = full_room(seed);
            withhold(&mut network, EVE, kind);
            let newcomer = network.enter(|config| config.policy.rekey = Rekey::Full);
            let began = network.now;
            network.run_until(60, |n| has_come_without_eve(n, newcomer));
            let took = network.now.since(began).as_secs();
            assert!(took <= 30, "{kind:?} {seed}: {took} s");
        }
    }
}

/// One that was left out goes on as a newcomer, offers first epochs, and does nothing in either: others come in all the same.
fn keeps_no_newcomer_out(rekey: Rekey, what: &str, withholds: fn(&[u8]) -> bool) {
    for seed in 1..6 {
        let mut network = Network::with(ALL, seed, |config| {
            config.members = Some(ALL);
            config.policy.rekey = rekey;
        });
        network = network.until_secure();
        network.run_for(20);
        network.tamper = Some(Box::new(move |sender, _, packet| {
            (sender != EVE || !withholds(packet)).then(|| packet.to_vec())
        }));
        refresh(&mut network, 0);
        network.run_until(120, |n| together(n, &[0, 1, 2, 3]));
        network.run_for(7 * seed);
        let newcomer = network.enter(|config| config.policy.rekey = rekey);
        let began = network.now;
        network.run_until(120, |n| has_come_without_eve(n, newcomer));
        let took = network.now.since(began).as_secs();
        assert!(took <= 30, "{what} {seed}: {took} s");
    }
}

/// Whether a packet is one of these steps of a light run, or this one of a full run.
fn is_step(packet: &[u8], steps: [LightStep; 2], kind: PacketKind) -> bool {
    let is_of = |it: &LightPacket| steps.contains(&it.step());
    matches!(Packet::from_bytes(packet), Ok(Packet::Light(it)) if is_of(&it))
        || PacketKind::of(packet) == Some(kind)
}

#[test]
fn who_was_left_out_keeps_no_newcomer_out() {
    keeps_no_newcomer_out(Rekey::Full, "contributes nothing", |packet| {
        PacketKind::of(packet) == Some(PacketKind::Contribution)
    });
    keeps_no_newcomer_out(Rekey::Full, "confirms nothing", |packet| {
        PacketKind::of(packet) == Some(PacketKind::Confirmation)
    });
}

/// What it says in its own turn would do without its answer.
#[test]
fn who_was_left_out_of_light_runs_keeps_no_newcomer_out() {
    keeps_no_newcomer_out(Rekey::Light, "freezes for nothing", |packet| {
        let steps = [LightStep::Freeze, LightStep::Cut];
        is_step(packet, steps, PacketKind::Contribution) || is_ready(packet)
    });
    keeps_no_newcomer_out(Rekey::Light, "shares in nothing", |packet| {
        let steps = [LightStep::Share, LightStep::Joint];
        is_step(packet, steps, PacketKind::Confirmation) || is_ready(packet)
    });
}

fn is_ready(packet: &[u8]) -> bool {
    PacketKind::of(packet) == Some(PacketKind::Ready)
}

#[cfg(feature = "insider")]
mod accused {
    use super::*;

    /// Eve says of Alice what is not so, and does not contribute herself, so that views fail: it is Eve who is left out.
    #[test]
    fn a_false_accusation_throws_out_nobody_but_its_maker() {
        for seed in 1..6 {
            let mut network = full_room(seed);
            let alice = network.keys[0];
            network.rooms[EVE].accuse(&alice);
            withhold(&mut network, EVE, PacketKind::Contribution);
            goes_on_without_eve(&mut network);
        }
    }

    /// Who accuses another is alone with it: the change comes about with both.
    #[test]
    fn one_accuser_is_not_enough() {
        for seed in 1..6 {
            let mut network = room(seed);
            let alice = network.keys[0];
            network.rooms[EVE].accuse(&alice);
            refresh(&mut network, 1);
            network.run_until(60, |n| together(n, &[0, 1, 2, 3, EVE]));
        }
    }

    /// Three of five accuse the first member: the second, which has nothing against it, is in no epoch without it, and passes on
    /// what it says.
    #[test]
    fn nobody_leaves_out_a_member_on_the_word_of_others() {
        let mut network = full_room(1);
        let alice = network.keys[0];
        for accuser in 2..ALL {
            network.rooms[accuser].accuse(&alice);
        }
        let before = network.wire.len();
        refresh(&mut network, 2);
        network.run_for(20);
        for roster in rosters(&network, 1) {
            assert!(roster.contains(&alice));
        }
        let sent = |by: usize| {
            let of = network
                .wire
                .iter()
                .skip(before)
                .filter(move |(from, _)| *from == by);
            of.map(|(_, packet)| packet.clone())
                .collect::<BTreeSet<_>>()
        };
        assert!(!sent(0).is_disjoint(&sent(1)), "nothing was passed on");
    }
}
