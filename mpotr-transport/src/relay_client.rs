//! A member's connection to a relay.

mod dialling;
mod error;
mod meter;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use mpotr_core::gka::RoomId;
use mpotr_core::{Carrier, LinkReport};
use tokio::net::ToSocketAddrs;
use tokio::runtime::Handle;
use tokio::sync::Mutex;
use tokio::time::{timeout, timeout_at};

use crate::frame::{FrameCodec, Join, MAX_PACKET, RoomName, ServerFrame};
use crate::relay_address::RelayAddress;
use crate::socket::{FrameReader, FrameWriter, Socket};
use crate::transport::{Closed, Connect, Received, Transport};
use dialling::Dialling;
use error::RelayError;
use meter::Meter;

/// From the first packet of the connection to the relay's word that the room is joined.
const CONNECT_LIMIT: Duration = Duration::from_secs(10);

/// How long a relay may read nothing while this side has something to send.
const SEND_LIMIT: Duration = Duration::from_secs(30);

/// From the end of what this side sends to the end of what the relay sends.
const CLOSE_LIMIT: Duration = Duration::from_secs(2);

/// A place in a room of a relay.
///
/// [`close`](Transport::close) is how to end it: it waits until the relay has read all that was sent. Dropped inside a
/// Tokio runtime, it does the same in the background, for as long as the runtime lives.
#[derive(Debug)]
pub struct RelayTransport {
    /// Gone when a send was given up in the middle of a frame: the relay would take what follows for the rest of it.
    writer: Mutex<Option<FrameWriter>>,
    /// Gone when the transport is closed or dropped.
    reader: Mutex<Option<FrameReader>>,
    /// How fast the relay takes what is sent.
    meter: Arc<Meter>,
}

/// Makes connections to one room of one relay.
#[derive(Clone, Debug)]
pub struct RelayConnect {
    dialling: Dialling,
    room: RoomName,
}

impl RelayConnect {
    /// To `room`, most often a room's id, of the relay at `address`.
    ///
    /// # Errors
    /// Connections there are encrypted, and the system trusts no authority.
    pub fn new(address: RelayAddress, room: impl Into<RoomName>) -> Result<Self, Closed> {
        Ok(Self {
            dialling: Dialling::to(address)?,
            room: room.into(),
        })
    }
}

impl Connect for RelayConnect {
    type Transport = RelayTransport;

    async fn connect(&self) -> Result<RelayTransport, Closed> {
        let dial = |meter| self.dialling.dial(meter);
        RelayTransport::join(dial, self.room.clone()).await
    }
}

/// The relay knows a room by its id alone, a hash, and not by what people call it.
impl From<RoomId> for RoomName {
    fn from(room: RoomId) -> Self {
        Self::from(*room.as_bytes())
    }
}

impl RelayTransport {
    /// Connects to the relay at `address`, to speak frames as they are, and joins `room`, most often a room's id. Done when
    /// the relay has confirmed it, so that nothing which is sent to the room from then on is missed. To speak otherwise, and
    /// to connect again: [`RelayConnect`].
    ///
    /// # Errors
    /// The relay cannot be reached, refuses, speaks another protocol, or takes more than ten seconds.
    pub async fn connect(
        address: impl ToSocketAddrs,
        room: impl Into<RoomName>,
    ) -> Result<Self, Closed> {
        Self::join(|meter| dialling::plain(address, meter), room.into()).await
    }

    /// Joins a room on a connection that is yet to be made.
    async fn join<F>(dial: impl FnOnce(Arc<Meter>) -> F, room: RoomName) -> Result<Self, Closed>
    where
        F: Future<Output = Result<Socket, Closed>>,
    {
        let meter = Arc::new(Meter::default());
        let connected = timeout(CONNECT_LIMIT, async {
            let mut socket = dial(Arc::clone(&meter)).await?;
            let joined = enter(&mut socket, room).await;
            joined.map_err(RelayError::at_start)?;
            Ok::<_, Closed>(socket)
        });
        let connected = connected.await;
        let Socket { reader, writer } =
            connected.map_err(|_elapsed| RelayError::Timeout.at_start())??;
        Ok(Self {
            writer: Mutex::new(Some(writer)),
            reader: Mutex::new(Some(reader)),
            meter,
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
        let frame = FrameCodec::encode(&[&packet]);
        self.meter.begin(frame.len());
        {
            let mut written = core::pin::pin!(writer.write(frame));
            loop {
                let by = self.meter.still_since().checked_add(SEND_LIMIT);
                let by = by.ok_or(RelayError::Timeout)?;
                match timeout_at(by, &mut written).await {
                    Ok(written) => break written?,
                    // Slow is not dead.
                    Err(_elapsed)
                        if self.meter.still_since().checked_add(SEND_LIMIT) > Some(by) => {}
                    Err(_elapsed) => return Err(RelayError::Timeout),
                }
            }
        }
        self.meter.end();
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

/// Says in which room this client wants to be, and waits for the relay's word.
async fn enter(socket: &mut Socket, room: RoomName) -> Result<(), RelayError> {
    socket.writer.write(Join { room }.to_frame()).await?;
    match next(&mut socket.reader).await? {
        ServerFrame::Joined => Ok(()),
        ServerFrame::Refused(refusal) => Err(refusal.into()),
        ServerFrame::Packet { .. } => Err(RelayError::out_of_place(0)),
        ServerFrame::Report(_) => Err(RelayError::out_of_place(3)),
    }
}

/// The next frame of the relay.
async fn next(frames: &mut FrameReader) -> Result<ServerFrame, RelayError> {
    let payload = frames.next().await.ok_or(RelayError::Closed)??;
    Ok(ServerFrame::decode(&payload)?)
}

/// Says that nothing more is sent, and waits until the relay, which closes after it has read that, closes too.
/// What still comes is read and forgotten: a socket that is closed with unread bytes is reset, and what was sent last
/// could be lost on its way.
async fn finish(mut frames: FrameReader, mut writer: FrameWriter) -> Result<(), RelayError> {
    let finished = timeout(CLOSE_LIMIT, async {
        writer.shutdown().await?;
        frames.discard(None).await?;
        Ok(())
    });
    finished.await.map_err(|_elapsed| RelayError::Timeout)?
}
