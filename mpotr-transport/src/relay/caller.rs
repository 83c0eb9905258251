//! One who has connected and of whom is not known yet how it speaks: its first byte tells.
//!
//! | first byte | what it is |
//! |---|---|
//! | 0x16 | a handshake of TLS; what is inside is told by its first byte, too |
//! | 0x47, a `G` | `GET ..`, by which WebSocket begins, or a request for a file of the page that the relay serves |
//! | any other | frames as they are: the first one is short, and begins with a zero |

use std::io;
use std::sync::Arc;

use futures::FutureExt as _;
use socket2::SockRef;
#[cfg(feature = "websocket")]
use tokio::io::{AsyncBufReadExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::connection::{Client, Connection};
use super::hall::Hall;
use super::origins::Origined;
#[cfg(feature = "websocket")]
use super::page::{Answer, Asked, Page, asked};
#[cfg(feature = "websocket")]
use super::web_origins::WebOrigins;
use crate::frame::{Join, Refusal, RefusalCode, ServerFrame};
#[cfg(feature = "tls")]
use crate::socket::Duplex;
use crate::socket::{Observed, Socket};
#[cfg(feature = "tls")]
use crate::tls::TlsServer;
use crate::transport::SenderHint;

/// Bytes that the system may queue for one client.
const SYSTEM_QUEUE: usize = 64 << 10;

/// By what a handshake of TLS begins: RFC 8446, section 5.1.
#[cfg(feature = "tls")]
const TLS: u8 = 0x16;

/// By what a request of HTTP for a WebSocket begins: RFC 6455, section 4.1.
#[cfg(feature = "websocket")]
const GET: u8 = b'G';

/// How the relay may be spoken to, beside frames as they are.
#[derive(Clone, Debug, Default)]
pub(super) struct Languages {
    #[cfg(feature = "tls")]
    pub(super) tls: Option<TlsServer>,
    #[cfg(feature = "websocket")]
    pub(super) page: Option<Arc<Page>>,
    #[cfg(feature = "websocket")]
    pub(super) origins: Arc<WebOrigins>,
}

/// What one has come for.
enum Met {
    /// To be in a room.
    Member(Connection),
    /// To read the page.
    #[cfg(feature = "websocket")]
    Reader(Answer),
}

/// One who has connected.
#[derive(Debug)]
pub(super) struct Caller {
    stream: TcpStream,
    client: Client,
    languages: Languages,
}

impl Caller {
    pub(super) fn new(
        stream: TcpStream,
        hint: SenderHint,
        hall: Arc<Hall>,
        languages: Languages,
    ) -> Self {
        // Packets are small and people wait for them. Where the option cannot be set, they come a little later.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%hint, %error, "no TCP_NODELAY");
        }
        // The outbox is the queue, and knows who waits for what. What the system queues beside it comes off in lumps of a third of
        // that: where it is megabytes, a steady reader seems to take nothing for as long as a lump lasts.
        if let Err(error) = SockRef::from(&stream).set_send_buffer_size(SYSTEM_QUEUE) {
            tracing::debug!(%hint, %error, "the system queues as much as it likes");
        }
        Self {
            stream,
            client: Client::new(hint, hall),
            languages,
        }
    }

    /// Serves the client to the end.
    pub(super) async fn serve(self, origin: Origined, shutdown: CancellationToken) {
        let now = Instant::now();
        let by = now.checked_add(self.client.limits().join).unwrap_or(now);
        let first = tokio::select! {
            first = timeout_at(by, first_byte(&self.stream)) => first,
            () = shutdown.cancelled() => {
                return self.plain().see_off(RefusalCode::ShuttingDown).await;
            }
        };
        let Ok(first) = first else {
            return self.plain().see_off(RefusalCode::Silent).await;
        };
        let (hint, counters) = (self.client.hint(), self.client.counters().clone());
        let met = tokio::select! {
            met = timeout_at(by, self.meet(first)) => met,
            () = shutdown.cancelled() => return,
        };
        match met {
            Ok(Ok(Met::Member(connection))) => {
                return connection.serve(origin, by, shutdown).await;
            }
            #[cfg(feature = "websocket")]
            Ok(Ok(Met::Reader(answer))) => {
                return tokio::select! {
                    given = answer.give() => told(hint, &given),
                    () = shutdown.cancelled() => {}
                };
            }
            Ok(Err(error)) => tracing::debug!(%hint, %error, "a client was not understood"),
            Err(_elapsed) => tracing::debug!(%hint, "a client did not finish its handshake"),
        }
        counters.refused();
    }

    /// Turns the client away unheard, in the way in which it speaks: in all within the time that a last frame may take.
    pub(super) async fn refuse(self, code: RefusalCode, shutdown: CancellationToken) {
        let (hint, linger) = (self.client.hint(), self.client.limits().linger);
        tracing::debug!(%hint, %code, "a client is turned away");
        let counters = self.client.counters().clone();
        let told = async {
            // One that says nothing is told in frames as they are, in the other half of the time.
            let half = linger.checked_div(2).unwrap_or_default();
            let Ok(first) = timeout(half, first_byte(&self.stream)).await else {
                self.plain().see_off(code).await;
                return Ok(());
            };
            match self.meet(first).await? {
                Met::Member(connection) => connection.see_off(code).await,
                #[cfg(feature = "websocket")]
                Met::Reader(answer) => answer.refuse(code).await?,
            }
            Ok::<_, io::Error>(())
        };
        let told = tokio::select! {
            told = timeout(linger, told) => told,
            () = shutdown.cancelled() => return,
        };
        if let Ok(Err(error)) = told {
            tracing::debug!(%hint, %error, "a client was not told why");
            counters.refused();
        }
    }

    /// Turns the client away unheard, without a wait: the few bytes always fit into a socket that nothing was written
    /// to. One that is known to speak otherwise sees its connection end.
    pub(super) fn refuse_at_once(self, code: RefusalCode) {
        let first = first_byte(&self.stream).now_or_never();
        let told = self.is_plain(first).then(|| {
            let frame = ServerFrame::Refused(Refusal::new(code)).to_frame();
            SockRef::from(&self.stream).send(&frame)
        });
        let hint = self.client.hint();
        self.client.counters().refused();
        tracing::debug!(%hint, %code, ?told, "a client is turned away at once");
    }

    /// Whether the client may speak in frames as they are, by what is known of its first byte.
    fn is_plain(&self, first: Option<io::Result<Option<u8>>>) -> bool {
        match (first, &self.languages) {
            #[cfg(feature = "tls")]
            (Some(Ok(Some(TLS))), Languages { tls: Some(_), .. }) => false,
            #[cfg(feature = "websocket")]
            (Some(Ok(Some(GET))), _) => false,
            _ => true,
        }
    }

    /// Speaks in frames as they are.
    fn plain(self) -> Connection {
        let (reader, writer) = self.stream.into_split();
        let traffic = self.client.traffic();
        let socket = Socket::of_halves(
            Observed::new(reader, traffic),
            Observed::new(writer, traffic),
            Join::MAX,
        );
        Connection::new(socket, self.client)
    }

    /// Finds out how the client speaks, and speaks so.
    async fn meet(self, first: io::Result<Option<u8>>) -> io::Result<Met> {
        match (first?, &self.languages) {
            #[cfg(feature = "tls")]
            (Some(TLS), Languages { tls: Some(tls), .. }) => {
                let stream = Observed::new(self.stream, self.client.traffic());
                let stream = Box::new(tls.accept(stream).await?);
                inside(stream, self.client, &self.languages).await
            }
            #[cfg(feature = "websocket")]
            (Some(GET), _) => {
                let stream = Box::new(Observed::new(self.stream, self.client.traffic()));
                inside(stream, self.client, &self.languages).await
            }
            _ => Ok(Met::Member(self.plain())),
        }
    }
}

