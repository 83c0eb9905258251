//! Who has not been heard for some time, though others wait for its word. A member that is gone without a word is left out by the
//! room after a minute or so; until then a person is told what goes on, calmly and twice.
//!
//! What a member says between texts shows nowhere but in what is final: from when the room tells that texts are not final for
//! want of a member's word, that word has been missing for as long as the room's leeway. It names at one moment, too, who has
//! only not acknowledged the last of them yet, and with one that is gone nothing is final for long: so the room is asked again
//! whose word it waits for, before a person is told.

use std::collections::BTreeMap;
use std::time::Duration;

use mpotr::{IdentityKey, LastHeard, Membership, Message, Misconduct, Order, Told};
use tokio::time::Instant;

use super::wording::count;

/// The least time for which a word is missing when the room tells of it (06-epochs, "Timers", `leeway`).
const MISSING: Duration = Duration::from_secs(10);

/// Who was only late with its word has given it by then.
const LATE: Duration = Duration::from_secs(3);

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
    /// Whether the room was asked since then.
    is_sure: bool,
}

impl Silence {
    /// When it is to be told next.
    fn due(&self) -> Option<Instant> {
        let after = match self.is_sure {
            true => *TOLD_AFTER.get(self.times)?,
            false => LATE,
        };
        self.told.checked_add(after)
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
    pub(super) fn hear(&mut self, event: &Told, now: Instant) {
        match event {
            Told::Order(Order::Unsettled { waiting_for, .. }) => {
                self.0.retain(|member, _| waiting_for.contains(member));
                for member in waiting_for {
                    let silence = Silence {
                        told: now,
                        times: 0,
                        is_sure: false,
                    };
                    self.0.entry(*member).or_insert(silence);
                }
            }
            Told::Message(Message::Text { author, .. }) => {
                self.0.remove(author);
            }
            Told::Membership(Membership::Left { identity: member })
            | Told::Membership(Membership::LeftOut { identity: member })
            | Told::Misconduct(Misconduct::Replaced { identity: member }) => {
                self.0.remove(member);
            }
            Told::Order(Order::Settled)
            | Told::Membership(Membership::Secure { .. })
            | Told::Membership(Membership::Behind)
            | Told::Membership(Membership::Removed) => {
                self.0.clear();
            }
            _ => {}
        }
    }

    /// The way to the room is lost: nobody can be heard.
    pub(super) fn forget(&mut self) {
        self.0.clear();
    }

    /// For how long a member was not heard at the least, if it is waited for. `heard` tells how long ago each was heard, and whom the
    /// room still waits for.
    pub(super) fn since(
        &self,
        member: &IdentityKey,
        heard: &LastHeard,
        now: Instant,
    ) -> Option<Duration> {
        let silence = self.0.get(member)?;
        match heard.members.get(member) {
            Some(_) if !heard.waited_for.contains(member) => None,
            Some(since) => Some(silence.lasts(now).min(*since)).filter(|it| *it >= MISSING),
            None => Some(silence.lasts(now)),
        }
    }

    /// Whether a member is waited for, as far as was heard.
    pub(super) fn has(&self, member: &IdentityKey) -> bool {
        self.0.contains_key(member)
    }

    /// The room says how long ago it heard each, and whom it still waits for: who has given its word is not waited for, and who was
    /// heard meanwhile is silent since then.
    fn look(&mut self, heard: &LastHeard, now: Instant) {
        let is_waited_for = |member: &IdentityKey| {
            heard.waited_for.contains(member) || !heard.members.contains_key(member)
        };
        self.0.retain(|member, _| is_waited_for(member));
        for (member, silence) in &mut self.0 {
            silence.is_sure = true;
            let since = heard.members.get(member).copied();
            let heard = since.and_then(|since| now.checked_sub(since));
            let as_if_told = heard.and_then(|heard| heard.checked_add(MISSING));
            silence.told = silence.told.max(as_if_told.unwrap_or(silence.told));
        }
    }

    /// When there is something to tell, if there is.
    pub(super) fn due(&self) -> Option<Instant> {
        self.0.values().filter_map(Silence::due).min()
    }

    /// What there is to tell. `heard` is what the room knows of each now, and `name` tells what a member is called.
    pub(super) fn tell(
        &mut self,
        now: Instant,
        heard: &LastHeard,
        name: impl Fn(&IdentityKey) -> String,
    ) -> Vec<String> {
        self.look(heard, now);
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

    use mpotr::{IdentityKey, LastHeard, Membership, Order, Told};
    use tokio::time::Instant;

    use super::{LATE, Quiet};

    const BOB: IdentityKey = IdentityKey::new([2; 32]);
    const CAROL: IdentityKey = IdentityKey::new([3; 32]);

    fn unsettled(waiting_for: &[IdentityKey]) -> Told {
        Told::Order(Order::Unsettled {
            since: 0,
            count: 1,
            waiting_for: waiting_for.to_vec(),
        })
    }

    fn name(key: &IdentityKey) -> String {
        match *key {
            BOB => "bob".to_owned(),
            _ => "carol".to_owned(),
        }
    }

    /// What the room knows of Bob and Carol: when they were heard, in seconds ago, and whom it waits for.
    fn heard(bob: u64, carol: u64, waited_for: &[IdentityKey]) -> LastHeard {
        let members = [(BOB, bob), (CAROL, carol)];
        LastHeard {
            members: members
                .map(|(key, ago)| (key, Duration::from_secs(ago)))
                .into(),
            waited_for: waited_for.iter().copied().collect(),
            ..LastHeard::default()
        }
    }

    #[test]
    fn who_is_not_heard_is_told_of_twice_with_how_long() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut quiet = Quiet::default();
        assert_eq!(quiet.due(), None);
        quiet.hear(&unsettled(&[CAROL]), begin);
        // The room is asked once soon after.
        assert_eq!(quiet.due(), Some(begin + LATE));
        let silent = |ago| heard(0, ago, &[CAROL]);
        assert_eq!(quiet.tell(at(3), &silent(13), name), [""; 0]);
        assert_eq!(quiet.due(), Some(at(10)));
        assert_eq!(quiet.tell(at(9), &silent(19), name), [""; 0]);
        let told = quiet.tell(at(10), &silent(20), name);
        assert!(told[0].starts_with("no word from carol for over 20 seconds;"));
        assert_eq!(quiet.due(), Some(at(30)));
        assert_eq!(quiet.tell(at(29), &silent(39), name), [""; 0]);
        let told = quiet.tell(at(30), &silent(40), name);
        assert!(told[0].starts_with("no word from carol for over 40 seconds;"));
        // To be told twice is enough: /members has it from then on.
        assert_eq!(quiet.due(), None);
        let since = |key, heard: LastHeard| quiet.since(&key, &heard, at(31));
        let told = Some(Duration::from_secs(41));
        for heard in [silent(41), silent(50), LastHeard::default()] {
            assert_eq!(since(CAROL, heard), told);
        }
        assert_eq!(since(BOB, silent(41)), None);
    }

    /// Nothing is final for want of Carol, and Bob reads on.
    #[test]
    fn who_has_given_its_word_or_is_heard_is_not_said_to_be_silent() {
        let begin = Instant::now();
        let at = |seconds| begin + Duration::from_secs(seconds);
        let mut quiet = Quiet::default();
        quiet.hear(&unsettled(&[BOB, CAROL]), begin);
        // It has not, but it speaks.
        let both = heard(1, 13, &[BOB, CAROL]);
        assert_eq!(quiet.since(&BOB, &both, at(3)), None);
        assert!(quiet.since(&CAROL, &both, at(3)).is_some());
        assert_eq!(quiet.tell(at(3), &both, name), [""; 0]);
        let told = quiet.tell(at(10), &heard(8, 20, &[BOB, CAROL]), name);
        assert!(
            matches!(&told[..], [one] if one.starts_with("no word from carol")),
            "{told:?}"
        );
        // For as long as it was then.
        assert_eq!(quiet.due(), Some(at(22)));
        let told = quiet.tell(at(22), &heard(20, 32, &[BOB, CAROL]), name);
        assert!(
            matches!(&told[..], [one] if one.starts_with("no word from bob for over 20 seconds")),
            "{told:?}"
        );
        // Its word is there.
        assert_eq!(quiet.since(&BOB, &heard(30, 40, &[CAROL]), at(30)), None);
        let told = quiet.tell(at(30), &heard(30, 40, &[CAROL]), name);
        assert!(
            matches!(&told[..], [one] if one.starts_with("no word from carol")),
            "{told:?}"
        );
        assert!(!quiet.has(&BOB) && quiet.has(&CAROL));
    }

    #[test]
    fn who_is_heard_again_is_told_of_no_more() {
        let now = Instant::now();
        let mut quiet = Quiet::default();
        quiet.hear(&unsettled(&[BOB, CAROL]), now);
        quiet.hear(&unsettled(&[CAROL]), now);
        assert!(!quiet.has(&BOB));
        quiet.hear(
            &Told::Membership(Membership::LeftOut { identity: CAROL }),
            now,
        );
        assert_eq!(quiet.due(), None);
        for over in [
            Told::Order(Order::Settled),
            Told::Membership(Membership::Behind),
        ] {
            quiet.hear(&unsettled(&[BOB]), now);
            quiet.hear(&over, now);
            assert_eq!(quiet.due(), None);
        }
    }
}
