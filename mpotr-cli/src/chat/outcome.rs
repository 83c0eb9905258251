//! Whether everyone has everything that this member had to say: the exit code of a chat.

mod tally;
#[cfg(test)]
mod tests;
mod unsent;

use std::collections::{BTreeMap, BTreeSet};

use mpotr::{Departure, DropReason, IdentityKey, Membership, Message, TextId, Told};

use super::conversation::Conversation;
pub(crate) use tally::ChatError;
pub(super) use tally::{NotBegun, joined};
use tally::{Tally, Undone, UnsentLines};
pub(super) use unsent::Unsent;

/// What a chat came to so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    /// The first reason for which a line was not sent.
    unsent: Option<Unsent>,
    /// How many lines were not sent.
    unsent_lines: usize,
    /// Texts on their way that left while some whom they were meant for were not in the room.
    left_without: BTreeMap<TextId, BTreeSet<IdentityKey>>,
    /// Who is not known to have texts that were sent, and how many.
    missed_by: BTreeMap<IdentityKey, usize>,
    /// Who was not in the room when texts left that were meant for it, and how many.
    absent: BTreeMap<IdentityKey, usize>,
    /// How many texts these are, each of which one or more lack.
    lacked: usize,
    left_early: bool,
    /// Whether there may be more lines in the input than were counted.
    goes_on: bool,
    /// Commands of a script that were not done: how many, and the name of the first.
    undone: Option<Undone>,
    /// That the room had not begun when the person had waited for long enough.
    not_begun: Option<NotBegun>,
}

impl Outcome {
    /// Notes that a line was not sent. The first reason is the one that is told.
    pub(super) fn note(&mut self, unsent: Unsent) {
        self.unsent.get_or_insert(unsent);
        self.unsent_lines = self.unsent_lines.saturating_add(1);
    }

    /// This member has come into no room, for this reason.
    pub(super) fn outside(mut self, why: anyhow::Error) -> anyhow::Error {
        let is_none = self.unsent_lines == 0;
        if !is_none && self.unsent == Some(Unsent::Unread) {
            self.unsent = Some(Unsent::NoRoom);
        }
        let tally = self.tally(true, |_| String::new());
        match why.downcast() {
            Ok(ChatError::NeverSecure(_)) => ChatError::NeverSecure(tally).into(),
            Ok(ChatError::NotBegun(not_begun, _)) => ChatError::NotBegun(not_begun, tally).into(),
            Ok(other) => other.into(),
            Err(why) if is_none => why,
            Err(why) => why.context(*tally),
        }
    }

    /// Notes that more may come of the input than was counted.
    pub(super) const fn input_goes_on(&mut self) {
        self.goes_on = true;
    }

    /// Notes that a command of this name was not done, of a script.
    pub(super) fn note_undone(&mut self, name: String) {
        let undone = self.undone.get_or_insert(Undone {
            count: 0,
            first: name,
        });
        undone.count = undone.count.saturating_add(1);
    }

    /// Notes that the program was stopped by a person.
    pub(super) fn interrupted(&mut self, is_secure: bool) {
        self.left_early = !is_secure;
    }

    /// Notes that the room has not begun in the time that it might take.
    pub(super) fn gave_up(&mut self, not_begun: NotBegun) {
        self.not_begun = Some(not_begun);
    }

    /// Notes what the room says. `is_seen`: a person sees who reads a text, and sends it to those.
    pub(super) fn hear(&mut self, event: &Told, conversation: &Conversation, is_seen: bool) {
        if let Told::Membership(Membership::Secure { .. }) = event {
            self.not_begun = None;
        }
        // The roster that was shown last is the one that a text leaves to.
        if let Told::Message(Message::Sent { text_id, .. }) = event
            && !is_seen
        {
            let absent: BTreeSet<_> = conversation.absent().collect();
            if !absent.is_empty() {
                self.left_without.insert(*text_id, absent);
            }
        }
        if let Told::Message(Message::Missed { text_id, by }) = event {
            self.lack(*text_id, by);
        }
        if let Told::Message(Message::Acknowledged { text_id }) = event {
            self.lack(*text_id, &[]);
        }
        if let Told::Message(Message::Dropped { why, .. }) = event
            && *why != DropReason::Discarded
        {
            self.note(Unsent::Dropped(*why));
        }
    }

    /// A text that was sent has its fate: these are not known to have it, nor those who were not there when it left.
    fn lack(&mut self, text_id: TextId, missed_by: &[IdentityKey]) {
        let left_without = self.left_without.remove(&text_id).unwrap_or_default();
        let absent = left_without.iter().filter(|it| !missed_by.contains(it));
        let mut is_lacked = false;
        for member in missed_by {
            count_one(&mut self.missed_by, member);
            is_lacked = true;
        }
        for member in absent {
            count_one(&mut self.absent, member);
            is_lacked = true;
        }
        self.lacked = self.lacked.saturating_add(usize::from(is_lacked));
    }

    /// What there is to tell when there is no longer a way to the room. `name` tells what a member is called.
    pub(super) fn lost(
        self,
        carrier: &str,
        reason: String,
        name: impl Fn(&IdentityKey) -> String,
    ) -> ChatError {
        let tally = self.tally(true, name);
        if let Some(not_begun) = self.not_begun {
            return ChatError::NotBegun(not_begun, tally);
        }
        ChatError::Lost {
            carrier: carrier.to_owned(),
            reason,
            tally,
        }
    }

    /// What became of texts and commands. `is_acknowledged`: the room says that all have all.
    fn tally(&self, is_acknowledged: bool, name: impl Fn(&IdentityKey) -> String) -> Box<Tally> {
        let named = |who: &BTreeMap<IdentityKey, usize>| {
            let each = who.iter().map(|(member, texts)| (name(member), *texts));
            each.collect()
        };
        Box::new(Tally {
            is_acknowledged,
            missed_by: named(&self.missed_by),
            absent: named(&self.absent),
            lacked: self.lacked,
            unsent: self.unsent_lines(),
            undone: self.undone.clone(),
        })
    }

    /// The lines that were sent to nobody.
    fn unsent_lines(&self) -> Option<UnsentLines> {
        self.unsent.as_ref().map(|unsent| UnsentLines {
            count: self.unsent_lines,
            reason: unsent.at_end(),
            goes_on: self.goes_on,
        })
    }

    /// Judges at the end. `name` tells what a member is called.
    ///
    /// # Errors
    /// Not everyone has everything.
    pub(super) fn judge(
        self,
        departure: &Departure,
        name: impl Fn(&IdentityKey) -> String,
    ) -> Result<(), ChatError> {
        // Where there was no room, nobody has missed anything.
        let is_none_there = self.not_begun.is_some() || self.left_early;
        let tally = self.tally(departure.acknowledged || is_none_there, name);
        if let Some(not_begun) = self.not_begun {
            return Err(ChatError::NotBegun(not_begun, tally));
        }
        if self.left_early {
            return Err(ChatError::NeverSecure(tally));
        }
        match tally.undone.clone() {
            _ if !tally.is_all_there() => Err(ChatError::Texts(tally)),
            Some(undone) => Err(undone.into()),
            None => Ok(()),
        }
    }
}

/// One text more for this member.
fn count_one(texts: &mut BTreeMap<IdentityKey, usize>, member: &IdentityKey) {
    let texts = texts.entry(*member).or_default();
    *texts = texts.saturating_add(1);
}
