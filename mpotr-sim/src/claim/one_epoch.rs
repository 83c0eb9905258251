//! There was one epoch, and all honest members are in it.

use crate::ledger::Ledger;

pub(super) fn check(ledger: &Ledger) -> Result<(), String> {
    let count = ledger.epochs.len();
    if count != 1 {
        return Err(format!("there were {count} epochs"));
    }
    match ledger
        .staying()
        .find(|(_, person)| person.present.is_none())
    {
        Some((seat, _)) => Err(format!("{seat} is in none")),
        None => Ok(()),
    }
}
