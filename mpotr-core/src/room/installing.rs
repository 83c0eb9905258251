//! From a run that all have confirmed to its epoch. `docs/spec/06-epochs.md`, "Runs" and "Changes".

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::{Established, MemberIndex, Sid};

use super::Room;
use super::context::Context;
use super::light::Kept;
use super::membership::Membership;
use super::merging::Move;
use super::old::Old;
use super::phase::{Gathering, Phase};
use crate::epoch::Epoch;
use crate::event::{Event, MemberInfo};
use crate::policy::Policy;
use crate::record::Record;
use crate::time::{Timestamp, part};
use crate::timers::Timer;
use crate::wire::{EpochName, Presence, Proposal, SidHint};

/// A room goes over for so many views: after that it goes back, if the other has not let it in.
const VIEWS_OF_A_MOVE: u32 = 4;

/// What was sent in the run that led to this epoch, for those who missed it.
#[derive(Debug)]
pub(super) struct Certificate {
    pub(super) hint: SidHint,
    /// What all sent there, by round and sender.
    pub(super) all: BTreeMap<(u8, MemberIndex), Vec<u8>>,
    /// What a transcript keeps of the run, until the epoch begins.
    pub(super) record: Option<Record>,
}

/// An epoch that begins.
#[derive(Debug)]
pub(super) struct Beginning {
    /// The name of the run that led to it.
    pub(super) successor: Sid,
    /// Its own.
    pub(super) name: EpochName,
    /// That of the epoch before.
    pub(super) parent: Option<EpochName>,
    /// Into which it goes over.
    pub(super) host: Option<EpochName>,
    pub(super) policy: Policy,
    pub(super) certificate: Certificate,
    /// What others may miss of a light run.
    pub(super) light: Option<Kept>,
}

impl<S: CryptoSuite> Membership<S> {
    /// The epoch is over for this member, which goes on to another: the cut is shown, and all of it is final. Returns who was
    /// proven to have cheated at its very end.
    fn retire(
        &mut self,
        cx: &mut Context<'_, S>,
        fates: &mut super::fates::Fates,
        successor: Sid,
        says_so: bool,
    ) -> Vec<IdentityKey> {
        self.name_instances(successor);
        self.epoch.show_cut(successor);
        let before = self.close_fates(cx, fates, Some(successor));
        let has_cut = self.epoch.retire(successor);
        if says_so {
            cx.out.state(self.epoch.seal_statement(Presence::Present));
        }
        let after = self.report(cx, fates);
        self.send_missing(cx, before.missing.into_iter().chain(after.missing));
        if has_cut {
            self.settle(cx);
        }
        before.accused.into_iter().chain(after.accused).collect()
    }
}

impl<S: CryptoSuite> Room<S> {
    /// Installs the epoch of a run that all have confirmed.
    pub(super) fn install(
        &mut self,
        now: Timestamp,
        (established, certificate, proposal): (Established<S>, Certificate, Proposal),
    ) {
        self.end_epoch_for_next();
        self.succession.light_changes = 0;
        self.succession.proven = now;
        self.be_let_in(&established, &proposal);
        for member in established.run.members() {
            self.common.me.known.insert(member);
        }
        self.take_pace(&established);
        let beginning = Beginning {
            successor: established.run.sid(),
            name: proposal.name,
            parent: proposal.parent,
            host: proposal.host,
            policy: proposal.policy,
            certificate,
            light: None,
        };
        self.begin_epoch(now, Epoch::new(established), beginning);
    }

    /// What was waited for in the epoch before, and outside, is over.
    pub(super) fn end_epoch_for_next(&mut self) {
        self.common.timers.end_epoch();
        self.lobby.answering.end_epoch();
        self.common.timers.stop(Timer::Advertise);
        self.common.timers.stop(Timer::Heard);
        self.common.timers.stop(Timer::Propose);
        self.succession.give_up();
    }

