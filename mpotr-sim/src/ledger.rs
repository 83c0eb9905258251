//! What every member was told so far, and what the simulator knows besides: who is honest, who said what.

mod changes;
mod person;
#[cfg(test)]
pub(crate) mod testing;

use std::collections::{BTreeMap, BTreeSet};

use mpotr_core::crypto::{Digest32, IdentityKey};
use mpotr_core::gka::{MemberIndex, Sid};
use mpotr_core::wire::{EpochHint, EpochName, MessageId, SidHint};
use mpotr_core::{Duration, Event, Policy, TextId, Timestamp};

use crate::invariant::Watch;
use crate::party::Seat;
pub(crate) use changes::{Asked, AskedChange};
pub(crate) use person::{Person, Written};

/// What became of an epoch for one member.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    /// It is in it.
    Here,
    /// It installed a successor.
    Moved(Sid),
    /// It left in order, and was told whether all it had sent was acknowledged.
    Left { acknowledged: bool },
    /// It died, was left behind or was left out.
    Gone,
}

/// A packet of a run: the run, the round, and the place of its sender in the roster.
pub(crate) type RoundPlace = (SidHint, u8, u16);

/// A place in the order in which things happened.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Moment(u64);

/// An epoch as those who installed it were told.
#[derive(Debug)]
pub(crate) struct EpochRecord {
    pub(crate) name: EpochName,
    pub(crate) parent: Option<EpochName>,
    pub(crate) roster: Vec<IdentityKey>,
    /// When the first honest member installed it.
    pub(crate) began: Timestamp,
    pub(crate) policy: Policy,
    pub(crate) key: Option<[u8; 32]>,
    /// Who installed it.
    pub(crate) installed: BTreeMap<Seat, Installed>,
    /// Final prefixes that members were told of, by length.
    pub(crate) finals: BTreeMap<u32, Vec<FinalPrefix>>,
    /// How each member orders its messages.
    pub(crate) orders: BTreeMap<Seat, SignedOrder>,
}

/// The order of a member, and how much of it can be in a lock that it signed.
#[derive(Debug, Default)]
pub(crate) struct SignedOrder {
    ids: Vec<MessageId>,
    signed: usize,
}

impl SignedOrder {
    /// The first so many messages, as far as they are ordered.
    pub(crate) fn prefix(&self, count: u32) -> Option<&[MessageId]> {
        self.ids.get(..usize::try_from(count).ok()?)
    }

    /// The first so many messages, as far as the member has signed them.
    pub(crate) fn signed_prefix(&self, count: u32) -> Option<&[MessageId]> {
        self.prefix(count)
            .filter(|prefix| prefix.len() <= self.signed)
    }
}

/// A final prefix that a member was told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FinalPrefix {
    pub(crate) seat: Seat,
    pub(crate) digest: Digest32,
    /// The epoch with which the order so far became final, for those who moved on to it; `None` if all members signed it.
    pub(crate) successor: Option<Sid>,
}

/// Light runs: what they are called, and which epochs they led to.
#[derive(Debug, Default)]
pub(crate) struct LightRuns {
    /// What those propose whose FREEZE has not come.
    proposed: BTreeMap<Seat, EpochName>,
    of_handles: BTreeMap<EpochName, SidHint>,
    of_epochs: BTreeMap<SidHint, SidHint>,
}

/// What a member brings along into a run.
#[derive(Debug)]
pub(crate) struct Brought {
    /// The epoch that it was in.
    pub(crate) of: Sid,
    /// The texts of that epoch that it had written or read when it contributed, and then when it confirmed.
    pub(crate) shown: BTreeSet<MessageId>,
    /// Whether it had confirmed another run that follows that epoch.
    pub(crate) has_confirmed: bool,
}

/// How a member installed an epoch.
#[derive(Debug)]
pub(crate) struct Installed {
    pub(crate) at: Moment,
    /// From which epoch it came, and which messages of that one it had written or read.
    pub(crate) from: Option<(Sid, BTreeSet<MessageId>)>,
}

