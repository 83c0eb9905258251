//! Members that say two things in one place.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_gka::{MemberIndex, Sid};

use super::{
    ALICE, BOB, Epochs, MALLORY, bodies, content, effects, epochs, forge_content, key_of, sealed,
    statement, text, verified,
};
use crate::epoch::{Effect, Epoch, Evidence, SigningKeyState};
use crate::error::Rejection;
use crate::wire::{Content, EpochId, MessageId, SealedPacket, Unverified};

/// Two messages of Mallory's in place 0.
pub(super) fn two(epochs: &mut Epochs) -> [(MessageId, SealedPacket); 2] {
    ["to some", "to others"].map(|body| {
        let said = content(0, None, Vec::new(), body);
        let packet = forge_content(&mut epochs[MALLORY], MALLORY, said);
        (id_of(&mut epochs[MALLORY], &packet), packet)
    })
}

pub(super) fn id_of(epoch: &mut Epoch<Suite>, packet: &SealedPacket) -> MessageId {
    let header = epoch.opener.header(packet).unwrap();
    let key = key_of(
        epoch,
        MemberIndex::new(header.sender),
        (header.stream, header.seq),
    );
    let text = packet.open_content::<Suite>(header, &key).unwrap();
    let unverified = Unverified::<Content>::from_vec(text).unwrap();
    unverified
        .unsigned()
        .id::<Suite>(&epoch.opener.keys.id, header.sender)
}

fn evidence(effects: &[Effect]) -> Vec<Evidence> {
    let found = effects.iter().filter_map(|effect| match effect {
        Effect::Equivocation { evidence, .. } => Some((**evidence).clone()),
        _ => None,
    });
    found.collect()
}

fn disputed(effects: &[Effect]) -> Vec<String> {
    let found = effects.iter().filter_map(|effect| match effect {
        Effect::Delivered {
            body,
            disputed: true,
            ..
        } => Some(String::from_utf8(body.clone()).unwrap()),
        _ => None,
    });
    found.collect()
}

/// The final locks that were reported.
pub(super) fn finals(epoch: &mut Epoch<Suite>) -> u32 {
    effects(epoch);
    epoch.final_lock().count
}

#[test]
fn two_messages_in_one_place_are_evidence_that_anyone_can_check() {
    let mut epochs = epochs(3, 1);
    let [(first, one), (second, other)] = two(&mut epochs);
    let bob = &mut epochs[BOB];
    bob.open(&one).unwrap();
    assert_eq!(bodies(bob), ["to some"]);
    bob.open(&other).unwrap();
    let told = effects(bob);
    let found = evidence(&told);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].seq(), found[0].ids()), (0, [first, second]));
    assert_eq!(MemberIndex::new(found[0].author()), MALLORY);
    // Carol, who saw neither, checks it with the key from the roster.
    let (epoch, keys) = (epochs[ALICE].opener.keys.id, |member: MemberIndex| {
        epochs[ALICE].opener.key_of(member).unwrap().get().unwrap()
    });
    assert!(found[0].verify::<Suite>(&epoch, keys(MALLORY), SigningKeyState::Secret));
    assert!(!found[0].verify::<Suite>(&epoch, keys(BOB), SigningKeyState::Secret));
    let elsewhere = EpochId {
        sid: Sid::new([1; 32]),
        ..epoch
    };
    assert!(!found[0].verify::<Suite>(&elsewhere, keys(MALLORY), SigningKeyState::Secret));
    // It is told once.
    let again = &mut epochs[BOB];
    assert_eq!(again.open(&other), Err(Rejection::Disputed));
    assert_eq!(effects(again), []);
}

#[test]
fn the_packets_that_show_it_are_sent_on_and_show_it_to_the_next() {
    let mut epochs = epochs(3, 1);
    let [(_, one), (_, other)] = two(&mut epochs);
    epochs[BOB].open(&one).unwrap();
    epochs[BOB].open(&other).unwrap();
    let packets = effects(&mut epochs[BOB])
        .into_iter()
        .find_map(|effect| match effect {
            Effect::Equivocation { packets, .. } => Some(packets),
            _ => None,
        })
        .unwrap();
    assert_eq!(packets.len(), 2);
    for packet in packets {
        let _second = epochs[ALICE].open(&sealed(&packet));
    }
    assert_eq!(evidence(&effects(&mut epochs[ALICE])).len(), 1);
}

