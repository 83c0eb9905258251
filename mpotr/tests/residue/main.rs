//! What is left in memory of an epoch's secrets: an image of the process is searched for every one of them.
//!
//! The test plays the one who seizes a device. It has the image, all packets, and, to know what to look for, each member's
//! identity and draws of randomness: from these it computes the secrets by itself, as the specification has them. It does so
//! after the image was taken, and wipes them before the next one. So nothing in the library helps it.
//!
//! Out of its sight are registers, and the stack below what runs, which it overwrites first: what a library leaves there is gone
//! with the next deep call (SECURITY.md, "What is not promised").

#![cfg(test)]
#![expect(
    clippy::arithmetic_side_effects,
    clippy::print_stderr,
    clippy::wildcard_enum_match_arm,
    reason = "a test: it counts members and packets, looks at a few kinds of them, and says when it cannot run"
)]

use std::sync::{Mutex, PoisonError};

mod image;
mod light;
mod rooms;
mod secrets;

use mpotr::room::{Duration, Timers};
use mpotr::{Backend, Rekey, SuiteError, SuiteVisitor};
use mpotr_core::crypto::{CryptoSuite, SuiteId, zeroize::Zeroizing};
use mpotr_core::gka::{AgreementId, AuthenticationId, Methods};

use image::Image;
use rooms::Rooms;
use secrets::{Kind, Needle};

/// Every scene of a room's life.
struct Life {
    methods: Methods,
}

impl SuiteVisitor for Life {
    type Output = ();

    fn visit<S: CryptoSuite>(self) {
        let mut rooms = Rooms::<S>::new(3, self.methods, Rekey::Full, &Timers::RELAY);
        rooms.until_secure(1);
        rooms.talk();
        let scene = format!("{} {:?} {:?}", S::BACKEND, S::ID, self.methods);

        // All messages are final, and the epoch goes on.
        let needles = rooms.secrets_of(0);
        expect(
            &format!("{scene}, in the first epoch"),
            needles,
            |needle| match needle.kind {
                Kind::Identity => Some(Found::Once),
                Kind::Running | Kind::Writing => Some(Found::Somewhere),
                Kind::Signing => Some(Found::Somewhere),
                Kind::Derived => None,
                Kind::Spent => Some(Found::Nowhere),
            },
        );

        // The next epoch has begun, and the first one is drained: its members have published what signed for it.
        rooms.refresh();
        rooms.until_secure(2);
        rooms.talk();
        rooms.until_drained();
        expect_gone(&format!("{scene}, after the first epoch"), &rooms, 0);

        // A member leaves alone: what signed for the second epoch is never published.
        rooms.leave(2);
        rooms.until_secure(3);
        rooms.talk();
        rooms.until_drained();
        assert!(!rooms.is_published(1), "{scene}");
        expect_gone(&format!("{scene}, after the second epoch"), &rooms, 1);

        // The others end together, just after another epoch has begun: the one before is not drained yet.
        rooms.refresh();
        rooms.until_secure(4);
        rooms.talk();
        rooms.leave(0);
        rooms.leave(1);
        rooms.until_ended();
        expect_gone(&format!("{scene}, after the third epoch"), &rooms, 2);
        expect_gone(&format!("{scene}, after the last epoch"), &rooms, 3);

        rooms.close();
        expect(
            &format!("{scene}, after all"),
            rooms.secrets_of(3),
            |needle| match needle.kind {
                Kind::Signing | Kind::Derived => None,
                Kind::Identity | Kind::Running | Kind::Writing | Kind::Spent => {
                    Some(Found::Nowhere)
                }
            },
        );
    }
}

/// An epoch in which something is never final, as members may bring about.
struct Delay;

impl SuiteVisitor for Delay {
    type Output = ();

