//! Finding out who is who from a chat: the code of the room, and secrets. `docs/spec/13-trust.md`.
//!
//! ```text
//! /code                      asks for the code of the room;  /code 9012: all have the same, which ends so
//! /verify bob where? there   asks Bob "where?", to which both answer "there";  /verify bob there: asks nothing
//! /answer there              answers who asks;  /answer bob there, if more than one does;  /decline gives it up
//! ```

use std::collections::{BTreeMap, BTreeSet};

use mpotr::{
    AttemptId, CodeFailure, IdentityKey, SecretOutcome, SharedSecret, Told, Verification,
    VerifyError,
};
use mpotr_formats::Escaped;
use mpotr_formats::known::How;
use mpotr_transport::HandleError;

use super::Chat;
use super::conversation::{Conversation, Say};
use super::help::VERIFY;
use super::remembering::Learned;
use super::wording::enumerated;

/// What is asked and not answered yet.
#[derive(Debug, Default)]
pub(super) struct Verifying {
    /// Whom this person asks for one.
    started: BTreeMap<AttemptId, IdentityKey>,
    /// Who asks for a secret.
    asking: Vec<(AttemptId, IdentityKey)>,
    /// Who has asked since the person last answered, whether it still does or not: an answer that is on its way to one of
    /// them is not for another that asks by now.
    have_asked: BTreeSet<IdentityKey>,
    /// Attempts of which the person has said, by a text, that what it types answers none of them.
    unanswered: BTreeSet<AttemptId>,
    /// The attempt whose answer began with the name of who asks, of which the person was told.
    named: Option<AttemptId>,
    /// What muted members ask, of which nothing is shown.
    unseen: BTreeSet<AttemptId>,
    /// The last code that was shown.
    code: Option<Shown>,
    /// Whether that is the code of the present keys, and nobody has asked for another since.
    is_code_fresh: bool,
    /// Whether this person has asked for a code that is not there yet.
    awaits_code: bool,
    /// How often no code came of a round, as was told last.
    tries: u32,
    /// Whether the person leaves: what is not answered then never is.
    is_leaving: bool,
}

impl Verifying {
    /// Who asks for a secret.
    pub(super) fn asking(&self) -> impl Iterator<Item = &IdentityKey> {
        self.asking.iter().map(|(_, identity)| identity)
    }

    /// What the person types from now on are texts, and answer nobody who asks now.
    pub(super) fn texts_are_no_answers(&mut self) {
        let asking = self.asking.iter().map(|(attempt, _)| *attempt);
        self.unanswered = asking.collect();
    }

    /// The person leaves.
    pub(super) const fn leaves(&mut self) {
        self.is_leaving = true;
    }
}

/// A code that was shown.
#[derive(Clone, Debug)]
struct Shown {
    /// As people read it to one another.
    digits: String,
    /// Whose it is.
    roster: Vec<IdentityKey>,
    /// Whether the person has said that all have the same.
    is_compared: bool,
}

