//! How often each member has held up the texts of this one. `docs/spec/06-epochs.md`, "Talking".
//!
//! It is counted by identity, and outlives an epoch: fresh keys, for which any member may ask, wipe nothing out. Time does.

use std::collections::BTreeMap;

use mpotr_crypto::IdentityKey;

use crate::time::{Duration, Timestamp};

/// So often a member holds texts up for longer than an answer takes before it is not waited for.
const MOST: u32 = 4;

/// After so long without a delay, one is forgotten: who had a bad minute is waited for again, and who is slow on purpose gains
/// one delay a minute.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(60);

/// How often each member has held up texts of late, and when it did so last.
#[derive(Debug, Default)]
pub(super) struct Delays(BTreeMap<IdentityKey, (u32, Timestamp)>);

impl Delays {
    /// These have held up a text once more: those of them that are not to be waited for.
    pub(super) fn note(&mut self, now: Timestamp, late: Vec<IdentityKey>) -> Vec<IdentityKey> {
        self.0.retain(|_, (count, at)| left(now, *count, *at) > 0);
        let is_to_lag = |member: &IdentityKey| {
            let (count, at) = self.0.entry(*member).or_insert((0, now));
            *count = left(now, *count, *at).saturating_add(1);
            *at = now;
            *count >= MOST
        };
        late.into_iter().filter(is_to_lag).collect()
    }
}

/// How many of so many delays are not forgotten, the last of which was then.
fn left(now: Timestamp, count: u32, last: Timestamp) -> u32 {
    let since = now.since(last).as_millis();
    let forgotten = since.checked_div(FORGOTTEN_AFTER.as_millis());
    let forgotten = forgotten.and_then(|forgotten| u32::try_from(forgotten).ok());
    count.saturating_sub(forgotten.unwrap_or(u32::MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    const BOB: IdentityKey = IdentityKey::new([2; 32]);
    const EVE: IdentityKey = IdentityKey::new([3; 32]);

    fn second(seconds: u64) -> Timestamp {
        Timestamp::default().after(Duration::from_secs(seconds))
    }

    #[test]
    fn who_is_late_for_the_fourth_time_is_not_waited_for_and_nobody_else() {
        let mut delays = Delays::default();
        for n in 0..3 {
            assert_eq!(delays.note(second(n), vec![EVE]), []);
        }
        assert_eq!(delays.note(second(4), vec![BOB, EVE]), [EVE]);
        assert_eq!(delays.note(second(5), vec![BOB]), []);
    }

    #[test]
    fn a_delay_is_forgotten_for_each_minute_without_another() {
        let mut delays = Delays::default();
        for n in 0..3 {
            delays.note(second(n), vec![EVE]);
        }
        // Two of three are forgotten after two minutes.
        assert_eq!(delays.note(second(2 + 120), vec![EVE]), []);
        assert_eq!(delays.note(second(123), vec![EVE]), []);
        assert_eq!(delays.note(second(124), vec![EVE]), [EVE]);
        delays.note(second(10_000), vec![BOB]);
        assert_eq!(delays.0.len(), 1, "nothing is kept of who is not late");
    }
}
