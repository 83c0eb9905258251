//! Clients that send more than the others can read: slowed down, then cut, and nobody who reads them loses anything.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use mpotr_transport::frame::{MAX_PACKET, Refusal, RefusalCode};
use mpotr_transport::{Closed, RelayLimits, RelayTransport, Transport};

use crate::harness::{Served, UNPACED, bytes, hear, wait_until};

/// Sends the longest packets as fast as the relay takes them, until it takes no more.
async fn flood(flooder: &RelayTransport) {
    let packet = Bytes::from(vec![7; MAX_PACKET]);
    while flooder.send(packet.clone()).await.is_ok() {}
}

/// What the relay says in the end.
async fn last_words(client: &RelayTransport) -> Closed {
    loop {
        match client.receive().await {
            Ok(_packet) => {}
            Err(closed) => return closed,
        }
    }
}

#[tokio::test]
async fn the_reader_of_a_flood_stays_and_gets_the_texts_of_others() {
    let relay = Served::new().await;
    let (alice, bob) = (Arc::new(relay.join("tea").await), relay.join("tea").await);
    let mallory = relay.join("tea").await;
    let flooding = tokio::spawn(async move { flood(&mallory).await });
    let reading = tokio::spawn({
        let alice = Arc::clone(&alice);
        async move { while alice.receive().await.is_ok() {} }
    });
    // Bob takes some 50 MiB a second, far less than a socket of this machine brings.
    let (mut texts, mut flooded) = (0, 0);
    while texts < 3 {
        let packet = hear(&bob).await;
        if packet == "text" {
            texts += 1;
            continue;
        }
        flooded += 1;
        if flooded % 8 == 4 {
            alice.send(bytes("text")).await.unwrap();
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let counts = relay.counts();
    assert_eq!((counts.too_slow, counts.left), (0, 0));
    flooding.abort();
    reading.abort();
}

#[tokio::test]
async fn a_flooder_is_slowed_to_its_rate_and_then_cut_while_its_reader_stays() {
    let start = Instant::now();
    let relay = Served::with(RelayLimits {
        burst: 2 << 20,
        rate: 2 << 20,
        flood: Duration::from_secs(1),
        linger: Duration::from_secs(60),
        ..RelayLimits::default()
    })
    .await;
    let (bob, mallory) = (relay.join("tea").await, relay.join("tea").await);
    let refusal = tokio::select! {
        refusal = last_words(&mallory) => refusal,
        () = flood(&mallory) => panic!("mallory is out without a word"),
        () = async { while bob.receive().await.is_ok() {} } => panic!("bob is out"),
    };
    let flooding = Refusal::new(RefusalCode::Flooding);
    assert_eq!(
        (refusal.to_string(), refusal.retry),
        (flooding.to_string(), true)
    );
    let counts = relay.counts();
    // The burst, what the rate gave since, and the packet on credit, however slow the machine is.
    let seconds = start.elapsed().as_secs();
    let most = seconds.saturating_mul(2).saturating_add(2 + 2 + 1);
    assert!(counts.packets_in <= most, "{counts:?}");
    assert_eq!((counts.flooding, counts.too_slow), (1, 0));
    let carol = relay.join("tea").await;
    carol.send(bytes("still here")).await.unwrap();
    while hear(&bob).await != "still here" {}
}

#[tokio::test]
async fn who_is_cut_and_comes_back_finds_the_pace_of_its_address() {
    const TIMES: u64 = 8;
    let relay = Served::with(RelayLimits {
        burst: 2 << 20,
        rate: 1 << 10,
        flood: Duration::ZERO,
        linger: Duration::from_millis(50),
        ..RelayLimits::default()
    })
    .await;
    let bob = relay.join("tea").await;
    let reading = tokio::spawn(async move { while bob.receive().await.is_ok() {} });
    for _ in 0..TIMES {
        let mallory = relay.join("tea").await;
        // Cut for what it sent itself, or held for what its address did.
        let _cut_or_held = tokio::time::timeout(Duration::from_secs(1), flood(&mallory)).await;
    }
    // By itself each connection passes a burst and a packet on credit, three in all. Together they have four bursts, and a
    // packet on credit each.
    let passed = relay.counts().packets_in;
    assert!((1..=8 + TIMES).contains(&passed), "{passed}");
    reading.abort();
}

#[tokio::test]
async fn who_sends_little_does_not_wait_for_what_its_neighbours_owe() {
    const NEIGHBOURS: u64 = 12;
    let relay = Served::with(RelayLimits {
        burst: 2 << 20,
        rate: 8 << 10,
        ..RelayLimits::default()
    })
    .await;
    let (alice, bob) = (relay.join("tea").await, relay.join("tea").await);
    // Each of them stays within its own burst. Together they owe four megabytes, which take the address two minutes.
    let mut neighbours = Vec::new();
    for number in 0..NEIGHBOURS {
        let neighbour = relay.join(&format!("room {number}")).await;
        let packet = Bytes::from(vec![7; MAX_PACKET]);
        neighbour.send(packet).await.unwrap();
        neighbours.push(neighbour);
    }
    wait_until(|| relay.counts().packets_in == NEIGHBOURS).await;
    for text in ["one", "two", "three"] {
        alice.send(bytes(text)).await.unwrap();
        let received = tokio::time::timeout(Duration::from_secs(30), hear(&bob)).await;
        assert_eq!(received.expect("alice is held"), text);
    }
}

#[tokio::test]
async fn a_burst_of_five_thousand_lines_passes_whole_by_default() {
    const LINES: u32 = 5_000;
    let relay = Served::new().await;
    let alice = relay.join("tea").await;
    let readers = [
        relay.join("tea").await,
        relay.join("tea").await,
        relay.join("tea").await,
    ];
    let line = |number: u32| {
        // As long as a short text is when it is sealed and padded.
        let mut line = vec![0; 600];
        line[..4].copy_from_slice(&number.to_be_bytes());
        Bytes::from(line)
    };
    let read = readers.each_ref().map(|reader| async move {
        for number in 0..LINES {
            assert_eq!(hear(reader).await, line(number));
        }
    });
    tokio::join!(
        async {
            for number in 0..LINES {
                alice.send(line(number)).await.unwrap();
            }
        },
        futures::future::join_all(read)
    );
    assert_eq!(relay.counts().refused, 0);
}

#[tokio::test]
async fn a_sender_waits_for_a_reader_and_the_reader_gets_everything() {
    const PACKETS: u8 = 40;
    let relay = Served::with(RelayLimits {
        queue_bytes: 2 << 20,
        stall: Duration::from_secs(3_600),
        ..UNPACED
    })
    .await;
    let (alice, bob) = (relay.join("tea").await, relay.join("tea").await);
    let packet = |number: u8| Bytes::from(vec![number; MAX_PACKET]);
    let sending = async {
        for number in 0..PACKETS {
            alice.send(packet(number)).await.unwrap();
        }
    };
    let reading = async {
        // Bob reads nothing until Alice is stopped: the relay holds a frame or two, the sockets some more.
        let mut before = 0;
        loop {
            tokio::time::sleep(Duration::from_millis(100)).await;
            let now = relay.counts().bytes_in;
            if now == before {
                break;
            }
            before = now;
        }
        assert!(relay.counts().packets_in < u64::from(PACKETS));
        for number in 0..PACKETS {
            assert_eq!(hear(&bob).await, packet(number));
        }
    };
    tokio::join!(sending, reading);
    wait_until(|| relay.counts().packets_in == u64::from(PACKETS)).await;
    assert_eq!(relay.counts().refused, 0);
}

#[tokio::test]
async fn rooms_that_fill_the_memory_leave_some_for_others() {
    let relay = Served::with(RelayLimits {
        memory: 8 << 20,
        queue_bytes: 64 << 20,
        stall: Duration::from_secs(3_600),
        ..UNPACED
    })
    .await;
    // Nobody reads what is sent in three of the rooms.
    let mut stuck = Vec::new();
    for name in ["one", "two", "three"] {
        let (reader, sender) = (relay.join(name).await, relay.join(name).await);
        let flooding = tokio::spawn(async move { flood(&sender).await });
        stuck.push((reader, flooding));
    }
    let mut before = 0;
    loop {
        tokio::time::sleep(Duration::from_millis(100)).await;
        let now = relay.counts().bytes_in;
        if now == before {
            break;
        }
        before = now;
    }
    let (alice, bob) = (relay.join("tea").await, relay.join("tea").await);
    for _ in 0..10 {
        let packet = Bytes::from(vec![1; 100_000]);
        alice.send(packet.clone()).await.unwrap();
        assert_eq!(hear(&bob).await, packet);
    }
    for (_reader, flooding) in stuck {
        flooding.abort();
    }
}
