//! The embedded relay: rooms by name, each packet to all others in the room. Clients speak frames as they are, over TLS, over
//! WebSocket, or over WebSocket in TLS, all on one port.
//!
//! The relay is trusted with nothing. It sees connections, times and lengths, and packets it cannot read; it may drop,
//! delay, repeat and invent packets as any network may. Specification: `docs/spec/07-transport.md`.
//!
//! A client that sends too much is slowed down, by its own connection, and cut if it goes on: see [`RelayLimits`]. Its
//! readers lose nothing by that. A client that takes next to nothing while others wait for it is dropped. The relay
//! holds at most [`RelayLimits::memory`] bytes of packets that wait, and for each client one packet that is being read.

mod caller;
mod connection;
mod counters;
mod hall;
mod limits;
mod memory;
mod origins;
mod outbox;
mod pace;
#[cfg(feature = "websocket")]
mod page;
mod traffic;
#[cfg(feature = "websocket")]
mod web_origins;

pub use counters::{RelayCounters, RelayCounts};
pub use limits::RelayLimits;
#[cfg(feature = "websocket")]
pub use page::{Page, PageError};
#[cfg(feature = "websocket")]
pub use web_origins::{WebOrigin, WebOriginError};

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::{TcpListener, TcpStream, ToSocketAddrs};
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::frame::RefusalCode;
#[cfg(feature = "tls")]
use crate::tls::TlsServer;
use crate::transport::SenderHint;
use caller::{Caller, Languages};
use hall::Hall;
use origins::Origins;
#[cfg(feature = "websocket")]
use web_origins::WebOrigins;

/// How long to wait after a connection could not be accepted, most likely for want of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// The most clients that are turned away in order at one time: for each the relay waits a little until it has read why.
/// To others it says why and closes at once, which tells all but those whose system forgets what it received when the
/// connection is reset.
const REFUSALS: usize = 32;

/// A relay that listens and has not begun to run.
#[derive(Debug)]
pub struct Relay {
    listener: TcpListener,
    address: SocketAddr,
    hall: Arc<Hall>,
    clients: Arc<Semaphore>,
    origins: Arc<Origins>,
    refusals: Arc<Semaphore>,
    languages: Languages,
    last_hint: u64,
}

impl Relay {
    /// Listens on `address`, with the default limits.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn bind(address: impl ToSocketAddrs) -> io::Result<Self> {
        Self::bind_with(address, RelayLimits::default()).await
    }

    /// Listens on `address`, with the caller's limits.
    ///
    /// # Errors
    /// The address cannot be listened on.
    pub async fn bind_with(address: impl ToSocketAddrs, limits: RelayLimits) -> io::Result<Self> {
        let listener = TcpListener::bind(address).await?;
        Ok(Self {
            address: listener.local_addr()?,
            listener,
            clients: Arc::new(Semaphore::new(limits.clients.min(Semaphore::MAX_PERMITS))),
            origins: Origins::new(&limits),
            refusals: Arc::new(Semaphore::new(REFUSALS)),
            languages: Languages::default(),
            hall: Arc::new(Hall::new(limits)),
            last_hint: 0,
        })
    }

    /// Speaks TLS with those who ask for it, on the same port as with others, and shows them this.
    #[cfg(feature = "tls")]
    #[must_use]
    pub fn with_tls(mut self, server: TlsServer) -> Self {
        self.languages.tls = Some(server);
        self
    }

    /// Serves a page to browsers, on the same port: `docs/spec/07-transport.md`, "A page".
    #[cfg(feature = "websocket")]
    #[must_use]
    pub fn with_page(mut self, page: Page) -> Self {
        self.languages.page = Some(Arc::new(page));
        self
    }

    /// Lets in pages of these origins, too: `docs/spec/07-transport.md`, "Pages of other origins".
    #[cfg(feature = "websocket")]
    #[must_use]
    pub fn with_web_origins(mut self, origins: impl IntoIterator<Item = WebOrigin>) -> Self {
        self.languages.origins = Arc::new(WebOrigins::new(origins.into_iter().collect()));
        self
    }

    /// The address that the relay listens on, with the port that the system chose if it was asked to.
    #[must_use]
    pub const fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// What the relay counts. Stays valid while the relay runs and after.
    #[must_use]
    pub fn counters(&self) -> RelayCounters {
        self.hall.counters.clone()
    }

    /// Runs until `shutdown` is cancelled, and then until each client has been sent what was queued for it and told
    /// so, for at most [`RelayLimits::linger`]. To drop the future ends all connections the same way, unawaited.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let shutdown = shutdown.child_token();
        let _ends_connections_when_dropped = shutdown.clone().drop_guard();
        let tasks = TaskTracker::new();
        tracing::info!(address = %self.address, "the relay listens");
        loop {
            let accepted = tokio::select! {
                () = shutdown.cancelled() => break,
                accepted = self.listener.accept() => accepted,
            };
            match accepted {
                Ok((stream, address)) => self.admit(stream, address, &tasks, &shutdown),
                Err(error) => {
                    tracing::warn!(%error, "a connection was not accepted");
                    tokio::time::sleep(ACCEPT_PAUSE).await;
                }
            }
        }
        drop(self.listener);
        tasks.close();
        tasks.wait().await;
        tracing::info!("the relay has shut down");
    }

    /// Serves a client, or tells it that the relay has as many clients as it takes, from its address or in all.
    fn admit(
        &mut self,
        stream: TcpStream,
        address: SocketAddr,
        tasks: &TaskTracker,
        shutdown: &CancellationToken,
    ) {
        self.last_hint = self.last_hint.wrapping_add(1);
        let hint = SenderHint::from_u64(self.last_hint);
        let languages = self.languages.clone();
        let caller = Caller::new(stream, hint, Arc::clone(&self.hall), languages);
        let place = Arc::clone(&self.clients)
            .try_acquire_owned()
            .map_err(|_full| RefusalCode::Full);
        let origin = self
            .origins
            .enter(address.ip(), Instant::now())
            .map_err(|_crowded| RefusalCode::AddressFull);
        match (origin, place) {
            (Ok(origin), Ok(place)) => {
                let shutdown = shutdown.clone();
                tasks.spawn(async move {
                    caller.serve(origin, shutdown).await;
                    drop(place);
                });
            }
            (Err(code), _) | (_, Err(code)) => {
                if let Ok(permit) = Arc::clone(&self.refusals).try_acquire_owned() {
                    let shutdown = shutdown.clone();
                    tasks.spawn(async move {
                        caller.refuse(code, shutdown).await;
                        drop(permit);
                    });
                } else {
                    caller.refuse_at_once(code);
                }
            }
        }
    }
}
