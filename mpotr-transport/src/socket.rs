//! What the frames of a relay go over: a connection as it is, an encrypted one, or WebSocket.
//!
//! Each whole frame is one unit here, whatever carries it: over TCP and TLS it has its length before it, over WebSocket it is
//! one binary message. `docs/spec/07-transport.md`, "The relay".

mod observed;
#[cfg(feature = "websocket")]
mod websocket;

use std::io;
use std::time::Duration;

use bytes::{Buf, Bytes};
use futures::StreamExt;
use tokio::io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt};
use tokio::time::sleep;
use tokio_util::codec::FramedRead;

pub(crate) use observed::{Observed, Observer};
#[cfg(feature = "websocket")]
pub(crate) use websocket::{WebSocket, accept, connect};

use crate::frame::{FrameCodec, FrameError};

/// Both directions of a connection.
#[cfg(feature = "tls")]
pub(crate) trait Duplex: AsyncRead + AsyncWrite + Send + Sync + Unpin {}

#[cfg(feature = "tls")]
impl<T: AsyncRead + AsyncWrite + Send + Sync + Unpin> Duplex for T {}

type Reading = Box<dyn AsyncRead + Send + Sync + Unpin>;
type Writing = Box<dyn AsyncWrite + Send + Sync + Unpin>;

/// A connection on which frames go both ways.
#[derive(Debug)]
pub(crate) struct Socket {
    pub(crate) reader: FrameReader,
    pub(crate) writer: FrameWriter,
}

impl Socket {
    /// Over the two directions of a stream of bytes. Frames of up to `limit` bytes are taken.
    pub(crate) fn of_halves(
        reader: impl AsyncRead + Send + Sync + Unpin + 'static,
        writer: impl AsyncWrite + Send + Sync + Unpin + 'static,
        limit: usize,
    ) -> Self {
        let reader: Reading = Box::new(reader);
        Self {
            reader: FrameReader {
                from: From::Stream(FramedRead::new(reader, FrameCodec::new(limit))),
            },
            writer: FrameWriter {
                to: To::Stream(Box::new(writer)),
                pending: Bytes::new(),
            },
        }
    }

    /// Over a stream of bytes whose directions cannot be parted.
    #[cfg(feature = "tls")]
    pub(crate) fn of_stream(stream: impl Duplex + 'static, limit: usize) -> Self {
        let (reader, writer) = tokio::io::split(stream);
        Self::of_halves(reader, writer, limit)
    }

    /// Over a WebSocket.
    #[cfg(feature = "websocket")]
    pub(crate) fn of_websocket(socket: WebSocket, limit: usize) -> Self {
        let (writer, reader) = socket.split();
        Self {
            reader: FrameReader {
                from: From::WebSocket(websocket::Reader::new(reader, limit)),
            },
            writer: FrameWriter {
                to: To::WebSocket(websocket::Writer::new(writer)),
                pending: Bytes::new(),
            },
        }
    }
}

enum From {
    Stream(FramedRead<Reading, FrameCodec>),
    #[cfg(feature = "websocket")]
    WebSocket(websocket::Reader),
}

/// Frames that come.
pub(crate) struct FrameReader {
    from: From,
}

impl FrameReader {
    /// Takes payloads of 1 to `limit` bytes from the next frame on.
    pub(crate) fn set_limit(&mut self, limit: usize) {
        match &mut self.from {
            From::Stream(frames) => frames.decoder_mut().set_limit(limit),
            #[cfg(feature = "websocket")]
            From::WebSocket(messages) => messages.set_limit(limit),
        }
    }

    /// The payload of the next frame; none when the other side has closed its direction. To drop the future loses nothing.
    pub(crate) async fn next(&mut self) -> Option<Result<Bytes, FrameError>> {
        match &mut self.from {
            From::Stream(frames) => frames.next().await,
            #[cfg(feature = "websocket")]
            From::WebSocket(messages) => messages.next().await,
        }
    }

    /// Reads and forgets until the other side closes its direction, after each piece with the given pause.
    pub(crate) async fn discard(&mut self, pause: Option<Duration>) -> io::Result<()> {
        let mut scrap = [0; 4_096];
        loop {
            let is_over = match &mut self.from {
                From::Stream(frames) => frames.get_mut().read(&mut scrap).await? == 0,
                #[cfg(feature = "websocket")]
                From::WebSocket(messages) => messages.next().await.is_none(),
            };
            if is_over {
                return Ok(());
            }
            if let Some(pause) = pause {
                sleep(pause).await;
            }
        }
    }
}

enum To {
    Stream(Writing),
    #[cfg(feature = "websocket")]
    WebSocket(websocket::Writer),
}

/// Frames that go, so that giving up in the middle of one loses none of its bytes.
pub(crate) struct FrameWriter {
    to: To,
    /// What is left of the frame that is being written.
    pending: Bytes,
}

impl FrameWriter {
    /// Writes a whole frame, its length included, after what is left of the last one. Done when the system has all of it.
    pub(crate) async fn write(&mut self, frame: Bytes) -> io::Result<()> {
        self.flush().await?;
        self.pending = frame;
        self.flush().await
    }

    /// Writes what is left of the last frame.
    async fn flush(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::Stream(writer) => {
                while self.pending.has_remaining() {
                    if writer.write_buf(&mut self.pending).await? == 0 {
                        return Err(io::ErrorKind::WriteZero.into());
                    }
                }
                writer.flush().await
            }
            #[cfg(feature = "websocket")]
            To::WebSocket(writer) => writer.write(&mut self.pending).await,
        }
    }

    /// Says that nothing more comes.
    pub(crate) async fn shutdown(&mut self) -> io::Result<()> {
        match &mut self.to {
            To::Stream(writer) => writer.shutdown().await,
            #[cfg(feature = "websocket")]
            To::WebSocket(writer) => writer.shutdown().await,
        }
    }
}

impl core::fmt::Debug for FrameReader {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.write_str("FrameReader")
    }
}

impl core::fmt::Debug for FrameWriter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("FrameWriter")
            .field("pending", &self.pending.len())
            .finish_non_exhaustive()
    }
}
