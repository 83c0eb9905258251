//! No secret is published while anything is in flight: a member that publishes its signing key has the word of all
//! others that they accept nothing more, and nothing more is read.

use mpotr_core::Event;
use mpotr_core::wire::EpochHint;

use super::Seen;
use crate::ledger::Ledger;
use crate::party::Seat;

/// A member publishes: all who are listed in that epoch have stated before that everyone has closed it.
pub(super) fn check_reveal(ledger: &Ledger, seat: Seat, epoch: &EpochHint) -> Result<(), String> {
    let listed = ledger.listed(epoch);
    if !listed.contains(&seat) {
        return Err(format!("publishes for {epoch}, in which it is not"));
    }
    let early = listed
        .iter()
        .filter(|other| **other != seat)
        .find(|other| !ledger.is_done(**other, epoch));
    match early {
        Some(other) => Err(format!("publishes for {epoch} before {other} is done")),
        None => Ok(()),
    }
}

/// Nobody reads anything of an epoch once a member has published for it.
pub(super) fn check_silence(seen: &Seen<'_>) -> Result<(), String> {
    let (Event::Message { id, .. } | Event::Disputed { id, .. }) = seen.event else {
        return Ok(());
    };
    let present = seen.before.person(seen.seat).and_then(|here| here.present);
    let published = present.is_some_and(|sid| seen.before.is_published(&sid));
    if published {
        return Err(format!("reads {id} after a member has published"));
    }
    Ok(())
}
