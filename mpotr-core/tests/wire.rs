//! Every packet decodes in one way only.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    clippy::wildcard_enum_match_arm,
    reason = "helpers of tests, which clippy does not know for tests"
)]

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_core::crypto::{Digest32, Encoder, SignatureBytes, SuiteId};
use mpotr_core::gka::{
    AgreementId, AuthenticationId, Challenge, CommitmentSum, Confirmation, Contribution,
    ContributionBody, EpochName, JoinerProof, KeyProof, KeyStatement as Confirmed, MemberIndex,
    OfferDigest, OfferSecrets, RoomId, Sid, TrapdoorKey,
    light::{ChangeKind, Handle, Hello, JoinTag, LightTerms, Opening, Seed, Signed, Watch, Wrap},
};
use mpotr_core::wire::{
    Admitted, Advert, Answer, Content, ContentKind, Entry, EpochHint, Fields, Heard, Joins, Knock,
    KnockNonce, LightPacket, Listing, Lock, MAX_ADMITTED, MAX_BODY, MAX_PACKET, MAX_RANGE,
    MAX_TRUST, MemberBits, MessageId, Missing, MissingJoin, MissingLight, Next, OfferHint,
    OfferMark, Packet, Presence, Proposal, Question, Range, Request, Reveal, RevealedSeed,
    RevealedTrapdoor, SidHint, Statement, Unsigned, Unverified, VERSION, Vote, Wanted, padded,
};
use mpotr_core::{Policy, Rekey, Rule, crypto};
use proptest::collection::{btree_map, btree_set, vec};
use proptest::prelude::*;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

fn digests(most: usize) -> impl Strategy<Value = Vec<OfferDigest>> {
    btree_set(any::<[u8; 32]>().prop_map(OfferDigest::new), 1..=most)
        .prop_map(|set| set.into_iter().collect())
}

fn signature() -> impl Strategy<Value = SignatureBytes> {
    vec(any::<u8>(), 64).prop_map(|bytes| SignatureBytes::new(bytes.try_into().unwrap()))
}

fn offer() -> impl Strategy<Value = Packet> {
    any::<u64>().prop_map(|seed| {
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        let identity = crypto::IdentityKeyPair::random::<Suite>(&mut rng);
        let room = RoomId::of_name::<Suite>("room");
        Packet::Offer(OfferSecrets::<Suite>::generate(room, None, &identity, 0, &mut rng).0)
    })
}

fn proposal() -> impl Strategy<Value = Packet> {
    let head = (
        any::<[u8; 32]>(),
        any::<[u8; 16]>(),
        any::<[u8; 16]>(),
        any::<u32>(),
    );
    (
        head,
        digests(8),
        any::<prop::sample::Index>(),
        signature(),
        any::<bool>(),
    )
        .prop_map(
            |((room, parent, name, view), offers, proposer, signature, flip)| {
                let (suite, agreement, authentication) = if flip {
                    (
                        SuiteId::Aes256Gcm,
                        AgreementId::Pairwise,
                        AuthenticationId::TripleDh,
                    )
                } else {
                    let (agreement, authentication) =
                        (AgreementId::BurmesterDesmedt, AuthenticationId::GroupProof);
                    (SuiteId::ChaCha20Poly1305, agreement, authentication)
                };
                Packet::Proposal(Proposal {
                    suite,
                    room: RoomId::new(room),
                    parent: Some(EpochName::new(parent)),
                    name: EpochName::new(name),
                    view,
                    host: flip.then(|| EpochName::new(name)),
                    policy: Policy {
                        agreement,
                        authentication,
                        admit: Rule::Quorum(3.try_into().unwrap()),
                        exclude: Rule::Founders([crypto::IdentityKey::new(room)].into()),
                        change: Rule::Anyone,
                        evidence: flip,
                        rekey: if view % 2 == 0 {
                            Rekey::Full
                        } else {
                            Rekey::Light
                        },
                    },
                    proposer: u16::try_from(proposer.index(offers.len())).unwrap(),
                    commitments: Some(CommitmentSum::new(room)),
                    offers,
                    signature,
                })
            },
        )
}