/// Why the end of a code says nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoCode {
    /// None was shown.
    None,
    /// It ends otherwise: this is the one that was shown.
    Other(String),
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
    pub(super) fn verifies(&mut self, event: &Told) -> Option<Vec<Say>> {
        match event {
            Told::Verification(Verification::Code { code, roster, .. }) => {
                self.verifying.show(code.to_string(), roster.clone());
                Some(notices([
                    format!("the code of this room is {code}"),
                    "read it to one another where nobody can change what you hear; /code and the last four digits say \
                     that all have the same. If one has another, there is a stranger between you"
                        .to_owned(),
                ]))
            }
            Told::Verification(Verification::CodeAsked { identity: by, .. })
                if self.is_muted(by) =>
            {
                Some(Vec::new())
            }
            Told::Verification(Verification::SecretAsked {
                attempt, identity, ..
            }) if self.is_muted(identity) => {
                self.verifying.unseen.insert(*attempt);
                Some(Vec::new())
            }
            Told::Verification(Verification::SecretResult { attempt, .. })
                if self.verifying.unseen.remove(attempt) =>
            {
                Some(Vec::new())
            }
            Told::Verification(Verification::CodeAsked { identity: by, .. }) => {
                self.verifying.is_code_fresh = false;
                Some(notices([format!(
                    "{} asks for a code of the room again; /code takes part",
                    self.name(by)
                )]))
            }
            Told::Verification(Verification::CodeFailed {
                why, who, tries, ..
            }) => Some(self.no_code_comes(*why, who, *tries)),
            Told::Verification(Verification::SecretAsked {
                attempt,
                identity,
                question,
                failures,
            }) => {
                self.verifying.asking.push((*attempt, *identity));
                self.verifying.have_asked.insert(*identity);
                Some(self.asks(identity, question, *failures))
            }
            Told::Verification(Verification::SecretResult {
                attempt,
                identity,
                result,
                failures,
            }) => Some(self.comes_of(attempt, identity, *result, *failures)),
            _ => None,
        }
    }

    /// The command that has come to nothing by this: a member has not shown that it knows what was asked, or there is no code.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all others are of no such command"
    )]
    pub(super) fn comes_to_nothing(&self, event: &Told) -> Option<&'static str> {
        match event {
            Told::Verification(Verification::SecretResult {
                attempt, result, ..
            }) => {
                let has_asked = self.verifying.started.contains_key(attempt);
                (has_asked && *result != SecretOutcome::Same).then_some("/verify")
            }
            Told::Verification(Verification::CodeFailed { .. }) => {
                self.verifying.awaits_code.then_some("/code")
            }
            _ => None,
        }
    }

    /// An attempt has ended, by which either has asked the other.
    fn comes_of(
        &mut self,
        attempt: &AttemptId,
        identity: &IdentityKey,
        result: SecretOutcome,
        failures: u32,
    ) -> Vec<Say> {
        let has_asked = self.verifying.started.remove(attempt).is_some();
        let asking = &mut self.verifying.asking;
        let before = asking.len();
        asking.retain(|(asked, _)| asked != attempt);
        let was_asked = asking.len() < before;
        if result == SecretOutcome::EpochChanged {
            return self.is_not_answered(identity, was_asked);
        }
        match result == SecretOutcome::Aborted && has_asked {
            true => notices([format!(
                "{0} has declined, or given no answer in time; what you asked {0} came to nothing so often: {failures}",
                self.name(identity)
            )]),
            false => self.found(*identity, result, failures),
        }
    }

    /// A round has come to nothing.
    fn no_code_comes(&mut self, why: CodeFailure, who: &[IdentityKey], tries: u32) -> Vec<Say> {
        let names: Vec<_> = who.iter().map(|it| self.name(it)).collect();
        let names = names.join(", ");
        let why = match why {
            CodeFailure::Missing => format!("nothing came from {names}"),
            CodeFailure::WrongReveal => format!("{names} said two things, or another than before"),
            CodeFailure::EpochChanged | _ => return self.code_ended_with_its_keys(tries),
        };
        self.verifying.awaits_code = false;
        self.verifying.tries = tries;
        notices([format!(
            "there is no code: {why}; tries that failed: {tries}"
        )])
    }

    /// The keys of the room changed before there was a code. Who has asked for it asks again; to others it is no news, unless it
    /// counts.
    fn code_ended_with_its_keys(&mut self, tries: u32) -> Vec<Say> {
        let awaited = core::mem::take(&mut self.verifying.awaits_code);
        let counts = core::mem::replace(&mut self.verifying.tries, tries) != tries;
        let again = if awaited {
            "; /code asks for one again"
        } else {
            ""
        };
        match (awaited, counts) {
            (false, false) => Vec::new(),
            (_, false) => notices([format!(
                "the keys of the room changed before there was a code{again}"
            )]),
            (_, true) => notices([format!(
                "there is no code: the keys of the room changed meanwhile; tries that failed: {tries}{again}"
            )]),
        }
    }

    /// The keys of the room changed before an answer was there, or one of both left, which is nobody's failure.
    fn is_not_answered(&self, identity: &IdentityKey, was_asked: bool) -> Vec<Say> {
        let name = self.name(identity);
        let is_gone = self
            .others
            .as_ref()
            .is_some_and(|it| !it.contains(identity));
        let who = match self.verifying.is_leaving {
            true => Some("you"),
            false => is_gone.then_some(name.as_str()),
        };
        notices([match (who, was_asked) {
            (Some(who), true) => format!("{who} left before you answered what {name} asked"),
            (Some(who), false) => format!("{who} left before {name} answered what you asked"),
            (None, true) => {
                format!("the keys of the room changed before you answered: {name} has to ask again")
            }
            (None, false) => {
                format!("the keys of the room changed before {name} answered: /verify asks again")
            }
        }])
    }

    /// What to say of the code that is there, if it is one of the present keys.
    fn code_there_is(&self) -> Option<String> {
        let Shown { digits, .. } = self.verifying.code.as_ref()?;
        self.verifying.is_code_fresh.then(|| {
            format!("the code of this room is {digits}: it is the same as long as the keys are; /code and its last four digits say that \
                     all have the same")
        })
    }

    /// Why nothing is asked of a member for now.
    fn why_not_asked(&self, member: &IdentityKey) -> String {
        let name = self.name(member);
        let mut started = self.verifying.started.values();
        let mut asking = self.verifying.asking.iter();
        if started.any(|it| it == member) {
            format!(
                "not asked: {name} has not answered yet what you asked before, and has two minutes for that"
            )
        } else if asking.any(|(_, it)| it == member) {
            format!("not asked: {name} asks you; /answer or /decline first")
        } else {
            format!("not asked: {}", self.why_nothing_is_written())
        }
    }

    /// Why the room takes nothing of this now.
    fn why_nothing_is_written(&self) -> &'static str {
        match self.others.as_ref().is_some_and(BTreeSet::is_empty) {
            true => "nobody else is in the room",
            false => {
                "the keys of the room are changing, or one is to be left out; try again in a moment"
            }
        }
    }

    /// Whose parts a code takes.
    fn code_is_awaited(&self) -> String {
        let others: Vec<_> = self
            .others
            .iter()
            .flatten()
            .map(|it| self.name(it))
            .collect();
        format!(
            "asked for a code of the room; it takes a part of {}",
            enumerated(&others)
        )
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
                "/answer ANSWER tells {name} whether it is the same, and nothing else{before}: each letter, digit, dot and \
                 comma counts, capitals and blanks do not; /decline gives it up"
            ),
        ])
    }

    fn found(&self, identity: IdentityKey, result: SecretOutcome, failures: u32) -> Vec<Say> {
        let name = self.name(&identity);
        let line = match result {
            SecretOutcome::Same if self.names.petname(&identity).is_none() => format!(
                "{name} knows the secret: nobody is between you; it is remembered of whom you know, and not of {name}: add it by \
                 `mpotr people add FILE NAME` in another terminal, and ask again"
            ),
            SecretOutcome::Same => format!("{name} knows the secret: nobody is between you"),
            SecretOutcome::Different => format!(
                "{name} and you gave other answers, where all but capitals and blanks counts, dots and commas, too; or a \
                 stranger is between you; failed with {name} so far: {failures}"
            ),
            SecretOutcome::Aborted | _ => format!(
                "what was asked between you and {name} came to nothing; failed with {name} so far: {failures}"
            ),
        };
        let verified = Say::Remember(Learned::Verified([identity].into(), How::Secret));
        let learned = (result == SecretOutcome::Same).then_some(verified);
        // What a person is told to be so, a program beside this one finds in the list.
        learned.into_iter().chain(notices([line])).collect()
    }
}

