//! Which texts had to arrive where, and which did. `docs/simulation.md`, "Expected".

use mpotr_core::crypto::IdentityKey;
use mpotr_core::gka::Sid;

use crate::ledger::{Fate, Ledger, Person, Text};
use crate::party::Seat;

/// Texts that had to arrive, and those of them that did: one for each text and reader.
#[derive(Clone, Debug, Default)]
pub(crate) struct Count {
    pub(crate) expected: u64,
    pub(crate) delivered: u64,
    /// Some of those that are missing, for a person to read.
    pub(crate) missing: Vec<String>,
}

/// The most missing texts that are named.
const NAMED: usize = 10;

/// Counts. A text of an honest member had to reach an honest member of its epoch
///
/// - if what became of that epoch is the same for both: both are in it, or both moved on to the same successor of it;
/// - if its author left in order and was told that all was acknowledged, and the reader did not go missing;
///
/// and a text that was taken and is not sent, although its author is in an epoch with others, or in none with others around,
/// had to reach them.
pub(crate) fn count(ledger: &Ledger) -> Count {
    let mut count = Count::default();
    for (id, text) in &ledger.texts {
        let Some(record) = ledger.epochs.get(&text.sid) else {
            continue;
        };
        for seat in record.installed.keys().filter(|seat| **seat != text.author) {
            if is_owed(ledger, text, *seat) {
                let arrived = text.delivered.contains(seat);
                count.note(arrived, || {
                    format!("{id} of {} for {seat} in {}", text.author, text.sid)
                });
            }
        }
    }
    for (seat, person) in ledger.staying() {
        for _ in 0..unsent(ledger, person) {
            count.note(false, || format!("an unsent text of {seat}"));
        }
    }
    count
}

/// Texts that a person has written or means to, and that have not left although there are others.
fn unsent(ledger: &Ledger, person: &Person) -> usize {
    let record = person.present.and_then(|sid| ledger.epochs.get(&sid));
    let is_other =
        |member: &IdentityKey| *member != person.identity && !person.gone.contains(member);
    let with_others = match record {
        Some(record) => record.roster.iter().any(is_other),
        None => ledger.staying().nth(1).is_some(),
    };
    if with_others {
        person.unsent.len().saturating_add(person.unsaid.len())
    } else {
        0
    }
}

fn is_owed(ledger: &Ledger, text: &Text, reader: Seat) -> bool {
    let fate = |seat| {
        let person = ledger.person(seat)?;
        person.fates.get(&text.sid).copied()
    };
    match (fate(text.author), fate(reader)) {
        (Some(Fate::Here), Some(Fate::Here)) => true,
        (Some(Fate::Moved(one)), Some(Fate::Moved(other))) => {
            one == other && follows(ledger, &one, &text.sid)
        }
        (Some(Fate::Left { acknowledged: true }), Some(Fate::Here | Fate::Moved(_))) => true,
        _ => false,
    }
}

/// Whether an epoch has another as its parent. A member that was let into the epoch of others brings no messages along.
fn follows(ledger: &Ledger, later: &Sid, earlier: &Sid) -> bool {
    let later = ledger.epochs.get(later).map(|record| record.parent);
    later == ledger.epochs.get(earlier).map(|record| Some(record.name))
}

impl Count {
    fn note(&mut self, arrived: bool, what: impl FnOnce() -> String) {
        self.expected = self.expected.saturating_add(1);
        if arrived {
            self.delivered = self.delivered.saturating_add(1);
        } else if self.missing.len() < NAMED {
            self.missing.push(what());
        }
    }
}
