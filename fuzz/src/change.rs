//! Packets of light runs: what decodes encodes to the same bytes.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as Suite;
use mpotr_core::crypto::{Decoder, Encoder, IdentityKeyPair};
use mpotr_core::gka::light::{
    ChangeBody, ChangeKind, Freeze, Handle, Joint, LightCut, LightTerms, Object, Prefix, Proposed,
    Seed, Share, Signed, Standing, Watch, complain,
};
use mpotr_core::gka::{AgreementId, AuthenticationId, MemberIndex, Methods, simulation};
use rand_chacha::ChaCha20Rng;

/// The first byte picks one of the packets that there are.
pub fn packet(data: &[u8]) {
    let Some((pick, body)) = data.split_first() else {
        return;
    };
    match pick % 6 {
        0 => one::<Seed>(body),
        1 => one::<Freeze>(body),
        2 => one::<LightCut>(body),
        3 => one::<Share>(body),
        4 => one::<Joint>(body),
        _ => one::<Object>(body),
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
    let proposed = Proposed::new(&it.continuation, terms, &identity, &it.signing, 0, rng)
        .expect("all keys decode");
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
    ]
}

fn encoded<B: ChangeBody>(pick: u8, packet: &Signed<B>) -> Vec<u8> {
    let body = Encoder::encoded(|out| packet.encode(out));
    [&[pick], body.as_slice()].concat()
}
