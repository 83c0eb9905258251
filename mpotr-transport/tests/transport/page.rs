//! The page that a relay serves on its port, and who asks for something else there.

use std::fs;
use std::path::Path;
use std::time::Duration;

use mpotr_transport::frame::Join;
use mpotr_transport::{
    Connect as _, Page, PageError, RelayConnect, RelayLimits, Transport as _, WebOrigin,
};
use tempfile::TempDir;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::harness::{Served, bytes, hear, room, wait_until};

/// A folder with these files.
fn folder(files: &[(&str, &[u8])]) -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    folder
}

fn page() -> Page {
    let folder = folder(&[
        ("index.html", b"<p>hello"),
        ("code/a.js", b"let a = 1;"),
        ("code/a.wasm", b"\0asm, of some length"),
        ("code/a.wasm.gz", b"\x1f\x8b"),
    ]);
    Page::read(folder.path()).unwrap()
}

async fn served(limits: RelayLimits) -> Served {
    Served::made(limits, |relay| relay.with_page(page())).await
}

/// All that a relay answers to what is sent.
async fn answer(relay: &Served, sent: &[u8]) -> String {
    let mut stream = TcpStream::connect(relay.address).await.unwrap();
    stream.write_all(sent).await.unwrap();
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await.unwrap();
    String::from_utf8_lossy(&answer).into_owned()
}

async fn get(relay: &Served, path: &str, more: &str) -> String {
    let request = format!("GET {path} HTTP/1.1\r\nHost: localhost\r\n{more}\r\n");
    answer(relay, request.as_bytes()).await
}

#[tokio::test]
async fn files_are_served_with_what_they_are_and_a_strict_policy() {
    let relay = served(RelayLimits::default()).await;
    for (path, kind, body) in [
        ("/", "text/html; charset=utf-8", "<p>hello"),
        ("/?of=it", "text/html; charset=utf-8", "<p>hello"),
        ("/code/a.js", "text/javascript; charset=utf-8", "let a = 1;"),
        ("/code/a.wasm", "application/wasm", "\0asm, of some length"),
    ] {
        let answer = get(&relay, path, "").await;
        let (head, found) = answer.split_once("\r\n\r\n").unwrap();
        assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
        assert!(
            head.contains(&format!("\r\nContent-Type: {kind}\r\n")),
            "{head}"
        );
        assert!(head.contains(&format!("\r\nContent-Length: {}\r\n", body.len())));
        assert_eq!(found, body);
        let (_, policy) = head.split_once("\r\nContent-Security-Policy: ").unwrap();
        let (policy, _) = policy.split_once("\r\n").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self' 'wasm-unsafe-eval';"));
        for header in [
            "X-Content-Type-Options: nosniff",
            "Referrer-Policy: no-referrer",
            "Cross-Origin-Resource-Policy: same-origin",
            "Cache-Control: no-store",
            "Connection: close",
        ] {
            assert!(head.lines().any(|line| line == header), "{header}: {head}");
        }
        // Nothing of another address, and no code in the text of the page.
        assert!(
            !policy.contains("//") && !policy.contains('*') && !policy.contains("unsafe-inline")
        );
    }
}

#[tokio::test]
async fn what_is_compressed_already_goes_to_those_who_take_it() {
    let relay = served(RelayLimits::default()).await;
    for takes in [
        "Accept-Encoding: gzip\r\n",
        "accept-encoding: br, GZIP;q=0.5\r\n",
    ] {
        let answer = get(&relay, "/code/a.wasm", takes).await;
        assert!(
            answer.contains("\r\nContent-Encoding: gzip\r\n"),
            "{answer}"
        );
        assert!(answer.contains("\r\nContent-Length: 2\r\n"), "{answer}");
    }
    let answer = get(&relay, "/code/a.wasm", "Accept-Encoding: br\r\n").await;
    assert!(answer.ends_with("of some length"), "{answer}");
    assert_eq!(
        get(&relay, "/code/a.wasm.gz", "")
            .await
            .split_once(' ')
            .unwrap()
            .1[..3],
        *"404"
    );
}