/// A text of an honest member.
#[derive(Debug)]
pub(crate) struct Text {
    pub(crate) author: Seat,
    pub(crate) sid: Sid,
    pub(crate) body: Vec<u8>,
    /// What its author had written or read before it.
    pub(crate) clock: BTreeMap<IdentityKey, u32>,
    pub(crate) delivered: BTreeSet<Seat>,
    /// When it was given to the room.
    pub(crate) written: Timestamp,
    /// Who was told that its place is final, and when.
    pub(crate) settled: BTreeMap<Seat, Timestamp>,
    /// Whom it was for: all others of its epoch who, as far as its author knew, had not said their last word; or if all had,
    /// who had not left.
    pub(crate) readers: BTreeSet<IdentityKey>,
}

impl Text {
    /// Whether an instance of an identity has read it.
    pub(crate) fn was_read_by(&self, ledger: &Ledger, identity: &IdentityKey) -> bool {
        let mut read = self.delivered.iter();
        read.any(|seat| {
            ledger
                .person(*seat)
                .is_some_and(|it| it.identity == *identity)
        })
    }
}

/// What every member was told so far.
#[derive(Debug, Default)]
pub(crate) struct Ledger {
    pub(crate) people: Vec<Person>,
    pub(crate) epochs: BTreeMap<Sid, EpochRecord>,
    pub(crate) texts: BTreeMap<MessageId, Text>,
    /// Honest members that contributed to a run, and when.
    pub(crate) contributors: BTreeMap<SidHint, BTreeMap<Seat, Moment>>,
    /// What those of them who were in an epoch had shown of it then.
    pub(crate) brought: BTreeMap<SidHint, BTreeMap<Seat, Brought>>,
    /// Light runs.
    pub(crate) light_runs: LightRuns,
    /// Which honest member sent a packet of a run first.
    authors: BTreeMap<RoundPlace, Seat>,
    /// As which member of a run an honest one has contributed.
    places_in_runs: BTreeMap<(Seat, SidHint), MemberIndex>,
    /// Epochs by what their packets begin with.
    hints: BTreeMap<EpochHint, Sid>,
    /// For which epoch each honest member has published last, by what it was told.
    published: BTreeMap<Seat, Sid>,
    /// Who has stated of an epoch that everyone has closed it.
    done: BTreeMap<EpochHint, BTreeSet<Seat>>,
    /// Epochs for which an honest member has published.
    pub(crate) revealed: BTreeSet<EpochHint>,
    moment: Moment,
    /// Runs of which an honest member sent a packet that outsiders can read.
    pub(crate) clear_runs: BTreeSet<SidHint>,
    /// Identities whose exclusion an honest member asked for.
    pub(crate) excluded: BTreeSet<IdentityKey>,
    /// Insiders that come in again and again, each time as another instance on the same seat.
    pub(crate) hopping: BTreeSet<IdentityKey>,
    /// An insider says different things to different members.
    pub(crate) somebody_equivocates: bool,
    /// Virtual time.
    pub(crate) now: Timestamp,
    /// What people asked for, in that order.
    pub(crate) changes: Vec<AskedChange>,
    /// Whether people admit those alone whom they know, one by one.
    pub(crate) is_wary: bool,
    /// Whom each honest member has voted to let in by name.
    pub(crate) admitted: BTreeMap<Seat, BTreeSet<IdentityKey>>,
    /// With which rooms each honest member has voted to become one.
    pub(crate) merges: BTreeMap<Seat, BTreeSet<EpochName>>,
    /// The longest that the network was parted or blocked at a time.
    pub(crate) longest_cut: Duration,
    /// How often an honest member that was there was left out unasked.
    pub(crate) honest_lost: u64,
    /// How long it took until the first members were in one room.
    pub(crate) first_whole: Option<Duration>,
    /// For each epoch that followed another, how many views it took at most.
    pub(crate) views: BTreeMap<Sid, u32>,
    /// What must hold besides what always must.
    pub(crate) watched: BTreeSet<Watch>,
}

impl Ledger {
    /// Nothing was told yet, and this must hold besides what always must.
    pub(crate) fn watching(watched: BTreeSet<Watch>) -> Self {
        Self {
            watched,
            ..Self::default()
        }
    }

    pub(crate) fn person(&self, seat: Seat) -> Option<&Person> {
        self.people.get(seat.0)
    }

    pub(crate) fn person_mut(&mut self, seat: Seat) -> Option<&mut Person> {
        self.people.get_mut(seat.0)
    }

