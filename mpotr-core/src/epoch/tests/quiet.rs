//! What is stated after a single text: each says one head, and then one lock that names all.

use mpotr_gka::MemberIndex;

use super::{ALICE, BOB, Epochs, MALLORY, Suite, effects, epochs, forge_statement, sealed, text};
use crate::epoch::{Effect, Epoch, Stated};
use crate::wire::{Lock, MemberBits, MessageId, Packet, Presence, SealedPacket, Statement};

/// The bytes of a statement that names one head, or signs one lock.
const SHORT: usize = 173;
/// And of one that does both.
const LONG: usize = 285;

/// What a member says of its own accord.
fn word(epoch: &mut Epoch<Suite>) -> (SealedPacket, usize) {
    let Stated { packet, .. } = epoch.seal_word(Presence::Present).unwrap();
    (sealed(&packet), packet.len())
}

fn hear(epochs: &mut Epochs, from: MemberIndex, to: &[MemberIndex], packet: &SealedPacket) {
    for to in to.iter().filter(|to| **to != from) {
        epochs[*to].open(packet).unwrap();
    }
}

const ALL: [MemberIndex; 3] = [ALICE, BOB, MALLORY];

/// Alice writes, and all hear it.
fn written(epochs: &mut Epochs) -> MessageId {
    let (id, packet) = text(&mut epochs[ALICE], "hello");
    hear(epochs, ALICE, &ALL, &packet);
    id
}

/// Members say what they have seen and what order they sign, one after the other, and all hear it.
fn all_say(epochs: &mut Epochs, members: &[MemberIndex]) {
    for member in members {
        let (packet, length) = word(&mut epochs[*member]);
        assert_eq!(length, SHORT);
        hear(epochs, *member, &ALL, &packet);
    }
}

/// A text of Alice's that is final for all.
fn one_text(epochs: &mut Epochs) {
    written(epochs);
    // The last to acknowledge signs the order in one go.
    all_say(epochs, &[BOB, MALLORY]);
    assert!(epochs.0.iter().all(Epoch::owes_lock_or_has_signed));
    all_say(epochs, &[ALICE, BOB]);
    assert!(epochs.0.iter().all(Epoch::is_settled));
}

impl Epoch<Suite> {
    fn owes_lock_or_has_signed(&self) -> bool {
        let signed = self.sealer.signed_lock();
        self.owes_lock() || signed == self.consensus.order.lock()
    }
}

fn lacking(epoch: &mut Epoch<Suite>) -> Vec<MemberIndex> {
    let found = effects(epoch).into_iter().filter_map(|it| match it {
        Effect::Lacking { members, .. } => Some(members),
        _ => None,
    });
    found.flatten().collect()
}

#[test]
fn every_word_on_a_single_text_takes_the_smallest_packet() {
    let mut epochs = epochs(3, 1);
    for _ in 0..3 {
        one_text(&mut epochs);
    }
    // What others have not signed yet a member states along with what it has seen.
    written(&mut epochs);
    all_say(&mut epochs, &[BOB, MALLORY]);
    written(&mut epochs);
    assert_eq!(word(&mut epochs[MALLORY]).1, LONG);
}

#[test]
fn a_lock_makes_up_for_an_acknowledgement_that_was_lost() {
    let mut epochs = epochs(3, 1);
    one_text(&mut epochs);
    let id = written(&mut epochs);
    // Alice hears Mallory's word and not Bob's.
    let (lost, _) = word(&mut epochs[BOB]);
    hear(&mut epochs, BOB, &[MALLORY], &lost);
    let (heard, _) = word(&mut epochs[MALLORY]);
    hear(&mut epochs, MALLORY, &[BOB], &heard);
    let covers = |epoch: &Epoch<Suite>, member| {
        let node = epoch.delivery.graph.get(&id).unwrap();
        node.covered.contains(member)
    };
    assert!(!covers(&epochs[ALICE], BOB) && !covers(&epochs[ALICE], MALLORY));
    assert_eq!(epochs[ALICE].consensus.order.lock().count, 1);
    // What he names by his lock is not ordered here, and would be in this place.
    let (lock, length) = word(&mut epochs[BOB]);
    assert_eq!(length, SHORT);
    epochs[ALICE].open(&lock).unwrap();
    assert!(covers(&epochs[ALICE], BOB));
    epochs[ALICE].open(&heard).unwrap();
    assert!(covers(&epochs[ALICE], MALLORY));
    assert_eq!(epochs[ALICE].consensus.order.lock().count, 2);
    assert_eq!(epochs[ALICE].consensus.verified(BOB), 2);
}

