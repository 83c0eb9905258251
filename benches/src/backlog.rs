//! A backlog: messages that a member missed and takes at once.

use std::marker::PhantomData;
use std::time::Duration;

use mpotr_core::Event;
use mpotr_core::crypto::CryptoSuite;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::channel::{Channel, ChannelError};
use crate::cpu::cpu_time;

const AUTHORS: usize = 10;
const BODY: [u8; 256] = [b'x'; 256];

/// How the member that missed it takes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Way {
    /// By `Room::handle_messages`: one signature for each author of some thousand packets, the rest by hash.
    Chain,
    /// By `Room::handle_message`, one by one: every signature.
    Each,
}

/// The packets of a talk of ten people, each of whom has read what was written before, in the order in which they were
/// sent.
#[derive(Debug)]
pub struct Backlog<S> {
    packets: Vec<Vec<u8>>,
    suite: PhantomData<S>,
}

impl<S: CryptoSuite> Backlog<S> {
    /// Messages in a backlog: as many as so many authors may have on their way to one who is not heard, 128 each
    /// (`docs/spec/06-epochs.md`, "Sending").
    pub const MESSAGES: usize = 1_280;

    /// Lets them talk.
    ///
    /// # Errors
    /// [`ChannelError`].
    pub fn record() -> Result<Self, ChannelError> {
        let mut rng = ChaCha20Rng::seed_from_u64(9);
        let mut channel = crowd::<S>()?;
        let now = channel.now();
        let mut authors: Vec<_> = channel.rooms().skip(1).collect();
        let mut packets: Vec<Vec<u8>> = Vec::with_capacity(Self::MESSAGES);
        for member in (1..=AUTHORS).cycle().take(Self::MESSAGES) {
            let author = member
                .checked_sub(1)
                .and_then(|index| authors.get_mut(index));
            let author = author.ok_or(ChannelError::NoMember(member))?;
            // What the others wrote since its own last one.
            let missed = packets.len().saturating_sub(AUTHORS.saturating_sub(1))..;
            author.handle_messages(now, packets.get(missed).unwrap_or_default(), &mut rng);
            let seen = author.newest_seen();
            author.send(now, BODY.to_vec(), seen)?;
            while author.poll_event().is_some() {}
            packets.extend(std::iter::from_fn(|| author.poll_transmit()));
        }
        Ok(Self {
            packets,
            suite: PhantomData,
        })
    }

    /// The CPU time in which the member that missed it takes it all.
    ///
    /// # Errors
    /// [`ChannelError::NotRead`].
    pub fn catch_up(&self, way: Way) -> Result<Duration, ChannelError> {
        let mut rng = ChaCha20Rng::seed_from_u64(9);
        let mut channel = crowd::<S>()?;
        let now = channel.now();
        let late = channel.rooms().next().ok_or(ChannelError::NoMember(0))?;
        while late.poll_event().is_some() {}
        let start = cpu_time();
        match way {
            Way::Chain => {
                late.handle_messages(now, &self.packets, &mut rng);
            }
            Way::Each => {
                for packet in &self.packets {
                    let _counted_below = late.handle_message(now, packet, &mut rng);
                }
            }
        }
        let time = cpu_time().saturating_sub(start);
        let read = std::iter::from_fn(|| late.poll_event())
            .filter(|event| matches!(event, Event::Message { .. }))
            .count();
        if read == Self::MESSAGES {
            Ok(time)
        } else {
            Err(ChannelError::NotRead {
                read,
                sent: Self::MESSAGES,
            })
        }
    }
}

/// The authors, and before them the member that misses it all, in one epoch; the same ones each time.
fn crowd<S: CryptoSuite>() -> Result<Channel<S, ChaCha20Rng>, ChannelError> {
    Channel::formed(AUTHORS.saturating_add(1), 11)
}
