//! A member as programs use it: values in, events out, errors with codes.
#![expect(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    reason = "these are tests, their helpers too: what cannot be done is a failure"
)]

use std::collections::{BTreeMap, BTreeSet};

use mpotr::{
    Admission, Backend, Carrier, CarrierNews, Ended, IdentityKey, IdentityKeyPair, Member,
    Membership, Message, Order, Phase, Policy, Presence, Profile, Rejection, RoomOptions, Rule,
    Seen, SuiteId, TextId, Told, Vote, Waiting, new_identity,
};

const MINUTE: u64 = 60_000;

/// Members on one channel that loses nothing, on virtual time.
struct Channel {
    members: Vec<Member>,
    /// Whose packets nobody hears, and who hears none.
    cut: BTreeSet<usize>,
    now: u64,
    told: Vec<Vec<mpotr::Event>>,
}

impl Channel {
    fn of(members: Vec<Member>) -> Self {
        let told = members.iter().map(|_| Vec::new()).collect();
        Self {
            members,
            cut: BTreeSet::new(),
            now: 0,
            told,
        }
    }

    /// So many members who expect one another.
    fn expecting(identities: Vec<IdentityKeyPair>) -> Self {
        let keys: BTreeSet<_> = identities.iter().map(IdentityKeyPair::public).collect();
        let members = identities.into_iter().map(|identity| {
            let options = options(Admission::Only(keys.clone()));
            Member::new(options, identity, 0).unwrap()
        });
        Self::of(members.collect())
    }

    fn collect(&mut self) {
        loop {
            let mut is_quiet = true;
            for from in 0..self.members.len() {
                while let Some(packet) = self.members[from].poll_packet() {
                    is_quiet = false;
                    for to in 0..self.members.len() {
                        if to != from && !self.cut.contains(&from) && !self.cut.contains(&to) {
                            // What counts for nothing is nobody's fault.
                            let _rejection = self.members[to].handle_packet(self.now, &packet);
                        }
                    }
                }
                while let Some(event) = self.members[from].poll_event() {
                    self.told[from].push(event);
                }
            }
            if is_quiet {
                return;
            }
        }
    }

    /// Runs until something holds, for ten minutes at most.
    #[track_caller]
    fn until(&mut self, mut holds: impl FnMut(&Self) -> bool) {
        let end = self.now + 10 * MINUTE;
        loop {
            self.collect();
            if holds(self) {
                return;
            }
            let due = self.members.iter().filter_map(Member::poll_timeout).min();
            self.now = due.expect("something is due").max(self.now);
            assert!(self.now < end, "{:?}", self.told);
            for member in &mut self.members {
                member.handle_timeout(self.now);
            }
        }
    }

    fn has(&self, who: usize, is_it: impl Fn(&Told) -> bool) -> bool {
        self.told[who].iter().any(|event| is_it(&event.told))
    }

    /// The last `sid` that a member was told of.
    fn seen(&self, who: usize) -> Seen {
        let secure = |event: &&mpotr::Event| event.code() == "secure";
        let last = self.told[who].iter().rev().find(secure).unwrap();
        Seen::Epoch(last.sid.unwrap())
    }
}

fn options(admission: Admission) -> RoomOptions {
    let options = RoomOptions::new("tea", admission).unwrap();
    options.profile(Profile::Loopback)
}

fn is_secure(told: &Told) -> bool {
    matches!(told, Told::Membership(Membership::Secure { .. }))
}

fn people(count: usize) -> (Vec<IdentityKeyPair>, Vec<IdentityKey>) {
    let people: Vec<_> = (0..count).map(|_| new_identity()).collect();
    let keys = people.iter().map(IdentityKeyPair::public).collect();
    (people, keys)
}

