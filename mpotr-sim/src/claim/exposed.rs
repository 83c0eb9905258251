//! Every honest member was told once that an insider has said two things in one place, and is in an epoch without it.

use crate::ledger::Ledger;
use crate::party::Seat;

pub(super) fn check(ledger: &Ledger, insider: Seat) -> Result<(), String> {
    let Some(cheat) = ledger.person(insider).map(|person| person.identity) else {
        return Err(format!("{insider} never entered"));
    };
    for (seat, person) in ledger.staying() {
        match person.exposed.get(&cheat) {
            Some(1) => {}
            told => return Err(format!("{seat} was told of {insider} {told:?} times")),
        }
        if person.exposed.len() > 1 {
            return Err(format!("{seat} was told of others, too"));
        }
        match ledger.epoch_of(seat) {
            Some((_, record)) if !record.roster.contains(&cheat) => {}
            _ => return Err(format!("{seat} is in no epoch without {insider}")),
        }
    }
    Ok(())
}
