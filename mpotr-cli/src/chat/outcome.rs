//! Whether everyone has everything that this member had to say: the exit code of a chat.

use std::collections::{BTreeMap, BTreeSet};

use mpotr::room::Event;
use mpotr::{Departure, DropReason, IdentityKey, SendError, TextId};

use super::conversation::Conversation;
use super::input::Line;
use super::wording;
use super::{MOST_WAIT, TEXT_LIMIT};

/// Why a line was not sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Unsent {
    /// It is longer than a message can be.
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// The terminal may have cut it.
    Cut {
        /// What the terminal passes on of a line at most, in bytes.
        limit: usize,
    },
    /// It is no UTF-8.
    NotUtf8,
    /// Nobody knows yet who would read it.
    NotSecure,
    /// These would read it, whom its author has not seen.
    Unseen {
        /// What they are called.
        names: Vec<String>,
    },
    /// As many lines as may wait for the carrier were typed before it.
    TooManyWait,
    /// The room did not take it.
    Refused(SendError),
    /// The room took it and never sent it.
    Dropped(DropReason),
    /// It waited to be read when the room, or the way to it, was gone.
    Unread,
    /// It waited to be read when this member had come into no room.
    NoRoom,
    /// The input could not be read to its end.
    Unreadable(String),
}

impl core::fmt::Display for Unsent {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        match self {
            Self::TooLong { length } => {
                write!(
                    f,
                    "it is too long: {length} bytes, where {TEXT_LIMIT} are the most"
                )
            }
            Self::Cut { limit } => write!(
                f,
                "a terminal passes on {limit} bytes of a line, so its end may be lost; send it in parts, or from a file \
                 through a pipe"
            ),
            Self::NotUtf8 => f.write_str("it is no UTF-8 text"),
            Self::NotSecure => f.write_str(
                "the room is not secure yet, and nobody knows who would read it; send it when you see who is in",
            ),
            Self::Unseen { names } => write!(
                f,
                "{} came in who would read it, too; send it again if you mean that",
                names.join(", ")
            ),
            Self::TooManyWait => write!(
                f,
                "{MOST_WAIT} lines wait already until the way to the room is there again; type it again then"
            ),
            Self::Refused(error) => error.fmt(f),
            Self::Dropped(why) => f.write_str(wording::why_dropped(*why)),
            Self::Unread => f.write_str("this member was out before it was taken"),
            Self::NoRoom => f.write_str("this member has come into no room"),
            Self::Unreadable(error) => write!(f, "the input cannot be read: {error}"),
        }
    }
}

impl Unsent {
    /// Why, when the program ends: there is nothing more to do about it.
    fn at_end(&self) -> String {
        match *self == Self::NotSecure {
            true => "the room was not secure yet when it was typed".to_owned(),
            false => self.to_string(),
        }
    }
}

impl From<Line> for Unsent {
    fn from(line: Line) -> Self {
        match line {
            Line::Text(text) => Self::TooLong { length: text.len() },
            Line::TooLong { length } => Self::TooLong { length },
            Line::Cut { limit } => Self::Cut { limit },
            Line::NotUtf8 => Self::NotUtf8,
        }
    }
}

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

/// What a chat comes to: what the program itself could not do, and besides what became of the texts.
pub(super) fn joined(own: anyhow::Result<()>, texts: Result<(), ChatError>) -> anyhow::Result<()> {
    match (own, texts) {
        // What the program could not do is more than a command that failed.
        (Err(own), Err(ChatError::Undone(undone))) => Err(own.context(undone.to_string())),
        (Err(own), Err(texts)) => Err(own.context(texts)),
        (Ok(()), Err(texts)) => Err(texts.into()),
        (own, Ok(())) => own,
    }
}

/// Why a chat is no success.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ChatError {
    /// Lines were not sent, or not all have what was.
    #[error("{0}")]
    Texts(Box<Tally>),
    /// There is no longer a way to the room.
    #[error("lost the {carrier}: {reason}{}", tally.behind())]
    Lost {
        /// The carrier, as a person knows it.
        carrier: String,
        /// Why it is lost.
        reason: String,
        /// What became of the texts.
        tally: Box<Tally>,
    },
    /// Commands of a script were not done; all that was to be sent was.
    #[error(transparent)]
    Undone(#[from] Undone),
    /// The room has not begun in the time that --wait names.
    #[error("{not_begun}{behind}", not_begun = .0, behind = .1.behind())]
    NotBegun(NotBegun, Box<Tally>),
    /// The program was stopped before there was a room.
    #[error("stopped before the room was secure; nothing was sent{}", .0.behind())]
    NeverSecure(Box<Tally>),
}

