//! What a carrier has to carry, whatever it is. Carriers of `carriers/` are held to it by this file and that of the member.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use mpotr_core::{Departure, Event};
use mpotr_transport::Connect;
use tokio::time::sleep;

use crate::member::Member;

/// Texts of each of two members.
const TEXTS: usize = 50;

/// What nobody outside of the room may read.
const SECRET: &str = "a text that nobody else reads";

/// A channel, and who is in it.
pub(crate) trait World: Send {
    type Connect: Connect;

    /// The way of one member to it.
    fn connect(&self, name: &str) -> Self::Connect;

    /// Ends the server without a word.
    fn stop(&mut self) -> impl Future<Output = ()> + Send;

    /// Starts it again, where it was.
    fn start(&mut self) -> impl Future<Output = ()> + Send;

    /// One who is in the channel, writes whatever it likes, and keeps all that it gets.
    fn outsider(&self) -> impl Future<Output = Outsider> + Send;
}

/// What an outsider got. It writes until this is dropped.
pub(crate) struct Outsider {
    pub(crate) heard: Arc<Mutex<Vec<u8>>>,
    /// Whether people are told in words what goes on.
    pub(crate) is_told: bool,
    pub(crate) _writes: tokio_util::sync::DropGuard,
}

async fn enter<W: World>(world: &W, names: &[&str]) -> Vec<Member> {
    let mut members = Vec::new();
    for name in names {
        members.push(Member::enter(world.connect(name), names.len()).await);
    }
    members
}

async fn secure<W: World>(world: &W, names: &[&str]) -> Vec<Member> {
    let mut members = enter(world, names).await;
    for member in &mut members {
        member.secure_with(names.len()).await;
    }
    members
}

/// All of them leave, and have read one order.
async fn leave(members: Vec<Member>) -> Vec<Departure> {
    let leaving = members
        .into_iter()
        .map(|mut member| async move { member.leaves().await });
    let departures = futures::future::join_all(leaving).await;
    assert!(
        departures.iter().all(|it| it.transcripts_equal),
        "{departures:?}"
    );
    departures
}

/// The same, and all that they said has arrived.
async fn end(members: Vec<Member>) {
    let departures = leave(members).await;
    assert!(
        departures.iter().all(|it| it.acknowledged),
        "{departures:?}"
    );
}

pub(crate) async fn members_agree_read_each_other_and_end_in_one_order<W: World>(world: W) {
    let mut members = secure(&world, &["alice", "bob", "carol"]).await;
    let mut texts = BTreeSet::new();
    // A text of 10 kB, and not one that would be shorter if it were packed.
    let long: Vec<u8> = (0..=250).cycle().take(10_000).collect();
    texts.insert(long.clone());
    for number in 0..TEXTS {
        for name in ["alice", "bob"] {
            texts.insert(format!("{number} of {name}").into_bytes());
        }
    }
    let all = &texts;
    let long = &long;
    let talking =
        members
            .iter_mut()
            .zip(["alice", "bob", "carol"])
            .map(|(member, name)| async move {
                let said = async {
                    if name == "carol" {
                        return member.say(long.clone()).await;
                    }
                    for number in 0..TEXTS {
                        member.say(format!("{number} of {name}")).await;
                    }
                };
                said.await;
                member.reads_all(all).await;
            });
    futures::future::join_all(talking).await;
    for member in &mut members {
        if member.order.len() < texts.len() {
            let count = texts.len();
            member
                .until("the final order", |member, _| {
                    (member.order.len() >= count).then_some(())
                })
                .await;
        }
    }
    let orders = members.iter().map(|member| member.order.get(..texts.len()));
    let orders: BTreeSet<_> = orders.map(|order| order.unwrap().to_vec()).collect();
    assert_eq!(orders.len(), 1, "they read one order");
    end(members).await;
}

