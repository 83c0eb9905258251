//! Events as JSON, in one form for every program. `docs/spec/11-events.md`, "Events as JSON".
//!
//! ```text
//! {"type":"joined","group":"membership","n":17,"at":5210,"sid":"..","identity":".."}
//! ```

use core::fmt::Display;

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::{Ended, Event, Membership, Message, Misconduct, Order, Told, Verification, Waiting};
use crate::json::{Base64, Hex, HexList, PolicyJson, RosterJson, VoteJson};
use mpotr_core::crypto::IdentityKey;
use mpotr_core::{MessageId, RoundId, WaitingReason};

impl Serialize for Event {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("type", self.code())?;
        map.serialize_entry("group", self.group())?;
        map.serialize_entry("n", &self.n)?;
        map.serialize_entry("at", &self.at)?;
        map.serialize_entry("sid", &self.sid.map(Hex))?;
        match &self.told {
            Told::Membership(told) => membership(told, &mut map)?,
            Told::Message(told) => message(told, &mut map)?,
            Told::Order(told) => order(told, &mut map)?,
            Told::Verification(told) => verification(told, &mut map)?,
            Told::Misconduct(told) => misconduct(told, &mut map)?,
            Told::Waiting(told) => waiting(told, &mut map)?,
            Told::Ended(told) => ended(told, &mut map)?,
        }
        map.end()
    }
}

fn membership<M: SerializeMap>(told: &Membership, map: &mut M) -> Result<(), M::Error> {
    match told {
        Membership::WantsIn { claimed, voted_out } => {
            map.serialize_entry("claimed", &Hex(claimed))?;
            map.serialize_entry("voted_out", voted_out)
        }
        Membership::Agreeing { claimed } => map.serialize_entry("claimed", &HexList(claimed)),
        Membership::Joining { claimed } => map.serialize_entry("claimed", &Hex(claimed)),
        Membership::AgreementFailed { claimed, fault } => {
            map.serialize_entry("claimed", &HexList(claimed))?;
            optional(map, "fault", fault.map(|fault| fault.code()))
        }
        Membership::Secure {
            sid: _,
            epoch,
            parent,
            suite,
            policy,
            roster,
            added,
            removed,
        } => {
            map.serialize_entry("epoch", &Hex(epoch))?;
            optional(map, "parent", parent.map(Hex))?;
            map.serialize_entry("suite", suite.name())?;
            map.serialize_entry("policy", &PolicyJson::from(policy))?;
            map.serialize_entry("roster", &RosterJson(roster))?;
            map.serialize_entry("added", &HexList(added))?;
            map.serialize_entry("removed", &HexList(removed))
        }
        Membership::Joined { identity }
        | Membership::Leaving { identity }
        | Membership::Left { identity }
        | Membership::LeftOut { identity } => map.serialize_entry("identity", &Hex(identity)),
        Membership::Voted { vote, by } => {
            map.serialize_entry("vote", &VoteJson::from(vote))?;
            map.serialize_entry("by", &HexList(by))
        }
        Membership::PolicyChanged { policy } => {
            map.serialize_entry("policy", &PolicyJson::from(policy))
        }
        Membership::OtherEpoch { epoch, members } => {
            map.serialize_entry("epoch", &Hex(epoch))?;
            map.serialize_entry("members", members)
        }
        Membership::Behind | Membership::Removed => Ok(()),
    }
}

fn message<M: SerializeMap>(told: &Message, map: &mut M) -> Result<(), M::Error> {
    match told {
        Message::Text {
            id,
            author,
            seq,
            body,
        } => {
            map.serialize_entry("id", &Hex(id))?;
            map.serialize_entry("author", &Hex(author))?;
            map.serialize_entry("seq", seq)?;
            map.serialize_entry("body", &Base64(body))
        }
        Message::Sent { text_id, id } => {
            map.serialize_entry("text_id", &text_id.number())?;
            map.serialize_entry("id", &Hex(id))
        }
        Message::Held { text_id, added } => {
            map.serialize_entry("text_id", &text_id.number())?;
            map.serialize_entry("added", &HexList(added))
        }
        Message::Acknowledged { text_id } => map.serialize_entry("text_id", &text_id.number()),
        Message::Missed { text_id, by } => {
            map.serialize_entry("text_id", &text_id.number())?;
            map.serialize_entry("by", &HexList(by))
        }
        Message::Dropped { text_id, why } => {
            map.serialize_entry("text_id", &text_id.number())?;
            map.serialize_entry("why", why.code())
        }
    }
}

