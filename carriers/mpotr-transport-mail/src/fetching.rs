//! Mails of the list, out of a folder of the account: IMAP, RFC 9051 and what of RFC 3501 all servers have.
//!
//! Only mails that have the header are asked for: the others of a person are not looked at. What has been read is marked as seen,
//! and left where it is.

use core::time::Duration;
use std::collections::BTreeSet;
use std::time::SystemTime;

use async_imap::error::Error;
use async_imap::types::UnsolicitedResponse;
use async_imap::{Client, Session};
use chrono::{DateTime, Utc};
use futures::TryStreamExt as _;
use lettre::Address as Mailbox;
use mpotr_carrier::{CloseCode, Closed};
use tokio::sync::mpsc::Sender;
use tokio::time::sleep;

use crate::connecting::{PATIENCE, Stream, within};
use crate::posting::Secret;
use crate::reading::{self, FROM, LONGEST, Mail};

/// How long a server may say nothing of new mail, before it is looked for.
const IDLE: Duration = Duration::from_secs(120);

/// The same of a server that does not tell.
const POLL: Duration = Duration::from_secs(15);

/// How much before the end of a lost connection what has come may have been missed: two clocks differ, and mail takes its time.
const BEFORE: Duration = Duration::from_secs(300);

/// A day: servers search by that.
const DAY: Duration = Duration::from_secs(86_400);

/// A folder that is read.
#[derive(Debug)]
pub(crate) struct Folder {
    session: Session<Stream>,
    /// The number of the next mail.
    next: u32,
    /// In place of that, the time from which on mails are read, once.
    since: Option<SystemTime>,
    tells: bool,
}

impl Folder {
    /// Logs in, and begins behind what is there, or in place of a lost connection a little before its end.
    pub(crate) async fn open(
        stream: Stream,
        account: &Mailbox,
        password: &Secret,
        folder: &str,
        away: Option<Duration>,
    ) -> Result<Self, Closed> {
        within(PATIENCE, async {
            let mut client = Client::new(stream);
            let greeting = client.read_response().await;
            let greeting = greeting.map_err(|error| lost(&error.into()))?;
            greeting.ok_or_else(|| lost(&Error::ConnectionLost))?;
            let session = client.login(account.to_string(), &password.0).await;
            let mut session = session.map_err(|(error, _client)| of_login(&error))?;
            let tells = session.capabilities().await.map_err(|error| lost(&error))?;
            let tells = tells.has_str("IDLE");
            let found = session.select(folder).await.map_err(|error| {
                if !matches!(error, Error::No(_)) {
                    return lost(&error);
                }
                let text = format!("the account has no folder {folder}");
                Closed::new(CloseCode::Refused, text)
            })?;
            let since =
                away.and_then(|away| SystemTime::now().checked_sub(away.saturating_add(BEFORE)));
            Ok(Self {
                session,
                next: found.uid_next.unwrap_or(1),
                since,
                tells,
            })
        })
        .await
    }

    /// Reads until something ends it, which is given last.
    pub(crate) async fn run(mut self, give: Sender<Result<Mail, Closed>>) {
        loop {
            match self.turn(&give).await {
                Ok(Some(next)) => self = next,
                Ok(None) => return,
                Err(closed) => {
                    // Who wanted to know it may be gone.
                    let _unread = give.send(Err(closed)).await;
                    return;
                }
            }
        }
    }

    /// Reads what is new, and waits for more. `None`: nobody wants it.
    async fn turn(mut self, give: &Sender<Result<Mail, Closed>>) -> Result<Option<Self>, Closed> {
        let new = within(PATIENCE, self.find()).await?;
        for uid in &new {
            let mail = within(PATIENCE, self.fetch(*uid)).await?;
            if let Some(mail) = mail
                && give.send(Ok(mail)).await.is_err()
            {
                return Ok(None);
            }
        }
        if !new.is_empty() {
            within(PATIENCE, self.mark(&new)).await?;
        }
        if give.is_closed() {
            return Ok(None);
        }
        // What was told meanwhile is looked at before anything is waited for.
        let mut is_told = false;
        while let Ok(told) = self.session.unsolicited_responses.try_recv() {
            is_told |= matches!(told, UnsolicitedResponse::Exists(_));
        }
        if !is_told {
            self = self.wait(give).await?;
        }
        Ok(Some(self))
    }