    /// Goes on in an epoch, whichever kind of run led to it.
    pub(super) fn begin_epoch(
        &mut self,
        now: Timestamp,
        mut epoch: Epoch<S>,
        mut beginning: Beginning,
    ) {
        let successor = beginning.successor;
        let before: BTreeSet<_> = self
            .phase
            .epoch()
            .map(|old| old.roster().collect())
            .unwrap_or_default();
        let under_way = self.move_under_way(now);
        let voted_out = self.voted_out(now);
        let replaced = self.replaced_in(successor);
        let known = before.iter().copied().chain(epoch.roster());
        self.lobby.offering.forget_first_of(known);
        self.lobby.doubles.be_let_in();
        if self.phase.gathers() {
            self.lobby.neighbours.come_in();
        }
        self.carry_strikes();
        self.note_passed_over(now, beginning.host);
        let leaves_behind = self.leaves_behind(now, &epoch);
        let said_goodbye = self.said_goodbye(now);
        let accused = self.retire(now, successor, beginning.light.take(), leaves_behind);
        self.tell_left(&said_goodbye, &epoch);
        if let Some(record) = beginning.certificate.record.take() {
            self.common.out.records.push_back(record);
            epoch.record();
        }
        self.common.out.events.extend(self.trust.end_epoch());
        self.tell_secure(&epoch, &beginning, &before, voted_out);
        self.tell_replaced(replaced);
        let Beginning {
            name,
            host,
            certificate,
            ..
        } = beginning;
        let mut member = Membership::begin(epoch, name, certificate, now);
        member.take_over_strikes(&self.votes);
        self.phase = Phase::Member(Box::new(member));
        if !self.votes.cast.is_empty() {
            // What was said in the epoch before is not known to all who are in this one.
            self.vote_soon(now);
        }
        let times = self.common.me.times();
        for (timer, wait) in [
            (Timer::Refresh, times.refresh),
            (Timer::Heartbeat, times.heartbeat),
            (Timer::Expire, times.expire),
        ] {
            self.common.timers.set(timer, now.after(wait));
        }
        self.common.timers.set(Timer::Change, now);
        self.hold_texts();
        // First what was typed, then what the others sent meanwhile: nobody's last word comes before this member's first.
        self.seal_waiting(now);
        for identity in accused {
            self.prove(now, identity);
        }
        self.succession.pending.release_epochs();
        self.look_back(now);
        self.begin_move(now, host, under_way);
        if self.phase.gathers() {
            self.begin_anew(now);
        }
    }

    /// This member is in an epoch: by none of the names that its members had is there another room.
    fn be_let_in(&mut self, established: &Established<S>, proposal: &Proposal) {
        self.lobby.note_merged(proposal);
        self.lobby.be_let_in(proposal.name);
        let neighbours = &self.lobby.neighbours;
        self.votes.forget_merges(|name| neighbours.is_own(name));
        let guest_name = proposal.parent.map(EpochName::of_guests::<S>);
        let mut members = established.run.members().iter();
        if guest_name.is_some() && members.any(|it| it.offer().parent == guest_name) {
            self.votes.have_merged();
        }
    }

    /// The move of the epoch that ends. Who wanted to go after its host has had a change for that, wherever it leads: the others
    /// may know that there is nobody, as where the names are those of epochs that their own room had before.
    fn move_under_way(&self, now: Timestamp) -> Option<Move> {
        let situation = self.situation(now)?;
        let under_way = situation.member.goes_over?;
        Some(Move {
            has_followed: under_way.has_followed || situation.wants_to_follow(),
            ..under_way
        })
    }

    /// A change that this member wanted for another room has gone by without going over into it, as when not all have heard of
    /// that, or when it wanted that only until it had heard what others vote for: it counts as a try, so that changes made for
    /// nothing become more and more seldom.
    fn note_passed_over(&mut self, now: Timestamp, host: Option<EpochName>) {
        let situation = self.situation(now);
        let wanted = situation.and_then(|it| it.next_host_but(host));
        let member = self.phase.member().filter(|_| host.is_none());
        let wanted = wanted.or(member.and_then(|member| member.changing.for_move));
        if let Some(name) = wanted {
            let first = part(self.common.me.times().view, 2);
            let room = self.lobby.neighbours.called(name);
            self.votes.tries.note_not_gone(now, &room, first);
        }
    }

