//! A member's connection to a room, and what is known of it.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_nats::Client;
use mpotr_carrier::{Bytes, Carrier, CloseCode, Closed, LinkReport, Received, Transport};
use tokio::sync::{Mutex as AsyncMutex, Notify, mpsc, watch};
use tokio::time::Instant;

use crate::connecting::watch as watch_over;
use crate::outgoing::Outgoing;
use crate::reading::{Incoming, unread};

/// How long a connection may be away before it is over. Shorter than what a room waits for one who says nothing.
const AWAY: Duration = Duration::from_secs(8);

/// How long a server may take no packet, or give none, though the connection is there. A cluster that has lost a server chooses
/// leaders meanwhile, and makes the consumers of a thousand members anew; what waits is reported, and the room bears it. One that
/// is leaving has no other connection to hope for.
const NOT_SERVED: Duration = Duration::from_secs(60);

/// What has been under way for so long waits.
const WAITS: Duration = Duration::from_millis(250);

/// Words that wait for the person.
const WORDS: usize = 8;

/// What all parts of a connection know.
#[derive(Debug, Default)]
pub(crate) struct State {
    known: Mutex<Known>,
    closed: watch::Sender<Option<Closed>>,
    news: Notify,
}

#[derive(Debug, Default)]
struct Known {
    /// Since when the connection is away.
    away: Option<Instant>,
    /// Since when there is no consumer.
    unread: Option<Instant>,
    /// What is under way: its bytes, and since when.
    leaving: BTreeMap<u64, (usize, Instant)>,
    next: u64,
    latency: Option<Duration>,
    words: Vec<String>,
}

impl State {
    fn known(&self) -> MutexGuard<'_, Known> {
        // Nothing panics while it is held.
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn is_up(&self) {
        self.known().away = None;
    }

    pub(crate) fn is_down(&self) {
        self.known().away.get_or_insert_with(Instant::now);
    }

    pub(crate) fn is_away(&self) -> bool {
        self.known().away.is_some()
    }

    /// Whether there is a consumer.
    pub(crate) fn is_read(&self, is_read: bool) {
        let mut known = self.known();
        match is_read {
            true => known.unread = None,
            false => {
                known.unread.get_or_insert_with(Instant::now);
            }
        }
    }

    /// Tells the person something.
    pub(crate) fn say(&self, words: &str) {
        let mut known = self.known();
        if known.words.len() < WORDS {
            known.words.push(words.to_owned());
        }
        drop(known);
        self.news.notify_one();
    }

    /// A packet begins to leave.
    pub(crate) fn leaves(&self, length: usize) -> u64 {
        let mut known = self.known();
        let number = known.next;
        known.next = number.saturating_add(1);
        known.leaving.insert(number, (length, Instant::now()));
        number
    }

    /// The stream has it.
    pub(crate) fn has_left(&self, number: u64, took: Duration) {
        let mut known = self.known();
        known.leaving.remove(&number);
        // The mean of the last eight or so.
        let mean = known.latency.map_or(took, |mean| {
            let sum = mean.saturating_mul(7).saturating_add(took);
            sum.checked_div(8).unwrap_or(took)
        });
        known.latency = Some(mean);
    }

    /// Ends what has been away for too long.
    pub(crate) fn judge(&self) {
        let is_long = |since: Instant, limit| since.elapsed() >= limit;
        let known = self.known();
        let oldest = known.leaving.values().map(|(_, since)| *since).min();
        let closed = if known.away.is_some_and(|since| is_long(since, AWAY)) {
            Closed::new(CloseCode::Lost, "the server is gone")
        } else if oldest.is_some_and(|since| is_long(since, NOT_SERVED)) {
            Closed::new(CloseCode::Lost, "the server takes no packets")
        } else if known.unread.is_some_and(|since| is_long(since, NOT_SERVED)) {
            unread()
        } else {
            return;
        };
        drop(known);
        self.close(closed);
    }

    /// The connection is over. The first reason stands.
    pub(crate) fn close(&self, why: Closed) {
        self.closed.send_if_modified(|closed| {
            let is_first = closed.is_none();
            closed.get_or_insert(why);
            is_first
        });
    }

    pub(crate) fn closed(&self) -> Option<Closed> {
        self.closed.borrow().clone()
    }

    /// Waits for the end.
    pub(crate) async fn ended(&self) -> Closed {
        let mut closed = self.closed.subscribe();
        match closed.wait_for(Option::is_some).await {
            Ok(closed) => closed.clone().unwrap_or_else(unread),
            Err(_gone) => unread(),
        }
    }

    fn link(&self) -> LinkReport {
        let known = self.known();
        let oldest = known
            .leaving
            .values()
            .map(|(_, since)| since.elapsed())
            .max();
        let waits = known.away.is_some() || oldest.is_some_and(|oldest| oldest >= WAITS);
        let bytes = known.leaving.values().map(|(length, _)| *length).sum();
        let latency = known.latency.map(|latency| latency.as_millis().max(1));
        LinkReport {
            rate: None,
            queued: if waits { bytes } else { 0 },
            latency: latency.and_then(|latency| u32::try_from(latency).ok()),
        }
    }

    async fn words(&self) -> String {
        loop {
            let news = self.news.notified();
            if let Some(words) = self.known().words.pop() {
                return words;
            }
            news.await;
        }
    }
}

/// A member's connection to a room.
#[derive(Debug)]
pub(crate) struct NatsTransport {
    carrier: Carrier,
    client: Client,
    outgoing: Outgoing,
    incoming: AsyncMutex<Incoming>,
    state: Arc<State>,
}

impl NatsTransport {
    pub(crate) fn new(
        carrier: Carrier,
        client: Client,
        outgoing: Outgoing,
        incoming: mpsc::Receiver<(mpotr_carrier::SenderHint, Bytes)>,
        state: Arc<State>,
    ) -> Self {
        tokio::spawn(watch_over(Arc::clone(&state)));
        Self {
            carrier,
            client,
            outgoing,
            incoming: AsyncMutex::new(incoming),
            state,
        }
    }
}

impl Transport for NatsTransport {
    fn carrier(&self) -> Carrier {
        self.carrier
    }

    async fn send(&self, packet: Bytes) -> Result<(), Closed> {
        self.outgoing.send(packet).await
    }

    async fn receive(&self) -> Result<Received, Closed> {
        let mut incoming = self.incoming.lock().await;
        tokio::select! {
            biased;
            came = incoming.recv() => match came {
                Some((sender, packet)) => Ok(Received::Packet { sender, packet }),
                None => Err(self.state.closed().unwrap_or_else(unread)),
            },
            text = self.state.words() => Ok(Received::Notice { text }),
            closed = self.state.ended() => Err(closed),
        }
    }

    fn link(&self) -> LinkReport {
        self.state.link()
    }

    async fn close(self) -> Result<(), Closed> {
        self.outgoing.is_done().await?;
        self.state.close(Closed::new(CloseCode::Lost, "closed"));
        let flushed = self.client.flush().await;
        flushed.map_err(|error| Closed::new(CloseCode::Lost, error))
    }
}
