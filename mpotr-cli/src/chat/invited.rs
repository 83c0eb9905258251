//! A link that another has given: what it says of a talk, before that begins. `docs/spec/13-trust.md`, "Link".

use core::fmt;
use std::fs::File;
use std::io::Read as _;
use std::path::PathBuf;

use anyhow::Context as _;
use mpotr::RoomName;
use mpotr::crypto::zeroize::Zeroizing;
use mpotr_formats::Escaped;
use mpotr_formats::known::How;
use mpotr_formats::room_address::{self, MAX_ROOM_ADDRESS, RoomAddress, is_room_address};

use super::args::ChatArgs;
use super::inviting::Brought;
use crate::address::Place;
use crate::steps::{Stepped, Tried};
use crate::suite::AnySuite;

/// The bytes of a file that are too many: there is room for the line ends that mail has put into a link.
const MAX_FILE: usize = MAX_ROOM_ADDRESS.saturating_mul(2);

/// What is said of a link, and there is no link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum NoLink {
    /// How it came.
    #[error(
        "--scanned says how a link came to you, and none is given: name it with --link LINK, or leave --scanned out"
    )]
    Scanned,
    /// Who made it.
    #[error(
        "--link-of says who made a link, and none is given: name it with --link LINK, or leave --link-of out"
    )]
    LinkOf,
}

impl NoLink {
    /// Whether what is said of a link is said of one.
    ///
    /// # Errors
    /// It is not.
    pub(super) const fn check(args: &ChatArgs) -> Result<(), Self> {
        match (&args.link, args.scanned, &args.link_of) {
            (None, true, _) => Err(Self::Scanned),
            (None, false, Some(_)) => Err(Self::LinkOf),
            _ => Ok(()),
        }
    }
}

/// Where a link is.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum LinkSource {
    /// In the command line.
    Here(Zeroizing<String>),
    /// In a file.
    In(PathBuf),
}

impl fmt::Debug for LinkSource {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            // It holds a secret.
            Self::Here(_) => f.write_str("Here(..)"),
            Self::In(path) => f.debug_tuple("In").field(path).finish(),
        }
    }
}

/// What a link brings to who opens it, if it brings anything.
#[derive(Debug)]
pub(super) struct Invited(Option<Brought>);

impl Invited {
    pub(super) fn brings(self) -> Option<Brought> {
        self.0
    }
}

impl LinkSource {
    /// Takes a link that is one, or else the name of a file.
    pub(super) fn parse(text: &str) -> Result<Self, String> {
        if text.starts_with("mpotr://") {
            return Err(format!(
                "that is the address of a relay, for --at: --at {text}"
            ));
        }
        if !is_room_address(text.trim_start()) {
            return Ok(Self::In(PathBuf::from(text)));
        }
        let read = read(text).map_err(|error| format!("{error:#}"));
        read.map(|_link| Self::Here(Zeroizing::new(text.to_owned())))
    }

    /// Reads it. Returns the arguments of a talk in its room.
    ///
    /// # Errors
    /// There is no such file, or no link in it.
    pub(super) fn open(&self, args: &ChatArgs) -> anyhow::Result<(ChatArgs, Invited)> {
        let (link, place, room) = match self {
            Self::Here(text) => read(text)?,
            Self::In(path) => {
                let what = || format!("no link in {}", Escaped(&path.to_string_lossy()));
                let mut text = Zeroizing::new(String::with_capacity(MAX_FILE));
                let most = u64::try_from(MAX_FILE).unwrap_or(u64::MAX);
                let stepped = |error| Stepped::of(Tried::Read(path), error);
                let file = File::open(path).map_err(stepped).with_context(what)?;
                file.take(most)
                    .read_to_string(&mut text)
                    .map_err(stepped)
                    .with_context(what)?;
                anyhow::ensure!(text.len() < MAX_FILE, "{}: more is in it", what());
                read(&text).with_context(what)?
            }
        };
        let brought = link.keys.first().copied().zip(link.once);
        let brought = brought.map(|(maker, once)| Brought {
            maker,
            once,
            how: match args.scanned {
                true => How::Qr,
                false => How::Seen,
            },
            name: args.link_of.clone(),
        });
        Ok((args.in_room(place, room, link.keys), Invited(brought)))
    }
}

/// A link, and what it names. White space in it is what mail or a terminal has broken it with.
fn read(text: &str) -> anyhow::Result<(RoomAddress, Place, RoomName)> {
    let whole = Zeroizing::new(text.split_whitespace().collect::<String>());
    let link = room_address::parse::<AnySuite>(&whole)?;
    let place = link.at.parse::<Place>();
    let place = place.map_err(|why| anyhow::anyhow!("where it says that the room meets: {why}"))?;
    let room = link.room.parse().context("the room that it names")?;
    Ok((link, place, room))
}
