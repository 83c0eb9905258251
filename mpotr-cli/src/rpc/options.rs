//! What a room is opened with, from the parameters of `open`.

use std::path::PathBuf;

use mpotr::json::{AdmissionJson, PolicyJson};
use mpotr::{Backend, Carrier, IdentityKeyPair, MAX_PACKET, Policy, Profile, RoomOptions, SuiteId};
use mpotr_formats::Nick;
use mpotr_transport::RelayAddress;

use super::address;
use super::failure::Failure;
use super::params::Params;
use super::room::Texts;
use crate::identity::{self, Passphrase, is_about_passphrase};

/// The handle of a room, the host's own: `[a-z0-9_-]{1,64}`.
pub(super) fn handle(params: &mut Params) -> Result<String, Failure> {
    let handle: String = params.take("room")?;
    let is_plain = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-');
    let is_handle = (1..=64).contains(&handle.len()) && handle.bytes().all(is_plain);
    let wrong = || Failure::params("room", "1 to 64 of a to z, 0 to 9, _ and -");
    is_handle.then_some(handle).ok_or_else(wrong)
}

/// What `open` asks for.
#[derive(Debug)]
pub(super) struct Asked {
    pub(super) options: RoomOptions,
    /// Where its identity is; without one, it has one for this room alone.
    pub(super) identity: Option<IdentityFile>,
    pub(super) texts: Texts,
    /// The relay; without one the host carries the packets.
    pub(super) relay: Option<RelayAddress>,
}

impl Asked {
    /// Reads the parameters, but for the handle. No file that they name is touched.
    ///
    /// # Errors
    /// The first that is wrong.
    pub(super) fn read(mut params: Params) -> Result<Self, Failure> {
        let name: String = params.take("name")?;
        let admission: AdmissionJson = params.take("admission")?;
        let options = RoomOptions::new(&name, admission.into())?;
        let relay = relay(&mut params)?;
        let options = choices(options, &mut params)?;
        let texts = texts(&mut params)?;
        let identity = IdentityFile::read(&mut params)?;
        params.finish()?;
        Ok(Self {
            options,
            identity,
            texts,
            relay,
        })
    }
}

/// The mode, and the relay that it takes.
fn relay(params: &mut Params) -> Result<Option<RelayAddress>, Failure> {
    let mode: String = params.take("mode")?;
    let at: Option<String> = params.optional("at")?;
    match (mode.as_str(), at) {
        ("packets", None) => Ok(None),
        ("packets", Some(_)) => Err(Failure::params("at", "the mode is packets")),
        ("carrier", Some(at)) => address::relay(&at).map(Some),
        ("carrier", None) => Err(Failure::params("at", "the mode is carrier")),
        _ => Err(Failure::params("mode", "it is packets or carrier")),
    }
}

fn choices(mut options: RoomOptions, params: &mut Params) -> Result<RoomOptions, Failure> {
    if let Some(suite) = params.word("suite", SuiteId::ALL, SuiteId::name)? {
        options = options.suite(suite);
    }
    if let Some(backend) = params.word("backend", Backend::ALL, Backend::name)? {
        options = options.backend(backend);
    }
    if let Some(policy) = params.optional::<PolicyJson>("policy")? {
        options = options.policy(policy.over(&Policy::default()));
    }
    if let Some(members) = params.optional("members")? {
        options = options.members(members);
    }
    if let Some(profile) = params.word("profile", Profile::ALL, Profile::name)? {
        options = options.profile(profile);
    }
    if let Some(max_packet) = params.optional("max_packet")? {
        if !(1..=MAX_PACKET).contains(&max_packet) {
            let most = format_args!("at most {MAX_PACKET} bytes");
            return Err(Failure::params("max_packet", most));
        }
        let carrier = Carrier::default();
        options = options.carrier(Carrier {
            max_packet,
            ..carrier
        });
    }
    if let Some(messages) = params.optional("refresh_messages")? {
        options = options.refresh_messages(messages);
    }
    if let Some(messages) = params.optional("leeway")? {
        options = options.leeway(messages);
    }
    if let Some(exclude) = params.optional("exclude_cheats")? {
        options = options.exclude_cheats(exclude);
    }
    Ok(options)
}

/// What the texts are: chat messages, unless it is said.
fn texts(params: &mut Params) -> Result<Texts, Failure> {
    let payload: Option<String> = params.optional("payload")?;
    match payload.as_deref() {
        None | Some("chat") => {
            let nick: String = params.take("nick")?;
            let nick = Nick::new(&nick).map_err(|error| Failure::params("nick", error))?;
            Ok(Texts::Chat(nick))
        }
        Some("bytes") => Ok(Texts::Bytes),
        Some(_) => Err(Failure::params("payload", "it is chat or bytes")),
    }
}

/// Where an identity is kept.
#[derive(Debug)]
pub(super) struct IdentityFile {
    path: PathBuf,
    passphrase: Option<PathBuf>,
}

impl IdentityFile {
    #[cfg(all(test, unix))]
    pub(super) const fn new(path: PathBuf, passphrase: Option<PathBuf>) -> Self {
        Self { path, passphrase }
    }

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

    pub(super) const fn has_passphrase(&self) -> bool {
        self.passphrase.is_some()
    }

    /// The identity. Nobody is asked for a passphrase. It takes the time that an age file is meant to take, and that of who
    /// writes to a pipe.
    ///
    /// # Errors
    /// It cannot be read.
    pub(super) fn load(&self) -> Result<IdentityKeyPair, Failure> {
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
