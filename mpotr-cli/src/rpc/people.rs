//! The people whom a host's person knows, for one room: `docs/spec/13-trust.md`, "Known people".
//!
//! The file is read and written beside all rooms: it may lie where nobody answers, and another program may hold its lock.

use mpotr::json::Hex;
use mpotr::{Event, IdentityKey, Membership, Message, Told, VoteError};
use mpotr_formats::known::{How, KnownPeople, Person, PetnameError, petname_of};
use mpotr_formats::{Nick, Payload};
use mpotr_json::{Failure, Params};
use serde_json::{Map, Value, json};

use super::failure;
use crate::chat::names::{Names, Naming};
use crate::people::{PeopleFile, today};

/// The methods that read or change who is known.
pub(super) const METHODS: [&str; 3] = ["people", "person_set", "person_forget"];

/// Who is called what in a room.
#[derive(Debug)]
pub(super) struct People {
    file: PeopleFile,
    names: Names,
}

/// A member calls itself as another is called.
#[derive(Debug)]
pub(super) struct OtherKey {
    pub(super) name: String,
    pub(super) identity: IdentityKey,
    pub(super) known: IdentityKey,
}

impl People {
    /// Those in a file, for a room in which this member is called so, if it is called anything.
    pub(super) fn new(
        file: PeopleFile,
        known: KnownPeople,
        me: IdentityKey,
        nick: Option<&Nick>,
    ) -> Self {
        let mut names = match nick {
            Some(nick) => Names::of_me(me, nick),
            None => Names::default(),
        };
        names.know(known);
        Self { file, names }
    }

    /// Where they are.
    pub(super) const fn file(&self) -> &PeopleFile {
        &self.file
    }

    /// Goes by these from now on.
    pub(super) fn know(&mut self, known: KnownPeople) {
        self.names.know(known);
    }

    /// Takes note of who is there and what they call themselves. A text that is a chat message is given as such.
    pub(super) fn hear(&mut self, event: &Event, chat: Option<&Payload>) -> Vec<OtherKey> {
        if let Told::Membership(Membership::Secure { roster, .. }) = &event.told {
            for member in roster {
                self.names.meet(member.identity);
            }
        }
        let Some(payload) = chat else {
            return Vec::new();
        };
        let Told::Message(Message::Text { author, .. }) = &event.told else {
            return Vec::new();
        };
        let heard = self.names.note(*author, &payload.nick).into_iter();
        let others = heard.filter_map(|naming| match naming {
            Naming::OtherKey {
                name,
                identity,
                known,
            } => Some(OtherKey {
                name,
                identity,
                known,
            }),
            // No files are given here.
            Naming::OtherFile { .. } | Naming::Renamed { .. } | Naming::Clash(_) => None,
        });
        others.collect()
    }

    /// What a member is called.
    pub(super) fn name(&self, member: &IdentityKey) -> String {
        self.names.name(member)
    }

    /// Puts names into what a screen shows.
    pub(super) fn show(&self, state: &mut Value) {
        for (list, key) in [("members", "identity"), ("outside", "claimed")] {
            let members = state.get_mut(list).and_then(Value::as_array_mut);
            for member in members.into_iter().flatten() {
                if let Value::Object(member) = member {
                    self.show_one(member, key);
                }
            }
        }
    }

    fn show_one(&self, member: &mut Map<String, Value>, key: &str) {
        let identity = member.get(key).cloned().unwrap_or_default();
        let Ok(Hex(identity)) = serde_json::from_value::<Hex<IdentityKey>>(identity) else {
            return;
        };
        let person = self.names.person(&identity);
        let from = match person {
            Some(_) => "petname",
            None if self.names.has_nick(&identity) => "nick",
            None => "digits",
        };
        member.insert("name".to_owned(), self.name(&identity).into());
        member.insert("name_from".to_owned(), from.into());
        let how = person.map(|person| person.how.as_str());
        member.insert("how".to_owned(), how.into());
        member.insert("clash".to_owned(), self.names.clashes(&identity).into());
    }
}

