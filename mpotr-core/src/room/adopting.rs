//! What a member that has confirmed several runs may still install. `docs/spec/06-epochs.md`, "Several runs".
//!
//! A member installs what it confirmed last. If others have installed an earlier run P and a later Q cannot be completed any
//! more, members *forsake* Q, and *adopt* P when everyone who could install Q has signed that it will not.
//! `docs/security/agreement.md` has the rules, the proof that no two of them part ways, and a model.

use std::collections::BTreeSet;

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::Sid;

use super::Room;
use super::attempt::Attempt;
use crate::epoch::Epoch;
use crate::event::Event;
use crate::time::{Timestamp, part};
use crate::timers::Timer;
use crate::wire::{MAX_CONFIRMED, MAX_FORSAKEN};

/// A run that this member contributed to, for the epoch that follows its own.
#[derive(Debug)]
pub(super) struct Contributed {
    run: Sid,
    view: u32,
    /// Members of the epoch that ends, by index, this one among them.
    continuing: Vec<usize>,
    /// Claimed identities of the others.
    joining: BTreeSet<IdentityKey>,
    confirmed: bool,
    /// When another member was first heard to have installed it.
    installed: Option<Timestamp>,
}

impl Contributed {
    /// The other members of the epoch that ends who are in both runs.
    fn common<'a>(&'a self, other: &'a Self, me: usize) -> impl Iterator<Item = usize> + 'a {
        let both = move |member: &usize| *member != me && other.continuing.contains(member);
        self.continuing.iter().copied().filter(both)
    }
}

impl<S: CryptoSuite> Room<S> {
    /// Takes note of a run that this member contributes to.
    pub(super) fn note_contributed(&mut self, attempt: &Attempt<S>) {
        let (Some(epoch), Some(continuing)) = (&self.epoch, attempt.continuing.clone()) else {
            return;
        };
        let old: BTreeSet<_> = continuing
            .iter()
            .filter_map(|member| epoch.identity(*member))
            .collect();
        let joining: BTreeSet<_> = attempt
            .run()
            .members()
            .iter()
            .map(|member| member.offer().identity)
            .filter(|identity| !old.contains(identity))
            .collect();
        for claimed in &joining {
            self.events.push_back(Event::Joining { claimed: *claimed });
        }
        self.contributed.push(Contributed {
            run: attempt.run().sid(),
            view: attempt.proposal.view,
            continuing,
            joining,
            confirmed: false,
            installed: None,
        });
    }

    /// Takes note of runs that others have installed and this member has confirmed, and asks for what it lacks of them.
    pub(super) fn note_installed(&mut self, now: Timestamp) {
        let Some(epoch) = &self.epoch else { return };
        let installed: BTreeSet<_> = (0..epoch.members())
            .filter_map(|member| epoch.next_of(member)?.installed)
            .collect();
        for contributed in &mut self.contributed {
            let is_news = contributed.installed.is_none() && contributed.confirmed;
            if is_news && installed.contains(&contributed.run) {
                contributed.installed = Some(now);
                // Whoever has installed it answers who is still at it.
                self.retries = 0;
                let soon = now.after(part(self.config.timers.retry, 4));
                self.timers.set_earlier(Timer::Retry, soon);
            }
        }
    }

    /// Until when this member takes part in no further run, since it may follow those who have installed an earlier one.
    pub(super) fn waits_until(&self) -> Option<Timestamp> {
        let is_kept = |run: &Sid| {
            self.confirmed
                .iter()
                .any(|attempt| attempt.run().sid() == *run)
        };
        let followed = self.contributed.iter().filter(|other| is_kept(&other.run));
        let heard = followed.filter_map(|other| other.installed).max();
        heard.map(|heard| heard.after(self.config.timers.adopt))
    }

    /// Takes note that this member has confirmed a run. What it confirmed for another parent it will not install any more.
    pub(super) fn note_confirmed(&mut self, attempt: &Attempt<S>) {
        let parent = attempt.proposal.parent;
        self.confirmed
            .retain(|other| other.continuing.is_some() && other.proposal.parent == parent);
        let run = attempt.run().sid();
        for contributed in &mut self.contributed {
            contributed.confirmed |= contributed.run == run;
        }
    }

