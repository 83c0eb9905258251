//! One run of the key agreement: its terms and its roster in cycle order, checked once.
//! `docs/spec/04-key-agreement.md`, "Roster".

use mpotr_crypto::{CryptoSuite, Element};

use crate::epoch_name::EpochName;
use crate::member::RunMember;
use crate::member_index::MemberIndex;
use crate::roster::{RosterError, check_size};
use crate::sid::Sid;
use crate::terms::{CommitmentSum, Terms};

/// One run as one member sees it.
#[derive(Debug)]
pub struct Run<S: CryptoSuite> {
    terms: Terms,
    place: usize,
    members: Vec<RunMember<S>>,
    /// The stated sum of knowledge commitments, where there is a joint-knowledge check.
    commitments: Option<Element<S>>,
}

impl<S: CryptoSuite> Run<S> {
    /// Checks a roster and the terms. `me` is the index of this member, whose own offer [`OfferSecrets::check`] compares.
    ///
    /// Decodes the shares `Z` that this member needs for its contribution: in Burmester-Desmedt those of its neighbours, in
    /// the pairwise agreement all.
    ///
    /// [`OfferSecrets::check`]: crate::OfferSecrets::check
    ///
    /// # Errors
    /// See [`RosterError`].
    pub fn new(terms: Terms, members: Vec<RunMember<S>>, me: usize) -> Result<Self, RosterError> {
        check_size(members.len())?;
        members.get(me).ok_or(RosterError::NotAMember)?;
        let run = Self::checked(terms, members, me)?;
        let undecodable = run.needed_by(me).find(|index| run.share(*index).is_none());
        match undecodable {
            Some(member) => Err(RosterError::UndecodableKey { member }),
            None => Ok(run),
        }
    }

    /// A run as an outsider sees it who reads a transcript. Proofs are verified for every place. Decodes all shares
    /// `Z`.
    ///
    /// # Errors
    /// See [`RosterError`].
    pub fn of_others(terms: Terms, members: Vec<RunMember<S>>) -> Result<Self, RosterError> {
        check_size(members.len())?;
        let nobody = members.len();
        let run = Self::checked(terms, members, nobody)?;
        let undecodable = (0..run.len()).find(|index| run.share(*index).is_none());
        match undecodable {
            Some(member) => Err(RosterError::UndecodableKey { member }),
            None => Ok(run),
        }
    }

    fn checked(terms: Terms, members: Vec<RunMember<S>>, me: usize) -> Result<Self, RosterError> {
        let own = &members.first().ok_or(RosterError::Empty)?.offer;
        let misplaced = members.iter().map(RunMember::offer).position(|offer| {
            !offer.supports(S::ID)
                || offer.room != own.room
                || !EpochName::are_of_one_run::<S>(offer.parent, own.parent)
        });
        if let Some(member) = misplaced {
            return Err(RosterError::NotOffered { member });
        }
        if let Some(member) = duplicate_key(&members) {
            return Err(RosterError::DuplicateKey { member });
        }
        if terms.proposer >= members.len() {
            return Err(RosterError::NoProposer);
        }
        let stated = terms.commitments.as_ref();
        let commitments = CommitmentSum::element::<S>(stated, terms.methods.authentication)?;
        Ok(Self {
            terms,
            place: me,
            members,
            commitments,
        })
    }

    /// The members whose Z a member needs to contribute.
    fn needed_by(&self, index: usize) -> impl Iterator<Item = usize> + use<S> {
        let [before, after] = self.beside(index);
        let all = (0..self.len()).filter(move |other| *other != index);
        let needs_all = self.terms.methods.agreement.needs_all_shares();
        let beside = (!needs_all).then_some([before, after]);
        all.filter(move |_| needs_all)
            .chain(beside.into_iter().flatten())
    }

    /// The session id.
    #[must_use]
    pub const fn sid(&self) -> Sid {
        self.terms.sid
    }

    /// What the run is made on.
    #[must_use]
    pub const fn terms(&self) -> &Terms {
        &self.terms
    }

    /// The stated sum of knowledge commitments; `None` where there is no joint-knowledge check.
    pub(crate) const fn commitments(&self) -> Option<&Element<S>> {
        self.commitments.as_ref()
    }

    /// This member's index; in a run of others, one past the roster.
    #[must_use]
    pub fn me(&self) -> MemberIndex {
        MemberIndex::of(self.place)
    }

    /// This member's place in the list of members.
    pub(crate) const fn place(&self) -> usize {
        self.place
    }

    /// The roster in cycle order.
    #[must_use]
    pub fn members(&self) -> &[RunMember<S>] {
        &self.members
    }

    /// A member of the roster.
    #[must_use]
    pub fn member(&self, member: MemberIndex) -> Option<&RunMember<S>> {
        self.members.get(member.place())
    }

    /// This member. `None` in a run of others alone.
    pub(crate) fn own(&self) -> Option<&RunMember<S>> {
        self.members.get(self.place)
    }

    /// Members of the roster.
    pub(crate) fn len(&self) -> usize {
        self.members.len()
    }