fn contribution() -> impl Strategy<Value = Packet> {
    let share = prop_oneof![Just(Vec::new()), vec(any::<u8>(), 32)];
    (
        any::<[u8; 8]>(),
        0_u16..4096,
        vec(any::<u8>(), 0..200),
        share,
        any::<[u8; 32]>(),
        signature(),
    )
        .prop_map(|(hint, sender, agreement, share, keys, signature)| {
            let body = ContributionBody {
                agreement,
                knowledge_share: share,
                inner_keys: Digest32::new(keys),
            };
            Packet::Contribution(
                SidHint::new(hint),
                Contribution {
                    sender: MemberIndex::new(sender),
                    body,
                    signature,
                },
            )
        })
}

fn confirmation() -> impl Strategy<Value = Packet> {
    let statement = (any::<[u8; 32]>(), any::<[u8; 32]>()).prop_map(|(d, kc)| Confirmed {
        contributions: Digest32::new(d),
        key_commitment: Digest32::new(kc),
    });
    (
        any::<[u8; 8]>(),
        0_u16..4096,
        statement,
        vec(any::<u8>(), 16..200),
        signature(),
    )
        .prop_map(|(hint, sender, statement, sealed, signature)| {
            let confirmation = Confirmation {
                sender: MemberIndex::new(sender),
                statement,
                sealed,
                signature,
            };
            Packet::Confirmation(SidHint::new(hint), confirmation)
        })
}

/// Those of the first members whose bits are set.
fn members(first: u16, set: u32) -> MemberBits {
    let members = (0..first).filter(|it| set >> it & 1 == 1);
    members.map(MemberIndex::new).collect()
}

fn bits() -> impl Strategy<Value = MemberBits> {
    btree_set((0..4096_u16).prop_map(MemberIndex::new), 0..5).prop_map(MemberBits::from_iter)
}

fn missing_light() -> impl Strategy<Value = MissingLight> {
    let of_run = (any::<[u8; 8]>(), any::<u32>(), any::<u8>());
    (of_run, any::<[bool; 3]>(), bits(), bits()).prop_map(
        |((hint, view, number), [seed, cut, joint], freezes, shares)| MissingLight {
            parent: SidHint::new(hint),
            view,
            number,
            seed,
            cut,
            joint,
            freezes,
            shares,
        },
    )
}

fn request() -> impl Strategy<Value = Packet> {
    let wanted = prop_oneof![
        digests(64).prop_map(Wanted::Offers),
        any::<[u8; 8]>().prop_map(|hint| Wanted::Proposal(SidHint::new(hint))),
        (any::<[u8; 8]>(), any::<u8>(), bits(), bits()).prop_map(
            |(hint, number, contributions, confirmations)| {
                Wanted::Rounds(Missing {
                    run: SidHint::new(hint),
                    number,
                    contributions,
                    confirmations,
                })
            }
        ),
        missing_light().prop_map(Wanted::Light),
        missing_join().prop_map(Wanted::Join),
    ];
    (any::<[u8; 32]>(), wanted).prop_map(|(room, wanted)| {
        Packet::Request(Request {
            room: RoomId::new(room),
            wanted,
        })
    })
}

fn heard() -> impl Strategy<Value = Packet> {
    let marks = btree_set(any::<[u8; 4]>(), 0..20);
    let entries = (marks, any::<u32>()).prop_map(|(marks, tag)| {
        let entry = |mark| Entry {
            offer: OfferMark::new(mark),
            tag,
        };
        marks.into_iter().map(entry).collect()
    });
    (any::<[u8; 8]>(), any::<u32>(), entries, signature()).prop_map(
        |(author, tag, entries, signature)| {
            Packet::Heard(Heard {
                author: OfferHint::new(author),
                tag,
                entries,
                signature,
            })
        },
    )
}

fn sealed() -> impl Strategy<Value = Packet> {
    vec(any::<u8>(), 59..400)
        .prop_map(|body| Packet::from_bytes(&[&[VERSION, 5], &body[..]].concat()).unwrap())
}

