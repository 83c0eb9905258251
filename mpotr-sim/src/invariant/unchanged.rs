//! Every change that a person asked for comes about: fresh keys, a newcomer, a member that leaves or is left out.

use crate::ledger::Ledger;

pub(crate) fn check(ledger: &Ledger) -> Result<(), String> {
    let pending: Vec<_> = ledger.pending().collect();
    match pending.first() {
        Some(first) => Err(format!(
            "{} of {} changes have not come about, the first of them asked for at {} ms: {:?}",
            pending.len(),
            ledger.changes.len(),
            first.at.as_millis(),
            first.asked
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use mpotr_core::Timestamp;

    use super::check;
    use crate::ledger::testing::{identity, secure};
    use crate::ledger::{Asked, Ledger};

    #[test]
    fn a_change_has_come_about_when_all_are_in_an_epoch_that_has_it() {
        let mut ledger = Ledger::of_people(3);
        ledger.all_install(&[0, 1, 2], &secure(1, 0, &[0, 1, 2]));
        ledger.now = Timestamp::from_millis(10);
        ledger.ask(Asked::Refresh);
        ledger.ask(Asked::Out(identity(7)));
        assert!(check(&ledger).is_err());
        ledger.now = Timestamp::from_millis(30);
        for (seats, is_done) in [(&[0, 1][..], false), (&[2][..], true)] {
            ledger.all_install(seats, &secure(2, 1, &[0, 1, 2]));
            ledger.settle_changes();
            assert_eq!(check(&ledger).is_ok(), is_done);
        }
        let took: Vec<_> = ledger.changes.iter().map(|change| change.took).collect();
        assert!(
            took.iter().all(|took| took.unwrap().as_millis() == 20),
            "{took:?}"
        );
        // The roster of that epoch does not have this one.
        ledger.ask(Asked::Enter(identity(7)));
        ledger.settle_changes();
        assert!(check(&ledger).is_err());
    }
}
