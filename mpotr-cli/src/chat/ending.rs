//! Out of the room: at the end of the input, or since the program is asked to stop. `docs/spec/09-chat-payload.md`, "Terminal".

use std::io;

use tokio::sync::mpsc;

use super::Chat;
use super::door::Door;
use super::input::Line;
use super::outcome::Unsent;
use super::wording::count;
use crate::typed;

/// How often the program is asked to stop before it does so without a word of what is lost: once to leave, once not to wait.
const STOPS: u8 = 2;

impl Chat<'_> {
    /// The program is asked to stop. Who asked may be gone: nobody waits here for others to come. Who asks while the room is
    /// left, for the second time or at the end of the input, does not wait for it, and hears what became of each text.
    pub(super) async fn stop(&mut self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.stops < STOPS,
            "stopped before the room was left in order"
        );
        if self.stops == 0 && typed::here().is_some_and(|typed| typed.has_half_a_line()) {
            self.out
                .notice("the line that you were typing was not sent");
        }
        self.stops = self.stops.saturating_add(1);
        self.out.hurry();
        self.outcome.interrupted(self.conversation.is_secure());
        self.is_leaving = true;
        // If the room has ended, an event says so.
        let _ended = self.handle.stop().await;
        Ok(())
    }

    /// The person leaves. Before the room has begun, a text that waits would keep it here for as long as nobody comes: it is told
    /// what waits, and leaves without that if it asks once more.
    pub(super) async fn quit(&mut self) {
        let waits = self.held.unsent().len();
        if self.conversation.is_secure() || waits == 0 {
            return self.leave().await;
        }
        if !self.is_told_what_waits {
            self.is_told_what_waits = true;
            self.out.notice(format_args!(
                "not sent, since the room has not begun: {}; /quit once more leaves without that; /discard takes it back",
                count(waits, "text")
            ));
            return;
        }
        self.is_leaving = true;
        // If the room has ended, an event says so.
        let _ended = self.handle.stop().await;
    }

    /// Nothing more is read. What waits until the room is secure still leaves, if anyone can come at all.
    pub(super) async fn input_ends(&mut self) {
        self.is_read_out = true;
        let is_hopeless = !self.conversation.is_secure()
            && self.conversation.door == Door::Ask
            && self.conversation.awaited.is_empty();
        if is_hopeless {
            for _ in core::mem::take(&mut self.early) {
                self.not_sent(Unsent::NotSecure);
            }
        }
        let waits = self.held.unsent().len();
        if self.at_terminal && !self.conversation.is_secure() && waits > 0 {
            self.out.notice(format_args!(
                "the input has ended; not sent, since the room has not begun: {}; this member leaves when that is sent, and ctrl-c \
                 leaves without it",
                count(waits, "text")
            ));
        }
        if self.early.is_empty() {
            self.leave().await;
        }
    }

    /// Sends the next text from before the room was secure.
    pub(super) async fn send_early(&mut self) {
        if let Some(text) = self.early.pop_front() {
            self.send(text).await;
        }
        if self.early.is_empty() && self.is_read_out {
            self.leave().await;
        }
    }

    /// Leaves in order, once.
    pub(super) async fn leave(&mut self) {
        if !self.is_leaving {
            self.is_leaving = true;
            // A room that has ended already has an event that says so.
            let _ended = self.handle.leave().await;
        }
    }

    /// Notes the lines that nobody will read.
    pub(super) fn count_unread(&mut self, lines: &mut mpsc::Receiver<io::Result<Line>>) {
        lines.close();
        for _ in self.early.drain(..).chain(self.unseen.take()) {
            self.outcome.note(Unsent::Unread);
        }
        let kept = self.kept.drain(..).map(Ok).collect::<Vec<_>>();
        let rest = kept
            .into_iter()
            .chain(core::iter::from_fn(|| lines.try_recv().ok()));
        for line in rest {
            let is_empty = matches!(&line, Ok(Line::Text(text)) if text.is_empty());
            match line {
                Ok(_) if is_empty => {}
                Ok(_) => self.outcome.note(Unsent::Unread),
                Err(error) => self.outcome.note(Unsent::Unreadable(error.to_string())),
            }
        }
    }
}
