//! The driver on a transport that does as it is told.

use std::time::Duration;

use bytes::Bytes;
use getrandom::SysRng;
use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_core::crypto::IdentityKey;
use mpotr_core::crypto::rand_core::UnwrapErr;
use mpotr_core::wire::PacketKind;
use mpotr_core::{Event, Room, Seen, SendError, Timestamp};
use mpotr_transport::{
    Carrier, CloseCode, Closed, Driver, DriverEvent, HandleError, Received, SenderHint, Transport,
};
use tokio::sync::{Mutex, mpsc, oneshot};
use tokio::time::{Instant, sleep, timeout};

use crate::harness::{TIMERS, bytes, new_room};

fn broken(why: &str) -> Closed {
    Closed::new(CloseCode::Lost, why)
}

/// Packets come from one channel and go to another. Without the other side of either, it is broken.
struct Fake {
    incoming: Mutex<mpsc::Receiver<Bytes>>,
    outgoing: mpsc::Sender<Bytes>,
    closed: oneshot::Sender<()>,
}

/// The other side.
struct Far {
    to_room: mpsc::Sender<Bytes>,
    from_room: mpsc::Receiver<Bytes>,
    closed: oneshot::Receiver<()>,
}

/// A transport that takes `capacity` packets before sending waits.
fn fake(capacity: usize) -> (Fake, Far) {
    let (to_room, incoming) = mpsc::channel(16);
    let (outgoing, from_room) = mpsc::channel(capacity);
    let (closed, was_closed) = oneshot::channel();
    let near = Fake {
        incoming: Mutex::new(incoming),
        outgoing,
        closed,
    };
    (
        near,
        Far {
            to_room,
            from_room,
            closed: was_closed,
        },
    )
}

impl Transport for Fake {
    fn carrier(&self) -> Carrier {
        Carrier::RELAY
    }

    async fn send(&self, packet: Bytes) -> Result<(), Closed> {
        self.outgoing
            .send(packet)
            .await
            .map_err(|_closed| broken("nothing can be sent"))
    }

    async fn receive(&self) -> Result<Received, Closed> {
        let packet = self.incoming.lock().await.recv().await;
        let packet = packet.ok_or(broken("nothing can be received"))?;
        Ok(Received::Packet {
            sender: SenderHint::from_u64(1),
            packet,
        })
    }

    async fn close(self) -> Result<(), Closed> {
        self.closed.send(()).map_err(|()| broken("nobody cares"))
    }
}

/// The offer of another member.
fn offer() -> (IdentityKey, Bytes) {
    let (identity, mut room) = new_room::<Suite>(None);
    let (_, packet) = said_alone(&mut room)
        .find(|(_, packet)| PacketKind::of(packet) == Some(PacketKind::Offer))
        .unwrap();
    (identity, packet.into())
}

/// What a room says to which nobody answers, and when.
fn said_alone(room: &mut Room<Suite>) -> impl Iterator<Item = (Duration, Vec<u8>)> {
    let mut now = Timestamp::default();
    core::iter::from_fn(move || {
        loop {
            if let Some(packet) = room.poll_transmit() {
                return Some((Duration::from_millis(now.as_millis()), packet));
            }
            now = room.poll_timeout()?;
            room.handle_timeout(now, &mut UnwrapErr(SysRng));
        }
    })
}

/// The next thing that is told, but for what the room waits for.
async fn told(events: &mut mpsc::Receiver<DriverEvent<Event>>) -> Option<DriverEvent<Event>> {
    loop {
        let event = events.recv().await;
        if !matches!(
            event,
            Some(DriverEvent::Room(
                Event::Waiting { .. } | Event::WaitingOver { .. }
            ))
        ) {
            return event;
        }
    }
}

/// What the room had to say while the transport took nothing: it leaves at once.
async fn all_that_waited(far: &mut Far) -> Vec<Bytes> {
    let mut waited = Vec::new();
    while let Ok(packet) = timeout(Duration::from_millis(1), far.from_room.recv()).await {
        waited.push(packet.unwrap());
    }
    waited
}

/// Of each kind one packet was under way and one waited, and no more.
fn assert_said_once(packets: &[Bytes]) {
    assert!(!packets.is_empty());
    for kind in packets.iter().map(|packet| PacketKind::of(packet)) {
        let alike = packets.iter().filter(|it| PacketKind::of(it) == kind);
        assert!(alike.count() <= 2, "{kind:?}: {packets:?}");
    }
}

