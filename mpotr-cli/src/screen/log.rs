//! What was said and told, and how far each text of it is. It is in memory alone, and there is an end to it.

use std::collections::{BTreeMap, VecDeque};

use mpotr::{Message, MessageId, Order, TextId, Told};
use mpotr_formats::{Escaped, Nick};

/// Entries that are kept.
const MOST: usize = 10_000;

/// Bytes of them.
const MOST_BYTES: usize = 1 << 23;

/// How a notice begins that is an alarm.
const ALARM: &str = "WARNING";

/// How far a text is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// It has not left.
    Waits,
    /// It waits for its author's word, since others came in who would read it.
    Held,
    /// It is on its way.
    Sent,
    /// Everyone has it whom it was for.
    Everyone,
    /// It is what others wrote, and its place may still change.
    Read,
    /// Its place is the same for all, and stays.
    Final,
    /// It was sent, and not everyone is known to have it.
    Missed,
    /// It was not sent, and never will be.
    Unsent,
}

impl Progress {
    /// The sign before a text. No two are alike, whatever their colour.
    pub(crate) const fn sign(self) -> &'static str {
        match self {
            Self::Waits => "~",
            Self::Held => "?",
            Self::Sent => ">",
            Self::Everyone => "+",
            Self::Read => " ",
            Self::Final => "=",
            Self::Missed => "!",
            Self::Unsent => "x",
        }
    }
}

/// What an entry is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// A text of another member, or of this one.
    Text { progress: Progress, is_own: bool },
    /// What the program tells.
    Notice,
    /// The same, and loud.
    Alarm,
    /// A command that was typed.
    Typed,
}

/// One thing that was said or told.
#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) kind: Kind,
    /// With nothing in it that a terminal obeys.
    pub(crate) line: String,
    /// Of a text of this member that the room has not taken: the text as it was typed.
    typed: Option<String>,
}

/// What was said and told.
#[derive(Debug, Default)]
pub(crate) struct Log {
    entries: VecDeque<Entry>,
    bytes: usize,
    /// The number of the first entry that is there.
    first: u64,
    /// Where texts are.
    ids: BTreeMap<MessageId, u64>,
    texts: BTreeMap<TextId, u64>,
    /// Texts of this member that the room has not taken.
    untaken: VecDeque<u64>,
}

impl Log {
    /// The number of the first entry.
    pub(crate) const fn first(&self) -> u64 {
        self.first
    }

    /// The number of the next entry.
    pub(crate) fn next(&self) -> u64 {
        let count = u64::try_from(self.entries.len()).unwrap_or(u64::MAX);
        self.first.saturating_add(count)
    }

    pub(crate) fn get(&self, number: u64) -> Option<&Entry> {
        let at = number.checked_sub(self.first)?;
        self.entries.get(usize::try_from(at).ok()?)
    }

    fn get_mut(&mut self, number: u64) -> Option<&mut Entry> {
        let at = number.checked_sub(self.first)?;
        self.entries.get_mut(usize::try_from(at).ok()?)
    }

    /// What the program tells. Returns whether it is an alarm.
    pub(crate) fn notice(&mut self, line: &str) -> bool {
        let is_alarm = line.starts_with(ALARM);
        let kind = match is_alarm {
            true => Kind::Alarm,
            false => Kind::Notice,
        };
        self.push(kind, line, None);
        is_alarm
    }

    /// A command that was typed.
    pub(crate) fn typed(&mut self, line: &str) {
        self.push(Kind::Typed, line, None);
    }

    /// A text of another member.
    pub(crate) fn text(&mut self, id: Option<MessageId>, line: &str) {
        let number = self.next();
        let kind = Kind::Text {
            progress: Progress::Read,
            is_own: false,
        };
        self.push(kind, line, None);
        self.ids.extend(id.map(|id| (id, number)));
    }

    /// A text of this member, which the room is given now or later.
    pub(crate) fn own(&mut self, nick: &Nick, text: &str) {
        self.untaken.push_back(self.next());
        let kind = Kind::Text {
            progress: Progress::Waits,
            is_own: true,
        };
        let line = format!(
            "{nick}: {}",
            crate::chat::wording::with_blanks_for_tabs(text)
        );
        self.push(kind, &line, Some(text.to_owned()));
    }

    /// The room has taken a text: the oldest of these words that it had not.
    pub(crate) fn taken(&mut self, text_id: TextId, text: &str) {
        let is_it = |number: &&u64| self.typed_at(**number) == Some(text);
        let Some(number) = self.untaken.iter().find(is_it).copied() else {
            return;
        };
        self.untaken.retain(|it| *it != number);
        self.texts.insert(text_id, number);
        if let Some(entry) = self.get_mut(number) {
            entry.typed = None;
        }
    }

    /// These are all texts that the room has not taken and may be given. What else it has not taken goes nowhere.
    pub(crate) fn waits(&mut self, waiting: &[String]) {
        let mut waiting: Vec<_> = waiting.iter().map(String::as_str).collect();
        let (mut still, mut never) = (VecDeque::new(), Vec::new());
        // The newest first: of two with the same words the older one went.
        for number in self.untaken.iter().rev() {
            let typed = self.typed_at(*number);
            match waiting.iter().position(|it| Some(*it) == typed) {
                Some(at) => {
                    waiting.swap_remove(at);
                    still.push_front(*number);
                }
                None => never.push(*number),
            }
        }
        self.untaken = still;
        for number in never {
            self.set(number, Progress::Unsent);
        }
    }

    fn typed_at(&self, number: u64) -> Option<&str> {
        self.get(number)?.typed.as_deref()
    }

