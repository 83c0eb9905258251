//! Who gets which packet.

use bytes::Bytes;
use mpotr_transport::Transport;
use mpotr_transport::frame::MAX_PACKET;

use crate::harness::{Served, bytes, hear, hear_from, wait_until};

#[tokio::test]
async fn a_packet_reaches_all_others_of_the_room_and_nobody_else() {
    let relay = Served::new().await;
    let (alice, bob) = (relay.join("tea").await, relay.join("tea").await);
    let (carol, dave) = (relay.join("tea").await, relay.join("coffee").await);
    alice.send(bytes("of alice")).await.unwrap();
    let to_bob = hear_from(&bob).await;
    let to_carol = hear_from(&carol).await;
    assert_eq!(to_bob, to_carol);
    assert_eq!(to_bob.1, "of alice");

    // Alice did not get her own packet and Dave none of another room: the next that each gets is sent only now.
    let erin = relay.join("coffee").await;
    bob.send(bytes("of bob")).await.unwrap();
    erin.send(bytes("of erin")).await.unwrap();
    let to_alice = hear_from(&alice).await;
    assert_eq!(to_alice.1, "of bob");
    assert_ne!(to_alice.0, to_bob.0);
    assert_eq!(hear(&dave).await, "of erin");
}

#[tokio::test]
async fn packets_arrive_whole_and_in_order_up_to_the_longest() {
    let relay = Served::new().await;
    let (alice, bob) = (relay.join("tea").await, relay.join("tea").await);
    for length in [1, 2, 65, 66, 1_500, MAX_PACKET - 1, MAX_PACKET] {
        let packet = Bytes::from(vec![u8::try_from(length % 251).unwrap(); length]);
        let (sent, received) = tokio::join!(alice.send(packet.clone()), hear(&bob));
        sent.unwrap();
        assert_eq!(received, packet);
    }
}

#[tokio::test]
async fn who_joins_later_gets_nothing_of_what_was_sent_before() {
    let relay = Served::new().await;
    let (alice, bob) = (relay.join("tea").await, relay.join("tea").await);
    alice.send(bytes("early")).await.unwrap();
    bob.receive().await.unwrap();
    let carol = relay.join("tea").await;
    alice.send(bytes("late")).await.unwrap();
    assert_eq!(hear(&carol).await, "late");
}

#[tokio::test]
async fn counters_count_every_byte_of_the_connections() {
    let relay = Served::new().await;
    let (alice, bob) = (relay.join("tea").await, relay.join("tea").await);
    alice.send(bytes("0123456789")).await.unwrap();
    bob.receive().await.unwrap();
    // Length and kind, to each; length, kind, sender and packet, to Bob.
    let bytes_out = 2 * (4 + 1) + 4 + 1 + 8 + 10;
    wait_until(|| relay.counts().bytes_out == bytes_out).await;
    let counts = relay.counts();
    // Length, version and name, from each; length and packet, from Alice.
    assert_eq!(counts.bytes_in, 2 * (4 + 1 + 3) + 4 + 10);
    assert_eq!((counts.packets_in, counts.packets_out), (1, 1));
    assert_eq!((counts.joined, counts.left, counts.refused), (2, 0, 0));
}