#[tokio::test]
async fn paths_that_no_file_has_are_not_there() {
    let relay = served(RelayLimits::default()).await;
    for path in [
        "/index.html",
        "/code",
        "/code/",
        "/../Cargo.toml",
        "//",
        "/%69ndex.html",
        "*",
        "http://localhost/",
        "/code/a.js/",
    ] {
        let answer = get(&relay, path, "").await;
        assert!(
            answer.starts_with("HTTP/1.1 404 Not Found\r\n"),
            "{path}: {answer}"
        );
    }
}

#[tokio::test]
async fn what_is_no_request_is_answered_and_disturbs_nobody() {
    let relay = served(RelayLimits::default()).await;
    let (alice, bob) = (relay.join("tea").await, relay.join("tea").await);
    let many = "a: b\r\n".repeat(100);
    let long = format!("a: {}\r\n", "b".repeat(20_000));
    for sent in [
        "G\r\n\r\n".to_owned(),
        "GET /\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: localhost\r\nHost: localhost\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\nHost: localhost\r\n folded: b\r\n\r\n".to_owned(),
        "GET / HTTP/9.9\r\n\r\n".to_owned(),
        "GET / HTTP/1.1\r\n\0: b\r\n\r\n".to_owned(),
        format!("GET / HTTP/1.1\r\n{many}\r\n"),
        format!("GET / HTTP/1.1\r\n{long}\r\n"),
    ] {
        let answer = answer(&relay, sent.as_bytes()).await;
        assert!(
            answer.starts_with("HTTP/1.1 400 Bad Request\r\n"),
            "{sent:.40}: {answer}"
        );
    }
    alice.send(bytes("undisturbed")).await.unwrap();
    assert_eq!(hear(&bob).await, "undisturbed");
}