fn enclosed() -> impl Strategy<Value = Packet> {
    vec(any::<u8>(), 42..400)
        .prop_map(|body| Packet::from_bytes(&[&[VERSION, 14], &body[..]].concat()).unwrap())
}

fn seed() -> impl Strategy<Value = Packet> {
    let roster = btree_set(0..4096_u16, 1..6).prop_map(|places| places.into_iter().collect());
    let bytes = (any::<[u8; 32]>(), any::<[u8; 16]>(), any::<[u8; 32]>());
    let lists = (vec(any::<u8>(), 0..40), vec(any::<u8>(), 0..40), roster);
    (any::<u32>(), bytes, lists, signature()).prop_map(
        |(view, (parent, handle, other), (policy, reasons, roster), signature)| {
            let roster: Vec<u16> = roster;
            let staying: Vec<_> = roster.into_iter().map(MemberIndex::new).collect();
            let wraps = vec![Wrap::new(other); staying.len() - 1];
            let seed = Seed {
                proposer: staying[0],
                parent: Sid::new(parent),
                terms: LightTerms {
                    view,
                    handle: Handle::new(handle),
                    policy,
                    kind: ChangeKind::Refresh,
                    watch: Watch::Lazy,
                    reasons,
                    staying,
                },
                offers: Vec::new(),
                ephemeral: crypto::ElementBytes::new(other),
                wraps,
            };
            Packet::Light(LightPacket::Seed(Box::new(Signed::new(seed, signature))))
        },
    )
}

/// All but SEED: fields of fixed length, with lists of one or of none.
fn light() -> impl Strategy<Value = Packet> {
    let digest = |fill: u8| [fill; 32].to_vec();
    let lengths = (2..=6_u8, any::<u8>(), any::<u16>());
    lengths.prop_map(move |(step, fill, sender)| {
        let sender = (sender % 4096).to_be_bytes().to_vec();
        let prefix = || [vec![0; 4], digest(fill)].concat();
        let one = || vec![0, 1];
        let body = match step {
            2 => vec![
                digest(fill),
                sender,
                one(),
                digest(fill),
                prefix(),
                prefix(),
                vec![1, 0, 0, 0, fill],
                digest(fill),
                vec![0],
                digest(fill),
                vec![fill; 64],
                vec![1],
                digest(fill),
                vec![0],
            ],
            3 => vec![
                digest(fill),
                sender,
                one(),
                digest(fill),
                one(),
                digest(fill),
                prefix(),
                prefix(),
                one(),
                vec![fill; 96],
                vec![fill; 64],
            ],
            4 => vec![digest(fill), digest(fill), sender, vec![0; 32]],
            5 => vec![digest(fill), digest(fill), sender, vec![0; 64]],
            _ => vec![digest(fill), sender, vec![1]],
        };
        let packet = [vec![VERSION, 15, step], body.concat(), vec![fill; 64]].concat();
        Packet::from_bytes(&packet).unwrap()
    })
}

/// Where a packet may end at the earliest, if it goes on to the end of the bytes.
fn shortest(packet: &Packet) -> Option<usize> {
    match packet {
        Packet::Sealed(_) => Some(61),
        Packet::Enclosed(_) => Some(44),
        _ => None,
    }
}

fn packet() -> impl Strategy<Value = Packet> {
    prop_oneof![
        offer(),
        proposal(),
        contribution(),
        confirmation(),
        request(),
        heard(),
        sealed(),
        enclosed(),
        seed(),
        light(),
        advert(),
        reveal(),
        knock(),
        hello(),
        answer(),
        joining()
    ]
}

fn lock() -> impl Strategy<Value = Lock> {
    prop_oneof![
        Just(Lock::EMPTY),
        (1_u32.., any::<[u8; 32]>())
            .prop_filter("the digest of none", |(_, digest)| *digest != [0; 32])
            .prop_map(|(count, digest)| Lock {
                count,
                digest: Digest32::new(digest)
            }),
    ]
}

