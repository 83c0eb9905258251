//! What a person asks about others: to let them in, to leave them out, to take that back, to show their texts or not.
//! `docs/spec/09-chat-payload.md`, "Who is meant".
//!
//! What grants or takes a right works on one person alone, whom nobody else can be taken for. Most of all, a stranger
//! outside is let in by the whole key: another key with the same ten digits takes some hours of work, and a nick takes none. Who
//! types ten digits is shown the rest, and lets in that key alone by the same line once more.

use std::time::Duration;

use mpotr::{IdentityKey, Policy, Vote, VoteError};
use mpotr_formats::Escaped;
use mpotr_transport::HandleError;
use tokio::time::Instant;

use super::Chat;
use super::attainable;
use super::awaited::Asked;
use super::conversation::Conversation;
use super::describing;
use super::door::{self, Door};
use super::rules::{self, Amendment};
use super::whom::{Digits, Whom, WhomError};
use super::wording::{count, fingerprint};

/// Whom to let in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Newcomer {
    /// Was heard, or was in the room before.
    Here(IdentityKey),
    /// Was not heard yet.
    ToCome(Digits),
    /// Is in the room.
    Inside(IdentityKey),
    /// The command line says who may come in, and this is not among them.
    NotWith(Digits),
    /// Was found by so few digits that a key of another is soon made to fit: the person looks at all of them first.
    ToLookAt(IdentityKey),
}

/// So many of those who wait are shown to one who has typed too little to mean one of them.
const SHOWN: usize = 8;

impl Conversation {
    /// The member that a person means, itself left out.
    ///
    /// # Errors
    /// The word means no member, or might mean two.
    pub(super) fn member(&self, word: &str) -> Result<IdentityKey, WhomError> {
        match self.names.find(word, self.inside())? {
            member if member == self.me => Err(WhomError::Yourself),
            member => Ok(member),
        }
    }

    /// The member that a person means, itself left out, where nobody but those who are here can be meant: who has left, or is
    /// only known, can neither be left out nor be shown no more.
    ///
    /// # Errors
    /// The word means no member, or might mean two.
    pub(super) fn present(&self, word: &str) -> Result<IdentityKey, WhomError> {
        match self.names.find_present(word, self.inside())? {
            member if member == self.me => Err(WhomError::Yourself),
            member => Ok(member),
        }
    }

    /// What one is called who is meant and was in the room, and is not any longer.
    fn who_is_out(&self, word: &str) -> Option<String> {
        let out = self.names.find(word, self.names.people()).ok()?;
        let is_in = self.inside().any(|member| member == out);
        (!is_in).then(|| self.name(&out))
    }

    /// Anyone that a person means, itself among them: a founder need not be a member.
    ///
    /// # Errors
    /// The word means nobody, or might mean two.
    pub(super) fn anyone(&self, word: &str) -> Result<IdentityKey, WhomError> {
        let whom = Whom::parse(word)?;
        if let Some(key) = self.names.key(word, &whom)? {
            return Ok(key);
        }
        match whom {
            Whom::Fingerprint(_) => self.names.find(word, self.all()),
            Whom::File(_) | Whom::Key(_) | Whom::Short { .. } | Whom::Nick(_) => {
                let known = self.names.given().chain(self.names.known());
                self.names.find(word, self.inside().chain(known))
            }
        }
    }

    /// Whom a person wants to let in.
    ///
    /// # Errors
    /// The word means nobody, might mean two, or is too little to let a stranger in by.
    pub(super) fn newcomer(&self, word: &str) -> Result<Newcomer, WhomError> {
        let whom = Whom::parse(word)?;
        let key = match (&whom, self.names.key(word, &whom)?) {
            (_, Some(key)) => key,
            (Whom::Fingerprint(digits), None) => match self.names.find(word, self.all()) {
                Ok(key) => key,
                Err(error @ WhomError::Nearly { .. }) => return Err(error),
                Err(_) if matches!(self.door, Door::With(_)) => {
                    return Ok(Newcomer::NotWith(digits.clone()));
                }
                Err(_) => return Ok(Newcomer::ToCome(digits.clone())),
            },
            // Who was in the room has proven its key, and used its nick under it; a known person has a name from the person.
            (Whom::Nick(_), None) => match self.names.find(
                word,
                self.names
                    .people()
                    .chain(self.names.given())
                    .chain(self.names.known()),
            ) {
                Err(WhomError::Nobody(_)) => return Err(self.strangers()),
                found => found?,
            },
            (Whom::Short { digits, .. }, None) => {
                let key = self.names.find(word, self.all())?;
                if self.is_stranger(&key) && !digits.are_telling() && self.looked_at != Some(key) {
                    return Ok(Newcomer::ToLookAt(key));
                }
                key
            }
            (Whom::File(_) | Whom::Key(_), None) => {
                return Err(WhomError::Nobody(Escaped(word).to_string()));
            }
        };
        if key == self.me {
            return Err(WhomError::Yourself);
        }
        let is_inside = self.others.iter().flatten().any(|member| *member == key);
        let was_heard = self.names.knows(&key) || self.waiting.heard().any(|heard| heard == key);
        Ok(match (is_inside, self.door.can_admit(&key), was_heard) {
            (true, _, _) => Newcomer::Inside(key),
            (false, false, _) => Newcomer::NotWith(Digits::of_key(&key)),
            (false, true, true) => Newcomer::Here(key),
            (false, true, false) => Newcomer::ToCome(Digits::of_key(&key)),
        })
    }

