//! I1: if honest A installs P, honest B installs Q, of one parent, and each lists the other, then P = Q.
//!
//! A member of two rooms that become one gives up its own when it is let into the other: that is a new beginning, with a new
//! offer, even if the other is one that it had left before.
//!
//! An epoch lists instances, not identities: a member that restarts is another instance. An instance is listed in an
//! epoch that an honest member installed exactly if it contributed to its run.

use mpotr_core::Event;

use super::Seen;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let Event::Secure { sid, parent, .. } = seen.event else {
        return Ok(());
    };
    if parent.is_none() {
        // No epoch precedes a first one: there may be several, one for each group that has gathered.
        return Ok(());
    }
    let contributed = |sid, seat| {
        let contributors = seen.before.contributors.get(&seen.before.run_of(sid))?;
        contributors.get(&seat).copied()
    };
    for (other, record) in &seen.before.epochs {
        if other == sid || record.parent != *parent || contributed(other, seen.seat).is_none() {
            continue;
        }
        // A member that had installed the other one before it contributed to this one has given the other up, to be let
        // in here.
        let agreed_to_both = record
            .installed
            .iter()
            .find(|(seat, installed)| contributed(sid, **seat).is_some_and(|at| at < installed.at));
        if let Some((seat, _)) = agreed_to_both {
            return Err(format!(
                "installed {sid}, and {seat} installed {other}: of one parent, and each lists the other"
            ));
        }
    }
    Ok(())
}
