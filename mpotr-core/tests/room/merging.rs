//! Two rooms become one by a vote of each, all of one or none.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use mpotr_core::crypto::IdentityKey;
use mpotr_core::gka::{EpochName, RoomId, Sid};
use mpotr_core::wire::{Advert, EpochHint, Packet};
use mpotr_core::{Admission, Event, Policy, Rekey, Room, RoomConfig, Rule, WaitingReason};

use crate::network::{FOUL, Network, Suite, epoch_of};

/// An epoch that a member was told of.
struct Told {
    sid: Sid,
    parent: Option<EpochName>,
    roster: BTreeSet<IdentityKey>,
}

fn told(network: &Network, member: usize) -> Vec<Told> {
    let secure = network.events[member].iter().filter_map(|event| {
        let Event::Secure {
            sid,
            parent,
            roster,
            ..
        } = event
        else {
            return None;
        };
        Some(Told {
            sid: *sid,
            parent: *parent,
            roster: roster.iter().map(|it| it.identity).collect(),
        })
    });
    secure.collect()
}

fn roster(network: &Network, member: usize) -> BTreeSet<IdentityKey> {
    told(network, member)
        .pop()
        .map(|it| it.roster)
        .unwrap_or_default()
}

fn keys(network: &Network, members: impl IntoIterator<Item = usize>) -> BTreeSet<IdentityKey> {
    let members = members.into_iter();
    members.map(|member| network.keys[member]).collect()
}

pub(crate) fn are_together(
    network: &Network,
    members: impl Iterator<Item = usize> + Clone,
) -> bool {
    let all = keys(network, members.clone());
    let mut sids = BTreeSet::new();
    for member in members {
        let last = told(network, member).pop();
        let Some(last) = last.filter(|it| it.roster == all) else {
            return false;
        };
        sids.insert(last.sid);
    }
    sids.len() == 1
}

/// Two rooms, of the first two members and of the others, that hear each other from now on.
pub(crate) fn two_rooms(members: usize, seed: u64, configure: impl Fn(&mut RoomConfig)) -> Network {
    let mut network = Network::with(0, seed, |_| {});
    let side = |member: usize| member < 2;
    for member in 0..members {
        network.enter(|config| {
            config.members = Some(if side(member) { 2 } else { members - 2 });
            configure(config);
        });
    }
    network.tamper = Some(Box::new(move |from, to, packet| {
        (side(from) == side(to)).then(|| packet.to_vec())
    }));
    network.run_until(120, |network| {
        are_together(network, 0..2) && are_together(network, 2..members)
    });
    network.tamper = None;
    network.send(members - 1, "who else is here?");
    network
}

/// Two rooms, of two and of three, whose members were told of each other.
pub(crate) fn two_rooms_that_heard(seed: u64) -> Network {
    let mut network = two_rooms(5, seed, |_| {});
    network.run_until(60, |n| {
        (0..5).all(|m| n.count(m, |it| matches!(it, Event::OtherEpoch { .. })) > 0)
    });
    network
}

/// Who of these go over into whose room: that of the smaller name hosts.
fn guests_and_hosts(network: &Network) -> (Range<usize>, Range<usize>) {
    let [smaller, larger] = [0, 4].map(|member| epoch_of(network, member).0);
    if smaller > larger {
        (0..2, 2..5)
    } else {
        (2..5, 0..2)
    }
}

/// Two rooms of two, one in the midst of the other: people at terminals let in whom they know, and nobody else.
fn two_rooms_by_hand(seed: u64, configure: impl Fn(&mut RoomConfig)) -> Network {
    let mut network = Network::with(4, seed, |config| {
        config.admission = Admission::Ask(BTreeSet::new());
        configure(config);
    });
    for (by, whom) in [(0, 1), (1, 0), (2, 3), (3, 2)] {
        network.run_for(3);
        let (now, whom) = (network.now, network.keys[whom]);
        network.rooms[by].admit(now, whom).unwrap();
        network.collect(by);
    }
    network.run_until(120, |network| {
        are_together(network, 0..2) && are_together(network, 2..4)
    });
    network
}

/// People who vote to become one with each other room of which they are told.
#[derive(Default)]
struct People(BTreeMap<usize, usize>);

