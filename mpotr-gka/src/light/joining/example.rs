//! The values of `docs/spec/14-light-runs.md`, "Example", which a second implementation has computed.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as S;
use mpotr_crypto::{
    Digest32, EphemeralKey, Group, IdentityKey, IdentityKeyPair, NonceSum, PartKey, Secret,
    SecretScalar,
};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use super::super::cut::{LightCut, ListedKeys, ListedPart};
use super::super::packet::ChangeBody;
use super::super::schedule::Schedule;
use super::super::seed::{ChangeKind, Handle, LightTerms, Seed, Watch, Wrap};
use super::super::standing::{Closing, Prefix};
use super::super::wrapping::FreshSecret;
use super::hello::{admit_tag, seal_key, welcome_key};
use super::offer::{JoinOffer, decode_key};
use super::opening::{commitment_of_joiner, commitment_of_member};
use super::pairs::product;
use super::ready::{Guest, Host, ready_key};
use crate::continuation::Continuation;
use crate::member_index::MemberIndex;
use crate::offer::TrapdoorKey;
use crate::room_name::RoomId;
use crate::rounds::ReceiveKey;
use crate::sid::Sid;
use crate::{AgreementId, AuthenticationId, Methods, simulation};

type G = <S as mpotr_crypto::CryptoSuite>::Group;

/// Name and value of each line; a line that begins with a space goes on with the value before it.
struct Page(Vec<(String, String)>);

impl Page {
    fn read() -> Self {
        const PAGE: &str = include_str!("../../../../docs/spec/14-light-runs.md");
        let (_, section) = PAGE.split_once("\n## Example\n").unwrap();
        let (_, section) = section.split_once("\n```\n").unwrap();
        let (section, _) = section.split_once("\n```").unwrap();
        let mut values: Vec<(String, String)> = Vec::new();
        for line in section.lines() {
            match line.split_once(char::is_whitespace) {
                Some(("", more)) => values.last_mut().unwrap().1.push_str(more.trim()),
                Some((name, value)) => values.push((name.to_owned(), value.trim().to_owned())),
                None => panic!("{line}"),
            }
        }
        Self(values)
    }

    /// Takes a value out, which is these bytes.
    fn has(&mut self, name: &str, bytes: &[u8]) {
        let at = self.0.iter().position(|(of, _)| of == name).unwrap();
        let (_, value) = self.0.remove(at);
        let bytes: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(bytes, value, "{name}");
    }
}

/// 64 bytes of a value as a scalar.
fn wide(byte: u8) -> SecretScalar<S> {
    SecretScalar::new(G::scalar_from_wide(&[byte; 64]))
}

fn public(byte: u8) -> [u8; 32] {
    G::encode(&wide(byte).mul_base())
}

/// Bytes that count up.
fn counting<const N: usize>(from: u8) -> [u8; N] {
    std::array::from_fn(|at| from.wrapping_add(u8::try_from(at).unwrap()))
}

const fn digest(byte: u8) -> Digest32 {
    Digest32::new([byte; 32])
}

const fn listed(m: [u8; 32], f: [u8; 32], p: [u8; 32]) -> ListedKeys {
    ListedKeys {
        signing: EphemeralKey::new(m),
        part: ListedPart::new(f),
        receive: ReceiveKey::new(p),
    }
}

const HANDLE: Handle = Handle::new([
    0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7, 0xa8, 0xa9, 0xaa, 0xab, 0xac, 0xad, 0xae, 0xaf,
]);

/// An epoch of three members with the sid, `init` and identities of the example.
fn parent() -> Continuation<S> {
    let methods = Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::GroupProof);
    let mut rng = ChaCha20Rng::seed_from_u64(1);
    let (established, _) = simulation::form_group::<S>(3, methods, &mut rng).unwrap();
    let mut parent = established.into_iter().next().unwrap().continuation;
    parent.sid = Sid::new(counting(0));
    parent.init = Secret::new(counting(0x40));
    parent.room = RoomId::new([0x0f; 32]);
    let identities = [[0x10; 32], public(10), [0x11; 32]];
    parent.identities = identities.map(IdentityKey::new).to_vec();
    parent
}

fn cut(seed: &Seed, keys: Vec<ListedKeys>) -> LightCut {
    let freezes = (7..).take(seed.terms.staying.len()).map(digest).collect();
    let prefix = |count, byte| Prefix {
        count,
        digest: digest(byte),
    };
    LightCut {
        seed: seed.digest::<S>(),
        sender: MemberIndex::new(0),
        freezes,
        closing: Closing {
            heads: vec![digest(0x20)],
            base: prefix(3, 0x21),
            closed: prefix(5, 0x22),
        },
        keys,
        nonces: NonceSum::new([0x23; 64]),
    }
}

fn check_schedule(
    page: &mut Page,
    run: &str,
    seed: &Seed,
    fresh: &FreshSecret,
    cut: &LightCut,
) -> Schedule {
    let schedule = Schedule::new(&parent(), seed, fresh, cut);
    let mut has = |name: &str, bytes: &[u8]| page.has(&format!("{run}_{name}"), bytes);
    has("sd", seed.digest::<S>().as_bytes());
    has("cd", schedule.cut.as_bytes());
    has("lambda", cut.keys_digest::<S>().as_bytes());
    has("sid", schedule.epoch.sid.as_bytes());
    has("kc", schedule.epoch.key_commitment.as_bytes());
    has("init", schedule.epoch.init::<S>().expose());
    has("m", &schedule.message);
    schedule
}

