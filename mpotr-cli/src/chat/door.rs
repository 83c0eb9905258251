//! Whom a chat lets in: `--with`, `--trust`, `--ask`, `--open`. `docs/spec/09-chat-payload.md`, "Whom it talks to".
//!
//! Nobody comes in because nothing was said. A person at a terminal is asked; without one the command line has to say it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use clap::ValueEnum;
use mpotr::{Admission, IdentityKey};
use mpotr_formats::Escaped;
use mpotr_formats::known::KnownPeople;

use super::args::ChatArgs;
use super::wording::fingerprint;

/// Whom this member lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// These and no others, and the room begins with all of them. Each has the name of the file that it was given by.
    With(BTreeMap<IdentityKey, String>),
    /// Those of the known people that are trusted so, whom the person says, and strangers if they are trusted at first use.
    Trust(Trust, BTreeSet<IdentityKey>),
    /// Whom the person says.
    Ask,
    /// Anyone.
    Open,
}

/// By what one was given whom a link names.
pub(super) const LINK: &str = "the link";

/// Which people come in without being asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Trust {
    /// Whom you know, and strangers, who are known from then on. Who calls itself as a known person is called, and is
    /// another, is left out
    FirstUse,
    /// Whom you know by more than having seen the key
    Verified,
    /// Whom you know
    List,
}

/// Why it is not known whom to let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DoorError {
    /// Nothing was said, and there is nobody to ask.
    #[error(
        "without a terminal nobody can be asked who may come in: name them with --with FILE.. or --trust, \
         or let anyone in with --open, or give --ask and write /admit into the input with --commands"
    )]
    NotSaid,
    /// Answers cannot be given.
    #[error("--ask needs a terminal, or --commands so that the input can hold /admit")]
    NoAnswers,
}

impl DoorError {
    /// Whether the command line says whom to let in, in a way that can work.
    ///
    /// # Errors
    /// It does not.
    pub(crate) const fn check(args: &ChatArgs, at_terminal: bool) -> Result<(), Self> {
        let is_said = !args.with.is_empty() || args.open || args.trust.is_some();
        match args.ask {
            true if !at_terminal && !args.commands => Err(Self::NoAnswers),
            // One that names nobody asks.
            false if args.lets_in.is_some() => Ok(()),
            false if !is_said && !at_terminal => Err(Self::NotSaid),
            _ => Ok(()),
        }
    }
}

impl Door {
    /// What the command line says.
    ///
    /// # Errors
    /// A file holds no public key; all are those of `me`; nobody is known whom `--trust` would let in.
    pub(super) fn of(
        args: &ChatArgs,
        me: &IdentityKey,
        known: Option<&KnownPeople>,
    ) -> anyhow::Result<Self> {
        if args.open {
            return Ok(Self::Open);
        }
        if let Some(keys) = &args.lets_in {
            let others = keys.iter().filter(|key| *key != me);
            let others: BTreeMap<_, _> = others.map(|key| (*key, LINK.to_owned())).collect();
            anyhow::ensure!(
                keys.first() != Some(me),
                "this link is your own: it is for another person"
            );
            return Ok(Self::With(others));
        }
        if let Some(trust) = args.trust {
            let known = known.into_iter().flat_map(KnownPeople::iter);
            let trusted = known.filter(|(key, person)| {
                *key != me && (trust != Trust::Verified || person.how.is_verified())
            });
            let trusted: BTreeSet<_> = trusted.map(|(key, _)| *key).collect();
            anyhow::ensure!(
                trust == Trust::FirstUse || !trusted.is_empty(),
                "--trust lets nobody in: nobody is known whom it would; `mpotr people add` adds a person, and --ask lets in whom \
                 you name by /admit"
            );
            return Ok(Self::Trust(trust, trusted));
        }
        if args.with.is_empty() {
            return Ok(Self::Ask);
        }
        let keys = args
            .with
            .iter()
            .map(|file| Ok((crate::identity::public_key(file)?, name_of(file))));
        let mut keys: BTreeMap<_, _> = keys.collect::<anyhow::Result<_>>()?;
        // All the keys of a group are at hand as a rule, the own one among them.
        keys.remove(me);
        anyhow::ensure!(
            !keys.is_empty(),
            "--with names nobody but this member itself"
        );
        Ok(Self::With(keys))
    }

