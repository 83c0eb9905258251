//! A ledger by hand, to show that what is checked of it can fail.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_core::crypto::{IdentityKey, IdentityKeyPair};
use mpotr_core::gka::{RoomId, Sid};
use mpotr_core::{Admission, EpochName, Event, MemberInfo, Policy, RoomConfig, TextId, Timestamp};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use super::{Ledger, Person};
use crate::cast::Entrance;
use crate::invariant::Seen;
use crate::member::SeededRoom;
use crate::party::{Party as _, Seat};
use crate::script::Role;

pub(crate) const fn identity(number: u8) -> IdentityKey {
    IdentityKey::new([number; 32])
}

pub(crate) const fn sid(epoch: u8) -> Sid {
    Sid::new([epoch; 32])
}

/// A member is told of an epoch that follows another, 0 for none, and has this roster.
pub(crate) fn secure(epoch: u8, parent: u8, roster: &[u8]) -> Event {
    let name = |epoch| EpochName::new([epoch; 16]);
    let member = |number: &u8| MemberInfo {
        identity: identity(*number),
        is_me: false,
    };
    Event::Secure {
        sid: sid(epoch),
        name: name(epoch),
        parent: (parent > 0).then(|| name(parent)),
        roster: roster.iter().map(member).collect(),
    }
}

/// What a room names a text by.
pub(crate) fn a_text() -> TextId {
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let mut room = SeededRoom::<Suite>::enter(Entrance {
        role: Role::Honest,
        config: RoomConfig::new(RoomId::new([1; 32]), Admission::Only([identity(2)].into())),
        identity: IdentityKeyPair::random::<Suite>(&mut rng),
        now: Timestamp::default(),
        seed: 1,
    })
    .unwrap();
    room.send(Timestamp::default(), b"text").unwrap()
}

impl Ledger {
    /// So many honest people, whose identities are their seats.
    pub(crate) fn of_people(count: u8) -> Self {
        let mut ledger = Self::default();
        for number in 0..count {
            let person = Person::enters(identity(number), Policy::default(), true);
            ledger.people.push(person);
        }
        ledger
    }

    /// All of these install an epoch.
    pub(crate) fn all_install(&mut self, seats: &[u8], epoch: &Event) {
        for seat in seats {
            self.note(Seat(usize::from(*seat)), epoch, None, None);
        }
    }

    /// Whether this could be told to a member now.
    pub(crate) fn allows(
        &self,
        seat: u8,
        event: &Event,
        check: fn(&Seen<'_>) -> Result<(), String>,
    ) -> bool {
        let seen = Seen {
            seat: Seat(usize::from(seat)),
            event,
            key: None,
            successor: None,
            leaves_epoch: matches!(event, Event::Secure { .. }),
            before: self,
        };
        check(&seen).is_ok()
    }
}
