//! Whether the carrier is there, and what a person is told of it.

use std::time::Duration;

use mpotr_transport::Retry;
use tokio::time::Instant;

use crate::address::Place;

/// How long a program that nobody watches tries to reach its carrier again: a script has to end.
pub(super) const UNWATCHED: Duration = Duration::from_secs(600);

/// A person who waits is not kept waiting for much longer than the carrier is away.
const MOST_WATCHED: Duration = Duration::from_secs(5);

/// As long as nothing else is the reason, that the carrier is still away is told once in such a time.
const TOLD_AGAIN: Duration = Duration::from_secs(60);

/// How often to try: until the person has enough, or for so long where nobody is at a terminal.
pub(super) fn retry(is_watched: bool) -> Retry {
    let usual = Retry::default();
    match is_watched {
        true => Retry {
            most: MOST_WATCHED,
            ..usual
        },
        false => Retry {
            give_up: Some(UNWATCHED),
            ..usual
        },
    }
}

/// The way to the carrier.
#[derive(Clone, Debug)]
pub(super) struct Link {
    /// The carrier, as a person knows it.
    name: String,
    loss: Option<Loss>,
}

/// The carrier is away.
#[derive(Clone, Debug)]
struct Loss {
    since: Instant,
    /// Why it was not reached, and when that was told last.
    told: Option<(String, Instant)>,
}

impl Link {
    /// The carrier is there.
    pub(super) fn new(place: &Place) -> Self {
        Self {
            name: format!("{} {place}", place.what()),
            loss: None,
        }
    }

    /// The carrier, as a person knows it.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// Whether anything can be sent.
    pub(super) fn is_up(&self) -> bool {
        self.loss.is_none()
    }

    /// The carrier is lost, or was not reached. Returns what to say: each reason once, and now and then that nothing has changed.
    pub(super) fn lost(&mut self, reason: &str, now: Instant) -> Option<String> {
        let name = &self.name;
        let Some(loss) = &mut self.loss else {
            self.loss = Some(Loss {
                since: now,
                told: None,
            });
            return Some(format!(
                "lost the {name}: {reason}; what is typed waits; trying to reach it again"
            ));
        };
        let is_told =
            |(told, at): &(String, Instant)| told == reason && now.duration_since(*at) < TOLD_AGAIN;
        if loss.told.as_ref().is_some_and(is_told) {
            return None;
        }
        let before = loss.told.replace((reason.to_owned(), now));
        let is_same = before.is_some_and(|(told, _)| told == reason);
        Some(match is_same {
            true => format!(
                "still cannot reach the {name}, for {} s now: {reason}",
                now.duration_since(loss.since).as_secs()
            ),
            false => format!("cannot reach the {name}: {reason}; this is tried again and again"),
        })
    }

    /// The carrier is there again. Returns what to say.
    pub(super) fn restored(&mut self) -> String {
        self.loss = None;
        format!("the {} is there again", self.name)
    }

    /// What a list of who is there says of a carrier that is away.
    pub(super) fn away(&self, now: Instant) -> Option<String> {
        let since = self.loss.as_ref()?.since;
        Some(format!(
            "the {} is away for {} s, and tried again: who is there now is not known, and what is typed waits",
            self.name,
            now.duration_since(since).as_secs()
        ))
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use tokio::time::Instant;

    use super::{Link, MOST_WATCHED, TOLD_AGAIN, retry};
    use crate::address::Place;

    #[test]
    fn a_loss_is_told_by_its_reason_and_then_each_other_reason_once_in_a_minute() {
        let mut link = Link::new(&"mpotr://r:1".parse::<Place>().unwrap());
        let start = Instant::now();
        let at = |seconds| start + Duration::from_secs(seconds);
        assert!(link.is_up() && link.away(start).is_none());
        assert_eq!(
            link.lost("the connection is closed", start).unwrap(),
            "lost the relay r:1: the connection is closed; what is typed waits; trying to reach it again"
        );
        let refused =
            "cannot reach the relay r:1: Connection refused; this is tried again and again";
        assert_eq!(link.lost("Connection refused", at(1)).unwrap(), refused);
        for second in 2..60 {
            assert_eq!(link.lost("Connection refused", at(second)), None);
        }
        assert!(
            link.lost("timed out", at(60))
                .unwrap()
                .contains("timed out")
        );
        assert_eq!(link.lost("Connection refused", at(62)).unwrap(), refused);
        assert_eq!(
            link.lost("Connection refused", at(62) + TOLD_AGAIN)
                .unwrap(),
            "still cannot reach the relay r:1, for 122 s now: Connection refused"
        );
        assert_eq!(
            link.away(at(130)).unwrap(),
            "the relay r:1 is away for 130 s, and tried again: who is there now is not known, and what is typed waits"
        );
        assert!(!link.is_up());
        assert_eq!(link.restored(), "the relay r:1 is there again");
        assert!(link.is_up() && link.away(at(131)).is_none());
    }

    #[test]
    fn only_a_person_can_wait_for_ever_and_does_not_wait_long() {
        assert_eq!(retry(true).give_up, None);
        assert_eq!(retry(true).most, MOST_WATCHED);
        assert_eq!(retry(false).give_up, Some(Duration::from_secs(600)));
    }
}
