//! What a room waits for is told: each reason once, with its numbers. `docs/spec/06-epochs.md`, "Waiting".

use mpotr_core::crypto::{IdentityKey, IdentityKeyPair};
use mpotr_core::gka::{OfferSecrets, RoomId};
use mpotr_core::wire::{Packet, VERSION, Vote};
use mpotr_core::{
    Admission, Duration, Event, LinkReport, Policy, RoomConfig, Rule, Timers, WaitingReason,
};

use crate::attacks::give;
use crate::network::{Network, Suite};

/// What a member was told to wait for, and what of it is over.
fn told(network: &Network, member: usize, code: &str) -> (Vec<WaitingReason>, usize) {
    let events = &network.events[member];
    let waits = events.iter().filter_map(|event| match event {
        Event::Waiting { reason, .. } if reason.code() == code => Some(reason.clone()),
        _ => None,
    });
    let over =
        |event: &&Event| matches!(event, Event::WaitingOver { reason } if reason.code() == code);
    (waits.collect(), events.iter().filter(over).count())
}

#[test]
fn slow_link_is_told_with_what_waits() {
    let mut network = Network::new(2, 1).until_secure();
    network.run_for(5);
    let report = |queued| LinkReport {
        rate: Some(100),
        queued,
        latency: None,
    };
    for queued in [400, 1000, 900] {
        network.rooms[0].handle_link(network.now, report(queued));
        network.run_for(3);
    }
    let reason = WaitingReason::SlowLink {
        estimate: Duration::from_secs(10),
        queued: 1000,
    };
    assert_eq!(told(&network, 0, "slow_link"), (vec![reason], 0));
    network.rooms[0].handle_link(network.now, report(0));
    network.collect(0);
    assert_eq!(told(&network, 0, "slow_link").1, 1);
}

#[test]
fn rules_that_differ_are_told_to_who_waits_with_who_keeps_them() {
    let theirs = Policy {
        evidence: true,
        ..Policy::default()
    };
    let mut network = Network::with(2, 1, |config| {
        config.members = Some(2);
        config.policy = theirs.clone();
    });
    let stranger = network.enter(|config| config.policy = Policy::default());
    network.run_for(30);
    let (reasons, over) = told(&network, stranger, "rules_differ");
    let by = match &reasons[..] {
        [WaitingReason::RulesDiffer { by, .. }] => by[0],
        other => panic!("{other:?}"),
    };
    assert!(network.keys[..2].contains(&by));
    let reason = WaitingReason::RulesDiffer {
        policy: theirs,
        by: vec![by],
    };
    assert_eq!((reasons, over), (vec![reason], 0));
}

/// What any one member may ask for is told to all with who asks, before it comes, and to the one that it is about.
#[test]
fn who_asks_for_what_the_votes_are_there_for_is_told() {
    let mut network = Network::with(3, 1, |config| config.members = Some(3)).until_secure();
    network.run_for(3);
    let [alice, carol] = [0, 2].map(|member| network.keys[member]);
    network.rooms[0].exclude(network.now, carol).unwrap();
    network.collect(0);
    network.run_for(10);
    let voted = |vote| Event::Voted {
        vote,
        by: vec![alice],
    };
    let out = voted(Vote::Exclude(carol));
    for member in 0..3 {
        assert_eq!(network.count(member, |it| *it == out), 1, "{member}");
    }
    let at = |network: &Network, is: &dyn Fn(&Event) -> bool| network.events[1].iter().position(is);
    let (before, after) = (
        at(&network, &|it| *it == out),
        at(&network, &|it| matches!(it, Event::LeftOut { .. })),
    );
    assert!(before.is_some() && before < after, "{before:?} {after:?}");
    let rules = Policy {
        evidence: true,
        ..Policy::default()
    };
    network.rooms[0]
        .change_policy(network.now, rules.clone())
        .unwrap();
    network.collect(0);
    network.run_for(10);
    let other = voted(Vote::Policy(rules));
    for member in 0..2 {
        assert_eq!(network.count(member, |it| *it == other), 1, "{member}");
    }
}

