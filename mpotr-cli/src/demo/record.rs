//! What the members of the demonstration saw, and whether it is what they should have seen.

use std::time::Duration;

use mpotr::{Backend, Departure, Digest32, IdentityKey, MessageId, Sid};
use mpotr_formats::{Nick, Payload};

use super::Sight;
use super::member::Seen;

/// Who a member is.
#[derive(Debug)]
pub(super) struct Seat {
    pub(super) nick: Nick,
    pub(super) identity: IdentityKey,
    pub(super) backend: Backend,
}

/// A message as a member read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Read {
    id: MessageId,
    pub(super) author: IdentityKey,
    pub(super) nick: Nick,
    pub(super) text: String,
}

/// What one member saw.
#[derive(Debug)]
pub(super) struct Account {
    pub(super) seat: Seat,
    pub(super) secure: Option<(Sid, Vec<IdentityKey>)>,
    pub(super) reads: Vec<Read>,
    /// The digest at the count that covers all messages.
    pub(super) digest: Option<Digest32>,
    departure: Option<Departure>,
}

/// What all members saw.
#[derive(Debug)]
pub(super) struct Record {
    pub(super) accounts: Vec<Account>,
    messages: u32,
    /// When the last member had a secure room.
    pub(super) secure_after: Option<Duration>,
    /// Why key agreements failed that were tried again.
    pub(super) retries: Vec<String>,
}

impl Record {
    /// Nothing was seen yet.
    pub(super) fn new(seats: Vec<Seat>, messages: u32) -> Self {
        let accounts = seats
            .into_iter()
            .map(|seat| Account {
                seat,
                secure: None,
                reads: Vec::new(),
                digest: None,
                departure: None,
            })
            .collect();
        Self {
            accounts,
            messages,
            secure_after: None,
            retries: Vec::new(),
        }
    }

    /// Notes what a member saw.
    ///
    /// # Errors
    /// It saw what no member should see.
    pub(super) fn note(&mut self, sight: Sight, after: Duration) -> anyhow::Result<()> {
        let messages = self.messages;
        let Some(account) = self.accounts.get_mut(sight.member) else {
            anyhow::bail!("there is no member {}", sight.member)
        };
        match sight.seen {
            Seen::Secure { sid, roster } => {
                if account.secure.replace((sid, roster)).is_none() {
                    self.secure_after = Some(after);
                }
            }
            Seen::AgreementFailed { reason } => {
                self.retries
                    .push(format!("{}: {reason}", account.seat.nick));
            }
            Seen::Message { id, author, body } => {
                let Payload { nick, text } = Payload::from_bytes(&body)?;
                account.reads.push(Read {
                    id,
                    author,
                    nick,
                    text,
                });
            }
            Seen::Final { count, digest } if count == messages => account.digest = Some(digest),
            Seen::Final { .. } => {}
            Seen::Fork { member } => {
                anyhow::bail!("{} sees another order at {member}", account.seat.nick)
            }
            Seen::Ended(departure) => account.departure = Some(departure),
            Seen::Failed { reason } => anyhow::bail!("{}: {reason}", account.seat.nick),
        }
        Ok(())
    }

    /// Whether every member has seen all messages become final.
    pub(super) fn is_final(&self) -> bool {
        self.accounts.iter().all(|account| account.digest.is_some())
    }

    /// Whether every member's part is over.
    pub(super) fn is_over(&self) -> bool {
        self.accounts
            .iter()
            .all(|account| account.departure.is_some())
    }

    /// How many messages were read, all members together.
    pub(super) fn delivered(&self) -> usize {
        self.accounts
            .iter()
            .map(|account| account.reads.len())
            .sum()
    }

    /// The session that all members are in, if it is one with one roster.
    pub(super) fn session(&self) -> Option<&(Sid, Vec<IdentityKey>)> {
        self.common(|account| account.secure.as_ref())
    }

    /// The digest of the final transcript, if it is the same at all members.
    pub(super) fn digest(&self) -> Option<&Digest32> {
        self.common(|account| account.digest.as_ref())
    }

    /// Whether all members have read the same messages in the same order and hold the same final digest.
    pub(super) fn transcripts_equal(&self) -> bool {
        self.digest().is_some() && self.common(|account| Some(&account.reads)).is_some()
    }

    /// What all members have in common, if they do.
    fn common<'a, T: PartialEq>(
        &'a self,
        part: impl Fn(&'a Account) -> Option<&'a T>,
    ) -> Option<&'a T> {
        let (first, others) = self.accounts.split_first()?;
        let common = part(first)?;
        others
            .iter()
            .all(|account| part(account) == Some(common))
            .then_some(common)
    }

    /// The nicks of the members for which this holds.
    fn nicks(&self, which: impl Fn(&Account) -> bool) -> String {
        let nicks = self.accounts.iter().filter(|account| which(account));
        nicks
            .map(|account| account.seat.nick.as_str())
            .collect::<Vec<_>>()
            .join(", ")
    }

    /// What is missing, for a person.
    pub(super) fn missing(&self) -> String {
        let insecure = self.nicks(|account| account.secure.is_none());
        if !insecure.is_empty() {
            return format!("no secure room for {insecure}");
        }
        let all = usize::try_from(self.messages).unwrap_or(usize::MAX);
        let behind: Vec<_> = self
            .accounts
            .iter()
            .filter(|account| account.reads.len() < all)
            .map(|account| {
                format!(
                    "{} has read {} of {all}",
                    account.seat.nick,
                    account.reads.len()
                )
            })
            .collect();
        if !behind.is_empty() {
            return format!("messages: {}", behind.join(", "));
        }
        let open = self.nicks(|account| account.digest.is_none());
        if !open.is_empty() {
            return format!("no final transcript for {open}");
        }
        format!(
            "still in the room: {}",
            self.nicks(|account| account.departure.is_none())
        )
    }

    /// Judges at the end.
    ///
    /// # Errors
    /// What is not as it should be.
    pub(super) fn judge(&self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.session().is_some(),
            "the members are not all in one session"
        );
        let expected = u64::from(self.messages)
            .saturating_mul(u64::try_from(self.accounts.len()).unwrap_or(u64::MAX));
        anyhow::ensure!(
            u64::try_from(self.delivered()).is_ok_and(|delivered| delivered == expected),
            "{} of {expected} deliveries",
            self.delivered(),
        );
        anyhow::ensure!(self.transcripts_equal(), "the transcripts differ");
        // That the transcript was still growing when a member left, by the last words of others, is no fault.
        for account in &self.accounts {
            let nick = &account.seat.nick;
            let Some(departure) = account.departure else {
                anyhow::bail!("{nick} is still in the room")
            };
            anyhow::ensure!(
                departure.acknowledged,
                "{nick} left before everyone had acknowledged what it sent"
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