    /// Whether the next epoch is without a member that has not left: it is there, it may be, and learns of it by what is said in
    /// the epoch that ends, which the change after the next one makes an end of.
    fn leaves_behind(&self, now: Timestamp, next: &Epoch<S>) -> bool {
        let staying: BTreeSet<_> = next.roster().collect();
        self.situation(now).is_some_and(|situation| {
            let epoch = situation.epoch();
            let is_behind = |member: &MemberIndex| {
                let identity = epoch.identity(*member);
                !situation.has_left(*member) && identity.is_some_and(|it| !staying.contains(&it))
            };
            epoch.indices().any(|member| is_behind(&member))
        })
    }

    /// The members that have said their last word, if only in what is held and not delivered.
    fn said_goodbye(&self, now: Timestamp) -> BTreeSet<IdentityKey> {
        let Some(situation) = self.situation(now) else {
            return BTreeSet::new();
        };
        let members = situation.epoch().indices();
        let gone = members.filter(|member| situation.has_left(*member));
        let gone = gone.filter_map(|member| situation.epoch().identity(member));
        gone.collect()
    }

    /// Tells the application which of those that `said_goodbye` have left, where the epoch before ended before it could show that.
    fn tell_left(&mut self, said_goodbye: &BTreeSet<IdentityKey>, next: &Epoch<S>) {
        let Some(old) = &self.old else {
            return;
        };
        let was_told = |identity: &IdentityKey| {
            let mut members = old.epoch.indices();
            let is_it = |member: &MemberIndex| old.epoch.identity(*member) == Some(*identity);
            members.any(|member| is_it(&member) && old.epoch.is_closed(member))
        };
        let stay: BTreeSet<_> = next.roster().collect();
        for member in said_goodbye {
            if !stay.contains(member) && !was_told(member) {
                self.common.out.tell(Event::Left { member: *member });
            }
        }
    }

    /// The epoch before is over for this member. Returns who was proven to have cheated at its very end.
    ///
    /// After a light run it says so when it is asked, but at once if that `leaves_behind` a member.
    fn retire(
        &mut self,
        now: Timestamp,
        successor: Sid,
        light: Option<Kept>,
        leaves_behind: bool,
    ) -> Vec<IdentityKey> {
        let says_so = light.is_none() || leaves_behind;
        let outside = Phase::Gathering(Gathering::default());
        let Some(mut member) = self.phase.leave_for(outside) else {
            return Vec::new();
        };
        let cx = &mut self.common.at(now);
        let accused = member.retire(cx, &mut self.fates, successor, says_so);
        let mut old = Old::new(member.into_epoch(), cx);
        old.has_said_so = says_so;
        old.leaves_behind = leaves_behind;
        old.light = light;
        old.close(cx.out);
        self.old = Some(old);
        accused
    }

    /// The others have all left: this member looks for others, under the policy that its application asked for.
    fn begin_anew(&mut self, now: Timestamp) {
        self.lobby.turns.enter(now);
        self.common.timers.set(Timer::Advertise, now);
        let policy = &self.common.me.config.policy;
        if self.votes.policy != *policy {
            self.votes.policy.clone_from(policy);
            let policy = policy.clone();
            self.common.out.tell(Event::PolicyChanged { policy });
        }
    }

    /// The epoch begins at the pace that its members have shown.
    fn take_pace(&mut self, established: &Established<S>) {
        let members = established.run.members().iter().map(|member| {
            let offer = member.offer();
            (offer.digest::<S>(), offer.identity)
        });
        let run = SidHint::of(&established.run.sid());
        let me = self.common.me.public();
        self.common.pulse.install(run, me, members);
        self.common.keep_pace();
    }

