//! A carrier by anyone: a program of its own that speaks the frames of the relay on its standard input and output.
//! `docs/spec/07-transport.md`, "A carrier by anyone".
//!
//! ```text
//!   this side   Join ─────────────>  stdin    mpotr-transport-NAME    ──>  whatever it carries packets by
//!               joined, report <───  stdout
//!               packets <────────>
//!               words <────────────  stderr
//! ```
//!
//! The program is as trusted as any other that the person starts: it can read what is not encrypted, lose and forge, and
//! has the rights of who starts it. So a program is started by what a person types alone, and never by a link.

mod login;
mod program;
mod words;

pub use login::ExecLogin;

use std::io;
use std::path::PathBuf;
use std::process::Stdio;
use std::sync::Mutex as SyncMutex;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt;
use mpotr_core::{Carrier, LinkReport};
use tokio::io::AsyncWriteExt;
use tokio::process::{Child, ChildStdin, ChildStdout, Command};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::{Instant, sleep, timeout};
use tokio_util::codec::FramedRead;

use crate::frame::{
    FrameCodec, FrameError, Join, MAX_PACKET, RefusalCode, Report, RoomName, ServerFrame,
};
use crate::transport::{CloseCode, Closed, Connect, Received, Transport};
use program::Program;
use words::Words;

/// From the start to the word that the room is joined: what is behind the program may be far.
const CONNECT_LIMIT: Duration = Duration::from_secs(60);

/// The first report follows that word at once.
const REPORT_LIMIT: Duration = Duration::from_secs(2);

/// How long the last frames of a program that reads no more are waited for.
const LAST_LIMIT: Duration = Duration::from_secs(1);

/// From the end of its input to its end.
const CLOSE_LIMIT: Duration = Duration::from_secs(5);

type Frames = FramedRead<ChildStdout, FrameCodec>;

/// Starts a program for each connection of one member to one room.
#[derive(Clone, Debug)]
pub struct ExecConnect {
    program: Program,
    address: Option<String>,
    nick: String,
    login: ExecLogin,
    room: RoomName,
    /// When the last connection ended.
    ended: Arc<SyncMutex<Option<Instant>>>,
}

impl ExecConnect {
    /// The program `mpotr-transport-<name>` that would be started: beside the own one, or of the search path.
    ///
    /// # Errors
    /// There is no such program.
    pub fn find(name: &str) -> Result<PathBuf, Closed> {
        Program::named(name).path()
    }

    /// By the program `mpotr-transport-<name>` beside the own one or of the search path, which is told an address and a nick
    /// by its environment. `None` if that is not a name: letters from a to z, digits and hyphens.
    #[must_use]
    pub fn new(
        name: &str,
        address: Option<&str>,
        nick: &str,
        room: impl Into<RoomName>,
    ) -> Option<Self> {
        let program = Program::named(name);
        Self::is_name(name).then(|| Self::with(program, address, nick, room.into()))
    }

    /// Whether such a program can be called so.
    #[must_use]
    pub fn is_name(name: &str) -> bool {
        let is_of_name = |byte: u8| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'-');
        !name.is_empty() && name.bytes().all(is_of_name)
    }

    /// The same by a program wherever it is.
    #[must_use]
    pub fn of_program(
        program: impl Into<PathBuf>,
        address: Option<&str>,
        nick: &str,
        room: impl Into<RoomName>,
    ) -> Self {
        Self::with(Program::At(program.into()), address, nick, room.into())
    }

    fn with(program: Program, address: Option<&str>, nick: &str, room: RoomName) -> Self {
        Self {
            program,
            address: address.map(str::to_owned),
            nick: nick.to_owned(),
            login: ExecLogin::default(),
            room,
            ended: Arc::default(),
        }
    }

    /// Tells the program how to show the carrier who comes.
    #[must_use]
    pub fn login(self, login: ExecLogin) -> Self {
        Self { login, ..self }
    }

    fn start(&self) -> Result<Child, Closed> {
        let program = self.program.path()?;
        let mut command = Command::new(&program);
        self.login.tell(&mut command);
        command
            .env("MPOTR_NICK", &self.nick)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            // What it writes is not to reach a terminal as it is.
            .stderr(Stdio::piped())
            // Where nobody can wait for its end any longer.
            .kill_on_drop(true);
        // A key that ends this program is not to end the carrier before the last words are out.
        #[cfg(unix)]
        command.process_group(0);
        if let Some(address) = &self.address {
            command.env("MPOTR_ADDRESS", address);
        }
        let ended = *self.ended.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(ended) = ended {
            let away = ended.elapsed().as_millis().to_string();
            command.env("MPOTR_AWAY", away);
        }
        command.spawn().map_err(|error| {
            let program = program.display();
            let text = format!("the program {program} does not start: {error}");
            Closed::new(CloseCode::Refused, text)
        })
    }
}

