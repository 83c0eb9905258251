//! What waits to be written to one client: bounded in frames and bytes, shared among those who send, filled without ever
//! waiting.
//!
//! A sender that finds no room waits; neither its frame nor any other is lost. What a sender may have waiting here is a
//! third of what is free, so one sender takes a quarter of the queue, and of many who send all they can each comes to
//! have the same, with three times as much left free for others (the rule is that of Choudhury and Hahne, "Dynamic
//! queue length thresholds", 1998). A frame that is too long for that has to wait for an empty queue.
//!
//! The client counts as too slow only if senders wait for it and it takes next to nothing all the same.

use std::collections::{BTreeMap, VecDeque};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

use super::RelayLimits;
use crate::transport::SenderHint;

/// A sender has at most one part in so many of what is free.
pub(super) const SHARE: usize = 3;

/// The queue of one client. Many fill it, its connection alone empties it.
#[derive(Debug)]
pub(super) struct Outbox {
    queue: Mutex<Queue>,
    /// Set after each change that its connection should see.
    changed: Notify,
    max_frames: usize,
    max_bytes: usize,
    stall: Duration,
    /// Bytes that the client has to take in `stall`, while senders wait for it.
    least: usize,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<(Option<SenderHint>, Bytes)>,
    bytes: usize,
    senders: BTreeMap<SenderHint, Load>,
    /// Bytes that the client has taken since senders began to wait.
    taken: usize,
    /// When senders began to wait, or the client was last seen to take enough.
    pressed: Option<Instant>,
    ended: bool,
}

/// What waits for the client from one sender.
#[derive(Clone, Copy, Debug, Default)]
struct Load {
    frames: usize,
    bytes: usize,
}

/// The client took too little while others waited for it, and what was in its queue is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TooSlow;

impl Outbox {
    pub(super) fn new(limits: &RelayLimits) -> Self {
        let stall = usize::try_from(limits.stall.as_millis()).unwrap_or(usize::MAX);
        Self {
            queue: Mutex::default(),
            changed: Notify::new(),
            max_frames: limits.queue_frames.max(1),
            max_bytes: limits.queue_bytes_or_one_frame(),
            stall: limits.stall,
            least: limits.slowest.saturating_mul(stall) / 1_000,
        }
    }

    /// Whether a frame of `length` bytes has room, for this sender. A client on its way out takes everything and gets
    /// nothing.
    pub(super) fn has_room(&self, sender: SenderHint, length: usize) -> bool {
        let queue = self.queue();
        queue.ended || self.fits(&queue, sender, length)
    }

    /// As [`has_room`](Self::has_room), for a sender that waits: if the client takes next to nothing meanwhile, it is out.
    pub(super) fn has_room_at_last(&self, sender: SenderHint, length: usize, now: Instant) -> bool {
        let mut queue = self.queue();
        if queue.ended || self.fits(&queue, sender, length) {
            return true;
        }
        self.press(&mut queue, now)
    }

    /// For a sender that waits until its frames are taken, by this client or another: hurries the client if some wait
    /// here.
    pub(super) fn hurry(&self, sender: SenderHint, now: Instant) {
        let mut queue = self.queue();
        if queue.senders.contains_key(&sender) {
            self.press(&mut queue, now);
        }
    }

    /// Notes that a sender waits; whether the client is out for its slowness.
    fn press(&self, queue: &mut Queue, now: Instant) -> bool {
        let began = queue.pressed.unwrap_or(now);
        let stalls = now.saturating_duration_since(began) >= self.stall;
        if stalls && queue.taken < self.least {
            // Drop the queue: a stream with a hole would help nobody, and its memory is needed.
            *queue = Queue {
                ended: true,
                ..Queue::default()
            };
            self.changed.notify_one();
            return true;
        }
        if stalls || queue.pressed.is_none() {
            queue.pressed = Some(now);
            queue.taken = 0;
        }
        false
    }

    fn fits(&self, queue: &Queue, sender: SenderHint, length: usize) -> bool {
        if queue.frames.is_empty() {
            return true;
        }
        let free_bytes = self.max_bytes.saturating_sub(queue.bytes);
        let free_frames = self.max_frames.saturating_sub(queue.frames.len());
        let load = queue.senders.get(&sender).copied().unwrap_or_default();
        load.bytes.saturating_add(length) <= free_bytes / SHARE && load.frames < free_frames / SHARE
    }

    /// Queues a frame of a sender that was told there is room. `false` if the client is on its way out.
    pub(super) fn push(&self, sender: SenderHint, frame: Bytes) -> bool {
        self.enqueue(Some(sender), frame)
    }

    /// Queues a frame of the relay itself, the first of a queue.
    pub(super) fn push_first(&self, frame: Bytes) {
        self.enqueue(None, frame);
    }

