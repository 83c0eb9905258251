//! What a member that has confirmed several runs may still install. `docs/spec/06-epochs.md`, "Several runs".
//!
//! A member installs what it confirmed last. If others have installed an earlier run P and a later Q can no longer be completed,
//! members *forsake* Q, and *adopt* P when everyone who could install Q has signed that it will not.
//! `docs/security/agreement.md` has the rules, the proof that no two of them part ways, and a model.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::{MemberIndex, OfferDigest, Sid};

use super::Room;
use super::changing::Changing;
use super::membership::Membership;
use super::outbox::Outbox;
use super::succession::Succession;
use super::succession::attempt::Attempt;
use crate::event::Event;
use crate::time::{Timestamp, part};
use crate::timers::Timer;
use crate::wire::{Admitted, MAX_CONFIRMED, MAX_FORSAKEN};

/// The place of a run among those of one epoch: members confirm them in this order. Those of a host come before any change of
/// the own epoch, and each kind in rising views.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Place {
    is_change: bool,
    view: u32,
}

/// A run that this member contributed to, for the epoch that follows its own.
#[derive(Debug)]
pub(super) struct Contributed {
    run: Sid,
    place: Place,
    /// Members of the epoch that ends, by index, this one among them.
    continuing: Vec<MemberIndex>,
    /// Claimed identities of the others, and their offers.
    joining: BTreeMap<IdentityKey, OfferDigest>,
    confirmed: bool,
    /// When another member was first heard to have installed it.
    installed: Option<Timestamp>,
}

impl Contributed {
    /// A light run that this member answered: nobody comes in by it.
    pub(super) const fn light(run: Sid, view: u32, continuing: Vec<MemberIndex>) -> Self {
        let is_change = true;
        Self {
            run,
            place: Place { is_change, view },
            continuing,
            joining: BTreeMap::new(),
            confirmed: false,
            installed: None,
        }
    }

    /// The other members of the epoch that ends who are in both runs.
    fn common<'a>(
        &'a self,
        other: &'a Self,
        me: MemberIndex,
    ) -> impl Iterator<Item = MemberIndex> + 'a {
        let both = move |member: &MemberIndex| *member != me && other.continuing.contains(member);
        self.continuing.iter().copied().filter(both)
    }
}

impl Changing {
    fn contributed_to(&self, run: &Sid) -> Option<&Contributed> {
        self.contributed.iter().find(|other| other.run == *run)
    }

    fn later_than<'a>(&'a self, this: &'a Contributed) -> impl Iterator<Item = &'a Contributed> {
        let contributed = self.contributed.iter();
        contributed.filter(|other| other.place > this.place)
    }

    /// Whether this member has contributed to a run of a view or a later one: it takes part in one of each.
    pub(super) fn has_contributed_from(&self, view: u32) -> bool {
        let is_change = true;
        let place = Place { is_change, view };
        self.contributed.iter().any(|other| other.place >= place)
    }

    /// The runs to which this member contributed.
    pub(super) fn contributed_names(&self) -> impl Iterator<Item = Sid> {
        self.contributed.iter().map(|it| it.run)
    }

    /// Whether this member has confirmed a run that follows its epoch: it shows nothing more until it installs one, or gives
    /// the epoch up.
    pub(super) fn has_confirmed(&self) -> bool {
        self.contributed.iter().any(|other| other.confirmed)
    }

    /// Who comes in by a run to which this member contributed, by claimed identity, and with which offers.
    pub(super) fn joining_in(&self, run: &Sid) -> impl Iterator<Item = Admitted> {
        let joining = self.contributed_to(run).map(|it| &it.joining);
        let joining = joining.into_iter().flatten();
        joining.map(|(identity, offer)| Admitted {
            identity: *identity,
            offer: *offer,
        })
    }

    /// Takes note that this member has confirmed a run.
    pub(super) fn note_confirmed(&mut self, run: Sid) {
        for contributed in &mut self.contributed {
            contributed.confirmed |= contributed.run == run;
        }
    }

