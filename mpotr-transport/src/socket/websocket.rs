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
use tokio_tungstenite::tungstenite::error::{CapacityError, Error};
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::header::SEC_WEBSOCKET_PROTOCOL;
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::protocol::WebSocketConfig;
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config, client_async_with_config};

use super::Duplex;
use crate::frame::{FrameError, LENGTH_PREFIX, ServerFrame};

/// The subprotocol: frames of the relay protocol of this version.
const SUBPROTOCOL: &str = "mpotr.v1";

/// A connection.
pub(crate) type WebSocket = WebSocketStream<Box<dyn Duplex>>;

/// Its direction out.
pub(super) type Writer = SplitSink<WebSocket, Message>;

/// Messages of at most the longest payload, none of which is held back to be sent with others.
fn config() -> WebSocketConfig {
    WebSocketConfig::default()
        .max_message_size(Some(ServerFrame::MAX))
        .max_frame_size(Some(ServerFrame::MAX))
        .write_buffer_size(0)
}

fn io_error(error: Error) -> io::Error {
    if let Error::Io(error) = error {
        return error;
    }
    let is_over = matches!(error, Error::ConnectionClosed | Error::AlreadyClosed);
    let kind = match is_over {
        true => io::ErrorKind::BrokenPipe,
        false => io::ErrorKind::InvalidData,
    };
    io::Error::new(kind, error)
}

/// Speaks with a client that has asked for a WebSocket: any path, with the subprotocol of the relay.
pub(crate) async fn accept(stream: Box<dyn Duplex>) -> io::Result<WebSocket> {
    // The library says of what type an answer is.
    #[expect(clippy::result_large_err, reason = "a callback of the library")]
    let choose = |request: &Request, mut response: Response| {
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
        let mut refusal = ErrorResponse::new(Some(words));
        *refusal.status_mut() = StatusCode::BAD_REQUEST;
        Err(refusal)
    };
    let accepted = accept_hdr_async_with_config(stream, choose, Some(config())).await;
    accepted.map_err(io_error)
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

/// Writes what is pending of a frame, and all before it. To drop the future loses nothing: what was handed over is in the
/// library's buffer, and leaves with what comes next.
pub(super) async fn write(writer: &mut Writer, pending: &mut Bytes) -> io::Result<()> {
    if pending.has_remaining() {
        poll_fn(|cx| Pin::new(&mut *writer).poll_ready(cx))
            .await
            .map_err(io_error)?;
        let mut frame = core::mem::take(pending);
        frame.advance(LENGTH_PREFIX.min(frame.len()));
        let handed = Pin::new(&mut *writer).start_send(Message::Binary(frame));
        handed.map_err(io_error)?;
    }
    writer.flush().await.map_err(io_error)
}

/// Says that nothing more comes.
pub(super) async fn shutdown(writer: &mut Writer) -> io::Result<()> {
    writer.close().await.map_err(io_error)
}
