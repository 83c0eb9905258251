//! What it costs when all leave at one moment.

use mpotr_core::{Event, Room, Timers};

use crate::network::{FAIR, Network};

/// The lengths of the packets that are sent while all leave together, each `apart_ms` after the one before.
fn packets(members: usize, timers: Timers, jitter_ms: u64, apart_ms: u64) -> Vec<usize> {
    let mut network = Network::with(members, 1, |config| {
        config.members = Some(members);
        config.timers = timers;
    });
    network = network.until_secure();
    network.set_weather(FAIR.jitter(jitter_ms));
    network.send(0, "good night");
    network.run_for(30);
    let before = network.wire.len();
    for member in 0..members {
        network.leave(member);
        network.run_for_millis(apart_ms);
    }
    network.run_until(300, |n| n.rooms.iter().all(Room::has_ended));
    for (member, events) in network.events.iter().enumerate() {
        let ended = events.iter().find_map(|event| match event {
            Event::Ended(departure) => Some(*departure),
            _ => None,
        });
        let departure = ended.unwrap();
        let is_well = departure.acknowledged && departure.transcripts_equal;
        assert!(is_well, "{member}: {departure:?}");
    }
    let sent = network.wire.iter().skip(before);
    sent.map(|(_, packet)| packet.len()).collect()
}

#[test]
fn each_member_sends_as_few_packets_however_many_leave_together() {
    let evenings = [
        (Timers::RELAY, 200, 0),
        (Timers::RELAY, 100, 40),
        (Timers::LOOPBACK, 20, 0),
        (Timers::LOOPBACK, 10, 10),
    ];
    for (timers, jitter_ms, apart_ms) in evenings {
        let [few, many] =
            [8, 32].map(|members| packets(members, timers, jitter_ms, apart_ms).len());
        // All hear all, so what each sends must not grow with their number: at one moment the last message and the steps
        // to the end, and one after the other as many statements as the time that it takes has room for.
        let most = if apart_ms == 0 { 8 } else { 24 };
        assert!(
            few <= most * 8 && many <= most * 32,
            "{few} packets of 8 members, {many} of 32"
        );
    }
}

#[test]
fn what_each_member_sends_grows_by_one_id_for_each_that_leaves_at_the_same_moment() {
    /// One id of 32 bytes, and room for the statements that a few send while last messages are on their way.
    const FOR_EACH: usize = 48;
    for (timers, jitter_ms) in [(Timers::RELAY, 200), (Timers::LOOPBACK, 20)] {
        let [few, some, many] = [8, 32, 64].map(|members| {
            let sent = packets(members, timers, jitter_ms, 0);
            sent.iter().sum::<usize>() / members
        });
        assert!(
            some <= few + 24 * FOR_EACH && many <= few + 56 * FOR_EACH,
            "{few} bytes each of 8 members, {some} of 32, {many} of 64"
        );
    }
}

#[test]
fn last_messages_that_are_late_come_again_from_few_of_those_who_hold_them() {
    // They overtake one another by more than it takes until they are asked for.
    const LATE_MS: u64 = 1500;
    let [few, many] = [16, 48].map(|members| {
        let sent = packets(members, Timers::LOOPBACK, LATE_MS, 0);
        let bytes = sent.iter().sum::<usize>();
        (sent.len() / members, bytes / members)
    });
    assert!(
        few.0 <= 20 && many.0 <= 20,
        "{few:?} packets and bytes each of 16 members, {many:?} of 48"
    );
    assert!(
        many.1 <= 2 * few.1,
        "{few:?} packets and bytes each of 16 members, {many:?} of 48"
    );
}