/// What is to be done with the file.
#[derive(Debug)]
pub(super) enum Change {
    /// Nothing: to read it.
    Read,
    /// To know a person, or to know more of one.
    Set {
        identity: IdentityKey,
        petname: Option<Nick>,
        how: Option<How>,
    },
    /// To forget a person.
    Forget(IdentityKey),
}

impl Change {
    /// Reads the parameters.
    ///
    /// # Errors
    /// The first that is wrong. This member is not one whom its person knows.
    pub(super) fn read(method: &str, me: IdentityKey, mut params: Params) -> Result<Self, Failure> {
        let change = match method {
            "person_set" => {
                let Hex(identity) = params.take("identity")?;
                let petname: Option<String> = params.optional("petname")?;
                let petname = petname.map(|name| petname_of(&name)).transpose();
                let petname = petname.map_err(|error| Failure::params("petname", error))?;
                let how = how(&mut params)?;
                Self::Set {
                    identity,
                    petname,
                    how,
                }
            }
            "person_forget" => {
                let Hex(identity) = params.take("identity")?;
                Self::Forget(identity)
            }
            _ => Self::Read,
        };
        params.finish()?;
        if matches!(change, Self::Set { identity, .. } if identity == me) {
            return Err(VoteError::Yourself.into());
        }
        Ok(change)
    }

    /// Does it, and returns who is known then. It may take as long as others hold the file.
    ///
    /// # Errors
    /// It was not done.
    pub(super) fn make(self, file: &PeopleFile) -> Result<KnownPeople, Failure> {
        let made = match self {
            Self::Read => file.load().map(|known| Ok(known.unwrap_or_default())),
            Self::Set { .. } | Self::Forget(_) => file.change(|people| {
                let changed = self.on(people);
                Ok(changed.map(|()| people.clone()))
            }),
        };
        made.map_err(|error| failure::people_file(format_args!("{error:#}")))?
    }

    fn on(self, people: &mut KnownPeople) -> Result<(), Failure> {
        match self {
            Self::Read => Ok(()),
            Self::Set {
                identity,
                petname,
                how,
            } => {
                let known = people.get(&identity).map(|person| person.petname.clone());
                let Some(petname) = petname.or(known) else {
                    let message = "it has to be given for a person who is not known";
                    return Err(Failure::params("petname", message));
                };
                let day = today();
                let before = people.get(&identity);
                let (first, last) = before.map_or((day, day), |it| (it.first, it.last));
                let person = Person {
                    how: how.unwrap_or(How::Seen),
                    first,
                    last,
                    petname,
                };
                people.add(identity, person).map_err(|error| match error {
                    PetnameError::Taken { by } => failure::petname_taken(&by),
                    error @ (PetnameError::Nick(_) | PetnameError::Full | _) => {
                        failure::people_file(error)
                    }
                })
            }
            Self::Forget(identity) => match people.forget(&identity) {
                Some(_) => Ok(()),
                None => Err(failure::no_such_person()),
            },
        }
    }
}

/// How it is known whose a key is: one of the words that this program knows.
fn how(params: &mut Params) -> Result<Option<How>, Failure> {
    let Some(word) = params.optional::<String>("how")? else {
        return Ok(None);
    };
    let how = How::ALL.into_iter().find(|how| how.as_str() == word);
    let unknown = || Failure::params("how", format_args!("there is no {word:?}"));
    how.map(Some).ok_or_else(unknown)
}

/// The answer: who is known, by key.
pub(super) fn listed(known: &KnownPeople) -> Value {
    let people = known.iter().map(|(identity, person)| {
        json!({
            "identity": Hex(identity),
            "petname": person.petname.as_str(),
            "how": person.how.as_str(),
            "first": person.first.to_string(),
            "last": person.last.to_string(),
        })
    });
    json!({ "people": people.collect::<Vec<_>>() })
}