fn notices<const N: usize>(lines: [String; N]) -> Vec<Say> {
    lines.map(Say::Notice).into()
}

impl Chat<'_> {
    /// Takes part in a code of the room, unless there is one of these keys, which is the same for all.
    pub(super) async fn code(&mut self) {
        if let Some(told) = self.conversation.code_there_is() {
            return self.out.notice(told);
        }
        let asked = self.handle.room_code().await;
        if is_busy(&asked) {
            let why = self.conversation.why_nothing_is_written();
            return self.refuse(format_args!("not asked: {why}"));
        }
        if asked.is_ok() {
            self.conversation.verifying.ask_code();
            let told = self.conversation.code_is_awaited();
            self.out.notice(told);
        }
        self.ask(asked.map(drop));
    }

    /// The people of the room have all read the same code, which ends like this. While they read one to another, a newcomer may
    /// have come in, whom they have not heard, and another code with it: so the end of theirs is asked for.
    pub(super) fn code_is_same(&mut self, end: &str) {
        let me = self.conversation.me;
        let is_fresh = match self.conversation.verifying.compare(end) {
            Ok(is_fresh) => is_fresh,
            Err(NoCode::None) => {
                return self.refuse("there is no code to compare; /code asks for one");
            }
            Err(NoCode::Other(code)) => {
                return self.refuse(format_args!(
                    "the code that you were shown is {code}: that one is of other people, or of an earlier time"
                ));
            }
        };
        let roster = self.conversation.verifying.roster_of_code();
        let others: BTreeSet<_> = roster.iter().copied().filter(|it| *it != me).collect();
        let names = &self.conversation.names;
        let unknown = others.iter().filter(|it| names.petname(it).is_none());
        let unknown: Vec<_> = unknown.map(|it| names.name(it)).collect();
        self.remember(&Learned::Verified(others, How::Code));
        let line = match unknown.is_empty() {
            true => "nobody is between you; that is remembered of all of them".to_owned(),
            false => format!(
                "nobody is between you; it is remembered of whom you know, and not of {}: add them by `mpotr people add FILE \
                 NAME` in another terminal, and type the digits again",
                unknown.join(", ")
            ),
        };
        self.out.notice(line);
        if !is_fresh {
            self.out.notice(
                "that code is of the keys before these: it says so of those who were in then, and of nobody who came later; /code \
                 asks for one of these keys",
            );
        }
    }

    /// Asks a member: `WHO [QUESTION?] SECRET`.
    pub(super) async fn verify(&mut self, words: &str) {
        let (who, rest) = words.split_once(' ').unwrap_or((words, ""));
        if rest.trim().is_empty() {
            return self.refuse(VERIFY);
        }
        let member = match self.conversation.member(who) {
            Ok(member) => member,
            Err(error) => return self.refuse_by(error.lines()),
        };
        let (question, secret) = question_and_secret(rest);
        let Some(secret) = SharedSecret::of_text(secret) else {
            return self.refuse(NO_SECRET);
        };
        let (question, shown) = (question.to_owned(), question.to_owned());
        let started = self.handle.verify_start(member, secret, question).await;
        if is_busy(&started) {
            let why = self.conversation.why_not_asked(&member);
            return self.refuse(why);
        }
        if let Ok(attempt) = started {
            self.conversation.verifying.started.insert(attempt, member);
            let name = self.conversation.name(&member);
            let shown = match shown.is_empty() {
                true => String::new(),
                false => format!(", with the question \"{}\"", Escaped(&shown)),
            };
            self.out
                .notice(format_args!(
                    "asked{shown}; {name} has two minutes to answer the same: all but capitals and blanks counts"
                ));
        }
        self.ask(started.map(drop));
    }

    /// Answers a member that asks: `[WHO] SECRET`.
    pub(super) async fn answer(&mut self, words: &str) {
        let (attempt, secret) = match self.conversation.asked(words) {
            Ok(asked) => asked,
            Err(lines) => return self.refuse_by(lines),
        };
        let words = secret;
        let Some(secret) = SharedSecret::of_text(secret) else {
            return self.refuse(NO_SECRET);
        };
        let answered = self.handle.verify_answer(attempt, secret).await;
        if is_busy(&answered) {
            let why = self.conversation.why_nothing_is_written();
            return self.refuse(format_args!(
                "not answered: {why}; where keys change, what was asked ends with them, and who has asked asks again"
            ));
        }
        self.conversation.verifying.answered(attempt);
        if self.held.was_answer(words) {
            self.out
                .notice("what was held is taken back: nobody has read it");
        }
        self.ask(answered);
    }

    /// Gives up what is asked.
    pub(super) async fn decline(&mut self) {
        self.conversation.verifying.have_asked.clear();
        let asking = std::mem::take(&mut self.conversation.verifying.asking);
        if asking.is_empty() {
            self.refuse("nobody asks");
        }
        for (attempt, _) in asking {
            let given_up = self.handle.verify_abort(attempt).await;
            self.ask(given_up);
        }
    }
}

