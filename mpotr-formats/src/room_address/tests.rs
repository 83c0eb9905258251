//! Addresses of rooms, byte by byte.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_crypto::{IdentityKey, Secret};
use proptest::prelude::*;

use super::{
    MAX_ROOM_ADDRESS, RoomAddress, RoomAddressError, RoomAddressFault as Fault, is_room_address,
    parse,
};

/// Multiples of the generator: RFC 9496 appendix A.1.
const KEYS: [(&str, &str); 3] = [
    (
        "e2f2ae0a6abc4e71a884a961c500515f58e30b6aa582dd8db6a65945e08d2d76",
        "4vKuCmq8TnGohKlhxQBRX1jjC2qlgt2NtqZZReCNLXY",
    ),
    (
        "6a493210f7499cd17fecb510ae0cea23a110e8d5b901f8acadd3095c73a3b919",
        "akkyEPdJnNF_7LUQrgzqI6EQ6NW5AfisrdMJXHOjuRk",
    ),
    (
        "94741f5d5d52755ece4f23f044ee27d5d1ea1e2bd196b462166b16152a9d0259",
        "lHQfXV1SdV7OTyPwRO4n1dHqHivRlrRiFmsWFSqdAlk",
    ),
];

/// Further ones: with two of those above as many as an address may have.
const MORE_KEYS: [&str; 6] = [
    "da80862773358b466ffadfe0b3293ab3d9fd53c5ea6c955358f568322daf6a57",
    "e882b131016b52c1d3337080187cf768423efccbb517bb495ab812c4160ff44e",
    "f64746d3c92b13050ed8d80236a7f0007c3b3f962f5ba793d19a601ebb1df403",
    "44f53520926ec81fbd5a387845beb7df85a96a24ece18738bdcfa6a7822a176d",
    "903293d8f2287ebe10e2374dc1a53e0bc887e592699f02d077d5263cdd55601c",
    "02622ace8f7303a31cafc63f8fc48fdc16e1c8c8d234b2f0d6685282a9076031",
];

fn key_of(digits: &str) -> IdentityKey {
    crate::public_key::from_digits::<Suite>(digits.as_bytes()).unwrap()
}

fn key(place: usize) -> IdentityKey {
    key_of(KEYS[place].0)
}

fn read(text: &str) -> Result<RoomAddress, RoomAddressError> {
    parse::<Suite>(text)
}

fn refused(text: &str) -> (usize, Fault) {
    let error = read(text).expect_err(text);
    (error.offset, error.fault)
}

/// Those of the specification.
#[test]
fn an_address_is_written_as_it_is_specified() {
    let [(_, one), (_, two), _] = KEYS;
    let simple = "mpotr:tea?at=mpotr://relay.example:7667";
    let whole = format!(
        "mpotr:t%C3%A9%20%2F%2F?at=mpotrs://relay.example:7667%23sha256=00&key={one}&key={two}\
         &once=BwcHBwcHBwcHBwcHBwcHBw"
    );
    for (text, address) in [
        (
            simple,
            RoomAddress {
                room: "tea".to_owned(),
                at: "mpotr://relay.example:7667".to_owned(),
                keys: Vec::new(),
                once: None,
            },
        ),
        (
            whole.as_str(),
            RoomAddress {
                room: "té //".to_owned(),
                at: "mpotrs://relay.example:7667#sha256=00".to_owned(),
                keys: vec![key(0), key(1)],
                once: Some(Secret::new([7; 16])),
            },
        ),
    ] {
        assert_eq!(*address.render(), text);
        assert_eq!(read(text), Ok(address));
    }
}

#[test]
fn what_a_later_program_knows_is_passed_over_unless_it_has_to_be_understood() {
    let simple = "mpotr:tea?at=mpotr://r";
    assert_eq!(read(&format!("{simple}&who=alice")), read(simple));
    assert_eq!(
        refused(&format!("{simple}&!who=alice")),
        (23, Fault::TooNew)
    );
}

