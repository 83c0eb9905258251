//! Packets of light runs: what decodes encodes to the same bytes.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_core::crypto::{DecodeError, Decoder, Encoder, IdentityKeyPair};
use mpotr_core::gka::light::{
    ChangeBody, ChangeKind, Freeze, Handle, Hello, JoinOffer, JoinRequest, Joining, Joint,
    LightCut, LightTerms, Object, Opening, OwnHello, Prefix, Proposed, Ready, Seed, Share, Signed,
    Standing, TermsWithJoiners, Watch, Welcome, complain,
};
use mpotr_core::gka::{AgreementId, AuthenticationId, MemberIndex, Methods, simulation};
use rand_chacha::ChaCha20Rng;

/// The first byte picks one of the packets that there are.
pub fn packet(data: &[u8]) {
    let Some((pick, body)) = data.split_first() else {
        return;
    };
    match pick % 12 {
        0 => one::<Seed>(body),
        1 => one::<Freeze>(body),
        2 => one::<LightCut>(body),
        3 => one::<Share>(body),
        4 => one::<Joint>(body),
        5 => one::<Object>(body),
        6 => plain(body, Hello::decode, Hello::encode),
        7 => plain(body, JoinRequest::decode, JoinRequest::encode),
        8 => plain(body, JoinOffer::decode, JoinOffer::encode),
        9 => plain(body, Welcome::decode, Welcome::encode),
        10 => plain(body, Ready::decode, Ready::encode),
        _ => plain(body, Opening::decode, Opening::encode),
    }
}

/// What is sent outside of the parent epoch, by or to who joins.
fn plain<T>(
    data: &[u8],
    decode: fn(&mut Decoder<'_>) -> Result<T, DecodeError>,
    encode: fn(&T, &mut Encoder),
) {
    if let Ok(packet) = Decoder::whole(data, decode) {
        assert_eq!(Encoder::encoded(|out| encode(&packet, out)), data);
    }
}

fn one<B: ChangeBody>(data: &[u8]) {
    if let Ok(packet) = Decoder::whole(data, Signed::<B>::decode) {
        assert_eq!(Encoder::encoded(|out| packet.encode(out)), data);
    }
}

/// One honest example of a packet each, as [`packet`] takes it, of those that a member sends before all have answered.
pub fn examples(rng: &mut ChaCha20Rng) -> Vec<Vec<u8>> {
    let methods = Methods::new(AgreementId::BurmesterDesmedt, AuthenticationId::GroupProof);
    let (mut members, _) =
        simulation::form_group::<Suite>(3, methods, rng).expect("honest members agree");
    let identity = IdentityKeyPair::random::<Suite>(rng);
    let prefix = Prefix {
        count: 2,
        digest: mpotr_core::crypto::Digest32::new([2; 32]),
    };
    let hello = OwnHello::<Suite>::draw(Handle::new([1; 16]), &identity, rng);
    let guest = IdentityKeyPair::random::<Suite>(rng);
    let room = members[0].continuation.room();
    let joining = Joining::<Suite>::answer(hello.hello(), room, &guest, rng).expect("a key");
    let admitted = hello
        .admit(joining.request(), room)
        .expect("an honest joiner");
    let terms = LightTerms {
        view: 1,
        handle: Handle::new([1; 16]),
        policy: vec![1, 1],
        kind: ChangeKind::Exclusion,
        watch: Watch::Eager,
        reasons: Vec::new(),
        staying: [0, 1].map(MemberIndex::new).to_vec(),
    };
    let it = members.first_mut().expect("three members");
    let (parent, key) = (&it.continuation, &it.signing);
    let terms = TermsWithJoiners {
        terms,
        joiners: &[&admitted],
    };
    let proposed =
        Proposed::with_joiners(parent, terms, &identity, key, 0, rng).expect("all keys decode");
    let seed = proposed.seed().clone();
    let complaint = complain(&it.continuation, seed.body(), &it.signing);
    let standing = Standing {
        frontier: vec![prefix.digest],
        lock: prefix,
        last_final: prefix,
        confirmed: None,
        installed: None,
    };
    let frozen = proposed
        .freeze(&mut it.continuation, standing, &identity, &it.signing, rng)
        .expect("answered once");
    vec![
        encoded(0, &seed),
        encoded(1, frozen.freeze()),
        encoded(5, &complaint),
        picked(6, |out| hello.hello().encode(out)),
        picked(7, |out| joining.request().encode(out)),
        picked(8, |out| joining.offer().encode(out)),
    ]
}

fn encoded<B: ChangeBody>(pick: u8, packet: &Signed<B>) -> Vec<u8> {
    picked(pick, |out| packet.encode(out))
}

fn picked(pick: u8, encode: impl FnOnce(&mut Encoder)) -> Vec<u8> {
    let body = Encoder::encoded(encode);
    [&[pick], body.as_slice()].concat()
}
