//! No honest member that is alive, reached and means to stay is left out, unless honest members voted for it: neither
//! silence nor strikes take it out because the weather is bad.
//!
//! Where the network was cut for longer than a change waits for a member that says nothing, nobody could know better.

use mpotr_core::{Event, Timers};

use super::Seen;
use crate::ledger::{Fate, Ledger, Person};
use crate::party::Seat;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let lost = lost(seen);
    match lost.first() {
        Some(seat) => Err(format!("goes on without {seat}, which is there")),
        None => Ok(()),
    }
}

/// Those who are left out when a member installs an epoch, told of each once.
pub(crate) fn lost(seen: &Seen<'_>) -> Vec<Seat> {
    let Event::Secure {
        sid,
        parent,
        roster,
        ..
    } = seen.event
    else {
        return Vec::new();
    };
    let ledger = seen.before;
    let Some((old, record)) = ledger.epoch_of(seen.seat) else {
        return Vec::new();
    };
    let is_known = ledger.epochs.contains_key(sid);
    if is_known || Some(record.name) != *parent || was_cut(ledger) {
        return Vec::new();
    }
    let is_in = |person: &Person| {
        let mut members = roster.iter();
        members.any(|member| member.identity == person.identity)
    };
    let seats = record.installed.keys().copied();
    let lost = seats.filter(|seat| {
        ledger.person(*seat).is_some_and(|person| {
            let is_there = person.fates.get(&old) == Some(&Fate::Here)
                && person.is_alive
                && !person.is_leaving
                && !person.has_left;
            is_there && !is_in(person) && !ledger.excluded.contains(&person.identity)
        })
    });
    lost.collect()
}

fn was_cut(ledger: &Ledger) -> bool {
    ledger.longest_cut >= Timers::RELAY.suspect
}

#[cfg(test)]
mod tests {
    use mpotr_core::Duration;

    use super::check;
    use crate::ledger::Ledger;
    use crate::ledger::testing::{identity, secure};
    use crate::party::Seat;

    fn three() -> Ledger {
        let mut ledger = Ledger::of_people(3);
        ledger.all_install(&[0, 1, 2], &secure(1, 0, &[0, 1, 2]));
        ledger
    }

    #[test]
    fn who_is_there_is_not_left_out() {
        let without = secure(2, 1, &[0, 1]);
        assert!(!three().allows(0, &without, check));
        assert!(three().allows(0, &secure(2, 1, &[0, 1, 2]), check));
        // It is told of the one that goes on first.
        let mut ledger = three();
        ledger.all_install(&[0], &without);
        assert!(ledger.allows(1, &without, check));
    }

    #[test]
    fn who_died_or_leaves_or_is_voted_out_or_was_cut_off_may_be() {
        let without = secure(2, 1, &[0, 1]);
        let left_out = |befalls: fn(&mut Ledger)| {
            let mut ledger = three();
            befalls(&mut ledger);
            ledger.allows(0, &without, check)
        };
        assert!(left_out(|ledger| ledger.bury(Seat(2))));
        assert!(left_out(|ledger| {
            ledger.person_mut(Seat(2)).unwrap().is_leaving = true;
        }));
        assert!(left_out(|ledger| {
            ledger.excluded.insert(identity(2));
        }));
        assert!(left_out(
            |ledger| ledger.longest_cut = Duration::from_secs(15)
        ));
        assert!(!left_out(
            |ledger| ledger.longest_cut = Duration::from_secs(2)
        ));
    }
}
