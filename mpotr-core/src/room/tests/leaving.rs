//! How long a member that leaves waits for the others.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_crypto::IdentityKeyPair;
use mpotr_gka::RoomId;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::config::{Admission, RoomConfig};
use crate::room::Room;
use crate::room::context::Context;
use crate::room::leaving::Departing;
use crate::time::{Duration, Timestamp};
use crate::timers::{Timer, TimerTable};

/// Moves something just before the wait ends, again and again, and returns after how many seconds it ends all the same.
fn wait_in_all(moves: impl Fn(u32, &mut Departing, &mut Context<'_, Suite>)) -> u64 {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let config = RoomConfig::new(RoomId::of_name::<Suite>("hall"), Admission::Open);
    let identity = IdentityKeyPair::random::<Suite>(&mut rng);
    let mut now = Timestamp::default();
    let mut room: Room<Suite> = Room::new(config, identity, now, &mut rng).unwrap();
    let mut departure = Departing::default();
    let mut timers = TimerTable::default();
    let began = now;
    let mut step = 0;
    while timers.expire(now).map(|(timer, _)| timer) != Some(Timer::Finish) {
        let mut cx = Context {
            now,
            me: &room.common.me,
            out: &mut room.common.out,
            timers: &mut timers,
            pulse: &mut room.common.pulse,
        };
        moves(step, &mut departure, &mut cx);
        step += 1;
        let end = timers.next().unwrap();
        let before = now.after(Duration::from_secs(9));
        now = before.min(end);
    }
    now.since(began).as_secs()
}

#[test]
fn an_order_that_grows_message_by_message_holds_up_nobody_for_long() {
    let in_all = wait_in_all(|step, departure, cx| {
        if step == 0 {
            departure.wait(cx);
        } else {
            departure.wait_for_order(cx);
        }
    });
    assert_eq!(in_all, 30);
}

#[test]
fn what_else_moves_gives_the_order_time_again_and_all_has_an_end() {
    let every_third = wait_in_all(|step, departure, cx| {
        if step % 3 == 0 {
            departure.wait(cx);
        } else {
            departure.wait_for_order(cx);
        }
    });
    assert_eq!(every_third, 300);
}
