//! What comes out of a party is noted and checked.

use std::rc::Rc;

use mpotr_core::crypto::Digest32;
use mpotr_core::gka::Sid;
use mpotr_core::wire::{
    Bundle, EpochHint, EpochName, LightPacket, Packet, PacketKind, SEALED_PREFIX, SidHint,
};
use mpotr_core::{Event, TextId};

use super::World;
use crate::invariant::{self, Seen, Watch, honest_loss, reasons};
use crate::party::{Act, Seat};
use crate::script::Role;

impl World {
    /// Takes out what a party wants to send and to say, and checks it; whether it said anything that counts.
    pub(super) fn collect(&mut self, seat: Seat) -> bool {
        let Some(place) = self.places.get_mut(seat.0) else {
            return false;
        };
        let is_honest = place.role == Role::Honest;
        let mut events = Vec::new();
        while let Some(event) = place.party.event() {
            events.push(event);
        }
        for event in events.iter().filter(|_| is_honest) {
            // People want to be in one room.
            if let Event::OtherEpoch { name, .. } = event
                && self.merges
            {
                place.party.act(self.now, Act::Merge(*name));
                let merges = self.ledger.merges.entry(seat).or_default();
                merges.insert(*name);
            }
            if let Event::WantsIn { claimed } = event
                && self.ledger.knows(claimed)
            {
                place.party.act(self.now, Act::Admit(*claimed));
            }
        }
        if let Some(digests) = &mut self.digests {
            for event in &events {
                digests.note_event(self.now, seat, event);
            }
        }
        let key = place.party.export();
        if is_honest {
            let held = place.party.epochs_held();
            self.ledger.now = self.now;
            self.note_cut();
            self.look_for_reasons(seat);
            self.note_events(seat, &events, key);
            if let Some(person) = self.ledger.person_mut(seat) {
                reasons::note(self.now, person);
            }
            self.ledger.note_held(seat, &held);
            self.answer(seat, &events);
        }
        self.let_go(seat, is_honest);
        self.watch_line(seat);
        if let Some(place) = self.places.get_mut(seat.0) {
            place.wake = place.party.next_wake();
            place.views = place.party.views().max(place.views);
        }
        is_honest && !events.is_empty()
    }

    /// Whether the person behind a seat has waited for too long without being told why.
    fn look_for_reasons(&mut self, seat: Seat) {
        if !self.ledger.watched.contains(&Watch::Reasons) {
            return;
        }
        if let Err(what) = reasons::check(self.now, &self.ledger, seat) {
            if let Some(person) = self.ledger.person_mut(seat) {
                person.unexplained = None;
            }
            self.breach(Watch::Reasons.name(), format!("{seat} {what}"));
        }
    }

    /// The person behind a seat does what follows from what it was told.
    fn answer(&mut self, seat: Seat, events: &[Event]) {
        let held: Vec<_> = events.iter().filter_map(held).collect();
        for text_id in &held {
            self.decide(seat, *text_id);
        }
        let is_secure = events.iter().any(|it| matches!(it, Event::Secure { .. }));
        if is_secure {
            self.say_at_last(seat);
        }
        if is_secure || !held.is_empty() {
            self.collect(seat);
        }
    }

    /// Sends what a party wants to send, while its line is free.
    fn let_go(&mut self, seat: Seat, is_honest: bool) {
        loop {
            let free = self.line_is_free(seat);
            let Some(place) = self.places.get_mut(seat.0) else {
                return;
            };
            place.free = free.err();
            if place.free.is_some() {
                return;
            }
            let Some(transmit) = place.party.transmit() else {
                return;
            };
            if let Some(digests) = &mut self.digests {
                digests.note_packet(self.now, seat, &transmit);
            }
            let packet: Rc<[u8]> = transmit.packet.into();
            if is_honest || self.trace.is_kept() {
                // What does not come apart is looked at as it is.
                let bundled = Bundle::split(&packet).unwrap_or_else(|_| vec![&packet]);
                for packet in bundled {
                    if let Some(hint) = sealed_hint(packet).filter(|_| is_honest) {
                        self.ledger.note_signed(seat, &hint);
                    }
                    let place = self.places.get(seat.0);
                    let opened = place.and_then(|place| place.party.opened(packet));
                    let is_clear = opened.is_none();
                    let inside = opened.as_deref().unwrap_or(packet);
                    self.note_packet(seat, inside, is_honest, is_clear);
                }
            }
            self.count(seat, &packet);
            self.carry(seat, transmit.audience, packet);
        }
    }

