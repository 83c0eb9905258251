//! What has come from a channel and waits for the driver, where the carrier cannot make a sender wait: what comes beyond its
//! bounds is dropped, as on any lossy network, and the room asks for it again.

use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard, PoisonError};

use tokio::sync::Notify;

use crate::transport::{Closed, Received};

/// Things that wait at most, and bytes of packets and texts.
const MOST: usize = 4_096;
const BYTES: usize = 8 << 20;

/// What waits, and how the connection ended.
#[derive(Debug, Default)]
pub(crate) struct Inbox {
    state: Mutex<State>,
    news: Notify,
}

#[derive(Debug, Default)]
struct State {
    waiting: VecDeque<Received>,
    bytes: usize,
    dropped: u64,
    closed: Option<Closed>,
}

impl Inbox {
    /// Something has come.
    pub(crate) fn push(&self, received: Received) {
        let length = bytes(&received);
        let mut state = self.state();
        let after = state.bytes.saturating_add(length);
        if state.waiting.len() >= MOST || after > BYTES {
            state.dropped = state.dropped.saturating_add(1);
            tracing::debug!(dropped = state.dropped, "nobody reads what comes");
            return;
        }
        state.bytes = after;
        state.waiting.push_back(received);
        drop(state);
        self.news.notify_one();
    }

    /// The connection is over, after what has come.
    pub(crate) fn close(&self, closed: Closed) {
        self.state().closed.get_or_insert(closed);
        self.news.notify_one();
    }

    /// How the connection ended, if it has.
    pub(crate) fn closed(&self) -> Option<Closed> {
        self.state().closed.clone()
    }

    /// The next thing that has come.
    pub(crate) async fn next(&self) -> Result<Received, Closed> {
        loop {
            let news = self.news.notified();
            {
                let mut state = self.state();
                if let Some(received) = state.waiting.pop_front() {
                    state.bytes = state.bytes.saturating_sub(bytes(&received));
                    return Ok(received);
                }
                if let Some(closed) = &state.closed {
                    return Err(closed.clone());
                }
            }
            news.await;
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // Nothing panics while it is held.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn bytes(received: &Received) -> usize {
    match received {
        Received::Packet { packet, .. } => packet.len(),
        Received::Present { .. } => 0,
        Received::Plain { name, text, .. } => name.len().saturating_add(text.len()),
        Received::Notice { text } => text.len(),
    }
}

#[cfg(test)]
mod tests {
    use super::{BYTES, Inbox, MOST};
    use crate::transport::{CloseCode, Closed, Received, SenderHint};

    fn packet(length: usize) -> Received {
        Received::Packet {
            sender: SenderHint::from_u64(1),
            packet: vec![0; length].into(),
        }
    }

    #[tokio::test]
    async fn what_came_is_read_before_the_end_and_the_end_for_ever() {
        let inbox = Inbox::default();
        inbox.push(packet(1));
        let lost = Closed::new(CloseCode::Lost, "lost");
        inbox.close(lost.clone());
        inbox.close(Closed::new(CloseCode::Kicked, "later"));
        assert_eq!(inbox.next().await, Ok(packet(1)));
        assert_eq!(inbox.next().await, Err(lost.clone()));
        assert_eq!(
            (inbox.next().await, inbox.closed()),
            (Err(lost.clone()), Some(lost))
        );
    }

    #[tokio::test]
    async fn what_nobody_reads_is_bounded_by_number_and_by_bytes() {
        let inbox = Inbox::default();
        (0..2 * MOST).for_each(|_| inbox.push(packet(1)));
        assert_eq!(inbox.state().waiting.len(), MOST);
        inbox.next().await.unwrap();
        inbox.push(packet(BYTES));
        assert_eq!(inbox.state().waiting.len(), MOST - 1);
        for _ in 0..MOST - 1 {
            inbox.next().await.unwrap();
        }
        assert_eq!(inbox.state().bytes, 0);
        inbox.push(packet(BYTES));
        inbox.push(packet(1));
        assert_eq!(inbox.state().waiting.len(), 1);
    }
}