impl People {
    fn of(members: impl IntoIterator<Item = usize>) -> Self {
        Self(members.into_iter().map(|member| (member, 0)).collect())
    }

    fn vote(&mut self, network: &mut Network) {
        for (member, seen) in &mut self.0 {
            let names: Vec<_> = network.events[*member][*seen..]
                .iter()
                .filter_map(|event| match event {
                    Event::OtherEpoch { name, .. } => Some(*name),
                    _ => None,
                })
                .collect();
            *seen = network.events[*member].len();
            for name in names {
                let now = network.now;
                network.rooms[*member].merge(now, name).unwrap();
                network.collect(*member);
            }
        }
    }

    fn run_until(&mut self, network: &mut Network, seconds: u64, done: impl Fn(&Network) -> bool) {
        for _ in 0..seconds.saturating_mul(5) {
            self.vote(network);
            network.run_for_millis(200);
            if done(network) {
                return;
            }
        }
        let rosters: Vec<_> = (0..network.rooms.len())
            .map(|member| roster(network, member).len())
            .collect();
        panic!("not reached at {:?}: {rosters:?}", network.now);
    }

    fn run_for(&mut self, network: &mut Network, seconds: u64) {
        for _ in 0..seconds {
            self.vote(network);
            network.run_for(1);
        }
    }
}

#[test]
fn two_rooms_become_one_by_a_vote_of_each() {
    for seed in 0..4 {
        let mut network = two_rooms(5, seed, |_| {});
        network.send(0, "in the smaller room");
        People::of(0..5).run_until(&mut network, 120, |n| are_together(n, 0..5));
        network.send(0, "in the one room");
        network.run_for(3);
        assert_eq!(network.read(1), ["in the smaller room", "in the one room"]);
        assert_eq!(
            network.read(4),
            ["who else is here?", "in the one room"],
            "nothing that was said before"
        );
    }
}

/// Whose offers as guests are in the hands of all, by how many of each member went over the wire.
fn offers_of_guests(network: &Network, since: usize) -> BTreeMap<usize, usize> {
    let names: BTreeSet<_> = (0..network.rooms.len())
        .flat_map(|member| network.events[member].iter())
        .filter_map(|event| match event {
            Event::Secure { name, .. } => Some(name.of_guests::<Suite>()),
            _ => None,
        })
        .collect();
    let mut offers = BTreeMap::new();
    for (from, packet) in &network.wire[since..] {
        if let Ok(Packet::Offer(offer)) = Packet::from_bytes(packet)
            && offer.parent.is_some_and(|name| names.contains(&name))
        {
            *offers.entry(*from).or_insert(0) += 1;
        }
    }
    offers
}

#[test]
fn who_states_no_offer_as_a_guest_moves_the_others_less_and_less() {
    let mut network = two_rooms(6, 3, |_| {});
    network.send(1, "hello");
    network.run_for(1);
    // In the room that goes over, whichever it is, one states nothing in the epoch that does.
    let mut known: BTreeMap<usize, BTreeSet<EpochHint>> = BTreeMap::new();
    for (from, packet) in &network.wire {
        if let Ok(Packet::Sealed(sealed)) = Packet::from_bytes(packet) {
            known.entry(*from).or_default().insert(sealed.hint());
        }
    }
    let before: BTreeMap<_, _> = [1, 5].map(|it| (it, known.remove(&it).unwrap())).into();
    network.tamper = Some(Box::new(move |from, _, packet| {
        let is_new = match (before.get(&from), Packet::from_bytes(packet)) {
            (Some(known), Ok(Packet::Sealed(sealed))) => !known.contains(&sealed.hint()),
            _ => false,
        };
        (!is_new).then(|| packet.to_vec())
    }));
    let mut people = People::of(0..6);
    people.run_until(&mut network, 60, |n| !offers_of_guests(n, 0).is_empty());
    let since = network.wire.len();
    people.run_for(&mut network, 30);
    let offers = offers_of_guests(&network, since);
    // 0.1 s, 0.2 s, .. up to 10 s after one another.
    assert!(offers.values().all(|times| *times <= 12), "{offers:?}");
}

