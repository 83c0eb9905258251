//! What a member's line lets pass, and when.
#![expect(clippy::arithmetic_side_effects, reason = "tests and their helpers")]

use mpotr_netem::{Backlog, Line, Network, SendError, Weather};
use proptest::prelude::{ProptestConfig, prop_assert, prop_assert_eq, proptest};

/// A network in which a copy arrives as soon as it has passed the line of member 0.
fn on(line: Line) -> Network<u8, Vec<u8>> {
    let mut network = Network::new(Weather::fair(0), 1);
    network.set_line(0, 0, line);
    network
}

/// When so many bytes, sent now, have passed.
fn send(network: &mut Network<u8, Vec<u8>>, now: u64, length: usize) -> Result<u64, SendError> {
    network.send(now, 0, [1], vec![0; length])
}

#[test]
fn a_packet_has_passed_when_its_last_byte_has() {
    let mut network = on(Line::new().rate(1000));
    let passed: Vec<_> = [500, 1, 0, 250].map(|it| send(&mut network, 0, it)).into();
    assert_eq!(passed, [Ok(500), Ok(501), Ok(501), Ok(751)]);
    assert_eq!(network.next_at(), Some(500));
    // A time of silence saves nothing where there is no burst.
    assert_eq!(send(&mut network, 10_000, 100), Ok(10_100));
}

#[test]
fn latency_begins_when_the_line_is_passed() {
    let mut network = Network::new(Weather::fair(40), 1);
    network.set_line(0, 0, Line::new().rate(1000));
    network.send(0, 0, [1], vec![0; 500]).unwrap();
    assert_eq!(network.next_at(), Some(540));
}

#[test]
fn a_burst_passes_at_once_and_comes_back_at_the_rate() {
    let mut network = on(Line::new().rate(100).burst(1000));
    assert_eq!(send(&mut network, 0, 600), Ok(0));
    assert_eq!(send(&mut network, 0, 400), Ok(0));
    assert_eq!(send(&mut network, 0, 100), Ok(1000));
    // Four seconds after, 300 bytes have come back.
    assert_eq!(send(&mut network, 4000, 300), Ok(4000));
    assert_eq!(send(&mut network, 4000, 10), Ok(4100));
    // Never more than the burst.
    assert_eq!(send(&mut network, 1_000_000, 1000), Ok(1_000_000));
    assert_eq!(send(&mut network, 1_000_000, 1), Ok(1_000_010));
}

/// A line of 512 bytes every two seconds after the first five, however short it is.
#[test]
fn a_chat_server_counts_lines() {
    let mut network = on(Line::new().rate(256).unit(512).burst(5 * 512));
    let passed: Vec<_> = (0..8).map(|_| send(&mut network, 0, 20).unwrap()).collect();
    assert_eq!(passed, [0, 0, 0, 0, 0, 2000, 4000, 6000]);
    let two_lines = send(&mut network, 6000, 513).unwrap();
    assert_eq!(two_lines, 10_000);
}

#[test]
fn what_waits_is_measured() {
    let mut network = on(Line::new().rate(1000).burst(200));
    let waiting = |bytes, until_ms| Backlog { bytes, until_ms };
    assert_eq!(network.backlog(7, 0), waiting(0, 7));
    send(&mut network, 10, 200).unwrap();
    assert_eq!(network.backlog(10, 0), waiting(0, 10));
    send(&mut network, 10, 500).unwrap();
    assert_eq!(network.backlog(10, 0), waiting(500, 510));
    assert_eq!(network.backlog(410, 0), waiting(100, 510));
    assert_eq!(network.backlog(510, 0), waiting(0, 510));
    assert_eq!(
        network.backlog(10, 1),
        waiting(0, 10),
        "the line of another"
    );
}

#[test]
fn who_sends_to_many_sends_once() {
    let mut network = on(Line::new().rate(1000));
    let passed = network.broadcast(0, 0, 0..100, vec![0; 500]);
    assert_eq!((passed, network.under_way()), (Ok(500), 99));
    let passed = network.broadcast(0, 1, 0..100, vec![0; 500]);
    assert_eq!(passed, Ok(0), "nothing is said of its line");
}

#[test]
fn a_packet_that_finds_too_much_waiting_is_dropped() {
    let mut network = on(Line::new().rate(1000).queue(900));
    assert_eq!(send(&mut network, 0, 5000), Ok(5000));
    let full = |waiting| {
        let limit = 900;
        Err(SendError::QueueFull { waiting, limit })
    };
    assert_eq!(send(&mut network, 0, 1), full(5000));
    assert_eq!(send(&mut network, 4099, 1), full(901));
    assert_eq!(send(&mut network, 4100, 700), Ok(5700));
    assert_eq!(network.under_way(), 2);
}

