//! What opening a message of 256 bytes costs in a room of three, in multiples of the primitives that nothing can do without. The
//! two are measured in turn, eight messages at a time. `docs/benchmarks.md` has the numbers.
//!
//! ```text
//! cargo run --release -p mpotr-benches --example open_ratio [rooms]
//! ```

use std::error::Error;
use std::io::Write as _;
use std::time::Duration;

use mpotr_backend_ring::ChaCha20Poly1305Suite as Ring;
use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as RustCrypto;
use mpotr_backend_sodium::ChaCha20Poly1305Suite as Sodium;
use mpotr_benches::{Channel, Floor, cpu_time};
use mpotr_core::crypto::CryptoSuite;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

/// Messages between two rounds of acknowledgements, and in all in one room.
const AT_ONCE: u32 = 8;
const IN_ALL: u32 = 256;

/// The time that the room took for its messages, and the floor for as many.
fn measure<S: CryptoSuite>() -> Result<(Duration, Duration), Box<dyn Error>> {
    let mut rng = ChaCha20Rng::seed_from_u64(7);
    let mut channel = Channel::<S, _>::formed(3, 8)?;
    let (mut room, mut primitives) = (Duration::ZERO, Duration::ZERO);
    let mut floor: Option<Floor<S>> = None;
    for _ in (0..IN_ALL).step_by(AT_ONCE.try_into()?) {
        let now = channel.now();
        let mut rooms = channel.rooms();
        let (Some(alice), Some(bob), Some(carol)) = (rooms.next(), rooms.next(), rooms.next())
        else {
            return Err("not three rooms".into());
        };
        let mut packets = Vec::new();
        for _ in 0..AT_ONCE {
            alice.send(now, vec![b'x'; 256], alice.newest_seen())?;
            packets.extend(alice.poll_transmit());
        }
        let start = cpu_time();
        for packet in &packets {
            bob.handle_message(now, packet, &mut rng)?;
        }
        let opened = cpu_time();
        let length = packets.first().map_or(0, Vec::len);
        let floor = match &mut floor {
            Some(floor) => floor,
            none => none.insert(Floor::of(length).ok_or("a key of our own does not decode")?),
        };
        let before = cpu_time();
        for _ in 0..AT_ONCE {
            if !floor.open() {
                return Err("the floor does not hold".into());
            }
        }
        primitives = primitives.saturating_add(cpu_time().saturating_sub(before));
        room = room.saturating_add(opened.saturating_sub(start));
        for packet in &packets {
            carol.handle_message(now, packet, &mut rng)?;
        }
        drop(rooms);
        channel.pass(Duration::from_secs(5));
    }
    Ok((room, primitives))
}

fn compare<S: CryptoSuite>(rooms: usize) -> Result<(), Box<dyn Error>> {
    let mut measured = Vec::new();
    for _ in 0..rooms {
        let (room, floor) = measure::<S>()?;
        measured.push((room.as_secs_f64() / floor.as_secs_f64(), room, floor));
    }
    measured.sort_by(|(a, ..), (b, ..)| a.total_cmp(b));
    let middle = measured.len() / 2;
    let (Some((least, ..)), Some((median, room, floor)), Some((most, ..))) =
        (measured.first(), measured.get(middle), measured.last())
    else {
        return Err("no rooms".into());
    };
    writeln!(
        std::io::stdout(),
        "{}: {:.1?} and {:.1?}; {median:.3} times as much ({least:.3} to {most:.3})",
        S::BACKEND,
        room.div_f64(f64::from(IN_ALL)),
        floor.div_f64(f64::from(IN_ALL)),
    )?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let rooms = match std::env::args().nth(1) {
        Some(number) => number.parse()?,
        None => 60,
    };
    compare::<RustCrypto>(rooms)?;
    compare::<Ring>(rooms)?;
    compare::<Sodium>(rooms)
}
