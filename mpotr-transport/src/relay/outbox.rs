//! What waits to be written to one client: bounded by frames and by bytes, filled without ever waiting.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;

use super::RelayLimits;

/// The queue of one client. Many fill it, its connection alone empties it.
#[derive(Debug)]
pub(super) struct Outbox {
    queue: Mutex<Queue>,
    /// Set after each change that its connection should see.
    changed: Notify,
    max_frames: usize,
    max_bytes: usize,
}

#[derive(Debug, Default)]
struct Queue {
    frames: VecDeque<Bytes>,
    bytes: usize,
    overflowed: bool,
}

/// The client let its queue run full, and what was in it is gone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Overflow;

impl Outbox {
    pub(super) fn new(limits: &RelayLimits) -> Self {
        Self {
            queue: Mutex::default(),
            changed: Notify::new(),
            max_frames: limits.queue_frames.max(1),
            max_bytes: limits.queue_bytes_or_one_frame(),
        }
    }

    /// Queues a frame. Over a limit the queue is emptied for good: a stream with a hole would help nobody, and its
    /// memory is needed. `Ok` says that the frame waits, `Err` that it does not, now or since an earlier overflow.
    pub(super) fn push(&self, frame: Bytes) -> Result<(), Overflow> {
        let mut queue = self.queue();
        if queue.overflowed {
            return Err(Overflow);
        }
        let bytes = queue.bytes.saturating_add(frame.len());
        let fits = bytes <= self.max_bytes && queue.frames.len() < self.max_frames;
        if fits {
            queue.bytes = bytes;
            queue.frames.push_back(frame);
        } else {
            *queue = Queue {
                overflowed: true,
                ..Queue::default()
            };
        }
        drop(queue);
        self.changed.notify_one();
        if fits { Ok(()) } else { Err(Overflow) }
    }

    /// Waits for the next frame.
    pub(super) async fn next(&self) -> Result<Bytes, Overflow> {
        loop {
            if let Some(frame) = self.try_next()? {
                return Ok(frame);
            }
            self.changed.notified().await;
        }
    }

    /// The next frame, if one waits.
    pub(super) fn try_next(&self) -> Result<Option<Bytes>, Overflow> {
        let mut queue = self.queue();
        if queue.overflowed {
            return Err(Overflow);
        }
        let frame = queue.frames.pop_front();
        queue.bytes = queue
            .bytes
            .saturating_sub(frame.as_ref().map_or(0, Bytes::len));
        Ok(frame)
    }

    /// Waits until the queue has overflowed.
    pub(super) async fn overflow(&self) -> Overflow {
        while !self.queue().overflowed {
            self.changed.notified().await;
        }
        Overflow
    }

    /// A panic elsewhere leaves the queue as it was before or after one frame: both are sound.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use bytes::Bytes;
    use proptest::prelude::*;

    use super::{Outbox, Overflow};
    use crate::relay::RelayLimits;

    fn outbox(queue_frames: usize, queue_bytes: usize) -> Outbox {
        Outbox::new(&RelayLimits {
            queue_frames,
            queue_bytes,
            ..RelayLimits::default()
        })
    }

    fn frame(length: usize) -> Bytes {
        Bytes::from(vec![0; length])
    }

    #[tokio::test]
    async fn frames_come_out_in_the_order_in_which_they_went_in() {
        let outbox = outbox(3, 0);
        for length in 1..=3 {
            outbox.push(frame(length)).unwrap();
        }
        for length in 1..=3 {
            assert_eq!(outbox.next().await, Ok(frame(length)));
        }
        assert_eq!(outbox.try_next(), Ok(None));
    }

    #[test]
    fn one_frame_too_many_overflows_and_frees_all_that_waited() {
        let outbox = outbox(2, 0);
        outbox.push(frame(1)).unwrap();
        outbox.push(frame(1)).unwrap();
        assert_eq!(outbox.push(frame(1)), Err(Overflow));
        assert_eq!(outbox.queue().frames.capacity(), 0);
        assert_eq!(outbox.try_next(), Err(Overflow));
    }

    #[test]
    fn one_byte_too_many_overflows() {
        let limit = RelayLimits::LONGEST_FRAME + 10;
        let outbox = outbox(100, limit);
        outbox.push(frame(RelayLimits::LONGEST_FRAME)).unwrap();
        outbox.push(frame(10)).unwrap();
        assert_eq!(outbox.queue().bytes, limit);
        assert_eq!(outbox.push(frame(1)), Err(Overflow));
    }

    #[test]
    fn a_frame_that_was_taken_makes_room_for_another() {
        let outbox = outbox(1, 0);
        for _ in 0..10 {
            outbox.push(frame(RelayLimits::LONGEST_FRAME)).unwrap();
            assert_eq!(
                outbox.try_next(),
                Ok(Some(frame(RelayLimits::LONGEST_FRAME)))
            );
            assert_eq!(outbox.queue().bytes, 0);
        }
    }

    #[test]
    fn nothing_is_queued_after_an_overflow() {
        let outbox = outbox(1, 0);
        outbox.push(frame(1)).unwrap();
        for _ in 0..3 {
            assert_eq!(outbox.push(frame(1)), Err(Overflow));
            assert!(outbox.queue().frames.is_empty());
        }
    }

    #[test]
    fn the_longest_frame_fits_whatever_the_limit_says() {
        assert_eq!(outbox(1, 0).push(frame(RelayLimits::LONGEST_FRAME)), Ok(()));
    }

    #[tokio::test]
    async fn who_waits_is_woken_by_a_frame_and_by_an_overflow() {
        let outbox = outbox(1, 0);
        let (frame_seen, ()) =
            tokio::join!(outbox.next(), async { outbox.push(frame(1)).unwrap() });
        assert_eq!(frame_seen, Ok(frame(1)));
        let (overflow, ()) = tokio::join!(outbox.overflow(), async {
            outbox.push(frame(1)).unwrap();
            outbox.push(frame(1)).unwrap_err();
        });
        assert_eq!(overflow, Overflow);
    }

    proptest! {
        #[test]
        fn whatever_is_pushed_and_taken_no_more_waits_than_the_limits_allow(
            steps in prop::collection::vec(prop::option::of(1..RelayLimits::LONGEST_FRAME), 0..60),
        ) {
            let outbox = outbox(5, RelayLimits::LONGEST_FRAME);
            for step in steps {
                // A frame of this length comes, or the client takes one.
                match step {
                    Some(length) => drop(outbox.push(frame(length))),
                    None => drop(outbox.try_next()),
                }
                let queue = outbox.queue();
                prop_assert!(queue.frames.len() <= 5 && queue.bytes <= RelayLimits::LONGEST_FRAME);
                prop_assert_eq!(queue.bytes, queue.frames.iter().map(Bytes::len).sum::<usize>());
                prop_assert!(!queue.overflowed || queue.frames.capacity() == 0);
            }
        }
    }
}
