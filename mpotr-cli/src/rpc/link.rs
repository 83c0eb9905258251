//! The connection of one room to its carrier, as a task: it tells the session what comes, and sends what it is given.
//!
//! A packet is taken out of a room when the link is free, and not before: until then a newer one may take its place.

use core::pin::pin;
use core::task::Poll;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::{Fuse, FusedFuture as _};
use mpotr::{Carrier, LinkReport};
use mpotr_formats::known::KnownPeople;
use mpotr_json::Failure;
use mpotr_transport::{Bytes, Closed, Connect, Loss, Received, Retry, Transport as _};
use tokio::sync::mpsc;
use tokio::time::sleep;

use super::files::Loaded;
use super::telling::Plain;

/// Packets that are handed on at once: a backlog is opened many times faster than one by one.
const TOGETHER: usize = 256;

/// How often the room hears of a link that does not take what it should send.
const LOOK: Duration = Duration::from_secs(1);

/// For so long another connection is tried for.
const GIVE_UP: Duration = Duration::from_secs(600);

/// What a link has to say, and which one.
#[derive(Debug)]
pub(super) struct News {
    pub(super) room: String,
    /// The link: a room of the same handle may have had another.
    pub(super) link: u64,
    pub(super) what: What,
}

/// What a link has to say.
#[derive(Debug)]
pub(super) enum What {
    /// The files of the room that waits for them, or why they cannot be had.
    Files(Result<Box<Loaded>, Failure>),
    /// Who is known after a change of that, or why it was not changed.
    People(Result<Box<KnownPeople>, Failure>),
    /// It is there, for the first time. What is fixed about it.
    Connected(Carrier),
    /// It never was.
    Failed(Closed),
    /// These came.
    Packets(Vec<Bytes>),
    /// These words came beside them, in the clear.
    Plain(Vec<Plain>),
    /// It takes another packet.
    Free(LinkReport),
    /// It has not taken all that it was given.
    Report(LinkReport),
    /// It is lost, and another attempt follows.
    Lost {
        why: Closed,
        attempt: u32,
        wait: Duration,
    },
    /// It is there again, or another in its place.
    Back(Carrier),
    /// It is lost for good.
    Closed(Closed),
    /// All that it was given has left, and it is closed, as it was told.
    Done,
}

/// The session's end of a link. To drop it is to close the link, once what was given has left.
#[derive(Debug)]
pub(super) struct Link {
    pub(super) id: u64,
    packets: mpsc::Sender<Bytes>,
}

impl Link {
    /// Begins to connect.
    pub(super) fn start(
        room: &str,
        id: u64,
        connect: impl Connect,
        news: mpsc::Sender<News>,
    ) -> Self {
        let (packets, outgoing) = mpsc::channel(1);
        let task = Task {
            room: room.to_owned(),
            id,
            connect,
            news,
            outgoing,
            loss: None,
        };
        tokio::spawn(task.run());
        Self { id, packets }
    }

    /// Gives a packet to a link that is free.
    pub(super) fn send(&self, packet: Vec<u8>) {
        // A link that has ended has said so, or will.
        let _unsent = self.packets.try_send(packet.into());
    }
}

struct Task<C> {
    room: String,
    id: u64,
    connect: C,
    news: mpsc::Sender<News>,
    outgoing: mpsc::Receiver<Bytes>,
    /// The last loss, which may not be over.
    loss: Option<Loss>,
}

impl<C: Connect> Task<C> {
    async fn run(mut self) {
        let mut transport = match self.connect.connect().await {
            Ok(transport) => transport,
            Err(why) => return self.tell(What::Failed(why)).await,
        };
        self.tell(What::Connected(transport.carrier())).await;
        loop {
            match self.carry(&transport).await {
                Ok(()) => {
                    // Whether the relay has read it all shows in what the others acknowledge.
                    let _closed = transport.close().await;
                    return self.tell(What::Done).await;
                }
                Err(error) => match self.reconnect(error).await {
                    Some(another) => transport = another,
                    None => return,
                },
            }
            self.tell(What::Back(transport.carrier())).await;
        }
    }

