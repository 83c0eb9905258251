//! Packets on their way into the stream. Each is published under an id of its own until the server says that it has it: an id
//! that nobody can tell before, for a server drops what comes under one that it knows.

use std::sync::Arc;
use std::time::Duration;

use async_nats::HeaderMap;
use async_nats::jetstream::Context;
use async_nats::jetstream::context::{PublishError, PublishErrorKind};
use bytes::Bytes;
use mpotr_carrier::{CloseCode, Closed};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::{Instant, sleep, timeout};

use crate::connecting::random;
use crate::transport::State;

/// The header that tells a connection.
pub(crate) const FROM: &str = "Mpotr-From";

/// Bytes that may be under way, and what a short packet counts.
const WINDOW: usize = 512 << 10;
const LEAST: usize = 16 << 10;

/// How long the server may take to say that it has a packet, before it is given to it once more.
const PATIENCE: Duration = Duration::from_secs(3);

/// Between two attempts.
const WAIT: Duration = Duration::from_millis(200);

/// What leaves.
#[derive(Debug)]
pub(crate) struct Outgoing {
    context: Context,
    subject: String,
    own: u64,
    window: Arc<Semaphore>,
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

/// A packet that the server does not have yet.
struct Leaving {
    context: Context,
    subject: String,
    headers: HeaderMap,
    packet: Bytes,
    state: Arc<State>,
    _place: OwnedSemaphorePermit,
}

impl Leaving {
    async fn leave(self) {
        let number = self.state.leaves(self.packet.len());
        while self.state.closed().is_none() {
            let begin = Instant::now();
            match timeout(PATIENCE, self.publish()).await {
                Ok(Ok(sequence)) => {
                    self.state.has_left(number, sequence, begin.elapsed());
                    return;
                }
                // No leader, or a connection that is away: the state says when that is over for good.
                Ok(Err(Some(closed))) => self.state.close(closed),
                Ok(Err(None)) | Err(_) => sleep(WAIT).await,
            }
        }
    }

    /// The number that the stream gave it. An error without a reason may pass.
    async fn publish(&self) -> Result<u64, Option<Closed>> {
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
        let acknowledged = acknowledged.await.map_err(fault)?;
        Ok(acknowledged.sequence)
    }
}
