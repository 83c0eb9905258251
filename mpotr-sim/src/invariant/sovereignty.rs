//! Roster sovereignty: a member of an epoch of two or more leaves it only by a decision of that epoch, to go on or to go over
//! into another room, and nobody enters but by the votes of the policy in force. No packet of an outsider, and no claim in an
//! advert, moves a member.

use std::collections::BTreeSet;

use mpotr_core::crypto::IdentityKey;
use mpotr_core::{EpochName, Event, Rule};

use super::Seen;
use crate::ledger::EpochRecord;
use crate::party::Seat;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    let Some((sid, record)) = seen.before.epoch_of(seen.seat) else {
        return Ok(());
    };
    if record.roster.len() < 2 {
        return Ok(());
    }
    if matches!(seen.event, Event::Behind | Event::Removed) {
        // The others have gone on: then one of them has installed what follows.
        let mut epochs = seen.before.epochs.values();
        return match epochs.any(|other| other.parent == Some(record.name)) {
            true => Ok(()),
            false => Err(format!("gives up {sid}, and nobody has gone on from it")),
        };
    }
    let Event::Secure { parent, roster, .. } = seen.event else {
        return Ok(());
    };
    if *parent != Some(record.name) && !has_gone_over(seen, record, *parent) {
        return Err(format!(
            "leaves {sid} for an epoch that does not follow from it"
        ));
    }
    let newcomers = roster.iter().map(|member| member.identity);
    let mut newcomers = newcomers.filter(|identity| !record.roster.contains(identity));
    match newcomers.find(|newcomer| !has_votes(seen, record, newcomer)) {
        Some(newcomer) => Err(format!("lets {newcomer} in, without the votes")),
        None => Ok(()),
    }
}

/// Whether an honest member of an epoch has voted that it become one with another, or with one that this has followed.
fn has_gone_over(seen: &Seen<'_>, record: &EpochRecord, other: Option<EpochName>) -> bool {
    let ledger = seen.before;
    let is_inside = |seat: &Seat| {
        let person = ledger.person(*seat);
        person.is_some_and(|person| record.roster.contains(&person.identity))
    };
    let asked = ledger.merges.iter().filter(|(seat, _)| is_inside(seat));
    let asked: BTreeSet<_> = asked.flat_map(|(_, names)| names).collect();
    let before = |name: &EpochName| {
        let mut epochs = ledger.epochs.values();
        epochs.find(|it| it.name == *name)?.parent
    };
    let mut names = core::iter::successors(other, before).take(ledger.epochs.len());
    names.any(|name| asked.contains(&name))
}

/// Whether the members of an epoch let this one in. Everyone's room votes for all who come, or where people are wary for
/// those whom they know, until a member asked that they be left out; insiders may vote for anyone.
fn has_votes(seen: &Seen<'_>, record: &EpochRecord, newcomer: &IdentityKey) -> bool {
    let ledger = seen.before;
    let is_let_in = if ledger.is_wary {
        ledger.knows(newcomer)
    } else {
        !ledger.excluded.contains(newcomer)
    };
    let votes_for = |member: &&IdentityKey| {
        let mut seats = ledger.seats().filter(|(_, it)| it.identity == **member);
        seats.any(|(seat, person)| {
            let by_name = ledger.admitted.get(&seat);
            !person.is_honest || is_let_in || by_name.is_some_and(|named| named.contains(newcomer))
        })
    };
    let voters: Vec<_> = record.roster.iter().filter(votes_for).collect();
    let (votes, members) = (voters.len(), record.roster.len());
    match &record.policy.admit {
        Rule::Anyone => votes > 0,
        Rule::Quorum(quorum) => votes >= usize::from(quorum.get()).min(members),
        Rule::Founders(founders) => {
            let is_led = record.roster.iter().any(|it| founders.contains(it));
            voters.iter().any(|it| founders.contains(it)) || (!is_led && votes == members)
        }
    }
}

#[cfg(test)]
mod tests {
    use core::num::NonZeroU16;

    use mpotr_core::{EpochName, Event, Rule};

    use super::check;
    use crate::ledger::Ledger;
    use crate::ledger::testing::{identity, secure};
    use crate::party::Seat;

    fn three() -> Ledger {
        let mut ledger = Ledger::of_people(4);
        ledger.all_install(&[0, 1, 2], &secure(1, 0, &[0, 1, 2]));
        ledger
    }

    #[test]
    fn an_epoch_is_left_for_one_that_follows_from_it_alone() {
        let ledger = three();
        assert!(ledger.allows(0, &secure(2, 1, &[0, 1]), check));
        for other in [secure(2, 0, &[0, 3]), secure(2, 9, &[0, 3])] {
            assert!(!ledger.allows(0, &other, check));
        }
        // Who is in none has none to leave.
        assert!(ledger.allows(3, &secure(2, 9, &[0, 3]), check));
    }

    #[test]
    fn an_epoch_is_left_for_another_room_only_if_one_of_its_own_has_voted_so() {
        let mut ledger = three();
        ledger.all_install(&[3], &secure(8, 0, &[3]));
        ledger.all_install(&[3], &secure(9, 8, &[3]));
        let goes_over = secure(2, 9, &[0, 1, 2, 3]);
        assert!(!ledger.allows(0, &goes_over, check));
        // Neither does the vote of one outside, nor one for a third room.
        let name = |epoch| EpochName::new([epoch; 16]);
        ledger.merges.entry(Seat(3)).or_default().insert(name(8));
        ledger.merges.entry(Seat(1)).or_default().insert(name(7));
        assert!(!ledger.allows(0, &goes_over, check));
        ledger.merges.entry(Seat(1)).or_default().insert(name(8));
        assert!(ledger.allows(0, &goes_over, check));
    }

    #[test]
    fn wary_people_let_in_those_alone_whom_they_know() {
        let mut ledger = three();
        let comes = secure(2, 1, &[0, 1, 2, 3]);
        assert!(ledger.allows(0, &comes, check));
        ledger.is_wary = true;
        assert!(ledger.allows(0, &comes, check));
        ledger.people[3].is_honest = false;
        assert!(!ledger.allows(0, &comes, check));
    }

    #[test]
    fn nobody_is_left_behind_before_another_has_gone_on() {
        let mut ledger = three();
        assert!(!ledger.allows(0, &Event::Behind, check));
        ledger.all_install(&[1], &secure(2, 1, &[1, 2]));
        assert!(ledger.allows(0, &Event::Behind, check));
    }

    #[test]
    fn nobody_enters_without_the_votes_of_the_policy() {
        let mut ledger = three();
        let with_newcomer = secure(2, 1, &[0, 1, 2, 3]);
        assert!(ledger.allows(0, &with_newcomer, check));
        // Once it was left out by a vote, members must vote for it by name: two of them here.
        ledger.excluded.insert(identity(3));
        for record in ledger.epochs.values_mut() {
            record.policy.admit = Rule::Quorum(NonZeroU16::MIN.saturating_add(1));
        }
        for (seat, is_enough) in [(0, false), (1, true)] {
            let named = ledger.admitted.entry(Seat(seat)).or_default();
            named.insert(identity(3));
            assert_eq!(ledger.allows(0, &with_newcomer, check), is_enough);
        }
    }
}
