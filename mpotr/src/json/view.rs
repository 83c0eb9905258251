//! What a screen shows.

use serde::ser::{Serialize, SerializeMap as _, Serializer};

use mpotr_core::MessageState;
use mpotr_core::crypto::IdentityKey;

use super::{Hex, HexList, PolicyJson, VoteJson};
use crate::member::{Alert, MemberView, OutsideView, RoomView, TextState, TextView};

impl Serialize for RoomView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let votes: Vec<VoteJson> = self.votes.iter().map(VoteJson::from).collect();
        let members: Vec<_> = self.members.iter().map(MemberJson).collect();
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("name", &self.name)?;
        map.serialize_entry("phase", self.phase.name())?;
        map.serialize_entry("sid", &self.sid.map(Hex))?;
        map.serialize_entry("epoch", &self.epoch.map(Hex))?;
        map.serialize_entry("suite", self.suite.name())?;
        map.serialize_entry("backend", self.backend.name())?;
        map.serialize_entry("policy", &PolicyJson::from(&self.policy))?;
        map.serialize_entry("members", &members)?;
        map.serialize_entry("outside", &self.outside)?;
        map.serialize_entry("texts", &self.texts)?;
        map.serialize_entry("waiting", &self.waiting)?;
        map.serialize_entry("votes", &votes)?;
        map.serialize_entry("alerts", &self.alerts)?;
        map.end()
    }
}

/// A member of the roster, as a screen shows it.
#[derive(Clone, Copy, Debug)]
pub struct MemberJson<'a>(
    /// What is shown.
    pub &'a MemberView,
);

impl Serialize for MemberJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(member) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("identity", &Hex(member.identity))?;
        map.serialize_entry("fingerprint", &member.fingerprint.to_string())?;
        map.serialize_entry("me", &member.me)?;
        map.serialize_entry("muted", &member.muted)?;
        map.serialize_entry("presence", member.presence.name())?;
        map.end()
    }
}

impl Serialize for OutsideView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("claimed", &Hex(self.claimed))?;
        map.serialize_entry("voted_out", &self.voted_out)?;
        map.end()
    }
}

impl Serialize for TextView {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("text_id", &self.text_id.number())?;
        match &self.state {
            TextState::Queued => map.serialize_entry("state", "queued")?,
            TextState::Held { added } => {
                map.serialize_entry("state", "held")?;
                map.serialize_entry("added", &HexList::<IdentityKey>(added))?;
            }
            TextState::Sent { id } => {
                map.serialize_entry("state", "sent")?;
                map.serialize_entry("id", &Hex(id))?;
            }
        }
        map.end()
    }
}

impl Serialize for Alert {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("n", &self.n)?;
        map.serialize_entry("at", &self.at)?;
        map.serialize_entry("type", self.code)?;
        if let Some(identity) = self.identity {
            map.serialize_entry("identity", &Hex(identity))?;
        }
        map.end()
    }
}

/// What is known of a message.
#[derive(Clone, Copy, Debug)]
pub struct MessageStateJson<'a>(
    /// What is known.
    pub &'a MessageState,
);

impl Serialize for MessageStateJson<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Self(state) = self;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("author", &Hex(state.author))?;
        map.serialize_entry("seen_by", &HexList(&state.seen_by))?;
        map.serialize_entry("place", &state.place)?;
        map.serialize_entry("final", &state.is_final)?;
        map.end()
    }
}
