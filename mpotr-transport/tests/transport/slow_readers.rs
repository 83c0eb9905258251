//! Clients that take next to nothing while others wait for them: dropped, told why if they can still hear it, and nobody
//! waits for them for long.

use std::time::Duration;

use bytes::Bytes;
use mpotr_transport::frame::{FrameCodec, Join, MAX_PACKET};
use mpotr_transport::{CloseCode, Received, RelayLimits, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use crate::harness::{Raw, Served, UNPACED, bytes, hear, room, wait_until};

/// More than the buffers of two sockets ever hold.
const FAR_TOO_MANY: usize = 200;

/// How long the readers of these tests may keep others waiting.
const SOON: Duration = Duration::from_millis(200);

#[tokio::test]
async fn a_slow_reader_is_dropped_while_the_others_go_on() {
    let relay = Served::with(RelayLimits {
        queue_bytes: 2 << 20,
        stall: SOON,
        ..UNPACED
    })
    .await;
    let (alice, bob) = (relay.join("tea").await, relay.join("tea").await);
    let _slow = relay.join("tea").await;
    let packet = Bytes::from(vec![7; MAX_PACKET]);
    for _ in 0..FAR_TOO_MANY {
        let (sent, received) = tokio::join!(alice.send(packet.clone()), hear(&bob));
        sent.unwrap();
        assert_eq!(received, packet);
    }
    assert_eq!(relay.counts().too_slow, 1);
    for _ in 0..10 {
        alice.send(bytes("go on")).await.unwrap();
        assert_eq!(hear(&bob).await, "go on");
    }
    wait_until(|| relay.counts().left == 1).await;
    assert_eq!(relay.counts().refused, 1);
}

#[tokio::test]
async fn a_slow_reader_that_wakes_in_time_is_told_why_after_whole_packets_alone() {
    let limits = RelayLimits {
        queue_bytes: 2 << 20,
        stall: SOON,
        linger: Duration::from_secs(60),
        ..UNPACED
    };
    let relay = Served::with(limits).await;
    let (alice, slow) = (relay.join("tea").await, relay.join("tea").await);
    let packet = Bytes::from(vec![7; MAX_PACKET]);
    for _ in 0..FAR_TOO_MANY {
        alice.send(packet.clone()).await.unwrap();
    }
    wait_until(|| relay.counts().too_slow == 1).await;
    let end = loop {
        match slow.receive().await {
            Ok(received) => assert!(
                matches!(&received, Received::Packet { packet: heard, .. } if *heard == packet)
            ),
            Err(end) => break end,
        }
    };
    assert_eq!(end.code, CloseCode::TooSlow);
}

#[tokio::test]
async fn too_many_frames_wait_for_a_reader_long_before_too_many_bytes() {
    let limits = RelayLimits {
        queue_frames: 4,
        queue_bytes: usize::MAX,
        stall: SOON,
        ..UNPACED
    };
    let relay = Served::with(limits).await;
    let alice = relay.join("tea").await;
    let _slow = relay.join("tea").await;
    let packet = Bytes::from(vec![7; MAX_PACKET]);
    for _ in 0..FAR_TOO_MANY {
        alice.send(packet.clone()).await.unwrap();
    }
    wait_until(|| relay.counts().too_slow == 1).await;
}

#[tokio::test]
async fn a_client_that_reads_keeps_up_with_one_that_sends_far_more_than_its_queue_holds_at_once() {
    const PACKETS: u32 = 20_000;
    let relay = Served::with(RelayLimits {
        queue_frames: 100,
        ..RelayLimits::default()
    })
    .await;
    let bob = relay.join("tea").await;
    let mut raw = Raw::connect(&relay).await;
    let mut burst = Join { room: room("tea") }.to_frame().to_vec();
    for number in 0..PACKETS {
        burst.extend_from_slice(&FrameCodec::encode(&[&number.to_be_bytes()]));
    }
    tokio::join!(raw.write(&burst), async {
        for number in 0..PACKETS {
            assert_eq!(hear(&bob).await, &number.to_be_bytes()[..]);
        }
    });
    assert_eq!(relay.counts().too_slow, 0);
}

#[tokio::test]
async fn who_reads_steadily_is_not_too_slow_because_the_system_queues_for_it() {
    let relay = Served::with(RelayLimits {
        queue_bytes: 2 << 20,
        stall: Duration::from_secs(3),
        ..UNPACED
    })
    .await;
    // Sixteen times as fast as the slowest that is good enough.
    let mut steady = TcpStream::connect(relay.address).await.unwrap();
    let join = Join { room: room("tea") };
    steady.write_all(&join.to_frame()).await.unwrap();
    let mallory = relay.join("tea").await;
    let flood = tokio::spawn(async move {
        let packet = Bytes::from(vec![7; MAX_PACKET]);
        while mallory.send(packet.clone()).await.is_ok() {}
    });
    let mut taken = vec![0; RelayLimits::DEFAULT.slowest * 16 / 10];
    for _ in 0..80 {
        tokio::time::sleep(Duration::from_millis(100)).await;
        steady.read_exact(&mut taken).await.unwrap();
    }
    assert_eq!(relay.counts().too_slow, 0);
    flood.abort();
}
