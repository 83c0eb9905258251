//! All who are alive have left, and published what signed for them, or not.

use crate::ledger::Ledger;

pub(super) fn check(ledger: &Ledger, published: Option<bool>) -> Result<(), String> {
    let honest = ledger.seats().filter(|(_, person)| person.is_honest);
    for (seat, person) in honest.filter(|(_, person)| person.is_alive) {
        let Some(departure) = person.departure else {
            return Err(format!("{seat} has not left"));
        };
        if published.is_some_and(|published| published != departure.published) {
            return Err(format!("{seat} left so: {departure:?}"));
        }
    }
    if published == Some(false) && !ledger.revealed.is_empty() {
        return Err("something was published".to_owned());
    }
    Ok(())
}
