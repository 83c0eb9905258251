//! The relay's client: what it refuses to send, and what it makes of relays that misbehave.

#[cfg(target_os = "linux")]
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use mpotr_core::LinkReport;
use mpotr_transport::frame::{FrameCodec, MAX_PACKET, Refusal, RefusalCode, ServerFrame};
use mpotr_transport::{CloseCode, Closed, RelayTransport, SenderHint, Transport};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::harness::{Served, bytes, connect_to_what_answers, hear, join_what_reads_nothing};

#[tokio::test]
async fn a_packet_that_is_empty_or_too_long_is_not_sent_and_the_connection_lives_on() {
    let relay = Served::new().await;
    let (alice, bob) = (relay.join("tea").await, relay.join("tea").await);
    for length in [0, MAX_PACKET + 1] {
        let error = alice.send(vec![0; length].into()).await.unwrap_err();
        assert_eq!(error.code, CloseCode::Protocol);
        assert!(error.text.contains(&length.to_string()), "{error}");
    }
    alice.send(bytes("still here")).await.unwrap();
    assert_eq!(hear(&bob).await, "still here");
}

fn lost() -> Closed {
    Closed::new(CloseCode::Lost, "the connection is closed")
}

fn silent(code: CloseCode) -> Closed {
    Closed::new(code, "the relay does not answer")
}

/// A client that has sent a packet which its relay has not read yet, and has unread bytes of its own: a careless end
/// would reset the connection, and the packet would be gone.
async fn client_with_unread_bytes() -> (RelayTransport, TcpStream, Bytes) {
    let (client, mut stream) = join_what_reads_nothing().await;
    let packet = ServerFrame::Packet {
        sender: SenderHint::from_u64(1),
        packet: bytes("unread"),
    };
    stream.write_all(&packet.to_frame()).await.unwrap();
    let packet = Bytes::from(vec![7; 50_000]);
    let sent = timeout(Duration::from_secs(10), client.send(packet.clone())).await;
    sent.expect("the system's buffers are too small for this test")
        .unwrap();
    (client, stream, FrameCodec::encode(&[&packet]))
}

async fn read_to_end(mut stream: TcpStream) -> Vec<u8> {
    let mut read = Vec::new();
    stream.read_to_end(&mut read).await.unwrap();
    read
}

#[tokio::test]
async fn what_was_sent_before_close_arrives() {
    let (client, stream, sent) = client_with_unread_bytes().await;
    let (closed, read) = tokio::join!(client.close(), read_to_end(stream));
    closed.unwrap();
    assert!(read == sent);
}

#[tokio::test]
async fn what_was_sent_before_drop_arrives() {
    let (client, stream, sent) = client_with_unread_bytes().await;
    drop(client);
    assert!(read_to_end(stream).await == sent);
}

#[tokio::test]
async fn a_send_that_is_given_up_half_way_ends_the_connection_rather_than_tear_a_frame() {
    let (alice, _stream) = join_what_reads_nothing().await;
    let given_up = timeout(Duration::from_millis(300), async {
        loop {
            alice.send(vec![0; MAX_PACKET].into()).await.unwrap();
        }
    });
    given_up.await.unwrap_err();
    assert_eq!(alice.send(bytes("more")).await, Err(lost()));
}

#[tokio::test]
async fn send_gives_up_on_a_relay_that_reads_nothing() {
    let (alice, _stream) = join_what_reads_nothing().await;
    tokio::time::pause();
    let error = loop {
        if let Err(error) = alice.send(vec![0; MAX_PACKET].into()).await {
            break error;
        }
    };
    assert_eq!(error, silent(CloseCode::Lost));
    assert_eq!(alice.send(bytes("more")).await, Err(lost()));
}

/// What the system cannot send waits in the room, where something newer may replace it, and not in the system.
#[cfg(target_os = "linux")]
#[tokio::test]
async fn the_system_takes_little_of_what_it_cannot_send_and_the_link_says_so() {
    let (alice, mut stream) = join_what_reads_nothing().await;
    assert_eq!(alice.link(), LinkReport::default());
    let packet = Bytes::from(vec![7; 1_000]);
    let taken = AtomicUsize::new(0);
    let sending = async {
        loop {
            alice.send(packet.clone()).await.unwrap();
            taken.fetch_add(packet.len(), Ordering::Relaxed);
        }
    };
    let other_side = async {
        tokio::time::sleep(Duration::from_millis(500)).await;
        // The window of the other side and little more; the buffer for what is to be sent would take megabytes.
        let taken = taken.load(Ordering::Relaxed);
        assert!(taken < 1_000_000, "{taken}");
        assert!(alice.link().queued > 0);
        let mut scrap = vec![0; 100_000];
        while alice.link().rate.is_none() {
            stream.read_exact(&mut scrap).await.unwrap();
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    };
    tokio::select! {
        () = sending => {}
        done = timeout(Duration::from_secs(60), other_side) => done.unwrap(),
    }
    assert!(alice.link().rate.is_some_and(|rate| rate > 0));
}

#[tokio::test]
async fn close_gives_up_on_a_relay_that_never_closes() {
    let (alice, _stream) = join_what_reads_nothing().await;
    assert_eq!(alice.close().await, Err(silent(CloseCode::Lost)));
}

#[tokio::test(start_paused = true)]
async fn connect_gives_up_on_a_relay_that_never_answers() {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = listener.local_addr().unwrap();
    let error = RelayTransport::connect(address, [0; 32]).await.unwrap_err();
    assert_eq!(error, silent(CloseCode::Unreachable));
}

#[tokio::test]
async fn another_protocol_is_a_typed_error() {
    let packet_before_joined = b"\0\0\0\x0a\0\0\0\0\0\0\0\0\x01x";
    let unknown_kind = b"\0\0\0\x01\x09";
    for answer in [
        &b"HTTP/1.1 400 Bad Request\r\n\r\n"[..],
        unknown_kind,
        packet_before_joined,
    ] {
        let error = connect_to_what_answers(answer).await.unwrap_err();
        assert_eq!(
            (error.code, error.retry),
            (CloseCode::Protocol, false),
            "{error}"
        );
    }
}

#[tokio::test]
async fn a_refusal_is_told_in_the_words_of_the_relay() {
    let frame = ServerFrame::Refused(Refusal::new(RefusalCode::Full)).to_frame();
    let error = connect_to_what_answers(&frame).await.unwrap_err();
    assert_eq!(
        error.to_string(),
        "the relay ended the connection: the relay is full"
    );
}

#[tokio::test]
async fn a_second_confirmation_is_out_of_place() {
    let joined = ServerFrame::Joined.to_frame();
    let client = connect_to_what_answers(&[&joined[..], &joined].concat())
        .await
        .unwrap();
    let error = client.receive().await.unwrap_err();
    assert_eq!(error.code, CloseCode::Protocol);
}

#[tokio::test]
async fn a_relay_that_closes_without_a_word_is_a_typed_error() {
    let error = connect_to_what_answers(b"").await.unwrap_err();
    assert_eq!((error.code, error.retry), (CloseCode::Unreachable, true));
}

#[tokio::test]
async fn a_relay_that_is_not_there_is_a_typed_error() {
    let relay = Served::new().await;
    let address = relay.address;
    relay.shut_down().await;
    let error = RelayTransport::connect(address, [0; 32]).await.unwrap_err();
    assert_eq!((error.code, error.retry), (CloseCode::Unreachable, true));
}
