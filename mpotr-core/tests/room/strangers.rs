//! Strangers cost a room nothing: what they send is bounded, and nobody waits for them. `docs/spec/06-epochs.md`, "Newcomers".

use std::collections::BTreeSet;

use mpotr_core::crypto::{IdentityKey, IdentityKeyPair, rand_core::Rng as _};
use mpotr_core::gka::{
    Challenge, EpochName, Forger, JoinerProof, Offer, OfferSecrets, OwnChallenge, RoomId,
};
use mpotr_core::wire::{Advert, Answer, Knock, KnockNonce, Packet, Request, VERSION, Wanted};
use mpotr_core::{Admission, Event, Rejection, Rekey, Room, RoomConfig, Timers};

use crate::attacks::give;
use crate::network::{Network, Suite};

fn room() -> RoomId {
    RoomId::of_name::<Suite>("test")
}

/// The name of the last epoch of a member.
fn epoch_of(network: &Network, member: usize) -> EpochName {
    let mut events = network.events[member].iter().rev();
    let name = events.find_map(|event| match event {
        Event::Secure { name, .. } => Some(*name),
        _ => None,
    });
    name.unwrap()
}

fn epochs(network: &Network, member: usize) -> usize {
    network.count(member, |event| matches!(event, Event::Secure { .. }))
}

fn failed(network: &Network, member: usize) -> usize {
    network.count(member, |event| {
        matches!(event, Event::AgreementFailed { .. })
    })
}

/// Whether all of these are in one epoch that has so many members.
fn are_together(network: &Network, members: &[usize]) -> bool {
    let first = members.iter().all(|it| network.rooms[*it].is_secure());
    let rosters = members.iter().map(|member| {
        let mut events = network.events[*member].iter().rev();
        events.find_map(|event| match event {
            Event::Secure { sid, roster, .. } => Some((*sid, roster.len())),
            _ => None,
        })
    });
    let rosters: Vec<_> = rosters.collect();
    first
        && rosters.windows(2).all(|pair| pair[0] == pair[1])
        && rosters[0].is_some_and(|(_, len)| len == members.len())
}

/// An outsider gives a packet to all members.
fn give_all(network: &mut Network, packet: &Packet) {
    let packet = packet.to_bytes();
    for member in 0..network.rooms.len() {
        let _any = give(network, member, &packet);
    }
}

/// An offer to an epoch, of any identity, with keys of a stranger.
fn offer_as(network: &mut Network, claimed: IdentityKey, parent: EpochName) -> Offer {
    let nobody = Forger::<Suite>::new().invent(claimed);
    let count = network.rng.next_u64();
    OfferSecrets::generate(room(), Some(parent), &nobody, count, &mut network.rng).0
}

fn person(network: &mut Network) -> IdentityKeyPair {
    IdentityKeyPair::random::<Suite>(&mut network.rng)
}

fn knock(network: &mut Network) {
    let mut nonce = [0; 16];
    network.rng.fill_bytes(&mut nonce);
    let nonce = KnockNonce::new(nonce);
    give_all(
        network,
        &Packet::Knock(Knock {
            room: room(),
            nonce,
        }),
    );
}

/// The last challenge that a member has sent, and who.
fn challenge(network: &Network) -> Option<(usize, Challenge)> {
    let mut wire = network.wire.iter().rev();
    wire.find_map(|(from, packet)| match Packet::from_bytes(packet) {
        Ok(Packet::Hello(challenge)) => Some((*from, challenge)),
        _ => None,
    })
}

/// A challenge of the present epoch, drawn by a knock.
fn drawn(network: &mut Network) -> (usize, Challenge) {
    for _ in 0..20 {
        knock(network);
        network.run_for(2);
        let name = epoch_of(network, 0);
        if let Some(found) = challenge(network).filter(|(_, it)| it.epoch == name) {
            return found;
        }
    }
    panic!("nobody opens the door");
}

