use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_crypto::IdentityKey;
use proptest::prelude::*;

use super::{
    Date, How, KnownError, KnownPeople, LineFault, MAX_KNOWN_FILE, Person, PetnameError,
    petname_of, render,
};
use crate::nick::NickError;
use crate::public_key::PublicKeyError;

/// Multiples of the generator: RFC 9496 appendix A.1.
const ONE: &str = "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76";
const TWO: &str = "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919";
const THREE: &str = "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259";

fn parse(file: &str) -> Result<KnownPeople, KnownError> {
    super::parse::<Suite>(file.as_bytes())
}

fn key(digits: &str) -> IdentityKey {
    let mut key = [0; 32];
    base16ct::lower::decode(digits, &mut key).unwrap();
    IdentityKey::new(key)
}

fn line(key: &str, rest: &str) -> String {
    format!("{key} {rest}\n")
}

fn file(lines: &[String]) -> String {
    format!("mpotr-known-v1\n{}", lines.concat())
}

fn refused(rest: &str) -> LineFault {
    match parse(&file(&[line(ONE, rest)])) {
        Err(KnownError::Line { line: 2, fault }) => fault,
        other => panic!("{rest:?}: {other:?}"),
    }
}

/// The example of the specification.
const EXAMPLE: &str = "\
mpotr-known-v1
# the reading circle
6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919 seen 2026-03-01 2026-03-01 bob
e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76 code 2026-02-14 2026-03-01 alice
# nobody else
";

#[test]
fn the_example_of_the_specification_is_read_and_written() {
    let people = parse(EXAMPLE).unwrap();
    let alice = people.get(&key(ONE)).unwrap();
    assert_eq!(alice.how, How::Code);
    assert_eq!(alice.first, Date::new(2026, 2, 14).unwrap());
    assert_eq!(alice.last, Date::new(2026, 3, 1).unwrap());
    assert_eq!(alice.petname.as_str(), "alice");
    assert_eq!(people.named("\u{430}lice"), Some(key(ONE)));
    assert_eq!(people.named("eve"), None);
    assert_eq!(render(&people), EXAMPLE);
    let page = include_str!("../../../docs/spec/13-trust.md");
    assert!(page.contains(EXAMPLE));
}

#[test]
fn lines_are_sorted_and_comments_stay_above_the_person_they_were_above() {
    let two = line(TWO, "seen 2026-01-01 2026-01-01 bob");
    let one = line(ONE, "seen 2026-01-01 2026-01-01 alice");
    let about_one = "# met at the lake\n".to_owned();
    let read = parse(&file(&[about_one.clone(), one.clone(), two.clone()])).unwrap();
    assert_eq!(render(&read), file(&[two, about_one, one]));
}

#[test]
fn the_last_line_may_be_without_its_end() {
    let whole = file(&[line(ONE, "seen 2026-01-01 2026-01-01 alice")]);
    assert_eq!(parse(whole.trim_end()), parse(&whole));
    assert_eq!(parse("mpotr-known-v1"), Ok(KnownPeople::default()));
}

#[test]
fn other_kinds_and_versions_are_told_apart() {
    for other in ["", "\n", "mpotr-identity-v1 00\n", " mpotr-known-v1\n"] {
        assert_eq!(parse(other), Err(KnownError::OtherKind), "{other:?}");
    }
    for other in [
        "mpotr-known-v2\n",
        "mpotr-known-v1 \n",
        "mpotr-known-v1\r\n",
    ] {
        assert_eq!(parse(other), Err(KnownError::OtherVersion), "{other:?}");
    }
    let long = vec![b'#'; MAX_KNOWN_FILE + 1];
    let length = long.len();
    let refused = super::parse::<Suite>(&long);
    assert_eq!(refused, Err(KnownError::TooLong { length }));
}

