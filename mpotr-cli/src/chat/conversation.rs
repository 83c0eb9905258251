//! What a chat tells a person about what happens in the room.

use std::collections::BTreeSet;

use mpotr::crypto::{Fingerprint, IdentityKey};
use mpotr::{Event, MemberInfo};

use super::escape::Escaped;
use super::names::Names;
use super::nick::Nick;
use super::payload::Payload;
use super::wording;
use crate::suite::AnySuite;

/// Claims to wait outside that are told. They cost nothing to make, so there is an end to it.
const MAX_WAITING: usize = 64;

/// Something to print.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Say {
    /// A text of another member: `nick: text`.
    Text(String),
    /// Anything else.
    Notice(String),
}

/// The room as this member sees it.
#[derive(Debug)]
pub(super) struct Conversation {
    me: IdentityKey,
    names: Names,
    /// The other members that have not left; `None` until the room is secure.
    others: Option<BTreeSet<IdentityKey>>,
    /// Who was heard to wait outside.
    waiting: BTreeSet<IdentityKey>,
    /// Members whose texts are not shown.
    muted: BTreeSet<IdentityKey>,
}

impl Conversation {
    /// Nobody is there yet. The own nick is taken.
    pub(super) fn new(me: IdentityKey, nick: &Nick) -> Self {
        let mut names = Names::default();
        names.note(me, nick);
        Self {
            me,
            names,
            others: None,
            waiting: BTreeSet::new(),
            muted: BTreeSet::new(),
        }
    }

    /// The member that a person means by a name, itself left out.
    pub(super) fn member(&self, name: &str) -> Option<IdentityKey> {
        self.names.find(name, self.others.iter().flatten().copied())
    }

    /// The member that a person means by a name, itself among them.
    pub(super) fn anyone(&self, name: &str) -> Option<IdentityKey> {
        let members = self.others.iter().flatten().copied();
        self.names.find(name, members.chain([self.me]))
    }

    /// Who waits outside and is meant by a name.
    pub(super) fn newcomer(&self, name: &str) -> Option<IdentityKey> {
        self.names.find(name, self.waiting.iter().copied())
    }

    /// Shows a member's texts no more, or again.
    pub(super) fn mute(&mut self, member: IdentityKey, muted: bool) {
        if muted {
            self.muted.insert(member);
        } else {
            self.muted.remove(&member);
        }
    }

    /// Who is in the room and who waits, a line each.
    pub(super) fn members(&self) -> Vec<String> {
        let line = |member: &IdentityKey, what: &str| {
            format!("  {}  {}{what}", fingerprint(member), self.name(member))
        };
        let others = self.others.iter().flatten().map(|member| {
            line(
                member,
                if self.muted.contains(member) {
                    " (muted)"
                } else {
                    ""
                },
            )
        });
        core::iter::once(line(&self.me, " (you)"))
            .chain(others)
            .chain(
                self.waiting
                    .iter()
                    .map(|member| line(member, " (waits; nothing is proven)")),
            )
            .collect()
    }

    /// The own fingerprint.
    pub(super) fn my_fingerprint(&self) -> Fingerprint {
        fingerprint(&self.me)
    }

    /// Whether texts can be sent.
    pub(super) fn is_secure(&self) -> bool {
        self.others.is_some()
    }

    /// Whether all others have left.
    pub(super) fn is_alone(&self) -> bool {
        self.others.as_ref().is_some_and(BTreeSet::is_empty)
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
        match event {
            Event::Waiting { claimed } => self.waits(claimed),
            Event::Secure { sid, roster, .. } => {
                let secure = format!(
                    "the room is secure: {} members, session {sid}",
                    roster.len()
                );
                let members = roster.iter().map(|member| self.describe(member));
                let said = core::iter::once(secure)
                    .chain(members)
                    .map(Say::Notice)
                    .collect();
                for member in &roster {
                    self.waiting.remove(&member.identity);
                }
                let others = roster.iter().filter(|member| !member.is_me);
                self.others = Some(others.map(|member| member.identity).collect());
                said
            }
            Event::Message { author, body, .. } => self.reads(author, &body),
            Event::Left { member } => {
                if let Some(others) = &mut self.others {
                    others.remove(&member);
                }
                notice(format!("{} has left", self.name(&member)))
            }
            other => wording::of(&other, |member| self.name(member))
                .into_iter()
                .map(Say::Notice)
                .collect(),
        }
    }

    fn waits(&mut self, claimed: IdentityKey) -> Vec<Say> {
        if self.waiting.len() >= MAX_WAITING || !self.waiting.insert(claimed) {
            return Vec::new();
        }
        notice(format!(
            "{} wants to come in; nothing is proven yet",
            fingerprint(&claimed)
        ))
    }

    fn reads(&mut self, author: IdentityKey, body: &[u8]) -> Vec<Say> {
        if author == self.me {
            return Vec::new();
        }
        match Payload::from_bytes(body) {
            Ok(Payload { .. }) if self.muted.contains(&author) => Vec::new(),
            Ok(Payload { nick, text }) => {
                let renamed = self.names.note(author, &nick);
                let renamed = renamed.map(|(before, after)| {
                    Say::Notice(format!("{before} is called {after} from now on"))
                });
                let text = Say::Text(format!("{}: {}", self.name(&author), Escaped(&text)));
                renamed.into_iter().chain([text]).collect()
            }
            Err(error) => notice(format!(
                "{} sent a message that this program cannot read: {error}",
                self.name(&author),
            )),
        }
    }

    fn describe(&self, member: &MemberInfo) -> String {
        let key = fingerprint(&member.identity);
        match member.is_me {
            true => format!("  {key}  {} (you)", self.name(&member.identity)),
            false => format!("  {key}"),
        }
    }
}