    /// Keeps the name of the file by which a person is let in, to be shown where the person has no other name. Returns it as it
    /// stands behind a fingerprint.
    pub(super) fn note_file(&mut self, word: &str) -> String {
        let whom = Whom::parse(word);
        let Ok(Some(key)) = whom
            .as_ref()
            .map_or(Ok(None), |whom| self.names.key(word, whom))
        else {
            return String::new();
        };
        if let Ok(Whom::File(path)) = &whom {
            self.names.give(key, &door::name_of(path));
        }
        self.names.file(&key)
    }

    /// Whether an identity has proven nothing here, and was named by nothing that the person has.
    fn is_stranger(&self, key: &IdentityKey) -> bool {
        let mut named = self.names.given().chain(self.names.known());
        !self.names.knows(key) && !named.any(|it| it == *key)
    }

    /// What is typed to let in the strangers that wait.
    fn strangers(&self) -> WhomError {
        let listed = self.waiting.listed().into_iter();
        let outside = listed.filter(|it| self.door.can_admit(it)).take(SHOWN);
        let hits = outside.map(|it| format!("/admit {}", fingerprint(&it)));
        WhomError::Stranger {
            hits: hits.collect(),
        }
    }

    /// The word that means this one and nobody else in a command: its name, or else its whole fingerprint.
    pub(super) fn word(&self, member: &IdentityKey) -> String {
        let name = self.name(member);
        match self.names.find(&name, self.all()) {
            Ok(meant) if meant == *member => name,
            Ok(_) | Err(_) => fingerprint(member).to_string(),
        }
    }

    /// Why there cannot be the votes to leave a member out, if there cannot.
    fn why_never_out(&self, member: &IdentityKey, policy: &Policy) -> Option<String> {
        let roster = self.inside().collect();
        attainable::why_never_out(&policy.exclude, member, &roster, |it| self.name(it))
    }

    /// What to tell of rules by which some of those who are here, or all, cannot be left out.
    pub(super) fn never_out_by(&self, policy: &Policy) -> Option<String> {
        let roster = self.inside().collect();
        attainable::never_out_by(&policy.exclude, &roster, |it| self.name(it))
    }

    /// The word that means an identity as a founder: its whole fingerprint, or its key where nobody here has that fingerprint.
    pub(super) fn word_for_anyone(&self, identity: &IdentityKey) -> String {
        let digits = fingerprint(identity).to_string();
        match self.anyone(&digits) == Ok(*identity) {
            true => digits,
            false => identity.to_string(),
        }
    }

    /// The members, this one among them.
    pub(super) fn inside(&self) -> impl Iterator<Item = IdentityKey> {
        self.others.iter().flatten().copied().chain([self.me])
    }

    /// All that were heard of.
    fn all(&self) -> impl Iterator<Item = IdentityKey> {
        let expected = self.door.expected().copied();
        self.inside()
            .chain(self.names.people())
            .chain(self.waiting.heard())
            .chain(expected)
            .chain(self.names.given())
            .chain(self.names.known())
    }
}

