//! A relay that serves, clients that follow the protocol, and one that sends whatever it likes.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use getrandom::SysRng;
use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite;
use mpotr_core::crypto::rand_core::UnwrapErr;
use mpotr_core::crypto::{CryptoSuite, IdentityKey, IdentityKeyPair};
use mpotr_core::gka::RoomId;
use mpotr_core::{
    Admission, Departure, Event, Room, RoomConfig, Seen, TextId, Timers, Timestamp, WithRng,
};
use mpotr_transport::frame::{FrameCodec, Join, RoomName, ServerFrame};
use mpotr_transport::{
    Closed, Driver, DriverEvent, HandleError, Received, Relay, RelayCounters, RelayCounts,
    RelayLimits, RelayTransport, RoomHandle, SenderHint, Transport,
};
use tokio::io::AsyncWriteExt;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_util::codec::FramedRead;
use tokio_util::sync::CancellationToken;

/// Longer than anything here takes, so that what never comes is a failure and not a hang.
const PATIENCE: Duration = Duration::from_secs(30);

/// The default limits, but for how fast a client may send.
pub(crate) const UNPACED: RelayLimits = RelayLimits {
    burst: usize::MAX,
    rate: usize::MAX,
    ..RelayLimits::DEFAULT
};

/// A relay on a port of its own.
pub(crate) struct Served {
    pub(crate) address: SocketAddr,
    pub(crate) counters: RelayCounters,
    shutdown: CancellationToken,
    task: JoinHandle<()>,
}

impl Served {
    pub(crate) async fn new() -> Self {
        Self::with(RelayLimits::default()).await
    }

    pub(crate) async fn with(limits: RelayLimits) -> Self {
        Self::made(limits, |relay| relay).await
    }

    /// One that is changed before it runs.
    pub(crate) async fn made(limits: RelayLimits, change: impl FnOnce(Relay) -> Relay) -> Self {
        let relay = Relay::bind_with(("127.0.0.1", 0), limits).await.unwrap();
        let relay = change(relay);
        let shutdown = CancellationToken::new();
        Self {
            address: relay.local_addr(),
            counters: relay.counters(),
            task: tokio::spawn(relay.run(shutdown.clone())),
            shutdown,
        }
    }

    pub(crate) fn counts(&self) -> RelayCounts {
        self.counters.counts()
    }

    pub(crate) async fn shut_down(self) -> RelayCounts {
        self.shutdown.cancel();
        tokio::time::timeout(PATIENCE, self.task)
            .await
            .unwrap()
            .unwrap();
        self.counters.counts()
    }

    /// Drops the relay's future without a shutdown.
    pub(crate) fn abort(&self) {
        self.task.abort();
    }

    pub(crate) async fn try_join(&self, room: &str) -> Result<RelayTransport, Closed> {
        RelayTransport::connect(self.address, self::room(room)).await
    }

    pub(crate) async fn join(&self, room: &str) -> RelayTransport {
        self.try_join(room).await.unwrap()
    }
}

pub(crate) fn room(name: &str) -> RoomName {
    RoomName::new(name).unwrap()
}

/// The next packet.
pub(crate) async fn hear(client: &impl Transport) -> Bytes {
    hear_from(client).await.1
}

/// The next packet, and whom it seems to come from.
pub(crate) async fn hear_from(client: &impl Transport) -> (SenderHint, Bytes) {
    let received = client.receive().await.unwrap();
    let Received::Packet { sender, packet } = received else {
        panic!("{received:?}")
    };
    (sender, packet)
}

pub(crate) fn bytes(text: &'static str) -> Bytes {
    Bytes::from_static(text.as_bytes())
}

pub(crate) async fn wait_until(condition: impl Fn() -> bool) {
    let reached = tokio::time::timeout(PATIENCE, async {
        while !condition() {
            tokio::time::sleep(Duration::from_millis(1)).await;
        }
    });
    reached.await.expect("the condition was never met");
}

/// A connection that need not follow the protocol.
pub(crate) struct Raw {
    frames: FramedRead<OwnedReadHalf, FrameCodec>,
    writer: OwnedWriteHalf,
}

impl Raw {
    pub(crate) async fn connect(relay: &Served) -> Self {
        Self::over(TcpStream::connect(relay.address).await.unwrap())
    }

    /// From another address of this machine.
    #[cfg(target_os = "linux")]
    pub(crate) async fn connect_from(relay: &Served, address: [u8; 4]) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.bind((address, 0).into()).unwrap();
        Self::over(socket.connect(relay.address).await.unwrap())
    }

    fn over(stream: TcpStream) -> Self {
        let (reader, writer) = stream.into_split();
        Self {
            frames: FramedRead::new(reader, FrameCodec::new(ServerFrame::MAX)),
            writer,
        }
    }

    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.writer.write_all(bytes).await.unwrap();
    }

    /// The next frame, or `None` at the end.
    pub(crate) async fn frame(&mut self) -> Option<ServerFrame> {
        let next = tokio::time::timeout(PATIENCE, self.frames.next())
            .await
            .unwrap();
        next.map(|payload| ServerFrame::decode(&payload.unwrap()).unwrap())
    }

    /// The last frame before the relay closes.
    pub(crate) async fn last_frame(&mut self) -> Option<ServerFrame> {
        let mut last = None;
        while let Some(frame) = self.frame().await {
            last = Some(frame);
        }
        last
    }
}

