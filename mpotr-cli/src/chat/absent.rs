//! Who is still to come before the room begins: told at once, and again after times that grow.
//! `docs/spec/09-chat-payload.md`, "Terminal".

use std::time::Duration;

use mpotr::{IdentityKey, LastHeard, Membership, Told, Waiting, WaitingReason};
use tokio::time::Instant;

use super::Chat;
use super::conversation::Conversation;
use super::outcome::NotBegun;
use super::wording::{count, enumerated};

/// When it is told for the second time; each further wait is twice as long.
const FIRST: Duration = Duration::from_secs(30);

/// It is told no more seldom than that.
const LONGEST: Duration = Duration::from_secs(3600);

/// So many are named.
const NAMED: usize = 8;

/// For how long others are awaited, and when that is told again.
#[derive(Clone, Debug)]
pub(super) struct Absent {
    since: Instant,
    next: Option<Instant>,
    wait: Duration,
    /// How many are there, and with how many the room begins, as the room has told it last.
    gathered: Option<(usize, usize)>,
    /// Whether nobody is there who could give up: then it is told how a script does.
    is_for_ever: bool,
}

impl Absent {
    /// The wait begins.
    pub(super) fn new(now: Instant) -> Self {
        Self {
            since: now,
            next: now.checked_add(FIRST),
            wait: FIRST,
            gathered: None,
            is_for_ever: false,
        }
    }

    /// Nobody sits here who could give up, and no end of it was named.
    pub(super) const fn is_for_ever(&mut self) {
        self.is_for_ever = true;
    }

    /// Takes note of what happens.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all others are of no beginning"
    )]
    pub(super) const fn hear(&mut self, event: &Told) {
        match event {
            Told::Membership(Membership::Secure { .. }) => self.next = None,
            Told::Waiting(Waiting::For {
                reason: WaitingReason::Gathering { have, want },
                ..
            }) => self.gathered = Some((*have, *want)),
            _ => {}
        }
    }

    /// When there is something to tell, if there is.
    pub(super) const fn due(&self) -> Option<Instant> {
        self.next
    }

    /// For how long others have been awaited, if that is to be told now.
    fn take(&mut self, now: Instant) -> Option<Duration> {
        self.next.filter(|next| *next <= now)?;
        self.wait = self.wait.saturating_mul(2).min(LONGEST);
        self.next = now.checked_add(self.wait);
        Some(now.saturating_duration_since(self.since))
    }
}

/// How long a person has said that the room may take to begin.
#[derive(Clone, Copy, Debug)]
pub(super) struct Patience {
    seconds: u32,
    /// When that is over; never, where no clock goes so far.
    pub(super) ends: Option<Instant>,
}

impl Patience {
    /// So many seconds from now on.
    pub(super) fn new(seconds: u32) -> Self {
        let ends = Instant::now().checked_add(Duration::from_secs(seconds.into()));
        Self { seconds, ends }
    }
}

impl Chat<'_> {
    /// The room has not begun in the time that it may take: this member leaves, as one that is asked to stop.
    pub(super) async fn give_up(&mut self, patience: Patience) {
        let why = match self.link.is_up() {
            true => self.conversation.awaits(&self.last_heard().await),
            false => "the way to the room is lost".to_owned(),
        };
        let (seconds, is_there) = (patience.seconds, self.conversation.is_room_there);
        self.outcome.gave_up(NotBegun {
            seconds,
            is_there,
            why,
        });
        self.is_leaving = true;
        // If the room has ended, an event says so.
        let _ended = self.handle.stop().await;
    }
}

impl Conversation {
    /// What to say now and then as long as the room has not begun. `heard` tells how long ago each was heard, where that is known.
    pub(super) fn tells_of_absent(&mut self, now: Instant, heard: &LastHeard) -> Option<String> {
        let lasts = self.absent.take(now)?;
        // That others keep other rules is told again and again by itself.
        let is_told = self.differing.is_any() && self.not_heard(heard).is_empty();
        (!is_told).then(|| {
            let (state, lasts) = (self.not_in(), spoken(lasts));
            let ends = match self.absent.is_for_ever {
                true => "; with --wait SECONDS this would be given up",
                false => "",
            };
            format!("{state} for {lasts}: {}{ends}", self.awaits(heard))
        })
    }