/// The name of the other room that a member was told of first.
pub(crate) fn told_first(network: &Network, member: usize) -> EpochName {
    let named = network.events[member].iter().find_map(|event| match event {
        Event::OtherEpoch { name, .. } => Some(*name),
        _ => None,
    });
    named.unwrap()
}

pub(crate) fn vote(
    network: &mut Network,
    members: impl IntoIterator<Item = usize>,
    name: EpochName,
) {
    for member in members {
        let now = network.now;
        network.rooms[member].merge(now, name).unwrap();
        network.collect(member);
    }
}

/// Nobody votes anew when the epoch of a room goes on while the others vote: by whichever of its names, it is that room.
#[test]
fn a_vote_is_for_the_room_and_not_for_the_epoch_that_it_names() {
    for seed in 0..6 {
        let mut network = two_rooms_that_heard(seed);
        let (of_larger, of_smaller) = (told_first(&network, 0), told_first(&network, 4));
        // One room votes alone. If it is the one that goes over, it does, in vain, and goes back: its name is another then.
        vote(&mut network, 0..2, of_larger);
        network.run_for(90);
        // The other goes on to new keys meanwhile.
        let before = told(&network, 4).len();
        network.rooms[4].refresh(network.now);
        network.collect(4);
        network.run_until(60, |n| (2..5).all(|member| told(n, member).len() > before));
        vote(&mut network, 2..5, of_smaller);
        network.run_until(600, |n| are_together(n, 0..5));
    }
}

/// What more than half of a room vote for is there, also for the one that did not hear of it.
#[test]
fn who_has_heard_nothing_of_a_room_goes_over_with_those_who_vote_for_it() {
    for seed in 0..4 {
        let mut network = two_rooms(6, seed, |config| config.policy.rekey = Rekey::Full);
        let last = network.keys[5];
        // None of these adverts comes to one of the larger room.
        network.tamper = Some(Box::new(|_, to, packet| {
            let is_advert = matches!(Packet::from_bytes(packet), Ok(Packet::Advert(_)));
            (to != 5 || !is_advert).then(|| packet.to_vec())
        }));
        let mut people = People::of(0..5);
        people.run_for(&mut network, 60);
        for member in 0..5 {
            let is_without = |it: &Event| *it == Event::LeftOut { member: last };
            assert_eq!(
                network.count(member, is_without),
                0,
                "seed {seed}: #{member}"
            );
        }
    }
}

/// Who says that its epoch follows the one that people vote on is tried like the others, and keeps the room from none.
#[test]
fn who_claims_to_be_the_other_room_does_not_keep_two_apart() {
    for seed in 0..3 {
        let mut network = two_rooms_that_heard(seed);
        let names = [told_first(&network, 0), told_first(&network, 4)];
        vote(&mut network, 0..2, names[0]);
        vote(&mut network, 2..5, names[1]);
        let mut false_name = 0_u8;
        for _ in 0..1200 {
            if are_together(&network, 0..5) {
                break;
            }
            // Small names, which host. Two: who makes up many takes all places, by whatever they are called.
            false_name = (false_name + 1) % 2;
            let advert = Packet::Advert(Advert {
                room: RoomId::of_name::<Suite>("test"),
                name: EpochName::new([false_name + 1; 16]),
                members: 3,
                earlier: names.to_vec(),
            });
            for member in 0..5 {
                let (now, bytes) = (network.now, advert.to_bytes());
                let _any = network.rooms[member].handle_message(now, &bytes, &mut network.rng);
                network.collect(member);
            }
            network.run_for(2);
        }
        assert!(are_together(&network, 0..5), "seed {seed}");
    }
}

#[test]
fn the_vote_of_one_room_alone_makes_nothing_of_two() {
    for voters in [0..2, 2..5] {
        let mut network = two_rooms(5, 3, |_| {});
        People::of(voters).run_for(&mut network, 200);
        for member in 0..5 {
            let own = if member < 2 { 0..2 } else { 2..5 };
            let own = keys(&network, own);
            assert!(told(&network, member).iter().all(|it| it.roster == own));
        }
        // And they talk.
        network.send(0, "hello");
        network.run_for(3);
        assert_eq!(network.read(1).last().map(String::as_str), Some("hello"));
    }
}

