//! Streams whose bytes are counted, below all encryption and framing.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io;
use std::sync::Arc;

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// Who counts.
pub(crate) trait Observer: Send + Sync {
    /// So many bytes were read. An error ends the stream.
    fn read(&self, bytes: usize) -> io::Result<()>;

    /// The system took so many bytes.
    fn wrote(&self, bytes: usize);
}

/// A stream, or one direction of it.
#[derive(Debug)]
pub(crate) struct Observed<S, O> {
    stream: S,
    observer: Arc<O>,
}

impl<S, O> Observed<S, O> {
    pub(crate) fn new(stream: S, observer: &Arc<O>) -> Self {
        Self {
            stream,
            observer: Arc::clone(observer),
        }
    }
}

impl<S: AsyncRead + Unpin, O: Observer> AsyncRead for Observed<S, O> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        ready!(Pin::new(&mut self.stream).poll_read(cx, buffer))?;
        let bytes = buffer.filled().len().saturating_sub(before);
        Poll::Ready(self.observer.read(bytes))
    }
}

impl<S: AsyncWrite + Unpin, O: Observer> AsyncWrite for Observed<S, O> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(cx, bytes))?;
        self.observer.wrote(written);
        Poll::Ready(Ok(written))
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(cx)
    }
}
