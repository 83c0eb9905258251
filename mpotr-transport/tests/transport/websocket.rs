//! Clients of WebSocket that break its rules or the relay's, and what a browser sees.

use std::time::Duration;

use futures::{SinkExt as _, StreamExt as _};
use mpotr_transport::frame::{Join, Refusal, RefusalCode, ServerFrame};
use mpotr_transport::{Bytes, RelayLimits, Transport as _};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::harness::{Served, bytes, hear, room, wait_until};

/// A client as any library makes one, with the subprotocols that it asks for.
async fn connect(
    relay: &Served,
    protocols: &'static str,
) -> Result<WebSocketStream<TcpStream>, Error> {
    let stream = TcpStream::connect(relay.address).await.unwrap();
    let mut request = "ws://localhost/any/path?of=it"
        .into_client_request()
        .unwrap();
    if !protocols.is_empty() {
        let asked = HeaderValue::from_static(protocols);
        request
            .headers_mut()
            .insert("Sec-WebSocket-Protocol", asked);
    }
    client_async(request, stream)
        .await
        .map(|(socket, _answer)| socket)
}

fn join(name: &str) -> Message {
    let frame = Join { room: room(name) }.to_frame();
    Message::Binary(frame.slice(4..))
}

/// The next frame, without its length: a message is one.
async fn frame(socket: &mut WebSocketStream<TcpStream>) -> Option<ServerFrame> {
    loop {
        match socket.next().await?.unwrap() {
            Message::Binary(payload) => return Some(ServerFrame::decode(&payload).unwrap()),
            Message::Close(_) | Message::Pong(_) => {}
            other @ (Message::Text(_) | Message::Ping(_) | Message::Frame(_)) => {
                panic!("{other:?}")
            }
        }
    }
}

async fn is_refused(sent: Message, code: RefusalCode) {
    let relay = Served::new().await;
    let (alice, bob) = (relay.join("tea").await, relay.join("tea").await);
    let mut socket = connect(&relay, "mpotr.v1").await.unwrap();
    socket.send(join("tea")).await.unwrap();
    assert_eq!(frame(&mut socket).await, Some(ServerFrame::Joined));
    socket.send(sent).await.unwrap();
    let refused = ServerFrame::Refused(Refusal::new(code));
    assert_eq!(frame(&mut socket).await, Some(refused));
    // And it closes, as WebSocket does.
    assert_eq!(frame(&mut socket).await, None);
    alice.send(bytes("undisturbed")).await.unwrap();
    assert_eq!(hear(&bob).await, "undisturbed");
}

#[tokio::test]
async fn a_message_is_a_frame_without_its_length() {
    let relay = Served::new().await;
    let alice = relay.join("tea").await;
    let mut socket = connect(&relay, "chat, mpotr.v1").await.unwrap();
    socket.send(join("tea")).await.unwrap();
    assert_eq!(frame(&mut socket).await, Some(ServerFrame::Joined));
    socket.send(Message::Binary(bytes("hello"))).await.unwrap();
    assert_eq!(hear(&alice).await, "hello");
    alice.send(bytes("you")).await.unwrap();
    let Some(ServerFrame::Packet { packet, .. }) = frame(&mut socket).await else {
        panic!("no packet");
    };
    assert_eq!(packet, "you");
    // Who closes is answered, and has left.
    socket.close(None).await.unwrap();
    assert_eq!(frame(&mut socket).await, None);
    wait_until(|| relay.counts().left == 1).await;
    assert_eq!(relay.counts().refused, 0);
}

#[tokio::test]
async fn a_text_message() {
    is_refused(Message::Text("hello".into()), RefusalCode::Malformed).await;
}

#[tokio::test]
async fn an_empty_message() {
    is_refused(Message::Binary(Bytes::new()), RefusalCode::Malformed).await;
}

#[tokio::test]
async fn a_packet_over_the_limit() {
    let packet = Bytes::from(vec![0; (1 << 20) + 1]);
    is_refused(Message::Binary(packet), RefusalCode::TooLong).await;
}

#[tokio::test]
async fn a_first_message_that_is_too_long() {
    let relay = Served::new().await;
    let mut socket = connect(&relay, "mpotr.v1").await.unwrap();
    let long = Bytes::from(vec![1; 1_000]);
    socket.send(Message::Binary(long)).await.unwrap();
    let refused = ServerFrame::Refused(Refusal::new(RefusalCode::TooLong));
    assert_eq!(frame(&mut socket).await, Some(refused));
}

#[tokio::test]
async fn who_does_not_ask_for_the_subprotocol_is_told() {
    let relay = Served::new().await;
    for protocols in ["", "chat", "mpotr.v2"] {
        let Err(Error::Http(answer)) = connect(&relay, protocols).await else {
            panic!("{protocols}");
        };
        assert_eq!(answer.status(), 400);
    }
    wait_until(|| relay.counts().refused == 3).await;
}