#[test]
fn a_room_becomes_one_with_another_by_as_many_votes_as_it_takes_to_let_somebody_in() {
    let by_two = Policy {
        admit: Rule::Quorum(2.try_into().unwrap()),
        ..Policy::default()
    };
    let mut network = two_rooms(5, 4, |config| config.policy = by_two.clone());
    People::of([0, 2, 3]).run_for(&mut network, 150);
    assert!((0..5).all(|member| roster(&network, member).len() < 5));
    People::of(0..5).run_until(&mut network, 200, |n| are_together(n, 0..5));
}

#[test]
fn merge_all_or_none() {
    for seed in 0..2 {
        let mut network = two_rooms_that_do_not_match(seed);
        let mut people = People::of(0..5);
        people.run_for(&mut network, 150);
        for member in 0..5 {
            let rosters: BTreeSet<_> = told(&network, member)
                .iter()
                .map(|it| it.roster.len())
                .collect();
            assert_eq!(rosters, BTreeSet::from([if member < 2 { 2 } else { 3 }]));
        }
        for member in 0..2 {
            let (now, key) = (network.now, network.keys[4]);
            network.rooms[member].admit(now, key).unwrap();
            network.collect(member);
        }
        people.run_until(&mut network, 600, |n| are_together(n, 0..5));
    }
}

/// Two rooms that vote for one another, of which the members of one know all but one of the other.
fn two_rooms_that_do_not_match(seed: u64) -> Network {
    let mut network = Network::with(0, seed, |_| {});
    for _ in 0..5 {
        network.enter(|config| config.admission = Admission::Ask(BTreeSet::new()));
    }
    let side = |member: usize| member < 2;
    network.tamper = Some(Box::new(move |from, to, packet| {
        (side(from) == side(to)).then(|| packet.to_vec())
    }));
    let now = network.now;
    for member in 0..5 {
        for other in (0..5).filter(|other| *other != member) {
            // Everyone knows everyone but for one of the larger room, whom those of the smaller do not know.
            if (member, other) != (0, 4) && (member, other) != (1, 4) {
                let other = network.keys[other];
                network.rooms[member].admit(now, other).unwrap();
                network.collect(member);
            }
        }
    }
    network.run_until(120, |n| are_together(n, 0..2) && are_together(n, 2..5));
    network.tamper = None;
    network.send(4, "who else is here?");
    network
}

/// Whatever its epochs are called meanwhile, a room that was tried in vain is tried more and more seldom.
#[test]
fn two_rooms_that_cannot_become_one_try_it_more_and_more_seldom() {
    for seed in 0..4 {
        let mut network = two_rooms_that_do_not_match(seed);
        let mut people = People::of(0..5);
        let count = |n: &Network| told(n, 0).len() + told(n, 4).len();
        let before = count(&network);
        people.run_for(&mut network, 1_000);
        let epochs = count(&network) - before;
        assert!(epochs <= 30, "{seed}: {epochs}");
    }
}

/// Neither takes itself for the host because of names that both had.
#[test]
fn two_rooms_that_were_one_become_one_again() {
    for seed in 0..4 {
        let mut network = Network::new(5, seed).until_secure();
        let side = |member: usize| member < 2;
        network.tamper = Some(Box::new(move |from, to, packet| {
            (side(from) == side(to)).then(|| packet.to_vec())
        }));
        for member in [0, 4] {
            network.send(member, "who is still here?");
        }
        network.run_until(300, |n| are_together(n, 0..2) && are_together(n, 2..5));
        network.tamper = None;
        for member in [0, 4] {
            network.send(member, "is it over?");
        }
        People::of(0..5).run_until(&mut network, 60, |n| are_together(n, 0..5));
    }
}

/// Whose host goes on to another epoch meanwhile need not go back before it tries again.
#[test]
fn who_goes_over_follows_the_host_to_its_next_epoch() {
    for seed in 0..6 {
        let mut network = two_rooms_that_heard(seed);
        // The one of the larger name goes over, alone.
        let (guests, hosts) = guests_and_hosts(&network);
        let (of_host, of_guest) = (
            told_first(&network, guests.start),
            told_first(&network, hosts.start),
        );
        let (guest, host) = (guests.start, hosts.start);
        let before = told(&network, guest).len();
        vote(&mut network, guests, of_host);
        network.run_until(60, |n| told(n, guest).len() > before);
        let now = network.now;
        network.rooms[host].refresh(now);
        network.collect(host);
        let before = told(&network, host).len();
        network.run_until(60, |n| told(n, host).len() > before);
        vote(&mut network, hosts, of_guest);
        network.run_until(20, |n| are_together(n, 0..5));
    }
}

