//! Whom a chat lets in: `--with`, `--ask`, `--open`.
//!
//! Nobody comes in because nothing was said. A person at a terminal is asked; without one the command line has to say it.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use mpotr::{Admission, IdentityKey};

use super::args::ChatArgs;

/// Whom this member lets in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Door {
    /// These and no others, and the room begins with all of them. Each has the name of the file that it was given by.
    With(BTreeMap<IdentityKey, String>),
    /// Whom the person says.
    Ask,
    /// Anyone.
    Open,
}

/// Why it is not known whom to let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum DoorError {
    /// Nothing was said, and there is nobody to ask.
    #[error(
        "without a terminal nobody can be asked who may come in: name them with --with FILE.., \
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
        let is_said = !args.with.is_empty() || args.open;
        match args.ask {
            true if !at_terminal && !args.commands => Err(Self::NoAnswers),
            false if !is_said && !at_terminal => Err(Self::NotSaid),
            _ => Ok(()),
        }
    }
}

impl Door {
    /// What the command line says.
    ///
    /// # Errors
    /// A file holds no public key; all are those of `me`.
    pub(super) fn of(args: &ChatArgs, me: &IdentityKey) -> anyhow::Result<Self> {
        if args.open {
            return Ok(Self::Open);
        }
        if args.with.is_empty() {
            return Ok(Self::Ask);
        }
        let name = |path: &Path| {
            let name = path.file_name().unwrap_or(path.as_os_str());
            name.to_string_lossy().into_owned()
        };
        let keys = args
            .with
            .iter()
            .map(|file| Ok((crate::identity::public_key(file)?, name(file))));
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
            Self::Ask => Admission::Ask(BTreeSet::new()),
            Self::Open => Admission::Open,
        }
    }

    /// Whether an identity can be let in at all.
    pub(super) fn can_admit(&self, identity: &IdentityKey) -> bool {
        match self {
            Self::With(keys) => keys.contains_key(identity),
            Self::Ask | Self::Open => true,
        }
    }

    /// Those without whom a text does not reach all it is meant for.
    pub(super) fn expected(&self) -> impl Iterator<Item = &IdentityKey> {
        self.given().map(|(key, _)| key)
    }

    /// Those of --with, and the name of the file of each.
    pub(super) fn given(&self) -> impl Iterator<Item = (&IdentityKey, &String)> {
        match self {
            Self::With(keys) => Some(keys),
            Self::Ask | Self::Open => None,
        }
        .into_iter()
        .flatten()
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use clap::Parser as _;
    use mpotr::IdentityKey;

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
        args
    }

    #[test]
    fn at_a_terminal_the_person_is_asked_by_default() {
        assert_eq!(DoorError::check(&args(&[]), true), Ok(()));
        assert_eq!(Door::of(&args(&[]), &ME).unwrap(), Door::Ask);
        assert_eq!(Door::of(&args(&["--open"]), &ME).unwrap(), Door::Open);
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
        let Door::With(keys) = Door::of(&with, &ME).unwrap() else {
            panic!()
        };
        let (bob, name) = keys.first_key_value().unwrap();
        let bob = *bob;
        assert_eq!(name, "bob.pub");
        assert_eq!(bob.to_string(), one);
        // Nobody is left if it is the own one.
        assert!(Door::of(&with, &bob).is_err());
    }

    #[test]
    fn one_of_the_three_is_said() {
        let chat = [
            "mpotr", "chat", "--relay", "r:1", "--room", "x", "--nick", "a",
        ];
        for two in [
            &["--open", "--ask"][..],
            &["--open", "--with", "a.pub"],
            &["--ask", "--with", "a.pub"],
            &["--members", "3", "--with", "a.pub"],
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
