//! How long a room takes on servers that hold clients back as they do by default, at the pace that every network bears:
//! `cargo test -p mpotr-transport --features irc --test carriers -- --ignored --nocapture measure`. docs/benchmarks.md has what
//! came out.

use std::io::Write as _;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use futures::future::join_all;
use mpotr_core::Timers;
use mpotr_transport::irc::{IrcConnect, Login};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::TcpStream;
use tokio::time::{Instant, sleep};

use crate::member::Member;
use crate::server::{Kind, Server};

/// Members of the room.
const MEMBERS: usize = 8;

fn tell(what: &str) {
    let line = format!("{what}\n");
    std::io::stderr().write_all(line.as_bytes()).unwrap();
}

fn connect(server: &Server, form: &str, name: &str) -> IrcConnect {
    let address = format!("irc://127.0.0.1:{}/tea{form}", server.port);
    IrcConnect::new(address.parse().unwrap(), name, Login::Nobody).unwrap()
}

/// Counts what is said in the channel in lines, by a client that says nothing.
async fn count_lines(server: &Server) -> Arc<AtomicUsize> {
    let stream = TcpStream::connect(("127.0.0.1", server.port))
        .await
        .unwrap();
    let (reader, mut writer) = stream.into_split();
    let mut lines = BufReader::new(reader).lines();
    let hello = b"NICK counter\r\nUSER c 0 * :c\r\n";
    writer.write_all(hello).await.unwrap();
    let counted = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&counted);
    tokio::spawn(async move {
        while let Ok(Some(line)) = lines.next_line().await {
            if line.contains(" 422 ") || line.contains(" 376 ") {
                writer.write_all(b"JOIN #tea\r\n").await.unwrap();
            }
            if line.starts_with("PING") {
                writer.write_all(b"PONG :x\r\n").await.unwrap();
            }
            if line.contains(" PRIVMSG #tea ") {
                count.fetch_add(1, Ordering::Relaxed);
            }
        }
    });
    counted
}

async fn is_final(member: &mut Member, texts: usize) {
    if member.order.len() < texts {
        member
            .until("a final text", |member, _| {
                (member.order.len() >= texts).then_some(())
            })
            .await;
    }
}

/// A room on a server.
struct Measured {
    server: Server,
    form: &'static str,
    name: String,
    count: Arc<AtomicUsize>,
    members: Vec<Member>,
}

impl Measured {
    /// How long eight take to their first epoch.
    async fn begin(kind: Kind, form: &'static str) -> Option<Self> {
        let server = Server::start_one(kind, true).await?;
        let count = count_lines(&server).await;
        let began = Instant::now();
        let names: Vec<_> = (1..=MEMBERS).map(|number| format!("m{number}")).collect();
        let entering = names
            .iter()
            .map(|name| Member::enter_with(connect(&server, form, name), MEMBERS, Timers::RELAY));
        let mut members = join_all(entering).await;
        let secure = members.iter_mut().map(|member| member.secure_with(MEMBERS));
        join_all(secure).await;
        let lines = count.load(Ordering::Relaxed);
        let name = format!("{kind:?}{form}");
        let took = began.elapsed();
        tell(&format!(
            "{name}: first epoch of {MEMBERS}: {took:?}, {lines} lines"
        ));
        Some(Self {
            server,
            form,
            name,
            count,
            members,
        })
    }

    /// How long it takes until a text is final that is the only one, and how many lines.
    async fn quiet_text(&mut self, round: usize) {
        sleep(Duration::from_secs(60)).await;
        let (before, began) = (self.count.load(Ordering::Relaxed), Instant::now());
        self.members[0].say(format!("a quiet text {round}")).await;
        let ends = self
            .members
            .iter_mut()
            .map(|member| is_final(member, round));
        join_all(ends).await;
        let took = began.elapsed();
        sleep(Duration::from_secs(60)).await;
        let lines = self.count.load(Ordering::Relaxed) - before;
        let name = &self.name;
        tell(&format!(
            "{name}: a quiet text is final: {took:?}; lines in a minute: {lines}"
        ));
    }

    /// How long a long text takes to all.
    async fn long_text(&mut self) {
        let began = Instant::now();
        let long: Vec<u8> = (0..=250).cycle().take(10_000).collect();
        self.members[0].say(long.clone()).await;
        let all = [long].into();
        join_all(self.members.iter_mut().map(|member| member.reads_all(&all))).await;
        tell(&format!(
            "{}: 10 kB are read by all: {:?}",
            self.name,
            began.elapsed()
        ));
    }

    /// How long it takes until another is in, and out again.
    async fn changes(&mut self) {
        sleep(Duration::from_secs(30)).await;
        let began = Instant::now();
        let way = connect(&self.server, self.form, "m9");
        let mut newcomer = Member::enter_with(way, 2, Timers::RELAY).await;
        let others = self
            .members
            .iter_mut()
            .map(|it| it.secure_with(MEMBERS + 1));
        tokio::join!(newcomer.secure_with(MEMBERS + 1), join_all(others));
        tell(&format!(
            "{}: a ninth is in: {:?}",
            self.name,
            began.elapsed()
        ));
        sleep(Duration::from_secs(30)).await;
        let began = Instant::now();
        let others = self.members.iter_mut().map(|it| it.secure_with(MEMBERS));
        tokio::join!(newcomer.leaves(), join_all(others));
        tell(&format!(
            "{}: it is out again: {:?}",
            self.name,
            began.elapsed()
        ));
    }
}

async fn measure(kind: Kind, form: &'static str) {
    let Some(mut room) = Measured::begin(kind, form).await else {
        return;
    };
    for round in 1..=2 {
        room.quiet_text(round).await;
    }
    room.long_text().await;
    room.changes().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement, which takes minutes"]
async fn measure_lines_on_ngircd() {
    measure(Kind::Ngircd, "").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement, which takes minutes"]
async fn measure_lines_on_inspircd() {
    measure(Kind::Inspircd, "?carrier=lines").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a measurement, which takes minutes"]
async fn measure_tags_on_inspircd() {
    measure(Kind::Inspircd, "?carrier=tags").await;
}
