//! A member's place on a list: what has come to it, and what goes there, a mail at a time.

use core::pin::Pin;
use core::time::Duration;
use std::collections::{BTreeMap, VecDeque};
use std::hash::{BuildHasher as _, RandomState};
use std::time::SystemTime;

use mpotr_carrier::{
    Asked, Bytes, Carrier, CloseCode, Closed, Ends, LinkReport, Outgoing, Received, SenderHint,
    TaskTransport,
};
use mpotr_transport::Tls;
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until, timeout_at};

use crate::address::{self, Address};
use crate::connecting::{Encrypts, Speaks, Stream};
use crate::fetching::Folder;
use crate::posting::{Post, Secret};
use crate::reading::{Mail, PACKET, PACKETS};
use crate::writing::{self, Written};

/// For all of entering. `mpotr` waits for 60 s.
const ENTERING: Duration = Duration::from_secs(50);

/// From the first packet of a mail to the mail: what a room says at one time comes within that.
const GATHER: Duration = Duration::from_secs(1);

/// A server that takes no mail now is asked again after this, then after twice as long each time.
const AGAIN: Duration = Duration::from_secs(15);
const MOST_AGAIN: Duration = Duration::from_secs(300);

/// After this it is given up.
const GIVEN_UP: Duration = Duration::from_secs(1_800);

/// A server that takes shorter mails is of no use: offers and proposals are longer.
const LEAST: usize = 8_192;

/// What mails have beside their packets, at most: headers, the line for people, and those of the parts.
const BESIDE: usize = 4_096 + PACKETS * 128;

/// Mails that are known when they come once more.
const KNOWN: usize = 4_096;

/// Own mails whose return is waited for.
const AWAITED: usize = 16;

/// A measured time counts for a quarter of what is known.
const PARTS: u32 = 4;

/// Mails that wait to be read by the room.
const WAITING: usize = 2;

/// Joins a list.
pub(crate) async fn open(asked: Asked) -> Result<TaskTransport, Closed> {
    let address = Address::read(&asked.address);
    let address = address.map_err(|error| Closed::new(CloseCode::Refused, error))?;
    let now = Instant::now();
    let until = now.checked_add(ENTERING).unwrap_or(now);
    let Ok(begun) = timeout_at(until, Session::begin(&asked, address)).await else {
        let text = "a mail server does not answer in time";
        return Err(Closed::new(CloseCode::Unreachable, text));
    };
    let session = begun?;
    let carrier = Carrier {
        name: "mail",
        max_packet: session.most,
        unit: Some(session.most),
        // They come back, and are taken out by what they say of their sender.
        echoes: false,
        ordered: false,
    };
    let link = session.link();
    Ok(TaskTransport::spawn(carrier, link, |ends| {
        session.run(ends)
    }))
}

fn random() -> Result<u64, Closed> {
    let mut bytes = [0; 8];
    let failed = |error| Closed::new(CloseCode::Refused, format!("no random bytes: {error}"));
    getrandom::fill(&mut bytes).map_err(failed)?;
    Ok(u64::from_be_bytes(bytes))
}

/// A mail on its way.
type Posting = Pin<Box<dyn Future<Output = Result<(), Closed>> + Send>>;

/// A member's place on a list.
struct Session {
    address: Address,
    post: Post,
    own: u64,
    /// The most bytes of the packets of a mail.
    most: usize,
    mails: mpsc::Receiver<Result<Mail, Closed>>,
    incoming: Incoming,
    batch: Batch,
    leaving: Option<Leaving>,
    /// When the next mail may leave.
    next: Instant,
    /// How long a mail takes to the list and back.
    takes: Duration,
    /// Own mails that have not come back, and since when.
    awaited: BTreeMap<String, Instant>,
    is_closing: bool,
}

/// What has come.
struct Incoming {
    given: VecDeque<Received>,
    /// Tells mails apart that were read.
    hasher: RandomState,
    known: VecDeque<u64>,
}

