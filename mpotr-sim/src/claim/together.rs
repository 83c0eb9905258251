//! All honest members who mean to stay are in one epoch that lists them all.

use crate::healing;
use crate::ledger::Ledger;

pub(super) fn check(ledger: &Ledger) -> Result<(), String> {
    if healing::is_whole(ledger) {
        return Ok(());
    }
    let apart: Vec<_> = ledger
        .staying()
        .map(|(seat, person)| match person.present {
            Some(sid) => format!("{seat} in {sid}"),
            None => format!("{seat} in none"),
        })
        .collect();
    Err(format!("not all are in one: {}", apart.join(", ")))
}