impl Connect for ExecConnect {
    type Transport = ExecTransport;

    async fn connect(&self) -> Result<ExecTransport, Closed> {
        let mut child = self.start()?;
        let pipes = (child.stdin.take(), child.stdout.take(), child.stderr.take());
        let (Some(input), Some(output), Some(errors)) = pipes else {
            return Err(lost());
        };
        let frames = FramedRead::new(output, FrameCodec::new(ServerFrame::MAX));
        let mut transport = ExecTransport {
            carrier: Carrier {
                name: "exec",
                ..Carrier::RELAY
            },
            link: SyncMutex::default(),
            first: SyncMutex::default(),
            input: Mutex::new(Some(input)),
            output: Mutex::new(Some(frames)),
            words: Words::of(errors),
            child: Some(child),
            ended: None,
        };
        let joined = timeout(CONNECT_LIMIT, transport.join(&self.room)).await;
        let silent = |_elapsed| {
            let text = "the program does not say that the room is joined";
            Err(Closed::new(CloseCode::Unreachable, text))
        };
        match joined.unwrap_or_else(silent) {
            Ok(()) => {
                transport.ended = Some(Arc::clone(&self.ended));
                Ok(transport)
            }
            Err(closed) => Err(transport.with_last_words(closed).await),
        }
    }
}

/// A program that runs.
#[derive(Debug)]
pub struct ExecTransport {
    carrier: Carrier,
    link: SyncMutex<LinkReport>,
    /// What came in place of the first report.
    first: SyncMutex<Option<Received>>,
    /// Gone when a send was given up in the middle of a frame, or the transport is closed.
    input: Mutex<Option<ChildStdin>>,
    output: Mutex<Option<Frames>>,
    words: Words,
    child: Option<Child>,
    /// Where its end is noted, once the room is joined.
    ended: Option<Arc<SyncMutex<Option<Instant>>>>,
}

impl ExecTransport {
    async fn join(&mut self, room: &RoomName) -> Result<(), Closed> {
        let input = self.input.get_mut().as_mut().ok_or_else(lost)?;
        let join = Join { room: room.clone() }.to_frame();
        let asked = input.write_all(&join).await;
        let frames = self.output.get_mut().as_mut().ok_or_else(lost)?;
        let answer = next(frames).await?;
        // One that reads no more may have said why before.
        asked.map_err(of_io)?;
        if answer != ServerFrame::Joined {
            return Err(out_of_place());
        }
        // A program without a report is taken for one that carries what a relay does.
        let Ok(frame) = timeout(REPORT_LIMIT, next(frames)).await else {
            return Ok(());
        };
        match frame? {
            ServerFrame::Report(report) => {
                self.carrier = carrier(&report);
                self.note(&report);
            }
            ServerFrame::Packet { sender, packet } => {
                *self.first.get_mut().unwrap_or_else(PoisonError::into_inner) =
                    Some(Received::Packet { sender, packet });
            }
            ServerFrame::Joined | ServerFrame::Refused(_) => return Err(out_of_place()),
        }
        Ok(())
    }

    /// A reason, and what the program has said last, which is often the better one.
    async fn with_last_words(&self, closed: Closed) -> Closed {
        match self.words.last().await {
            Some(words) => Closed {
                text: format!("{}; its last words: {words}", closed.text),
                ..closed
            },
            None => closed,
        }
    }

    fn note(&self, report: &Report) {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner) = report.link;
    }

    async fn write(&self, packet: Bytes) -> Result<(), Closed> {
        let length = packet.len();
        if !(1..=MAX_PACKET).contains(&length) {
            let text = format!("a packet of {length} bytes cannot be sent");
            return Err(Closed::new(CloseCode::Protocol, text));
        }
        let mut slot = self.input.lock().await;
        // Taken out while it writes: if this future is dropped half-way, the pipe is closed with it.
        let mut input = slot.take().ok_or_else(lost)?;
        let frame = FrameCodec::encode(&[&packet]);
        let written = async {
            input.write_all(&frame).await?;
            input.flush().await
        };
        if let Err(error) = written.await {
            // Why it reads no more is what it said last, which is read on the other side.
            sleep(LAST_LIMIT).await;
            return Err(of_io(error));
        }
        *slot = Some(input);
        Ok(())
    }
}

impl Transport for ExecTransport {
    fn carrier(&self) -> Carrier {
        self.carrier
    }

    async fn send(&self, packet: Bytes) -> Result<(), Closed> {
        self.write(packet).await
    }

