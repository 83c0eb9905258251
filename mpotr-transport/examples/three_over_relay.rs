//! Three members, each with its own connection to a relay, which runs in the same process on a free port.

#![expect(clippy::print_stdout, reason = "it shows what happens")]
#![expect(clippy::wildcard_enum_match_arm, reason = "it needs few of the events")]

use std::collections::BTreeSet;
use std::error::Error;
use std::net::SocketAddr;

use mpotr::{
    Admission, Ended, IdentityKey, IdentityKeyPair, Member, Membership, Message, Profile,
    RoomOptions, Seen, Told, new_identity,
};
use mpotr_transport::{CancellationToken, Driver, DriverEvent, Relay, RelayTransport};

#[tokio::main]
async fn main() -> Result<(), Box<dyn Error>> {
    let relay = Relay::bind("127.0.0.1:0").await?;
    let address = relay.local_addr();
    tokio::spawn(relay.run(CancellationToken::new()));

    // Made once, and kept: other people know a member by its public key.
    let me = [(); 3].map(|()| new_identity());
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
    // With these people and no others. Across the internet, leave the profile as it is.
    let options = RoomOptions::new("tea", Admission::Only(keys))?.profile(Profile::Loopback);
    let transport = RelayTransport::connect(relay, options.room_id()).await?;
    let member = Member::new(options, me, 0)?;
    let (handle, mut events) = Driver::spawn(member, transport);
    // It waits until the room is secure, and nobody reads it but those who are expected.
    let hello = format!("hello from {name}");
    handle.send(hello, Seen::Expected).await?;
    while let Some(event) = events.recv().await {
        let told = match event {
            DriverEvent::Room(event) => event.told,
            DriverEvent::Disconnected(reason) => return Err(reason.into()),
            _ => continue,
        };
        match told {
            Told::Membership(Membership::Secure { roster, .. }) => {
                println!("{name}: the room is secure, {} members", roster.len());
            }
            // Its own come too, in their place: all members read one transcript.
            Told::Message(Message::Text { author, body, .. }) => {
                println!("{name} reads: {}", String::from_utf8_lossy(&body));
                unread.remove(&author);
                if unread.is_empty() {
                    handle.leave().await?;
                }
            }
            Told::Ended(Ended::Ended(departure)) if departure.acknowledged => {
                println!("{name} has left, and all that it said has arrived");
                return Ok(());
            }
            _ => {}
        }
    }
    Err(format!("{name} is cut off from the others").into())
}

#[test]
fn three_members_talk_over_a_relay_and_leave() -> Result<(), Box<dyn Error>> {
    main()
}
