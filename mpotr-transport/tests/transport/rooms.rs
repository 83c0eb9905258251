//! Rooms over a real relay: they agree, read each other and end, whatever else is in the channel.

use std::collections::BTreeSet;
use std::time::Duration;

use mpotr_backend_rustcrypto::{Aes256GcmSuite, ChaCha20Poly1305Suite};
use mpotr_core::crypto::{CryptoSuite, IdentityKey};
use mpotr_core::{Departure, Event, MAX_BODY, SendError};
use mpotr_transport::frame::{FrameCodec, Join, ServerFrame};
use mpotr_transport::{CloseCode, Closed, DriverEvent, HandleError};
use tokio::time::timeout;

use crate::harness::{Member, Raw, Served, channel, wait_until};

type Suite = ChaCha20Poly1305Suite;

/// What one member saw from the roster to the end.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    roster: BTreeSet<IdentityKey>,
    texts: BTreeSet<(IdentityKey, String)>,
    departure: Departure,
}

/// Waits until the room is secure, says one line, reads one of each member, and leaves.
async fn take_part(mut member: Member<impl CryptoSuite>) -> Seen {
    let roster = member.secure().await;
    let text = format!("from {}", member.identity);
    member.say(text.clone()).await.unwrap();
    let mut texts = BTreeSet::from([(member.identity, text)]);
    while texts.len() < roster.len() {
        if let Event::Message { author, body, .. } = member.next().await {
            texts.insert((author, String::from_utf8(body).unwrap()));
        }
    }
    member.handle.leave().await.unwrap();
    let departure = member.departure().await;
    assert!(
        member.events.recv().await.is_none(),
        "nothing follows the end"
    );
    assert_eq!(member.say("too late").await, Err(HandleError::Ended));
    Seen {
        roster,
        texts,
        departure,
    }
}

async fn members_read_each_other<S: CryptoSuite>(relay: &Served, count: usize) {
    let mut tasks = tokio::task::JoinSet::new();
    let mut identities = BTreeSet::new();
    for _ in 0..count {
        let member = Member::<S>::enter(relay, Some(count)).await;
        identities.insert(member.identity);
        tasks.spawn(take_part(member));
    }
    let seen = tasks.join_all().await;
    assert_eq!(seen.len(), count);
    for member in &seen {
        assert_eq!(member.roster, identities);
        assert_eq!(member.texts.len(), count);
        assert_eq!(member.texts, seen[0].texts);
        let Departure {
            acknowledged,
            transcripts_equal,
            ..
        } = member.departure;
        assert!(acknowledged && transcripts_equal, "{member:?}");
    }
}

#[tokio::test]
async fn two_rooms_agree_over_a_relay_and_read_each_other() {
    members_read_each_other::<ChaCha20Poly1305Suite>(&Served::new().await, 2).await;
}

#[tokio::test]
async fn three_rooms_agree_over_a_relay_and_read_each_other() {
    members_read_each_other::<Aes256GcmSuite>(&Served::new().await, 3).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn eight_rooms_agree_over_a_relay_and_read_each_other() {
    members_read_each_other::<ChaCha20Poly1305Suite>(&Served::new().await, 8).await;
}

#[tokio::test]
async fn garbage_and_echoes_in_the_channel_disturb_nobody() {
    let relay = Served::new().await;
    let mut raw = Raw::connect(&relay).await;
    raw.write(
        &Join {
            room: channel::<Suite>().into(),
        }
        .to_frame(),
    )
    .await;
    assert_eq!(raw.frame().await, Some(ServerFrame::Joined));
    let echo = async {
        let mut echoed = 0_usize;
        while let Some(ServerFrame::Packet { packet, .. }) = raw.frame().await {
            for packet in [b"garbage", &packet[..packet.len() / 2], &packet] {
                raw.write(&FrameCodec::encode(&[packet])).await;
            }
            echoed = echoed.saturating_add(1);
        }
        panic!("the relay ended the connection after {echoed} packets");
    };
    tokio::select! {
        () = members_read_each_other::<Suite>(&relay, 2) => {}
        () = echo => {}
    }
}

#[tokio::test]
async fn a_relay_that_shuts_down_is_reported_and_ends_the_room() {
    let relay = Served::new().await;
    let mut member = Member::<Suite>::enter(&relay, None).await;
    relay.shut_down().await;
    let why = Closed::new(
        CloseCode::ShuttingDown,
        "the relay ended the connection: the relay is shutting down",
    );
    assert_eq!(
        member.events.recv().await,
        Some(DriverEvent::Disconnected(why))
    );
    assert_eq!(member.events.recv().await, None);
    assert_eq!(member.say("anyone?").await, Err(HandleError::Ended));
    assert_eq!(member.handle.leave().await, Err(HandleError::Ended));
}

#[tokio::test]
async fn a_text_that_the_room_does_not_take_is_an_error_of_its_own() {
    let relay = Served::new().await;
    let member = Member::<Suite>::enter(&relay, None).await;
    let error = member.say(vec![0; MAX_BODY + 1]).await.unwrap_err();
    assert_eq!(
        error,
        HandleError::Send(SendError::TooLong {
            length: MAX_BODY + 1,
            limit: MAX_BODY
        })
    );
}

#[tokio::test]
async fn to_drop_the_last_handle_is_to_leave() {
    let relay = Served::new().await;
    let Member {
        handle, mut events, ..
    } = Member::<Suite>::enter(&relay, None).await;
    let clone = handle.clone();
    drop(handle);
    assert!(
        timeout(Duration::from_millis(50), events.recv())
            .await
            .is_err(),
        "one handle is left"
    );
    drop(clone);
    let ended = timeout(Duration::from_secs(30), events.recv())
        .await
        .expect("still in the room");
    assert!(
        matches!(ended, Some(DriverEvent::Room(Event::Ended(_)))),
        "{ended:?}"
    );
    assert_eq!(events.recv().await, None);
    wait_until(|| relay.counts().left == 1).await;
}

#[tokio::test]
async fn an_application_that_does_not_read_is_still_answered_and_misses_nothing() {
    const TEXTS: usize = 400;
    let relay = Served::new().await;
    let mut alice = Member::<Suite>::enter(&relay, Some(2)).await;
    let mut bob = Member::<Suite>::enter(&relay, Some(2)).await;
    alice.secure().await;
    bob.secure().await;
    for number in 0..TEXTS {
        alice.say(number.to_string()).await.unwrap();
        bob.say(number.to_string()).await.unwrap();
    }
    // More than the driver holds for an application: what is beyond waits in the relay.
    // Both read now: who does not read does not learn that others have its texts either, and sends no more of them.
    let reads = async |member: &mut Member| {
        let own = member.identity;
        let mut expected = 0..TEXTS;
        while !expected.is_empty() {
            if let Event::Message { author, body, .. } = member.next().await
                && author != own
            {
                assert_eq!(body, expected.next().unwrap().to_string().into_bytes());
            }
        }
    };
    tokio::join!(reads(&mut alice), reads(&mut bob));
}

#[tokio::test]
async fn a_room_whose_events_nobody_reads_goes_on_for_the_others() {
    let relay = Served::new().await;
    let mut alice = Member::<Suite>::enter(&relay, Some(2)).await;
    let Member { handle, events, .. } = Member::<Suite>::enter(&relay, Some(2)).await;
    drop(events);
    alice.secure().await;
    alice.say("hello").await.unwrap();
    while !matches!(alice.next().await, Event::Acknowledged { .. }) {}
    handle.leave().await.unwrap();
    while !matches!(alice.next().await, Event::Left { .. }) {}
}
