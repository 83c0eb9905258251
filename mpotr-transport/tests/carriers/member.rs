//! A member of a room on some carrier, and what it is told.

use std::collections::BTreeSet;
use std::time::Duration;

use getrandom::SysRng;
use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_core::crypto::rand_core::UnwrapErr;
use mpotr_core::crypto::{IdentityKey, IdentityKeyPair};
use mpotr_core::gka::RoomId;
use mpotr_core::{
    Admission, Departure, Event, MessageId, Room, RoomConfig, Seen, Timers, Timestamp, WithRng,
};
use mpotr_transport::{
    Bytes, CancellationToken, Carrier, CloseCode, Closed, Connect, Driver, DriverEvent, LinkReport,
    Received, Retry, RoomHandle, Transport,
};
use tokio::sync::mpsc;
use tokio::time::timeout;

/// Longer than anything here takes, so that what never comes is a failure and not a hang.
const PATIENCE: Duration = Duration::from_secs(180);

/// Quick to notice one who is gone. A server that takes a few lines a second makes views fail in which one comes in, and for some
/// views after that nobody does: they are as long as on any relay, and not as on one machine, where none fails.
const TIMERS: Timers = Timers {
    view: Timers::RELAY.view,
    silent: Duration::from_secs(10),
    suspect: Duration::from_secs(10),
    ..Timers::LOOPBACK
};

/// The channel that all rooms here meet in.
pub(crate) fn channel() -> RoomId {
    RoomId::of_name::<Suite>("tea")
}

/// A way to the channel that can be cut for good, as when a machine dies.
struct Mortal<C> {
    way: C,
    dead: CancellationToken,
}

struct MortalTransport<T> {
    transport: T,
    dead: CancellationToken,
}

impl<C: Connect> Connect for Mortal<C> {
    type Transport = MortalTransport<C::Transport>;

    async fn connect(&self) -> Result<Self::Transport, Closed> {
        Ok(MortalTransport {
            transport: self.way.connect().await?,
            dead: self.dead.clone(),
        })
    }
}

impl<T: Transport> Transport for MortalTransport<T> {
    fn carrier(&self) -> Carrier {
        self.transport.carrier()
    }

    async fn send(&self, packet: Bytes) -> Result<(), Closed> {
        self.transport.send(packet).await
    }

    async fn receive(&self) -> Result<Received, Closed> {
        tokio::select! {
            () = self.dead.cancelled() => Err(Closed::new(CloseCode::Kicked, "dead")),
            received = self.transport.receive() => received,
        }
    }

    fn link(&self) -> LinkReport {
        self.transport.link()
    }

    async fn close(self) -> Result<(), Closed> {
        self.transport.close().await
    }
}

/// A member.
pub(crate) struct Member {
    pub(crate) identity: IdentityKey,
    pub(crate) handle: RoomHandle<WithRng<Suite, UnwrapErr<SysRng>>>,
    events: mpsc::Receiver<DriverEvent<Event>>,
    pub(crate) seen: Seen,
    /// The texts that it has read, its own among them.
    pub(crate) read: BTreeSet<Vec<u8>>,
    /// The messages in their final order, of all epochs that it was in: after a hundred texts keys change by themselves.
    pub(crate) order: Vec<MessageId>,
    /// What people wrote into the channel for all to read.
    pub(crate) plain: Vec<String>,
    /// How many are in the epoch that it is in.
    roster: usize,
    /// Who has left or was left out.
    gone: BTreeSet<IdentityKey>,
    dead: CancellationToken,
}

impl Member {
    /// Enters by a connection, and waits for so many members.
    pub(crate) async fn enter<C: Connect>(connect: C, members: usize) -> Self {
        Self::enter_with(connect, members, TIMERS).await
    }

    /// Enters with timers of the caller's.
    pub(crate) async fn enter_with<C: Connect>(connect: C, members: usize, timers: Timers) -> Self {
        Self::enter_room(channel(), connect, members, timers).await
    }

