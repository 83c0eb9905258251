//! A member's place in a roster, and one value for each member. `docs/spec/04-key-agreement.md`, "Roster".

use core::fmt;

/// A member's place in the cycle order of one roster, from 0. It means nothing in another roster.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MemberIndex(u16);

impl MemberIndex {
    /// An index as it stands on the wire. The roster may have no such member.
    #[must_use]
    pub const fn new(index: u16) -> Self {
        Self(index)
    }

    /// The index of a place in a list. A roster has at most [`MAX_MEMBERS`](crate::MAX_MEMBERS), so each of its places has
    /// one; no roster has the last one, which stands for all places beyond.
    #[must_use]
    pub fn of(place: usize) -> Self {
        Self(u16::try_from(place).unwrap_or(u16::MAX))
    }

    /// The indices of so many members, in order.
    pub fn all(
        members: usize,
    ) -> impl DoubleEndedIterator<Item = Self> + ExactSizeIterator + Clone {
        (0..members).map(Self::of)
    }

    /// The index as it goes on the wire.
    #[must_use]
    pub const fn get(self) -> u16 {
        self.0
    }

    /// The place in a list of all members.
    #[must_use]
    pub fn place(self) -> usize {
        usize::from(self.0)
    }
}

impl fmt::Display for MemberIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// One value for each member of a roster, in cycle order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PerMember<T>(Vec<T>);

impl<T> PerMember<T> {
    /// One value for each of so many members.
    #[must_use]
    pub fn new(members: usize, value: impl FnMut(MemberIndex) -> T) -> Self {
        MemberIndex::all(members).map(value).collect()
    }

    /// How many members there are.
    #[must_use]
    pub const fn members(&self) -> usize {
        self.0.len()
    }

    /// All members.
    pub fn indices(
        &self,
    ) -> impl DoubleEndedIterator<Item = MemberIndex> + ExactSizeIterator + Clone + use<T> {
        MemberIndex::all(self.0.len())
    }

    /// The value of a member; `None` if the roster has no such member.
    #[must_use]
    pub fn get(&self, member: MemberIndex) -> Option<&T> {
        self.0.get(member.place())
    }

    /// The same, to change it.
    pub fn get_mut(&mut self, member: MemberIndex) -> Option<&mut T> {
        self.0.get_mut(member.place())
    }

    /// The members and their values.
    pub fn iter(
        &self,
    ) -> impl DoubleEndedIterator<Item = (MemberIndex, &T)> + ExactSizeIterator + Clone {
        self.indices().zip(&self.0)
    }

    /// The same, to change the values.
    pub fn iter_mut(
        &mut self,
    ) -> impl DoubleEndedIterator<Item = (MemberIndex, &mut T)> + ExactSizeIterator {
        self.indices().zip(&mut self.0)
    }

    /// The values.
    pub fn values(&self) -> core::slice::Iter<'_, T> {
        self.0.iter()
    }

    /// The values, to change them.
    pub fn values_mut(&mut self) -> core::slice::IterMut<'_, T> {
        self.0.iter_mut()
    }

    /// The values, and nothing of whose they are.
    pub fn into_values(self) -> std::vec::IntoIter<T> {
        self.0.into_iter()
    }
}

impl<T> FromIterator<T> for PerMember<T> {
    fn from_iter<I: IntoIterator<Item = T>>(values: I) -> Self {
        Self(values.into_iter().collect())
    }
}

#[cfg(test)]
mod tests {
    use super::{MemberIndex, PerMember};

    #[test]
    fn each_member_has_its_own_value_and_no_other_has_one() {
        let mut squares = PerMember::new(3, |member| member.place().pow(2));
        let [first, last, beyond] = [0, 2, 3].map(MemberIndex::new);
        assert_eq!(
            (squares.get(first), squares.get(last)),
            (Some(&0), Some(&4))
        );
        assert_eq!((squares.members(), squares.get(beyond)), (3, None));
        *squares.get_mut(last).unwrap() = 5;
        assert_eq!(squares.iter().next_back(), Some((last, &5)));
        assert_eq!(
            squares.indices().map(MemberIndex::get).collect::<Vec<_>>(),
            [0, 1, 2]
        );
    }

    #[test]
    fn a_place_that_no_roster_has_is_that_of_no_member() {
        assert_eq!(MemberIndex::of(1 << 20), MemberIndex::new(u16::MAX));
        assert_eq!(MemberIndex::of(4095).place(), 4095);
    }
}
