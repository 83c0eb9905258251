//! Each text that a room took has one fate, or none while the room runs; and the fate that is told is the one it has:
//! every member that had to acknowledge a text has read it, and a member that leaves with everything acknowledged was
//! never told otherwise.

use mpotr_core::{Departure, Event, SendHandle};

use super::Seen;
use crate::ledger::Person;

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others say nothing about fates"
)]
pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let Some(here) = seen.before.person(seen.seat) else {
        return Ok(());
    };
    match seen.event {
        Event::Acknowledged { handle } => {
            is_open(here, handle).and_then(|()| has_been_read(seen, here, handle))
        }
        Event::Missed { handle, by } => {
            is_open(here, handle)?;
            match by.as_slice() {
                [] => Err(format!("was told that nobody missed {handle:?}")),
                [..] if by.contains(&here.identity) => {
                    Err(format!("was told that it missed {handle:?} itself"))
                }
                [..] => Ok(()),
            }
        }
        Event::Dropped { handle, .. } => {
            is_open(here, handle)?;
            match here.unsent.contains_key(handle) {
                true => Ok(()),
                false => Err(format!("dropped {handle:?}, which is sent")),
            }
        }
        Event::Ended(departure) => ends(here, departure),
        _ => Ok(()),
    }
}

/// A fate is told of a text that was taken and has none.
fn is_open(here: &Person, handle: &SendHandle) -> Result<(), String> {
    match here.open.contains_key(handle) {
        true => Ok(()),
        false => Err(format!(
            "was told a second fate of {handle:?}, or never gave it"
        )),
    }
}

/// All honest members whom an acknowledged text was for have read it.
fn has_been_read(seen: &Seen<'_>, here: &Person, handle: &SendHandle) -> Result<(), String> {
    let Some(id) = here.open.get(handle).copied().flatten() else {
        return Err(format!(
            "was told that {handle:?} is acknowledged, which was never sent"
        ));
    };
    let Some(text) = seen.before.texts.get(&id) else {
        return Ok(());
    };
    let ledger = seen.before;
    let honest = text
        .readers
        .iter()
        .filter(|reader| ledger.is_honest(reader));
    let mut unread = honest.filter(|reader| !text.was_read_by(ledger, reader));
    match unread.next() {
        Some(reader) => Err(format!(
            "was told that {id} is acknowledged, which {reader} never read"
        )),
        None => Ok(()),
    }
}

fn ends(here: &Person, departure: &Departure) -> Result<(), String> {
    if let Some(handle) = here.open.keys().next() {
        return Err(format!("ends, and {handle:?} has no fate"));
    }
    match here.lost.first() {
        Some(lost) if departure.acknowledged => Err(format!(
            "was told at the end that all was acknowledged, and before that {lost:?} was not"
        )),
        Some(_) | None => Ok(()),
    }
}
