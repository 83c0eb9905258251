//! What is told of the runs by which the room gets its keys. A run that comes to nothing is tried again and again, and is not
//! told of again and again.

use mpotr::{IdentityKey, Membership, Told, Vote, Waiting, WaitingReason};

use super::conversation::{Conversation, Say, notice};
use super::wording::{enumerated, fingerprint};

impl Conversation {
    /// What to print of a run, if the event is of one.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others are of no run")]
    pub(super) fn hears_of_run(&mut self, event: &Told) -> Option<Vec<Say>> {
        if let Some(said) = self.hears_of_door(event) {
            return Some(said);
        }
        let is_absent =
            |it: &IdentityKey| self.absent_from_runs.contains(it) || self.differing.has(it);
        match event {
            // Why they take no part was told.
            Told::Membership(Membership::AgreementFailed {
                fault: None,
                claimed,
            }) if claimed.iter().all(|it| self.differing.has(it)) => Some(Vec::new()),
            Told::Membership(Membership::AgreementFailed {
                fault: None,
                claimed,
            }) => Some(self.took_no_part(claimed)),
            // One that is alone agrees with nobody.
            Told::Membership(Membership::Agreeing { claimed }) => {
                let is_quiet = claimed.len() < 2 || claimed.iter().any(is_absent);
                is_quiet.then(Vec::new)
            }
            // It was told when it came to a run first, and that nothing came of that.
            Told::Membership(Membership::Joining { claimed }) if is_absent(claimed) => {
                Some(Vec::new())
            }
            Told::Membership(Membership::Joining { claimed }) => Some(notice(format!(
                "{} is joining: from here on assume that it reads along",
                self.whole(claimed)
            ))),
            Told::Waiting(Waiting::For {
                reason: WaitingReason::AdmitHere { claimed, by },
                ..
            }) => {
                self.to_admit.insert(*claimed);
                self.is_asked_to_admit(*claimed, by)
            }
            Told::Waiting(Waiting::Over {
                reason: WaitingReason::AdmitHere { claimed, .. },
            }) => {
                self.to_admit.remove(claimed);
                None
            }
            Told::Waiting(Waiting::Over {
                reason: WaitingReason::Outside,
            }) => {
                self.is_room_there = false;
                None
            }
            Told::Waiting(Waiting::Over {
                reason: WaitingReason::Excluding { identity },
            }) if *identity == self.me => {
                self.is_put_out = false;
                None
            }
            // It is the room that goes on without this member.
            Told::Membership(Membership::OtherEpoch { .. }) if self.is_put_out => Some(Vec::new()),
            Told::Waiting(Waiting::For { reason, .. }) => self.waits_for_run(reason),
            _ => None,
        }
    }

    /// What to print where others let in one whom this member does not: nobody comes in without the word of each. Who asks for
    /// it by name is told each time, and that anyone does once.
    fn is_asked_to_admit(&mut self, claimed: IdentityKey, by: &[IdentityKey]) -> Option<Vec<Say>> {
        let is_news = self.told_to_admit.insert(claimed);
        if !self.is_secure() || (by.is_empty() && !is_news) {
            return None;
        }
        let whole = self.whole(&claimed);
        let key = fingerprint(&claimed);
        if by.is_empty() && self.decided.is_merging() && self.door.can_admit(&claimed) {
            return Some(vec![
                Say::Notice(format!(
                    "{whole}, of the other room, is not let in by you: the two become one when each has let in all of the other; \
                     nothing is proven yet"
                )),
                Say::Notice(format!("to let it in: /admit {key}")),
            ]);
        }
        let who = match by {
            [] => "others here would let in".to_owned(),
            [one] => format!("{} asks to let in", self.name(one)),
            several => format!("{} ask to let in", self.names_of(several)),
        };
        let waits = if by.len() == 1 { "waits" } else { "wait" };
        Some(match self.door.can_admit(&claimed) {
            true => vec![
                Say::Notice(format!(
                    "{who} {whole}, and {waits} for your word: nobody comes in whom one of you does not let in"
                )),
                Say::Notice(format!("to agree: /admit {key}")),
            ],
            false => notice(format!(
                "{who} {whole}, who is not one of {}: as long as you are in, it stays outside",
                self.door.named_by()
            )),
        })
    }

    /// Takes note of who is not let in, and of whose other program waits. Returns what to print if that is told here.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others are of neither")]
    fn hears_of_door(&mut self, event: &Told) -> Option<Vec<Say>> {
        match event {
            Told::Waiting(Waiting::For {
                reason: WaitingReason::NotAdmitted { identity, missing },
                ..
            }) => {
                self.not_let_in.insert(*identity, missing.clone());
                Some(self.is_not_let_in(identity, missing))
            }
            Told::Waiting(Waiting::Over {
                reason: WaitingReason::NotAdmitted { identity, .. },
            }) => {
                self.not_let_in.remove(identity);
                None
            }
            Told::Waiting(Waiting::For {
                reason: WaitingReason::AnotherInstance { identity },
                ..
            }) => {
                self.instances.insert(*identity);
                None
            }
            Told::Waiting(Waiting::Over {
                reason: WaitingReason::AnotherInstance { identity },
            }) => {
                self.instances.remove(identity);
                None
            }
            _ => None,
        }
    }