    fn note_events(&mut self, seat: Seat, events: &[Event], key: Option<[u8; 32]>) {
        // Who has all other confirmations confirms and installs in one moment, and what it sends is looked at after what it is
        // told.
        for (index, event) in events.iter().enumerate() {
            if let Event::Secure { sid, name, .. } = event {
                self.ledger.note_name(sid, *name);
                if !begins_here(events, index) {
                    self.note_whole_run(seat, sid);
                }
            } else if let Event::Published { sid } = event {
                self.ledger.note_publication(seat, *sid);
            }
        }
        let last = events
            .iter()
            .rposition(|event| matches!(event, Event::Secure { .. }));
        for (index, event) in events.iter().enumerate() {
            // One that is alone contributes, confirms and installs in one moment, after what it was told before.
            if matches!(event, Event::Agreeing { .. })
                && let Some(sid) = next_epoch(events, index)
            {
                self.note_whole_run(seat, &sid);
            }
            let key = key.filter(|_| Some(index) == last);
            if self.trace.is_kept() {
                self.trace
                    .note(self.now, seat, format_args!("is told {event:?}"));
            }
            let later = events.iter().skip(index);
            let leaves_epoch = later.clone().any(|event| {
                let ends = [Event::Behind, Event::Removed].contains(event);
                ends || matches!(event, Event::Secure { .. } | Event::Ended(_))
            });
            let successor = later.into_iter().find_map(|event| {
                let Event::Secure { sid, .. } = event else {
                    return None;
                };
                Some(*sid)
            });
            let seen = Seen {
                seat,
                event,
                key,
                successor,
                leaves_epoch,
                before: &self.ledger,
            };
            let breaches = invariant::check(self.now, &seen);
            let lost = honest_loss::lost(&seen).len();
            let lost = u64::try_from(lost).unwrap_or(u64::MAX);
            self.ledger.honest_lost = self.ledger.honest_lost.saturating_add(lost);
            for breach in breaches {
                self.note_breach(breach);
            }
            self.ledger.note(seat, event, key, successor);
            if let Event::Secure { sid, parent, .. } = event {
                self.note_views(seat, *sid, *parent);
            }
        }
        if last.is_some() {
            self.ledger.note_whole();
            self.ledger.settle_changes();
        }
    }

    /// A member contributes to the run of this epoch, and confirms it, now at the latest.
    fn note_whole_run(&mut self, seat: Seat, sid: &Sid) {
        let run = self.ledger.run_of(sid);
        self.ledger.note_contribution(seat, run);
        self.ledger.note_confirmation(seat, run);
    }

    /// How many views the epoch took that a member has just installed.
    fn note_views(&mut self, seat: Seat, sid: Sid, parent: Option<EpochName>) {
        let Some(place) = self.places.get_mut(seat.0) else {
            return;
        };
        let views = place.views.take().unwrap_or(1);
        if parent.is_some() {
            let most = self.ledger.views.entry(sid).or_default();
            *most = views.max(*most);
        }
    }

    /// Notes who answered in which light run, and who shared.
    fn note_light(&mut self, seat: Seat, packet: &LightPacket, is_honest: bool) {
        let run_of = |seed: &Digest32| SidHint::of(&Sid::new(*seed.as_bytes()));
        match packet {
            LightPacket::Seed(seed) => {
                let handle = *seed.body().terms.handle.as_bytes();
                self.ledger.note_seed(seat, EpochName::new(handle));
            }
            LightPacket::Freeze(freeze) => {
                let (run, sender) = (run_of(&freeze.body().seed), freeze.body().sender);
                self.ledger.note_freeze(seat, run);
                if is_honest && self.ledger.is_author(seat, (run, 1, sender.get())) {
                    self.ledger.note_contribution(seat, run);
                }
            }
            LightPacket::Share(share) => {
                let (run, sender) = (run_of(&share.body().seed), share.body().sender);
                if is_honest && self.ledger.is_author(seat, (run, 2, sender.get())) {
                    self.ledger.note_confirmation(seat, run);
                }
            }
            LightPacket::Cut(_) | LightPacket::Joint(_) | LightPacket::Object(_) => {}
        }
    }

