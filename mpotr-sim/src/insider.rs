//! Members that deviate. Each runs a real room, and changes what that room hears or what leaves it; all know the
//! secrets of their own offers, and may say one thing to some and another to others.
//!
//! | file | what it does |
//! |---|---|
//! | `silent` | never sends packets of one kind |
//! | `abstains` | never again, once it is in an epoch |
//! | `wrong_share` | a random element in place of its share of the key agreement, signed |
//! | `two_contributions` | another contribution to each half of the room, both signed |
//! | `two_confirmations` | another confirmation to each half, both signed |
//! | `twins` | two rooms with one set of keys, one for each half: two proposals of one view, or two texts in one place |
//! | `hoard` | writes what it sends to nobody, and names it in every cut |
//! | `torn` | what some accept and others are meant never to |
//! | `hops` | leaves in every change, and comes back at once |
//! | `light_liar` | in light runs, something else or nothing: signed, in another's name, or to some |
//! | `late_share` | in light runs, its SHARE when the next view is about to end |
//! | `replay` | sends again whatever it has heard, at any time |
//! | `shun` | does not hear one member, and asks for the exclusion of all others |

mod abstains;
mod hoard;
mod hops;
mod knowledge;
mod late_share;
mod light_liar;
mod replay;
mod shun;
mod silent;
mod torn;
mod twins;
mod two_confirmations;
mod two_contributions;
mod wrong_share;

use std::collections::VecDeque;

use mpotr_core::crypto::{CryptoSuite, UnsupportedSuite};
use mpotr_core::wire::{Bundle, Packet};
use mpotr_core::{Event, TextId, Timestamp};

use crate::cast::Entrance;
use crate::member::SeededRoom;
use crate::party::{Act, Audience, Party, Seat, Transmit};
use knowledge::Knowledge;
pub use silent::Withheld;
pub use torn::Tear;

/// How a member deviates.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum InsiderKind {
    /// Never sends packets of one kind.
    Silent(Withheld),
    /// Sends no more packets of one kind, once it is in an epoch.
    Abstains(Withheld),
    /// Contributes a random element in place of its share.
    WrongShare,
    /// Contributes differently to each half of the room.
    TwoContributions,
    /// Confirms differently to each half of the room.
    TwoConfirmations,
    /// Runs two rooms with one set of keys, each for half of the others.
    Twins,
    /// Writes another text in one place for each half of the room, as soon as it writes.
    TwoTexts,
    /// Writes what some accept and others are meant never to, when it is asked to write.
    Torn(Tear),
    /// Writes what it sends to nobody, when it is asked to write.
    Hoard,
    /// Leaves at some moment of every change, and comes back at once.
    Hops,
    /// Says in light runs what is wrong, in one way after the other.
    LightLiar,
    /// Holds back what would end a light run until the next one is about to end.
    LateShare,
    /// Sends again whatever it has heard.
    Replay,
    /// Does not hear one member, and asks for the exclusion of all others.
    Shun,
}

impl InsiderKind {
    /// Those that deviate from the beginning and whatever they are asked to do: all but [`InsiderKind::Abstains`],
    /// [`InsiderKind::TwoTexts`], [`InsiderKind::Torn`] and [`InsiderKind::Hoard`]; and [`InsiderKind::Hops`], which changes the
    /// room without an end; and [`InsiderKind::LightLiar`] and [`InsiderKind::LateShare`], which are for rooms that change by
    /// light runs.
    pub const ALL: [Self; 11] = [
        Self::Silent(Withheld::Offers),
        Self::Silent(Withheld::Proposals),
        Self::Silent(Withheld::Contributions),
        Self::Silent(Withheld::Confirmations),
        Self::Silent(Withheld::Sealed),
        Self::WrongShare,
        Self::TwoContributions,
        Self::TwoConfirmations,
        Self::Twins,
        Self::Replay,
        Self::Shun,
    ];

    /// Whether it signs two statements or messages for one place: honest members may then order differently.
    pub(crate) const fn equivocates(self) -> bool {
        matches!(self, Self::Twins | Self::TwoTexts | Self::Torn(_))
    }
}

/// How an insider deviates from the room that it runs.
pub(crate) trait Deviation<S: CryptoSuite> {
    /// What leaves instead of a packet of its room, which may be enclosed in the bytes that would leave.
    fn emit(&mut self, known: &Knowledge<S>, packet: &Packet, bytes: Vec<u8>) -> Vec<Transmit>;

    /// Whether its room gets to hear a packet.
    fn listens(&self, _from: Seat) -> bool {
        true
    }

    /// Whether its room gets to hear this one, which may have come enclosed.
    fn hears(&self, _packet: &Packet) -> bool {
        true
    }

    /// What it sends because of a packet that it heard.
    fn overhear(&mut self, _packet: &[u8]) -> Option<Vec<u8>> {
        None
    }

    /// The same of what may have come enclosed.
    fn overhear_inside(&mut self, _packet: &Packet) -> Option<Vec<u8>> {
        None
    }

    /// Writes a text; `None` if it does not.
    fn write(&mut self, member: &mut SeededRoom<S>, now: Timestamp, text: &[u8]) -> Option<TextId> {
        member.send(now, text)
    }

    /// What it sends besides, after it has heard or written anything.
    fn add(&mut self, _member: &mut SeededRoom<S>) -> Vec<Transmit> {
        Vec::new()
    }

    /// What it asks of its room when another party enters.
    fn ask(&mut self, _known: &Knowledge<S>) -> Vec<Act> {
        Vec::new()
    }
}

