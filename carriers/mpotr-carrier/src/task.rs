//! A transport whose connection is a task of its own, and what goes between the two.
//!
//! ```text
//!   send ───── a packet at a time ──> Ends::packets   the task: its connection
//!   close ──── no packet more ──────> Ends::packets   sends what it has, and ends
//!   receive <─ what came ───────────── Ends::give
//!   link <──── what it knows ───────── Ends::link
//! ```

use bytes::Bytes;
use mpotr_transport::{Carrier, CloseCode, Closed, LinkReport, Received, Transport};
use tokio::sync::{Mutex, mpsc, oneshot, watch};

/// What came and waits for the room. Behind it the task waits.
const WAITING: usize = 64;

/// A packet that is to leave.
#[derive(Debug)]
pub struct Outgoing {
    /// Its bytes.
    pub packet: Bytes,
    /// Dropped when the carrier is ready for the next one.
    pub taken: Taken,
}

/// A packet that the carrier is busy with. The next one comes when this is dropped.
#[derive(Debug)]
pub struct Taken(
    #[expect(dead_code, reason = "that it is dropped is what it says")] oneshot::Sender<()>,
);

/// The task's side. It goes on until no packet is left to come, and then ends as soon as it has sent what it has.
///
/// What it gives waits in the room's own time, so a task goes on sending while it has something to give.
#[derive(Debug)]
pub struct Ends {
    /// The packets that are to leave.
    pub packets: mpsc::Receiver<Outgoing>,
    /// What has come.
    pub give: mpsc::Sender<Received>,
    /// What the connection knows of itself.
    pub link: watch::Sender<LinkReport>,
}

/// A connection that a task has.
#[derive(Debug)]
pub struct TaskTransport {
    carrier: Carrier,
    packets: mpsc::Sender<Outgoing>,
    came: Mutex<mpsc::Receiver<Received>>,
    link: watch::Receiver<LinkReport>,
    ended: watch::Receiver<Option<Result<(), Closed>>>,
}

impl TaskTransport {
    /// Starts a task for a connection that has joined its room, and knows so much of itself.
    pub fn spawn<F>(carrier: Carrier, link: LinkReport, task: impl FnOnce(Ends) -> F) -> Self
    where
        F: Future<Output = Result<(), Closed>> + Send + 'static,
    {
        let (packets, leaving) = mpsc::channel(1);
        let (give, came) = mpsc::channel(WAITING);
        let (link, links) = watch::channel(link);
        let (end, ended) = watch::channel(None);
        let task = task(Ends {
            packets: leaving,
            give,
            link,
        });
        tokio::spawn(async move {
            let over = task.await;
            end.send_replace(Some(over));
        });
        Self {
            carrier,
            packets,
            came: Mutex::new(came),
            link: links,
            ended,
        }
    }

    /// Waits for the end of the task.
    async fn end(&self) -> Result<(), Closed> {
        let mut ended = self.ended.clone();
        let over = match ended.wait_for(Option::is_some).await {
            Ok(over) => over.clone(),
            Err(_gone) => None,
        };
        over.unwrap_or_else(|| Err(Closed::new(CloseCode::Lost, "the carrier has failed")))
    }

    /// Why the task is over, where it was to go on.
    async fn why(&self) -> Closed {
        match self.end().await {
            Ok(()) => Closed::new(CloseCode::Lost, "the connection is closed"),
            Err(closed) => closed,
        }
    }
}

impl Transport for TaskTransport {
    fn carrier(&self) -> Carrier {
        self.carrier
    }

    async fn send(&self, packet: Bytes) -> Result<(), Closed> {
        let (taken, is_taken) = oneshot::channel();
        let taken = Taken(taken);
        if self.packets.send(Outgoing { packet, taken }).await.is_err() {
            return Err(self.why().await);
        }
        // It is dropped, and never sent.
        let _dropped = is_taken.await;
        match self.packets.is_closed() {
            true => Err(self.why().await),
            false => Ok(()),
        }
    }

    async fn receive(&self) -> Result<Received, Closed> {
        match self.came.lock().await.recv().await {
            Some(came) => Ok(came),
            None => Err(self.why().await),
        }
    }

    fn link(&self) -> LinkReport {
        *self.link.borrow()
    }

    async fn close(self) -> Result<(), Closed> {
        let Self {
            packets,
            came: _came,
            ended,
            ..
        } = self;
        drop(packets);
        let mut ended = ended;
        match ended.wait_for(Option::is_some).await {
            Ok(over) => over.clone().unwrap_or(Ok(())),
            Err(_gone) => Err(Closed::new(CloseCode::Lost, "the carrier has failed")),
        }
    }
}

#[cfg(test)]
mod tests {
    use core::time::Duration;

    use bytes::Bytes;
    use mpotr_transport::{Carrier, CloseCode, Closed, LinkReport, Received, Transport as _};
    use tokio::time::timeout;

    use super::{Ends, TaskTransport};

    fn notice(text: &str) -> Received {
        let text = text.to_owned();
        Received::Notice { text }
    }

    #[tokio::test]
    async fn a_packet_comes_when_the_carrier_is_ready_for_it_and_the_end_when_it_has_sent_all() {
        let transport = TaskTransport::spawn(
            Carrier::RELAY,
            LinkReport::default(),
            |mut ends: Ends| async move {
                let first = ends.packets.recv().await.unwrap();
                let report = LinkReport {
                    queued: first.packet.len(),
                    ..LinkReport::default()
                };
                ends.link.send_replace(report);
                ends.give.send(notice("one")).await.unwrap();
                drop(first);
                let second = ends.packets.recv().await.unwrap();
                assert_eq!(second.packet, b"second"[..]);
                drop(second);
                assert!(ends.packets.recv().await.is_none());
                Ok(())
            },
        );
        transport.send(Bytes::from_static(b"first")).await.unwrap();
        assert_eq!(transport.receive().await.unwrap(), notice("one"));
        assert_eq!(transport.link().queued, 5);
        transport.send(Bytes::from_static(b"second")).await.unwrap();
        transport.close().await.unwrap();
    }

    #[tokio::test]
    async fn a_packet_waits_as_long_as_the_carrier_is_busy_with_the_one_before() {
        let transport = TaskTransport::spawn(
            Carrier::RELAY,
            LinkReport::default(),
            |mut ends: Ends| async move {
                let held = ends.packets.recv().await;
                core::future::pending::<()>().await;
                drop(held);
                Ok(())
            },
        );
        let waiting = transport.send(Bytes::from_static(b"first"));
        assert!(timeout(Duration::from_millis(50), waiting).await.is_err());
    }

    #[tokio::test]
    async fn what_ends_the_task_is_told_to_all_who_wait() {
        let lost = Closed::new(CloseCode::Kicked, "out");
        let why = lost.clone();
        let transport = TaskTransport::spawn(
            Carrier::RELAY,
            LinkReport::default(),
            |mut ends: Ends| async move {
                let _unsent = ends.packets.recv().await;
                ends.give.send(notice("last words")).await.unwrap();
                Err(why)
            },
        );
        let sent = transport.send(Bytes::from_static(b"first")).await;
        assert_eq!(sent.unwrap_err(), lost);
        assert_eq!(transport.receive().await.unwrap(), notice("last words"));
        assert_eq!(transport.receive().await.unwrap_err(), lost);
        assert_eq!(transport.close().await.unwrap_err(), lost);
    }
}
