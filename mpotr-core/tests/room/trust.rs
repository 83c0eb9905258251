//! Finding out who is who in whole rooms. `docs/spec/13-trust.md`.

use mpotr_core::{CodeFailure, Event, RoomCode, SecretOutcome, SharedSecret, VerifyError};

use crate::network::{FOUL, Network};

fn code(network: &Network, member: usize) -> Option<RoomCode> {
    let mut told = network.events[member].iter().rev();
    told.find_map(|event| match event {
        Event::Code { code, .. } => Some(*code),
        _ => None,
    })
}

fn result(network: &Network, member: usize) -> Option<(SecretOutcome, u32)> {
    let mut told = network.events[member].iter().rev();
    told.find_map(|event| match event {
        Event::SecretResult {
            result, failures, ..
        } => Some((*result, *failures)),
        _ => None,
    })
}

fn secret(text: &str) -> SharedSecret {
    SharedSecret::of_text(text).unwrap()
}

impl Network {
    fn asks_code(&mut self, member: usize) {
        let room = &mut self.rooms[member];
        room.room_code(self.now, &mut self.rng).unwrap();
        self.collect(member);
    }

    /// One asks another, who answers.
    fn verify(&mut self, [one, other]: [usize; 2], secrets: [&str; 2]) {
        let (key, asked) = (self.keys[other], secret(secrets[0]));
        let room = &mut self.rooms[one];
        let attempt = room.verify_start(self.now, key, &asked, "where?", &mut self.rng);
        let attempt = attempt.unwrap();
        self.collect(one);
        self.run_until(60, |network| {
            network.events[other].iter().any(|event| {
                matches!(event, Event::SecretAsked { attempt: asked, question, .. }
                    if *asked == attempt && question == "where?")
            })
        });
        let answer = secret(secrets[1]);
        let room = &mut self.rooms[other];
        room.verify_answer(self.now, attempt, &answer, &mut self.rng)
            .unwrap();
        self.collect(other);
        let ended = |network: &Self, member: usize| {
            network.events[member].iter().any(|event| {
                matches!(event, Event::SecretResult { attempt: ended, .. } if *ended == attempt)
            })
        };
        self.run_until(60, |network| ended(network, one) && ended(network, other));
    }
}

#[test]
fn one_asks_for_the_code_and_all_are_told_the_same_in_any_weather() {
    for weather in [None, Some(FOUL)] {
        let mut network = Network::new(4, 11).until_secure();
        if let Some(weather) = weather {
            network.set_weather(weather);
        }
        network.asks_code(2);
        network.run_until(60, |network| (0..4).all(|it| code(network, it).is_some()));
        let codes: Vec<_> = (0..4).map(|it| code(&network, it)).collect();
        assert!(codes.iter().all(|it| *it == codes[0]), "{codes:?}");
        // Nothing of it is a text.
        assert!((0..4).all(|it| network.read(it).is_empty()));
    }
}

#[test]
fn two_rooms_have_two_codes() {
    let codes = [1, 2].map(|seed| {
        let mut network = Network::new(2, seed).until_secure();
        network.asks_code(0);
        network.run_until(60, |network| code(network, 0).is_some());
        code(&network, 0)
    });
    assert_ne!(codes[0], codes[1]);
}

#[test]
fn what_members_say_of_trust_is_ordered_and_ends_like_texts() {
    let mut network = Network::new(3, 12).until_secure();
    network.asks_code(0);
    network.send(1, "hello");
    network.run_until(60, |network| {
        (0..3).all(|it| code(network, it).is_some() && !network.read(it).is_empty())
    });
    for member in 0..3 {
        network.leave(member);
    }
    let ended = |network: &Network, member: usize| {
        network.events[member].iter().find_map(|event| match event {
            Event::Ended(departure) => Some(*departure),
            _ => None,
        })
    };
    network.run_until(60, |network| (0..3).all(|it| ended(network, it).is_some()));
    for member in 0..3 {
        let departure = ended(&network, member).unwrap();
        assert!(departure.acknowledged && departure.transcripts_equal && departure.published);
        // Six messages of trust, a text, and three last ones.
        assert_eq!(departure.count, 10);
    }
}

