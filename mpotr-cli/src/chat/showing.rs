//! What a person at a screen sees of the room, and of what it typed itself. Where there is no screen, none of it is done.

use std::time::Duration;

use mpotr::{LastHeard, Message, MessageId, Phase, Told};
use tokio::time::Instant;

use super::Chat;
use super::command::Command;
use super::input::{Line, Stamped};
use super::reasons::is_at_door;
use super::view::{Kind, Pinned, View};
use super::wording::{count, fingerprint};

/// For so long what changes is gathered before it is shown.
const GATHER: Duration = Duration::from_millis(30);

/// So often what only time shows is looked at.
const AGAIN: Duration = Duration::from_secs(5);

/// So many of those at the door are named.
const AT_DOOR: usize = 2;

/// When the screen is to show the room again.
#[derive(Debug, Default)]
pub(super) struct Looks {
    due: Option<Instant>,
    /// Whether nothing has happened since it was shown.
    is_shown: bool,
    /// How long ago others were heard, when that was asked last.
    heard: LastHeard,
    asked: Option<Instant>,
}

impl Looks {
    /// Something has happened, or the screen was shown.
    fn note(&mut self, now: Instant) {
        let wait = match core::mem::take(&mut self.is_shown) {
            true => AGAIN,
            false => GATHER,
        };
        let due = now.checked_add(wait).unwrap_or(now);
        self.due = Some(self.due.map_or(due, |before| before.min(due)));
    }
}

impl Chat<'_> {
    /// Takes note of what is seen at any time. Returns the id of the text that has come, if one has.
    pub(super) fn note(&mut self, event: &Told) -> Option<MessageId> {
        self.reasons.hear(event);
        if let Some(screen) = self.out.screen() {
            screen.hear(event);
        }
        if let Told::Message(Message::Text { id, .. }) = event {
            Some(*id)
        } else {
            None
        }
    }

    /// When the screen is to show the room again, if there is one.
    pub(super) fn looks(&mut self) -> Option<Instant> {
        self.out.screen()?;
        self.looks.note(Instant::now());
        self.looks.due
    }

    /// Has the screen show the room as it is now.
    pub(super) async fn look(&mut self) {
        let now = Instant::now();
        let is_old = |asked: Instant| now.saturating_duration_since(asked) >= AGAIN;
        if self.looks.asked.is_none_or(is_old) {
            self.looks.heard = self.last_heard().await;
            self.looks.asked = Some(now);
        }
        let view = self.view(&self.looks.heard, now);
        let obeys = self.obeys;
        let kept = self.kept.iter();
        let kept = kept.filter_map(|it| text_of(&it.line, obeys));
        let ungiven = self.held.ungiven().map(str::to_owned);
        let waits: Vec<_> = kept.chain(ungiven).collect();
        if let Some(screen) = self.out.screen() {
            screen.show(view, &waits);
        }
        self.looks.due = None;
        self.looks.is_shown = true;
    }

    /// What there is to see.
    fn view(&self, heard: &LastHeard, now: Instant) -> View {
        let conversation = &self.conversation;
        let mut pinned = self.reasons.pinned(conversation, &self.policy);
        let votes = pinned.iter().take_while(|it| it.kind == Kind::Vote).count();
        let between = self.at_door().into_iter().chain(self.undecided());
        pinned.splice(votes..votes, between);
        pinned.extend(self.waits_for_way(now));
        View {
            room: self.room.clone(),
            place: self.link.name().to_owned(),
            phase: self.phase(),
            is_away: !self.link.is_up(),
            people: conversation.people(heard),
            pinned,
        }
    }

    fn phase(&self) -> Phase {
        if self.is_leaving {
            Phase::Leaving
        } else if self.conversation.is_secure() {
            Phase::Secure
        } else if self.reasons.is_agreeing() {
            Phase::Agreeing
        } else if self.reasons.is_alone() {
            Phase::Alone
        } else {
            Phase::Gathering
        }
    }

    /// Who waits for this person's word.
    fn at_door(&self) -> Vec<Pinned> {
        let conversation = &self.conversation;
        let listed = conversation.waiting.listed();
        let mut waiting: Vec<_> = listed.iter().collect();
        waiting.retain(|it| is_at_door(conversation, it));
        let more = waiting.len().saturating_sub(AT_DOOR);
        let named = waiting.iter().take(AT_DOOR).map(|claimed| {
            let name = conversation.name(claimed);
            format!(
                "{name} wants to come in; nothing is proven: /admit {}",
                fingerprint(claimed)
            )
        });
        let more = (more > 0).then(|| format!("{more} more want to come in: /members"));
        let lines = named.chain(more);
        let pin = |line| Pinned {
            kind: Kind::Door,
            line,
        };
        lines.map(pin).collect()
    }

    /// Texts that are held, and questions that are open.
    fn undecided(&self) -> Vec<Pinned> {
        let held = self.held.listed().into_iter();
        let held = held.map(|(number, text)| Pinned {
            kind: Kind::Held,
            line: format!("{number}: {text}  (/release {number} or /discard {number})"),
        });
        let conversation = &self.conversation;
        let asking = conversation.verifying.asking();
        let asking = asking.map(|it| Pinned {
            kind: Kind::Asked,
            line: format!(
                "{} asks what only you two know: /answer or /decline",
                conversation.name(it)
            ),
        });
        held.chain(asking).collect()
    }

    /// What waits for the way to the room, which is lost.
    fn waits_for_way(&self, now: Instant) -> Option<Pinned> {
        let mut line = self.link.away(now)?;
        if !self.kept.is_empty() {
            line = format!("{line}: {}", count(self.kept.len(), "line"));
        }
        Some(Pinned {
            kind: Kind::Waits,
            line,
        })
    }

    /// Shows what the person has typed: the terminal does not, as it does where lines are typed between those of others.
    pub(super) fn echo(&self, Stamped { line, .. }: &Stamped) {
        let Some(screen) = self.out.screen() else {
            return;
        };
        match (Command::parse(line.clone(), self.obeys), line) {
            (Ok(Command::Say(text)), _) => screen.own(&self.nick, &text),
            (Ok(Command::Nothing) | Err(_), _) => {}
            // What is a secret is not shown again.
            (Ok(Command::Verify(_)), _) => screen.typed("/verify .."),
            (Ok(Command::Answer(_)), _) => screen.typed("/answer .."),
            (Ok(_), Line::Text(text)) => screen.typed(text),
            (Ok(_), Line::TooLong { .. } | Line::Cut { .. } | Line::NotUtf8) => {}
        }
    }
}

/// The text that a line sends.
fn text_of(line: &Line, obeys: bool) -> Option<String> {
    match Command::parse(line.clone(), obeys) {
        Ok(Command::Say(text)) => Some(text),
        Ok(_) | Err(_) => None,
    }
}
