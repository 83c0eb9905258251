use mpotr::IdentityKey;
use mpotr_formats::Nick;
use mpotr_formats::known::{Date, How, KnownPeople, Person, petname_of};

use super::{MAX_LOOKS, Names, Naming};
use crate::chat::whom::{Digits, WhomError, groups};

const ALICE: IdentityKey = IdentityKey::new([1; 32]);
const MALLORY: IdentityKey = IdentityKey::new([2; 32]);
const BOB: IdentityKey = IdentityKey::new([3; 32]);

fn nick(name: &str) -> Nick {
    Nick::new(name).unwrap()
}

fn short(key: &IdentityKey) -> String {
    groups(Digits::of_key(key).short(), "-")
}

fn whole(key: &IdentityKey) -> String {
    Digits::of_key(key).grouped(" ")
}

fn find(names: &Names, word: &str) -> Result<IdentityKey, WhomError> {
    names.find(word, [ALICE, MALLORY, BOB].into_iter())
}

#[test]
fn who_alone_uses_a_nick_is_shown_by_it() {
    let mut names = Names::default();
    assert_eq!(names.note(ALICE, &nick("alice")), []);
    assert_eq!(names.name(&ALICE), "alice");
}

#[test]
fn two_that_look_alike_are_both_shown_with_digits_and_that_is_told_once() {
    for other in ["alice", "\u{430}lice", "alic\u{435}", "ａlice"] {
        let mut names = Names::default();
        names.note(ALICE, &nick("alice"));
        let (one, two) = (
            format!("alice#{}", short(&ALICE)),
            format!("{other}#{}", short(&MALLORY)),
        );
        assert_eq!(
            names.note(MALLORY, &nick(other)),
            [Naming::Clash(vec![one.clone(), two.clone()])]
        );
        assert_eq!((names.name(&ALICE), names.name(&MALLORY)), (one, two));
        assert_eq!(names.note(MALLORY, &nick(other)), []);
        assert_eq!(names.note(ALICE, &nick("alice")), []);
    }
}

#[test]
fn a_nick_that_two_have_used_is_shown_with_digits_from_then_on() {
    let mut names = Names::default();
    names.note(ALICE, &nick("alice"));
    names.note(MALLORY, &nick("alice"));
    names.note(MALLORY, &nick("mallory"));
    assert_eq!(names.name(&MALLORY), "mallory");
    assert_eq!(names.name(&ALICE), format!("alice#{}", short(&ALICE)));
}

/// Whichever of them comes first: the person has said whose the name is.
#[test]
fn the_name_of_a_file_belongs_to_the_one_whose_key_is_in_it() {
    for other in ["alice", "\u{430}lice", "Alice"] {
        let mut names = Names::default();
        names.give(ALICE, "alice.pub");
        names.give(MALLORY, "mallory.pub");
        let warning = Naming::OtherFile {
            identity: MALLORY,
            file: "alice.pub".to_owned(),
            given: ALICE,
        };
        assert_eq!(names.note(MALLORY, &nick(other)), [warning]);
        let impostor = format!("{other}#{}", short(&MALLORY));
        assert_eq!(names.name(&MALLORY), impostor);
        assert_eq!(names.note(MALLORY, &nick(other)), []);
        // The one itself is shown by it, without a further word.
        assert_eq!(names.note(ALICE, &nick("alice")), []);
        assert_eq!(names.name(&ALICE), "alice");
        // And another that takes it after that is told of in the same way.
        assert!(matches!(
            names.note(BOB, &nick("alice"))[..],
            [Naming::OtherFile { given: ALICE, .. }]
        ));
        assert_eq!(names.name(&ALICE), "alice");
        // A word that three might be meant by means nobody.
        assert!(matches!(
            find(&names, "alice"),
            Err(WhomError::Several { .. })
        ));
        // What was taken once is not forgotten.
        names.note(MALLORY, &nick("mallory"));
        assert_eq!(names.name(&MALLORY), format!("mallory#{}", short(&MALLORY)));
    }
}

/// A warning of names that nobody is shown by afterwards would be of strangers.
#[test]
fn those_that_look_alike_are_told_by_the_names_that_they_are_shown_by_from_then_on() {
    let mut names = Names::default();
    names.know(known(&[(BOB, "rob", How::Seen)]));
    names.note(BOB, &nick("alice"));
    // The one that is known stays as it was called, and one other alone is not alike.
    assert_eq!(names.note(ALICE, &nick("alice")), []);
    let told = names.note(MALLORY, &nick("alice"));
    assert_eq!(
        told,
        [Naming::Clash(vec![
            names.name(&ALICE),
            names.name(&MALLORY)
        ])]
    );
    assert!(names.name(&ALICE).ends_with('?'));
}