fn ids() -> impl Strategy<Value = Vec<MessageId>> {
    btree_set(
        any::<[u8; 32]>().prop_filter("none", |id| *id != [0; 32]),
        0..6,
    )
    .prop_map(|set| set.into_iter().map(MessageId::new).collect())
}

fn content() -> impl Strategy<Value = Content> {
    let prev = prop_oneof![
        Just((0, None)),
        (1_u32.., any::<[u8; 32]>())
            .prop_filter("none", |(_, prev)| *prev != [0; 32])
            .prop_map(|(seq, prev)| (seq, Some(MessageId::new(prev)))),
    ];
    (0..3, prev, ids(), lock(), vec(any::<u8>(), 0..600)).prop_map(
        |(kind, (seq, prev), mut parents, lock, mut body)| {
            parents.retain(|parent| Some(*parent) != prev);
            let (kind, most) = match kind {
                0 => (ContentKind::Text, MAX_BODY),
                1 => (ContentKind::Fin, 0),
                _ => (ContentKind::Trust, MAX_TRUST),
            };
            body.truncate(most);
            Content {
                kind,
                seq,
                prev,
                parents,
                lock,
                body: body.into(),
            }
        },
    )
}

fn vote() -> impl Strategy<Value = Vote> {
    let identity = || any::<[u8; 32]>().prop_map(crypto::IdentityKey::new);
    prop_oneof![
        Just(Vote::Refresh),
        identity().prop_map(Vote::Admit),
        identity().prop_map(Vote::Exclude),
        identity().prop_map(|founder| {
            Vote::Policy(Policy {
                change: Rule::Founders([founder].into()),
                ..Policy::default()
            })
        }),
    ]
}

fn next() -> impl Strategy<Value = Next> {
    let sid = || any::<[u8; 32]>().prop_map(Sid::new);
    let digest = any::<[u8; 32]>().prop_map(Digest32::new);
    let offer = prop::option::of(any::<[u8; 32]>().prop_map(OfferDigest::new));
    let some = || prop::option::of(sid());
    let frozen = prop::option::of((sid(), lock()));
    let bytes = any::<[u8; 32]>;
    let admitted = (bytes(), bytes()).prop_map(|(identity, offer)| Admitted {
        identity: crypto::IdentityKey::new(identity),
        offer: OfferDigest::new(offer),
    });
    let lists = (
        btree_set(sid(), 0..4),
        btree_set(vote(), 0..4),
        btree_set(admitted, 0..=MAX_ADMITTED),
        joins(),
    );
    let confirmed = btree_map(sid(), digest, 0..4);
    (
        any::<u32>(),
        offer,
        some(),
        frozen,
        confirmed,
        some(),
        lists,
    )
        .prop_map(
            |(
                view,
                offer,
                proposed,
                frozen,
                confirmed,
                installed,
                (forsaken, mut votes, admitted, joins),
            )| {
                let mut policies = 0;
                votes.retain(|vote| {
                    policies += u8::from(matches!(vote, Vote::Policy(_)));
                    policies < 2 || !matches!(vote, Vote::Policy(_))
                });
                Next {
                    view,
                    offer,
                    proposed,
                    frozen,
                    confirmed: confirmed.into_iter().collect(),
                    installed,
                    guest: offer.filter(|_| view % 3 == 0),
                    struck: members(8, view),
                    struck_twice: members(4, view),
                    joins,
                    done: installed.is_some() && view % 2 == 0,
                    forsaken: forsaken.into_iter().collect(),
                    votes: votes.into_iter().collect(),
                    admitted: admitted.into_iter().collect(),
                    objected: offer.into_iter().collect(),
                }
            },
        )
}

fn ranges() -> impl Strategy<Value = Vec<Range>> {
    vec((0..3_u16, 0..9_u32, 1..=MAX_RANGE), 0..4).prop_map(|gaps| {
        let (mut author, mut place) = (0, 0);
        let ranges = gaps.into_iter().map(|(others, gap, count)| {
            if others > 0 {
                (author, place) = (author + others, 0);
            }
            let first = place + gap;
            place = first + count;
            Range {
                author,
                first,
                count,
            }
        });
        ranges.collect()
    })
}

