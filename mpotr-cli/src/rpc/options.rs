//! What a room is opened with, from the parameters of `open`.

use mpotr::json::{AdmissionJson, PolicyJson};
use mpotr::{Backend, Carrier, MAX_PACKET, Policy, Profile, RoomOptions, SuiteId};
use mpotr_formats::Nick;

use super::address;
use super::failure::Failure;
use super::files::Files;
use super::params::Params;
use super::room::Texts;
use crate::address::Place;
use crate::login::LoginFiles;

/// What a member is called at a carrier whose host does not say.
const ANYONE: &str = "member";

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
    pub(super) files: Files,
    pub(super) texts: Texts,
    /// Where the room meets; without it the host carries the packets.
    pub(super) meeting: Option<Meeting>,
}

/// Where a room meets.
#[derive(Debug)]
pub(super) struct Meeting {
    pub(super) place: Place,
    /// How a program of the carrier is told who comes.
    pub(super) login: LoginFiles,
    /// What to be called there.
    pub(super) nick: Nick,
    /// The most bytes of a packet, if the host has a bound of its own.
    pub(super) max_packet: Option<usize>,
}

impl Asked {
    /// Reads the parameters, but for the handle. No file that they name is touched.
    ///
    /// # Errors
    /// The first that is wrong.
    pub(super) fn read(mut params: Params, programs: bool) -> Result<Self, Failure> {
        let name: String = params.take("name")?;
        let admission: AdmissionJson = params.take("admission")?;
        let options = RoomOptions::new(&name, admission.into())?;
        let place = place(&mut params, programs)?;
        let options = choices(options, &mut params)?;
        let max_packet = max_packet(&mut params)?;
        let (texts, nick) = texts(&mut params, place.is_some())?;
        let reads_login = place.as_ref().is_some_and(Place::logs_in_itself);
        let files = Files::read(&mut params, reads_login)?;
        params.finish()?;
        if files.log_in() && !place.as_ref().is_some_and(Place::asks_who_comes) {
            let message = "nobody logs in at a relay, or where the host carries the packets";
            return Err(Failure::params("at", message));
        }
        let (options, meeting) = match place {
            Some(place) => {
                let meeting = Meeting {
                    place,
                    login: files.login.clone(),
                    nick,
                    max_packet,
                };
                (options, Some(meeting))
            }
            None => (bounded(options, max_packet), None),
        };
        Ok(Self {
            options,
            files,
            texts,
            meeting,
        })
    }
}

/// Where the room meets, if the mode is to meet somewhere.
fn place(params: &mut Params, programs: bool) -> Result<Option<Place>, Failure> {
    let mode: String = params.take("mode")?;
    let at: Option<String> = params.optional("at")?;
    match (mode.as_str(), at) {
        ("packets", None) => Ok(None),
        ("packets", Some(_)) => Err(Failure::params("at", "the mode is packets")),
        ("carrier", Some(at)) => address::place(&at, programs).map(Some),
        ("carrier", None) => Err(Failure::params("at", "the mode is carrier")),
        _ => Err(Failure::params("mode", "it is packets or carrier")),
    }
}

/// The most bytes of a packet that the host wants to see, or to have sent.
fn max_packet(params: &mut Params) -> Result<Option<usize>, Failure> {
    let most = params.optional("max_packet")?;
    match most {
        Some(most) if !(1..=MAX_PACKET).contains(&most) => {
            let message = format_args!("at most {MAX_PACKET} bytes");
            Err(Failure::params("max_packet", message))
        }
        most => Ok(most),
    }
}

fn bounded(options: RoomOptions, max_packet: Option<usize>) -> RoomOptions {
    let Some(max_packet) = max_packet else {
        return options;
    };
    let carrier = Carrier::default();
    options.carrier(Carrier {
        max_packet,
        ..carrier
    })
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

/// What the texts are: chat messages, unless it is said. And what this member is called at a carrier.
fn texts(params: &mut Params, is_carried: bool) -> Result<(Texts, Nick), Failure> {
    let payload: Option<String> = params.optional("payload")?;
    let of_nick = |nick: &str| Nick::new(nick).map_err(|error| Failure::params("nick", error));
    match payload.as_deref() {
        None | Some("chat") => {
            let nick: String = params.take("nick")?;
            let nick = of_nick(&nick)?;
            Ok((Texts::Chat(nick.clone()), nick))
        }
        Some("bytes") => {
            let nick: Option<String> = match is_carried {
                true => params.optional("nick")?,
                false => None,
            };
            Ok((Texts::Bytes, of_nick(nick.as_deref().unwrap_or(ANYONE))?))
        }
        Some(_) => Err(Failure::params("payload", "it is chat or bytes")),
    }
}
