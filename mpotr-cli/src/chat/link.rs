//! Whether the carrier is there, and what a person is told of it.

use std::time::Duration;

use mpotr_transport::Retry;

use crate::address::Place;

/// How long a program that nobody watches tries to reach its carrier again: a script has to end.
const UNWATCHED: Duration = Duration::from_secs(600);

/// How often to try: until the person has enough, or for so long where nobody is at a terminal.
pub(super) fn retry(is_watched: bool) -> Retry {
    Retry {
        give_up: (!is_watched).then_some(UNWATCHED),
        ..Retry::default()
    }
}

/// The way to the carrier.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// The carrier, as a person knows it.
    name: String,
    is_up: bool,
}

impl Link {
    /// The carrier is there.
    pub(super) fn new(place: &Place) -> Self {
        Self {
            name: format!("{} {place}", place.what()),
            is_up: true,
        }
    }

    /// Whether anything can be sent.
    pub(super) fn is_up(&self) -> bool {
        self.is_up
    }

    /// The carrier is lost, or was not reached. Returns what to say.
    pub(super) fn lost(&mut self, reason: &str, attempt: u32, wait: Duration) -> String {
        let again = format!("attempt {attempt} in {:.1} s", wait.as_secs_f32());
        match core::mem::replace(&mut self.is_up, false) {
            true => format!(
                "lost the {}: {reason}; what is typed waits; {again}",
                self.name
            ),
            false => format!("cannot reach the {}: {reason}; {again}", self.name),
        }
    }

    /// The carrier is there again. Returns what to say.
    pub(super) fn restored(&mut self) -> String {
        self.is_up = true;
        format!("the {} is there again", self.name)
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Link, retry};
    use crate::address::Place;

    #[test]
    fn a_loss_is_told_by_its_reason_and_then_each_attempt() {
        let mut link = Link::new(&"mpotr://r:1".parse::<Place>().unwrap());
        assert!(link.is_up());
        assert_eq!(
            link.lost("the connection is closed", 1, Duration::from_millis(300)),
            "lost the relay r:1: the connection is closed; what is typed waits; attempt 1 in 0.3 s"
        );
        assert_eq!(
            link.lost("Connection refused", 2, Duration::from_millis(700)),
            "cannot reach the relay r:1: Connection refused; attempt 2 in 0.7 s"
        );
        assert!(!link.is_up());
        assert_eq!(link.restored(), "the relay r:1 is there again");
        assert!(link.is_up());
    }

    #[test]
    fn only_a_person_can_wait_for_ever() {
        assert_eq!(retry(true).give_up, None);
        assert_eq!(retry(false).give_up, Some(Duration::from_secs(600)));
    }
}
