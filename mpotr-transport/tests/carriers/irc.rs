//! IRC on real servers: ngIRCd, which has lines alone, and InspIRCd, which has tags.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mpotr_transport::irc::{IrcConnect, Login, Pace};
use mpotr_transport::{CancellationToken, CloseCode, Connect as _, Received, Transport as _};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::{sleep, timeout};

use crate::carrier_contract;
use crate::contract::{Outsider, World};
use crate::server::{Kind, Server};

/// What servers bear that hold nothing back: the contract is about what arrives, not about how slowly.
const QUICK: Pace = Pace {
    burst: 20,
    every: Duration::from_millis(15),
    window: 20,
};

/// Lines that look like armour, and are not, or never end.
fn hostile_line(number: u32) -> String {
    match number % 6 {
        0 => format!("?MPOTR:{number:08x},AQAAAAAAAAA."),
        1 => format!("?MPOTR|{number:08x},00000001,1,4096,AQID."),
        2 => "?MPOTR|00000001,00000001,4096,4096,AQID.".to_owned(),
        3 => "?MPOTR:zzzzzzzz,===.".to_owned(),
        4 => format!("?MPOTR:{number:08x},AQ"),
        _ => "hello, what is this noise?".to_owned(),
    }
}

struct IrcWorld {
    server: Server,
    /// What the address says of the carrier.
    form: &'static str,
}

async fn irc(kind: Kind, form: &'static str) -> Option<IrcWorld> {
    let server = Server::start_one(kind, false).await?;
    Some(IrcWorld { server, form })
}

impl World for IrcWorld {
    type Connect = IrcConnect;

    fn connect(&self, name: &str) -> IrcConnect {
        let address = format!("irc://127.0.0.1:{}/tea{}", self.server.port, self.form);
        let connect = IrcConnect::new(address.parse().unwrap(), name, Login::Nobody);
        connect.unwrap().paced(QUICK)
    }

    async fn stop(&mut self) {
        self.server.stop();
    }

    async fn start(&mut self) {
        self.server.start().await;
    }

    async fn outsider(&self) -> Outsider {
        let stream = TcpStream::connect(("127.0.0.1", self.server.port))
            .await
            .unwrap();
        let (reader, mut writer) = stream.into_split();
        writer
            .write_all(b"NICK eve\r\nUSER eve 0 * :eve\r\n")
            .await
            .unwrap();
        let mut lines = BufReader::new(reader).lines();
        while let Some(line) = lines.next_line().await.unwrap() {
            if line.contains(" 422 ") || line.contains(" 376 ") {
                break;
            }
        }
        writer.write_all(b"JOIN #tea\r\n").await.unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let stop = CancellationToken::new();
        let (keeps, stopped) = (Arc::clone(&heard), stop.clone());
        tokio::spawn(async move {
            for number in 0_u32.. {
                tokio::select! {
                    () = stopped.cancelled() => return,
                    line = lines.next_line() => {
                        let Ok(Some(line)) = line else { return };
                        if line.starts_with("PING") {
                            let _gone = writer.write_all(b"PONG :x\r\n").await;
                        }
                        // What is said again word for word comes from another, and counts for nothing.
                        if let Some((_, said)) = line.split_once(" PRIVMSG #tea :") {
                            let again = format!("PRIVMSG #tea :{said}\r\n");
                            let _gone = writer.write_all(again.as_bytes()).await;
                        }
                        keeps.lock().unwrap().extend_from_slice(line.as_bytes());
                    }
                    () = sleep(Duration::from_millis(20)) => {
                        let line = format!("PRIVMSG #tea :{}\r\n", hostile_line(number));
                        let _gone = writer.write_all(line.as_bytes()).await;
                    }
                }
            }
        });
        Outsider {
            heard,
            is_told: true,
            _writes: stop.drop_guard(),
        }
    }
}

carrier_contract!(lines_on_ngircd, irc(Kind::Ngircd, ""));
carrier_contract!(lines_on_inspircd, irc(Kind::Inspircd, "?carrier=lines"));
carrier_contract!(tags_on_inspircd, irc(Kind::Inspircd, "?carrier=tags"));