fn order<M: SerializeMap>(told: &Order, map: &mut M) -> Result<(), M::Error> {
    match told {
        Order::Provisional { id, place } => {
            map.serialize_entry("id", &Hex(id))?;
            map.serialize_entry("place", place)
        }
        Order::Final { count, digest, ids } => {
            map.serialize_entry("count", count)?;
            map.serialize_entry("digest", &Hex(digest))?;
            map.serialize_entry("ids", &HexList(ids))
        }
        Order::Unsettled {
            since,
            count,
            waiting_for,
        } => {
            map.serialize_entry("since", since)?;
            map.serialize_entry("count", count)?;
            map.serialize_entry("waiting_for", &HexList(waiting_for))
        }
        Order::Settled => Ok(()),
        Order::Fork { identity, count } => {
            map.serialize_entry("identity", &Hex(identity))?;
            map.serialize_entry("count", count)
        }
        Order::Difference {
            identity,
            place,
            here,
            there,
        } => {
            map.serialize_entry("identity", &Hex(identity))?;
            map.serialize_entry("place", place)?;
            map.serialize_entry("here", &Hex(here))?;
            map.serialize_entry("there", &Hex(there))
        }
        Order::Lagging { identity } => map.serialize_entry("identity", &Hex(identity)),
    }
}

fn verification<M: SerializeMap>(told: &Verification, map: &mut M) -> Result<(), M::Error> {
    match told {
        Verification::Code {
            round,
            code: read,
            roster,
        } => code(*round, read, roster, map),
        Verification::CodeAsked { round, identity } => {
            map.serialize_entry("round", &Hex(round))?;
            map.serialize_entry("identity", &Hex(identity))
        }
        Verification::CodeFailed {
            round,
            why,
            who,
            tries,
        } => {
            map.serialize_entry("round", &Hex(round))?;
            map.serialize_entry("why", why.code())?;
            map.serialize_entry("who", &HexList(who))?;
            map.serialize_entry("tries", tries)
        }
        Verification::SecretAsked {
            attempt,
            identity,
            question,
            failures,
        } => {
            map.serialize_entry("attempt", &Hex(attempt))?;
            map.serialize_entry("identity", &Hex(identity))?;
            map.serialize_entry("question", question)?;
            map.serialize_entry("failures", failures)
        }
        Verification::SecretResult {
            attempt,
            identity,
            result,
            failures,
        } => {
            map.serialize_entry("attempt", &Hex(attempt))?;
            map.serialize_entry("identity", &Hex(identity))?;
            map.serialize_entry("result", result.code())?;
            map.serialize_entry("failures", failures)
        }
        Verification::OtherKey {
            name,
            identity,
            known,
        } => {
            map.serialize_entry("name", name)?;
            map.serialize_entry("identity", &Hex(identity))?;
            map.serialize_entry("known", &Hex(known))
        }
    }
}

fn code<M: SerializeMap>(
    round: RoundId,
    code: &impl Display,
    roster: &[IdentityKey],
    map: &mut M,
) -> Result<(), M::Error> {
    map.serialize_entry("round", &Hex(round))?;
    map.serialize_entry("code", &code.to_string())?;
    map.serialize_entry("roster", &HexList(roster))
}

fn misconduct<M: SerializeMap>(told: &Misconduct, map: &mut M) -> Result<(), M::Error> {
    match told {
        Misconduct::Cheated { identity, fault } => {
            map.serialize_entry("identity", &Hex(identity))?;
            map.serialize_entry("fault", fault.code())
        }
        // The evidence has texts in clear, of which this form is no place.
        Misconduct::Equivocation {
            identity,
            seq,
            ids,
            evidence: _,
        } => equivocation(identity, *seq, ids, map),
        Misconduct::Disputed {
            id,
            author,
            seq,
            body,
        } => {
            map.serialize_entry("id", &Hex(id))?;
            map.serialize_entry("author", &Hex(author))?;
            map.serialize_entry("seq", seq)?;
            map.serialize_entry("body", &Base64(body))
        }
        Misconduct::Contradicted { identity }
        | Misconduct::Leaked { identity }
        | Misconduct::Replaced { identity } => map.serialize_entry("identity", &Hex(identity)),
        Misconduct::IdentityInUse => Ok(()),
    }
}

fn equivocation<M: SerializeMap>(
    identity: &IdentityKey,
    seq: u32,
    ids: &[MessageId],
    map: &mut M,
) -> Result<(), M::Error> {
    map.serialize_entry("identity", &Hex(identity))?;
    map.serialize_entry("seq", &seq)?;
    map.serialize_entry("ids", &HexList(ids))
}

