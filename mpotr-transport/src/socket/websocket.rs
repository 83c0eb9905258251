//! Frames as messages of WebSocket (RFC 6455), for clients in a browser and behind proxies that let nothing else pass.

use core::future::poll_fn;
use core::pin::Pin;
use std::io;

use bytes::{Buf as _, Bytes};
use futures::stream::{SplitSink, SplitStream};
use futures::{Sink as _, SinkExt as _, StreamExt as _};
use mpotr_crypto::{DecodeError, DecodeErrorKind};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::error::{CapacityError, Error, ProtocolError};
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio_tungstenite::tungstenite::http::{HeaderMap, HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::tungstenite::protocol::frame::Frame;
use tokio_tungstenite::tungstenite::protocol::frame::coding::{Data, OpCode};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config, client_async_with_config};

use super::Duplex;
use crate::frame::{FrameError, LENGTH_PREFIX, ServerFrame};

/// The subprotocol: frames of the relay protocol of this version.
const SUBPROTOCOL: &str = "mpotr.v1";

/// A connection.
pub(crate) type WebSocket = WebSocketStream<Box<dyn Duplex>>;

/// What the library reads at one time, which each connection holds.
const READ: usize = 8 << 10;

/// A longer message leaves in pieces of so many bytes: what a connection holds beside what waits in its outbox is one of them.
const PIECE: usize = 16 << 10;

/// Room for a piece and for answers to pings; of those that find none the newest alone is kept.
const MOST_UNSENT: usize = 2 * PIECE;

/// Messages of at most the longest payload, none of which is held back to be sent with others.
fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(ServerFrame::MAX))
        .max_frame_size(Some(ServerFrame::MAX))
        .read_buffer_size(READ)
        .write_buffer_size(0)
        .max_write_buffer_size(MOST_UNSENT)
}

fn io_error(error: Error) -> io::Error {
    if let Error::Io(error) = error {
        return error;
    }
    if is_end(&error) {
        return io::ErrorKind::UnexpectedEof.into();
    }
    io::Error::new(io::ErrorKind::InvalidData, error)
}

/// Whether the other side is gone, in order or not.
const fn is_end(error: &Error) -> bool {
    matches!(
        error,
        Error::ConnectionClosed
            | Error::AlreadyClosed
            | Error::Protocol(ProtocolError::ResetWithoutClosingHandshake)
    )
}

/// Speaks with a client that has asked for a WebSocket: any path, with the subprotocol of the relay. `may` tells of the headers
/// of a request whether who sends it is let in.
pub(crate) async fn accept(
    stream: Box<dyn Duplex>,
    may: impl Fn(&HeaderMap) -> bool + Unpin,
) -> io::Result<WebSocket> {
    // The library says of what type an answer is.
    #[expect(clippy::result_large_err, reason = "a callback of the library")]
    let choose = |request: &Request, mut response: Response| {
        if !may(request.headers()) {
            let words = "pages of this origin are not let in: mpotr relay --origin\n";
            return Err(refusal(StatusCode::FORBIDDEN, words.to_owned()));
        }
        let asked = request.headers().get_all(SEC_WEBSOCKET_PROTOCOL).iter();
        let asked = asked.filter_map(|value| value.to_str().ok());
        let mut asked = asked.flat_map(|value| value.split(','));
        if asked.any(|name| name.trim() == SUBPROTOCOL) {
            let chosen = HeaderValue::from_static(SUBPROTOCOL);
            response
                .headers_mut()
                .insert(SEC_WEBSOCKET_PROTOCOL, chosen);
            return Ok(response);
        }
        let words = format!("this relay speaks the subprotocol {SUBPROTOCOL}\n");
        Err(refusal(StatusCode::BAD_REQUEST, words))
    };
    let accepted = accept_hdr_async_with_config(stream, choose, Some(config())).await;
    accepted.map_err(io_error)
}

fn refusal(status: StatusCode, words: String) -> ErrorResponse {
    let mut refusal = ErrorResponse::new(Some(words));
    *refusal.status_mut() = status;
    refusal
}

