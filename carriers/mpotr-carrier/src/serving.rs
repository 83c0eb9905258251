//! Frames on one side, a transport on the other.

use core::pin::pin;
use std::io::{self, Write as _};
use std::process::ExitCode;
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use mpotr_transport::frame::{
    FrameCodec, FrameError, Join, MAX_PACKET, Report, RoomName, ServerFrame,
};
use mpotr_transport::{CloseCode, Closed, LinkReport, Received, Transport};
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt as _};
use tokio::sync::mpsc::{self, Sender};
use tokio::time::{Instant, MissedTickBehavior, interval, timeout};
use tokio_util::codec::FramedRead;

use crate::asked::Asked;
use crate::closing::refusal;

/// Frames that wait to be written. Behind them the carrier waits.
const WAITING: usize = 16;

/// How often the link is looked at, and how often it is told what changes all the time.
const LOOK: Duration = Duration::from_millis(250);
const TELL: Duration = Duration::from_secs(2);

/// From the end of input to the end: `mpotr` waits for 5 s.
const CLOSE_LIMIT: Duration = Duration::from_millis(4_500);

/// How long the last frames may take.
const LAST_LIMIT: Duration = Duration::from_secs(2);

/// Where what is for a person goes, a line at a time.
pub trait Words: Sync {
    /// A line.
    fn say(&self, line: &str);
}

impl<F: Fn(&str) + Sync> Words for F {
    fn say(&self, line: &str) {
        self(line);
    }
}

/// A whole program: what `main` returns. `open` connects, and has joined the room when it is done.
#[must_use]
pub fn run<T, F>(open: impl FnOnce(Asked) -> F) -> ExitCode
where
    T: Transport,
    F: Future<Output = Result<T, Closed>>,
{
    let mut builder = tokio::runtime::Builder::new_current_thread();
    let words = |line: &str| {
        // Nobody may be there to read it.
        let _unread = writeln!(io::stderr(), "{line}");
    };
    let runtime = match builder.enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            words(&error.to_string());
            return ExitCode::FAILURE;
        }
    };
    let (input, output) = (tokio::io::stdin(), tokio::io::stdout());
    let open = |room| open(Asked::from_environment(room));
    let ended = runtime.block_on(serve(input, output, &words, open));
    // A thread may still wait for input.
    runtime.shutdown_background();
    match ended {
        Ok(()) => ExitCode::SUCCESS,
        // Its frame said why.
        Err(_told) => ExitCode::FAILURE,
    }
}

/// The same between any two streams.
///
/// # Errors
/// What was told by the last frame: why the transport is over, or that the input is no frames.
pub async fn serve<T, F>(
    input: impl AsyncRead + Unpin,
    mut output: impl AsyncWrite + Unpin,
    words: &dyn Words,
    open: impl FnOnce(RoomName) -> F,
) -> Result<(), Closed>
where
    T: Transport,
    F: Future<Output = Result<T, Closed>>,
{
    let (say, mut said) = mpsc::channel::<Bytes>(WAITING);
    let writing = async move {
        while let Some(frame) = said.recv().await {
            output.write_all(&frame).await?;
            output.flush().await?;
        }
        Ok::<_, io::Error>(())
    };
    let serving = async {
        let ended = between(input, &say, words, open).await;
        if let Err(closed) = &ended {
            let last = say.send(ServerFrame::Refused(refusal(closed)).to_frame());
            let _unread = timeout(LAST_LIMIT, last).await;
        }
        drop(say);
        ended
    };
    let (mut writing, mut serving) = (pin!(writing), pin!(serving));
    tokio::select! {
        ended = &mut serving => {
            let _in_time = timeout(LAST_LIMIT, writing).await;
            ended
        }
        // Nobody reads. What was to be sent is sent, for the input ends next.
        _ = &mut writing => serving.await,
    }
}

