//! Other rooms of which packets speak. A room that this one becomes may be named before it is here, by a member that has gone on
//! first: so a name is told of a moment later, if this room has not come to bear it.

use std::time::Duration;

use mpotr::EpochName;
use mpotr::room::Event;
use tokio::time::Instant;

/// How long a name waits: as long as a change takes, as a rule.
const WAITS: Duration = Duration::from_secs(5);

/// Names that are not told yet.
#[derive(Clone, Debug, Default)]
pub(super) struct Elsewhere {
    held: Vec<Held>,
}

/// A name that waits.
#[derive(Clone, Debug)]
struct Held {
    name: EpochName,
    /// What there is to tell of it.
    lines: Vec<String>,
    due: Instant,
}

impl Elsewhere {
    /// Packets speak of a room of this name.
    pub(super) fn hold(&mut self, name: EpochName, lines: Vec<String>, now: Instant) {
        let due = now.checked_add(WAITS).unwrap_or(now);
        self.held.push(Held { name, lines, due });
    }

    /// Takes note of what this room is called.
    pub(super) fn hear(&mut self, event: &Event) {
        if let Event::Secure { name, .. } = event {
            self.held.retain(|held| held.name != *name);
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
    use mpotr::room::Event;
    use mpotr::{EpochName, Sid};
    use tokio::time::Instant;

    use super::{Elsewhere, WAITS};

    fn secure(name: EpochName) -> Event {
        Event::Secure {
            sid: Sid::new([9; 32]),
            name,
            parent: None,
            roster: Vec::new(),
        }
    }

    #[test]
    fn a_name_that_this_room_comes_to_bear_is_not_told_as_that_of_another() {
        let (mut elsewhere, now) = (Elsewhere::default(), Instant::now());
        let name = |byte| EpochName::new([byte; 16]);
        for byte in [1, 2] {
            elsewhere.hold(name(byte), vec![byte.to_string()], now);
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
        elsewhere.hold(one, vec!["1".to_owned()], now);
        elsewhere.hear(&secure(one));
        assert_eq!(elsewhere.due(), None);
        let later = now + WAITS / 2;
        elsewhere.hold(two, vec!["2".to_owned()], later);
        let last = later + WAITS / 2;
        elsewhere.hold(three, vec!["3".to_owned()], last);
        assert_eq!(elsewhere.due(), Some(later + WAITS));
        assert!(elsewhere.take(last).is_empty());
        assert_eq!(elsewhere.take(later + WAITS), ["2"]);
        assert_eq!(elsewhere.due(), Some(last + WAITS));
        assert_eq!(elsewhere.take(last + WAITS), ["3"]);
    }
}