fn disconnected(why: &str) -> Option<DriverEvent<Event>> {
    Some(DriverEvent::Disconnected(broken(why)))
}

#[tokio::test(start_paused = true)]
async fn a_transport_that_takes_its_time_to_send_stops_neither_packets_nor_commands_nor_the_clock()
{
    let (transport, mut far) = fake(1);
    let (_identity, room) = new_room::<Suite>(None);
    let (handle, mut events) = Driver::spawn(room.with_rng(UnwrapErr(SysRng)), transport);
    // The first packet fills the transport, and the others wait for it.
    sleep(TIMERS.advertise.saturating_mul(3)).await;
    let (claimed, packet) = offer();
    far.to_room.send(packet).await.unwrap();
    assert_eq!(
        told(&mut events).await,
        Some(DriverEvent::Room(Event::WantsIn { claimed }))
    );
    // It is heard, and answered: whom this member would write to is not known yet.
    let refused = handle.send("too early", Seen::Expected).await;
    assert_eq!(refused, Err(HandleError::Send(SendError::NotSecure)));
    // The room has gone on all the while, and said nothing again that has not left.
    assert_said_once(&all_that_waited(&mut far).await);
    // It has heard that the link is free, and answers the other's offer with its own.
    let packet = timeout(TIMERS.advertise, far.from_room.recv()).await;
    assert!(packet.unwrap().is_some());
}

#[tokio::test(start_paused = true)]
async fn an_offer_that_the_transport_has_not_taken_is_not_published_again() {
    let (transport, mut far) = fake(1);
    let (_identity, room) = new_room::<Suite>(None);
    let (_handle, _events) = Driver::spawn(room.with_rng(UnwrapErr(SysRng)), transport);
    // Nothing is taken for as long as sixty offers would take.
    sleep(TIMERS.advertise.saturating_mul(60)).await;
    assert_said_once(&all_that_waited(&mut far).await);
}

#[tokio::test(start_paused = true)]
async fn the_clock_of_the_room_runs_from_the_start_of_the_driver() {
    let (transport, mut far) = fake(1);
    let (_identity, room) = new_room::<Suite>(None);
    let (_handle, _events) = Driver::spawn(room.with_rng(UnwrapErr(SysRng)), transport);
    // As it says the same at the same times where no clock but ours runs.
    let start = Instant::now();
    let (_, mut alone) = new_room::<Suite>(None);
    for (expected, packet) in said_alone(&mut alone).take(4) {
        let said = far.from_room.recv().await.unwrap();
        assert_eq!(PacketKind::of(&said), PacketKind::of(&packet));
        assert!(start.elapsed().abs_diff(expected) < Duration::from_millis(10));
    }
}

#[tokio::test]
async fn a_transport_that_breaks_while_receiving_is_reported_after_what_the_room_said_before() {
    let (transport, far) = fake(16);
    let (_identity, room) = new_room::<Suite>(None);
    let (_handle, mut events) = Driver::spawn(room.with_rng(UnwrapErr(SysRng)), transport);
    let (claimed, packet) = offer();
    far.to_room.send(packet).await.unwrap();
    drop(far.to_room);
    assert_eq!(
        told(&mut events).await,
        Some(DriverEvent::Room(Event::WantsIn { claimed }))
    );
    assert_eq!(
        told(&mut events).await,
        disconnected("nothing can be received")
    );
    assert_eq!(told(&mut events).await, None);
}

#[tokio::test]
async fn a_transport_that_breaks_while_sending_is_reported() {
    let (transport, far) = fake(1);
    drop(far.from_room);
    let (_identity, room) = new_room::<Suite>(None);
    let (_handle, mut events) = Driver::spawn(room.with_rng(UnwrapErr(SysRng)), transport);
    assert_eq!(told(&mut events).await, disconnected("nothing can be sent"));
    assert_eq!(told(&mut events).await, None);
}

