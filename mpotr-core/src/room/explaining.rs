//! What the room waits for, as it follows from where it is. `docs/spec/06-epochs.md`, "Waiting".

use std::collections::{BTreeMap, BTreeSet};

use mpotr_crypto::{CryptoSuite, IdentityKey};
use mpotr_gka::MemberIndex;

use super::Room;
use super::lobby::refusals;
use super::lobby::roll::FEW;
use super::phase::Phase;
use super::situation::Situation;
use super::succession::attempt::Attempt;
use super::waiting::Holds;
use crate::config::Admission;
use crate::event::Event;
use crate::policy::{Rule, Word};
use crate::reason::WaitingReason;
use crate::time::{Duration, Timestamp};
use crate::timers::Timer;
use crate::wire::Vote;

/// What takes longer to leave is told: about as long as a person waits for an answer without wondering.
const SLOW: Duration = Duration::from_secs(5);

/// As much of what others ask for is told at one time.
const MOST_ASKED: usize = 16;

impl<S: CryptoSuite> Room<S> {
    /// Tells the application what the room waits for: called once after every input.
    pub(super) fn explain(&mut self, now: Timestamp) {
        let mut holds = match &self.phase {
            Phase::Ended => return,
            Phase::Gathering(_) => {
                let mut holds = self.waits_outside(now);
                holds.extend(self.waits_for_terms());
                holds.extend(self.waits_for_own_word(now));
                holds.extend(self.waits_for_words_of_others(now));
                holds
            }
            Phase::Member(_) => self.waits_inside(now),
        };
        holds.extend(self.waits_for_link(now));
        self.tell_decided(now);
        self.waits.look(&mut self.common.at(now), holds);
    }

    /// Tells of what members have decided, once as long as it holds.
    fn tell_decided(&mut self, now: Timestamp) {
        let Some(decided) = self.situation(now).map(|it| it.decided()) else {
            return;
        };
        let Some(member) = self.phase.member_mut() else {
            return;
        };
        let known = decided.keys().cloned().collect();
        let before = core::mem::replace(&mut member.decided, known);
        for (vote, by) in decided {
            if !before.contains(&vote) {
                self.common.out.tell(Event::Voted { vote, by });
            }
        }
    }

    /// What this member has to say waits for its link.
    fn waits_for_link(&self, now: Timestamp) -> Option<Holds> {
        let out = &self.common.out;
        let (estimate, queued) = (out.drains_in(), out.waiting());
        (estimate >= SLOW).then(|| Holds {
            reason: WaitingReason::SlowLink { estimate, queued },
            until: Some(now.after(estimate)),
        })
    }

    /// In what others who are there differ from this member, so that they cannot be in one epoch.
    fn waits_for_terms(&self) -> impl Iterator<Item = Holds> {
        let others = &self.lobby.others;
        let policies = others.policies.iter();
        let differ = policies.filter(|(policy, _)| **policy != self.votes.policy);
        let rules = differ.map(|(policy, by)| WaitingReason::RulesDiffer {
            policy: policy.clone(),
            by: by.iter().copied().collect(),
        });
        let suites = (!others.suites.is_empty()).then(|| WaitingReason::OtherSuite {
            theirs: others.suites.iter().copied().collect(),
        });
        let versions = (!others.versions.is_empty()).then(|| WaitingReason::OtherVersion {
            theirs: others.versions.iter().copied().collect(),
        });
        rules.chain(suites).chain(versions).map(Holds::from)
    }

    /// Others who would be in an epoch with this member, and wait for its application to admit them.
    fn waits_for_own_word(&self, now: Timestamp) -> impl Iterator<Item = Holds> {
        let fresh = self.common.me.times().fresh();
        let people = self.lobby.others.people(now, fresh);
        let unknown = people.filter(|claimed| !self.votes.admission.admits(claimed));
        unknown.flat_map(|claimed| {
            let by = Vec::new();
            let unknown = WaitingReason::AdmitHere { claimed, by };
            let welcomes = self.lobby.others.is_waited_for_by(&claimed);
            let waits = welcomes.then(|| WaitingReason::NotAdmitted {
                identity: claimed,
                missing: vec![self.common.me.public()],
            });
            [Some(unknown), waits]
                .into_iter()
                .flatten()
                .map(Holds::from)
        })
    }

