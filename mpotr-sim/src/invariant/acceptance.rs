//! I4: no set of signed bytes that one honest member holds is unacceptable to another for ever. Members of one epoch
//! read there what one of them has read, an insider's words among them, or they leave that epoch.
//!
//! "For ever" is until the end of the run, or within the time that a scenario gives (`Claim::Accepted`).

use crate::ledger::{Fate, Ledger, Person};
use crate::party::Seat;

/// Names the members that have not accepted what another has, of those who are still in one epoch.
pub(crate) fn check(ledger: &Ledger) -> Result<(), String> {
    for (sid, record) in &ledger.epochs {
        let here: Vec<_> = record
            .installed
            .keys()
            .filter_map(|seat| Some((*seat, ledger.person(*seat)?)))
            .filter(|(_, person)| person.is_alive && person.fates.get(sid) == Some(&Fate::Here))
            .collect();
        for (seat, person) in &here {
            let missing = |other: &&(Seat, &Person)| !person.carried.is_superset(&other.1.carried);
            if let Some((other, _)) = here.iter().find(missing) {
                return Err(format!(
                    "{seat} has not accepted all that {other} has in {sid}"
                ));
            }
        }
    }
    Ok(())
}