#[test]
fn members_on_all_backends_and_one_suite_talk_and_leave() {
    let available: Vec<_> = Backend::available().collect();
    let (people, keys) = people(available.len().max(2));
    let backends = available.iter().cycle();
    let members = people.into_iter().zip(backends).map(|(me, backend)| {
        let options = options(Admission::Only(keys.iter().copied().collect()));
        Member::new(options.backend(*backend), me, 0).unwrap()
    });
    let mut channel = Channel::of(members.collect());
    let text = channel.members[0]
        .send(0, b"hello".to_vec(), Seen::Expected)
        .unwrap();
    let got = |channel: &Channel, who| {
        channel.has(who, |told| {
            matches!(told, Told::Message(Message::Text { author, body, .. })
                if *author == keys[0] && body == b"hello")
        })
    };
    channel.until(|channel| (0..keys.len()).all(|who| got(channel, who)));
    channel.until(|channel| {
        channel.has(0, |told| {
            matches!(told, Told::Message(Message::Acknowledged { text_id }) if *text_id == text)
        })
    });
    channel
        .until(|channel| channel.has(1, |told| matches!(told, Told::Order(Order::Final { .. }))));
    assert_eq!(channel.members[0].members().len(), keys.len());
    assert_eq!(
        channel.members[0].export(b"a use"),
        channel.members[1].export(b"a use")
    );
    let now = channel.now;
    for member in &mut channel.members {
        member.leave(now);
        assert_eq!(member.state().phase, Phase::Leaving);
    }
    channel.until(|channel| {
        (0..keys.len()).all(|who| {
            channel.has(who, |told| {
                matches!(told, Told::Ended(Ended::Ended(it)) if it.acknowledged && it.published)
            })
        })
    });
    assert!(channel.members.iter().all(Member::has_ended));
    assert_eq!(channel.members[0].state().phase, Phase::Ended);
    // Of each member, events are numbered without gaps, their time never runs back, and those of the epoch name it.
    for told in &channel.told {
        assert!(told.iter().zip(0..).all(|(event, n)| event.n == n));
        assert!(told.is_sorted_by_key(|event| event.at));
        let first = told.iter().position(|event| event.code() == "secure");
        let (before, after) = told.split_at(first.unwrap());
        assert!(before.iter().all(|event| event.sid.is_none()));
        assert!(after.iter().all(|event| event.sid == after[0].sid));
    }
}

/// The greatest time is one: what is done again later is not due at it for ever.
#[test]
fn a_clock_that_is_at_its_end_is_no_endless_work() {
    let mut alone = Member::new(options(Admission::Open), new_identity(), 0).unwrap();
    let mut late = Member::new(options(Admission::Open), new_identity(), u64::MAX).unwrap();
    let (people, keys) = people(2);
    let mut channel = Channel::expecting(people);
    channel.until(|it| (0..2).all(|who| it.has(who, is_secure)));
    let seen = channel.seen(0);
    channel.members[0]
        .send(u64::MAX, b"hello".to_vec(), seen)
        .unwrap();
    channel.members[0].exclude(u64::MAX, keys[1]).unwrap();
    let members = channel.members.iter_mut();
    for member in members.chain([&mut alone, &mut late]) {
        for now in [u64::MAX - 1, u64::MAX, u64::MAX] {
            member.handle_timeout(now);
            while member.poll_packet().is_some() {}
        }
        member.leave(u64::MAX);
        member.handle_timeout(u64::MAX);
        member.close();
        assert!(member.has_ended());
    }
}