impl Verifying {
    /// The person has asked for a code.
    pub(super) const fn ask_code(&mut self) {
        self.awaits_code = true;
    }

    /// A code is shown, of the present keys.
    pub(super) fn show(&mut self, digits: String, roster: Vec<IdentityKey>) {
        self.awaits_code = false;
        self.is_code_fresh = true;
        self.code = Some(Shown {
            digits,
            roster,
            is_compared: false,
        });
    }

    /// Those whose code was shown last.
    fn roster_of_code(&self) -> &[IdentityKey] {
        self.code.as_ref().map_or(&[], |shown| &shown.roster)
    }

    /// The person says that all have read the code that ends so. Returns whether it is of the present keys.
    ///
    /// # Errors
    /// No such code was shown.
    pub(super) fn compare(&mut self, end: &str) -> Result<bool, NoCode> {
        let shown = self.code.as_mut().ok_or(NoCode::None)?;
        if !ends_so(&shown.digits, end) {
            return Err(NoCode::Other(shown.digits.clone()));
        }
        shown.is_compared = true;
        Ok(self.is_code_fresh)
    }

    /// The keys are others now. Returns what to say of a code that people may be reading to one another.
    pub(super) fn begins_epoch(&mut self) -> Option<String> {
        let was_fresh = core::mem::take(&mut self.is_code_fresh);
        let shown = self.code.as_ref().filter(|shown| !shown.is_compared);
        (was_fresh && shown.is_some()).then(|| {
            "the code that you were shown is that of the keys before these; /code asks for one of these"
                .to_owned()
        })
    }