/// The first byte that comes, which is left there to be read.
async fn first_byte(stream: &TcpStream) -> io::Result<Option<u8>> {
    let mut byte = [0];
    let bytes = stream.peek(&mut byte).await?;
    Ok((bytes > 0).then_some(u8::from_be_bytes(byte)))
}

/// What is spoken in a stream: WebSocket, frames as they are, or what a browser asks for a page by.
#[cfg(feature = "websocket")]
async fn inside(stream: Box<dyn Duplex>, client: Client, languages: &Languages) -> io::Result<Met> {
    let mut stream = BufReader::new(stream);
    if stream.fill_buf().await?.first() != Some(&GET) {
        let socket = Socket::of_stream(stream, Join::MAX);
        return Ok(Met::Member(Connection::new(socket, client)));
    }
    let mut stream: Box<dyn Duplex> = Box::new(stream);
    if let Some(page) = &languages.page {
        stream = match asked(stream, page, &languages.origins).await? {
            Asked::WebSocket(stream) => stream,
            Asked::Other(answer) => return Ok(Met::Reader(answer)),
        };
    }
    let accepted = crate::socket::accept(stream, |headers| languages.origins.let_in(headers));
    let socket = Socket::of_websocket(accepted.await?, Join::MAX);
    Ok(Met::Member(Connection::new(socket, client)))
}

/// What is spoken in a stream: frames as they are.
#[cfg(all(feature = "tls", not(feature = "websocket")))]
#[expect(
    clippy::unused_async,
    reason = "with WebSocket it waits for the first byte"
)]
async fn inside(
    stream: Box<dyn Duplex>,
    client: Client,
    _languages: &Languages,
) -> io::Result<Met> {
    let socket = Socket::of_stream(stream, Join::MAX);
    Ok(Met::Member(Connection::new(socket, client)))
}

/// One who reads the page has it, or does not.
#[cfg(feature = "websocket")]
fn told(hint: SenderHint, given: &io::Result<()>) {
    match given {
        Ok(()) => tracing::debug!(%hint, "a request was answered"),
        Err(error) => tracing::debug!(%hint, %error, "a request was not answered"),
    }
}
