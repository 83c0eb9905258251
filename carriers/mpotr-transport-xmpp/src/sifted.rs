//! A connection of which only whole stanzas within bounds are read.

use core::pin::Pin;
use core::task::{Context, Poll, ready};
use std::io;

use tokio::io::{AsyncBufRead, AsyncRead, AsyncWrite, BufStream, ReadBuf};

use crate::stanzas::Stanzas;

/// A connection, sifted.
pub(crate) struct Sifted<S: AsyncRead + AsyncWrite> {
    inner: BufStream<S>,
    stanzas: Stanzas,
    whole: Vec<u8>,
    read: usize,
}

impl<S: AsyncRead + AsyncWrite> Sifted<S> {
    pub(crate) fn new(stream: S) -> Self {
        Self {
            inner: BufStream::new(stream),
            stanzas: Stanzas::new(),
            whole: Vec::new(),
            read: 0,
        }
    }

    /// The connection. What was read of it and not used is gone.
    pub(crate) fn into_inner(self) -> S {
        self.inner.into_inner()
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncBufRead for Sifted<S> {
    fn poll_fill_buf(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<&[u8]>> {
        let this = self.get_mut();
        while this.read >= this.whole.len() {
            this.whole.clear();
            this.read = 0;
            let mut inner = Pin::new(&mut this.inner);
            let bytes = ready!(inner.as_mut().poll_fill_buf(context))?;
            if bytes.is_empty() {
                break;
            }
            this.stanzas.take(bytes, &mut this.whole);
            let length = bytes.len();
            inner.consume(length);
        }
        Poll::Ready(Ok(this.whole.get(this.read..).unwrap_or_default()))
    }

    fn consume(self: Pin<&mut Self>, count: usize) {
        let this = self.get_mut();
        this.read = this.read.saturating_add(count);
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncRead for Sifted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let bytes = ready!(self.as_mut().poll_fill_buf(context))?;
        let count = bytes.len().min(into.remaining());
        into.put_slice(bytes.get(..count).unwrap_or_default());
        self.consume(count);
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for Sifted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.inner).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(context)
    }
}
