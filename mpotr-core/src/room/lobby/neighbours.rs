//! Epochs of others in this channel, as adverts name them. `docs/spec/06-epochs.md`, "Other rooms".
//!
//! An advert proves nothing. What is kept of it is a name, of few, and for a while that no later advert extends. Which ones is drawn
//! by lot, but for those that members vote about: who makes up four names hides no room, and who makes up many does so by lot alone.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::lots::{Lots, among};
use crate::time::{Duration, Timestamp};
use crate::wire::{self, EpochName};

/// The most names that are known at one time.
const MAX_NAMES: usize = 4;
/// The most names of its epochs before that are kept of one: those of so many adverts.
const MAX_EARLIER: usize = 8 * wire::MAX_NAMES;
/// Names of which the application was told, and of this member's own epochs, that are known again.
const MAX_KNOWN: usize = 64;

/// Names of epochs of others.
#[derive(Debug, Default)]
pub(crate) struct Neighbours {
    heard: BTreeMap<EpochName, Neighbour>,
    lots: Lots,
    /// Those that have had their lot since all places were taken, and what they took the place of.
    passed: VecDeque<EpochName>,
    /// Of which the application was told.
    told: VecDeque<EpochName>,
    /// Of this member's own epochs.
    own: VecDeque<EpochName>,
}

/// What is said of an epoch of others.
#[derive(Debug)]
struct Neighbour {
    /// When its name was heard first.
    since: Timestamp,
    /// Drawn when it was heard: those that may be the room that people vote for are tried in this order.
    lot: u64,
    /// What its members' epochs are said to have been called before, what was heard last first.
    earlier: Vec<EpochName>,
}

/// A room as this member would go over into it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Called {
    /// The name of its epoch.
    pub(crate) name: EpochName,
    /// All names that it is said to have or to have had.
    pub(crate) known: BTreeSet<EpochName>,
}

/// Whether a name was heard before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Name {
    /// It was not, as far as is remembered.
    New,
    /// It is kept, or the application was told of it.
    Known,
    /// It is not kept: there are as many as may be, or it is that of an epoch in which this member was.
    Dropped,
}

fn keep(names: &mut VecDeque<EpochName>, name: EpochName) -> bool {
    if names.contains(&name) {
        return false;
    }
    if names.len() >= MAX_KNOWN {
        names.pop_front();
    }
    names.push_back(name);
    true
}

impl Neighbours {
    /// Whether a name is kept, or may be.
    pub(crate) fn has_room_for(&self, name: EpochName) -> bool {
        self.heard.contains_key(&name) || self.heard.len() < MAX_NAMES
    }

    /// Takes note of a name, which may be said to have been called otherwise `earlier`; `lot` is drawn for it. If there is no room
    /// it takes the place of another by its lot, once: of all that have come since all places were taken, each has the same chance. One about
    /// which members vote, as `voted` has it, gives way to another such alone, and takes the place of one that is not.
    pub(crate) fn hear(
        &mut self,
        now: Timestamp,
        (name, earlier): (EpochName, &[EpochName]),
        lot: u64,
        voted: &BTreeSet<EpochName>,
    ) -> Name {
        let is_kept = self.heard.contains_key(&name);
        if self.own.contains(&name) || !is_kept && !self.make_room(name, earlier, lot, voted) {
            return Name::Dropped;
        }
        self.heard.entry(name).or_insert(Neighbour {
            since: now,
            lot,
            earlier: Vec::new(),
        });
        if is_kept || self.told.contains(&name) {
            Name::Known
        } else {
            Name::New
        }
    }

    /// Makes room for a name, by its lot. Returns whether there is.
    fn make_room(
        &mut self,
        name: EpochName,
        earlier: &[EpochName],
        lot: u64,
        voted: &BTreeSet<EpochName>,
    ) -> bool {
        if self.heard.len() < MAX_NAMES {
            self.lots.has_room();
            self.passed.clear();
            return true;
        }
        let is_wanted = voted.contains(&name) || earlier.iter().any(|it| voted.contains(it));
        let all: Vec<_> = self.names().collect();
        let is_voted_on = |it: &EpochName| self.names_of(*it).any(|it| voted.contains(&it));
        let others: Vec<_> = all.iter().copied().filter(|it| !is_voted_on(it)).collect();
        let gives_way = if is_wanted && !others.is_empty() {
            let of = u64::try_from(others.len()).unwrap_or(u64::MAX);
            among(lot, of).and_then(|drawn| others.get(drawn))
        } else if keep(&mut self.passed, name) {
            let drawn = self.lots.place(all.len(), lot);
            let replaced = if is_wanted { &all } else { &others };
            drawn.and_then(|drawn| replaced.get(drawn))
        } else {
            None
        };
        let Some(gives_way) = gives_way else {
            return false;
        };
        let _is_new = keep(&mut self.passed, *gives_way);
        self.heard.remove(gives_way).is_some()
    }

