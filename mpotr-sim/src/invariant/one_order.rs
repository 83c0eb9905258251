//! I3: final prefixes of honest members in one epoch are prefixes of one another; and nobody is told of a fork where
//! there is not one.
//!
//! What becomes final because its epoch ends is final for those who move on together: the others may have written more, and
//! end the epoch in another way.
//!
//! The digest of a prefix is a hash chain: equal digests of one length mean that all shorter prefixes are equal, too.

use mpotr_core::Event;

use super::Seen;
use crate::ledger::FinalPrefix;

#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "the others say nothing about the order"
)]
pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    match seen.event {
        Event::Final { count, digest, .. } => {
            let Some((sid, record)) = seen.before.epoch_of(seen.seat) else {
                return Err("was told of a final order outside any epoch".to_owned());
            };
            let others = record.finals.get(count).into_iter().flatten();
            let conflict = others
                .filter(|other| {
                    let moved_apart = seen.successor.is_some()
                        && other.successor.is_some()
                        && seen.successor != other.successor;
                    !moved_apart
                })
                .find(|other| other.digest != *digest);
            match conflict {
                Some(FinalPrefix { seat, .. }) => Err(format!(
                    "has another final order of {count} messages of {sid} than {seat}"
                )),
                None => Ok(()),
            }
        }
        Event::Fork { member, count }
            if seen.before.is_honest(member) && !seen.before.somebody_equivocates =>
        {
            Err(format!(
                "was told that honest {member} orders {count} messages otherwise"
            ))
        }
        _ => Ok(()),
    }
}
