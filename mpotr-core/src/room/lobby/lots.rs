//! Which of those that anyone can make up have a place, where there are few. `docs/spec/06-epochs.md`, "Other rooms".

/// Draws who takes the place of whom. Who makes up many takes the places no longer than until another is drawn.
#[derive(Debug, Default)]
pub(super) struct Lots {
    /// How many came for which there was no place, since there was one.
    without_place: u64,
}

impl Lots {
    /// There is a place.
    pub(super) const fn has_room(&mut self) {
        self.without_place = 0;
    }

    /// One has come, and so many places are all taken. Returns which of them its lot gives it, if any: of all that have come since there
    /// was room, each has the same chance.
    pub(super) fn place(&mut self, places: usize, lot: u64) -> Option<usize> {
        self.without_place = self.without_place.saturating_add(1);
        let taken = u64::try_from(places).unwrap_or(u64::MAX);
        let drawn = among(lot, taken.saturating_add(self.without_place))?;
        (drawn < places).then_some(drawn)
    }
}

/// Which of so many a lot draws.
pub(super) fn among(lot: u64, of: u64) -> Option<usize> {
    lot.checked_rem(of).and_then(|it| usize::try_from(it).ok())
}

#[cfg(test)]
mod tests {
    use super::{Lots, among};

    #[test]
    fn the_next_have_less_and_less_of_a_chance_until_there_is_room() {
        let mut lots = Lots::default();
        // The first is one of five, the next one of six.
        assert_eq!([4, 5].map(|lot| lots.place(4, lot)), [None, None]);
        assert_eq!([7, 7 + 8].map(|lot| lots.place(4, lot)), [Some(0), None]);
        lots.has_room();
        assert_eq!(lots.place(4, 5 + 3), Some(3));
    }

    #[test]
    fn of_nobody_nobody_is_drawn() {
        assert_eq!((among(7, 0), among(7, 4)), (None, Some(3)));
    }
}
