//! What is final for a member lies in the order that every other honest member has signed: `final(i, n)` implies that each has
//! signed a chain whose prefix of n messages is the same.
//!
//! What becomes final because an epoch ends is agreed in the cut, by those who move on together (`same_cut`, `one_order`).

use mpotr_core::Event;

use super::Seen;
use crate::ledger::Fate;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let Event::Final { count, .. } = seen.event else {
        return Ok(());
    };
    let Some((sid, record)) = seen.before.epoch_of(seen.seat) else {
        return Ok(());
    };
    if seen.successor.is_some() {
        return Ok(());
    }
    let own = record.orders.get(&seen.seat);
    let Some(own) = own.and_then(|own| own.prefix(*count)) else {
        return Err(format!(
            "was told of {count} final messages and of no places for them"
        ));
    };
    for seat in record.installed.keys().filter(|seat| **seat != seen.seat) {
        let person = seen.before.person(*seat);
        // Nobody waits for the word of a member that has closed.
        let has_left = person.is_none_or(|person| {
            person.has_left || matches!(person.fates.get(&sid), Some(Fate::Left { .. }))
        });
        if has_left {
            continue;
        }
        let signed = record.orders.get(seat);
        if signed.and_then(|signed| signed.signed_prefix(*count)) != Some(own) {
            return Err(format!(
                "was told that {count} messages of {sid} are final, and {seat} has not signed that order"
            ));
        }
    }
    Ok(())
}