    /// What to say at the start of those that have to come; nothing, where that is not known.
    pub(super) fn names_absent(&self) -> Option<String> {
        let not_heard = self.not_heard(&LastHeard::default());
        (!not_heard.is_empty()).then(|| self.not_here(&not_heard))
    }

    /// How far this member is from being in the room.
    pub(super) const fn not_in(&self) -> &'static str {
        match self.is_room_there {
            true => "you are not in the room",
            false => "the room has not begun",
        }
    }

    /// What is missing before the room begins, or before this member is in it, in few words.
    fn awaits(&self, heard: &LastHeard) -> String {
        if self.is_room_there {
            return "it is there already, and its members have not let you in".to_owned();
        }
        let not_heard = self.not_heard(heard);
        if !not_heard.is_empty() {
            return self.not_here(&not_heard);
        }
        if self.differing.is_any() {
            return format!("{} other rules than you", self.who_keep());
        }
        let listed = self.waiting.listed();
        let there = listed.iter().filter(|it| !is_gone(it, heard)).count();
        match (there, self.absent.gathered) {
            (0, _) if listed.is_empty() => "nobody else has come".to_owned(),
            (0, _) => "who has come was not heard for some time".to_owned(),
            (_, Some((have, want))) if have < want => format!("{have} of {want} are there"),
            _ if self.door.expected().next().is_some() => {
                format!(
                    "all of {} are there, and have not agreed on a key yet",
                    self.door.named_by()
                )
            }
            (1, _) => "1 other is there; each has to let in the other".to_owned(),
            _ => format!("{there} others are there; each has to let in all others"),
        }
    }

    /// Those of --with of whom nothing was heard, or nothing for some time.
    fn not_heard(&self, last: &LastHeard) -> Vec<IdentityKey> {
        let is_in = |key: &IdentityKey| self.others.as_ref().is_some_and(|it| it.contains(key));
        let came = |key: &IdentityKey| self.waiting.heard().any(|heard| heard == *key);
        let expected = self.door.expected();
        expected
            .filter(|key| !is_in(key) && (!came(key) || is_gone(key, last)))
            .copied()
            .collect()
    }

    fn not_here(&self, missing: &[IdentityKey]) -> String {
        let mut names: Vec<_> = missing
            .iter()
            .take(NAMED)
            .map(|it| self.called(it))
            .collect();
        if let Some(more @ 1..) = missing.len().checked_sub(NAMED) {
            names.push(format!("{more} more"));
        }
        format!("not here: {}", enumerated(&names))
    }

    /// The lines on those who are awaited, for a list of who is there.
    pub(super) fn lists_absent(&self, heard: &LastHeard) -> Vec<String> {
        let then = match (self.is_secure(), self.is_room_there) {
            (true, _) => "not in the room".to_owned(),
            (false, true) => "not heard here outside; it may be in the room".to_owned(),
            (false, false) => format!(
                "not here; the room begins when all of {} are",
                self.door.named_by()
            ),
        };
        // Who has come and was not heard for some time is listed as one that has waited.
        let listed = self.waiting.listed();
        let mut lines: Vec<_> = self
            .not_heard(heard)
            .iter()
            .filter(|it| !listed.contains(it))
            .map(|it| format!("  {} ({then})", self.names.line(it)))
            .collect();
        if (lines.is_empty() || self.is_room_there) && !self.is_secure() {
            lines.push(format!("  {}: {}", self.not_in(), self.awaits(heard)));
        }
        lines
    }
}