    /// The same for a room.
    pub(super) fn admission(&self) -> Admission {
        match self {
            Self::With(keys) => Admission::Only(keys.keys().copied().collect()),
            Self::Trust(_, trusted) => Admission::Ask(trusted.clone()),
            Self::Ask => Admission::Ask(BTreeSet::new()),
            Self::Open => Admission::Open,
        }
    }

    /// Whether an identity can be let in at all.
    pub(super) fn can_admit(&self, identity: &IdentityKey) -> bool {
        match self {
            Self::With(keys) => keys.contains_key(identity),
            Self::Trust(..) | Self::Ask | Self::Open => true,
        }
    }

    /// Whether a person may say who comes in.
    pub(super) const fn asks(&self) -> bool {
        matches!(self, Self::Ask | Self::Trust(..))
    }

    /// Whether strangers come in without being asked for.
    pub(super) const fn takes_strangers(&self) -> bool {
        matches!(self, Self::Open | Self::Trust(Trust::FirstUse, _))
    }

    /// Whether what may come in was said beforehand, and not whom exactly.
    pub(super) const fn is_a_rule(&self) -> bool {
        matches!(self, Self::Open | Self::Trust(..))
    }

    /// Those without whom a text does not reach all it is meant for.
    pub(super) fn expected(&self) -> impl Iterator<Item = &IdentityKey> {
        self.given().map(|(key, _)| key)
    }

    /// Whether it is a link that says who comes in.
    pub(super) fn is_of_link(&self) -> bool {
        self.given().any(|(_, file)| file == LINK)
    }

    /// What says who comes in, and nobody else.
    pub(super) fn named_by(&self) -> &'static str {
        match self.is_of_link() {
            true => "those of the link",
            false => "--with",
        }
    }

    /// How one that --with does not name is let in: no command does it.
    pub(super) fn names_another(&self) -> String {
        if self.is_of_link() {
            return "to let it in, too, start again by a link that names it, which one makes by /link who is in a room with it"
                .to_owned();
        }
        let files: Vec<_> = self.given().map(|(_, file)| file.as_str()).collect();
        format!(
            "to let it in, too, start again with --with {} FILE, where FILE holds its public key",
            Escaped(&files.join(" "))
        )
    }

    /// What may keep this member out of a room that goes on, in words of its own case.
    pub(super) fn keeps_out(&self) -> &'static str {
        match self.is_of_link() {
            true => "your link was made where nobody else comes in",
            false => "say by --with or a link who comes in",
        }
    }

    /// How others let one in, as this member can tell them: by a word, unless what they started with said who comes in. `whom` is
    /// what it is called in the sentence.
    pub(super) fn lets_in_there(&self, key: &IdentityKey, whom: &str) -> String {
        let key = fingerprint(key);
        match self.is_of_link() {
            true => format!(
                "/admit {key} does it there, or a new start of that room with --ask, and another link: ask who gave you yours"
            ),
            false => format!(
                "/admit {key} does it there, or, where --with or a link says who comes in, a new start by one that names {whom}, too"
            ),
        }
    }

    /// Those of --with, and the name of the file of each.
    pub(super) fn given(&self) -> impl Iterator<Item = (&IdentityKey, &String)> {
        match self {
            Self::With(keys) => Some(keys),
            Self::Trust(..) | Self::Ask | Self::Open => None,
        }
        .into_iter()
        .flatten()
    }
}