    async fn receive(&self) -> Result<Received, Closed> {
        let first = self
            .first
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .take();
        if let Some(first) = first {
            return Ok(first);
        }
        let mut slot = self.output.lock().await;
        let frames = slot.as_mut().ok_or_else(lost)?;
        loop {
            let frame = tokio::select! {
                frame = next(frames) => frame,
                text = self.words.next() => return Ok(Received::Notice { text }),
            };
            let frame = match frame {
                Ok(frame) => frame,
                Err(closed) => return Err(self.with_last_words(closed).await),
            };
            match frame {
                ServerFrame::Packet { sender, packet } => {
                    return Ok(Received::Packet { sender, packet });
                }
                ServerFrame::Report(report) => self.note(&report),
                ServerFrame::Joined | ServerFrame::Refused(_) => return Err(out_of_place()),
            }
        }
    }

    fn link(&self) -> LinkReport {
        *self.link.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn close(mut self) -> Result<(), Closed> {
        drop(self.input.get_mut().take());
        let output = self.output.get_mut().take();
        match self.child.take() {
            Some(child) => finish(child, output).await,
            None => Err(lost()),
        }
    }
}

impl Drop for ExecTransport {
    fn drop(&mut self) {
        if let Some(ended) = &self.ended {
            *ended.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now());
        }
        drop(self.input.get_mut().take());
        let output = self.output.get_mut().take();
        if let (Some(child), Ok(runtime)) = (self.child.take(), Handle::try_current()) {
            runtime.spawn(finish(child, output));
        }
    }
}

/// Waits until the program, whose input has ended, has sent all that it was given and ends.
async fn finish(mut child: Child, output: Option<Frames>) -> Result<(), Closed> {
    let reading = async {
        // One that cannot write does not end.
        if let Some(mut frames) = output {
            while let Some(Ok(_frame)) = frames.next().await {}
        }
    };
    let ended = timeout(CLOSE_LIMIT, async { tokio::join!(child.wait(), reading).0 });
    match ended.await {
        Ok(Ok(status)) if status.success() => Ok(()),
        Ok(Ok(status)) => Err(Closed::new(
            CloseCode::Lost,
            format!("the program ended with {status}"),
        )),
        Ok(Err(error)) => Err(of_io(error)),
        Err(_elapsed) => {
            let _over = child.start_kill();
            Err(Closed::new(CloseCode::Lost, "the program does not end"))
        }
    }
}

const fn carrier(report: &Report) -> Carrier {
    Carrier {
        name: "exec",
        max_packet: match report.max_packet {
            Some(most) if most < MAX_PACKET => most,
            _ => MAX_PACKET,
        },
        unit: report.unit,
        echoes: report.echoes,
        ordered: report.ordered,
    }
}

/// The next frame of the program.
async fn next(frames: &mut Frames) -> Result<ServerFrame, Closed> {
    let payload = match frames.next().await {
        Some(Ok(payload)) => payload,
        Some(Err(FrameError::Io(error))) => return Err(of_io(error)),
        Some(Err(FrameError::Decode(error))) => return Err(of_frame(error)),
        None => return Err(Closed::new(CloseCode::Lost, "the program has ended")),
    };
    let frame = ServerFrame::decode(&payload).map_err(of_frame)?;
    if let ServerFrame::Refused(refusal) = frame {
        let code = match refusal.code() {
            RefusalCode::Malformed | RefusalCode::Version | RefusalCode::TooLong => {
                CloseCode::Refused
            }
            RefusalCode::Flooding => {
                return Err(Closed::new(CloseCode::Refused, refusal.text()).retrying(true));
            }
            RefusalCode::Silent => CloseCode::Unreachable,
            RefusalCode::TooSlow => CloseCode::TooSlow,
            RefusalCode::Full | RefusalCode::RoomFull | RefusalCode::AddressFull => CloseCode::Full,
            RefusalCode::ShuttingDown => CloseCode::ShuttingDown,
            RefusalCode::Idle => CloseCode::Lost,
            RefusalCode::Tls => CloseCode::Tls,
            RefusalCode::Pin => CloseCode::Pin,
            RefusalCode::Auth => CloseCode::Auth,
            RefusalCode::NameTaken => CloseCode::NameTaken,
            RefusalCode::Kicked => CloseCode::Kicked,
        };
        return Err(Closed::new(code, refusal.text()));
    }
    Ok(frame)
}

fn of_frame(error: impl core::fmt::Display) -> Closed {
    let text = format!("the program does not speak the frames of the relay: {error}");
    Closed::new(CloseCode::Protocol, text)
}

fn of_io(error: io::Error) -> Closed {
    Closed::new(CloseCode::Lost, error)
}

fn out_of_place() -> Closed {
    of_frame("a frame is out of place")
}

fn lost() -> Closed {
    Closed::new(CloseCode::Lost, "the connection is closed")
}
