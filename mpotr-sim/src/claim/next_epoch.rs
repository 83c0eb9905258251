//! All honest members are together in another epoch than the first.

use crate::healing;
use crate::ledger::Ledger;

pub(super) fn check(ledger: &Ledger) -> Result<(), String> {
    if ledger.epochs.len() < 2 {
        return Err("no epoch has followed".to_owned());
    }
    if healing::is_whole(ledger) {
        Ok(())
    } else {
        Err("not all are in it".to_owned())
    }
}
