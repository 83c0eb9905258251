//! The contract of carriers, over the program and one server.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use mpotr_transport::{CancellationToken, ExecConnect};
use tokio::time::sleep;

use crate::carrier_contract;
use crate::contract::{Outsider, World};
use crate::person::Person;
use crate::server::{LIMITED, Server, UNLIMITED};

struct Xmpp {
    server: Server,
}

async fn xmpp(limits: &str) -> Option<Xmpp> {
    let server = Server::with(limits).await?;
    Some(Xmpp { server })
}

/// What one who is in the room may write, and no program should stumble over.
pub(crate) fn hostile(number: u32) -> String {
    let packet = |fields: &str, text: &str| format!("<p xmlns='urn:mpotr:0' {fields}>{text}</p>");
    match number % 12 {
        0 => packet("", ""),
        1 => packet("from='0a1b2c3d'", "not base64!"),
        2 => packet(&format!("from='{number:08x}'"), "AQAAAAAAAAA"),
        3 => packet(
            &format!("from='{number:08x}' id='00000001' k='1' n='4096'"),
            "AQID",
        ),
        4 => packet("from='0a1b2c3d' id='x' k='-1' n='99999999999'", "AQID"),
        5 => format!("{}{}", "<a xmlns='b'>".repeat(3_000), "</a>".repeat(3_000)),
        6 => packet(&format!("from='{}'", "0".repeat(50_000)), &"A".repeat(100_000)),
        7 => "<c/>".repeat(20_000),
        9 => format!("<{0}/>", "long".repeat(5_000)),
        10 => format!("<c {}=''/>", "long".repeat(5_000)),
        8 => "<body>\u{202e}hello,&#10;what goes on here?</body><delay xmlns='urn:xmpp:delay' stamp='x'/>"
            .to_owned(),
        _ => "<x xmlns='http://jabber.org/protocol/muc#user'><status code='307'/><status code='110'/></x>\
              <occupant-id xmlns='urn:xmpp:occupant-id:0' id='forged'/><subject/>"
            .to_owned(),
    }
}

impl World for Xmpp {
    type Connect = ExecConnect;

    fn connect(&self, name: &str) -> ExecConnect {
        self.server.way("tea", name, name)
    }

    async fn stop(&mut self) {
        self.server.process.stop();
    }

    async fn start(&mut self) {
        self.server.process.start();
        self.server.process.is_there().await;
    }

    async fn outsider(&self) -> Outsider {
        let mut person = Person::enter(&self.server, "tea", "person").await;
        let heard = Arc::new(Mutex::new(Vec::new()));
        let stop = CancellationToken::new();
        let (keeps, stopped) = (Arc::clone(&heard), stop.clone());
        tokio::spawn(async move {
            for number in 0_u32.. {
                person.heard.clear();
                tokio::select! {
                    () = stopped.cancelled() => return,
                    is_there = person.reads() => if !is_there { return },
                    () = sleep(Duration::from_millis(100)) => {}
                }
                keeps
                    .lock()
                    .unwrap()
                    .extend_from_slice(person.heard.as_bytes());
                person.says_to_all(&hostile(number)).await;
                // The same once more, in the name of another.
                let packet = person.heard.find("<p ").and_then(|begin| {
                    let packet = &person.heard[begin..];
                    packet.find("</p>").map(|end| packet[..end + 4].to_owned())
                });
                if let Some(packet) = packet.filter(|_| number % 4 == 0) {
                    person.says_to_all(&packet).await;
                }
            }
        });
        Outsider {
            heard,
            is_told: true,
            _writes: stop.drop_guard(),
        }
    }
}

carrier_contract!(xmpp_by_a_program, xmpp(UNLIMITED));

/// The limit that Prosody has as it comes, and a server that ends in the middle.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_on_a_server_that_holds_back_and_comes_back() {
    if let Some(world) = xmpp(LIMITED).await {
        crate::contract::nothing_typed_is_lost_when_the_server_comes_back(world).await;
    }
}