    /// The person has answered this one.
    fn answered(&mut self, attempt: AttemptId) {
        let still = self.asking.iter().filter(|(asks, _)| *asks != attempt);
        self.have_asked = still.map(|(_, member)| *member).collect();
    }
}

impl Conversation {
    /// Who asks what a text may answer that a person types.
    pub(super) fn who_may_be_answered(&self) -> Vec<String> {
        let Verifying {
            asking, unanswered, ..
        } = &self.verifying;
        let asking = asking.iter();
        let open = asking.filter(|(attempt, _)| !unanswered.contains(attempt));
        open.map(|(_, who)| self.name(who)).collect()
    }

    /// Which attempt an answer is for, and the answer.
    fn asked<'a>(&mut self, words: &'a str) -> Result<(AttemptId, &'a str), Vec<String>> {
        let verifying = &self.verifying;
        match verifying.asking.as_slice() {
            [] => Err(vec!["nobody asks".to_owned()]),
            [(attempt, who)] if verifying.have_asked.len() < 2 => {
                let (attempt, name) = (*attempt, self.name(who));
                let (first, _) = words.split_once(' ').unwrap_or_default();
                // As other commands have it. An answer that fails is counted, so it is asked whether that is meant.
                if first == name && self.verifying.named.replace(attempt) != Some(attempt) {
                    return Err(vec![format!(
                        "not answered: {name} alone asks, so /answer takes the answer alone; if it begins with {name}, type it \
                         once more"
                    )]);
                }
                Ok((attempt, words))
            }
            several => {
                let (who, secret) = words.split_once(' ').unwrap_or((words, ""));
                let which = "more than one has asked: /answer, the name, and the answer";
                let member = self.member(who);
                let member = member.map_err(|it| [vec![which.to_owned()], it.lines()].concat())?;
                let mut asked = several.iter().filter(|(_, it)| *it == member);
                let asked = asked.next().map(|(attempt, _)| (*attempt, secret));
                asked.ok_or_else(|| vec![format!("{} does not ask", self.name(&member))])
            }
        }
    }
}

/// Whether the room does nothing of this now.
fn is_busy<T>(asked: &Result<T, HandleError>) -> bool {
    matches!(asked, Err(HandleError::Verify(VerifyError::Busy)))
}

/// Whether these are the last four digits of a code, or all of them.
fn ends_so(code: &str, end: &str) -> bool {
    let plain = |text: &str| text.split_whitespace().collect::<String>();
    let (code, end) = (plain(code), plain(end));
    matches!(end.len(), 4 | 12) && code.ends_with(&end)
}

/// The question, to its `?`, and what is behind it: to the first one that a blank follows, since what is behind the last may be half
/// of the secret. One in the middle of a word is of the secret, which is shown to nobody. A question may be in quotes.
fn question_and_secret(words: &str) -> (&str, &str) {
    let quoted = words.trim_start().strip_prefix('"');
    let quoted = quoted.and_then(|it| it.split_once('"'));
    if let Some((question, secret)) = quoted.filter(|(it, _)| it.trim_end().ends_with('?')) {
        return (question.trim(), secret);
    }
    let mut ends = words.match_indices('?').filter_map(|(at, mark)| {
        let (question, secret) = words.split_at_checked(at.saturating_add(mark.len()))?;
        let ends = secret.chars().next().is_none_or(char::is_whitespace);
        ends.then_some((question.trim(), secret))
    });
    ends.next().unwrap_or(("", words))
}

#[cfg(test)]
mod tests {
    use mpotr::{AttemptId, IdentityKey, Membership, SecretOutcome, Told, Verification};

    use super::question_and_secret;
    use crate::chat::conversation::Conversation;
    use crate::chat::testing::{BOB, EVE, read, room};