/// What one with an identity of its own answers, who is never heard of again.
fn ghost(network: &mut Network, challenge: &Challenge) -> Answer {
    let identity = person(network);
    answer(network, challenge, &identity)
}

fn answer(network: &mut Network, challenge: &Challenge, identity: &IdentityKeyPair) -> Answer {
    let parent = Some(challenge.epoch);
    let (offer, secrets) =
        OfferSecrets::<Suite>::generate(challenge.room, parent, identity, 0, &mut network.rng);
    let digest = offer.digest::<Suite>();
    let signed = challenge.signed_by_joiner::<Suite>(&digest);
    let checked = challenge.check::<Suite>().unwrap();
    Answer {
        challenge: challenge.key,
        signature: secrets.ephemeral().sign(&signed),
        proof: checked.prove(&digest, identity, &mut network.rng).unwrap(),
        offer,
    }
}

#[test]
fn a_newcomer_names_nobody_before_it_is_asked_and_comes_in_at_once() {
    let mut network = Network::full(3, 1).until_secure();
    network.run_for(5);
    let (began, before) = (network.now, network.wire.len());
    let newcomer = network.enter(|config| config.policy.rekey = Rekey::Full);
    network.run_until(20, |n| are_together(n, &[0, 1, 2, newcomer]));
    assert!(network.now.since(began).as_secs() < 3);
    let said: Vec<u8> = network.wire[before..]
        .iter()
        .filter(|(from, _)| *from == newcomer)
        .map(|(_, packet)| packet[1])
        .collect();
    assert_eq!(said[..2], [11, 13], "a knock, and an answer");
    assert!(!said.contains(&1), "no offer to all");
    assert_eq!(epochs(&network, 0), 2);
    assert_eq!(failed(&network, 0), 0);
}

#[test]
fn who_has_answered_and_is_not_listed_knocks_again() {
    let mut network = Network::new(3, 1).until_secure();
    network.run_for(5);
    let began = network.now;
    // Its first answer reaches nobody.
    let mut lost = 0;
    network.tamper = Some(Box::new(move |_, _, packet| {
        let is_lost = packet[1] == 13 && lost < 3;
        lost += u32::from(is_lost);
        (!is_lost).then(|| packet.to_vec())
    }));
    let newcomer = network.enter(|_| {});
    network.run_until(20, |n| are_together(n, &[0, 1, 2, newcomer]));
    // Offers are published again after 10 s where there is an epoch.
    assert!(network.now.since(began).as_secs() < 5);
}

#[test]
fn ghosts_cost_nothing() {
    // Offers of people who do not exist, one a second for five minutes: no member is in a run for any, and what a person asks
    // for is done as if they were not there.
    let mut network = Network::new(5, 1).until_secure();
    network.run_for(5);
    let (name, wire, own) = (
        epoch_of(&network, 0),
        network.wire.len(),
        failed(&network, 0),
    );
    let mut theirs = 0;
    for _ in 0..300 {
        let claimed = person(&mut network).public();
        let packet = Packet::Offer(offer_as(&mut network, claimed, name));
        theirs += packet.to_bytes().len();
        give_all(&mut network, &packet);
        network.run_for(1);
    }
    assert_eq!((epochs(&network, 0), failed(&network, 0)), (1, own));
    // Statements of a quiet room aside, nothing was said to them.
    let to_them: usize = network.wire[wire..]
        .iter()
        .filter(|(_, packet)| packet[1] != 5)
        .map(|(_, packet)| packet.len())
        .sum();
    assert_eq!(to_them, 0, "{theirs} bytes drew some");
    let now = network.now;
    network.rooms[2].refresh(now);
    network.collect(2);
    network.run_until(5, |n| (0..5).all(|member| epochs(n, member) == 2));
}