    fn enqueue(&self, sender: Option<SenderHint>, frame: Bytes) -> bool {
        let mut queue = self.queue();
        if queue.ended {
            return false;
        }
        queue.bytes = queue.bytes.saturating_add(frame.len());
        if let Some(sender) = sender {
            let load = queue.senders.entry(sender).or_default();
            load.frames = load.frames.saturating_add(1);
            load.bytes = load.bytes.saturating_add(frame.len());
        }
        queue.frames.push_back((sender, frame));
        drop(queue);
        self.changed.notify_one();
        true
    }

    /// Waits for the next frame.
    pub(super) async fn next(&self) -> Result<Bytes, TooSlow> {
        loop {
            if let Some(frame) = self.try_next()? {
                return Ok(frame);
            }
            self.changed.notified().await;
        }
    }

    /// The next frame, if one waits.
    pub(super) fn try_next(&self) -> Result<Option<Bytes>, TooSlow> {
        let mut queue = self.queue();
        if queue.ended {
            return Err(TooSlow);
        }
        let Some((sender, frame)) = queue.frames.pop_front() else {
            // It has taken all there was.
            queue.pressed = None;
            return Ok(None);
        };
        queue.bytes = queue.bytes.saturating_sub(frame.len());
        if let Some(sender) = sender
            && let Some(load) = queue.senders.get_mut(&sender)
        {
            load.frames = load.frames.saturating_sub(1);
            load.bytes = load.bytes.saturating_sub(frame.len());
            if load.frames == 0 {
                queue.senders.remove(&sender);
            }
        }
        Ok(Some(frame))
    }

    /// Notes that the client has taken bytes.
    pub(super) fn took(&self, bytes: usize) {
        let mut queue = self.queue();
        queue.taken = queue.taken.saturating_add(bytes);
    }

    /// Waits until the client is out for being too slow.
    pub(super) async fn too_slow(&self) -> TooSlow {
        while !self.queue().ended {
            self.changed.notified().await;
        }
        TooSlow
    }

    /// A panic elsewhere leaves the queue as it was before or after one frame: both are sound.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
#[expect(
    clippy::arithmetic_side_effects,
    reason = "tests with small numbers: an overflow would panic, and fail them"
)]
mod tests {
    use std::time::Duration;

    use bytes::Bytes;
    use proptest::prelude::*;
    use tokio::time::Instant;

    use super::{Outbox, TooSlow};
    use crate::relay::RelayLimits;
    use crate::transport::SenderHint;

    const LONGEST: usize = RelayLimits::LONGEST_FRAME;
    const STALL: Duration = Duration::from_secs(10);
    const ALICE: SenderHint = SenderHint::from_u64(1);
    const BOB: SenderHint = SenderHint::from_u64(2);

    fn outbox(queue_frames: usize, queue_bytes: usize) -> Outbox {
        Outbox::new(&RelayLimits {
            queue_frames,
            queue_bytes,
            stall: STALL,
            slowest: 100,
            ..RelayLimits::default()
        })
    }

    fn frame(length: usize) -> Bytes {
        Bytes::from(vec![0; length])
    }

    fn fill(outbox: &Outbox, sender: SenderHint, length: usize) -> usize {
        let mut frames = 0;
        while outbox.has_room(sender, length) {
            assert!(outbox.push(sender, frame(length)));
            frames += 1;
        }
        frames
    }

    #[tokio::test]
    async fn frames_come_out_in_the_order_in_which_they_went_in() {
        let outbox = outbox(30, 0);
        for length in 1..=3 {
            outbox.push(
                SenderHint::from_u64(length),
                frame(usize::try_from(length).unwrap()),
            );
        }
        for length in 1..=3 {
            assert_eq!(outbox.next().await, Ok(frame(length)));
        }
        assert_eq!(outbox.try_next(), Ok(None));
        assert!(outbox.queue().senders.is_empty());
    }

    #[test]
    fn one_sender_gets_a_quarter_of_the_bytes_and_two_a_fifth_each() {
        let outbox = outbox(usize::MAX, 20 * LONGEST);
        assert_eq!(fill(&outbox, ALICE, LONGEST / 10), 50);
        // What is free is less now, so the second gets less, and the first nothing until it has less.
        assert_eq!(fill(&outbox, BOB, LONGEST / 10), 37);
        assert!(!outbox.has_room(ALICE, 1));
    }

    #[test]
    fn one_sender_gets_a_quarter_of_the_frames() {
        let outbox = outbox(100, 20 * LONGEST);
        assert_eq!(fill(&outbox, ALICE, 1), 25);
    }

    #[test]
    fn fifty_who_send_all_they_can_leave_room_for_one_who_does_not() {
        let outbox = outbox(16_384, 8 << 20);
        let flooders = || (100..150).map(SenderHint::from_u64);
        for flooder in flooders() {
            fill(&outbox, flooder, 10_000);
        }
        // The first sender has more than a share, and gets nothing until it has as little as the others.
        for _ in 0..2_000 {
            assert!(outbox.try_next().unwrap().is_some());
            for flooder in flooders() {
                fill(&outbox, flooder, 10_000);
            }
        }
        assert!(outbox.has_room(ALICE, 100_000));
    }

