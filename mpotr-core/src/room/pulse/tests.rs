use mpotr_crypto::IdentityKey;
use mpotr_gka::{MemberIndex, OfferDigest};

use super::{MAX_OUTSIDE, Pulse};
use crate::config::Timers;
use crate::time::{Duration, Timestamp};
use crate::wire::SidHint;

const OWN: OfferDigest = OfferDigest::new([0; 32]);
const ME: IdentityKey = IdentityKey::new([0; 32]);
const RUN: SidHint = SidHint::new([7; 8]);

fn at(millis: u64) -> Timestamp {
    Timestamp::from_millis(millis)
}

fn who(n: u8) -> (OfferDigest, IdentityKey) {
    (OfferDigest::new([n; 32]), IdentityKey::new([n; 32]))
}

/// What is estimated when these answer the own offer, each after so many milliseconds.
fn answered(after: &[(u8, u64)]) -> Pulse {
    let mut pulse = Pulse::default();
    pulse.publish(at(0), OWN);
    for (n, millis) in after {
        pulse.hear_answer(at(*millis), OWN, None, who(*n));
    }
    pulse
}

fn millis(pulse: &Pulse) -> Option<u128> {
    pulse.round_trip().map(|it| it.as_millis())
}

#[test]
fn who_answers_first_does_not_count_where_three_do() {
    assert_eq!(millis(&answered(&[])), None);
    assert_eq!(millis(&answered(&[(1, 1000)])), Some(1100));
    assert_eq!(millis(&answered(&[(1, 200), (2, 800)])), Some(220));
    assert_eq!(
        millis(&answered(&[(1, 200), (2, 800), (3, 700)])),
        Some(770)
    );
    // However often it says so.
    let liar = [1; 20].map(|n| (n, 200));
    let all = [&liar[..], &[(2, 800), (3, 700)]].concat();
    assert_eq!(millis(&answered(&all)), Some(770));
}

#[test]
fn an_answer_to_what_was_said_last_counts_from_there() {
    let mut pulse = answered(&[]);
    pulse.say(at(60_000), 5);
    pulse.hear_answer(at(60_200), OWN, Some(5), who(1));
    assert_eq!(millis(&pulse), Some(220));
    // Nobody has said this.
    pulse.hear_answer(at(60_000), OWN, Some(6), who(2));
    pulse.hear_answer(at(60_000), OfferDigest::new([9; 32]), None, who(2));
    assert_eq!(millis(&pulse), Some(220));
}

#[test]
fn the_smallest_of_the_last_samples_counts() {
    let mut pulse = answered(&[(1, 100)]);
    let mut answer = |tag: u32| {
        let said = u64::from(tag) * 10_000;
        pulse.say(at(said), tag);
        pulse.hear_answer(at(said + 5000), OWN, Some(tag), who(1));
        millis(&pulse)
    };
    assert!((1..=7).map(&mut answer).all(|least| least == Some(110)));
    assert_eq!(answer(8), Some(5500));
}

/// Who has heard no later word names the same one again: what has passed meanwhile is no answer's way.
#[test]
fn a_word_is_answered_once_by_each() {
    let mut pulse = answered(&[(1, 100), (1, 30_000), (2, 200)]);
    for late in 1..20 {
        pulse.hear_answer(at(late * 10_000), OWN, None, who(1));
    }
    assert_eq!(millis(&pulse), Some(110));
    pulse.say(at(200_000), 5);
    for late in 0..20 {
        pulse.hear_answer(at(200_300 + late * 10_000), OWN, Some(5), who(1));
    }
    assert_eq!(millis(&pulse), Some(110));
}

/// An offer may be heard long after it was published, by one who has just come.
#[test]
fn an_offer_that_is_named_late_measures_nothing_where_the_pace_is_known() {
    let mut pulse = answered(&[(1, 100), (2, 200), (3, 441)]);
    assert_eq!(millis(&pulse), Some(110));
    pulse.hear_answer(at(440), OWN, None, who(3));
    assert_eq!(millis(&pulse), Some(220));
}

/// An outsider can answer sooner than the members, and in their names: in an epoch that is forgotten.
#[test]
fn an_outsider_moves_nothing_in_an_epoch() {
    let mut pulse = answered(&[(1, 2000), (8, 300), (9, 300)]);
    assert_eq!(millis(&pulse), Some(330));
    pulse.contribute(at(5000), RUN);
    pulse.hear_confirmation(at(7100), RUN, MemberIndex::new(2));
    let stolen = (OfferDigest::new([8; 32]), who(1).1);
    pulse.hear_answer(at(300), OWN, None, stolen);
    pulse.install(RUN, ME, [(OWN, ME), who(1), who(2)].into_iter());
    assert_eq!(millis(&pulse), Some(2200));
}

