//! What one member has signed of the order, and how far that is the order here. `docs/spec/05-wire.md`, "Order".

use crate::wire::Lock;

/// The locks of one member: it signs one growing order, and each prefix of that which it signs is a lock.
///
/// A lock agrees to nothing before it is compared with as long an order here. So that a member whose locks are always ahead
/// agrees to something, the first that is ahead stays until the order here is as long, and then the longest.
#[derive(Debug)]
pub(super) struct Locks {
    longest: Lock,
    /// The next to be compared.
    next: Option<Lock>,
    verified: u32,
}

impl Locks {
    pub(super) const fn new() -> Self {
        Self {
            longest: Lock::EMPTY,
            next: None,
            verified: 0,
        }
    }

    /// The longest.
    pub(super) const fn longest(&self) -> Lock {
        self.longest
    }

    /// So much of the order here it has signed.
    pub(super) const fn verified(&self) -> u32 {
        self.verified
    }

    /// The member signed this one. A shorter one than its last came late and says nothing new.
    pub(super) fn note(&mut self, lock: Lock) {
        if lock.count > self.longest.count {
            self.longest = lock;
            self.next.get_or_insert(lock);
        }
    }

    /// Compares what was signed with the prefixes of the order here, as far as there are any: the first that differs.
    pub(super) fn compare(&mut self, prefix: impl Fn(u32) -> Option<Lock>) -> Result<(), Lock> {
        while let Some(next) = self.next
            && let Some(here) = prefix(next.count)
        {
            if here != next {
                return Err(next);
            }
            self.verified = self.verified.max(next.count);
            self.next = (self.longest.count > next.count).then_some(self.longest);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mpotr_crypto::Digest32;

    fn lock(count: u32, digest: u8) -> Lock {
        Lock {
            count,
            digest: Digest32::new([digest; 32]),
        }
    }

    /// An order of so many messages, each prefix with its length for a digest.
    fn order(length: u8) -> impl Fn(u32) -> Option<Lock> {
        move |count| {
            let digest = u8::try_from(count).ok()?;
            (digest <= length).then(|| lock(count, digest))
        }
    }

    #[test]
    fn a_lock_counts_when_the_order_here_is_as_long() {
        let mut locks = Locks::new();
        locks.note(lock(3, 3));
        assert_eq!(locks.compare(order(2)), Ok(()));
        assert_eq!(locks.verified(), 0);
        assert_eq!(locks.compare(order(3)), Ok(()));
        assert_eq!(locks.verified(), 3);
    }

    #[test]
    fn a_lock_of_more_messages_than_there_are_agrees_to_nothing() {
        let mut locks = Locks::new();
        locks.note(lock(2, 2));
        locks.note(lock(u32::MAX, 7));
        assert_eq!(locks.compare(order(200)), Ok(()));
        assert_eq!(locks.verified(), 2);
    }

    #[test]
    fn one_whose_locks_are_always_ahead_agrees_to_those_that_were_caught_up_with() {
        let mut locks = Locks::new();
        for length in 1..100 {
            locks.note(lock(u32::from(length) + 3, length + 3));
            assert_eq!(locks.compare(order(length)), Ok(()));
        }
        assert!(locks.verified() > 90);
    }

    #[test]
    fn a_lock_over_another_order_is_found_and_counts_for_nothing() {
        let mut locks = Locks::new();
        locks.note(lock(2, 2));
        locks.note(lock(5, 9));
        assert_eq!(locks.compare(order(4)), Ok(()));
        assert_eq!(locks.compare(order(5)), Err(lock(5, 9)));
        assert_eq!(locks.verified(), 2);
    }

    #[test]
    fn a_shorter_lock_that_comes_late_changes_nothing() {
        let mut locks = Locks::new();
        locks.note(lock(4, 4));
        locks.note(lock(2, 9));
        assert_eq!(locks.longest(), lock(4, 4));
        assert_eq!(locks.compare(order(9)), Ok(()));
        assert_eq!(locks.verified(), 4);
    }
}
