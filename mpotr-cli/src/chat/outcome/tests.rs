//! What a chat comes to, without a room.

use mpotr::{
    Departure, Digest32, EpochName, IdentityKey, MemberInfo, Message, MessageId, TextId, Told,
};
use mpotr_formats::Nick;

use super::{ChatError, NotBegun, Outcome, Tally, Unsent, UnsentLines, joined};
use crate::chat::conversation::Conversation;
use crate::chat::door::Door;
use crate::chat::testing::{begins, texts};

const BOB: IdentityKey = IdentityKey::new([2; 32]);
const CAROL: IdentityKey = IdentityKey::new([3; 32]);

fn name(key: &IdentityKey) -> String {
    match *key {
        BOB => "bob".to_owned(),
        CAROL => "carol".to_owned(),
        _ => "dave".to_owned(),
    }
}

fn departure(acknowledged: bool) -> Departure {
    Departure {
        acknowledged,
        transcripts_equal: true,
        published: false,
        count: 0,
        digest: Digest32::new([0; 32]),
    }
}

#[test]
fn what_the_program_could_not_do_hides_nothing_of_what_became_of_the_texts() {
    let own = || anyhow::anyhow!("cannot write");
    let texts = || {
        let unsent = UnsentLines {
            count: 5,
            reason: Unsent::Unread.to_string(),
            goes_on: false,
        };
        ChatError::Texts(Box::new(Tally {
            is_acknowledged: true,
            unsent: Some(unsent),
            ..Tally::default()
        }))
    };
    let both = joined(Err(own()), Err(texts())).unwrap_err();
    assert_eq!(format!("{both:#}"), format!("{}: cannot write", texts()));
    assert!(both.is::<ChatError>());
    assert!(joined(Ok(()), Err(texts())).is_err() && joined(Err(own()), Ok(())).is_err());
    assert!(joined(Ok(()), Ok(())).is_ok());
}

#[test]
fn only_an_acknowledged_end_is_a_success() {
    assert_eq!(Outcome::default().judge(&departure(true), name), Ok(()));
    assert_eq!(
        Outcome::default().judge(&departure(false), name),
        Err(ChatError::Texts(Box::default())),
    );
    assert_eq!(
        ChatError::Texts(Box::default()).to_string(),
        "not everyone acknowledged what was sent"
    );
}

#[test]
fn a_line_that_was_not_sent_is_a_failure_for_its_first_reason() {
    let mut outcome = Outcome::default();
    outcome.note(Unsent::NotUtf8);
    outcome.note(Unsent::TooLong { length: 70_000 });
    let error = outcome.judge(&departure(true), name).unwrap_err();
    assert_eq!(
        error.to_string(),
        "2 lines were not sent, the first for this reason: it is no UTF-8 text"
    );
}

/// One that was left out is told of the line that came too late, and not that texts lack which all have.
#[test]
fn where_no_text_lacks_nothing_is_said_of_those_that_were_sent() {
    let mut outcome = Outcome::default();
    outcome.note(Unsent::Dropped(mpotr::DropReason::Removed));
    let error = outcome.judge(&departure(false), name).unwrap_err();
    assert_eq!(
        error.to_string(),
        "a line was not sent: the others had left you out"
    );
}

#[test]
fn what_nobody_got_is_told_beside_who_did_not_get_the_rest() {
    let mut outcome = Outcome::default();
    outcome.note(Unsent::NotUtf8);
    outcome.lack(text_id(), &[CAROL]);
    let error = outcome.judge(&departure(false), name).unwrap_err();
    assert_eq!(
        error.to_string(),
        "not everyone acknowledged what was sent; not known to have it: carol (1 text); and a line was not sent: it is no UTF-8 text"
    );
}

#[test]
fn a_lost_relay_is_told_with_what_it_took_along() {
    let told = |outcome: Outcome| {
        let lost = outcome.lost("relay r:1", "closed".to_owned(), name);
        lost.to_string()
    };
    assert_eq!(told(Outcome::default()), "lost the relay r:1: closed");
    let mut outcome = Outcome::default();
    outcome.lack(text_id(), &[CAROL]);
    outcome.note(Unsent::Unread);
    outcome.note(Unsent::Unread);
    assert_eq!(
        told(outcome),
        "lost the relay r:1: closed; not known to have it: carol (1 text); and 2 lines were not sent, the first for this reason: you \
         were out of the room before the program read it"
    );
}

#[test]
fn of_an_input_that_goes_on_no_number_is_said_to_be_all() {
    let mut outcome = Outcome::default();
    outcome.input_goes_on();
    // A pipe that stays open and has nothing in it has lost nothing.
    assert_eq!(outcome.clone().judge(&departure(true), name), Ok(()));
    outcome.note(Unsent::Unread);
    outcome.note(Unsent::Unread);
    let error = outcome.judge(&departure(true), name).unwrap_err();
    assert_eq!(
        error.to_string(),
        "at least 2 lines were not sent, the first for this reason: you were out of the room before the program read it; the input has not \
         ended, and what follows in it is not sent either"
    );
}

#[test]
fn a_command_that_was_not_done_is_a_failure_of_its_own_and_hides_no_other() {
    let mut outcome = Outcome::default();
    outcome.note_undone("/kick".to_owned());
    let error = outcome.clone().judge(&departure(true), name).unwrap_err();
    assert_eq!(
        error.to_string(),
        "1 command of the input was not done: /kick"
    );
    assert!(matches!(error, ChatError::Undone(_)));
    outcome.note_undone("/mute".to_owned());
    let error = outcome.clone().judge(&departure(true), name).unwrap_err();
    assert_eq!(
        error.to_string(),
        "2 commands of the input were not done, the first of them: /kick"
    );
    outcome.note(Unsent::NotUtf8);
    let both = outcome.judge(&departure(true), name).unwrap_err();
    assert_eq!(
        both.to_string(),
        "a line was not sent: it is no UTF-8 text; and 2 commands of the input were not done, the first of them: /kick"
    );
    assert!(matches!(both, ChatError::Texts(_)), "{both}");
    let own = joined(Err(anyhow::anyhow!("cannot write")), Err(error)).unwrap_err();
    assert!(!own.is::<ChatError>(), "{own:#}");
}

