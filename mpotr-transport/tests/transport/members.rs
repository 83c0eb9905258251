//! A driver that runs a member of the crate `mpotr`: what most applications do. On virtual time.

#![expect(clippy::wildcard_enum_match_arm, reason = "each looks for one event")]

use std::time::Duration;

use mpotr::{
    Admission, Departure, Ended, Event, IdentityKey, Member, Membership, Message, Phase,
    RoomOptions, Seen, Sid, TextId, Told, Verification, VerifyError, Vote, VoteError, Waiting,
    new_identity,
};
use mpotr_transport::{CloseCode, Closed, Driver, DriverEvent, HandleError, RoomHandle, Spawned};
use tokio::sync::{mpsc, watch};
use tokio::time::timeout;

use crate::reconnecting::{Hub, RETRY, ToHub, Way};

/// Of virtual time.
const PATIENCE: Duration = Duration::from_secs(3_600);

/// A member that a driver runs, and all that it was told.
struct Driven {
    identity: IdentityKey,
    handle: RoomHandle<Member>,
    events: mpsc::Receiver<DriverEvent<Event>>,
    way: watch::Sender<Way>,
    told: Vec<DriverEvent<Event>>,
}

impl Driven {
    /// Reads on until something is told.
    async fn hears<T>(&mut self, is: impl Fn(&DriverEvent<Event>) -> Option<T>) -> T {
        let heard = timeout(PATIENCE, async {
            loop {
                let event = self.events.recv().await.expect("the room is over");
                let found = is(&event);
                self.told.push(event);
                if let Some(found) = found {
                    return found;
                }
            }
        });
        heard.await.expect("never told")
    }

    async fn is_told<T>(&mut self, is: impl Fn(&Told) -> Option<T>) -> T {
        self.hears(|event| match event {
            DriverEvent::Room(event) => is(&event.told),
            _ => None,
        })
        .await
    }

    async fn is_secure(&mut self) -> Sid {
        self.is_told(|told| match told {
            Told::Membership(Membership::Secure { sid, .. }) => Some(*sid),
            _ => None,
        })
        .await
    }

    async fn reads(&mut self, text: &str) {
        self.is_told(|told| match told {
            Told::Message(Message::Text { body, .. }) => (body == text.as_bytes()).then_some(()),
            _ => None,
        })
        .await;
    }

    async fn departure(&mut self) -> Departure {
        self.is_told(|told| match told {
            Told::Ended(Ended::Ended(departure)) => Some(*departure),
            _ => None,
        })
        .await
    }

    /// Whether each of its events has the next number.
    fn has_no_gaps(&self) -> bool {
        let numbers = self.told.iter().filter_map(|event| match event {
            DriverEvent::Room(event) => Some(event.n),
            _ => None,
        });
        numbers.zip(0..).all(|(n, expected)| n == expected)
    }
}

/// Two members of one room, each ready for the other alone.
fn two_in(hub: &Hub) -> [Driven; 2] {
    let identities = [(); 2].map(|()| new_identity());
    let both: Admission = Admission::Only(identities.iter().map(|it| it.public()).collect());
    identities.map(|identity| {
        let key = identity.public();
        let options = RoomOptions::new("tea", both.clone()).unwrap();
        let member = Member::new(options, identity, 0).unwrap();
        let (way, watched) = watch::channel(Way::Open);
        let connect = ToHub {
            hub: hub.clone(),
            way: watched,
        };
        let wire = connect.open().unwrap();
        let (handle, events): Spawned<Member> =
            Driver::spawn_reconnecting(member, wire, connect, RETRY);
        Driven {
            identity: key,
            handle,
            events,
            way,
            told: Vec::new(),
        }
    })
}

