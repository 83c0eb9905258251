//! What a chat tells a person about what happens in the room.

use core::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use mpotr::{
    EpochName, Fingerprint, IdentityKey, MemberInfo, Membership, Message, Seen, Sid, Told,
    WaitingReason,
};
use mpotr_formats::Nick;
use tokio::time::Instant;

use super::absent::Absent;
use super::awaited::Awaited;
use super::deciding::Decided;
use super::differing::Differing;
use super::door::Door;
use super::elsewhere::Elsewhere;
use super::inviting::Inviting;
use super::lasting::Lasting;
use super::names::Names;
use super::quiet::Quiet;
use super::remembering::Learned;
use super::verifying::Verifying;
use super::waiting::Waiting;
use super::wording::{self, fingerprint};

/// Something to print, or to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Say {
    /// A text of another member: `nick: text`.
    Text(String),
    /// Anything else.
    Notice(String),
    /// Nothing: a person has come who was admitted before, and is to be let in.
    Admit(IdentityKey),
    /// Nothing: nobody trusts this member, who came in as a stranger.
    LeaveOut(IdentityKey),
    /// Nothing: to be kept in the file of known people.
    Remember(Learned),
}

impl Say {
    /// The line, of a notice.
    pub(super) fn into_notice(self) -> Option<String> {
        match self {
            Self::Notice(line) => Some(line),
            Self::Text(_) | Self::Admit(_) | Self::LeaveOut(_) | Self::Remember(_) => None,
        }
    }
}

/// The room as this member sees it.
#[derive(Debug)]
pub(super) struct Conversation {
    pub(super) me: IdentityKey,
    pub(super) names: Names,
    /// Whom this member lets in.
    pub(super) door: Door,
    /// The other members that have not left; `None` until the room is secure.
    pub(super) others: Option<BTreeSet<IdentityKey>>,
    /// Who has left, until the keys are changed for that.
    pub(super) have_left: BTreeSet<IdentityKey>,
    /// The epoch that was shown last: its roster is the one that the person has seen.
    shown: Option<Sid>,
    /// Who was heard to wait outside.
    pub(super) waiting: Waiting,
    /// What the person asked for that is still to come true.
    pub(super) awaited: Awaited,
    /// Whose whole fingerprint the person was shown last, to let it in if it says so again.
    pub(super) looked_at: Option<IdentityKey>,
    /// What is asked to find out who is who.
    pub(super) verifying: Verifying,
    /// Links that were given, and the one that this member came by.
    pub(super) inviting: Inviting,
    /// Members whose texts are not shown.
    muted: BTreeSet<IdentityKey>,
    /// Who took no part in a run, as was told: until it is in, the next ones are not.
    pub(super) absent_from_runs: BTreeSet<IdentityKey>,
    /// Who would be in the room with this member, and is not let in.
    pub(super) to_admit: BTreeSet<IdentityKey>,
    /// Of whom of those was told while the room was secure, until they are in.
    pub(super) told_to_admit: BTreeSet<IdentityKey>,
    /// Who is not let in, and by whom, as far as these have said.
    pub(super) not_let_in: BTreeMap<IdentityKey, Vec<IdentityKey>>,
    /// Whose other program waits at the door, and who is asked whether it is there.
    pub(super) instances: BTreeSet<IdentityKey>,
    /// Who says nothing though the others wait for its word.
    pub(super) quiet: Quiet,
    /// Whether the others have the votes to leave this member out.
    pub(super) is_put_out: bool,
    /// Members that are to be left out.
    pub(super) to_leave_out: BTreeSet<IdentityKey>,
    /// Members that others ask to leave out, by fewer votes than it takes, and who asks.
    pub(super) asked_out: BTreeMap<IdentityKey, Vec<IdentityKey>>,
    /// What was said of votes to leave this member out, which are fewer than it takes.
    pub(super) asked_out_here: Option<String>,
    /// What members have decided.
    pub(super) decided: Decided,
    /// Who keeps other rules.
    pub(super) differing: Differing,
    /// What lasts long.
    pub(super) lasting: Lasting,
    /// Who is still to come.
    pub(super) absent: Absent,
    /// Other rooms that are not told of yet.
    pub(super) elsewhere: Elsewhere,
    /// Whether a room was heard of while this member is in none.
    pub(super) is_room_there: bool,
    /// How many packets were told of that speak of other rooms, in this epoch. Anyone can send them.
    other_rooms: usize,
}