const fn to(audience: Audience, packet: Vec<u8>) -> Transmit {
    Transmit { audience, packet }
}

/// To everyone, as it is.
fn everyone(packet: Vec<u8>) -> Vec<Transmit> {
    vec![to(Audience::Everyone, packet)]
}

/// One packet to each half of the room.
fn halves(even: Vec<u8>, odd: Vec<u8>) -> Vec<Transmit> {
    vec![to(Audience::Even, even), to(Audience::Odd, odd)]
}

/// A room, and a deviation that sits between it and the channel.
struct Insider<S: CryptoSuite> {
    member: SeededRoom<S>,
    known: Knowledge<S>,
    deviation: Box<dyn Deviation<S>>,
    out: VecDeque<Transmit>,
}

impl<S: CryptoSuite> Insider<S> {
    /// What its deviation makes of a packet that its room wants to send.
    fn emit(&mut self, bytes: &[u8]) {
        let opened = self.member.opened(bytes);
        let inside = opened.as_deref().unwrap_or(bytes);
        self.known.hear(inside);
        let Ok(packet) = Packet::from_bytes(inside) else {
            return;
        };
        if let Packet::Offer(offer) = &packet {
            self.known.recognise(offer, &mut self.member.draws);
        }
        let out = self.deviation.emit(&self.known, &packet, bytes.to_vec());
        self.out.extend(out);
    }
}

impl<S: CryptoSuite> Party for Insider<S> {
    fn hear(&mut self, now: Timestamp, from: Seat, packet: &[u8]) {
        let mut is_heard = self.deviation.listens(from);
        for packet in Bundle::split(packet).unwrap_or_default() {
            let opened = self.member.opened(packet);
            let inside = opened.as_deref().unwrap_or(packet);
            self.known.hear(inside);
            if let Ok(inside) = Packet::from_bytes(inside) {
                let echo = self.deviation.overhear_inside(&inside);
                self.out.extend(echo.into_iter().flat_map(everyone));
                is_heard &= self.deviation.hears(&inside);
            }
        }
        let echo = self.deviation.overhear(packet);
        self.out.extend(echo.into_iter().flat_map(everyone));
        if is_heard {
            self.member.hear(now, from, packet);
        }
        for act in self.deviation.ask(&self.known) {
            self.member.act(now, act);
        }
        self.out.extend(self.deviation.add(&mut self.member));
    }

    fn wake(&mut self, now: Timestamp) {
        self.member.wake(now);
    }

    fn next_wake(&self) -> Option<Timestamp> {
        self.member.next_wake()
    }

    fn transmit(&mut self) -> Option<Transmit> {
        loop {
            if let Some(transmit) = self.out.pop_front() {
                return Some(transmit);
            }
            let sent = self.member.packet()?;
            // Whatever a room sends decodes, and what travels together comes apart.
            for bytes in Bundle::split(&sent).unwrap_or_default() {
                self.emit(bytes);
            }
        }
    }

    fn event(&mut self) -> Option<Event> {
        self.member.event()
    }

    fn send(&mut self, now: Timestamp, text: &[u8]) -> Option<TextId> {
        let text_id = self.deviation.write(&mut self.member, now, text);
        self.out.extend(self.deviation.add(&mut self.member));
        text_id
    }

    fn decide(&mut self, now: Timestamp, text_id: TextId, leaves: bool) {
        self.member.decide(now, text_id, leaves);
    }

    fn act(&mut self, now: Timestamp, act: Act) {
        self.member.act(now, act);
    }

    fn export(&self) -> Option<[u8; 32]> {
        self.member.export()
    }

    fn has_ended(&self) -> bool {
        self.member.has_ended()
    }
}

/// An insider enters.
pub(crate) fn enter<S: CryptoSuite + 'static>(
    kind: InsiderKind,
    entrance: Entrance,
) -> Result<Box<dyn Party>, UnsupportedSuite> {
    let seed = entrance.seed;
    let deviation: Box<dyn Deviation<S>> = match kind {
        InsiderKind::Twins => {
            let part = twins::Part::within_a_minute(&entrance);
            return Ok(Box::new(twins::Twins::<S>::enter(entrance, part)?));
        }
        InsiderKind::TwoTexts => {
            let part = twins::Part::OnWriting;
            return Ok(Box::new(twins::Twins::<S>::enter(entrance, part)?));
        }
        InsiderKind::Hops => return Ok(Box::new(hops::Hops::<S>::enter(entrance)?)),
        InsiderKind::LateShare => Box::new(late_share::LateShare::new(seed)),
        InsiderKind::LightLiar => Box::new(light_liar::LightLiar::default()),
        InsiderKind::Hoard => Box::new(hoard::Hoard::default()),
        InsiderKind::Torn(tear) => Box::new(torn::Torn::new(tear)),
        InsiderKind::Silent(withheld) => Box::new(withheld),
        InsiderKind::Abstains(withheld) => Box::new(abstains::Abstains::new(withheld)),
        InsiderKind::WrongShare => Box::new(wrong_share::WrongShare::new(seed)),
        InsiderKind::TwoContributions => Box::new(two_contributions::TwoContributions),
        InsiderKind::TwoConfirmations => Box::new(two_confirmations::TwoConfirmations),
        InsiderKind::Replay => Box::new(replay::Replay::new(seed)),
        InsiderKind::Shun => Box::new(shun::Shun::new(entrance.identity.public())),
    };
    Ok(Box::new(Insider {
        member: SeededRoom::remembering(entrance)?,
        known: Knowledge::default(),
        deviation,
        out: VecDeque::new(),
    }))
}