    /// Takes note of runs that others have installed and this member has confirmed. Returns whether any is news.
    fn note_installed(&mut self, now: Timestamp, installed: &BTreeSet<Sid>) -> bool {
        let mut is_any_news = false;
        for contributed in &mut self.contributed {
            let is_news = contributed.installed.is_none() && contributed.confirmed;
            if is_news && installed.contains(&contributed.run) {
                contributed.installed = Some(now);
                is_any_news = true;
            }
        }
        is_any_news
    }

    /// When others were heard last to have installed a run that is kept.
    fn heard_installed(&self, is_kept: impl Fn(&Sid) -> bool) -> Option<Timestamp> {
        let followed = self.contributed.iter().filter(|other| is_kept(&other.run));
        followed.filter_map(|other| other.installed).max()
    }
}

impl<S: CryptoSuite> Membership<S> {
    /// Takes note of a run that this member contributes to.
    pub(super) fn note_contributed(&mut self, out: &mut Outbox, attempt: &Attempt<S>) {
        let Some(continuing) = attempt.continuing.clone() else {
            return;
        };
        let old: BTreeSet<_> = continuing
            .iter()
            .filter_map(|member| self.epoch.identity(*member))
            .collect();
        let members = attempt.run().members().iter();
        let offers = attempt.proposal.offers.iter().copied();
        let joining: BTreeMap<_, _> = members
            .map(|member| member.offer().identity)
            .zip(offers)
            .filter(|(identity, _)| !old.contains(identity))
            .collect();
        for claimed in joining.keys() {
            out.tell(Event::Joining { claimed: *claimed });
        }
        self.changing.contributed.push(Contributed {
            run: attempt.run().sid(),
            place: Place {
                is_change: attempt.proposal.parent == Some(self.name),
                view: attempt.proposal.view,
            },
            continuing,
            joining,
            confirmed: false,
            installed: None,
        });
    }

    /// Whether this member has confirmed or shared in another run after this one.
    pub(super) fn has_voted_since(&self, run: &Sid) -> bool {
        let this = self.changing.contributed_to(run);
        this.is_some_and(|this| self.changing.later_than(this).any(|later| later.confirmed))
    }

    /// Whether this member may install a run as far as the runs that it confirmed later are concerned.
    pub(super) fn may_install(&self, run: &Sid) -> bool {
        let Some(this) = self.changing.contributed_to(run) else {
            // Of another parent: what was confirmed last forsook all others.
            return true;
        };
        if self.has_forsaken(run) {
            return false;
        }
        let later = self.changing.later_than(this);
        later.filter(|later| later.confirmed).all(|later| {
            // Who joins has no word in the epoch that ends, so it cannot be known what it will install.
            !this.joining.keys().any(|it| later.joining.contains_key(it))
                && this.common(later, self.epoch.me()).all(|member| {
                    let said = self.epoch.next_of(member);
                    said.is_some_and(|next| next.rules_out(&later.run))
                })
        })
    }

    /// Forsakes the later runs of which others in them have installed an earlier one that this member could adopt: one of those
    /// that are certified. Returns what it will say to have forsaken.
    fn forsake(&mut self, certified: &[Sid]) -> BTreeSet<Sid> {
        let changing = &self.changing;
        let forsaken: BTreeSet<_> = certified
            .iter()
            .filter_map(|run| changing.contributed_to(run))
            .flat_map(|this| {
                let later = changing.later_than(this);
                later.filter(|later| self.is_superseded(later, this))
            })
            .map(|later| later.run)
            .filter(|run| !self.has_forsaken(run))
            .collect();
        let Some(next) = self.epoch.own_next().filter(|_| !forsaken.is_empty()) else {
            return BTreeSet::new();
        };
        // Said before it is acted upon: what does not fit in stays as it is.
        let room = MAX_FORSAKEN.saturating_sub(next.forsaken.len());
        let forsaken: BTreeSet<_> = forsaken.into_iter().take(room).collect();
        next.forsaken.extend(forsaken.iter().copied());
        next.forsaken.sort_unstable();
        forsaken
    }