/// One that a member has left out, and that another lets in again: the first is asked, by whom.
#[test]
fn who_left_one_out_is_told_that_another_would_let_it_in_again() {
    let mut network = Network::with(3, 2, |config| {
        config.members = Some(3);
        config.policy.admit = Rule::Quorum(2.try_into().unwrap());
    })
    .until_secure();
    network.run_for(3);
    let [bob, carol] = [1, 2].map(|member| network.keys[member]);
    network.rooms[0].exclude(network.now, carol).unwrap();
    network.collect(0);
    network.run_for(10);
    network.rooms[1].admit(network.now, carol).unwrap();
    network.collect(1);
    network.run_for(5);
    let asked = WaitingReason::AdmitHere {
        claimed: carol,
        by: vec![bob],
    };
    assert_eq!(told(&network, 0, "admit_here"), (vec![asked.clone()], 0));
    assert_eq!(told(&network, 1, "admit_here"), (vec![], 0));
    // Nobody is missed where the one that is let in is not there.
    assert_eq!(told(&network, 1, "not_admitted"), (vec![], 0));
    // It is asked again where the other asks again.
    for is_asked in [false, true] {
        match is_asked {
            false => assert!(network.rooms[1].withdraw(network.now, &Vote::Admit(carol))),
            true => network.rooms[1].admit(network.now, carol).unwrap(),
        }
        network.collect(1);
        network.run_for(5);
    }
    assert_eq!(
        told(&network, 0, "admit_here"),
        (vec![asked.clone(), asked], 1)
    );
    network.rooms[0].admit(network.now, carol).unwrap();
    network.collect(0);
    network.run_for(5);
    assert_eq!(told(&network, 0, "admit_here").1, 2);
    let again =
        |event: &Event| matches!(event, Event::Voted { vote: Vote::Admit(it), .. } if *it == carol);
    assert_eq!(network.count(1, again), 1);
}

/// Who looks who is there sees how long ago each was heard.
#[test]
fn how_long_ago_others_were_heard_is_told_to_who_asks() {
    let mut network = Network::with(3, 3, |config| {
        config.members = Some(3);
        config.admission = Admission::Ask(std::collections::BTreeSet::new());
    });
    for by in 0..3 {
        for whom in (0..3).filter(|whom| *whom != by) {
            let claimed = network.keys[whom];
            network.rooms[by].admit(network.now, claimed).unwrap();
        }
        network.collect(by);
    }
    let mut network = network.until_secure();
    let stranger = network.enter(|_| {});
    network.run_for(20);
    let [bob, carol, outside] = [1, 2, stranger].map(|member| network.keys[member]);
    network.kill(2);
    network.kill(stranger);
    network.rooms[1]
        .send(network.now, b"hello".to_vec(), mpotr_core::Seen::Expected)
        .unwrap_err();
    network.run_for(50);
    let heard = network.rooms[0].last_heard(network.now);
    assert!(
        heard.members[&carol] >= Duration::from_secs(50),
        "{heard:?}"
    );
    assert!(heard.outside[&outside] > heard.fresh, "{heard:?}");
    assert!(heard.members.contains_key(&bob) && heard.members.len() == 2);
    assert_eq!(heard.outside.len(), 1);
}

/// With one that is gone nothing is final for long, and of who was late at the moment when that was told nobody hears again.
#[test]
fn whom_the_room_still_waits_for_is_told_to_who_asks() {
    let mut network = Network::new(3, 4).until_secure();
    network.run_for(5);
    let [bob, carol] = [1, 2].map(|member| network.keys[member]);
    network.kill(2);
    let named = |event: &Event| matches!(event, Event::Unsettled { waiting_for, .. } if waiting_for.contains(&bob));
    network.send(0, "first");
    network.run_for(9);
    // When it is told, Bob has yet to acknowledge the last of these.
    for number in 0..80 {
        network.send(0, &number.to_string());
        network.run_for_millis(20);
    }
    network.run_for(5);
    assert_eq!(network.count(0, named), 1, "{:?}", network.events[0]);
    let heard = network.rooms[0].last_heard(network.now);
    assert_eq!(heard.waited_for, [carol].into());
    network.run_until(120, |network| {
        network.count(0, |it| matches!(it, Event::Settled)) > 0
    });
    let heard = network.rooms[0].last_heard(network.now);
    assert_eq!(heard.waited_for, [].into());
}