/// Confirmations get lost, each room goes back and tries again, and no two members part ways while each lists the other.
#[test]
fn opposite_merge_orders() {
    for seed in 0..5_u64 {
        let mut network = two_rooms(5, seed, |_| {});
        let mut n = seed;
        network.tamper = Some(Box::new(move |_, _, packet| {
            n = n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let is_late = matches!(Packet::from_bytes(packet), Ok(Packet::Confirmation(..)));
            (!is_late || (n >> 40) % 3 == 0).then(|| packet.to_vec())
        }));
        let mut people = People::of(0..5);
        people.run_for(&mut network, 100);
        for (a, b) in (0..5).flat_map(|a| (0..5).map(move |b| (a, b))) {
            for one in told(&network, a) {
                let lists = |it: &Told| {
                    it.roster.contains(&network.keys[a]) && one.roster.contains(&network.keys[b])
                };
                let of_b = told(&network, b);
                let same = of_b.iter().filter(|it| it.parent == one.parent);
                assert!(
                    one.parent.is_none() || same.filter(|it| lists(it)).all(|it| it.sid == one.sid),
                    "seed {seed}: {a} and {b}"
                );
            }
        }
    }
}

#[test]
fn rooms_become_one_in_foul_weather() {
    let mut network = two_rooms(6, 0, |_| {});
    network.set_weather(FOUL);
    People::of(0..6).run_until(&mut network, 900, |n| are_together(n, 0..6));
    assert!(network.rooms.iter().all(Room::is_secure));
}

#[test]
fn texts_typed_while_two_rooms_become_one_are_acknowledged() {
    let mut network = two_rooms(5, 2, |_| {});
    let mut people = People::of(0..5);
    for n in 0..200 {
        if n % 10 == 0 && !are_together(&network, 0..5) {
            network.send(n % 5, &format!("text {n}"));
        }
        people.vote(&mut network);
        network.run_for_millis(200);
    }
    assert!(are_together(&network, 0..5));
    network.run_for(10);
    for member in 0..5 {
        let taken = network.count(member, |event| matches!(event, Event::Sent { .. }));
        let acknowledged =
            network.count(member, |event| matches!(event, Event::Acknowledged { .. }));
        assert_eq!(taken, acknowledged);
    }
}

#[test]
fn a_guest_that_falls_silent_is_left_out_first() {
    let mut network = two_rooms(5, 1, |_| {});
    // Who dies is of one room, whichever hosts.
    network.kill(4);
    let mut people = People::of(0..4);
    network.send(2, "are all of you there?");
    people.run_until(&mut network, 900, |n| are_together(n, 0..4));
}

/// A newcomer takes an epoch of its own room that is over for another room, for its advert comes again and again. The others
/// know better, and the room does not make one change after another for that.
#[test]
fn the_name_of_an_epoch_that_is_over_draws_no_change_after_change() {
    for seed in 0..4 {
        let mut network = Network::with(3, seed, |config| config.policy.admit = Rule::Anyone);
        network.run_until(60, |n| are_together(n, 0..3));
        let name = network.events[0].iter().find_map(|event| match event {
            Event::Secure { name, .. } => Some(*name),
            _ => None,
        });
        let name = name.unwrap();
        let now = network.now;
        network.rooms[0].refresh(now);
        network.collect(0);
        network.run_until(60, |n| (0..3).all(|member| told(n, member).len() == 2));
        let newcomer = network.enter(|config| config.policy.admit = Rule::Anyone);
        network.run_until(60, |n| are_together(n, 0..4));
        let before = told(&network, newcomer).len();
        let mut people = People::of([newcomer]);
        for _ in 0..60 {
            hear(&mut network, [newcomer], name, &[]);
            people.run_for(&mut network, 5);
        }
        let changes = told(&network, newcomer).len() - before;
        assert!(changes <= 8, "seed {seed}: {changes} changes in 300 s");
        assert!(are_together(&network, 0..4));
    }
}