    /// Whether another member of both runs has installed the earlier one.
    fn is_superseded(&self, later: &Contributed, earlier: &Contributed) -> bool {
        let has_installed = |member| {
            let said = self.epoch.next_of(member);
            said.is_some_and(|next| next.installed == Some(earlier.run))
        };
        earlier.common(later, self.epoch.me()).any(has_installed)
    }

    fn has_forsaken(&self, run: &Sid) -> bool {
        let said = self.epoch.next_of(self.epoch.me());
        said.is_some_and(|next| next.forsaken.contains(run))
    }
}

impl<S: CryptoSuite> Succession<S> {
    /// Takes note that this member has confirmed a run. What it confirmed for another parent it will never install.
    pub(super) fn note_confirmed(&mut self, attempt: &Attempt<S>) {
        // That of an epoch into which the own one goes over is for the own one, too.
        let is_of_epoch = attempt.continuing.is_some();
        self.confirmed
            .retain(|other| other.continuing.is_some() && is_of_epoch);
    }

    /// Keeps a run that this member confirmed, though another is under way.
    pub(super) fn keep_confirmed(&mut self, attempt: Attempt<S>) {
        if self.confirmed.len() >= MAX_CONFIRMED {
            // The first to go can be adopted no more. What was confirmed after another is not forgotten.
            self.confirmed.remove(0);
        }
        self.confirmed.push(attempt);
    }

    /// The earlier runs that all have confirmed, or shared in.
    fn certified(&self) -> Vec<Sid> {
        let full = self.confirmed.iter().filter(|it| it.is_certified());
        let light = self.shared.iter().filter(|it| it.is_certified());
        let certified = full.map(|attempt| attempt.run().sid());
        certified.chain(light.map(|run| run.name)).collect()
    }

    /// Drops runs, and returns the full one that was under way, if it is among them.
    fn drop_runs(&mut self, runs: &BTreeSet<Sid>) -> Option<Attempt<S>> {
        let is_among = |attempt: &Attempt<S>| runs.contains(&attempt.run().sid());
        self.shared.retain(|run| !runs.contains(&run.name));
        self.light.take_if(|run| runs.contains(&run.name));
        self.confirmed.retain(|attempt| !is_among(attempt));
        self.current.take_if(|attempt| is_among(attempt))
    }
}

impl<S: CryptoSuite> Room<S> {
    /// Takes note of runs that others have installed and this member has confirmed, and asks for what it lacks of them.
    pub(super) fn note_installed(&mut self, now: Timestamp) {
        let Some(situation) = self.situation(now) else {
            return;
        };
        let installed = situation.installed();
        let Some(member) = self.phase.member_mut() else {
            return;
        };
        if member.changing.note_installed(now, &installed) {
            // Who has installed it answers those who are still at it.
            self.common.timers.begin_anew(Timer::Retry);
            let soon = now.after(part(self.common.me.times().retry, 4));
            self.common.timers.set_earlier(Timer::Retry, soon);
        }
    }

    /// Until when this member takes part in no further run, since it may follow those who have installed an earlier one.
    pub(super) fn waits_until(&self) -> Option<Timestamp> {
        let (confirmed, shared) = (&self.succession.confirmed, &self.succession.shared);
        let is_kept = |run: &Sid| {
            confirmed.iter().any(|attempt| attempt.run().sid() == *run)
                || shared.iter().any(|light| light.name == *run)
        };
        let heard = self.phase.member()?.changing.heard_installed(is_kept)?;
        Some(heard.after(self.common.me.times().adopt))
    }

    /// Forsakes the later runs of which others in them have installed an earlier one.
    pub(super) fn forsake(&mut self) {
        let Some(member) = self.phase.member_mut() else {
            return;
        };
        let forsaken = member.forsake(&self.succession.certified());
        if forsaken.is_empty() {
            return;
        }
        if let Some(attempt) = self.succession.drop_runs(&forsaken) {
            self.lobby.offering.spend(attempt.used_offers());
        }
        self.say_next();
    }
}
