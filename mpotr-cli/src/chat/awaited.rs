//! What a person asked for that is still to come true: whom to let in and whom to leave out. An identity that was not
//! heard yet is let in when it comes.

use std::collections::BTreeSet;

use mpotr::{IdentityKey, WaitingReason};

use super::whom::Digits;

/// The most people that are awaited.
const MAX_AWAITED: usize = 256;

/// What is still to come true.
#[derive(Clone, Debug, Default)]
pub(super) struct Awaited {
    /// Fingerprints of those who are let in when they come.
    awaited: BTreeSet<Digits>,
    /// Whom the room was asked to let in.
    admitted: BTreeSet<IdentityKey>,
    /// Whom the room was asked to leave out.
    excluded: BTreeSet<IdentityKey>,
}

impl Awaited {
    /// Lets an identity in when it comes. Returns whether there is room for one more.
    pub(super) fn expect(&mut self, digits: Digits) -> bool {
        let has_room = self.awaited.len() < MAX_AWAITED || self.awaited.contains(&digits);
        if has_room {
            self.awaited.insert(digits);
        }
        has_room
    }

    /// Whether an identity that comes was awaited, and is let in for that. From then on it is not.
    pub(super) fn comes(&mut self, claimed: &IdentityKey) -> bool {
        !self.awaited.is_empty() && self.awaited.remove(&Digits::of_key(claimed))
    }

    /// Gives up waiting for an identity. Returns whether it was awaited.
    pub(super) fn give_up(&mut self, digits: &Digits) -> bool {
        self.awaited.remove(digits)
    }

    /// Whether nothing is to come true.
    pub(super) fn is_empty(&self) -> bool {
        self.awaited.is_empty() && self.admitted.is_empty() && self.excluded.is_empty()
    }

    /// Who is awaited.
    pub(super) fn awaited(&self) -> impl Iterator<Item = &Digits> {
        self.awaited.iter()
    }

    /// The room was asked to let an identity in.
    pub(super) fn admit(&mut self, identity: IdentityKey) {
        self.excluded.remove(&identity);
        self.admitted.insert(identity);
    }

    /// Whether the room was asked to let an identity in.
    pub(super) fn is_admitted(&self, identity: &IdentityKey) -> bool {
        self.admitted.contains(identity)
    }

    /// Whom the person has let in so far and who is not in, heard or not.
    pub(super) fn let_in(&self) -> BTreeSet<Digits> {
        let admitted = self.admitted.iter().map(Digits::of_key);
        admitted.chain(self.awaited.iter().cloned()).collect()
    }

    /// The room was asked to leave an identity out.
    pub(super) fn exclude(&mut self, identity: IdentityKey) {
        self.admitted.remove(&identity);
        self.excluded.insert(identity);
    }

    /// Whether the person has asked for what texts wait for.
    pub(super) fn asks_for(&self, reason: &WaitingReason) -> bool {
        matches!(reason, WaitingReason::Excluding { identity } if self.excluded.contains(identity))
    }

    /// Whom the room was asked to leave out.
    pub(super) fn excluded(&self) -> impl Iterator<Item = IdentityKey> {
        self.excluded.iter().copied()
    }

    /// All that the room was asked about and that has not come true.
    pub(super) fn asked(&self) -> impl Iterator<Item = IdentityKey> {
        self.admitted.union(&self.excluded).copied()
    }

    /// Takes back what the room was asked about an identity: whether to admit it, else whether to exclude it.
    pub(super) fn take_back(&mut self, identity: &IdentityKey) -> Option<Asked> {
        if self.admitted.remove(identity) {
            Some(Asked::Admit)
        } else if self.excluded.remove(identity) {
            Some(Asked::Exclude)
        } else {
            None
        }
    }

    /// What has come true in this roster is asked for no more.
    pub(super) fn settle(&mut self, roster: &BTreeSet<IdentityKey>) {
        self.admitted.retain(|identity| !roster.contains(identity));
        self.excluded.retain(|identity| roster.contains(identity));
    }
}

/// What the room was asked about an identity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    Admit,
    Exclude,
}

#[cfg(test)]
mod tests {
    use mpotr::IdentityKey;

    use super::{Asked, Awaited, MAX_AWAITED};
    use crate::chat::whom::Digits;

    fn key(number: usize) -> IdentityKey {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        IdentityKey::new(key)
    }

    #[test]
    fn who_is_awaited_is_let_in_once() {
        let mut awaited = Awaited::default();
        assert!(awaited.expect(Digits::of_key(&key(1))));
        assert!(!awaited.comes(&key(2)));
        assert!(awaited.comes(&key(1)));
        assert!(!awaited.comes(&key(1)));
    }

    #[test]
    fn who_is_given_up_is_not_let_in() {
        let mut awaited = Awaited::default();
        awaited.expect(Digits::of_key(&key(1)));
        assert!(awaited.give_up(&Digits::of_key(&key(1))));
        assert!(!awaited.give_up(&Digits::of_key(&key(1))));
        assert!(!awaited.comes(&key(1)));
    }

    #[test]
    fn no_more_are_awaited_than_there_is_room_for() {
        let mut awaited = Awaited::default();
        for number in 0..MAX_AWAITED {
            assert!(awaited.expect(Digits::of_key(&key(number))));
        }
        assert!(!awaited.expect(Digits::of_key(&key(MAX_AWAITED))));
        assert!(awaited.expect(Digits::of_key(&key(0))));
    }

    #[test]
    fn what_was_asked_is_taken_back_once_and_not_when_it_has_come_true() {
        let mut awaited = Awaited::default();
        awaited.admit(key(1));
        awaited.exclude(key(2));
        assert_eq!(awaited.take_back(&key(1)), Some(Asked::Admit));
        assert_eq!(awaited.take_back(&key(1)), None);
        awaited.admit(key(1));
        awaited.settle(&[key(1)].into());
        assert_eq!(awaited.take_back(&key(1)), None);
        assert_eq!(awaited.take_back(&key(2)), None);
    }
}
