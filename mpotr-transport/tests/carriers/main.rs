//! Every carrier keeps one contract: `docs/spec/07-transport.md`. The relay, and IRC on real servers.
//!
//! A server that is not installed is told on standard error, and its tests do nothing; with `MPOTR_SERVERS=all` in the
//! environment they fail.

#![expect(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::unwrap_used,
    reason = "these are tests, their helpers too: what cannot be done is a failure"
)]

mod contract;
#[cfg(feature = "websocket")]
mod encrypted;
#[cfg(unix)]
mod exec;
#[cfg(feature = "irc")]
mod irc;
#[cfg(feature = "irc")]
mod measure;
mod member;
mod relay;
#[cfg(feature = "irc")]
mod server;

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
