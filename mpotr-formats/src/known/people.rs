//! People, each under a key and a petname that nobody else has.

use std::collections::BTreeMap;

use mpotr_crypto::IdentityKey;

use super::{Date, How, PetnameError};
use crate::nick::Nick;
use crate::skeleton::Skeleton;

/// The most people that are added: with the longest names they fit into a file.
const MAX_PEOPLE: usize = 16_384;

/// What is known of a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Person {
    /// How it is known whose the key is.
    pub how: How,
    /// The day on which the person was met.
    pub first: Date,
    /// The last day on which the person was in a room.
    pub last: Date,
    /// What the person is called here. [`petname_of`](super::petname_of) makes one.
    pub petname: Nick,
}

#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    person: Person,
    /// The comments above it.
    comments: Vec<String>,
}

/// A line of a file says what another has said.
pub(super) enum Twice {
    Key,
    Petname(IdentityKey),
}

/// The people that a person knows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct KnownPeople {
    people: BTreeMap<IdentityKey, Entry>,
    /// Whose petname looks so.
    looks: BTreeMap<Skeleton, IdentityKey>,
    /// Comments below all of them.
    last: Vec<String>,
}

impl KnownPeople {
    /// What is known of a key.
    #[must_use]
    pub fn get(&self, key: &IdentityKey) -> Option<&Person> {
        self.people.get(key).map(|entry| &entry.person)
    }

    /// Whose petname looks like this name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<IdentityKey> {
        self.looks.get(&Skeleton::of(name)).copied()
    }

    /// All of them, by key.
    pub fn iter(&self) -> impl Iterator<Item = (&IdentityKey, &Person)> {
        self.people.iter().map(|(key, entry)| (key, &entry.person))
    }

    /// How many there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.people.len()
    }

    /// Whether nobody is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.people.is_empty()
    }

    /// Adds a person. One who is known already keeps what is known, gets this name, and is known the better of the two ways.
    ///
    /// # Errors
    /// Another has a name that looks like it; the file is full.
    pub fn add(&mut self, key: IdentityKey, person: Person) -> Result<(), PetnameError> {
        if self.people.len() >= MAX_PEOPLE && !self.people.contains_key(&key) {
            return Err(PetnameError::Full);
        }
        self.take_look(key, &person.petname)?;
        match self.people.get_mut(&key) {
            Some(entry) => {
                let known = &mut entry.person;
                known.petname = person.petname;
                known.how.raise(person.how);
                known.first = known.first.min(person.first);
                known.last = known.last.max(person.last);
            }
            None => {
                let entry = Entry {
                    person,
                    comments: Vec::new(),
                };
                self.people.insert(key, entry);
            }
        }
        Ok(())
    }

    /// Calls a person otherwise. Whether there is one of this key.
    ///
    /// # Errors
    /// Another has a name that looks like it.
    pub fn rename(&mut self, key: &IdentityKey, petname: Nick) -> Result<bool, PetnameError> {
        if !self.people.contains_key(key) {
            return Ok(false);
        }
        self.take_look(*key, &petname)?;
        if let Some(entry) = self.people.get_mut(key) {
            entry.person.petname = petname;
        }
        Ok(true)
    }

    /// Forgets a person, and the comments above it. Returns what was known.
    pub fn forget(&mut self, key: &IdentityKey) -> Option<Person> {
        let entry = self.people.remove(key)?;
        self.looks.retain(|_, holder| holder != key);
        Some(entry.person)
    }

    /// A person was there on a day. Whether that is news.
    pub fn meet(&mut self, key: &IdentityKey, day: Date) -> bool {
        let Some(entry) = self.people.get_mut(key) else {
            return false;
        };
        let is_news = entry.person.last < day;
        entry.person.last = entry.person.last.max(day);
        is_news
    }

    /// It was learned in this way whose a key is. Whether that is news: what is known never sinks.
    pub fn learn(&mut self, key: &IdentityKey, how: How) -> bool {
        let Some(entry) = self.people.get_mut(key) else {
            return false;
        };
        let before = entry.person.how.clone();
        entry.person.how.raise(how);
        entry.person.how != before
    }

    /// Makes the look of a petname that of this key, in place of the one that it had.
    fn take_look(&mut self, key: IdentityKey, petname: &Nick) -> Result<(), PetnameError> {
        let look = Skeleton::of(petname.as_str());
        match self.looks.get(&look) {
            Some(by) if *by != key => return Err(PetnameError::Taken { by: *by }),
            Some(_) | None => {}
        }
        self.looks.retain(|_, holder| *holder != key);
        self.looks.insert(look, key);
        Ok(())
    }

    /// Takes a line of a file, and the comments above it.
    ///
    /// # Errors
    /// Who was read with the same key or name.
    pub(super) fn read(
        &mut self,
        key: IdentityKey,
        person: Person,
        comments: Vec<String>,
    ) -> Result<(), Twice> {
        if self.people.contains_key(&key) {
            return Err(Twice::Key);
        }
        let look = Skeleton::of(person.petname.as_str());
        if let Some(by) = self.looks.get(&look) {
            return Err(Twice::Petname(*by));
        }
        self.looks.insert(look, key);
        self.people.insert(key, Entry { person, comments });
        Ok(())
    }

    /// Takes the comments below the last line.
    pub(super) fn end_with(&mut self, comments: Vec<String>) {
        self.last = comments;
    }

    /// The lines of a file, without the first.
    pub(super) fn lines(&self) -> impl Iterator<Item = String> {
        let people = self.people.iter().flat_map(|(key, entry)| {
            let Person {
                how,
                first,
                last,
                petname,
            } = &entry.person;
            let line = format!("{key} {how} {first} {last} {petname}");
            entry.comments.iter().cloned().chain([line])
        });
        people.chain(self.last.iter().cloned())
    }
}