    /// Takes note that the application is told of a name. Returns whether it was not before.
    pub(crate) fn note_told(&mut self, name: EpochName) -> bool {
        keep(&mut self.told, name)
    }

    /// This member comes in from outside. What it was told there may have been of the room that it waited for: of a room beside
    /// the one that it is in it is told anew, when that says again that it is there.
    pub(crate) fn come_in(&mut self) {
        self.told.clear();
    }

    /// Forgets names that were heard first so long ago.
    pub(crate) fn forget(&mut self, now: Timestamp, lasts: Duration) {
        self.heard.retain(|_, it| now.since(it.since) < lasts);
    }

    /// The names of epochs of others.
    pub(crate) fn names(&self) -> impl Iterator<Item = EpochName> {
        self.heard.keys().copied()
    }

    /// The same in the order of the lots that were drawn for them.
    pub(crate) fn names_by_lot(&self) -> impl Iterator<Item = EpochName> {
        let mut names: Vec<_> = self.heard.iter().collect();
        names.sort_unstable_by_key(|(_, it)| it.lot);
        names.into_iter().map(|(name, _)| *name)
    }

    /// Whether a name is one of them.
    pub(crate) fn contains(&self, name: EpochName) -> bool {
        self.heard.contains_key(&name)
    }

    /// Takes note of what the epochs before one of others were called. Anyone can say so in their name: one word takes nothing
    /// back of another, and its members repeat theirs before so many false names were said as are kept.
    pub(crate) fn note_earlier(&mut self, name: EpochName, earlier: &[EpochName]) {
        let Some(it) = self.heard.get_mut(&name) else {
            return;
        };
        let before = core::mem::replace(&mut it.earlier, earlier.to_vec());
        let before = before.into_iter().filter(|it| !earlier.contains(it));
        it.earlier.extend(before);
        it.earlier.truncate(MAX_EARLIER);
    }

    /// What an epoch of others is called and was called before.
    pub(crate) fn names_of(&self, name: EpochName) -> impl Iterator<Item = EpochName> {
        let heard = self.heard.get(&name).into_iter();
        [name]
            .into_iter()
            .chain(heard.flat_map(|it| it.earlier.iter().copied()))
    }

    /// The room that has an epoch of this name.
    pub(crate) fn called(&self, name: EpochName) -> Called {
        let known = self.names_of(name).collect();
        Called { name, known }
    }

    /// Whether two names are said to be those of epochs of one room.
    pub(crate) fn are_one(&self, one: EpochName, other: EpochName) -> bool {
        let mut heard = self.heard.keys();
        heard.any(|now| {
            let is_named = |name| self.names_of(*now).any(|it| it == name);
            is_named(one) && is_named(other)
        })
    }

    /// Whether there is said to be an epoch that is, or was, called so.
    pub(crate) fn is_there(&self, name: EpochName) -> bool {
        self.names()
            .any(|now| self.names_of(now).any(|it| it == name))
    }

    /// Whether the room of such an epoch hosts this member's, if they become one: the one of the smaller name, which is the least
    /// that its epochs had lately and those of the other did not. Each side compares what it has heard of the other with what it
    /// tells itself, so each is the other's host only if one of them has not heard all, or a smaller name was made up; and it
    /// is not so that neither is.
    pub(crate) fn is_host(&self, name: EpochName) -> bool {
        let theirs: BTreeSet<_> = self.names_of(name).collect();
        let own = self.own_names().filter(|own| !theirs.contains(own)).min();
        let mut others = theirs.iter().filter(|other| !self.is_own(**other));
        own.is_none_or(|own| others.any(|other| *other < own))
    }

    /// Whether a name is that of an epoch in which this member was, or of one that has become part of its own.
    pub(crate) fn is_own(&self, name: EpochName) -> bool {
        self.own.contains(&name)
    }

    /// The names of this member's own epochs, the newest first: as many as are told to others.
    pub(crate) fn own_names(&self) -> impl Iterator<Item = EpochName> {
        self.own.iter().rev().copied().take(wire::MAX_NAMES)
    }

