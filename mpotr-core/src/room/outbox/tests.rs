//! What leaves before what, what a newer packet replaces, and what travels together.

use mpotr_crypto::{Digest32, SignatureBytes};
use mpotr_gka::{
    Confirmation, Contribution, ContributionBody, EpochName, KeyStatement, MemberIndex,
    OfferDigest, RoomId,
};

use super::*;
use crate::epoch::Gist;
use crate::room::lobby::Lobby;
use crate::room::testing::{NOW, Suite, common};
use crate::wire::{
    Advert, EpochHint, Next, PacketKind, Presence, Request, Statement, VERSION, Wanted,
};

const RUN: SidHint = SidHint::new([7; 8]);
const HINT: [u8; 8] = [1; 8];

fn confirmation(sender: u16) -> Packet {
    let confirmation = Confirmation {
        sender: MemberIndex::new(sender),
        statement: KeyStatement {
            contributions: Digest32::new([1; 32]),
            key_commitment: Digest32::new([2; 32]),
        },
        sealed: vec![0; 64],
        signature: SignatureBytes::new([3; 64]),
    };
    Packet::Confirmation(RUN, confirmation)
}

fn contribution() -> Packet {
    let contribution = Contribution {
        sender: MemberIndex::new(0),
        body: ContributionBody {
            agreement: vec![0; 32],
            knowledge_share: vec![0; 32],
            inner_keys: Digest32::new([4; 32]),
        },
        signature: SignatureBytes::new([3; 64]),
    };
    Packet::Contribution(RUN, contribution)
}

/// An offer of the member of this seed, the first or a later one.
fn offer(member: u64, later: usize) -> Packet {
    let (common, mut rng) = common(member);
    let mut lobby = Lobby::<Suite>::new(&common.me, NOW);
    for _ in 0..=later {
        lobby.renew_offer(&common.me, NOW, None, &mut rng);
    }
    Packet::Offer(lobby.offering.own(None).unwrap().member.offer().clone())
}

fn request(n: u8) -> Packet {
    Packet::Request(Request {
        room: RoomId::new([0; 32]),
        wanted: Wanted::Offers(vec![OfferDigest::new([n; 32])]),
    })
}

fn advert(members: u16) -> Packet {
    Packet::Advert(Advert {
        room: RoomId::new([0; 32]),
        name: EpochName::new([1; 16]),
        members,
        earlier: Vec::new(),
    })
}

/// A packet of the epoch that begins as one does.
fn sealed(n: u8) -> Vec<u8> {
    let head = [VERSION, PacketKind::Sealed.code()];
    [&head[..], &HINT, &[n; 275]].concat()
}

fn stated(n: u8, change: impl FnOnce(&mut Statement)) -> Stated {
    let mut statement = Statement::empty(Presence::Present);
    change(&mut statement);
    Stated {
        packet: sealed(n),
        gist: Gist::of(EpochHint::new(HINT), &statement, None),
    }
}

fn plain(n: u8) -> Option<Stated> {
    Some(stated(n, |_| {}))
}

/// One that a newer one without a question does not make up for.
fn asking(n: u8) -> Option<Stated> {
    Some(stated(n, |it| it.presence = Presence::Asking))
}

fn of_change(n: u8, view: u32) -> Option<Stated> {
    let next = Next {
        view,
        ..Next::default()
    };
    Some(stated(n, |it| it.next = Some(next)))
}

fn bytes(packets: &[Packet]) -> Vec<Vec<u8>> {
    packets.iter().map(Packet::to_bytes).collect()
}

#[test]
fn confirmation_leaves_before_texts() {
    let mut out = Outbox::default();
    out.state(of_change(9, 0));
    out.write([sealed(1)]);
    out.pass_on([sealed(2)]);
    out.transmit(&offer(1, 0));
    out.transmit(&request(1));
    out.transmit_in_run::<Suite>(RUN, [contribution()], None);
    out.transmit_in_run::<Suite>(SidHint::new([8; 8]), [confirmation(0)], None);
    let mut expected = bytes(&[confirmation(0), contribution(), request(1), offer(1, 0)]);
    expected.extend([sealed(9), sealed(1), sealed(2)]);
    assert_eq!(out.drain(), expected);
    assert_eq!(out.queue.bytes(), 0);
}