    /// Notes who contributed to which run: who is listed there, as an instance; and checks what is published.
    fn note_packet(&mut self, seat: Seat, bytes: &[u8], is_honest: bool, is_clear: bool) {
        let is_noted = matches!(
            PacketKind::of(bytes),
            Some(
                PacketKind::Contribution
                    | PacketKind::Confirmation
                    | PacketKind::Reveal
                    | PacketKind::Light
            )
        );
        if !is_noted && !self.trace.is_kept() {
            return;
        }
        let Ok(packet) = Packet::from_bytes(bytes) else {
            return;
        };
        self.trace.note(
            self.now,
            seat,
            format_args!("sends {}, {} bytes", describe(&packet), bytes.len()),
        );
        if let Packet::Light(packet) = &packet {
            self.note_light(seat, packet, is_honest);
        }
        if !is_honest {
            return;
        }
        if let (true, Packet::Contribution(hint, _) | Packet::Confirmation(hint, _)) =
            (is_clear, &packet)
        {
            self.ledger.clear_runs.insert(*hint);
        }
        // Any holder sends what another lacks once more.
        if let Packet::Contribution(hint, it) = &packet {
            if self.ledger.is_author(seat, (*hint, 1, it.sender.get())) {
                self.ledger.note_contribution(seat, *hint);
                self.ledger.note_place(seat, *hint, it.sender);
            }
        } else if let Packet::Confirmation(hint, it) = &packet {
            // That of an insider is sent by honest members alone, as far as is noted here.
            if self.ledger.has_place(seat, *hint, it.sender) {
                self.ledger.note_confirmation(seat, *hint);
            }
        } else if let Packet::Reveal(reveal) = &packet {
            self.ledger.note_published(seat, reveal.hint);
            self.breaches.extend(invariant::check_reveal(
                self.now,
                &self.ledger,
                seat,
                &reveal.hint,
            ));
            self.ledger.note_reveal(seat, reveal.hint);
        }
    }
}

/// The epoch that is installed by one of these events after this one, if another run does not begin before that.
fn next_epoch(events: &[Event], index: usize) -> Option<Sid> {
    let mut later = events.iter().skip(index.saturating_add(1));
    let next = later.find(|it| matches!(it, Event::Secure { .. } | Event::Agreeing { .. }));
    match next {
        Some(Event::Secure { sid, .. }) => Some(*sid),
        _ => None,
    }
}

/// Whether the run of the epoch that this event tells of has begun with one of the events before it.
fn begins_here(events: &[Event], index: usize) -> bool {
    let mut earlier = events.iter().take(index).rev();
    let before = earlier.find(|it| matches!(it, Event::Secure { .. } | Event::Agreeing { .. }));
    matches!(before, Some(Event::Agreeing { .. }))
}

/// The text that is held, if this tells of one.
const fn held(event: &Event) -> Option<TextId> {
    if let Event::Held { text_id, .. } = event {
        Some(*text_id)
    } else {
        None
    }
}

/// Of a sealed packet, the epoch.
fn sealed_hint(packet: &[u8]) -> Option<EpochHint> {
    let rest = packet.strip_prefix(&SEALED_PREFIX)?;
    rest.first_chunk().copied().map(EpochHint::new)
}

/// A packet in a few words.
fn describe(packet: &Packet) -> String {
    let run = |hint: &SidHint| hint.to_string();
    let parent = |name: Option<EpochName>| name.unwrap_or(EpochName::new([0; 16]));
    match packet {
        Packet::Offer(offer) => format!("an offer to follow {}", parent(offer.parent)),
        Packet::Proposal(proposal) => {
            let host = proposal
                .host
                .map(|host| format!(", to go over into {host}"));
            format!(
                "a proposal of {} to follow {} in view {}{}",
                proposal.offers.len(),
                parent(proposal.parent),
                proposal.view,
                host.unwrap_or_default()
            )
        }
        Packet::Contribution(hint, it) => {
            format!("the contribution of member {} to {}", it.sender, run(hint))
        }
        Packet::Confirmation(hint, it) => {
            format!("the confirmation of member {} of {}", it.sender, run(hint))
        }
        Packet::Sealed(sealed) => format!("a sealed packet of {}", sealed.hint()),
        Packet::Request(request) => format!("a request: {:?}", request.wanted),
        Packet::Advert(advert) => format!("an advert of {}", advert.name),
        Packet::Reveal(reveal) => format!("its secrets in {}", reveal.hint),
        Packet::Heard(heard) => format!("to have heard {} offers", heard.entries.len()),
        Packet::Guests(guests) => format!(
            "a list of {} who go over into {}",
            guests.offers.len(),
            guests.host
        ),
        Packet::Knock(knock) => format!("a knock: {}", knock.nonce),
        Packet::Hello(challenge) => format!(
            "a challenge of {} in view {}",
            challenge.epoch, challenge.view
        ),
        Packet::Enclosed(enclosed) => format!("a packet enclosed in {}", enclosed.hint),
        Packet::Light(packet) => format!("a packet of a light run: {:?}", packet.step()),
        Packet::Answer(answer) => format!("an answer, to follow {}", parent(answer.offer.parent)),
        Packet::JoinRequest(it) => format!("a request to come into {}", it.handle),
        Packet::Welcome(it) => format!("a welcome to {}", it.handle),
        Packet::Ready(it) => format!("to be ready for place {} of {}", it.joiner, it.handle),
    }
}
