//! What a line asks for: a text, or a command. `docs/spec/09-chat-payload.md`, "Commands".

use core::fmt::Display;

use mpotr::{LastHeard, Rule, Seen, Vote};
use mpotr_transport::HandleError;
use tokio::time::Instant;

use super::Chat;
use super::command::{self, Command};
use super::input::Stamped;
use super::outcome::Unsent;
use super::{describing, help};

impl Chat<'_> {
    /// Does what a line asks for.
    pub(super) async fn say(&mut self, stamped: Stamped) {
        let Stamped { line, seen } = stamped;
        let name = command::name_of(&line).map(str::to_owned);
        let command = match Command::parse(line, self.obeys) {
            Ok(command) => command,
            Err(line) => return self.not_sent(Unsent::from(line)),
        };
        self.doing = name;
        self.obey(command, self.seen_by(seen)).await;
        self.doing = None;
    }

    /// Does what a command asks for, of one who has seen this roster.
    async fn obey(&mut self, command: Command, seen: Seen) {
        if !matches!(command, Command::Say(_)) {
            self.read_people_again();
        }
        match command {
            Command::Nothing => {}
            Command::Say(text) => self.send_no_answer(text, seen).await,
            Command::Members => self.members().await,
            Command::Quit => self.quit().await,
            Command::Help(None) => self.tell(help::help()),
            Command::Help(Some(name)) => self.tell(help::help_on(&name)),
            Command::Blanks => self.refuse(
                "this line was not sent: a command begins with its slash, without a blank before it; //text sends a \
                 text that begins with a slash",
            ),
            Command::Usage(usage) => self.refuse(usage),
            Command::Policy => self.tell(self.rules()),
            Command::Amend(amendment) => self.amend(&amendment).await,
            Command::Refresh => {
                let asked = self.handle.refresh().await;
                self.ask(asked);
            }
            Command::Release(number) => self.release(number, seen).await,
            Command::Discard(number) => self.discard(number).await,
            Command::Merge(name) => {
                let asked = self.handle.merge(name).await;
                if asked.is_ok() {
                    self.own.push(Vote::Merge(name));
                    self.out
                        .notice("voting to become one with that room, which has to vote for it, too");
                }
                self.ask(asked);
            }
            Command::Code => self.code().await,
            Command::CodeIsSame(end) => self.code_is_same(&end),
            Command::Verify(words) => self.verify(&words).await,
            Command::Answer(words) => self.answer(&words).await,
            Command::Decline => self.decline().await,
            Command::Link { name, file } => self.give_link(name.as_deref(), file.as_deref()),
            Command::Bell(rings) => self.bell(rings),
            Command::Admit(who) => self.admit(&who).await,
            Command::Kick(who) => self.kick(&who).await,
            Command::Withdraw(who) => self.withdraw(&who).await,
            Command::Mute(who) => self.mute(&who, true),
            Command::Unmute(who) => self.mute(&who, false),
            Command::Unknown(line) => self.refuse(format_args!(
                "{}; /help lists them, //text sends a text that begins with a slash",
                help::no_such(line.trim_start_matches('/'))
            )),
        }
    }

    /// Whether a bell rings, on a screen.
    fn bell(&mut self, rings: bool) {
        let Some(screen) = self.out.screen() else {
            return self.refuse("a bell rings on a screen alone: --screen");
        };
        screen.bell(rings);
        self.out.notice(match rings {
            true => "a bell rings when you are named or asked while you look elsewhere",
            false => "no bell rings",
        });
    }

    /// The rules, and what they mean for those who are there.
    fn rules(&self) -> Vec<String> {
        let mut lines = describing::describe(&self.policy, |it| self.conversation.name(it));
        if let Some(others) = &self.conversation.others {
            let members = others.len().saturating_add(1);
            let more = [&self.policy.admit, &self.policy.change];
            let asks_for_more = |rule: &&Rule| matches!(rule, Rule::Quorum(votes) if usize::from(votes.get()) > members);
            if more.iter().any(asks_for_more) {
                lines.push(format!(
                    "  with fewer members than a rule asks for, it asks for all of them: {members} now"
                ));
            }
            let never_out = self.conversation.never_out_by(&self.policy);
            lines.extend(never_out.map(|told| format!("  {told}")));
        }
        lines
    }

    /// How long ago each was heard. The room knows it, which answers while it has its carrier.
    pub(super) async fn last_heard(&self) -> LastHeard {
        match self.link.is_up() {
            true => self.handle.last_heard().await.unwrap_or_default(),
            false => LastHeard::default(),
        }
    }

    /// Lists who is there.
    async fn members(&mut self) {
        let heard = self.last_heard().await;
        let members = self.conversation.members(&heard);
        self.tell(members);
        if let Some(away) = self.link.away(Instant::now()) {
            self.out.notice(format_args!("  {away}"));
        }
    }

    pub(super) fn tell(&mut self, lines: Vec<String>) {
        for line in lines {
            self.out.notice(line);
        }
    }

    /// A room that has ended does nothing that is asked; an event says why it has. What else is not asked for is told.
    pub(super) fn ask(&mut self, asked: Result<(), HandleError>) {
        match asked {
            Ok(()) => {}
            Err(HandleError::Ended) => self.is_leaving = true,
            Err(error) => self.refuse(error),
        }
    }

    /// Says why what a line asks for is not done. A person sees it; a script that nobody looks at ends with a code for it.
    pub(super) fn refuse(&mut self, why: impl Display) {
        self.out.notice(why);
        let name = self.doing.take();
        self.note_undone(name);
    }

    /// A command of this name was not done, or has come to nothing.
    pub(super) fn note_undone(&mut self, name: Option<impl Into<String>>) {
        let name = name.filter(|_| !self.at_terminal);
        name.into_iter()
            .for_each(|name| self.outcome.note_undone(name.into()));
    }

    /// The same in several lines.
    pub(super) fn refuse_by(&mut self, lines: Vec<String>) {
        let mut lines = lines.into_iter();
        lines.next().into_iter().for_each(|line| self.refuse(line));
        self.tell(lines.collect());
    }
}
