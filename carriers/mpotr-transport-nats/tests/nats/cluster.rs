//! Many rooms on a cluster of three servers, of which one ends in the middle: nothing that was typed is lost.
//!
//! `cargo test -p mpotr-transport-nats --test nats -- --ignored --nocapture two_hundred_rooms`

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_core::Timers;
use mpotr_core::gka::RoomId;
use mpotr_transport::ExecConnect;
use tokio::sync::{Barrier, Semaphore};
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::member::Member;
use crate::server::Server;
use crate::world::PROGRAM;

/// How many rooms there are, of how many, and how many enter at once.
#[derive(Clone, Copy)]
struct Size {
    rooms: usize,
    members: usize,
    at_once: usize,
}

/// What all rooms come to at the same time.
struct Course {
    entering: Semaphore,
    agreed: Barrier,
    ends: Barrier,
    ended: Barrier,
}

/// The servers as the members know them: all, but each another one first.
fn way(servers: &[String], number: usize, room: RoomId) -> ExecConnect {
    let mut servers: Vec<_> = servers.iter().map(String::as_str).collect();
    let first = number % servers.len();
    servers.rotate_left(first);
    let address = format!("nats://{}", servers.join(","));
    ExecConnect::of_program(PROGRAM, Some(&address), "member", room)
}

/// One room: its members agree, talk, talk on while a server ends and after that, and leave with one order. How long they took
/// to agree, and to read all after the end of the server.
async fn room(
    number: usize,
    size: Size,
    servers: Vec<String>,
    timers: Timers,
    course: Arc<Course>,
) -> (Duration, Duration) {
    let id = RoomId::of_name::<Suite>(&format!("room {number}"));
    let place = course.entering.acquire().await.unwrap();
    let begin = Instant::now();
    let mut members = Vec::new();
    for member in 0..size.members {
        let way = way(&servers, number + member, id);
        members.push(Member::enter_room(id, way, size.members, timers).await);
    }
    for member in &mut members {
        member.secure_with(size.members).await;
    }
    let agreement = begin.elapsed();
    drop(place);
    course.agreed.wait().await;
    let mut texts = BTreeSet::new();
    let mut begin = Instant::now();
    for round in 0..3 {
        for (who, member) in members.iter_mut().enumerate() {
            let text = format!("{round} of {who} in {number}");
            member.say(text.clone()).await;
            texts.insert(text.into_bytes());
        }
        // The second is on its way while a server ends, and the third is said after that.
        match round {
            0 => {
                for member in &mut members {
                    member.reads_all(&texts).await;
                }
                course.ends.wait().await;
            }
            1 => {
                course.ended.wait().await;
                begin = Instant::now();
            }
            _ => {}
        }
    }
    for member in &mut members {
        member.reads_all(&texts).await;
    }
    let read = begin.elapsed();
    let leaving = members
        .into_iter()
        .map(|mut member| async move { member.leaves().await });
    for departure in futures::future::join_all(leaving).await {
        assert!(
            departure.acknowledged && departure.transcripts_equal,
            "{departure:?}"
        );
    }
    (agreement, read)
}

async fn rooms_on_a_cluster_of_which_one_server_ends(size: Size, timers: Timers) {
    let Some(mut servers) = Server::cluster(3).await else {
        return;
    };
    let addresses: Vec<_> = servers.iter().map(Server::place).collect();
    let barrier = || Barrier::new(size.rooms + 1);
    let course = Arc::new(Course {
        entering: Semaphore::new(size.at_once),
        agreed: barrier(),
        ends: barrier(),
        ended: barrier(),
    });
    let begin = Instant::now();
    let mut rooms = JoinSet::new();
    for number in 0..size.rooms {
        let course = Arc::clone(&course);
        rooms.spawn(room(number, size, addresses.clone(), timers, course));
    }
    // A room that failed would keep the others waiting.
    let or_failed = async |barrier: &Barrier, rooms: &mut JoinSet<_>| {
        tokio::select! {
            _ready = barrier.wait() => {}
            ended = rooms.join_next() => panic!("a room has ended early: {ended:?}"),
        }
    };
    or_failed(&course.agreed, &mut rooms).await;
    let agreed = begin.elapsed();
    or_failed(&course.ends, &mut rooms).await;
    servers[0].stop();
    or_failed(&course.ended, &mut rooms).await;
    let mut longest = (Duration::ZERO, Duration::ZERO);
    while let Some(ended) = rooms.join_next().await {
        let (agreement, read) = ended.unwrap();
        longest = (longest.0.max(agreement), longest.1.max(read));
    }
    let (rooms, members) = (size.rooms, size.members);
    println!(
        "{rooms} rooms of {members}: all secure after {agreed:?}, the slowest in {:?}; all read {:?} after a server ended; \
         {:?} in all",
        longest.0,
        longest.1,
        begin.elapsed()
    );
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn five_rooms_of_three_lose_nothing_when_a_server_of_three_ends() {
    let size = Size {
        rooms: 5,
        members: 3,
        at_once: 5,
    };
    rooms_on_a_cluster_of_which_one_server_ends(size, Timers::RELAY).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "a thousand processes and some minutes: the command is above"]
async fn two_hundred_rooms_of_five_lose_nothing_when_a_server_of_three_ends() {
    let size = Size {
        rooms: 200,
        members: 5,
        at_once: 10,
    };
    rooms_on_a_cluster_of_which_one_server_ends(size, Timers::RELAY).await;
}
