//! Links by which a person asks another into the room, and by which each finds out who the other is. `docs/spec/13-trust.md`, "Link".
//!
//! ```text
//! /link bob                                             shows a link that serves once: who comes by it is kept as bob
//! mpotr chat --link ADDRESS --link-of alice --scanned   opens one: who made it is kept as alice
//! ```
//!
//! Who made the link is known by its key, without which the room of who opens it does not begin. Who comes by it is known by what
//! serves once: the two programs find out by CPace that both have it, and their people type nothing.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Write as _;
use std::path::Path;
use std::time::Duration;

use mpotr::crypto::Secret;
use mpotr::{AttemptId, IdentityKey, SecretOutcome, SharedSecret, SystemRng, Told, Verification};
use mpotr_formats::known::{How, petname_of};
use mpotr_formats::room_address::{MAX_ROOM_ADDRESS_KEYS, ONCE, RoomAddress};
use mpotr_formats::{Escaped, Nick};
use tokio::time::Instant;

use super::Chat;
use super::conversation::Conversation;
use super::names::Names;
use super::qr::{LEAST_MARGIN, MARGIN, Modules};
use super::wording::enumerated;
use crate::steps::{Stepped, Tried};

/// The question of an attempt that a link makes.
const QUESTION: &str = "mpotr once";
/// For so long a link serves.
const LASTS: Duration = Duration::from_secs(24 * 60 * 60);
/// So many attempts of one member may fail. After them it is declined, and no other.
const MOST_OF_ONE: u8 = 3;
/// After so many that failed, of all members, a link does not serve. A guess hits with a chance of 2^-128, one of all of them with
/// 2^-118; and who wants to end a link needs more than three hundred members for it.
const MOST_OF_ALL: u16 = 1024;

/// Links that this member has given, or came by.
#[derive(Debug, Default)]
pub(super) struct Inviting {
    /// The one that was shown last, as long as it serves.
    given: Option<Given>,
    /// How many were shown.
    shown: u64,
    /// Who has come first by which.
    came: BTreeMap<u64, IdentityKey>,
    /// The one that this member came by, as long as its maker was not asked.
    brought: Option<Brought>,
    /// Attempts that links have made.
    attempts: BTreeMap<AttemptId, Part>,
}

/// A link that was shown.
#[derive(Debug)]
struct Given {
    /// How many were shown before it.
    number: u64,
    once: Secret<ONCE>,
    /// What who comes by it is called here.
    name: Option<Nick>,
    until: Instant,
    /// How many attempts have failed, of each member, and of all.
    failures: BTreeMap<IdentityKey, u8>,
    failed: u16,
}

/// Why one that comes by a link is not answered.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Refusal {
    /// None serves.
    NoLink,
    /// It has shown often enough that it does not have it. This was told, or is to be.
    TooOften { is_news: bool },
}

/// What a link brings to who opens it.
#[derive(Debug)]
pub(super) struct Brought {
    pub(super) maker: IdentityKey,
    pub(super) once: Secret<ONCE>,
    /// How the maker's key is known, once it shows that it has made the link.
    pub(super) how: How,
    /// What the maker is called here.
    pub(super) name: Option<Nick>,
}

/// This member's part in an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    /// It came by a link, and asks the maker.
    Asked,
    /// It has made the link of this number, for one of this name, and answers. Another may be shown meanwhile.
    Answered { number: u64, name: Option<Nick> },
    /// It knows of no such link.
    Declined,
}

impl Inviting {
    /// Of a member that came by a link.
    pub(super) fn by(brought: Option<Brought>) -> Self {
        Self {
            brought,
            ..Self::default()
        }
    }

    /// Looks whether who is said to have made the link is not known as another, or by another key.
    ///
    /// # Errors
    /// It is.
    pub(super) fn check(&self, names: &Names) -> anyhow::Result<()> {
        let Some(Brought { maker, name, .. }) = &self.brought else {
            return Ok(());
        };
        match Whose::of(names, maker, name.as_ref()) {
            Whose::This(_) | Whose::Unsaid => Ok(()),
            Whose::Other { known, wanted } => {
                anyhow::bail!("the link is that of {known}, whom you know, and not of {wanted}")
            }
            Whose::OtherKey { known, wanted } => anyhow::bail!(
                "you know {wanted} by the key {known}, and the link is that of {maker}: of another person, or {wanted} has another \
                 key; if that is sure, forget the one that you know: `mpotr people forget {known}`"
            ),
        }
    }