#[test]
fn signs_may_be_escaped_that_need_not_be() {
    let plain = read("mpotr:tea?at=irc://me@h:1/c?carrier=lines,x").unwrap();
    let escaped = "mpotr:%74%65%61?at=irc%3a%2F%2Fme%40h%3A1%2Fc%3Fcarrier%3Dlines%2Cx";
    assert_eq!(read(escaped), Ok(plain));
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    let [(_, one), ..] = KEYS;
    let at = "mpotr:tea?at=mpotr://r";
    let once = "BwcHBwcHBwcHBwcHBwcHBw";
    for (text, offset, fault) in [
        ("", 0, Fault::Scheme),
        ("mpotr://relay.example:7667", 0, Fault::Scheme),
        ("tea?at=mpotr://r", 0, Fault::Scheme),
        ("mpotr:?at=mpotr://r", 6, Fault::Scheme),
        ("mpotr:tea", 9, Fault::NowhereToMeet),
        ("mpotr:tea?", 10, Fault::NowhereToMeet),
        ("mpotr:tea?at=", 13, Fault::NowhereToMeet),
        ("mpotr:tea?at", 10, Fault::Parameter),
        ("mpotr:t a?at=mpotr://r", 7, Fault::Sign),
        ("mpotr:té?at=mpotr://r", 7, Fault::Sign),
        ("mpotr:tea?at=mpotrs://r#sha256=00", 23, Fault::Sign),
        ("mpotr:tea?at=mpotr://r%0A", 13, Fault::Sign),
        ("mpotr:te%a?at=mpotr://r", 8, Fault::Percent),
        ("mpotr:te%+1?at=mpotr://r", 8, Fault::Percent),
        ("mpotr:tea?at=mpotr://r%4", 22, Fault::Percent),
        ("mpotr:te%ff?at=mpotr://r", 6, Fault::NotUtf8),
        ("mpotr:tea?at=exec:sh", 13, Fault::Program),
        ("mpotr:tea?at=%45XEC:sh", 13, Fault::Program),
    ] {
        assert_eq!(refused(text), (offset, fault), "{text}");
    }
    for (more, offset, fault) in [
        ("&at=mpotr://r".to_owned(), 23, Fault::Twice),
        (format!("&key={one}&key={one}"), 71, Fault::Twice),
        (format!("&key={one}A"), 27, Fault::Key),
        (format!("&key={one}="), 27, Fault::Key),
        (format!("&key={}", &one[1..]), 27, Fault::Key),
        // The last digit has two bits that are no part of the key, and are zero.
        (format!("&key={}Z", &one[..42]), 27, Fault::Key),
        (format!("&key={}", "A".repeat(43)), 27, Fault::Key),
        (format!("&key=__{}", "_".repeat(41)), 27, Fault::Key),
        (format!("&once={once}"), 23, Fault::OnceForNobody),
        (format!("&key={one}&once={once}A"), 76, Fault::Once),
        (format!("&key={one}&once={}", &once[1..]), 76, Fault::Once),
        (
            format!("&key={one}&once={once}&once={once}"),
            99,
            Fault::Twice,
        ),
        ("&".to_owned(), 23, Fault::Parameter),
    ] {
        let text = format!("{at}{more}");
        assert_eq!(refused(&text), (offset, fault), "{text}");
    }
}

#[test]
fn there_is_an_end_to_its_length_and_to_its_keys() {
    let begin = "mpotr:tea?at=mpotr://r&x=";
    let longest = format!("{begin}{}", "x".repeat(MAX_ROOM_ADDRESS - begin.len()));
    assert!(read(&longest).is_ok());
    let longer = format!("{longest}x");
    assert_eq!(refused(&longer), (MAX_ROOM_ADDRESS, Fault::TooLong));
    let mut address = RoomAddress {
        room: "tea".to_owned(),
        at: "mpotr://r".to_owned(),
        keys: MORE_KEYS.map(key_of).to_vec(),
        once: None,
    };
    address.keys.extend([key(0), key(1)]);
    assert_eq!(read(&address.render()).unwrap(), address);
    address.keys.push(key(2));
    assert_eq!(
        read(&address.render()).unwrap_err().fault,
        Fault::TooManyKeys
    );
}

#[test]
fn the_address_of_a_room_is_told_from_that_of_a_relay() {
    assert!(is_room_address("mpotr:tea?at=mpotr://r"));
    assert!(is_room_address("mpotr:%2F%2Fr?at=mpotr://r"));
    for text in ["mpotr://r", "mpotrs://r", "tea", ""] {
        assert!(!is_room_address(text), "{text}");
    }
}

#[test]
fn what_serves_once_is_in_no_log() {
    let [(_, one), ..] = KEYS;
    let text = format!("mpotr:tea?at=mpotr://r&key={one}&once=BwcHBwcHBwcHBwcHBwcHBw");
    let shown = format!("{:?}", read(&text).unwrap());
    assert!(shown.contains("(..)") && !shown.contains("7, 7"), "{shown}");
}

proptest! {
    #[test]
    fn what_is_written_is_read_as_it_was(
        room in "\\PC{1,60}", at in "[!-~]{1,60}", keys in 0_usize..=3, once in any::<Option<[u8; 16]>>(),
    ) {
        prop_assume!(!at.to_ascii_lowercase().starts_with("exec:"));
        let address = RoomAddress {
            room,
            at,
            keys: (0..keys).map(key).collect(),
            once: once.filter(|_| keys > 0).map(Secret::new),
        };
        let text = address.render();
        prop_assert!(text.bytes().all(|byte| byte.is_ascii_graphic()));
        prop_assert_eq!(read(&text), Ok(address));
    }

    /// A shorter one is another, and none that talks with anyone else than before.
    #[test]
    fn what_is_cut_off_lets_nobody_else_in(length in 0_usize..240) {
        let [(_, one), (_, two), _] = KEYS;
        let whole = format!("mpotr:tea?at=mpotr://r&key={one}&key={two}&once=BwcHBwcHBwcHBwcHBwcHBw");
        let all = read(&whole).unwrap();
        let Some(cut) = whole.get(..length) else {
            return Ok(());
        };
        if let Ok(read) = read(cut) {
            prop_assert!(all.keys.starts_with(&read.keys));
        }
    }

    #[test]
    fn no_text_makes_it_panic(begin in any::<bool>(), text in "\\PC{0,80}|[ -~]{0,200}") {
        let begin = if begin { "mpotr:tea?at=mpotr://r&" } else { "mpotr:" };
        let _read = read(&format!("{begin}{text}"));
        let _read = read(&text);
    }
}
