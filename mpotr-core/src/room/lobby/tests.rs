//! Offers that are published, heard and asked for, without a room.

use std::collections::BTreeSet;

use mpotr_gka::OfferDigest;

use super::*;
use crate::room::testing::{Suite, Two, common};
use crate::time::Duration;
use crate::wire::{MAX_REQUESTED, Wanted};

const NOW: Timestamp = Timestamp::from_millis(5000);

#[test]
fn the_own_offer_is_published_as_it_is_until_it_is_too_old() {
    let (mut common, mut rng) = common(1);
    let mut lobby = Lobby::<Suite>::new(&common.me, NOW);
    // Another has answered the first one.
    let other = (OfferDigest::new([1; 32]), common.me.public());
    common.pulse.publish(NOW, other.0);
    common.pulse.hear_answer(NOW, other.0, None, other);
    let view = common.me.times().view;
    let lifetime = view.saturating_mul(VIEWS_OF_AN_OFFER);
    let mut publish = |now| {
        lobby.advertise(&mut common.at(now), true, &mut rng);
        common.out.sent()
    };
    let first = publish(NOW);
    let again = publish(NOW.after(view));
    assert_eq!((first.len(), &first), (1, &again));
    let later = NOW.after(lifetime);
    let later = later.after(Duration::from_millis(1));
    assert_ne!(publish(later), first);
    let advertise = common.me.times().advertise;
    assert_eq!(common.timers.next(), Some(later.after(advertise)));
}

/// On a carrier whose packets take minutes all that answers the first word comes late.
#[test]
fn names_of_epochs_stay_until_it_is_known_how_long_an_answer_takes() {
    let (mut common, mut rng) = common(1);
    let mut lobby = Lobby::<Suite>::new(&common.me, NOW);
    let name = |n| EpochName::new([n; 16]);
    let late = NOW.after(Duration::from_secs(600));
    let nothing = BTreeSet::new();
    lobby.hear_of(&common.at(NOW), (name(1), &[]), 0, &nothing);
    lobby.advertise(&mut common.at(late), false, &mut rng);
    assert!(lobby.follows(Some(name(1))));
    // Others take its place if there is no other.
    for n in 2..=5 {
        lobby.hear_of(&common.at(late), (name(n), &[]), 0, &nothing);
    }
    assert!(!lobby.follows(Some(name(1))) && lobby.follows(Some(name(5))));
    let other = (OfferDigest::new([1; 32]), common.me.public());
    common.pulse.publish(late, other.0);
    common.pulse.hear_answer(late, other.0, None, other);
    let fresh = common.me.times().fresh();
    lobby.advertise(&mut common.at(late.after(fresh)), false, &mut rng);
    assert!(!lobby.follows(Some(name(5))));
}

#[test]
fn an_old_offer_that_comes_late_is_not_the_one_that_its_maker_uses() {
    let mut two = Two::new();
    let me = &two.other_common.me;
    let old = two.other.offering.own(None).unwrap();
    let old = (old.digest, old.member.offer().clone());
    two.other.renew_offer(me, NOW, None, &mut two.rng);
    let new = two.other.offering.own(None).unwrap();
    let new = (new.digest, new.member.offer().clone());
    let mut lobby = Lobby::<Suite>::new(&two.common.me, NOW);
    let at = |secs| NOW.after(Duration::from_secs(secs));
    let fresh = Duration::from_secs(60);
    lobby.offering.hear(at(1), new.1).unwrap();
    lobby.offering.hear(at(2), old.1).unwrap();
    let newest = |lobby: &Lobby<Suite>| lobby.offering.newest(at(4), fresh, |_| true);
    assert_eq!(newest(&lobby), [old.0]);
    lobby.offering.note_word(at(3), &new.0);
    assert_eq!(newest(&lobby), [new.0]);
    let candidates = lobby.offering.candidates(at(4), fresh, false, |_, _| true);
    assert_eq!(candidates, [new.0]);
}

#[test]
fn offers_are_asked_for_in_requests_of_a_bounded_length() {
    let (mut common, _) = common(1);
    let wanted: Vec<_> = (0..2 * MAX_REQUESTED + 1)
        .map(|n| {
            let mut digest = [0; 32];
            digest[..8].copy_from_slice(&n.to_be_bytes());
            OfferDigest::new(digest)
        })
        .collect();
    let mut lobby = Lobby::<Suite>::new(&common.me, NOW);
    let mut now = NOW;
    common.pulse.silence.end(now);
    for _ in 0..3 {
        // Once in a round trip, whatever is missing.
        for _ in 0..2 {
            let missing = wanted.iter().copied();
            lobby.request_missing(&mut common.at(now), missing);
        }
        now = now.after(common.me.times().round_trip);
    }
    let asked = common.out.sent().into_iter().map(|packet| {
        let Packet::Request(request) = packet else {
            panic!("{packet:?}");
        };
        let Wanted::Offers(offers) = request.wanted else {
            panic!("{request:?}");
        };
        offers
    });
    let asked: Vec<_> = asked.collect();
    assert_eq!(asked.len(), 3);
    assert!(asked.iter().all(|some| some.len() == MAX_REQUESTED));
    let asked: BTreeSet<_> = asked.concat().into_iter().collect();
    assert_eq!(asked, wanted.into_iter().collect());
}

#[test]
fn offers_in_a_members_name_take_the_place_of_none_that_a_member_has_stated() {
    let mut two = Two::new();
    let me = &two.other_common.me;
    let mut offers = Vec::new();
    for _ in 0..9 {
        two.other.renew_offer(me, NOW, None, &mut two.rng);
        let own = two.other.offering.own(None).unwrap();
        offers.push((own.digest, own.member.offer().clone()));
    }
    let at = |secs| NOW.after(Duration::from_secs(secs));
    let mut lobby = Lobby::<Suite>::new(&two.common.me, NOW);
    let (first, late) = (offers[0].0, offers[8].0);
    let stated = BTreeSet::from([first, late]);
    for (second, (_, offer)) in (0..).zip(offers) {
        let stated = || stated.clone();
        let _news = lobby.offering.hear_beside(at(second), offer, stated);
    }
    // The oldest, and the one that came when all places were taken.
    assert!(lobby.offering.offer(&first).is_some());
    assert!(lobby.offering.offer(&late).is_some());
    assert_eq!(lobby.offering.missing(&[first, late]), []);
}