#[test]
fn a_name_that_two_files_have_belongs_to_neither() {
    let mut names = Names::default();
    names.give(ALICE, "alice.pub");
    names.give(MALLORY, "alice");
    assert_eq!(names.note(ALICE, &nick("alice")), []);
    assert!(matches!(
        names.note(MALLORY, &nick("alice"))[..],
        [Naming::Clash(_)]
    ));
    for key in [ALICE, MALLORY] {
        assert_eq!(names.name(&key), format!("alice#{}", short(&key)));
    }
}

#[test]
fn a_change_of_nick_is_told_with_both_names() {
    let mut names = Names::default();
    names.note(ALICE, &nick("alice"));
    names.note(MALLORY, &nick("mallory"));
    let heard = names.note(MALLORY, &nick("alice"));
    let renamed = Naming::Renamed {
        before: "mallory".into(),
        after: format!("alice#{}", short(&MALLORY)),
    };
    assert_eq!(heard.first(), Some(&renamed));
    assert_eq!(heard.len(), 2);
}

#[test]
fn nobody_comes_to_use_more_than_a_few_nicks() {
    let mut names = Names::default();
    for number in 0..MAX_LOOKS {
        let letter = char::from(b'a' + u8::try_from(number).unwrap());
        names.note(MALLORY, &nick(&format!("nick-{letter}")));
        assert!(!names.name(&MALLORY).contains('#'));
    }
    names.note(MALLORY, &nick("alice"));
    assert!(names.name(&MALLORY).starts_with("alice#"));
    assert_eq!(names.note(ALICE, &nick("alice")), []);
    assert_eq!(names.name(&ALICE), "alice");
    // And yet the name alone is not enough to do something to one of them.
    assert!(matches!(
        find(&names, "alice"),
        Err(WhomError::Several { .. })
    ));
}

#[test]
fn a_member_that_said_nothing_is_shown_by_ten_digits() {
    let name = Names::default().name(&ALICE);
    assert_eq!(name, format!("#{}", short(&ALICE)));
    assert_eq!(name.len(), 1 + 5 + 1 + 5);
}

#[test]
fn a_name_that_one_alone_has_means_it() {
    let mut names = Names::default();
    names.note(ALICE, &nick("alice"));
    names.note(MALLORY, &nick("mallory"));
    assert_eq!(find(&names, "alice"), Ok(ALICE));
    assert_eq!(find(&names, " alice "), Ok(ALICE));
    assert_eq!(find(&names, &format!("#{}", short(&BOB))), Ok(BOB));
    assert_eq!(find(&names, &format!("alice#{}", short(&ALICE))), Ok(ALICE));
    assert_eq!(find(&names, &whole(&BOB)), Ok(BOB));
    for nobody in ["eve", &format!("mallory#{}", short(&ALICE))] {
        assert_eq!(
            find(&names, nobody),
            Err(WhomError::Nobody(nobody.to_owned()))
        );
    }
}

#[test]
fn a_name_that_two_might_have_means_neither_and_shows_both_whole() {
    let mut names = Names::default();
    names.note(ALICE, &nick("alice"));
    names.note(MALLORY, &nick("alic\u{435}"));
    for word in ["alice", "alic\u{435}"] {
        let Err(WhomError::Several { hits, .. }) = find(&names, word) else {
            panic!()
        };
        for (hit, key) in hits.iter().zip([ALICE, MALLORY]) {
            assert!(hit.contains(&whole(&key)), "{hit}");
        }
    }
    // Nor does it when one of them is away, or has another nick by now.
    names.note(ALICE, &nick("al"));
    let here = [MALLORY, BOB].into_iter();
    assert!(matches!(
        names.find("alice", here),
        Err(WhomError::Several { .. })
    ));
    assert_eq!(find(&names, &whole(&MALLORY)), Ok(MALLORY));
}

#[test]
fn who_is_away_is_not_meant_where_those_are_asked_for_who_are_here() {
    let mut names = Names::default();
    names.note(ALICE, &nick("alice"));
    let here = || [MALLORY, BOB].into_iter();
    for word in [
        "alice".to_owned(),
        whole(&ALICE),
        format!("#{}", short(&ALICE)),
    ] {
        let found = names.find(&word, here());
        assert!(matches!(found, Err(WhomError::Nobody(_))), "{found:?}");
        assert_eq!(find(&names, &word), Ok(ALICE));
    }
}

#[test]
fn who_is_called_by_the_digits_of_another_is_not_meant_by_them() {
    // Digits are no nick, and a look-alike of them is not read as digits.
    assert!(Nick::new(&short(&ALICE)).is_err());
    let names = Names::default();
    assert_eq!(find(&names, &short(&ALICE)), Err(WhomError::Digits));
}

/// Two keys whose fingerprints begin with the same ten digits: found by trying, which takes some hundred thousand keys.
mod same_beginning {
    use super::{ALICE, Digits, IdentityKey, Names, WhomError, short, whole};