#[test]
fn two_messages_that_both_wait_are_evidence_too() {
    let mut epochs = epochs(3, 1);
    let [(first, _), (second, _)] = two(&mut epochs);
    let [one, other] = [first, second].map(|prev| {
        let said = content(1, prev, Vec::new(), "next");
        forge_content(&mut epochs[MALLORY], MALLORY, said)
    });
    let bob = &mut epochs[BOB];
    bob.open(&one).unwrap();
    bob.open(&other).unwrap();
    assert_eq!(bob.open(&other), Err(Rejection::Disputed));
    assert_eq!(evidence(&effects(bob)).len(), 1);
}

#[test]
fn a_message_that_names_another_previous_one_is_evidence() {
    let mut epochs = epochs(3, 1);
    let [(first, one), (second, _)] = two(&mut epochs);
    let after = content(1, second, Vec::new(), "after the other");
    let after = forge_content(&mut epochs[MALLORY], MALLORY, after);
    for order in [[&one, &after], [&after, &one]] {
        let mut bob = super::epochs(3, 1).of(BOB);
        bob.open(order[0]).unwrap();
        bob.open(order[1]).unwrap();
        let found = evidence(&effects(&mut bob));
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].seq(), 0);
        assert!(found[0].ids().contains(&first) && found[0].ids().contains(&second));
        let key = epochs[ALICE].opener.key_of(MALLORY).unwrap().get().unwrap();
        assert!(found[0].verify::<Suite>(
            &epochs[ALICE].opener.keys.id,
            key,
            SigningKeyState::Secret
        ));
    }
}

#[test]
fn nothing_later_of_an_exposed_member_is_accepted() {
    let mut epochs = epochs(3, 1);
    let [(first, one), (_, other)] = two(&mut epochs);
    let later = content(1, first, Vec::new(), "later");
    let later = forge_content(&mut epochs[MALLORY], MALLORY, later);
    let bob = &mut epochs[BOB];
    bob.open(&one).unwrap();
    bob.open(&other).unwrap();
    effects(bob);
    assert_eq!(bob.open(&later), Err(Rejection::Disputed));
    assert_eq!((effects(bob), bob.delivered()), (vec![], 1));
}

#[test]
fn what_an_honest_member_built_upon_is_delivered_to_all_and_disputed() {
    let mut epochs = epochs(3, 1);
    let [(_, one), (second, other)] = two(&mut epochs);
    epochs[ALICE].open(&other).unwrap();
    let (_, answer) = text(&mut epochs[ALICE], "answer");
    let bob = &mut epochs[BOB];
    bob.open(&one).unwrap();
    bob.open(&answer).unwrap();
    // Bob knows of the other by name only, and asks for it.
    assert_eq!(bob.delivery.missing(0), [second]);
    effects(bob);
    bob.open(&other).unwrap();
    let told = effects(bob);
    assert_eq!(evidence(&told).len(), 1);
    assert_eq!(disputed(&told), ["to others"]);
    assert_eq!(bob.delivered(), 3);
    // And what comes after it, as far as a member answers.
    let later = content(1, second, Vec::new(), "later");
    let later = forge_content(&mut epochs[MALLORY], MALLORY, later);
    assert_eq!(epochs[BOB].open(&later), Err(Rejection::Disputed));
    epochs[ALICE].open(&later).unwrap();
    let (_, answer) = text(&mut epochs[ALICE], "answer to later");
    epochs[BOB].open(&answer).unwrap();
    epochs[BOB].open(&later).unwrap();
    let told = effects(&mut epochs[BOB]);
    assert_eq!(disputed(&told), ["later"]);
    assert_eq!(epochs[BOB].delivered(), 5);
}

#[test]
fn what_is_disputed_costs_no_signature_when_it_comes_again_and_counts_when_it_is_answered() {
    let mut epochs = epochs(3, 1);
    let [(first, one), (_, other)] = two(&mut epochs);
    let later = content(1, first, Vec::new(), "later");
    let later = forge_content(&mut epochs[MALLORY], MALLORY, later);
    for packet in [&one, &later] {
        epochs[ALICE].open(packet).unwrap();
    }
    let (_, answer) = text(&mut epochs[ALICE], "answer");
    let bob = &mut epochs[BOB];
    bob.open(&one).unwrap();
    bob.open(&other).unwrap();
    for costs in [1, 0, 0] {
        let refused = verified(bob, |bob| bob.open(&later));
        assert_eq!(refused, (Err(Rejection::Disputed), costs));
        let refused = verified(bob, |bob| bob.open_together(vec![later.clone()]));
        assert_eq!(refused, (vec![Err(Rejection::Disputed)], 0));
    }
    bob.open(&answer).unwrap();
    effects(bob);
    assert_eq!(verified(bob, |bob| bob.open(&later)), (Ok(MALLORY), 0));
    assert_eq!(disputed(&effects(bob)), ["later"]);
    assert_eq!(bob.delivered(), 3);
}

