//! A connection to a server of mail, encrypted from its beginning or, on this machine, not.

use core::net::SocketAddr;
use core::pin::Pin;
use core::task::{Context, Poll};
use core::time::Duration;
use std::io;

use lettre::transport::smtp::client::AsyncTokioStream;
use mpotr_carrier::{CloseCode, Closed, Server};
use mpotr_transport::Tls;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::TcpStream;
use tokio::time::timeout;

/// For a connection, and for each word and its answer: a server that is gone says nothing.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

trait Way: AsyncRead + AsyncWrite + Send + Sync + Unpin + core::fmt::Debug {}
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin + core::fmt::Debug> Way for T {}

/// A connection, encrypted or not.
#[derive(Debug)]
pub(crate) struct Stream {
    way: Box<dyn Way>,
    place: SocketAddr,
}

impl Stream {
    /// Connects, and encrypts if that is asked for.
    pub(crate) async fn to(server: &Server, tls: Option<&Tls>) -> Result<Self, Closed> {
        within(PATIENCE, async {
            let reached = TcpStream::connect((server.host.as_str(), server.port)).await;
            let place = |error: io::Error| {
                let text = format!("no connection to {}:{}: {error}", server.host, server.port);
                Closed::new(CloseCode::Unreachable, text)
            };
            let reached = reached.map_err(place)?;
            let addr = reached.peer_addr().map_err(place)?;
            let way: Box<dyn Way> = match tls {
                Some(tls) => Box::new(tls.connect(&server.host, reached).await?),
                None => Box::new(reached),
            };
            Ok(Self { way, place: addr })
        })
        .await
    }
}

/// Waits for something for so long.
pub(crate) async fn within<T>(
    time: Duration,
    what: impl Future<Output = Result<T, Closed>>,
) -> Result<T, Closed> {
    match timeout(time, what).await {
        Ok(done) => done,
        Err(_elapsed) => Err(Closed::new(
            CloseCode::Unreachable,
            "the mail server does not answer in time",
        )),
    }
}

impl AsyncTokioStream for Stream {
    fn peer_addr(&self) -> io::Result<SocketAddr> {
        Ok(self.place)
    }
}

impl AsyncRead for Stream {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.way).poll_read(context, into)
    }
}

impl AsyncWrite for Stream {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.way).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.way).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.way).poll_shutdown(context)
    }
}
