//! Texts on their way from the input to the room, and back. `docs/spec/09-chat-payload.md`, "Texts that are held".
//!
//! A person sends to those who were shown last. A pipe has nobody who looks: with --with it writes to those whom the
//! command line names, and with --open and --trust it follows what is shown.

use mpotr::room::Event;
use mpotr::{Seen, SendError, TextId};
use mpotr_formats::Payload;
use mpotr_transport::HandleError;

use super::Chat;
use super::door::Door;
use super::outcome::Unsent;
use super::wording;

impl Chat<'_> {
    /// Whom the author of a text has seen, or has named.
    fn seen(&self) -> Seen {
        match self.conversation.door {
            Door::With(_) if !self.at_terminal => Seen::Expected,
            Door::With(_) | Door::Trust(..) | Door::Ask | Door::Open => self.conversation.seen(),
        }
    }

    /// Whether what is written goes to all who are shown to be there, without a person who looks.
    pub(super) fn follows(&self) -> bool {
        !self.at_terminal && self.conversation.door.is_a_rule()
    }

    /// Sends a text.
    pub(super) async fn send(&mut self, text: String) {
        let body = Payload {
            nick: self.nick.clone(),
            text: text.clone(),
        }
        .to_bytes();
        match self.handle.send(body, self.seen()).await {
            Ok(text_id) => {
                if !self.conversation.is_secure() {
                    self.out
                        .notice("not all are in yet: that text leaves when the room is secure");
                } else if let Some(reason) = self.pauses.first() {
                    let conversation = &self.conversation;
                    let is_own = conversation.awaited.asks_for(reason);
                    let me = &conversation.me;
                    let name = |it: &_| conversation.name(it);
                    let word = |it: &_| conversation.word(it);
                    let waits = wording::text_waits(reason, me, is_own, name, word);
                    self.out.notice(waits);
                }
                self.held.take(text_id, text);
                self.is_told_what_waits = false;
            }
            Err(HandleError::Send(error)) => self.refused(error, text).await,
            // An event says why.
            Err(HandleError::Ended) => {
                self.is_leaving = true;
                self.outcome.note(Unsent::Unread);
            }
            // No policy is asked for here, no admission, and not who is who.
            Err(HandleError::Policy(_) | HandleError::Vote(_) | HandleError::Verify(_)) => {
                self.is_leaving = true;
            }
        }
    }

    /// The room does not take a text.
    async fn refused(&mut self, error: SendError, text: String) {
        match error {
            SendError::TooLong { length, .. } => self.not_sent(Unsent::TooLong { length }),
            SendError::StaleRoster { .. } if self.follows() => self.unseen = Some(text),
            SendError::StaleRoster { added } => {
                let names: Vec<_> = added.iter().map(|it| self.conversation.name(it)).collect();
                self.not_sent(Unsent::Unseen { names });
            }
            SendError::NotSecure if !self.at_terminal => self.keep_early(text),
            SendError::NotSecure => self.not_sent(Unsent::NotSecure),
            // A person stays, and waits for others to come back.
            SendError::NobodyLeft if self.at_terminal => {
                self.not_sent(Unsent::Refused(SendError::NobodyLeft));
            }
            error @ (SendError::QueueFull
            | SendError::NoSuchText
            | SendError::NobodyLeft
            | SendError::Leaving
            | SendError::Ended
            | _) => {
                self.outcome.note(Unsent::Refused(error));
                self.leave().await;
            }
        }
    }

    /// Says at once that a line was not sent, and why.
    pub(super) fn not_sent(&mut self, unsent: Unsent) {
        self.out
            .notice(format_args!("this line was not sent: {unsent}"));
        self.outcome.note(unsent);
    }

    /// Takes note of what becomes of texts, and shows one that is held.
    pub(super) async fn hear_of_texts(&mut self, event: &Event) {
        if let Event::Held { text_id, .. } = event
            && self.follows()
        {
            self.release_one(*text_id).await;
            return;
        }
        let names = if let Event::Held { added, .. } = event {
            added.iter().map(|it| self.conversation.name(it)).collect()
        } else {
            Vec::new()
        };
        let told = self.held.hear(event, &names);
        self.tell(told);
    }

    /// Sends what is held to those who are shown now.
    pub(super) async fn release(&mut self, number: Option<u32>) {
        let (meant, early) = self.meant(number);
        for text in early {
            self.send(text).await;
        }
        for text_id in meant {
            self.release_one(text_id).await;
        }
    }

    async fn release_one(&mut self, text_id: TextId) {
        match self.handle.release(text_id, self.seen()).await {
            Ok(()) => self.held.is_decided(text_id),
            Err(HandleError::Send(SendError::StaleRoster { added })) => {
                let names: Vec<_> = added.iter().map(|it| self.conversation.name(it)).collect();
                self.out.notice(format_args!(
                    "still not sent: {} came in meanwhile, too; look, and say it again",
                    names.join(", ")
                ));
            }
            // It has its fate, of which an event tells.
            Err(HandleError::Send(SendError::NoSuchText)) => self.held.is_decided(text_id),
            other => self.ask(other),
        }
    }

    /// Takes back one text that is held, or all that has not left.
    pub(super) async fn discard(&mut self, number: Option<u32>) {
        let (meant, early) = match number {
            Some(_) => self.meant(number),
            None => {
                let early = self.early.drain(..).map(|early| early.text);
                let early = early.chain(self.held.take_early(None)).collect();
                (self.held.unsent(), early)
            }
        };
        if meant.is_empty() && early.is_empty() && number.is_none() {
            self.out
                .notice("nothing waits: all that was typed has left");
        }
        for _ in early {
            self.out.notice("taken back: nobody has read it");
        }
        for text_id in meant {
            match self.handle.discard(text_id).await {
                Ok(Some(_body)) => self.out.notice("taken back: nobody has read it"),
                Ok(None) => self.out.notice("it is on its way already"),
                Err(error) => self.ask(Err(error)),
            }
            self.held.is_decided(text_id);
        }
    }

    /// The texts that a person means, those that the room has and those that it was never given; without any, it is told.
    fn meant(&mut self, number: Option<u32>) -> (Vec<TextId>, Vec<String>) {
        let early = self.held.take_early(number);
        let meant = self.held.meant(number);
        if meant.is_empty() && early.is_empty() {
            self.out.notice(match number {
                Some(_) => "no text of that number is held",
                None => "nothing is held",
            });
        }
        (meant, early)
    }
}
