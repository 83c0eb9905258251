//! What goes over a client's connection, counted below all encryption and framing: so a client pays for what it makes the relay
//! read, whatever that is, and is known to take what its system has really taken.

use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::RelayCounters;
use super::outbox::Outbox;
use crate::frame::MAX_PACKET;
use crate::socket::Observer;

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
}

impl Observer for Traffic {
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
