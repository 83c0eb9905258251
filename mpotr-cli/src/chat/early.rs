//! Texts of a script from before the room is secure. Each is for those whom the lines before it let in: whom a later line lets in
//! does not read it, unless that is said. `docs/spec/09-chat-payload.md`, "Texts that are held".

use std::collections::BTreeSet;

use mpotr::IdentityKey;

use super::Chat;
use super::door::Door;
use super::outcome::Unsent;
use super::whom::Digits;

/// A text that waits for the first roster.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Early {
    pub(super) text: String,
    /// Whom the lines before it let in.
    readers: BTreeSet<Digits>,
}

impl Early {
    /// Those others in a roster for whom the text was not written.
    fn newcomers(&self, others: &BTreeSet<IdentityKey>) -> Vec<IdentityKey> {
        let is_reader = |it: &&IdentityKey| self.readers.contains(&Digits::of_key(it));
        others.iter().filter(|it| !is_reader(it)).copied().collect()
    }
}

impl Chat<'_> {
    /// Keeps a text until the room is secure.
    pub(super) fn keep_early(&mut self, text: String) {
        let readers = self.conversation.awaited.let_in();
        let has_readers = self.follows() || !readers.is_empty();
        // Said once, and once more when it is no longer so.
        let last = self.early.back();
        let is_news = last.is_none_or(|it| !self.follows() && it.readers.is_empty() == has_readers);
        if is_news {
            self.out.notice(match has_readers {
                true => "nobody is in yet: that text, and each that follows, leaves when the room is secure",
                false => {
                    "nobody is let in yet: that text is held when the room is secure, for whom a later line lets in would read it; \
                     let people in first"
                }
            });
        }
        self.early.push_back(Early { text, readers });
    }

    /// Sends the next text from before the room was secure, or holds it if others are there than it was written for.
    pub(super) async fn send_early(&mut self) {
        if let Some(early) = self.early.pop_front() {
            let others = self.conversation.others.as_ref();
            let newcomers = others.filter(|_| !self.follows());
            let newcomers = newcomers.map(|it| early.newcomers(it)).unwrap_or_default();
            if newcomers.is_empty() {
                self.send_or_hold(early.text).await;
            } else {
                let names = newcomers.iter().map(|it| self.conversation.name(it));
                let told = self.held.hold_early(early.text, names.collect());
                self.tell(told);
            }
        }
        self.leave_if_done().await;
    }

    /// Leaves if the input has ended and all that was in it was given to the room.
    pub(super) async fn leave_if_done(&mut self) {
        if self.early.is_empty() && self.unseen.is_none() && self.is_read_out {
            self.leave().await;
        }
    }

    /// Says of the texts that wait for the first roster which of them nobody can come for, since nothing more is read.
    pub(super) fn give_up_early(&mut self) {
        if self.conversation.is_secure() || self.conversation.door != Door::Ask {
            return;
        }
        let can_come = !self.conversation.awaited.is_empty();
        let before = self.early.len();
        self.early
            .retain(|early| can_come && !early.readers.is_empty());
        for _ in self.early.len()..before {
            self.not_sent(Unsent::NotSecure);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Digits, Early, IdentityKey};

    #[test]
    fn a_text_is_for_those_alone_who_were_let_in_before_it() {
        let [bob, carol] = [2, 3].map(|byte| IdentityKey::new([byte; 32]));
        let early = Early {
            text: "for bob".to_owned(),
            readers: [Digits::of_key(&bob)].into(),
        };
        assert_eq!(early.newcomers(&[bob].into()), []);
        assert_eq!(early.newcomers(&[bob, carol].into()), [carol]);
    }
}
