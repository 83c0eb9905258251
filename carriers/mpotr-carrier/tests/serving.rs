//! A program between a room that speaks frames and a carrier that does what a test says.

#![expect(
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests: what cannot be done is a failure"
)]

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mpotr_carrier::{
    Bytes, Carrier, CloseCode, Closed, LinkReport, Received, SenderHint, Transport, serve,
};
use mpotr_transport::frame::{FrameCodec, Join, RefusalCode, RoomName, ServerFrame};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _, DuplexStream, duplex};
use tokio::sync::{Mutex as AsyncMutex, mpsc};
use tokio::task::JoinHandle;

/// What a carrier of a test shares with it.
#[derive(Clone, Default)]
struct Shared {
    sent: Arc<Mutex<Vec<Bytes>>>,
    link: Arc<Mutex<LinkReport>>,
    is_closed: Arc<Mutex<bool>>,
    room: Arc<Mutex<Vec<u8>>>,
    words: Arc<Mutex<Vec<String>>>,
}

struct Fake {
    shared: Shared,
    coming: AsyncMutex<mpsc::Receiver<Result<Received, Closed>>>,
}

impl Transport for Fake {
    fn carrier(&self) -> Carrier {
        Carrier {
            name: "fake",
            max_packet: 100,
            ..Carrier::RELAY
        }
    }

    async fn send(&self, packet: Bytes) -> Result<(), Closed> {
        self.shared.sent.lock().unwrap().push(packet);
        Ok(())
    }

    async fn receive(&self) -> Result<Received, Closed> {
        match self.coming.lock().await.recv().await {
            Some(received) => received,
            None => std::future::pending().await,
        }
    }

    fn link(&self) -> LinkReport {
        *self.shared.link.lock().unwrap()
    }

    async fn close(self) -> Result<(), Closed> {
        *self.shared.is_closed.lock().unwrap() = true;
        Ok(())
    }
}

/// The room's side of a program that runs.
struct Program {
    input: DuplexStream,
    output: DuplexStream,
    comes: mpsc::Sender<Result<Received, Closed>>,
    shared: Shared,
    ended: JoinHandle<Result<(), Closed>>,
}

/// One whose carrier opens, or does not.
fn program(refused: Option<Closed>) -> Program {
    let (input, stdin) = duplex(1 << 16);
    // Less than a packet, so that a frame may stand half written.
    let (output, stdout) = duplex(16);
    let (comes, coming) = mpsc::channel(8);
    let shared = Shared::default();
    let given = shared.clone();
    let ended = tokio::spawn(async move {
        let words = given.words.clone();
        let say = move |line: &str| words.lock().unwrap().push(line.to_owned());
        let open = async |room: RoomName| {
            *given.room.lock().unwrap() = room.as_bytes().to_vec();
            match refused {
                Some(closed) => Err(closed),
                None => Ok(Fake {
                    shared: given.clone(),
                    coming: AsyncMutex::new(coming),
                }),
            }
        };
        serve(stdin, stdout, &say, open).await
    });
    Program {
        input,
        output,
        comes,
        shared,
        ended,
    }
}

impl Program {
    async fn frame(&mut self) -> ServerFrame {
        let length = self.output.read_u32().await.unwrap();
        let mut payload = vec![0; usize::try_from(length).unwrap()];
        self.output.read_exact(&mut payload).await.unwrap();
        ServerFrame::decode(&payload.into()).unwrap()
    }

    async fn joined() -> Self {
        let mut program = program(None);
        let room = RoomName::new(*b"room").unwrap();
        program
            .input
            .write_all(&Join { room }.to_frame())
            .await
            .unwrap();
        assert_eq!(program.frame().await, ServerFrame::Joined);
        let ServerFrame::Report(report) = program.frame().await else {
            panic!("a report follows");
        };
        assert_eq!(report.max_packet, Some(100));
        assert!(report.ordered && !report.echoes);
        program
    }

    async fn packet(&mut self, packet: &[u8]) {
        self.input
            .write_all(&FrameCodec::encode(&[packet]))
            .await
            .unwrap();
    }

    /// The last frame, and how it ended.
    async fn refused(mut self) -> (RefusalCode, String, Closed) {
        let ServerFrame::Refused(refusal) = self.frame().await else {
            panic!("it is to be refused");
        };
        let mut rest = Vec::new();
        self.output.read_to_end(&mut rest).await.unwrap();
        assert!(rest.is_empty());
        let closed = self.ended.await.unwrap().unwrap_err();
        (refusal.code(), refusal.text().to_owned(), closed)
    }
}

fn packet(bytes: &'static [u8]) -> Received {
    Received::Packet {
        sender: SenderHint::from_u64(7),
        packet: Bytes::from_static(bytes),
    }
}

