//! A socket for a session: one task that reads, writes and waits.

use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use getrandom::SysRng;
use mpotr_core::{Carrier, LinkReport};
use mpotr_crypto::rand_core::TryRng as _;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadHalf, WriteHalf};
use tokio::net::TcpStream;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::{Instant, sleep_until, timeout};
use tokio_util::codec::{AnyDelimiterCodec, AnyDelimiterCodecError, FramedRead};

use super::address::{IrcAddress, nick_like};
use super::login::Login;
use super::pacing::Pace;
use super::session::{Session, Settings};
use crate::armour::UnitId;
use crate::inbox::Inbox;
use crate::tls::Tls;
use crate::transport::{CloseCode, Closed, Connect, Received, Transport};

/// From the first packet of the connection to the channel: servers look up names, and some are in no hurry.
const CONNECT_LIMIT: Duration = Duration::from_secs(60);

/// How long a server may take nothing of what is written.
const SEND_LIMIT: Duration = Duration::from_secs(30);

/// From the goodbye to the end: a server that holds lines back has to pass them on first.
const CLOSE_LIMIT: Duration = Duration::from_secs(20);

/// The most bytes of a line: 8,191 of tags, 512 of the rest, and some for servers that count otherwise.
const LINE_LIMIT: usize = 16 << 10;

/// Makes connections of one member to one channel.
#[derive(Debug)]
pub struct IrcConnect {
    settings: Settings,
    tls: Option<Tls>,
    told: Told,
}

/// When people in the channel were told what goes on: the next connection need not tell them again.
type Told = Arc<Mutex<Option<Instant>>>;

impl IrcConnect {
    /// To a channel, as what the address says or else as what is nearest to `name`. A pinned key, if there is one, takes the
    /// place of authorities.
    ///
    /// # Errors
    /// The login tells a secret, and the connection would not be encrypted or shown a certificate that it needs; or TLS is not
    /// to be had.
    pub fn new(address: IrcAddress, name: &str, login: Login) -> Result<Self, Closed> {
        let on_this_machine = matches!(address.host.as_str(), "localhost" | "127.0.0.1" | "::1");
        if login.is_secret() && !address.tls && !on_this_machine {
            let text = "a password goes to another machine by TLS alone: the address has to begin with ircs://";
            return Err(Closed::new(CloseCode::Auth, text));
        }
        let tls = match &login {
            _ if !address.tls => None,
            Login::Certificate { file } => Some(Tls::new(&address.pins, Some(file))?),
            Login::Nobody | Login::Server(_) | Login::Password { .. } => {
                Some(Tls::new(&address.pins, None)?)
            }
        };
        Ok(Self {
            settings: Settings {
                nick: address.nick.clone().unwrap_or_else(|| nick_like(name)),
                address,
                login,
                lines: Pace::LINES,
                tags: Pace::TAGS,
                told: None,
            },
            tls,
            told: Told::default(),
        })
    }

    /// At another pace, on a server that is known to bear it.
    #[must_use]
    pub fn paced(mut self, lines: Pace) -> Self {
        self.settings.lines = lines;
        self
    }

    async fn dial(&self) -> Result<Box<dyn Stream>, Closed> {
        let unreachable = |error: io::Error| Closed::new(CloseCode::Unreachable, error);
        let address = &self.settings.address;
        let stream = TcpStream::connect((address.host.as_str(), address.port)).await;
        let stream = stream.map_err(unreachable)?;
        stream.set_nodelay(true).map_err(unreachable)?;
        Ok(match &self.tls {
            Some(tls) => Box::new(tls.connect(&address.host, stream).await?),
            None => Box::new(stream),
        })
    }
}

/// A connection, encrypted or not.
trait Stream: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Stream for T {}

impl Connect for IrcConnect {
    type Transport = IrcTransport;

    async fn connect(&self) -> Result<IrcTransport, Closed> {
        let joined = timeout(CONNECT_LIMIT, async {
            let stream = self.dial().await?;
            let told = *self.told.lock().unwrap_or_else(PoisonError::into_inner);
            let settings = Settings {
                told,
                ..self.settings.clone()
            };
            IrcTransport::begin(stream, settings, Arc::clone(&self.told)).await
        });
        let silent = |_elapsed| Closed::new(CloseCode::Unreachable, "the server does not answer");
        joined.await.map_err(silent)?
    }
}