#[tokio::test]
async fn a_page_is_read_and_nothing_else_is_done_with_it() {
    let relay = served(RelayLimits::default()).await;
    let sent = b"GETS / HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let answer = answer(&relay, sent).await;
    assert!(
        answer.starts_with("HTTP/1.1 405 Method Not Allowed\r\n"),
        "{answer}"
    );
    // What does not begin like `GET` is taken for frames, and refused as such.
    for method in ["POST", "HEAD", "OPTIONS", "CONNECT"] {
        let sent = format!("{method} / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        let answer = self::answer(&relay, sent.as_bytes()).await;
        assert!(!answer.contains("HTTP/1.1"), "{answer}");
    }
    assert_eq!(relay.counts().joined, 0);
}

/// What others would have the relay take for the next request, or for frames, is read by nobody.
#[tokio::test]
async fn what_comes_behind_a_request_is_nothing() {
    let relay = served(RelayLimits::default()).await;
    let alice = relay.join("tea").await;
    let hidden = Join { room: room("tea") }.to_frame();
    let again = b"GET /code/a.js HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec();
    for more in [
        "",
        "Content-Length: 0\r\n",
        "Transfer-Encoding: chunked\r\n",
        "Connection: keep-alive\r\n",
    ] {
        for behind in [&again[..], &hidden[..]] {
            let mut sent = format!("GET / HTTP/1.1\r\nHost: localhost\r\n{more}\r\n").into_bytes();
            sent.extend(behind);
            let answer = answer(&relay, &sent).await;
            assert_eq!(answer.matches("HTTP/1.1 ").count(), 1, "{answer}");
            assert!(answer.ends_with("\r\n\r\n<p>hello"), "{answer}");
        }
    }
    // Nor is it heard before the relay has agreed to speak otherwise.
    let upgrade = websocket("localhost", "");
    for behind in [&again[..], &hidden[..]] {
        let answer = answer(&relay, &[upgrade.as_bytes(), behind].concat()).await;
        assert!(
            !answer.contains("hello") && !answer.contains("let a"),
            "{answer}"
        );
    }
    assert_eq!(relay.counts().joined, 1);
    alice.send(bytes("undisturbed")).await.unwrap();
}

/// A request for a WebSocket.
fn websocket(host: &str, more: &str) -> String {
    format!(
        "GET /any HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
         Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Protocol: mpotr.v1\r\n{more}\r\n"
    )
}

/// The status that a request is answered by.
async fn status(relay: &Served, sent: &str) -> u16 {
    let mut stream = TcpStream::connect(relay.address).await.unwrap();
    stream.write_all(sent.as_bytes()).await.unwrap();
    let mut status = [0; 12];
    stream.read_exact(&mut status).await.unwrap();
    let status = str::from_utf8(&status).unwrap();
    status.strip_prefix("HTTP/1.1 ").unwrap().parse().unwrap()
}

/// A page of another address reaches what its reader reaches, a relay on the same machine, too; and a name of its own can be given
/// to that machine meanwhile.
#[tokio::test]
async fn pages_of_others_are_not_let_in() {
    let alone = Served::new().await;
    let with_page = served(RelayLimits::default()).await;
    let named = "https://chat.example".parse::<WebOrigin>().unwrap();
    let named = Served::made(RelayLimits::default(), |relay| {
        relay.with_page(page()).with_web_origins([named])
    })
    .await;
    let here = "127.0.0.1:7667";
    for (host, origin, alone_or_not, of_named) in [
        (here, "", 101, 101),
        ("any.example", "", 101, 101),
        (here, "http://127.0.0.1:7667", 101, 101),
        ("localhost", "https://localhost", 101, 101),
        (here, "https://chat.example", 403, 101),
        ("chat.example", "https://chat.example", 403, 101),
        (here, "http://chat.example", 403, 403),
        (here, "https://evil.example", 403, 403),
        (here, "null", 403, 403),
        (here, "http://127.0.0.1:80", 403, 403),
        (
            here,
            "http://127.0.0.1:7667\r\nOrigin: https://evil.example",
            403,
            403,
        ),
        ("evil.example", "http://evil.example", 403, 403),
    ] {
        let more = match origin {
            "" => String::new(),
            _ => format!("Origin: {origin}\r\n"),
        };
        let sent = websocket(host, &more);
        for (relay, expected) in [
            (&alone, alone_or_not),
            (&with_page, alone_or_not),
            (&named, of_named),
        ] {
            assert_eq!(status(relay, &sent).await, expected, "{host} {origin}");
        }
    }
}

#[tokio::test]
async fn a_page_is_served_under_no_name_that_others_gave() {
    let relay = served(RelayLimits::default()).await;
    for host in [
        "evil.example",
        "127.0.0.1.evil.example:7667",
        "",
        "evil@localhost",
    ] {
        let sent = format!("GET / HTTP/1.1\r\nHost: {host}\r\n\r\n");
        let answer = answer(&relay, sent.as_bytes()).await;
        assert!(
            answer.starts_with("HTTP/1.1 421 Misdirected Request\r\n"),
            "{host}: {answer}"
        );
        assert!(answer.contains("--origin https://NAME") && !answer.contains("hello"));
    }
}

#[tokio::test]
async fn those_who_send_byte_by_byte_are_not_waited_for() {
    const AT_ONCE: u8 = 4;
    let relay = served(RelayLimits {
        join: Duration::from_millis(500),
        address_clients: AT_ONCE.into(),
        ..RelayLimits::default()
    })
    .await;
    let mut slow = Vec::new();
    for _ in 0..AT_ONCE {
        let mut stream = TcpStream::connect(relay.address).await.unwrap();
        slow.push(tokio::spawn(async move {
            for byte in b"GET / HTTP/1.1\r\nHost: localhost\r\n".iter().cycle() {
                if stream.write_all(&[*byte]).await.is_err() {
                    return;
                }
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        }));
    }
    wait_until(|| relay.counts().refused == AT_ONCE.into()).await;
    for stream in slow {
        stream.await.unwrap();
    }
    assert!(get(&relay, "/", "").await.ends_with("<p>hello"));
}

#[tokio::test]
async fn half_a_request_is_not_waited_for() {
    let relay = served(RelayLimits {
        join: Duration::from_millis(200),
        ..RelayLimits::default()
    })
    .await;
    for sent in ["G", "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: loc"] {
        assert_eq!(answer(&relay, sent.as_bytes()).await, "", "{sent}");
    }
    assert_eq!(relay.counts().refused, 3);
}

#[tokio::test]
async fn those_who_do_not_read_their_answer_disturb_nobody() {
    let body = vec![7; 16 << 20];
    let folder = folder(&[("index.html", b"<p>hello"), ("a.wasm", &body)]);
    let page = Page::read(folder.path()).unwrap();
    let relay = Served::made(RelayLimits::default(), |relay| relay.with_page(page)).await;
    let (alice, bob) = (relay.join("tea").await, relay.join("tea").await);
    let mut silent = Vec::new();
    for _ in 0..32 {
        let mut stream = TcpStream::connect(relay.address).await.unwrap();
        stream
            .write_all(b"GET /a.wasm HTTP/1.1\r\nHost: localhost\r\n\r\n")
            .await
            .unwrap();
        // It has begun.
        stream.read_exact(&mut [0; 1_000]).await.unwrap();
        silent.push(stream);
    }
    alice.send(bytes("undisturbed")).await.unwrap();
    assert_eq!(hear(&bob).await, "undisturbed");
    assert!(get(&relay, "/", "").await.ends_with("<p>hello"));
    // Nor does one that waits stop the relay from ending.
    relay.shut_down().await;
}

#[tokio::test]
async fn members_speak_websocket_on_the_same_port() {
    let relay = served(RelayLimits::default()).await;
    let alice = relay.join("tea").await;
    let address = format!("ws://{}/any", relay.address).parse().unwrap();
    let bob = RelayConnect::new(address, room("tea"))
        .unwrap()
        .connect()
        .await
        .unwrap();
    bob.send(bytes("hello")).await.unwrap();
    assert_eq!(hear(&alice).await, "hello");
    alice.send(bytes("you")).await.unwrap();
    assert_eq!(hear(&bob).await, "you");
}

#[tokio::test]
async fn a_full_relay_says_so_to_a_browser() {
    let relay = served(RelayLimits {
        clients: 0,
        ..RelayLimits::default()
    })
    .await;
    let answer = get(&relay, "/", "").await;
    assert!(
        answer.starts_with("HTTP/1.1 503 Service Unavailable\r\n"),
        "{answer}"
    );
}

fn refused(files: &[(&str, &[u8])]) -> PageError {
    Page::read(folder(files).path()).unwrap_err()
}

#[test]
fn a_folder_that_is_no_page_is_refused() {
    let index = ("index.html", &b"<p>hello"[..]);
    assert!(matches!(refused(&[]), PageError::NoIndex));
    assert!(matches!(refused(&[("a.js", b"")]), PageError::NoIndex));
    for name in [
        "a.exe",
        "a",
        ".a.js",
        ".git/a.js",
        "a b.js",
        "a?.js",
        "a.js.gz",
        "\u{e9}.js",
    ] {
        assert!(
            matches!(refused(&[index, (name, b"")]), PageError::Kind { .. }),
            "{name}"
        );
    }
    #[cfg(unix)]
    for target in ["/etc/passwd", "index.html", "."] {
        let folder = folder(&[index]);
        std::os::unix::fs::symlink(target, folder.path().join("a.js")).unwrap();
        let error = Page::read(folder.path()).unwrap_err();
        assert!(matches!(error, PageError::Kind { .. }), "{target}: {error}");
    }
    let large = vec![0; 33 << 20];
    assert!(matches!(
        refused(&[index, ("a.wasm", &large)]),
        PageError::TooLarge
    ));
    let missing = Page::read(Path::new("/no/such/folder")).unwrap_err();
    assert!(matches!(missing, PageError::Read { .. }));
}