    /// Takes note of how far texts are. Returns whether that is anything new.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all others are of no text that is here"
    )]
    pub(crate) fn hear(&mut self, event: &Told) -> bool {
        match event {
            Told::Message(Message::Sent { text_id, id }) => {
                let number = self.texts.get(text_id).copied();
                self.ids.extend(number.map(|number| (*id, number)));
                self.set_own(text_id, Progress::Sent)
            }
            Told::Message(Message::Held { text_id, .. }) => self.set_own(text_id, Progress::Held),
            Told::Message(Message::Acknowledged { text_id }) => {
                self.ends(text_id, Progress::Everyone)
            }
            Told::Message(Message::Missed { text_id, .. }) => self.ends(text_id, Progress::Missed),
            Told::Message(Message::Dropped { text_id, .. }) => self.ends(text_id, Progress::Unsent),
            Told::Order(Order::Final { ids, .. }) => {
                let numbers: Vec<_> = ids.iter().filter_map(|id| self.ids.remove(id)).collect();
                for number in &numbers {
                    self.set(*number, Progress::Final);
                }
                !numbers.is_empty()
            }
            _ => false,
        }
    }

    /// A text that was held waits for its turn.
    pub(crate) fn released(&mut self, text_id: TextId) {
        self.set_own(&text_id, Progress::Waits);
    }

    fn set_own(&mut self, text_id: &TextId, progress: Progress) -> bool {
        let number = self.texts.get(text_id).copied();
        number.is_some_and(|number| self.set(number, progress))
    }

    /// A text has its fate.
    fn ends(&mut self, text_id: &TextId, progress: Progress) -> bool {
        let is_set = self.set_own(text_id, progress);
        self.texts.remove(text_id);
        is_set
    }

    /// What is final stays so: everyone has it.
    fn set(&mut self, number: u64, to: Progress) -> bool {
        let Some(entry) = self.get_mut(number) else {
            return false;
        };
        entry.typed = None;
        match &mut entry.kind {
            Kind::Text { progress, .. } if *progress != Progress::Final => *progress = to,
            Kind::Text { .. } | Kind::Notice | Kind::Alarm | Kind::Typed => return false,
        }
        true
    }

    fn push(&mut self, kind: Kind, line: &str, typed: Option<String>) {
        let line = Escaped(line).to_string();
        self.bytes = self.bytes.saturating_add(line.len());
        self.entries.push_back(Entry { kind, line, typed });
        while self.entries.len() > MOST || (self.bytes > MOST_BYTES && self.entries.len() > 1) {
            let Some(oldest) = self.entries.pop_front() else {
                break;
            };
            self.bytes = self.bytes.saturating_sub(oldest.line.len());
            self.first = self.first.saturating_add(1);
            let first = self.first;
            self.untaken.retain(|it| *it >= first);
            // Texts of a room that is never final would be many.
            if self.ids.len() > MOST {
                self.ids.retain(|_, it| *it >= first);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use mpotr::{DropReason, IdentityKey, Message, Told};
    use mpotr_formats::Nick;

    use super::{Kind, Log, MOST, Progress};
    use crate::chat::held::tests::texts;

    fn nick() -> Nick {
        Nick::new("alice").unwrap()
    }

    fn progress(log: &Log, number: u64) -> Progress {
        match log.get(number).unwrap().kind {
            Kind::Text { progress, .. } => progress,
            kind @ (Kind::Notice | Kind::Alarm | Kind::Typed) => panic!("{kind:?}"),
        }
    }

    #[test]
    fn a_text_that_nobody_took_is_told_from_one_that_waits() {
        let mut log = Log::default();
        for text in ["one", "two", "one"] {
            log.own(&nick(), text);
        }
        log.waits(&["one".to_owned()]);
        let all = [0, 1, 2].map(|number| progress(&log, number));
        assert_eq!(all, [Progress::Unsent, Progress::Unsent, Progress::Waits]);
        let [text_id, _] = texts();
        log.taken(text_id, "one");
        log.waits(&[]);
        assert_eq!(progress(&log, 2), Progress::Waits);
    }

    #[test]
    fn how_far_a_text_is_follows_from_what_the_room_tells() {
        let mut log = Log::default();
        let [one, two] = texts();
        log.own(&nick(), "one");
        log.own(&nick(), "two");
        log.taken(one, "one");
        log.taken(two, "two");
        let added = vec![IdentityKey::new([7; 32])];
        log.hear(&Told::Message(Message::Held {
            text_id: one,
            added,
        }));
        assert_eq!(progress(&log, 0), Progress::Held);
        log.released(one);
        assert_eq!(progress(&log, 0), Progress::Waits);
        assert!(log.hear(&Told::Message(Message::Acknowledged { text_id: one })));
        log.hear(&Told::Message(Message::Dropped {
            text_id: two,
            why: DropReason::Left,
        }));
        let all = [0, 1].map(|number| progress(&log, number));
        assert_eq!(all, [Progress::Everyone, Progress::Unsent]);
        // What has its fate is not told of again.
        assert!(!log.hear(&Told::Message(Message::Acknowledged { text_id: one })));
    }

    #[test]
    fn there_is_an_end_to_what_is_kept_and_nothing_in_it_steers_a_terminal() {
        let mut log = Log::default();
        for _ in 0..=MOST {
            log.notice("\u{1b}[2J\u{202e}");
        }
        assert_eq!((log.first(), log.next()), (1, 10_001));
        assert!(log.get(0).is_none());
        assert_eq!(log.get(1).unwrap().line, "\\u{1b}[2J\\u{202e}");
        assert!(log.notice("WARNING: eve cheats"));
    }
}
