//! Who is shown under which name. `docs/spec/09-chat-payload.md`, "Nicks".
//!
//! Whom the person knows is shown by the name that the person gave it (13, "Known people"), and others with a `?` behind
//! what they call themselves, where anyone is known at all. Who calls itself as a known person is called, and is another,
//! has its digits from then on.
//!
//! A nick that one identity alone uses is its name. From when two have used nicks that look alike, each of them is shown
//! with the first ten digits of its fingerprint behind it, `bob#04711-80815`; a nick can hold no `#`, so nobody can call
//! itself that. A member that has said nothing yet is shown by the digits alone, and by the file that it was given by, if it
//! was. Where even ten digits are those of two, all forty are shown.
//!
//! The name of a file by which one was given, without its ending, belongs to that one as a name does that the person gave it: who
//! calls itself so and is another has its digits from then on, and the one itself has none for that.

use std::collections::{BTreeMap, BTreeSet};

use mpotr::IdentityKey;
use mpotr_formats::known::{Date, How, KnownPeople};
use mpotr_formats::{Escaped, Nick, Skeleton};

use super::whom::{Digits, Whom, WhomError, groups};

/// Looks of nicks that one member can come to use. With more it is shown by its fingerprint, so that nobody takes them all.
const MAX_LOOKS: usize = 8;
/// The most people that are remembered: twice as many as a roster can have. Further ones are shown by digits alone.
const MAX_PEOPLE: usize = 8192;

/// What stands behind the nick of one whom the person does not know.
const UNKNOWN: &str = "?";

/// What the name of a file with a public key ends in, as a rule.
const ENDING: &str = ".pub";

/// The names of those who were in the room.
#[derive(Clone, Debug, Default)]
pub(crate) struct Names {
    people: BTreeMap<IdentityKey, Person>,
    /// Whose name is not one of another.
    me: Option<IdentityKey>,
    /// The people that the person knows; `None` if it keeps no list of them.
    known: Option<KnownPeople>,
    /// Who has called itself as these, who are others, are called.
    impostors: BTreeMap<IdentityKey, BTreeSet<IdentityKey>>,
    /// Who has used a nick of such a look.
    users: BTreeMap<Skeleton, BTreeSet<IdentityKey>>,
    /// The names of the files by which people were given at the command line, and what they look like without their ending.
    given: BTreeMap<IdentityKey, (String, Skeleton)>,
    /// Whose fingerprint begins so.
    beginnings: BTreeMap<String, BTreeSet<IdentityKey>>,
}

#[derive(Clone, Debug)]
struct Person {
    digits: Digits,
    /// The nick that it used last, and its look.
    nick: Option<(Nick, Skeleton)>,
    /// How many looks it has used.
    looks: usize,
}

/// What a person should hear of when a member calls itself something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Naming {
    /// It is shown under another name than before.
    Renamed { before: String, after: String },
    /// These look alike and are all shown with digits from now on.
    Clash(Vec<String>),
    /// It calls itself `name`, as a known person is called, and has another key.
    OtherKey {
        name: String,
        identity: IdentityKey,
        known: IdentityKey,
    },
    /// It calls itself as the file is called by which another was given.
    OtherFile {
        identity: IdentityKey,
        file: String,
        given: IdentityKey,
    },
}

impl Names {
    /// Those of a room in which this member has a nick of its own.
    pub(crate) fn of_me(me: IdentityKey, nick: &Nick) -> Self {
        let mut names = Self {
            me: Some(me),
            ..Self::default()
        };
        names.note(me, nick);
        names
    }

    /// Goes by these people from now on.
    pub(crate) fn know(&mut self, people: KnownPeople) {
        self.known = Some(people);
    }

    /// What a known person is called.
    pub(crate) fn petname(&self, member: &IdentityKey) -> Option<&Nick> {
        let person = self.known.as_ref()?.get(member)?;
        Some(&person.petname)
    }

    /// By which key the person knows one whose name looks like this.
    pub(crate) fn named(&self, name: &Nick) -> Option<IdentityKey> {
        self.known.as_ref()?.named(name.as_str())
    }

    /// What is known of a person.
    pub(crate) fn person(&self, member: &IdentityKey) -> Option<&mpotr_formats::known::Person> {
        self.known.as_ref()?.get(member)
    }

    /// Whether a person is known whose key was compared.
    pub(crate) fn is_verified(&self, member: &IdentityKey) -> bool {
        self.person(member)
            .is_some_and(|person| person.how.is_verified())
    }

    /// Whether it has called itself anything.
    pub(crate) fn has_nick(&self, member: &IdentityKey) -> bool {
        self.people.get(member).is_some_and(|it| it.nick.is_some())
    }

