//! From a run that all have confirmed to its epoch. `docs/spec/06-epochs.md`, "Runs" and "Changes".

use std::collections::BTreeSet;

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::{Beacon, Established, Sid};

use super::Room;
use super::window::Window;
use crate::epoch::Epoch;
use crate::event::{Event, MemberInfo};
use crate::record::{Record, RunRecord};
use crate::time::Timestamp;
use crate::timers::Timer;
use crate::wire::{Presence, Proposal, SidHint, Wish};

/// The wait before a certificate is sent again doubles so many times.
const MAX_CERTIFICATES: u32 = 6;

/// What this member sent in the run that led to its epoch, for those who missed it.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) hint: SidHint,
    pub(super) packets: [Vec<u8>; 2],
    /// How often it was sent.
    pub(super) answers: u32,
    /// What a transcript keeps of the run, until the epoch begins.
    pub(super) record: Option<Box<RunRecord>>,
}

impl<S: CryptoSuite> Room<S> {
    pub(super) fn install(
        &mut self,
        now: Timestamp,
        established: Established<S>,
        mut certificate: Certificate,
        proposal: &Proposal,
        rng: &mut dyn CryptoRng,
    ) {
        self.stop_timers();
        self.attempt = None;
        self.confirmed.clear();
        self.contributed.clear();
        self.change = None;
        self.changes.clear();
        self.unserved.clear();
        self.spoke.clear();
        self.heard.clear();
        self.host = None;
        self.proposing.forget_hosts();
        self.expired = false;
        self.retries = 0;
        self.queries = 0;
        self.asked = false;
        let record = certificate.record.take();
        self.certificate = Some(certificate);
        for member in established.run.members() {
            self.known.insert(member);
        }
        let sid = established.run.sid();
        let before: BTreeSet<_> = self
            .epoch
            .as_ref()
            .map(|old| old.roster().collect())
            .unwrap_or_default();
        let voted_out: Vec<_> = before
            .iter()
            .filter(|identity| self.is_excluded(identity))
            .copied()
            .collect();
        let accused = self.retire(now, sid);
        let mut epoch = Epoch::new(established);
        if let Some(record) = record {
            self.records.push_back(Record::Run(record));
            epoch.record();
        }
        let me = epoch.me();
        let info = |(index, identity)| MemberInfo {
            identity,
            is_me: index == me,
        };
        let roster: Vec<_> = epoch.roster().enumerate().map(info).collect();
        self.handle = proposal.handle;
        self.offering.follow(Beacon::new(*self.handle.as_bytes()));
        self.expected.have_come();
        let now_in: BTreeSet<_> = roster.iter().map(|member| member.identity).collect();
        self.events.push_back(Event::Secure {
            sid,
            handle: proposal.handle,
            parent: proposal.parent,
            roster,
        });
        if proposal.policy != self.config.policy {
            self.config.policy.clone_from(&proposal.policy);
            self.events.push_back(Event::PolicyChanged {
                policy: proposal.policy.clone(),
            });
        }
        self.exclusions.begin_epoch(&now_in, voted_out);
        self.settle_wishes(&now_in);
        self.proven.clear();
        if !before.is_empty() {
            let joined = now_in.difference(&before);
            self.events
                .extend(joined.map(|member| Event::Joined { member: *member }));
        }
        let out = before.difference(&now_in);
        self.events
            .extend(out.map(|member| Event::LeftOut { member: *member }));
        self.epoch = Some(epoch);
        self.epoch_began = now;
        if !self.wishes.is_empty() {
            // What was said in the epoch before is not known to all who are in this one.
            self.vote_soon(now);
        }
        let timers = &self.config.timers;
        for (timer, wait) in [
            (Timer::Refresh, timers.refresh),
            (Timer::Heartbeat, timers.heartbeat),
            (Timer::Expire, timers.expire),
        ] {
            self.timers.set(timer, now.after(wait));
        }
        self.timers.set(Timer::Change, now);
        // First what was typed, then what the others sent meanwhile: nobody's last word comes before this member's first.
        self.seal_waiting(now);
        for identity in accused {
            self.prove(now, identity);
        }
        let early = self.early.take_of_epochs();
        let _rejected = self.handle_messages(now, &early, rng);
    }

    /// What was waited for on the way here is waited for no more.
    fn stop_timers(&mut self) {
        for timer in [
            Timer::Advertise,
            Timer::Propose,
            Timer::View,
            Timer::Retry,
            Timer::Acknowledge,
            Timer::Lock,
            Timer::Query,
            Timer::Silent,
            Timer::Abandon,
        ] {
            self.timers.stop(timer);
        }
    }

    /// The epoch so far is over: what it delivered is final if it is in the cut, and what is left of it answers those who are
    /// behind. Returns who was proven to have cheated at its very end.
    fn retire(&mut self, now: Timestamp, successor: Sid) -> Vec<IdentityKey> {
        self.has_lost_epoch = false;
        self.window = Window::default();
        self.timers.stop(Timer::Window);
        let before = self.report();
        self.close_fates(Some(successor));
        let Some(mut old) = self.epoch.take() else {
            return Vec::new();
        };
        let has_cut = old.retire(successor);
        self.transmits.extend(old.seal_statement(Presence::Present));
        self.epoch = Some(old);
        let after = self.report();
        self.send_missing(now, before.missing.into_iter().chain(after.missing));
        if has_cut {
            self.settle();
        } else {
            self.unsettled = None;
        }
        self.messages_resent.clear();
        self.retired = self.epoch.take();
        self.close_retired();
        self.timers
            .set(Timer::Drain, now.after(self.config.timers.drain));
        before.accused.into_iter().chain(after.accused).collect()
    }

    /// Wishes that the new roster fulfils are wishes no more.
    fn settle_wishes(&mut self, roster: &BTreeSet<IdentityKey>) {
        let policy = &self.config.policy;
        self.wishes.retain(|wish| match wish {
            Wish::Refresh => false,
            Wish::Admit(identity) => !roster.contains(identity),
            Wish::Exclude(identity) => roster.contains(identity),
            Wish::Policy(wanted) => *wanted != *policy,
        });
    }

    /// Sends again what this member sent in the run, for who is still at it. A statement inside the epoch goes before, so that
    /// those who have the epoch see that this member has it, too, and do not answer in the same way.
    pub(super) fn send_certificate(&mut self) {
        let Some(Certificate {
            packets, answers, ..
        }) = &mut self.certificate
        else {
            return;
        };
        *answers = answers.saturating_add(1).min(MAX_CERTIFICATES);
        if let Some(epoch) = &mut self.epoch {
            let last = epoch.last_statement().map(<[u8]>::to_vec);
            self.transmits
                .extend(last.or_else(|| epoch.seal_statement(Presence::Present)));
        }
        self.transmits.extend(packets.iter().cloned());
    }
}