pub(crate) async fn members_come_leave_and_are_put_out<W: World>(world: W) {
    let mut members = secure(&world, &["alice", "bob"]).await;
    let mut carol = Member::enter(world.connect("carol"), 2).await;
    members.push(carol);
    for member in &mut members {
        member.secure_with(3).await;
    }
    carol = members.pop().unwrap();
    carol.say("hello from carol").await;
    for member in &mut members {
        member.reads(b"hello from carol").await;
    }
    let whose = carol.identity;
    let others = members.iter_mut().map(|member| member.is_without(whose, 2));
    let (departure, _) = tokio::join!(carol.leaves(), futures::future::join_all(others));
    assert!(departure.acknowledged);

    let mut eve = Member::enter(world.connect("eve"), 2).await;
    eve.secure_with(3).await;
    for member in &mut members {
        member.secure_with(3).await;
    }
    members[0].handle.exclude(eve.identity).await.unwrap();
    for member in &mut members {
        member.secure_with(2).await;
    }
    eve.hears("that she is out", |event| matches!(event, Event::Removed))
        .await;
    end(members).await;
}

pub(crate) async fn a_member_that_is_gone_without_a_word_is_left_out<W: World>(world: W) {
    let mut members = secure(&world, &["alice", "bob", "carol"]).await;
    let carol = members.pop().unwrap();
    let gone = carol.identity;
    carol.dies().await;
    members[0].say("is carol there?").await;
    for member in &mut members {
        member.is_without(gone, 2).await;
        member.reads(b"is carol there?").await;
    }
    // The dead one has not acknowledged what was said.
    leave(members).await;
}

pub(crate) async fn nothing_typed_is_lost_when_the_server_comes_back<W: World>(mut world: W) {
    let mut members = secure(&world, &["alice", "bob", "carol"]).await;
    members[0].say("before").await;
    world.stop().await;
    for member in &mut members {
        member.loses_the_carrier().await;
    }
    members[1].say("meanwhile").await;
    world.start().await;
    members[2].say("after").await;
    let texts = ["before", "meanwhile", "after"].map(|text| text.as_bytes().to_vec());
    let texts = BTreeSet::from(texts);
    for member in &mut members {
        member.reads_all(&texts).await;
    }
    end(members).await;
}

pub(crate) async fn a_room_begins_though_the_server_goes_meanwhile<W: World>(mut world: W) {
    let mut members = enter(&world, &["alice", "bob", "carol"]).await;
    // The members have begun to agree, or are about to.
    members[0]
        .hears("who else is there", |event| {
            matches!(event, Event::WantsIn { .. })
        })
        .await;
    world.stop().await;
    sleep(Duration::from_millis(300)).await;
    world.start().await;
    for member in &mut members {
        member.secure_with(3).await;
    }
    members[0].say("hello").await;
    for member in &mut members {
        member.reads(b"hello").await;
    }
    end(members).await;
}

pub(crate) async fn outsiders_neither_read_nor_stop_anything<W: World>(world: W) {
    let outsider = world.outsider().await;
    let mut members = secure(&world, &["alice", "bob"]).await;
    members[0].say(SECRET).await;
    for member in &mut members {
        member.reads(SECRET.as_bytes()).await;
        assert!(
            !member.plain.iter().any(|text| text.contains("?MPOTR")),
            "{:?}",
            member.plain
        );
    }
    if outsider.is_told {
        // People are told in words, some time after the first member has come.
        let is_told = || {
            let heard = outsider.heard.lock().unwrap();
            String::from_utf8_lossy(&heard).contains("?MPOTR? ")
        };
        for _ in 0..300 {
            if is_told() {
                break;
            }
            sleep(Duration::from_millis(100)).await;
        }
        assert!(is_told());
    }
    end(members).await;
    let heard = outsider.heard.lock().unwrap();
    assert!(!heard.is_empty(), "the outsider is in the channel");
    assert!(!String::from_utf8_lossy(&heard).contains(SECRET));
}

/// The whole contract on one kind of channel: `$world` is an expression that gives a new one, or `None`.
macro_rules! carrier_contract {
    ($name:ident, $world:expr) => {
        mod $name {
            use super::*;

            carrier_contract!(@ $world,
                members_agree_read_each_other_and_end_in_one_order,
                members_come_leave_and_are_put_out,
                a_member_that_is_gone_without_a_word_is_left_out,
                nothing_typed_is_lost_when_the_server_comes_back,
                a_room_begins_though_the_server_goes_meanwhile,
                outsiders_neither_read_nor_stop_anything,
            );
        }
    };
    (@ $world:expr, $($check:ident,)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $check() {
                if let Some(world) = $world.await {
                    crate::contract::$check(world).await;
                }
            }
        )*
    };
}
pub(crate) use carrier_contract;
