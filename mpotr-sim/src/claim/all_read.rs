//! Every text of an honest member was read by every other honest member of its epoch, whatever became of it.

use crate::ledger::Ledger;

pub(super) fn check(ledger: &Ledger) -> Result<(), String> {
    for (id, text) in &ledger.texts {
        let Some(record) = ledger.epochs.get(&text.sid) else {
            return Err(format!("{id} is of no epoch"));
        };
        let readers = record.installed.keys();
        if let Some(reader) = readers
            .filter(|seat| **seat != text.author)
            .find(|seat| !text.delivered.contains(seat))
        {
            return Err(format!("{reader} has not read {id} of {}", text.author));
        }
    }
    match ledger
        .seats()
        .find(|(_, person)| person.is_honest && person.is_alive && !person.unsent.is_empty())
    {
        Some((seat, _)) => Err(format!("a text of {seat} is not sent")),
        None => Ok(()),
    }
}
