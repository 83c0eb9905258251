//! A transport of one's own: bounded channels inside this process, in place of a chat server or a radio.

#![expect(clippy::print_stdout, reason = "it shows what happens")]
#![expect(clippy::wildcard_enum_match_arm, reason = "it needs few of the events")]

use std::error::Error;
use std::future;

use mpotr::{
    Admission, Ended, IdentityKey, IdentityKeyPair, Member, Message, Profile, RoomOptions, Seen,
    Told, new_identity,
};
use mpotr_transport::{Bytes, Carrier, Closed, Driver, DriverEvent};
use mpotr_transport::{Received, SenderHint, Transport};
use tokio::sync::{Mutex, mpsc};

/// Packets that wait for one member, before the others wait to send more.
const WAITING: usize = 64;

/// One member's end.
struct Channel {
    me: SenderHint,
    others: Vec<mpsc::Sender<Received>>,
    incoming: Mutex<mpsc::Receiver<Received>>,
}

impl Transport for Channel {
    fn carrier(&self) -> Carrier {
        Carrier {
            name: "channel",
            ..Carrier::RELAY
        }
    }

    async fn send(&self, packet: Bytes) -> Result<(), Closed> {
        for other in &self.others {
            let (sender, packet) = (self.me, packet.clone());
            // A member that has gone misses nothing.
            let _ = other.send(Received::Packet { sender, packet }).await;
        }
        Ok(())
    }

    async fn receive(&self) -> Result<Received, Closed> {
        match self.incoming.lock().await.recv().await {
            Some(received) => Ok(received),
            // Everyone else has gone: nothing comes from now on.
            None => future::pending().await,
        }
    }

    async fn close(self) -> Result<(), Closed> {
        Ok(())
    }
}

/// The two ends of a channel for two. With more members, each has the senders of all others.
fn pair() -> [Channel; 2] {
    let (to_first, first) = mpsc::channel(WAITING);
    let (to_second, second) = mpsc::channel(WAITING);
    [(1, to_second, first), (2, to_first, second)].map(|(number, other, incoming)| Channel {
        me: SenderHint::from_u64(number),
        others: vec![other],
        incoming: Mutex::new(incoming),
    })
}

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let [of_alice, of_bob] = pair();
    let [alice, bob] = [(); 2].map(|()| new_identity());
    let (alices_key, bobs_key) = (alice.public(), bob.public());
    tokio::try_join!(
        talk("alice", alice, bobs_key, of_alice),
        talk("bob", bob, alices_key, of_bob),
    )?;
    Ok(())
}

async fn talk(
    name: &str,
    me: IdentityKeyPair,
    friend: IdentityKey,
    transport: impl Transport,
) -> Result<(), Box<dyn Error>> {
    let admission = Admission::Only([friend].into());
    let options = RoomOptions::new("tea", admission)?.profile(Profile::Loopback);
    let member = Member::new(options.carrier(transport.carrier()), me, 0)?;
    let (handle, mut events) = Driver::spawn(member, transport);
    let hello = format!("hello from {name}");
    handle.send(hello, Seen::Expected).await?;
    while let Some(event) = events.recv().await {
        let DriverEvent::Room(event) = event else {
            continue;
        };
        match event.told {
            Told::Message(Message::Text { author, body, .. }) if author == friend => {
                println!("{name} reads: {}", String::from_utf8_lossy(&body));
                handle.leave().await?;
            }
            Told::Ended(Ended::Ended(departure)) if departure.acknowledged => {
                println!("{name} has left, and all that it said has arrived");
                return Ok(());
            }
            _ => {}
        }
    }
    Err(format!("{name} is cut off from the other").into())
}

#[test]
fn two_members_talk_over_a_transport_of_their_own() -> Result<(), Box<dyn Error>> {
    main()
}