    /// Keeps a run that this member confirmed, though another is under way.
    pub(super) fn keep_confirmed(&mut self, attempt: Attempt<S>) {
        if self.confirmed.len() >= MAX_CONFIRMED {
            // The first to go can be adopted no more. What was confirmed after another is not forgotten.
            self.confirmed.remove(0);
        }
        self.confirmed.push(attempt);
    }

    /// Whether this member may install a run as far as the runs that it confirmed later are concerned.
    pub(super) fn may_install(&self, attempt: &Attempt<S>) -> bool {
        let run = attempt.run().sid();
        let Some(this) = self.contributed_to(&run) else {
            // Of another parent: what was confirmed last forsook all others.
            return true;
        };
        if self.has_forsaken(&run) {
            return false;
        }
        let (Some(epoch), later) = (&self.epoch, self.later_than(this)) else {
            return false;
        };
        later.filter(|later| later.confirmed).all(|later| {
            // Who joins has no word in the epoch that ends, so it cannot be known what it will install.
            this.joining.is_disjoint(&later.joining)
                && this.common(later, epoch.me()).all(|member| {
                    let said = epoch.next_of(member);
                    said.is_some_and(|next| next.rules_out(&later.run))
                })
        })
    }

    /// Forsakes the later runs of which others in them have installed an earlier one that this member could adopt.
    pub(super) fn forsake(&mut self) {
        let certified: Vec<_> = self
            .confirmed
            .iter()
            .filter(|attempt| attempt.is_certified())
            .map(|attempt| attempt.run().sid())
            .collect();
        let forsaken: BTreeSet<_> = certified
            .iter()
            .filter_map(|run| self.contributed_to(run))
            .flat_map(|this| {
                let later = self.later_than(this);
                later.filter(|later| self.is_superseded(later, this))
            })
            .map(|later| later.run)
            .filter(|run| !self.has_forsaken(run))
            .collect();
        if forsaken.is_empty() {
            return;
        }
        let Some(next) = self.epoch.as_mut().and_then(Epoch::own_next) else {
            return;
        };
        // Said before it is acted upon: what does not fit in stays as it is.
        let room = MAX_FORSAKEN.saturating_sub(next.forsaken.len());
        let forsaken: BTreeSet<_> = forsaken.into_iter().take(room).collect();
        next.forsaken.extend(forsaken.iter().copied());
        next.forsaken.sort_unstable();
        let is_forsaken = |attempt: &Attempt<S>| forsaken.contains(&attempt.run().sid());
        self.confirmed.retain(|attempt| !is_forsaken(attempt));
        if let Some(attempt) = self.attempt.take_if(|attempt| is_forsaken(attempt)) {
            self.offering.mark_used(attempt.used_offers());
        }
        self.say_next();
    }

    /// Whether another member of both runs has installed the earlier one.
    fn is_superseded(&self, later: &Contributed, earlier: &Contributed) -> bool {
        self.epoch.as_ref().is_some_and(|epoch| {
            let has_installed = |member| {
                let said = epoch.next_of(member);
                said.is_some_and(|next| next.installed == Some(earlier.run))
            };
            earlier.common(later, epoch.me()).any(has_installed)
        })
    }

    fn has_forsaken(&self, run: &Sid) -> bool {
        let epoch = self.epoch.as_ref();
        let said = epoch.and_then(|epoch| epoch.next_of(epoch.me()));
        said.is_some_and(|next| next.forsaken.contains(run))
    }

    fn contributed_to(&self, run: &Sid) -> Option<&Contributed> {
        self.contributed.iter().find(|other| other.run == *run)
    }

    fn later_than<'a>(&'a self, this: &'a Contributed) -> impl Iterator<Item = &'a Contributed> {
        self.contributed
            .iter()
            .filter(|other| other.view > this.view)
    }
}
