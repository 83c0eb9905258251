//! Who reaches whom while the network is split.
#![expect(clippy::unwrap_used, reason = "tests and their helpers")]

use std::collections::BTreeSet;

use mpotr_netem::{Network, Weather};

/// Who hears whom of three: each sends once to all.
fn heard(network: &mut Network<char, &'static str>) -> BTreeSet<String> {
    for from in ['a', 'b', 'c'] {
        network.broadcast(0, from, ['a', 'b', 'c'], "word").unwrap();
    }
    let copies = core::iter::from_fn(|| network.arrived(u64::MAX));
    copies.map(|it| format!("{}{}", it.from, it.to)).collect()
}

fn fair() -> Network<char, &'static str> {
    Network::new(Weather::fair(10), 1)
}

fn pairs<const N: usize>(pairs: [&str; N]) -> BTreeSet<String> {
    pairs.map(str::to_owned).into()
}

fn all() -> BTreeSet<String> {
    pairs(["ab", "ac", "ba", "bc", "ca", "cb"])
}

#[test]
fn everyone_reaches_everyone_at_first() {
    assert_eq!(heard(&mut fair()), all());
}

#[test]
fn a_partition_has_two_sides_and_is_one_at_a_time() {
    let mut network = fair();
    network.part(['a', 'b']);
    assert_eq!(heard(&mut network), pairs(["ab", "ba"]));
    network.part(['a']);
    assert_eq!(heard(&mut network), pairs(["bc", "cb"]));
    network.part([]);
    assert_eq!(heard(&mut network), all());
}

#[test]
fn a_block_is_of_one_direction_and_adds_up() {
    let mut network = fair();
    network.block(&['a'], &['b', 'c']);
    network.block(&['c'], &['b']);
    assert_eq!(heard(&mut network), pairs(["ba", "bc", "ca"]));
}

#[test]
fn who_is_unplugged_neither_hears_nor_is_heard_nor_hears_another() {
    let mut network = fair();
    network.unplug('a');
    network.unplug('b');
    assert_eq!(heard(&mut network), pairs([]));
    network.plug_in('b');
    assert_eq!(heard(&mut network), pairs(["bc", "cb"]));
}

#[test]
fn all_is_well_after_it_heals() {
    let mut network = fair();
    network.part(['a']);
    network.block(&['b'], &['c']);
    network.unplug('c');
    network.heal();
    assert_eq!(heard(&mut network), all());
}

#[test]
fn what_is_under_way_arrives_and_nothing_sent_meanwhile_does() {
    let mut network = fair();
    network.send(0, 'a', ['b'], "before").unwrap();
    network.part(['a']);
    network.send(1, 'a', ['b'], "meanwhile").unwrap();
    network.heal();
    network.send(2, 'a', ['b'], "after").unwrap();
    assert!(network.arrived(9).is_none());
    let copies = core::iter::from_fn(|| network.arrived(100));
    let read: Vec<_> = copies.map(|it| it.payload).collect();
    assert_eq!(read, ["before", "after"]);
}

#[test]
fn a_pair_that_is_apart_takes_no_draw_from_the_others() {
    let with = |is_parted: bool| {
        let mut network = Network::new(Weather::fair(0).jitter(1000).loss(300), 3);
        if is_parted {
            network.unplug('c');
            network.send(0, 'a', ['c'], "unheard").unwrap();
        }
        network.send(0, 'a', ['b'], "word").unwrap();
        network.send(0, 'b', ['a'], "word").unwrap();
        core::iter::from_fn(|| {
            let at = network.next_at()?;
            Some((at, network.arrived(at)))
        })
        .collect::<Vec<_>>()
    };
    assert_eq!(with(true), with(false));
}
