//! Finding out who is who from a chat: the code of the room, and secrets. `docs/spec/13-trust.md`.
//!
//! ```text
//! /code                      asks for the code of the room;  /code 9012: all have the same, which ends so
//! /verify bob where? there   asks Bob "where?", to which both answer "there";  /verify bob there: asks nothing
//! /answer there              answers who asks;  /answer bob there, if more than one does;  /decline gives it up
//! ```

use std::collections::BTreeSet;

use mpotr::room::Event;
use mpotr::{AttemptId, CodeFailure, IdentityKey, RoomCode, SecretOutcome, SharedSecret};
use mpotr_formats::Escaped;
use mpotr_formats::known::How;

use super::Chat;
use super::conversation::{Conversation, Say};
use super::remembering::Learned;

/// What is asked and not answered yet.
#[derive(Debug, Default)]
pub(super) struct Verifying {
    /// Who asks for a secret.
    asking: Vec<(AttemptId, IdentityKey)>,
    /// The last code that was shown, and whose it is.
    code: Option<(RoomCode, Vec<IdentityKey>)>,
}

/// Why nothing is asked or answered.
const NO_SECRET: &str =
    "a secret has at least one character that is not blank, and at most 1024 bytes";

impl Conversation {
    /// What to say of an event by which people find out who is who. `None` of another.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what is no word on who is who is told elsewhere"
    )]
    pub(super) fn verifies(&mut self, event: &Event) -> Option<Vec<Say>> {
        match event {
            Event::Code { code, roster, .. } => {
                self.verifying.code = Some((*code, roster.clone()));
                Some(notices([
                    format!("the code of this room is {code}"),
                    "read it to one another where nobody can change what you hear; /code and the last four digits say \
                     that all have the same. If one has another, there is a stranger between you"
                        .to_owned(),
                ]))
            }
            Event::CodeAsked { by, .. } => Some(notices([format!(
                "{} asks for a code of the room again; /code takes part",
                self.name(by)
            )])),
            Event::CodeFailed {
                why, who, tries, ..
            } => {
                let names: Vec<_> = who.iter().map(|it| self.name(it)).collect();
                let names = names.join(", ");
                let why = match why {
                    CodeFailure::Missing => format!("nothing came from {names}"),
                    CodeFailure::WrongReveal => {
                        format!("{names} said two things, or another than before")
                    }
                    _ => "the room has other keys now".to_owned(),
                };
                let line = format!("there is no code: {why}; tries that failed: {tries}");
                Some(notices([line]))
            }
            Event::SecretAsked {
                attempt,
                identity,
                question,
                failures,
            } => {
                self.verifying.asking.push((*attempt, *identity));
                Some(self.asks(identity, question, *failures))
            }
            Event::SecretResult {
                attempt,
                identity,
                result,
                failures,
            } => {
                self.verifying.asking.retain(|(asked, _)| asked != attempt);
                Some(self.found(*identity, *result, *failures))
            }
            _ => None,
        }
    }

    fn asks(&self, identity: &IdentityKey, question: &str, failures: u32) -> Vec<Say> {
        let name = self.name(identity);
        let question = match question.is_empty() {
            true => "for a secret that only you two know".to_owned(),
            false => format!("to be sure that it is you: {}", Escaped(question)),
        };
        let before = match failures {
            0 => String::new(),
            _ => format!(" (failed with {name} so far: {failures})"),
        };
        notices([
            format!("{name} asks you {question}"),
            format!(
                "/answer and the answer tells {name} whether it is the same, and nothing else{before}; /decline gives \
                 it up"
            ),
        ])
    }

    fn found(&self, identity: IdentityKey, result: SecretOutcome, failures: u32) -> Vec<Say> {
        let name = self.name(&identity);
        let line = match result {
            SecretOutcome::Same => format!("{name} knows the secret: nobody is between you"),
            SecretOutcome::Different => format!(
                "{name} gave another answer, or a stranger is between you; failed with {name} so far: {failures}"
            ),
            SecretOutcome::Aborted | _ => format!(
                "what was asked between you and {name} came to nothing; failed with {name} so far: {failures}"
            ),
        };
        let verified = Say::Remember(Learned::Verified([identity].into(), How::Secret));
        let learned = (result == SecretOutcome::Same).then_some(verified);
        notices([line]).into_iter().chain(learned).collect()
    }
}

fn notices<const N: usize>(lines: [String; N]) -> Vec<Say> {
    lines.map(Say::Notice).into()
}

