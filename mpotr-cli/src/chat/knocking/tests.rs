use mpotr::{IdentityKey, LastHeard, Membership, Told};

use crate::chat::asking::Newcomer;
use crate::chat::conversation::{Conversation, Say};
use crate::chat::door::Door;
use crate::chat::testing::{BOB, EVE, ME, nick, outside, room, text, trusting, wants_in};
use crate::chat::waiting::MAX_LISTED;
use crate::chat::whom::WhomError;
use crate::chat::wording::fingerprint;

#[test]
fn a_claim_to_wait_outside_is_told_once() {
    let mut room = outside(Door::Open);
    assert_eq!(room.hear(wants_in(BOB)).len(), 1);
    assert_eq!(room.hear(wants_in(BOB)), []);
}

#[test]
fn a_flood_of_claims_is_not_told_for_ever() {
    let mut room = outside(Door::Open);
    let told = (10..=u8::MAX).filter(|number| {
        let claimed = IdentityKey::new([*number; 32]);
        !room.hear(wants_in(claimed)).is_empty()
    });
    assert_eq!(told.count(), MAX_LISTED + 1);
}

#[test]
fn who_waits_is_told_with_what_to_type_where_the_person_is_asked() {
    let mut room = outside(Door::Ask);
    let said = room.hear(wants_in(BOB));
    let [Say::Notice(_), Say::Notice(how)] = said.as_slice() else {
        panic!("{said:?}")
    };
    assert!(
        how.ends_with(&format!("/admit {}", fingerprint(&BOB))),
        "{how}"
    );
}

#[test]
fn who_is_awaited_is_let_in_when_it_comes() {
    let mut room = outside(Door::Ask);
    let whole = fingerprint(&BOB).to_string();
    let Ok(Newcomer::ToCome(digits)) = room.newcomer(&whole) else {
        panic!()
    };
    room.awaited.expect(digits);
    assert!(
        room.members(&LastHeard::default())
            .iter()
            .any(|line| line.contains(&whole))
    );
    assert!(!room.hear(wants_in(EVE)).contains(&Say::Admit(EVE)));
    assert!(room.hear(wants_in(BOB)).contains(&Say::Admit(BOB)));
}

#[test]
fn nobody_outside_is_let_in_by_a_nick_or_unseen_by_ten_digits() {
    let mut room = outside(Door::Ask);
    room.hear(wants_in(BOB));
    let whole = fingerprint(&BOB).to_string();
    let short = format!("#{}", whole[..11].replace(' ', "-"));
    assert_eq!(room.newcomer(&short), Ok(Newcomer::ToLookAt(BOB)));
    room.looked_at = Some(EVE);
    assert_eq!(room.newcomer(&short), Ok(Newcomer::ToLookAt(BOB)));
    room.looked_at = Some(BOB);
    assert_eq!(room.newcomer(&short), Ok(Newcomer::Here(BOB)));
    let Err(WhomError::Stranger { hits }) = room.newcomer("bob") else {
        panic!()
    };
    assert_eq!(hits, [format!("/admit {whole}")]);
    assert_eq!(room.newcomer(&whole), Ok(Newcomer::Here(BOB)));
    assert_eq!(room.newcomer(&whole[..11]), Err(WhomError::Digits));
}

#[test]
fn who_is_pushed_off_the_list_can_still_be_let_in() {
    let mut room = outside(Door::Ask);
    room.hear(wants_in(BOB));
    for number in 10..=u8::MAX {
        let claimed = IdentityKey::new([number; 32]);
        room.hear(wants_in(claimed));
    }
    let whole = fingerprint(&BOB).to_string();
    assert!(
        !room
            .members(&LastHeard::default())
            .iter()
            .any(|line| line.contains(&whole))
    );
    assert_eq!(room.newcomer(&whole), Ok(Newcomer::Here(BOB)));
}

#[test]
fn who_was_in_the_room_is_let_in_again_by_its_name() {
    let mut room = room();
    room.hear(text(BOB, "bob", "hi"));
    assert_eq!(room.newcomer("bob"), Ok(Newcomer::Inside(BOB)));
    room.hear(Told::Membership(Membership::Left { identity: BOB }));
    assert_eq!(room.newcomer("bob"), Ok(Newcomer::Here(BOB)));
    room.hear(text(EVE, "bob", "hi"));
    assert!(matches!(
        room.newcomer("bob"),
        Err(WhomError::Several { .. })
    ));
}

#[test]
fn where_only_some_come_in_nobody_else_is_let_in() {
    let mut room = Conversation::new(
        ME,
        &nick("me"),
        Door::With([(BOB, "bob.pub".to_owned())].into()),
    );
    let said = room.hear(wants_in(EVE));
    let [Say::Notice(stays)] = said.as_slice() else {
        panic!("{said:?}")
    };
    assert!(
        stays.contains("stays outside; to let it in, too,"),
        "{stays}"
    );
    for key in [EVE, IdentityKey::new([7; 32])] {
        let whole = fingerprint(&key).to_string();
        assert!(matches!(room.newcomer(&whole), Ok(Newcomer::NotWith(_))));
    }
    assert_eq!(room.absent().count(), 1);
}

#[test]
fn who_is_known_is_let_in_by_its_name_before_it_was_ever_here() {
    let room = trusting();
    let whole = fingerprint(&BOB).to_string();
    assert_eq!(room.newcomer("bob"), room.newcomer(&whole));
    assert!(matches!(room.newcomer("bob"), Ok(Newcomer::ToCome(_))));
    assert!(matches!(
        room.newcomer("eve"),
        Err(WhomError::Stranger { .. })
    ));
}