#[tokio::test]
async fn who_asks_for_no_websocket_is_left() {
    let relay = Served::new().await;
    let mut stream = TcpStream::connect(relay.address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = Vec::new();
    // However it ends.
    let _any = stream.read_to_end(&mut answer).await;
    wait_until(|| relay.counts().refused == 1).await;
}

/// A request that never ends takes no longer than any first frame.
#[tokio::test]
async fn a_request_has_to_be_there_in_time() {
    let relay = Served::with(RelayLimits {
        join: Duration::from_millis(200),
        ..RelayLimits::default()
    })
    .await;
    let mut stream = TcpStream::connect(relay.address).await.unwrap();
    stream.write_all(b"GET / HTTP/1.1\r\nHost: ").await.unwrap();
    wait_until(|| relay.counts().refused == 1).await;
}

/// Pings, and empty pieces of a message that never ends: no packet comes of them, and they have an end all the same.
#[tokio::test]
async fn what_is_no_packet_is_read_to_a_bound() {
    let relay = Served::new().await;
    for piece in [&b"\x89\x80\0\0\0\0"[..], b"\x00\x80\0\0\0\0"] {
        let mut socket = connect(&relay, "mpotr.v1").await.unwrap();
        socket.send(join("tea")).await.unwrap();
        assert_eq!(frame(&mut socket).await, Some(ServerFrame::Joined));
        let mut stream = socket.into_inner();
        // The first piece of a message, which is not its last one.
        stream.write_all(b"\x02\x81\0\0\0\0x").await.unwrap();
        let pieces = piece.repeat(10_000);
        let mut sent = 0;
        while stream.write_all(&pieces).await.is_ok() {
            sent += pieces.len();
            assert!(sent < 32 << 20, "the relay reads on");
            // The answers to pings are read, or they would stop it.
            let mut scrap = [0; 65_536];
            while stream.try_read(&mut scrap).is_ok_and(|length| length > 0) {}
        }
    }
    wait_until(|| relay.counts().left == 2).await;
}

/// Who sends more than a relay takes is slowed down by the bytes that it sends, and not by those of its packets alone.
#[tokio::test]
async fn what_comes_around_packets_is_paid_for() {
    let relay = Served::with(RelayLimits {
        burst: 1 << 20,
        rate: 1 << 10,
        flood: Duration::from_millis(500),
        ..RelayLimits::default()
    })
    .await;
    let mut socket = connect(&relay, "mpotr.v1").await.unwrap();
    socket.send(join("tea")).await.unwrap();
    assert_eq!(frame(&mut socket).await, Some(ServerFrame::Joined));
    let mut stream = socket.into_inner();
    let packet = [
        &b"\x89\x80\0\0\0\0".repeat(10_000)[..],
        b"\x82\x81\0\0\0\0x",
    ]
    .concat();
    // One byte in 60,000 is of a packet.
    let flood = async {
        while stream.write_all(&packet).await.is_ok() {
            let mut scrap = [0; 65_536];
            while stream.try_read(&mut scrap).is_ok_and(|length| length > 0) {}
        }
    };
    let _cut = tokio::time::timeout(Duration::from_secs(20), flood).await;
    wait_until(|| relay.counts().flooding == 1).await;
}

#[tokio::test]
async fn whom_the_relay_turns_away_is_told_in_a_message() {
    let relay = Served::with(RelayLimits {
        clients: 1,
        ..RelayLimits::default()
    })
    .await;
    let _alice = relay.join("tea").await;
    let mut socket = connect(&relay, "mpotr.v1").await.unwrap();
    let refused = ServerFrame::Refused(Refusal::new(RefusalCode::Full));
    assert_eq!(frame(&mut socket).await, Some(refused));
}

/// Who breaks the rules of WebSocket is told so as by any other break, and counted.
#[tokio::test]
async fn what_breaks_the_rules_of_websocket_is_malformed() {
    for broken in [
        // Not masked.
        &b"\x82\x01x"[..],
        // A bit that no extension has given a meaning.
        b"\xc2\x81\0\0\0\0x",
        // An opcode without one.
        b"\x83\x81\0\0\0\0x",
        // The rest of a message that has not begun.
        b"\x80\x81\0\0\0\0x",
    ] {
        let relay = Served::new().await;
        let mut socket = connect(&relay, "mpotr.v1").await.unwrap();
        socket.send(join("tea")).await.unwrap();
        assert_eq!(frame(&mut socket).await, Some(ServerFrame::Joined));
        socket.get_mut().write_all(broken).await.unwrap();
        let refused = ServerFrame::Refused(Refusal::new(RefusalCode::Malformed));
        assert_eq!(frame(&mut socket).await, Some(refused), "{broken:?}");
        assert_eq!(relay.counts().refused, 1);
    }
}

/// Answers to pings that nobody reads do not pile up: the relay holds the newest, and stops to read when it is held.
#[tokio::test]
async fn answers_to_pings_that_nobody_reads_are_bounded() {
    let relay = Served::with(crate::harness::UNPACED).await;
    let mut socket = connect(&relay, "mpotr.v1").await.unwrap();
    socket.send(join("tea")).await.unwrap();
    assert_eq!(frame(&mut socket).await, Some(ServerFrame::Joined));
    let mut stream = socket.into_inner();
    let ping = [&b"\x89\xfd\0\0\0\0"[..], &[b'x'; 125]].concat();
    let mut pings = ping.repeat(8_000);
    pings.extend_from_slice(b"\x82\x81\0\0\0\0x");
    // Nothing is read meanwhile: 32 MiB of pings, of which the relay can have written what two systems queue.
    for _ in 0..32 {
        stream.write_all(&pings).await.unwrap();
    }
    wait_until(|| relay.counts().packets_in == 32).await;
    // When they are read, a few of the answers come, and not all.
    let mut answered = 0;
    let mut scrap = vec![0; 1 << 16];
    while let Ok(Ok(bytes @ 1..)) =
        tokio::time::timeout(Duration::from_millis(300), stream.read(&mut scrap)).await
    {
        answered += bytes;
    }
    assert!(answered < 16 << 20, "{answered} bytes of answers were kept");
}
