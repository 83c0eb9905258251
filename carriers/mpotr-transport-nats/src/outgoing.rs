//! Packets on their way into the stream. Each is published under an id of its own until the server says that it has it: an id
//! that nobody can tell before, for a server drops what comes under one that it knows.

use std::sync::Arc;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use bytes::Bytes;
use mpotr_carrier::{CloseCode, Closed};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

use crate::connecting::random;
use crate::transport::State;

/// The header that tells a connection.
pub(crate) const FROM: &str = "Mpotr-From";

/// Bytes that may be under way, and what a short packet counts.
const WINDOW: usize = 512 << 10;
const LEAST: usize = 16 << 10;

/// How long the server may take to say that it has a packet, before it is given to it once more: at first, and at most. A server
/// that has much to do is not to have more of it for that.
const PATIENCE: Duration = Duration::from_secs(3);
const MOST_PATIENCE: Duration = Duration::from_secs(12);

/// Between two attempts where the server says at once that it takes nothing: at first, and at most. A cluster chooses a leader
/// then, and what a thousand members ask for meanwhile keeps it from that.
const WAIT: Duration = Duration::from_millis(250);
const MOST_WAIT: Duration = Duration::from_secs(4);

/// What leaves.
#[derive(Debug)]
pub(crate) struct Outgoing {
    context: Context,
    subject: String,
    own: u64,
    window: Arc<Semaphore>,
    /// Of packets that were not taken, one is tried again at a time.
    turn: Arc<Mutex<()>>,
    state: Arc<State>,
}

impl Outgoing {
    pub(crate) fn new(context: Context, subject: String, own: u64, state: Arc<State>) -> Self {
        let window = Arc::new(Semaphore::new(WINDOW));
        Self {
            context,
            subject,
            own,
            window,
            turn: Arc::default(),
            state,
        }
    }

    /// Takes a packet when there is room for it.
    pub(crate) async fn send(&self, packet: Bytes) -> Result<(), Closed> {
        let weight = packet.len().clamp(LEAST, WINDOW);
        let weight = u32::try_from(weight).unwrap_or(u32::MAX);
        let window = Arc::clone(&self.window);
        let place = tokio::select! {
            place = window.acquire_many_owned(weight) => place,
            closed = self.state.ended() => return Err(closed),
        };
        // It is never closed.
        let place = place.map_err(|_closed| Closed::new(CloseCode::Lost, "closed"))?;
        let packet = Leaving {
            context: self.context.clone(),
            subject: self.subject.clone(),
            headers: self.headers()?,
            packet,
            turn: Arc::clone(&self.turn),
            state: Arc::clone(&self.state),
            _place: place,
        };
        tokio::spawn(packet.leave());
        Ok(())
    }

    fn headers(&self) -> Result<HeaderMap, Closed> {
        let mut headers = HeaderMap::new();
        headers.insert(FROM, format!("{:016x}", self.own));
        let id = format!("{:016x}{:016x}", random()?, random()?);
        headers.insert(async_nats::header::NATS_MESSAGE_ID, id);
        Ok(headers)
    }

    /// Waits until the server has all.
    pub(crate) async fn is_done(&self) -> Result<(), Closed> {
        let all = u32::try_from(WINDOW).unwrap_or(u32::MAX);
        tokio::select! {
            _all = self.window.acquire_many(all) => Ok(()),
            closed = self.state.ended() => Err(closed),
        }
    }
}

/// Half of a time to one and a half of it, so that not all members come at once.
pub(crate) fn about(time: Duration) -> Duration {
    let lot = random().map_or(512, |random| random % 1_024);
    let lot = u32::try_from(lot).unwrap_or(512);
    let part = time.saturating_mul(lot).checked_div(1_024);
    time.checked_div(2)
        .unwrap_or(time)
        .saturating_add(part.unwrap_or_default())
}

/// A packet that the server does not have yet.
struct Leaving {
    context: Context,
    subject: String,
    headers: HeaderMap,
    packet: Bytes,
    turn: Arc<Mutex<()>>,
    state: Arc<State>,
    _place: OwnedSemaphorePermit,
}

impl Leaving {
    async fn leave(self) {
        let number = self.state.leaves(self.packet.len());
        let (mut wait, mut patience) = (WAIT, PATIENCE);
        let mut turn = None;
        while self.state.closed().is_none() {
            let begin = Instant::now();
            match timeout(patience, self.publish()).await {
                Ok(Ok(())) => return self.state.has_left(number, begin.elapsed()),
                Ok(Err(Some(closed))) => return self.state.close(closed),
                // No leader, or a connection that is away: the state says when that is over for good.
                Ok(Err(None)) => {
                    sleep(about(wait)).await;
                    wait = wait.saturating_mul(2).min(MOST_WAIT);
                }
                Err(_elapsed) => patience = patience.saturating_mul(2).min(MOST_PATIENCE),
            }
            if turn.is_none() {
                turn = Some(self.turn.lock().await);
            }
        }
    }

    /// Until the stream has it. An error without a reason may pass.
    async fn publish(&self) -> Result<(), Option<Closed>> {
        let (subject, headers) = (self.subject.clone(), self.headers.clone());
        let context = &self.context;
        let sent = context.publish_with_headers(subject, headers, self.packet.clone());
        let fault = |error: PublishError| match error.kind() {
            PublishErrorKind::MaxPayloadExceeded => {
                let text = format!("the server takes no {} bytes any longer", self.packet.len());
                Some(Closed::new(CloseCode::Lost, text))
            }
            PublishErrorKind::StreamNotFound
            | PublishErrorKind::WrongLastMessageId
            | PublishErrorKind::WrongLastSequence
            | PublishErrorKind::TimedOut
            | PublishErrorKind::BrokenPipe
            | PublishErrorKind::MaxAckPending
            | PublishErrorKind::Other => None,
        };
        let acknowledged = sent.await.map_err(fault)?;
        acknowledged.await.map_err(fault)?;
        Ok(())
    }
}