/// A packet to send, and who waits until its last line has left.
type Outgoing = (Bytes, oneshot::Sender<Result<(), Closed>>);

/// A place in a channel of IRC.
///
/// [`close`](Transport::close) is how to end it. Dropped, it says goodbye in the background.
#[derive(Debug)]
pub struct IrcTransport {
    carrier: Carrier,
    link: watch::Receiver<LinkReport>,
    outgoing: mpsc::Sender<Outgoing>,
    inbox: Arc<Inbox>,
    ended: oneshot::Receiver<()>,
}

impl IrcTransport {
    /// Enters the channel over a connection.
    async fn begin(
        stream: Box<dyn Stream>,
        settings: Settings,
        told: Told,
    ) -> Result<Self, Closed> {
        let (reader, writer) = tokio::io::split(stream);
        let codec = AnyDelimiterCodec::new_with_max_length(vec![b'\n'], vec![], LINE_LIMIT);
        let mut connection = Connection {
            session: Session::new(Instant::now(), settings, random()?),
            lines: FramedRead::new(reader, codec),
            writer,
            told,
        };
        let inbox = Arc::new(Inbox::default());
        while !connection.session.is_joined() {
            connection.step(&inbox).await?;
        }
        let (outgoing, requests) = mpsc::channel(1);
        let (report, link) = watch::channel(LinkReport::default());
        let (ends, ended) = oneshot::channel();
        let carrier = connection.session.carrier(Instant::now());
        let task = connection.run(requests, report, Arc::clone(&inbox));
        tokio::spawn(async move {
            task.await;
            drop(ends);
        });
        Ok(Self {
            carrier,
            link,
            outgoing,
            inbox,
            ended,
        })
    }

    fn over(&self) -> Closed {
        let closed = self.inbox.closed();
        closed.unwrap_or_else(|| Closed::new(CloseCode::Lost, "the connection is closed"))
    }
}

impl Transport for IrcTransport {
    fn carrier(&self) -> Carrier {
        self.carrier
    }

    async fn send(&self, packet: Bytes) -> Result<(), Closed> {
        let (sent, is_sent) = oneshot::channel();
        let given = self.outgoing.send((packet, sent)).await;
        given.map_err(|_over| self.over())?;
        is_sent.await.map_err(|_over| self.over())?
    }

    async fn receive(&self) -> Result<Received, Closed> {
        self.inbox.next().await
    }

    fn link(&self) -> LinkReport {
        *self.link.borrow()
    }

    async fn close(self) -> Result<(), Closed> {
        let Self {
            outgoing,
            ended,
            inbox,
            ..
        } = self;
        drop(outgoing);
        // The task drops its end, and never sends.
        let _over = ended.await;
        match inbox.closed() {
            Some(closed) if closed != said_goodbye() => Err(closed),
            _ => Ok(()),
        }
    }
}

/// What a connection ends with that this side has ended, and that the server has ended after all that was sent.
fn said_goodbye() -> Closed {
    Closed::new(CloseCode::Lost, "this client has left")
}

fn random() -> Result<u32, Closed> {
    SysRng
        .try_next_u32()
        .map_err(|error| Closed::new(CloseCode::Lost, error))
}

/// A session and its socket.
struct Connection {
    session: Session,
    lines: FramedRead<ReadHalf<Box<dyn Stream>>, AnyDelimiterCodec>,
    writer: WriteHalf<Box<dyn Stream>>,
    told: Told,
}

impl Connection {
    /// Carries packets until the connection or its owner ends.
    async fn run(
        mut self,
        mut requests: mpsc::Receiver<Outgoing>,
        report: watch::Sender<LinkReport>,
        inbox: Arc<Inbox>,
    ) {
        let closed = match self.serve(&mut requests, &report, &inbox).await {
            Err(closed) => closed,
            Ok(()) => match timeout(CLOSE_LIMIT, self.say_goodbye(&inbox)).await {
                Ok(()) => said_goodbye(),
                Err(_elapsed) => {
                    Closed::new(CloseCode::Lost, "the server does not end the connection")
                }
            },
        };
        inbox.close(closed);
    }

