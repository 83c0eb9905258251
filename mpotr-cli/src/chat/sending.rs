//! Texts on their way from the input to the room, and back. `docs/spec/09-chat-payload.md`, "Texts that are held".
//!
//! A person sends to those who were shown last. A pipe has nobody who looks: with --with it writes to those whom the
//! command line names, and with --open and --trust it follows what is shown.

use mpotr::{IdentityKey, Message, Seen, SendError, TextId, Told};
use mpotr_formats::Payload;
use mpotr_transport::HandleError;

use super::Chat;
use super::door::Door;
use super::outcome::Unsent;
use super::wording;

impl Chat<'_> {
    /// Whom the author of a line has seen, or has named: `read` is the roster that was shown when the line was read.
    pub(super) fn seen_by(&self, read: Seen) -> Seen {
        match (&self.conversation.door, read) {
            (Door::With(_), _) if !self.at_terminal => Seen::Expected,
            _ if self.follows() => self.conversation.seen(),
            // A script that lets people in says so by its lines, and may have been read ahead of all of them.
            (Door::Ask, Seen::Expected) if !self.at_terminal => self.conversation.seen(),
            _ => read,
        }
    }

    /// Whether what is written goes to all who are shown to be there, without a person who looks.
    pub(super) fn follows(&self) -> bool {
        !self.at_terminal && self.conversation.door.is_a_rule()
    }

    /// Sends a text to those whom its author has seen.
    pub(super) async fn send(&mut self, text: String, seen: Seen) {
        match self.give(&text, seen).await {
            Ok(text_id) => self.was_taken(text_id, text),
            Err(error) => self.was_not_taken(error, text).await,
        }
    }

    /// The same, unless a person may have typed it as the answer to what another asks: then it says first that it answers nobody.
    pub(super) async fn send_no_answer(&mut self, text: String, seen: Seen) {
        let names = self.conversation.who_may_be_answered();
        if names.is_empty() || !self.at_terminal {
            return self.send(text, seen).await;
        }
        let told = self.held.hold_answer(text, &names);
        self.tell(told);
    }

    /// Gives a text to the room.
    async fn give(&self, text: &str, seen: Seen) -> Result<TextId, HandleError> {
        let body = Payload {
            nick: self.nick.clone(),
            text: text.to_owned(),
        };
        self.handle.send(body.to_bytes(), seen).await
    }

    /// The room has taken a text.
    fn was_taken(&mut self, text_id: TextId, text: String) {
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
        if let Some(screen) = self.out.screen() {
            screen.taken(text_id, &text);
        }
        self.held.take(text_id, text);
        self.is_told_what_waits = false;
    }

    /// The room has not taken a text.
    async fn was_not_taken(&mut self, error: HandleError, text: String) {
        match error {
            HandleError::Send(error) => self.refused(error, text).await,
            // An event says why.
            HandleError::Ended => {
                self.is_leaving = true;
                self.outcome.note(Unsent::Unread);
            }
            // No policy is asked for here, no admission, and not who is who.
            HandleError::Vote(_) | HandleError::Verify(_) => {
                self.is_leaving = true;
                self.outcome.note(Unsent::Unread);
            }
        }
    }

    /// The room does not take a text.
    async fn refused(&mut self, error: SendError, text: String) {
        match error {
            SendError::TooLong { length, .. } => self.not_sent(Unsent::TooLong { length }),
            SendError::StaleRoster { .. } if self.follows() => self.unseen = Some(text),
            SendError::StaleRoster { added } => {
                let names = self.names_each(&added);
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
    pub(super) async fn hear_of_texts(&mut self, event: &Told) {
        if let Told::Message(Message::Held { text_id, .. }) = event
            && self.follows()
        {
            self.release_one(*text_id, self.conversation.seen()).await;
            return;
        }
        let names = if let Told::Message(Message::Held { added, .. }) = event {
            self.names_each(added)
        } else {
            Vec::new()
        };
        let told = self.held.hear(event, &names);
        self.tell(told);
    }

    /// What each of these is called.
    fn names_each(&self, members: &[IdentityKey]) -> Vec<String> {
        members
            .iter()
            .map(|it| self.conversation.name(it))
            .collect()
    }

    /// Sends what is held to those whom its author has seen by now.
    pub(super) async fn release(&mut self, number: Option<u32>, seen: Seen) {
        let (meant, early) = self.meant(number);
        for number in early {
            self.release_early(number, seen).await;
        }
        for text_id in meant {
            self.release_one(text_id, seen).await;
        }
    }

    async fn release_one(&mut self, text_id: TextId, seen: Seen) {
        match self.handle.release(text_id, seen).await {
            Ok(()) => {
                if let Some(screen) = self.out.screen() {
                    screen.released(text_id);
                }
                self.held.is_decided(text_id);
            }
            Err(HandleError::Send(SendError::StaleRoster { added })) => self.stays_held(&added),
            // It has its fate, of which an event tells.
            Err(HandleError::Send(SendError::NoSuchText)) => self.held.is_decided(text_id),
            other => self.ask(other),
        }
    }

    /// Gives the room a text that is held and that it was not given. As long as others come in whom its author has not seen, it stays
    /// held, as one that the room has.
    async fn release_early(&mut self, number: u32, seen: Seen) {
        let Some(text) = self.held.early(number).map(str::to_owned) else {
            return;
        };
        if self.held.may_answer(number) {
            self.conversation.verifying.texts_are_no_answers();
        }
        match self.give(&text, seen).await {
            Err(HandleError::Send(SendError::StaleRoster { added })) => self.stays_held(&added),
            given => {
                let _released = self.held.take_early(Some(number));
                match given {
                    Ok(text_id) => self.was_taken(text_id, text),
                    Err(error) => self.was_not_taken(error, text).await,
                }
            }
        }
    }

    /// What is held is not released.
    fn stays_held(&mut self, added: &[IdentityKey]) {
        let names = self.names_each(added).join(", ");
        self.refuse(format_args!(
            "still not sent: {names} came in meanwhile, too; look, and say it again"
        ));
    }

    /// Sends a text from before the room was secure, which is for those who are shown. If others have come in meanwhile it is held.
    pub(super) async fn send_or_hold(&mut self, text: String) {
        match self.give(&text, self.conversation.seen()).await {
            Err(HandleError::Send(SendError::StaleRoster { added })) if !self.follows() => {
                let names = self.names_each(&added);
                let told = self.held.hold_early(text, names);
                self.tell(told);
            }
            Ok(text_id) => self.was_taken(text_id, text),
            Err(error) => self.was_not_taken(error, text).await,
        }
    }

    /// Takes back one text that is held, or all that has not left.
    pub(super) async fn discard(&mut self, number: Option<u32>) {
        let (meant, early) = match number {
            Some(_) => {
                let (meant, early) = self.meant(number);
                for number in &early {
                    let _taken_back = self.held.take_early(Some(*number));
                }
                (meant, early.len())
            }
            None => {
                let early = self.early.drain(..).count();
                let early = early.saturating_add(self.held.take_early(None).len());
                (self.held.unsent(), early)
            }
        };
        if meant.is_empty() && early == 0 && number.is_none() {
            self.out
                .notice("nothing waits: all that was typed has left");
        }
        for _ in 0..early {
            self.out.notice("taken back: nobody has read it");
        }
        for text_id in meant {
            match self.handle.discard(text_id).await {
                Ok(Some(_body)) => self.out.notice("taken back: nobody has read it"),
                Ok(None) => self.refuse("it is on its way already"),
                Err(error) => self.ask(Err(error)),
            }
            self.held.is_decided(text_id);
        }
    }

    /// The texts that a person means, those that the room has and, by their numbers, those that it was never given; without any, it is
    /// told.
    fn meant(&mut self, number: Option<u32>) -> (Vec<TextId>, Vec<u32>) {
        let early = self.held.meant_early(number);
        let meant = self.held.meant(number);
        if meant.is_empty() && early.is_empty() {
            match number {
                Some(_) => self.refuse("no text of that number is held"),
                // Nothing was to be done.
                None => self.out.notice("nothing is held"),
            }
        }
        (meant, early)
    }
}