#[test]
fn a_secret_is_the_same_for_both_or_for_neither_in_any_weather() {
    for weather in [None, Some(FOUL)] {
        let mut network = Network::new(3, 13).until_secure();
        if let Some(weather) = weather {
            network.set_weather(weather);
        }
        network.verify([0, 1], ["The Old Mill", " the old  mill"]);
        for member in [0, 1] {
            assert_eq!(result(&network, member), Some((SecretOutcome::Same, 0)));
        }
        network.verify([1, 2], ["the old mill", "the new mill"]);
        for member in [1, 2] {
            assert_eq!(
                result(&network, member),
                Some((SecretOutcome::Different, 1))
            );
        }
    }
}

#[test]
fn who_says_nothing_is_named_and_the_round_ends() {
    let mut network = Network::new(3, 14).until_secure();
    network.kill(2);
    network.asks_code(0);
    let dead = network.keys[2];
    let failed = |network: &Network, member: usize| {
        network.events[member].iter().find_map(|event| match event {
            Event::CodeFailed {
                why, who, tries, ..
            } => Some((*why, who.clone(), *tries)),
            _ => None,
        })
    };
    network.run_until(100, |network| {
        (0..2).all(|it| failed(network, it).is_some())
    });
    for member in 0..2 {
        let (why, who, tries) = failed(&network, member).unwrap();
        assert_eq!(tries, 1);
        // The others may go on without it before a minute is over.
        match why {
            CodeFailure::Missing => assert_eq!(who, [dead]),
            _ => assert_eq!((why, who.len()), (CodeFailure::EpochChanged, 0)),
        }
        assert_eq!(code(&network, member), None);
    }
}

#[test]
fn fresh_keys_end_what_is_open() {
    let mut network = Network::new(2, 15).until_secure();
    let (key, asked) = (network.keys[1], secret("the old mill"));
    let room = &mut network.rooms[0];
    room.verify_start(network.now, key, &asked, "", &mut network.rng)
        .unwrap();
    network.collect(0);
    network.run_for(2);
    network.rooms[0].refresh(network.now);
    network.collect(0);
    network.run_until(60, |network| (0..2).all(|it| result(network, it).is_some()));
    for member in 0..2 {
        let result = result(&network, member);
        assert_eq!(result, Some((SecretOutcome::EpochChanged, 0)));
    }
    // And in the new epoch there is a code for the asking.
    network.run_for(5);
    network.asks_code(1);
    network.run_until(60, |network| (0..2).all(|it| code(network, it).is_some()));
}

#[test]
fn what_cannot_be_found_out_is_an_error_of_the_caller() {
    let mut network = Network::new(2, 16);
    let (key, asked) = (network.keys[1], secret("the old mill"));
    let start = |network: &mut Network, key, question: &str| {
        let room = &mut network.rooms[0];
        let started = room.verify_start(network.now, key, &asked, question, &mut network.rng);
        started.map(drop)
    };
    assert_eq!(start(&mut network, key, ""), Err(VerifyError::NotSecure));
    let asked_code = network.rooms[0].room_code(network.now, &mut network.rng);
    assert_eq!(asked_code, Err(VerifyError::NotSecure));
    let mut network = network.until_secure();
    network.run_for(5);
    let (me, stranger) = (
        network.keys[0],
        mpotr_core::crypto::IdentityKey::new([9; 32]),
    );
    assert_eq!(start(&mut network, me, ""), Err(VerifyError::Yourself));
    assert_eq!(
        start(&mut network, stranger, ""),
        Err(VerifyError::NoSuchMember)
    );
    let long = "a".repeat(256);
    assert_eq!(
        start(&mut network, key, &long),
        Err(VerifyError::LongQuestion)
    );
    assert_eq!(start(&mut network, key, &long[1..]), Ok(()));
    assert_eq!(start(&mut network, key, ""), Err(VerifyError::Busy));
}