fn statement() -> impl Strategy<Value = Statement> {
    let presence = prop_oneof![
        Just(Presence::Present),
        Just(Presence::Asking),
        Just(Presence::Closed),
        Just(Presence::Closing),
        Just(Presence::Done)
    ];
    let question = prop::option::of((any::<u16>(), any::<u32>()))
        .prop_map(|question| question.map(|(member, from)| Question { member, from }));
    let id = any::<[u8; 32]>().prop_map(MessageId::new);
    let listing = prop::option::of((any::<u32>(), vec(id, 1..4)))
        .prop_map(|listing| listing.map(|(from, ids)| Listing { from, ids }));
    (
        presence,
        any::<u32>(),
        ids(),
        lock(),
        (ids(), ranges(), bits(), question, listing),
        prop::option::of(next()),
    )
        .prop_map(
            |(
                presence,
                sent,
                frontier,
                lock,
                (wanted, missing, lacks, question, listing),
                next,
            )| {
                Statement {
                    presence,
                    sent,
                    frontier,
                    lock,
                    wanted,
                    missing,
                    lacks,
                    question,
                    listing,
                    next,
                }
            },
        )
}

fn reveal() -> impl Strategy<Value = Packet> {
    let bytes = any::<[u8; 32]>;
    (any::<[u8; 8]>(), any::<u16>(), bytes(), bytes()).prop_map(|(hint, sender, seed, trapdoor)| {
        Packet::Reveal(Reveal {
            hint: EpochHint::new(hint),
            sender,
            seed: RevealedSeed::new(seed),
            trapdoor: RevealedTrapdoor::new(trapdoor),
        })
    })
}

fn knock() -> impl Strategy<Value = Packet> {
    (any::<[u8; 32]>(), any::<[u8; 16]>()).prop_map(|(room, nonce)| {
        let (room, nonce) = (RoomId::new(room), KnockNonce::new(nonce));
        Packet::Knock(Knock { room, nonce })
    })
}

fn hello() -> impl Strategy<Value = Packet> {
    let bytes = any::<[u8; 32]>;
    let name = any::<[u8; 16]>().prop_filter("none", |name| *name != [0; 16]);
    let light = prop::option::of((any::<[u8; 16]>(), bytes()));
    let of_key = (bytes(), any::<[u8; 64]>(), light);
    (bytes(), name, any::<u32>(), of_key).prop_map(|(room, epoch, view, (key, proof, light))| {
        Packet::Hello(Challenge {
            room: RoomId::new(room),
            epoch: EpochName::new(epoch),
            view,
            key: TrapdoorKey::new(key),
            proof: KeyProof::new(proof),
            light: light.map(|(handle, key)| Hello {
                handle: Handle::new(handle),
                key: crypto::ElementBytes::new(key),
            }),
        })
    })
}

/// What is sealed in one from outside or for it: of these bytes the fields in clear have a form.
fn joining() -> impl Strategy<Value = Packet> {
    let sealed = vec(any::<u8>(), 0..200);
    (
        16..=18_u8,
        any::<[u8; 16]>(),
        any::<[u8; 64]>(),
        0_u16..4096,
        sealed,
    )
        .prop_map(|(kind, handle, keys, place, sealed)| {
            let mut bytes = vec![VERSION, kind];
            bytes.extend(handle);
            match kind {
                16 => bytes.extend(keys),
                18 => bytes.extend(place.to_be_bytes()),
                _ => {}
            }
            bytes.extend(u32::try_from(sealed.len()).unwrap().to_be_bytes());
            bytes.extend(sealed);
            Packet::from_bytes(&bytes).unwrap()
        })
}

fn missing_join() -> impl Strategy<Value = MissingJoin> {
    let welcome = prop::option::of(any::<[u8; 32]>().prop_map(TrapdoorKey::new));
    (any::<[u8; 16]>(), any::<u8>(), welcome, bits(), bits()).prop_map(
        |(handle, number, welcome, readies, openings)| MissingJoin {
            handle: Handle::new(handle),
            number,
            welcome,
            readies,
            openings,
        },
    )
}