/// Both kinds, if they are installed.
async fn both() -> Vec<Server> {
    let mut servers = Vec::new();
    for kind in [Kind::Ngircd, Kind::Inspircd] {
        servers.extend(Server::start_one(kind, false).await);
    }
    servers
}

fn connect(address: &str, name: &str) -> IrcConnect {
    IrcConnect::new(address.parse().unwrap(), name, Login::Nobody).unwrap()
}

/// The next packet, whatever else is told before it.
async fn packet(transport: &impl mpotr_transport::Transport) -> mpotr_transport::Bytes {
    loop {
        let received = timeout(Duration::from_secs(30), transport.receive()).await;
        if let Received::Packet { packet, .. } = received.unwrap().unwrap() {
            return packet;
        }
    }
}

#[tokio::test]
async fn a_pinned_key_takes_the_place_of_authorities_and_another_key_is_told() {
    for server in both().await {
        let place = format!("ircs://localhost:{}/tea", server.tls_port);
        let pinned = format!("{place}?sha256={}", server.pin());
        let alice = connect(&pinned, "alice").connect().await.unwrap();
        let bob = connect(&pinned, "bob").connect().await.unwrap();
        alice.send(b"\x01hello".as_slice().into()).await.unwrap();
        assert_eq!(packet(&bob).await, b"\x01hello".as_slice());
        let other = format!("{place}?sha256={}", "00".repeat(32));
        let closed = connect(&other, "carol").connect().await.unwrap_err();
        assert_eq!(
            (closed.code, closed.retry),
            (CloseCode::Pin, false),
            "{closed}"
        );
        // No authority vouches for it.
        let closed = connect(&place, "carol").connect().await.unwrap_err();
        assert_eq!(
            (closed.code, closed.retry),
            (CloseCode::Tls, false),
            "{closed}"
        );
    }
}

#[tokio::test]
async fn a_nick_that_another_has_gets_a_sign_and_both_are_heard() {
    for server in both().await {
        let address = format!("irc://127.0.0.1:{}/tea", server.port);
        let first = connect(&address, "alice").connect().await.unwrap();
        let second = connect(&address, "alice").connect().await.unwrap();
        first.send(b"\x01one".as_slice().into()).await.unwrap();
        assert_eq!(packet(&second).await, b"\x01one".as_slice());
        second.send(b"\x01two".as_slice().into()).await.unwrap();
        assert_eq!(packet(&first).await, b"\x01two".as_slice());
        second.close().await.unwrap();
        first.close().await.unwrap();
    }
}

/// As two clients of one network of which one has a program without tags.
#[tokio::test]
async fn who_hears_tags_is_understood_by_one_that_does_not() {
    let Some(server) = Server::start_one(Kind::Inspircd, false).await else {
        return;
    };
    let address = format!("irc://127.0.0.1:{}/tea", server.port);
    let alice = connect(&address, "alice").connect().await.unwrap();
    assert_eq!(alice.carrier().name, "irc tags");
    let by_lines = format!("{address}?carrier=lines");
    let bob = connect(&by_lines, "bob").connect().await.unwrap();
    // Bob says something first, as every member does that comes.
    bob.send(b"\x01bob".as_slice().into()).await.unwrap();
    assert_eq!(packet(&alice).await, b"\x01bob".as_slice());
    alice.send(b"\x01alice".as_slice().into()).await.unwrap();
    assert_eq!(packet(&bob).await, b"\x01alice".as_slice());
}

#[tokio::test]
async fn the_longest_packets_come_whole() {
    for server in both().await {
        let address = format!("irc://127.0.0.1:{}/tea", server.port);
        let alice = connect(&address, "alice")
            .paced(QUICK)
            .connect()
            .await
            .unwrap();
        let bob = connect(&address, "bob").connect().await.unwrap();
        for length in [1, 301, 302, 303, 2_987, 2_988, 65_536] {
            let sent: Vec<u8> = (1..=250).cycle().take(length).collect();
            let (given, heard) = tokio::join!(alice.send(sent.clone().into()), packet(&bob));
            given.unwrap();
            assert_eq!(heard, sent);
        }
        alice.close().await.unwrap();
        bob.close().await.unwrap();
    }
}
