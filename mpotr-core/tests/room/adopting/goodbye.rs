//! A member leaves in the midst of a run, and says so when others may no longer deliver it.

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use mpotr_core::wire::{Content, ContentKind, Lock, Packet};

use super::{A, B, C, changing, sids};
use crate::network::{Network, epoch_of};

const LEAVER: usize = 4;
const STAYING: [usize; 4] = [A, B, C, 3];

#[cfg(feature = "insider")]
/// Who leaves says so at once, whatever it has contributed to, and nothing more.
fn say_goodbye(network: &mut Network, leaver: usize) {
    let goodbye = Content {
        kind: ContentKind::Fin,
        seq: 0,
        prev: None,
        parents: Vec::new(),
        lock: Lock::EMPTY,
        body: Vec::new().into(),
    };
    let (_, goodbye) = network.rooms[leaver].forge_content(goodbye, true).unwrap();
    network.kill(leaver);
    network.broadcast(leaver, &goodbye);
}

/// All of these are in one epoch, and nobody else is.
fn are_alone_together(network: &Network, members: &[usize]) {
    for member in members {
        assert_eq!(sids(network, *member), sids(network, A));
        assert_eq!(epoch_of(network, *member).1.len(), members.len());
    }
}

#[test]
fn who_has_confirmed_goes_on_without_a_member_that_leaves() {
    let of_leaver = RefCell::new(BTreeSet::new());
    let (mut network, seen) = changing(5, move |_, from, to, packet, run| {
        let (Packet::Contribution(..), Some(0)) = (packet, run) else {
            return true;
        };
        // The contribution of the one that leaves comes to A alone from any sender, and none to the one that leaves.
        let mut of_leaver = of_leaver.borrow_mut();
        if from == LEAVER {
            of_leaver.insert(packet.to_bytes());
        }
        to == A || (to != LEAVER && !of_leaver.contains(&packet.to_bytes()))
    });
    network.run_until(10, |_| !seen.borrow().confirmed.is_empty());
    assert!(seen.borrow().confirmed.iter().all(|(by, _)| *by == A));
    say_goodbye(&mut network, LEAVER);
    // As soon as the view ends in which it was to go on.
    network.run_until(10, |n| {
        let mut members = STAYING.iter();
        members.all(|member| sids(n, *member).len() == 2)
    });
    are_alone_together(&network, &STAYING);
}

/// All have confirmed, so that nobody names what comes then; one of them has not heard it.
#[test]
fn who_misses_a_goodbye_that_nobody_may_deliver_is_told_of_it() {
    let says_goodbye = Rc::new(Cell::new(false));
    let is_goodbye = Rc::clone(&says_goodbye);
    let (mut network, seen) = changing(5, move |_, from, to, packet, run| match packet {
        Packet::Confirmation(..) if from == LEAVER => run != Some(0),
        Packet::Sealed(_) if from == LEAVER => to != A || !is_goodbye.get(),
        _ => true,
    });
    network.run_until(10, |_| {
        let confirmed = &seen.borrow().confirmed;
        let mut staying = STAYING.iter();
        staying.all(|member| confirmed.iter().any(|(by, _)| by == member))
    });
    says_goodbye.set(true);
    say_goodbye(&mut network, LEAVER);
    network.run_until(10, |n| {
        let mut members = STAYING.iter();
        members.all(|member| sids(n, *member).len() == 2)
    });
    are_alone_together(&network, &STAYING);
}
