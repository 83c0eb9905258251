//! What is told of the runs by which the room gets its keys. A run that comes to nothing is tried again and again, and is not
//! told of again and again.

use mpotr::room::Event;
use mpotr::{IdentityKey, Vote, WaitingReason};

use super::conversation::{Conversation, Say, notice};
use super::wording::fingerprint;

impl Conversation {
    /// What to print of a run, if the event is of one.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others are of no run")]
    pub(super) fn hears_of_run(&mut self, event: &Event) -> Option<Vec<Say>> {
        let is_absent = |it: &IdentityKey| self.absent_from_runs.contains(it);
        match event {
            Event::AgreementFailed {
                fault: None,
                claimed,
            } => Some(self.took_no_part(claimed)),
            // One that is alone agrees with nobody.
            Event::Agreeing { claimed } => {
                let is_quiet = claimed.len() < 2 || claimed.iter().any(is_absent);
                is_quiet.then(Vec::new)
            }
            // It was told when it came to a run first, and that nothing came of that.
            Event::Joining { claimed } if is_absent(claimed) => Some(Vec::new()),
            Event::Joining { claimed } => Some(notice(format!(
                "{} is joining: from here on assume that it reads along",
                self.whole(claimed)
            ))),
            Event::Waiting {
                reason: WaitingReason::AdmitHere { claimed, by },
                ..
            } => {
                self.to_admit.insert(*claimed);
                self.is_asked_to_admit(*claimed, by)
            }
            Event::WaitingOver {
                reason: WaitingReason::AdmitHere { claimed, .. },
            } => {
                self.to_admit.remove(claimed);
                None
            }
            Event::WaitingOver {
                reason: WaitingReason::Excluding { identity },
            } if *identity == self.me => {
                self.is_put_out = false;
                None
            }
            // It is the room that goes on without this member.
            Event::OtherEpoch { .. } if self.is_put_out => Some(Vec::new()),
            Event::Waiting { reason, .. } => self.waits_for_run(reason),
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
                "{who} {whole}, who is not one of --with: as long as you are in, it stays outside"
            )),
        })
    }

    /// What to print if the room waits for a run.
    #[expect(clippy::wildcard_enum_match_arm, reason = "all others are of no run")]
    fn waits_for_run(&mut self, reason: &WaitingReason) -> Option<Vec<Say>> {
        match reason {
            WaitingReason::Agreeing { missing } | WaitingReason::Changing { missing } => {
                let is_absent = |it: &IdentityKey| self.absent_from_runs.contains(it);
                let was_told = !missing.is_empty() && missing.iter().all(is_absent);
                was_told.then(Vec::new)
            }
            WaitingReason::Outside if self.to_admit.is_empty() => {
                self.is_room_there = true;
                None
            }
            // Who does not let in one that may be inside keeps itself out.
            WaitingReason::Outside if !self.to_admit.is_empty() => {
                let names: Vec<_> = self.to_admit.iter().map(|it| self.whole(it)).collect();
                Some(notice(format!(
                    "the room is there already; its members decide whether you come in, and you do not as long as one is in \
                     whom you have not let in yourself, as {} may be",
                    names.join(", ")
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
                let asked = self.as_asked(&Vote::Exclude(*identity));
                let name = self.name(identity);
                Some(notice(format!(
                    "{name} is to be left out{asked}: your texts wait until {name} is out"
                )))
            }
            WaitingReason::Gathering { have, want } if have == want => Some(notice(format!(
                "{have} of {want} are there and agree on a key; this takes a moment"
            ))),
            _ => None,
        }
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
                names.join(", ")
            )),
            false => notice(format!(
                "no agreement: {} took no part: it was not heard in time, or does not let one of the others in; this is tried again, \
                 and told when it comes to something",
                names.join(", ")
            )),
        }
    }
}