/// What an exposed member has written is looked up among what others build upon once for each change.
#[test]
fn what_is_disputed_costs_no_look_when_it_comes_again() {
    let mut epochs = epochs(3, 1);
    let [(first, one), (_, other)] = two(&mut epochs);
    let later = content(1, first, Vec::new(), "later");
    let later = forge_content(&mut epochs[MALLORY], MALLORY, later);
    let (_, hello) = text(&mut epochs[ALICE], "hello");
    let bob = &mut epochs[BOB];
    bob.open(&one).unwrap();
    bob.open(&other).unwrap();
    let costs = |bob: &mut Epoch<Suite>| {
        let before = bob.opener.examined.looked;
        assert_eq!(bob.open(&later), Err(Rejection::Disputed));
        let together = bob.open_together(vec![later.clone(), later.clone()]);
        assert_eq!(
            together,
            [Err(Rejection::Disputed), Err(Rejection::Disputed)]
        );
        bob.opener.examined.looked - before
    };
    assert_eq!([costs(bob), costs(bob), costs(bob)], [1, 0, 0]);
    // Something else may have changed that.
    bob.open(&hello).unwrap();
    assert_eq!([costs(bob), costs(bob)], [1, 0]);
}

/// Where some are delivered only if others build upon them, what finds no room is looked at as all else, once.
#[test]
fn what_finds_no_room_beside_an_exposed_member_costs_no_look_when_it_comes_again() {
    let mut epochs = epochs(3, 1);
    let [(_, one), (_, other)] = two(&mut epochs);
    let (_, first) = text(&mut epochs[ALICE], "0");
    let later: Vec<_> = (1..=257)
        .map(|n| text(&mut epochs[ALICE], &n.to_string()).1)
        .collect();
    let bob = &mut epochs[BOB];
    bob.open(&one).unwrap();
    bob.open(&other).unwrap();
    for packet in &later[..256] {
        bob.open(packet).unwrap();
    }
    let newest = &later[256];
    assert_eq!(bob.open(newest), Err(Rejection::Quota));
    let (looked, waiting) = (
        bob.opener.examined.looked,
        bob.delivery.holdback.iter().count(),
    );
    for _ in 0..3 {
        assert_eq!(bob.open(newest), Err(Rejection::Quota));
        let together = bob.open_together(vec![newest.clone()]);
        assert_eq!(together, [Err(Rejection::Quota)]);
    }
    assert_eq!(bob.opener.examined.looked, looked);
    assert_eq!(bob.delivery.holdback.iter().count(), waiting);
    // It counts when there is room, and what makes that may come with it.
    let together = bob.open_together(vec![newest.clone(), first]);
    assert_eq!(together, [Ok(ALICE), Ok(ALICE)]);
    assert_eq!(bob.delivered(), 1 + 258);
}

#[test]
fn a_whole_line_of_an_exposed_member_is_demanded_by_who_answers_its_end() {
    const LENGTH: u32 = 100;
    let mut epochs = epochs(3, 1);
    let [_, (_, other)] = two(&mut epochs);
    let (mut last, mut line) = (None, Vec::new());
    for seq in 0..LENGTH {
        let said = content(seq, last, Vec::new(), "of a line");
        let packet = forge_content(&mut epochs[MALLORY], MALLORY, said);
        last = Some(id_of(&mut epochs[MALLORY], &packet));
        epochs[ALICE].open(&packet).unwrap();
        line.push(packet);
    }
    let (_, answer) = text(&mut epochs[ALICE], "answer");
    let bob = &mut epochs[BOB];
    bob.open(&other).unwrap();
    bob.open(&answer).unwrap();
    // The last of them exposes nobody yet: what it comes after is not here.
    for packet in line.iter().rev() {
        bob.open(packet).unwrap();
    }
    assert!(bob.is_exposed(MALLORY));
    assert_eq!(bob.delivered(), 102);
    assert!(bob.delivery.holdback.is_empty());
}

