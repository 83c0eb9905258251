//! The relay over TLS and over WebSocket.

use std::io::Write as _;

use mpotr_transport::frame::{Refusal, RefusalCode, ServerFrame};
use mpotr_transport::{
    Bytes, CloseCode, Connect as _, Pin, Received, RelayAddress, RelayConnect, TlsServer,
    Transport as _,
};

use tokio::io::AsyncWriteExt as _;

use crate::carrier_contract;
use crate::contract::World as _;
use crate::member::channel;
use crate::relay::RelayWorld;

fn certificate() -> TlsServer {
    let made = rcgen::generate_simple_self_signed(["relay".to_owned()]).unwrap();
    let mut file = tempfile::NamedTempFile::new().unwrap();
    file.write_all(made.cert.pem().as_bytes()).unwrap();
    file.write_all(made.signing_key.serialize_pem().as_bytes())
        .unwrap();
    TlsServer::from_file(file.path()).unwrap()
}

/// Where a relay is for clients that speak so and know a relay of this key.
fn address(scheme: &str, address: std::net::SocketAddr, pin: Pin) -> RelayAddress {
    let keys = match scheme {
        "mpotrs" | "wss" => format!("#sha256={}", pin.to_hex()),
        _ => String::new(),
    };
    format!("{scheme}://{address}{keys}").parse().unwrap()
}

async fn relay(scheme: &'static str) -> Option<RelayWorld> {
    let tls = certificate();
    let pin = tls.pin();
    let prepare = move |relay: mpotr_transport::Relay| relay.with_tls(tls.clone());
    let world = RelayWorld::new(prepare, move |at| address(scheme, at, pin));
    Some(world.await)
}

carrier_contract!(the_relay_by_websocket_in_tls, relay("wss"));

/// However its clients speak to it, a relay has one room of a name, and packets of all lengths are whole in there.
#[tokio::test]
async fn clients_of_a_relay_are_in_one_room_however_they_speak() {
    let tls = certificate();
    let pin = tls.pin();
    let prepare = move |relay: mpotr_transport::Relay| relay.with_tls(tls.clone());
    let world = RelayWorld::new(prepare, RelayAddress::from).await;
    let mut clients = Vec::new();
    for scheme in ["mpotr", "mpotrs", "ws", "wss"] {
        let address = address(scheme, world.address(), pin);
        let connect = RelayConnect::new(address, channel()).unwrap();
        clients.push(connect.connect().await.unwrap());
    }
    let packets = [1, 125, 126, 65_535, 65_536, 1 << 20].map(|length| Bytes::from(vec![7; length]));
    for sender in 0..clients.len() {
        for packet in &packets {
            clients[sender].send(packet.clone()).await.unwrap();
            for reader in (0..clients.len()).filter(|it| *it != sender) {
                let received = clients[reader].receive().await.unwrap();
                assert!(
                    matches!(&received, Received::Packet { packet: it, .. } if it == packet),
                    "{sender} to {reader}, {} bytes",
                    packet.len()
                );
            }
        }
    }
    for client in clients {
        client.close().await.unwrap();
    }
}

/// A relay that is full turns some away in frames as they are: to a client of TLS that is a relay to try again.
#[tokio::test]
async fn a_client_of_tls_tries_again_where_it_was_answered_in_frames() {
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", 0))
        .await
        .unwrap();
    let at = listener.local_addr().unwrap();
    tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.unwrap();
            let refusal = ServerFrame::Refused(Refusal::new(RefusalCode::Full));
            stream.write_all(&refusal.to_frame()).await.unwrap();
        }
    });
    for scheme in ["mpotrs", "wss"] {
        let address = address(scheme, at, Pin::new([7; 32]));
        let connect = RelayConnect::new(address, channel()).unwrap();
        let closed = connect.connect().await.err().unwrap();
        assert!(closed.retry, "{closed:?}");
    }
}

#[tokio::test]
async fn a_relay_with_another_key_than_its_address_says_is_not_spoken_to() {
    let world = relay("mpotrs").await.unwrap();
    for scheme in ["mpotrs", "wss"] {
        let address = address(scheme, world.address(), Pin::new([7; 32]));
        let connect = RelayConnect::new(address, channel()).unwrap();
        let closed = connect.connect().await.err().unwrap();
        assert_eq!((closed.code, closed.retry), (CloseCode::Pin, false));
    }
    // The right one is.
    world.connect("alice").connect().await.unwrap();
}
