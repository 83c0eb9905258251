//! Whose word the others wait for.

use super::{ALICE, epochs, sealed, text};
use crate::epoch::Epoch;
use crate::wire::{Presence, SealedPacket};
use mpotr_gka::MemberIndex;

fn word(epoch: &mut Epoch<super::Suite>) -> SealedPacket {
    sealed(&epoch.seal_statement(Presence::Present).unwrap().packet)
}

#[test]
fn who_has_a_text_when_most_have_said_so_is_late_and_nobody_else() {
    let mut epochs = epochs(5, 1);
    let [first, second, third, late] = [1, 2, 3, 4].map(MemberIndex::new);
    let (_, packet) = text(&mut epochs[ALICE], "hi");
    let mut words = Vec::new();
    for member in [first, second, third] {
        epochs[member].open(&packet).unwrap();
        assert!(!epochs[member].acknowledges_late());
        words.push(word(&mut epochs[member]));
    }
    // One of three others has said so, and then two.
    epochs[late].open(&words[0]).unwrap();
    assert!(epochs[late].is_told_what_it_misses());
    epochs[late].open(&packet).unwrap();
    assert!(!epochs[late].acknowledges_late() && !epochs[late].is_told_what_it_misses());
    epochs[late].open(&words[1]).unwrap();
    assert!(epochs[late].acknowledges_late());
    let said = word(&mut epochs[late]);
    assert!(!epochs[late].acknowledges_late());
    // The author is told, and is not late with its own text.
    for word in words.iter().chain([&said]) {
        epochs[ALICE].open(word).unwrap();
    }
    assert!(!epochs[ALICE].acknowledges_late());
}

#[test]
fn who_has_not_signed_the_order_that_most_have_signed_is_late_and_nobody_else() {
    let mut epochs = epochs(4, 1);
    let all = [0, 1, 2, 3].map(MemberIndex::new);
    let (_, packet) = text(&mut epochs[ALICE], "hi");
    for member in &all[1..] {
        epochs[*member].open(&packet).unwrap();
    }
    let share = |epochs: &mut super::Epochs, from: MemberIndex| {
        let said = word(&mut epochs[from]);
        for to in all.into_iter().filter(|to| *to != from) {
            epochs[to].open(&said).unwrap();
        }
    };
    for member in &all[1..] {
        share(&mut epochs, *member);
    }
    // The last one had the word of all others, and has signed the order with its own.
    let late = all[1];
    assert!(epochs[late].owes_lock() && !epochs[late].locks_late());
    share(&mut epochs, all[0]);
    assert!(epochs[late].locks_late());
    share(&mut epochs, late);
    assert!(!epochs[late].owes_lock() && !epochs[late].locks_late());
}
