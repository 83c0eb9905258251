//! Each text that a room took has one fate, or none while the room runs; and the fate that is told is the one it has:
//! every member that had to acknowledge a text has read it, and a member that leaves with everything acknowledged was
//! never told otherwise.

use mpotr_core::{Departure, Event, TextId};

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
        Event::Acknowledged { text_id } => {
            is_open(here, text_id).and_then(|()| has_been_read(seen, here, text_id))
        }
        Event::Missed { text_id, by } => {
            is_open(here, text_id)?;
            match by.as_slice() {
                [] => Err(format!("was told that nobody missed {text_id:?}")),
                [..] if by.contains(&here.identity) => {
                    Err(format!("was told that it missed {text_id:?} itself"))
                }
                [..] => Ok(()),
            }
        }
        Event::Dropped { text_id, .. } => {
            is_open(here, text_id)?;
            match here.unsent.contains_key(text_id) {
                true => Ok(()),
                false => Err(format!("dropped {text_id:?}, which is sent")),
            }
        }
        Event::Held { text_id, .. } => {
            is_open(here, text_id)?;
            match here.unsent.contains_key(text_id) && !here.held.contains(text_id) {
                true => Ok(()),
                false => Err(format!("held {text_id:?}, which is sent or held")),
            }
        }
        Event::Sent { text_id, .. } => match here.held.contains(text_id) {
            true => Err(format!("sent {text_id:?}, which is held")),
            false => Ok(()),
        },
        Event::Ended(departure) => ends(here, departure),
        _ => Ok(()),
    }
}

/// A fate is told of a text that was taken and has none.
fn is_open(here: &Person, text_id: &TextId) -> Result<(), String> {
    match here.open.contains_key(text_id) {
        true => Ok(()),
        false => Err(format!(
            "was told a second fate of {text_id:?}, or never gave it"
        )),
    }
}

/// All honest members whom an acknowledged text was for have read it.
fn has_been_read(seen: &Seen<'_>, here: &Person, text_id: &TextId) -> Result<(), String> {
    let Some(id) = here.open.get(text_id).copied().flatten() else {
        return Err(format!(
            "was told that {text_id:?} is acknowledged, which was never sent"
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
    if let Some(text_id) = here.open.keys().next() {
        return Err(format!("ends, and {text_id:?} has no fate"));
    }
    match here.lost.first() {
        Some(lost) if departure.acknowledged => Err(format!(
            "was told at the end that all was acknowledged, and before that {lost:?} was not"
        )),
        Some(_) | None => Ok(()),
    }
}