    /// Carries packets both ways until the session closes the link.
    async fn carry(&mut self, transport: &C::Transport) -> Result<(), Closed> {
        let mut receiving = pin!(transport.receive());
        let mut sending = pin!(Fuse::terminated());
        let mut under_way = 0;
        loop {
            tokio::select! {
                received = &mut receiving => {
                    let mut together = Together::default();
                    together.take(received?);
                    let mut failed = None;
                    receiving.set(transport.receive());
                    while together.count < TOGETHER
                        && let Poll::Ready(received) = futures::poll!(receiving.as_mut())
                    {
                        match received {
                            Ok(received) => together.take(received),
                            Err(error) => {
                                failed = Some(error);
                                break;
                            }
                        }
                        receiving.set(transport.receive());
                    }
                    let Together { packets, plain, .. } = together;
                    if !plain.is_empty() {
                        self.tell(What::Plain(plain)).await;
                    }
                    self.tell(What::Packets(packets)).await;
                    if let Some(error) = failed {
                        return Err(error);
                    }
                }
                packet = self.outgoing.recv(), if sending.is_terminated() => match packet {
                    Some(packet) => {
                        under_way = packet.len();
                        sending.set(transport.send(packet).fuse());
                    }
                    None => return Ok(()),
                },
                sent = &mut sending, if !sending.is_terminated() => {
                    sent?;
                    // Also that nothing waits now: the room repeats nothing while something does.
                    self.tell(What::Free(transport.link())).await;
                }
                () = sleep(LOOK), if !sending.is_terminated() => {
                    let report = transport.link();
                    let queued = report.queued.max(under_way);
                    self.tell(What::Report(LinkReport { queued, ..report })).await;
                }
            }
        }
    }

    /// Another connection in place of one that is lost; none if no other is to follow, which the session is told.
    async fn reconnect(&mut self, mut why: Closed) -> Option<C::Transport> {
        let retry = Retry {
            give_up: Some(GIVE_UP),
            ..Retry::default()
        };
        let mut loss = Loss::of(self.loss.take(), &retry);
        while let Some((attempt, wait)) = loss.next(&why) {
            let lost = What::Lost { why, attempt, wait };
            self.tell(lost).await;
            let mut connecting = pin!(async {
                sleep(wait).await;
                self.connect.connect().await
            });
            let connected = loop {
                tokio::select! {
                    connected = &mut connecting => break connected,
                    // What was given to the lost connection is lost with it.
                    packet = self.outgoing.recv() => if packet.is_none() {
                        self.tell(What::Done).await;
                        return None;
                    },
                }
            };
            match connected {
                Ok(transport) => {
                    loss.mend();
                    self.loss = Some(loss);
                    return Some(transport);
                }
                Err(failed) => why = failed,
            }
        }
        self.tell(What::Closed(why)).await;
        None
    }

    async fn tell(&self, what: What) {
        let (room, link) = (self.room.clone(), self.id);
        // A session that is over hears nothing.
        let _unheard = self.news.send(News { room, link, what }).await;
    }
}

/// What has come at once.
#[derive(Debug, Default)]
struct Together {
    packets: Vec<Bytes>,
    plain: Vec<Plain>,
    count: usize,
}

impl Together {
    fn take(&mut self, received: Received) {
        self.count = self.count.saturating_add(1);
        match received {
            Received::Packet { packet, .. } => self.packets.push(packet),
            Received::Plain { name, text, .. } => self.plain.push(Plain::Said { name, text }),
            Received::Notice { text } => self.plain.push(Plain::Notice { text }),
            // A hint: the time-outs of the room decide who is there.
            Received::Present { sender, here } => tracing::debug!(%sender, here, "of the channel"),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use mpotr_transport::{CancellationToken, Relay, RelayConnect};
    use tokio::sync::mpsc;

    use super::{Link, What};

    #[tokio::test]
    async fn a_link_that_is_closed_while_it_is_lost_says_that_it_is_done() {
        let relay = Relay::bind("127.0.0.1:0").await.unwrap();
        let connect = RelayConnect::new(relay.local_addr().into(), [7; 32]).unwrap();
        let shutdown = CancellationToken::new();
        let running = tokio::spawn(relay.run(shutdown.clone()));
        let (news, mut heard) = mpsc::channel(8);
        let link = Link::start("r", 0, connect, news);
        assert!(matches!(
            heard.recv().await.unwrap().what,
            What::Connected(_)
        ));
        shutdown.cancel();
        running.await.unwrap();
        let lost = heard.recv().await.unwrap().what;
        assert!(matches!(lost, What::Lost { attempt: 1, .. }), "{lost:?}");
        drop(link);
        let mut next = async || heard.recv().await.expect("the word that it is done").what;
        while !matches!(next().await, What::Done) {}
    }
}
