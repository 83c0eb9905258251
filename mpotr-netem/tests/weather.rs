//! What the weather does to copies, and that a seed is one network.
#![expect(
    clippy::unwrap_used,
    clippy::arithmetic_side_effects,
    reason = "tests and their helpers"
)]

use std::collections::{BTreeMap, BTreeSet};

use mpotr_netem::{Arrival, Network, Weather};
use proptest::prelude::{ProptestConfig, any, prop_assert, prop_assert_eq, proptest};

type Packet = [u8; 8];

/// All that arrives of so many packets from 0 to 1, one each millisecond: when, and which.
fn arrivals(weather: Weather, seed: u64, packets: u64) -> Vec<(u64, u64)> {
    let mut network = Network::new(weather, seed);
    for packet in 0..packets {
        network.send(packet, 0, [1], packet.to_be_bytes()).unwrap();
    }
    drain(&mut network)
        .into_iter()
        .map(|(at, copy)| (at, u64::from_be_bytes(copy.payload)))
        .collect()
}

fn drain(network: &mut Network<u8, Packet>) -> Vec<(u64, Arrival<u8, Packet>)> {
    let mut all = Vec::new();
    while let Some(now) = network.next_at() {
        let before = all.len();
        all.extend(core::iter::from_fn(|| network.arrived(now)).map(|copy| (now, copy)));
        assert!(all.len() > before, "something arrives when it is said to");
    }
    all
}

/// Five standard deviations of the number of successes of so many draws.
fn five_sigma(draws: u64, permille: u64) -> u64 {
    let variance = draws * permille * (1000 - permille) / 1_000_000;
    5 * (variance.isqrt() + 1)
}

#[test]
fn in_fair_weather_each_copy_takes_the_latency() {
    let all = arrivals(Weather::fair(40), 1, 100);
    assert_eq!(all, (0..100).map(|it| (it + 40, it)).collect::<Vec<_>>());
}

#[test]
fn jitter_takes_every_length_up_to_its_own() {
    let all = arrivals(Weather::fair(40).jitter(20), 1, 10_000);
    let took: Vec<_> = all.iter().map(|(at, sent)| at - sent).collect();
    let lengths: BTreeSet<_> = took.iter().copied().collect();
    assert_eq!(lengths, (40..=60).collect());
    // The mean of 21 lengths is 50 and their variance (21^2 - 1) / 12 = 36.7: five deviations of the sum of 10,000 are 3,030.
    let sum: u64 = took.iter().sum();
    assert!(sum.abs_diff(500_000) < 3_030, "{sum}");
}

#[test]
fn of_a_thousand_copies_so_many_are_lost() {
    const SENT: u64 = 20_000;
    for permille in [0, 1, 50, 100, 300, 999, 1000] {
        for seed in 0..3 {
            let all = arrivals(Weather::fair(5).loss(permille), seed, SENT);
            let lost = SENT - u64::try_from(all.len()).unwrap();
            let bound = if permille % 1000 == 0 {
                0
            } else {
                five_sigma(SENT, permille)
            };
            let off = lost.abs_diff(SENT * permille / 1000);
            assert!(off <= bound, "{permille} of 1000, seed {seed}: {lost}");
        }
    }
}

#[test]
fn of_a_thousand_packets_so_many_arrive_twice() {
    const SENT: u64 = 20_000;
    for permille in [0, 50, 500, 1000] {
        let all = arrivals(Weather::fair(5).duplicate(permille), 1, SENT);
        let twice = u64::try_from(all.len()).unwrap() - SENT;
        let bound = if permille % 1000 == 0 {
            0
        } else {
            five_sigma(SENT, permille)
        };
        let off = twice.abs_diff(SENT * permille / 1000);
        assert!(off <= bound, "{permille} of 1000: {twice}");
    }
}

#[test]
fn each_of_two_copies_is_lost_by_itself() {
    const SENT: u64 = 10_000;
    let all = arrivals(Weather::fair(5).duplicate(1000).loss(500), 1, SENT);
    let mut copies = BTreeMap::<u64, u64>::new();
    for (_, packet) in all {
        *copies.entry(packet).or_default() += 1;
    }
    let with = |count| u64::try_from(copies.values().filter(|it| **it == count).count()).unwrap();
    for (count, permille) in [(2, 250), (1, 500)] {
        let off = with(count).abs_diff(SENT * permille / 1000);
        assert!(off <= five_sigma(SENT, permille), "{}", with(count));
    }
}

#[test]
fn jitter_re_orders_what_is_not_kept_in_order() {
    let overtaken = |weather| {
        let all = arrivals(weather, 1, 1000);
        all.windows(2).filter(|pair| pair[0].1 > pair[1].1).count()
    };
    let weather = Weather::fair(40).jitter(100);
    assert!(overtaken(weather) > 300, "{}", overtaken(weather));
    assert_eq!(overtaken(weather.in_order()), 0);
}

