//! What lasts longer than it does as a rule: a person is told what may be behind it, once.

use std::collections::BTreeSet;
use std::time::Duration;

use mpotr::{Membership, Told, Waiting, WaitingReason};
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
    /// Others keep other rules.
    Rules,
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
    pub(super) fn hear(&mut self, event: &Told, now: Instant) {
        let begins = |wait, lasts| Some((wait, now.checked_add(lasts)?));
        match event {
            Told::Waiting(Waiting::For {
                reason: WaitingReason::Gathering { have, want },
                ..
            }) if have == want && !self.is_of_rules() => self.0 = begins(Wait::Agreement, AGREES),
            Told::Waiting(Waiting::For {
                reason: WaitingReason::Outside,
                ..
            }) if !self.is_of_rules() => self.0 = begins(Wait::Door, LETS_IN),
            Told::Waiting(Waiting::For {
                reason: WaitingReason::RulesDiffer { .. },
                ..
            }) => self.0 = begins(Wait::Rules, AGREES),
            Told::Waiting(Waiting::Over {
                reason: WaitingReason::RulesDiffer { .. },
            }) if self.is_of_rules() => self.0 = None,
            Told::Waiting(Waiting::For {
                reason: WaitingReason::IdentityInRoom,
                ..
            })
            | Told::Membership(Membership::Secure { .. }) => self.0 = None,
            Told::Waiting(Waiting::Over {
                reason: WaitingReason::Outside,
            }) if matches!(self.0, Some((Wait::Door, _))) => self.0 = None,
            _ => {}
        }
    }

    /// When there is something to tell, if there is.
    pub(super) fn due(&self) -> Option<Instant> {
        self.0.map(|(_, due)| due)
    }

    fn is_of_rules(&self) -> bool {
        matches!(self.0, Some((Wait::Rules, _)))
    }

    /// What there is to tell: of rules again and again, for nothing else comes of it.
    fn take(&mut self, now: Instant) -> Option<Wait> {
        let (wait, _) = self.0.take()?;
        if wait == Wait::Rules {
            self.0 = now.checked_add(AGREES).map(|due| (wait, due));
        }
        Some(wait)
    }
}

impl Conversation {
    /// What to say of what lasts. `keeps_identity`: an earlier program of this person may be in the room.
    pub(super) fn tells_of_lasting(
        &mut self,
        now: Instant,
        keeps_identity: bool,
        obeys: bool,
    ) -> Vec<String> {
        match self.lasting.take(now) {
            None => Vec::new(),
            Some(Wait::Rules) => vec![self.still_differ()],
            Some(Wait::Door) => {
                let mut told = format!(
                    "still outside: its members have not let you in, or have left you out before, or {}; {}",
                    self.door.keeps_out(),
                    self.door.lets_in_there(&self.me, "you")
                );
                if keeps_identity {
                    told.push_str(
                        "; if a program of yours has ended without leaving, this one takes its place within half a minute or so",
                    );
                }
                vec![told]
            }
            Some(Wait::Agreement) if !self.not_let_in.is_empty() => {
                let by: BTreeSet<_> = self.not_let_in.values().flatten().copied().collect();
                let by: Vec<_> = by.into_iter().collect();
                let have = if by.len() == 1 && by != [self.me] {
                    "has"
                } else {
                    "have"
                };
                vec![format!(
                    "no room has begun for a minute: {} {have} not let in all who are here, as far as shows",
                    self.names_of(&by)
                )]
            }
            Some(Wait::Agreement) if self.to_admit.is_empty() => {
                let listed = self.waiting.listed();
                let outside = listed.iter().filter(|it| !self.door.can_admit(it));
                let outside: Vec<_> = outside.map(|it| self.whole(it)).collect();
                if !outside.is_empty() {
                    return vec![format!(
                        "no room has begun for a minute: the others may wait for one who is not one of {}: {}; {}",
                        self.door.named_by(),
                        outside.join(", "),
                        self.door.names_another()
                    )];
                }
                let look = if obeys {
                    "; /members shows who waits"
                } else {
                    ""
                };
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
    use mpotr::{IdentityKey, Told, Waiting, WaitingReason};
    use mpotr_formats::Nick;
    use tokio::time::Instant;

    use super::{AGREES, Conversation, LETS_IN, Lasting, Wait};
    use crate::chat::door::Door;
    use crate::chat::testing::{waits, wants_in};

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
        assert_eq!(lasting.take(now), Some(Wait::Door));
        assert_eq!(lasting.due(), None);
    }

    /// Nothing else comes of it, so it is said again and again, and nothing of an agreement in its place.
    #[test]
    fn that_others_keep_other_rules_is_told_as_long_as_they_do() {
        let now = Instant::now();
        let mut lasting = Lasting::default();
        let differ = || WaitingReason::RulesDiffer {
            policy: mpotr::Policy::default(),
            by: Vec::new(),
        };
        lasting.hear(&waits(differ()), now);
        lasting.hear(&waits(WaitingReason::Gathering { have: 2, want: 2 }), now);
        for _ in 0..2 {
            assert_eq!(lasting.due(), Some(now + AGREES));
            assert_eq!(lasting.take(now), Some(Wait::Rules));
        }
        lasting.hear(&Told::Waiting(Waiting::Over { reason: differ() }), now);
        assert_eq!(lasting.due(), None);
    }

    /// Not that others have not let one in, where it is this member that has not.
    #[test]
    fn where_one_waits_whom_with_does_not_name_the_new_start_is_told() {
        let [me, bob, eve] = [1, 2, 3].map(|byte| IdentityKey::new([byte; 32]));
        let door = Door::With([(bob, "bob.pub".to_owned())].into());
        let mut room = Conversation::new(me, &Nick::new("me").unwrap(), door);
        let now = Instant::now();
        for (claimed, told_of) in [(bob, "the network is slow"), (eve, "--with bob.pub FILE")] {
            room.hear(wants_in(claimed));
            let gathers = waits(WaitingReason::Gathering { have: 2, want: 2 });
            room.lasting.hear(&gathers, now);
            let told = room.tells_of_lasting(now, true, true);
            assert!(told[0].contains(told_of), "{told:?}");
        }
    }

    #[test]
    fn what_is_told_better_by_another_reason_is_not_told() {
        let now = Instant::now();
        for over in [
            waits(WaitingReason::IdentityInRoom),
            Told::Waiting(Waiting::Over {
                reason: WaitingReason::Outside,
            }),
        ] {
            let mut lasting = Lasting::default();
            lasting.hear(&waits(WaitingReason::Outside), now);
            lasting.hear(&over, now);
            assert_eq!(lasting.due(), None);
        }
    }
}