    /// Those who are there, have had the time to hear one another, and have not let one another in, as far as they have said.
    fn waits_for_words_of_others(&self, now: Timestamp) -> Vec<Holds> {
        let times = self.common.me.times();
        let is_there = |it: &IdentityKey| {
            let last = self.lobby.offering.last_heard(it);
            let is_fresh = last.is_some_and(|last| now.since(last) <= times.fresh());
            is_fresh && self.votes.admission.admits(it)
        };
        let people = self.lobby.welcomes.there().filter(is_there);
        let people: Vec<_> = people.collect();
        let is_outside = self.lobby.neighbours.names().next().is_some();
        if people.len() > FEW || is_outside {
            return Vec::new();
        }
        // Who keeps other rules takes no part for that alone.
        let differs = |it: &IdentityKey| self.lobby.others.keeps_others(it);
        let all = people.iter().copied().chain([self.common.me.public()]);
        let waits = all.filter(|it| !differs(it)).filter_map(|identity| {
            let missing = self.lobby.welcomes.missing(&identity, &people);
            let missing: Vec<_> = missing.into_iter().filter(|it| !differs(it)).collect();
            (!missing.is_empty()).then(|| WaitingReason::NotAdmitted { identity, missing }.into())
        });
        waits.collect()
    }

    /// What a member without an epoch waits for.
    fn waits_outside(&self, now: Timestamp) -> Vec<Holds> {
        if let Some(attempt) = &self.succession.current {
            let missing = self.silent_in(attempt);
            return vec![WaitingReason::Agreeing { missing }.into()];
        }
        let fresh = self.common.me.times().fresh();
        if self.lobby.doubles.is_inside(now, fresh) {
            return vec![WaitingReason::IdentityInRoom.into()];
        }
        // There is an epoch, and its members decide.
        let is_asked = self.lobby.replies.has_answered(now, fresh);
        if is_asked || self.lobby.neighbours.names().next().is_some() {
            return vec![WaitingReason::Outside.into()];
        }
        let others = self.lobby.offering.people();
        if others == 0 {
            return vec![WaitingReason::Alone.into()];
        }
        let want = self.lobby.expected.want();
        let have = others.saturating_add(1).min(want);
        vec![WaitingReason::Gathering { have, want }.into()]
    }

    /// What a member of an epoch waits for.
    fn waits_inside(&self, now: Timestamp) -> Vec<Holds> {
        let Some(situation) = self.situation(now) else {
            return Vec::new();
        };
        let (member, epoch) = (situation.member, situation.epoch());
        let mut holds = Vec::new();
        if epoch.is_alone() {
            holds.push(WaitingReason::Alone.into());
        }
        // Of a change of its own epoch, or of a host into which that goes over; who has confirmed that waits for its end.
        let confirmed = self.succession.confirmed.last();
        let confirmed = confirmed.filter(|_| situation.change().is_none());
        let run = self.succession.current.as_ref().or(confirmed);
        let me = self.common.me.public();
        let is_out = situation.is_excluded(&me);
        if is_out {
            holds.push(WaitingReason::Excluding { identity: me }.into());
        } else if situation.change().is_some() || run.is_some() {
            let missing = match run {
                Some(attempt) => self.silent_in(attempt),
                None => match self.missing_of_light(now) {
                    Some(missing) => {
                        let missing = missing.all.into_iter();
                        missing.filter_map(|it| epoch.identity(it)).collect()
                    }
                    None => situation.without_offer(),
                },
            };
            holds.push(Holds {
                reason: WaitingReason::Changing { missing },
                // The view that is under way; another may follow.
                until: self.common.timers.at(Timer::View),
            });
        }
        let excluding = member.excluding(&self.votes).into_iter();
        holds.extend(excluding.map(|identity| WaitingReason::Excluding { identity }.into()));
        holds.extend(situation.needed_votes().map(Holds::from));
        holds.extend(situation.not_admitted().map(Holds::from));
        holds.extend(situation.asked_of_this_member().map(Holds::from));
        holds.extend(situation.asked_out().map(Holds::from));
        holds.extend(situation.instances_waiting());
        let mut unknown = situation.unknown_newcomers();
        for claimed in self.unknown_in_merge(&situation) {
            unknown.entry(claimed).or_default();
        }
        let unknown = unknown.into_iter();
        holds.extend(unknown.map(|(claimed, by)| WaitingReason::AdmitHere { claimed, by }.into()));
        let unsettled_for = member.talk.unsettled_for();
        if let Some(waiting_for) = unsettled_for.filter(|it| !it.is_empty()) {
            let waiting_for = waiting_for.to_vec();
            holds.push(WaitingReason::NotFinal { waiting_for }.into());
        }
        if member.talk.is_expired {
            holds.push(WaitingReason::Expired.into());
        }
        holds
    }

