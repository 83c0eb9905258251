//! Those who come in by a light run: who is told, and who has shown who it is. `docs/spec/14-light-runs.md`, "WELCOME" and "READY".

use std::collections::BTreeSet;

use mpotr_crypto::CryptoSuite;
use mpotr_gka::light::{Admitted, Ready, ShareError, Welcome};
use mpotr_gka::{Identity, MemberIndex, TrapdoorKey, light};

use crate::time::Timestamp;

/// The most READYs of one who comes in that are kept until they can be looked at: anyone can send some in its name.
const MAX_UNREAD: usize = 4;
/// The most that were seen to be wrong: an insider can seal as many as it likes.
const MAX_WRONG: usize = 8;

/// What a member needs to check those who come in.
pub(super) const fn checking<'a, S: CryptoSuite>(
    identity: &'a dyn Identity<S>,
    readies: &'a [Ready],
) -> light::Joiners<'a, S> {
    light::Joiners { identity, readies }
}

/// Those who come in by a light run.
#[derive(Debug, Default)]
pub(in crate::room) struct Joiners {
    /// Who has shown this member, which proposes, who they are, until they are told who is there.
    listed: Vec<Admitted>,
    /// What they are told, by the keys of their offers.
    welcomes: Vec<(TrapdoorKey, Welcome)>,
    readies: Vec<Ready>,
    /// Those that were seen to be wrong.
    wrong: Vec<Ready>,
    /// Of whom one is wrong, and none right.
    doubted: BTreeSet<MemberIndex>,
    /// Those whose READY is missing, as was seen when this member would have shared last.
    missing: BTreeSet<MemberIndex>,
    /// Since when those who come in are waited for.
    since: Option<Timestamp>,
    /// When those who lack something were answered last.
    pub(super) answered: Option<Timestamp>,
    /// When they were asked last, by this member or another.
    pub(super) asked: Option<Timestamp>,
    /// They were told.
    pub(super) is_told: bool,
    /// Nobody waits for them any longer: what is wrong is wrong.
    is_over: bool,
}

impl Joiners {
    /// This member proposes that these come in.
    pub(super) fn list(&mut self, listed: Vec<Admitted>) {
        self.listed = listed;
    }

    /// CUT is made: those who come in can be told. What seals that is wiped.
    pub(super) fn welcome(&mut self, welcome: impl Fn(&Admitted) -> Option<Welcome>) {
        let listed = std::mem::take(&mut self.listed).into_iter();
        let welcomes =
            listed.filter_map(|joiner| Some((joiner.offer().trapdoor, welcome(&joiner)?)));
        self.welcomes.extend(welcomes);
    }

    /// What those are told who come in.
    pub(super) fn welcomes(&self) -> impl Iterator<Item = &Welcome> {
        self.welcomes.iter().map(|(_, welcome)| welcome)
    }

    /// What one is told, by the key of its offer.
    pub(super) fn welcome_of(&self, key: &TrapdoorKey) -> Option<&Welcome> {
        let mut welcomes = self.welcomes.iter();
        welcomes
            .find(|(other, _)| other == key)
            .map(|(_, welcome)| welcome)
    }

    /// Takes a READY. Returns whether it is news for which there is room.
    pub(super) fn take(&mut self, ready: Ready) -> bool {
        let is_known = self.readies.contains(&ready) || self.wrong.contains(&ready);
        let of_joiner = self.readies.iter().filter(|it| it.joiner == ready.joiner);
        let has_room = of_joiner.count() < MAX_UNREAD;
        let is_news = !is_known && has_room;
        if is_news {
            self.missing.remove(&ready.joiner);
            self.doubted.remove(&ready.joiner);
            self.readies.push(ready);
        }
        is_news
    }

    /// A READY that one in this place has sent, or another in its name.
    pub(super) fn ready_of(&self, place: MemberIndex) -> Option<&Ready> {
        self.readies.iter().find(|it| it.joiner == place)
    }

    /// All that are at hand.
    pub(super) fn readies(&self) -> Vec<Ready> {
        self.readies.clone()
    }

    /// Whether the one in this place has not shown this member who it is.
    pub(super) fn awaits(&self, place: MemberIndex) -> bool {
        self.missing.contains(&place)
            || self.doubted.contains(&place)
            || self.ready_of(place).is_none()
    }

    /// This member does not share for want of those who come in: whether it waits for them. What does not open has not come, and of
    /// whom a wrong one is here it asks again.
    pub(super) fn wait_for(&mut self, error: &ShareError) -> bool {
        if let ShareError::NotReady(places) = error {
            self.missing = places.iter().copied().collect();
            self.readies.retain(|it| !places.contains(&it.joiner));
            return true;
        }
        let ShareError::WrongTag(place) = error else {
            return false;
        };
        if self.is_over {
            return false;
        }
        let is_of = |it: &Ready| it.joiner == *place;
        let wrong = self.readies.iter().filter(|it| is_of(it)).cloned();
        let room = MAX_WRONG.saturating_sub(self.wrong.len());
        let wrong: Vec<_> = wrong.take(room).collect();
        self.wrong.extend(wrong);
        self.readies.retain(|it| !is_of(it));
        self.doubted.insert(*place);
        true
    }

    /// Since when those who come in are waited for, from now on at the latest.
    pub(super) fn waiting_since(&mut self, now: Timestamp) -> Timestamp {
        *self.since.get_or_insert(now)
    }

    /// Nobody waits any longer. Returns whether what has come is looked at once more, since it is wrong: then it is objected to.
    pub(super) fn end_wait(&mut self) -> bool {
        self.is_over = true;
        let doubted = std::mem::take(&mut self.doubted);
        let wrong = self.wrong.iter().filter(|it| doubted.contains(&it.joiner));
        let wrong: Vec<_> = wrong.cloned().collect();
        let is_any = !wrong.is_empty();
        self.readies.extend(wrong);
        is_any
    }
}