#[test]
fn a_lock_makes_up_for_an_acknowledgement_of_as_much_as_it_may_name() {
    for (texts, expected) in [(64, SHORT), (65, LONG)] {
        let mut epochs = epochs(3, 1);
        one_text(&mut epochs);
        for _ in 0..texts {
            written(&mut epochs);
        }
        // Alice hears no more of Bob than his lock.
        let (lost, _) = word(&mut epochs[BOB]);
        hear(&mut epochs, BOB, &[MALLORY], &lost);
        let (heard, _) = word(&mut epochs[MALLORY]);
        hear(&mut epochs, MALLORY, &ALL, &heard);
        let (lock, length) = word(&mut epochs[BOB]);
        assert_eq!(length, expected);
        hear(&mut epochs, BOB, &ALL, &lock);
        let all = texts + 1;
        assert_eq!(epochs[ALICE].consensus.order.lock().count, all);
        assert_eq!(epochs[ALICE].consensus.verified(BOB), all);
    }
}

#[test]
fn a_lock_that_was_lost_comes_again_for_who_asks_after_words_without_one() {
    let mut epochs = epochs(3, 1);
    written(&mut epochs);
    all_say(&mut epochs, &[BOB, MALLORY, ALICE]);
    // Alice misses what Bob signs of the order.
    let (lost, _) = word(&mut epochs[BOB]);
    hear(&mut epochs, BOB, &[MALLORY], &lost);
    assert!(epochs[BOB].is_settled() && !epochs[ALICE].is_settled());
    written(&mut epochs);
    let (seen, length) = word(&mut epochs[BOB]);
    assert_eq!(length, SHORT);
    hear(&mut epochs, BOB, &ALL, &seen);
    all_say(&mut epochs, &[MALLORY]);
    assert_eq!(epochs[ALICE].consensus.verified(BOB), 0);
    // The key of the packet that has the lock is erased here, and he has nothing to repeat.
    assert!(epochs[ALICE].open(&lost).is_err());
    assert!(epochs[BOB].last_statement().is_none());

    ALL.iter()
        .for_each(|member| drop(effects(&mut epochs[*member])));
    let asks = epochs[ALICE].seal_statement(Presence::Asking).unwrap();
    let asks = sealed(&asks.packet);
    hear(&mut epochs, ALICE, &ALL, &asks);
    assert!(lacking(&mut epochs[BOB]).contains(&BOB));
    let all = epochs[BOB].seal_statement(Presence::Present).unwrap();
    assert!(epochs[BOB].last_statement().is_some());
    epochs[ALICE].open(&sealed(&all.packet)).unwrap();
    assert_eq!(epochs[ALICE].consensus.verified(BOB), 2);
}

#[test]
fn a_lock_that_was_lost_comes_again_though_another_member_is_silent() {
    let mut epochs = epochs(3, 1);
    written(&mut epochs);
    all_say(&mut epochs, &[BOB, MALLORY, ALICE]);
    let (lost, _) = word(&mut epochs[BOB]);
    hear(&mut epochs, BOB, &[MALLORY], &lost);
    written(&mut epochs);
    all_say(&mut epochs, &[BOB]);
    effects(&mut epochs[BOB]);
    // Mallory says nothing of the second text, and the first is not held up by it.
    let asks = epochs[ALICE].seal_statement(Presence::Asking).unwrap();
    epochs[BOB].open(&sealed(&asks.packet)).unwrap();
    assert!(lacking(&mut epochs[BOB]).contains(&BOB));
    let all = epochs[BOB].seal_statement(Presence::Present).unwrap();
    assert_eq!(all.packet.len(), LONG);
    epochs[ALICE].open(&sealed(&all.packet)).unwrap();
    assert_eq!(epochs[ALICE].consensus.verified(BOB), 1);
    assert_eq!(epochs[ALICE].final_lock().count, 1);
}

