//! A set of members of one roster, by their index.

use mpotr_gka::MemberIndex;

/// A set of indices, 64 to a word. The first word needs no memory of its own: rosters are rarely larger.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct MemberSet {
    first: u64,
    rest: Vec<u64>,
}

/// The word of an index, the first or another, and its bit there.
fn place(member: MemberIndex) -> (Option<usize>, u64) {
    let index = member.get();
    let word = usize::from(index / 64).checked_sub(1);
    let bit = u32::from(index % 64);
    (word, 1_u64.checked_shl(bit).unwrap_or(0))
}

impl MemberSet {
    /// All of so many members.
    pub(super) fn all(members: usize) -> Self {
        let mut set = Self::default();
        for member in MemberIndex::all(members) {
            set.insert(member);
        }
        set
    }

    fn word(&self, word: Option<usize>) -> u64 {
        match word {
            None => self.first,
            Some(word) => self.rest.get(word).copied().unwrap_or(0),
        }
    }

    /// Adds a member; whether it is new.
    pub(super) fn insert(&mut self, member: MemberIndex) -> bool {
        let (word, bit) = place(member);
        let word = match word {
            None => Some(&mut self.first),
            Some(word) => {
                if self.rest.len() <= word {
                    self.rest.resize(word.saturating_add(1), 0);
                }
                self.rest.get_mut(word)
            }
        };
        word.is_some_and(|word| {
            let new = *word & bit == 0;
            *word |= bit;
            new
        })
    }

    /// Takes a member out; whether it was in.
    pub(super) fn remove(&mut self, member: MemberIndex) -> bool {
        let (word, bit) = place(member);
        let word = match word {
            None => Some(&mut self.first),
            Some(word) => self.rest.get_mut(word),
        };
        word.is_some_and(|word| {
            let was_in = *word & bit != 0;
            *word &= !bit;
            was_in
        })
    }

    pub(super) fn contains(&self, member: MemberIndex) -> bool {
        let (word, bit) = place(member);
        self.word(word) & bit != 0
    }

    /// Members that are in this set and not in another.
    pub(super) fn minus(&self, other: &Self, members: usize) -> impl Iterator<Item = MemberIndex> {
        MemberIndex::all(members)
            .filter(|member| self.contains(*member) && !other.contains(*member))
    }

    pub(super) fn is_subset_of(&self, other: &Self) -> bool {
        let rest = self.rest.iter().enumerate();
        self.first & !other.first == 0
            && rest
                .map(|(index, word)| word & !other.word(Some(index)))
                .all(|missing| missing == 0)
    }

    /// How many are in the set.
    pub(super) fn len(&self) -> usize {
        let words = self.rest.iter().chain(std::iter::once(&self.first));
        let ones = words.map(|word| usize::try_from(word.count_ones()).unwrap_or(0));
        ones.sum()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.first == 0 && self.rest.iter().all(|word| *word == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::{MemberIndex, MemberSet};

    #[test]
    fn members_of_different_words_are_told_apart() {
        let mut set = MemberSet::default();
        let [low, high, none] = [3, 67, 131].map(MemberIndex::new);
        assert!(set.insert(low) && set.insert(high) && !set.insert(high));
        assert!(set.contains(low) && set.contains(high) && !set.contains(none));
        assert_eq!(set.len(), 2);
        assert!(set.is_subset_of(&MemberSet::all(68)) && !set.is_subset_of(&MemberSet::all(67)));
        assert!(set.remove(low) && !set.remove(low) && !set.is_empty());
        assert!(set.remove(high) && set.is_empty());
    }
}