/// Who refuses a run since its rules are not its own is not told of as one that said nothing: the rules are the reason.
#[test]
fn who_keeps_other_rules_is_not_said_to_have_taken_no_part() {
    for seed in 1..6 {
        let mut network = Network::with(1, seed, |config| {
            config.policy.exclude = Rule::Quorum(2.try_into().unwrap());
        });
        network.enter(|_| {});
        network.run_for(120);
        for (member, other) in [(0, 1), (1, 0)] {
            let other = network.keys[other];
            assert_eq!(told(&network, member, "rules_differ").0.len(), 1, "{seed}");
            let named = |event: &Event| matches!(event, Event::AgreementFailed { claimed, .. } if claimed.contains(&other));
            assert_eq!(network.count(member, named), 0, "{seed}: {member}");
        }
    }
}

#[test]
fn other_suites_and_versions_are_told_to_who_waits() {
    let mut network = Network::new(2, 1);
    let alone = 0;
    let person = IdentityKeyPair::random::<Suite>(&mut network.rng);
    let room = RoomId::of_name::<Suite>("test");
    let (mut offer, _) = OfferSecrets::<Suite>::generate(room, None, &person, 0, &mut network.rng);
    offer.suites = vec![0x7777];
    let packet = Packet::Offer(offer).to_bytes();
    give(&mut network, alone, &packet).unwrap();
    let other = [&[VERSION + 1], &packet[1..]].concat();
    give(&mut network, alone, &other).unwrap_err();
    // What is no packet of any version says nothing.
    give(&mut network, alone, &[200, 1, 2, 3]).unwrap_err();
    network.kill(1);
    network.run_for(10);
    let theirs = vec![0x7777];
    let suite = WaitingReason::OtherSuite { theirs };
    assert_eq!(told(&network, alone, "other_suite"), (vec![suite], 0));
    let version = WaitingReason::OtherVersion {
        theirs: vec![VERSION + 1],
    };
    assert_eq!(told(&network, alone, "other_version"), (vec![version], 0));
    // They are over when the room is secure.
    network.revive(1);
    network.run_until(60, |network| network.rooms[alone].is_secure());
    assert_eq!(told(&network, alone, "other_suite").1, 1);
    assert_eq!(told(&network, alone, "other_version").1, 1);
}

#[test]
fn who_waits_before_an_epoch_is_told_that_there_is_one() {
    let by_two = Policy {
        admit: Rule::Quorum(2.try_into().unwrap()),
        ..Policy::default()
    };
    let mut network = Network::with(2, 1, |config| {
        config.members = Some(2);
        config.policy = by_two.clone();
        config.admission = Admission::Ask(std::collections::BTreeSet::new());
    });
    for (by, whom) in [(0, 1), (1, 0)] {
        let claimed = network.keys[whom];
        network.rooms[by].admit(network.now, claimed).unwrap();
        network.collect(by);
    }
    let mut network = network.until_secure();
    let newcomer = network.enter(|config| config.policy = by_two.clone());
    network.run_for(30);
    assert_eq!(
        told(&network, newcomer, "outside"),
        (vec![WaitingReason::Outside], 0)
    );
}

#[test]
fn who_has_not_let_a_newcomer_in_is_named_when_the_votes_are_there() {
    let by_two = Policy {
        admit: Rule::Quorum(2.try_into().unwrap()),
        ..Policy::default()
    };
    let mut network = Network::with(3, 1, |config| {
        config.members = Some(3);
        config.policy = by_two.clone();
        config.admission = Admission::Ask(std::collections::BTreeSet::new());
    });
    for by in 0..3 {
        for whom in (0..3).filter(|whom| *whom != by) {
            let claimed = network.keys[whom];
            network.rooms[by].admit(network.now, claimed).unwrap();
        }
        network.collect(by);
    }
    let mut network = network.until_secure();
    let newcomer = network.enter(|config| config.policy = by_two.clone());
    let (identity, last) = (network.keys[newcomer], network.keys[2]);
    for by in 0..2 {
        network.rooms[by].admit(network.now, identity).unwrap();
        network.collect(by);
    }
    network.run_for(30);
    let reason = WaitingReason::NotAdmitted {
        identity,
        missing: vec![last],
    };
    for by in 0..2 {
        assert_eq!(
            told(&network, by, "not_admitted"),
            (vec![reason.clone()], 0)
        );
    }
    // The one that it waits for is told what it could do, and it is over when it does.
    assert_eq!(told(&network, 2, "not_admitted"), (vec![], 0));
    // Once more in the epoch after one that was to let it in.
    assert!((1..=2).contains(&told(&network, 2, "admit_here").0.len()));
    network.rooms[2].admit(network.now, identity).unwrap();
    network.collect(2);
    network.run_until(60, |network| network.rooms[newcomer].is_secure());
    network.run_for(5);
    for by in 0..2 {
        assert_eq!(told(&network, by, "not_admitted").1, 1);
    }
    assert_eq!(told(&network, 2, "not_admitted"), (vec![], 0));
}

