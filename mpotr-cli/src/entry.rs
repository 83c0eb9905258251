//! Enters a room: from a suite and a backend chosen on the command line to a room that a driver runs.

use mpotr::room::{Room, RoomConfig, Timestamp};
use mpotr::{
    Backend, CryptoSuite, IdentityKeyPair, SuiteId, SuiteVisitor, SystemRng, UnsupportedSuite,
};
use mpotr_transport::{Connect, Driver, DriverEvent, Retry, RoomHandle};
use tokio::sync::mpsc;

/// What it takes to enter a room.
pub(crate) struct Entry<C: Connect> {
    /// Which room, and on which terms.
    pub(crate) config: RoomConfig,
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
    pub(crate) handle: RoomHandle,
    /// What the room says.
    pub(crate) events: mpsc::Receiver<DriverEvent>,
}

impl<C: Connect> Entry<C> {
    /// Enters with a suite on a backend, in the Tokio runtime of the caller.
    ///
    /// # Errors
    /// The backend is not built in, or cannot compute the suite on this machine.
    pub(crate) fn enter(self, suite: SuiteId, backend: Backend) -> anyhow::Result<Entered> {
        Ok(backend.visit(suite, self)??)
    }
}

impl<C: Connect> SuiteVisitor for Entry<C> {
    type Output = Result<Entered, UnsupportedSuite>;

    fn visit<S: CryptoSuite>(self) -> Self::Output {
        let Self {
            config,
            identity,
            transport,
            reconnect,
        } = self;
        let mut rng = SystemRng::default();
        let room = Room::<S>::new(config, identity, Timestamp::default(), &mut rng)?;
        let (handle, events) = match reconnect {
            Some((connect, retry)) => {
                Driver::spawn_reconnecting(room, transport, connect, retry, rng)
            }
            None => Driver::spawn(room, transport, rng),
        };
        Ok(Entered { handle, events })
    }
}
