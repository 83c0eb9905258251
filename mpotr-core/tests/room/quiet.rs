//! Who hears nobody says little.

use mpotr_core::Rekey;

use crate::network::Network;

fn room(members: usize, rekey: Rekey) -> Network {
    let network = Network::with(members, 3, |config| {
        config.members = Some(members);
        config.policy.rekey = rekey;
    });
    let mut network = network.until_secure();
    network.send(0, "hello");
    network.run_for(20);
    network
}

/// Nothing passes between this member and the others.
fn cut_off(network: &mut Network, member: usize) {
    network.tamper = Some(Box::new(move |from, to, packet| {
        (from != member && to != member).then(|| packet.to_vec())
    }));
}

/// Packets of a member from then on.
fn said(network: &Network, member: usize, since: usize) -> usize {
    let said = network.wire[since..].iter().filter(|it| it.0 == member);
    said.count()
}

#[test]
fn who_is_in_a_change_that_nobody_else_hears_of_asks_less_and_less() {
    for rekey in [Rekey::Light, Rekey::Full] {
        let mut network = room(4, rekey);
        cut_off(&mut network, 3);
        let since = network.wire.len();
        let now = network.now;
        network.rooms[3].refresh(now);
        network.collect(3);
        network.run_for(60);
        let said = said(&network, 3, since);
        assert!(said <= 90, "{said} packets in a minute");
    }
}

#[test]
fn who_waits_for_one_that_is_silent_asks_no_more_often_for_what_the_others_say() {
    for rekey in [Rekey::Light, Rekey::Full] {
        let mut network = room(6, rekey);
        cut_off(&mut network, 5);
        let now = network.now;
        network.rooms[0].refresh(now);
        network.collect(0);
        network.run_for(2);
        // The view waits for the silent one still.
        let since = network.wire.len();
        network.run_for(1);
        for member in 0..5 {
            let said = said(&network, member, since);
            assert!(
                said <= 12,
                "{rekey:?}: #{member} says {said} packets in a second"
            );
        }
    }
}
