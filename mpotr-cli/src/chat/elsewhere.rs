//! Other rooms of which packets speak. A room that this one becomes may be named before it is here, by a member that has gone on
//! first, and so may one that comes into this one: a name is told of a moment later, if neither has come about.

use std::time::Duration;

use mpotr::{EpochName, Membership, Told};
use tokio::time::Instant;

/// How long a name waits: as long as a change takes, as a rule.
const WAITS: Duration = Duration::from_secs(5);

/// Names that are not told yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Elsewhere {
    held: Vec<Held>,
    /// How many are in this room.
    here: usize,
}

/// A name that waits.
#[derive(Clone, Debug)]
struct Held {
    name: EpochName,
    /// How many are said to be in it.
    members: u16,
    /// What there is to tell of it.
    lines: Vec<String>,
    due: Instant,
}

impl Elsewhere {
    /// Packets speak of a room of this name, which so many are said to be in.
    pub(super) fn hold(
        &mut self,
        (name, members): (EpochName, u16),
        lines: Vec<String>,
        now: Instant,
    ) {
        let due = now.checked_add(WAITS).unwrap_or(now);
        self.held.push(Held {
            name,
            members,
            lines,
            due,
        });
    }

    /// Takes note of what this room is called, and of how many have come into it at once: as many as were said to be in another
    /// room are those of that one.
    pub(super) fn hear(&mut self, event: &Told) {
        if let Told::Membership(Membership::Secure {
            epoch: name,
            roster,
            ..
        }) = event
        {
            let came = roster.len().saturating_sub(self.here);
            self.here = roster.len();
            let has_come = |held: &Held| came > 0 && usize::from(held.members) == came;
            self.held
                .retain(|held| held.name != *name && !has_come(held));
        }
    }

    /// When there is something to tell, if there is.
    pub(super) fn due(&self) -> Option<Instant> {
        self.held.iter().map(|held| held.due).min()
    }

    /// What there is to tell by now, once.
    pub(super) fn take(&mut self, now: Instant) -> Vec<String> {
        let told = self.held.extract_if(.., |held| held.due <= now);
        told.flat_map(|held| held.lines).collect()
    }
}

#[cfg(test)]
mod tests {
    use mpotr::{EpochName, IdentityKey, MemberInfo, Told};
    use tokio::time::Instant;

    use super::{Elsewhere, WAITS};
    use crate::chat::testing::begins;

    fn secure(name: EpochName) -> Told {
        secure_of(name, 0)
    }

    fn secure_of(name: EpochName, members: u8) -> Told {
        let roster = (0..members).map(|byte| MemberInfo {
            identity: IdentityKey::new([byte; 32]),
            is_me: byte == 0,
        });
        begins(9, name, roster)
    }

    #[test]
    fn a_room_that_has_come_into_this_one_is_not_told_as_another() {
        let (mut elsewhere, now) = (Elsewhere::default(), Instant::now());
        let name = |byte| EpochName::new([byte; 16]);
        elsewhere.hear(&secure_of(name(1), 2));
        elsewhere.hold((name(2), 2), vec!["2".to_owned()], now);
        elsewhere.hold((name(3), 3), vec!["3".to_owned()], now);
        // Keys are made anew, and nobody comes.
        elsewhere.hear(&secure_of(name(4), 2));
        assert_eq!(elsewhere.held.len(), 2);
        elsewhere.hear(&secure_of(name(5), 4));
        assert_eq!(elsewhere.take(now + WAITS), ["3"]);
    }

    #[test]
    fn a_name_that_this_room_comes_to_bear_is_not_told_as_that_of_another() {
        let (mut elsewhere, now) = (Elsewhere::default(), Instant::now());
        let name = |byte| EpochName::new([byte; 16]);
        for byte in [1, 2] {
            elsewhere.hold((name(byte), 2), vec![byte.to_string()], now);
        }
        assert_eq!(elsewhere.due(), Some(now + WAITS));
        elsewhere.hear(&secure(name(1)));
        assert_eq!(elsewhere.take(now + WAITS), ["2"]);
        assert_eq!(elsewhere.due(), None);
    }

    /// It may be a name of this room, too.
    #[test]
    fn each_name_waits_for_as_long_whatever_became_of_those_before() {
        let (mut elsewhere, now) = (Elsewhere::default(), Instant::now());
        let [one, two, three] = [1, 2, 3].map(|byte| EpochName::new([byte; 16]));
        elsewhere.hold((one, 2), vec!["1".to_owned()], now);
        elsewhere.hear(&secure(one));
        assert_eq!(elsewhere.due(), None);
        let later = now + WAITS / 2;
        elsewhere.hold((two, 2), vec!["2".to_owned()], later);
        let last = later + WAITS / 2;
        elsewhere.hold((three, 2), vec!["3".to_owned()], last);
        assert_eq!(elsewhere.due(), Some(later + WAITS));
        assert!(elsewhere.take(last).is_empty());
        assert_eq!(elsewhere.take(later + WAITS), ["2"]);
        assert_eq!(elsewhere.due(), Some(last + WAITS));
        assert_eq!(elsewhere.take(last + WAITS), ["3"]);
    }
}
