//! A member's connection to a relay.

mod error;
mod meter;

use std::io;
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures::StreamExt;
use mpotr_core::gka::RoomId;
use mpotr_core::{Carrier, LinkReport};
use socket2::{SockRef, TcpKeepalive};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpStream, ToSocketAddrs};
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::timeout;
use tokio_util::codec::FramedRead;

use crate::frame::{FrameCodec, Join, MAX_PACKET, RoomName, ServerFrame};
use crate::transport::{Closed, Connect, Received, Transport};
use error::RelayError;
use meter::Meter;

/// From the first packet of the connection to the relay's word that the room is joined.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How long a relay may read nothing while this side has something to send.
const SEND_LIMIT: Duration = Duration::from_secs(30);

/// The most bytes that the system takes and cannot send yet. What the room has not given away it can still replace by
/// something newer, or send after something that matters more.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 4_096;

/// After so long without a byte the system asks whether the relay's machine is still there.
const QUIET: Duration = Duration::from_secs(15);

/// Between one such question and the next.
const PROBE: Duration = Duration::from_secs(5);

/// From the end of what this side sends to the end of what the relay sends.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

type Frames = FramedRead<OwnedReadHalf, FrameCodec>;

/// A place in a room of a relay.
///
/// [`close`](Transport::close) is how to end it: it waits until the relay has read all that was sent. Dropped inside a
/// Tokio runtime, it does the same in the background, for as long as the runtime lives.
#[derive(Debug)]
pub struct RelayTransport {
    /// Gone when a send was given up in the middle of a frame: the relay would take what follows for the rest of it.
    writer: Mutex<Option<OwnedWriteHalf>>,
    /// Gone when the transport is closed or dropped.
    reader: Mutex<Option<Frames>>,
    /// How fast the relay takes what is sent.
    meter: Meter,
}

/// Makes connections to one room of one relay.
#[derive(Clone, Debug)]
pub struct RelayConnect {
    address: String,
    room: RoomName,
}

impl RelayConnect {
    /// To `room`, most often a room's id, of the relay at `address`, a name or number and a port.
    #[must_use]
    pub fn new(address: &str, room: impl Into<RoomName>) -> Self {
        Self {
            address: address.to_owned(),
            room: room.into(),
        }
    }
}

impl Connect for RelayConnect {
    type Transport = RelayTransport;

    async fn connect(&self) -> Result<RelayTransport, Closed> {
        RelayTransport::connect(&*self.address, self.room.clone()).await
    }
}

/// The relay knows a room by its id alone, a hash, and not by what people call it.
impl From<RoomId> for RoomName {
    fn from(room: RoomId) -> Self {
        Self::from(*room.as_bytes())
    }
}

impl RelayTransport {
    /// Connects to the relay at `address`, and joins `room`, most often a room's id. Done when the relay has confirmed
    /// it, so that nothing which is sent to the room from then on is missed.
    ///
    /// # Errors
    /// The relay cannot be reached, refuses, speaks another protocol, or takes more than ten seconds.
    pub async fn connect(
        address: impl ToSocketAddrs,
        room: impl Into<RoomName>,
    ) -> Result<Self, Closed> {
        Self::join(address, room.into())
            .await
            .map_err(RelayError::at_start)
    }

    async fn join(address: impl ToSocketAddrs, room: RoomName) -> Result<Self, RelayError> {
        let connected = timeout(CONNECT_LIMIT, async {
            let stream = TcpStream::connect(address).await?;
            stream.set_nodelay(true)?;
            notice_silence(&stream)?;
            let (reader, mut writer) = stream.into_split();
            let mut frames = FramedRead::new(reader, FrameCodec::new(ServerFrame::MAX));
            writer.write_all(&Join { room }.to_frame()).await?;
            match next(&mut frames).await? {
                ServerFrame::Joined => Ok((frames, writer)),
                ServerFrame::Refused(refusal) => Err(refusal.into()),
                ServerFrame::Packet { .. } => Err(RelayError::out_of_place(0)),
                ServerFrame::Report(_) => Err(RelayError::out_of_place(3)),
            }
        });
        let (reader, writer) = connected.await.map_err(|_elapsed| RelayError::Timeout)??;
        Ok(Self {
            writer: Mutex::new(Some(writer)),
            reader: Mutex::new(Some(reader)),
            meter: Meter::default(),
        })
    }