/// The SEED of the example by which these stay and join.
fn seed(kind: ChangeKind, staying: &[u16], offers: Vec<JoinOffer>, fresh: &FreshSecret) -> Seed {
    let wrapping = fresh.wrapping::<S>(&HANDLE);
    let wrap = |key: ReceiveKey, to| wrapping.wrap(fresh, &key, MemberIndex::new(to)).unwrap();
    let others = staying.iter().filter(|member| **member != 0);
    let mut wraps: Vec<Wrap> = others
        .map(|member| {
            let key = public(u8::try_from(*member).unwrap());
            wrap(ReceiveKey::new(key), *member)
        })
        .collect();
    wraps.extend(offers.iter().map(|offer| wrap(offer.receive, 3)));
    Seed {
        proposer: MemberIndex::new(0),
        parent: Sid::new(counting(0)),
        terms: LightTerms {
            view: 1,
            handle: HANDLE,
            policy: b"policy".to_vec(),
            kind,
            watch: Watch::Lazy,
            reasons: Vec::new(),
            staying: staying.iter().copied().map(MemberIndex::new).collect(),
        },
        offers,
        ephemeral: wrapping.ephemeral,
        wraps,
    }
}

/// The offer of the joiner, and what it sends to be let in.
fn check_request(page: &mut Page) -> JoinOffer {
    let trapdoor = TrapdoorKey::new(public(6));
    let part = PartKey::new(public(8));
    let offer = JoinOffer {
        versions: vec![1],
        suites: vec![1],
        room: RoomId::new([0x0f; 32]),
        handle: HANDLE,
        identity: IdentityKey::new(public(5)),
        signing: EphemeralKey::new([0x0d; 32]),
        receive: ReceiveKey::new(public(7)),
        commitment: commitment_of_joiner::<S>(&trapdoor, &part, &[0x0e; 32]),
        trapdoor,
    };
    page.has("Q", &public(9));
    page.has("A_J", offer.identity.as_bytes());
    page.has("Y_J", offer.trapdoor.as_bytes());
    page.has("P_J", offer.receive.as_bytes());
    page.has("F_J", part.as_bytes());
    page.has("com_J", offer.commitment.as_bytes());
    let name = offer.digest::<S>();
    page.has("d_J", name.as_bytes());
    let hello = decode_key::<S>(&public(9)).unwrap();
    let [own, shared] = [5, 6].map(|secret| product::<S>(&wide(secret), &hello).unwrap());
    let seal = seal_key::<S>(&HANDLE, &shared, &offer.trapdoor, &offer.receive);
    page.has("join_seal", seal.expose());
    let admit = admit_tag::<S>(&HANDLE, &own, &shared, &name);
    page.has("join_admit", admit.expose());
    page.has("welcome", welcome_key::<S>(&offer, &shared).expose());
    offer
}

#[test]
fn the_example_of_the_specification() {
    let mut page = Page::read();
    let fresh = FreshSecret::of(Secret::new(counting(0x20)));
    let leave = seed(ChangeKind::Leave, &[0, 2], Vec::new(), &fresh);
    let w = fresh.wrapping::<S>(&HANDLE);
    page.has("w", w.exponent().encoded().expose());
    page.has("W", leave.ephemeral.as_bytes());
    page.has("P_2", &public(2));
    page.has("wrap_2", leave.wraps[0].as_bytes());
    let [one, two] = [1, 4].map(|m| listed([m; 32], [m + 1; 32], [m + 2; 32]));
    let closed = cut(&leave, vec![one, two]);
    let schedule = check_schedule(&mut page, "leave", &leave, &fresh, &closed);
    let tau = schedule.epoch.tweak::<S>(Sid::new(counting(0)));
    page.has("tau", tau.encoded().expose());

    let offer = check_request(&mut page);
    let part = PartKey::new(public(12));
    let member = MemberIndex::new(1);
    let commitment = commitment_of_member::<S>(&HANDLE, member, &part, &[0x12; 32]);
    page.has("A_1", &public(10));
    page.has("P'_1", &public(11));
    page.has("F'_1", part.as_bytes());
    page.has("com'_1", commitment.as_bytes());
    let host = listed([0x13; 32], *commitment.as_bytes(), public(11));
    let keys = vec![one, host, two, offer.listed()];
    let join = seed(ChangeKind::Refresh, &[0, 1, 2], vec![offer.clone()], &fresh);
    page.has("wrap_J", join.wraps[2].as_bytes());
    let closed = cut(&join, keys);
    let schedule = check_schedule(&mut page, "join", &join, &fresh, &closed);
    let (terms, secrets) = (schedule.joining.as_ref().unwrap(), &schedule.epoch);
    let [identity, joiner] =
        [10, 5].map(|secret| IdentityKeyPair::from_secret::<S>(wide(secret).encoded()).unwrap());
    let to_member = Guest {
        terms,
        secrets,
        me: 0,
        identity: &joiner,
        trapdoor: &wide(6),
    }
    .tag_for(member);
    page.has("to_member", to_member.unwrap().as_bytes());
    let to_joiner = Host {
        terms,
        secrets,
        me: member,
        identity: &identity,
        exchange: &wide(11),
    }
    .tag_for(0);
    page.has("to_joiner", to_joiner.unwrap().as_bytes());
    page.has("ready", ready_key::<S>(secrets, &offer).expose());
    // Every value of the page was looked at.
    assert_eq!(page.0, []);
}