    /// Whether another is called as it calls itself.
    pub(crate) fn clashes(&self, member: &IdentityKey) -> bool {
        let shared = |look: &Skeleton| self.users.get(look).is_some_and(|users| users.len() > 1);
        self.is_impostor(member) || self.look(member).is_some_and(shared)
    }

    /// How it is known whose a key is, for a list; nothing where the person keeps no list of people.
    pub(crate) fn how(&self, member: &IdentityKey) -> String {
        match &self.known {
            None => String::new(),
            Some(_) if Some(*member) == self.me => String::new(),
            Some(known) => match known.get(member).map(|person| &person.how) {
                None => "  (not known)".to_owned(),
                Some(How::Seen | How::Other(_)) => "  (known, not verified)".to_owned(),
                Some(how) => format!("  (verified: {how})"),
            },
        }
    }

    /// Whether a known person is met for the first time on this day.
    pub(crate) fn is_met_first(&self, member: &IdentityKey, day: Date) -> bool {
        let person = self.known.as_ref().and_then(|known| known.get(member));
        person.is_some_and(|person| person.last < day)
    }

    /// Whether the person keeps a list of whom it knows.
    pub(crate) const fn keeps_list(&self) -> bool {
        self.known.is_some()
    }

    /// What is shown of a member behind its fingerprint: what the person calls it, or what it has called itself.
    pub(crate) fn behind_key(&self, member: &IdentityKey) -> String {
        let is_named = self.has_nick(member) || self.petname(member).is_some();
        let name = is_named.then(|| format!("  {}", self.name(member)));
        let (name, file) = (name.unwrap_or_default(), self.file(member));
        format!("{name}{file}{}", self.how(member))
    }

    /// Whom the person knows.
    pub(crate) fn known(&self) -> impl Iterator<Item = IdentityKey> {
        let known = self.known.iter().flat_map(KnownPeople::iter);
        known.map(|(key, _)| *key)
    }

    /// Whether it has called itself as a known person is called who is another.
    pub(crate) fn is_impostor(&self, member: &IdentityKey) -> bool {
        self.impostors.contains_key(member)
    }

    /// Whether a nick looks like one that this member has used.
    pub(crate) fn is_mine(&self, nick: &Nick) -> bool {
        let users = self.users.get(&Skeleton::of(nick.as_str()));
        self.me
            .is_some_and(|me| users.is_some_and(|users| users.contains(&me)))
    }

    /// Remembers by which file a person was given.
    pub(crate) fn give(&mut self, key: IdentityKey, file: &str) {
        let look = Skeleton::of(file.strip_suffix(ENDING).unwrap_or(file));
        self.given.insert(key, (file.to_owned(), look));
    }

    /// The file by which a person was given, to be shown behind a name.
    pub(crate) fn file(&self, member: &IdentityKey) -> String {
        let given = self.given.get(member);
        given.map_or_else(String::new, |(file, _)| format!("  ({file})"))
    }

    /// The one who was given by a file of that name, if it is one alone.
    fn owner(&self, look: &Skeleton) -> Option<(IdentityKey, &str)> {
        let mut given = self.given.iter().filter(|(_, (_, file))| file == look);
        let (key, (file, _)) = given.next()?;
        given.next().is_none().then_some((*key, file.as_str()))
    }

    /// All who were given by a file.
    pub(crate) fn given(&self) -> impl Iterator<Item = IdentityKey> {
        self.given.keys().copied()
    }

    /// The key that a word names by itself: in a file, or in one that was given at the command line and is called so.
    ///
    /// # Errors
    /// There is no key in the file; two files of that name hold two.
    pub(crate) fn key(&self, word: &str, whom: &Whom) -> Result<Option<IdentityKey>, WhomError> {
        let named = |(_, (file, _)): &(&IdentityKey, &(String, Skeleton))| file == word.trim();
        let mut hits: BTreeSet<_> = match whom {
            Whom::File(_) => self
                .given
                .iter()
                .filter(named)
                .map(|(key, _)| *key)
                .collect(),
            Whom::Key(_) | Whom::Fingerprint(_) | Whom::Short { .. } | Whom::Nick(_) => {
                BTreeSet::new()
            }
        };
        match whom.key() {
            Ok(key) => hits.extend(key),
            Err(error) if hits.is_empty() => return Err(error),
            Err(_) => {}
        }
        if hits.len() > 1 {
            return Err(WhomError::Several {
                word: Escaped(word).to_string(),
                hits: hits.iter().map(|hit| self.line(hit)).collect(),
            });
        }
        Ok(hits.first().copied())
    }

    /// Remembers a member.
    pub(crate) fn meet(&mut self, member: IdentityKey) {
        if self.people.len() >= MAX_PEOPLE || self.people.contains_key(&member) {
            return;
        }
        let digits = Digits::of_key(&member);
        let alike = self.beginnings.entry(digits.short().to_owned());
        alike.or_default().insert(member);
        let person = Person {
            digits,
            nick: None,
            looks: 0,
        };
        self.people.insert(member, person);
    }