/// A room of four that votes to leave the last one out while that hears nothing; it hears the others again so much later.
fn voted_out_while_away(later: u64) -> Network {
    let mut network = Network::new(4, 1).until_secure();
    network.run_for(5);
    let excluded = network.keys[3];
    network.kill(3);
    network.rooms[0].exclude(network.now, excluded).unwrap();
    network.collect(0);
    network.run_for(later);
    network.revive(3);
    network.rooms[3].refresh(network.now);
    network.collect(3);
    network.run_for(240);
    network
}

#[test]
fn who_was_voted_out_is_told_so_as_long_as_the_others_answer_where_it_was_decided() {
    let network = voted_out_while_away(20);
    assert_eq!(network.count(3, |it| *it == Event::Removed), 1);
    assert!(network.rooms[3].has_ended());
    let network = voted_out_while_away(120);
    assert_eq!(network.count(3, |it| *it == Event::Removed), 0);
    assert!(!network.rooms[3].has_ended());
    // It has heard nothing of it, so it goes on alone, and is at the door.
    assert_eq!(told(&network, 3, "alone"), (vec![WaitingReason::Alone], 0));
    let excluded = network.keys[3];
    let asks = Event::ExcludedWaiting { claimed: excluded };
    assert_eq!(network.count(0, |it| *it == asks), 1);
}

/// A room of four that leaves out a member by three votes, and changes its rules by two.
fn room_by_votes() -> (Network, Policy) {
    let policy = Policy {
        exclude: Rule::Quorum(3.try_into().unwrap()),
        change: Rule::Quorum(2.try_into().unwrap()),
        ..Policy::default()
    };
    let network = Network::with(4, 1, |config| {
        config.members = Some(4);
        config.policy = policy.clone();
    });
    (network.until_secure(), policy)
}

/// Whose vote others wait for is told what they ask for, once, and not once it has voted; who is to go is not asked.
#[test]
fn what_others_ask_for_is_told_to_those_whose_votes_it_waits_for() {
    let (mut network, _) = room_by_votes();
    let (alice, last) = (network.keys[0], network.keys[3]);
    let exclude = |network: &mut Network, by: usize| {
        network.rooms[by].exclude(network.now, last).unwrap();
        network.collect(by);
        network.run_for(10);
    };
    exclude(&mut network, 0);
    let asked = |by| WaitingReason::VoteHere {
        vote: Vote::Exclude(last),
        by,
        need: 3,
    };
    for member in [1, 2] {
        let expected = (vec![asked(vec![alice])], 0);
        assert_eq!(told(&network, member, "vote_here"), expected);
    }
    for member in [0, 3] {
        assert_eq!(told(&network, member, "vote_here"), (vec![], 0));
    }
    exclude(&mut network, 1);
    // Once: who comes to ask for it later is no news.
    assert_eq!(told(&network, 1, "vote_here").1, 1);
    let expected = (vec![asked(vec![alice])], 0);
    assert_eq!(told(&network, 2, "vote_here"), expected);
    exclude(&mut network, 2);
    network.run_until(60, |network| {
        network.count(3, |it| matches!(it, Event::Removed)) > 0
    });
    assert_eq!(told(&network, 2, "vote_here").1, 1);
    // Who goes is told that it is being left out as soon as the votes are there.
    let out = WaitingReason::Excluding { identity: last };
    assert_eq!(told(&network, 3, "excluding").0, [out]);
}

/// Other rules, too, for as long as another asks for them.
#[test]
fn other_rules_are_asked_for_until_the_vote_is_taken_back() {
    let (mut network, policy) = room_by_votes();
    let bob = network.keys[1];
    let wanted = Policy {
        evidence: true,
        ..policy
    };
    network.rooms[1]
        .change_policy(network.now, wanted.clone())
        .unwrap();
    network.collect(1);
    network.run_for(10);
    let reason = WaitingReason::VoteHere {
        vote: Vote::Policy(wanted.clone()),
        by: vec![bob],
        need: 2,
    };
    assert_eq!(told(&network, 0, "vote_here"), (vec![reason], 0));
    network.rooms[1].withdraw(network.now, &Vote::Policy(wanted));
    network.collect(1);
    network.run_for(10);
    assert_eq!(told(&network, 0, "vote_here").1, 1);
}

