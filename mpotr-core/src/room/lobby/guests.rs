//! Lists of those who ask to come into this member's epoch together. `docs/spec/06-epochs.md`, "Two rooms become one".

use mpotr_gka::OfferDigest;

use super::lots::Lots;
use crate::room::votes::tries::Tried;
use crate::time::{Duration, Timestamp};
use crate::wire::Guests;

/// The pause after a try with a list is at most so many times as long as after the first.
const MAX_TIMES: u32 = 16;
/// The most lists that are kept.
const MAX_LISTS: usize = 4;

/// Lists of guests. Anyone can make one up, so few are kept, and none for longer because it is repeated. Which ones is drawn by lot:
/// who makes up many takes the places no longer than until another is drawn.
#[derive(Debug, Default)]
pub(crate) struct GuestLists {
    lists: Vec<Listed>,
    lots: Lots,
}

/// A list.
#[derive(Debug)]
struct Listed {
    heard: Timestamp,
    guests: Guests,
    /// Drawn for it: those that are ready are tried in this order.
    lot: u64,
    /// When it was tried in vain.
    tried: Option<Tried>,
}

impl GuestLists {
    /// Takes note of a list, which is kept for so long if there is room, or if its lot says so in place of one that is here: of all
    /// that have come since there was no room, each with the same chance.
    pub(crate) fn hear(&mut self, now: Timestamp, guests: Guests, lasts: Duration, lot: u64) {
        let lists = &mut self.lists;
        lists.retain(|it| now.since(it.heard) < lasts);
        if lists.iter().any(|it| it.guests == guests) {
            return;
        }
        let listed = Listed {
            heard: now,
            guests,
            lot,
            tried: None,
        };
        if lists.len() < MAX_LISTS {
            self.lots.has_room();
            lists.push(listed);
        } else if let Some(place) = self.lots.place(lists.len(), lot)
            && let Some(place) = lists.get_mut(place)
        {
            *place = listed;
        }
        lists.sort_by_key(|it| it.lot);
    }

    /// Those of which all were in a run with these offers have not come: others are tried before.
    pub(crate) fn note_failed(&mut self, now: Timestamp, offers: &[OfferDigest], first: Duration) {
        let in_run = |it: &Listed| it.guests.offers.iter().all(|it| offers.contains(it));
        for list in self.lists.iter_mut().filter(|it| in_run(it)) {
            list.tried = Some(Tried::again(list.tried, now, (first, MAX_TIMES), 0));
        }
    }

    /// The lists that may be tried now, by the lot that was drawn for each: who makes one up cannot choose that it comes first.
    pub(crate) fn ready(&self, now: Timestamp) -> impl Iterator<Item = &Guests> {
        let is_ready = move |it: &&Listed| it.tried.is_none_or(|tried| !tried.delays(now));
        self.lists.iter().filter(is_ready).map(|it| &it.guests)
    }

    /// The lists.
    pub(crate) fn lists(&self) -> impl Iterator<Item = &Guests> {
        self.lists.iter().map(|it| &it.guests)
    }
}

#[cfg(test)]
mod tests {
    use mpotr_gka::{EpochName, OfferDigest, RoomId};

    use super::{GuestLists, MAX_LISTS};
    use crate::time::{Duration, Timestamp};
    use crate::wire::Guests;
    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

    /// A lot that draws none of the places.
    const NONE: u64 = 4;
    const LASTS: Duration = Duration::from_secs(30);

    fn at(secs: u64) -> Timestamp {
        Timestamp::default().after(Duration::from_secs(secs))
    }

    fn list(n: u8) -> Guests {
        Guests {
            room: RoomId::new([0; 32]),
            host: EpochName::new([1; 16]),
            names: vec![EpochName::new([2; 16])],
            offers: vec![OfferDigest::new([n; 32])],
        }
    }

    #[test]
    fn few_lists_are_kept_and_none_for_longer_because_it_is_repeated() {
        let mut lists = GuestLists::default();
        for n in 0..=u8::MAX {
            lists.hear(at(0), list(n), LASTS, NONE);
        }
        assert_eq!(lists.lists().count(), MAX_LISTS);
        let is_kept = lists.lists().any(|it| *it == list(0));
        lists.hear(at(29), list(0), LASTS, NONE);
        assert!(is_kept);
        lists.hear(at(30), list(9), LASTS, 0);
        assert_eq!(lists.lists().collect::<Vec<_>>(), [&list(9)]);
    }

    #[test]
    fn lists_that_are_made_up_take_the_place_of_a_true_one_by_lot_alone() {
        let mut rng = ChaCha20Rng::seed_from_u64(20);
        let (mut kept, rooms, made_up) = (0, 200, 15);
        for _ in 0..rooms {
            let mut lists = GuestLists::default();
            // The true one comes when all places are taken.
            for n in 0..made_up {
                lists.hear(at(0), list(n + 1), LASTS, rng.next_u64());
            }
            lists.hear(at(1), list(0), LASTS, rng.next_u64());
            kept += usize::from(lists.lists().any(|it| *it == list(0)));
        }
        // 4 of 16.
        assert!((30..=70).contains(&kept), "{kept} of {rooms}");
    }
}