fn waiting<M: SerializeMap>(told: &Waiting, map: &mut M) -> Result<(), M::Error> {
    map.serialize_entry("reason", told.reason())?;
    match told {
        Waiting::For {
            reason: told,
            since,
            until,
        } => {
            map.serialize_entry("since", since)?;
            optional(map, "until", *until)?;
            reason(told, map)
        }
        // Who it is about tells one of several that begin alike from the others.
        Waiting::Over { reason: told } => reason(told, map),
        Waiting::Reconnecting {
            code,
            attempt,
            next,
        } => {
            map.serialize_entry("code", code)?;
            map.serialize_entry("attempt", attempt)?;
            map.serialize_entry("next", next)
        }
        Waiting::Reconnected => Ok(()),
    }
}

fn reason<M: SerializeMap>(reason: &WaitingReason, map: &mut M) -> Result<(), M::Error> {
    match reason {
        WaitingReason::Gathering { have, want } => {
            map.serialize_entry("have", have)?;
            map.serialize_entry("want", want)
        }
        WaitingReason::AdmitHere { claimed, by } => {
            map.serialize_entry("claimed", &Hex(claimed))?;
            map.serialize_entry("by", &HexList(by))
        }
        WaitingReason::NeedsVotes { vote, have, need } => {
            map.serialize_entry("vote", &VoteJson::from(vote))?;
            map.serialize_entry("have", have)?;
            map.serialize_entry("need", need)
        }
        WaitingReason::AskedOut { by, have, need } => {
            map.serialize_entry("by", &HexList(by))?;
            map.serialize_entry("have", have)?;
            map.serialize_entry("need", need)
        }
        WaitingReason::VoteHere { vote, by, need } => {
            map.serialize_entry("vote", &VoteJson::from(vote))?;
            map.serialize_entry("by", &HexList(by))?;
            map.serialize_entry("need", need)
        }
        WaitingReason::RulesDiffer { policy, by } => {
            map.serialize_entry("policy", &PolicyJson::from(policy))?;
            map.serialize_entry("by", &HexList(by))
        }
        WaitingReason::OtherSuite { theirs } => map.serialize_entry("theirs", theirs),
        WaitingReason::OtherVersion { theirs } => map.serialize_entry("theirs", theirs),
        WaitingReason::Agreeing { missing } | WaitingReason::Changing { missing } => {
            map.serialize_entry("missing", &HexList(missing))
        }
        WaitingReason::Excluding { identity } | WaitingReason::AnotherInstance { identity } => {
            map.serialize_entry("identity", &Hex(identity))
        }
        WaitingReason::NotAdmitted { identity, missing } => {
            map.serialize_entry("identity", &Hex(identity))?;
            map.serialize_entry("missing", &HexList(missing))
        }
        WaitingReason::NotFinal { waiting_for } => {
            map.serialize_entry("waiting_for", &HexList(waiting_for))
        }
        WaitingReason::SlowLink { estimate, queued } => {
            let millis = u64::try_from(estimate.as_millis()).unwrap_or(u64::MAX);
            map.serialize_entry("estimate", &millis)?;
            map.serialize_entry("queued", queued)
        }
        // A lint finds a reason that is new, to be named here or above.
        WaitingReason::Alone
        | WaitingReason::Outside
        | WaitingReason::IdentityInRoom
        | WaitingReason::Expired
        | _ => Ok(()),
    }
}

fn ended<M: SerializeMap>(told: &Ended, map: &mut M) -> Result<(), M::Error> {
    match told {
        Ended::Published => Ok(()),
        Ended::Ended(departure) => {
            map.serialize_entry("acknowledged", &departure.acknowledged)?;
            map.serialize_entry("transcripts_equal", &departure.transcripts_equal)?;
            map.serialize_entry("published", &departure.published)?;
            map.serialize_entry("count", &departure.count)?;
            map.serialize_entry("digest", &Hex(departure.digest))
        }
        Ended::Closed {
            code,
            message,
            retry,
        } => {
            map.serialize_entry("code", code)?;
            map.serialize_entry("message", message)?;
            map.serialize_entry("retry", retry)
        }
    }
}

/// What may be absent.
fn optional<M: SerializeMap>(
    map: &mut M,
    key: &'static str,
    value: Option<impl Serialize>,
) -> Result<(), M::Error> {
    value.map_or(Ok(()), |value| map.serialize_entry(key, &value))
}

#[cfg(test)]
mod tests;
