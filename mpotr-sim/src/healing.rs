//! What must hold some time after the network heals and insiders stop: all honest members are in one room.

use mpotr_core::{Duration, Timers};

use crate::ledger::Ledger;

/// The time within which all honest members are again in one room of so many members, once all reach all without loss
/// and insiders have stopped:
///
/// ```text
/// notice   = 5/2 heartbeat + silent             a member is dead, or another room is heard
/// change   = suspect + M (propose + 8 view)     every view fails once, at its greatest length, for each of M members
/// let in   = adopt + suspect + 2 view + 4 gather + 3 advertise
/// bound    = notice + 2 change + 2 (let in)
/// ```
///
/// Twice, since the change that is under way may have to fail before the one begins that lets all of them in.
#[must_use]
pub fn bound(timers: &Timers, members: usize) -> Duration {
    let members = u32::try_from(members).unwrap_or(u32::MAX);
    let beat = timers.heartbeat;
    let half = beat.checked_div(2).unwrap_or(beat);
    let beats = beat.saturating_mul(2).saturating_add(half);
    let notice = beats.saturating_add(timers.silent);
    let view = timers.propose.saturating_add(timers.view.saturating_mul(8));
    let change = timers.suspect.saturating_add(view.saturating_mul(members));
    let let_in = [
        timers.adopt,
        timers.suspect,
        timers.view.saturating_mul(2),
        timers.gather.saturating_mul(4),
        timers.advertise.saturating_mul(3),
    ]
    .into_iter()
    .fold(Duration::ZERO, Duration::saturating_add);
    notice
        .saturating_add(change.saturating_mul(2))
        .saturating_add(let_in.saturating_mul(2))
}

/// On a slow carrier so many round trips, if those take longer: the timers of a room stretch with them.
const ROUND_TRIPS: u32 = 100;

/// A view takes so many of the slowest round trips that a room has measured, and a turn to propose so many.
const ROUND_TRIPS_OF_A_VIEW: u32 = 16;
const ROUND_TRIPS_OF_A_TURN: u32 = 3;

/// [`bound`], on a carrier with this round trip, which was as slow as `slowest` before: that is what a room may have measured.
pub(crate) fn bound_on(
    timers: &Timers,
    members: usize,
    [round_trip, slowest]: [Duration; 2],
) -> Duration {
    let view = slowest.saturating_mul(ROUND_TRIPS_OF_A_VIEW);
    let propose = slowest.saturating_mul(ROUND_TRIPS_OF_A_TURN);
    let timers = Timers {
        view: timers.view.max(view),
        propose: timers.propose.max(propose),
        ..*timers
    };
    bound(&timers, members).max(round_trip.saturating_mul(ROUND_TRIPS))
}

/// Whether all honest members who mean to stay are in one epoch that lists them all, and all who mean to leave an epoch
/// have left. A member that is alone needs no room.
pub(crate) fn is_whole(ledger: &Ledger) -> bool {
    let staying: Vec<_> = ledger.staying().collect();
    let nobody_leaves = ledger
        .seats()
        .filter(|(_, person)| person.is_honest && person.is_alive && person.is_leaving)
        .all(|(_, person)| person.has_left || person.present.is_none());
    if staying.len() < 2 {
        return nobody_leaves;
    }
    let first = staying.first().and_then(|(_, person)| person.present);
    let Some(record) = first.and_then(|sid| ledger.epochs.get(&sid)) else {
        return false;
    };
    nobody_leaves
        && staying
            .iter()
            .all(|(_, person)| person.present == first && record.roster.contains(&person.identity))
}