#[test]
fn what_is_said_in_a_run_leaves_in_the_order_in_which_it_is_said() {
    let mut out = Outbox::default();
    let own = offer(1, 0);
    out.transmit(&own);
    out.transmit(&advert(3));
    let Packet::Offer(own_offer) = &own else {
        panic!("{own:?}");
    };
    out.use_offer(RUN, own_offer);
    out.transmit_in_run::<Suite>(RUN, [contribution()], None);
    // What was used is not replaced by the offer for the next run.
    out.transmit(&offer(1, 1));
    out.transmit_in_run::<Suite>(RUN, [confirmation(0)], None);
    let expected = [own, contribution(), confirmation(0), advert(3), offer(1, 1)];
    assert_eq!(out.drain(), bytes(&expected));
}

#[test]
fn newer_offer_or_advert_replaces_queued_one() {
    let mut out = Outbox::default();
    out.transmit(&offer(1, 0));
    out.transmit(&advert(2));
    // An answer is no newer offer of the one who gives it, and what is asked for twice leaves once.
    out.answer(&offer(2, 0));
    out.answer(&offer(2, 0));
    out.transmit(&advert(3));
    out.transmit(&offer(1, 1));
    let expected = [offer(2, 0), advert(3), offer(1, 1)];
    assert_eq!(out.drain(), bytes(&expected));
    assert_eq!(out.queue.bytes(), 0);
}

#[test]
fn newer_statement_replaces_queued_one() {
    let mut out = Outbox::default();
    out.state(plain(1));
    out.state(plain(2));
    assert_eq!(out.drain(), [sealed(2)]);
    // What a newer one does not say is not lost, and stays before it: nobody takes an older one after it.
    out.state(asking(3));
    out.state(plain(4));
    out.state(plain(5));
    assert_eq!(out.drain(), [sealed(3), sealed(5)]);
    // Where it leaves again, it does not leave twice.
    let again = plain(6);
    out.state(again.clone());
    out.state(again);
    assert_eq!(out.drain(), [sealed(6)]);
    assert_eq!(out.queue.bytes(), 0);
}

#[test]
fn a_text_makes_up_for_a_statement_that_only_acknowledges() {
    let mut out = Outbox::default();
    out.state(plain(1));
    out.write([sealed(2)]);
    assert_eq!(out.drain(), [sealed(2)]);
    // Not one that was sent before, which says nothing of what its author has seen since.
    out.state(plain(3));
    out.write_again([sealed(2)]);
    assert_eq!(out.drain(), [sealed(2), sealed(3)]);
    // And not one of another epoch.
    let mut elsewhere = sealed(4);
    elsewhere[2] ^= 1;
    out.state(plain(5));
    out.write([elsewhere.clone()]);
    assert_eq!(out.drain(), [elsewhere, sealed(5)]);
}

#[test]
fn texts_leave_in_order_and_before_statements_that_no_change_waits_for() {
    let mut out = Outbox::default();
    out.write([sealed(1)]);
    out.state(asking(2));
    let asks = out.queue.bytes();
    out.write([sealed(3), sealed(4)]);
    assert!(out.queue.bytes() > asks);
    // A change waits for this one. It takes effect after the texts before it, and those after it are not for its epoch's cut.
    out.state(of_change(5, 1));
    out.write([sealed(6)]);
    let left = out.drain();
    // The question is not lost: neither says what the other does, and none passes the other.
    assert_eq!(left, [1, 3, 4, 2, 5, 6].map(sealed));
}