#[test]
fn options_that_cannot_be_met_are_refused_by_code() {
    let code = |options: RoomOptions| {
        let refused = Member::new(options, new_identity(), 0).err();
        refused.map(|error| error.code())
    };
    let named = |length| RoomOptions::new(&"a".repeat(length), Admission::Open);
    for length in [0, 256] {
        assert_eq!(named(length).unwrap_err().code(), "bad_room_name");
    }
    assert!(named(255).is_ok());
    for backend in Backend::ALL {
        let refused = code(options(Admission::Open).backend(backend));
        let expected = (!backend.is_available()).then_some("not_built_in");
        assert_eq!(refused, expected);
    }
    let quorum = |votes: u16| Policy {
        exclude: Rule::Quorum(votes.try_into().unwrap()),
        ..Policy::default()
    };
    let of_three = || options(Admission::Only(people(2).1.into_iter().collect()));
    assert_eq!(code(of_three().policy(quorum(3))), None);
    assert_eq!(code(of_three().policy(quorum(4))), Some("bad_policy"));
    let no_founder = Policy {
        admit: Rule::Founders(BTreeSet::new()),
        ..Policy::default()
    };
    assert_eq!(
        code(options(Admission::Open).policy(no_founder)),
        Some("bad_policy")
    );
    let too_many = options(Admission::Open).members(mpotr::MAX_MEMBERS + 1);
    assert_eq!(code(too_many), Some("too_many_members"));
    let suites = SuiteId::ALL.map(|suite| code(options(Admission::Open).suite(suite)));
    assert!(
        suites
            .iter()
            .all(|code| matches!(code, None | Some("unsupported_suite")))
    );
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "one line for each thing that is refused"
)]
fn what_cannot_be_asked_for_is_refused_by_code_and_changes_nothing() {
    let (people, keys) = people(3);
    let stranger = keys[2];
    let mut channel = Channel::expecting(people.into_iter().take(2).collect());
    let alice = &mut channel.members[0];
    let body = || b"x".to_vec();
    let unknown = Seen::Epoch(mpotr::Sid::new([9; 32]));
    assert_eq!(
        alice.send(0, body(), unknown).unwrap_err().code(),
        "not_secure"
    );
    assert_eq!(
        alice
            .send(0, vec![0; mpotr::MAX_BODY + 1], Seen::Expected)
            .unwrap_err()
            .code(),
        "too_long"
    );
    channel.until(|channel| channel.has(0, is_secure) && channel.has(1, is_secure));
    let (now, seen) = (channel.now, channel.seen(0));
    let alice = &mut channel.members[0];
    let stale = alice.send(now, body(), unknown).unwrap_err();
    assert_eq!(stale.code(), "stale_roster");
    let none = TextId::from_number(99);
    assert_eq!(
        alice.release(now, none, seen).unwrap_err().code(),
        "no_such_text"
    );
    assert_eq!(alice.discard(now, none), None);
    assert_eq!(alice.exclude(now, keys[0]).unwrap_err().code(), "yourself");
    assert_eq!(alice.admit(now, keys[0]).unwrap_err().code(), "yourself");
    assert_eq!(
        alice.exclude(now, stranger).unwrap_err().code(),
        "no_such_member"
    );
    // Nobody is added to a list that names all.
    assert_eq!(
        alice.admit(now, stranger).unwrap_err().code(),
        "no_such_member"
    );
    assert_eq!(
        alice
            .withdraw(now, &Vote::Exclude(keys[1]))
            .unwrap_err()
            .code(),
        "no_such_vote"
    );
    let quorum = Rule::Quorum(9.try_into().unwrap());
    let policy = Policy {
        change: quorum,
        ..Policy::default()
    };
    assert_eq!(
        alice.change_policy(now, policy).unwrap_err().code(),
        "bad_policy"
    );
    assert_eq!(alice.state().votes, []);
    assert_eq!(alice.handle_packet(now, b"?").unwrap_err().code(), "decode");
    alice.leave(now);
    assert_eq!(alice.send(now, body(), seen).unwrap_err().code(), "leaving");
    alice.close();
    assert_eq!(alice.send(now, body(), seen).unwrap_err().code(), "ended");
    let policy = Policy::default();
    assert_eq!(
        alice.change_policy(now, policy).unwrap_err().code(),
        "ended"
    );
}

#[test]
fn a_roster_that_has_grown_is_no_longer_the_one_that_was_seen_and_who_is_muted_is_not_shown() {
    let (people, keys) = people(3);
    let mut members = people.into_iter().map(|me| {
        let everyone = Admission::Ask(keys.iter().copied().collect());
        Member::new(options(everyone), me, 0).unwrap()
    });
    let mut channel = Channel::of(members.by_ref().take(2).collect());
    channel.until(|channel| channel.has(0, is_secure) && channel.has(1, is_secure));
    let (now, seen) = (channel.now, channel.seen(0));
    channel.members.extend(members);
    channel.told.push(Vec::new());
    let alice = &mut channel.members[0];
    alice.mute(now, keys[1], true);
    channel.until(|channel| channel.has(2, is_secure));
    let is_whole = |member: &Member| member.members().len() == 3;
    channel.until(|channel| channel.members.iter().all(is_whole));
    let now = channel.now;
    let error = channel.members[0]
        .send(now, b"for two".to_vec(), seen)
        .unwrap_err();
    assert_eq!(
        error,
        mpotr::SendError::StaleRoster {
            added: vec![keys[2]]
        }
    );
    // A muted member is read by the room and not shown here.
    let seen = channel.seen(1);
    channel.members[1]
        .send(now, b"hear me".to_vec(), seen)
        .unwrap();
    let reads = |channel: &Channel, who| {
        channel.has(who, |told| {
            matches!(told, Told::Message(Message::Text { .. }))
        })
    };
    channel.until(|channel| reads(channel, 2));
    channel.until(|channel| {
        channel.has(1, |told| {
            matches!(told, Told::Message(Message::Acknowledged { .. }))
        })
    });
    assert!(!reads(&channel, 0));
    let state = channel.members[0].state();
    let bob = state
        .members
        .iter()
        .find(|member| member.identity == keys[1]);
    assert!(bob.is_some_and(|bob| bob.muted && bob.presence == Presence::Here));
}