#[tokio::test]
async fn packets_go_both_ways_and_the_end_of_input_closes_in_order() {
    let mut program = Program::joined().await;
    assert_eq!(*program.shared.room.lock().unwrap(), b"room");
    program.packet(b"one").await;
    program.packet(b"two").await;
    program.comes.send(Ok(packet(b"three"))).await.unwrap();
    let ServerFrame::Packet { sender, packet } = program.frame().await else {
        panic!("a packet comes");
    };
    assert_eq!((sender.to_u64(), &packet[..]), (7, &b"three"[..]));
    program.packet(b"last").await;
    program.input.shutdown().await.unwrap();
    assert_eq!(program.ended.await.unwrap(), Ok(()));
    let sent = program.shared.sent.lock().unwrap();
    assert_eq!(**sent, [&b"one"[..], b"two", b"last"]);
    assert!(*program.shared.is_closed.lock().unwrap());
}

#[tokio::test]
async fn who_ends_before_a_room_is_named_is_not_at_fault() {
    let mut program = program(None);
    program.input.shutdown().await.unwrap();
    assert_eq!(program.ended.await.unwrap(), Ok(()));
}

#[tokio::test]
async fn a_carrier_that_cannot_be_had_is_told_with_its_reason() {
    let closed = Closed::new(CloseCode::Auth, "the server wants a password");
    let mut program = program(Some(closed.clone()));
    let room = RoomName::new(*b"room").unwrap();
    program
        .input
        .write_all(&Join { room }.to_frame())
        .await
        .unwrap();
    let (code, text, told) = program.refused().await;
    assert_eq!((code, text), (RefusalCode::Auth, told.text.clone()));
    assert_eq!(told, closed);
}

#[tokio::test]
async fn what_is_no_frame_is_refused() {
    for bytes in [&b"\0\0\0\0"[..], b"GET / HTTP/1.0", b"\0\0\0\x02\x02r"] {
        let mut program = program(None);
        program.input.write_all(bytes).await.unwrap();
        program.input.shutdown().await.unwrap();
        let (code, _text, closed) = program.refused().await;
        assert_eq!(code, RefusalCode::Malformed);
        assert_eq!(closed.code, CloseCode::Protocol, "{closed}");
    }
}

#[tokio::test]
async fn a_packet_over_what_the_carrier_takes_is_refused_and_not_sent() {
    let mut program = Program::joined().await;
    program.packet(&[1; 101]).await;
    let shared = program.shared.clone();
    let (code, text, _closed) = program.refused().await;
    assert_eq!(code, RefusalCode::Malformed);
    assert!(text.contains("101"), "{text}");
    assert!(shared.sent.lock().unwrap().is_empty());
}

#[tokio::test]
async fn the_end_of_a_carrier_is_told_behind_whole_frames() {
    let mut program = Program::joined().await;
    let long = &[3; 90];
    program.comes.send(Ok(packet(long))).await.unwrap();
    let lost = Closed::new(CloseCode::Lost, "the server is gone");
    program.comes.send(Err(lost)).await.unwrap();
    assert!(
        matches!(program.frame().await, ServerFrame::Packet { packet, .. } if packet == long[..])
    );
    let (code, text, _closed) = program.refused().await;
    assert_eq!(
        (code, text.as_str()),
        (RefusalCode::Idle, "the server is gone")
    );
}

#[tokio::test]
async fn what_people_write_is_for_a_person_and_what_fits_no_frame_for_nobody() {
    let mut program = Program::joined().await;
    let plain = Received::Plain {
        sender: SenderHint::from_u64(1),
        name: "eve".to_owned(),
        text: "what is this?".to_owned(),
    };
    let text = "the server is slow".to_owned();
    for received in [plain, Received::Notice { text }, packet(b"")] {
        program.comes.send(Ok(received)).await.unwrap();
    }
    program.comes.send(Ok(packet(b"a packet"))).await.unwrap();
    assert!(
        matches!(program.frame().await, ServerFrame::Packet { packet, .. } if &packet[..] == b"a packet")
    );
    let words = program.shared.words.lock().unwrap();
    assert_eq!(**words, ["eve: what is this?", "the server is slow"]);
}

#[tokio::test(start_paused = true)]
async fn what_waits_is_told_at_once_and_what_changes_always_now_and_then() {
    let mut program = Program::joined().await;
    let link = |queued, latency| LinkReport {
        rate: None,
        queued,
        latency: Some(latency),
    };
    let set = |shared: &Shared, to| *shared.link.lock().unwrap() = to;
    let begins = tokio::time::Instant::now();
    set(&program.shared, link(9, 5));
    let ServerFrame::Report(report) = program.frame().await else {
        panic!("a report comes");
    };
    assert_eq!(report.link, link(9, 5));
    assert!(begins.elapsed() < Duration::from_secs(1));
    set(&program.shared, link(9, 6));
    assert!(matches!(program.frame().await, ServerFrame::Report(_)));
    assert!(begins.elapsed() >= Duration::from_secs(2));
}