    /// Done when the owner has nothing more to send.
    async fn serve(
        &mut self,
        requests: &mut mpsc::Receiver<Outgoing>,
        report: &watch::Sender<LinkReport>,
        inbox: &Inbox,
    ) -> Result<(), Closed> {
        let mut under_way: Option<oneshot::Sender<Result<(), Closed>>> = None;
        loop {
            self.write().await?;
            if self.session.is_ready()
                && let Some(sent) = under_way.take()
            {
                // Who gave the packet may have stopped to wait.
                let _gone = sent.send(Ok(()));
            }
            report.send_replace(self.session.link(Instant::now()));
            tokio::select! {
                input = self.input() => self.take(input?, inbox)?,
                request = requests.recv(), if under_way.is_none() => {
                    let Some((packet, sent)) = request else {
                        return Ok(());
                    };
                    match self.session.send(Instant::now(), UnitId::new(random()?), &packet) {
                        Ok(()) => under_way = Some(sent),
                        // It cannot be sent; others can.
                        Err(refused) => {
                            let _gone = sent.send(Err(refused));
                        }
                    }
                }
            }
        }
    }

    /// Writes what may leave, and takes what comes next.
    async fn step(&mut self, inbox: &Inbox) -> Result<(), Closed> {
        self.write().await?;
        let input = self.input().await?;
        self.take(input, inbox)
    }

    /// Waits for a line, or for time to pass, which gives none. Dropped while it waits, it loses nothing.
    async fn input(&mut self) -> Result<Option<String>, Closed> {
        let now = Instant::now();
        let deadline = self.session.poll_timeout(now);
        tokio::select! {
            line = self.lines.next() => read(line).map(Some),
            () = sleep_until(deadline.unwrap_or(now)), if deadline.is_some() => Ok(None),
        }
    }

    /// Gives the session what has come, and the inbox what that comes to.
    fn take(&mut self, input: Option<String>, inbox: &Inbox) -> Result<(), Closed> {
        let now = Instant::now();
        match input {
            Some(line) => self.session.handle_line(now, &line),
            None => self.session.handle_timeout(now),
        }
        *self.told.lock().unwrap_or_else(PoisonError::into_inner) = self.session.told();
        while let Some(received) = self.session.poll_received() {
            inbox.push(received);
        }
        self.session.closed().cloned().map_or(Ok(()), Err)
    }

    /// Writes what may leave now.
    async fn write(&mut self) -> Result<(), Closed> {
        while let Some(mut line) = self.session.poll_line(Instant::now()) {
            line.push_str("\r\n");
            let written = timeout(SEND_LIMIT, async {
                self.writer.write_all(line.as_bytes()).await?;
                self.writer.flush().await
            });
            let silent = |_elapsed| Closed::new(CloseCode::Lost, "the server reads nothing");
            written.await.map_err(silent)?.map_err(lost)?;
        }
        Ok(())
    }

    /// Leaves, and waits until the server has read that, and all before it, and closes.
    async fn say_goodbye(&mut self, inbox: &Inbox) {
        self.session.leave();
        while self.step(inbox).await.is_ok() {}
    }
}

fn lost(error: io::Error) -> Closed {
    Closed::new(CloseCode::Lost, error)
}

/// A line, in whatever characters it came.
fn read(line: Option<Result<Bytes, AnyDelimiterCodecError>>) -> Result<String, Closed> {
    let line = match line {
        Some(Ok(line)) => line,
        Some(Err(AnyDelimiterCodecError::Io(error))) => return Err(lost(error)),
        Some(Err(AnyDelimiterCodecError::MaxChunkLengthExceeded)) => {
            return Err(Closed::new(
                CloseCode::Protocol,
                "not a server of IRC: a line has no end",
            ));
        }
        None => return Err(Closed::new(CloseCode::Lost, "the connection is closed")),
    };
    let line = String::from_utf8_lossy(&line);
    Ok(line.trim_end_matches('\r').to_owned())
}
