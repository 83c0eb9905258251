//! What is final grows at its end alone, names what was read, and names it once.

use mpotr_core::Event;

use super::Seen;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let Event::Final { count, ids, .. } = seen.event else {
        return Ok(());
    };
    let Some(here) = seen.before.person(seen.seat) else {
        return Ok(());
    };
    let before = here.settled.len();
    let grown = before.saturating_add(ids.len());
    if usize::try_from(*count) != Ok(grown) {
        return Err(format!(
            "was told of {count} final messages: {} more than {before}",
            ids.len()
        ));
    }
    if let Some(id) = ids.iter().find(|id| here.settled.contains(id)) {
        return Err(format!("was told twice that {id} is final"));
    }
    // A last message is not told of, and has no text.
    let is_unread = |id: &&_| seen.before.texts.contains_key(*id) && !here.carried.contains(*id);
    match ids.iter().find(is_unread) {
        Some(id) => Err(format!("was told that {id} is final, and has not read it")),
        None => Ok(()),
    }
}