#[test]
fn a_bad_field_is_refused_by_its_line() {
    for (rest, fault) in [
        ("seen 2026-01-01 2026-01-01", LineFault::Fields),
        ("seen 2026-01-01 2026-01-01 alice ", LineFault::Fields),
        ("seen  2026-01-01 2026-01-01 alice", LineFault::Fields),
        ("seen 2026-01-01 2026-01-01 alice b", LineFault::Fields),
        (" seen 2026-01-01 2026-01-01 alice", LineFault::Fields),
        ("SEEN 2026-01-01 2026-01-01 alice", LineFault::How),
        ("seen 2026-02-29 2026-03-01 alice", LineFault::Date),
        ("seen 2026-03-01 1.3.2026 alice", LineFault::Date),
        ("seen 2026-03-02 2026-03-01 alice", LineFault::Order),
        (
            "seen 2026-01-01 2026-01-01 alice\r",
            LineFault::CarriageReturn,
        ),
        (
            "seen 2026-01-01 2026-01-01 04711-80815",
            LineFault::Petname(PetnameError::Nick(NickError::Number)),
        ),
        (
            "seen 2026-01-01 2026-01-01 alice?",
            LineFault::Petname(PetnameError::Nick(NickError::Character { character: '?' })),
        ),
    ] {
        assert_eq!(refused(rest), fault, "{rest:?}");
    }
    let bad_key = |digits: &str| parse(&file(&[line(digits, "seen 2026-01-01 2026-01-01 a")]));
    let refused = |fault| {
        let fault = LineFault::Key(fault);
        Err(KnownError::Line { line: 2, fault })
    };
    let upper = ONE.to_uppercase();
    assert_eq!(bad_key(&upper), refused(PublicKeyError::Digits));
    assert_eq!(bad_key(&ONE[1..]), refused(PublicKeyError::Digits));
    assert_eq!(bad_key(&"0".repeat(64)), refused(PublicKeyError::Element));
    assert_eq!(bad_key(&"f".repeat(64)), refused(PublicKeyError::Element));
    let bytes = [b"mpotr-known-v1\n# fine\n", &b"# caf\xe9\n"[..]].concat();
    let fault = LineFault::NotUtf8;
    let expected = Err(KnownError::Line { line: 3, fault });
    assert_eq!(super::parse::<Suite>(&bytes), expected);
    let fault = LineFault::Fields;
    let expected = Err(KnownError::Line { line: 2, fault });
    assert_eq!(parse("mpotr-known-v1\n\n"), expected);
}

#[test]
fn a_key_or_a_petname_that_stands_twice_is_refused_by_both_lines() {
    let alice = |key, name| line(key, &format!("seen 2026-01-01 2026-01-01 {name}"));
    let between = "# comment\n".to_owned();
    let twice = parse(&file(&[alice(ONE, "a"), between.clone(), alice(ONE, "b")]));
    assert_eq!(twice, Err(KnownError::KeyTwice { lines: [2, 4] }));
    let twice = parse(&file(&[
        between,
        alice(TWO, "alice"),
        alice(ONE, "\u{430}lice"),
    ]));
    assert_eq!(twice, Err(KnownError::PetnameTwice { lines: [3, 4] }));
}

#[test]
fn a_file_that_is_cut_anywhere_shows_nobody_under_a_name_that_is_anothers() {
    let whole = parse(EXAMPLE).unwrap();
    for length in 0..EXAMPLE.len() {
        if let Ok(part) = parse(&EXAMPLE[..length]) {
            for (key, person) in part.iter() {
                let full = whole.get(key).unwrap();
                assert!(full.petname.as_str().starts_with(person.petname.as_str()));
            }
        }
    }
}

fn person(how: How, day: u8, name: &str) -> Person {
    let date = Date::new(2026, 1, day).unwrap();
    Person {
        how,
        first: date,
        last: date,
        petname: petname_of(name).unwrap(),
    }
}

