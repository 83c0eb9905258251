//! Two members in one process: a loop carries the packets and turns the clock.

#![expect(clippy::print_stdout, reason = "it shows what happens")]
#![expect(clippy::wildcard_enum_match_arm, reason = "it needs few of the events")]

use std::collections::BTreeSet;
use std::error::Error;

use mpotr::{
    Admission, Ended, IdentityKey, IdentityKeyPair, Member, Membership, Message, RoomOptions, Seen,
    Told, new_identity,
};

fn main() -> Result<(), Box<dyn Error>> {
    // Made once, and kept: other people know a member by its public key.
    let [alice, bob] = [(); 2].map(|()| new_identity());
    let (alices_key, bobs_key) = (alice.public(), bob.public());
    let mut alice = enter(alice, bobs_key)?;
    let mut bob = enter(bob, alices_key)?;

    // Texts wait until the room is secure, and nobody reads them but those who are expected.
    let mut now = 0;
    alice.send(now, b"hello from alice".to_vec(), Seen::Expected)?;
    bob.send(now, b"hello from bob".to_vec(), Seen::Expected)?;
    let mut inside = BTreeSet::from(["alice", "bob"]);
    while now < 60_000 {
        carry(&mut alice, &mut bob, now);
        carry(&mut bob, &mut alice, now);
        for (name, member, friend) in [
            ("alice", &mut alice, bobs_key),
            ("bob", &mut bob, alices_key),
        ] {
            while let Some(event) = member.poll_event() {
                match event.told {
                    Told::Membership(Membership::Secure { roster, .. }) => {
                        println!("{name}: the room is secure, {} members", roster.len());
                    }
                    Told::Message(Message::Text { author, body, .. }) if author == friend => {
                        println!("{name} reads: {}", String::from_utf8_lossy(&body));
                        member.leave(now);
                    }
                    Told::Ended(Ended::Ended(departure)) if departure.acknowledged => {
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
        alice.handle_timeout(now);
        bob.handle_timeout(now);
    }
    Err("a minute is over, and they are still there".into())
}

/// A member of the room "tea", with this friend and with nobody else.
fn enter(me: IdentityKeyPair, friend: IdentityKey) -> Result<Member, Box<dyn Error>> {
    let options = RoomOptions::new("tea", Admission::Only([friend].into()))?;
    Ok(Member::new(options, me, 0)?)
}

/// What one has to send reaches the other.
fn carry(from: &mut Member, to: &mut Member, now: u64) {
    while let Some(packet) = from.poll_packet() {
        if let Err(rejection) = to.handle_packet(now, &packet) {
            println!("a packet counted for nothing: {rejection}");
        }
    }
}

#[test]
fn two_members_talk_and_leave() -> Result<(), Box<dyn Error>> {
    main()
}