    /// What to print where members do not let one in, if this one is among them or is the one.
    fn is_not_let_in(&self, identity: &IdentityKey, missing: &[IdentityKey]) -> Vec<Say> {
        let whole = self.whole(identity);
        if *identity == self.me {
            let names: Vec<_> = missing.iter().map(|it| self.called(it)).collect();
            let (have, has) = match names.len() {
                1 => ("has", "it has"),
                _ => ("have", "they have"),
            };
            return notice(format!(
                "waiting for {} to let you in, which {have} not done as far as {has} said: {}",
                enumerated(&names),
                self.door.lets_in_there(identity, "you")
            ));
        }
        let is_own_word = missing == [self.me] && self.door.can_admit(identity);
        if is_own_word {
            return vec![
                Say::Notice(format!(
                    "{whole} has let you in, and waits for you to let it in; nothing is proven yet"
                )),
                Say::Notice(format!("to let it in: /admit {}", fingerprint(identity))),
            ];
        }
        notice(self.keeps_out(identity, missing))
    }

    /// Who does not let one in, and how that is done.
    pub(super) fn keeps_out(&self, identity: &IdentityKey, missing: &[IdentityKey]) -> String {
        let have = match missing {
            [one] if *one != self.me => "has",
            _ => "have",
        };
        let (who, whom) = (self.names_of(missing), self.names_of(&[*identity]));
        let how = match missing == [self.me] {
            true if self.door.can_admit(identity) => {
                format!("to let it in: /admit {}", fingerprint(identity))
            }
            true => self.door.names_another(),
            false => format!("ask for that: {}", self.door.lets_in_there(identity, &whom)),
        };
        format!(
            "{who} {have} not let {whom} in, and nobody is in a room with one whom it does not let in itself; {how}"
        )
    }

    /// What to print if the room waits for a run.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others are of no run")]
    fn waits_for_run(&mut self, reason: &WaitingReason) -> Option<Vec<Say>> {
        match reason {
            WaitingReason::Agreeing { missing } | WaitingReason::Changing { missing } => {
                let is_absent =
                    |it: &IdentityKey| self.absent_from_runs.contains(it) || self.differing.has(it);
                let was_told = !missing.is_empty() && missing.iter().all(is_absent);
                was_told
                    .then(Vec::new)
                    .or_else(|| self.waits_for_silent(reason, missing))
            }
            WaitingReason::Outside if self.to_admit.is_empty() => {
                self.is_room_there = true;
                None
            }
            // Who does not let in one that may be inside keeps itself out.
            WaitingReason::Outside if !self.to_admit.is_empty() => {
                self.is_room_there = true;
                let names: Vec<_> = self.to_admit.iter().map(|it| self.whole(it)).collect();
                Some(notice(format!(
                    "the room is there already, and its members decide whether you come in; you have to let in all who are in it, too, \
                     and have not let in {}: /admit does",
                    enumerated(&names)
                )))
            }
            WaitingReason::Excluding { identity } if *identity == self.me => {
                self.is_put_out = true;
                let asked = self.as_asked(&Vote::Exclude(self.me));
                Some(notice(format!(
                    "the others are leaving you out{asked}; what you type waits, and goes to nobody unless they take their \
                     votes back; this program ends when it hears that the room has gone on, and ctrl-d ends it now"
                )))
            }
            WaitingReason::Excluding { identity } => {
                let mut asked = self.as_asked(&Vote::Exclude(*identity));
                if asked.is_empty() && self.awaited.asks_for(reason) {
                    // The votes for it are not there, or are no longer.
                    ", as you ask".clone_into(&mut asked);
                }
                let name = self.name(identity);
                Some(notice(format!(
                    "{} is to be left out{asked}: your texts wait until {name} is out",
                    self.called(identity)
                )))
            }
            // What keeps the room from beginning was told, and is again when it has lasted.
            WaitingReason::Gathering { .. } if self.differing.is_any() => Some(Vec::new()),
            WaitingReason::Gathering { have, want } if have == want => Some(notice(format!(
                "{have} of {want} are there; the room begins when each of them has let in all others and they have agreed on a key"
            ))),
            _ => None,
        }
    }

    /// What to print of a change for which the word of many is missing, of whom some are known to say nothing: the others wait for
    /// those.
    fn waits_for_silent(
        &self,
        reason: &WaitingReason,
        missing: &[IdentityKey],
    ) -> Option<Vec<Say>> {
        let is_silent = |it: &&IdentityKey| self.instances.contains(*it) || self.quiet.has(it);
        let silent: Vec<_> = missing.iter().filter(is_silent).collect();
        let is_of_change = matches!(reason, WaitingReason::Changing { .. });
        (is_of_change && !silent.is_empty() && silent.len() < missing.len()).then(|| {
            let names: Vec<_> = silent.into_iter().map(|it| self.name(it)).collect();
            notice(format!(
                "the room is changing its keys, and texts wait; waiting for {}",
                enumerated(&names)
            ))
        })
    }

    /// Members said nothing in a run. Why they did, nobody knows but they: they may be gone, or refuse one of the others. Each
    /// is told of once, until it is in.
    fn took_no_part(&mut self, claimed: &[IdentityKey]) -> Vec<Say> {
        let is_news = |it: &&IdentityKey| !self.absent_from_runs.contains(*it);
        let news: Vec<_> = claimed.iter().filter(is_news).copied().collect();
        self.absent_from_runs.extend(news.iter().copied());
        let names: Vec<_> = news.iter().map(|it| self.whole(it)).collect();
        match names.is_empty() {
            true => Vec::new(),
            false if self.is_room_there => notice(format!(
                "no agreement: {} took no part: there is a room already, and who is in it lets you in there; this goes on by \
                 itself",
                enumerated(&names)
            )),
            false => notice(format!(
                "no agreement: {} took no part in this try: not heard in time, in another try meanwhile, or one of you has not let \
                 in another; this is tried again, and told when it comes to something",
                enumerated(&names)
            )),
        }
    }
}

#[cfg(test)]
mod tests;