/// Asks the relay at the other end for a WebSocket. `url` begins with `ws://`: what is encrypted is so below.
pub(crate) async fn connect(url: &str, stream: Box<dyn Duplex>) -> io::Result<WebSocket> {
    let mut request = url.into_client_request().map_err(io_error)?;
    let asked = HeaderValue::from_static(SUBPROTOCOL);
    request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, asked);
    let connected = client_async_with_config(request, stream, Some(config())).await;
    let (socket, _response) = connected.map_err(io_error)?;
    Ok(socket)
}

/// Its direction in.
pub(super) struct Reader {
    messages: SplitStream<WebSocket>,
    limit: usize,
}

impl Reader {
    pub(super) fn new(messages: SplitStream<WebSocket>, limit: usize) -> Self {
        Self { messages, limit }
    }

    pub(super) fn set_limit(&mut self, limit: usize) {
        self.limit = limit;
    }

    /// The next message, as the payload of a frame. Pings are answered below.
    pub(super) async fn next(&mut self) -> Option<Result<Bytes, FrameError>> {
        loop {
            let payload = match self.messages.next().await? {
                Ok(Message::Binary(payload)) => payload,
                Ok(Message::Text(_)) => {
                    let kind = DecodeErrorKind::UnknownValue(1);
                    return Some(Err(DecodeError::new(0, "opcode", kind).into()));
                }
                // After a close the stream ends, once that is answered.
                Ok(_) => continue,
                Err(Error::Capacity(CapacityError::MessageTooLong { size, .. })) => {
                    return Some(Err(too_long(size, self.limit).into()));
                }
                Err(error @ (Error::Protocol(_) | Error::Utf8(_) | Error::AttackAttempt))
                    if !is_end(&error) =>
                {
                    let kind = DecodeErrorKind::UnknownValue(0);
                    return Some(Err(DecodeError::new(0, "WebSocket", kind).into()));
                }
                Err(error) => return Some(Err(io_error(error).into())),
            };
            return Some(match payload.len() {
                0 => {
                    let kind = DecodeErrorKind::TooShort {
                        length: 0,
                        minimum: 1,
                    };
                    Err(DecodeError::new(0, "length", kind).into())
                }
                length if length > self.limit => Err(too_long(length, self.limit).into()),
                _ => Ok(payload),
            });
        }
    }
}

fn too_long(length: usize, limit: usize) -> DecodeError {
    DecodeError::new(0, "length", DecodeErrorKind::TooLong { length, limit })
}

/// Its direction out.
pub(super) struct Writer {
    messages: SplitSink<WebSocket, Message>,
    /// What is left of the message that is being written.
    rest: Bytes,
    /// Whether a piece of it has been handed over.
    has_begun: bool,
}

impl Writer {
    pub(super) const fn new(messages: SplitSink<WebSocket, Message>) -> Self {
        Self {
            messages,
            rest: Bytes::new(),
            has_begun: false,
        }
    }

    /// Writes what is pending of a frame, and all before it. To drop the future loses nothing: what was handed over is in the
    /// library's buffer, and leaves with what comes next.
    pub(super) async fn write(&mut self, pending: &mut Bytes) -> io::Result<()> {
        if self.rest.is_empty() && pending.has_remaining() {
            self.rest = core::mem::take(pending);
            self.rest.advance(LENGTH_PREFIX.min(self.rest.len()));
            self.has_begun = false;
        }
        while self.rest.has_remaining() {
            // The piece before, and answers to pings.
            self.flush().await?;
            let piece = self.rest.slice(..PIECE.min(self.rest.len()));
            let data = match self.has_begun {
                false => Data::Binary,
                true => Data::Continue,
            };
            let is_last = piece.len() == self.rest.len();
            let length = piece.len();
            let piece = Frame::message(piece, OpCode::Data(data), is_last);
            let mut messages = Pin::new(&mut self.messages);
            poll_fn(|cx| messages.as_mut().poll_ready(cx))
                .await
                .map_err(io_error)?;
            messages
                .start_send(Message::Frame(piece))
                .map_err(io_error)?;
            self.rest.advance(length);
            self.has_begun = true;
        }
        self.flush().await
    }

    async fn flush(&mut self) -> io::Result<()> {
        self.messages.flush().await.map_err(io_error)
    }

    /// Says that nothing more comes.
    pub(super) async fn shutdown(&mut self) -> io::Result<()> {
        self.messages.close().await.map_err(io_error)
    }
}