#[test]
fn three_hundred_offers_do_not_close_an_open_room() {
    let mut network = Network::new(5, 1).until_secure();
    network.run_for(5);
    for _ in 0..300 {
        let (name, claimed) = (epoch_of(&network, 0), person(&mut network).public());
        let packet = Packet::Offer(offer_as(&mut network, claimed, name));
        give_all(&mut network, &packet);
        knock(&mut network);
        network.run_for_millis(200);
        let now_open = challenge(&network).filter(|(_, it)| it.epoch == name);
        let Some((from, challenge)) = now_open else {
            continue;
        };
        // Answers without a proof, and of people who fall silent.
        let mut without = ghost(&mut network, &challenge);
        without.proof = JoinerProof::new([1; 128]);
        give_all(&mut network, &Packet::Answer(Box::new(without)));
        let silent = ghost(&mut network, &challenge);
        give(
            &mut network,
            from,
            &Packet::Answer(Box::new(silent)).to_bytes(),
        )
        .ok();
        network.run_for_millis(200);
    }
    let newcomer = network.enter(|_| {});
    network.run_until(300, |n| n.rooms[newcomer].is_secure());
    let (now, out) = (network.now, network.keys[4]);
    network.rooms[1].exclude(now, out).unwrap();
    network.collect(1);
    network.run_until(30, |n| are_together(n, &[0, 1, 2, 3, newcomer]));
}

#[test]
fn slow_ghosts_stop_no_change() {
    // They knock, prove an identity of their own, and take part in nothing: views of their own fail, and no change of members
    // waits for one.
    let mut network = Network::new(5, 1).until_secure();
    network.run_for(5);
    let mut stalled = 0;
    for round in 0..40 {
        let (from, challenge) = drawn(&mut network);
        let silent = ghost(&mut network, &challenge);
        let packet = Packet::Answer(Box::new(silent)).to_bytes();
        let _taken = give(&mut network, from, &packet);
        network.run_for(2);
        stalled += usize::from(failed(&network, 0) > 0);
        let before: Vec<_> = (0..5).map(|member| epochs(&network, member)).collect();
        let (now, began) = (network.now, network.now);
        let by = round % 5;
        network.send(by, "while they wait");
        network.rooms[by].refresh(now);
        network.collect(by);
        network.run_until(10, |n| (0..5).all(|it| epochs(n, it) > before[it]));
        assert!(network.now.since(began).as_secs() < 4, "round {round}");
    }
    assert!(stalled > 0, "no ghost was listed");
    network.run_until(10, |n| {
        (0..5).all(|it| {
            n.read(it)
                .iter()
                .filter(|text| *text == "while they wait")
                .count()
                == 40
        })
    });
}

#[test]
fn stolen_offer_keeps_nobody_out() {
    // One unsigned packet a second, with a public key and nothing else.
    let took = [false, true].map(|is_attacked| {
        let mut network = Network::new(2, 11).until_secure();
        network.run_for(3);
        let alice = network.enter(|_| {});
        let (key, began) = (network.keys[alice], network.now);
        for second in 0..60 {
            if network.rooms[alice].is_secure() {
                break;
            }
            if is_attacked {
                let name = epoch_of(&network, 0);
                let offer = offer_as(&mut network, key, name);
                give_all(&mut network, &Packet::Offer(offer.clone()));
                if let Some((_, challenge)) = challenge(&network) {
                    let mut answer = ghost(&mut network, &challenge);
                    answer.offer.identity = key;
                    give_all(&mut network, &Packet::Answer(Box::new(answer)));
                }
            }
            assert!(second < 59);
            network.run_for(1);
        }
        assert_eq!(failed(&network, 0), 0);
        network.now.since(began).as_secs()
    });
    assert!(took[1] <= took[0] + 1, "{took:?}");
}