    async fn write(&self, packet: Bytes) -> Result<(), RelayError> {
        let length = packet.len();
        if !(1..=MAX_PACKET).contains(&length) {
            return Err(RelayError::PacketLength { length });
        }
        let mut slot = self.writer.lock().await;
        // Taken out while it writes: if this future is dropped half-way, the writing half is dropped with it.
        let mut writer = slot.take().ok_or(RelayError::Closed)?;
        let mut frame = FrameCodec::encode(&[&packet]);
        while frame.has_remaining() {
            self.meter.begin(frame.remaining());
            let written = timeout(SEND_LIMIT, writer.write_buf(&mut frame)).await;
            let written = written.map_err(|_elapsed| RelayError::Timeout)??;
            if written == 0 {
                return Err(RelayError::Closed);
            }
            self.meter.note(written);
        }
        *slot = Some(writer);
        Ok(())
    }

    async fn read(&self) -> Result<Received, RelayError> {
        let mut slot = self.reader.lock().await;
        let frames = slot.as_mut().ok_or(RelayError::Closed)?;
        match next(frames).await? {
            ServerFrame::Packet { sender, packet } => Ok(Received::Packet { sender, packet }),
            ServerFrame::Refused(refusal) => Err(refusal.into()),
            ServerFrame::Joined => Err(RelayError::out_of_place(2)),
            ServerFrame::Report(_) => Err(RelayError::out_of_place(3)),
        }
    }
}

impl Transport for RelayTransport {
    fn carrier(&self) -> Carrier {
        Carrier::RELAY
    }

    async fn send(&self, packet: Bytes) -> Result<(), Closed> {
        Ok(self.write(packet).await?)
    }

    async fn receive(&self) -> Result<Received, Closed> {
        Ok(self.read().await?)
    }

    fn link(&self) -> LinkReport {
        self.meter.report()
    }

    async fn close(mut self) -> Result<(), Closed> {
        match (self.reader.get_mut().take(), self.writer.get_mut().take()) {
            (Some(reader), Some(writer)) => Ok(finish(reader, writer).await?),
            _ => Err(RelayError::Closed.into()),
        }
    }
}

impl Drop for RelayTransport {
    fn drop(&mut self) {
        let halves = (self.reader.get_mut().take(), self.writer.get_mut().take());
        if let ((Some(reader), Some(writer)), Ok(runtime)) = (halves, Handle::try_current()) {
            runtime.spawn(finish(reader, writer));
        }
    }
}

/// Has the system notice that the other end is gone without a word: a laptop that slept, a network that changed; and keep
/// little of what it cannot send.
fn notice_silence(stream: &TcpStream) -> io::Result<()> {
    let keepalive = TcpKeepalive::new().with_time(QUIET).with_interval(PROBE);
    let socket = SockRef::from(stream);
    socket.set_tcp_keepalive(&keepalive)?;
    // What was sent and is not taken counts too; not every system has it.
    #[cfg(any(target_os = "linux", target_os = "android"))]
    socket.set_tcp_notsent_lowat(UNSENT)?;
    #[cfg(target_os = "linux")]
    socket.set_tcp_user_timeout(Some(SEND_LIMIT))?;
    Ok(())
}

/// The next frame of the relay.
async fn next(frames: &mut Frames) -> Result<ServerFrame, RelayError> {
    let payload = frames.next().await.ok_or(RelayError::Closed)??;
    Ok(ServerFrame::decode(&payload)?)
}

/// Says that nothing more is sent, and waits until the relay, which closes after it has read that, closes too.
/// What still comes is read and forgotten: a socket that is closed with unread bytes is reset, and what was sent last
/// could be lost on its way.
async fn finish(frames: Frames, mut writer: OwnedWriteHalf) -> Result<(), RelayError> {
    let mut reader = frames.into_inner();
    let finished = timeout(CLOSE_LIMIT, async {
        writer.shutdown().await?;
        let mut scrap = [0; 4_096];
        while reader.read(&mut scrap).await? > 0 {}
        Ok(())
    });
    finished.await.map_err(|_elapsed| RelayError::Timeout)?
}
