//! What a relay counts: sums only, nothing about clients or rooms.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// What a relay has counted since it was bound. Clones count together.
#[derive(Clone, Debug, Default)]
pub struct RelayCounters(Arc<Counters>);

#[derive(Debug, Default)]
struct Counters {
    bytes_in: AtomicU64,
    bytes_out: AtomicU64,
    packets_in: AtomicU64,
    packets_out: AtomicU64,
    joined: AtomicU64,
    left: AtomicU64,
    refused: AtomicU64,
    too_slow: AtomicU64,
    flooding: AtomicU64,
}

/// The counts at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct RelayCounts {
    /// Bytes that the relay read from its TCP connections.
    pub bytes_in: u64,
    /// Bytes that the relay wrote to its TCP connections.
    pub bytes_out: u64,
    /// Packets that clients sent.
    pub packets_in: u64,
    /// Packets put into the queue of a client: each packet once for each other client of its room.
    pub packets_out: u64,
    /// Clients that joined a room.
    pub joined: u64,
    /// Clients that were in a room and no longer are.
    pub left: u64,
    /// Connections that the relay ended with a refusal, the slow ones and the flooders included.
    pub refused: u64,
    /// Clients that read too slowly.
    pub too_slow: u64,
    /// Clients that sent too much for too long.
    pub flooding: u64,
}

impl RelayCounters {
    /// The counts now.
    #[must_use]
    pub fn counts(&self) -> RelayCounts {
        let counters = &*self.0;
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RelayCounts {
            bytes_in: read(&counters.bytes_in),
            bytes_out: read(&counters.bytes_out),
            packets_in: read(&counters.packets_in),
            packets_out: read(&counters.packets_out),
            joined: read(&counters.joined),
            left: read(&counters.left),
            refused: read(&counters.refused),
            too_slow: read(&counters.too_slow),
            flooding: read(&counters.flooding),
        }
    }

    pub(super) fn read(&self, bytes: usize) {
        add(&self.0.bytes_in, bytes);
    }

    pub(super) fn wrote(&self, bytes: usize) {
        add(&self.0.bytes_out, bytes);
    }

    pub(super) fn broadcast(&self, receivers: usize) {
        add(&self.0.packets_in, 1);
        add(&self.0.packets_out, receivers);
    }

    pub(super) fn joined(&self) {
        add(&self.0.joined, 1);
    }

    pub(super) fn left(&self) {
        add(&self.0.left, 1);
    }

    pub(super) fn refused(&self) {
        add(&self.0.refused, 1);
    }

    pub(super) fn too_slow(&self) {
        add(&self.0.too_slow, 1);
    }

    pub(super) fn flooding(&self) {
        add(&self.0.flooding, 1);
    }
}

fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(u64::try_from(count).unwrap_or(u64::MAX), Ordering::Relaxed);
}
