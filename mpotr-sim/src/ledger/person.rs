//! The occupant of a seat, as far as the ledger knows it.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_core::crypto::IdentityKey;
use mpotr_core::gka::Sid;
use mpotr_core::wire::SidHint;
use mpotr_core::{Departure, Event, MessageId, Policy, TextId, Timestamp};

use super::Fate;

/// How a text came to be written.
#[derive(Debug)]
pub(crate) struct Written {
    pub(crate) at: Timestamp,
    /// Whom its author had seen in the roster, and not voted to leave out.
    pub(crate) for_whom: BTreeSet<IdentityKey>,
}

/// The occupant of a seat, as far as the ledger knows it.
#[derive(Debug)]
pub(crate) struct Person {
    pub(crate) identity: IdentityKey,
    pub(crate) policy: Policy,
    pub(crate) is_honest: bool,
    pub(crate) is_alive: bool,
    pub(crate) is_leaving: bool,
    pub(crate) has_left: bool,
    /// The epoch it is in.
    pub(crate) present: Option<Sid>,
    /// Messages of the present epoch that it has written or read, by author: the next `seq`.
    pub(crate) clock: BTreeMap<IdentityKey, u32>,
    /// The ids of those messages.
    pub(crate) carried: BTreeSet<MessageId>,
    /// The run that follows the present epoch and that it confirmed first.
    pub(crate) confirmed: Option<SidHint>,
    /// Messages of the present epoch that are final, last messages of those who leave among them.
    pub(crate) settled: BTreeSet<MessageId>,
    /// Members that, as it was told, have said two things in one place in the present epoch.
    pub(crate) accused: BTreeSet<IdentityKey>,
    /// How often it was told so in all.
    pub(crate) exposed: BTreeMap<IdentityKey, u32>,
    /// How it left.
    pub(crate) departure: Option<Departure>,
    pub(crate) fates: BTreeMap<Sid, Fate>,
    /// What it means to say as soon as it knows who reads it.
    pub(crate) unsaid: Vec<String>,
    /// Texts that were taken and have no id yet.
    pub(crate) unsent: BTreeMap<TextId, Vec<u8>>,
    /// Those of them that are held.
    pub(crate) held: BTreeSet<TextId>,
    /// Texts that the person takes back.
    pub(crate) discarded: BTreeSet<TextId>,
    /// How each text came to be written.
    pub(crate) written: BTreeMap<TextId, Written>,
    /// Whom it has voted to leave out.
    pub(crate) rejects: BTreeSet<IdentityKey>,
    /// Texts that were taken and have no fate yet, and their ids, once they are sent.
    pub(crate) open: BTreeMap<TextId, Option<MessageId>>,
    /// How many key agreements it was told of that failed.
    pub(crate) failed_runs: u32,
    /// Texts of which this member was told that a member missed them, or that they were dropped.
    pub(crate) lost: BTreeSet<TextId>,
    /// Members of the present epoch that this one was told are leaving.
    pub(crate) leavers: BTreeSet<IdentityKey>,
    /// Members of the present epoch that this one was told have left.
    pub(crate) gone: BTreeSet<IdentityKey>,
    /// Reasons to wait that it was told of, and that hold.
    pub(crate) reasons: usize,
    /// Since when it waits for something and was not told why.
    pub(crate) unexplained: Option<Timestamp>,
}

impl Person {
    /// A person who has just entered, and was told nothing so far.
    pub(crate) const fn enters(identity: IdentityKey, policy: Policy, is_honest: bool) -> Self {
        Self {
            identity,
            policy,
            is_honest,
            is_alive: true,
            is_leaving: false,
            has_left: false,
            present: None,
            clock: BTreeMap::new(),
            carried: BTreeSet::new(),
            confirmed: None,
            settled: BTreeSet::new(),
            accused: BTreeSet::new(),
            exposed: BTreeMap::new(),
            departure: None,
            fates: BTreeMap::new(),
            unsaid: Vec::new(),
            unsent: BTreeMap::new(),
            held: BTreeSet::new(),
            discarded: BTreeSet::new(),
            written: BTreeMap::new(),
            rejects: BTreeSet::new(),
            open: BTreeMap::new(),
            failed_runs: 0,
            lost: BTreeSet::new(),
            leavers: BTreeSet::new(),
            gone: BTreeSet::new(),
            reasons: 0,
            unexplained: None,
        }
    }
}

impl Person {
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "the others change nothing that is checked"
    )]
    /// Takes note of what the member was told: what it has read, the fates of texts and runs, who is on its way out.
    pub(super) fn hear(&mut self, event: &Event) {
        match event {
            Event::Message {
                id, author, seq, ..
            } => {
                self.clock.insert(*author, seq.saturating_add(1));
                self.carried.insert(*id);
            }
            Event::Disputed {
                id, author, seq, ..
            } => {
                let next = self.clock.entry(*author).or_insert(0);
                *next = (*next).max(seq.saturating_add(1));
                self.carried.insert(*id);
            }
            Event::Equivocation { author, .. } => self.hear_evidence(*author),
            Event::Final { ids, .. } => self.settled.extend(ids),
            Event::Behind => self.depart(Fate::Gone),
            Event::Removed => {
                self.depart(Fate::Gone);
                self.has_left = true;
            }
            Event::Ended(departure) => {
                self.has_left = true;
                self.departure = Some(*departure);
                let acknowledged = departure.acknowledged;
                self.depart(Fate::Left { acknowledged });
            }
            Event::Acknowledged { text_id } => {
                self.open.remove(text_id);
            }
            Event::Waiting { .. } => self.reasons = self.reasons.saturating_add(1),
            Event::WaitingOver { .. } => self.reasons = self.reasons.saturating_sub(1),
            Event::Held { text_id, .. } => {
                self.held.insert(*text_id);
            }
            Event::Missed { text_id, .. } | Event::Dropped { text_id, .. } => {
                self.open.remove(text_id);
                self.unsent.remove(text_id);
                self.held.remove(text_id);
                if !self.discarded.remove(text_id) {
                    self.lost.insert(*text_id);
                }
            }
            Event::AgreementFailed { .. } => {
                self.failed_runs = self.failed_runs.saturating_add(1);
            }
            Event::Leaving { member } => {
                self.leavers.insert(*member);
            }
            Event::Left { member } => {
                self.gone.insert(*member);
            }
            _ => {}
        }
    }

    /// A text that is held waits again: its author has seen these.
    pub(crate) fn release(&mut self, text_id: TextId, for_whom: BTreeSet<IdentityKey>) {
        self.held.remove(&text_id);
        if let Some(written) = self.written.get_mut(&text_id) {
            written.for_whom = for_whom;
        }
    }

    fn hear_evidence(&mut self, against: IdentityKey) {
        self.accused.insert(against);
        let told = self.exposed.entry(against).or_insert(0);
        *told = told.saturating_add(1);
    }

    /// The present epoch is over for it.
    pub(super) fn depart(&mut self, fate: Fate) {
        self.settled.clear();
        self.confirmed = None;
        self.accused.clear();
        self.leavers.clear();
        self.gone.clear();
        if let Some(sid) = self.present.take() {
            self.fates.insert(sid, fate);
        }
    }
}