/// Packets that wait for a mail.
#[derive(Default)]
struct Batch {
    packets: Vec<Bytes>,
    bytes: usize,
    since: Option<Instant>,
    /// One that has no place in this mail any longer. Until it has, no other is taken.
    held: Option<Outgoing>,
}

/// A mail that was written.
struct Leaving {
    mail: Written,
    /// The bytes of its packets.
    bytes: usize,
    since: Instant,
    again: Duration,
    /// When it is to be sent, if it is not being sent.
    due: Instant,
    posting: Option<Posting>,
}

impl Incoming {
    /// Takes a mail that has come. One that comes once more is known by its name and all that is in it, for anyone can send
    /// another under that name.
    fn take(&mut self, mail: Mail) {
        let known = self.hasher.hash_one((&mail.id, mail.from, &mail.packets));
        if self.known.contains(&known) {
            return;
        }
        if self.known.len() >= KNOWN {
            self.known.pop_front();
        }
        self.known.push_back(known);
        let sender = SenderHint::from_u64(mail.from);
        let packets = mail.packets.into_iter().map(|packet| Received::Packet {
            sender,
            packet: packet.into(),
        });
        self.given.extend(packets);
    }
}

impl Batch {
    /// Takes a packet, or keeps it for the next mail.
    fn take(&mut self, now: Instant, outgoing: Outgoing, most: usize) {
        let length = outgoing.packet.len();
        let is_full = self.packets.len() >= PACKETS || self.bytes.saturating_add(length) > most;
        if is_full && !self.packets.is_empty() {
            self.held = Some(outgoing);
            return;
        }
        self.bytes = self.bytes.saturating_add(length);
        self.since.get_or_insert(now);
        self.packets.push(outgoing.packet);
    }

    /// What waits, for a mail.
    fn leaves(&mut self, now: Instant, most: usize) -> (Vec<Bytes>, usize) {
        let packets = core::mem::take(&mut self.packets);
        let bytes = core::mem::take(&mut self.bytes);
        self.since = None;
        if let Some(held) = self.held.take() {
            self.take(now, held, most);
        }
        (packets, bytes)
    }

    fn waits(&self) -> usize {
        let held = self.held.as_ref().map_or(0, |held| held.packet.len());
        self.bytes.saturating_add(held)
    }
}

impl Session {
    async fn begin(asked: &Asked, address: Address) -> Result<Self, Closed> {
        let refused = |text: String| Closed::new(CloseCode::Auth, text);
        if asked.login.certificate_file.is_some() {
            let text =
                "mail is read and sent by an account and its password, and not by a certificate";
            return Err(refused(text.to_owned()));
        }
        let account = match &asked.login.account {
            Some(account) => Some(address::account(account).map_err(refused)?),
            None => address.account.clone(),
        };
        let account = account.ok_or_else(|| {
            refused("mail needs an account: --account, or ?account= in the address".to_owned())
        })?;
        let password = asked.login.password();
        let password = password.map_err(|error| refused(error.to_string()))?;
        let password = Secret(password.ok_or_else(|| {
            refused("the account has no password: --carrier-password FILE".to_owned())
        })?);
        let encrypts = match (address.is_plain, address.is_later) {
            (true, _) => Encrypts::Never,
            (false, true) => Encrypts::Later(Tls::new(&address.pins, None)?),
            (false, false) => Encrypts::AtOnce(Tls::new(&address.pins, None)?),
        };
        let imap = Stream::to(&address.imap(&account), &encrypts, Speaks::Imap).await?;
        let folder = Folder::open(imap, &account, &password, &address.folder, asked.away).await?;
        let post = Post {
            server: address.smtp(&account),
            encrypts,
            account,
            password,
        };
        let most = most(post.look().await?)?;
        let (give, mails) = mpsc::channel(WAITING);
        tokio::spawn(folder.run(give));
        let now = Instant::now();
        Ok(Self {
            post,
            own: random()?,
            most,
            mails,
            incoming: Incoming {
                given: VecDeque::new(),
                hasher: RandomState::new(),
                known: VecDeque::new(),
            },
            batch: Batch::default(),
            leaving: None,
            next: now,
            takes: address.every.checked_div(3).unwrap_or_default(),
            address,
            awaited: BTreeMap::new(),
            is_closing: false,
        })
    }

