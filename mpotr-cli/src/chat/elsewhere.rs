//! Other rooms of which packets speak. A room that this one becomes may be named before it is here, by a member that has gone on
//! first: so a name is told of a moment later, if this room has not come to bear it.

use std::time::Duration;

use mpotr::EpochName;
use mpotr::room::Event;
use tokio::time::Instant;

/// How long a name waits: as long as a change takes, as a rule.
const WAITS: Duration = Duration::from_secs(5);

/// Names that are not told yet, each with what there is to tell.
#[derive(Clone, Debug, Default)]
pub(super) struct Elsewhere {
    held: Vec<(EpochName, Vec<String>)>,
    due: Option<Instant>,
}

impl Elsewhere {
    /// Packets speak of a room of this name.
    pub(super) fn hold(&mut self, name: EpochName, lines: Vec<String>, now: Instant) {
        self.held.push((name, lines));
        self.due
            .get_or_insert_with(|| now.checked_add(WAITS).unwrap_or(now));
    }

    /// Takes note of what this room is called.
    pub(super) fn hear(&mut self, event: &Event) {
        if let Event::Secure { name, .. } = event {
            self.held.retain(|(held, _)| held != name);
        }
    }

    /// When there is something to tell, if there is.
    pub(super) fn due(&self) -> Option<Instant> {
        self.due.filter(|_| !self.held.is_empty())
    }

    /// What there is to tell, once.
    pub(super) fn take(&mut self) -> Vec<String> {
        self.due = None;
        let held = core::mem::take(&mut self.held).into_iter();
        held.flat_map(|(_, lines)| lines).collect()
    }
}

#[cfg(test)]
mod tests {
    use mpotr::room::Event;
    use mpotr::{EpochName, Sid};
    use tokio::time::Instant;

    use super::{Elsewhere, WAITS};

    #[test]
    fn a_name_that_this_room_comes_to_bear_is_not_told_as_that_of_another() {
        let (mut elsewhere, now) = (Elsewhere::default(), Instant::now());
        let name = |byte| EpochName::new([byte; 16]);
        for byte in [1, 2] {
            elsewhere.hold(name(byte), vec![byte.to_string()], now);
        }
        assert_eq!(elsewhere.due(), Some(now + WAITS));
        elsewhere.hear(&Event::Secure {
            sid: Sid::new([9; 32]),
            name: name(1),
            parent: None,
            roster: Vec::new(),
        });
        assert_eq!(elsewhere.take(), ["2"]);
        assert_eq!(elsewhere.due(), None);
    }
}
