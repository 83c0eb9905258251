//! What a long epoch costs in memory: how many bytes a member keeps for each message of 256 bytes, while it is not final, and
//! when it is. `docs/benchmarks.md` has the numbers. Linux alone: it reads `/proc/self/statm`.
//!
//! ```text
//! cargo run --release -p mpotr-benches --example epoch_memory [messages]
//! ```

use std::error::Error;
use std::io::Write as _;
use std::time::Duration;

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_benches::Channel;
use mpotr_core::crypto::IdentityKeyPair;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// Messages that are written, and then taken, at once.
const TOGETHER: usize = 1000;
const PAGE: usize = 4096;

/// Bytes of memory that are the process's own.
fn resident() -> Result<usize, Box<dyn Error>> {
    let text = std::fs::read_to_string("/proc/self/statm")?;
    let pages: usize = text
        .split_whitespace()
        .nth(1)
        .ok_or("no second number in statm")?
        .parse()?;
    Ok(pages.saturating_mul(PAGE))
}

/// Alice writes so many messages and Bob reads them. What one of the two keeps for each, on average.
fn talk(messages: usize, until_final: bool) -> Result<usize, Box<dyn Error>> {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let identities: Vec<_> = (0..2)
        .map(|_| IdentityKeyPair::random::<Suite>(&mut rng))
        .collect();
    let mut channel: Channel<Suite, _> =
        Channel::enter_long(identities, ChaCha20Rng::seed_from_u64(2))?;
    channel.until_secure()?;
    let before = resident()?;
    let mut done = 0_usize;
    while done < messages {
        let now = channel.now();
        let mut packets = Vec::new();
        let mut rooms = channel.rooms();
        let (Some(alice), Some(bob)) = (rooms.next(), rooms.next()) else {
            return Err("not two rooms".into());
        };
        for _ in 0..TOGETHER {
            alice.send(now, vec![b'x'; 256], alice.newest_seen())?;
            packets.extend(std::iter::from_fn(|| alice.poll_transmit()));
        }
        bob.handle_messages(now, &packets, &mut rng);
        while alice.poll_event().is_some() || bob.poll_event().is_some() {}
        drop(rooms);
        done = done.saturating_add(TOGETHER);
        if until_final {
            channel.pass(Duration::from_secs(4));
            for member in 0..2 {
                channel.read(member);
            }
        }
    }
    let used = resident()?.saturating_sub(before);
    used.checked_div(messages.saturating_mul(2))
        .ok_or_else(|| "no messages".into())
}

fn main() -> Result<(), Box<dyn Error>> {
    let messages = match std::env::args().nth(1) {
        Some(number) => number.parse()?,
        None => 100_000,
    };
    for (what, until_final) in [("final", true), ("not final", false)] {
        let bytes = talk(messages, until_final)?;
        writeln!(
            std::io::stdout(),
            "{messages} messages, {what}: {bytes} bytes each at each member"
        )?;
    }
    Ok(())
}
