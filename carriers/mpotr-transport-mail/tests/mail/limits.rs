//! What servers of mail refuse, and what they lose.

use std::time::Duration;

use mpotr_transport::{CloseCode, Connect as _, ExecTransport, Received, Transport as _};

use crate::server::{Encrypts, PASSWORD, Servers};
use crate::talking::{closed, packet, received, refused, send};

/// Two who are on the list.
pub(crate) async fn two(servers: &Servers) -> (ExecTransport, ExecTransport) {
    let ways = ["alice", "bob"].map(|name| servers.way(name));
    let (alice, bob) = tokio::join!(ways[0].connect(), ways[1].connect());
    (alice.unwrap(), bob.unwrap())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_is_said_at_one_time_goes_in_one_mail_and_the_longest_packet_passes() {
    let Some(servers) = Servers::plain().await else {
        return;
    };
    let (alice, bob) = two(&servers).await;
    let carrier = alice.carrier();
    assert_eq!((carrier.max_packet, carrier.unit), (262_144, Some(262_144)));
    // The room takes its time from the first word on.
    assert_eq!(alice.link().latency, Some(1_666));
    for number in 0..30_u8 {
        send(&alice, &[number; 200]).await;
    }
    for number in 0..30_u8 {
        assert_eq!(packet(&bob).await, [number; 200]);
    }
    let mails = servers.mails("bob").len();
    assert!(mails <= 2, "{mails} mails");
    let long: Vec<u8> = (0..=250).cycle().take(262_144).collect();
    send(&alice, &long).await;
    send(&alice, b"and more").await;
    assert!(packet(&bob).await == long);
    assert_eq!(packet(&bob).await, b"and more");
    // The last mails are out when a program has ended.
    send(&alice, b"goodbye").await;
    alice.close().await.unwrap();
    assert_eq!(packet(&bob).await, b"goodbye");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_for_short_mails_gets_short_ones_and_one_for_shorter_ones_is_refused() {
    let Some(servers) = Servers::with(Encrypts::Never, 100_000).await else {
        return;
    };
    let (alice, bob) = two(&servers).await;
    let most = alice.carrier().max_packet;
    assert!((8_192..75_000).contains(&most), "{most}");
    for number in 0..3_u8 {
        send(&alice, &vec![number; most]).await;
    }
    for number in 0..3_u8 {
        assert!(packet(&bob).await == vec![number; most]);
    }
    let servers = Servers::with(Encrypts::Never, 20_000).await.unwrap();
    let closed = refused(&servers.way("alice")).await;
    assert!(!closed.retry && closed.text.contains("20000"), "{closed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_is_not_taken_now_is_sent_again_and_one_that_is_not_wanted_ends_it() {
    let Some(servers) = Servers::plain().await else {
        return;
    };
    let (alice, bob) = two(&servers).await;
    servers.list.write("later", "");
    send(&alice, b"hello").await;
    let Received::Notice { text } = received(&alice).await.unwrap() else {
        panic!("not told");
    };
    assert!(text.contains("try again later"), "{text}");
    assert!(alice.link().queued > 0);
    std::fs::remove_file(servers.list.path("later")).unwrap();
    assert_eq!(packet(&bob).await, b"hello");
    servers.list.write("never", "");
    send(&alice, b"hello again").await;
    let closed = closed(&alice).await;
    assert_eq!(
        (closed.code, closed.retry),
        (CloseCode::Refused, false),
        "{closed}"
    );
    assert!(closed.text.contains("not wanted"), "{closed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_has_no_account_password_or_folder_is_refused() {
    let Some(servers) = Servers::plain().await else {
        return;
    };
    let address = servers.address("alice", "plain");
    for (way, code, words) in [
        (servers.by(&address, "another"), CloseCode::Auth, "password"),
        (
            servers.by(
                &address.replace("account=alice@mail.example&", ""),
                PASSWORD,
            ),
            CloseCode::Auth,
            "account",
        ),
        (
            servers.by(&format!("{address}&folder=nowhere"), PASSWORD),
            CloseCode::Refused,
            "nowhere",
        ),
        (
            servers.by("mailto:tea@lists.example?password=secret", PASSWORD),
            CloseCode::Refused,
            "behind",
        ),
        (
            servers.by("mailto:me:secret@lists.example", PASSWORD),
            CloseCode::Refused,
            "address",
        ),
    ] {
        let closed = refused(&way).await;
        assert_eq!((closed.code, closed.retry), (code, false), "{closed}");
        assert!(closed.text.contains(words), "{closed}");
        assert!(
            !closed.text.contains("secret") && !closed.text.contains("another"),
            "{closed}"
        );
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn connections_that_begin_in_clear_are_encrypted_before_anything_is_said() {
    let Some(servers) = Servers::encrypted_later().await else {
        return;
    };
    let (alice, bob) = (servers.way("alice"), servers.way("bob"));
    let (alice, bob) = (alice.connect().await.unwrap(), bob.connect().await.unwrap());
    send(&alice, b"hello").await;
    assert_eq!(packet(&bob).await, b"hello");
    let another = format!("starttls&sha256={}", "0".repeat(64));
    let closed = refused(&servers.by(&servers.address("alice", &another), PASSWORD)).await;
    assert_eq!(
        (closed.code, closed.retry),
        (CloseCode::Pin, false),
        "{closed}"
    );
    // A server that does not encrypt is told nothing more.
    let servers = Servers::plain().await.unwrap();
    let closed = refused(&servers.by(&servers.address("alice", "starttls"), PASSWORD)).await;
    assert_eq!(
        (closed.code, closed.retry),
        (CloseCode::Tls, false),
        "{closed}"
    );
    assert!(closed.text.contains("STARTTLS"), "{closed}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn servers_are_known_by_their_key_and_taken_for_no_others() {
    let Some(mut servers) = Servers::encrypted().await else {
        return;
    };
    servers.way("alice").connect().await.unwrap();
    for (more, code, words) in [
        ("", CloseCode::Tls, "authority"),
        (
            &format!("sha256={}", "0".repeat(64)),
            CloseCode::Pin,
            "another key",
        ),
    ] {
        let closed = refused(&servers.by(&servers.address("alice", more), PASSWORD)).await;
        assert_eq!((closed.code, closed.retry), (code, false), "{closed}");
        assert!(closed.text.contains(words), "{closed}");
    }
    servers.list.stop();
    let closed = refused(&servers.way("alice")).await;
    assert_eq!(
        (closed.code, closed.retry),
        (CloseCode::Unreachable, true),
        "{closed}"
    );
}

/// What was said while a connection was away is in the folder.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_comes_again_gets_what_was_said_meanwhile_and_who_is_new_gets_nothing_old() {
    let Some(mut servers) = Servers::plain().await else {
        return;
    };
    let alice = servers.way("alice").connect().await.unwrap();
    let way_of_bob = servers.way("bob");
    let bob = way_of_bob.connect().await.unwrap();
    send(&alice, b"one").await;
    assert_eq!(packet(&bob).await, b"one");
    drop(bob);
    send(&alice, b"two").await;
    // Until that is in the folders.
    while servers.mails("bob").len() < 2 {
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    let bob = way_of_bob.connect().await.unwrap();
    let carol = servers.way("carol").connect().await.unwrap();
    // Something from before may come once more.
    while packet(&bob).await != b"two" {}
    send(&alice, b"three").await;
    assert_eq!(packet(&carol).await, b"three");
    assert_eq!(packet(&bob).await, b"three");
    servers.mailboxes.stop();
    let closed = closed(&bob).await;
    assert_eq!(
        (closed.code, closed.retry),
        (CloseCode::Lost, true),
        "{closed}"
    );
}
