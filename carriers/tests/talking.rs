//! What tests of all carriers say to a program, and hear from it.

use std::time::Duration;

use mpotr_transport::{Closed, Connect as _, ExecConnect, ExecTransport, Received, Transport as _};
use tokio::time::timeout;

/// What comes next.
pub(crate) async fn received(transport: &ExecTransport) -> Result<Received, Closed> {
    let received = timeout(Duration::from_secs(60), transport.receive());
    received.await.unwrap()
}

/// The next packet that comes.
pub(crate) async fn packet(transport: &ExecTransport) -> Vec<u8> {
    loop {
        if let Received::Packet { packet, .. } = received(transport).await.unwrap() {
            return packet.to_vec();
        }
    }
}

/// Sends a packet, or tells why the connection ends that was to take it.
pub(crate) async fn send(transport: &ExecTransport, packet: &[u8]) {
    if let Err(broken) = transport.send(packet.to_vec().into()).await {
        panic!("{broken}: {:?}", closed(transport).await);
    }
}

/// Why a connection ends.
pub(crate) async fn closed(transport: &ExecTransport) -> Closed {
    loop {
        if let Err(closed) = received(transport).await {
            return closed;
        }
    }
}

/// Why there is no connection.
pub(crate) async fn refused(way: &ExecConnect) -> Closed {
    way.connect().await.unwrap_err()
}