    #[test]
    fn a_sender_always_has_room_for_one_frame_of_the_longest_in_an_empty_queue() {
        let outbox = outbox(1, 0);
        assert!(outbox.has_room(ALICE, LONGEST));
        assert_eq!(fill(&outbox, ALICE, LONGEST), 1);
    }

    #[test]
    fn a_frame_that_was_taken_makes_room_for_another() {
        let outbox = outbox(1, 0);
        for _ in 0..10 {
            assert_eq!(fill(&outbox, ALICE, LONGEST), 1);
            assert_eq!(outbox.try_next(), Ok(Some(frame(LONGEST))));
            assert_eq!(outbox.queue().bytes, 0);
        }
    }

    #[test]
    fn a_client_that_takes_nothing_while_a_sender_waits_is_out_after_the_stall() {
        let outbox = outbox(4, 0);
        let now = Instant::now();
        fill(&outbox, ALICE, LONGEST);
        assert!(!outbox.has_room_at_last(ALICE, LONGEST, now));
        assert!(!outbox.has_room_at_last(ALICE, LONGEST, now + STALL / 2));
        assert!(outbox.has_room_at_last(ALICE, LONGEST, now + STALL));
        assert_eq!(outbox.try_next(), Err(TooSlow));
        assert_eq!(outbox.queue().frames.capacity(), 0);
        // It takes what comes, and keeps none of it.
        assert!(outbox.has_room(BOB, LONGEST));
        assert!(!outbox.push(BOB, frame(1)));
    }

    #[test]
    fn a_client_that_takes_its_least_stays_for_as_long_as_it_does() {
        let outbox = outbox(4, 0);
        let mut now = Instant::now();
        fill(&outbox, ALICE, LONGEST);
        assert!(!outbox.has_room_at_last(ALICE, LONGEST, now));
        for _ in 0..100 {
            outbox.took(1_000);
            now += STALL;
            assert!(!outbox.has_room_at_last(ALICE, LONGEST, now));
        }
        outbox.took(999);
        assert!(outbox.has_room_at_last(ALICE, LONGEST, now + STALL));
        assert_eq!(outbox.try_next(), Err(TooSlow));
    }

    #[test]
    fn a_client_is_hurried_by_those_alone_whose_frames_it_has() {
        let outbox = outbox(4, 0);
        let now = Instant::now();
        fill(&outbox, ALICE, LONGEST);
        for time in [now, now + STALL] {
            outbox.hurry(BOB, time);
        }
        assert!(!outbox.has_room(BOB, LONGEST));
        for time in [now, now + STALL] {
            outbox.hurry(ALICE, time);
        }
        assert_eq!(outbox.try_next(), Err(TooSlow));
    }

    #[test]
    fn a_client_that_nobody_waits_for_may_take_its_time() {
        let outbox = outbox(4, 0);
        let now = Instant::now();
        fill(&outbox, ALICE, LONGEST);
        assert!(!outbox.has_room_at_last(ALICE, LONGEST, now));
        while outbox.try_next().unwrap().is_some() {}
        // Hours later a queue is full again for a moment: what was before does not count.
        let later = now + 1_000 * STALL;
        fill(&outbox, ALICE, LONGEST);
        assert!(!outbox.has_room_at_last(ALICE, LONGEST, later));
        assert!(outbox.try_next().is_ok());
    }

    #[tokio::test]
    async fn who_waits_is_woken_by_a_frame_and_by_the_end() {
        let outbox = outbox(1, 0);
        let (seen, _) = tokio::join!(outbox.next(), async { outbox.push(ALICE, frame(1)) });
        assert_eq!(seen, Ok(frame(1)));
        let (end, ()) = tokio::join!(outbox.too_slow(), async {
            let now = Instant::now();
            fill(&outbox, ALICE, 1);
            outbox.has_room_at_last(ALICE, 1, now);
            outbox.has_room_at_last(ALICE, 1, now + STALL);
        });
        assert_eq!(end, TooSlow);
    }

    proptest! {
        #[test]
        fn whatever_is_pushed_and_taken_no_more_waits_than_the_limits_allow(
            steps in prop::collection::vec((0_u64..4, prop::option::of(1..LONGEST)), 0..60),
        ) {
            let outbox = outbox(12, LONGEST);
            for (sender, step) in steps {
                let sender = SenderHint::from_u64(sender);
                // A frame of this length comes, or the client takes one.
                match step {
                    Some(length) if outbox.has_room(sender, length) => {
                        outbox.push(sender, frame(length));
                    }
                    Some(_) => {}
                    None => drop(outbox.try_next()),
                }
                let queue = outbox.queue();
                prop_assert!(queue.frames.len() <= 12 && queue.bytes <= LONGEST);
                prop_assert_eq!(queue.bytes, queue.frames.iter().map(|(_, frame)| frame.len()).sum::<usize>());
                prop_assert_eq!(queue.bytes, queue.senders.values().map(|load| load.bytes).sum::<usize>());
                prop_assert_eq!(
                    queue.frames.len(),
                    queue.senders.values().map(|load| load.frames).sum::<usize>()
                );
            }
        }
    }
}
