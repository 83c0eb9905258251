//! Several runs for one epoch, of which each member installs one: the same.

#[cfg(feature = "insider")]
mod goodbye;

use std::cell::{Cell, RefCell};
use std::collections::BTreeSet;
use std::rc::Rc;

use mpotr_core::Event;
use mpotr_core::gka::Sid;
use mpotr_core::wire::{Packet, SidHint};

use crate::network::Network;

/// What is seen on the wire of the runs that follow.
#[derive(Default)]
struct Seen {
    /// In the order in which they began.
    runs: Vec<SidHint>,
    /// Who contributed to which of them, and who confirmed it.
    contributed: Vec<(usize, SidHint)>,
    confirmed: Vec<(usize, SidHint)>,
}

impl Seen {
    fn note(&mut self, from: usize, packet: &Packet) {
        match packet {
            Packet::Contribution(hint, _) => {
                if !self.runs.contains(hint) {
                    self.runs.push(*hint);
                }
                self.contributed.push((from, *hint));
            }
            Packet::Confirmation(hint, _) => self.confirmed.push((from, *hint)),
            _ => {}
        }
    }

    /// Whether so many have contributed to the second run.
    fn have_all_begun_the_second(&self, members: usize) -> bool {
        let second = self.runs.get(1);
        second.is_some_and(|second| {
            (0..members).all(|member| self.contributed.contains(&(member, *second)))
        })
    }

    fn have_confirmed_the_second(&self, members: &[usize]) -> bool {
        let second = self.runs.get(1);
        second.is_some_and(|second| {
            members
                .iter()
                .all(|member| self.confirmed.contains(&(*member, *second)))
        })
    }
}

/// A secure room that begins to change, on a network that delivers what `passes`: from, to, the packet, and the number of
/// its run, first or second, if it is of one.
fn changing(
    members: usize,
    passes: impl Fn(&Seen, usize, usize, &Packet, Option<usize>) -> bool + 'static,
) -> (Network, Rc<RefCell<Seen>>) {
    let mut network = Network::full(members, 1).until_secure();
    let seen = Rc::new(RefCell::new(Seen::default()));
    let shared = Rc::clone(&seen);
    network.tamper = Some(Box::new(move |from, to, bytes| {
        let packet = Packet::from_bytes(bytes).unwrap();
        let mut seen = shared.borrow_mut();
        seen.note(from, &packet);
        let run = match &packet {
            Packet::Contribution(hint, _) | Packet::Confirmation(hint, _) => {
                seen.runs.iter().position(|run| run == hint)
            }
            _ => None,
        };
        passes(&seen, from, to, &packet, run).then(|| bytes.to_vec())
    }));
    let now = network.now;
    network.rooms[0].refresh(now);
    network.collect(0);
    (network, seen)
}

fn sids(network: &Network, member: usize) -> Vec<Sid> {
    let secure = network.events[member]
        .iter()
        .filter_map(|event| match event {
            Event::Secure { sid, .. } => Some(*sid),
            _ => None,
        });
    secure.collect()
}

const A: usize = 0;
const B: usize = 1;
const C: usize = 2;

/// All confirm P, and nobody learns of it; all contribute to Q. Then B gets what it needs to install P, and A and C what they
/// need to confirm Q, which lists B: it can no longer be completed.
fn locked(seen: &Seen, to: usize, packet: &Packet, run: Option<usize>) -> bool {
    match (packet, run) {
        (Packet::Confirmation(..), Some(0)) => to == B && seen.have_all_begun_the_second(3),
        (Packet::Contribution(..), Some(1)) => to != B,
        _ => true,
    }
}

#[test]
fn members_go_back_to_the_run_that_another_installed() {
    let open = Rc::new(RefCell::new(false));
    let is_open = Rc::clone(&open);
    let (mut network, seen) = changing(3, move |seen, _, to, packet, run| {
        *is_open.borrow() || locked(seen, to, packet, run)
    });
    network.run_until(60, |n| {
        sids(n, B).len() == 2 && seen.borrow().have_confirmed_the_second(&[A, C])
    });
    assert!(
        [A, C]
            .iter()
            .all(|member| sids(&network, *member).len() == 1)
    );
    *open.borrow_mut() = true;
    network.run_until(12, |n| {
        [A, C].iter().all(|member| sids(n, *member).len() == 2)
    });
    assert!(
        [A, C]
            .iter()
            .all(|member| sids(&network, *member) == sids(&network, B))
    );
    network.send(B, "still together");
    network.run_until(10, |n| n.read(A).len() == 1 && n.read(C).len() == 1);
}

#[test]
fn nobody_goes_back_without_the_word_of_all_who_could_go_on() {
    let open = Rc::new(RefCell::new(false));
    let is_open = Rc::clone(&open);
    let of_c = RefCell::new(BTreeSet::new());
    let (mut network, seen) = changing(3, move |seen, from, to, packet, run| {
        // When all have confirmed what they confirm, A hears nothing more of C inside the epoch, nor what B passes on of that.
        let is_word = matches!(packet, Packet::Sealed(_));
        let is_silenced = from == C && to == A && seen.have_confirmed_the_second(&[A, C]);
        if is_silenced && is_word {
            of_c.borrow_mut().insert(packet.to_bytes());
        }
        match *is_open.borrow() {
            true => to != A || !of_c.borrow().contains(&packet.to_bytes()),
            false => locked(seen, to, packet, run),
        }
    });
    network.run_until(60, |n| {
        sids(n, B).len() == 2 && seen.borrow().have_confirmed_the_second(&[A, C])
    });
    *open.borrow_mut() = true;
    network.run_until(12, |n| sids(n, C).len() == 2);
    network.run_for(2);
    // As far as A knows, C may yet install the later run.
    assert_eq!(sids(&network, A).len(), 1);
    network.tamper = None;
    network.run_until(300, |n| sids(n, A).last() == sids(n, B).last());
}

