//! What lasts longer than it does as a rule: a person is told what may be behind it, once.

use std::time::Duration;

use mpotr::WaitingReason;
use mpotr::room::Event;
use tokio::time::Instant;

use super::conversation::Conversation;

/// A first agreement among those who are there takes some seconds, and longer over slow carriers.
const AGREES: Duration = Duration::from_secs(60);

/// Members let in whom they know within some seconds.
const LETS_IN: Duration = Duration::from_secs(10);

/// What this member waits for before it is in a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Wait {
    /// All are there, and no room begins.
    Agreement,
    /// There is a room, which does not let it in.
    Door,
}

/// What lasts, and when that is told.
#[derive(Clone, Debug, Default)]
pub(super) struct Lasting(Option<(Wait, Instant)>);

impl Lasting {
    /// Takes note of what happens.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all others change nothing of it"
    )]
    pub(super) fn hear(&mut self, event: &Event, now: Instant) {
        let begins = |wait, lasts| Some((wait, now.checked_add(lasts)?));
        match event {
            Event::Waiting {
                reason: WaitingReason::Gathering { have, want },
                ..
            } if have == want => self.0 = begins(Wait::Agreement, AGREES),
            Event::Waiting {
                reason: WaitingReason::Outside,
                ..
            } => self.0 = begins(Wait::Door, LETS_IN),
            Event::Waiting {
                reason: WaitingReason::IdentityInRoom | WaitingReason::RulesDiffer { .. },
                ..
            }
            | Event::Secure { .. } => self.0 = None,
            Event::WaitingOver {
                reason: WaitingReason::Outside,
            } if matches!(self.0, Some((Wait::Door, _))) => self.0 = None,
            _ => {}
        }
    }

    /// When there is something to tell, if there is.
    pub(super) fn due(&self) -> Option<Instant> {
        self.0.map(|(_, due)| due)
    }

    /// What there is to tell.
    fn take(&mut self) -> Option<Wait> {
        self.0.take().map(|(wait, _)| wait)
    }
}

impl Conversation {
    /// What to say of what lasts. `keeps_identity`: an earlier program of this person may be in the room.
    pub(super) fn tells_of_lasting(&mut self, keeps_identity: bool, obeys: bool) -> Vec<String> {
        match self.lasting.take() {
            None => Vec::new(),
            Some(Wait::Door) if !keeps_identity => Vec::new(),
            Some(Wait::Door) => vec![
                "still outside: a program of yours that ended without leaving counts as in the room until it was asked and has \
                 said nothing for some 15 seconds, and the room goes on without it; else its members have not let you in yet"
                    .to_owned(),
            ],
            Some(Wait::Agreement) if self.to_admit.is_empty() => {
                let look = if obeys { "; /members shows who waits" } else { "" };
                vec![format!(
                    "no room has begun for a minute: the network is slow, or one of the others has not let in another who is \
                     here{look}"
                )]
            }
            Some(Wait::Agreement) => {
                let names: Vec<_> = self.to_admit.iter().map(|it| self.whole(it)).collect();
                vec![format!(
                    "no room has begun for a minute: you have not let in {}",
                    names.join(", ")
                )]
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mpotr::WaitingReason;
    use mpotr::room::{Event, Timestamp};
    use tokio::time::Instant;

    use super::{AGREES, LETS_IN, Lasting, Wait};

    fn waits(reason: WaitingReason) -> Event {
        Event::Waiting {
            reason,
            since: Timestamp::default(),
            until: None,
        }
    }

    #[test]
    fn what_lasts_is_told_when_it_has_and_not_before() {
        let now = Instant::now();
        let mut lasting = Lasting::default();
        lasting.hear(&waits(WaitingReason::Gathering { have: 1, want: 2 }), now);
        assert_eq!(lasting.due(), None);
        lasting.hear(&waits(WaitingReason::Gathering { have: 2, want: 2 }), now);
        assert_eq!(lasting.due(), Some(now + AGREES));
        lasting.hear(&waits(WaitingReason::Outside), now);
        assert_eq!(lasting.due(), Some(now + LETS_IN));
        assert_eq!(lasting.take(), Some(Wait::Door));
        assert_eq!(lasting.due(), None);
    }

    #[test]
    fn what_is_told_better_by_another_reason_is_not_told() {
        let now = Instant::now();
        for over in [
            waits(WaitingReason::IdentityInRoom),
            Event::WaitingOver {
                reason: WaitingReason::Outside,
            },
        ] {
            let mut lasting = Lasting::default();
            lasting.hear(&waits(WaitingReason::Outside), now);
            lasting.hear(&over, now);
            assert_eq!(lasting.due(), None);
        }
    }
}