    fn visit<S: CryptoSuite>(self) {
        let methods = Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::GroupProof);
        // Nobody asks for another epoch meanwhile.
        let long = Duration::from_secs(10_000);
        let timers = Timers {
            refresh: long,
            silent: long,
            heartbeat: long,
            expire: Duration::from_secs(60),
            ..Timers::RELAY
        };
        let mut rooms = Rooms::<S>::new(3, methods, Rekey::Full, &timers);
        rooms.until_secure(1);
        rooms.talk();
        rooms.cut_off();
        rooms.say(0);
        let age = |needle: &Needle, writing| match needle.kind {
            Kind::Identity => Some(Found::Once),
            Kind::Running | Kind::Signing => Some(Found::Somewhere),
            Kind::Derived => None,
            Kind::Writing => Some(writing),
            Kind::Spent => Some(Found::Nowhere),
        };
        let scene = format!("{} {:?}", S::BACKEND, S::ID);
        expect(
            &format!("{scene}, before keys expire"),
            rooms.secrets_of(0),
            |needle| age(needle, Found::Somewhere),
        );
        rooms.until_expired(timers.expire);
        expect(
            &format!("{scene}, after keys have expired"),
            rooms.secrets_of(0),
            |needle| age(needle, Found::Nowhere),
        );
        // What is said now waits for another epoch, and is dropped.
        rooms.say(0);
        let is_text = |needle: &Needle| needle.name.starts_with("text");
        expect(
            &format!("{scene}, waiting"),
            rooms.secrets_of(0),
            |needle| (needle.name == rooms.last_said()).then_some(Found::Somewhere),
        );
        rooms.leave(0);
        expect(
            &format!("{scene}, dropped"),
            rooms.secrets_of(0),
            |needle| is_text(needle).then_some(Found::Nowhere),
        );
    }
}

/// An epoch that goes on without one of its members, which abandons it when it hears of that.
struct Abandoned;

impl SuiteVisitor for Abandoned {
    type Output = ();

    fn visit<S: CryptoSuite>(self) {
        let methods = Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::GroupProof);
        // Keys do not expire meanwhile, and who hears nothing does not go on alone.
        let long = Duration::from_secs(10_000);
        let timers = Timers {
            silent: long,
            expire: long,
            ..Timers::RELAY
        };
        let mut rooms = Rooms::<S>::new(3, methods, Rekey::Full, &timers);
        rooms.until_secure(1);
        rooms.talk();
        rooms.go_on_without(2);
        let scene = format!("{} {:?}", S::BACKEND, S::ID);
        let age = |needle: &Needle, writing| match needle.kind {
            Kind::Identity => Some(Found::Once),
            // Each member has its own, and one of them has the epoch still.
            Kind::Running | Kind::Signing | Kind::Derived => None,
            Kind::Writing => Some(writing),
            Kind::Spent => Some(Found::Nowhere),
        };
        let needles = rooms.secrets_of(0);
        expect(&format!("{scene}, cut off"), needles, |needle| {
            // What wrote its own last text went with it.
            age(needle, Found::Somewhere).filter(|_| !needle.name.starts_with("message key 2"))
        });
        rooms.until_behind(2);
        // It still answers those who are behind, and neither writes nor opens a text.
        let needles = rooms.secrets_of(0);
        expect(&format!("{scene}, left behind"), needles, |needle| {
            age(needle, Found::Nowhere)
        });
        rooms.until_drained();
        expect_gone(&format!("{scene}, after it"), &rooms, 0);
    }
}

/// An epoch that a light run leads to, and one that a light run leads to by which a member is left out.
struct Light;

impl SuiteVisitor for Light {
    type Output = ();

    fn visit<S: CryptoSuite>(self) {
        let methods = Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::GroupProof);
        let mut rooms = Rooms::<S>::new(3, methods, Rekey::Light, &Timers::RELAY);
        rooms.until_secure(1);
        rooms.talk();
        rooms.refresh();
        rooms.until_secure(2);
        rooms.talk();
        let scene = format!("{} {:?}", S::BACKEND, S::ID);
        // The epoch before answers still: what the run took from it is gone when it is installed.
        let installed = |needle: &Needle| match needle.kind {
            Kind::Identity => Some(Found::Once),
            Kind::Running => Some(Found::Somewhere),
            Kind::Signing | Kind::Derived | Kind::Writing => None,
            Kind::Spent => Some(Found::Nowhere),
        };
        let name = format!("{scene}, after a light run");
        expect(&name, rooms.secrets_of_light_run(1), installed);
        rooms.exclude(0, 2);
        rooms.until_secure(3);
        rooms.talk();
        let name = format!("{scene}, after a light run by which one was left out");
        expect(&name, rooms.secrets_of_light_run(2), installed);
        rooms.close();
        for run in 1..3 {
            let name = format!("{scene}, after all");
            expect(&name, rooms.secrets_of_light_run(run), |_| {
                Some(Found::Nowhere)
            });
        }
    }
}

/// Where a secret should be.
#[derive(Clone, Copy, Debug)]
enum Found {
    Nowhere,
    Once,
    Somewhere,
}

