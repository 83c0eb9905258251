//! What a room waits for, and whether a person was told. `docs/spec/06-epochs.md`, "Waiting".
//!
//! After every input the room says all that holds ([`explaining`](super::explaining)). This part keeps since when, tells
//! of each once when it has held for long enough, and once more when it is over. Another reason takes a variant of
//! [`WaitingReason`], and a line there.

use std::collections::BTreeMap;

use mpotr_crypto::{CryptoSuite, IdentityKey};

use super::context::Context;
use super::outbox::Outbox;
use crate::event::Event;
use crate::reason::WaitingReason;
use crate::time::{Duration, Timestamp};
use crate::timers::Timer;
use crate::wire::Vote;

/// Whether a reason is one of more people than as it was told.
fn names_more(told: &WaitingReason, now: &WaitingReason) -> bool {
    let (before, now) = match (told, now) {
        (
            WaitingReason::RulesDiffer { by: before, .. },
            WaitingReason::RulesDiffer { by: now, .. },
        )
        | (
            WaitingReason::NotAdmitted {
                missing: before, ..
            },
            WaitingReason::NotAdmitted { missing: now, .. },
        )
        | (WaitingReason::AskedOut { by: before, .. }, WaitingReason::AskedOut { by: now, .. }) => {
            (before, now)
        }
        _ => return false,
    };
    now.iter().any(|one| !before.contains(one))
}

/// How long a reason holds before it is told, but for those that a person has to act on: most are over before.
const PATIENCE: Duration = Duration::from_secs(2);

/// What tells one reason from another, without its numbers.
type Key = (&'static str, Option<IdentityKey>, Option<Vote>);

/// A reason that holds.
#[derive(Debug)]
struct Wait {
    /// As it was told, or else as it is now.
    reason: WaitingReason,
    since: Timestamp,
    is_told: bool,
    /// Until when it was to hold at the latest, as that was told.
    told_until: Option<Timestamp>,
    /// The same as it is now, and from when on it was long enough so.
    until: Option<Timestamp>,
    settled: Timestamp,
}

impl Wait {
    fn begin(reason: WaitingReason, until: Option<Timestamp>, now: Timestamp) -> Self {
        let settled = now.after(patience(&reason));
        Self {
            reason,
            since: now,
            is_told: false,
            told_until: None,
            until,
            settled,
        }
    }

    /// It holds still, and until then at the latest.
    fn go_on(&mut self, until: Option<Timestamp>, now: Timestamp) {
        if self.until != until {
            self.until = until;
            self.settled = now.after(PATIENCE);
        }
    }

    /// Whether keys are changing in a later view than when that was told, for want of others.
    fn is_of_later_view(&self, reason: &WaitingReason) -> bool {
        let is_of_change = matches!(reason, WaitingReason::Changing { .. });
        is_of_change && self.is_told && self.told_until != self.until && self.reason != *reason
    }
}

/// A reason that holds now, and until when it does at the latest, where that is known.
pub(crate) struct Holds {
    pub(crate) reason: WaitingReason,
    pub(crate) until: Option<Timestamp>,
}

impl From<WaitingReason> for Holds {
    fn from(reason: WaitingReason) -> Self {
        Self {
            reason,
            until: None,
        }
    }
}

/// What the room waits for.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    open: BTreeMap<Key, Wait>,
}

