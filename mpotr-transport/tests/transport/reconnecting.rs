//! A driver whose transport is lost, on virtual time.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use getrandom::SysRng;
use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as S;
use mpotr_core::crypto::rand_core::UnwrapErr;
use mpotr_core::crypto::{IdentityKey, IdentityKeyPair};
use mpotr_core::{Admission, DropReason, Event, Room, RoomConfig, Seen, TextId, Timestamp};
use mpotr_transport::{
    Carrier, CloseCode, Closed, Connect, Driver, DriverEvent, Received, Retry, RoomHandle,
    SenderHint, Transport,
};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep, timeout};

use crate::harness::{Own, channel};

/// Of virtual time.
const PATIENCE: Duration = Duration::from_secs(3_600);

pub(crate) const RETRY: Retry = Retry {
    first: Duration::from_secs(1),
    most: Duration::from_secs(8),
    give_up: None,
};

/// Within what time a member is in again that the others have gone on without; without a word from the driver it takes
/// more than three.
const MINUTES: Duration = Duration::from_secs(120);

/// For so long one that is leaving waits for another transport.
const MINUTE: Duration = Duration::from_secs(60);

/// Texts of a member that are on their way at most.
const MOST_ON_THE_WAY: usize = 128;

/// How long the one that gives up tries.
const LIMIT: Duration = Duration::from_secs(600);

/// The way of one member to the hub.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Way {
    Open,
    Closed,
    /// The other end does not speak the protocol.
    Wrong,
    /// It opens, and closes after so long for this reason.
    Breaks(Duration, CloseCode),
}

fn closed() -> Closed {
    Closed::new(CloseCode::Lost, "the way is closed")
}

/// The channel of all members: each packet goes to all others.
#[derive(Clone, Debug, Default)]
pub(crate) struct Hub(Arc<Mutex<BTreeMap<u64, mpsc::UnboundedSender<Received>>>>);

#[derive(Debug)]
pub(crate) struct ToHub {
    pub(crate) hub: Hub,
    pub(crate) way: watch::Receiver<Way>,
}

#[derive(Debug)]
pub(crate) struct Wire {
    hub: Hub,
    number: u64,
    way: watch::Receiver<Way>,
    inbox: tokio::sync::Mutex<mpsc::UnboundedReceiver<Received>>,
}

impl ToHub {
    pub(crate) fn open(&self) -> Result<Wire, Closed> {
        match *self.way.borrow() {
            Way::Open | Way::Breaks(..) => {}
            Way::Closed => return Err(closed()),
            Way::Wrong => return Err(Closed::new(CloseCode::Protocol, "the way is wrong")),
        }
        let (sender, inbox) = mpsc::unbounded_channel();
        let mut inboxes = self.hub.0.lock().unwrap();
        let number = inboxes
            .keys()
            .max()
            .map_or(0, |last| last.saturating_add(1));
        inboxes.insert(number, sender);
        Ok(Wire {
            hub: self.hub.clone(),
            number,
            way: self.way.clone(),
            inbox: inbox.into(),
        })
    }
}

impl Connect for ToHub {
    type Transport = Wire;

    async fn connect(&self) -> Result<Wire, Closed> {
        self.open()
    }
}

impl Transport for Wire {
    fn carrier(&self) -> Carrier {
        Carrier::RELAY
    }

    async fn send(&self, packet: Bytes) -> Result<(), Closed> {
        if matches!(*self.way.borrow(), Way::Closed | Way::Wrong) {
            return Err(closed());
        }
        let inboxes = self.hub.0.lock().unwrap();
        let others = inboxes.iter().filter(|(other, _)| **other != self.number);
        for (_, inbox) in others {
            let sender = SenderHint::from_u64(self.number);
            let packet = packet.clone();
            let _gone = inbox.send(Received::Packet { sender, packet });
        }
        Ok(())
    }