#[test]
fn confirmations_of_a_run_count_when_it_has_led_to_an_epoch() {
    let mut pulse = Pulse::default();
    pulse.contribute(at(0), RUN);
    pulse.hear_confirmation(at(300), RUN, MemberIndex::new(1));
    pulse.hear_confirmation(at(10), SidHint::new([8; 8]), MemberIndex::new(1));
    assert_eq!(millis(&pulse), None);
    pulse.install(SidHint::new([8; 8]), ME, [(OWN, ME), who(1)].into_iter());
    assert_eq!(millis(&pulse), None);
    pulse.contribute(at(0), RUN);
    pulse.hear_confirmation(at(300), RUN, MemberIndex::new(1));
    pulse.install(RUN, ME, [(OWN, ME), who(1)].into_iter());
    assert_eq!(millis(&pulse), Some(330));
}

#[test]
fn views_that_fail_make_the_next_ones_longer_until_one_succeeds() {
    let mut pulse = answered(&[(1, 10_000)]);
    let view = |pulse: &Pulse| pulse.times(&Timers::RELAY).view.as_secs();
    assert_eq!(view(&pulse), 176);
    let mut lengths = Vec::new();
    for _ in 0..20 {
        pulse.have_failed();
        lengths.push(view(&pulse) / 176);
    }
    assert_eq!(lengths[..5], [2, 4, 8, 8, 8]);
    assert_eq!(lengths.last(), Some(&8));
    pulse.install(RUN, ME, [(OWN, ME), who(1)].into_iter());
    assert_eq!(view(&pulse), 176);
}

/// Who comes to one that is left alone may have been away when it was asked, and answer late.
#[test]
fn what_was_measured_in_an_epoch_holds_until_views_fail() {
    let mut pulse = Pulse::default();
    pulse.contribute(at(0), RUN);
    pulse.hear_confirmation(at(300), RUN, MemberIndex::new(1));
    pulse.install(RUN, ME, [(OWN, ME), who(1)].into_iter());
    pulse.publish(at(10_000), OWN);
    pulse.hear_answer(at(11_000), OWN, None, who(2));
    assert_eq!(millis(&pulse), Some(330));
    for _ in 0..3 {
        pulse.have_failed();
    }
    pulse.hear_answer(at(11_200), OWN, None, who(3));
    assert_eq!(millis(&pulse), Some(1100));
}

#[test]
fn of_the_time_until_a_newcomer_is_listed_a_third_counts() {
    let mut pulse = Pulse::default();
    pulse.be_listed(at(4000), at(1000), who(1));
    assert_eq!(millis(&pulse), Some(1100));
}

#[test]
fn floors_hold_where_answers_are_fast() {
    let pulse = answered(&[(1, 0)]);
    let times = pulse.times(&Timers::RELAY);
    assert_eq!(times, Timers::RELAY.at_pace(Duration::ZERO, 0));
    assert_eq!(times.gather, Timers::RELAY.gather);
}

#[test]
fn what_is_kept_of_outsiders_is_bounded() {
    let mut pulse = answered(&[]);
    for n in 0..u16::MAX {
        let mut digest = [1; 32];
        digest[..2].copy_from_slice(&n.to_be_bytes());
        let by = (OfferDigest::new(digest), IdentityKey::new(digest));
        pulse.hear_answer(at(100), OWN, None, by);
    }
    assert_eq!(pulse.outside.len(), MAX_OUTSIDE);
}

#[test]
fn each_listing_counts_until_something_better_is_measured() {
    let mut pulse = Pulse::default();
    pulse.be_listed(at(31_000), at(1000), who(1));
    assert_eq!(millis(&pulse), Some(11_000));
    assert!(pulse.takes_listings());
    pulse.be_listed(at(43_000), at(40_000), who(1));
    assert_eq!(millis(&pulse), Some(1100));
    pulse.hear_answer_since(at(50_000), at(49_000), who(2));
    assert!(!pulse.takes_listings());
}

