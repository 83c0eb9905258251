//! A proposer of light runs that signs a SEED which is wrong, or two of them.

use mpotr_core::Event;
use mpotr_core::crypto::SignatureBytes;
use mpotr_core::gka::FaultKind;
use mpotr_core::gka::light::{Seed, Signed, Wrap};
use mpotr_core::wire::{LightPacket, Packet};

use crate::light::{are_in, light, talk};
use crate::network::{Network, epoch_of, first_proposer};

const MEMBERS: usize = 5;

fn seed_in(packet: &[u8]) -> Option<Seed> {
    match Packet::from_bytes(packet) {
        Ok(Packet::Light(LightPacket::Seed(seed))) => Some(seed.body().clone()),
        _ => None,
    }
}

/// A change begins, and the SEED of its first view comes to those whom the proposer picks alone, however often it is sent. Returns
/// whose it is, and what it says.
fn begun(network: &mut Network, gets: impl Fn(usize) -> bool + 'static) -> (usize, Seed) {
    network.run_for(30);
    let proposer = first_proposer(network);
    network.tamper = Some(Box::new(move |from, to, packet| {
        let is_first = seed_in(packet).is_some_and(|seed| seed.terms.view == 0);
        (!(is_first && from == proposer) || gets(to)).then(|| packet.to_vec())
    }));
    let since = network.wire.len();
    let now = network.now;
    network.rooms[proposer].refresh(now);
    network.collect(proposer);
    let sent = |network: &Network| {
        let mut sent = network.wire[since..].iter();
        sent.find_map(|(_, packet)| seed_in(packet))
    };
    network.run_until(10, |network| sent(network).is_some());
    (proposer, sent(network).unwrap())
}

/// The members that were told that the proposer is at fault, and by what; nobody was told so of another, and nobody is struck but
/// the proposer.
fn blamed(network: &Network, proposer: usize) -> Vec<(usize, FaultKind)> {
    let mut blamed = Vec::new();
    for member in (0..MEMBERS).filter(|it| *it != proposer) {
        for event in &network.events[member] {
            if let Event::AgreementFailed { fault, claimed } = event
                && let Some(fault) = fault
            {
                assert_eq!(claimed, &[network.keys[proposer]], "{member}");
                blamed.push((member, *fault));
            }
        }
        for (struck, _) in network.rooms[member].strikes() {
            assert_eq!(struck, network.keys[proposer], "{member}");
        }
    }
    blamed
}

/// All others go on, in the same epoch and with all texts.
fn go_on(network: &mut Network, proposer: usize) {
    let honest: Vec<_> = (0..MEMBERS).filter(|it| *it != proposer).collect();
    network.run_until(60, |network| are_in(network, &honest, 2));
    for member in &honest {
        let has_lost = |it: &Event| matches!(it, Event::Behind | Event::Removed);
        assert_eq!(network.count(*member, has_lost), 0, "{member}");
    }
    talk(network, &honest, "after");
}

/// One member gets a wrap that opens to nothing: it says so, and all who have the secret see who has lied.
#[test]
fn wrong_wrap_strikes_proposer() {
    let mut network = light(MEMBERS, 1);
    let (proposer, mut seed) = begun(&mut network, |_| false);
    seed.wraps[0] = Wrap::new([9; 32]);
    let (_, roster) = epoch_of(&network, proposer);
    let others = roster.iter().filter(|it| **it != network.keys[proposer]);
    let first = others.copied().next();
    let victim = network.keys.iter().position(|it| Some(*it) == first);
    let victim = victim.unwrap();
    network.tamper = None;
    let seed = Signed::new(seed, SignatureBytes::new([0; 64]));
    let seed = LightPacket::Seed(Box::new(seed));
    let seed = network.rooms[proposer].sign_light(seed).unwrap();
    network.broadcast(proposer, &seed);
    let judges = (0..MEMBERS).filter(|it| ![proposer, victim].contains(it));
    let judges: Vec<_> = judges.collect();
    network.run_until(2, |network| {
        judges
            .iter()
            .all(|it| !network.rooms[*it].strikes().is_empty())
    });
    let expected: Vec<_> = judges
        .iter()
        .map(|it| (*it, FaultKind::WrongWrap))
        .collect();
    assert_eq!(blamed(&network, proposer), expected);
    go_on(&mut network, proposer);
}

/// Some get one SEED, and some another of the same view: who hears both names the one who signed them, and nobody else is struck.
#[test]
fn two_seeds() {
    let mut network = light(MEMBERS, 2);
    let (proposer, seed) = begun(&mut network, |to| to % 2 == 0);
    let now = network.now;
    let other = network.rooms[proposer].forge_seed(now, &mut network.rng);
    network.tamper = None;
    network.broadcast(proposer, &other.unwrap());
    let sent = network.wire.last().and_then(|(_, packet)| seed_in(packet));
    let views = sent.map(|other| (other.terms.view, other != seed));
    assert_eq!(views, Some((seed.terms.view, true)));
    network.run_for(2);
    let blamed = blamed(&network, proposer);
    let heard_both = (0..MEMBERS).filter(|it| *it != proposer && it % 2 == 0);
    for member in heard_both {
        assert!(
            blamed.contains(&(member, FaultKind::Equivocation)),
            "{blamed:?}"
        );
    }
    go_on(&mut network, proposer);
}
