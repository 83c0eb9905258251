//! No member can decrypt a text whose author had not seen it in the roster: a text is sealed only to members that its
//! author had been told of when it was written, and to nobody whom its author had voted to leave out by then.

use mpotr_core::Event;

use super::Seen;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let Event::Sent { text_id, id } = seen.event else {
        return Ok(());
    };
    let Some(here) = seen.before.person(seen.seat) else {
        return Ok(());
    };
    let (Some(written), Some((sid, record))) =
        (here.written.get(text_id), seen.before.epoch_of(seen.seat))
    else {
        return Ok(());
    };
    let mut others = record.roster.iter().filter(|it| **it != here.identity);
    match others.find(|other| !written.for_whom.contains(other)) {
        Some(other) if here.rejects.contains(other) => Err(format!(
            "seals {id} in {sid} to {other}, whom it had voted to leave out"
        )),
        Some(other) => Err(format!(
            "seals {id} in {sid} to {other}, whom it had not seen there when it was written"
        )),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use mpotr_core::{Event, MessageId, Timestamp};

    use super::check;
    use crate::ledger::testing::{a_text, identity, secure};
    use crate::ledger::{Ledger, Written};
    use crate::party::Seat;

    #[test]
    fn a_text_is_for_those_whom_its_author_had_seen() {
        let mut ledger = Ledger::of_people(3);
        ledger.all_install(&[0, 1, 2], &secure(1, 0, &[0, 1, 2]));
        let text_id = a_text();
        let id = MessageId::new([1; 32]);
        for (seen, is_allowed) in [(1..=2, true), (1..=1, false)] {
            let written = Written {
                at: Timestamp::default(),
                for_whom: seen.map(identity).collect(),
            };
            let author = ledger.person_mut(Seat(0)).unwrap();
            author.written.insert(text_id, written);
            assert_eq!(
                ledger.allows(0, &Event::Sent { text_id, id }, check),
                is_allowed
            );
        }
    }
}