    /// Whether anyone may come by a link.
    pub(super) fn is_open(&self, now: Instant) -> bool {
        self.given.as_ref().is_some_and(|given| now < given.until)
    }

    /// Shows another link. Returns for whom the one was that does not serve for that, if there was one.
    fn give(
        &mut self,
        once: Secret<ONCE>,
        name: Option<Nick>,
        now: Instant,
    ) -> Option<Option<Nick>> {
        let before = self.given.take().filter(|given| now < given.until);
        let number = self.shown;
        self.shown = number.saturating_add(1);
        self.given = Some(Given {
            number,
            once,
            name,
            until: now.checked_add(LASTS).unwrap_or(now),
            failures: BTreeMap::new(),
            failed: 0,
        });
        before.map(|given| given.name)
    }

    /// Whether more than one link was shown: who comes by another than the last may have got it from this member.
    const fn has_given_several(&self) -> bool {
        self.shown > 1
    }

    /// What is answered to one that comes by a link. Members do not wait for one another: one that asks and says no more would keep
    /// the one out that the link is for.
    ///
    /// # Errors
    /// None serves, or this member has failed too often.
    fn answer(
        &mut self,
        attempt: AttemptId,
        identity: &IdentityKey,
        now: Instant,
    ) -> Result<SharedSecret, Refusal> {
        self.given.take_if(|given| given.until <= now);
        let given = self.given.as_mut().ok_or(Refusal::NoLink)?;
        if let Some(failed) = given.failures.get_mut(identity)
            && *failed >= MOST_OF_ONE
        {
            let is_news = *failed == MOST_OF_ONE;
            *failed = MOST_OF_ONE.saturating_add(1);
            return Err(Refusal::TooOften { is_news });
        }
        let (number, name) = (given.number, given.name.clone());
        let secret = SharedSecret::of_once(given.once.expose());
        self.attempts
            .insert(attempt, Part::Answered { number, name });
        Ok(secret)
    }

    /// An attempt with the link of this number has failed. Returns whether it still serves.
    fn fails(&mut self, number: u64, identity: &IdentityKey) -> bool {
        let Some(given) = self.given.as_mut().filter(|it| it.number == number) else {
            return false;
        };
        let of_one = given.failures.entry(*identity).or_default();
        *of_one = of_one.saturating_add(1);
        given.failed = given.failed.saturating_add(1);
        let serves = given.failed < MOST_OF_ALL;
        if !serves {
            self.uses_up(number);
        }
        serves
    }

    /// The link of this number does not serve any longer, if it still does.
    fn uses_up(&mut self, number: u64) {
        self.given.take_if(|given| given.number == number);
    }

    /// What the maker of the link is asked, if it is still to be.
    fn question(&self) -> Option<(IdentityKey, SharedSecret)> {
        let is_asking = self.attempts.values().any(|part| *part == Part::Asked);
        let brought = self.brought.as_ref().filter(|_| !is_asking)?;
        let secret = SharedSecret::of_once(brought.once.expose());
        Some((brought.maker, secret))
    }