#[test]
fn a_statement_that_takes_the_place_of_one_of_a_change_is_of_the_change() {
    let mut out = Outbox::default();
    out.state(of_change(1, 1));
    let mut newer = stated(2, |it| {
        it.next = Some(Next {
            view: 1,
            ..Next::default()
        });
    });
    let stands = newer.gist.clone();
    newer.gist = Gist::of(
        EpochHint::new(HINT),
        &Statement {
            next: stands.next().cloned(),
            ..Statement::empty(Presence::Present)
        },
        stands.next(),
    );
    assert!(!newer.gist.is_of_change());
    out.state(Some(newer));
    out.write([sealed(3)]);
    assert_eq!(out.drain(), [sealed(2), sealed(3)]);
}

#[test]
fn small_packets_share_a_unit() {
    let mut out = Outbox::on(Carrier {
        unit: Some(302),
        ..Carrier::LINE
    });
    out.write([sealed(1), sealed(2)]);
    for n in 1..=4 {
        out.transmit(&request(n));
    }
    let small = request(1).to_bytes().len();
    let together = 1 + 4 * (small + 4);
    assert!(together <= 302 && together + small + 4 > 302);
    let first = out.poll().unwrap();
    assert_eq!(first.len(), together);
    let expected = bytes(&[request(1), request(2), request(3), request(4)]);
    assert_eq!(Bundle::split(&first).unwrap(), expected);
    // What fills a unit travels alone, as it is.
    assert_eq!(out.poll(), Some(sealed(1)));
    assert_eq!(out.poll(), Some(sealed(2)));
    assert_eq!(out.poll(), None);

    // What is longer takes several units, and others share the last of them.
    out.write([vec![7; 302 + 100], sealed(1)]);
    out.pass_on([request(5).to_bytes()]);
    let first = out.poll().unwrap();
    assert_eq!(Bundle::split(&first).unwrap().len(), 2);
    assert_eq!(out.poll(), Some(sealed(1)));

    // On mail all that waits goes in one, and on a relay nothing is put together.
    for carrier in [Carrier::MAIL, Carrier::RELAY] {
        let mut out = Outbox::on(carrier);
        out.write([sealed(1), sealed(2)]);
        out.transmit(&request(1));
        let first = out.poll().unwrap();
        let packets = Bundle::split(&first).unwrap().len();
        assert_eq!(packets, carrier.unit.map_or(1, |_| 3), "{carrier:?}");
    }
}

#[test]
fn what_is_sent_again_for_one_question_travels_together() {
    let again = contribution().to_bytes();
    let fill = |out: &mut Outbox| {
        out.write([sealed(1)]);
        for n in 0..15 {
            let packet = [&again[..], &[n]].concat();
            out.send_in_run(RUN, 1, Some(packet));
        }
    };
    let mut out = Outbox::on(Carrier::RELAY);
    fill(&mut out);
    let mut polled = Vec::new();
    while let Some(packet) = out.poll() {
        assert!(packet.len() <= TOGETHER);
        polled.push(Bundle::split(&packet).unwrap().len());
    }
    let most = TOGETHER / (again.len() + 1 + 4);
    assert!((8..15).contains(&most));
    assert_eq!(polled, [most, 15 - most, 1]);
    assert!(out.queue.is_empty() && out.queue.bytes() == 0);

    // What is urgent does not wait behind a long packet on a line that takes its time.
    out.note_link(LinkReport {
        rate: Some(100),
        ..LinkReport::default()
    });
    fill(&mut out);
    assert_eq!(out.poll(), Some([&again[..], &[0]].concat()));
}

#[test]
fn what_waits_is_busy_from_the_next_input_on() {
    let mut out = Outbox::default();
    out.begin_input();
    out.write([sealed(1)]);
    assert!(!out.is_busy());
    out.begin_input();
    assert!(out.is_busy());
    assert!(out.poll().is_some());
    out.begin_input();
    assert!(!out.is_busy());
    out.note_link(LinkReport {
        rate: Some(100),
        queued: 50,
        latency: None,
    });
    out.begin_input();
    assert!(out.is_busy());
    out.write([sealed(1)]);
    assert_eq!(out.drains_in(), Duration::from_millis((50 + 285) * 10));
}