fn notice(text: String) -> Vec<Say> {
    vec![Say::Notice(text)]
}

pub(super) fn fingerprint(key: &IdentityKey) -> Fingerprint {
    Fingerprint::of::<AnySuite>(key)
}

#[cfg(test)]
mod tests {
    use mpotr::crypto::IdentityKey;
    use mpotr::gka::Sid;
    use mpotr::wire::Handle;
    use mpotr::{Event, MemberInfo, MessageId};

    use super::{Conversation, MAX_WAITING, Say, fingerprint};
    use crate::chat::nick::Nick;
    use crate::chat::payload::Payload;

    const ME: IdentityKey = IdentityKey::new([1; 32]);
    const BOB: IdentityKey = IdentityKey::new([2; 32]);
    const EVE: IdentityKey = IdentityKey::new([3; 32]);

    fn nick(name: &str) -> Nick {
        Nick::new(name).unwrap()
    }

    fn room() -> Conversation {
        let mut room = Conversation::new(ME, &nick("me"));
        let roster = [ME, BOB, EVE]
            .map(|identity| MemberInfo {
                identity,
                is_me: identity == ME,
            })
            .to_vec();
        room.hear(Event::Secure {
            sid: Sid::new([9; 32]),
            handle: Handle::new([9; 16]),
            parent: Handle::NONE,
            roster,
        });
        room
    }

    fn message(author: IdentityKey, body: Vec<u8>) -> Event {
        Event::Message {
            id: MessageId::new([0; 32]),
            author,
            seq: 0,
            body,
        }
    }

    fn text(author: IdentityKey, name: &str, text: &str) -> Event {
        message(
            author,
            Payload {
                nick: nick(name),
                text: text.to_owned(),
            }
            .to_bytes(),
        )
    }

    #[test]
    fn a_text_of_another_is_a_line_and_an_own_one_is_not() {
        let mut room = room();
        assert_eq!(
            room.hear(text(BOB, "bob", "hi")),
            [Say::Text("bob: hi".to_owned())]
        );
        assert_eq!(room.hear(text(ME, "me", "hi")), []);
    }

    #[test]
    fn nobody_else_is_shown_by_the_own_nick() {
        let said = room().hear(text(EVE, "me", "hi"));
        let [Say::Text(line)] = said.as_slice() else {
            panic!("{said:?}")
        };
        assert!(line.starts_with("me#") && line.ends_with(": hi"), "{line}");
    }

    #[test]
    fn no_text_can_move_the_cursor_or_begin_a_line_in_anothers_name() {
        assert_eq!(
            room().hear(text(EVE, "eve", "x\r\nbob: I owe you\x1b[2K")),
            [Say::Text("eve: x\\r\\nbob: I owe you\\u{1b}[2K".to_owned())],
        );
    }

    #[test]
    fn a_change_of_nick_is_told_before_the_text() {
        let mut room = room();
        room.hear(text(BOB, "bob", "hi"));
        assert_eq!(
            room.hear(text(BOB, "rob", "hi")),
            [
                Say::Notice("bob is called rob from now on".to_owned()),
                Say::Text("rob: hi".to_owned()),
            ],
        );
    }

    #[test]
    fn a_message_that_cannot_be_read_is_told_and_not_shown() {
        let said = room().hear(message(BOB, b"\x07\x03bob\x1b[2J".to_vec()));
        let [Say::Notice(notice)] = said.as_slice() else {
            panic!("{said:?}")
        };
        assert!(
            notice.contains("cannot read") && !notice.contains('\x1b'),
            "{notice}"
        );
    }

    #[test]
    fn a_nick_that_a_terminal_would_obey_makes_the_message_unreadable() {
        let said = room().hear(message(BOB, b"\x01\x04b\x1b[2hello".to_vec()));
        let [Say::Notice(notice)] = said.as_slice() else {
            panic!("{said:?}")
        };
        assert!(!notice.contains('\x1b'), "{notice}");
    }

    #[test]
    fn the_roster_is_told_with_whole_fingerprints() {
        let mut room = Conversation::new(ME, &nick("me"));
        let roster = [BOB, ME].map(|identity| MemberInfo {
            identity,
            is_me: identity == ME,
        });
        let said = room.hear(Event::Secure {
            sid: Sid::new([9; 32]),
            handle: Handle::new([9; 16]),
            parent: Handle::NONE,
            roster: roster.to_vec(),
        });
        let [_, Say::Notice(bob), Say::Notice(me)] = said.as_slice() else {
            panic!("{said:?}")
        };
        assert!(bob.contains(&fingerprint(&BOB).to_string()));
        assert!(me.contains(&fingerprint(&ME).to_string()) && me.ends_with("me (you)"));
    }

    #[test]
    fn a_claim_to_wait_outside_is_told_once() {
        let mut room = Conversation::new(ME, &nick("me"));
        assert_eq!(room.hear(Event::Waiting { claimed: BOB }).len(), 1);
        assert_eq!(room.hear(Event::Waiting { claimed: BOB }), []);
    }

    #[test]
    fn a_flood_of_claims_is_not_told_for_ever() {
        let mut room = Conversation::new(ME, &nick("me"));
        let told = (0..=u8::MAX)
            .filter(|number| {
                let claimed = IdentityKey::new([*number; 32]);
                !room.hear(Event::Waiting { claimed }).is_empty()
            })
            .count();
        assert_eq!(told, MAX_WAITING);
    }

    #[test]
    fn a_member_is_alone_when_all_others_have_left() {
        let mut room = room();
        room.hear(Event::Left { member: BOB });
        assert!(room.is_secure() && !room.is_alone());
        room.hear(Event::Left { member: EVE });
        assert!(room.is_alone());
    }
}
