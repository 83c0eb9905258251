//! The epoch in this channel whose members let this one in, where there may be several.
//! `docs/spec/06-epochs.md`, "Hosts and newcomers".
//!
//! Each gets the time to let this member in, twice as long as the one before: a member that turned from one to the other at every
//! word would get nowhere.

use crate::time::{Duration, Timestamp};
use crate::wire::EpochName;

/// The time that a host gets doubles so many times.
const MAX_TURNS: u32 = 5;

/// Hosts.
#[derive(Debug)]
pub(crate) struct Hosts {
    /// The one that this member makes offers to.
    chosen: Option<EpochName>,
    /// Since when.
    since: Timestamp,
    /// How often this member has turned to another.
    turns: u32,
    /// Until when the members of an epoch are waited for, who have said that they are there.
    until: Timestamp,
}

impl Hosts {
    pub(crate) const fn new(now: Timestamp) -> Self {
        Self {
            chosen: None,
            since: now,
            turns: 0,
            until: now,
        }
    }

    /// The host.
    pub(crate) const fn chosen(&self) -> Option<EpochName> {
        self.chosen
    }

    /// Members of an epoch have said that they are there: they let in who waits, until then.
    pub(crate) const fn wait(&mut self, until: Timestamp) {
        self.until = until;
    }

    /// A member without an epoch has waited in vain: it forgets its host.
    pub(crate) fn give_up(&mut self, now: Timestamp) {
        if now >= self.until {
            self.chosen = None;
        }
    }

    /// Chooses a host, unless another still has its time: until then. Returns whether it is a new one.
    ///
    /// # Errors
    /// Until when the present one has its time.
    pub(crate) fn choose(
        &mut self,
        now: Timestamp,
        host: EpochName,
        first: Duration,
    ) -> Result<bool, Timestamp> {
        if self.chosen == Some(host) {
            return Ok(false);
        }
        if self.chosen.is_some() {
            let stay = first.saturating_mul(2_u32.saturating_pow(self.turns));
            let until = self.since.after(stay);
            if now < until {
                return Err(until);
            }
            self.turns = self.turns.saturating_add(1).min(MAX_TURNS);
        }
        self.chosen = Some(host);
        self.since = now;
        Ok(true)
    }

    /// This member has been let in.
    pub(crate) const fn be_let_in(&mut self) {
        self.chosen = None;
        self.turns = 0;
    }
}

#[cfg(test)]
mod tests {
    use super::Hosts;
    use crate::time::{Duration, Timestamp};
    use crate::wire::EpochName;

    const FIRST: Duration = Duration::from_secs(1);

    fn at(secs: u64) -> Timestamp {
        Timestamp::default().after(Duration::from_secs(secs))
    }

    #[test]
    fn each_host_gets_twice_as_long_as_the_one_before() {
        let mut hosts = Hosts::new(at(0));
        let [one, two] = [1, 2].map(|n| EpochName::new([n; 16]));
        assert_eq!(hosts.choose(at(0), one, FIRST), Ok(true));
        assert_eq!(hosts.choose(at(0), one, FIRST), Ok(false));
        assert_eq!(hosts.choose(at(0), two, FIRST), Err(at(1)));
        assert_eq!(hosts.choose(at(1), two, FIRST), Ok(true));
        assert_eq!(hosts.choose(at(2), one, FIRST), Err(at(3)));
        hosts.be_let_in();
        assert_eq!(hosts.chosen(), None);
        assert_eq!(hosts.choose(at(2), one, FIRST), Ok(true));
        assert_eq!(hosts.choose(at(3), two, FIRST), Ok(true));
    }

    #[test]
    fn a_host_that_lets_nobody_in_is_forgotten() {
        let mut hosts = Hosts::new(at(0));
        hosts.wait(at(10));
        let host = EpochName::new([1; 16]);
        hosts.choose(at(0), host, FIRST).unwrap();
        hosts.give_up(at(9));
        assert_eq!(hosts.chosen(), Some(host));
        hosts.give_up(at(10));
        assert_eq!(hosts.chosen(), None);
    }
}