#[test]
fn stolen_offers_keep_nobody_out_of_a_first_epoch_for_long() {
    let mut network = Network::with(3, 11, |_| {});
    let key = network.keys[2];
    network.run_until(600, |_| true);
    for second in 0..600 {
        let nobody = Forger::<Suite>::new().invent(key);
        let offer =
            OfferSecrets::<Suite>::generate(room(), None, &nobody, second, &mut network.rng).0;
        for member in 0..2 {
            let packet = Packet::Offer(offer.clone()).to_bytes();
            let _any = give(&mut network, member, &packet);
        }
        network.run_for(1);
        if are_together(&network, &[0, 1, 2]) {
            return;
        }
    }
    panic!("kept out");
}

#[test]
fn joiner_must_prove_identity_before_listed() {
    let mut network = Network::new(3, 1).until_secure();
    network.run_for(5);
    let victim = person(&mut network);
    let (from, challenge) = drawn(&mut network);
    let wire = network.wire.len();
    // The victim's name with keys of another, a proof of another, no proof, and a signature of another.
    let true_one = answer(&mut network, &challenge, &victim);
    let mut others = ghost(&mut network, &challenge);
    others.offer.identity = victim.public();
    let mut unsigned = true_one.clone();
    unsigned.signature = others.signature;
    let mut unproven = true_one.clone();
    unproven.proof = JoinerProof::new([0; 128]);
    for false_one in [others, unsigned, unproven] {
        let packet = Packet::Answer(Box::new(false_one)).to_bytes();
        give(&mut network, from, &packet).unwrap();
    }
    network.run_for(10);
    let listed = |network: &Network| {
        let mut sent = network.wire[wire..].iter();
        sent.any(|(_, packet)| matches!(packet[1], 2 | 3))
    };
    assert!(!listed(&network), "nobody is in a run for it");
    // Who proves it is.
    let packet = Packet::Answer(Box::new(true_one)).to_bytes();
    give(&mut network, from, &packet).unwrap();
    network.run_for(3);
    assert!(listed(&network));
}

#[test]
fn replayed_answer_of_other_view_is_refused() {
    let mut network = Network::new(3, 1).until_secure();
    network.run_for(5);
    let (_, challenge) = drawn(&mut network);
    let recorded = ghost(&mut network, &challenge);
    let packet = Packet::Answer(Box::new(recorded)).to_bytes();
    // Another epoch: nothing of before is worth anything.
    let now = network.now;
    network.rooms[0].refresh(now);
    network.collect(0);
    network.run_until(10, |n| (0..3).all(|it| epochs(n, it) == 2));
    network.run_for(1);
    for member in 0..3 {
        let refused = give(&mut network, member, &packet);
        assert_eq!(refused, Err(Rejection::UnknownEpoch));
    }
    // The next view of one epoch: of who failed it, too.
    let (from, challenge) = drawn(&mut network);
    let silent = ghost(&mut network, &challenge);
    let packet = Packet::Answer(Box::new(silent)).to_bytes();
    give(&mut network, from, &packet).unwrap();
    network.run_until(30, |n| failed(n, from) > 0);
    let refused = give(&mut network, from, &packet).unwrap_err();
    assert!(
        matches!(refused, Rejection::StaleView | Rejection::UnknownEpoch),
        "{refused:?}"
    );
}

#[test]
fn a_challenge_of_nobody_moves_no_newcomer() {
    // Before the room answers, an outsider asks with a key of its own, and with one whose secret nobody knows.
    let mut network = Network::new(3, 1).until_secure();
    network.run_for(5);
    let outsider = person(&mut network);
    let newcomer = network.enter(|_| {});
    let mut rng = network.rng.clone();
    let name = EpochName::new([9; 16]);
    let own = OwnChallenge::<Suite>::draw(room(), name, 0, &outsider, &mut rng);
    give(
        &mut network,
        newcomer,
        &Packet::Hello(*own.challenge()).to_bytes(),
    )
    .unwrap();
    let mut oblivious = *own.challenge();
    oblivious.epoch = EpochName::new([8; 16]);
    let refused = give(&mut network, newcomer, &Packet::Hello(oblivious).to_bytes());
    assert_eq!(refused, Err(Rejection::NotAuthentic));
    network.run_until(20, |n| are_together(n, &[0, 1, 2, newcomer]));
}