/// So many are told of in an epoch.
const MOST_OTHER_ROOMS: usize = 8;

impl Conversation {
    /// Nobody is there yet. The own nick is taken.
    pub(super) fn new(me: IdentityKey, nick: &Nick, door: Door) -> Self {
        let mut names = Names::of_me(me, nick);
        for (key, file) in door.given() {
            names.give(*key, file);
        }
        Self {
            me,
            names,
            door,
            others: None,
            have_left: BTreeSet::new(),
            shown: None,
            waiting: Waiting::default(),
            awaited: Awaited::default(),
            looked_at: None,
            verifying: Verifying::default(),
            inviting: Inviting::default(),
            muted: BTreeSet::new(),
            absent_from_runs: BTreeSet::new(),
            to_admit: BTreeSet::new(),
            told_to_admit: BTreeSet::new(),
            not_let_in: BTreeMap::new(),
            instances: BTreeSet::new(),
            quiet: Quiet::default(),
            is_put_out: false,
            to_leave_out: BTreeSet::new(),
            asked_out: BTreeMap::new(),
            asked_out_here: None,
            decided: Decided::default(),
            differing: Differing::default(),
            lasting: Lasting::default(),
            absent: Absent::new(Instant::now()),
            elsewhere: Elsewhere::default(),
            is_room_there: false,
            other_rooms: 0,
        }
    }

    /// Shows a member's texts no more, or again.
    pub(super) fn mute(&mut self, member: IdentityKey, muted: bool) {
        if muted {
            self.muted.insert(member);
        } else {
            self.muted.remove(&member);
        }
    }

    /// Whether nothing of what a member says is shown.
    pub(super) fn is_muted(&self, member: &IdentityKey) -> bool {
        self.muted.contains(member)
    }

    /// Those of --with that are not in the room.
    pub(super) fn absent(&self) -> impl Iterator<Item = IdentityKey> {
        let is_in = |key: &IdentityKey| self.others.as_ref().is_some_and(|it| it.contains(key));
        let absent = self.door.expected().filter(move |key| !is_in(key));
        absent.copied()
    }

    /// The own fingerprint.
    pub(super) fn my_fingerprint(&self) -> Fingerprint {
        fingerprint(&self.me)
    }

    /// The roster that the person has seen: that of the epoch that was shown last, or else those of --with.
    pub(super) fn seen(&self) -> Seen {
        self.shown.map_or(Seen::Expected, Seen::Epoch)
    }

    /// Whether texts can be sent.
    pub(super) fn is_secure(&self) -> bool {
        self.others.is_some()
    }

    /// The name to show for a member.
    pub(super) fn name(&self, member: &IdentityKey) -> String {
        self.names.name(member)
    }

