//! Two members in one process: a loop carries the packets and turns the clock.

#![expect(clippy::print_stdout, reason = "it shows what happens")]
#![expect(clippy::wildcard_enum_match_arm, reason = "it needs few of the events")]

use std::collections::BTreeSet;
use std::error::Error;

use mpotr::{
    Admission, DefaultSuite, Event, IdentityKey, IdentityKeyPair, Room, RoomConfig, RoomId, Seen,
    SystemRng, Timestamp,
};

fn main() -> Result<(), Box<dyn Error>> {
    let mut rng = SystemRng::default();
    // Made once, and kept: other people know a member by its public key.
    let [alice, bob] = [(); 2].map(|()| IdentityKeyPair::random::<DefaultSuite>(&mut rng));
    let (alices_key, bobs_key) = (alice.public(), bob.public());
    let mut alice = enter(alice, bobs_key)?;
    let mut bob = enter(bob, alices_key)?;

    // Texts wait until the room is secure, and nobody reads them but those who are expected.
    let mut now = Timestamp::default();
    alice.send(now, b"hello from alice".to_vec(), Seen::Expected)?;
    bob.send(now, b"hello from bob".to_vec(), Seen::Expected)?;
    let mut inside = BTreeSet::from(["alice", "bob"]);
    while now < Timestamp::from_millis(60_000) {
        carry(&mut alice, &mut bob, now);
        carry(&mut bob, &mut alice, now);
        for (name, room, friend) in [
            ("alice", &mut alice, bobs_key),
            ("bob", &mut bob, alices_key),
        ] {
            while let Some(event) = room.poll_event() {
                match event {
                    Event::Secure { roster, .. } => {
                        println!("{name}: the room is secure, {} members", roster.len());
                    }
                    Event::Message { author, body, .. } if author == friend => {
                        println!("{name} reads: {}", String::from_utf8_lossy(&body));
                        room.leave(now);
                    }
                    Event::Ended(departure) if departure.acknowledged => {
                        println!("{name} has left, and all that it said has arrived");
                        inside.remove(name);
                    }
                    _ => {}
                }
            }
        }
        if inside.is_empty() {
            return Ok(());
        }
        // Nobody has more to say: it is later.
        let due = [alice.poll_timeout(), bob.poll_timeout()];
        now = due.into_iter().flatten().min().ok_or("nothing is due")?;
        alice.handle_timeout(now, &mut rng);
        bob.handle_timeout(now, &mut rng);
    }
    Err("a minute is over, and they are still there".into())
}

/// A member of the room "tea", with this friend and with nobody else.
fn enter(me: IdentityKeyPair, friend: IdentityKey) -> Result<Room<DefaultSuite>, Box<dyn Error>> {
    let admission = Admission::Only([friend].into());
    let config = RoomConfig::new(RoomId::of_name::<DefaultSuite>("tea"), admission);
    let room = Room::new(config, me, Timestamp::default(), &mut SystemRng::default())?;
    Ok(room)
}

/// What one has to send reaches the other.
fn carry(from: &mut Room<DefaultSuite>, to: &mut Room<DefaultSuite>, now: Timestamp) {
    while let Some(packet) = from.poll_transmit() {
        if let Err(rejection) = to.handle_message(now, &packet, &mut SystemRng::default()) {
            println!("a packet counted for nothing: {rejection}");
        }
    }
}

#[test]
fn two_members_talk_and_leave() -> Result<(), Box<dyn Error>> {
    main()
}