    /// Sends and reads until nothing more is to be sent, or something ends it.
    async fn run(mut self, mut ends: Ends) -> Result<(), Closed> {
        loop {
            let now = Instant::now();
            self.proceed(now)?;
            ends.link.send_if_modified(|known| {
                let link = self.link();
                let is_new = *known != link;
                *known = link;
                is_new
            });
            if self.is_closing && self.leaving.is_none() && self.batch.waits() == 0 {
                return Ok(());
            }
            let wakes = self.wakes(now);
            let posting = self.leaving.as_mut().and_then(|it| it.posting.as_mut());
            let is_posting = posting.is_some();
            let posted = async {
                match posting {
                    Some(posting) => posting.await,
                    None => core::future::pending().await,
                }
            };
            let is_idle = self.batch.held.is_none() && !self.is_closing;
            tokio::select! {
                posted = posted, if is_posting => self.note_posted(posted)?,
                mail = self.mails.recv(), if self.incoming.given.is_empty() => self.hear(mail)?,
                place = ends.give.reserve(), if !self.incoming.given.is_empty() => {
                    // Where nobody reads any longer, it is of no use.
                    if let (Some(given), Ok(place)) = (self.incoming.given.pop_front(), place) {
                        place.send(given);
                    }
                }
                packet = ends.packets.recv(), if is_idle => match packet {
                    Some(packet) => self.batch.take(Instant::now(), packet, self.most),
                    None => self.is_closing = true,
                },
                () = sleep_until(wakes) => {}
            }
        }
    }

    fn hear(&mut self, mail: Option<Result<Mail, Closed>>) -> Result<(), Closed> {
        let gone = || Closed::new(CloseCode::Lost, "the mailbox is not read any longer");
        let mail = mail.ok_or_else(gone)??;
        if mail.from != self.own {
            self.incoming.take(mail);
            return Ok(());
        }
        if let Some(since) = self.awaited.remove(&mail.id) {
            let part = |time: Duration| time.checked_div(PARTS).unwrap_or_default();
            let kept = self.takes.saturating_sub(part(self.takes));
            self.takes = kept.saturating_add(part(since.elapsed()));
        }
        Ok(())
    }

    /// When the next mail is to be written, if anything waits for one.
    fn due(&self) -> Option<Instant> {
        let since = self.batch.since?;
        // Who leaves has no time.
        let gathered = match self.is_closing {
            true => Some(since),
            false => since.checked_add(GATHER).map(|it| it.max(self.next)),
        };
        Some(gathered.unwrap_or(since))
    }

    fn wakes(&self, now: Instant) -> Instant {
        let later = now.checked_add(GIVEN_UP).unwrap_or(now);
        let due = match &self.leaving {
            Some(leaving) if leaving.posting.is_none() => Some(leaving.due),
            Some(_posting) => None,
            None => self.due(),
        };
        due.unwrap_or(later)
    }

    /// Writes a mail and sends it, as soon as that may be.
    fn proceed(&mut self, now: Instant) -> Result<(), Closed> {
        if self.leaving.is_none() && self.due().is_some_and(|due| due <= now) {
            let (packets, bytes) = self.batch.leaves(now, self.most);
            let (list, account) = (&self.address.list, &self.post.account);
            let time = SystemTime::now();
            let mail = writing::mail(account, list, self.own, random()?, time, &packets)?;
            self.leaving = Some(Leaving {
                mail,
                bytes,
                since: now,
                again: AGAIN,
                due: now,
                posting: None,
            });
        }
        if let Some(leaving) = &mut self.leaving
            && leaving.posting.is_none()
            && leaving.due <= now
        {
            let (post, mail) = (self.post.clone(), leaving.mail.clone());
            leaving.posting = Some(Box::pin(async move { post.send(&mail).await }));
        }
        Ok(())
    }

