//! Clients that break the protocol or a limit: told why, closed, and nobody else is disturbed.

use std::time::Duration;

use mpotr_transport::frame::{FrameCodec, Refusal, RefusalCode, ServerFrame};
use mpotr_transport::{CloseCode, RelayLimits, Transport};

use crate::harness::{Raw, Served, bytes, hear, wait_until};

/// Sends `sent` on a fresh connection and expects to be refused, and that the room next to it goes on.
async fn is_refused(limits: RelayLimits, sent: &[u8], code: RefusalCode) {
    let relay = Served::with(limits).await;
    let (alice, bob) = (relay.join("tea").await, relay.join("tea").await);
    let mut raw = Raw::connect(&relay).await;
    raw.write(sent).await;
    assert_eq!(
        raw.last_frame().await,
        Some(ServerFrame::Refused(Refusal::new(code)))
    );
    alice.send(bytes("undisturbed")).await.unwrap();
    assert_eq!(hear(&bob).await, "undisturbed");
    assert_eq!(relay.counts().refused, 1);
}

async fn is_refused_by_default(sent: &[u8], code: RefusalCode) {
    is_refused(RelayLimits::default(), sent, code).await;
}

#[tokio::test]
async fn an_empty_room_name() {
    is_refused_by_default(&[0, 0, 0, 1, 1], RefusalCode::Malformed).await;
}

#[tokio::test]
async fn an_empty_first_frame() {
    is_refused_by_default(&[0; 4], RefusalCode::Malformed).await;
}

#[tokio::test]
async fn another_version() {
    is_refused_by_default(&FrameCodec::encode(&[b"\x02tea"]), RefusalCode::Version).await;
}

#[tokio::test]
async fn a_room_name_that_is_too_long() {
    is_refused_by_default(&FrameCodec::encode(&[&[1; 66]]), RefusalCode::TooLong).await;
}

#[tokio::test]
async fn another_protocol() {
    is_refused_by_default(b"SSH-2.0-client\r\n", RefusalCode::TooLong).await;
}

#[tokio::test]
async fn an_oversize_packet_on_its_length_alone() {
    let sent = [&FrameCodec::encode(&[b"\x01other"])[..], &[0, 0x10, 0, 1]].concat();
    is_refused_by_default(&sent, RefusalCode::TooLong).await;
}

#[tokio::test]
async fn an_empty_packet() {
    let sent = [&FrameCodec::encode(&[b"\x01other"])[..], &[0; 4]].concat();
    is_refused_by_default(&sent, RefusalCode::Malformed).await;
}

#[tokio::test]
async fn garbage_far_beyond_what_sockets_buffer() {
    let limits = RelayLimits {
        linger: Duration::from_secs(60),
        ..RelayLimits::default()
    };
    is_refused(limits, &vec![0xff; 30_000_000], RefusalCode::TooLong).await;
}

#[tokio::test]
async fn silence_instead_of_a_first_frame() {
    let limits = RelayLimits {
        join: Duration::from_millis(100),
        ..RelayLimits::default()
    };
    is_refused(limits, &[], RefusalCode::Silent).await;
    let half_a_frame = [0, 0, 0, 5, 1, b't'];
    is_refused(limits, &half_a_frame, RefusalCode::Silent).await;
}

#[tokio::test]
async fn a_connection_that_ends_inside_a_frame_reaches_nobody() {
    let relay = Served::new().await;
    let (alice, bob) = (relay.join("tea").await, relay.join("tea").await);
    let mut raw = Raw::connect(&relay).await;
    raw.write(&FrameCodec::encode(&[b"\x01tea"])).await;
    raw.write(&[0, 0, 0, 9, 1, 2, 3]).await;
    drop(raw);
    wait_until(|| relay.counts().left == 1).await;
    alice.send(bytes("undisturbed")).await.unwrap();
    assert_eq!(hear(&bob).await, "undisturbed");
}

async fn is_full(relay: &Served, room: &str, code: RefusalCode) {
    let error = relay.try_join(room).await.unwrap_err();
    assert_eq!(error.code, CloseCode::Full);
    assert_eq!(error.to_string(), Refusal::new(code).to_string());
}

#[tokio::test]
async fn a_client_too_many_until_another_has_left() {
    let relay = Served::with(RelayLimits {
        clients: 1,
        ..RelayLimits::default()
    })
    .await;
    let alice = relay.join("tea").await;
    is_full(&relay, "tea", RefusalCode::Full).await;
    alice.close().await.unwrap();
    // The relay has closed, and gives the place back a moment later.
    while relay.try_join("tea").await.is_err() {
        tokio::time::sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test]
async fn a_client_too_many_in_one_room_and_a_room_too_many() {
    let limits = RelayLimits {
        rooms: 1,
        room_clients: 2,
        ..RelayLimits::default()
    };
    let relay = Served::with(limits).await;
    let (alice, bob) = (relay.join("tea").await, relay.join("tea").await);
    is_full(&relay, "tea", RefusalCode::RoomFull).await;
    is_full(&relay, "coffee", RefusalCode::Full).await;
    alice.send(bytes("undisturbed")).await.unwrap();
    assert_eq!(hear(&bob).await, "undisturbed");
}