async fn between<T, F>(
    input: impl AsyncRead + Unpin,
    say: &Sender<Bytes>,
    words: &dyn Words,
    open: impl FnOnce(RoomName) -> F,
) -> Result<(), Closed>
where
    T: Transport,
    F: Future<Output = Result<T, Closed>>,
{
    let mut frames = FramedRead::new(input, FrameCodec::new(Join::MAX));
    let Some(join) = next(&mut frames).await? else {
        return Ok(());
    };
    let join = Join::decode(&join).map_err(|error| no_frames(&error))?;
    let transport = open(join.room).await?;
    frames.decoder_mut().set_limit(MAX_PACKET);
    let carrier = transport.carrier();
    let report = |link| {
        let report = Report {
            max_packet: Some(carrier.max_packet),
            unit: carrier.unit,
            echoes: carrier.echoes,
            ordered: carrier.ordered,
            link,
        };
        ServerFrame::Report(report).to_frame()
    };
    tell(say, ServerFrame::Joined.to_frame()).await?;
    tell(say, report(transport.link())).await?;
    let ended = tokio::select! {
        ended = sending(&mut frames, &transport) => ended,
        ended = receiving(&transport, say, words) => ended,
        ended = reporting(&transport, say, report) => ended,
    };
    ended?;
    match timeout(CLOSE_LIMIT, transport.close()).await {
        Ok(closed) => closed,
        Err(_elapsed) => Err(Closed::new(
            CloseCode::Lost,
            "the last packets are not sent in time",
        )),
    }
}

/// What the room says goes to the carrier, one packet after the other, until it says nothing more.
async fn sending<R: AsyncRead + Unpin>(
    frames: &mut FramedRead<R, FrameCodec>,
    transport: &impl Transport,
) -> Result<(), Closed> {
    let most = transport.carrier().max_packet;
    while let Some(packet) = next(frames).await? {
        let length = packet.len();
        if length > most {
            let text = format!("a packet of {length} bytes, and this carrier takes {most}");
            return Err(Closed::new(CloseCode::Protocol, text));
        }
        transport.send(packet).await?;
    }
    Ok(())
}

async fn receiving(
    transport: &impl Transport,
    say: &Sender<Bytes>,
    words: &dyn Words,
) -> Result<(), Closed> {
    loop {
        match transport.receive().await? {
            // What no frame holds was not sent by a member.
            Received::Packet { packet, .. } if !(1..=MAX_PACKET).contains(&packet.len()) => {}
            Received::Packet { sender, packet } => {
                tell(say, ServerFrame::Packet { sender, packet }.to_frame()).await?;
            }
            Received::Plain { name, text, .. } => words.say(&format!("{name}: {text}")),
            Received::Notice { text } => words.say(&text),
            // Who comes and goes has no frame, and what is new here neither.
            Received::Present { .. } | _ => {}
        }
    }
}

/// Tells what the link does: at once whether something waits, and now and then what changes all the time.
async fn reporting(
    transport: &impl Transport,
    say: &Sender<Bytes>,
    report: impl Fn(LinkReport) -> Bytes,
) -> Result<(), Closed> {
    let (mut told, mut since) = (transport.link(), Instant::now());
    let mut looks = interval(LOOK);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let link = transport.link();
        let is_new = (link.queued > 0) != (told.queued > 0);
        if link != told && (is_new || since.elapsed() >= TELL) {
            tell(say, report(link)).await?;
            (told, since) = (link, Instant::now());
        }
    }
}

async fn tell(say: &Sender<Bytes>, frame: Bytes) -> Result<(), Closed> {
    let gone = |_frame| Closed::new(CloseCode::Lost, "nobody reads what the program writes");
    say.send(frame).await.map_err(gone)
}

async fn next<R: AsyncRead + Unpin>(
    frames: &mut FramedRead<R, FrameCodec>,
) -> Result<Option<Bytes>, Closed> {
    match frames.next().await.transpose() {
        Ok(frame) => Ok(frame),
        Err(FrameError::Io(error)) => Err(Closed::new(CloseCode::Lost, error)),
        Err(FrameError::Decode(error)) => Err(no_frames(&error)),
    }
}

fn no_frames(error: &dyn core::fmt::Display) -> Closed {
    let text = format!("what comes is no frame of mpotr: {error}");
    Closed::new(CloseCode::Protocol, text)
}
