//! Three members, each with its own connection to a relay, which runs in the same process on a free port.

#![expect(clippy::print_stdout, reason = "it shows what happens")]
#![expect(clippy::wildcard_enum_match_arm, reason = "it needs few of the events")]

use std::collections::BTreeSet;
use std::error::Error;
use std::net::SocketAddr;

use mpotr::room::{Event, Room, RoomConfig, Timers, Timestamp};
use mpotr::{Admission, DefaultSuite, IdentityKey, IdentityKeyPair, RoomId, Seen, SystemRng};
use mpotr_transport::{CancellationToken, Driver, DriverEvent, Relay, RelayTransport};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let relay = Relay::bind("127.0.0.1:0").await?;
    let address = relay.local_addr();
    tokio::spawn(relay.run(CancellationToken::new()));

    // Made once, and kept: other people know a member by its public key.
    let me = [(); 3].map(|()| IdentityKeyPair::random::<DefaultSuite>(&mut SystemRng::default()));
    let keys: BTreeSet<_> = me.iter().map(IdentityKeyPair::public).collect();
    let [alice, bob, carol] = me;
    tokio::try_join!(
        talk("alice", alice, keys.clone(), address),
        talk("bob", bob, keys.clone(), address),
        talk("carol", carol, keys, address),
    )?;
    Ok(())
}

async fn talk(
    name: &str,
    me: IdentityKeyPair,
    keys: BTreeSet<IdentityKey>,
    relay: SocketAddr,
) -> Result<(), Box<dyn Error>> {
    let mut unread = keys.clone();
    let id = RoomId::of_name::<DefaultSuite>("tea");
    // With these people and no others.
    let mut config = RoomConfig::new(id, Admission::Only(keys));
    config.timers = Timers::LOOPBACK; // Across the internet, leave them as they are.
    let mut rng = SystemRng::default();
    let room = Room::<DefaultSuite>::new(config, me, Timestamp::default(), &mut rng)?;
    let transport = RelayTransport::connect(relay, id).await?;
    let (handle, mut events) = Driver::spawn(room, transport, rng);
    // It waits until the room is secure, and nobody reads it but those who are expected.
    let hello = format!("hello from {name}");
    handle.send(hello, Seen::Expected).await?;
    while let Some(event) = events.recv().await {
        match event {
            DriverEvent::Room(Event::Secure { roster, .. }) => {
                println!("{name}: the room is secure, {} members", roster.len());
            }
            // Its own come too, in their place: all members read one transcript.
            DriverEvent::Room(Event::Message { author, body, .. }) => {
                println!("{name} reads: {}", String::from_utf8_lossy(&body));
                unread.remove(&author);
                if unread.is_empty() {
                    handle.leave().await?;
                }
            }
            DriverEvent::Room(Event::Ended(departure)) if departure.acknowledged => {
                println!("{name} has left, and all that it said has arrived");
                return Ok(());
            }
            DriverEvent::Disconnected(reason) => return Err(reason.into()),
            _ => {}
        }
    }
    Err(format!("{name} is cut off from the others").into())
}

#[test]
fn three_members_talk_over_a_relay_and_leave() -> Result<(), Box<dyn Error>> {
    main()
}
