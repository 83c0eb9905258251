//! One client: it joins a room, its packets go out, what waits for it goes in, and it is seen off in order.
//!
//! A client that sends faster than it may is not read for a while, so that its own connection slows it down. The relay
//! loses none of its packets, and its readers do not pay for them.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mpotr_crypto::{DecodeError, DecodeErrorKind};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tokio_util::sync::CancellationToken;

use super::hall::{Hall, Membership};
use super::origins::{self, Origined};
use super::outbox::{Outbox, TooSlow};
use super::pace::{Exhausted, Pace, Patience};
use super::traffic::Traffic;
use super::{RelayCounters, RelayLimits};
use crate::frame::{FrameError, Join, MAX_PACKET, Refusal, RefusalCode, ServerFrame};
use crate::socket::{FrameReader, FrameWriter, Socket};
use crate::transport::SenderHint;

/// How long a client whose readers are busy waits before the relay looks again. No wake-up can be missed this way, and
/// each waiting client costs a few looks a second.
const LOOK_AGAIN: Duration = Duration::from_millis(10);

/// Why a connection is over.
#[derive(Debug)]
enum End {
    /// The client closed it.
    Left,
    /// The network, or the client, broke it off.
    Lost(io::ErrorKind),
    /// The relay ends it.
    Refused(RefusalCode),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Lost(error.kind())
    }
}

impl From<TooSlow> for End {
    fn from(_too_slow: TooSlow) -> Self {
        Self::Refused(RefusalCode::TooSlow)
    }
}

impl From<Exhausted> for End {
    fn from(_exhausted: Exhausted) -> Self {
        Self::Refused(RefusalCode::Flooding)
    }
}

impl From<FrameError> for End {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Io(error) => error.into(),
            FrameError::Decode(error) => error.into(),
        }
    }
}

impl From<DecodeError> for End {
    fn from(error: DecodeError) -> Self {
        Self::Refused(match (error.field, error.kind) {
            ("version", DecodeErrorKind::UnknownValue(_)) => RefusalCode::Version,
            (_, DecodeErrorKind::TooLong { .. }) => RefusalCode::TooLong,
            _ => RefusalCode::Malformed,
        })
    }
}

/// One client, apart from the way in which it speaks.
#[derive(Debug)]
pub(super) struct Client {
    hint: SenderHint,
    hall: Arc<Hall>,
    outbox: Arc<Outbox>,
    traffic: Arc<Traffic>,
}

impl Client {
    pub(super) fn new(hint: SenderHint, hall: Arc<Hall>) -> Self {
        let outbox = Arc::new(Outbox::new(&hall.limits));
        let traffic = Traffic::new(hall.counters.clone(), Arc::clone(&outbox));
        Self {
            hint,
            hall,
            outbox,
            traffic: Arc::new(traffic),
        }
    }

    pub(super) const fn hint(&self) -> SenderHint {
        self.hint
    }

    pub(super) fn limits(&self) -> &RelayLimits {
        &self.hall.limits
    }

    pub(super) const fn traffic(&self) -> &Arc<Traffic> {
        &self.traffic
    }

    pub(super) fn counters(&self) -> &RelayCounters {
        &self.hall.counters
    }
}

/// One client's connection.
#[derive(Debug)]
pub(super) struct Connection {
    socket: Socket,
    client: Client,
}

impl Connection {
    pub(super) const fn new(socket: Socket, client: Client) -> Self {
        Self { socket, client }
    }

    /// Serves the client to the end. Its first frame has to be there in time.
    pub(super) async fn serve(
        mut self,
        origin: Origined,
        by: Instant,
        shutdown: CancellationToken,
    ) {
        let sender = Sender::new(&self.client, origin);
        let (hint, outbox) = (self.client.hint, &self.client.outbox);
        let end = tokio::select! {
            end = sender.read_all(&mut self.socket.reader, by, &self.client) => end,
            end = write_all(&mut self.socket.writer, outbox) => end,
            () = shutdown.cancelled() => End::Refused(RefusalCode::ShuttingDown),
        };
        match end {
            End::Left => {
                tracing::debug!(%hint, "a client left");
                self.close().await;
            }
            End::Lost(kind) => tracing::debug!(%hint, %kind, "a client was lost"),
            End::Refused(code) => {
                tracing::debug!(%hint, %code, "a client is refused");
                self.see_off(code).await;
            }
        }
    }

