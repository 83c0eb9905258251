//! What goes over a client's connection, counted below all encryption and framing: so a client pays for what it makes the relay
//! read, whatever that is, and is known to take what its system has really taken.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

use super::RelayCounters;
use super::outbox::Outbox;
use crate::frame::MAX_PACKET;

/// The most bytes that a client sends without a whole packet among them: a packet, and as much again for what it comes in, twice.
const MOST_UNPAID: usize = 4 * MAX_PACKET;

/// The same before it has joined a room: a handshake of TLS with a chain of certificates, a request of HTTP, a first frame.
const MOST_BEFORE: usize = 64 << 10;

/// The bytes of one client.
#[derive(Debug)]
pub(super) struct Traffic {
    counters: RelayCounters,
    /// Is told how much the client takes.
    outbox: Arc<Outbox>,
    /// Bytes read and not yet held against the client.
    unpaid: AtomicUsize,
    /// The most of those.
    most: AtomicUsize,
}

impl Traffic {
    pub(super) const fn new(counters: RelayCounters, outbox: Arc<Outbox>) -> Self {
        Self {
            counters,
            outbox,
            unpaid: AtomicUsize::new(0),
            most: AtomicUsize::new(MOST_BEFORE),
        }
    }

    /// Bytes read since this was last asked.
    pub(super) fn take_unpaid(&self) -> usize {
        self.unpaid.swap(0, Ordering::Relaxed)
    }

    /// The client has joined a room, and sends packets from now on.
    pub(super) fn join(&self) {
        self.most.store(MOST_UNPAID, Ordering::Relaxed);
    }

    /// From now on nothing is held against the client: what it sends is read and forgotten.
    pub(super) fn forgive(&self) {
        self.most.store(usize::MAX, Ordering::Relaxed);
    }

    fn read(&self, bytes: usize) -> io::Result<()> {
        self.counters.read(bytes);
        let before = self.unpaid.fetch_add(bytes, Ordering::Relaxed);
        if before.saturating_add(bytes) > self.most.load(Ordering::Relaxed) {
            return Err(io::Error::new(
                io::ErrorKind::InvalidData,
                "much was sent, and no packet",
            ));
        }
        Ok(())
    }

    fn wrote(&self, bytes: usize) {
        self.counters.wrote(bytes);
        self.outbox.took(bytes);
    }
}

/// A stream, or one direction of it, whose bytes are counted.
#[derive(Debug)]
pub(super) struct Counted<S> {
    stream: S,
    traffic: Arc<Traffic>,
}

impl<S> Counted<S> {
    pub(super) fn new(stream: S, traffic: &Arc<Traffic>) -> Self {
        Self {
            stream,
            traffic: Arc::clone(traffic),
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Counted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let bytes = buffer.filled().len().saturating_sub(before);
        Poll::Ready(self.traffic.read(bytes))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Counted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.traffic.wrote(written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