fn secure(me: IdentityKey, roster: &[IdentityKey]) -> Told {
    let member = |&identity: &IdentityKey| MemberInfo {
        identity,
        is_me: identity == me,
    };
    begins(9, EpochName::new([9; 16]), roster.iter().map(member))
}

fn sent(text_id: TextId) -> Told {
    Told::Message(Message::Sent {
        text_id,
        id: MessageId::new([0; 32]),
    })
}

/// A room of Bob and Carol, who are meant to read all.
fn with_two(me: IdentityKey) -> Conversation {
    let with = [BOB, CAROL].map(|key| (key, "file".to_owned())).into();
    Conversation::new(me, &Nick::new("me").unwrap(), Door::With(with))
}

#[test]
fn a_text_fails_by_who_is_absent_when_it_leaves_and_not_when_it_is_taken() {
    let me = IdentityKey::new([1; 32]);
    let mut room = with_two(me);
    let mut outcome = Outcome::default();
    for (roster, is_good) in [(&[me, BOB, CAROL][..], true), (&[me, CAROL], false)] {
        let text_id = text_id();
        room.hear(secure(me, roster));
        outcome.hear(&sent(text_id), &room, false);
        outcome.hear(
            &Told::Message(Message::Acknowledged { text_id }),
            &room,
            false,
        );
        let judged = outcome.clone().judge(&departure(true), name);
        assert_eq!(judged.is_ok(), is_good, "{judged:?}");
    }
    // A person sees who is there, and means those.
    let (mut seen, text_id) = (Outcome::default(), text_id());
    seen.hear(&sent(text_id), &room, true);
    seen.hear(
        &Told::Message(Message::Acknowledged { text_id }),
        &room,
        true,
    );
    assert_eq!(seen.judge(&departure(true), name), Ok(()));
    // It stays a failure when all are there again.
    room.hear(secure(me, &[me, BOB, CAROL]));
    let error = outcome.judge(&departure(true), name).unwrap_err();
    assert_eq!(
        error.to_string(),
        "not everyone acknowledged what was sent; meant for it, and not in the room: bob (1 text)"
    );
}

#[test]
fn each_text_that_somebody_lacks_is_told_with_its_number_and_names_beside_every_other_reason() {
    let me = IdentityKey::new([1; 32]);
    let mut room = with_two(me);
    room.hear(secure(me, &[me, CAROL]));
    let mut outcome = Outcome::default();
    let texts = texts(3);
    for text_id in &texts {
        outcome.hear(&sent(*text_id), &room, false);
    }
    let missed = Told::Message(Message::Missed {
        text_id: texts[0],
        by: vec![CAROL],
    });
    outcome.hear(&missed, &room, false);
    for text_id in &texts[1..] {
        let text_id = *text_id;
        outcome.hear(
            &Told::Message(Message::Acknowledged { text_id }),
            &room,
            false,
        );
    }
    outcome.note(Unsent::NotUtf8);
    outcome.note_undone("/kick".to_owned());
    let lacks = "; not known to have it: carol (1 text); meant for it, and not in the room: bob (3 texts); 3 texts in all; \
                 and a line was not sent: it is no UTF-8 text; and 1 command of the input was not done: /kick";
    let lost = outcome.clone().lost("relay r:1", "closed".to_owned(), name);
    assert_eq!(
        lost.to_string(),
        format!("lost the relay r:1: closed{lacks}")
    );
    for acknowledged in [true, false] {
        let judged = outcome.clone().judge(&departure(acknowledged), name);
        assert_eq!(
            judged.unwrap_err().to_string(),
            format!("not everyone acknowledged what was sent{lacks}")
        );
    }
}

/// Of a room of its own: nobody else makes such names.
fn text_id() -> TextId {
    texts(1)[0]
}

#[test]
fn a_stop_before_the_room_was_secure_is_a_failure_and_one_after_is_not() {
    let mut early = Outcome::default();
    early.interrupted(false);
    early.note(Unsent::Unread);
    let error = early.judge(&departure(false), name).unwrap_err();
    assert_eq!(
        error.to_string(),
        "stopped before the room was secure; nothing was sent; and a line was not sent: you were out of the room before the program read it"
    );
    let mut late = Outcome::default();
    late.interrupted(true);
    assert_eq!(late.judge(&departure(true), name), Ok(()));
}

#[test]
fn a_room_that_has_not_begun_in_time_is_a_failure_of_its_own_however_it_ends() {
    let not_begun = NotBegun {
        seconds: 30,
        is_there: false,
        why: "not here: bob".to_owned(),
    };
    let mut outcome = Outcome::default();
    outcome.gave_up(not_begun.clone());
    outcome.note(Unsent::Unread);
    outcome.note(Unsent::Unread);
    let lost = outcome.clone().lost("relay r:1", "closed".to_owned(), name);
    let judged = outcome.judge(&departure(false), name).unwrap_err();
    assert_eq!(judged, lost);
    assert!(matches!(&judged, ChatError::NotBegun(it, _) if *it == not_begun));
    assert_eq!(
        judged.to_string(),
        "the room has not begun within 30 seconds, and nothing was sent: not here: bob; and 2 lines were not sent, the first for \
         this reason: you were out of the room before the program read it"
    );
}
