//! I2: all who install an epoch, coming from its parent, have delivered exactly the same messages of the parent.

use mpotr_core::Event;

use super::Seen;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let Event::Secure { sid, parent, .. } = seen.event else {
        return Ok(());
    };
    let here = seen.before.person(seen.seat);
    let Some((old, carried)) = here.and_then(|here| Some((here.present?, &here.carried))) else {
        return Ok(());
    };
    let is_parent = |old| {
        let record = seen.before.epochs.get(&old);
        record.is_some_and(|record| Some(record.name) == *parent)
    };
    let (true, Some(record)) = (is_parent(old), seen.before.epochs.get(sid)) else {
        return Ok(());
    };
    for (seat, installed) in &record.installed {
        if let Some((from, brought)) = &installed.from
            && *from == old
            && brought != carried
        {
            return Err(format!(
                "moved on to {sid} with {} messages, and {seat} with {} others",
                carried.len(),
                brought.len()
            ));
        }
    }
    Ok(())
}
