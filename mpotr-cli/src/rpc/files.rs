//! The files that `open` names. They are read beside all rooms, and not before the rest of it is known to be right.

use std::path::{Path, PathBuf};

use mpotr::{IdentityKeyPair, new_identity};
use mpotr_formats::known::KnownPeople;
use mpotr_json::{Failure, Params};
#[cfg(feature = "irc")]
use mpotr_transport::irc::Login;

use super::failure;
use crate::identity::{self, Passphrase, is_about_passphrase};
use crate::login::LoginFiles;
use crate::people::PeopleFile;

/// The files of a room.
#[derive(Debug, Default)]
pub(super) struct Files {
    /// Where its identity is; without one, it has one for this room alone.
    identity: Option<IdentityFile>,
    pub(super) login: LoginFiles,
    /// Whether the password is read here, and not by a program of the carrier.
    reads_login: bool,
    /// Where the people are whom its person knows.
    people: Option<PathBuf>,
}

/// What was in them.
#[derive(Debug)]
pub(super) struct Loaded {
    pub(super) identity: IdentityKeyPair,
    /// What a carrier is shown that no program of its own speaks to.
    #[cfg(feature = "irc")]
    pub(super) login: Login,
    /// Who is known, if it is kept, and where.
    pub(super) people: Option<(PeopleFile, KnownPeople)>,
}

impl Files {
    /// Reads the parameters. No file is touched.
    ///
    /// # Errors
    /// The first that is wrong.
    pub(super) fn read(params: &mut Params, reads_login: bool) -> Result<Self, Failure> {
        Ok(Self {
            identity: IdentityFile::read(params)?,
            login: login(params)?,
            reads_login,
            people: params.optional("people_file")?,
        })
    }

    #[cfg(all(test, unix))]
    pub(super) fn of_identity(path: PathBuf, passphrase: Option<PathBuf>) -> Self {
        Self {
            identity: Some(IdentityFile { path, passphrase }),
            ..Self::default()
        }
    }

    /// Whether there is nothing to be read.
    pub(super) const fn is_empty(&self) -> bool {
        self.identity.is_none() && self.people.is_none() && !self.waits_for_login()
    }

    /// Whether the carrier is to be shown who comes.
    pub(super) const fn log_in(&self) -> bool {
        !self.login.is_empty()
    }

    const fn waits_for_login(&self) -> bool {
        self.reads_login && self.log_in()
    }

    /// Why they were not read in time: which of them can be a pipe, to which nobody writes.
    pub(super) fn late(&self, message: String) -> Failure {
        let has_passphrase = |it: &IdentityFile| it.passphrase.is_some();
        match &self.identity {
            Some(identity) if has_passphrase(identity) => Failure::passphrase(message),
            _ if self.waits_for_login() => failure::carrier_password(message),
            _ => Failure::identity_file(message),
        }
    }

    /// What is in them. It takes the time that an age file is meant to take, and that of who writes to a pipe.
    ///
    /// # Errors
    /// The first that cannot be read.
    pub(super) fn load(&self) -> Result<Loaded, Failure> {
        let identity = self.identity.as_ref().map(IdentityFile::load).transpose()?;
        Ok(Loaded {
            identity: identity.unwrap_or_else(new_identity),
            #[cfg(feature = "irc")]
            login: match self.reads_login {
                true => {
                    let login = self.login.read();
                    login.map_err(|error| failure::carrier_password(format_args!("{error:#}")))?
                }
                false => Login::Nobody,
            },
            people: self.people.as_deref().map(people).transpose()?,
        })
    }
}

/// Those in a file; nobody, if there is no such file yet.
fn people(path: &Path) -> Result<(PeopleFile, KnownPeople), Failure> {
    let load = || -> anyhow::Result<_> {
        let file = PeopleFile::at(Some(path))?;
        let known = file.load()?.unwrap_or_default();
        Ok((file, known))
    };
    load().map_err(|error| failure::people_file(format_args!("{error:#}")))
}

fn login(params: &mut Params) -> Result<LoginFiles, Failure> {
    let login = LoginFiles {
        account: params.optional("account")?,
        password: params.optional("carrier_password_file")?,
        certificate: params.optional("carrier_certificate_file")?,
    };
    let is_twice =
        login.certificate.is_some() && (login.account.is_some() || login.password.is_some());
    if is_twice {
        let twice = "there is an account or a password, too";
        return Err(Failure::params("carrier_certificate_file", twice));
    }
    if login.account.is_some() && login.password.is_none() {
        let missing = "an account has a password";
        return Err(Failure::params("carrier_password_file", missing));
    }
    Ok(login)
}

/// Where an identity is kept.
#[derive(Debug)]
struct IdentityFile {
    path: PathBuf,
    passphrase: Option<PathBuf>,
}

impl IdentityFile {
    fn read(params: &mut Params) -> Result<Option<Self>, Failure> {
        let path: Option<PathBuf> = params.optional("identity_file")?;
        let file: Option<PathBuf> = params.optional("passphrase_file")?;
        let descriptor: Option<u16> = params.optional("passphrase_fd")?;
        let passphrase = match (file, descriptor) {
            (Some(_), Some(_)) => {
                let twice = "there is a passphrase_file, too";
                return Err(Failure::params("passphrase_fd", twice));
            }
            (None, Some(descriptor)) => Some(PathBuf::from(format!("/dev/fd/{descriptor}"))),
            (file, None) => file,
        };
        match path {
            Some(path) => Ok(Some(Self { path, passphrase })),
            None if passphrase.is_none() => Ok(None),
            None => {
                let message = "a passphrase is for a file";
                Err(Failure::params("identity_file", message))
            }
        }
    }

    /// The identity. Nobody is asked for a passphrase.
    ///
    /// # Errors
    /// It cannot be read.
    fn load(&self) -> Result<IdentityKeyPair, Failure> {
        let passphrase = self.passphrase.as_deref();
        let passphrase = passphrase.map_or(Passphrase::Never, Passphrase::InFile);
        identity::load(&self.path, passphrase).map_err(|error| {
            let message = format!("{error:#}");
            match is_about_passphrase(&error) {
                true => Failure::passphrase(message),
                false => Failure::identity_file(message),
            }
        })
    }
}
