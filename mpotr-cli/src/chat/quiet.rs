//! Who has not been heard for some time, though others wait for its word. A member that is gone without a word is left out by the
//! room after a minute or so; until then a person is told what goes on, calmly and twice.
//!
//! What a member says between texts shows nowhere but in what is final: from when the room tells that texts are not final for
//! want of a member's word, that word has been missing for as long as the room's leeway.

use std::collections::BTreeMap;
use std::time::Duration;

use mpotr::IdentityKey;
use mpotr::room::Event;
use tokio::time::Instant;

use super::wording::count;

/// The least time for which a word is missing when the room tells of it (06-epochs, "Timers", `leeway`).
const MISSING: Duration = Duration::from_secs(10);

/// How long after that a person is told, and told again.
const TOLD_AFTER: [Duration; 2] = [Duration::from_secs(10), Duration::from_secs(30)];

/// Who is waited for, since when, and how often that was told.
#[derive(Clone, Debug, Default)]
pub(super) struct Quiet(BTreeMap<IdentityKey, Silence>);

#[derive(Clone, Copy, Debug)]
struct Silence {
    /// When the room told of it.
    told: Instant,
    times: usize,
}

impl Silence {
    /// When it is to be told next.
    fn due(&self) -> Option<Instant> {
        self.told.checked_add(*TOLD_AFTER.get(self.times)?)
    }

    /// The least time for which nothing was heard.
    fn lasts(&self, now: Instant) -> Duration {
        now.saturating_duration_since(self.told)
            .saturating_add(MISSING)
    }
}

impl Quiet {
    /// Takes note of what shows who is heard, and who is not.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others show neither")]
    pub(super) fn hear(&mut self, event: &Event, now: Instant) {
        match event {
            Event::Unsettled { waiting_for, .. } => {
                self.0.retain(|member, _| waiting_for.contains(member));
                for member in waiting_for {
                    let silence = Silence {
                        told: now,
                        times: 0,
                    };
                    self.0.entry(*member).or_insert(silence);
                }
            }
            Event::Message { author, .. } => {
                self.0.remove(author);
            }
            Event::Left { member } | Event::LeftOut { member } | Event::Replaced { member } => {
                self.0.remove(member);
            }
            Event::Settled | Event::Secure { .. } | Event::Behind | Event::Removed => {
                self.0.clear();
            }
            _ => {}
        }
    }

    /// The way to the room is lost: nobody can be heard.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    /// For how long a member was not heard at the least, if it is waited for.
    pub(super) fn since(&self, member: &IdentityKey, now: Instant) -> Option<Duration> {
        self.0.get(member).map(|silence| silence.lasts(now))
    }

    /// When there is something to tell, if there is.
    pub(super) fn due(&self) -> Option<Instant> {
        self.0.values().filter_map(Silence::due).min()
    }

    /// What there is to tell. `name` tells what a member is called.
    pub(super) fn tell(
        &mut self,
        now: Instant,
        name: impl Fn(&IdentityKey) -> String,
    ) -> Vec<String> {
        let mut lines = Vec::new();
        for (member, silence) in &mut self.0 {
            if silence.due().is_some_and(|due| due <= now) {
                silence.times = silence.times.saturating_add(1);
                let seconds = usize::try_from(silence.lasts(now).as_secs()).unwrap_or(usize::MAX);
                let line = format!(
                    "no word from {} for over {}; the talk goes on, and who says nothing for long is left out and can come \
                     in again",
                    name(member),
                    count(seconds, "second")
                );
                lines.push(line);
            }
        }
        lines
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mpotr::IdentityKey;
    use mpotr::room::{Event, Timestamp};
    use tokio::time::Instant;

    use super::Quiet;

    const BOB: IdentityKey = IdentityKey::new([2; 32]);
    const CAROL: IdentityKey = IdentityKey::new([3; 32]);

    fn unsettled(waiting_for: &[IdentityKey]) -> Event {
        Event::Unsettled {
            since: Timestamp::default(),
            count: 1,
            waiting_for: waiting_for.to_vec(),
        }
    }

    fn name(key: &IdentityKey) -> String {
        match *key {
            BOB => "bob".to_owned(),
            _ => "carol".to_owned(),
        }
    }

    #[test]
    fn who_is_not_heard_is_told_of_twice_with_how_long() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut quiet = Quiet::default();
        assert_eq!(quiet.due(), None);
        quiet.hear(&unsettled(&[CAROL]), begin);
        assert_eq!(quiet.due(), Some(at(10)));
        assert_eq!(quiet.tell(at(9), name), [""; 0]);
        assert!(quiet.tell(at(10), name)[0].starts_with("no word from carol for over 20 seconds;"));
        assert_eq!(quiet.due(), Some(at(30)));
        assert_eq!(quiet.tell(at(29), name), [""; 0]);
        assert!(quiet.tell(at(30), name)[0].starts_with("no word from carol for over 40 seconds;"));
        // To be told twice is enough: /members has it from then on.
        assert_eq!(quiet.due(), None);
        assert_eq!(quiet.since(&CAROL, at(31)), Some(Duration::from_secs(41)));
        assert_eq!(quiet.since(&BOB, at(31)), None);
    }

    #[test]
    fn who_is_heard_again_is_told_of_no_more() {
        let now = Instant::now();
        let mut quiet = Quiet::default();
        quiet.hear(&unsettled(&[BOB, CAROL]), now);
        quiet.hear(&unsettled(&[CAROL]), now);
        assert_eq!(quiet.since(&BOB, now), None);
        quiet.hear(&Event::LeftOut { member: CAROL }, now);
        assert_eq!(quiet.due(), None);
        for over in [Event::Settled, Event::Behind] {
            quiet.hear(&unsettled(&[BOB]), now);
            quiet.hear(&over, now);
            assert_eq!(quiet.due(), None);
        }
    }
}
