//! Texts in the cut of an epoch that is over. `docs/spec/06-epochs.md`, "Fates".
//!
//! Who goes on to the same epoch holds the whole cut, and shows it when it has installed that epoch, not before. Whether it does
//! is known when it is heard there, or says so in the epoch that is over. A member that is never heard may have installed
//! another one, in which it shows less.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::IdentityKey;

use super::Fates;
use crate::event::{Event, TextId};

/// A text in a cut.
#[derive(Debug)]
pub(super) struct Crossing {
    text_id: TextId,
    missed_by: BTreeSet<IdentityKey>,
    /// Those who hold it and have not been heard since.
    awaited: BTreeSet<IdentityKey>,
}

impl Fates {
    /// The epoch is over for this member, which goes on to another: these hold what was sealed in these places, and those have
    /// missed it.
    pub(in crate::room) fn cross(
        &mut self,
        crossing: BTreeMap<u32, BTreeSet<IdentityKey>>,
        missed: &BTreeMap<u32, Vec<IdentityKey>>,
    ) {
        for (seq, awaited) in crossing {
            let Some(sealed) = self.take_sealed(seq) else {
                continue;
            };
            let mut missed_by = sealed.missed_by;
            missed_by.extend(missed.get(&seq).into_iter().flatten());
            self.crossing.push(Crossing {
                text_id: sealed.text_id,
                missed_by,
                awaited,
            });
        }
    }

    /// A member has installed the epoch that this one went on to: the fates that waited for that.
    pub(in crate::room) fn note_arrived(&mut self, member: &IdentityKey) -> Vec<Event> {
        for text in &mut self.crossing {
            text.awaited.remove(member);
        }
        let (here, crossing) = std::mem::take(&mut self.crossing)
            .into_iter()
            .partition(|text| text.awaited.is_empty());
        self.crossing = crossing;
        self.tell_all(here)
    }

    /// Those who have not been heard will not be: the fates of all that waited for that.
    pub(in crate::room) fn end_crossing(&mut self) -> Vec<Event> {
        let crossing = std::mem::take(&mut self.crossing);
        self.tell_all(crossing)
    }

    fn tell_all(&mut self, texts: Vec<Crossing>) -> Vec<Event> {
        let fates = texts.into_iter().map(|text| {
            let missed_by = text.missed_by.into_iter().chain(text.awaited);
            self.tell(text.text_id, missed_by.collect())
        });
        fates.collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Timestamp;

    const BOB: IdentityKey = IdentityKey::new([2; 32]);
    const EVE: IdentityKey = IdentityKey::new([3; 32]);

    /// A text in the cut, which these hold.
    fn crossing(members: &[IdentityKey], missed: &[IdentityKey]) -> (Fates, TextId) {
        let mut fates = Fates::default();
        let text_id = fates
            .take(b"text".to_vec().into(), Default::default())
            .unwrap();
        fates.next_to_seal().unwrap();
        fates.note_sealed(Timestamp::default(), 0, text_id, 100);
        let held = BTreeMap::from([(0, members.iter().copied().collect())]);
        let missed = BTreeMap::from([(0, missed.to_vec())]);
        fates.cross(held, &missed);
        assert_eq!(fates.end_epoch(&missed), []);
        (fates, text_id)
    }

    #[test]
    fn a_text_in_the_cut_is_acknowledged_when_all_who_hold_it_have_shown_it() {
        let (mut fates, text_id) = crossing(&[BOB, EVE], &[]);
        assert_eq!(fates.note_arrived(&BOB), []);
        let told = [Event::Acknowledged { text_id }];
        assert_eq!(fates.note_arrived(&EVE), told);
        assert_eq!(
            (fates.note_arrived(&EVE), fates.end_crossing()),
            (vec![], vec![])
        );
        assert!(fates.is_none_lost());
    }

    #[test]
    fn who_holds_a_text_and_is_never_heard_again_has_missed_it() {
        let (mut fates, text_id) = crossing(&[BOB], &[EVE]);
        let by = vec![BOB, EVE];
        assert_eq!(fates.end_crossing(), [Event::Missed { text_id, by }]);
        assert!(!fates.is_none_lost());
        let (mut fates, text_id) = crossing(&[BOB], &[EVE]);
        let by = vec![EVE];
        assert_eq!(fates.note_arrived(&BOB), [Event::Missed { text_id, by }]);
    }
}
