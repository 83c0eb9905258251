//! The relay.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use mpotr_transport::{
    CancellationToken, Connect as _, Received, Relay, RelayConnect, Transport as _,
};
use tokio::task::JoinHandle;

use crate::carrier_contract;
use crate::contract::{Outsider, World};
use crate::member::channel;

struct RelayWorld {
    address: SocketAddr,
    task: Option<(JoinHandle<()>, CancellationToken)>,
}

async fn relay() -> Option<RelayWorld> {
    let mut world = RelayWorld {
        address: ([127, 0, 0, 1], 0).into(),
        task: None,
    };
    world.start().await;
    Some(world)
}

impl World for RelayWorld {
    type Connect = RelayConnect;

    fn connect(&self, _name: &str) -> RelayConnect {
        RelayConnect::new(&self.address.to_string(), channel())
    }

    async fn stop(&mut self) {
        let (task, shutdown) = self.task.take().unwrap();
        shutdown.cancel();
        task.await.unwrap();
    }

    async fn start(&mut self) {
        let relay = Relay::bind(self.address).await.unwrap();
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