#[test]
fn who_would_come_in_waits_for_two_views_at_most() {
    let mut pulse = Pulse::default();
    pulse.hear_answer_since(at(11_000), at(1000), who(1));
    let once = pulse.view_of_host(&Timers::RELAY);
    assert_eq!(once, pulse.times(&Timers::RELAY).view);
    for _ in 0..3 {
        pulse.have_failed();
    }
    assert_eq!(pulse.view_of_host(&Timers::RELAY), once.saturating_mul(2));
    assert!(pulse.times(&Timers::RELAY).view > once.saturating_mul(2));
}

/// One that was there all the time may not have been willing to answer: a person has let in whom it answers a moment ago.
#[test]
fn a_first_answer_that_takes_far_longer_than_one_was_taken_to_is_doubted() {
    let here = at(1000);
    for (answered, is_doubted) in [(1700, false), (1900, true), (61_000, true)] {
        let mut pulse = Pulse::default();
        pulse.publish(at(1000), OWN);
        pulse.hear_answer(at(answered), OWN, None, who(1));
        pulse.doubt(at(answered), here, Duration::from_millis(200));
        assert_eq!(pulse.is_doubted(), is_doubted, "{answered}");
    }
}

/// One that has waited for a minute is answered by another the moment that it comes.
#[test]
fn an_answer_of_one_that_has_just_come_is_doubted_until_another_comes() {
    let mut pulse = Pulse::default();
    pulse.publish(at(1000), OWN);
    pulse.hear_answer(at(61_000), OWN, None, who(1));
    pulse.doubt(at(61_000), at(60_900), Duration::from_secs(60));
    assert_eq!(millis(&pulse), Some(66_000));
    assert!(pulse.is_doubted() && pulse.take_doubt() && !pulse.is_doubted());
    pulse.doubt(at(61_000), at(60_900), Duration::from_secs(60));
    pulse.say(at(61_000), 7);
    pulse.hear_answer(at(61_200), OWN, Some(7), who(1));
    assert_eq!(millis(&pulse), Some(220));
    assert!(!pulse.is_doubted());
    // Those who come together have heard each other for half as long.
    let mut together = Pulse::default();
    together.publish(at(1000), OWN);
    together.hear_answer(at(61_000), OWN, None, who(1));
    together.doubt(at(61_000), at(31_000), Duration::from_secs(60));
    assert!(!together.is_doubted());
}

#[test]
fn a_run_is_not_waited_for_as_long_as_what_was_lost_took() {
    let confirmed = |others: usize, after: &[u64]| {
        let mut pulse = answered(&[(1, 4000)]);
        pulse.contribute(at(10_000), RUN);
        for millis in after
            .iter()
            .filter(|_| pulse.may_bound(RUN))
            .collect::<Vec<_>>()
        {
            pulse.bound_by_confirmation(at(10_000 + millis), others);
        }
        millis(&pulse)
    };
    assert_eq!(confirmed(2, &[]), Some(4400));
    assert_eq!(confirmed(2, &[200]), Some(220));
    // One of more may lie.
    assert_eq!(confirmed(3, &[1]), Some(4400));
    assert_eq!(confirmed(3, &[1, 300]), Some(330));
    // It makes nothing longer.
    assert_eq!(confirmed(2, &[9000]), Some(4400));
    let mut other = answered(&[(1, 4000)]);
    assert!(!other.may_bound(RUN));
    other.bound_by_confirmation(at(1), 2);
    assert_eq!(millis(&other), Some(4400));
}

#[test]
fn light_runs_measure_and_end_what_views_that_failed_have_doubled() {
    let mut pulse = Pulse::default();
    pulse.contribute(at(0), RUN);
    for member in [1, 2] {
        pulse.hear_confirmation(at(8000), RUN, MemberIndex::new(member));
    }
    let roster = || [(OWN, ME), who(1), who(2)].into_iter();
    pulse.install(RUN, ME, roster());
    pulse.have_failed();
    let view = |pulse: &Pulse| pulse.times(&Timers::RELAY).view;
    let (before, sample) = (view(&pulse), Duration::from_millis(200));
    let answered = |sample| [(ME, None), (who(1).1, sample), (who(2).1, None)].into_iter();
    pulse.install_light(ME, answered(None));
    assert_eq!(view(&pulse).saturating_mul(2), before);
    assert_eq!(millis(&pulse), Some(8800));
    pulse.install_light(ME, answered(Some(sample)));
    assert_eq!(millis(&pulse), Some(220));
    // Who is no longer there counts for nothing.
    pulse.install_light(ME, [(ME, None), (who(2).1, None)].into_iter());
    assert_eq!(millis(&pulse), Some(8800));
}
