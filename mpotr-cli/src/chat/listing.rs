//! Who is in the room and who waits, a line each: `/members`.

use std::time::Duration;

use mpotr::{IdentityKey, LastHeard, Vote};
use tokio::time::Instant;

use super::conversation::Conversation;
use super::view::{Person, Standing};

/// A member that is there gives a sign of life in such a time, and one that was lost is said again (06-epochs, "Timers",
/// `heartbeat`).
const BEAT: Duration = Duration::from_secs(90);

impl Conversation {
    /// Who is in the room and who waits, a line each. `heard` tells how long ago each was heard, where that is known.
    pub(super) fn members(&mut self, heard: &LastHeard) -> Vec<String> {
        self.waiting.looked_at();
        self.people(heard).iter().map(Person::row).collect()
    }

    /// Who is in the room and who waits.
    pub(super) fn people(&self, heard: &LastHeard) -> Vec<Person> {
        let now = Instant::now();
        let others = self.others.iter().flatten();
        let others = others.map(|member| self.insider(member, heard, now));
        let put_out = self.is_put_out.then(|| {
            let asked = self.as_asked(&Vote::Exclude(self.me));
            Person::elsewhere(format!("the others are leaving you out{asked}"))
        });
        let asked_out = self.asked_out_here.iter();
        let asked_out = asked_out.map(|told| Person::elsewhere(told.to_string()));
        let waiting = self.waiting.listed();
        let waiting = waiting.iter().map(|it| self.outsider(it, heard));
        let awaited = self.awaited.awaited().map(|it| {
            let digits = it.grouped(" ");
            Person::elsewhere(format!("{digits}  (not heard yet; let in when it comes)"))
        });
        let absent = self.lists_absent(heard);
        let absent = absent
            .iter()
            .map(|line| Person::elsewhere(line.trim_start().to_owned()));
        let unlisted = self.waiting.unlisted();
        let unlisted = (unlisted > 0)
            .then(|| Person::elsewhere(format!("{unlisted} more have waited before these")));
        core::iter::once(self.person(Standing::Me, &self.me, vec!["you".to_owned()]))
            .chain(others)
            .chain(put_out)
            .chain(asked_out)
            .chain(waiting)
            .chain(awaited)
            .chain(absent)
            .chain(unlisted)
            .collect()
    }

    fn person(&self, standing: Standing, member: &IdentityKey, notes: Vec<String>) -> Person {
        let how = self.names.how(member);
        let how = how.trim().trim_matches(['(', ')']);
        Person {
            standing,
            name: self.name(member),
            how: how.to_owned(),
            line: self.names.line(member),
            notes,
        }
    }

    fn insider(&self, member: &IdentityKey, heard: &LastHeard, now: Instant) -> Person {
        let muted = self.is_muted(member).then(|| "muted".to_owned());
        let out = self.is_to_leave(member);
        let quiet = self.silence_of(member, heard, now);
        let quiet = quiet.map(|since| format!("no word for over {} s", since.as_secs()));
        let notes = [muted, out, quiet].into_iter().flatten().collect();
        self.person(Standing::Member, member, notes)
    }

    fn outsider(&self, member: &IdentityKey, heard: &LastHeard) -> Person {
        let since = heard.outside.get(member).copied();
        let note = match since.filter(|since| *since > heard.fresh) {
            Some(since) => format!("waited outside, not heard for {} s", since.as_secs()),
            None if self.differing.has(member) => {
                "keeps other rules than you; nothing is proven".to_owned()
            }
            None if !self.door.can_admit(member) => {
                format!("not one of {}: stays outside", self.door.named_by())
            }
            None if self.needs_word(member) => {
                "waits for your /admit; nothing is proven".to_owned()
            }
            None => "waits; nothing is proven".to_owned(),
        };
        self.person(Standing::Outside, member, vec![note])
    }

    /// For how long a member was not heard, if that is longer than it is as a rule. `heard` tells how long ago each was heard, where
    /// that is known.
    pub(super) fn silence_of(
        &self,
        member: &IdentityKey,
        heard: &LastHeard,
        now: Instant,
    ) -> Option<Duration> {
        let awaited = self.quiet.since(member, heard, now);
        let silent = heard.members.get(member).copied();
        awaited.max(silent.filter(|since| *since > BEAT))
    }

    /// What members ask about one that is in the room, for a list.
    fn is_to_leave(&self, member: &IdentityKey) -> Option<String> {
        match (
            self.to_leave_out.contains(member),
            self.asked_out.get(member),
        ) {
            (true, _) => Some("to be left out".to_owned()),
            (false, Some(by)) => {
                let asks = if by.len() == 1 { "asks" } else { "ask" };
                Some(format!("{} {asks} to leave it out", self.names_of(by)))
            }
            (false, None) => None,
        }
    }
}

#[cfg(test)]
mod tests;