    /// Whether an identity was in the room.
    pub(crate) fn knows(&self, member: &IdentityKey) -> bool {
        self.people.contains_key(member)
    }

    /// All who were in the room.
    pub(crate) fn people(&self) -> impl Iterator<Item = IdentityKey> {
        self.people.keys().copied()
    }

    /// Notes that `member` calls itself `nick`. Says what people should hear of.
    pub(crate) fn note(&mut self, member: IdentityKey, nick: &Nick) -> Vec<Naming> {
        self.meet(member);
        let before = self.name(&member);
        let look = Skeleton::of(nick.as_str());
        let Some(person) = self.people.get_mut(&member) else {
            return Vec::new();
        };
        let was_named = person.nick.replace((nick.clone(), look.clone())).is_some();
        let mut is_news = false;
        if person.looks < MAX_LOOKS {
            let users = self.users.entry(look.clone()).or_default();
            is_news = users.insert(member);
            person.looks = person.looks.saturating_add(usize::from(is_news));
        }
        let taken = self.known.as_ref().and_then(|it| it.named(nick.as_str()));
        let taken = taken.filter(|known| *known != member && Some(member) != self.me);
        let mut heard = Vec::new();
        if let Some(known) = taken
            && self.impostors.entry(member).or_default().insert(known)
        {
            heard.push(Naming::OtherKey {
                name: nick.to_string(),
                identity: member,
                known,
            });
        }
        let owner = self.owner(&look).map(|(key, file)| (key, file.to_owned()));
        let owner = owner.filter(|(given, _)| *given != member && Some(member) != self.me);
        if let Some((given, file)) = owner
            // One warning is enough, and there is no doubt who is who of one that the person knows by another name.
            && taken != Some(given)
            && self.impostors.entry(member).or_default().insert(given)
        {
            heard.push(Naming::OtherFile {
                identity: member,
                file,
                given,
            });
        }
        let after = self.name(&member);
        if was_named && before != after {
            heard.push(Naming::Renamed { before, after });
        }
        match self.users.get(&look) {
            // Whose the name is was said, or is known, and who else uses it has its digits.
            Some(users) if is_news && users.len() > 1 && self.owner(&look).is_none() => {
                // Whom the person knows by another name is shown by that, and who has another nick by now by that.
                let is_alike = |user: &&IdentityKey| {
                    self.petname(user).is_none() && self.look(user) == Some(&look)
                };
                let names = users.iter().filter(is_alike).map(|user| self.name(user));
                let names: Vec<_> = names.collect();
                if names.len() > 1 {
                    heard.push(Naming::Clash(names));
                }
            }
            Some(_) | None => {}
        }
        heard
    }

    /// The one person that is meant, if it is among these.
    ///
    /// # Errors
    /// The word means nobody among these, or might mean another person as well.
    pub(crate) fn find(
        &self,
        word: &str,
        among: impl Iterator<Item = IdentityKey>,
    ) -> Result<IdentityKey, WhomError> {
        let among = among.collect();
        self.only(word, &self.hits(word, &among)?, &among)
    }

    /// The same where nobody else can be meant: others who are called so are passed over.
    ///
    /// # Errors
    /// The word means nobody among these, or might mean two of them.
    pub(crate) fn find_present(
        &self,
        word: &str,
        among: impl Iterator<Item = IdentityKey>,
    ) -> Result<IdentityKey, WhomError> {
        let among = among.collect();
        let hits = self.hits(word, &among)?;
        let present = hits.intersection(&among).copied().collect();
        self.only(word, &present, &among)
    }

    /// The one that is hit.
    fn only(
        &self,
        word: &str,
        hits: &BTreeSet<IdentityKey>,
        among: &BTreeSet<IdentityKey>,
    ) -> Result<IdentityKey, WhomError> {
        let word = Escaped(word).to_string();
        match (hits.first(), hits.len()) {
            (Some(hit), 1) if among.contains(hit) => Ok(*hit),
            (Some(_), 2..) => Err(WhomError::Several {
                word,
                hits: hits.iter().map(|hit| self.line(hit)).collect(),
            }),
            (Some(_), _) => Err(WhomError::Nobody(word)),
            (None, _) => Err(self.nobody(word, among)),
        }
    }

