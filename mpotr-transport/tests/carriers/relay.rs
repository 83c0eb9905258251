//! The relay.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use mpotr_transport::{
    CancellationToken, Connect as _, Received, Relay, RelayAddress, RelayConnect, Transport as _,
};
use tokio::task::JoinHandle;

use crate::carrier_contract;
use crate::contract::{Outsider, World};
use crate::member::channel;

/// A relay, and how its clients speak to it.
pub(crate) struct RelayWorld {
    address: SocketAddr,
    /// What the relay speaks beside frames as they are.
    prepare: Box<dyn Fn(Relay) -> Relay + Send + Sync>,
    /// How a client knows it.
    at: Box<dyn Fn(SocketAddr) -> RelayAddress + Send + Sync>,
    task: Option<(JoinHandle<()>, CancellationToken)>,
}

async fn relay() -> Option<RelayWorld> {
    Some(RelayWorld::new(|relay| relay, RelayAddress::from).await)
}

impl RelayWorld {
    pub(crate) async fn new(
        prepare: impl Fn(Relay) -> Relay + Send + Sync + 'static,
        at: impl Fn(SocketAddr) -> RelayAddress + Send + Sync + 'static,
    ) -> Self {
        let mut world = Self {
            address: ([127, 0, 0, 1], 0).into(),
            prepare: Box::new(prepare),
            at: Box::new(at),
            task: None,
        };
        world.start().await;
        world
    }

    #[cfg(feature = "websocket")]
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }
}

impl World for RelayWorld {
    type Connect = RelayConnect;

    fn connect(&self, _name: &str) -> RelayConnect {
        RelayConnect::new((self.at)(self.address), channel()).unwrap()
    }

    async fn stop(&mut self) {
        let (task, shutdown) = self.task.take().unwrap();
        shutdown.cancel();
        task.await.unwrap();
    }

    async fn start(&mut self) {
        let relay = Relay::bind(self.address).await.unwrap();
        let relay = (self.prepare)(relay);
        self.address = relay.local_addr();
        let shutdown = CancellationToken::new();
        let task = tokio::spawn(relay.run(shutdown.clone()));
        self.task = Some((task, shutdown));
    }

    async fn outsider(&self) -> Outsider {
        let client = self.connect("eve").connect().await.unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let stop = CancellationToken::new();
        let (keeps, stopped) = (Arc::clone(&heard), stop.clone());
        tokio::spawn(async move {
            loop {
                let received = tokio::select! {
                    () = stopped.cancelled() => return,
                    received = client.receive() => received,
                };
                let Ok(Received::Packet { packet, .. }) = received else {
                    return;
                };
                keeps.lock().unwrap().extend_from_slice(&packet);
                let half = packet.slice(..packet.len() / 2 + 1);
                for packet in [b"garbage".as_slice().into(), half, packet] {
                    if client.send(packet).await.is_err() {
                        return;
                    }
                }
            }
        });
        Outsider {
            heard,
            is_told: false,
            _writes: stop.drop_guard(),
        }
    }
}

carrier_contract!(the_relay, relay());