/// Names of epochs of another room, the older one first, so small that it hosts.
fn hosting_names() -> [EpochName; 2] {
    [2, 1].map(|n| EpochName::new([n; 16]))
}

/// These members hear of another room.
fn hear(
    network: &mut Network,
    members: impl IntoIterator<Item = usize>,
    name: EpochName,
    earlier: &[EpochName],
) {
    let advert = Packet::Advert(Advert {
        room: RoomId::of_name::<Suite>("test"),
        name,
        members: 3,
        earlier: earlier.to_vec(),
    });
    for member in members {
        let (now, bytes) = (network.now, advert.to_bytes());
        let _any = network.rooms[member].handle_message(now, &bytes, &mut network.rng);
        network.collect(member);
    }
}

/// Two vote for another room by a name of which it has not been tried, one by an older one of which it has: before they have
/// heard that one they would go over, and with it they wait. The room does not make one change after another for that.
#[test]
fn a_change_that_began_for_a_move_and_came_without_it_counts_as_a_try() {
    for seed in 0..4 {
        let mut network = Network::with(3, seed, |config| {
            config.members = Some(3);
            config.policy.admit = Rule::Anyone;
        });
        network.run_until(60, |n| are_together(n, 0..3));
        let [older, newer] = hosting_names();
        hear(&mut network, 0..3, older, &[]);
        vote(&mut network, 0..3, older);
        // It goes over, in vain.
        network.run_for(20);
        let before = told(&network, 0).len();
        for _ in 0..12 {
            hear(&mut network, 0..3, newer, &[older]);
            vote(&mut network, 1..3, newer);
            network.run_for(5);
        }
        let changes = told(&network, 0).len() - before;
        assert!(changes <= 12, "seed {seed}: {changes} changes in 60 s");
        assert!(are_together(&network, 0..3));
    }
}

/// A room goes over into another, and one member alone has heard that this has gone on: the change that it wants for that leads
/// where it was, by whichever of the others proposes it, and it wants no second one.
#[test]
fn who_alone_has_heard_that_a_host_went_on_draws_no_change_after_change() {
    for seed in 0..4 {
        let mut network = Network::with(5, seed, |config| config.members = Some(5));
        network.run_until(60, |n| are_together(n, 0..5));
        let [older, newer] = hosting_names();
        let before = told(&network, 0).len();
        hear(&mut network, 0..5, older, &[]);
        vote(&mut network, 0..5, older);
        network.run_until(20, |n| told(n, 0).len() > before);
        let before = told(&network, 0).len();
        hear(&mut network, [4], newer, &[older]);
        network.run_for(10);
        let changes = told(&network, 0).len() - before;
        assert!(changes <= 1, "seed {seed}: {changes} changes in 10 s");
        assert!(are_together(&network, 0..5));
    }
}

/// The other epochs of which a member was told since it came in.
fn others_told(network: &Network, member: usize) -> Vec<EpochName> {
    let events = network.events[member].iter();
    let inside = events.skip_while(|event| !matches!(event, Event::Secure { .. }));
    let names = inside.filter_map(|event| match event {
        Event::OtherEpoch { name, .. } => Some(*name),
        _ => None,
    });
    names.collect()
}

#[test]
fn the_members_of_two_rooms_that_were_let_in_by_hand_are_told_of_each_other() {
    for seed in 0..8 {
        let mut network = two_rooms_by_hand(seed, |_| {});
        let names = [0, 2].map(|member| epoch_of(&network, member).0);
        // One that came in a moment after it was told hears of it again from the others when they have forgotten that this room is
        // there, which is three times `advertise` later.
        network.run_for(75);
        for member in 0..4 {
            let other = names[usize::from(member < 2)];
            assert_eq!(others_told(&network, member), [other], "{seed}: {member}");
        }
    }
}

