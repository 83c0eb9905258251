//! What a chat learns about people, and keeps. `docs/spec/13-trust.md`, "Known people".

use std::collections::BTreeSet;

use mpotr::IdentityKey;
use mpotr_formats::Nick;
use mpotr_formats::known::{How, Person, petname_of};

use super::Chat;
use crate::people::today;

/// What was learned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Learned {
    /// These are in the room today.
    Met(BTreeSet<IdentityKey>),
    /// Whose these keys are was found out so.
    Verified(BTreeSet<IdentityKey>, How),
    /// A stranger, who is trusted at first use, calls itself so.
    Stranger(IdentityKey, Nick),
}

impl Chat<'_> {
    /// Reads the file of known people again if another program has written it since, `mpotr people` for example. One that cannot be
    /// read is told once, and what was known stays.
    pub(super) fn read_people_again(&mut self) {
        let Some(file) = &self.people else {
            return;
        };
        let written = file.written();
        if core::mem::replace(&mut self.people_written, written) == written {
            return;
        }
        match file.load() {
            Ok(None) => {}
            Ok(Some(people)) => self.conversation.names.know(people),
            Err(error) => self.out.notice(format_args!(
                "the people that you know are not read again: {error:#}"
            )),
        }
    }

    /// Keeps a person by a name that this one has given it, in a list that begins with it where there was not one yet.
    pub(super) fn keep_person(&mut self, key: IdentityKey, petname: Nick, how: How) {
        let Some(file) = &self.people else {
            return self
                .out
                .notice("there is no folder for a list of people: who that is is not kept");
        };
        let day = today();
        let person = Person {
            how,
            first: day,
            last: day,
            petname,
        };
        let changed = file.change(|people| {
            people.add(key, person)?;
            Ok(people.clone())
        });
        match changed {
            Ok(people) => self.conversation.names.know(people),
            Err(error) => self
                .out
                .notice(format_args!("who that is is not kept: {error:#}")),
        }
    }

    /// Keeps what was learned. A file that cannot be written does not end the talk.
    pub(super) fn remember(&mut self, learned: &Learned) {
        let Some(file) = self
            .people
            .as_ref()
            .filter(|_| self.conversation.names.keeps_list())
        else {
            return;
        };
        let day = today();
        if let Learned::Met(members) = learned
            && !members
                .iter()
                .any(|member| self.conversation.names.is_met_first(member, day))
        {
            return;
        }
        let mut added = None;
        let changed = file.change(|people| {
            match learned {
                Learned::Met(members) => members.iter().for_each(|member| {
                    people.meet(member, day);
                }),
                Learned::Verified(members, how) => members.iter().for_each(|member| {
                    people.learn(member, how.clone());
                }),
                Learned::Stranger(key, nick) => {
                    // A nick that is no petname, or that of another by now, keeps a stranger a stranger.
                    let person = petname_of(nick.as_str()).map(|petname| Person {
                        how: How::Seen,
                        first: day,
                        last: day,
                        petname,
                    });
                    let is_new = people.get(key).is_none();
                    if let Ok(person) = person
                        && is_new
                        && people.add(*key, person).is_ok()
                    {
                        added = Some(*key);
                    }
                }
            }
            Ok(people.clone())
        });
        match changed {
            Ok(people) => self.conversation.names.know(people),
            Err(error) => self.out.notice(format_args!(
                "what was learned of people is not kept: {error:#}"
            )),
        }
        if let Some(key) = added {
            let name = self.conversation.name(&key);
            self.out.notice(format_args!(
                "{name} is known from now on, and not verified: compare fingerprints"
            ));
        }
    }
}