impl Waits {
    /// These reasons hold now and no others.
    pub(crate) fn look<S: CryptoSuite>(&mut self, cx: &mut Context<'_, S>, holds: Vec<Holds>) {
        if holds.is_empty() && self.open.is_empty() {
            return;
        }
        let mut next: Option<Timestamp> = None;
        let mut holding = BTreeMap::new();
        for Holds { reason, until } in holds {
            let key = key(&reason);
            let wait = self.open.remove(&key);
            let mut wait = wait.unwrap_or_else(|| Wait::begin(reason.clone(), until, cx.now));
            wait.go_on(until, cx.now);
            let is_of_later_view = wait.is_of_later_view(&reason);
            let is_other = is_of_later_view && cx.now >= wait.settled;
            if is_other || (wait.is_told && names_more(&wait.reason, &reason)) {
                // It is another for who has to act on it, or looks who is waited for.
                let reason = wait.reason.clone();
                cx.out.tell(Event::WaitingOver { reason });
                wait.is_told = false;
            } else if is_of_later_view {
                next = Some(next.map_or(wait.settled, |next| next.min(wait.settled)));
            }
            if !wait.is_told {
                wait.reason = reason;
                let due = wait.since.after(patience(&wait.reason));
                if cx.now >= due {
                    wait.is_told = true;
                    wait.told_until = until;
                    cx.out.tell(Event::Waiting {
                        reason: wait.reason.clone(),
                        since: wait.since,
                        until,
                    });
                } else {
                    next = Some(next.map_or(due, |next| next.min(due)));
                }
            }
            holding.insert(key, wait);
        }
        self.end(cx.out);
        self.open = holding;
        match next {
            Some(next) => cx.timers.set(Timer::Waiting, next),
            None => cx.timers.stop(Timer::Waiting),
        }
    }

    /// Nothing is waited for from now on.
    pub(crate) fn end(&mut self, out: &mut Outbox) {
        let over = std::mem::take(&mut self.open).into_values();
        for wait in over.filter(|wait| wait.is_told) {
            let reason = wait.reason;
            out.tell(Event::WaitingOver { reason });
        }
    }
}

/// How long a reason holds before it is told. What a person has to act on, and what was long in coming, is told at once.
const fn patience(reason: &WaitingReason) -> Duration {
    match reason {
        WaitingReason::IdentityInRoom
        | WaitingReason::AdmitHere { .. }
        | WaitingReason::Excluding { .. }
        | WaitingReason::AskedOut { .. }
        | WaitingReason::NeedsVotes { .. }
        | WaitingReason::VoteHere { .. }
        | WaitingReason::NotFinal { .. }
        | WaitingReason::Expired => Duration::ZERO,
        WaitingReason::Alone
        | WaitingReason::Outside
        | WaitingReason::Gathering { .. }
        | WaitingReason::RulesDiffer { .. }
        | WaitingReason::OtherSuite { .. }
        | WaitingReason::OtherVersion { .. }
        | WaitingReason::SlowLink { .. }
        | WaitingReason::Agreeing { .. }
        | WaitingReason::NotAdmitted { .. }
        | WaitingReason::AnotherInstance { .. }
        | WaitingReason::Changing { .. } => PATIENCE,
    }
}

