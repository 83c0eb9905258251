//! A room, those who rule it, and a person who is in it by another client.

use std::time::Duration;

use mpotr_transport::{CloseCode, Connect as _, Received};
use tokio::time::timeout;

use crate::limits::two;
use crate::person::Person;
use crate::server::{Server, UNLIMITED};
use crate::talking::{closed, packet, received, send};
use crate::world::hostile;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_get_into_a_room_that_one_of_them_makes() {
    let Some(server) = Server::with(UNLIMITED).await else {
        return;
    };
    let ways = ["alice", "bob", "carol", "dave"].map(|name| server.way("new", name, name));
    let entering = ways.iter().map(|way| way.connect());
    let mut all = Vec::new();
    for entered in futures::future::join_all(entering).await {
        all.push(entered.unwrap());
    }
    send(&all[0], b"hello").await;
    for other in &all[1..] {
        assert_eq!(packet(other).await, b"hello");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_finds_its_nick_taken_comes_in_by_another_and_one_account_by_two_connections() {
    let Some(server) = Server::with(UNLIMITED).await else {
        return;
    };
    let mut person = Person::enter(&server, "tea", "person").await;
    let ways = ["alice", "bob", "bob"].map(|name| server.way("tea", name, "person"));
    let mut all = Vec::new();
    for way in &ways {
        all.push(way.connect().await.unwrap());
    }
    for nick in ["person_'", "person_2'"] {
        person.hears(nick).await;
    }
    // The two of one account, under one nick, hear each other and themselves not.
    for (who, text) in [(0, "of alice"), (1, "of bob"), (2, "of bob again")] {
        send(&all[who], text.as_bytes()).await;
        for other in (0..3).filter(|other| *other != who) {
            assert_eq!(
                packet(&all[other]).await,
                text.as_bytes(),
                "{who} to {other}"
            );
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_is_put_out_is_told_why_and_does_not_come_again_by_itself() {
    let Some(server) = Server::with(UNLIMITED).await else {
        return;
    };
    let mut person = Person::enter(&server, "tea", "person").await;
    for (item, words) in [
        ("nick='alice' role='none'", "kicked"),
        ("jid='alice@xmpp.example' affiliation='outcast'", "banned"),
    ] {
        let alice = server.way("tea", "alice", "alice").connect().await.unwrap();
        person.changes(item).await;
        let closed = closed(&alice).await;
        assert_eq!(
            (closed.code, closed.retry),
            (CloseCode::Kicked, false),
            "{closed}"
        );
        assert!(
            closed.text.contains(words) && closed.text.contains("(why)"),
            "{closed}"
        );
    }
    let refused = server
        .way("tea", "alice", "alice")
        .connect()
        .await
        .unwrap_err();
    assert!(
        !refused.retry && refused.text.contains("banned"),
        "{refused}"
    );
    let bob = server.way("tea", "bob", "bob").connect().await.unwrap();
    let query = "<query xmlns='http://jabber.org/protocol/muc#owner'>\
                 <destroy><reason>over</reason></destroy></query>";
    person.asks("destroy", query).await;
    let closed = closed(&bob).await;
    assert!(
        !closed.retry && closed.text.contains("destroyed (over)"),
        "{closed}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_room_for_its_members_or_with_a_password_is_refused_and_so_is_one_that_lets_only_some_speak()
 {
    let Some(server) = Server::with(UNLIMITED).await else {
        return;
    };
    for (room, field, value, words) in [
        (
            "members",
            "muc#roomconfig_membersonly",
            "1",
            "members alone",
        ),
        ("secret", "muc#roomconfig_roomsecret", "word", "password"),
    ] {
        let mut person = Person::enter(&server, room, "person").await;
        person.configures(field, value).await;
        let refused = server
            .way(room, "alice", "alice")
            .connect()
            .await
            .unwrap_err();
        assert!(!refused.retry && refused.text.contains(words), "{refused}");
    }
    let mut person = Person::enter(&server, "tea", "person").await;
    let alice = server.way("tea", "alice", "alice").connect().await.unwrap();
    person.changes("nick='alice' role='visitor'").await;
    send(&alice, b"hello").await;
    let closed = closed(&alice).await;
    assert!(
        !closed.retry && closed.text.contains("only some speak"),
        "{closed}"
    );
}

/// What other clients show is what has a body.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_person_by_another_client_reads_one_line_and_is_read() {
    let Some(server) = Server::with(UNLIMITED).await else {
        return;
    };
    let mut person = Person::enter(&server, "tea", "person").await;
    let (alice, bob) = two(&server, "tea").await;
    for number in 0..20 {
        send(&alice, &[number; 300]).await;
        assert_eq!(packet(&bob).await, [number; 300]);
    }
    person
        .says_to_all("<body>hello, who&#10;is there?</body>")
        .await;
    for transport in [&alice, &bob] {
        let Received::Notice { text } = received(transport).await.unwrap() else {
            panic!("no word of a person");
        };
        assert_eq!(text, "person: hello, who is there?");
    }
    person.hears("?MPOTR? ").await;
    // Longer than those who come wait to say it.
    let _nothing = timeout(Duration::from_secs(6), async {
        while person.reads().await {}
    })
    .await;
    let bodies = person.heard.matches("<body").count();
    assert_eq!(
        bodies, 2,
        "of the person, and the one line: {}",
        person.heard
    );
    assert_eq!(person.heard.matches("<p ").count(), 20);
    assert_eq!(person.heard.matches("<no-store").count(), 21);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_said_before_is_not_played_back() {
    let Some(server) = Server::with(UNLIMITED).await else {
        return;
    };
    let mut person = Person::enter(&server, "tea", "person").await;
    person
        .says_to_all("<body>before</body><p xmlns='urn:mpotr:0' from='0a1b2c3d'>AQID</p>")
        .await;
    person.says_to_all("<body>old words</body>").await;
    person.hears("old words").await;
    let alice = server.way("tea", "alice", "alice").connect().await.unwrap();
    person
        .says_to_all(
            "<p xmlns='urn:mpotr:0' from='0a1b2c3d'>AQID</p>\
             <delay xmlns='urn:xmpp:delay' stamp='2020-01-01T00:00:00Z'/>",
        )
        .await;
    person
        .says_to_all("<p xmlns='urn:mpotr:0' from='0a1b2c3d'>BAUG</p>")
        .await;
    let first = received(&alice).await.unwrap();
    assert!(
        matches!(&first, Received::Packet { packet, .. } if packet[..] == [4, 5, 6]),
        "{first:?}"
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn who_floods_a_room_with_what_is_none_stops_nobody() {
    let Some(server) = Server::with(UNLIMITED).await else {
        return;
    };
    let mut person = Person::enter(&server, "tea", "person").await;
    let (alice, bob) = two(&server, "tea").await;
    for number in 0..60_u8 {
        person.says_to_all(&hostile(u32::from(number))).await;
        if number % 10 == 9 {
            send(&alice, &[number; 9]).await;
        }
        person.heard.clear();
        let _some = timeout(Duration::from_millis(20), person.reads()).await;
    }
    let mut own = 0;
    while own < 6 {
        if packet(&bob).await.len() == 9 {
            own += 1;
        }
    }
}