/// What became of those texts that have not reached all, and of commands: the last line has a number for each, and names who
/// lacks what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    /// Whether all have said that they have what was sent.
    is_acknowledged: bool,
    /// Who is not known to have what was sent, each with the number of texts.
    missed_by: Vec<(String, usize)>,
    /// Whom what was sent was meant for and who was not in the room then, each with the number of texts.
    absent: Vec<(String, usize)>,
    /// How many texts these are.
    lacked: usize,
    /// What was sent to nobody.
    unsent: Option<UnsentLines>,
    /// What else was asked for and not done.
    undone: Option<Undone>,
}

impl Tally {
    /// Whether each text has reached all whom it was meant for.
    const fn is_all_there(&self) -> bool {
        self.is_acknowledged && self.lacked == 0 && self.unsent.is_none()
    }

    /// Who lacks what, and what was sent to nobody.
    fn parts(&self) -> Vec<String> {
        let list = |who: &[(String, usize)]| {
            let each = who
                .iter()
                .map(|(name, texts)| format!("{name} ({})", wording::count(*texts, "text")));
            each.collect::<Vec<_>>().join(", ")
        };
        let mut parts = Vec::new();
        if !self.missed_by.is_empty() {
            parts.push(format!("not known to have it: {}", list(&self.missed_by)));
        }
        if !self.absent.is_empty() {
            parts.push(format!(
                "meant for it, and not in the room: {}",
                list(&self.absent)
            ));
        }
        if self.missed_by.len().saturating_add(self.absent.len()) > 1 {
            parts.push(format!("{} in all", wording::count(self.lacked, "text")));
        }
        let unsent = self.unsent.iter().map(UnsentLines::to_string);
        let undone = self.undone.iter().map(Undone::to_string);
        parts.extend(unsent.chain(undone).map(|part| format!("and {part}")));
        parts
    }

    /// What stands behind another reason.
    fn behind(&self) -> String {
        let parts = self.parts().into_iter();
        parts.map(|part| format!("; {part}")).collect()
    }
}

impl core::fmt::Display for Tally {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        if self.lacked > 0 || !self.is_acknowledged {
            return write!(
                f,
                "not everyone acknowledged what was sent{}",
                self.behind()
            );
        }
        let line = self.parts().join("; ");
        f.write_str(line.strip_prefix("and ").unwrap_or(&line))
    }
}

/// A room that has not begun in time.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "{} within {}, and nothing was sent: {why}",
    if *is_there { "you were not let into the room" } else { "the room has not begun" },
    seconds_of(*seconds)
)]
pub(crate) struct NotBegun {
    /// How long it might have taken.
    pub(super) seconds: u32,
    /// Whether it has begun, without this member.
    pub(super) is_there: bool,
    /// What was missing.
    pub(super) why: String,
}

fn seconds_of(seconds: u32) -> String {
    wording::count(usize::try_from(seconds).unwrap_or(usize::MAX), "second")
}

/// Commands that were not done.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{} of the input {}{first}", wording::count(*count, "command"), were_not_done(*count))]
pub(crate) struct Undone {
    count: usize,
    /// The name of the first of them. What stands behind it may be a secret.
    first: String,
}

const fn were_not_done(count: usize) -> &'static str {
    match count {
        1 => "was not done: ",
        _ => "were not done, the first of them: ",
    }
}

/// Lines that were sent to nobody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}{reason}{}", lines(*count, *goes_on), and_rest(*goes_on))]
pub(crate) struct UnsentLines {
    count: usize,
    /// Why the first of them was not.
    reason: String,
    /// Whether the input goes on behind those that were counted.
    goes_on: bool,
}

fn lines(count: usize, goes_on: bool) -> String {
    let at_least = if goes_on { "at least " } else { "" };
    match count {
        1 => format!("{at_least}a line was not sent: "),
        _ => format!("{at_least}{count} lines were not sent, the first for this reason: "),
    }
}