impl Chat<'_> {
    /// Takes part in a code of the room.
    pub(super) async fn code(&mut self) {
        let asked = self.handle.room_code().await;
        self.ask(asked.map(drop));
    }

    /// The people of the room have all read the same code, which ends like this. While they read one to another, a newcomer may
    /// have come in, whom they have not heard, and another code with it: so the end of theirs is asked for.
    pub(super) fn code_is_same(&mut self, end: &str) {
        let me = self.conversation.me;
        let Some((code, roster)) = &self.conversation.verifying.code else {
            self.out
                .notice("there is no code to compare; /code asks for one");
            return;
        };
        if !ends_so(*code, end) {
            let line = format!(
                "the code of this room is {code} now: that one is of other people, or of an earlier time"
            );
            self.out.notice(line);
            return;
        }
        let others: BTreeSet<_> = roster.iter().copied().filter(|it| *it != me).collect();
        self.conversation.verifying.code = None;
        let names = &self.conversation.names;
        let unknown = others.iter().filter(|it| names.petname(it).is_none());
        let unknown: Vec<_> = unknown.map(|it| names.name(it)).collect();
        self.remember(&Learned::Verified(others, How::Code));
        let line = match unknown.is_empty() {
            true => "nobody is between you; that is remembered of all of them".to_owned(),
            false => format!(
                "nobody is between you; it is remembered of whom you know, and not of {}: `mpotr people add`",
                unknown.join(", ")
            ),
        };
        self.out.notice(line);
    }

    /// Asks a member: `WHO [QUESTION?] SECRET`.
    pub(super) async fn verify(&mut self, words: &str) {
        let (who, rest) = words.split_once(' ').unwrap_or((words, ""));
        let member = match self.conversation.member(who) {
            Ok(member) => member,
            Err(error) => return self.tell(error.lines()),
        };
        let (question, secret) = question_and_secret(rest);
        let Some(secret) = SharedSecret::of_text(secret) else {
            return self.out.notice(NO_SECRET);
        };
        let question = question.to_owned();
        let started = self.handle.verify_start(member, secret, question).await;
        if started.is_ok() {
            let name = self.conversation.name(&member);
            self.out
                .notice(format_args!("asked; {name} has two minutes to answer"));
        }
        self.ask(started.map(drop));
    }

    /// Answers a member that asks: `[WHO] SECRET`.
    pub(super) async fn answer(&mut self, words: &str) {
        let (attempt, secret) = match self.asked(words) {
            Ok(asked) => asked,
            Err(lines) => return self.tell(lines),
        };
        let Some(secret) = SharedSecret::of_text(secret) else {
            return self.out.notice(NO_SECRET);
        };
        let answered = self.handle.verify_answer(attempt, secret).await;
        self.ask(answered);
    }

    /// Gives up what is asked.
    pub(super) async fn decline(&mut self) {
        let asking = std::mem::take(&mut self.conversation.verifying.asking);
        if asking.is_empty() {
            self.out.notice("nobody asks");
        }
        for (attempt, _) in asking {
            let given_up = self.handle.verify_abort(attempt).await;
            self.ask(given_up);
        }
    }

    /// Which attempt an answer is for, and the answer.
    fn asked<'a>(&self, words: &'a str) -> Result<(AttemptId, &'a str), Vec<String>> {
        match self.conversation.verifying.asking.as_slice() {
            [] => Err(vec!["nobody asks".to_owned()]),
            [(attempt, _)] => Ok((*attempt, words)),
            several => {
                let (who, secret) = words.split_once(' ').unwrap_or((words, ""));
                let member = self.conversation.member(who).map_err(|it| it.lines())?;
                let mut asked = several.iter().filter(|(_, it)| *it == member);
                let asked = asked.next().map(|(attempt, _)| (*attempt, secret));
                let which = "more than one asks: /answer, the name, and the answer";
                asked.ok_or_else(|| vec![which.to_owned()])
            }
        }
    }
}

/// Whether these are the last four digits of a code, or all of them.
fn ends_so(code: RoomCode, end: &str) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<String>();
    let (code, end) = (plain(&code.to_string()), plain(end));
    matches!(end.len(), 4 | 12) && code.ends_with(&end)
}

/// The question, to its `?`, and what is behind it: to the first one, since what follows the last may be half of the secret.
fn question_and_secret(words: &str) -> (&str, &str) {
    let end = words.find('?').map(|at| at.saturating_add(1));
    match end.and_then(|end| words.split_at_checked(end)) {
        Some((question, secret)) => (question.trim(), secret),
        None => ("", words),
    }
}

#[cfg(test)]
mod tests {
    use super::question_and_secret;

    #[test]
    fn a_question_ends_with_its_mark() {
        for (words, expected) in [
            (
                "where did we meet? at the mill",
                ("where did we meet?", " at the mill"),
            ),
            ("at the mill", ("", "at the mill")),
            ("where? the pub? no", ("where?", " the pub? no")),
            ("where?", ("where?", "")),
        ] {
            assert_eq!(question_and_secret(words), expected);
        }
    }
}