/// A client whose relay answers its first frame with `answer`, whatever that is; with nothing, it closes.
pub(crate) async fn connect_to_what_answers(answer: &[u8]) -> Result<RelayTransport, Closed> {
    let (client, _stream) = connect_to_listener(answer).await;
    client
}

/// A client whose relay confirms the room and reads nothing more.
pub(crate) async fn join_what_reads_nothing() -> (RelayTransport, TcpStream) {
    let (client, stream) = connect_to_listener(&ServerFrame::Joined.to_frame()).await;
    (client.unwrap(), stream)
}

async fn connect_to_listener(answer: &[u8]) -> (Result<RelayTransport, Closed>, TcpStream) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let connect = RelayTransport::connect(listener.local_addr().unwrap(), room("tea"));
    tokio::join!(connect, async {
        let (stream, _address) = listener.accept().await.unwrap();
        let mut frames = FramedRead::new(stream, FrameCodec::new(Join::MAX));
        frames.next().await.unwrap().unwrap();
        let mut stream = frames.into_inner();
        stream.write_all(answer).await.unwrap();
        if answer.is_empty() {
            stream.shutdown().await.unwrap();
        }
        stream
    })
}

/// The channel that all rooms here meet in.
pub(crate) fn channel<S: CryptoSuite>() -> RoomId {
    RoomId::of_name::<S>("tea")
}

/// Quick to agree, and in no hurry to take a member for dead: these tests keep packets from rooms on purpose.
pub(crate) const TIMERS: Timers = Timers {
    suspect: Duration::from_secs(3_600),
    heartbeat: Duration::from_secs(3_600),
    silent: Duration::from_secs(3_600),
    refresh: Duration::from_secs(3_600),
    expire: Duration::from_secs(7_200),
    ..Timers::LOOPBACK
};

/// A room of `S` with an identity of its own, for `members` members.
pub(crate) fn new_room<S: CryptoSuite>(members: Option<usize>) -> (IdentityKey, Room<S>) {
    let mut rng = UnwrapErr(SysRng);
    let identity = IdentityKeyPair::random::<S>(&mut rng);
    let config = RoomConfig {
        members,
        refresh_messages: usize::MAX,
        timers: TIMERS,
        ..RoomConfig::new(channel::<S>(), Admission::Open)
    };
    let key = identity.public();
    (
        key,
        Room::new(config, identity, Timestamp::default(), &mut rng).unwrap(),
    )
}

/// A room with the randomness of the machine.
pub(crate) type Own<S> = WithRng<S, UnwrapErr<SysRng>>;

/// A member in a room over a relay.
pub(crate) struct Member<S: CryptoSuite = ChaCha20Poly1305Suite> {
    pub(crate) identity: IdentityKey,
    pub(crate) handle: RoomHandle<Own<S>>,
    pub(crate) events: mpsc::Receiver<DriverEvent<Event>>,
    /// The roster that it was told of last.
    pub(crate) seen: Seen,
}

impl<S: CryptoSuite> Member<S> {
    pub(crate) async fn enter(relay: &Served, members: Option<usize>) -> Self {
        let transport = RelayTransport::connect(relay.address, channel::<S>())
            .await
            .unwrap();
        let (identity, room) = new_room::<S>(members);
        let (handle, events) = Driver::spawn(room.with_rng(UnwrapErr(SysRng)), transport);
        Self {
            identity,
            handle,
            events,
            seen: Seen::Expected,
        }
    }

    /// Says something to those whom it has seen.
    pub(crate) async fn say(&self, text: impl Into<Vec<u8>> + Send) -> Result<TextId, HandleError> {
        self.handle.send(text, self.seen).await
    }

    /// What the room says next.
    pub(crate) async fn next(&mut self) -> Event {
        let next = tokio::time::timeout(PATIENCE, self.events.recv()).await;
        let next = next
            .expect("the room says nothing")
            .expect("the room is over");
        let DriverEvent::Room(event) = next else {
            panic!("{next:?}")
        };
        if let Event::Secure { sid, .. } = &event {
            self.seen = Seen::Epoch(*sid);
        }
        event
    }

    /// Waits until the room is secure; the identities in it.
    pub(crate) async fn secure(&mut self) -> BTreeSet<IdentityKey> {
        loop {
            if let Event::Secure { roster, .. } = self.next().await {
                return roster.into_iter().map(|member| member.identity).collect();
            }
        }
    }

    /// Waits for the end.
    pub(crate) async fn departure(&mut self) -> Departure {
        loop {
            if let Event::Ended(departure) = self.next().await {
                return departure;
            }
        }
    }
}