#[test]
fn the_application_is_told_of_an_epoch_whose_challenge_came_first() {
    let mut network = Network::with(1, 1, |_| {});
    let told =
        |network: &Network| network.count(0, |event| matches!(event, Event::OtherEpoch { .. }));
    let (outsider, mut rng) = (person(&mut network), network.rng.clone());
    let name = EpochName::new([9; 16]);
    let own = OwnChallenge::<Suite>::draw(room(), name, 0, &outsider, &mut rng);
    let hello = Packet::Hello(*own.challenge()).to_bytes();
    give(&mut network, 0, &hello).unwrap();
    // A challenge does not say how many are in the epoch.
    assert_eq!(told(&network), 0);
    let advert = Advert {
        room: room(),
        name,
        members: 3,
        earlier: Vec::new(),
    };
    let advert = Packet::Advert(advert).to_bytes();
    for _ in 0..2 {
        give(&mut network, 0, &advert).unwrap();
        assert_eq!(told(&network), 1);
    }
}

#[test]
fn an_outsider_draws_three_times_its_bytes_at_most() {
    for members in [2, 8] {
        let mut network = Network::new(members, 1).until_secure();
        network.run_for(90);
        let (wire, mut theirs) = (network.wire.len(), 0);
        let recorded: Vec<_> = network.wire.iter().map(|(_, it)| it.clone()).collect();
        let digests = recorded
            .iter()
            .filter_map(|it| match Packet::from_bytes(it) {
                Ok(Packet::Offer(offer)) => Some(offer.digest::<Suite>()),
                _ => None,
            });
        let digests: BTreeSet<_> = digests.collect();
        let seconds = 300;
        for second in 0..seconds {
            let junk = [&[VERSION, 5], [7; 300].as_slice()].concat();
            let wanted = Wanted::Offers(digests.iter().copied().take(64).collect());
            let request = Packet::Request(Request {
                room: room(),
                wanted,
            })
            .to_bytes();
            let old = recorded[second % recorded.len()].clone();
            for packet in [junk, request, old] {
                theirs += packet.len();
                for member in 0..members {
                    let _any = give(&mut network, member, &packet);
                }
            }
            knock(&mut network);
            theirs += 50;
            network.run_for(1);
        }
        // What a quiet room says by itself is sealed.
        let drawn: usize = network.wire[wire..]
            .iter()
            .filter(|(_, packet)| packet[1] != 5)
            .map(|(_, packet)| packet.len())
            .sum();
        let most = (3 * theirs).min(1024 * seconds / 10 + 1024);
        assert!(
            drawn <= most,
            "{members} members: {theirs} bytes drew {drawn}"
        );
        assert!((0..members).all(|it| network.rooms[it].is_secure()));
    }
}

#[test]
fn who_took_part_goes_before_those_who_did_not() {
    let mut network = Network::new(3, 1).until_secure();
    network.run_for(5);
    let newcomer = network.enter(|_| {});
    // With it come fifteen who prove an identity and take part in nothing.
    network.run_for_millis(6);
    let (from, challenge) = challenge(&network).unwrap();
    for _ in 0..15 {
        let silent = ghost(&mut network, &challenge);
        let packet = Packet::Answer(Box::new(silent)).to_bytes();
        let _taken = give(&mut network, from, &packet);
    }
    network.run_until(120, |n| n.rooms[newcomer].is_secure());
    assert!(failed(&network, 0) <= 1, "{}", failed(&network, 0));
    assert!(network.rooms.iter().all(Room::is_secure));
}

