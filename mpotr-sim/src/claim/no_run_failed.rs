//! Nobody honest was told that a key agreement failed.

use crate::ledger::Ledger;

pub(super) fn check(ledger: &Ledger) -> Result<(), String> {
    let mut honest = ledger.seats().filter(|(_, person)| person.is_honest);
    match honest.find(|(_, person)| person.failed_runs > 0) {
        Some((seat, person)) => Err(format!(
            "{seat} was told of {} runs that failed",
            person.failed_runs
        )),
        None => Ok(()),
    }
}
