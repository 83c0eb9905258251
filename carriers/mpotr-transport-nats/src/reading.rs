//! What the stream has of the room, in its order and without a gap: a consumer that is made again, from where it was, whenever it
//! skips, falls silent or is gone with the server that had it.

use core::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use async_nats::datetime::{self, DateTime};
use async_nats::jetstream::consumer::push::Config;
use async_nats::jetstream::consumer::{AckPolicy, DeliverPolicy};
use async_nats::jetstream::{Context, Message as Kept};
use async_nats::{Message, StatusCode, Subscriber};
use bytes::Bytes;
use futures::StreamExt as _;
use futures::stream::FuturesUnordered;
use mpotr_carrier::{Carrier, CloseCode, Closed, SenderHint};
use tokio::sync::mpsc::{self, Receiver, Sender};
use tokio::time::{Instant, sleep, timeout};

use crate::outgoing::{FROM, about};
use crate::stream::{self, AGE};
use crate::transport::State;

/// How often the server says that it is there when it has nothing else to say.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// Without a word for so long, a consumer is asked after.
const SILENT: Duration = Duration::from_secs(5);

/// How often it is looked whether it is.
const LOOK: Duration = Duration::from_millis(500);

/// Waits between attempts to make a consumer: the first, and the longest.
const AGAIN: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(4);

/// How many are made before it is looked whether the stream is still the same, and how long the server may take for each.
const ATTEMPTS: usize = 4;
const PATIENCE: Duration = Duration::from_secs(15);

/// What the subjects begin with by which a server asks whether what it gave was taken.
const FLOW: &str = "$JS.FC.MPOTR.";

/// Packets that wait for the room. Beyond that the server waits.
const WAITING: usize = 64;

/// How much before the end of a lost connection what comes may have been missed: until it was noticed, and what two clocks
/// differ by.
const BEFORE: Duration = Duration::from_secs(30);

/// A server forgets a consumer that nobody has listened to for so long.
const FORGOTTEN: Duration = Duration::from_secs(30);

/// Where in the stream a reader is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Place {
    /// When the stream was made that it counts in.
    since: DateTime,
    next: Next,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Next {
    /// This number.
    Number(u64),
    /// What was said since then.
    Since(DateTime),
}

impl Place {
    /// Behind all that is there, or where a connection was lost.
    pub(crate) fn of(kept: &stream::Kept, away: Option<Duration>) -> Self {
        let new = Next::Number(kept.last.saturating_add(1));
        let missed = away.map(|away| away.saturating_add(BEFORE).min(AGE));
        let missed = missed.and_then(|missed| {
            let nanos = i128::try_from(missed.as_nanos()).ok()?;
            let now = datetime::now().unix_timestamp_nanos();
            datetime::from_nanos(now.saturating_sub(nanos)).ok()
        });
        Self {
            since: kept.since,
            next: missed.map_or(new, Next::Since),
        }
    }

    const fn policy(self) -> DeliverPolicy {
        match self.next {
            Next::Number(start_sequence) => DeliverPolicy::ByStartSequence { start_sequence },
            Next::Since(start_time) => DeliverPolicy::ByStartTime { start_time },
        }
    }
}

/// A packet of another, and whose.
pub(crate) type Incoming = Receiver<(SenderHint, Bytes)>;

/// Reads a room.
#[derive(Debug)]
pub(crate) struct Reader {
    context: Context,
    subject: String,
    own: u64,
    place: Place,
    state: Arc<State>,
}

/// A consumer, and what comes of it.
struct Consumer {
    name: String,
    coming: Subscriber,
    /// How many it has given.
    given: u64,
    heard: Instant,
}

/// What a message is good for.
enum Read {
    Packet(SenderHint, Bytes),
    Nothing,
    /// Something is missing before it.
    Gap,
}

impl Reader {
    pub(crate) const fn new(
        context: Context,
        subject: String,
        own: u64,
        place: Place,
        state: Arc<State>,
    ) -> Self {
        Self {
            context,
            subject,
            own,
            place,
            state,
        }
    }

    /// Begins to read. The server has the consumer when this is done.
    pub(crate) async fn start(mut self) -> Result<Incoming, Closed> {
        let consumer = self.consumer(true).await?;
        let (give, incoming) = mpsc::channel(WAITING);
        tokio::spawn(async move {
            let mut consumer = Ok(consumer);
            loop {
                match consumer {
                    Ok(there) => {
                        if self.read(there, &give).await.is_none() {
                            return;
                        }
                        // One that a server has still, it forgets, for nobody listens to it.
                        consumer = self.consumer(false).await;
                    }
                    Err(closed) => return self.state.close(closed),
                }
            }
        });
        Ok(incoming)
    }