    /// Nobody is meant, or one whose digits were typed with a slip.
    fn nobody(&self, word: String, among: &BTreeSet<IdentityKey>) -> WhomError {
        let typed = match Whom::parse(&word) {
            Ok(Whom::Fingerprint(digits) | Whom::Short { digits, .. }) => Some(digits),
            Ok(Whom::Key(_) | Whom::File(_) | Whom::Nick(_)) | Err(_) => None,
        };
        let is_nearly = |it: &&IdentityKey| {
            let digits = Digits::of_key(it);
            // Whose digits are right is nobody here, or has another nick than was typed.
            let is_slip = |typed: &Digits| !digits.begin_with(typed) && digits.are_nearly(typed);
            typed.as_ref().is_some_and(is_slip)
        };
        let hits: Vec<_> = among.iter().filter(is_nearly).collect();
        match hits.is_empty() {
            true => WhomError::Nobody(word),
            false => WhomError::Nearly {
                word,
                hits: hits.into_iter().map(|hit| self.line(hit)).collect(),
            },
        }
    }

    /// All whom a word might mean.
    fn hits(
        &self,
        word: &str,
        among: &BTreeSet<IdentityKey>,
    ) -> Result<BTreeSet<IdentityKey>, WhomError> {
        let whom = Whom::parse(word)?;
        let key = self.key(word, &whom)?;
        Ok(match &whom {
            Whom::File(_) | Whom::Key(_) => among
                .iter()
                .copied()
                .filter(|it| key == Some(*it))
                .collect(),
            Whom::Fingerprint(digits) => {
                let fits = |it: &IdentityKey| Digits::of_key(it) == *digits;
                among.iter().copied().filter(fits).collect()
            }
            Whom::Short { nick, digits } => {
                let fits = |it: &IdentityKey| {
                    Digits::of_key(it).begin_with(digits)
                        && nick.as_ref().is_none_or(|nick| self.look(it) == Some(nick))
                };
                among.iter().copied().filter(fits).collect()
            }
            // All who have used the nick might be meant, here or not.
            Whom::Nick(look) => {
                let hits = self.called(word, look, among);
                // As the program shows one that nobody knows.
                match word.trim().strip_suffix(UNKNOWN) {
                    Some(nick) if hits.is_empty() => self.called(nick, &Skeleton::of(nick), among),
                    Some(_) | None => hits,
                }
            }
        })
    }

    /// All who are called so: by the person, by themselves, or by the file by which they were given.
    fn called(
        &self,
        word: &str,
        look: &Skeleton,
        among: &BTreeSet<IdentityKey>,
    ) -> BTreeSet<IdentityKey> {
        let known = self.known.as_ref().and_then(|it| it.named(word.trim()));
        let users = self.users.get(look).into_iter().flatten().copied();
        let called = among
            .iter()
            .copied()
            .filter(|it| self.look(it) == Some(look));
        let given = self.given.iter().filter(|(_, (_, file))| file == look);
        let given = given.map(|(key, _)| *key);
        users.chain(called).chain(given).chain(known).collect()
    }

    /// A person with the whole fingerprint, for a list.
    pub(crate) fn line(&self, member: &IdentityKey) -> String {
        format!(
            "{}  {}{}{}",
            Digits::of_key(member).grouped(" "),
            self.name(member),
            self.file(member),
            self.how(member)
        )
    }

    /// The name to show for `member`.
    pub(crate) fn name(&self, member: &IdentityKey) -> String {
        if let Some(petname) = self.petname(member) {
            return petname.to_string();
        }
        let person = self.people.get(member).and_then(|it| it.nick.as_ref());
        let only = |look: &Skeleton| {
            let users = self.users.get(look);
            users.is_some_and(|users| users.len() == 1 && users.contains(member))
        };
        let owns = |look: &Skeleton| self.owner(look).is_some_and(|(key, _)| key == *member);
        match person {
            Some((nick, look)) if (only(look) || owns(look)) && !self.is_impostor(member) => {
                format!("{nick}{}", self.mark(member))
            }
            Some(_) | None => self.name_with_digits(member),
        }
    }

    /// What stands behind the nick of one whom the person does not know, if it knows anyone.
    fn mark(&self, member: &IdentityKey) -> &'static str {
        match self.known.is_some() && Some(*member) != self.me {
            true => UNKNOWN,
            false => "",
        }
    }

    fn name_with_digits(&self, member: &IdentityKey) -> String {
        let person = self.people.get(member);
        let digits = person.map_or_else(|| Digits::of_key(member), |it| it.digits.clone());
        let begin_alike = self.beginnings.get(digits.short());
        let is_short = begin_alike.is_none_or(|alike| alike.iter().all(|other| other == member));
        let shown = if is_short {
            groups(digits.short(), "-")
        } else {
            digits.grouped("-")
        };
        match person.and_then(|it| it.nick.as_ref()) {
            Some((nick, _)) => format!("{nick}#{shown}{}", self.mark(member)),
            None => format!("#{shown}"),
        }
    }

    fn look(&self, member: &IdentityKey) -> Option<&Skeleton> {
        let (_, look) = self.people.get(member)?.nick.as_ref()?;
        Some(look)
    }
}

#[cfg(test)]
mod tests;
