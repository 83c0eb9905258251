//! What a member has shown of an epoch when it goes on to the next is exactly the cut of that one, whether it installed what
//! it confirmed last or adopted an earlier one; and from its first confirmation on it shows nothing more before that.
//!
//! The cut has all that any honest member who takes part had shown when it confirmed. If all who come from the epoch that
//! ends are honest, and none of them has confirmed another run before, it has nothing else.

use std::collections::BTreeSet;

use mpotr_core::Event;
use mpotr_core::crypto::IdentityKey;
use mpotr_core::gka::Sid;
use mpotr_core::wire::EpochName;

use super::Seen;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    if let Event::Message { id, author, .. } | Event::Disputed { id, author, .. } = seen.event {
        let here = seen.before.person(seen.seat);
        // What it shows in the moment in which it goes on, or goes, is checked when it has.
        let is_held = here.is_some_and(|here| {
            here.identity != *author && here.confirmed.is_some() && !seen.leaves_epoch
        });
        return match is_held {
            true => Err(format!("showed {id} after it had confirmed another epoch")),
            false => Ok(()),
        };
    }
    if let Event::Secure {
        sid,
        roster,
        parent,
        ..
    } = seen.event
    {
        let listed = roster.iter().map(|member| member.identity).collect();
        return check_cut(seen, (*sid, *parent), &listed);
    }
    Ok(())
}

/// The member goes on to an epoch with this roster.
fn check_cut(
    seen: &Seen<'_>,
    (sid, parent): (Sid, Option<EpochName>),
    roster: &BTreeSet<IdentityKey>,
) -> Result<(), String> {
    let ledger = seen.before;
    let here = ledger.person(seen.seat);
    let Some((old, carried)) = here.and_then(|here| Some((here.present?, &here.carried))) else {
        return Ok(());
    };
    let record = ledger.epochs.get(&old);
    // Who goes over to another room has no cut with the others.
    let Some(brought) = ledger
        .brought
        .get(&ledger.run_of(&sid))
        .filter(|_| record.is_some_and(|record| Some(record.name) == parent))
    else {
        return Ok(());
    };
    let mut whole = BTreeSet::new();
    let mut is_known = true;
    for (seat, brought) in brought.iter().filter(|(_, it)| it.of == old) {
        if let Some(id) = brought.shown.difference(carried).next() {
            return Err(format!(
                "moved on to {sid} without {id}, which {seat} had shown when it confirmed"
            ));
        }
        whole.extend(brought.shown.iter().copied());
        is_known &= !brought.has_confirmed;
    }
    let mut old_roster = record.into_iter().flat_map(|record| &record.roster);
    is_known &= old_roster.all(|it| ledger.is_honest(it) || !roster.contains(it));
    match carried.difference(&whole).next() {
        Some(id) if is_known => Err(format!(
            "moved on to {sid} with {id}, which nobody had shown when it confirmed"
        )),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use mpotr_core::wire::SidHint;
    use mpotr_core::{Event, MessageId};

    use super::*;
    use crate::ledger::Ledger;
    use crate::ledger::testing::{identity, secure, sid};
    use crate::party::Seat;

    fn message(id: u8) -> Event {
        Event::Message {
            id: MessageId::new([id; 32]),
            author: identity(2),
            seq: 0,
            body: Vec::new(),
        }
    }

    /// Two of three go on to epoch 2: the first of them has shown a text when it contributed, the other has not.
    fn two_contribute() -> Ledger {
        let mut ledger = Ledger::of_people(3);
        ledger.all_install(&[0, 1, 2], &secure(1, 0, &[0, 1, 2]));
        ledger.note(Seat(0), &message(1), None, None);
        for seat in [0, 1] {
            ledger.note_contribution(Seat(seat), SidHint::of(&sid(2)));
        }
        ledger
    }

    #[test]
    fn who_goes_on_has_shown_what_all_brought_along_and_nothing_else() {
        let mut ledger = two_contribute();
        let next = secure(2, 1, &[0, 1]);
        assert!(ledger.allows(0, &next, check));
        assert!(!ledger.allows(1, &next, check));
        ledger.note(Seat(1), &message(1), None, None);
        assert!(ledger.allows(1, &next, check));
        ledger.note(Seat(1), &message(2), None, None);
        assert!(!ledger.allows(1, &next, check));
    }

    #[test]
    fn who_has_confirmed_shows_nothing_more_until_it_goes_on() {
        let mut ledger = two_contribute();
        assert!(ledger.allows(1, &message(1), check));
        ledger.note_confirmation(Seat(1), SidHint::of(&sid(2)));
        assert!(!ledger.allows(1, &message(1), check));
        ledger.all_install(&[1], &secure(2, 1, &[0, 1]));
        assert!(ledger.allows(1, &message(1), check));
    }
}