    /// Makes a consumer, as often as it takes.
    async fn consumer(&mut self, mut is_looked_at: bool) -> Result<Consumer, Closed> {
        loop {
            if !is_looked_at {
                self.look().await;
            }
            is_looked_at = false;
            if let Some(consumer) = self.attempts().await {
                self.state.is_read(true);
                return Ok(consumer);
            }
            if let Some(closed) = self.state.closed() {
                return Err(closed);
            }
        }
    }

    /// Several attempts, one beside another: for most of a minute a cluster gives some consumers to a server that is gone, and
    /// says nothing of them.
    async fn attempts(&self) -> Option<Consumer> {
        let mut attempts = FuturesUnordered::new();
        let mut wait = AGAIN;
        for _ in 0..ATTEMPTS {
            if self.state.closed().is_some() {
                return None;
            }
            attempts.push(timeout(PATIENCE, self.attempt()));
            let mut waiting = pin!(sleep(about(wait)));
            loop {
                tokio::select! {
                    Some(made) = attempts.next() => if let Ok(Some(consumer)) = made {
                        return Some(consumer);
                    },
                    () = &mut waiting => break,
                }
            }
            self.state.is_read(false);
            wait = wait.saturating_mul(2).min(LONGEST);
        }
        while let Some(made) = attempts.next().await {
            if let Ok(Some(consumer)) = made {
                return Some(consumer);
            }
        }
        None
    }

    /// The stream may be another: that of a server which has lost what it had. It counts from one, and all in it is new.
    async fn look(&mut self) {
        let looking = timeout(SILENT, stream::ensured(&self.context));
        if let Ok(Ok(kept)) = looking.await
            && kept.since != self.place.since
        {
            let (since, next) = (kept.since, Next::Number(1));
            self.place = Place { since, next };
        }
    }

    async fn attempt(&self) -> Option<Consumer> {
        let client = self.context.client();
        let inbox = client.new_inbox();
        let coming = client.subscribe(inbox.clone()).await.ok()?;
        let config = Config {
            deliver_subject: inbox,
            deliver_policy: self.place.policy(),
            ack_policy: AckPolicy::None,
            max_deliver: 1,
            filter_subject: self.subject.clone(),
            flow_control: true,
            idle_heartbeat: HEARTBEAT,
            inactive_threshold: FORGOTTEN,
            num_replicas: 1,
            memory_storage: true,
            ..Config::default()
        };
        let made = self.context.create_consumer_on_stream(config, stream::NAME);
        let made = made.await.ok()?;
        Some(Consumer {
            name: made.cached_info().name.clone(),
            coming,
            given: 0,
            heard: Instant::now(),
        })
    }

    /// Whether the server has a consumer that is silent, and nothing of it is missing: it has much to do.
    async fn is_there(context: &Context, name: &str, given: u64) -> bool {
        let asked = context.get_consumer_from_stream::<Config, _, _>(name, stream::NAME);
        match timeout(PATIENCE, asked).await {
            Ok(Ok(there)) => {
                let info = there.cached_info();
                info.delivered.consumer_sequence == given && info.num_pending == 0
            }
            _ => false,
        }
    }

    /// Hands on what comes until the consumer is of no use. `None`: nobody wants to hear more.
    async fn read(
        &mut self,
        mut consumer: Consumer,
        give: &Sender<(SenderHint, Bytes)>,
    ) -> Option<()> {
        loop {
            let message = match timeout(LOOK, consumer.coming.next()).await {
                Ok(message) => message,
                Err(_quiet) if self.state.closed().is_some() => return None,
                // While a connection is away nothing comes, and nothing can be made in its place.
                Err(_quiet) if self.state.is_away() => {
                    consumer.heard = Instant::now();
                    continue;
                }
                Err(_quiet) if consumer.heard.elapsed() < SILENT => continue,
                Err(_silent) => {
                    let name = consumer.name.clone();
                    let asking = Self::is_there(&self.context, &name, consumer.given);
                    tokio::select! {
                        message = consumer.coming.next() => message,
                        is_there = asking => {
                            if !is_there {
                                return Some(());
                            }
                            consumer.heard = Instant::now();
                            continue;
                        }
                    }
                }
            };
            let Some(message) = message else {
                return Some(());
            };
            consumer.heard = Instant::now();
            match self.take(&mut consumer, message).await {
                Read::Packet(sender, packet) => give.send((sender, packet)).await.ok()?,
                Read::Nothing => {}
                Read::Gap => return Some(()),
            }
        }
    }