/// Who is heard later to keep the same other rules is named, too.
#[test]
fn all_who_are_heard_to_keep_other_rules_are_named() {
    let rules = |evidence| Policy {
        evidence,
        ..Policy::default()
    };
    let mut network = Network::with(3, 1, |config| config.members = Some(4));
    let alice = network.enter(|config| {
        config.members = Some(4);
        config.policy = rules(true);
    });
    // What one of them says of its rules is not heard at first.
    network.tamper = Some(Box::new(move |from, to, packet| {
        let is_proposal = matches!(Packet::from_bytes(packet), Ok(Packet::Proposal(_)));
        (!is_proposal || (from, to) != (2, alice)).then(|| packet.to_vec())
    }));
    network.run_for(10);
    network.tamper = None;
    network.run_for(60);
    let (reasons, over) = told(&network, alice, "rules_differ");
    let named = reasons.iter().map(|reason| match reason {
        WaitingReason::RulesDiffer { by, .. } => by.len(),
        other => panic!("{other:?}"),
    });
    // What was told before is over, so that one of them holds.
    assert_eq!((named.collect::<Vec<_>>(), over), (vec![2, 3], 1));
}

/// Who is to go has no vote, and is told of those that there are.
#[test]
fn whom_members_ask_to_leave_out_is_told_by_how_many_of_which_votes() {
    let (mut network, _) = room_by_votes();
    let (alice, bob, last) = (network.keys[0], network.keys[1], network.keys[3]);
    let asked = |by: &[IdentityKey]| WaitingReason::AskedOut {
        by: by.to_vec(),
        have: by.len(),
        need: 3,
    };
    for (by, so_far) in [(0, vec![alice]), (1, sorted([alice, bob]))] {
        network.rooms[by].exclude(network.now, last).unwrap();
        network.collect(by);
        network.run_for(10);
        let (reasons, _) = told(&network, 3, "asked_out");
        let WaitingReason::AskedOut { by, have, need } = reasons.last().unwrap().clone() else {
            panic!("{reasons:?}");
        };
        let by = sorted(by);
        assert_eq!(WaitingReason::AskedOut { by, have, need }, asked(&so_far));
        for other in 0..3 {
            assert_eq!(told(&network, other, "asked_out"), (vec![], 0));
        }
    }
    // Both take it back.
    for by in 0..2 {
        network.rooms[by].withdraw(network.now, &Vote::Exclude(last));
        network.collect(by);
        network.run_for(10);
    }
    assert_eq!(told(&network, 3, "asked_out").1, 2);
}

fn sorted(keys: impl IntoIterator<Item = IdentityKey>) -> Vec<IdentityKey> {
    let keys: std::collections::BTreeSet<_> = keys.into_iter().collect();
    keys.into_iter().collect()
}

/// Where founders decide, the vote of another does not count: what is missing is theirs.
#[test]
fn votes_that_do_not_count_are_not_among_those_that_there_are() {
    let mut network = Network::with(0, 1, |_| {});
    let founder = IdentityKeyPair::random::<Suite>(&mut network.rng);
    let policy = Policy {
        exclude: Rule::Founders([founder.public()].into()),
        ..Policy::default()
    };
    let mut config = RoomConfig::new(RoomId::of_name::<Suite>("test"), Admission::Open);
    config.timers = Timers::RELAY;
    config.members = Some(3);
    config.policy = policy.clone();
    network.enter_as(founder, config);
    for _ in 0..2 {
        network.enter(|config| {
            config.members = Some(3);
            config.policy = policy.clone();
        });
    }
    let mut network = network.until_secure();
    let last = network.keys[2];
    network.rooms[1].exclude(network.now, last).unwrap();
    network.collect(1);
    network.run_for(10);
    let vote = Vote::Exclude(last);
    let reason = WaitingReason::NeedsVotes {
        vote,
        have: 0,
        need: 1,
    };
    assert_eq!(told(&network, 1, "needs_votes"), (vec![reason], 0));
    let asked = WaitingReason::AskedOut {
        by: vec![network.keys[1]],
        have: 0,
        need: 1,
    };
    assert_eq!(told(&network, 2, "asked_out"), (vec![asked], 0));
}
