//! Nobody waits without being told why: who is in no epoch, or whose text does not leave, has been told a reason that holds.

use mpotr_core::{Duration, Timestamp};

use crate::ledger::{Ledger, Person};
use crate::party::Seat;

/// A reason is told when it has held for two seconds; another may come in its place.
const PATIENCE: Duration = Duration::from_secs(5);

/// Looks at a member once more, to which nothing has happened since the last time.
pub(crate) fn check(now: Timestamp, ledger: &Ledger, seat: Seat) -> Result<(), String> {
    let since = ledger.person(seat).and_then(|person| person.unexplained);
    match since.map(|since| now.since(since)) {
        Some(long) if long > PATIENCE => Err(format!("waits, and was not told why for {long:?}")),
        Some(_) | None => Ok(()),
    }
}

/// Takes note of whether a member waits for what nobody has told it.
pub(crate) fn note(now: Timestamp, person: &mut Person) {
    let is_out = person.has_left || person.is_leaving;
    let holds_back = person.unsent.keys().any(|it| !person.held.contains(it));
    let waits = person.present.is_none() || holds_back;
    if is_out || !waits || person.reasons > 0 {
        person.unexplained = None;
    } else {
        person.unexplained.get_or_insert(now);
    }
}

#[cfg(test)]
mod tests {
    use mpotr_core::{Duration, Event, Timestamp, WaitingReason};

    use super::{check, note};
    use crate::ledger::Ledger;
    use crate::ledger::testing::secure;
    use crate::party::Seat;

    fn looked_at(ledger: &mut Ledger, secs: u64) -> bool {
        let now = Timestamp::default().after(Duration::from_secs(secs));
        let is_so = check(now, ledger, Seat(0)).is_ok();
        note(now, ledger.person_mut(Seat(0)).unwrap());
        is_so
    }

    #[test]
    fn who_waits_is_told_why() {
        let mut ledger = Ledger::of_people(2);
        assert!(looked_at(&mut ledger, 1));
        assert!(looked_at(&mut ledger, 5));
        assert!(!looked_at(&mut ledger, 7));
        let reason = WaitingReason::Outside;
        let told = Event::Waiting {
            reason: reason.clone(),
            since: Timestamp::default(),
            until: None,
        };
        ledger.note(Seat(0), &told, None, None);
        note(ledger.now, ledger.person_mut(Seat(0)).unwrap());
        assert!(looked_at(&mut ledger, 100));
        ledger.note(Seat(0), &Event::WaitingOver { reason }, None, None);
        assert!(looked_at(&mut ledger, 101));
        assert!(!looked_at(&mut ledger, 107));
        ledger.all_install(&[0, 1], &secure(1, 0, &[0, 1]));
        note(ledger.now, ledger.person_mut(Seat(0)).unwrap());
        assert!(looked_at(&mut ledger, 1000));
    }
}
