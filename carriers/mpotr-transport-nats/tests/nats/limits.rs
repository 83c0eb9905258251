//! What a server refuses, loses or forgets.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use mpotr_transport::{
    CloseCode, Connect as _, ExecConnect, ExecLogin, ExecTransport, Transport as _,
};
use rcgen::PublicKeyData as _;
use sha2::Digest as _;
use tokio::time::{sleep, timeout};

use crate::member::{Member, channel};
use crate::server::Server;
use crate::talking::{closed, packet, refused, send};
use crate::world::PROGRAM;

fn way(server: &Server) -> ExecConnect {
    ExecConnect::of_program(PROGRAM, Some(&server.address()), "alice", channel())
}

/// The bytes of headers count, and the longest packet is as long as the report says.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_longest_packet_passes_with_its_headers_and_a_longer_one_is_refused() {
    let Some(server) = Server::alone("").await else {
        return;
    };
    let (alice, bob) = (way(&server), way(&server));
    let (alice, bob) = (alice.connect().await.unwrap(), bob.connect().await.unwrap());
    let most = alice.carrier().max_packet;
    assert!((1_000_000..1 << 20).contains(&most), "{most}");
    let long = vec![7; most];
    send(&alice, &long).await;
    assert!(packet(&bob).await == long);
    send(&alice, &[7; 1].repeat(most + 1)).await;
    let closed = closed(&alice).await;
    assert_eq!(
        (closed.code, closed.retry),
        (CloseCode::Refused, false),
        "{closed}"
    );
    assert!(closed.text.contains(&most.to_string()), "{closed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_for_short_messages_carries_a_room_and_one_for_shorter_ones_is_refused() {
    let Some(server) = Server::alone("max_payload: 16384").await else {
        return;
    };
    let mut alice = Member::enter(way(&server), 2).await;
    let mut bob = Member::enter(way(&server), 2).await;
    alice.secure_with(2).await;
    bob.secure_with(2).await;
    let long: Vec<u8> = (0..=250).cycle().take(10_000).collect();
    alice.say(long.clone()).await;
    bob.reads(&long).await;
    let too_long = alice.handle.send(long.repeat(3), alice.seen).await;
    assert!(too_long.is_err());
    let server = Server::alone("max_payload: 2048").await.unwrap();
    let closed = refused(&way(&server)).await;
    assert!(!closed.retry && closed.text.contains("2048"), "{closed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_password_is_refused_and_who_has_one_comes_in() {
    let access = "authorization { user: me, password: \"a secret\" }";
    let Some(server) = Server::alone(access).await else {
        return;
    };
    let closed = refused(&way(&server)).await;
    assert_eq!(
        (closed.code, closed.retry),
        (CloseCode::Auth, false),
        "{closed}"
    );
    let home = tempfile::tempdir().unwrap();
    let file = home.path().join("password");
    let login = |password: &str| {
        std::fs::write(&file, password).unwrap();
        way(&server).login(ExecLogin {
            account: Some("me".to_owned()),
            password_file: Some(file.clone()),
            certificate_file: None,
        })
    };
    let closed = refused(&login("another\n")).await;
    assert_eq!(
        (closed.code, closed.retry),
        (CloseCode::Auth, false),
        "{closed}"
    );
    assert!(!closed.text.contains("another"), "{closed}");
    let there = login("a secret\n").connect().await.unwrap();
    send(&there, b"hello").await;
    there.close().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_has_as_many_clients_as_it_takes_is_tried_again() {
    let Some(server) = Server::alone("max_connections: 1").await else {
        return;
    };
    let there = way(&server).connect().await.unwrap();
    let closed = refused(&way(&server)).await;
    assert!(closed.retry, "{closed}");
    assert!(closed.text.contains("maximum connections"), "{closed}");
    there.close().await.unwrap();
    way(&server).connect().await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_without_jetstream_is_refused() {
    let Some(server) = Server::without_a_stream().await else {
        return;
    };
    let closed = refused(&way(&server)).await;
    assert_eq!(
        (closed.code, closed.retry),
        (CloseCode::Refused, false),
        "{closed}"
    );
    assert!(closed.text.contains("JetStream"), "{closed}");
}

/// A server with a certificate that nobody vouches for, and the pin of its key.
async fn encrypted(home: &Path) -> Option<(Server, String)> {
    let key = rcgen::KeyPair::generate().unwrap();
    let parameters = rcgen::CertificateParams::new(vec!["localhost".to_owned()]).unwrap();
    let certificate = parameters.self_signed(&key).unwrap();
    let (chain, own) = (home.join("cert.pem"), home.join("key.pem"));
    std::fs::write(&chain, certificate.pem()).unwrap();
    std::fs::write(&own, key.serialize_pem()).unwrap();
    let digest = sha2::Sha256::digest(key.subject_public_key_info());
    let pin = digest.iter().map(|byte| format!("{byte:02x}")).collect();
    let tls = format!("tls {{ cert_file: {chain:?}, key_file: {own:?} }}");
    Some((Server::alone(&tls).await?, pin))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_is_known_by_its_key_and_taken_for_no_other() {
    let home = tempfile::tempdir().unwrap();
    let Some((server, pin)) = encrypted(home.path()).await else {
        return;
    };
    let to = |scheme: &str, key: &str| {
        let address = format!("{scheme}://127.0.0.1:{}{key}", server.port);
        ExecConnect::of_program(PROGRAM, Some(&address), "alice", channel())
    };
    let pinned = to("natss", &format!("#sha256={pin}"));
    let (alice, bob) = (
        pinned.connect().await.unwrap(),
        pinned.connect().await.unwrap(),
    );
    send(&alice, b"hello").await;
    assert_eq!(packet(&bob).await, b"hello");
    // Nobody vouches for it, it has another key than the one that is meant.
    let another = format!("#sha256={}", "0".repeat(64));
    for way in [to("natss", ""), to("natss", &another)] {
        let closed = refused(&way).await;
        assert_eq!(
            (closed.code, closed.retry),
            (CloseCode::Tls, false),
            "{closed}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_is_not_there_is_tried_again_and_a_wrong_address_is_not() {
    if Server::alone("").await.is_none() {
        return;
    }
    let to = |address: &str| ExecConnect::of_program(PROGRAM, Some(address), "alice", channel());
    let closed = refused(&to("nats://127.0.0.1:1")).await;
    assert_eq!(
        (closed.code, closed.retry),
        (CloseCode::Unreachable, true),
        "{closed}"
    );
    for address in [
        "",
        "http://127.0.0.1",
        "nats://me:secret@127.0.0.1",
        "nats://h/x",
    ] {
        let closed = refused(&to(address)).await;
        assert_eq!(
            (closed.code, closed.retry),
            (CloseCode::Refused, false),
            "{closed}"
        );
        assert!(!closed.text.contains("secret"), "{closed}");
    }
}

/// What was said while a connection was away is in the stream.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_again_gets_what_was_said_meanwhile_and_who_is_new_gets_nothing_old() {
    let Some(server) = Server::alone("").await else {
        return;
    };
    let alice = way(&server).connect().await.unwrap();
    let way_of_bob = way(&server);
    let bob = way_of_bob.connect().await.unwrap();
    send(&alice, b"one").await;
    assert_eq!(packet(&bob).await, b"one");
    drop(bob);
    sleep(Duration::from_millis(500)).await;
    send(&alice, b"two").await;
    let bob = way_of_bob.connect().await.unwrap();
    let carol = way(&server).connect().await.unwrap();
    // Something from before may come once more.
    while packet(&bob).await != b"two" {}
    send(&alice, b"three").await;
    assert_eq!(packet(&carol).await, b"three");
    assert_eq!(packet(&bob).await, b"three");
}

/// A server that is back within seconds is no loss, even if it has forgotten all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_short_absence_of_the_server_loses_no_packet() {
    let Some(mut server) = Server::alone("").await else {
        return;
    };
    let (alice, bob) = (way(&server), way(&server));
    let (alice, bob) = (alice.connect().await.unwrap(), bob.connect().await.unwrap());
    for forgets in [false, true] {
        send(&alice, b"before").await;
        assert_eq!(packet(&bob).await, b"before");
        server.stop();
        send(&alice, b"meanwhile").await;
        // What it reports is read with what comes.
        let _nothing = timeout(Duration::from_secs(1), alice.receive()).await;
        assert!(alice.link().queued > 0, "what waits is told");
        if forgets {
            server.forgets();
        }
        server.start();
        assert_eq!(packet(&bob).await, b"meanwhile");
        send(&alice, b"after").await;
        assert_eq!(packet(&bob).await, b"after");
    }
    assert!(alice.link().latency.is_some());
}

/// As many as come are read, in one order by all.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_flood_is_read_whole_and_in_one_order() {
    const PACKETS: u32 = 2_000;

    let Some(server) = Server::alone("").await else {
        return;
    };
    let (alice, bob, carol) = (way(&server), way(&server), way(&server));
    let (alice, bob) = (alice.connect().await.unwrap(), bob.connect().await.unwrap());
    let carol = carol.connect().await.unwrap();
    let sends = async |transport: &ExecTransport, whose: u8| {
        for number in 0..PACKETS {
            let mut packet = vec![whose; 200];
            packet.extend(number.to_be_bytes());
            send(transport, &packet).await;
        }
    };
    let reads = async |transport: &ExecTransport, count: u32| {
        let mut all = Vec::new();
        for _ in 0..count {
            all.push(packet(transport).await);
        }
        all
    };
    let (of_alice, of_bob, all, (), ()) = tokio::join!(
        reads(&alice, PACKETS),
        reads(&bob, PACKETS),
        reads(&carol, 2 * PACKETS),
        sends(&alice, 1),
        sends(&bob, 2),
    );
    let of = |whose: u8| all.iter().filter(move |packet| packet[0] == whose).cloned();
    assert!(
        of(2).eq(of_alice),
        "in the order in which the stream has them"
    );
    assert!(
        of(1).eq(of_bob),
        "in the order in which the stream has them"
    );
    assert_eq!(BTreeSet::from_iter(of(1)).len(), 2_000);
}
