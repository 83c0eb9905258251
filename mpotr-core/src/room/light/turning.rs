//! Whether a view goes by a light run, who stays by it, and which SEEDs are answered. `docs/spec/14-light-runs.md`, "In a room".

use std::collections::BTreeSet;

use mpotr_crypto::{CryptoSuite, Decoder, Encoder, IdentityKey};
use mpotr_gka::MemberIndex;
use mpotr_gka::light::{Attempts, ChangeKind, Handle, LightTerms, NextView, Seed, Watch};

use crate::error::Rejection;
use crate::policy::Policy;
use crate::room::judging::{Verdict, await_that, require};
use crate::room::situation::Situation;
use crate::room::succession::Succession;
use crate::time::{Duration, Timestamp};

/// So many light runs may follow a full one.
const MOST_LIGHT: u32 = 16;
/// And for so many times as long as keys are made anew after.
const MOST_REFRESHES: u32 = 3;

/// How the views of this change have ended that were to be light.
#[derive(Debug)]
pub(in crate::room) struct LightViews {
    pub(super) attempts: Attempts,
    pub(super) next: NextView,
    /// Those few who gave no FREEZE, or no SHARE, in the view before, where all others gave theirs.
    pub(super) silent: BTreeSet<MemberIndex>,
}

impl LightViews {
    /// Whether the view before has failed for want of a few who say nothing.
    pub(in crate::room) fn is_any_silent(&self) -> bool {
        !self.silent.is_empty()
    }

    /// Whether a member is one of those: its turn is passed over.
    pub(in crate::room) fn is_silent(&self, member: MemberIndex) -> bool {
        self.silent.contains(&member)
    }
}

impl Default for LightViews {
    fn default() -> Self {
        Self {
            attempts: Attempts::default(),
            next: NextView::Light(Watch::Lazy),
            silent: BTreeSet::new(),
        }
    }
}