#[test]
fn a_late_certificate_of_an_earlier_run_is_not_installed() {
    let open = Rc::new(RefCell::new(false));
    let is_open = Rc::clone(&open);
    let (mut network, seen) = changing(3, move |_, _, to, packet, run| match (packet, run) {
        (Packet::Confirmation(..), Some(0)) => false,
        (Packet::Confirmation(..), Some(1)) => to != A || *is_open.borrow(),
        _ => true,
    });
    network.run_until(60, |n| sids(n, B).len() == 2 && sids(n, C).len() == 2);
    assert!(seen.borrow().have_confirmed_the_second(&[A]));
    // Now come the confirmations of the first run that were under way for so long.
    let first = seen.borrow().runs[0];
    let late: Vec<_> = network
        .wire
        .iter()
        .filter(|(from, packet)| {
            let packet = Packet::from_bytes(packet).unwrap();
            *from != A && matches!(packet, Packet::Confirmation(hint, _) if hint == first)
        })
        .map(|(_, packet)| packet.clone())
        .collect();
    assert!(late.len() >= 2);
    for packet in late {
        let _any = network.rooms[A].handle_message(network.now, &packet, &mut network.rng);
        network.collect(A);
    }
    assert_eq!(sids(&network, A).len(), 1);
    *open.borrow_mut() = true;
    network.run_until(20, |n| sids(n, A).len() == 2);
    assert_eq!(sids(&network, A), sids(&network, B));
}

/// B contributes to P and enters the next view. Then the contributions to P come that it lacked.
#[test]
fn freeze_below_entered_view() {
    let (mut network, seen) = changing(3, move |_, _, to, packet, run| match (packet, run) {
        (Packet::Contribution(..), Some(0)) => to != B,
        _ => true,
    });
    network.run_until(60, |_| seen.borrow().have_all_begun_the_second(3));
    let first = seen.borrow().runs[0];
    let late: Vec<_> = network
        .wire
        .iter()
        .filter(|(from, packet)| {
            let packet = Packet::from_bytes(packet).unwrap();
            *from != B && matches!(packet, Packet::Contribution(hint, _) if hint == first)
        })
        .map(|(_, packet)| packet.clone())
        .collect();
    assert!(late.len() >= 2);
    for packet in late {
        let _any = network.rooms[B].handle_message(network.now, &packet, &mut network.rng);
        network.collect(B);
    }
    network.run_until(20, |n| sids(n, B).len() == 2);
    assert!(!seen.borrow().confirmed.contains(&(B, first)));
    assert_eq!(sids(&network, A), sids(&network, B));
}

/// What the network lets through, step by step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// A and B hear each other, but for confirmations, and nobody hears C.
    WithoutC,
    /// B and C hear each other, but for confirmations. A hears what B says inside the epoch, and nobody hears A.
    WithoutA,
    /// A and B hear each other, and nobody hears C.
    Together,
}

fn passes(stage: Stage, from: usize, to: usize, packet: &Packet) -> bool {
    let is_second = matches!(packet, Packet::Confirmation(..));
    match stage {
        Stage::WithoutC => from != C && to != C && !is_second,
        Stage::WithoutA if from == A || (from, to) == (C, A) => false,
        Stage::WithoutA => !is_second,
        Stage::Together => from != C && to != C,
    }
}

/// A and B confirm P, whose cut is empty; B and C confirm Q, whose cut has a text of C. Then A installs P.
#[test]
fn adopt_after_larger_cut() {
    let stage = Rc::new(Cell::new(Stage::WithoutC));
    let shared = Rc::clone(&stage);
    let (mut network, seen) = changing(3, move |_, from, to, packet, _| {
        passes(shared.get(), from, to, packet)
    });
    network.send(C, "of the larger cut");
    let have_confirmed = |members: [usize; 2], run: usize| {
        let seen = seen.borrow();
        let all = |run: &SidHint| {
            members
                .iter()
                .all(|it| seen.confirmed.contains(&(*it, *run)))
        };
        seen.runs.iter().filter(|it| all(it)).count() > run
    };
    network.run_until(90, |_| have_confirmed([A, B], 0));
    stage.set(Stage::WithoutA);
    network.run_until(90, |_| have_confirmed([B, C], 0));
    assert!([A, B].iter().all(|it| sids(&network, *it).len() == 1));
    stage.set(Stage::Together);
    network.run_until(30, |n| sids(n, A).len() == 2);
    network.run_until(12, |n| sids(n, B).len() == 2);
    assert_eq!(sids(&network, A), sids(&network, B));
    // It held the text for Q, and P is what it installed.
    assert!(network.read(B).is_empty());
    network.send(A, "the two of us");
    network.run_until(10, |n| n.read(B) == ["the two of us"]);
}