    /// What was written for fewer than the new roster has is held; who leaves can release nothing.
    fn hold_texts(&mut self) {
        let Some(epoch) = self.phase.epoch() else {
            return;
        };
        let held = self.fates.hold(&epoch.roster().collect());
        self.common.out.events.extend(held);
        if self.departure.is_asked {
            let dropped = self.fates.drop_held();
            self.common.out.events.extend(dropped);
        }
    }

    /// The members in whose place another instance of their identity comes in by a run.
    fn replaced_in(&self, run: Sid) -> BTreeSet<IdentityKey> {
        let member = self.phase.member();
        let replaced = member.map(|member| member.replaced_in(run));
        let replaced = replaced.into_iter().flatten();
        replaced.map(|instance| instance.identity).collect()
    }

    /// Tells the application whose place another instance took.
    fn tell_replaced(&mut self, replaced: BTreeSet<IdentityKey>) {
        if !replaced.is_empty() {
            self.lobby.newcomers.have_come();
        }
        for member in &replaced {
            self.common.out.tell(Event::Replaced { member: *member });
        }
        self.votes.replacements.begin_epoch(replaced);
    }

    /// The members that are left out of the next epoch by a vote.
    fn voted_out(&self, now: Timestamp) -> Vec<IdentityKey> {
        let Some(situation) = self.situation(now) else {
            return Vec::new();
        };
        let roster = situation.epoch().roster();
        roster
            .filter(|identity| situation.is_excluded(identity))
            .collect()
    }

    /// Tells the application of a new epoch, and who has come and gone.
    fn tell_secure(
        &mut self,
        epoch: &Epoch<S>,
        beginning: &Beginning,
        before: &BTreeSet<IdentityKey>,
        voted_out: Vec<IdentityKey>,
    ) {
        let out = &mut self.common.out;
        let me = epoch.me();
        let roster = epoch
            .roster()
            .zip(epoch.indices())
            .map(|(identity, index)| MemberInfo {
                identity,
                is_me: index == me,
            });
        out.tell(Event::Secure {
            sid: epoch.sid(),
            name: beginning.name,
            parent: beginning.parent,
            roster: roster.collect(),
        });
        let now_in: BTreeSet<_> = epoch.roster().collect();
        self.rosters.show(epoch.sid(), now_in.clone());
        let policy = &beginning.policy;
        if self.votes.begin_epoch(policy, &now_in, voted_out) {
            let policy = policy.clone();
            out.tell(Event::PolicyChanged { policy });
        }
        if !before.is_empty() && !now_in.is_subset(before) {
            self.lobby.newcomers.have_come();
        }
        self.lobby.newcomers.forget_unready(&now_in);
        if !before.is_empty() {
            for member in now_in.difference(before) {
                out.tell(Event::Joined { member: *member });
            }
        }
        for member in before.difference(&now_in) {
            out.tell(Event::LeftOut { member: *member });
        }
    }

    /// The new epoch goes over into another, if its proposal says so. A move that was `under_way` goes on, also after a host that
    /// has gone on to another epoch.
    fn begin_move(&mut self, now: Timestamp, host: Option<EpochName>, under_way: Option<Move>) {
        let Some((member, host)) = self.phase.member_mut().zip(host) else {
            return;
        };
        let times = self.common.me.times();
        // However quick the network is, the others have to be heard, and their people to vote.
        let length = times
            .view
            .saturating_mul(VIEWS_OF_A_MOVE)
            .max(times.fresh());
        let neighbours = &self.lobby.neighbours;
        let under_way = under_way.filter(|it| now < it.until);
        let under_way =
            under_way.filter(|it| neighbours.names_of(host).any(|name| name == it.host));
        member.goes_over = Some(Move {
            host,
            until: match under_way {
                Some(it) if it.host == host => it.until,
                _ => now.after(length),
            },
            has_followed: under_way.is_some_and(|it| it.has_followed || it.host != host),
        });
        if under_way.is_none() {
            let room = neighbours.called(host);
            let [lot, ..] = *member.name.as_bytes();
            self.votes.tries.note_move(now, &room, length, lot);
        }
        self.common.timers.begin_anew(Timer::Advertise);
        self.common.timers.set(Timer::Advertise, now);
    }
}
