//! I1: if honest A installs P, honest B installs Q, of one parent, and each lists the other, then P = Q.
//!
//! Listed is an instance, not an identity: whoever restarted is somebody else. An instance is listed in an epoch that
//! somebody honest installed exactly if it contributed to its run.

use mpotr_core::Event;
use mpotr_core::wire::{Handle, SidHint};

use super::Seen;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let Event::Secure { sid, parent, .. } = seen.event else {
        return Ok(());
    };
    if *parent == Handle::NONE {
        // No epoch precedes a first one: there may be several, of whoever has gathered.
        return Ok(());
    }
    let contributed = |sid, seat| {
        let contributors = seen.before.contributors.get(&SidHint::of(sid));
        contributors.is_some_and(|seats| seats.contains(&seat))
    };
    for (other, record) in &seen.before.epochs {
        if other == sid || record.parent != *parent || !contributed(other, seen.seat) {
            continue;
        }
        if let Some(seat) = record
            .installed
            .keys()
            .find(|seat| contributed(sid, **seat))
        {
            return Err(format!(
                "installed {sid}, and {seat} installed {other}: of one parent, and each lists the other"
            ));
        }
    }
    Ok(())
}
