//! All honest members that went the same way from an epoch, or are still in it, have one final order of all that they
//! have read there.

use mpotr_core::gka::Sid;

use crate::ledger::{Fate, Ledger};
use crate::party::Seat;

pub(super) fn check(ledger: &Ledger) -> Result<(), String> {
    for (sid, record) in &ledger.epochs {
        let seats: Vec<_> = record.installed.keys().copied().collect();
        for seat in &seats {
            let Some(read) = read_by(ledger, *seat, sid) else {
                continue;
            };
            let (count, digest) = record.last_final(*seat).unzip();
            let count = count.unwrap_or(0);
            if usize::try_from(count).is_ok_and(|count| count < read) {
                return Err(format!(
                    "{seat} has read {read} messages of {sid}, and {count} are final"
                ));
            }
            let other = seats
                .iter()
                .filter(|other| fate(ledger, **other, sid) == fate(ledger, *seat, sid))
                .find(|other| record.last_final(**other).map(|(_, digest)| digest) != digest);
            if let Some(other) = other {
                return Err(format!("{seat} and {other} end {sid} in two orders"));
            }
        }
    }
    Ok(())
}

fn fate(ledger: &Ledger, seat: Seat, sid: &Sid) -> Option<Fate> {
    ledger.person(seat)?.fates.get(sid).copied()
}

/// How many messages a member has read or written in an epoch that it is in, or has left for the next.
fn read_by(ledger: &Ledger, seat: Seat, sid: &Sid) -> Option<usize> {
    match fate(ledger, seat, sid)? {
        Fate::Here => Some(ledger.person(seat)?.carried.len()),
        Fate::Moved(next) => {
            let installed = ledger.epochs.get(&next)?.installed.get(&seat)?;
            let (from, carried) = installed.from.as_ref()?;
            (from == sid).then_some(carried.len())
        }
        Fate::Left { .. } | Fate::Gone => None,
    }
}