    async fn receive(&self) -> Result<Received, Closed> {
        let mut way = self.way.clone();
        let mut inbox = self.inbox.lock().await;
        let breaks = async {
            match way.wait_for(|way| *way != Way::Open).await.map(|way| *way) {
                Ok(Way::Breaks(after, code)) => {
                    sleep(after).await;
                    Closed::new(code, "the way breaks").retrying(true)
                }
                Ok(_) | Err(_) => closed(),
            }
        };
        tokio::select! {
            biased;
            broken = breaks => Err(broken),
            received = inbox.recv() => received.ok_or_else(closed),
        }
    }

    async fn close(self) -> Result<(), Closed> {
        Ok(())
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.hub.0.lock().unwrap().remove(&self.number);
    }
}

struct Member {
    identity: IdentityKey,
    handle: RoomHandle<Own<S>>,
    events: mpsc::Receiver<DriverEvent<Event>>,
    /// The roster that it was told of last.
    seen: Seen,
    way: watch::Sender<Way>,
}

impl Member {
    fn enter(hub: &Hub, members: usize) -> Self {
        Self::enter_and_try(hub, members, RETRY)
    }

    fn enter_and_try(hub: &Hub, members: usize, retry: Retry) -> Self {
        let mut rng = UnwrapErr(SysRng);
        let identity = IdentityKeyPair::random::<S>(&mut rng);
        let config = RoomConfig {
            members: Some(members),
            ..RoomConfig::new(channel::<S>(), Admission::Open)
        };
        let key = identity.public();
        let room = Room::<S>::new(config, identity, Timestamp::default(), &mut rng).unwrap();
        let (way, watched) = watch::channel(Way::Open);
        let connect = ToHub {
            hub: hub.clone(),
            way: watched,
        };
        let wire = connect.open().unwrap();
        let (handle, events) = Driver::spawn_reconnecting(room.with_rng(rng), wire, connect, retry);
        Self {
            identity: key,
            handle,
            events,
            seen: Seen::Expected,
            way,
        }
    }

    /// Says something to those whom it has seen.
    async fn says(&self, text: impl Into<Vec<u8>> + Send) -> TextId {
        self.handle.send(text, self.seen).await.unwrap()
    }

    /// Reads on until something is told.
    async fn hears<T>(&mut self, mut is: impl FnMut(&DriverEvent<Event>) -> Option<T>) -> T {
        let mut told = Vec::new();
        let heard = timeout(PATIENCE, async {
            loop {
                let event = self.events.recv().await.expect("the room is over");
                if let DriverEvent::Room(Event::Secure { sid, .. }) = &event {
                    self.seen = Seen::Epoch(*sid);
                }
                if matches!(
                    event,
                    DriverEvent::Room(Event::Waiting { .. } | Event::WaitingOver { .. })
                ) {
                    continue;
                }
                if let Some(found) = is(&event) {
                    return found;
                }
                told.push(event);
            }
        });
        match heard.await {
            Ok(found) => found,
            Err(_elapsed) => panic!("never told; but {told:?}"),
        }
    }

    async fn is_secure_with(&mut self, members: usize) {
        self.hears(|event| {
            let DriverEvent::Room(Event::Secure { roster, .. }) = event else {
                return None;
            };
            (roster.len() == members).then_some(())
        })
        .await;
    }

    async fn reads(&mut self, text: &str) {
        self.hears(|event| {
            let DriverEvent::Room(Event::Message { body, .. }) = event else {
                return None;
            };
            (body == text.as_bytes()).then_some(())
        })
        .await;
    }
}

/// Reads what a member is told, so that its driver goes on.
fn listen(mut events: mpsc::Receiver<DriverEvent<Event>>) {
    tokio::spawn(async move { while events.recv().await.is_some() {} });
}

fn attempt(event: &DriverEvent<Event>) -> Option<(u32, Duration, String)> {
    let DriverEvent::Reconnecting {
        attempt,
        wait,
        closed,
    } = event
    else {
        return None;
    };
    Some((*attempt, *wait, closed.to_string()))
}

fn disconnected(event: &DriverEvent<Event>) -> Option<String> {
    let DriverEvent::Disconnected(closed) = event else {
        return None;
    };
    Some(closed.to_string())
}