    /// Says that nothing more comes to a client that has said so itself.
    async fn close(mut self) {
        let closed = timeout(self.client.limits().linger, self.socket.writer.shutdown());
        if !matches!(closed.await, Ok(Ok(()))) {
            tracing::debug!(hint = %self.client.hint, "a client did not wait for its end");
        }
    }

    /// Writes what waits, says why the connection ends, and closes it, if the client takes it in time.
    pub(super) async fn see_off(self, code: RefusalCode) {
        let Self { mut socket, client } = self;
        let hint = client.hint;
        let counters = client.counters();
        counters.refused();
        if code == RefusalCode::TooSlow {
            counters.too_slow();
        }
        if code == RefusalCode::Flooding {
            counters.flooding();
        }
        client.traffic.forgive();
        // The rest of a flood is read slowly, too.
        let pause = (code == RefusalCode::Flooding).then_some(LOOK_AGAIN);
        let words = async {
            while let Ok(Some(frame)) = client.outbox.try_next() {
                socket.writer.write(frame).await?;
            }
            let refusal = ServerFrame::Refused(Refusal::new(code));
            socket.writer.write(refusal.to_frame()).await?;
            socket.writer.shutdown().await?;
            // A socket that is closed with unread bytes is reset, and the words would be lost on their way.
            socket.reader.discard(pause).await
        };
        match timeout(client.hall.limits.linger, words).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::debug!(%hint, %error, "a client did not take its last frame")
            }
            Err(_elapsed) => tracing::debug!(%hint, "a client did not take its last frame in time"),
        }
    }
}

/// What the client sends, and how fast it may.
#[derive(Debug)]
struct Sender {
    hint: SenderHint,
    origin: Origined,
    pace: Pace,
    patience: Patience,
    /// How long it was held to its part of what its address may send.
    crowding: Patience,
}

impl Sender {
    fn new(client: &Client, origin: Origined) -> Self {
        Self::within(client.limits(), client.hint, origin)
    }

    fn within(limits: &RelayLimits, hint: SenderHint, origin: Origined) -> Self {
        let now = Instant::now();
        Self {
            hint,
            origin,
            pace: Pace::new(limits.burst, limits.rate, now),
            patience: Patience::new(limits.flood, now),
            crowding: Patience::new(origins::crowding(limits), now),
        }
    }

    /// Has the client join in time, and passes its packets on.
    async fn read_all(mut self, frames: &mut FrameReader, by: Instant, client: &Client) -> End {
        let (hint, limits) = (self.hint, client.limits());
        let first = match timeout_at(by, frames.next()).await {
            Ok(Some(Ok(first))) => first,
            Ok(Some(Err(error))) => return error.into(),
            Ok(None) => return End::Left,
            Err(_elapsed) => return End::Refused(RefusalCode::Silent),
        };
        let join = match Join::decode(&first) {
            Ok(join) => join,
            Err(error) => return error.into(),
        };
        let membership = match client.hall.join(join.room, hint, &client.outbox) {
            Ok(membership) => membership,
            Err(code) => return End::Refused(code),
        };
        tracing::debug!(%hint, "a client joined a room");

        client.traffic.join();
        frames.set_limit(MAX_PACKET);
        loop {
            let packet = match timeout(limits.idle, frames.next()).await {
                Ok(Some(Ok(packet))) => packet,
                Ok(Some(Err(error))) => return error.into(),
                Ok(None) => return End::Left,
                Err(_elapsed) => return End::Refused(RefusalCode::Idle),
            };
            // What came around it counts, too: it has been read.
            let length = packet.len().max(client.traffic.take_unpaid());
            pass_on(&membership, packet).await;
            if let Err(exhausted) = self.wait_for_turn(length).await {
                return exhausted.into();
            }
        }
    }