#[test]
fn order_is_kept_between_two_and_not_among_all() {
    let mut network = Network::new(Weather::fair(0).jitter(1000).in_order(), 1);
    for packet in 0..200_u64 {
        for from in [0, 1] {
            let sent = network.broadcast(packet, from, 0..3, packet.to_be_bytes());
            sent.unwrap();
        }
    }
    let all = drain(&mut network);
    for (from, to) in [(0, 1), (0, 2), (1, 0), (1, 2)] {
        let pair = all.iter().filter(|(_, it)| (it.from, it.to) == (from, to));
        let packets: Vec<_> = pair.map(|(_, it)| u64::from_be_bytes(it.payload)).collect();
        assert_eq!(packets, (0..200).collect::<Vec<_>>(), "{from} to {to}");
    }
    let heard: Vec<_> = all.iter().filter(|(_, it)| it.to == 2).collect();
    assert!(
        heard
            .windows(2)
            .any(|pair| pair[0].1.payload > pair[1].1.payload)
    );
}

#[test]
fn what_is_under_way_arrives_in_the_weather_in_which_it_was_sent() {
    let mut network = Network::new(Weather::fair(50), 1);
    network.send(0, 0, [1], [1; 8]).unwrap();
    network.set_weather(Weather::fair(5).loss(1000));
    network.send(1, 0, [1], [2; 8]).unwrap();
    network.set_weather(network.weather().loss(0));
    network.send(2, 0, [1], [3; 8]).unwrap();
    let all = drain(&mut network);
    let seen: Vec<_> = all.iter().map(|(at, it)| (*at, it.payload[0])).collect();
    assert_eq!(seen, [(7, 3), (50, 1)]);
}

#[test]
fn order_is_kept_while_the_weather_changes_from_one_that_keeps_it_to_another() {
    let mut network = Network::new(Weather::fair(50).in_order(), 1);
    network.send(0, 0, [1], [1; 8]).unwrap();
    network.set_weather(Weather::fair(5).in_order());
    network.send(1, 0, [1], [2; 8]).unwrap();
    network.set_weather(Weather::fair(5));
    network.send(2, 0, [1], [3; 8]).unwrap();
    network.set_weather(Weather::fair(5).in_order());
    // A copy that was sent before order was kept binds no later one.
    network.send(3, 0, [1], [4; 8]).unwrap();
    let all = drain(&mut network);
    let seen: Vec<_> = all.iter().map(|(at, it)| (*at, it.payload[0])).collect();
    assert_eq!(seen, [(7, 3), (8, 4), (50, 1), (50, 2)]);
}

/// Simulations are named by their seeds: a seed must give the same draws in every version.
#[test]
fn a_seed_gives_the_draws_that_it_always_gave() {
    let weather = Weather::fair(10).jitter(90).loss(300).duplicate(300);
    let seen = [
        (17, 4),
        (21, 1),
        (33, 0),
        (35, 5),
        (40, 6),
        (57, 7),
        (63, 6),
        (69, 0),
        (87, 9),
        (88, 5),
        (94, 9),
    ];
    assert_eq!(arrivals(weather, 42, 10), seen);
}

fn any_weather() -> impl proptest::strategy::Strategy<Value = Weather> {
    use proptest::strategy::Strategy as _;
    (
        0..500_u64,
        0..500_u64,
        0..=1000_u64,
        0..=1000_u64,
        any::<bool>(),
    )
        .prop_map(|(latency, jitter, loss, duplicate, is_in_order)| {
            let weather = Weather::fair(latency).jitter(jitter);
            let weather = weather.loss(loss).duplicate(duplicate);
            if is_in_order {
                weather.in_order()
            } else {
                weather
            }
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn equal_seeds_give_equal_networks_and_others_do_not(weather in any_weather(), seed: u64) {
        let all = arrivals(weather, seed, 200);
        prop_assert_eq!(&all, &arrivals(weather, seed, 200));
        let is_fixed = weather.jitter_ms < 2
            && [weather.loss_permille, weather.duplicate_permille].iter().all(|it| it % 1000 == 0);
        let is_silent = weather.loss_permille > 900;
        if !is_fixed && !is_silent && weather.jitter_ms > 20 {
            prop_assert!(all != arrivals(weather, seed.wrapping_add(1), 200));
        }
    }

    #[test]
    fn nothing_arrives_early_late_or_more_than_twice(weather in any_weather(), seed: u64) {
        let mut copies = BTreeMap::<u64, u64>::new();
        for (at, packet) in arrivals(weather, seed, 100) {
            *copies.entry(packet).or_default() += 1;
            prop_assert!(at >= packet + weather.latency_ms);
            // Where order is kept, a copy may wait for one that was sent before it.
            prop_assert!(at <= 99 + weather.longest());
            prop_assert!(weather.is_in_order || at <= packet + weather.longest());
        }
        let most = if weather.duplicate_permille == 0 { 1 } else { 2 };
        prop_assert!(copies.values().all(|it| *it <= most));
        if weather.loss_permille == 0 {
            prop_assert_eq!(copies.len(), 100);
        }
    }
}
