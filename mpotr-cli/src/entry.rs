//! Enters a room: from what it is opened with to a member that a driver runs.

use mpotr::{Event, IdentityKeyPair, Member, OptionError, RoomOptions};
use mpotr_transport::{Connect, Driver, DriverEvent, Retry, RoomHandle};
use tokio::sync::mpsc;

/// What it takes to enter a room.
pub(crate) struct Entry<C: Connect> {
    /// Which room, and on which terms.
    pub(crate) options: RoomOptions,
    /// Who enters.
    pub(crate) identity: IdentityKeyPair,
    /// The place in the room's channel.
    pub(crate) transport: C::Transport,
    /// How to get another when it is lost, and how often to try; `None` to end then.
    pub(crate) reconnect: Option<(C, Retry)>,
}

/// A room that was entered.
#[derive(Debug)]
pub(crate) struct Entered {
    /// Speaks to the room.
    pub(crate) handle: RoomHandle<Member>,
    /// What the room says.
    pub(crate) events: mpsc::Receiver<DriverEvent<Event>>,
}

impl<C: Connect> Entry<C> {
    /// Enters, in the Tokio runtime of the caller.
    ///
    /// # Errors
    /// The backend is not built in, or cannot compute the suite on this machine; nobody could keep the rules.
    pub(crate) fn enter(self) -> anyhow::Result<Entered> {
        let Self {
            options,
            identity,
            transport,
            reconnect,
        } = self;
        let member = Member::new(options, identity, 0).map_err(|error| {
            let is_policy = matches!(error, OptionError::BadPolicy(_));
            let error = anyhow::Error::from(error);
            match is_policy {
                true => error.context("the rules cannot be kept"),
                false => error,
            }
        })?;
        let (handle, events) = match reconnect {
            Some((connect, retry)) => Driver::spawn_reconnecting(member, transport, connect, retry),
            None => Driver::spawn(member, transport),
        };
        Ok(Entered { handle, events })
    }
}
