//! Lists of those who ask to come into this member's epoch together. `docs/spec/06-epochs.md`, "Two rooms become one".

use crate::time::{Duration, Timestamp};
use crate::wire::Guests;

/// The most lists that are kept.
const MAX_LISTS: usize = 4;

/// Lists of guests. Anyone can make one up, so few are kept, and none for longer because it is repeated.
#[derive(Debug, Default)]
pub(crate) struct GuestLists(Vec<(Timestamp, Guests)>);

impl GuestLists {
    /// Takes note of a list, which is kept for so long if there is room.
    pub(crate) fn hear(&mut self, now: Timestamp, guests: Guests, lasts: Duration) {
        self.0.retain(|(heard, _)| now.since(*heard) < lasts);
        let is_here = self.0.iter().any(|(_, other)| *other == guests);
        if !is_here && self.0.len() < MAX_LISTS {
            self.0.push((now, guests));
        }
    }

    /// The lists.
    pub(crate) fn lists(&self) -> impl Iterator<Item = &Guests> {
        self.0.iter().map(|(_, guests)| guests)
    }
}

#[cfg(test)]
mod tests {
    use mpotr_gka::{EpochName, OfferDigest, RoomId};

    use super::{GuestLists, MAX_LISTS};
    use crate::time::{Duration, Timestamp};
    use crate::wire::Guests;

    #[test]
    fn few_lists_are_kept_and_none_for_longer_because_it_is_repeated() {
        let list = |n: u8| Guests {
            room: RoomId::new([0; 32]),
            host: EpochName::new([1; 16]),
            names: vec![EpochName::new([2; 16])],
            offers: vec![OfferDigest::new([n; 32])],
        };
        let at = |secs| Timestamp::default().after(Duration::from_secs(secs));
        let lasts = Duration::from_secs(30);
        let mut lists = GuestLists::default();
        for n in 0..=u8::MAX {
            lists.hear(at(0), list(n), lasts);
        }
        assert_eq!(lists.lists().count(), MAX_LISTS);
        lists.hear(at(29), list(0), lasts);
        lists.hear(at(30), list(9), lasts);
        assert_eq!(lists.lists().collect::<Vec<_>>(), [&list(9)]);
    }
}