    /// What comes of an attempt with a member that a link has made; `None` of another.
    fn ends(
        &mut self,
        attempt: &AttemptId,
        identity: &IdentityKey,
        result: SecretOutcome,
    ) -> Option<End> {
        let part = self.attempts.remove(attempt)?;
        Some(match (part, result) {
            (Part::Declined, _) | (_, SecretOutcome::EpochChanged) => End::Nothing,
            (Part::Answered { number, name }, SecretOutcome::Same) => {
                self.uses_up(number);
                match *self.came.entry(number).or_insert(*identity) {
                    first if first == *identity => End::Came { name },
                    first => End::AlsoCame { first },
                }
            }
            (Part::Asked, SecretOutcome::Same) => {
                let brought = self.brought.take();
                let (name, how) = brought.map_or((None, How::Seen), |it| (it.name, it.how));
                End::Made { name, how }
            }
            (Part::Answered { number, .. }, SecretOutcome::Different) => {
                let serves = self.fails(number, identity);
                End::Stranger { serves }
            }
            (Part::Answered { number, .. }, SecretOutcome::Aborted | _) => {
                let serves = self.fails(number, identity);
                End::Unanswered { serves }
            }
            (Part::Asked, SecretOutcome::Different) => {
                self.brought = None;
                End::OtherMaker
            }
            (Part::Asked, SecretOutcome::Aborted | _) => {
                self.brought = None;
                End::NotServed
            }
        })
    }
}

/// What becomes of a link by which one came that does not have it.
const fn then(serves: bool) -> &'static str {
    match serves {
        true => "Yours still serves",
        false => "Yours does not serve any longer; /link makes another",
    }
}

/// What came of an attempt that a link has made.
#[derive(Clone, Debug, PartialEq, Eq)]
enum End {
    /// Nothing that is told.
    Nothing,
    /// Who came has the link that this member gave.
    Came { name: Option<Nick> },
    /// Who made the link by which this member came is there.
    Made { name: Option<Nick>, how: How },
    /// Another came by it before, while this one was answered.
    AlsoCame { first: IdentityKey },
    /// Who came has another.
    Stranger { serves: bool },
    /// Who came gave it up, or the time was over.
    Unanswered { serves: bool },
    /// Who is to have made the link does not have it.
    OtherMaker,
    /// The maker says nothing of it.
    NotServed,
}

/// What a link says of whose a key is.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Whose {
    /// That of whom it was to be, who is not known by another key.
    This(Nick),
    /// That of one who is known, and by another name than the link was for.
    Other { known: Nick, wanted: Nick },
    /// Another than that by which this one is known.
    OtherKey { known: IdentityKey, wanted: Nick },
    /// The link was for nobody by name.
    Unsaid,
}

impl Whose {
    /// By what is known of people. `wanted` is whom the link was for, or who was to have made it.
    fn of(names: &Names, identity: &IdentityKey, wanted: Option<&Nick>) -> Self {
        let Some(wanted) = wanted.cloned() else {
            return Self::Unsaid;
        };
        if let Some(known) = names.petname(identity).filter(|known| **known != wanted) {
            let known = known.clone();
            return Self::Other { known, wanted };
        }
        match names.named(&wanted).filter(|known| known != identity) {
            Some(known) => Self::OtherKey { known, wanted },
            None => Self::This(wanted),
        }
    }

    /// The warning where it is not that of whom it was to be. `did` is what was to be done by that one.
    fn warns(&self, name: &str, identity: &IdentityKey, did: &str) -> Option<String> {
        match self {
            Self::This(_) | Self::Unsaid => None,
            Self::Other { known, wanted } => Some(format!(
                "WARNING: {known}, whom you know, {did}, and not {wanted}: {known} is not verified by it"
            )),
            Self::OtherKey { known, wanted } => Some(format!(
                "WARNING: {name} {did} and is not {wanted}, or has another key: you know {wanted} by the key {known}, and this one \
                 is {identity}. It is not kept: ask {wanted} where you recognise each other"
            )),
        }
    }
}

impl Conversation {
    /// What is told of one that waits, where it may have come by a link.
    pub(super) fn may_come_by_link(&self) -> Option<String> {
        let is_open = self.inviting.is_open(Instant::now());
        is_open.then(|| {
            "if it comes by your link, it shows that by itself once it is in, and nothing before"
                .to_owned()
        })
    }

    /// Whom a link lets in that this member makes: itself first.
    fn keys_of_link(&self) -> Option<Vec<IdentityKey>> {
        let others = self.others.iter().flatten().chain(self.door.expected());
        let mut keys = vec![self.me];
        for key in others {
            if !keys.contains(key) {
                keys.push(*key);
            }
        }
        (keys.len() <= MAX_ROOM_ADDRESS_KEYS).then_some(keys)
    }