    /// Whether wary people let this one in by name: an honest one that nobody has voted to leave out.
    pub(crate) fn knows(&self, identity: &IdentityKey) -> bool {
        let mut honest = self.people.iter().filter(|person| person.is_honest);
        self.is_wary
            && !self.excluded.contains(identity)
            && honest.any(|person| person.identity == *identity)
    }

    /// The epoch that a member is in.
    pub(crate) fn epoch_of(&self, seat: Seat) -> Option<(Sid, &EpochRecord)> {
        let sid = self.person(seat)?.present?;
        Some((sid, self.epochs.get(&sid)?))
    }

    /// Whom the person behind a seat has seen last, but for those whom it has voted to leave out.
    pub(crate) fn seen_by(&self, seat: Seat) -> BTreeSet<IdentityKey> {
        let epoch = self.epoch_of(seat);
        let roster = epoch.map(|(_, record)| record.roster.as_slice());
        let roster = roster.unwrap_or_default().iter().copied();
        match self.person(seat) {
            Some(person) => roster.filter(|it| !person.rejects.contains(it)).collect(),
            None => roster.collect(),
        }
    }

    /// Whether an honest person has this identity.
    pub(crate) fn is_honest(&self, identity: &IdentityKey) -> bool {
        self.people
            .iter()
            .any(|person| person.is_honest && person.identity == *identity)
    }

    /// Honest members that are in the channel and mean to stay.
    pub(crate) fn staying(&self) -> impl Iterator<Item = (Seat, &Person)> {
        self.seats()
            .filter(|(_, person)| person.is_honest && person.is_alive)
            .filter(|(_, person)| !person.is_leaving && !person.has_left)
    }

    pub(crate) fn seats(&self) -> impl Iterator<Item = (Seat, &Person)> {
        (0..).map(Seat).zip(&self.people)
    }

