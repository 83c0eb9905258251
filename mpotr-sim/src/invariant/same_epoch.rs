//! Equal `sid` implies equal roster, key and policy.

use mpotr_core::Event;

use super::Seen;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let Event::Secure {
        sid,
        name,
        parent,
        roster,
    } = seen.event
    else {
        return Ok(());
    };
    let Some(record) = seen.before.epochs.get(sid) else {
        return Ok(());
    };
    let roster: Vec<_> = roster.iter().map(|member| member.identity).collect();
    let policy = seen
        .before
        .person(seen.seat)
        .map(|person| person.policy.clone());
    if roster != record.roster {
        return Err(format!("has another roster for {sid}"));
    }
    if (*name, *parent) != (record.name, record.parent) {
        return Err(format!("has another name or parent for {sid}"));
    }
    if policy.as_ref() != Some(&record.policy) {
        return Err(format!("has another policy for {sid}"));
    }
    match (seen.key, record.key) {
        (Some(here), Some(there)) if here != there => Err(format!("has another key for {sid}")),
        _ => Ok(()),
    }
}
