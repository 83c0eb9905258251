//! Out of the room: at the end of the input, or since the program is asked to stop. `docs/spec/09-chat-payload.md`, "Terminal".

use std::io;
use std::time::Duration;

use tokio::sync::mpsc;
use tokio::time::Instant;

use super::Chat;
use super::command::Command;
use super::input::Line;
use super::link::UNWATCHED;
use super::outcome::Unsent;
use super::wording::count;
use crate::typed;

/// How often the program is asked to stop before it does so without a word of what is lost: once to leave, once not to wait.
const STOPS: u8 = 2;

/// For so long one who leaves waits for a carrier that is away.
const LINGER: Duration = Duration::from_secs(20);

/// How a person leaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leaves {
    ByQuit,
    AtEndOfInput,
    /// Nobody is there who could do anything about it: the carrier is tried for as long as a script may take.
    AtEndOfPipe,
}

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

    /// The person leaves. A text that waits for what may never be would keep it here: it is told what waits, and leaves without
    /// that if it asks once more.
    pub(super) async fn quit(&mut self) {
        // A script says it once: what it wrote before still leaves.
        if !self.early.is_empty() {
            self.has_quit = true;
            return self.input_ends().await;
        }
        let waits = self.held.waits();
        match self.why_never_sent() {
            Some(why) if waits > 0 && !self.is_told_what_waits => {
                self.is_told_what_waits = true;
                self.out.notice(format_args!(
                    "not sent, since {why}: {}; /quit once more leaves without that; /discard takes it back",
                    count(waits, "text")
                ));
            }
            Some(_) if waits > 0 => {
                self.has_quit = true;
                self.leave_at_once().await;
            }
            _ => {
                self.has_quit = true;
                self.leave().await;
            }
        }
    }

    /// The input ends, or a person leaves, while the carrier is away: what is not delivered is told, and for how long the carrier is
    /// still waited for.
    pub(super) fn leave_without_carrier(&mut self, leaves: Leaves) {
        let kept = self.kept.iter().map(|line| Ok(line.clone()));
        let texts = unread(kept, self.obeys)
            .count()
            .saturating_add(self.early.len())
            .saturating_add(self.held.undelivered());
        let lacks = match texts {
            0 => "the others do not hear that you leave".to_owned(),
            1 => "1 text is not delivered".to_owned(),
            _ => format!("{texts} texts are not delivered"),
        };
        let lost = "for the way to the room is lost";
        let linger = LINGER.as_secs();
        let told = match leaves {
            Leaves::ByQuit => format!(
                "{lacks}, {lost}: this member leaves in {linger} s, or as soon as that is done; /quit once more, or ctrl-c, leaves now"
            ),
            Leaves::AtEndOfInput => format!(
                "the input has ended; {lacks}, {lost}: this member leaves in {linger} s, or as soon as that is done; ctrl-c leaves now"
            ),
            Leaves::AtEndOfPipe => format!(
                "the input has ended; {lacks}, {lost}, which is tried for {} minutes in all",
                UNWATCHED.as_secs().div_euclid(60)
            ),
        };
        if leaves != Leaves::AtEndOfPipe {
            self.leaves_by = Instant::now().checked_add(LINGER);
        }
        self.out.notice(told);
    }

    /// Why what waits may never be sent, if it may not.
    fn why_never_sent(&self) -> Option<&'static str> {
        match (self.conversation.is_secure(), self.conversation.is_put_out) {
            (false, _) => Some("the room has not begun"),
            (true, true) => Some("the others are leaving you out"),
            (true, false) => None,
        }
    }

    /// Nothing more is read. What waits until the room is secure still leaves, if anyone can come at all.
    pub(super) async fn input_ends(&mut self) {
        self.is_read_out = true;
        self.give_up_early();
        let waits = self.held.waits().saturating_add(self.early.len());
        if (self.at_terminal || self.has_quit) && !self.conversation.is_secure() && waits > 0 {
            let ended = match self.has_quit {
                true => "",
                false => "the input has ended; ",
            };
            self.out.notice(format_args!(
                "{ended}not sent, since the room has not begun: {}; this member leaves when that is sent, and ctrl-c leaves \
                 without it",
                count(waits, "text")
            ));
        }
        // So it was told: who is left out waits for nothing but its own end.
        if self.at_terminal && self.conversation.is_put_out && waits > 0 {
            return self.leave_at_once().await;
        }
        if self.early.is_empty() {
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

    /// Leaves without what waits.
    async fn leave_at_once(&mut self) {
        self.leave().await;
        // Who leaves a room already does not wait for it any longer. If the room has ended, an event says so.
        let _ended = self.handle.stop().await;
    }

    /// Notes the texts that nobody will read.
    pub(super) fn count_unread(&mut self, lines: &mut mpsc::Receiver<io::Result<Line>>) {
        lines.close();
        for (_, names) in self.held.never_given() {
            self.outcome.note(Unsent::Unseen { names });
        }
        let early = self.early.drain(..).map(|early| early.text);
        for _ in early.chain(self.unseen.take()) {
            self.outcome.note(Unsent::Unread);
        }
        let kept = self.kept.drain(..).map(Ok).collect::<Vec<_>>();
        let rest = kept
            .into_iter()
            .chain(core::iter::from_fn(|| lines.try_recv().ok()));
        if !self.has_quit {
            for unsent in unread(rest, self.obeys) {
                self.outcome.note(unsent);
            }
        }
    }
}

/// The texts among lines that nobody read. Commands do not count, nor does what is behind `/quit`: it is for what
/// comes after this program.
fn unread(
    lines: impl Iterator<Item = io::Result<Line>>,
    obeys: bool,
) -> impl Iterator<Item = Unsent> {
    let parsed = lines.map(move |line| line.map(|line| Command::parse(line, obeys)));
    let before = parsed.take_while(|line| !matches!(line, Ok(Ok(Command::Quit))));
    before.filter_map(|line| match line {
        Ok(Ok(Command::Say(text))) => (!text.is_empty()).then_some(Unsent::Unread),
        Ok(Ok(_)) => None,
        Ok(Err(_)) => Some(Unsent::Unread),
        Err(error) => Some(Unsent::Unreadable(error.to_string())),
    })
}

#[cfg(test)]
mod tests {
    use super::{Line, Unsent, unread};

    fn unread_of(lines: &[&str], obeys: bool) -> Vec<Unsent> {
        let lines = lines.iter().map(|line| Ok(Line::Text((*line).to_owned())));
        unread(lines, obeys).collect()
    }

    #[test]
    fn of_what_nobody_read_texts_are_counted_and_neither_commands_nor_what_is_behind_quit() {
        let typed = ["one", "", "/members", "//two", "/quit", "ls", "/quit"];
        assert_eq!(unread_of(&typed, true), [Unsent::Unread, Unsent::Unread]);
        assert_eq!(unread_of(&["/quit", "/quit"], true), []);
        // Where commands are not obeyed, all that is not empty is a text.
        assert_eq!(unread_of(&typed, false).len(), 6);
        let no_text = [Ok(Line::NotUtf8), Err(std::io::Error::other("gone"))];
        let told = unread(no_text.into_iter(), true).collect::<Vec<_>>();
        assert_eq!(
            told,
            [Unsent::Unread, Unsent::Unreadable("gone".to_owned())]
        );
    }
}