/// Who has become one with another room is told of no epoch that it had before.
#[test]
fn rooms_that_became_one_are_told_of_none_that_they_were() {
    for seed in 0..8 {
        let mut network = two_rooms_by_hand(seed, |_| {});
        let now = network.now;
        for (by, whom) in [
            (0, 2),
            (0, 3),
            (1, 2),
            (1, 3),
            (2, 0),
            (2, 1),
            (3, 0),
            (3, 1),
        ] {
            let whom = network.keys[whom];
            network.rooms[by].admit(now, whom).unwrap();
            network.collect(by);
        }
        let mut people = People::of(0..4);
        people.run_until(&mut network, 120, |n| are_together(n, 0..4));
        let before = [0, 1, 2, 3].map(|member| network.events[member].len());
        network.run_for(60);
        for (member, before) in before.into_iter().enumerate() {
            let events = &network.events[member][before..];
            let others: Vec<_> = events
                .iter()
                .filter(|it| matches!(it, Event::OtherEpoch { .. }))
                .collect();
            assert!(others.is_empty(), "{seed}: {member}: {others:?}");
        }
    }
}

#[test]
fn who_waits_in_a_run_of_its_host_is_told_for_whom() {
    for seed in 0..4 {
        let mut network = two_rooms_that_heard(seed);
        let (guests, hosts) = guests_and_hosts(&network);
        let (of_larger, of_smaller) = (told_first(&network, 0), told_first(&network, 4));
        let host = hosts.start;
        // One of the host contributes, and no more.
        network.tamper = Some(Box::new(move |from, _, packet| {
            let confirms = matches!(Packet::from_bytes(packet), Ok(Packet::Confirmation(..)));
            (from != host || !confirms).then(|| packet.to_vec())
        }));
        vote(&mut network, 0..2, of_larger);
        vote(&mut network, 2..5, of_smaller);
        network.run_for(8);
        for guest in guests.clone() {
            let names_it = |it: &Event| {
                let missing = match it {
                    Event::Waiting {
                        reason: WaitingReason::Changing { missing },
                        ..
                    } => missing.as_slice(),
                    _ => &[],
                };
                missing == [network.keys[host]]
            };
            assert_ne!(network.count(guest, names_it), 0, "{seed}: {guest}");
        }
        // The run has failed, and who has confirmed it waits for its end.
        for guest in guests {
            let changing = network.events[guest].iter().rev().find_map(|it| match it {
                Event::Waiting { reason, .. } => Some((reason, true)),
                Event::WaitingOver { reason } => Some((reason, false)),
                _ => None,
            });
            let is_told = matches!(changing, Some((WaitingReason::Changing { .. }, true)));
            assert!(is_told, "{seed}: {guest}: {changing:?}");
        }
    }
}

/// All of both rooms come, or none: who has not let in one of the other room is told whom, and they become one when it has.
#[test]
fn whom_of_the_other_room_one_has_not_let_in_is_told_when_both_have_voted() {
    for seed in 0..4 {
        let mut network = two_rooms_by_hand(seed, |_| {});
        let mut people = People::of(0..4);
        let before: Vec<_> = network.events.iter().map(Vec::len).collect();
        let asked = |network: &Network, member: usize| -> BTreeSet<IdentityKey> {
            let events = network.events[member].iter().skip(before[member]);
            let asked = events.filter_map(|event| match event {
                Event::Waiting {
                    reason: WaitingReason::AdmitHere { claimed, .. },
                    ..
                } => Some(*claimed),
                _ => None,
            });
            asked.collect()
        };
        let sides = [0..2, 2..4];
        for _ in 0..120 {
            people.vote(&mut network);
            network.run_for(1);
            // Each lets in whom it is told of, a while later.
            for member in 0..4 {
                let told = asked(&network, member);
                for whom in told {
                    let now = network.now;
                    network.rooms[member].admit(now, whom).unwrap();
                    network.collect(member);
                }
            }
            if are_together(&network, 0..4) {
                break;
            }
        }
        assert!(
            are_together(&network, 0..4),
            "{seed}: {}",
            network.history()
        );
        // Nobody was let in unasked.
        for (side, other) in [(0, 1), (1, 0)] {
            for member in sides[side].clone() {
                let theirs = keys(&network, sides[other].clone());
                assert_eq!(asked(&network, member), theirs, "{seed} {member}");
            }
        }
    }
}