impl<S: CryptoSuite> Situation<'_, S> {
    /// Whether this member opens or enters a view as one of a light run: one may follow, nobody comes in or goes over, and nobody
    /// else has made an offer.
    pub(in crate::room) fn may_go_light(&self) -> bool {
        let staying = self.staying();
        self.may_go_on_light
            && self.may_follow_light()
            && !self.is_full_run_wanted()
            && self.admitted().is_empty()
            && staying.len() > 1
            && self.are_open(&staying)
    }

    /// Whether anyone is to come in from outside, or this epoch is to go over into another, and a change of this kind does not go first:
    /// newcomers come in when all others go on.
    fn do_others_wait(&self, kind: ChangeKind) -> bool {
        self.is_merge_wanted()
            || !self.admitted().is_empty()
            || (kind == ChangeKind::Refresh && !self.joining().is_empty())
    }

    /// Whether all who are in would go on by what this member proposes.
    pub(super) fn does_none_go(&self) -> bool {
        self.kind(&self.staying()) == ChangeKind::Refresh
    }

    /// Whether there is anything to change the epoch for: else a proposer could change it whenever others are about to come in, and
    /// keep them waiting.
    fn has_reason(&self) -> bool {
        self.change().is_some() || self.wants_own_change()
    }

    /// Who goes on, as this member would have it.
    fn staying(&self) -> Vec<MemberIndex> {
        let stays = |it: &MemberIndex| {
            !self.is_member_excluded(*it) && !self.is_left_out(*it) && !self.has_gone(*it)
        };
        self.present().filter(stays).collect()
    }

    /// A view has failed: until when its proposer waits for the others to say that they are in the next, so that it lists no one
    /// who is gone. In the first view of a change nobody says so.
    pub(super) fn awaits_others_until(&self) -> Option<Timestamp> {
        let change = self
            .change()
            .filter(|change| change.entered > change.began)?;
        let epoch = self.epoch();
        let is_awaited = |it: &MemberIndex| {
            let said = epoch.next_of(*it);
            *it != epoch.me() && said.is_none_or(|next| next.view < change.view)
        };
        let until = change.entered.after(self.me.times().gather);
        let is_any_awaited = self.staying().iter().any(is_awaited);
        (self.now < until && is_any_awaited).then_some(until)
    }

    /// Whether the view has begun for newcomers alone, and its proposer, who could list none of them, has left it to the next.
    pub(in crate::room) fn is_passed_on(&self) -> bool {
        let epoch = self.epoch();
        let Some(change) = self.change().filter(|_| !self.wants_own_change()) else {
            return false;
        };
        let proposer = self.proposer_of(change.view);
        if proposer == Some(epoch.me()) {
            return change.is_cut_short;
        }
        let said = proposer.and_then(|proposer| epoch.next_of(proposer));
        said.is_some_and(|next| next.view > change.view)
    }

    /// What a change is called by which all others go.
    fn kind(&self, staying: &[MemberIndex]) -> ChangeKind {
        let epoch = self.epoch();
        let gone = epoch.indices().filter(|it| !staying.contains(it));
        let gone: Vec<_> = gone.collect();
        if gone.is_empty() {
            ChangeKind::Refresh
        } else if gone.iter().all(|it| self.has_left(*it)) {
            ChangeKind::Leave
        } else {
            ChangeKind::Exclusion
        }
    }

    /// Whether a member has said that it leaves, if only in what is held and not delivered.
    pub(in crate::room) fn has_left(&self, member: MemberIndex) -> bool {
        self.epoch().has_said_last_word(member) && !self.is_member_excluded(member)
    }

    fn identities(&self, members: &[MemberIndex]) -> BTreeSet<IdentityKey> {
        let identities = members.iter().filter_map(|it| self.epoch().identity(*it));
        identities.collect()
    }

    /// What this member proposes.
    pub(super) fn light_terms(&self, view: u32, handle: Handle) -> LightTerms {
        let staying = self.staying();
        let kind = self.kind(&staying);
        let policy = self.next_policy(&self.identities(&staying));
        let is_eager = self.member.changing.light.next == NextView::Light(Watch::Eager)
            || Attempts::first(kind) == Watch::Eager;
        LightTerms {
            view,
            handle,
            policy: Encoder::encoded(|out| policy.encode(out)),
            kind,
            watch: if is_eager { Watch::Eager } else { Watch::Lazy },
            reasons: Vec::new(),
            staying,
        }
    }

    /// Whether this member answers a SEED, as far as it goes by what was said, and the policy of the epoch that it leads to. Until
    /// then it waits for a reason.
    pub(super) fn judge_seed(&self, seed: &Seed, until: Timestamp) -> Result<Policy, Verdict> {
        let (epoch, terms) = (self.epoch(), &seed.terms);
        require(seed.parent == epoch.sid(), Rejection::UnknownEpoch)?;
        let is_turn = self.proposer_of(terms.view) == Some(seed.proposer);
        require(is_turn, Rejection::NotAuthentic)?;
        let members = u32::try_from(epoch.members()).unwrap_or(u32::MAX);
        let is_near = terms.view <= self.view().saturating_add(members);
        require(is_near, Rejection::StaleView)?;
        let is_listed = terms.staying.contains(&epoch.me());
        require(is_listed, Rejection::NotListed)?;
        let is_answered = self.member.changing.has_contributed_from(terms.view);
        require(!is_answered, Rejection::StaleView)?;
        require(self.may_follow_light(), Rejection::OtherPolicy)?;
        if seed.offers.is_empty() {
            await_that(
                !self.do_others_wait(terms.kind) && (self.now >= until || self.has_reason()),
            )?;
        } else {
            self.judge_joiners(seed)?;
        }
        let policy = Decoder::whole(&terms.policy, Policy::decode);
        let policy = policy.map_err(|malformed| Verdict::Refuse(malformed.into()))?;
        let may_have = self.may_have(&policy, &self.identities(&terms.staying));
        require(may_have, Rejection::OtherPolicy)?;
        await_that(self.is_policy_agreed(&policy))?;
        for member in epoch.indices() {
            if terms.staying.contains(&member) {
                require(!self.is_member_excluded(member), Rejection::NotAdmitted)?;
                continue;
            }
            await_that(match terms.kind {
                ChangeKind::Refresh => false,
                ChangeKind::Leave => self.has_left(member),
                ChangeKind::Exclusion => {
                    self.has_left(member)
                        || self.is_member_excluded(member)
                        || self.may_be_left_out(member)
                }
            })?;
        }
        Ok(policy)
    }
}

impl<S: CryptoSuite> Succession<S> {
    /// Whether light runs may lead on from the last full one, where keys are made anew after `refresh`, for so much `later` than they
    /// should.
    pub(in crate::room) fn may_go_on_light(
        &self,
        now: Timestamp,
        refresh: Duration,
        later: Duration,
    ) -> bool {
        let longest = refresh.saturating_mul(MOST_REFRESHES).saturating_add(later);
        self.light_changes < MOST_LIGHT && now.since(self.proven) < longest
    }
}
