//! How long ago others were heard: for a person who looks who is there. `docs/spec/06-epochs.md`, "Waiting".

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::{CryptoSuite, IdentityKey};

use super::Room;
use crate::time::{Duration, Timestamp};

/// How long ago others were heard, as far as is known here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LastHeard {
    /// The other members of the epoch: one that was not heard in it, since it began.
    pub members: BTreeMap<IdentityKey, Duration>,
    /// Those of them without whose word that is still not final of which [`Event::Unsettled`](crate::Event::Unsettled) told:
    /// it named more, it may be, who had only not acknowledged the last of it yet.
    pub waited_for: BTreeSet<IdentityKey>,
    /// Claimed identities of those outside. One of which nothing is kept is not named.
    pub outside: BTreeMap<IdentityKey, Duration>,
    /// After such a time one outside that is there would have been heard again.
    pub fresh: Duration,
}

impl<S: CryptoSuite> Room<S> {
    /// How long ago others were heard.
    #[must_use]
    pub fn last_heard(&self, now: Timestamp) -> LastHeard {
        let members = self.phase.member().into_iter().flat_map(|member| {
            let others = member.epoch.other_members();
            others.filter_map(|place| {
                let identity = member.epoch.identity(place)?;
                let heard = member.talk.heard_at(place).unwrap_or(member.talk.began);
                Some((identity, now.since(heard)))
            })
        });
        let members: BTreeMap<_, _> = members.collect();
        let member = self.phase.member();
        let waited_for = member.map(|it| it.still_waits_for());
        let inside = |identity: &IdentityKey| {
            let epoch = self.phase.epoch();
            epoch.is_some_and(|epoch| epoch.roster().any(|member| member == *identity))
        };
        let heard = self.lobby.offering.heard_at();
        let outside = heard.filter(|(identity, _)| !inside(identity));
        LastHeard {
            outside: outside.map(|(it, at)| (it, now.since(at))).collect(),
            members,
            waited_for: waited_for.unwrap_or_default(),
            fresh: self.common.me.times().fresh(),
        }
    }
}