    /// Whether one who comes by a link may come in: the person whose key is this, or one who is not known.
    fn lets_in_another(&self, key: Option<IdentityKey>) -> bool {
        let is_named = key.is_some_and(|key| self.door.can_admit(&key));
        is_named || self.door.expected().next().is_none()
    }

    /// What to say of what a link has found out, or has not.
    fn says_of_link(&self, identity: &IdentityKey, end: &End, failures: u32) -> Option<String> {
        let name = self.name(identity);
        Some(match end {
            End::Nothing => return None,
            End::Came { name: Some(_) } => format!(
                "{name} came by your link: nobody is between you, if nobody else could see or change it"
            ),
            End::Came { name: None } => format!(
                "{name} came by your link, which was for nobody by name: who that is it does not say, so nobody is verified by it; \
                 compare a code (/code)"
            ),
            End::Made { how, .. } => {
                let unless = match *how == How::Qr {
                    true => "",
                    false => ", if nobody could change the link on its way to you",
                };
                format!("{name} has made the link by which you came: nobody is between you{unless}")
            }
            End::AlsoCame { first } => format!(
                "WARNING: {name} has the link by which {} came: one of the two has read what was for the other. Compare a code with \
                 each (/code), and forget whom it is not (`mpotr people forget`)",
                self.name(first)
            ),
            End::Stranger { serves } => {
                let before = match self.inviting.has_given_several() {
                    true => ", or it is one that you made before, which serves nobody now",
                    false => "",
                };
                format!(
                    "WARNING: {name} comes by a link that is not the one you gave: if you gave it to {name}, a stranger is between \
                     you, or has changed it on its way{before}. {}; failed with {name} so far: {failures}",
                    then(*serves)
                )
            }
            End::Unanswered { serves } => format!(
                "{name} came by your link and did not show that it has it. {}; failed with {name} so far: {failures}",
                then(*serves)
            ),
            End::OtherMaker => format!(
                "WARNING: {name} has not made the link by which you came, or has made another since: a stranger may have changed \
                 it on its way. Ask for another where nobody can change it; failed with {name} so far: {failures}"
            ),
            End::NotServed if self.names.is_verified(identity) => format!(
                "the link does not serve any longer: it was used, a day is over, or {name} has made another. {name} is verified as \
                 before; to come back takes no link"
            ),
            End::NotServed => format!(
                "the link does not serve any longer: it was used, a day is over, or {name} has made another. {name} is not verified; \
                 failed with {name} so far: {failures}"
            ),
        })
    }
}