const fn and_rest(goes_on: bool) -> &'static str {
    match goes_on {
        true => "; the input has not ended, and what follows in it is not sent either",
        false => "",
    }
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
    pub(super) fn hear(&mut self, event: &Event, conversation: &Conversation, is_seen: bool) {
        if let Event::Secure { .. } = event {
            self.not_begun = None;
        }
        // The roster that was shown last is the one that a text leaves to.
        if let Event::Sent { text_id, .. } = event
            && !is_seen
        {
            let absent: BTreeSet<_> = conversation.absent().collect();
            if !absent.is_empty() {
                self.left_without.insert(*text_id, absent);
            }
        }
        if let Event::Missed { text_id, by } = event {
            self.lack(*text_id, by);
        }
        if let Event::Acknowledged { text_id } = event {
            self.lack(*text_id, &[]);
        }
        if let Event::Dropped { why, .. } = event
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

#[cfg(test)]
mod tests {
    use mpotr::room::{Event, Room, RoomConfig, Timestamp};
    use mpotr::{
        Admission, DefaultSuite, Departure, Digest32, EpochName, IdentityKey, IdentityKeyPair,
        MemberInfo, MessageId, RoomId, Seen, Sid, TextId,
    };
    use mpotr_formats::Nick;

    use super::{ChatError, NotBegun, Outcome, Tally, Unsent, UnsentLines, joined};
    use crate::chat::conversation::Conversation;
    use crate::chat::door::Door;

    const BOB: IdentityKey = IdentityKey::new([2; 32]);
    const CAROL: IdentityKey = IdentityKey::new([3; 32]);

    fn name(key: &IdentityKey) -> String {
        match *key {
            BOB => "bob".to_owned(),
            CAROL => "carol".to_owned(),
            _ => "dave".to_owned(),
        }
    }

    fn departure(acknowledged: bool) -> Departure {
        Departure {
            acknowledged,
            transcripts_equal: true,
            published: false,
            count: 0,
            digest: Digest32::new([0; 32]),
        }
    }

    #[test]
    fn what_the_program_could_not_do_hides_nothing_of_what_became_of_the_texts() {
        let own = || anyhow::anyhow!("cannot write");
        let texts = || {
            let unsent = UnsentLines {
                count: 5,
                reason: Unsent::Unread.to_string(),
                goes_on: false,
            };
            ChatError::Texts(Box::new(Tally {
                is_acknowledged: true,
                unsent: Some(unsent),
                ..Tally::default()
            }))
        };
        let both = joined(Err(own()), Err(texts())).unwrap_err();
        assert_eq!(format!("{both:#}"), format!("{}: cannot write", texts()));
        assert!(both.is::<ChatError>());
        assert!(joined(Ok(()), Err(texts())).is_err() && joined(Err(own()), Ok(())).is_err());
        assert!(joined(Ok(()), Ok(())).is_ok());
    }

    #[test]
    fn only_an_acknowledged_end_is_a_success() {
        assert_eq!(Outcome::default().judge(&departure(true), name), Ok(()));
        assert_eq!(
            Outcome::default().judge(&departure(false), name),
            Err(ChatError::Texts(Box::default())),
        );
        assert_eq!(
            ChatError::Texts(Box::default()).to_string(),
            "not everyone acknowledged what was sent"
        );
    }

    #[test]
    fn a_line_that_was_not_sent_is_a_failure_for_its_first_reason() {
        let mut outcome = Outcome::default();
        outcome.note(Unsent::NotUtf8);
        outcome.note(Unsent::TooLong { length: 70_000 });
        let error = outcome.judge(&departure(true), name).unwrap_err();
        assert_eq!(
            error.to_string(),
            "2 lines were not sent, the first for this reason: it is no UTF-8 text"
        );
    }

    #[test]
    fn what_nobody_got_is_told_beside_who_did_not_get_the_rest() {
        let mut outcome = Outcome::default();
        outcome.note(Unsent::NotUtf8);
        outcome.lack(text_id(), &[CAROL]);
        let error = outcome.judge(&departure(false), name).unwrap_err();
        assert_eq!(
            error.to_string(),
            "not everyone acknowledged what was sent; not known to have it: carol (1 text); and a line was not sent: it is no UTF-8 text"
        );
    }

    #[test]
    fn a_lost_relay_is_told_with_what_it_took_along() {
        let told = |outcome: Outcome| {
            let lost = outcome.lost("relay r:1", "closed".to_owned(), name);
            lost.to_string()
        };
        assert_eq!(told(Outcome::default()), "lost the relay r:1: closed");
        let mut outcome = Outcome::default();
        outcome.lack(text_id(), &[CAROL]);
        outcome.note(Unsent::Unread);
        outcome.note(Unsent::Unread);
        assert_eq!(
            told(outcome),
            "lost the relay r:1: closed; not known to have it: carol (1 text); and 2 lines were not sent, the first for this reason: this \
             member was out before it was taken"
        );
    }

    #[test]
    fn of_an_input_that_goes_on_no_number_is_said_to_be_all() {
        let mut outcome = Outcome::default();
        outcome.input_goes_on();
        // A pipe that stays open and has nothing in it has lost nothing.
        assert_eq!(outcome.clone().judge(&departure(true), name), Ok(()));
        outcome.note(Unsent::Unread);
        outcome.note(Unsent::Unread);
        let error = outcome.judge(&departure(true), name).unwrap_err();
        assert_eq!(
            error.to_string(),
            "at least 2 lines were not sent, the first for this reason: this member was out before it was taken; the input has not \
             ended, and what follows in it is not sent either"
        );
    }

    #[test]
    fn a_command_that_was_not_done_is_a_failure_of_its_own_and_hides_no_other() {
        let mut outcome = Outcome::default();
        outcome.note_undone("/kick".to_owned());
        let error = outcome.clone().judge(&departure(true), name).unwrap_err();
        assert_eq!(
            error.to_string(),
            "1 command of the input was not done: /kick"
        );
        assert!(matches!(error, ChatError::Undone(_)));
        outcome.note_undone("/mute".to_owned());
        let error = outcome.clone().judge(&departure(true), name).unwrap_err();
        assert_eq!(
            error.to_string(),
            "2 commands of the input were not done, the first of them: /kick"
        );
        outcome.note(Unsent::NotUtf8);
        let both = outcome.judge(&departure(true), name).unwrap_err();
        assert_eq!(
            both.to_string(),
            "a line was not sent: it is no UTF-8 text; and 2 commands of the input were not done, the first of them: /kick"
        );
        assert!(matches!(both, ChatError::Texts(_)), "{both}");
        let own = joined(Err(anyhow::anyhow!("cannot write")), Err(error)).unwrap_err();
        assert!(!own.is::<ChatError>(), "{own:#}");
    }

    fn secure(me: IdentityKey, roster: &[IdentityKey]) -> Event {
        Event::Secure {
            sid: Sid::new([9; 32]),
            name: EpochName::new([9; 16]),
            parent: None,
            roster: roster
                .iter()
                .map(|&identity| MemberInfo {
                    identity,
                    is_me: identity == me,
                })
                .collect(),
        }
    }

    fn sent(text_id: TextId) -> Event {
        Event::Sent {
            text_id,
            id: MessageId::new([0; 32]),
        }
    }

    /// A room of Bob and Carol, who are meant to read all.
    fn with_two(me: IdentityKey) -> Conversation {
        let with = [BOB, CAROL].map(|key| (key, "file".to_owned())).into();
        Conversation::new(me, &Nick::new("me").unwrap(), Door::With(with))
    }

    #[test]
    fn a_text_fails_by_who_is_absent_when_it_leaves_and_not_when_it_is_taken() {
        let me = IdentityKey::new([1; 32]);
        let mut room = with_two(me);
        let mut outcome = Outcome::default();
        for (roster, is_good) in [(&[me, BOB, CAROL][..], true), (&[me, CAROL], false)] {
            let text_id = text_id();
            room.hear(secure(me, roster));
            outcome.hear(&sent(text_id), &room, false);
            outcome.hear(&Event::Acknowledged { text_id }, &room, false);
            let judged = outcome.clone().judge(&departure(true), name);
            assert_eq!(judged.is_ok(), is_good, "{judged:?}");
        }
        // A person sees who is there, and means those.
        let (mut seen, text_id) = (Outcome::default(), text_id());
        seen.hear(&sent(text_id), &room, true);
        seen.hear(&Event::Acknowledged { text_id }, &room, true);
        assert_eq!(seen.judge(&departure(true), name), Ok(()));
        // It stays a failure when all are there again.
        room.hear(secure(me, &[me, BOB, CAROL]));
        let error = outcome.judge(&departure(true), name).unwrap_err();
        assert_eq!(
            error.to_string(),
            "not everyone acknowledged what was sent; meant for it, and not in the room: bob (1 text)"
        );
    }

    #[test]
    fn each_text_that_somebody_lacks_is_told_with_its_number_and_names_beside_every_other_reason() {
        let me = IdentityKey::new([1; 32]);
        let mut room = with_two(me);
        room.hear(secure(me, &[me, CAROL]));
        let mut outcome = Outcome::default();
        let texts = texts(3);
        for text_id in &texts {
            outcome.hear(&sent(*text_id), &room, false);
        }
        let missed = Event::Missed {
            text_id: texts[0],
            by: vec![CAROL],
        };
        outcome.hear(&missed, &room, false);
        for text_id in &texts[1..] {
            let text_id = *text_id;
            outcome.hear(&Event::Acknowledged { text_id }, &room, false);
        }
        outcome.note(Unsent::NotUtf8);
        outcome.note_undone("/kick".to_owned());
        let lacks = "; not known to have it: carol (1 text); meant for it, and not in the room: bob (3 texts); 3 texts in all; \
                     and a line was not sent: it is no UTF-8 text; and 1 command of the input was not done: /kick";
        let lost = outcome.clone().lost("relay r:1", "closed".to_owned(), name);
        assert_eq!(
            lost.to_string(),
            format!("lost the relay r:1: closed{lacks}")
        );
        for acknowledged in [true, false] {
            let judged = outcome.clone().judge(&departure(acknowledged), name);
            assert_eq!(
                judged.unwrap_err().to_string(),
                format!("not everyone acknowledged what was sent{lacks}")
            );
        }
    }

    /// Of a room of its own: nobody else makes such names.
    fn text_id() -> TextId {
        texts(1)[0]
    }

    /// As many.
    fn texts(count: usize) -> Vec<TextId> {
        let mut rng = mpotr::SystemRng::default();
        let now = Timestamp::default();
        let id = RoomId::of_name::<DefaultSuite>("tea");
        let others = Admission::Only([IdentityKey::new([3; 32])].into());
        let identity = IdentityKeyPair::random::<DefaultSuite>(&mut rng);
        let config = RoomConfig::new(id, others);
        let mut room = Room::<DefaultSuite>::new(config, identity, now, &mut rng).unwrap();
        let texts = (0..count).map(|_| room.send(now, Vec::new(), Seen::Expected).unwrap());
        texts.collect()
    }

    #[test]
    fn a_stop_before_the_room_was_secure_is_a_failure_and_one_after_is_not() {
        let mut early = Outcome::default();
        early.interrupted(false);
        early.note(Unsent::Unread);
        let error = early.judge(&departure(false), name).unwrap_err();
        assert_eq!(
            error.to_string(),
            "stopped before the room was secure; nothing was sent; and a line was not sent: this member was out before it was taken"
        );
        let mut late = Outcome::default();
        late.interrupted(true);
        assert_eq!(late.judge(&departure(true), name), Ok(()));
    }

    #[test]
    fn a_room_that_has_not_begun_in_time_is_a_failure_of_its_own_however_it_ends() {
        let not_begun = NotBegun {
            seconds: 30,
            is_there: false,
            why: "not here: bob".to_owned(),
        };
        let mut outcome = Outcome::default();
        outcome.gave_up(not_begun.clone());
        outcome.note(Unsent::Unread);
        outcome.note(Unsent::Unread);
        let lost = outcome.clone().lost("relay r:1", "closed".to_owned(), name);
        let judged = outcome.judge(&departure(false), name).unwrap_err();
        assert_eq!(judged, lost);
        assert!(matches!(&judged, ChatError::NotBegun(it, _) if *it == not_begun));
        assert_eq!(
            judged.to_string(),
            "the room has not begun within 30 seconds, and nothing was sent: not here: bob; and 2 lines were not sent, the first for \
             this reason: this member was out before it was taken"
        );
    }
}
