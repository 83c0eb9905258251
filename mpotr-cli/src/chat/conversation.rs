//! What a chat tells a person about what happens in the room.

use core::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use mpotr::room::{Event, LastHeard};
use mpotr::{EpochName, Fingerprint, IdentityKey, MemberInfo, Seen, Sid, Vote, WaitingReason};
use mpotr_formats::{Escaped, Nick, Payload};
use tokio::time::Instant;

use super::absent::Absent;
use super::awaited::Awaited;
use super::deciding::Decided;
use super::differing::Differing;
use super::door::{Door, Trust};
use super::elsewhere::Elsewhere;
use super::lasting::Lasting;
use super::names::{Names, Naming};
use super::quiet::Quiet;
use super::remembering::Learned;
use super::verifying::Verifying;
use super::waiting::{News, Waiting};
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
    have_left: BTreeSet<IdentityKey>,
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
    to_leave_out: BTreeSet<IdentityKey>,
    /// Members that others ask to leave out, by fewer votes than it takes, and who asks.
    asked_out: BTreeMap<IdentityKey, Vec<IdentityKey>>,
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

/// A member that is there gives a sign of life in such a time, and one that was lost is said again (06-epochs, "Timers",
/// `heartbeat`).
const BEAT: Duration = Duration::from_secs(90);

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

    /// Who is in the room and who waits, a line each. `heard` tells how long ago each was heard, where that is known.
    pub(super) fn members(&mut self, heard: &LastHeard) -> Vec<String> {
        self.waiting.looked_at();
        let line =
            |member: &IdentityKey, what: &str| format!("  {}{what}", self.names.line(member));
        let now = Instant::now();
        let others = self.others.iter().flatten().map(|member| {
            let muted = if self.is_muted(member) {
                " (muted)"
            } else {
                ""
            };
            let quiet = self.silence_of(member, heard, now);
            let quiet = quiet.map(|since| format!(" (no word for over {} s)", since.as_secs()));
            let out = self.is_to_leave(member);
            line(
                member,
                &format!("{muted}{out}{}", quiet.unwrap_or_default()),
            )
        });
        let put_out = self.is_put_out.then(|| {
            let vote = Vote::Exclude(self.me);
            format!("  the others are leaving you out{}", self.as_asked(&vote))
        });
        let waiting = self.waiting.listed();
        let awaited = self.awaited.awaited();
        core::iter::once(line(&self.me, " (you)"))
            .chain(others)
            .chain(put_out)
            .chain(waiting.iter().map(|member| {
                let since = heard.outside.get(member).copied();
                match since.filter(|since| *since > heard.fresh) {
                    Some(since) => line(
                        member,
                        &format!(" (waited outside, not heard for {} s)", since.as_secs()),
                    ),
                    None if self.differing.has(member) => {
                        line(member, " (keeps other rules than you; nothing is proven)")
                    }
                    None if !self.door.can_admit(member) => {
                        line(member, " (not one of --with: stays outside)")
                    }
                    None if self.needs_word(member) => {
                        line(member, " (waits for your /admit; nothing is proven)")
                    }
                    None => line(member, " (waits; nothing is proven)"),
                }
            }))
            .chain(awaited.map(|it| {
                format!(
                    "  {}  (not heard yet; let in when it comes)",
                    it.grouped(" ")
                )
            }))
            .chain(self.lists_absent(heard))
            .chain((self.waiting.unlisted() > 0).then(|| {
                format!(
                    "  {} more have waited before these",
                    self.waiting.unlisted()
                )
            }))
            .collect()
    }

    /// For how long a member was not heard, if that is longer than it is as a rule. `heard` tells how long ago each was heard, where
    /// that is known.
    pub(super) fn silence_of(
        &self,
        member: &IdentityKey,
        heard: &LastHeard,
        now: Instant,
    ) -> Option<Duration> {
        let awaited = self.quiet.since(member, now);
        let silent = heard.members.get(member).copied();
        awaited.max(silent.filter(|since| *since > BEAT))
    }

    /// What members ask about one that is in the room, for a list.
    fn is_to_leave(&self, member: &IdentityKey) -> String {
        match (
            self.to_leave_out.contains(member),
            self.asked_out.get(member),
        ) {
            (true, _) => " (to be left out)".to_owned(),
            (false, Some(by)) => {
                let asks = if by.len() == 1 { "asks" } else { "ask" };
                format!(" ({} {asks} to leave it out)", self.names_of(by))
            }
            (false, None) => String::new(),
        }
    }

    /// What the person should know about who comes in.
    pub(super) fn door(&self) -> &'static str {
        match self.door {
            Door::With(_) => {
                "only those of --with come in, and the room begins when all of them are there"
            }
            Door::Trust(Trust::FirstUse, _) => {
                "anyone may come in who knows the name of the room, and is known from then on; who calls itself as \
                 a person is called whom you know, and is another, is left out"
            }
            Door::Trust(Trust::List, _) => {
                "those whom you know come in, and nobody else before you say so by /admit"
            }
            Door::Trust(Trust::Verified, _) => {
                "those come in whose keys you have verified, and nobody else before you say so by /admit"
            }
            Door::Ask => {
                "nobody comes in before you say so: type /admit and a whole fingerprint, or the name of a file \
                 with a public key"
            }
            Door::Open => "anyone may come in who knows the name of the room: compare fingerprints",
        }
    }

    /// Whether one that waits comes in by the person's word alone, which it has not given.
    fn needs_word(&self, claimed: &IdentityKey) -> bool {
        let is_trusted = match &self.door {
            Door::With(_) | Door::Open | Door::Trust(Trust::FirstUse, _) => true,
            Door::Trust(Trust::List | Trust::Verified, trusted) => trusted.contains(claimed),
            Door::Ask => false,
        };
        !is_trusted && !self.awaited.is_admitted(claimed)
    }

    /// Those of --with that are not in the room.
    pub(super) fn absent(&self) -> impl Iterator<Item = String> {
        let is_in = |key: &IdentityKey| self.others.as_ref().is_some_and(|it| it.contains(key));
        let absent = self.door.expected().filter(move |key| !is_in(key));
        absent.map(|key| self.name(key))
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
    pub(super) fn hear(&mut self, event: Event) -> Vec<Say> {
        self.decided.hear(&event);
        self.elsewhere.hear(&event);
        self.notes_exclusion(&event);
        if let Some(said) = self.verifies(&event).or_else(|| self.hears_of_run(&event)) {
            return said;
        }
        match event {
            Event::WantsIn { claimed } => self.waits(claimed),
            Event::ExcludedWaiting { claimed } => self.waits_again(claimed),
            Event::Secure { sid, roster, .. } => self.begins(sid, &roster),
            Event::Waiting {
                reason: WaitingReason::Alone,
                ..
            } if self.is_secure() => notice(
                "nobody else is in the room now; the talk goes on if another member comes back"
                    .to_owned(),
            ),
            // To who waits outside it is the very room that it waits for, most likely.
            Event::OtherEpoch { .. } if !self.is_secure() => {
                self.is_room_there = true;
                Vec::new()
            }
            Event::Voted { vote, by } => self.hears_of_decision(&vote, &by),
            Event::LeftOut { member } => {
                let why = self.why_out(&member);
                let name = self.called(&member);
                notice(format!("{name} {why} and can read nothing from here on"))
            }
            Event::OtherEpoch { name, members } => {
                self.hears_of_other_room(name, members, &event);
                Vec::new()
            }
            Event::Message { author, body, .. } => self.reads(author, &body),
            Event::Left { member } => {
                if let Some(others) = &mut self.others {
                    others.remove(&member);
                }
                self.have_left.insert(member);
                notice(format!("{} has left", self.name(&member)))
            }
            other => self.words_of(&other),
        }
    }

    /// Why a member is no longer in the room: it has left, or others asked for that, or else it took no part in the last change.
    fn why_out(&mut self, member: &IdentityKey) -> String {
        let asked = self.as_asked(&Vote::Exclude(*member));
        let has_left = self.have_left.remove(member);
        match (asked.is_empty(), has_left) {
            (false, _) => format!("is out{asked},"),
            (true, true) => "is out".to_owned(),
            (true, false) => "no longer answered, is out".to_owned(),
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
        said
    }

    /// Takes note of who is to be left out.
    #[expect(
        clippy::wildcard_enum_match_arm,
        reason = "all others are of no exclusion"
    )]
    fn notes_exclusion(&mut self, event: &Event) {
        match event {
            Event::Waiting {
                reason: WaitingReason::Excluding { identity },
                ..
            } => {
                self.to_leave_out.insert(*identity);
            }
            Event::WaitingOver {
                reason: WaitingReason::Excluding { identity },
            } => {
                self.to_leave_out.remove(identity);
            }
            Event::Waiting {
                reason:
                    WaitingReason::VoteHere {
                        vote: Vote::Exclude(member),
                        by,
                        ..
                    },
                ..
            } => {
                self.asked_out.insert(*member, by.clone());
            }
            Event::WaitingOver {
                reason:
                    WaitingReason::VoteHere {
                        vote: Vote::Exclude(member),
                        ..
                    },
            } => {
                self.asked_out.remove(member);
            }
            _ => {}
        }
    }

    fn words_of(&self, event: &Event) -> Vec<Say> {
        let words = wording::of(event, |member| self.called(member));
        words.into_iter().map(Say::Notice).collect()
    }

    /// A packet, anyone's, speaks of another room.
    fn hears_of_other_room(&mut self, name: EpochName, members: u16, event: &Event) {
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

    fn waits(&mut self, claimed: IdentityKey) -> Vec<Say> {
        let is_known = self.names.knows(&claimed) || self.names.petname(&claimed).is_some();
        let news = self.waiting.comes(claimed, is_known);
        let whole = fingerprint(&claimed);
        if let Some(awaited) = self.comes_as_awaited(&claimed) {
            return awaited;
        }
        match news {
            News::None => Vec::new(),
            News::TooMany => notice(
                "many more want to come in and are not told of one by one: /members lists the newest, and /admit lets \
                 in whom it names, listed or not"
                    .to_owned(),
            ),
            News::Person => {
                let name = match is_known {
                    true => format!(" ({})", self.name(&claimed)),
                    false => self.names.file(&claimed),
                };
                let wants = format!("{whole}{name} wants to come in");
                match &self.door {
                    Door::With(keys) if keys.contains_key(&claimed) => {
                        notice(format!("{wants}, as expected; nothing is proven yet"))
                    }
                    Door::With(_) => notice(format!(
                        "{wants}, is not one of --with, and stays outside; {}",
                        self.door.names_another()
                    )),
                    Door::Trust(_, trusted) if trusted.contains(&claimed) => {
                        notice(format!("{wants}, whom you know; nothing is proven yet"))
                    }
                    Door::Trust(Trust::FirstUse, _) if self.names.is_impostor(&claimed) => notice(format!(
                        "{wants} again, and stays outside: it has called itself as another is called"
                    )),
                    Door::Trust(Trust::FirstUse, _) => vec![
                        Say::Notice(format!("{wants}, and is let in as a stranger; nothing is proven yet")),
                        Say::Admit(claimed),
                    ],
                    Door::Trust(Trust::Verified | Trust::List, _) | Door::Ask => vec![
                        Say::Notice(format!("{wants}; nothing is proven yet")),
                        Say::Notice(format!("to let it in: /admit {whole}")),
                    ],
                    Door::Open => notice(format!("{wants}; nothing is proven yet")),
                }
            }
        }
    }

    /// A whole fingerprint, and the name that is known for it.
    pub(super) fn whole(&self, member: &IdentityKey) -> String {
        let key = fingerprint(member);
        let is_named = self.names.knows(member) || self.names.petname(member).is_some();
        match is_named {
            true => format!("{key} ({})", self.name(member)),
            false => format!("{key}{}", self.names.file(member)),
        }
    }

    /// Who was left out by a vote is told of each time that the room tells of it: nobody lets it in but by name.
    fn waits_again(&mut self, claimed: IdentityKey) -> Vec<Say> {
        let is_known = true;
        let _told_here = self.waiting.comes(claimed, is_known);
        if let Some(awaited) = self.comes_as_awaited(&claimed) {
            return awaited;
        }
        let (whole, name) = (fingerprint(&claimed), self.name(&claimed));
        let wants = format!(
            "{whole} ({name}), who was left out, wants to come in again; nothing is proven yet"
        );
        vec![
            Say::Notice(wants),
            Say::Notice(format!("to let it in: /admit {whole}")),
        ]
    }

    /// A person has come who was admitted before.
    fn comes_as_awaited(&mut self, claimed: &IdentityKey) -> Option<Vec<Say>> {
        self.awaited.comes(claimed).then(|| {
            self.awaited.admit(*claimed);
            let whole = fingerprint(claimed);
            let line = format!("{whole} has come, whom you asked to let in; nothing is proven yet");
            vec![Say::Notice(line), Say::Admit(*claimed)]
        })
    }

    fn reads(&mut self, author: IdentityKey, body: &[u8]) -> Vec<Say> {
        if author == self.me {
            return Vec::new();
        }
        match Payload::from_bytes(body) {
            Ok(Payload { .. }) if self.is_muted(&author) => Vec::new(),
            Ok(Payload { nick, text }) => {
                let heard = self.names.note(author, &nick);
                let text = wording::with_blanks_for_tabs(&text);
                let text = Say::Text(format!("{}: {}", self.name(&author), Escaped(&text)));
                let judged = self.judge(author, &nick, &heard);
                let heard = heard.iter().map(|naming| Say::Notice(self.tell(naming)));
                heard.chain([text]).chain(judged).collect()
            }
            Err(error) => notice(format!(
                "{} sent a message that this program cannot read: {error}",
                self.name(&author),
            )),
        }
    }

    /// What follows, where strangers are trusted at first use, from what one of them calls itself.
    fn judge(&self, author: IdentityKey, nick: &Nick, heard: &[Naming]) -> Option<Say> {
        if !matches!(self.door, Door::Trust(Trust::FirstUse, _))
            || self.names.petname(&author).is_some()
        {
            return None;
        }
        let is_impostor = |naming: &Naming| matches!(naming, Naming::OtherKey { .. });
        if heard.iter().any(is_impostor) {
            return Some(Say::LeaveOut(author));
        }
        // A petname that looks like the own nick would be that of two people.
        let is_stranger = !self.names.is_impostor(&author) && !self.names.is_mine(nick);
        is_stranger.then(|| Say::Remember(Learned::Stranger(author, nick.clone())))
    }

    fn tell(&self, naming: &Naming) -> String {
        match naming {
            Naming::Renamed { before, after } => format!("{before} is called {after} from now on"),
            Naming::Clash(names) => format!(
                "WARNING: the names of {} look alike: each is shown with digits of its fingerprint from now on",
                names.join(" and "),
            ),
            Naming::OtherKey {
                name,
                identity,
                known,
            } => format!(
                "WARNING: {name} is another than the {} you know: this is {}, and the one you know is {}",
                self.name(known),
                fingerprint(identity),
                fingerprint(known),
            ),
        }
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
pub(super) mod tests;