    /// Members of the room with which this one becomes one, on whichever side, whom the application has not admitted: nobody is in an
    /// epoch with one whom it does not let in by itself, and all of both come, or none.
    fn unknown_in_merge(&self, situation: &Situation<'_, S>) -> BTreeSet<IdentityKey> {
        let mut unknown = situation.unknown_guests();
        if situation.member.goes_over.is_some() {
            // Those of the host were asked about when they listed this member.
            let inside = situation.roster_left();
            let fresh = self.common.me.times().fresh();
            let hosts = self.lobby.others.people(situation.now, fresh);
            let hosts = hosts.filter(|it| !inside.contains(it) && !situation.is_shut_out(it));
            unknown.extend(hosts.filter(|it| !self.votes.admission.admits(it)));
        }
        unknown
    }

    /// Those whose next packet is missing in a run, this member left out.
    fn silent_in(&self, attempt: &Attempt<S>) -> Vec<IdentityKey> {
        let me = self.common.me.public();
        let silent = attempt.silent().into_iter();
        let silent = silent.filter_map(|member| attempt.run().member(member));
        let silent = silent.map(|member| member.offer().identity);
        silent.filter(|identity| *identity != me).collect()
    }
}

impl<S: CryptoSuite> Situation<'_, S> {
    /// Members whose offer for this view is not stated.
    fn without_offer(&self) -> Vec<IdentityKey> {
        let epoch = self.epoch();
        let missing = self.present().filter(|member| {
            *member != epoch.me()
                && !self.is_member_excluded(*member)
                && self.offer_of(*member).is_none()
        });
        missing
            .filter_map(|member| epoch.identity(member))
            .collect()
    }

    /// Newcomers whom others let in, or say to have answered, and whom the application has not admitted: nobody is in a roster
    /// with one whom it does not admit. Each with the members that vote to let it in: where these name one that was left out by
    /// a vote, that is asked, too.
    fn unknown_newcomers(&self) -> BTreeMap<IdentityKey, Vec<IdentityKey>> {
        let (epoch, votes) = (self.epoch(), self.votes);
        let inside: BTreeSet<_> = epoch.roster().collect();
        let answered = self.answered().into_iter().map(|it| it.identity);
        let answered = answered.filter(|identity| !self.is_shut_out(identity));
        let others = self.present().filter(|member| *member != epoch.me());
        let named = others.flat_map(|member| {
            let said = epoch.next_of(member).zip(epoch.identity(member));
            let votes = said.into_iter().flat_map(|(next, by)| {
                let votes = next.votes.iter();
                votes.filter_map(move |vote| match vote {
                    Vote::Admit(identity) => Some((*identity, by)),
                    Vote::Refresh | Vote::Exclude(_) | Vote::Policy(_) | Vote::Merge(_) => None,
                })
            });
            votes.collect::<Vec<_>>()
        });
        let is_unknown = |identity: &IdentityKey| {
            let is_asked_for = votes.cast.contains(&Vote::Admit(*identity));
            !inside.contains(identity) && self.refuses(identity) && !is_asked_for
        };
        let mut unknown: BTreeMap<_, Vec<_>> = BTreeMap::new();
        for identity in answered.filter(is_unknown) {
            unknown.entry(identity).or_default();
        }
        for (identity, by) in named.filter(|(identity, _)| is_unknown(identity)) {
            unknown.entry(identity).or_default().push(by);
        }
        unknown
    }

    /// What members ask for by as many votes as it takes, and who asks: what does not show by itself when it comes true.
    pub(super) fn decided(&self) -> BTreeMap<Vote, Vec<IdentityKey>> {
        let others = self.said().flat_map(|next| &next.votes);
        let votes: BTreeSet<_> = others.chain(&self.votes.cast).collect();
        let decided = votes.into_iter().filter(|vote| self.is_decided(vote));
        let named = decided.map(|vote| {
            let words = self.words_on(vote).into_iter();
            let by = words.filter(|(_, word)| *word == Word::For);
            (vote.clone(), by.map(|(member, _)| member).collect())
        });
        named.collect()
    }

    fn is_decided(&self, vote: &Vote) -> bool {
        let (policy, roster) = (&self.votes.policy, self.roster_left());
        match vote {
            Vote::Exclude(identity) => roster.contains(identity) && self.is_excluded(identity),
            Vote::Policy(wanted) => {
                wanted != policy
                    && wanted.check_for(&roster).is_ok()
                    && self.has_votes(vote, &policy.change)
            }
            Vote::Merge(name) => {
                !self.neighbours.is_own(*name) && self.has_votes(vote, &policy.admit)
            }
            Vote::Admit(identity) => {
                !roster.contains(identity)
                    && self.votes.exclusions.holds(identity)
                    && self.is_lifted(identity)
            }
            Vote::Refresh => false,
        }
    }

    /// What this member asks for, and others have to ask for, too. Of newcomers those alone that a person let in: where
    /// anyone is let in, this member asks for all of them by itself.
    fn needed_votes(&self) -> impl Iterator<Item = WaitingReason> {
        let policy = &self.votes.policy;
        let is_open = self.votes.admission == Admission::Open;
        let rule = move |vote: &Vote| match vote {
            Vote::Refresh => None,
            Vote::Admit(_) if is_open => None,
            Vote::Admit(_) | Vote::Merge(_) => Some(&policy.admit),
            Vote::Exclude(_) => Some(&policy.exclude),
            Vote::Policy(_) => Some(&policy.change),
        };
        let own = self.votes.cast.iter();
        let ruled = own.filter_map(move |vote| Some((vote, rule(vote)?)));
        ruled.filter_map(|(vote, rule)| self.needs_votes(vote, rule))
    }

    /// What other members ask for, and this one could help to: it has not asked for it, its word counts, and more words than
    /// there are is what it takes.
    fn asked_of_this_member(&self) -> impl Iterator<Item = WaitingReason> {
        let members = self.present().filter(|member| *member != self.epoch().me());
        let said = members.filter_map(|member| self.epoch().next_of(member));
        let asked: BTreeSet<_> = said.flat_map(|next| &next.votes).collect();
        let asked = asked.into_iter();
        asked
            .filter_map(|vote| self.asks_for_vote(vote))
            .take(MOST_ASKED)
    }

    /// What others ask for, if it waits for this member's vote among others.
    fn asks_for_vote(&self, vote: &Vote) -> Option<WaitingReason> {
        let (policy, roster) = (&self.votes.policy, self.roster_left());
        let rule = match vote {
            Vote::Exclude(identity) if roster.contains(identity) => {
                let is_ripe = !policy.evidence || self.votes.proven.contains(identity);
                is_ripe.then_some(&policy.exclude)?
            }
            Vote::Policy(wanted) if wanted != policy && wanted.check_for(&roster).is_ok() => {
                &policy.change
            }
            Vote::Merge(name) if !self.neighbours.is_own(*name) => &policy.admit,
            Vote::Exclude(_) | Vote::Policy(_) | Vote::Merge(_) => return None,
            // Fresh keys are made by the word of any one, and of newcomers another reason tells.
            Vote::Refresh | Vote::Admit(_) => return None,
        };
        let words = self.words_on(vote);
        let me = self.me.public();
        let is_open = rule.counts(&me, &words) && !rule.is_met(&words);
        let is_asked = words.contains(&(me, Word::Nothing));
        let in_favour = words.iter().filter(|(_, word)| *word == Word::For);
        (is_open && is_asked).then(|| WaitingReason::VoteHere {
            vote: vote.clone(),
            by: in_favour.map(|(member, _)| *member).collect(),
            need: rule.need(&words),
        })
    }

    /// Identities for which there are the votes, by this member's and others', and that some members refuse at the door.
    fn not_admitted(&self) -> impl Iterator<Item = WaitingReason> {
        let inside: BTreeSet<_> = self.epoch().roster().collect();
        let asked = self.votes.cast.iter().filter_map(|vote| match vote {
            Vote::Admit(identity) => Some(*identity),
            Vote::Refresh | Vote::Exclude(_) | Vote::Policy(_) | Vote::Merge(_) => None,
        });
        let granted = asked.filter(move |identity| {
            let words = self.words_on(&Vote::Admit(*identity));
            !inside.contains(identity) && self.votes.policy.admit.is_met(&words)
        });
        granted.filter_map(|identity| {
            let missing = self.refusing(&identity);
            (!missing.is_empty()).then_some(WaitingReason::NotAdmitted { identity, missing })
        })
    }

    /// Other members that would be in the next epoch and refuse an identity that is at the door. As long as nobody states that it
    /// has answered, it may have answered those alone that have not let it in.
    fn refusing(&self, identity: &IdentityKey) -> Vec<IdentityKey> {
        let fresh = self.me.times().fresh();
        let heard = self.offering.last_heard(identity);
        if heard.is_none_or(|heard| self.now.since(heard) > fresh) {
            return Vec::new();
        }
        let refused: BTreeSet<_> = self.newcomers.refusals.all().collect();
        let is_stated = self.answered().iter().any(|it| it.identity == *identity);
        // Who refuses it says so when it hears of it.
        let round_trip = self.me.times().round_trip;
        let is_heard = match self.member.strangers.joining_since {
            Some(since) => self.now.since(since) >= refusals::answered(round_trip),
            None => self.joining().is_empty(),
        };
        let is_stated = is_stated && is_heard;
        let epoch = self.epoch();
        let vote = Vote::Admit(*identity);
        let refuses = |member: &MemberIndex| {
            let by = epoch.identity(*member);
            let has_voted = epoch
                .next_of(*member)
                .is_some_and(|next| next.votes.contains(&vote));
            let has_refused = by.is_some_and(|by| refused.contains(&(*identity, by)));
            has_refused || (!is_stated && !has_voted)
        };
        let others = self.present().filter(|member| *member != epoch.me());
        let others = others.filter(|member| !self.is_member_excluded(*member));
        let refusing = others.filter(refuses);
        refusing
            .filter_map(|member| epoch.identity(member))
            .collect()
    }

    fn needs_votes(&self, vote: &Vote, rule: &Rule) -> Option<WaitingReason> {
        if *rule == Rule::Anyone {
            return None;
        }
        let words = self.words_on(vote);
        (!rule.is_met(&words)).then(|| WaitingReason::NeedsVotes {
            vote: vote.clone(),
            have: rule.have(&words),
            need: rule.need(&words),
        })
    }

    /// That members ask to leave this one out, by fewer votes than it takes. It has none on itself, and is not asked for one.
    fn asked_out(&self) -> Option<WaitingReason> {
        let (me, policy) = (self.me.public(), &self.votes.policy);
        let words = self.words_on(&Vote::Exclude(me));
        let by = words.iter().filter(|(_, word)| *word == Word::For);
        let by: Vec<_> = by.map(|(member, _)| *member).collect();
        let is_ripe = !policy.evidence || self.votes.proven.contains(&me);
        let is_open = is_ripe && !by.is_empty() && !policy.exclude.is_met(&words);
        is_open.then(|| WaitingReason::AskedOut {
            by,
            have: policy.exclude.have(&words),
            need: policy.exclude.need(&words),
        })
    }

    /// Members of another room with which this one is to become one, by its votes, and whom the application has not admitted: as far
    /// as those ask for that.
    fn unknown_guests(&self) -> BTreeSet<IdentityKey> {
        let inside = self.roster_left();
        let agreed = self.guest_lists.lists().filter(|it| self.is_agreed_on(it));
        let offers = agreed.flat_map(|it| &it.offers);
        let offers = offers.filter_map(|it| self.offering.offer(it));
        let guests = offers.filter(|offer| self.is_guest(offer));
        let people = guests.map(|offer| offer.identity);
        let is_unknown = |it: &IdentityKey| {
            !inside.contains(it) && !self.is_shut_out(it) && !self.votes.admission.admits(it)
        };
        people.filter(is_unknown).take(MOST_ASKED).collect()
    }
}
