//! One client: it joins a room, its packets go out, what waits for it goes in, and it is seen off in order.

use std::io;
use std::sync::Arc;

use bytes::{Buf, Bytes};
use futures::StreamExt;
use mpotr_crypto::{DecodeError, DecodeErrorKind};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::time::timeout;
use tokio_util::codec::FramedRead;
use tokio_util::sync::CancellationToken;

use super::RelayCounters;
use super::hall::Hall;
use super::outbox::{Outbox, Overflow};
use crate::frame::{FrameCodec, FrameError, Join, MAX_PACKET, Refusal, RefusalCode, ServerFrame};
use crate::transport::SenderHint;

/// Why a connection is over.
#[derive(Debug)]
enum End {
    /// The client closed it.
    Left,
    /// The network, or the client, broke it off.
    Lost(io::ErrorKind),
    /// The relay ends it.
    Refused(RefusalCode),
}

impl From<io::Error> for End {
    fn from(error: io::Error) -> Self {
        Self::Lost(error.kind())
    }
}

impl From<Overflow> for End {
    fn from(_overflow: Overflow) -> Self {
        Self::Refused(RefusalCode::TooSlow)
    }
}

impl From<FrameError> for End {
    fn from(error: FrameError) -> Self {
        match error {
            FrameError::Io(error) => error.into(),
            FrameError::Decode(error) => error.into(),
        }
    }
}

impl From<DecodeError> for End {
    fn from(error: DecodeError) -> Self {
        Self::Refused(match (error.field, error.kind) {
            ("version", DecodeErrorKind::UnknownValue(_)) => RefusalCode::Version,
            (_, DecodeErrorKind::TooLong { .. }) => RefusalCode::TooLong,
            _ => RefusalCode::Malformed,
        })
    }
}

/// One client's connection.
#[derive(Debug)]
pub(super) struct Connection {
    reader: OwnedReadHalf,
    writer: FrameWriter,
    hint: SenderHint,
    hall: Arc<Hall>,
}

impl Connection {
    pub(super) fn new(stream: TcpStream, hint: SenderHint, hall: Arc<Hall>) -> Self {
        // Packets are small and people wait for them. Without it they come a little later, no more.
        if let Err(error) = stream.set_nodelay(true) {
            tracing::debug!(%hint, %error, "no TCP_NODELAY");
        }
        let (reader, writer) = stream.into_split();
        let counters = hall.counters.clone();
        Self {
            reader,
            writer: FrameWriter {
                writer,
                counters,
                pending: Bytes::new(),
            },
            hint,
            hall,
        }
    }

    /// Serves the client to the end.
    pub(super) async fn serve(mut self, shutdown: CancellationToken) {
        let outbox = Arc::new(Outbox::new(&self.hall.limits));
        let end = tokio::select! {
            end = read_all(&mut self.reader, self.hint, &self.hall, &outbox) => end,
            end = write_all(&mut self.writer, &outbox) => end,
            () = shutdown.cancelled() => End::Refused(RefusalCode::ShuttingDown),
        };
        match end {
            End::Left => tracing::debug!(hint = %self.hint, "a client left"),
            End::Lost(kind) => tracing::debug!(hint = %self.hint, %kind, "a client was lost"),
            End::Refused(code) => {
                tracing::debug!(hint = %self.hint, %code, "a client is refused");
                self.see_off(code, &outbox).await;
            }
        }
    }

    /// Turns the client away unheard.
    pub(super) async fn refuse(self, code: RefusalCode) {
        tracing::debug!(hint = %self.hint, %code, "a client is turned away");
        let outbox = Outbox::new(&self.hall.limits);
        self.see_off(code, &outbox).await;
    }

    /// Writes what waits, says why the connection ends, and closes it, if the client takes it in time.
    async fn see_off(self, code: RefusalCode, outbox: &Outbox) {
        let Self {
            mut reader,
            mut writer,
            hall,
            hint,
        } = self;
        hall.counters.refused();
        if code == RefusalCode::TooSlow {
            hall.counters.too_slow();
        }
        let words = async {
            while let Ok(Some(frame)) = outbox.try_next() {
                writer.write(frame).await?;
            }
            writer
                .write(ServerFrame::Refused(Refusal::new(code)).to_frame())
                .await?;
            writer.writer.shutdown().await?;
            // A socket that is closed with unread bytes is reset, and the words would be lost on their way.
            discard(&mut reader, &hall.counters).await
        };
        match timeout(hall.limits.linger, words).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::debug!(%hint, %error, "a client did not take its last frame")
            }
            Err(_elapsed) => tracing::debug!(%hint, "a client did not take its last frame in time"),
        }
    }
}

/// Has the client join, and passes its packets on.
async fn read_all(
    reader: &mut OwnedReadHalf,
    hint: SenderHint,
    hall: &Arc<Hall>,
    outbox: &Arc<Outbox>,
) -> End {
    let inspect = |bytes: &[u8]| hall.counters.read(bytes.len());
    let reader = tokio_util::io::InspectReader::new(reader, inspect);
    let mut frames = FramedRead::new(reader, FrameCodec::new(Join::MAX));

    let first = match timeout(hall.limits.join, frames.next()).await {
        Ok(Some(Ok(first))) => first,
        Ok(Some(Err(error))) => return error.into(),
        Ok(None) => return End::Left,
        Err(_elapsed) => return End::Refused(RefusalCode::Silent),
    };
    let join = match Join::decode(&first) {
        Ok(join) => join,
        Err(error) => return error.into(),
    };
    let Ok(membership) = hall.join(join.room, hint, outbox) else {
        return End::Refused(RefusalCode::Full);
    };
    tracing::debug!(%hint, "a client joined a room");

    frames.decoder_mut().set_limit(MAX_PACKET);
    while let Some(frame) = frames.next().await {
        match frame {
            Ok(packet) => membership.broadcast(packet),
            Err(error) => return error.into(),
        }
        // One client with much to say must not keep the others from reading it.
        tokio::task::yield_now().await;
    }
    End::Left
}

/// Writes what is queued for the client, until it falls too far behind.
async fn write_all(writer: &mut FrameWriter, outbox: &Outbox) -> End {
    loop {
        let frame = match outbox.next().await {
            Ok(frame) => frame,
            Err(overflow) => return overflow.into(),
        };
        tokio::select! {
            written = writer.write(frame) => if let Err(error) = written {
                return error.into();
            },
            overflow = outbox.overflow() => return overflow.into(),
        }
    }
}

/// Reads and forgets until the client closes its side.
async fn discard(reader: &mut OwnedReadHalf, counters: &RelayCounters) -> io::Result<()> {
    let mut scrap = [0; 4_096];
    loop {
        match reader.read(&mut scrap).await? {
            0 => return Ok(()),
            bytes => counters.read(bytes),
        }
    }
}

/// Writes frames so that giving up in the middle of one loses none of its bytes.
#[derive(Debug)]
struct FrameWriter {
    writer: OwnedWriteHalf,
    counters: RelayCounters,
    /// What is left of the frame that is being written.
    pending: Bytes,
}

impl FrameWriter {
    /// Writes a whole frame, after what is left of the last one.
    async fn write(&mut self, frame: Bytes) -> io::Result<()> {
        self.flush().await?;
        self.pending = frame;
        self.flush().await
    }

    /// Writes what is left of the last frame.
    async fn flush(&mut self) -> io::Result<()> {
        while self.pending.has_remaining() {
            let written = self.writer.write_buf(&mut self.pending).await?;
            if written == 0 {
                return Err(io::ErrorKind::WriteZero.into());
            }
            self.counters.wrote(written);
        }
        Ok(())
    }
}