    async fn take(&mut self, consumer: &mut Consumer, message: Message) -> Read {
        if message.status == Some(StatusCode::IDLE_HEARTBEAT) {
            return self.heartbeat(consumer, &message).await;
        }
        if message.status.is_some() {
            return Read::Nothing;
        }
        let kept = Kept {
            message,
            context: self.context.clone(),
        };
        // Whatever is published to the inbox itself was never in the stream.
        let Ok(info) = kept.info() else {
            return Read::Nothing;
        };
        let (given, number) = (info.consumer_sequence, info.stream_sequence);
        if info.consumer != consumer.name || info.stream != stream::NAME {
            return Read::Nothing;
        }
        if given != consumer.given.saturating_add(1) {
            return Read::Gap;
        }
        consumer.given = given;
        self.place.next = Next::Number(number.saturating_add(1));
        packet(self.own, kept.message)
    }

    /// The server is there, and says what it has given, or asks whether that was taken.
    async fn heartbeat(&self, consumer: &Consumer, message: &Message) -> Read {
        let header = |name: &str| message.headers.as_ref()?.get(name).map(ToString::to_string);
        let client = self.context.client();
        let asked = message.reply.as_ref().map(ToString::to_string);
        let asked = [asked, header("Nats-Consumer-Stalled")];
        // Who can write to the inbox could have a word said elsewhere in the name of this member.
        let is_of_flow = |asked: &String| asked.starts_with(FLOW);
        for asked in asked.into_iter().flatten().filter(is_of_flow) {
            // One that does not leave is asked for again.
            let _sent = client.publish(asked, Bytes::new()).await;
        }
        let given = header("Nats-Last-Consumer").and_then(|it| it.parse::<u64>().ok());
        match given {
            Some(given) if given != consumer.given => Read::Gap,
            _ => Read::Nothing,
        }
    }
}

/// What a message carries. Anyone whom the server lets may have written it.
fn packet(own: u64, message: Message) -> Read {
    let from = message.headers.as_ref().and_then(|it| it.get(FROM));
    let from = from.and_then(|it| u64::from_str_radix(it.as_str(), 16).ok());
    let packet = message.payload;
    let fits = (1..=Carrier::RELAY.max_packet).contains(&packet.len());
    match from {
        Some(from) if from == own => Read::Nothing,
        _ if !fits => Read::Nothing,
        from => Read::Packet(SenderHint::from_u64(from.unwrap_or(0)), packet),
    }
}

/// Why nothing is read any longer.
pub(crate) fn unread() -> Closed {
    Closed::new(
        CloseCode::Lost,
        "the server does not say what the room says",
    )
}

#[cfg(test)]
mod tests {
    use async_nats::{HeaderMap, Message};
    use bytes::Bytes;

    use super::{FROM, Read, packet};

    fn read(from: Option<&str>, payload: &'static [u8]) -> Option<(u64, Bytes)> {
        let headers = from.map(|from| {
            let mut headers = HeaderMap::new();
            headers.insert(FROM, from);
            headers
        });
        let message = Message {
            subject: "mpotr.v1.00".into(),
            reply: None,
            payload: Bytes::from_static(payload),
            headers,
            status: None,
            description: None,
            length: 0,
        };
        match packet(7, message) {
            Read::Packet(sender, packet) => Some((sender.to_u64(), packet)),
            Read::Nothing | Read::Gap => None,
        }
    }

    #[test]
    fn own_packets_and_what_is_none_go_and_a_strange_sender_is_nobody_in_particular() {
        assert_eq!(read(Some("0000000000000007"), b"own"), None);
        assert_eq!(read(Some("0000000000000008"), b""), None);
        let hello = |hint| Some((hint, Bytes::from_static(b"hello")));
        assert_eq!(read(Some("00000000000000ff"), b"hello"), hello(255));
        for from in [None, Some(""), Some("alice"), Some("fffffffffffffffff")] {
            assert_eq!(read(from, b"hello"), hello(0), "{from:?}");
        }
    }
}