    /// Waits until the client may send again, after a packet of `length` bytes.
    async fn wait_for_turn(&mut self, length: usize) -> Result<(), Exhausted> {
        let now = Instant::now();
        let own = self.pace.pay(length, now);
        if !own.is_zero() {
            self.patience.hold(own, now)?;
        }
        // It is never cut for what its neighbours send: its part is held against what it sends itself, and a client
        // that sends less than its part is hardly held at all.
        let part = self.origin.pay(length, now);
        if !part.is_zero() {
            self.crowding.hold(part, now)?;
        }
        let wait = own.max(part);
        if wait.is_zero() {
            // One client with much to say must not keep the others from reading it.
            tokio::task::yield_now().await;
        } else {
            sleep(wait).await;
        }
        Ok(())
    }
}

/// Passes a packet on, as soon as the relay and all others in the room have room for it.
async fn pass_on(membership: &Membership, packet: Bytes) {
    let frame = membership.frame(packet);
    let frame = loop {
        match membership.hold(&frame, Instant::now()) {
            Some(frame) => break frame,
            None => sleep(LOOK_AGAIN).await,
        }
    };
    while let Err(mut busy) = membership.broadcast(&frame) {
        while !busy.is_over(Instant::now()) {
            sleep(LOOK_AGAIN).await;
        }
    }
}

/// Writes what is queued for the client, until it is too slow for those who wait for it.
async fn write_all(writer: &mut FrameWriter, outbox: &Outbox) -> End {
    loop {
        let frame = match outbox.next().await {
            Ok(frame) => frame,
            Err(too_slow) => return too_slow.into(),
        };
        tokio::select! {
            written = writer.write(frame) => if let Err(error) = written {
                return error.into();
            },
            too_slow = outbox.too_slow() => return too_slow.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use tokio::task::JoinSet;
    use tokio::time::{Instant, sleep, timeout};

    use super::super::RelayLimits;
    use super::super::origins::{Origins, crowding};
    use super::Sender;
    use crate::transport::SenderHint;

    const RATE: usize = 1_000;

    fn limits() -> RelayLimits {
        RelayLimits {
            rate: RATE,
            burst: RATE,
            ..RelayLimits::default()
        }
    }

    fn sender(origins: &Arc<Origins>, limits: &RelayLimits, number: u64) -> Sender {
        let address = "192.0.2.1".parse().unwrap();
        let origin = origins.enter(address, Instant::now()).unwrap();
        Sender::within(limits, SenderHint::from_u64(number), origin)
    }

    /// Each flooder keeps to its own rate, for which it would never be cut; together they want twice what their address may send.
    #[tokio::test(start_paused = true)]
    async fn who_floods_a_shared_address_is_cut_and_who_sends_little_there_is_not_and_hardly_waits()
    {
        const FLOODERS: u64 = 10;
        let limits = limits();
        let origins = Origins::new(&limits);
        let mut flooders = JoinSet::new();
        let began = Instant::now();
        for number in 0..FLOODERS {
            let mut flooder = sender(&origins, &limits, number);
            flooders.spawn(async move {
                while flooder.wait_for_turn(RATE).await.is_ok() {
                    sleep(Duration::from_millis(10)).await;
                }
                began.elapsed()
            });
        }
        let mut honest = sender(&origins, &limits, FLOODERS);
        // Longer than it takes until the last flooder is cut.
        let end = crowding(&limits).saturating_mul(3);
        let mut longest = Duration::ZERO;
        while began.elapsed() < end {
            let asked = Instant::now();
            honest.wait_for_turn(200).await.unwrap();
            longest = longest.max(asked.elapsed());
            sleep(Duration::from_secs(2)).await;
        }
        assert!(longest < Duration::from_secs(1), "{longest:?}");
        let cut = timeout(Duration::from_secs(1), flooders.join_all()).await;
        let cut = cut.unwrap();
        assert!(cut.iter().all(|after| *after < end), "{cut:?}");
    }
}