/// Mallory's line ends in a signature that found no room to wait.
#[test]
fn a_line_without_its_signature_is_refused_at_little_cost_until_that_comes_again() {
    let mut epochs = epochs(3, 1);
    let [(_, one), (second, _)] = two(&mut epochs);
    let (mut last, mut line) = (second, Vec::new());
    for seq in 1..=30 {
        let said = content(seq, last, Vec::new(), "of a line");
        // All but the last with a signature that is not hers.
        let by = if seq == 30 { MALLORY } else { ALICE };
        let packet = forge_content(&mut epochs[by], MALLORY, said);
        last = id_of(&mut epochs[MALLORY], &packet);
        line.push(packet);
    }
    let bob = &mut epochs[BOB];
    bob.open(&one).unwrap();
    for packet in line[1..].iter().rev() {
        bob.open(packet).unwrap();
    }
    assert!(bob.delivery.holdback.remove(MALLORY, &last));
    let refused = Err(Rejection::Inconsistent);
    assert_eq!(bob.open(&line[0]), refused);
    for _ in 0..2 {
        assert_eq!(
            verified(bob, |bob| bob.open(&line[0])),
            (refused.clone(), 0)
        );
    }
    assert!(!bob.is_exposed(MALLORY));
    bob.open(&line[29]).unwrap();
    bob.open(&line[0]).unwrap();
    assert_eq!(evidence(&effects(bob)).len(), 1);
}

#[test]
fn a_signature_that_another_member_stripped_off_blames_nobody() {
    let mut epochs = epochs(3, 1);
    let (first, real) = text(&mut epochs[ALICE], "real");
    let (_, next) = text(&mut epochs[ALICE], "next");
    // The same text with another signature: the id is the same, and what follows vouches for it.
    let said = content(0, None, Vec::new(), "real");
    let stripped = forge_content(&mut epochs[MALLORY], ALICE, said);
    let bob = &mut epochs[BOB];
    assert_eq!(bob.open(&stripped), Err(Rejection::NotAuthentic));
    bob.open(&next).unwrap();
    assert_eq!(bob.delivery.missing(0), [first]);
    bob.open(&stripped).unwrap();
    assert_eq!(bob.open(&real), Err(Rejection::Replayed));
    let told = effects(bob);
    assert_eq!((evidence(&told).len(), bob.delivered()), (0, 2));
}

#[test]
fn the_key_of_a_place_stays_until_its_message_is_final_and_no_longer() {
    let mut epochs = epochs(2, 1);
    let (_, packet) = text(&mut epochs[ALICE], "one");
    epochs[BOB].open(&packet).unwrap();
    let kept = |epochs: &mut Epochs| epochs[BOB].opener.streams(ALICE).unwrap().content.used();
    assert_eq!(kept(&mut epochs), 1);
    for _ in 0..2 {
        for (from, to) in [(BOB, ALICE), (ALICE, BOB)] {
            let said = statement(&mut epochs[from]);
            epochs[to].open(&said).unwrap();
        }
    }
    assert_eq!(finals(&mut epochs[BOB]), 1);
    assert_eq!(kept(&mut epochs), 0);
    assert_eq!(epochs[BOB].open(&packet), Err(Rejection::Replayed));
}

#[test]
fn evidence_counts_for_nothing_once_what_signs_is_public() {
    let mut epochs = epochs(3, 1);
    let [(_, one), (_, other)] = two(&mut epochs);
    let bob = &mut epochs[BOB];
    bob.open(&one).unwrap();
    bob.open(&other).unwrap();
    let found = evidence(&effects(bob));
    let key = epochs[ALICE].opener.key_of(MALLORY).unwrap().get().unwrap();
    let counts = |state| found[0].verify::<Suite>(&epochs[ALICE].opener.keys.id, key, state);
    assert!(counts(SigningKeyState::Secret));
    assert!(!counts(SigningKeyState::Published));
}

#[test]
fn what_is_signed_with_a_key_that_leaked_is_no_evidence() {
    let mut epochs = epochs(3, 1);
    let [(_, one), (_, other)] = two(&mut epochs);
    let reveal = epochs[MALLORY].publish().unwrap();
    let bob = &mut epochs[BOB];
    bob.open(&one).unwrap();
    bob.open_reveal(&reveal).unwrap();
    effects(bob);
    assert_eq!(bob.open(&other), Ok(MALLORY));
    assert_eq!(effects(bob), []);
    // Others may have built upon the other one: it is read as one of an author that says two things.
    assert_eq!(bob.open(&other), Err(Rejection::Disputed));
}