/// What the file of a person is called, to be shown with its key.
pub(super) fn name_of(file: &Path) -> String {
    let name = file.file_name().unwrap_or(file.as_os_str());
    name.to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser as _;
    use mpotr::{Admission, IdentityKey};
    use mpotr_formats::known::{Date, How, KnownPeople, Person, petname_of};

    use super::{Door, DoorError};
    use crate::args::{Cli, Command};
    use crate::chat::args::ChatArgs;

    const ME: IdentityKey = IdentityKey::new([9; 32]);

    fn args(more: &[&str]) -> ChatArgs {
        let chat = [
            "mpotr", "chat", "--relay", "r:1", "--room", "x", "--nick", "a",
        ];
        let Command::Chat(args) = Cli::try_parse_from(chat.iter().chain(more))
            .unwrap()
            .command
        else {
            panic!()
        };
        *args
    }

    #[test]
    fn at_a_terminal_the_person_is_asked_by_default() {
        assert_eq!(DoorError::check(&args(&[]), true), Ok(()));
        assert_eq!(Door::of(&args(&[]), &ME, None).unwrap(), Door::Ask);
        assert_eq!(Door::of(&args(&["--open"]), &ME, None).unwrap(), Door::Open);
    }

    #[test]
    fn without_a_terminal_it_has_to_be_said() {
        let check = |more: &[&str]| DoorError::check(&args(more), false);
        assert_eq!(check(&[]), Err(DoorError::NotSaid));
        assert_eq!(check(&["--commands"]), Err(DoorError::NotSaid));
        assert_eq!(check(&["--ask"]), Err(DoorError::NoAnswers));
        for said in [
            &["--open"][..],
            &["--with", "a.pub"],
            &["--trust", "first-use"],
            &["--ask", "--commands"],
        ] {
            assert_eq!(check(said), Ok(()), "{said:?}");
        }
    }

    #[test]
    fn the_files_are_those_of_the_others() {
        let home = tempfile::tempdir().unwrap();
        let file = home.path().join("bob.pub");
        // The generator: RFC 9496 appendix A.1.
        let one = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76";
        fs::write(&file, one).unwrap();
        let with = args(&["--with", file.to_str().unwrap()]);
        let Door::With(keys) = Door::of(&with, &ME, None).unwrap() else {
            panic!()
        };
        let (bob, name) = keys.first_key_value().unwrap();
        let bob = *bob;
        assert_eq!(name, "bob.pub");
        assert_eq!(bob.to_string(), one);
        // Nobody is left if it is the own one.
        assert!(Door::of(&with, &bob, None).is_err());
    }

    #[test]
    fn trust_takes_those_that_are_known_so_well_and_not_oneself() {
        let person = |how, name: &str| {
            let day = Date::of_unix(0);
            Person {
                how,
                first: day,
                last: day,
                petname: petname_of(name).unwrap(),
            }
        };
        let key = |byte| IdentityKey::new([byte; 32]);
        let mut known = KnownPeople::default();
        known.add(ME, person(How::Secret, "myself")).unwrap();
        known.add(key(1), person(How::Seen, "seen")).unwrap();
        known.add(key(2), person(How::Code, "sure")).unwrap();
        let door = |trust| Door::of(&args(&["--trust", trust]), &ME, Some(&known)).unwrap();
        let (all, verified) = ([key(1), key(2)].into(), [key(2)].into());
        assert_eq!(door("list").admission(), Admission::Ask(all));
        assert_eq!(door("verified").admission(), Admission::Ask(verified));
        assert!(door("first-use").takes_strangers());
        assert!(!door("list").takes_strangers() && !door("verified").takes_strangers());
        for trust in ["list", "verified"] {
            assert!(Door::of(&args(&["--trust", trust]), &ME, None).is_err());
        }
        let nobody = Door::of(&args(&["--trust", "first-use"]), &ME, None).unwrap();
        assert_eq!(nobody.admission(), Admission::Ask([].into()));
    }

    #[test]
    fn one_of_the_four_is_said() {
        let chat = [
            "mpotr", "chat", "--relay", "r:1", "--room", "x", "--nick", "a",
        ];
        for two in [
            &["--open", "--ask"][..],
            &["--open", "--with", "a.pub"],
            &["--ask", "--with", "a.pub"],
            &["--members", "3", "--with", "a.pub"],
            &["--trust", "list", "--ask"],
            &["--trust", "list", "--open"],
            &["--trust", "list", "--with", "a.pub"],
            &["--trust", "everyone"],
        ] {
            assert!(
                Cli::try_parse_from(chat.iter().chain(two)).is_err(),
                "{two:?}"
            );
        }
    }

    #[test]
    fn several_files_are_named_with_commas_or_spaces() {
        for more in [
            &["--with", "a.pub,b.pub"][..],
            &["--with", "a.pub", "b.pub"],
        ] {
            assert_eq!(args(more).with.len(), 2);
        }
    }
}