fn reconnected(event: &DriverEvent<Event>) -> Option<()> {
    matches!(event, DriverEvent::Reconnected).then_some(())
}

#[tokio::test(start_paused = true)]
async fn each_attempt_is_told_and_waits_longer_until_it_is_time_to_give_up() {
    let retry = Retry {
        give_up: Some(LIMIT),
        ..RETRY
    };
    let mut alice = Member::enter_and_try(&Hub::default(), 2, retry);
    alice.way.send_replace(Way::Closed);
    let lost = Instant::now();
    let mut least = RETRY.first;
    for number in 1.. {
        let event = alice.hears(|event| Some(event.clone())).await;
        if let Some(reason) = disconnected(&event) {
            assert_eq!(reason, "the way is closed");
            break;
        }
        let (told, wait, reason) = attempt(&event).unwrap();
        assert_eq!((told, reason.as_str()), (number, "the way is closed"));
        assert!(wait >= least && wait <= 2 * least, "{wait:?}, {least:?}");
        least = (2 * least).min(RETRY.most);
    }
    assert!(lost.elapsed() >= LIMIT && lost.elapsed() <= LIMIT + 2 * RETRY.most);
}

/// The waits before the attempts, while the way breaks so soon each time after it has opened.
async fn waits_while_it_breaks(after: Duration, code: CloseCode, attempts: usize) -> Vec<Duration> {
    let mut alice = Member::enter(&Hub::default(), 2);
    alice.way.send_replace(Way::Breaks(after, code));
    let mut waits = Vec::new();
    for _ in 0..attempts {
        waits.push(alice.hears(attempt).await.1);
    }
    waits
}

#[tokio::test(start_paused = true)]
async fn where_each_connection_breaks_at_once_the_waits_grow_as_if_there_were_none() {
    let waits = waits_while_it_breaks(Duration::from_millis(50), CloseCode::Lost, 6).await;
    let mut least = RETRY.first;
    for wait in &waits {
        assert!(*wait >= least && *wait <= 2 * least, "{waits:?}");
        least = (2 * least).min(RETRY.most);
    }
}

#[tokio::test(start_paused = true)]
async fn a_connection_that_has_lasted_makes_the_next_wait_short_again() {
    let waits = waits_while_it_breaks(2 * RETRY.most, CloseCode::Lost, 6).await;
    assert!(
        waits.iter().all(|wait| *wait <= 2 * RETRY.first),
        "{waits:?}"
    );
}

