//! Who is in the room and who waits, a line each: `/members`.

use std::time::Duration;

use mpotr::room::LastHeard;
use mpotr::{IdentityKey, Vote};
use tokio::time::Instant;

use super::conversation::Conversation;

/// A member that is there gives a sign of life in such a time, and one that was lost is said again (06-epochs, "Timers",
/// `heartbeat`).
const BEAT: Duration = Duration::from_secs(90);

impl Conversation {
    /// Who is in the room and who waits, a line each. `heard` tells how long ago each was heard, where that is known.
    pub(super) fn members(&mut self, heard: &LastHeard) -> Vec<String> {
        self.waiting.looked_at();
        let line =
            |member: &IdentityKey, what: &str| format!("  {}{what}", self.names.line(member));
        let now = Instant::now();
        let others = self.others.iter().flatten().map(|member| {
            let muted = if self.is_muted(member) {
                " (muted)"
            } else {
                ""
            };
            let quiet = self.silence_of(member, heard, now);
            let quiet = quiet.map(|since| format!(" (no word for over {} s)", since.as_secs()));
            let out = self.is_to_leave(member);
            line(
                member,
                &format!("{muted}{out}{}", quiet.unwrap_or_default()),
            )
        });
        let put_out = self.is_put_out.then(|| {
            let vote = Vote::Exclude(self.me);
            format!("  the others are leaving you out{}", self.as_asked(&vote))
        });
        let waiting = self.waiting.listed();
        let awaited = self.awaited.awaited();
        let asked_out = self.asked_out_here.iter().map(|told| format!("  {told}"));
        core::iter::once(line(&self.me, " (you)"))
            .chain(others)
            .chain(put_out)
            .chain(asked_out)
            .chain(
                waiting
                    .iter()
                    .map(|it| line(it, &self.how_it_waits(it, heard))),
            )
            .chain(awaited.map(|it| {
                format!(
                    "  {}  (not heard yet; let in when it comes)",
                    it.grouped(" ")
                )
            }))
            .chain(self.lists_absent(heard))
            .chain((self.waiting.unlisted() > 0).then(|| {
                format!(
                    "  {} more have waited before these",
                    self.waiting.unlisted()
                )
            }))
            .collect()
    }

    /// What a list says of one that waits outside.
    fn how_it_waits(&self, claimed: &IdentityKey, heard: &LastHeard) -> String {
        let since = heard.outside.get(claimed).copied();
        match since.filter(|since| *since > heard.fresh) {
            Some(since) => format!(" (waited outside, not heard for {} s)", since.as_secs()),
            None if self.differing.has(claimed) => {
                " (keeps other rules than you; nothing is proven)".to_owned()
            }
            None if !self.door.can_admit(claimed) => {
                " (not one of --with: stays outside)".to_owned()
            }
            None if self.needs_word(claimed) => {
                " (waits for your /admit; nothing is proven)".to_owned()
            }
            None => " (waits; nothing is proven)".to_owned(),
        }
    }

    /// For how long a member was not heard, if that is longer than it is as a rule. `heard` tells how long ago each was heard, where
    /// that is known.
    pub(super) fn silence_of(
        &self,
        member: &IdentityKey,
        heard: &LastHeard,
        now: Instant,
    ) -> Option<Duration> {
        let awaited = self.quiet.since(member, now);
        let silent = heard.members.get(member).copied();
        awaited.max(silent.filter(|since| *since > BEAT))
    }

    /// What members ask about one that is in the room, for a list.
    pub(super) fn is_to_leave(&self, member: &IdentityKey) -> String {
        match (
            self.to_leave_out.contains(member),
            self.asked_out.get(member),
        ) {
            (true, _) => " (to be left out)".to_owned(),
            (false, Some(by)) => {
                let asks = if by.len() == 1 { "asks" } else { "ask" };
                format!(" ({} {asks} to leave it out)", self.names_of(by))
            }
            (false, None) => String::new(),
        }
    }
}

#[cfg(test)]
mod tests;
