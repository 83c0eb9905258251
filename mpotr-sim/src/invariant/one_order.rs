//! I3: final prefixes of honest members in one epoch are prefixes of one another; and nobody is told of a fork that is none.
//!
//! The digest of a prefix is a hash chain: equal digests of one length mean that all shorter prefixes are equal, too.

use mpotr_core::Event;

use super::Seen;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    match seen.event {
        Event::Final { count, digest } => {
            let Some((sid, record)) = seen.before.epoch_of(seen.seat) else {
                return Err("was told of a final order outside any epoch".to_owned());
            };
            match record.finals.get(count) {
                Some((seat, other)) if other != digest => Err(format!(
                    "has another final order of {count} messages of {sid} than {seat}"
                )),
                _ => Ok(()),
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
