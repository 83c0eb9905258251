//! The contract of carriers, over the program and one server.

use std::sync::{Arc, Mutex};

use async_nats::{Client, HeaderMap};
use bytes::Bytes;
use futures::StreamExt as _;
use mpotr_transport::{CancellationToken, ExecConnect};

use crate::carrier_contract;
use crate::contract::{Outsider, World};
use crate::member::channel;
use crate::server::Server;

pub(crate) const PROGRAM: &str = env!("CARGO_BIN_EXE_mpotr-transport-nats");

struct Nats {
    server: Server,
}

async fn nats() -> Option<Nats> {
    let server = Server::alone("").await?;
    Some(Nats { server })
}

/// Everything that one may publish who is let in, made of what was heard.
pub(crate) async fn is_hostile(client: &Client, heard: &async_nats::Message) {
    let subject = heard.subject.clone();
    let half = heard.payload.slice(..heard.payload.len() / 2 + 1);
    let mut wrong = HeaderMap::new();
    wrong.insert("Mpotr-From", "not a number, and long: \u{e9}".repeat(50));
    wrong.insert("Nats-Msg-Id", "1");
    let copied = heard.headers.clone().unwrap_or_default();
    for (headers, payload) in [
        (HeaderMap::new(), Bytes::new()),
        (HeaderMap::new(), Bytes::from_static(b"garbage")),
        (wrong, half),
        (copied, Bytes::from_static(b"\x01 in the name of another")),
    ] {
        let published = client.publish_with_headers(subject.clone(), headers, payload);
        published.await.unwrap();
    }
    // The same once more, with a header and without.
    let again = client.publish(subject, heard.payload.clone());
    again.await.unwrap();
}

impl World for Nats {
    type Connect = ExecConnect;

    fn connect(&self, name: &str) -> ExecConnect {
        ExecConnect::of_program(PROGRAM, Some(&self.server.address()), name, channel())
    }

    async fn stop(&mut self) {
        self.server.stop();
    }

    async fn start(&mut self) {
        self.server.start();
        self.server.is_there().await;
    }

    async fn outsider(&self) -> Outsider {
        let client = async_nats::connect(self.server.address()).await.unwrap();
        let mut subscriber = client.subscribe("mpotr.>").await.unwrap();
        let heard = Arc::new(Mutex::new(Vec::new()));
        let stop = CancellationToken::new();
        let (keeps, stopped) = (Arc::clone(&heard), stop.clone());
        tokio::spawn(async move {
            let mut own = 0_u32;
            loop {
                let message = tokio::select! {
                    () = stopped.cancelled() => return,
                    message = subscriber.next() => message,
                };
                let Some(message) = message else {
                    return;
                };
                keeps.lock().unwrap().extend_from_slice(&message.payload);
                // What it wrote comes back to it: of six that it hears, five are its own.
                own += 1;
                if own % 6 == 1 {
                    is_hostile(&client, &message).await;
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

carrier_contract!(nats_by_a_program, nats());