#[test]
fn a_word_without_a_lock_is_passed_on_to_who_waits_for_what_it_says() {
    let mut epochs = epochs(3, 1);
    one_text(&mut epochs);
    written(&mut epochs);
    let (seen, _) = word(&mut epochs[BOB]);
    hear(&mut epochs, BOB, &[MALLORY], &seen);
    let newest = epochs[MALLORY].newest_word(BOB).unwrap();
    assert_eq!(newest, Packet::Sealed(seen).to_bytes());
    let mut asks = |order: Lock| {
        let bob: MemberBits = [BOB].into_iter().collect();
        effects(&mut epochs[MALLORY]);
        epochs[MALLORY].hear_lacking(ALICE, 9, &bob, (order.count, None));
        lacking(&mut epochs[MALLORY])
    };
    let of = |count| Lock {
        count,
        ..Lock::EMPTY
    };
    // To who has seen all that is here, and waits for his lock, it says nothing.
    assert_eq!(asks(of(1)), [BOB]);
    assert!(asks(of(2)).is_empty());
}

#[test]
fn who_names_another_order_covers_nothing_and_is_told_when_there_is_one() {
    let mut epochs = epochs(3, 1);
    one_text(&mut epochs);
    let id = written(&mut epochs);
    let mut lie = epochs[ALICE].consensus.order.lock();
    lie = lie.then::<Suite>(&MessageId::new([9; 32]));
    let statement = Statement {
        lock: lie,
        ..Statement::empty(Presence::Present)
    };
    let packet = forge_statement(&mut epochs[MALLORY], MALLORY, 7, statement);
    epochs[BOB].open(&packet).unwrap();
    let node = epochs[BOB].delivery.graph.get(&id).unwrap();
    assert!(!node.covered.contains(MALLORY));
    effects(&mut epochs[BOB]);
    // By her next word all is ordered, and the lie comes to light.
    let truth = Statement {
        frontier: vec![id],
        ..Statement::empty(Presence::Present)
    };
    let packet = forge_statement(&mut epochs[MALLORY], MALLORY, 8, truth);
    epochs[BOB].open(&packet).unwrap();
    let statement = Statement {
        lock: lie,
        ..Statement::empty(Presence::Present)
    };
    let packet = forge_statement(&mut epochs[MALLORY], MALLORY, 9, statement);
    epochs[BOB].open(&packet).unwrap();
    let fork = Effect::Fork {
        member: MALLORY,
        lock: lie,
    };
    assert!(effects(&mut epochs[BOB]).contains(&fork));
    // From then on each names what it has seen.
    assert!(!epochs[BOB].is_named_by_lock(Presence::Present));
}

#[test]
fn heads_are_named_where_not_all_hold_them_or_a_member_has_cheated() {
    let mut epochs = epochs(3, 1);
    one_text(&mut epochs);
    assert!(epochs[BOB].is_named_by_lock(Presence::Present));
    assert!(!epochs[BOB].is_named_by_lock(Presence::Closed));
    epochs[BOB].delivery.mark_exposed(MALLORY);
    assert!(!epochs[BOB].is_named_by_lock(Presence::Present));

    written(&mut epochs);
    assert!(!epochs[ALICE].is_named_by_lock(Presence::Present));
    // In a change they are: it may be counted on.
    let mut fresh = super::epochs(3, 1);
    one_text(&mut fresh);
    fresh[ALICE].own_next().unwrap().view = 0;
    assert!(!fresh[ALICE].is_named_by_lock(Presence::Present));
    written(&mut fresh);
    assert_eq!(word(&mut fresh[ALICE]).1, LONG);
}