#[tokio::test]
async fn a_room_that_ends_closes_its_transport_after_its_last_packet() {
    let (transport, mut far) = fake(16);
    let (_identity, room) = new_room::<Suite>(None);
    let (handle, mut events) = Driver::spawn(room.with_rng(UnwrapErr(SysRng)), transport);
    handle.leave().await.unwrap();
    let ended = told(&mut events).await;
    assert!(
        matches!(ended, Some(DriverEvent::Room(Event::Ended(_)))),
        "{ended:?}"
    );
    assert_eq!(far.closed.try_recv(), Ok(()), "told before it was closed");
    assert!(far.from_room.recv().await.is_some(), "the offer was sent");
    assert_eq!(told(&mut events).await, None);
}

#[tokio::test(start_paused = true)]
async fn the_end_is_told_after_the_last_packet_is_out() {
    let (transport, mut far) = fake(1);
    let (_identity, room) = new_room::<Suite>(None);
    let (handle, mut events) = Driver::spawn(room.with_rng(UnwrapErr(SysRng)), transport);
    // The first offer fills the transport, and the second waits for it.
    sleep(TIMERS.advertise.saturating_mul(2)).await;
    handle.leave().await.unwrap();
    let early = timeout(Duration::from_secs(1), told(&mut events)).await;
    assert!(early.is_err(), "{early:?}");
    while far.from_room.recv().await.is_some() {}
    assert!(matches!(
        told(&mut events).await,
        Some(DriverEvent::Room(Event::Ended(_)))
    ));
}

#[tokio::test]
async fn a_transport_that_cannot_close_in_order_is_reported() {
    let (transport, far) = fake(16);
    drop(far.closed);
    let (_identity, room) = new_room::<Suite>(None);
    let (handle, mut events) = Driver::spawn(room.with_rng(UnwrapErr(SysRng)), transport);
    handle.leave().await.unwrap();
    assert!(matches!(
        told(&mut events).await,
        Some(DriverEvent::Room(Event::Ended(_)))
    ));
    assert_eq!(told(&mut events).await, disconnected("nobody cares"));
    drop((far.to_room, far.from_room));
}

/// The roster that an event tells of.
fn seen(event: Option<DriverEvent<Event>>) -> Option<Seen> {
    let DriverEvent::Room(Event::Secure { sid, .. }) = event.unwrap() else {
        return None;
    };
    Some(Seen::Epoch(sid))
}

#[tokio::test(start_paused = true)]
async fn an_application_that_does_not_read_stops_the_packets_and_nothing_else() {
    let ((to_bob, mut of_alice), (to_alice, mut of_bob)) = (fake(16), fake(16));
    let (_identity, room) = new_room::<Suite>(Some(2));
    let (alice, mut alices_events) = Driver::spawn(room.with_rng(UnwrapErr(SysRng)), to_bob);
    let (_identity, room) = new_room::<Suite>(Some(2));
    let (bob, mut bobs_events) = Driver::spawn(room.with_rng(UnwrapErr(SysRng)), to_alice);
    let mut secure = [None; 2];
    while secure.contains(&None) {
        tokio::select! {
            packet = of_alice.from_room.recv() => of_bob.to_room.send(packet.unwrap()).await.unwrap(),
            packet = of_bob.from_room.recv() => of_alice.to_room.send(packet.unwrap()).await.unwrap(),
            event = alices_events.recv() => secure[0] = secure[0].or(seen(event)),
            event = bobs_events.recv() => secure[1] = secure[1].or(seen(event)),
        }
    }

    let [alices, bobs] = secure.map(Option::unwrap);
    // Alice writes and Bob's application looks away: at some time his driver takes no more.
    let mut is_stopped = false;
    for _ in 0..2_000 {
        alice.send("text", alices).await.unwrap();
        let packet = timeout(Duration::from_secs(5), of_alice.from_room.recv()).await;
        let taken = of_bob
            .to_room
            .send(packet.expect("Alice is silent").unwrap());
        is_stopped = timeout(Duration::from_secs(1), taken).await.is_err();
        if is_stopped {
            break;
        }
    }
    assert!(is_stopped, "events pile up without end");
    bob.send("still here", bobs).await.unwrap();
    for _ in 0..256 {
        assert!(matches!(
            bobs_events.recv().await,
            Some(DriverEvent::Room(_))
        ));
    }
    let goes_on = of_bob.to_room.send(bytes("anything"));
    timeout(Duration::from_secs(60), goes_on)
        .await
        .unwrap()
        .unwrap();
}
