//! What happened in the room, for the person and for what this member answers by itself.

use std::collections::BTreeSet;
use std::time::Duration;

use mpotr::{Membership, Message, MessageId, Told, Vote, Waiting, WaitingReason};
use tokio::time::Instant;

use super::Chat;
use super::conversation::Say;
use super::{voting, wording};

/// With as many others the names that can be completed are made anew for each text.
const FEW: usize = 64;

/// A pipe waits as a person does, and one who looks at it learns how to end that.
const INPUT_WAITS: &str = "until then the input waits, and is read no further than a few hundred lines; SIGTERM or ctrl-c ends this, \
                           and counts the lines that were not sent";

impl Chat<'_> {
    /// Shows what happened in the room.
    pub(super) async fn hear(&mut self, event: Told) {
        let is_text = matches!(event, Told::Message(Message::Text { .. }));
        self.show(event).await;
        self.ask_by_link().await;
        let others = self.conversation.others.as_ref().map_or(0, BTreeSet::len);
        // A first text gives its author a name.
        if !is_text || others <= FEW {
            self.offer_names();
        }
    }

    /// Has all parts take note of what happened, whichever of them tells of it.
    fn take_note(&mut self, event: &Told) {
        let (conversation, now) = (&mut self.conversation, Instant::now());
        self.outcome.hear(event, conversation, self.at_terminal);
        self.fading.hear(event, &conversation.me, now);
        conversation.quiet.hear(event, now);
        conversation.lasting.hear(event, now);
        conversation.absent.hear(event);
        conversation.differing.hear(event);
        conversation.notes_exclusion(event);
    }

    async fn show(&mut self, event: Told) {
        self.take_note(&event);
        let id = self.note(&event);
        self.hear_of_texts(&event).await;
        let conversation = &self.conversation;
        let name = |member: &_| conversation.name(member);
        // Who keeps what a pipe says of its end has not asked to keep what it sent.
        let text = self.held.lost(&event).filter(|_| self.at_terminal);
        if self
            .losses
            .take(&event, text.as_deref(), Instant::now(), name)
        {
            return;
        }
        self.tell_losses();
        if self.hear_of_links(&event).await {
            return;
        }
        self.note_pause(&event);
        if let Some(told) = self.told_by_rules(&event) {
            return self.tell(told);
        }
        let is_shown = matches!(event, Told::Membership(Membership::Secure { .. }));
        let are_fewer = matches!(
            event,
            Told::Membership(Membership::Secure { .. }) | Told::Membership(Membership::Left { .. })
        );
        let is_alone = self.is_left_alone_with_input(&event);
        let undone = self.conversation.comes_to_nothing(&event);
        self.note_undone(undone);
        let mut said = self.conversation.hear(event);
        if is_alone {
            said.push(Say::Notice(INPUT_WAITS.to_owned()));
        }
        if is_shown {
            // Who types after that has seen who is there.
            let (shown, seen) = (self.shown.clone(), self.conversation.seen());
            let notices = said.extract_if(.., |say| matches!(say, Say::Notice(_)));
            let lines: Vec<_> = notices.filter_map(Say::into_notice).collect();
            self.out.notices(lines, move || shown.show(seen));
        }
        for say in said {
            self.tell_one(say, id).await;
        }
        if are_fewer {
            self.tell_who_is_never_out();
        }
        if is_shown && let Some(text) = self.unseen.take() {
            self.send(text, self.conversation.seen()).await;
            self.leave_if_done().await;
        }
    }

    /// Says one thing of what happened, or does it. `id`: of the message that it was.
    async fn tell_one(&mut self, say: Say, id: Option<MessageId>) {
        match say {
            Say::Notice(notice) => self.out.notice(notice),
            Say::Admit(newcomer) => {
                let asked = self.handle.admit(newcomer).await;
                self.ask(asked);
            }
            Say::LeaveOut(member) => {
                let asked = self.handle.exclude(member).await;
                self.ask(asked);
            }
            Say::Remember(learned) => self.remember(&learned),
            Say::Text(_) if self.closed.is_some() => {}
            Say::Text(text) => {
                if let Err(error) = self.out.message(id, text) {
                    self.closed = Some(error);
                    self.leave().await;
                }
            }
        }
    }

    /// What to say of votes that are missing: of this member, of others, or on this member.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others are of no vote")]
    fn told_by_votes(&mut self, reason: &WaitingReason) -> Option<Vec<String>> {
        let (conversation, policy) = (&self.conversation, &self.policy);
        let name = |it: &_| conversation.name(it);
        let (me, roster) = (&conversation.me, conversation.inside().collect());
        Some(match reason {
            WaitingReason::VoteHere { vote, by, need } => {
                let word = |it: &_| conversation.word_for_anyone(it);
                let mut told = voting::asked(vote, by, *need, policy, name, word);
                if let Vote::Policy(wanted) = vote {
                    told.extend(conversation.never_out_by(wanted));
                }
                told
            }
            WaitingReason::NeedsVotes { vote, have, need } => {
                let needed = (vote, *have, *need);
                vec![voting::needed(needed, policy, (me, &roster), name)]
            }
            WaitingReason::AskedOut { by, have, need } => {
                let asked = (&by[..], *have, *need);
                let told = voting::asked_out(asked, policy, (me, &roster), name);
                self.conversation.asked_out_here = Some(told.clone());
                vec![told]
            }
            _ => return None,
        })
    }

    /// What to say of an event that is told beside the rules of the room, or by how long it lasts.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all others are told by what they are"
    )]
    fn told_by_rules(&mut self, event: &Told) -> Option<Vec<String>> {
        if let Told::Waiting(Waiting::For { reason, .. }) = event
            && let Some(told) = self.told_by_votes(reason)
        {
            return Some(told);
        }
        let conversation = &self.conversation;
        Some(match event {
            Told::Waiting(Waiting::For {
                reason: WaitingReason::RulesDiffer { policy, by },
                ..
            }) => conversation.rules_differ(policy, by, &self.policy),
            Told::Waiting(Waiting::For {
                reason: WaitingReason::AnotherInstance { identity },
                since,
                until,
            }) => {
                let lasts = until.map(|until| Duration::from_millis(until.saturating_sub(*since)));
                conversation.another_instance(identity, lasts)
            }
            Told::Membership(Membership::Removed) => conversation.was_left_out(&self.policy),
            Told::Membership(Membership::PolicyChanged { policy }) => {
                let is_left_alone = conversation.others.as_ref().is_some_and(BTreeSet::is_empty);
                let asked = match is_left_alone {
                    true => ", which are those that you began with, since nobody else is in the room now"
                        .to_owned(),
                    false => conversation.as_asked(&Vote::Policy(policy.clone())),
                };
                let name = |it: &_| conversation.name(it);
                let mut told = wording::other_rules(&self.policy, policy, &asked, name);
                // Who has asked for it was told then.
                if self.policy.exclude != policy.exclude
                    && !self.own.contains(&Vote::Policy(policy.clone()))
                {
                    told.extend(conversation.never_out_by(policy));
                }
                self.policy.clone_from(policy);
                told
            }
            _ => return None,
        })
    }

    /// Whether there is nobody left to read what the input of a pipe has yet to say, which is not known to have ended.
    fn is_left_alone_with_input(&self, event: &Told) -> bool {
        let is_alone = matches!(
            event,
            Told::Waiting(Waiting::For {
                reason: WaitingReason::Alone,
                ..
            })
        );
        let reads_pipe = !self.at_terminal && !self.input_is_over;
        is_alone && reads_pipe && self.conversation.is_secure()
    }

    /// Takes note of what texts wait for.
    fn note_pause(&mut self, event: &Told) {
        if let Told::Waiting(Waiting::For { reason, .. }) = event
            && wording::pauses_texts(reason)
        {
            self.pauses.push(reason.clone());
        }
        if let Told::Waiting(Waiting::Over { reason }) = event {
            self.pauses.retain(|it| it != reason);
        }
    }

    /// Tells which texts did not reach all members.
    pub(super) fn tell_losses(&mut self) {
        let lines = self.losses.tell();
        self.tell(lines);
    }
}