impl Chat<'_> {
    /// Lets in whom a word means, now or on arrival.
    pub(super) async fn admit(&mut self, word: &str) {
        let newcomer = self.conversation.newcomer(word);
        let file = match newcomer {
            Ok(Newcomer::Here(_) | Newcomer::ToCome(_)) => self.conversation.note_file(word),
            Ok(_) | Err(_) => String::new(),
        };
        self.conversation.looked_at = match newcomer {
            Ok(Newcomer::ToLookAt(key)) => Some(key),
            Ok(_) | Err(_) => None,
        };
        match newcomer {
            Ok(Newcomer::ToLookAt(key)) => {
                let whole = self.conversation.whole(&key);
                self.refuse(format_args!(
                    "that is {whole}: compare all of it, since another key with the same ten digits is soon found; the same line \
                     once more lets it in"
                ));
            }
            Ok(Newcomer::Here(key)) => {
                let asked = self.handle.admit(key).await;
                if asked.is_ok() {
                    self.own.push(Vote::Admit(key));
                    self.conversation.awaited.admit(key);
                    let whole = self.conversation.whole(&key);
                    self.out.notice(format_args!("letting {whole} in"));
                }
                self.ask(asked);
            }
            Ok(Newcomer::ToCome(digits)) => {
                let whole = digits.grouped(" ");
                match self.conversation.awaited.expect(digits) {
                    true => self.out.notice(format_args!(
                        "{whole}{file} was not heard yet and is let in when it comes; /withdraw takes that back"
                    )),
                    false => self.refuse("too many are awaited already; /withdraw makes room"),
                }
            }
            Ok(Newcomer::Inside(key)) => {
                let name = self.conversation.name(&key);
                self.out.notice(format_args!("{name} is in the room"));
            }
            Ok(Newcomer::NotWith(digits)) => {
                let another = self.conversation.door.names_another();
                self.refuse(format_args!(
                    "{} is not one of {}, and this room is for those alone: {another}",
                    digits.grouped(" "),
                    self.conversation.door.named_by(),
                ));
            }
            Err(error) => self.refuse_by(error.lines()),
        }
    }

    /// Leaves a member out.
    pub(super) async fn kick(&mut self, word: &str) {
        if self.conversation.present(word) == Err(WhomError::Yourself) {
            return self.refuse("that is you; /quit leaves the room");
        }
        let Some(member) = self.present(word) else {
            return;
        };
        let silence = self.silence_of(&member).await;
        if let Some(why) = self.conversation.why_never_out(&member, &self.policy) {
            let name = self.conversation.name(&member);
            let word = self.conversation.word(&member);
            let silent = silence.map(|lasts| {
                format!(
                    ". It was not heard for {} s, and who says nothing for long is left out without a vote",
                    lasts.as_secs()
                )
            });
            self.refuse(format_args!(
                "{name} cannot be left out, and nothing was asked: {why}; /policy shows the rules, and /mute {word} shows no more \
                 of its texts{}",
                silent.unwrap_or_default()
            ));
            return;
        }
        if self.conversation.door.takes_strangers() {
            self.out.notice(
                "anyone may come in here: who is left out can come again under another identity; \
                 --ask, --with and --trust list keep strangers out",
            );
        }
        let asked = self.handle.exclude(member).await;
        if asked.is_ok() {
            self.own.push(Vote::Exclude(member));
            self.conversation.awaited.exclude(member);
            let name = self.conversation.name(&member);
            let then = match self.conversation.is_put_out {
                true => {
                    "the others are leaving you out meanwhile, and of votes that contradict each other those of members that \
                     are out first do not count: the room tells who is out"
                        .to_owned()
                }
                false => format!(
                    "once out, {} may let it in again by /admit",
                    describing::whose(&self.policy.admit)
                ),
            };
            let silent = silence.map(|lasts| format!(", not heard for {} s,", lasts.as_secs()));
            self.out.notice(format_args!(
                "asking that {name}{} be left out; {then}",
                silent.unwrap_or_default()
            ));
        }
        self.ask(asked);
    }

    /// For how long a member was not heard, if that is longer than it is as a rule.
    async fn silence_of(&self, member: &IdentityKey) -> Option<Duration> {
        let heard = self.last_heard().await;
        self.conversation.silence_of(member, &heard, Instant::now())
    }

    /// Tells of members whom this one asks to leave out, and for whom there can no longer be the votes, since others have left.
    pub(super) fn tell_who_is_never_out(&mut self) {
        let conversation = &self.conversation;
        let why = |member: &IdentityKey| conversation.why_never_out(member, &self.policy);
        let asked = conversation.awaited.excluded();
        let never: Vec<_> = asked.filter_map(|it| Some((it, why(&it)?))).collect();
        let lines = never.iter().filter(|(it, _)| !self.never_out.contains(it));
        let lines = lines.map(|(member, why)| {
            let (name, word) = (conversation.name(member), conversation.word(member));
            format!(
                "{name} cannot be left out any longer: {why}; /withdraw {word} takes your vote back"
            )
        });
        let lines: Vec<_> = lines.collect();
        self.never_out = never.into_iter().map(|(member, _)| member).collect();
        self.tell(lines);
    }

    /// Takes back an admission or an exclusion.
    pub(super) async fn withdraw(&mut self, word: &str) {
        match self.taken_back(word) {
            Ok(None) => self.out.notice("it is not let in when it comes"),
            Ok(Some((key, Vote::Exclude(_)))) if !self.held.unsent().is_empty() => {
                // It was typed for all but one, who would get it now.
                self.conversation.awaited.exclude(key);
                let name = self.conversation.name(&key);
                let waits = count(self.held.unsent().len(), "text");
                self.refuse(format_args!(
                    "nothing is taken back: {waits} that you typed would go to {name}, too; /discard first, and type again \
                     what {name} may read"
                ));
            }
            Ok(Some((key, vote))) => {
                let name = self.conversation.name(&key);
                self.out.notice(format_args!("taken back for {name}"));
                self.own.retain(|own| *own != vote);
                let asked = match self.handle.withdraw(vote).await {
                    // It has come to pass meanwhile, or cannot any longer.
                    Err(HandleError::Vote(VoteError::NoSuchVote)) => Ok(()),
                    asked => asked,
                };
                self.ask(asked);
            }
            Err(error) => self.refuse_by(error.lines()),
        }
    }

    /// What is taken back: what the room was asked for, or nothing if it was only to be asked later.
    fn taken_back(&mut self, word: &str) -> Result<Option<(IdentityKey, Vote)>, WhomError> {
        let whom = Whom::parse(word)?;
        let digits = match (&whom, self.conversation.names.key(word, &whom)?) {
            (_, Some(key)) => Some(Digits::of_key(&key)),
            (Whom::Fingerprint(digits), None) => Some(digits.clone()),
            (Whom::File(_) | Whom::Key(_) | Whom::Short { .. } | Whom::Nick(_), None) => None,
        };
        let Conversation { awaited, names, .. } = &mut self.conversation;
        if digits.is_some_and(|digits| awaited.give_up(&digits)) {
            return Ok(None);
        }
        let key = match names.find(word, awaited.asked()) {
            // Who is meant is clear, and nothing was asked about it.
            Err(WhomError::Nobody(_)) => return Err(self.nothing_asked(word)),
            found => found?,
        };
        let Conversation { awaited, .. } = &mut self.conversation;
        Ok(awaited.take_back(&key).map(|asked| match asked {
            Asked::Admit => (key, Vote::Admit(key)),
            Asked::Exclude => (key, Vote::Exclude(key)),
        }))
    }

    /// Why nothing is taken back that was asked about a person.
    fn nothing_asked(&self, word: &str) -> WhomError {
        match self.conversation.anyone(word) {
            Ok(key) => WhomError::NothingAsked(self.conversation.name(&key)),
            Err(error) => error,
        }
    }

    /// Shows a member's texts no more, or again.
    pub(super) fn mute(&mut self, word: &str, muted: bool) {
        if let Some(member) = self.present(word) {
            self.conversation.mute(member, muted);
            let name = self.conversation.name(&member);
            let shown = if muted {
                "is not shown from now on"
            } else {
                "is shown again"
            };
            self.out.notice(format_args!("what {name} writes {shown}"));
        }
    }

    /// Asks for other rules.
    pub(super) async fn amend(&mut self, amendment: &Amendment) {
        let conversation = &self.conversation;
        match amendment.apply(&self.policy, |word| conversation.anyone(word)) {
            Ok(policy) if policy == self.policy && !self.asks_for_rules() => {
                self.out
                    .notice("nothing to ask for: that is the rule already");
            }
            Ok(policy) => {
                let asked = self.handle.change_policy(policy.clone()).await;
                if asked.is_ok()
                    && policy.exclude != self.policy.exclude
                    && let Some(told) = self.conversation.never_out_by(&policy)
                {
                    self.out.notice(told);
                }
                if asked.is_ok() && rules::is_unguarded(&policy) {
                    self.out.notice(
                        "any one member may still change the rules, and so undo this; /policy change asks for another rule \
                         on that",
                    );
                }
                if asked.is_ok() {
                    self.own.push(Vote::Policy(policy));
                }
                self.ask(asked);
            }
            Err(error) => self.refuse_by(error.lines()),
        }
    }

    /// Whether this person asks for other rules.
    fn asks_for_rules(&self) -> bool {
        self.own.iter().any(|vote| matches!(vote, Vote::Policy(_)))
    }

    /// The member that a person means among those who are here, or a word why there is no such member.
    fn present(&mut self, word: &str) -> Option<IdentityKey> {
        let is_secure = self.conversation.is_secure();
        let present = self.conversation.present(word);
        let is_early = |error: &WhomError| matches!(error, WhomError::Nobody(_)) && !is_secure;
        let out = self.conversation.who_is_out(word);
        let lines = |error: WhomError| match (is_early(&error), out) {
            (true, _) => vec![format!(
                "{}: nobody is in it with you yet",
                self.conversation.not_in()
            )],
            (false, Some(name)) => vec![format!("{name} is not in the room any longer")],
            (false, None) => error.lines(),
        };
        let present = present.map_err(lines);
        present.map_err(|lines| self.refuse_by(lines)).ok()
    }
}
