//! An epoch that grows too old: what opens its messages is erased, whether or not they are final.

use mpotr_core::{Duration, Event, Rejection, Timers};

use crate::attacks::give;
use crate::network::Network;

/// Three members whose keys expire long before they are refreshed.
fn network() -> Network {
    Network::with(3, 1, |config| {
        config.members = Some(3);
        config.timers = Timers {
            refresh: Duration::from_secs(10_000),
            silent: Duration::from_secs(10_000),
            expire: Duration::from_secs(30),
            ..Timers::RELAY
        };
    })
    .until_secure()
}

#[test]
fn what_is_on_its_way_when_keys_expire_is_missed_and_nobody_reads_it_any_more() {
    let mut network = network();
    network.run_for(5);
    let before = network.wire.len();
    // Nothing reaches the last one.
    network.tamper = Some(Box::new(|_, to, packet| (to != 2).then(|| packet.to_vec())));
    network.send(0, "hello");
    network.run_for(10);
    let missed = |network: &Network| {
        let is_missed =
            |event: &Event| matches!(event, Event::Missed { by, .. } if by == &[network.keys[2]]);
        network.count(0, is_missed)
    };
    assert_eq!(missed(&network), 0, "it is sent again");
    network.run_for(20);
    assert_eq!(missed(&network), 1);
    assert_eq!(network.read(1), ["hello"]);

    // It comes now, and nobody can open it: neither who has not seen it, nor who has.
    network.tamper = None;
    let sent: Vec<_> = network.wire[before..]
        .iter()
        .filter(|(from, _)| *from == 0)
        .map(|(_, packet)| packet.clone())
        .collect();
    let replies: Vec<_> = sent
        .iter()
        .map(|packet| give(&mut network, 2, packet))
        .collect();
    assert!(replies.contains(&Err(Rejection::Replayed)), "{replies:?}");
    network.run_for(5);
    assert!(network.read(2).is_empty());
}

#[test]
fn who_leaves_after_keys_have_expired_says_so_and_ends_at_once() {
    let mut network = network();
    network.run_for(40);
    network.leave(0);
    assert!(network.rooms[0].has_ended());
    network.run_for(1);
    for other in [1, 2] {
        let has_left =
            |event: &Event| matches!(event, Event::Left { member } if *member == network.keys[0]);
        assert_eq!(network.count(other, has_left), 1);
    }
}