    fn asks(identity: IdentityKey, attempt: u8) -> Told {
        Told::Verification(Verification::SecretAsked {
            attempt: AttemptId::new([attempt; 16]),
            identity,
            question: "where?".to_owned(),
            failures: 0,
        })
    }

    fn ends(identity: IdentityKey, attempt: u8) -> Told {
        Told::Verification(Verification::SecretResult {
            attempt: AttemptId::new([attempt; 16]),
            identity,
            result: SecretOutcome::Aborted,
            failures: 1,
        })
    }

    fn ends_with_the_epoch(identity: IdentityKey, attempt: u8) -> Told {
        Told::Verification(Verification::SecretResult {
            attempt: AttemptId::new([attempt; 16]),
            identity,
            result: SecretOutcome::EpochChanged,
            failures: 0,
        })
    }

    #[test]
    fn who_left_before_an_answer_is_told_and_nobody_is_to_ask_again() {
        let mut room = room();
        let bob = shown(&room, BOB);
        room.hear(asks(BOB, 1));
        let told = read(&mut room, [ends_with_the_epoch(BOB, 1)]);
        let again =
            format!("the keys of the room changed before you answered: {bob} has to ask again");
        assert_eq!(told, [again]);
        // Bob leaves before it answers.
        read(
            &mut room,
            [Told::Membership(Membership::Left { identity: BOB })],
        );
        let told = read(&mut room, [ends_with_the_epoch(BOB, 2)]);
        assert_eq!(
            told,
            [format!("{bob} left before {bob} answered what you asked")]
        );
        room.verifying.leaves();
        let eve = shown(&room, EVE);
        let told = read(&mut room, [ends_with_the_epoch(EVE, 3)]);
        assert_eq!(
            told,
            [format!("you left before {eve} answered what you asked")]
        );
        room.hear(asks(EVE, 4));
        let told = read(&mut room, [ends_with_the_epoch(EVE, 4)]);
        assert_eq!(
            told,
            [format!("you left before you answered what {eve} asked")]
        );
    }

    /// The name that the room shows a member by who has said nothing yet.
    fn shown(room: &Conversation, member: IdentityKey) -> String {
        room.name(&member)
    }

    #[test]
    fn an_answer_goes_to_who_was_shown_to_ask() {
        let mut room = room();
        assert!(room.asked("there").is_err());
        room.hear(asks(BOB, 1));
        let first = AttemptId::new([1; 16]);
        assert_eq!(room.asked("there"), Ok((first, "there")));
        // Bob gives up and Eve asks while the answer is typed.
        room.hear(ends(BOB, 1));
        room.hear(asks(EVE, 2));
        let refused = room.asked("there").unwrap_err();
        assert!(
            refused[0].contains("more than one has asked"),
            "{refused:?}"
        );
        let to_eve = format!("{} there", shown(&room, EVE));
        let second = AttemptId::new([2; 16]);
        assert_eq!(room.asked(&to_eve), Ok((second, "there")));
        let to_bob = format!("{} there", shown(&room, BOB));
        assert!(room.asked(&to_bob).unwrap_err()[0].contains("does not ask"));
        // Who is named as in other commands is no part of the answer, unless that is said twice.
        room.verifying.answered(second);
        for takes in [false, true] {
            assert_eq!(room.asked(&to_eve).is_ok(), takes);
        }
        // With an answer it begins anew.
        room.hear(ends(EVE, 2));
        room.hear(asks(BOB, 3));
        assert_eq!(room.asked("there"), Ok((AttemptId::new([3; 16]), "there")));
    }

    #[test]
    fn nothing_that_a_muted_member_asks_is_shown() {
        let mut room = room();
        room.mute(EVE, true);
        let code = Told::Verification(Verification::CodeAsked {
            round: mpotr::RoundId::new([7; 16]),
            identity: EVE,
        });
        for event in [asks(EVE, 1), code, ends(EVE, 1)] {
            assert_eq!(room.hear(event), []);
        }
        assert!(room.asked("there").is_err());
        // What is asked of it is shown.
        assert_ne!(room.hear(ends(EVE, 2)), []);
    }

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
            ("c0rrect-horse?7", ("", "c0rrect-horse?7")),
            ("where? c0rrect-horse?7", ("where?", " c0rrect-horse?7")),
            (
                "\"where did we meet?\" paris",
                ("where did we meet?", " paris"),
            ),
            ("\"at the mill\"", ("", "\"at the mill\"")),
        ] {
            assert_eq!(question_and_secret(words), expected);
        }
    }
}
