//! What is asked of a room that is open.

use mpotr::crypto::zeroize::Zeroizing;
use mpotr::json::{Bytes, Hex, MessageStateJson, PolicyJson, SeenJson, VoteJson};
use mpotr::{
    AttemptId, EpochName, IdentityKey, LinkReport, Member, MessageId, SendError, SharedSecret,
    TextId,
};
use serde_json::{Value, json};

use crate::{Failure, Params, Texts};

/// The methods of rooms.
pub const METHODS: [&str; 22] = [
    "send",
    "release",
    "discard",
    "admit",
    "exclude",
    "merge",
    "change_policy",
    "withdraw",
    "refresh",
    "mute",
    "dismiss",
    "verify_start",
    "verify_answer",
    "verify_abort",
    "room_code",
    "leave",
    "stop",
    "close",
    "state",
    "message_state",
    "packet",
    "link",
];

/// Does what is asked of a member, one of [`METHODS`], and answers. The time is the member's.
///
/// # Errors
/// Why it was not done.
pub fn call(
    member: &mut Member,
    texts: &Texts,
    now: u64,
    method: &str,
    params: Params,
) -> Result<Value, Failure> {
    match method {
        "send" => send(member, texts, now, params),
        "release" | "discard" => of_text(member, now, method, params),
        "packet" | "link" => carry(member, now, method, params),
        "state" | "message_state" => show(member, method, params),
        "admit" | "exclude" | "mute" => of_person(member, now, method, params),
        "merge" | "change_policy" | "withdraw" => vote(member, now, method, params),
        "verify_start" | "verify_answer" | "verify_abort" | "room_code" => {
            verify(member, now, method, params)
        }
        _ => act(member, now, method, params),
    }
}

fn done() -> Value {
    json!({})
}

fn seen(params: &mut Params) -> Result<mpotr::Seen, Failure> {
    let SeenJson(seen) = params.take("seen")?;
    Ok(seen)
}

fn send(
    member: &mut Member,
    texts: &Texts,
    now: u64,
    mut params: Params,
) -> Result<Value, Failure> {
    let seen = seen(&mut params)?;
    let text: Option<String> = params.optional("text")?;
    let body: Option<Bytes> = params.optional("body")?;
    params.finish()?;
    let body = match (text, body, texts) {
        (Some(text), None, texts) => texts.body(text),
        (None, Some(Bytes(body)), Texts::Bytes) => body,
        (None, Some(_), Texts::Chat(_)) => {
            return Err(Failure::params("body", "the payload of the room is chat"));
        }
        (Some(_), Some(_), _) => return Err(Failure::params("body", "there is a text, too")),
        (None, None, _) => return Err(Failure::params("text", "it has to be given")),
    };
    let text_id = member.send(now, body, seen)?;
    Ok(json!({ "text_id": text_id.number() }))
}

fn of_text(
    member: &mut Member,
    now: u64,
    method: &str,
    mut params: Params,
) -> Result<Value, Failure> {
    let text_id = TextId::from_number(params.take("text_id")?);
    if method == "release" {
        let seen = seen(&mut params)?;
        params.finish()?;
        member.release(now, text_id, seen)?;
    } else {
        params.finish()?;
        let body = member.discard(now, text_id);
        body.ok_or(SendError::NoSuchText)?;
    }
    Ok(done())
}

fn carry(
    member: &mut Member,
    now: u64,
    method: &str,
    mut params: Params,
) -> Result<Value, Failure> {
    if method == "link" {
        let report = LinkReport {
            rate: params.optional("rate")?,
            queued: params.take("queued")?,
            latency: params.optional("latency")?,
        };
        params.finish()?;
        member.handle_link(now, report);
        return Ok(done());
    }
    let Bytes(packet) = params.take("packet")?;
    // Who is said to have sent it is never believed.
    let _hint: Option<Value> = params.optional("sender")?;
    params.finish()?;
    Ok(match member.handle_packet(now, &packet) {
        Ok(()) => done(),
        Err(rejection) => json!({ "rejected": rejection.code() }),
    })
}

fn show(member: &Member, method: &str, mut params: Params) -> Result<Value, Failure> {
    if method == "state" {
        params.finish()?;
        return Ok(json!(member.state()));
    }
    let Hex(id): Hex<MessageId> = params.take("id")?;
    params.finish()?;
    let state = member.message_state(&id);
    Ok(json!(state.as_ref().map(MessageStateJson)))
}

fn of_person(
    member: &mut Member,
    now: u64,
    method: &str,
    mut params: Params,
) -> Result<Value, Failure> {
    let Hex(identity): Hex<IdentityKey> = params.take("identity")?;
    if method == "mute" {
        let on = params.take("on")?;
        params.finish()?;
        member.mute(now, identity, on);
        return Ok(done());
    }
    params.finish()?;
    match method {
        "admit" => member.admit(now, identity)?,
        _ => member.exclude(now, identity)?,
    }
    Ok(done())
}

fn vote(member: &mut Member, now: u64, method: &str, mut params: Params) -> Result<Value, Failure> {
    match method {
        "merge" => {
            let Hex(epoch): Hex<EpochName> = params.take("epoch")?;
            params.finish()?;
            member.merge(now, epoch)?;
        }
        "change_policy" => {
            let change: PolicyJson = params.take("policy")?;
            params.finish()?;
            let policy = change.over(&member.state().policy);
            member.change_policy(now, policy)?;
        }
        _ => {
            let vote: VoteJson = params.take("vote")?;
            params.finish()?;
            member.withdraw(now, &vote.into())?;
        }
    }
    Ok(done())
}

fn verify(
    member: &mut Member,
    now: u64,
    method: &str,
    mut params: Params,
) -> Result<Value, Failure> {
    match method {
        "verify_start" => {
            let Hex(identity): Hex<IdentityKey> = params.take("identity")?;
            let secret = secret(&mut params)?;
            let question: Option<String> = params.optional("question")?;
            params.finish()?;
            let question = question.unwrap_or_default();
            let attempt = member.verify_start(now, identity, &secret, &question)?;
            return Ok(json!({ "attempt": Hex(attempt) }));
        }
        "verify_answer" => {
            let Hex(attempt): Hex<AttemptId> = params.take("attempt")?;
            let secret = secret(&mut params)?;
            params.finish()?;
            member.verify_answer(now, attempt, &secret)?;
        }
        "verify_abort" => {
            let Hex(attempt): Hex<AttemptId> = params.take("attempt")?;
            params.finish()?;
            member.verify_abort(now, attempt);
        }
        _ => {
            params.finish()?;
            return Ok(json!({ "round": Hex(member.room_code(now)?) }));
        }
    }
    Ok(done())
}

/// What a person has typed, as bytes, so that no log of texts has it.
fn secret(params: &mut Params) -> Result<SharedSecret, Failure> {
    let Bytes(typed) = params.take("secret")?;
    let typed = Zeroizing::new(typed);
    let text = core::str::from_utf8(&typed).map_err(|_not_utf8| Failure::empty_secret())?;
    SharedSecret::of_text(text).ok_or_else(Failure::empty_secret)
}

fn act(member: &mut Member, now: u64, method: &str, mut params: Params) -> Result<Value, Failure> {
    if method == "dismiss" {
        let n = params.take("n")?;
        params.finish()?;
        return Ok(json!({ "dismissed": member.dismiss(n) }));
    }
    params.finish()?;
    match method {
        "refresh" => member.refresh(now),
        "leave" => member.leave(now),
        "stop" => member.stop(now),
        "close" => member.close(),
        _ => return Err(Failure::method(method)),
    }
    Ok(done())
}