fn joins() -> impl Strategy<Value = Joins> {
    let tags = vec(any::<[u8; 16]>().prop_map(JoinTag::new), 1..=8);
    let opening = (any::<u8>(), any::<[u8; 32]>(), any::<[u8; 32]>(), tags);
    let opening = prop::option::of(opening).prop_map(|opening| {
        opening.map(|(runs, part, salt, tags)| {
            let part = crypto::PartKey::new(part);
            (runs, Opening { part, salt, tags })
        })
    });
    let waiting = btree_set(any::<[u8; 32]>().prop_map(crypto::IdentityKey::new), 0..=8);
    let waiting = waiting.prop_map(|set| set.into_iter().collect());
    (opening, bits(), waiting).prop_map(|(opening, unopened, waiting)| Joins {
        opening,
        unopened,
        waiting,
    })
}

fn answer() -> impl Strategy<Value = Packet> {
    let proof = vec(any::<u8>(), 128).prop_map(|bytes| bytes.try_into().unwrap());
    (offer(), any::<[u8; 32]>(), signature(), proof).prop_map(
        |(offer, challenge, signature, proof)| {
            let Packet::Offer(offer) = offer else {
                panic!("{offer:?}");
            };
            Packet::Answer(Box::new(Answer {
                offer,
                challenge: TrapdoorKey::new(challenge),
                signature,
                proof: JoinerProof::new(proof),
            }))
        },
    )
}

fn advert() -> impl Strategy<Value = Packet> {
    let names = vec(any::<[u8; 16]>(), 1..=16);
    (any::<[u8; 32]>(), names, 1_u16..=4096).prop_map(|(room, names, members)| {
        let mut names = names.into_iter().map(EpochName::new);
        Packet::Advert(Advert {
            room: RoomId::new(room),
            name: names.next().unwrap(),
            members,
            earlier: names.collect(),
        })
    })
}