/// Members, of whom the last one lets in whom `admission` says, and the others anyone, in an epoch.
fn of_two_minds(
    (members, seed): (usize, u64),
    admission: impl Fn(BTreeSet<IdentityKey>) -> Admission,
) -> Network {
    let mut network = Network::with(0, seed, |_| {});
    let people: Vec<_> = (0..members).map(|_| person(&mut network)).collect();
    let keys: BTreeSet<_> = people.iter().map(IdentityKeyPair::public).collect();
    for (place, person) in people.into_iter().enumerate() {
        let is_last = place + 1 == members;
        let admission = if is_last {
            admission(keys.clone())
        } else {
            Admission::Open
        };
        let mut config = RoomConfig::new(room(), admission);
        config.timers = Timers::RELAY;
        config.members = (!is_last).then_some(members);
        network.enter_as(person, config);
    }
    let mut network = network.until_secure();
    network.run_for(20);
    network
}

/// A run with a newcomer whom a member refuses comes to nothing: it is not begun again and again, and no text waits for it.
#[test]
fn who_is_refused_by_a_member_costs_a_change_and_no_more() {
    for members in [2, 3, 6] {
        for seed in 1..4 {
            let mut network = of_two_minds((members, seed), Admission::Only);
            let before = epochs(&network, 0);
            network.enter(|_| {});
            for second in 0..120 {
                let from = second % members;
                network.send(from, &second.to_string());
                network.run_for_millis(500);
                for member in (0..members).filter(|it| *it != from) {
                    let last = network.read(member).pop();
                    assert_eq!(last, Some(second.to_string()), "{members}, {seed}");
                }
                network.run_for_millis(500);
            }
            for member in 0..members {
                let changes = epochs(&network, member) - before;
                assert!(changes <= 2, "{members}, {seed}: {changes}");
                assert_eq!(failed(&network, member), 0, "{members}, {seed}");
            }
        }
    }
}

/// A refusal is no ban: it holds until the person says yes, and as long as who refuses is there.
#[test]
fn who_was_refused_comes_in_when_nobody_refuses_it_any_more() {
    for seed in 1..4 {
        let mut network = of_two_minds((3, seed), Admission::Ask);
        let newcomer = network.enter(|_| {});
        network.run_for(100);
        assert!(!network.rooms[newcomer].is_secure());
        let (now, key) = (network.now, network.keys[newcomer]);
        network.rooms[2].admit(now, key).unwrap();
        network.collect(2);
        network.run_until(20, |n| are_together(n, &[0, 1, 2, newcomer]));

        let mut network = of_two_minds((3, seed), Admission::Only);
        let newcomer = network.enter(|_| {});
        network.run_for(100);
        assert!(!network.rooms[newcomer].is_secure());
        network.leave(2);
        network.run_until(40, |n| are_together(n, &[0, 1, newcomer]));
    }
}

/// Whom a room lists asks for the offers that it lacks as those inside do, however long it was alone.
#[test]
fn a_newcomer_that_is_listed_asks_at_once_for_what_it_lacks() {
    let mut network = Network::new(4, 3).until_secure();
    let newcomer = network.enter(|_| {});
    network.tamper = Some(Box::new(move |from, _, packet| {
        (from != newcomer).then(|| packet.to_vec())
    }));
    network.run_for(100);
    let (mut is_asked, mut asked) = (false, 0);
    network.tamper = Some(Box::new(move |from, to, packet| {
        let read = Packet::from_bytes(packet);
        if from == newcomer
            && let Ok(Packet::Request(request)) = &read
        {
            is_asked |= matches!(request.wanted, Wanted::Proposal(_));
            asked += usize::from(matches!(request.wanted, Wanted::Offers(_)));
        }
        let is_lost = to == newcomer
            && match read {
                Ok(Packet::Proposal(_)) => !is_asked,
                Ok(Packet::Offer(_)) => asked < 3,
                _ => false,
            };
        (!is_lost).then(|| packet.to_vec())
    }));
    network.run_until(5, |n| n.rooms[newcomer].is_secure());
}