#[test]
fn what_is_known_of_a_person_never_sinks_by_itself() {
    let mut people = KnownPeople::default();
    people.add(key(ONE), person(How::Code, 5, "alice")).unwrap();
    people.add(key(ONE), person(How::Seen, 3, "al")).unwrap();
    let alice = people.get(&key(ONE)).unwrap();
    assert_eq!(alice.how, How::Code);
    assert_eq!(
        (alice.first, alice.last),
        (
            Date::new(2026, 1, 3).unwrap(),
            Date::new(2026, 1, 5).unwrap()
        )
    );
    assert_eq!(
        (people.named("al"), people.named("alice")),
        (Some(key(ONE)), None)
    );
    assert!(!people.learn(&key(ONE), How::Compared));
    assert!(people.learn(&key(ONE), How::Secret));
    assert!(!people.meet(&key(ONE), Date::new(2026, 1, 4).unwrap()));
    assert!(people.meet(&key(ONE), Date::new(2026, 1, 6).unwrap()));
    assert!(!people.learn(&key(TWO), How::Secret) && people.get(&key(TWO)).is_none());
}

#[test]
fn two_people_never_get_names_that_look_alike() {
    let mut people = KnownPeople::default();
    people.add(key(ONE), person(How::Seen, 1, "alice")).unwrap();
    people.add(key(TWO), person(How::Seen, 1, "bob")).unwrap();
    let taken = PetnameError::Taken { by: key(ONE) };
    let look_alike = "\u{430}lice";
    assert_eq!(
        people.add(key(THREE), person(How::Seen, 1, look_alike)),
        Err(taken)
    );
    assert_eq!(
        people.rename(&key(TWO), petname_of(look_alike).unwrap()),
        Err(taken)
    );
    assert_eq!(people.named("bob"), Some(key(TWO)));
    // The own name in other letters is no clash, and a name that was given up is free.
    assert_eq!(
        people.rename(&key(ONE), petname_of(look_alike).unwrap()),
        Ok(true)
    );
    assert_eq!(
        people.rename(&key(ONE), petname_of("anna").unwrap()),
        Ok(true)
    );
    assert_eq!(
        people.rename(&key(TWO), petname_of("alice").unwrap()),
        Ok(true)
    );
    assert_eq!(
        people.rename(&key(THREE), petname_of("eve").unwrap()),
        Ok(false)
    );
    assert!(people.forget(&key(TWO)).is_some() && people.forget(&key(TWO)).is_none());
    assert_eq!((people.named("alice"), people.len()), (None, 1));
}

#[test]
fn a_name_that_ends_as_those_of_strangers_do_is_none() {
    for name in ["alice?", "?", "alice\u{ff1f}", "alice?\u{200d}", "alice??"] {
        assert!(petname_of(name).is_err(), "{name:?}");
    }
}

fn any_line() -> impl Strategy<Value = String> {
    let days = ["2026-01-01", "1999-12-31", "2026-01-02"];
    let keys = prop::sample::select(vec![ONE, TWO, THREE]);
    let hows = prop::sample::select(vec!["seen", "compared", "qr", "code", "secret", "later-1"]);
    let day = || prop::sample::select(days.to_vec());
    let names = "[a-zа-я]{1,8}";
    let person = (keys, hows, day(), day(), names)
        .prop_map(|(key, how, first, last, name)| format!("{key} {how} {first} {last} {name}"));
    prop_oneof![4 => person, 1 => "#[ -~]{0,20}", 1 => "[ -~]{0,20}"]
}

proptest! {
    #[test]
    fn what_parses_is_written_so_that_it_parses_to_the_same(
        lines in prop::collection::vec(any_line(), 0..4),
    ) {
        let text: String = lines.iter().map(|line| format!("{line}\n")).collect();
        if let Ok(people) = parse(&file(&[text])) {
            let written = render(&people);
            prop_assert_eq!(&parse(&written).unwrap(), &people);
            prop_assert_eq!(render(&parse(&written).unwrap()), written);
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let file = [b"mpotr-known-v1\n", &bytes[..]].concat();
        let _any = super::parse::<Suite>(&file);
    }
}