/// Round trip, padding, and that any change of what was encoded is refused or decodes to what it encodes.
fn check_fields<T: Fields + Clone + PartialEq + core::fmt::Debug>(
    fields: &T,
    flip: prop::sample::Index,
) {
    let unsigned = Unsigned::new(fields.clone());
    let signature = SignatureBytes::new([9; 64]);
    let sealed = unsigned.with_signature(&signature);
    let length = Encoder::encoded(|out| fields.encode(out)).len() + 64;
    assert_eq!(sealed.len(), padded(T::SMALLEST, length));
    let decoded = Unverified::<T>::decode(&sealed).unwrap();
    assert_eq!(decoded.unsigned(), &unsigned);
    for end in 0..sealed.len() {
        assert!(Unverified::<T>::decode(&sealed[..end]).is_err());
    }
    let mut longer = sealed.clone();
    longer.extend(vec![0; T::SMALLEST]);
    assert!(Unverified::<T>::decode(&longer).is_err());
    let mut changed = sealed;
    let bit = flip.index(8 * (changed.len() - 64));
    changed[bit / 8] ^= 1 << (bit % 8);
    if let Ok(other) = Unverified::<T>::decode(&changed) {
        assert_ne!(other.unsigned(), &unsigned);
        assert_eq!(
            Unsigned::new(other.unsigned().fields().clone()).bytes(),
            other.unsigned().bytes()
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_packet_decodes_to_what_was_encoded(packet in packet()) {
        prop_assert_eq!(Packet::from_bytes(&packet.to_bytes()).unwrap(), packet);
    }

    #[test]
    fn a_packet_cut_short_is_refused(packet in packet()) {
        let bytes = packet.to_bytes();
        let least = shortest(&packet).unwrap_or(bytes.len());
        for end in 0..least.min(bytes.len()) {
            prop_assert!(Packet::from_bytes(&bytes[..end]).is_err());
        }
    }

    #[test]
    fn a_packet_with_more_behind_is_refused(packet in packet(), more in vec(any::<u8>(), 1..9)) {
        let bytes = [packet.to_bytes(), more].concat();
        let goes_on = shortest(&packet).is_some();
        prop_assert_eq!(Packet::from_bytes(&bytes).is_ok(), goes_on);
    }

    #[test]
    fn what_decodes_encodes_to_the_same_bytes(packet in packet(), flip in any::<prop::sample::Index>()) {
        let mut bytes = packet.to_bytes();
        let bit = flip.index(8 * bytes.len());
        bytes[bit / 8] ^= 1 << (bit % 8);
        if let Ok(other) = Packet::from_bytes(&bytes) {
            prop_assert_eq!(other.to_bytes(), bytes);
        }
    }

    #[test]
    fn bytes_without_meaning_do_no_harm(bytes in vec(any::<u8>(), 0..300)) {
        if let Ok(packet) = Packet::from_bytes(&bytes) {
            prop_assert_eq!(packet.to_bytes(), bytes);
        }
    }

    #[test]
    fn content_is_canonical(content in content(), flip in any::<prop::sample::Index>()) {
        check_fields(&content, flip);
    }

    #[test]
    fn statements_are_canonical(statement in statement(), flip in any::<prop::sample::Index>()) {
        check_fields(&statement, flip);
    }
}

#[test]
fn one_head_or_a_lock_takes_the_smallest_size_and_both_the_next() {
    let heads = vec![MessageId::new([1; 32])];
    let lock = Lock {
        count: 1,
        digest: Digest32::new([2; 32]),
    };
    let length = |frontier: &[MessageId], lock, lacks: MemberBits| {
        let statement = Statement {
            sent: u32::MAX,
            frontier: frontier.to_vec(),
            lock,
            lacks,
            ..Statement::empty(Presence::Present)
        };
        let unsigned = Unsigned::new(statement);
        unsigned.with_signature(&SignatureBytes::new([0; 64])).len()
    };
    let none = MemberBits::default;
    assert_eq!(length(&[], Lock::EMPTY, none()), 112);
    assert_eq!(length(&heads, Lock::EMPTY, none()), 112);
    assert_eq!(length(&[], lock, none()), 112);
    // A question of a room of 32.
    assert_eq!(length(&[], lock, MemberIndex::all(32).collect()), 112);
    assert_eq!(length(&heads, lock, none()), 224);
}

#[test]
fn a_field_that_is_there_says_something() {
    let decode = |fields: &[u8]| {
        let mut sealed = fields.to_vec();
        sealed.resize(padded(Statement::SMALLEST, fields.len() + 64), 0);
        Unverified::<Statement>::decode(&sealed).map(|it| it.unsigned().fields().clone())
    };
    let [present, sent] = [&[0][..], &[0; 4]];
    let nothing = [present, &[0], sent].concat();
    assert_eq!(
        decode(&nothing).unwrap(),
        Statement::empty(Presence::Present)
    );
    let empty: [(u8, &[u8]); 5] = [
        (1, &[0; 2]),
        (2, &[0; 36]),
        (4, &[0; 2]),
        (8, &[0]),
        (16, &[0; 2]),
    ];
    for (bit, field) in empty {
        assert!(decode(&[present, &[bit], sent, field].concat()).is_err());
    }
    // A lock of no messages has no digest, and a state is one of five.
    assert!(decode(&[present, &[2], sent, &[0; 4], &[7; 32]].concat()).is_err());
    assert!(decode(&[&[5], &[0][..], sent].concat()).is_err());
}

#[test]
fn ranges_that_overlap_or_run_out_of_places_are_refused() {
    let refused = |missing: &[(u16, u32, u32)]| {
        let statement = Statement {
            missing: missing
                .iter()
                .map(|(author, first, count)| Range {
                    author: *author,
                    first: *first,
                    count: *count,
                })
                .collect(),
            ..Statement::empty(Presence::Present)
        };
        let bytes = Unsigned::new(statement).with_signature(&SignatureBytes::new([0; 64]));
        Unverified::<Statement>::decode(&bytes).is_err()
    };
    assert!(!refused(&[(0, 0, 2), (0, 2, 1), (1, 0, MAX_RANGE)]));
    for bad in [
        &[(0, 0, 2), (0, 1, 1)][..],
        &[(1, 0, 1), (0, 0, 1)],
        &[(0, 0, 0)],
        &[(0, 0, MAX_RANGE + 1)],
        &[(0, u32::MAX, 1)],
        &[(0, 0, 1); 65],
    ] {
        assert!(refused(bad), "{bad:?}");
    }
}

#[test]
fn a_packet_over_the_limit_is_refused_by_its_length() {
    let error = Packet::from_bytes(&vec![1; MAX_PACKET + 1]).unwrap_err();
    assert_eq!(error.field, "packet");
}

#[test]
fn an_unknown_version_or_kind_is_refused() {
    assert_eq!(Packet::from_bytes(&[1, 1]).unwrap_err().field, "version");
    assert_eq!(Packet::from_bytes(&[VERSION, 0]).unwrap_err().field, "kind");
    assert_eq!(
        Packet::from_bytes(&[VERSION, 19]).unwrap_err().field,
        "kind"
    );
}

#[test]
fn offers_that_were_heard_are_named_once_and_in_order() {
    let entry = |mark: u8| Entry {
        offer: OfferMark::new([mark; 4]),
        tag: 1,
    };
    let named = |marks: &[u8]| {
        let heard = Heard {
            author: OfferHint::new([1; 8]),
            tag: 1,
            entries: marks.iter().map(|mark| entry(*mark)).collect(),
            signature: SignatureBytes::new([2; 64]),
        };
        Packet::from_bytes(&Packet::Heard(heard).to_bytes())
    };
    assert!(named(&[]).is_ok() && named(&[1, 2]).is_ok());
    for marks in [&[1, 1], &[2, 1]] {
        assert_eq!(named(marks).unwrap_err().field, "heard");
    }
}

#[test]
fn a_list_that_is_too_long_is_refused_before_it_is_read() {
    // A proposal whose count says 4,097, and nothing behind it.
    let mut bytes = vec![VERSION, 2, 0, 1];
    // Room, no parent, a name, view 0, no host.
    bytes.extend_from_slice(&[0; 32 + 16]);
    bytes.extend_from_slice(&[7; 16]);
    bytes.extend_from_slice(&[0; 4 + 16]);
    // Both methods, anyone lets in, leaves out and changes this, no evidence, proposer 0.
    bytes.extend_from_slice(&[1, 1, 0, 0, 0, 0, 0, 0]);
    bytes.extend_from_slice(&[0; 32]);
    bytes.extend_from_slice(&4097_u32.to_be_bytes());
    let error = Packet::from_bytes(&bytes).unwrap_err();
    assert_eq!(
        error.to_string(),
        "at byte 128, field `offers`: 4097 is over the limit of 4096"
    );
}

/// What is said first in an epoch that others have joined says something.
#[test]
fn an_opening_that_says_nothing_is_refused() {
    let decode = |opened: &[u8]| {
        let fields = [&[0, 128][..], &[0; 4], &[0; 4], &[128], opened, &[0; 6]].concat();
        let unsigned = crypto::Decoder::whole(&fields, Statement::decode);
        unsigned.map_err(|error| error.field)
    };
    assert!(decode(&[2, 0, 1, 1]).is_ok());
    for nothing in [&[0][..], &[2, 0, 0]] {
        assert_eq!(decode(nothing).unwrap_err(), "which");
    }
    assert_eq!(decode(&[8]).unwrap_err(), "which");
    assert_eq!(decode(&[4, 0]).unwrap_err(), "waiting");
}

#[test]
fn a_packet_of_a_light_run_is_of_a_step_that_there_is() {
    for step in [0, 7, 255] {
        let error = Packet::from_bytes(&[VERSION, 15, step, 0]).unwrap_err();
        assert_eq!((error.field, error.offset), ("step", 2), "{step}");
    }
}