#[test]
fn closing_tells_what_became_of_each_text_and_erases_the_keys() {
    let (people, keys) = people(2);
    let mut channel = Channel::expecting(people);
    channel.until(|channel| channel.has(0, is_secure) && channel.has(1, is_secure));
    let (now, seen) = (channel.now, channel.seen(0));
    channel.cut.insert(1);
    let text = channel.members[0]
        .send(now, b"lost".to_vec(), seen)
        .unwrap();
    channel.collect();
    let alice = &mut channel.members[0];
    assert_eq!(alice.state().texts.len(), 1);
    alice.close();
    channel.collect();
    let missed = |told: &Told| {
        matches!(told, Told::Message(Message::Missed { text_id, by })
            if *text_id == text && *by == [keys[1]])
    };
    assert!(channel.has(0, missed), "{:?}", channel.told[0]);
    assert!(channel.has(0, |told| {
        matches!(told, Told::Ended(Ended::Ended(it)) if !it.acknowledged)
    }));
    let alice = &mut channel.members[0];
    assert!(alice.has_ended() && alice.export(b"a use").is_none());
    assert_eq!((alice.poll_timeout(), alice.poll_packet()), (None, None));
    assert_eq!(alice.handle_packet(now, b"?"), Err(Rejection::UnknownEpoch));
    assert_eq!(alice.handle_packets(now, &[b"?", b"!"]).len(), 2);
    assert_eq!(alice.state().sid, None);
}

#[test]
fn what_becomes_of_the_carrier_is_told_among_all_else() {
    let mut member = Member::new(options(Admission::Open), new_identity(), 5).unwrap();
    let code = || "lost".to_owned();
    let lost = |attempt| CarrierNews::Lost {
        code: code(),
        attempt,
        next: 90,
    };
    member.handle_carrier(10, lost(1));
    member.handle_carrier(4, lost(2));
    let waits = |member: &Member| {
        let waiting = member.state().waiting.into_iter();
        let lost = waiting.filter_map(|event| {
            if let Told::Waiting(Waiting::Reconnecting { attempt, .. }) = event.told {
                Some(attempt)
            } else {
                None
            }
        });
        lost.collect::<Vec<_>>()
    };
    assert_eq!(waits(&member), [2]);
    let carrier = Carrier::RELAY;
    member.handle_carrier(20, CarrierNews::Back { carrier });
    assert_eq!(waits(&member), []);
    let closed = CarrierNews::Closed {
        code: code(),
        message: String::new(),
        retry: true,
    };
    member.handle_carrier(30, closed);
    let told: BTreeMap<_, _> = core::iter::from_fn(|| member.poll_event())
        .map(|event| (event.n, (event.code(), event.at)))
        .collect();
    let last: Vec<_> = told.into_values().rev().take(4).collect();
    // An earlier time counts as the last one.
    assert_eq!(
        last,
        [
            ("closed", 30),
            ("waiting_over", 20),
            ("waiting", 10),
            ("waiting", 10)
        ]
    );
    let [alert] = member.state().alerts.try_into().unwrap();
    assert_eq!(alert.code, "closed");
    assert!(member.dismiss(alert.n) && !member.dismiss(alert.n));
    assert_eq!(member.state().alerts, []);
}
