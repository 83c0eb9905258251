//! No honest member is blamed for anything, and none is left out for good unless honest members asked for it.

use mpotr_core::Event;

use super::Seen;

/// A fault of a run names no honest member, and no evidence accuses one.
pub(super) fn check_faults(seen: &Seen<'_>) -> Result<(), String> {
    if let Event::Cheated { member, .. } | Event::Equivocation { author: member, .. } = seen.event
        && seen.before.is_honest(member)
    {
        return Err(format!("holds evidence against honest {member}"));
    }
    let Event::AgreementFailed {
        fault: Some(fault),
        claimed,
    } = seen.event
    else {
        return Ok(());
    };
    match claimed
        .iter()
        .find(|identity| seen.before.is_honest(identity))
    {
        Some(identity) => Err(format!("blames honest {identity} for: {fault}")),
        None => Ok(()),
    }
}

/// No honest member is told that the others left it out, unless an honest member voted for it.
pub(super) fn check_removal(seen: &Seen<'_>) -> Result<(), String> {
    let Some(here) = seen.before.person(seen.seat) else {
        return Ok(());
    };
    if *seen.event == Event::Removed && !seen.before.excluded.contains(&here.identity) {
        return Err("was removed, and no honest member voted for it".to_owned());
    }
    Ok(())
}