/// Nothing is left of an epoch but the identities of its members, and what was published.
fn expect_gone<S: CryptoSuite>(scene: &str, rooms: &Rooms<S>, epoch: usize) {
    let is_published = rooms.is_published(epoch);
    expect(scene, rooms.secrets_of(epoch), |needle| match needle.kind {
        Kind::Identity => Some(Found::Once),
        Kind::Signing | Kind::Derived if is_published => None,
        Kind::Signing | Kind::Derived | Kind::Running | Kind::Writing | Kind::Spent => {
            Some(Found::Nowhere)
        }
    });
}

/// Takes an image, then computes what to look for, and looks for it.
fn expect(
    scene: &str,
    needles: impl FnOnce() -> Vec<Needle>,
    expected: impl Fn(&Needle) -> Option<Found>,
) {
    overwrite_stack();
    let image = Image::take();
    let needles = needles();
    assert!(needles.len() > 20, "{scene}: {} secrets", needles.len());
    let places = image.search(&needles);
    let mut wrong = Vec::new();
    for (needle, places) in needles.iter().zip(&places) {
        let fits = match expected(needle) {
            None => true,
            Some(Found::Nowhere) => places.is_empty(),
            Some(Found::Once) => places.len() == 1,
            Some(Found::Somewhere) => !places.is_empty(),
        };
        if !fits {
            wrong.push(format!(
                "{} ({:?}): {places:?}, expected {:?}",
                needle.name,
                needle.kind,
                expected(needle)
            ));
        }
    }
    assert!(wrong.is_empty(), "{scene}:\n{}", wrong.join("\n"));
}

/// Writes over what earlier calls left below.
#[inline(never)]
fn overwrite_stack() {
    let mut below = [0x55_u8; 700 * 1024];
    std::hint::black_box(&mut below);
}

/// Two tests at a time would find each other's images.
static ALONE: Mutex<()> = Mutex::new(());

/// On another system there is no image to search: said loudly, in the only way that a test has.
fn is_searchable() -> bool {
    let searchable = cfg!(target_os = "linux");
    if !searchable {
        eprintln!(
            "SKIPPED: an image of a process is taken on Linux alone; erasure is NOT tested here"
        );
    }
    searchable
}

#[test]
fn no_secret_of_a_finished_epoch_is_left_in_memory() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    if !is_searchable() {
        return;
    }
    let defaults = Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::GroupProof);
    let naive = Methods::new(AgreementId::Pairwise, AuthenticationId::TripleDh);
    for backend in Backend::available() {
        for (suite, methods) in [
            (SuiteId::ChaCha20Poly1305, defaults),
            (SuiteId::ChaCha20Poly1305, naive),
            (SuiteId::Aes256Gcm, defaults),
        ] {
            match backend.visit(suite, Life { methods }) {
                Ok(()) => {}
                Err(SuiteError::Unsupported(unsupported)) => eprintln!("SKIPPED: {unsupported}"),
                Err(error) => panic!("{error}"),
            }
        }
    }
}

#[test]
fn no_key_of_a_message_outlives_expire() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    if !is_searchable() {
        return;
    }
    for backend in Backend::available() {
        backend.visit(SuiteId::ChaCha20Poly1305, Delay).unwrap();
    }
}

#[test]
fn an_epoch_that_went_on_without_a_member_leaves_it_no_key_of_a_message() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    if !is_searchable() {
        return;
    }
    for backend in Backend::available() {
        let scene = backend.visit(SuiteId::ChaCha20Poly1305, Abandoned);
        scene.unwrap();
    }
}

#[test]
fn erased_after_light_install() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    if !is_searchable() {
        return;
    }
    for backend in Backend::available() {
        backend.visit(SuiteId::ChaCha20Poly1305, Light).unwrap();
    }
}

#[test]
fn a_secret_that_is_left_is_found() {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    if !is_searchable() {
        return;
    }
    // Half of it overwritten, as the allocator does to what is freed.
    let secret = || (0_u8..32).map(|byte| byte.wrapping_mul(151) ^ 0x5a);
    let planted: Zeroizing<Vec<u8>> = Zeroizing::new(
        std::iter::repeat_n(0, 16)
            .chain(secret().skip(16))
            .collect(),
    );
    overwrite_stack();
    let image = Image::take();
    std::hint::black_box(&planted);
    let needles = [
        Needle::new("planted", Kind::Spent, &secret().collect::<Vec<_>>()),
        Needle::new(
            "not planted",
            Kind::Spent,
            &secret().map(|byte| !byte).collect::<Vec<_>>(),
        ),
    ];
    let places = image.search(&needles);
    assert_eq!(places[0].len(), 1, "{places:?}");
    assert!(places[1].is_empty(), "{places:?}");
}