    /// The server has taken the mail, or has not. A mail of which it is not known comes once more, and is known by its name.
    fn note_posted(&mut self, posted: Result<(), Closed>) -> Result<(), Closed> {
        let now = Instant::now();
        let Some(mut leaving) = self.leaving.take() else {
            return Ok(());
        };
        self.next = now.checked_add(self.address.every).unwrap_or(now);
        let Err(closed) = posted else {
            if self.awaited.len() >= AWAITED {
                self.awaited.clear();
            }
            self.awaited.insert(leaving.mail.id, now);
            return Ok(());
        };
        let is_over = now.saturating_duration_since(leaving.since) >= GIVEN_UP;
        if !closed.retry || self.is_closing || is_over {
            return Err(closed);
        }
        if leaving.again == AGAIN {
            let text = format!("{}; the mail is sent again later", closed.text);
            self.incoming.given.push_back(Received::Notice { text });
        }
        leaving.posting = None;
        leaving.due = now.checked_add(leaving.again).unwrap_or(now);
        leaving.again = leaving.again.saturating_mul(2).min(MOST_AGAIN);
        self.leaving = Some(leaving);
        Ok(())
    }

    fn link(&self) -> LinkReport {
        let leaving = self.leaving.as_ref().map_or(0, |leaving| leaving.bytes);
        // A word waits for a mail, its answer for another, each for half of the time between two on the average.
        let latency = self
            .takes
            .saturating_mul(2)
            .saturating_add(self.address.every);
        LinkReport {
            rate: None,
            queued: leaving.saturating_add(self.batch.waits()),
            latency: u32::try_from(latency.as_millis()).ok(),
        }
    }
}

/// How many bytes packets of a mail may have, of a server that takes mails of `size`.
fn most(size: Option<usize>) -> Result<usize, Closed> {
    let Some(size) = size else {
        return Ok(PACKET);
    };
    // Base64, and an end of line to each 76 characters of it.
    let most = size.saturating_sub(BESIDE).saturating_mul(54) / 76;
    if most < LEAST {
        let text = format!("the server takes mails of {size} bytes, which is too little");
        return Err(Closed::new(CloseCode::Refused, text));
    }
    Ok(most.min(PACKET))
}

#[cfg(test)]
mod tests {
    use std::collections::VecDeque;
    use std::hash::RandomState;

    use mpotr_carrier::Received;

    use super::{Incoming, KNOWN, most};
    use crate::reading::{Mail, PACKET};

    fn mail(id: &str, packet: u8) -> Mail {
        Mail {
            from: 7,
            id: id.to_owned(),
            packets: vec![vec![packet]],
        }
    }

    #[test]
    fn a_mail_that_comes_twice_counts_once_and_another_under_its_name_does_not_replace_it() {
        let mut incoming = Incoming {
            given: VecDeque::new(),
            hasher: RandomState::new(),
            known: VecDeque::new(),
        };
        for (id, packet) in [("a", 1), ("a", 1), ("a", 2), ("b", 1), ("a", 1)] {
            incoming.take(mail(id, packet));
        }
        let packets = incoming.given.iter().map(|given| {
            let Received::Packet { packet, .. } = given else {
                panic!("{given:?}");
            };
            packet[0]
        });
        assert!(packets.eq([1, 2, 1]));
        for number in 0..=KNOWN {
            incoming.take(mail(&number.to_string(), 1));
        }
        assert_eq!(incoming.known.len(), KNOWN);
    }

    #[test]
    fn packets_are_as_long_as_the_server_takes_mails() {
        assert_eq!(most(None).unwrap(), PACKET);
        assert_eq!(most(Some(35_000_000)).unwrap(), PACKET);
        let most_of = most(Some(100_000)).unwrap();
        assert!((40_000..60_000).contains(&most_of), "{most_of}");
        let closed = most(Some(40_000)).unwrap_err();
        assert!(!closed.retry && closed.text.contains("40000"), "{closed}");
    }
}