    /// What to print when this happens.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "what changes nothing here is a matter of wording alone"
    )]
    pub(super) fn hear(&mut self, event: Told) -> Vec<Say> {
        self.decided.hear(&event);
        self.elsewhere.hear(&event);
        self.notes_exclusion(&event);
        if let Some(said) = self.verifies(&event).or_else(|| self.hears_of_run(&event)) {
            return said;
        }
        match event {
            Told::Membership(Membership::WantsIn {
                claimed,
                voted_out: false,
            }) => self.waits(claimed),
            Told::Membership(Membership::WantsIn {
                claimed,
                voted_out: true,
            }) => self.waits_again(claimed),
            Told::Membership(Membership::Secure { sid, roster, .. }) => self.begins(sid, &roster),
            Told::Waiting(mpotr::Waiting::For {
                reason: WaitingReason::Alone,
                ..
            }) if self.is_secure() => notice(
                "nobody else is in the room now; the talk goes on if another member comes back"
                    .to_owned(),
            ),
            // To who waits outside it is the very room that it waits for, most likely.
            Told::Membership(Membership::OtherEpoch { .. }) if !self.is_secure() => {
                self.is_room_there = true;
                Vec::new()
            }
            Told::Membership(Membership::Voted { vote, by }) => self.hears_of_decision(&vote, &by),
            Told::Membership(Membership::LeftOut { identity: member }) => {
                let why = self.why_out(&member);
                let name = self.called(&member);
                notice(format!("{name} {why} and can read nothing from here on"))
            }
            Told::Membership(Membership::OtherEpoch {
                epoch: name,
                members,
            }) => {
                self.hears_of_other_room(name, members, &event);
                Vec::new()
            }
            Told::Message(Message::Text { author, body, .. }) => self.reads(author, &body),
            Told::Membership(Membership::Left { identity: member }) => {
                if let Some(others) = &mut self.others {
                    others.remove(&member);
                }
                self.have_left.insert(member);
                notice(format!("{} has left", self.name(&member)))
            }
            other => self.words_of(&other),
        }
    }

    /// An epoch begins.
    fn begins(&mut self, sid: Sid, roster: &[MemberInfo]) -> Vec<Say> {
        let members = wording::count(roster.len(), "member");
        let secure = format!("the room is secure: {members}, session {sid}");
        // Who was shown is not shown again with each fresh key.
        let is_same = self.is_shown(roster);
        let members = roster.iter().map(|member| self.describe(member));
        let mut said: Vec<_> = core::iter::once(secure)
            .chain(members.filter(|_| !is_same))
            .map(Say::Notice)
            .collect();
        let everyone: BTreeSet<_> = roster.iter().map(|member| member.identity).collect();
        for member in &everyone {
            self.names.meet(*member);
        }
        self.waiting.are_in(everyone.iter().copied());
        self.absent_from_runs.retain(|it| !everyone.contains(it));
        self.told_to_admit.retain(|it| !everyone.contains(it));
        self.have_left.retain(|it| !everyone.contains(it));
        self.awaited.settle(&everyone);
        let others = roster.iter().filter(|member| !member.is_me);
        let others: BTreeSet<_> = others.map(|member| member.identity).collect();
        let met = Say::Remember(Learned::Met(others.clone()));
        self.others = Some(others);
        self.shown = Some(sid);
        self.other_rooms = 0;
        self.is_room_there = false;
        self.to_leave_out.clear();
        self.asked_out.retain(|it, _| everyone.contains(it));
        if self.names.keeps_list() {
            said.push(met);
        }
        said.extend(self.verifying.begins_epoch().map(Say::Notice));
        said
    }

    fn words_of(&self, event: &Told) -> Vec<Say> {
        let words = wording::of(event, |member| self.called(member));
        words.into_iter().map(Say::Notice).collect()
    }

    /// A packet, anyone's, speaks of another room.
    fn hears_of_other_room(&mut self, name: EpochName, members: u16, event: &Told) {
        let told = self.other_rooms;
        self.other_rooms = told.saturating_add(1);
        let lines = match told.cmp(&MOST_OTHER_ROOMS) {
            Ordering::Less => wording::of(event, |member| self.name(member)),
            Ordering::Equal => vec![
                "packets say that there are still more rooms of this name; they are not told of before the keys change"
                    .to_owned(),
            ],
            Ordering::Greater => return,
        };
        self.elsewhere.hold((name, members), lines, Instant::now());
    }

    /// Whether this is the roster that was shown last.
    fn is_shown(&self, roster: &[MemberInfo]) -> bool {
        let others = roster.iter().filter(|member| !member.is_me);
        let others: BTreeSet<_> = others.map(|member| member.identity).collect();
        self.others.as_ref() == Some(&others)
    }

    fn describe(&self, member: &MemberInfo) -> String {
        let key = fingerprint(&member.identity);
        match member.is_me {
            true => format!("  {key}  {} (you)", self.name(&member.identity)),
            false => format!("  {key}{}", self.names.behind_key(&member.identity)),
        }
    }
}

pub(super) fn notice(text: String) -> Vec<Say> {
    vec![Say::Notice(text)]
}

#[cfg(test)]
mod tests;