#[tokio::test(start_paused = true)]
async fn who_was_cut_off_for_what_it_did_waits_long_before_it_does_it_again() {
    for code in [CloseCode::TooSlow, CloseCode::Refused] {
        let waits = waits_while_it_breaks(2 * RETRY.most, code, 3).await;
        assert!(waits.iter().all(|wait| *wait >= RETRY.most), "{waits:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn where_each_connection_breaks_at_once_it_is_given_up_in_time() {
    let retry = Retry {
        give_up: Some(LIMIT),
        ..RETRY
    };
    let mut alice = Member::enter_and_try(&Hub::default(), 2, retry);
    let begun = Instant::now();
    let way = Way::Breaks(Duration::from_millis(50), CloseCode::Lost);
    alice.way.send_replace(way);
    alice.hears(disconnected).await;
    assert!(begun.elapsed() <= LIMIT + 3 * RETRY.most);
}

#[tokio::test(start_paused = true)]
async fn what_no_attempt_mends_ends_at_once() {
    let mut alice = Member::enter(&Hub::default(), 2);
    alice.way.send_replace(Way::Wrong);
    // The loss itself may pass; what answers then does not.
    assert_eq!(alice.hears(attempt).await.0, 1);
    let event = alice.hears(|event| Some(event.clone())).await;
    assert_eq!(disconnected(&event).as_deref(), Some("the way is wrong"));
}

#[tokio::test(start_paused = true)]
async fn who_stops_or_has_nobody_to_leave_does_not_wait_for_the_transport() {
    for stops in [false, true] {
        let mut alice = Member::enter(&Hub::default(), 2);
        alice.way.send_replace(Way::Closed);
        alice.hears(attempt).await;
        let asked = Instant::now();
        match stops {
            true => alice.handle.stop().await.unwrap(),
            false => alice.handle.leave().await.unwrap(),
        }
        alice.hears(disconnected).await;
        assert_eq!(asked.elapsed(), Duration::ZERO);
    }
}

/// Two members whose room is secure.
async fn two_in(hub: &Hub) -> [Member; 2] {
    let mut both = [(); 2].map(|()| Member::enter(hub, 2));
    for member in &mut both {
        member.is_secure_with(2).await;
    }
    both
}

/// What was said before it leaves still arrives, and the others hear that it has left.
#[tokio::test(start_paused = true)]
async fn who_is_leaving_when_the_transport_is_lost_leaves_over_the_next() {
    let hub = Hub::default();
    let [mut alice, mut bob] = two_in(&hub).await;
    // Nothing arrives from here on, and nobody knows.
    bob.way.send_replace(Way::Closed);
    bob.hears(attempt).await;
    let text = alice.says("goodbye").await;
    alice.handle.leave().await.unwrap();
    sleep(Duration::from_secs(1)).await;
    alice.way.send_replace(Way::Closed);
    alice.hears(attempt).await;
    sleep(Duration::from_secs(20)).await;
    // Who leaves does not wait for long for one that is still away.
    for member in [&mut bob, &mut alice] {
        member.way.send_replace(Way::Open);
        member.hears(reconnected).await;
    }
    bob.reads("goodbye").await;
    let mut acknowledged = Vec::new();
    let ended = alice.hears(|event| {
        if let DriverEvent::Room(Event::Acknowledged { text_id }) = event {
            acknowledged.push(*text_id);
        }
        let DriverEvent::Room(Event::Ended(departure)) = event else {
            return None;
        };
        Some(departure.acknowledged)
    });
    assert!(ended.await);
    assert_eq!(acknowledged, [text]);
}

#[tokio::test(start_paused = true)]
async fn who_is_leaving_waits_for_a_transport_for_a_minute_and_not_if_it_is_to_stop() {
    for (is_lost_first, stops) in [(false, false), (true, false), (false, true)] {
        let hub = Hub::default();
        let [mut alice, mut bob] = two_in(&hub).await;
        bob.way.send_replace(Way::Closed);
        bob.hears(attempt).await;
        alice.says("goodbye").await;
        if is_lost_first {
            alice.way.send_replace(Way::Closed);
            alice.hears(attempt).await;
        }
        alice.handle.leave().await.unwrap();
        sleep(Duration::from_secs(1)).await;
        if !is_lost_first {
            alice.way.send_replace(Way::Closed);
            alice.hears(attempt).await;
        }
        let begun = Instant::now();
        if stops {
            alice.handle.stop().await.unwrap();
        }
        assert_eq!(alice.hears(disconnected).await, "the way is closed");
        let expected = match (stops, is_lost_first) {
            (true, _) => Duration::ZERO,
            (false, true) => MINUTE - Duration::from_secs(1),
            (false, false) => MINUTE,
        };
        // The clock of the tests goes by milliseconds.
        let lasted = begun.elapsed();
        assert!(
            lasted.abs_diff(expected) <= Duration::from_millis(10),
            "{lasted:?}, {expected:?}"
        );
    }
}

/// Of what is given to the driver while the transport is lost, as much as the others may owe an answer to counts as on its way
/// to them, and the rest as never sent.
#[tokio::test(start_paused = true)]
async fn the_fate_of_each_text_is_told_before_the_loss_that_decides_it() {
    const TEXTS: usize = 200;
    let hub = Hub::default();
    let [mut alice, bob] = two_in(&hub).await;
    alice.way.send_replace(Way::Closed);
    alice.hears(attempt).await;
    let mut texts = Vec::new();
    for number in 0..TEXTS {
        texts.push(alice.says(number.to_string()).await);
    }
    alice.handle.leave().await.unwrap();
    let (mut missed, mut dropped) = (Vec::new(), Vec::new());
    let gather = alice.hears(|event| {
        if let DriverEvent::Room(Event::Missed { text_id, by }) = event {
            assert_eq!(*by, [bob.identity]);
            missed.push(*text_id);
        }
        if let DriverEvent::Room(Event::Dropped { text_id, why }) = event {
            assert_eq!(*why, DropReason::Left);
            dropped.push(*text_id);
        }
        disconnected(event)
    });
    assert_eq!(gather.await, "the way is closed");
    assert_eq!(alice.events.recv().await, None);
    assert!(missed.len() == MOST_ON_THE_WAY && dropped.len() == TEXTS - MOST_ON_THE_WAY);
    assert_eq!([missed, dropped].concat(), texts);
}

/// What a member reads next; until then nothing of what is not expected is told.
async fn reads_on(member: &mut Member, unexpected: fn(&Event) -> bool) -> Vec<u8> {
    member
        .hears(|event| {
            let DriverEvent::Room(event) = event else {
                return None;
            };
            assert!(!unexpected(event), "{event:?}");
            let Event::Message { body, .. } = event else {
                return None;
            };
            Some(body.clone())
        })
        .await
}

/// Three members lose their transport for so long, and one of them writes meanwhile. The others read it, and are told nothing
/// that is not expected.
async fn all_go_on_after(away: Duration, unexpected: fn(&Event) -> bool) {
    let hub = Hub::default();
    let mut members = [0; 3].map(|_| Member::enter(&hub, 3));
    for member in &mut members {
        member.is_secure_with(3).await;
    }
    for member in &members {
        member.way.send_replace(Way::Closed);
    }
    for member in &mut members {
        member.hears(attempt).await;
    }
    let [mut alice, bob, carol] = members;
    alice.says("meanwhile").await;
    assert_eq!(reads_on(&mut alice, unexpected).await, b"meanwhile");
    sleep(away).await;
    for member in [&alice, &bob, &carol] {
        member.way.send_replace(Way::Open);
    }
    listen(alice.events);
    for mut member in [bob, carol] {
        member.hears(reconnected).await;
        assert_eq!(reads_on(&mut member, unexpected).await, b"meanwhile");
    }
}

#[tokio::test(start_paused = true)]
async fn all_go_on_in_the_same_epoch_when_the_transport_was_away_for_a_while() {
    // With the longest wait for an attempt, that is less than what the driver asks for fresh keys after.
    all_go_on_after(Duration::from_secs(25), |event| {
        matches!(
            event,
            Event::Secure { .. } | Event::Agreeing { .. } | Event::LeftOut { .. } | Event::Behind
        )
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn nobody_is_left_out_and_nothing_is_lost_when_the_transport_was_away_for_minutes() {
    all_go_on_after(Duration::from_secs(240), |event| {
        matches!(event, Event::LeftOut { .. } | Event::Behind)
    })
    .await;
}

#[tokio::test(start_paused = true)]
async fn who_comes_back_late_is_let_in_again_by_those_who_went_on() {
    for away in [200, 1_200] {
        let hub = Hub::default();
        let [mut alice, mut bob, carol] = [0; 3].map(|_| Member::enter(&hub, 3));
        alice.is_secure_with(3).await;
        bob.is_secure_with(3).await;
        listen(carol.events);
        bob.way.send_replace(Way::Closed);
        bob.hears(attempt).await;
        alice.says("where is bob?").await;
        let gone = Instant::now();
        let left_out = |event: &DriverEvent<Event>| {
            let DriverEvent::Room(Event::LeftOut { member }) = event else {
                return None;
            };
            Some(*member)
        };
        assert_eq!(alice.hears(left_out).await, bob.identity);
        tokio::time::sleep_until(gone + Duration::from_secs(away)).await;
        bob.way.send_replace(Way::Open);
        bob.hears(reconnected).await;
        let back = Instant::now();
        bob.is_secure_with(3).await;
        alice.is_secure_with(3).await;
        assert!(
            back.elapsed() < MINUTES,
            "{away}: back after {:?}",
            back.elapsed()
        );
        bob.says("here").await;
        alice.reads("here").await;
    }
}
