//! What a room is opened with, from the parameters of `open`.

use mpotr::RoomOptions;
use mpotr_formats::Nick;
use mpotr_json::{Failure, Params, Texts, bounded, max_packet, options};

use super::address;
use super::files::Files;
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
        let options = options(&mut params)?;
        let place = place(&mut params, programs)?;
        let max_packet = max_packet(&mut params)?;
        let texts = Texts::read(&mut params)?;
        let nick = nick(&mut params, &texts, place.is_some())?;
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

/// What this member is called at a carrier: by the nick of its texts, if they have one.
fn nick(params: &mut Params, texts: &Texts, is_carried: bool) -> Result<Nick, Failure> {
    let nick: Option<String> = match (texts, is_carried) {
        (Texts::Chat(nick), _) => return Ok(nick.clone()),
        (Texts::Bytes, true) => params.optional("nick")?,
        (Texts::Bytes, false) => None,
    };
    let nick = Nick::new(nick.as_deref().unwrap_or(ANYONE));
    nick.map_err(|error| Failure::params("nick", error))
}