    /// This member is in an epoch of this name: it is no neighbour.
    pub(crate) fn enter(&mut self, name: EpochName) {
        self.heard.remove(&name);
        let _is_known = keep(&mut self.own, name);
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use rand_chacha::ChaCha20Rng;
    use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

    use super::{MAX_EARLIER, MAX_KNOWN, MAX_NAMES, Name, Neighbours};
    use crate::time::{Duration, Timestamp};
    use crate::wire::EpochName;

    const LASTS: Duration = Duration::from_secs(30);
    /// A lot that draws none of the places.
    const NONE: u64 = 4;

    fn at(secs: u64) -> Timestamp {
        Timestamp::default().after(Duration::from_secs(secs))
    }

    fn hear(neighbours: &mut Neighbours, now: Timestamp, name: EpochName) -> Name {
        neighbours.forget(now, LASTS);
        neighbours.hear(now, (name, &[]), NONE, &BTreeSet::new())
    }

    fn name(n: u8) -> EpochName {
        EpochName::new([n; 16])
    }

    #[test]
    fn few_names_are_kept_and_none_for_longer_because_it_is_repeated() {
        let mut neighbours = Neighbours::default();
        assert_eq!(hear(&mut neighbours, at(0), name(1)), Name::New);
        assert_eq!(hear(&mut neighbours, at(29), name(1)), Name::Known);
        for n in 2..=u8::MAX {
            hear(&mut neighbours, at(29), name(n));
        }
        assert_eq!(neighbours.names().count(), MAX_NAMES);
        assert_eq!(hear(&mut neighbours, at(29), name(9)), Name::Dropped);
        // The place of the first is free.
        assert_eq!(hear(&mut neighbours, at(30), name(9)), Name::New);
        assert!(!neighbours.contains(name(1)));
        assert_eq!(hear(&mut neighbours, at(60), name(1)), Name::New);
    }

    #[test]
    fn names_that_are_made_up_take_the_place_of_a_true_one_by_lot_alone() {
        let mut rng = ChaCha20Rng::seed_from_u64(20);
        let (mut kept, rooms, made_up) = (0, 200, 15);
        for _ in 0..rooms {
            let mut neighbours = Neighbours::default();
            let mut hear = |n: u8| {
                let (it, lot) = (name(n), rng.next_u64());
                neighbours.hear(at(0), (it, &[]), lot, &BTreeSet::new());
            };
            // The true one comes when all places are taken.
            (1..=made_up).for_each(&mut hear);
            hear(0);
            kept += usize::from(neighbours.contains(name(0)));
        }
        // 4 of 16.
        assert!((30..=70).contains(&kept), "{kept} of {rooms}");
    }

    #[test]
    fn a_name_that_members_vote_about_has_a_place_and_keeps_it() {
        let mut rng = ChaCha20Rng::seed_from_u64(21);
        let voted = BTreeSet::from([name(0)]);
        let mut neighbours = Neighbours::default();
        let mut hear = |n: u8, earlier: &[EpochName]| {
            neighbours.hear(at(0), (name(n), earlier), rng.next_u64(), &voted);
            let (kept, count) = (neighbours.contains(name(n)), neighbours.names().count());
            neighbours.note_earlier(name(n), earlier);
            (kept, count)
        };
        for n in 1..=4 {
            assert_eq!(hear(n, &[]), (true, usize::from(n)));
        }
        // Of those that it takes the place of one is drawn, and none of what comes then takes it back.
        assert_eq!(hear(0, &[]), (true, MAX_NAMES));
        (5..100).for_each(|n| _ = hear(n, &[]));
        assert_eq!(hear(0, &[]), (true, MAX_NAMES));
        // So have those that say to follow it, until all places are those of such.
        for n in 100..103 {
            assert_eq!(hear(n, &[name(0)]), (true, MAX_NAMES));
        }
        let kept = (103..=u8::MAX).filter(|n| hear(*n, &[name(0)]).0);
        assert!((1..40).contains(&kept.count()));
    }

    #[test]
    fn a_name_that_was_told_stays_known() {
        let mut neighbours = Neighbours::default();
        hear(&mut neighbours, at(0), name(1));
        assert!(neighbours.note_told(name(1)));
        assert_eq!(hear(&mut neighbours, at(60), name(1)), Name::Known);
        assert!(!neighbours.note_told(name(1)));
    }

    /// Two that each hear all names of the other.
    fn heard_by_one_another(names: [&[u8]; 2]) -> [Neighbours; 2] {
        let mut both = [Neighbours::default(), Neighbours::default()];
        for (it, (own, others)) in both
            .iter_mut()
            .zip([(names[0], names[1]), (names[1], names[0])])
        {
            for own in own {
                it.enter(name(*own));
            }
            let others: Vec<_> = others.iter().rev().copied().map(name).collect();
            hear(it, at(0), others[0]);
            it.note_earlier(others[0], &others[1..]);
        }
        both
    }

    #[test]
    fn of_two_rooms_one_hosts_whatever_both_were_called_before() {
        for (one, other, is_host) in [
            (&[1, 9][..], &[2, 3][..], false),
            (&[4, 9], &[2, 5], true),
            // They were one room once.
            (&[1, 5, 9], &[1, 3], true),
            (&[1, 3, 9], &[1, 4], false),
        ] {
            let [a, b] = heard_by_one_another([one, other]);
            assert_eq!(
                a.is_host(name(other[other.len() - 1])),
                is_host,
                "{one:?} {other:?}"
            );
            assert_eq!(
                b.is_host(name(one[one.len() - 1])),
                !is_host,
                "{one:?} {other:?}"
            );
        }
    }

    #[test]
    fn what_is_made_up_of_others_makes_a_room_go_and_never_stay() {
        let [mut a, _] = heard_by_one_another([&[4, 9], &[5, 6]]);
        assert!(!a.is_host(name(6)));
        for made_up in [&[4, 9][..], &[7], &[2]] {
            let made_up: Vec<_> = made_up.iter().copied().map(name).collect();
            let was_host = a.is_host(name(6));
            a.note_earlier(name(6), &made_up);
            assert!(a.is_host(name(6)) || !was_host);
        }
        assert!(a.is_host(name(6)));
    }

    #[test]
    fn who_comes_in_is_told_once_more() {
        let mut neighbours = Neighbours::default();
        hear(&mut neighbours, at(0), name(1));
        assert!(neighbours.note_told(name(1)));
        neighbours.come_in();
        neighbours.enter(name(2));
        assert_eq!(hear(&mut neighbours, at(1), name(1)), Name::Known);
        assert!(neighbours.note_told(name(1)));
        assert!(!neighbours.note_told(name(1)));
    }

    #[test]
    fn an_epoch_is_known_by_what_was_said_of_those_before_it() {
        let mut neighbours = Neighbours::default();
        hear(&mut neighbours, at(0), name(3));
        neighbours.note_earlier(name(3), &[name(2), name(1)]);
        // Of one that was not heard nothing is kept.
        neighbours.note_earlier(name(7), &[name(6)]);
        assert!(neighbours.names_of(name(3)).eq([name(3), name(2), name(1)]));
        assert!(neighbours.names_of(name(7)).eq([name(7)]));
        assert!(neighbours.is_there(name(1)) && !neighbours.is_there(name(6)));
        assert!(neighbours.are_one(name(1), name(3)) && !neighbours.are_one(name(1), name(6)));
    }

    #[test]
    fn nobody_takes_back_what_others_say_of_the_epochs_before_theirs() {
        let mut neighbours = Neighbours::default();
        hear(&mut neighbours, at(0), name(3));
        neighbours.note_earlier(name(3), &[name(2), name(1)]);
        neighbours.note_earlier(name(3), &[]);
        neighbours.note_earlier(name(3), &[name(9)]);
        assert!([1, 2, 9].iter().all(|n| neighbours.is_there(name(*n))));
        for n in 10..=u8::MAX {
            neighbours.note_earlier(name(3), &[name(n), name(2)]);
        }
        // What is repeated stays, and the rest is bounded.
        assert!(neighbours.is_there(name(2)) && !neighbours.is_there(name(1)));
        assert_eq!(neighbours.names_of(name(3)).count(), MAX_EARLIER + 1);
    }

    #[test]
    fn own_epochs_are_no_neighbours() {
        let mut neighbours = Neighbours::default();
        hear(&mut neighbours, at(0), name(1));
        neighbours.enter(name(1));
        assert!(!neighbours.contains(name(1)));
        assert_eq!(hear(&mut neighbours, at(1), name(1)), Name::Dropped);
    }

    #[test]
    fn what_is_remembered_is_bounded() {
        let mut neighbours = Neighbours::default();
        for n in 0..=u8::MAX {
            hear(
                &mut neighbours,
                at(u64::from(n).saturating_mul(60)),
                name(n),
            );
            neighbours.note_told(name(n));
            neighbours.enter(name(n));
        }
        assert_eq!(
            (neighbours.told.len(), neighbours.own.len()),
            (MAX_KNOWN, MAX_KNOWN)
        );
    }
}