impl Chat<'_> {
    /// Shows a link, for one whom the person wants to keep by a name, perhaps.
    pub(super) fn give_link(&mut self, name: Option<&str>, file: Option<&str>) {
        let name = match name.map(petname_of).transpose() {
            Ok(name) => name,
            Err(error) => return self.refuse(error),
        };
        let at = match self.shared_place.clone() {
            Ok(at) => at,
            Err(why) => return self.refuse(why),
        };
        let Some(keys) = self.conversation.keys_of_link() else {
            return self.refuse(format_args!(
                "a link lets in {MAX_ROOM_ADDRESS_KEYS} at most, and more are here: start again with --with and their files"
            ));
        };
        // Nobody else can read it, and nothing is written over.
        let file = match file.map(|file| (file, new_file(Path::new(file)))) {
            None => None,
            Some((file, Ok(made))) => Some((file, made)),
            Some((file, Err(error))) => return self.refuse(not_written(file, error)),
        };
        let address = RoomAddress {
            room: self.room.clone(),
            at,
            keys,
            once: Some(Secret::random(&mut SystemRng::default())),
        };
        let link = address.render();
        let inviting = &mut self.conversation.inviting;
        let wanted = name.clone();
        let replaces = address
            .once
            .and_then(|once| inviting.give(once, name, Instant::now()));
        self.tell_whose_it_ends(replaces);
        self.out.notice(
            "this link is for one person, and serves once, within a day and as long as this chat runs: give it where nobody else \
             sees it, or can change it",
        );
        let names = &self.conversation.names;
        let given_to = wanted.as_ref().and_then(|it| names.named(it));
        if let Some((wanted, key)) = wanted.zip(given_to) {
            self.out.notice(format_args!(
                "you know {wanted} by the key {key}: if another comes by this link you are warned, and it is not kept"
            ));
        }
        self.tell_who_comes_by_it(given_to);
        self.tell_whom_it_names(&address.keys);
        // Last of all: a code that is higher than what is left of the window is read by no camera.
        match file {
            // The file was made before: what the link replaces serves until there is one.
            Some((file, mut written)) => match written.write_all(format!("{}\n", *link).as_bytes()) {
                Ok(()) => self.out.notice(format_args!(
                    "it is in {}, which only you can read: the other opens it by `mpotr chat --link FILE`",
                    Escaped(file)
                )),
                Err(error) => self.refuse(not_written(file, error)),
            },
            None => self.show_link(&link),
        }
    }

    /// For whom the link was in whose place another comes, if there was one.
    fn tell_whose_it_ends(&mut self, replaces: Option<Option<Nick>>) {
        if let Some(before) = replaces {
            let whose = before.map_or_else(String::new, |name| format!(" for {name}"));
            self.out.notice(format_args!(
                "the link that you made before{whose} does not serve any longer: another takes its place"
            ));
        }
    }

    /// Whom a link names, who all have to be there when it is opened.
    fn tell_whom_it_names(&mut self, keys: &[IdentityKey]) {
        let others = keys.iter().skip(1);
        let others: Vec<_> = others.map(|it| self.conversation.name(it)).collect();
        if !others.is_empty() {
            self.out.notice(format_args!(
                "it names who is here besides you, {}: when one of these has left, make another, for who opens it waits for all",
                enumerated(&others)
            ));
        }
    }

    /// Whether who comes by a link comes in: the person whose key is this, or one who is not known.
    fn tell_who_comes_by_it(&mut self, given_to: Option<IdentityKey>) {
        self.out.notice(match self.conversation.lets_in_another(given_to) {
            true => {
                "who comes by it is let in as others are, and shows then, by itself, that it has the link"
            }
            false => {
                "but nobody comes into this room besides those that were named when it began: for another person, start again with \
                 --ask, or --trust and a name, and make the link there"
            }
        });
    }

    /// Shows a link, to be copied and for a camera.
    fn show_link(&mut self, link: &str) {
        if let Err(error) = self.out.copied(link) {
            self.closed = Some(error);
        }
        if let Some(screen) = self.out.screen() {
            screen.show_link(link);
            self.out.notice(
                "it is broken into rows here; `/link NAME to FILE` writes one into a file, which only you can read",
            );
            return;
        }
        let Some(code) = Modules::of(link).filter(|_| self.at_terminal) else {
            return;
        };
        let margins = (LEAST_MARGIN..=MARGIN).rev();
        if !self.out.drawing(margins.map(|margin| code.drawn(margin))) {
            let (columns, rows) = code.size(LEAST_MARGIN);
            self.out.notice(format_args!(
                "for a QR code of it this window is too small: it takes {} columns and {} rows. Make it larger and make another link, or \
                 write one into a file: /link NAME to FILE",
                columns.saturating_add(2),
                rows.saturating_add(1)
            ));
        }
    }

    /// Takes part in attempts that links make. Returns whether all was told of an event.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all others have nothing to do with links"
    )]
    pub(super) async fn hear_of_links(&mut self, event: &Told) -> bool {
        match event {
            Told::Verification(Verification::SecretAsked {
                attempt,
                identity,
                question,
                ..
            }) if question == QUESTION && !self.conversation.is_muted(identity) => {
                self.is_asked_by_link(*attempt, identity).await;
                true
            }
            Told::Verification(Verification::SecretResult {
                attempt,
                identity,
                result,
                failures,
            }) => match self.conversation.inviting.ends(attempt, identity, *result) {
                Some(end) => {
                    self.tell_of_link(identity, end, *failures);
                    true
                }
                None => false,
            },
            _ => false,
        }
    }

    /// A member comes by a link.
    async fn is_asked_by_link(&mut self, attempt: AttemptId, identity: &IdentityKey) {
        let inviting = &mut self.conversation.inviting;
        let refusal = match inviting.answer(attempt, identity, Instant::now()) {
            Ok(secret) => {
                // If the keys are about to change it is asked again.
                let answered = self.handle.verify_answer(attempt, secret).await;
                let _asked_again = answered;
                return;
            }
            Err(refusal) => refusal,
        };
        inviting.attempts.insert(attempt, Part::Declined);
        let _ended = self.handle.verify_abort(attempt).await;
        let name = self.conversation.name(identity);
        match refusal {
            Refusal::NoLink => self.out.notice(format_args!(
                "{name} comes by a link that does not serve any longer, or that you have not given; /link makes another"
            )),
            Refusal::TooOften { is_news: true } => self.out.notice(format_args!(
                "{name} has come {MOST_OF_ONE} times without the link that you gave, and is answered no more; to others it serves. If \
                 it is whom you gave it to, /link makes another"
            )),
            Refusal::TooOften { is_news: false } => {}
        }
    }

    /// Asks who made the link by which this member came, as soon as it is in the room.
    pub(super) async fn ask_by_link(&mut self) {
        let conversation = &mut self.conversation;
        let Some((maker, secret)) = conversation.inviting.question() else {
            return;
        };
        let mut others = conversation.others.iter().flatten();
        if !others.any(|it| *it == maker) {
            return;
        }
        // If the keys are about to change it is asked under those that come.
        let asked = self
            .handle
            .verify_start(maker, secret, QUESTION.to_owned())
            .await;
        if let Ok(attempt) = asked {
            let attempts = &mut self.conversation.inviting.attempts;
            attempts.insert(attempt, Part::Asked);
        }
    }

    /// Tells what came of an attempt that a link has made, and keeps it.
    fn tell_of_link(&mut self, identity: &IdentityKey, end: End, failures: u32) {
        let is_right = match &end {
            End::Came { name } => {
                let did = "came by your link";
                self.keep_by_link(identity, name.as_ref(), (did, &How::Qr))
            }
            End::Made { name, how } => {
                let did = "has made the link by which you came";
                self.keep_by_link(identity, name.as_ref(), (did, how))
            }
            End::Nothing
            | End::AlsoCame { .. }
            | End::Stranger { .. }
            | End::Unanswered { .. }
            | End::OtherMaker
            | End::NotServed => true,
        };
        let said = self.conversation.says_of_link(identity, &end, failures);
        let said = said.filter(|_| is_right);
        said.into_iter().for_each(|line| self.out.notice(line));
    }

    /// Keeps whose key that is, if it is that of whom the link was for, or who was to have made it. Returns false, and warns, where it
    /// is another's.
    fn keep_by_link(
        &mut self,
        identity: &IdentityKey,
        wanted: Option<&Nick>,
        (did, how): (&str, &How),
    ) -> bool {
        let names = &self.conversation.names;
        let whose = Whose::of(names, identity, wanted);
        let is_known = names.petname(identity).is_some();
        let name = self.conversation.name(identity);
        if let Some(warning) = whose.warns(&name, identity, did) {
            self.out.notice(warning);
            return false;
        }
        match whose {
            Whose::This(name) => self.keep_person(*identity, name, how.clone()),
            Whose::Unsaid if !is_known => {
                self.out.notice(format_args!(
                    "to keep who that is, not verified: `mpotr people add {identity} NAME`"
                ));
            }
            Whose::Unsaid | Whose::Other { .. } | Whose::OtherKey { .. } => {}
        }
        true
    }
}

/// What to say where a link cannot be written into a file.
fn not_written(file: &str, error: std::io::Error) -> String {
    let error = Stepped::of(Tried::Write(Path::new(file)), error);
    format!("the link was not written into {}: {error}", Escaped(file))
}

/// A new file that nobody else can read.
fn new_file(path: &Path) -> std::io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

#[cfg(test)]
mod tests;
