//! What a server refuses, holds back or loses.

use std::time::Duration;

use mpotr_transport::{CloseCode, Connect as _, ExecConnect, ExecTransport, Transport as _};
use tokio::time::{Instant, timeout};

use crate::server::{LIMITED, PASSWORD, Server, UNLIMITED};
use crate::talking::{closed, packet, refused, send};

/// Two who are in a room.
pub(crate) async fn two(server: &Server, room: &str) -> (ExecTransport, ExecTransport) {
    let ways = ["alice", "bob"].map(|name| server.way(room, name, name));
    let (alice, bob) = tokio::join!(ways[0].connect(), ways[1].connect());
    (alice.unwrap(), bob.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_longest_packet_comes_whole_and_a_unit_goes_in_one_stanza() {
    let Some(server) = Server::with(UNLIMITED).await else {
        return;
    };
    let (alice, bob) = two(&server, "tea").await;
    let carrier = alice.carrier();
    assert_eq!((carrier.max_packet, carrier.unit), (1 << 20, Some(90_000)));
    for length in [1, 90_000, 90_001, 1 << 20] {
        let long: Vec<u8> = (0..=250).cycle().take(length).collect();
        send(&alice, &long).await;
        assert!(packet(&bob).await == long, "{length}");
    }
    // What it reports is read with what comes.
    let _nothing = timeout(Duration::from_secs(3), alice.receive()).await;
    assert!(alice.link().latency.is_some());
}

/// Prosody reads 10 kB of a client in a second.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_holds_back_loses_nothing_and_what_waits_is_told() {
    const PACKETS: u8 = 40;

    let Some(server) = Server::with(LIMITED).await else {
        return;
    };
    let (alice, bob) = two(&server, "tea").await;
    let begin = Instant::now();
    let sends = async {
        for number in 0..PACKETS {
            send(&alice, &[number; 2_000]).await;
        }
    };
    let reads = async {
        for number in 0..PACKETS {
            assert_eq!(packet(&bob).await, [number; 2_000]);
        }
    };
    let told = async {
        // What it reports is read with what comes.
        let _nothing = timeout(Duration::from_secs(5), alice.receive()).await;
        alice.link()
    };
    let ((), (), told) = tokio::join!(sends, reads, told);
    println!("{PACKETS} packets of 2,000 bytes in {:?}", begin.elapsed());
    assert!(told.queued > 0, "{told:?}");
    let rate = told.rate.unwrap();
    assert!((2_000..40_000).contains(&rate), "{told:?}");
}

/// The room refuses every third stanza as too much.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_that_complains_is_asked_less_of_and_gets_all_in_the_end() {
    let Some(server) = Server::with(UNLIMITED).await else {
        return;
    };
    let (alice, bob) = two(&server, "busy").await;
    for number in 0..9_u8 {
        send(&alice, &[number; 500]).await;
    }
    let mut all = Vec::new();
    for _ in 0..9 {
        all.push(packet(&bob).await[0]);
    }
    all.sort_unstable();
    assert_eq!(all, (0..9).collect::<Vec<_>>());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_account_is_shown_by_its_password_and_a_guest_by_none() {
    let Some(server) = Server::with(UNLIMITED).await else {
        return;
    };
    let key = format!("sha256={}", server.pin);
    let address = server.address("tea", "alice@xmpp.example", &key);
    let way = |password: &str| server.by(&address, "alice", password);
    let closed = refused(&way("another")).await;
    assert_eq!(
        (closed.code, closed.retry),
        (CloseCode::Auth, false),
        "{closed}"
    );
    assert!(
        closed.text.contains("password") && !closed.text.contains("another"),
        "{closed}"
    );
    way(PASSWORD)
        .connect()
        .await
        .unwrap()
        .close()
        .await
        .unwrap();
    // Neither an account without a password, nor none at all.
    let nobody = |address: &str| {
        ExecConnect::of_program(
            crate::server::PROGRAM,
            Some(address),
            "alice",
            crate::member::channel(),
        )
    };
    let none = format!(
        "xmpp:tea@muc.example?server=127.0.0.1:{}&{key}",
        server.port
    );
    for address in [&address, &none] {
        let closed = refused(&nobody(address)).await;
        assert_eq!(
            (closed.code, closed.retry),
            (CloseCode::Auth, false),
            "{closed}"
        );
    }
    let guest = server.address("tea", "guests.example", &key);
    let (alice, bob) = (
        nobody(&guest).connect().await,
        nobody(&guest).connect().await,
    );
    let (alice, bob) = (alice.unwrap(), bob.unwrap());
    send(&alice, b"hello").await;
    assert_eq!(packet(&bob).await, b"hello");
    let closed = refused(&nobody(&server.address("tea", "xmpp.example", &key))).await;
    assert!(
        closed.text.contains("without an account") && !closed.retry,
        "{closed}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_known_by_its_key_and_taken_for_no_other() {
    let Some(server) = Server::with(UNLIMITED).await else {
        return;
    };
    let way = |more: &str| {
        let address = server.address("tea", "alice@xmpp.example", more);
        server.by(&address, "alice", PASSWORD)
    };
    way("plain").connect().await.unwrap();
    // Nobody vouches for it; it has another key than the one that is meant.
    for (more, code, words) in [
        ("", CloseCode::Tls, "authority"),
        (
            &format!("sha256={}", "0".repeat(64)),
            CloseCode::Pin,
            "another key",
        ),
    ] {
        let closed = refused(&way(more)).await;
        assert_eq!((closed.code, closed.retry), (code, false), "{closed}");
        assert!(closed.text.contains(words), "{closed}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_wants_an_encrypted_connection_gets_no_other() {
    let Some(server) = Server::without_encryption().await else {
        return;
    };
    let closed = refused(&server.way("tea", "alice", "alice")).await;
    assert_eq!(
        (closed.code, closed.retry),
        (CloseCode::Tls, false),
        "{closed}"
    );
    assert!(closed.text.contains("encrypt"), "{closed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_tried_again_and_a_wrong_address_is_not() {
    let Some(mut server) = Server::with(UNLIMITED).await else {
        return;
    };
    let (alice, bob) = two(&server, "tea").await;
    server.process.shuts_down();
    let told = closed(&alice).await;
    assert!(told.retry, "{told}");
    assert!(told.text.contains("shut"), "{told}");
    server.process.stop();
    assert!(closed(&bob).await.retry);
    let closed = refused(&server.way("tea", "alice", "alice")).await;
    assert_eq!(
        (closed.code, closed.retry),
        (CloseCode::Unreachable, true),
        "{closed}"
    );
    for address in [
        "",
        "xmpp:muc.example",
        "xmpp:tea@muc.example?password=secret",
        "xmpp:tea@muc.example?account=me:secret@h",
        "xmpp:tea@muc.example?account=me@h&plain",
    ] {
        let closed = refused(&server.by(address, "alice", PASSWORD)).await;
        assert_eq!(
            (closed.code, closed.retry),
            (CloseCode::Refused, false),
            "{closed}"
        );
        assert!(!closed.text.contains("secret"), "{closed}");
    }
}

/// A server that ends without a word, and one that is slow to come back.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_connection_that_breaks_is_lost_and_another_mends_it() {
    let Some(mut server) = Server::with(UNLIMITED).await else {
        return;
    };
    let (alice, bob) = two(&server, "tea").await;
    server.process.stop();
    for transport in [alice, bob] {
        let closed = closed(&transport).await;
        assert_eq!(
            (closed.code, closed.retry),
            (CloseCode::Lost, true),
            "{closed}"
        );
    }
    server.process.start();
    server.process.is_there().await;
    let (alice, bob) = two(&server, "tea").await;
    send(&alice, b"again").await;
    assert_eq!(packet(&bob).await, b"again");
}