/// Whether one that has come was not heard for so long that it is gone, most likely.
fn is_gone(key: &IdentityKey, last: &LastHeard) -> bool {
    let since = last.outside.get(key);
    since.is_some_and(|since| *since > last.fresh)
}

/// A time as people say it.
fn spoken(time: Duration) -> String {
    let number = |seconds: u64| usize::try_from(seconds).unwrap_or(usize::MAX);
    let minutes = time.as_secs().div_euclid(60);
    match minutes {
        0..2 => count(number(time.as_secs()), "second"),
        2..120 => count(number(minutes), "minute"),
        _ => count(number(minutes.div_euclid(60)), "hour"),
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mpotr::{IdentityKey, LastHeard, Told, Waiting, WaitingReason};
    use mpotr_formats::Nick;
    use tokio::time::Instant;

    use super::{Absent, Conversation, LONGEST};
    use crate::chat::door::Door;
    use crate::chat::testing::{secure, waits, wants_in};

    const ME: IdentityKey = IdentityKey::new([1; 32]);
    const BOB: IdentityKey = IdentityKey::new([2; 32]);
    const CAROL: IdentityKey = IdentityKey::new([3; 32]);

    fn room(door: Door) -> Conversation {
        Conversation::new(ME, &Nick::new("me").unwrap(), door)
    }

    fn for_two() -> Conversation {
        let files = [(BOB, "bob.pub"), (CAROL, "carol.pub")];
        room(Door::With(
            files.map(|(key, file)| (key, file.to_owned())).into(),
        ))
    }

    #[test]
    fn the_times_between_grow_to_an_hour_and_end_when_the_room_begins() {
        let begin = Instant::now();
        let mut absent = Absent::new(begin);
        let mut now = begin;
        let mut waits = Vec::new();
        for _ in 0..10 {
            let due = absent.due().unwrap();
            assert_eq!(absent.take(due - Duration::from_millis(1)), None);
            waits.push((due - now).as_secs());
            assert_eq!(absent.take(due), Some(due - begin));
            now = due;
        }
        assert_eq!(waits, [30, 60, 120, 240, 480, 960, 1920, 3600, 3600, 3600]);
        assert_eq!(LONGEST.as_secs(), 3600);
        absent.hear(&secure(9, &[]));
        assert_eq!(absent.due(), None);
    }

    #[test]
    fn those_of_with_are_named_until_they_are_heard() {
        let mut room = for_two();
        let [bob, carol] = [BOB, CAROL].map(|it| room.called(&it));
        assert!(bob.ends_with(" (bob.pub)"), "{bob}");
        let told = room.names_absent().unwrap();
        assert!(
            told.starts_with("not here: ") && told.contains(" and "),
            "{told}"
        );
        room.hear(wants_in(BOB));
        let later = room.absent.since + Duration::from_secs(90);
        assert_eq!(
            room.tells_of_absent(later, &LastHeard::default()).unwrap(),
            format!("the room has not begun for 90 seconds: not here: {carol}")
        );
        room.absent.is_for_ever();
        let still_later = later + Duration::from_secs(90);
        assert_eq!(
            room.tells_of_absent(still_later, &LastHeard::default())
                .unwrap(),
            format!(
                "the room has not begun for 3 minutes: not here: {carol}; with --wait SECONDS this would be given up"
            )
        );
        let listed = room.members(&LastHeard::default());
        let lines: Vec<_> = listed
            .iter()
            .filter(|it| it.contains("not here; "))
            .collect();
        assert!(
            matches!(&lines[..], [one] if one.contains("carol.pub")),
            "{listed:?}"
        );
        room.hear(wants_in(CAROL));
        assert_eq!(room.names_absent(), None);
        assert_eq!(
            room.awaits(&LastHeard::default()),
            "all of --with are there, and have not agreed on a key yet"
        );
    }

    /// Why no room begins is told in place of a number, and once.
    #[test]
    fn who_keeps_other_rules_is_what_is_waited_for() {
        let mut room = room(Door::Open);
        room.hear(wants_in(BOB));
        let differ = WaitingReason::RulesDiffer {
            policy: mpotr::Policy::default(),
            by: vec![BOB],
        };
        room.differing.hear(&waits(differ));
        let bob = room.called(&BOB);
        assert_eq!(
            room.awaits(&LastHeard::default()),
            format!("{bob} keeps other rules than you")
        );
        let later = room.absent.since + Duration::from_secs(90);
        assert_eq!(room.tells_of_absent(later, &LastHeard::default()), None);
    }

    #[test]
    fn where_anyone_may_come_it_is_told_that_nobody_or_too_few_have() {
        let mut room = room(Door::Open);
        assert_eq!(room.names_absent(), None);
        assert_eq!(room.awaits(&LastHeard::default()), "nobody else has come");
        room.hear(wants_in(BOB));
        let gathering = waits(WaitingReason::Gathering { have: 2, want: 3 });
        room.absent.hear(&gathering);
        assert_eq!(room.awaits(&LastHeard::default()), "2 of 3 are there");
        let listed = room.members(&LastHeard::default());
        assert!(
            listed.contains(&"  the room has not begun: 2 of 3 are there".to_owned()),
            "{listed:?}"
        );
    }

    /// Nothing begins for one that waits outside of a room that has.
    #[test]
    fn of_a_room_that_is_there_nothing_says_that_it_has_not_begun() {
        for door in [Door::Open, for_two().door] {
            let mut room = room(door);
            room.hear(wants_in(BOB));
            room.hear(waits(WaitingReason::Outside));
            let later = room.absent.since + Duration::from_secs(90);
            let told = room.tells_of_absent(later, &LastHeard::default()).unwrap();
            assert_eq!(
                told,
                "you are not in the room for 90 seconds: it is there already, and its members have not let you in"
            );
            let listed = room.members(&LastHeard::default());
            let is_untrue = |it: &String| it.contains("has not begun") || it.contains("begins");
            assert!(!listed.iter().any(is_untrue), "{listed:?}");
            assert!(
                listed
                    .iter()
                    .any(|it| it.contains("you are not in the room")),
                "{listed:?}"
            );
            // It may be gone again.
            room.hear(Told::Waiting(Waiting::Over {
                reason: WaitingReason::Outside,
            }));
            assert!(
                room.awaits(&LastHeard::default())
                    != "it is there already, and its members have not let you in"
            );
        }
    }

    /// Who came and is gone again without a word is not there.
    #[test]
    fn who_is_no_longer_heard_is_awaited_again() {
        let second = Duration::from_secs(1);
        let heard = |ago| LastHeard {
            outside: [(BOB, ago)].into(),
            fresh: 60 * second,
            ..LastHeard::default()
        };
        let mut with = for_two();
        let mut open = room(Door::Open);
        for room in [&mut with, &mut open] {
            room.hear(wants_in(BOB));
        }
        with.hear(wants_in(CAROL));
        let bob = with.called(&BOB);
        assert!(
            with.awaits(&heard(59 * second))
                .starts_with("all of --with are there")
        );
        assert_eq!(with.awaits(&heard(61 * second)), format!("not here: {bob}"));
        assert!(
            open.awaits(&heard(59 * second))
                .starts_with("1 other is there")
        );
        assert_eq!(
            open.awaits(&heard(61 * second)),
            "who has come was not heard for some time"
        );
        let listed = with.members(&heard(61 * second));
        assert_eq!(
            listed.iter().filter(|it| it.contains("bob.pub")).count(),
            2,
            "{listed:?}"
        );
    }

    #[test]
    fn of_many_only_some_are_named() {
        let key = |number| IdentityKey::new([number; 32]);
        let all = (10..30).map(|number| (key(number), format!("{number}.pub")));
        let told = room(Door::With(all.collect())).names_absent().unwrap();
        assert!(told.ends_with(" and 12 more"), "{told}");
    }
}
