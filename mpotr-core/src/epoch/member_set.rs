//! A set of members of one roster, by their index.

/// A set of indices, 64 to a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MemberSet(Vec<u64>);

/// The word of an index and its bit there.
fn place(index: usize) -> (usize, u64) {
    let bit = u32::try_from(index % 64).unwrap_or(0);
    (index / 64, 1_u64.checked_shl(bit).unwrap_or(0))
}

impl MemberSet {
    /// All of so many members.
    pub(super) fn all(members: usize) -> Self {
        let mut set = Self::default();
        for index in 0..members {
            set.insert(index);
        }
        set
    }

    /// Adds a member; whether it is new.
    pub(super) fn insert(&mut self, index: usize) -> bool {
        let (word, bit) = place(index);
        if self.0.len() <= word {
            self.0.resize(word.saturating_add(1), 0);
        }
        self.0.get_mut(word).is_some_and(|word| {
            let new = *word & bit == 0;
            *word |= bit;
            new
        })
    }

    /// Takes a member out; whether it was in.
    pub(super) fn remove(&mut self, index: usize) -> bool {
        let (word, bit) = place(index);
        self.0.get_mut(word).is_some_and(|word| {
            let was_in = *word & bit != 0;
            *word &= !bit;
            was_in
        })
    }

    pub(super) fn contains(&self, index: usize) -> bool {
        let (word, bit) = place(index);
        self.0.get(word).is_some_and(|word| word & bit != 0)
    }

    pub(super) fn is_subset_of(&self, other: &Self) -> bool {
        self.0
            .iter()
            .enumerate()
            .all(|(index, word)| word & !other.0.get(index).copied().unwrap_or(0) == 0)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.iter().all(|word| *word == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::MemberSet;

    #[test]
    fn members_of_different_words_are_told_apart() {
        let mut set = MemberSet::default();
        assert!(set.insert(3) && set.insert(67) && !set.insert(67));
        assert!(set.contains(3) && set.contains(67) && !set.contains(131));
        assert!(set.is_subset_of(&MemberSet::all(68)) && !set.is_subset_of(&MemberSet::all(67)));
        assert!(set.remove(3) && !set.remove(3) && !set.is_empty());
        assert!(set.remove(67) && set.is_empty());
    }
}