#[test]
fn a_packet_longer_than_the_line_takes_is_dropped() {
    let mut network = on(Line::new().max_packet(400));
    assert_eq!(send(&mut network, 0, 400), Ok(0));
    let error = SendError::TooLong {
        length: 401,
        limit: 400,
    };
    assert_eq!(send(&mut network, 0, 401), Err(error));
    assert_eq!(network.under_way(), 1);
}

#[test]
fn another_line_takes_nothing_before_what_waits_for_the_first() {
    let mut network = on(Line::new().rate(100));
    assert_eq!(send(&mut network, 0, 100), Ok(1000));
    network.set_line(500, 0, Line::new().rate(1000).burst(300));
    assert_eq!(send(&mut network, 500, 200), Ok(1200));
    assert_eq!(network.backlog(500, 0).until_ms, 1200);
    network.set_line(600, 0, Line::new());
    assert_eq!(send(&mut network, 600, 200), Ok(1200));
    network.set_line(600, 0, Line::new().rate(1000));
    assert_eq!(send(&mut network, 600, 200), Ok(1400));
    // A burst is not there twice.
    network.set_line(9000, 0, Line::new().rate(100).burst(300));
    assert_eq!(send(&mut network, 9000, 300), Ok(9000));
    network.set_line(9000, 0, Line::new().rate(100).burst(300));
    assert_eq!(send(&mut network, 9000, 300), Ok(12_000));
}

#[test]
fn who_has_used_a_burst_waits_for_nothing_on_a_line_with_less_of_it() {
    let mut network = on(Line::new().rate(100).burst(1000));
    assert_eq!(send(&mut network, 0, 1000), Ok(0));
    network.set_line(0, 0, Line::new().rate(100).burst(200));
    assert_eq!(network.backlog(0, 0).bytes, 0);
    // It is used up on this one too, and comes back at the rate.
    assert_eq!(send(&mut network, 0, 50), Ok(500));
    assert_eq!(send(&mut network, 2500, 200), Ok(2500));
}

#[test]
fn settings_that_would_stop_a_line_are_taken_as_one() {
    let mut network = on(Line::new().rate(0).unit(0));
    assert_eq!(send(&mut network, 0, 3), Ok(3000));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    /// In every span (s, t] at most rate (t - s) passes, and once the burst, or the longest packet.
    #[test]
    fn no_more_passes_than_the_rate_and_the_burst(
        rate in 1..20_000_u64,
        burst in 0..5000_u64,
        unit in 1..600_u64,
        packets in proptest::collection::vec((0..400_u64, 0..3000_usize), 1..60),
    ) {
        let mut network = on(Line::new().rate(rate).burst(burst).unit(unit));
        let (mut now, mut passed) = (0, Vec::new());
        for (pause, length) in packets {
            now += pause;
            let cost = u64::try_from(length).unwrap().div_ceil(unit) * unit;
            let idle = network.backlog(now, 0).bytes == 0;
            let at = send(&mut network, now, length).unwrap();
            // No packet waits longer than it takes itself where nothing waits before it.
            prop_assert!(at >= now && (!idle || at <= now + (1000 * cost).div_ceil(rate)));
            prop_assert_eq!(network.backlog(now, 0).until_ms, at);
            passed.push((at, cost));
        }
        prop_assert!(passed.is_sorted_by_key(|(at, _)| *at), "in the order in which they were sent");
        let longest = passed.iter().map(|(_, cost)| *cost).max().unwrap_or(0);
        let ends = || passed.iter().map(|(at, _)| *at);
        for start in [None].into_iter().chain(ends().map(Some)) {
            for end in ends() {
                let within = |at: u64| start.is_none_or(|start| at > start) && at <= end;
                let sum: u64 = passed.iter().filter(|(at, _)| within(*at)).map(|(_, cost)| cost).sum();
                let span = end.saturating_sub(start.unwrap_or(0));
                let most = 1000 * burst.max(longest) + rate * span;
                prop_assert!(1000 * sum <= most, "{sum} bytes in {span} ms");
            }
        }
    }

    /// Where packets come without end, the line is never idle: all that waits has passed when its bytes have.
    #[test]
    fn a_line_that_is_never_idle_passes_its_rate(
        rate in 1..20_000_u64,
        burst in 0..5000_u64,
        lengths in proptest::collection::vec(1..3000_usize, 1..60),
    ) {
        let mut network = on(Line::new().rate(rate).burst(burst));
        let sum = u64::try_from(lengths.iter().sum::<usize>()).unwrap();
        let mut last = 0;
        for length in lengths {
            last = send(&mut network, 0, length).unwrap();
        }
        prop_assert_eq!(last, (1000 * sum.saturating_sub(burst)).div_ceil(rate));
    }
}
