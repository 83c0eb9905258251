//! A text is delivered at most once, after all that its author had read or written before it, as its author wrote it,
//! and by members of the epoch in which it was sent alone: an excluded member reads nothing from after its exclusion,
//! and a newcomer nothing from before its entry.

use mpotr_core::Event;
use mpotr_core::crypto::IdentityKey;
use mpotr_core::wire::MessageId;

use super::Seen;

pub(super) fn check(seen: &Seen<'_>) -> Result<(), String> {
    if let Event::Disputed { id, author, .. } = seen.event {
        return check_disputed(seen, id, author);
    }
    let Event::Message {
        id,
        author,
        seq,
        body,
    } = seen.event
    else {
        return Ok(());
    };
    let (Some(here), Some((sid, record))) = (
        seen.before.person(seen.seat),
        seen.before.epoch_of(seen.seat),
    ) else {
        return Err(format!("read {id} outside any epoch"));
    };
    if !record.roster.contains(author) {
        return Err(format!("read {id}, of no member of its epoch"));
    }
    if here.identity == *author {
        // Its own text, which it is told of when it is sent.
        return match seen.before.texts.get(id) {
            Some(text) if text.author == seen.seat && text.body == *body => Ok(()),
            _ => Err(format!("read {id} as its own, which it never wrote")),
        };
    }
    if here.carried.contains(id) {
        return Err(format!("read {id} twice"));
    }
    let expected = here.clock.get(author).copied().unwrap_or(0);
    if *seq != expected {
        return Err(format!("read text {seq} of {author} instead of {expected}"));
    }
    let Some(text) = seen.before.texts.get(id) else {
        return if seen.before.is_honest(author) {
            Err(format!("read {id}, which {author} never wrote"))
        } else {
            Ok(())
        };
    };
    let wrote = seen.before.person(text.author);
    if text.body != *body || wrote.is_none_or(|wrote| wrote.identity != *author) {
        return Err(format!("read {id} otherwise than it was written"));
    }
    if text.sid != sid {
        return Err(format!("read {id} of {} in {sid}", text.sid));
    }
    let ahead = text
        .clock
        .iter()
        .find(|(author, count)| here.clock.get(author).unwrap_or(&0) < count);
    match ahead {
        Some((author, count)) => Err(format!("read {id} before text {count} of {author}")),
        None => Ok(()),
    }
}

fn check_disputed(seen: &Seen<'_>, id: &MessageId, author: &IdentityKey) -> Result<(), String> {
    if seen.before.is_honest(author) {
        return Err(format!("disputes {id} of honest {author}"));
    }
    let here = seen.before.person(seen.seat);
    match here.is_some_and(|here| here.carried.contains(id)) {
        true => Err(format!("read {id} twice")),
        false => Ok(()),
    }
}
