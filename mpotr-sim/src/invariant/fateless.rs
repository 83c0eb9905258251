//! Each text has one fate, and that at the latest when what became of its epoch is known: a member that stays and has
//! moved on from the epoch in which a text was sent was told what became of the text. That it is told once alone, and
//! truly, is for `fates`.

use crate::ledger::{Fate, Ledger};

pub(crate) fn check(ledger: &Ledger) -> Result<(), String> {
    for (seat, person) in ledger.staying() {
        let sent = person.open.values().flatten();
        let mut texts = sent.filter_map(|id| Some((id, ledger.texts.get(id)?)));
        let over = texts.find(|(_, text)| {
            let fate = person.fates.get(&text.sid);
            matches!(fate, Some(Fate::Moved(_) | Fate::Gone))
        });
        if let Some((id, text)) = over {
            return Err(format!(
                "{seat} was not told what became of {id}, and {} is over",
                text.sid
            ));
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use mpotr_core::{Event, MessageId};

    use super::check;
    use crate::ledger::Ledger;
    use crate::ledger::testing::{a_text, secure};
    use crate::party::Seat;

    #[test]
    fn a_text_of_an_epoch_that_is_over_has_a_fate() {
        let mut ledger = Ledger::of_people(2);
        ledger.all_install(&[0, 1], &secure(1, 0, &[0, 1]));
        let (text_id, id) = (a_text(), MessageId::new([1; 32]));
        let author = ledger.person_mut(Seat(0)).unwrap();
        author.unsent.insert(text_id, b"text".to_vec());
        author.open.insert(text_id, None);
        ledger.note(Seat(0), &Event::Sent { text_id, id }, None, None);
        assert!(check(&ledger).is_ok());
        ledger.all_install(&[0, 1], &secure(2, 1, &[0, 1]));
        assert!(check(&ledger).is_err());
        ledger.note(Seat(0), &Event::Acknowledged { text_id }, None, None);
        assert!(check(&ledger).is_ok());
    }
}
