//! What happens in a talk: everything that leaves something in the transcripts of those who are there.

use mpotr_core::EpochName;

use super::amendment::Amendment;

/// What happens in a talk. Members are named by their place in [`Play::members`](super::Play::members).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Act<Text = Vec<u8>> {
    /// A member says something.
    Say(usize, Text),
    /// A person who is not there comes in, or comes back, and an epoch begins if the others let it in.
    Join(usize),
    /// Members leave in order, at one moment. If these are all, they publish what signed for them.
    Leave(Vec<usize>),
    /// A member dies: it says nothing from then on, and its own transcript has no end.
    Die(usize),
    /// A member loses the network: it hears nothing and is not heard.
    Disconnect(usize),
    /// It has the network again.
    Reconnect(usize),
    /// A member votes to let a person in.
    Admit {
        /// Who votes.
        by: usize,
        /// For whom.
        whom: usize,
    },
    /// A member votes to leave another out.
    Exclude {
        /// Who votes.
        by: usize,
        /// Against whom.
        whom: usize,
    },
    /// A member withdraws its vote to let a person in or leave one out.
    Withdraw {
        /// Who voted.
        by: usize,
        /// About whom.
        whom: usize,
    },
    /// A member votes for another policy.
    Policy(usize, Amendment),
    /// A member asks for an epoch with fresh keys.
    Refresh(usize),
    /// A member votes that its room become one with another, which a play does not have: the vote alone is left.
    Merge(usize, EpochName),
    /// A member asks for the code of the room.
    Code(usize),
    /// A member asks another whether it knows the same secret, and that answers.
    Verify {
        /// Who asks.
        by: usize,
        /// Whom.
        whom: usize,
        /// Whether it does.
        same: bool,
    },
    /// A member says two things in one place, one to some and one to others. They compare what they have read soon
    /// after the act that follows: what is said then is said by members who know one of the two alone.
    Fork {
        /// The member that says both.
        member: usize,
        /// The hearers, and the text for them, for each of the two.
        sides: [(Vec<usize>, Text); 2],
    },
}

impl<Text> Act<Text> {
    /// The same act, with the texts that members say in another form.
    pub fn map<Other>(self, mut form: impl FnMut(usize, Text) -> Other) -> Act<Other> {
        match self {
            Self::Say(member, text) => Act::Say(member, form(member, text)),
            Self::Join(member) => Act::Join(member),
            Self::Leave(members) => Act::Leave(members),
            Self::Die(member) => Act::Die(member),
            Self::Disconnect(member) => Act::Disconnect(member),
            Self::Reconnect(member) => Act::Reconnect(member),
            Self::Admit { by, whom } => Act::Admit { by, whom },
            Self::Exclude { by, whom } => Act::Exclude { by, whom },
            Self::Withdraw { by, whom } => Act::Withdraw { by, whom },
            Self::Policy(member, amendment) => Act::Policy(member, amendment),
            Self::Refresh(member) => Act::Refresh(member),
            Self::Merge(member, name) => Act::Merge(member, name),
            Self::Code(member) => Act::Code(member),
            Self::Verify { by, whom, same } => Act::Verify { by, whom, same },
            Self::Fork { member, sides } => Act::Fork {
                member,
                sides: sides.map(|(to, text)| (to, form(member, text))),
            },
        }
    }

    /// Those who are in the room when they do this.
    pub(super) fn actors(&self) -> &[usize] {
        match self {
            Self::Leave(members) => members,
            Self::Say(member, _)
            | Self::Die(member)
            | Self::Admit { by: member, .. }
            | Self::Exclude { by: member, .. }
            | Self::Withdraw { by: member, .. }
            | Self::Policy(member, _)
            | Self::Refresh(member)
            | Self::Merge(member, _)
            | Self::Code(member)
            | Self::Verify { by: member, .. }
            | Self::Fork { member, .. } => std::slice::from_ref(member),
            Self::Join(_) | Self::Disconnect(_) | Self::Reconnect(_) => &[],
        }
    }

    /// Whether a member comes in by this; `None` if it says nothing of where that member is.
    pub(super) fn comes_in(&self, member: usize) -> Option<bool> {
        match self {
            Self::Join(who) => (*who == member).then_some(true),
            Self::Leave(who) => who.contains(&member).then_some(false),
            // Only members that are there can be left out.
            Self::Exclude { by, whom } | Self::Verify { by, whom, .. } => {
                [by, whom].contains(&&member).then_some(false)
            }
            Self::Say(who, _)
            | Self::Die(who)
            | Self::Disconnect(who)
            | Self::Reconnect(who)
            | Self::Admit { by: who, .. }
            | Self::Withdraw { by: who, .. }
            | Self::Policy(who, _)
            | Self::Refresh(who)
            | Self::Merge(who, _)
            | Self::Code(who)
            | Self::Fork { member: who, .. } => (*who == member).then_some(false),
        }
    }
}