#[tokio::test(start_paused = true)]
async fn members_talk_are_asked_and_leave_by_their_handles() {
    let [mut alice, mut bob] = two_in(&Hub::default());
    let hello = alice.handle.send("hello", Seen::Expected).await.unwrap();
    let sid = alice.is_secure().await;
    assert_eq!(bob.is_secure().await, sid);
    bob.reads("hello").await;
    alice
        .is_told(|told| match told {
            Told::Message(Message::Acknowledged { text_id }) => (*text_id == hello).then_some(()),
            _ => None,
        })
        .await;

    // What the member alone can do.
    let state = alice.handle.with(|member, _| member.state()).await.unwrap();
    assert_eq!((state.phase, state.sid), (Phase::Secure, Some(sid)));
    let secret = |driven: &Driven| {
        let handle = driven.handle.clone();
        async move {
            handle
                .with(|member, _| member.export(b"use"))
                .await
                .unwrap()
        }
    };
    let secrets = (secret(&alice).await.unwrap(), secret(&bob).await.unwrap());
    assert_eq!(secrets.0.expose(), secrets.1.expose());
    let heard = alice.handle.last_heard().await.unwrap();
    assert!(heard.members.contains_key(&bob.identity), "{heard:?}");

    // Errors are those of the member.
    let stranger = new_identity().public();
    let refused = |error: VoteError| Err(HandleError::Vote(error));
    let exclude = |identity| alice.handle.exclude(identity);
    assert_eq!(exclude(stranger).await, refused(VoteError::NoSuchMember));
    let own = alice.identity;
    assert_eq!(exclude(own).await, refused(VoteError::Yourself));
    let withdrawn = alice.handle.withdraw(Vote::Exclude(bob.identity)).await;
    assert_eq!(withdrawn, refused(VoteError::NoSuchVote));
    let secret = mpotr::SharedSecret::of_text("jam").unwrap();
    let asked = alice.handle.verify_start(own, secret, String::new()).await;
    assert_eq!(asked, Err(HandleError::Verify(VerifyError::Yourself)));

    let round = alice.handle.room_code().await.unwrap();
    for member in [&mut alice, &mut bob] {
        member
            .is_told(|told| match told {
                Told::Verification(Verification::Code { round: it, .. }) => {
                    (*it == round).then_some(())
                }
                _ => None,
            })
            .await;
    }

    for member in [&alice, &bob] {
        member.handle.leave().await.unwrap();
    }
    for member in [&mut alice, &mut bob] {
        let departure = member.departure().await;
        assert!(departure.acknowledged, "{departure:?}");
        assert_eq!(member.events.recv().await, None, "nothing follows the end");
        assert!(member.has_no_gaps());
    }
    assert_eq!(alice.handle.room_code().await, Err(HandleError::Ended));
}

/// The last text that it was told to have missed its readers.
fn missed(told: &[DriverEvent<Event>]) -> Option<TextId> {
    told.iter().rev().find_map(|event| match event {
        DriverEvent::Room(Event {
            told: Told::Message(Message::Missed { text_id, .. }),
            ..
        }) => Some(*text_id),
        _ => None,
    })
}

#[tokio::test(start_paused = true)]
async fn a_loss_is_among_the_events_of_the_member_and_ends_them_if_it_is_for_good() {
    let [mut alice, mut bob] = two_in(&Hub::default());
    let sid = alice.is_secure().await;
    bob.is_secure().await;

    alice.way.send_replace(Way::Closed);
    alice
        .is_told(|told| match told {
            Told::Waiting(Waiting::Reconnecting { code, attempt, .. }) => {
                assert_eq!((code.as_str(), *attempt), ("lost", 1));
                Some(())
            }
            _ => None,
        })
        .await;
    let waits = alice.handle.with(|member, _| member.state().waiting).await;
    assert!(
        waits
            .unwrap()
            .iter()
            .any(|it| matches!(it.told, Told::Waiting(Waiting::Reconnecting { .. })))
    );
    let text = alice.handle.send("late", Seen::Epoch(sid)).await.unwrap();
    alice.way.send_replace(Way::Open);
    let back = |event: &DriverEvent<Event>| matches!(event, DriverEvent::Reconnected).then_some(());
    alice.hears(back).await;
    bob.reads("late").await;
    alice
        .is_told(|told| match told {
            Told::Message(Message::Acknowledged { text_id }) => (*text_id == text).then_some(()),
            _ => None,
        })
        .await;

    // For good, with a text on its way.
    alice.way.send_replace(Way::Wrong);
    let text = alice.handle.send("never", Seen::Epoch(sid)).await.unwrap();
    let closed = alice.hears(|event| match event {
        DriverEvent::Disconnected(closed) => Some(closed.clone()),
        _ => None,
    });
    assert_eq!(
        closed.await,
        Closed::new(CloseCode::Protocol, "the way is wrong")
    );
    assert_eq!(missed(&alice.told), Some(text));
    let last = alice.told.iter().rev().find_map(|event| match event {
        DriverEvent::Room(event) => Some(event),
        _ => None,
    });
    assert_eq!(
        last.unwrap().told,
        Told::Ended(Ended::Closed {
            code: "protocol".to_owned(),
            message: "the way is wrong".to_owned(),
            retry: false,
        })
    );
    let left = alice.told.iter().any(|event| {
        matches!(event, DriverEvent::Room(event) if matches!(event.told, Told::Ended(Ended::Ended(_))))
    });
    assert!(!left, "it is told to have left, and it was cut off");
    assert!(alice.has_no_gaps());
}
