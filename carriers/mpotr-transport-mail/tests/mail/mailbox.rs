//! What else comes to a mailbox, and what becomes of it.

use std::time::Duration;

use mpotr_transport::Connect as _;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::limits::two;
use crate::server::Servers;
use crate::talking::{packet, received, send};

/// Puts a mail into the mailbox of `bob`, as it is.
async fn comes_to_bob(servers: &Servers, mail: &str) {
    let stream = TcpStream::connect(("127.0.0.1", servers.lmtp))
        .await
        .unwrap();
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let mail = mail.replace("\n.", "\n..");
    for command in [
        "LHLO h\r\n",
        "MAIL FROM:<eve@h>\r\n",
        "RCPT TO:<bob@mail.example>\r\n",
        "DATA\r\n",
        &format!("{mail}\r\n.\r\n"),
        "QUIT\r\n",
    ] {
        // The answer to the one before, of which the last line has no hyphen.
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.as_bytes()[3] == b' ' {
                assert!(line.starts_with('2') || line.starts_with('3'), "{line}");
                break;
            }
        }
        writer.write_all(command.as_bytes()).await.unwrap();
    }
    while lines.next_line().await.is_ok_and(|line| line.is_some()) {}
}

const HEAD: &str = "From: eve@h\r\nTo: bob@mail.example\r\nMpotr-From: 00000000000000ff\r\n";

fn part(text: &str) -> String {
    format!(
        "--b\r\nContent-Type: application/vnd.mpotr\r\nContent-Transfer-Encoding: base64\r\n\r\n{text}\r\n"
    )
}

fn mixed(head: &str, parts: &str) -> String {
    format!("{head}Content-Type: multipart/mixed; boundary=b\r\n\r\n{parts}--b--\r\n")
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn mails_that_are_none_of_ours_are_left_alone_and_hostile_ones_stop_nobody() {
    let Some(servers) = Servers::plain().await else {
        return;
    };
    let (alice, bob) = two(&servers).await;
    let nested: String = (0..5_000)
        .map(|level| {
            format!("Content-Type: multipart/mixed; boundary=b{level:05}\r\n\r\n--b{level:05}\r\n")
        })
        .collect();
    for mail in [
        // Of a person.
        "From: eve@h\r\nSubject: hello\r\n\r\nhello\r\n",
        // Bounces and answers of programs.
        &mixed(
            &format!("{HEAD}Auto-Submitted: auto-replied\r\n"),
            &part("AQID"),
        ),
        &mixed(HEAD, &part("AQID")).replace("multipart/mixed", "multipart/report"),
        // Not as it has to be.
        &mixed("Mpotr-From: x\r\n", &part("AQID")),
        &mixed(HEAD, &part("no base64!")),
        &mixed(HEAD, ""),
        &format!("{HEAD}{nested}"),
        &mixed(
            &format!("{HEAD}{}", "X-Long: y\r\n".repeat(30_000)),
            &part("AQ=="),
        ),
        &mixed(
            &format!("{HEAD}X-Long: {}\r\n", "y ".repeat(100_000)),
            &part("no"),
        ),
        &mixed(HEAD, &part(&"QUJDREVG".repeat(100_000))),
    ] {
        comes_to_bob(&servers, mail).await;
    }
    send(&alice, b"hello").await;
    let mut came = Vec::new();
    while came.last().is_none_or(|last: &Vec<u8>| last != b"hello") {
        came.push(packet(&bob).await);
    }
    // Of many headers the part is read still.
    assert_eq!(came, [vec![1], b"hello".to_vec()]);
    // What is not ours is as it came: not seen by anyone. The others are marked.
    let is_marked = async {
        loop {
            let mails = servers.mails("bob");
            let unseen = mails.iter().filter(|name| !name.ends_with('S')).count();
            if (mails.len(), unseen) == (11, 1) {
                return;
            }
            sleep(Duration::from_millis(100)).await;
        }
    };
    let marked = timeout(Duration::from_secs(20), is_marked).await;
    assert!(marked.is_ok(), "{:?}", servers.mails("bob"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_mail_that_comes_twice_counts_once_and_own_ones_never() {
    let Some(servers) = Servers::plain().await else {
        return;
    };
    let (alice, bob) = two(&servers).await;
    servers.list.write("twice", "");
    send(&alice, b"one").await;
    assert_eq!(packet(&bob).await, b"one");
    send(&bob, b"two").await;
    assert_eq!(packet(&alice).await, b"two");
    send(&alice, b"three").await;
    assert_eq!(packet(&bob).await, b"three");
    let nothing = timeout(Duration::from_secs(3), async {
        tokio::select! {
            more = received(&alice) => more,
            more = received(&bob) => more,
        }
    });
    assert!(nothing.await.is_err());
}

/// Two connections of one account hear each other.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_account_may_be_there_twice() {
    let Some(servers) = Servers::plain().await else {
        return;
    };
    let ways = [servers.way("alice"), servers.way("alice")];
    let (one, two) = tokio::join!(ways[0].connect(), ways[1].connect());
    let (one, two) = (one.unwrap(), two.unwrap());
    send(&one, b"hello").await;
    assert_eq!(packet(&two).await, b"hello");
    send(&two, b"hello too").await;
    assert_eq!(packet(&one).await, b"hello too");
}