    /// The numbers of mails with the header that were not read.
    async fn find(&mut self) -> Result<BTreeSet<u32>, Closed> {
        let query = match self.since {
            Some(since) => {
                let day = since.checked_sub(DAY).unwrap_or(since);
                let day = DateTime::<Utc>::from(day).format("%d-%b-%Y");
                format!("SINCE {day} HEADER {FROM} \"\"")
            }
            None => format!("UID {}:* HEADER {FROM} \"\"", self.next),
        };
        let found = self.session.uid_search(query).await;
        let mut found: BTreeSet<_> = found.map_err(|error| lost(&error))?.into_iter().collect();
        if let Some(since) = self.since.take() {
            found = self.later(found, since).await?;
        } else {
            // The last mail is always within such bounds.
            found.retain(|uid| *uid >= self.next);
        }
        let last = found.last().map_or(0, |uid| uid.saturating_add(1));
        self.next = self.next.max(last);
        Ok(found)
    }

    /// Those that came after a time.
    async fn later(
        &mut self,
        found: BTreeSet<u32>,
        since: SystemTime,
    ) -> Result<BTreeSet<u32>, Closed> {
        if found.is_empty() {
            return Ok(found);
        }
        let since = DateTime::<Utc>::from(since);
        let fetched = self
            .session
            .uid_fetch(listed(&found), "(UID INTERNALDATE)")
            .await;
        let mut fetched = fetched.map_err(|error| lost(&error))?;
        let mut later = BTreeSet::new();
        while let Some(mail) = fetched.try_next().await.map_err(|error| lost(&error))? {
            let is_later = mail.internal_date().is_some_and(|date| date >= since);
            later.extend(mail.uid.filter(|_| is_later));
        }
        Ok(later)
    }

    /// A mail, if it has packets. Of one that is longer than any of these the beginning alone is fetched.
    async fn fetch(&mut self, uid: u32) -> Result<Option<Mail>, Closed> {
        let most = LONGEST.saturating_add(1);
        let what = format!("(UID BODY.PEEK[]<0.{most}>)");
        let fetched = self.session.uid_fetch(uid.to_string(), what).await;
        let mut fetched = fetched.map_err(|error| lost(&error))?;
        let mut read = None;
        while let Some(mail) = fetched.try_next().await.map_err(|error| lost(&error))? {
            if mail.uid == Some(uid) {
                read = mail.body().and_then(reading::mail);
            }
        }
        Ok(read)
    }

    /// Marks mails as seen.
    async fn mark(&mut self, uids: &BTreeSet<u32>) -> Result<(), Closed> {
        let marked = self
            .session
            .uid_store(listed(uids), "+FLAGS.SILENT (\\Seen)")
            .await;
        let marked = marked.map_err(|error| lost(&error))?;
        marked
            .try_for_each(|_told| async { Ok(()) })
            .await
            .map_err(|error| lost(&error))
    }

    /// Waits for new mail, or for a while.
    async fn wait(mut self, give: &Sender<Result<Mail, Closed>>) -> Result<Self, Closed> {
        if !self.tells {
            tokio::select! {
                () = sleep(POLL) => {}
                () = give.closed() => {}
            }
            return Ok(self);
        }
        let mut idle = self.session.idle();
        within(PATIENCE, async {
            idle.init().await.map_err(|error| lost(&error))
        })
        .await?;
        {
            let (waiting, _stops) = idle.wait_with_timeout(IDLE);
            tokio::select! {
                told = waiting => {
                    told.map_err(|error| lost(&error))?;
                }
                () = give.closed() => {}
            }
        }
        let done = async { idle.done().await.map_err(|error| lost(&error)) };
        self.session = within(PATIENCE, done).await?;
        Ok(self)
    }
}

/// Numbers, as commands have them.
fn listed(uids: &BTreeSet<u32>) -> String {
    let uids: Vec<_> = uids.iter().map(u32::to_string).collect();
    uids.join(",")
}

fn lost(error: &Error) -> Closed {
    let clean = |sign: char| if sign.is_control() { ' ' } else { sign };
    let words: String = error.to_string().chars().map(clean).take(200).collect();
    let text = format!("the server of the mailbox is gone, or refuses: {words}");
    Closed::new(CloseCode::Lost, text)
}

fn of_login(error: &Error) -> Closed {
    // RFC 5530: it cannot look it up now.
    let is_later = |words: &str| words.contains("UNAVAILABLE") || words.contains("INUSE");
    if matches!(error, Error::No(words) if is_later(words)) {
        let text = "the server of the mailbox cannot check passwords now";
        return Closed::new(CloseCode::Unreachable, text);
    }
    if matches!(error, Error::No(_) | Error::Bad(_) | Error::Validate(_)) {
        let text = "the server of the mailbox refuses the account or its password";
        return Closed::new(CloseCode::Auth, text);
    }
    lost(error)
}

#[cfg(test)]
mod tests {
    use super::listed;

    #[test]
    fn numbers_of_mails_stand_in_order() {
        assert_eq!(listed(&[7, 3, 12].into()), "3,7,12");
    }
}