    /// Enters another room than that of the others.
    pub(crate) async fn enter_room<C: Connect>(
        room: RoomId,
        connect: C,
        members: usize,
        timers: Timers,
    ) -> Self {
        let dead = CancellationToken::new();
        let connect = Mortal {
            way: connect,
            dead: dead.clone(),
        };
        let transport = connect.connect().await.unwrap();
        let mut rng = UnwrapErr(SysRng);
        let identity = IdentityKeyPair::random::<Suite>(&mut rng);
        let config = RoomConfig {
            members: Some(members),
            timers,
            carrier: transport.carrier(),
            ..RoomConfig::new(room, Admission::Open)
        };
        let key = identity.public();
        let room = Room::<Suite>::new(config, identity, Timestamp::default(), &mut rng).unwrap();
        let retry = Retry {
            most: Duration::from_secs(1),
            ..Retry::default()
        };
        let (handle, events) =
            Driver::spawn_reconnecting(room.with_rng(rng), transport, connect, retry);
        Self {
            identity: key,
            handle,
            events,
            seen: Seen::Expected,
            read: BTreeSet::new(),
            order: Vec::new(),
            plain: Vec::new(),
            roster: 0,
            gone: BTreeSet::new(),
            dead,
        }
    }

    /// Is gone without a word.
    pub(crate) async fn dies(mut self) {
        self.dead.cancel();
        // Its handle lives as long as its driver: without it, the driver would leave in order.
        while self.events.recv().await.is_some() {}
    }

    /// Says something to those whom it has seen.
    pub(crate) async fn say(&self, text: impl Into<Vec<u8>> + Send) {
        self.handle.writable().await.unwrap();
        self.handle.send(text, self.seen).await.unwrap();
    }

    /// Reads on until something is told.
    pub(crate) async fn until<T>(
        &mut self,
        what: &str,
        mut is: impl FnMut(&mut Self, &DriverEvent<Event>) -> Option<T>,
    ) -> T {
        let mut told = Vec::new();
        let found = timeout(PATIENCE, async {
            loop {
                let event = self.events.recv().await?;
                self.note(&event);
                if let Some(found) = is(self, &event) {
                    return Some(found);
                }
                told.push(format!("{event:?}"));
            }
        });
        match found.await {
            Ok(Some(found)) => found,
            ended => panic!("{what} was never told ({}); but {told:#?}", ended.is_ok()),
        }
    }

    fn note(&mut self, event: &DriverEvent<Event>) {
        if let DriverEvent::Plain { text, .. } = event {
            self.plain.push(text.clone());
        }
        let DriverEvent::Room(event) = event else {
            return;
        };
        if let Event::Secure { sid, roster, .. } = event {
            self.seen = Seen::Epoch(*sid);
            self.roster = roster.len();
        }
        if let Event::Left { member } | Event::LeftOut { member } = event {
            self.gone.insert(*member);
        }
        if let Event::Message { body, .. } = event {
            self.read.insert(body.clone());
        }
        if let Event::Final { ids, .. } = event {
            self.order.extend(ids);
        }
    }

    /// Waits until the room is secure with so many members.
    pub(crate) async fn secure_with(&mut self, members: usize) {
        if self.roster != members {
            self.until("a secure room", |member, _| {
                (member.roster == members).then_some(())
            })
            .await;
        }
    }

    /// Waits until it has been told that a member is gone, and is secure with so many others without it.
    pub(crate) async fn is_without(&mut self, gone: IdentityKey, members: usize) {
        let is_so = |member: &Self| member.gone.contains(&gone) && member.roster == members;
        if !is_so(self) {
            self.until("who is gone", |member, _| is_so(member).then_some(()))
                .await;
        }
    }

    /// Waits until it has read a text.
    pub(crate) async fn reads(&mut self, text: &[u8]) {
        self.reads_all(&BTreeSet::from([text.to_vec()])).await;
    }

    /// Waits until it has read all of these.
    pub(crate) async fn reads_all(&mut self, texts: &BTreeSet<Vec<u8>>) {
        if !texts.is_subset(&self.read) {
            self.until("a text", |member, _| {
                texts.is_subset(&member.read).then_some(())
            })
            .await;
        }
    }

    /// Waits for something that the room tells of a member.
    pub(crate) async fn hears(&mut self, what: &str, is: impl Fn(&Event) -> bool) {
        self.until(what, |_, event| {
            matches!(event, DriverEvent::Room(event) if is(event)).then_some(())
        })
        .await;
    }

    /// Waits until its connection is lost.
    pub(crate) async fn loses_the_carrier(&mut self) {
        self.until("a loss", |_, event| {
            matches!(event, DriverEvent::Reconnecting { .. }).then_some(())
        })
        .await;
    }

    /// Leaves, and waits for the end.
    pub(crate) async fn leaves(&mut self) -> Departure {
        self.handle.leave().await.unwrap();
        self.until("the end", |_, event| {
            let DriverEvent::Room(Event::Ended(departure)) = event else {
                return None;
            };
            Some(*departure)
        })
        .await
    }
}