    /// The members whose `Z` or `R` is no element, increasing. No honest member publishes such an offer, and no
    /// proposer lists it. Members that need the key cannot take part. Ask this of every run that ends without an epoch,
    /// before a member's silence is held against it.
    #[must_use]
    pub fn undecodable(&self) -> Vec<MemberIndex> {
        let members = MemberIndex::all(self.len()).zip(&self.members);
        let wrong = members.filter(|(_, member)| member.decode_rest().is_err());
        wrong.map(|(index, _)| index).collect()
    }

    /// The members that cannot take part in the run because they need the share `Z` of one of these.
    #[must_use]
    pub fn kept_out_by(&self, undecodable: &[MemberIndex]) -> Vec<MemberIndex> {
        let spoilt: Vec<_> = undecodable
            .iter()
            .map(|member| member.place())
            .filter(|index| self.share(*index).is_none())
            .collect();
        (0..self.len())
            .filter(|index| !spoilt.contains(index))
            .filter(|index| self.needed_by(*index).any(|other| spoilt.contains(&other)))
            .map(MemberIndex::of)
            .collect()
    }

    /// The members before and after one in the cycle.
    fn beside(&self, index: usize) -> [usize; 2] {
        let last = self.len().saturating_sub(1);
        let before = index.checked_sub(1).unwrap_or(last);
        let after = index.checked_add(1).filter(|next| *next <= last);
        [before, after.unwrap_or(0)]
    }

    /// The element `Z` of a member; `None` if it is no element.
    pub(crate) fn share(&self, index: usize) -> Option<&Element<S>> {
        self.members.get(index).and_then(RunMember::share)
    }

    /// The elements `Z_{i-1}` and `Z_{i+1}` beside a member of the cycle; `None` if one of them is no element.
    pub(crate) fn shares_beside(&self, index: usize) -> Option<[&Element<S>; 2]> {
        let [before, after] = self.beside(index);
        Some([self.share(before)?, self.share(after)?])
    }
}

/// The lowest member that holds a key which an earlier one, or itself, holds too. Any equal element among all A, Y, Z
/// and R counts, across kinds; E lives in another group and is compared to other E.
fn duplicate_key<S: CryptoSuite>(members: &[RunMember<S>]) -> Option<usize> {
    let elements = first_repeat(members.iter().enumerate().flat_map(
        |(index, RunMember { offer, .. })| {
            [
                (offer.identity.as_bytes(), index),
                (offer.trapdoor.as_bytes(), index),
                (offer.share.as_bytes(), index),
                (offer.commitment.as_bytes(), index),
            ]
        },
    ));
    let ephemerals = first_repeat(
        members
            .iter()
            .enumerate()
            .map(|(index, member)| (member.offer.ephemeral.as_bytes(), index)),
    );
    elements.into_iter().chain(ephemerals).min()
}

/// Of all keys that stand twice, the lowest index of a holder that is not the first.
fn first_repeat<'a>(keys: impl Iterator<Item = (&'a [u8; 32], usize)> + Clone) -> Option<usize> {
    // Different keys differ in their first eight bytes, unless an attacker has searched long for such a pair.
    let first_bytes = |key: &[u8; 32]| {
        key.first_chunk()
            .map_or(0, |first| u64::from_be_bytes(*first))
    };
    let mut prefixes: Vec<u64> = keys.clone().map(|(key, _)| first_bytes(key)).collect();
    prefixes.sort_unstable();
    if prefixes
        .array_windows()
        .all(|[first, second]| first != second)
    {
        return None;
    }
    let mut keys: Vec<_> = keys.collect();
    keys.sort_unstable();
    keys.array_windows()
        .filter_map(|[(first, _), (second, index)]| (first == second).then_some(*index))
        .min()
}

#[cfg(test)]
mod tests {
    use super::first_repeat;

    /// The repeat among keys that are given by their first and their last byte.
    fn repeat(keys: &[(u8, u8)]) -> Option<usize> {
        let keys: Vec<_> = keys
            .iter()
            .map(|(first, last)| {
                let mut key = [0; 32];
                (key[0], key[31]) = (*first, *last);
                key
            })
            .collect();
        first_repeat(keys.iter().enumerate().map(|(index, key)| (key, index)))
    }

    #[test]
    fn keys_that_differ_in_their_last_byte_alone_are_no_repeat() {
        assert_eq!(repeat(&[(1, 1), (1, 2), (1, 3)]), None);
        assert_eq!(repeat(&[(1, 1), (2, 1), (3, 1)]), None);
        assert_eq!(repeat(&[]), None);
    }

    #[test]
    fn the_lowest_second_holder_is_named() {
        assert_eq!(repeat(&[(1, 1), (1, 2), (1, 1)]), Some(2));
        assert_eq!(repeat(&[(9, 1), (5, 5), (5, 5), (9, 1)]), Some(2));
        assert_eq!(repeat(&[(5, 5), (9, 1), (9, 1), (5, 5), (5, 5)]), Some(2));
    }
}
