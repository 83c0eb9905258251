//! Whether everyone has everything that this member had to say: the exit code of a chat.

use std::collections::{BTreeMap, BTreeSet};

use mpotr::room::Event;
use mpotr::{Departure, DropReason, SendError};

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
    /// Who is not known to have texts that were sent, and how many.
    missed_by: BTreeMap<String, usize>,
    /// Those whom a text was meant for and who were not in the room when it left.
    absent: BTreeSet<String>,
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
    /// Lines of the input were not sent.
    #[error(transparent)]
    Unsent(#[from] UnsentLines),
    /// Not all members have everything.
    #[error("not everyone acknowledged what was sent{}{}", list(missed_by), and_unsent(unsent.as_ref()))]
    NotAcknowledged {
        /// Who is not known to have it.
        missed_by: Vec<String>,
        /// What was sent to nobody.
        unsent: Option<UnsentLines>,
    },
    /// There is no longer a way to the room.
    #[error("lost the {carrier}: {reason}{}{}", list(missed_by), and_unsent(unsent.as_ref()))]
    Lost {
        /// The carrier, as a person knows it.
        carrier: String,
        /// Why it is lost.
        reason: String,
        /// Who is not known to have all that was sent.
        missed_by: Vec<String>,
        /// What was sent to nobody.
        unsent: Option<UnsentLines>,
    },
    /// A text left when some of those it was meant for were not there.
    #[error("a text was sent while some it was meant for were not in the room: {}", .0.join(", "))]
    Absent(Vec<String>),
    /// Commands of a script were not done; all that was to be sent was.
    #[error(transparent)]
    Undone(#[from] Undone),
    /// The room has not begun in the time that --wait names.
    #[error(transparent)]
    NotBegun(#[from] NotBegun),
    /// The program was stopped before there was a room.
    #[error("stopped before the room was secure; nothing was sent")]
    NeverSecure,
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

fn and_unsent(unsent: Option<&UnsentLines>) -> String {
    unsent.map_or_else(String::new, |unsent| format!("; and {unsent}"))
}

fn list(missed_by: &[String]) -> String {
    match missed_by {
        [] => String::new(),
        names => format!("; not known to have it: {}", names.join(", ")),
    }
}

impl Outcome {
    /// Notes that a line was not sent. The first reason is the one that is told.
    pub(super) fn note(&mut self, unsent: Unsent) {
        self.unsent.get_or_insert(unsent);
        self.unsent_lines = self.unsent_lines.saturating_add(1);
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
        if let Event::Missed { by, .. } = event {
            for name in by.iter().map(|member| conversation.name(member)) {
                let texts = self.missed_by.entry(name).or_default();
                *texts = texts.saturating_add(1);
            }
        }
        // The roster that was shown last is the one that a text leaves to.
        if let Event::Sent { .. } = event
            && !is_seen
        {
            self.absent.extend(conversation.absent());
        }
        if let Event::Dropped { why, .. } = event
            && *why != DropReason::Discarded
        {
            self.note(Unsent::Dropped(*why));
        }
    }

    /// What there is to tell when there is no longer a way to the room.
    pub(super) fn lost(self, carrier: &str, reason: String) -> ChatError {
        let unsent = self.unsent_lines();
        if let Some(not_begun) = self.not_begun {
            return not_begun.into();
        }
        ChatError::Lost {
            carrier: carrier.to_owned(),
            reason,
            missed_by: self.missed_by(),
            unsent,
        }
    }

    /// Who is not known to have all that was sent, each with how much: the rest is there.
    fn missed_by(&self) -> Vec<String> {
        let missed = self.missed_by.iter();
        let each =
            missed.map(|(name, texts)| format!("{name} ({})", wording::count(*texts, "text")));
        each.collect()
    }

    /// The lines that were sent to nobody.
    fn unsent_lines(&self) -> Option<UnsentLines> {
        self.unsent.as_ref().map(|unsent| UnsentLines {
            count: self.unsent_lines,
            reason: unsent.at_end(),
            goes_on: self.goes_on,
        })
    }

    /// Judges at the end.
    ///
    /// # Errors
    /// Not everyone has everything.
    pub(super) fn judge(self, departure: &Departure) -> Result<(), ChatError> {
        if let Some(not_begun) = self.not_begun {
            return Err(not_begun.into());
        }
        if self.left_early {
            return Err(ChatError::NeverSecure);
        }
        match self.unsent_lines() {
            Some(unsent) if self.missed_by.is_empty() => return Err(unsent.into()),
            unsent if !departure.acknowledged || !self.missed_by.is_empty() => {
                let missed_by = self.missed_by();
                return Err(ChatError::NotAcknowledged { missed_by, unsent });
            }
            _ => {}
        }
        if !self.absent.is_empty() {
            return Err(ChatError::Absent(self.absent.into_iter().collect()));
        }
        self.undone.map_or(Ok(()), |undone| Err(undone.into()))
    }
}

#[cfg(test)]
mod tests {
    use mpotr::room::{Event, Room, RoomConfig, Timestamp};
    use mpotr::{
        Admission, DefaultSuite, Departure, Digest32, EpochName, IdentityKey, IdentityKeyPair,
        MemberInfo, MessageId, RoomId, Seen, Sid, TextId,
    };
    use mpotr_formats::Nick;

    use super::{ChatError, NotBegun, Outcome, Unsent, UnsentLines, joined};
    use crate::chat::conversation::Conversation;
    use crate::chat::door::Door;

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
            ChatError::Unsent(UnsentLines {
                count: 5,
                reason: Unsent::Unread.to_string(),
                goes_on: false,
            })
        };
        let both = joined(Err(own()), Err(texts())).unwrap_err();
        assert_eq!(format!("{both:#}"), format!("{}: cannot write", texts()));
        assert!(both.is::<ChatError>());
        assert!(joined(Ok(()), Err(texts())).is_err() && joined(Err(own()), Ok(())).is_err());
        assert!(joined(Ok(()), Ok(())).is_ok());
    }

    #[test]
    fn only_an_acknowledged_end_is_a_success() {
        assert_eq!(Outcome::default().judge(&departure(true)), Ok(()));
        assert_eq!(
            Outcome::default().judge(&departure(false)),
            Err(ChatError::NotAcknowledged {
                missed_by: vec![],
                unsent: None
            }),
        );
    }

    #[test]
    fn a_line_that_was_not_sent_is_a_failure_for_its_first_reason() {
        let mut outcome = Outcome::default();
        outcome.note(Unsent::NotUtf8);
        outcome.note(Unsent::TooLong { length: 70_000 });
        let error = outcome.judge(&departure(true)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "2 lines were not sent, the first for this reason: it is no UTF-8 text"
        );
    }

    #[test]
    fn what_nobody_got_is_told_beside_who_did_not_get_the_rest() {
        let mut outcome = Outcome::default();
        outcome.note(Unsent::NotUtf8);
        outcome.missed_by.insert("carol".to_owned(), 1);
        let error = outcome.judge(&departure(false)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "not everyone acknowledged what was sent; not known to have it: carol (1 text); and a line was not sent: it is no UTF-8 text"
        );
    }

    #[test]
    fn a_lost_relay_is_told_with_what_it_took_along() {
        let told = |outcome: Outcome| outcome.lost("relay r:1", "closed".to_owned()).to_string();
        assert_eq!(told(Outcome::default()), "lost the relay r:1: closed");
        let mut outcome = Outcome::default();
        outcome.missed_by.insert("carol".to_owned(), 1);
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
        assert_eq!(outcome.clone().judge(&departure(true)), Ok(()));
        outcome.note(Unsent::Unread);
        outcome.note(Unsent::Unread);
        let error = outcome.judge(&departure(true)).unwrap_err();
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
        let error = outcome.clone().judge(&departure(true)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "1 command of the input was not done: /kick"
        );
        assert!(matches!(error, ChatError::Undone(_)));
        outcome.note_undone("/mute".to_owned());
        let error = outcome.clone().judge(&departure(true)).unwrap_err();
        assert_eq!(
            error.to_string(),
            "2 commands of the input were not done, the first of them: /kick"
        );
        outcome.note(Unsent::NotUtf8);
        let both = outcome.judge(&departure(true)).unwrap_err();
        assert!(matches!(both, ChatError::Unsent(_)), "{both}");
        let own = joined(Err(anyhow::anyhow!("cannot write")), Err(error)).unwrap_err();
        assert!(!own.is::<ChatError>(), "{own:#}");
    }

    #[test]
    fn a_text_fails_by_who_is_absent_when_it_leaves_and_not_when_it_is_taken() {
        let [me, bob, carol] = [1, 2, 3].map(|byte| IdentityKey::new([byte; 32]));
        let with = [bob, carol].map(|key| (key, "file".to_owned())).into();
        let nick = Nick::new("me").unwrap();
        let mut room = Conversation::new(me, &nick, Door::With(with));
        let secure = |roster: &[IdentityKey]| Event::Secure {
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
        };
        let sent = Event::Sent {
            text_id: text_id(),
            id: MessageId::new([0; 32]),
        };
        let mut outcome = Outcome::default();
        for (roster, is_good) in [(&[me, bob, carol][..], true), (&[me, carol], false)] {
            room.hear(secure(roster));
            outcome.hear(&sent, &room, false);
            let judged = outcome.clone().judge(&departure(true));
            assert_eq!(judged.is_ok(), is_good, "{judged:?}");
        }
        // A person sees who is there, and means those.
        let mut seen = Outcome::default();
        seen.hear(&sent, &room, true);
        assert_eq!(seen.judge(&departure(true)), Ok(()));
        // It stays a failure when all are there again.
        room.hear(secure(&[me, bob, carol]));
        outcome.hear(&sent, &room, false);
        let error = outcome.judge(&departure(true)).unwrap_err();
        assert!(matches!(error, ChatError::Absent(names) if names.len() == 1));
    }

    /// Of a room of its own: nobody else makes such names.
    fn text_id() -> TextId {
        let mut rng = mpotr::SystemRng::default();
        let now = Timestamp::default();
        let id = RoomId::of_name::<DefaultSuite>("tea");
        let others = Admission::Only([IdentityKey::new([3; 32])].into());
        let identity = IdentityKeyPair::random::<DefaultSuite>(&mut rng);
        let config = RoomConfig::new(id, others);
        let mut room = Room::<DefaultSuite>::new(config, identity, now, &mut rng).unwrap();
        room.send(now, Vec::new(), Seen::Expected).unwrap()
    }

    #[test]
    fn a_stop_before_the_room_was_secure_is_a_failure_and_one_after_is_not() {
        let mut early = Outcome::default();
        early.interrupted(false);
        assert_eq!(early.judge(&departure(true)), Err(ChatError::NeverSecure));
        let mut late = Outcome::default();
        late.interrupted(true);
        assert_eq!(late.judge(&departure(true)), Ok(()));
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
        let lost = outcome.clone().lost("relay r:1", "closed".to_owned());
        assert_eq!(lost, not_begun.clone().into());
        let judged = outcome.judge(&departure(true)).unwrap_err();
        assert_eq!(judged, not_begun.into());
        assert_eq!(
            judged.to_string(),
            "the room has not begun within 30 seconds, and nothing was sent: not here: bob"
        );
    }
}
