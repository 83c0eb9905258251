//! How a relay ends.

use std::time::Duration;

use mpotr_transport::{CloseCode, RelayLimits, RelayTransport, Transport};
use tokio::time::timeout;

use crate::harness::{Served, wait_until};

/// Receives `packets` packets, and then that the relay is shutting down.
async fn receive_until_shutdown(client: RelayTransport, packets: usize) {
    for _ in 0..packets {
        client.receive().await.unwrap();
    }
    let end = timeout(Duration::from_secs(30), client.receive()).await;
    let error = end.expect("the connection goes on").unwrap_err();
    assert_eq!(error.code, CloseCode::ShuttingDown);
    client.close().await.unwrap();
}

#[tokio::test]
async fn shutdown_delivers_what_is_queued_says_so_and_ends() {
    let relay = Served::with(RelayLimits {
        queue_bytes: 64 << 20,
        ..RelayLimits::default()
    })
    .await;
    let (alice, bob) = (relay.join("tea").await, relay.join("tea").await);
    // More than the sockets' buffers hold, so that some of it waits in the relay.
    for _ in 0..15 {
        alice.send(vec![3; 1 << 20].into()).await.unwrap();
    }
    wait_until(|| relay.counts().packets_in == 15).await;
    let (counts, (), ()) = tokio::join!(
        relay.shut_down(),
        receive_until_shutdown(alice, 0),
        receive_until_shutdown(bob, 15)
    );
    assert_eq!((counts.left, counts.refused), (2, 2));
}

#[tokio::test]
async fn shutdown_does_not_wait_for_a_client_that_never_closes() {
    let relay = Served::with(RelayLimits {
        linger: Duration::from_millis(50),
        ..RelayLimits::default()
    })
    .await;
    let _alice = relay.join("tea").await;
    relay.shut_down().await;
}

#[tokio::test]
async fn a_relay_whose_future_is_dropped_ends_its_connections() {
    let relay = Served::new().await;
    let alice = relay.join("tea").await;
    relay.abort();
    receive_until_shutdown(alice, 0).await;
}
