//! Connections that only take places: those of one address are few, and those that say nothing go.

use std::time::Duration;

use mpotr_transport::frame::{Join, Refusal, RefusalCode, ServerFrame};
use mpotr_transport::{RelayLimits, Transport};

use crate::harness::{Raw, Served, bytes, room, wait_until};

fn join(room_name: &str) -> Vec<u8> {
    let join = Join {
        room: room(room_name),
    };
    join.to_frame().to_vec()
}

/// Systems but Linux have to be told of a second address of their own.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn idle_connections_of_one_address_do_not_fill_the_relay_for_others() {
    const IDLE: usize = 256;
    let relay = Served::new().await;
    let mut idle = Vec::new();
    for number in 0..IDLE {
        let mut raw = Raw::connect(&relay).await;
        raw.write(&join(&format!("room {number}"))).await;
        idle.push(raw);
    }
    let (mut joined, mut refused) = (0, 0);
    for raw in &mut idle {
        match raw.frame().await {
            Some(ServerFrame::Joined) => joined += 1,
            Some(ServerFrame::Refused(refusal)) => {
                assert_eq!(refusal, Refusal::new(RefusalCode::AddressFull));
                refused += 1;
            }
            other => panic!("{other:?}"),
        }
    }
    let limit = RelayLimits::default().address_clients;
    assert_eq!((joined, refused), (limit, IDLE - limit));
    for _ in 0..2 {
        let mut other = Raw::connect_from(&relay, [127, 0, 0, 2]).await;
        other.write(&join("tea")).await;
        assert_eq!(other.frame().await, Some(ServerFrame::Joined));
    }
    // A place that was given up is free again.
    drop(idle);
    wait_until(|| usize::try_from(relay.counts().left).unwrap() >= limit).await;
    relay.join("tea").await;
}

#[tokio::test]
async fn a_client_that_says_nothing_goes_and_its_room_with_it() {
    let relay = Served::with(RelayLimits {
        idle: Duration::from_millis(100),
        rooms: 1,
        ..RelayLimits::default()
    })
    .await;
    let alice = relay.join("tea").await;
    let error = alice.receive().await.unwrap_err();
    let idle = Refusal::new(RefusalCode::Idle);
    assert_eq!((error.to_string(), error.retry), (idle.to_string(), true));
    wait_until(|| relay.counts().left == 1).await;
    relay.join("coffee").await;
}

#[tokio::test]
async fn a_client_that_never_ends_its_packet_goes_too() {
    let relay = Served::with(RelayLimits {
        idle: Duration::from_millis(100),
        ..RelayLimits::default()
    })
    .await;
    let mut raw = Raw::connect(&relay).await;
    raw.write(&join("tea")).await;
    raw.write(&[0, 0x10, 0, 0, 1, 2, 3]).await;
    assert_eq!(
        raw.last_frame().await,
        Some(ServerFrame::Refused(Refusal::new(RefusalCode::Idle)))
    );
}

#[tokio::test]
async fn who_says_something_now_and_then_stays() {
    const IDLE: Duration = Duration::from_secs(4);
    let relay = Served::with(RelayLimits {
        idle: IDLE,
        ..RelayLimits::default()
    })
    .await;
    let (alice, bob) = (relay.join("tea").await, relay.join("tea").await);
    // Longer than the limit in all.
    for _ in 0..12 {
        alice.send(bytes("alice is here")).await.unwrap();
        bob.send(bytes("bob is here")).await.unwrap();
        bob.receive().await.unwrap();
        alice.receive().await.unwrap();
        tokio::time::sleep(IDLE / 10).await;
    }
    assert_eq!(relay.counts().refused, 0);
}
