//! From an address to a connection on which frames go both ways.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use socket2::{SockRef, TcpKeepalive};
use tokio::net::{TcpStream, ToSocketAddrs};

use super::SEND_LIMIT;
use super::error::RelayError;
use super::meter::Meter;
use crate::frame::ServerFrame;
use crate::relay_address::{RelayAddress, Security};
#[cfg(feature = "tls")]
use crate::socket::Duplex;
use crate::socket::{Observed, Socket};
#[cfg(feature = "tls")]
use crate::tls::Tls;
use crate::transport::Closed;

/// The most bytes that the system takes and cannot send yet. What the room has not given away it can still replace by
/// something newer, or send after something that matters more.
#[cfg(any(target_os = "linux", target_os = "android"))]
const UNSENT: u32 = 4_096;

/// After so long without a byte the system asks whether the relay's machine is still there.
const QUIET: Duration = Duration::from_secs(15);

/// Between one such question and the next.
const PROBE: Duration = Duration::from_secs(5);

/// How connections to one relay are made.
#[derive(Clone, Debug)]
pub(super) struct Dialling {
    address: RelayAddress,
    #[cfg(feature = "tls")]
    tls: Option<Tls>,
}

impl Dialling {
    pub(super) fn to(address: RelayAddress) -> Result<Self, Closed> {
        Ok(Self {
            #[cfg(feature = "tls")]
            tls: match address.security() {
                Security::None => None,
                Security::Tls(pins) => Some(Tls::new(pins, None)?),
            },
            address,
        })
    }

    /// Makes a connection, whose bytes are noted.
    pub(super) async fn dial(&self, meter: Arc<Meter>) -> Result<Socket, Closed> {
        let address = (self.address.host(), self.address.port());
        let stream = call(address).await?;
        #[cfg(feature = "websocket")]
        if let Some(url) = self.address.websocket() {
            let stream = self.secured(Observed::new(stream, &meter)).await?;
            let socket = crate::socket::connect(&url, stream).await;
            let socket = socket.map_err(|error| RelayError::from(error).at_start())?;
            return Ok(Socket::of_websocket(socket, ServerFrame::MAX));
        }
        match self.address.security() {
            Security::None => Ok(in_frames(stream, &meter)),
            #[cfg(feature = "tls")]
            Security::Tls(_) => {
                let stream = self.secured(Observed::new(stream, &meter)).await?;
                Ok(Socket::of_stream(stream, ServerFrame::MAX))
            }
        }
    }

    /// Encrypted, if the address says so.
    #[cfg(feature = "tls")]
    async fn secured(&self, stream: Observed<TcpStream, Meter>) -> Result<Box<dyn Duplex>, Closed> {
        #[cfg(feature = "tls")]
        if let Some(tls) = &self.tls {
            return Ok(Box::new(tls.connect(self.address.host(), stream).await?));
        }
        Ok(Box::new(stream))
    }
}

/// Connects, to speak frames as they are.
pub(super) async fn plain(
    address: impl ToSocketAddrs,
    meter: Arc<Meter>,
) -> Result<Socket, Closed> {
    Ok(in_frames(call(address).await?, &meter))
}

fn in_frames(stream: TcpStream, meter: &Arc<Meter>) -> Socket {
    let (reader, stream) = stream.into_split();
    Socket::of_halves(reader, Observed::new(stream, meter), ServerFrame::MAX)
}

async fn call(address: impl ToSocketAddrs) -> Result<TcpStream, Closed> {
    let called = async {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        notice_silence(&stream)?;
        Ok(stream)
    };
    called
        .await
        .map_err(|error: io::Error| RelayError::from(error).at_start())
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
