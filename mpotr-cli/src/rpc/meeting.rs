//! From where a room meets to a link that carries its packets.

use mpotr::RoomId;
#[cfg(feature = "irc")]
use mpotr_transport::irc::{IrcConnect, Login};
use mpotr_transport::{CloseCode, Closed, ExecConnect, RelayConnect};
use tokio::sync::mpsc;

use super::link::{Link, News};
use crate::address::{NetworkAddress, Place};
use crate::login::LoginFiles;

/// A link that is to be made.
pub(super) struct Way<'a> {
    /// The handle of the room, and the number of the link.
    pub(super) handle: &'a str,
    pub(super) link: u64,
    /// What the carrier knows the room by.
    pub(super) room: RoomId,
    /// What to be called there.
    pub(super) nick: &'a str,
    /// How the carrier is shown who comes.
    #[cfg(feature = "irc")]
    pub(super) login: Login,
    /// The same, for a program of the carrier.
    pub(super) files: LoginFiles,
    pub(super) news: mpsc::Sender<News>,
}

impl Way<'_> {
    /// Begins to connect.
    ///
    /// # Errors
    /// It is no use to try.
    pub(super) fn to(self, place: Place) -> Result<Link, Closed> {
        let Self {
            handle,
            link,
            room,
            nick,
            #[cfg(feature = "irc")]
            login,
            files,
            news,
        } = self;
        let by_program = |name: &str, address: Option<&str>| -> Result<ExecConnect, Closed> {
            let connect = ExecConnect::new(name, address, nick, room);
            let unnamed = || Closed::new(CloseCode::Refused, "no program has such a name");
            let connect = connect.ok_or_else(unnamed)?;
            Ok(connect.login(files.of_program()))
        };
        Ok(match place {
            Place::Relay(address) => {
                let connect = RelayConnect::new(address, room)?;
                Link::start(handle, link, connect, news)
            }
            #[cfg(feature = "irc")]
            Place::Irc(address) => {
                let connect = IrcConnect::new(address, nick, login)?;
                Link::start(handle, link, connect, news)
            }
            Place::Network(NetworkAddress { program, address }) => {
                let connect = by_program(program, Some(&address))?;
                Link::start(handle, link, connect, news)
            }
            Place::Program { name, address } => {
                let connect = by_program(&name, address.as_deref())?;
                Link::start(handle, link, connect, news)
            }
        })
    }
}