    fn key(number: u64) -> IdentityKey {
        let mut key = [0; 32];
        key[..8].copy_from_slice(&number.to_be_bytes());
        IdentityKey::new(key)
    }

    #[test]
    fn ten_digits_that_two_have_mean_neither_and_both_are_shown_whole() {
        let (one, two) = (key(109_610), key(238_449));
        assert_eq!(short(&one), short(&two));
        let mut names = Names::default();
        for key in [one, two, ALICE] {
            names.meet(key);
        }
        let Err(WhomError::Several { hits, .. }) =
            names.find(&format!("#{}", short(&one)), [one, two, ALICE].into_iter())
        else {
            panic!()
        };
        assert_eq!(hits.len(), 2);
        for key in [one, two] {
            assert!(hits.iter().any(|hit| hit.contains(&whole(&key))));
            let name = names.name(&key);
            assert_eq!(name, format!("#{}", Digits::of_key(&key).grouped("-")));
            assert_eq!(names.find(&name, [one, two].into_iter()), Ok(key));
        }
        assert_ne!(names.name(&one), names.name(&two));
        assert_eq!(names.name(&ALICE), format!("#{}", short(&ALICE)));
    }
}

fn known(people: &[(IdentityKey, &str, How)]) -> KnownPeople {
    let mut known = KnownPeople::default();
    for (key, name, how) in people {
        let day = Date::of_unix(0);
        let person = Person {
            how: how.clone(),
            first: day,
            last: day,
            petname: petname_of(name).unwrap(),
        };
        known.add(*key, person).unwrap();
    }
    known
}

#[test]
fn a_known_person_is_shown_by_the_name_it_was_given_and_others_with_a_mark() {
    let mut names = Names::of_me(BOB, &nick("bob"));
    names.know(known(&[(ALICE, "alice", How::Code)]));
    names.note(ALICE, &nick("queen"));
    names.note(MALLORY, &nick("mallory"));
    assert_eq!(names.name(&ALICE), "alice");
    assert_eq!(names.name(&MALLORY), "mallory?");
    assert_eq!(names.name(&BOB), "bob");
    assert!(names.line(&ALICE).ends_with("alice  (verified: code)"));
    assert!(names.line(&MALLORY).ends_with("mallory?  (not known)"));
    // A name is written as it is shown, and as it was given; what it calls itself means it too.
    for (word, meant) in [
        ("alice", ALICE),
        ("queen", ALICE),
        ("mallory?", MALLORY),
        ("mallory", MALLORY),
    ] {
        assert_eq!(find(&names, word), Ok(meant), "{word}");
    }
    let digits = format!("mallory#{}?", short(&MALLORY));
    assert_eq!(find(&names, &digits), Ok(MALLORY));
}

#[test]
fn who_takes_the_name_of_a_known_person_is_told_apart_at_once_and_for_good() {
    for other in ["alice", "\u{430}lice", "ａlice"] {
        let mut names = Names::of_me(BOB, &nick("bob"));
        // Before the person that it passes for was ever in the room.
        names.know(known(&[(ALICE, "alice", How::Seen)]));
        let told = names.note(MALLORY, &nick(other));
        let expected = Naming::OtherKey {
            name: other.to_owned(),
            identity: MALLORY,
            known: ALICE,
        };
        assert_eq!(told, [expected]);
        assert_eq!(
            names.name(&MALLORY),
            format!("{other}#{}?", short(&MALLORY))
        );
        assert_eq!(names.note(MALLORY, &nick(other)), []);
        names.note(MALLORY, &nick("carol"));
        assert_eq!(names.name(&MALLORY), format!("carol#{}?", short(&MALLORY)));
        assert_eq!(names.name(&ALICE), "alice");
        let Err(WhomError::Several { hits, .. }) = find(&names, "alice") else {
            panic!()
        };
        assert_eq!(hits.len(), 2);
        assert!(names.is_impostor(&MALLORY) && !names.is_impostor(&ALICE));
    }
}

#[test]
fn one_of_many_names_is_no_way_to_pass_for_a_known_person_unseen() {
    let mut names = Names::of_me(BOB, &nick("bob"));
    names.know(known(&[(ALICE, "alice", How::Seen)]));
    for number in 0..2 * MAX_LOOKS {
        names.note(MALLORY, &nick(&format!("name-{number}")));
    }
    let told = names.note(MALLORY, &nick("alice"));
    assert!(
        told.iter()
            .any(|naming| matches!(naming, Naming::OtherKey { .. }))
    );
    assert_eq!(names.name(&MALLORY), format!("alice#{}?", short(&MALLORY)));
}

#[test]
fn without_a_list_nobody_has_a_mark() {
    let mut names = Names::of_me(BOB, &nick("bob"));
    names.note(MALLORY, &nick("mallory"));
    assert_eq!(names.name(&MALLORY), "mallory");
    assert!(names.line(&MALLORY).ends_with("mallory"));
}