fn key(reason: &WaitingReason) -> Key {
    let (about, vote) = match reason {
        WaitingReason::Excluding { identity }
        | WaitingReason::AnotherInstance { identity }
        | WaitingReason::NotAdmitted { identity, .. } => (Some(*identity), None),
        // That a member asks for it is news to who has said nothing so far, or has said no.
        WaitingReason::AdmitHere { claimed, by } => (
            Some(*claimed),
            (!by.is_empty()).then_some(Vote::Admit(*claimed)),
        ),
        WaitingReason::NeedsVotes { vote, .. } | WaitingReason::VoteHere { vote, .. } => {
            (None, Some(vote.clone()))
        }
        WaitingReason::RulesDiffer { policy, .. } => (None, Some(Vote::Policy(policy.clone()))),
        WaitingReason::Alone
        | WaitingReason::Outside
        | WaitingReason::Gathering { .. }
        | WaitingReason::Agreeing { .. }
        | WaitingReason::Changing { .. }
        | WaitingReason::AskedOut { .. }
        | WaitingReason::IdentityInRoom
        | WaitingReason::OtherSuite { .. }
        | WaitingReason::OtherVersion { .. }
        | WaitingReason::SlowLink { .. }
        | WaitingReason::NotFinal { .. }
        | WaitingReason::Expired => (None, None),
    };
    (reason.code(), about, vote)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::room::testing::common;

    const BOB: IdentityKey = IdentityKey::new([2; 32]);

    fn at(secs: u64) -> Timestamp {
        Timestamp::default().after(Duration::from_secs(secs))
    }

    fn changing() -> Vec<Holds> {
        let missing = vec![BOB];
        vec![WaitingReason::Changing { missing }.into()]
    }

    #[test]
    fn a_reason_that_lasts_is_told_once_and_once_that_it_is_over() {
        let (mut common, _) = common(1);
        let mut waits = Waits::default();
        waits.look(&mut common.at(at(5)), changing());
        assert_eq!(common.timers.next(), Some(at(7)));
        waits.look(&mut common.at(at(6)), changing());
        assert!(common.out.events.is_empty());
        for now in [at(7), at(8)] {
            waits.look(&mut common.at(now), changing());
        }
        let reason = WaitingReason::Changing { missing: vec![BOB] };
        let told = Event::Waiting {
            reason: reason.clone(),
            since: at(5),
            until: None,
        };
        assert_eq!(common.out.events, [told]);
        assert_eq!(common.timers.next(), None);
        waits.look(&mut common.at(at(9)), Vec::new());
        waits.look(&mut common.at(at(9)), Vec::new());
        assert_eq!(common.out.events.len(), 2);
        assert_eq!(common.out.events[1], Event::WaitingOver { reason });
    }

    #[test]
    fn for_whom_keys_wait_is_told_again_in_a_later_view_if_it_is_for_others() {
        let (mut common, _) = common(1);
        let mut waits = Waits::default();
        let changing = |missing: &[IdentityKey], until| {
            let missing = missing.to_vec();
            vec![Holds {
                reason: WaitingReason::Changing { missing },
                until: Some(at(until)),
            }]
        };
        let eve = IdentityKey::new([3; 32]);
        let mut look = |now, missing: &[IdentityKey], until| {
            waits.look(&mut common.at(at(now)), changing(missing, until));
            let told = common.out.events.drain(..).filter_map(|event| {
                if let Event::Waiting { reason, until, .. } = event {
                    Some((reason, until))
                } else if let Event::WaitingOver { reason } = event {
                    Some((reason, None))
                } else {
                    None
                }
            });
            (told.collect::<Vec<_>>(), common.timers.next())
        };
        let both = |until| {
            (
                WaitingReason::Changing {
                    missing: vec![BOB, eve],
                },
                until,
            )
        };
        let bob = |until| (WaitingReason::Changing { missing: vec![BOB] }, until);
        look(1, &[BOB, eve], 5);
        assert_eq!(look(3, &[BOB, eve], 5).0, [both(Some(at(5)))]);
        // In the same view others are no news, nor are the same ones in a later view.
        assert_eq!(look(4, &[BOB], 5), (vec![], None));
        assert_eq!(look(5, &[BOB, eve], 9), (vec![], None));
        // It is told when the view has lasted for a while.
        assert_eq!(look(6, &[BOB], 9), (vec![], Some(at(7))));
        assert_eq!(look(7, &[BOB], 9).0, [both(None), bob(Some(at(9)))]);
        assert_eq!(look(8, &[BOB, eve], 9), (vec![], None));
    }

    #[test]
    fn a_reason_that_is_over_soon_is_not_told() {
        let (mut common, _) = common(1);
        let mut waits = Waits::default();
        waits.look(&mut common.at(at(5)), changing());
        waits.look(&mut common.at(at(6)), Vec::new());
        assert_eq!(common.timers.next(), None);
        // It begins anew.
        waits.look(&mut common.at(at(8)), changing());
        assert_eq!(common.timers.next(), Some(at(10)));
        assert!(common.out.events.is_empty());
    }

    #[test]
    fn what_a_person_has_to_know_is_told_at_once_of_each_identity() {
        let (mut common, _) = common(1);
        let mut waits = Waits::default();
        for number in 2..4 {
            let out = (2..=number).map(|number| {
                let identity = IdentityKey::new([number; 32]);
                WaitingReason::Excluding { identity }.into()
            });
            waits.look(&mut common.at(at(5)), out.collect());
        }
        assert_eq!(common.out.events.len(), 2);
        waits.end(&mut common.out);
        assert_eq!(common.out.events.len(), 4);
    }
}
