//! Of a change by which nobody comes in, outsiders read nothing of its run: all its packets are for members of the epoch that
//! ends.

use mpotr_core::Event;
use mpotr_core::crypto::IdentityKey;
use mpotr_core::wire::SidHint;

use super::Seen;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let Event::Secure {
        sid,
        parent,
        roster,
        ..
    } = seen.event
    else {
        return Ok(());
    };
    let Some((_, before)) = seen.before.epoch_of(seen.seat) else {
        return Ok(());
    };
    // Who comes in in the place of another instance is outside, too.
    let is_one = |identity: &IdentityKey| {
        let seats = seen.before.seats();
        let is_one = seats.filter(|(_, it)| it.identity == *identity).count() == 1;
        is_one && !seen.before.hopping.contains(identity)
    };
    // Who was listed and never got there comes in from outside.
    let is_in = |identity: &IdentityKey| {
        let mut seats = seen
            .before
            .seats()
            .filter(|(_, it)| it.identity == *identity);
        before.roster.contains(identity)
            && seats.all(|(seat, it)| !it.is_honest || before.installed.contains_key(&seat))
    };
    let goes_on = |it: &IdentityKey| is_in(it) && is_one(it);
    let comes_nobody = roster.iter().all(|member| goes_on(&member.identity));
    let is_in_clear = seen.before.clear_runs.contains(&SidHint::of(sid));
    if *parent == Some(before.name) && comes_nobody && is_in_clear {
        return Err(format!(
            "outsiders read the run of {sid}, by which nobody comes in"
        ));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use mpotr_core::Event;
    use mpotr_core::wire::SidHint;

    use super::check;
    use crate::ledger::Ledger;
    use crate::ledger::testing::{identity, secure};

    #[test]
    fn a_run_is_in_clear_only_if_somebody_comes_in_by_it() {
        let mut ledger = Ledger::of_people(4);
        ledger.all_install(&[0, 1, 2], &secure(1, 0, &[0, 1, 2]));
        let refreshed = secure(2, 1, &[0, 1, 2]);
        let joined = secure(3, 1, &[0, 1, 2, 3]);
        assert!(ledger.allows(0, &refreshed, check));
        for event in [&refreshed, &joined] {
            let Event::Secure { sid, .. } = event else {
                continue;
            };
            ledger.clear_runs.insert(SidHint::of(sid));
        }
        assert!(!ledger.allows(0, &refreshed, check));
        assert!(ledger.allows(0, &joined, check));
        // One of them may be another instance each time.
        ledger.hopping.insert(identity(1));
        assert!(ledger.allows(0, &refreshed, check));
        // One of them never was in the epoch before.
        ledger.all_install(&[0, 2], &secure(4, 0, &[0, 1, 2]));
        let refreshed = secure(5, 4, &[0, 1, 2]);
        let Event::Secure { sid, .. } = &refreshed else {
            panic!()
        };
        ledger.clear_runs.insert(SidHint::of(sid));
        ledger.hopping.clear();
        assert!(ledger.allows(0, &refreshed, check));
        // A first epoch has nothing to be enclosed in.
        assert!(ledger.allows(3, &secure(3, 0, &[2, 3]), check));
    }
}