    /// A member died.
    pub(crate) fn bury(&mut self, seat: Seat) {
        if let Some(person) = self.person_mut(seat) {
            person.is_alive = false;
            person.depart(Fate::Gone);
        }
    }

    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the others change nothing that is checked"
    )]
    /// Takes note of what an honest member was told. `key` is the secret of the epoch that it announces, `successor` the epoch
    /// that it installed in the same moment.
    pub(crate) fn note(
        &mut self,
        seat: Seat,
        event: &Event,
        key: Option<[u8; 32]>,
        successor: Option<Sid>,
    ) {
        match event {
            Event::Secure {
                sid,
                name,
                parent,
                roster,
            } => {
                let record = EpochRecord {
                    name: *name,
                    parent: *parent,
                    roster: roster.iter().map(|member| member.identity).collect(),
                    began: self.now,
                    policy: Policy::default(),
                    key,
                    installed: BTreeMap::new(),
                    finals: BTreeMap::new(),
                    orders: BTreeMap::new(),
                };
                self.note_epoch(seat, *sid, record);
            }
            Event::Sent { text_id, id } => self.note_sent(seat, *text_id, *id),
            Event::Provisional { id, .. } => self.note_ordered(seat, *id),
            Event::Final { count, digest, ids } => {
                let now = self.now;
                for id in ids {
                    if let Some(text) = self.texts.get_mut(id) {
                        text.settled.entry(seat).or_insert(now);
                    }
                }
                let prefix = FinalPrefix {
                    seat,
                    digest: *digest,
                    successor,
                };
                self.note_final(seat, *count, prefix);
            }
            Event::Message { id, .. } => {
                if let Some(text) = self.texts.get_mut(id) {
                    text.delivered.insert(seat);
                }
            }
            _ => {}
        }
        if let Some(person) = self.person_mut(seat) {
            person.hear(event);
        }
    }

    /// A member begins an epoch; the first one that does so gives the record of it.
    fn note_epoch(&mut self, seat: Seat, sid: Sid, record: EpochRecord) {
        let Some(person) = self.people.get_mut(seat.0) else {
            return;
        };
        self.moment = self.moment.next();
        let from = person.present;
        let carried = std::mem::take(&mut person.carried);
        person.clock.clear();
        person.depart(Fate::Moved(sid));
        person.present = Some(sid);
        person.fates.insert(sid, Fate::Here);
        let policy = person.policy.clone();
        let record = self
            .epochs
            .entry(sid)
            .or_insert(EpochRecord { policy, ..record });
        let installed = Installed {
            at: self.moment,
            from: from.map(|from| (from, carried)),
        };
        record.installed.insert(seat, installed);
    }

    /// A prefix of the order became final for a member, in the epoch that it is in.
    fn note_final(&mut self, seat: Seat, count: u32, prefix: FinalPrefix) {
        let sid = self.person(seat).and_then(|person| person.present);
        if let Some(record) = sid.and_then(|sid| self.epochs.get_mut(&sid)) {
            record.finals.entry(count).or_default().push(prefix);
        }
    }

    /// What an honest member holds, `hint` the epoch that it is in, and of which epochs it has said that it is done with them.
    pub(crate) fn note_held(&mut self, seat: Seat, held: &[(EpochHint, bool)]) {
        let present = self.person(seat).and_then(|person| person.present);
        if let (Some(sid), Some((hint, _))) = (present, held.first()) {
            self.hints.insert(*hint, sid);
        }
        for (hint, _) in held.iter().filter(|(_, is_done)| *is_done) {
            self.note_done(seat, *hint);
        }
    }

    fn note_ordered(&mut self, seat: Seat, id: MessageId) {
        let sid = self.person(seat).and_then(|person| person.present);
        if let Some(record) = sid.and_then(|sid| self.epochs.get_mut(&sid)) {
            record.orders.entry(seat).or_default().ids.push(id);
        }
    }

    /// An honest member has sent something sealed in an epoch: all that it signs holds the lock of what it has ordered by then.
    pub(crate) fn note_signed(&mut self, seat: Seat, hint: &EpochHint) {
        let sid = self.hints.get(hint);
        let record = sid.and_then(|sid| self.epochs.get_mut(sid));
        if let Some(order) = record.and_then(|record| record.orders.get_mut(&seat)) {
            order.signed = order.ids.len();
        }
    }

    /// An honest member is told that it publishes for an epoch.
    pub(crate) fn note_publication(&mut self, seat: Seat, sid: Sid) {
        self.published.insert(seat, sid);
    }

    /// It sends what it publishes: who has been in that epoch for one moment alone has not held it at the end of any.
    pub(crate) fn note_published(&mut self, seat: Seat, hint: EpochHint) {
        if let Some(sid) = self.published.get(&seat) {
            self.hints.entry(hint).or_insert(*sid);
        }
    }

    fn note_done(&mut self, seat: Seat, hint: EpochHint) {
        self.done.entry(hint).or_default().insert(seat);
    }

    /// An honest member has published for an epoch: it is done with that.
    pub(crate) fn note_reveal(&mut self, seat: Seat, hint: EpochHint) {
        self.note_done(seat, hint);
        self.revealed.insert(hint);
    }

    /// Whether a member has said of an epoch that everyone has closed it.
    pub(crate) fn is_done(&self, seat: Seat, hint: &EpochHint) -> bool {
        self.done.get(hint).is_some_and(|done| done.contains(&seat))
    }

    /// Whether an honest member has published for an epoch.
    pub(crate) fn is_published(&self, sid: &Sid) -> bool {
        self.revealed
            .iter()
            .any(|hint| self.hints.get(hint) == Some(sid))
    }

    /// Honest members listed in an epoch: who contributed to its run, whether or not they have installed it.
    pub(crate) fn listed(&self, hint: &EpochHint) -> BTreeSet<Seat> {
        let run = self.hints.get(hint).map(|sid| self.run_of(sid));
        let listed = run.and_then(|run| self.contributors.get(&run));
        listed
            .into_iter()
            .flatten()
            .map(|(seat, _)| *seat)
            .collect()
    }

    /// By what the packets of the run that led to an epoch name it.
    pub(crate) fn run_of(&self, sid: &Sid) -> SidHint {
        let hint = SidHint::of(sid);
        self.light_runs
            .of_epochs
            .get(&hint)
            .copied()
            .unwrap_or(hint)
    }

    /// A member sent a SEED: its own FREEZE, which comes next, names the run.
    pub(crate) fn note_seed(&mut self, seat: Seat, handle: EpochName) {
        if !self.light_runs.of_handles.contains_key(&handle) {
            self.light_runs.proposed.insert(seat, handle);
        }
    }

    /// A member sent a FREEZE of a light run.
    pub(crate) fn note_freeze(&mut self, seat: Seat, run: SidHint) {
        if let Some(handle) = self.light_runs.proposed.remove(&seat) {
            self.light_runs.of_handles.insert(handle, run);
        }
    }

    /// An epoch of this name is installed: by a light run, if one bears that.
    pub(crate) fn note_name(&mut self, sid: &Sid, name: EpochName) {
        let run = self.light_runs.of_handles.get(&name).copied();
        let hint = SidHint::of(sid);
        self.light_runs.of_epochs.extend(run.map(|run| (hint, run)));
    }

    /// Whether an honest member that sends a packet of a run made it: it was the first of them to send it. Any other sends it
    /// once more.
    pub(crate) fn is_author(&mut self, seat: Seat, place: RoundPlace) -> bool {
        *self.authors.entry(place).or_insert(seat) == seat
    }

    /// An honest member contributed to a run as this one.
    pub(crate) fn note_place(&mut self, seat: Seat, run: SidHint, place: MemberIndex) {
        self.places_in_runs.entry((seat, run)).or_insert(place);
    }

    /// Whether an honest member contributed to a run as this one.
    pub(crate) fn has_place(&self, seat: Seat, run: SidHint, place: MemberIndex) -> bool {
        self.places_in_runs.get(&(seat, run)) == Some(&place)
    }

    /// An honest member contributed to a run. It may send the same again.
    pub(crate) fn note_contribution(&mut self, seat: Seat, run: SidHint) {
        self.moment = self.moment.next();
        let contributors = self.contributors.entry(run).or_default();
        if contributors.contains_key(&seat) {
            return;
        }
        contributors.insert(seat, self.moment);
        let person = self.people.get(seat.0);
        if let Some((person, of)) = person.and_then(|person| Some((person, person.present?))) {
            let brought = Brought {
                of,
                shown: person.carried.clone(),
                has_confirmed: person.confirmed.is_some(),
            };
            self.brought.entry(run).or_default().insert(seat, brought);
        }
    }

    /// An honest member confirmed a run. It may send the same again, and that of the run that led to its epoch to who has missed
    /// it: if it was in an epoch when it contributed, it is one that follows that.
    pub(crate) fn note_confirmation(&mut self, seat: Seat, run: SidHint) {
        let brought = self
            .brought
            .get_mut(&run)
            .and_then(|brought| brought.get_mut(&seat));
        let Some((brought, person)) = brought.zip(self.people.get_mut(seat.0)) else {
            return;
        };
        if person.present == Some(brought.of) && person.confirmed.is_none() {
            person.confirmed = Some(run);
            // Where newcomers contribute first, members read on for a while after they have contributed.
            brought.shown.clone_from(&person.carried);
        }
    }

    fn note_sent(&mut self, seat: Seat, text_id: TextId, id: MessageId) {
        let Some(person) = self.people.get_mut(seat.0) else {
            return;
        };
        let (Some(body), Some(sid)) = (person.unsent.remove(&text_id), person.present) else {
            return;
        };
        person.held.remove(&text_id);
        person.open.insert(text_id, Some(id));
        let roster = self.epochs.get(&sid).map(|record| &record.roster);
        let others: BTreeSet<_> = roster
            .into_iter()
            .flatten()
            .filter(|other| **other != person.identity && !person.gone.contains(other))
            .copied()
            .collect();
        let writers: BTreeSet<_> = others.difference(&person.leavers).copied().collect();
        let text = Text {
            author: seat,
            sid,
            body,
            clock: person.clock.clone(),
            delivered: BTreeSet::new(),
            written: person
                .written
                .get(&text_id)
                .map_or(self.now, |text| text.at),
            settled: BTreeMap::new(),
            readers: if writers.is_empty() { others } else { writers },
        };
        let own = person.clock.entry(person.identity).or_insert(0);
        *own = own.saturating_add(1);
        person.carried.insert(id);
        self.texts.insert(id, text);
    }
}

impl EpochRecord {
    /// The longest final prefix that a member was told of: its length and its digest.
    pub(crate) fn last_final(&self, seat: Seat) -> Option<(u32, Digest32)> {
        self.finals.iter().rev().find_map(|(count, finals)| {
            let own = finals.iter().find(|own| own.seat == seat)?;
            Some((*count, own.digest))
        })
    }
}

impl Moment {
    const fn next(self) -> Self {
        Self(self.0.saturating_add(1))
    }
}
