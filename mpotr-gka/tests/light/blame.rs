//! Who is named when a light run fails, and who is not.

use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite as S;
use mpotr_crypto::{Group, JointShare, NonceCommitment, NonceSum, SignatureBytes};
use mpotr_gka::light::{
    Attempts, CertifyError, ChangeBody, ChangeKind, ChangePacket, CutError, Heard, InstallError,
    NextView, Object, Objection, SeedError, Seeded, ShareError, Signed, Verdict, ViewEnd, Watch,
    Wrap, complain,
};
use mpotr_gka::{Fault, FaultKind, MemberIndex, ReceiveKey};

use crate::house::{House, Sharing, members};

const UNSIGNED: SignatureBytes = SignatureBytes::new([7; 64]);

fn fault(kind: FaultKind, culprits: &[usize]) -> Verdict {
    Verdict::Fault(Fault {
        kind,
        culprits: members(culprits),
    })
}

/// What the others answer to a CUT that lists a FREEZE which another made of a member's, in its name.
fn refused_after(
    forge: impl FnOnce(&mut mpotr_gka::light::Freeze),
    member: usize,
) -> Vec<(usize, ShareError)> {
    let mut house = House::new(3);
    let round = house.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
    let mut freezes = round.freezes();
    let mut body = freezes[member].body().clone();
    forge(&mut body);
    freezes[member] = Signed::new(body, UNSIGNED);
    let closed = house.cut_of(round, freezes).unwrap();
    let cut = closed.cutting.cut().clone();
    let answers = closed.frozen.into_iter().filter_map(|(at, frozen)| {
        let held = house.share(at, frozen, &cut).err()?;
        Some((at, held.error))
    });
    answers.collect()
}

/// What comes of a round whose CUT the proposer alters and signs. Who refuses is said, and all shares if nobody does.
fn shared_in(
    alter: impl FnOnce(&mut mpotr_gka::light::LightCut),
) -> (House, Sharing, Vec<(usize, ShareError)>) {
    let mut house = House::new(3);
    let round = house.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
    let closed = house.cut(round);
    let mut body = closed.cutting.cut().body().clone();
    alter(&mut body);
    let liar = &house.members[0];
    let cut = Signed::sign(body, liar.parent.sid(), &liar.signing);
    let (mut shared, mut refused) = (Vec::new(), Vec::new());
    for (member, frozen) in closed.frozen {
        match house.share(member, frozen, &cut) {
            Ok(it) => shared.push((member, it)),
            Err(held) => refused.push((member, held.error)),
        }
    }
    let freezes = closed.freezes;
    (house, Sharing { freezes, shared }, refused)
}

/// Who holds the sealing keys says in Alice's name what she did not say. She alone sees it, and nobody is named.
#[test]
fn framed_by_forged_freeze() {
    let forge = |freeze: &mut mpotr_gka::light::Freeze| {
        let other = generator();
        freeze.nonces = NonceCommitment::new([other, other].concat().try_into().unwrap());
    };
    assert_eq!(refused_after(forge, 1), [(1, ShareError::NotMine)]);
    assert_eq!(ShareError::NotMine.objection(), Some(Objection::NotMine));
}

/// The generator, encoded.
fn generator() -> [u8; 32] {
    use mpotr_crypto::CryptoSuite;
    type G = <S as CryptoSuite>::Group;
    G::encode(&G::mul_base(&G::scalar_from_u128(1)))
}

#[test]
fn framed_by_forged_share() {
    for watch in [Watch::Lazy, Watch::Eager] {
        let mut house = House::new(3);
        let mut terms = house.terms(1, ChangeKind::Leave, &[0, 2]);
        terms.watch = watch;
        let round = house.begin_with(terms, &[0, 2]);
        let sharing = house.share_all(round);
        let mut shares = sharing.shares();
        let mut body = shares[1].body().clone();
        body.share = JointShare::new({
            let mut bytes = [1; 32];
            bytes[31] = 0;
            bytes
        });
        shares[1] = Signed::new(body.clone(), UNSIGNED);
        let certify = |shares: &[_]| house.certify_with(&sharing, shares).unwrap_err();
        let asked = vec![(ChangePacket::Share, MemberIndex::new(2))];
        let expected = match watch {
            Watch::Lazy => CertifyError::Failed(Verdict::NotReceived(asked)),
            Watch::Eager => CertifyError::Missing(members(&[2])),
        };
        assert_eq!(certify(&shares), expected);
        // The same over its sender's signature names the sender.
        let it = &house.members[2];
        shares[1] = Signed::sign(body, it.parent.sid(), &it.signing);
        let named = fault(FaultKind::WrongJointShare, &[2]);
        assert_eq!(certify(&shares), CertifyError::Failed(named));
        // And with her own share among them it goes through.
        shares[1] = sharing.shares()[1].clone();
        assert!(house.certify_with(&sharing, &shares).is_ok());
    }
}

#[test]
fn forged_seed_strikes_nobody() {
    let mut house = House::new(3);
    let terms = house.terms(1, ChangeKind::Refresh, &[0, 1, 2]);
    let real = house.propose(0, terms).seed().clone();
    let mut body = real.body().clone();
    body.wraps[0] = Wrap::new([9; 32]);
    let forged = Signed::new(body, UNSIGNED);
    let open = |watch| Seeded::open(&house.members[1].parent, forged.clone(), watch);
    assert_eq!(open(Watch::Eager).unwrap_err(), SeedError::NotAuthentic);
    assert_eq!(open(Watch::Lazy).unwrap_err(), SeedError::WrongWrap);
    // The complaint about it is no word on what was signed.
    let it = &house.members[1];
    let complaint = complain(&it.parent, forged.body(), &it.signing);
    let holder = house.open(2, &real);
    assert_eq!(holder.judge(&house.members[2].parent, &complaint), None);
    assert_eq!(real.equivocation(&forged, &it.parent), None);
}

#[test]
fn wrong_wrap_names_proposer() {
    let mut house = House::new(3);
    let terms = house.terms(1, ChangeKind::Refresh, &[0, 1, 2]);
    let mut body = house.propose(0, terms).seed().body().clone();
    body.wraps[0] = Wrap::new([9; 32]);
    let liar = &house.members[0];
    let seed = Signed::sign(body, liar.parent.sid(), &liar.signing);
    let it = &house.members[1];
    let refused = Seeded::open(&it.parent, seed.clone(), Watch::Eager);
    assert_eq!(refused.unwrap_err(), SeedError::WrongWrap);
    let complaint = complain(&it.parent, seed.body(), &it.signing);
    let holder = house.open(2, &seed);
    let verdict = holder.judge(&house.members[2].parent, &complaint);
    assert_eq!(verdict, Some(fault(FaultKind::WrongWrap, &[0])));
    // Nobody shares in what is objected to.
    let frozen = house.freeze(2, holder);
    let cut = mpotr_gka::light::LightCut {
        seed: seed.body().digest::<S>(),
        sender: MemberIndex::new(0),
        freezes: Vec::new(),
        closing: mpotr_gka::light::Closing {
            heads: Vec::new(),
            base: crate::house::Line::prefix(0),
            closed: crate::house::Line::prefix(0),
        },
        keys: Vec::new(),
        nonces: NonceSum::new([0; 64]),
    };
    let cut = Signed::new(cut, UNSIGNED);
    let heard = Heard {
        objections: &[complaint],
    };
    let held = house.share_after(2, frozen, &cut, &heard).unwrap_err();
    assert_eq!(held.error, ShareError::Objected(MemberIndex::new(1)));
}

/// The friend of one who was left out complains about a wrap that is right. It is named by who holds the secret, which nobody
/// sees: what is said is one bit.
#[test]
fn false_complaint_shows_no_r() {
    let mut house = House::new(4);
    let terms = house.terms(1, ChangeKind::Exclusion, &[0, 1, 2]);
    let seed = house.propose(0, terms).seed().clone();
    let it = &house.members[1];
    let complaint = complain(&it.parent, seed.body(), &it.signing);
    let holder = house.open(2, &seed);
    let parent = &house.members[2].parent;
    let named = fault(FaultKind::FalseComplaint, &[1]);
    assert_eq!(holder.judge(parent, &complaint), Some(named));
    // A complaint in its name is not its complaint.
    let forged = Signed::new(complaint.body().clone(), UNSIGNED);
    let asked = vec![(ChangePacket::Object, MemberIndex::new(1))];
    assert_eq!(
        holder.judge(parent, &forged),
        Some(Verdict::NotReceived(asked))
    );
    // The one left out has no wrap to complain about.
    let outsider = &house.members[3];
    let complaint = complain(&outsider.parent, seed.body(), &outsider.signing);
    assert_eq!(holder.judge(parent, &complaint), None);
}

/// A complaint against a SEED that its proposer did not sign names nobody.
#[test]
fn a_wrong_wrap_in_a_forged_seed_names_nobody() {
    let mut house = House::new(3);
    let terms = house.terms(1, ChangeKind::Refresh, &[0, 1, 2]);
    let mut body = house.propose(0, terms).seed().body().clone();
    body.wraps[0] = Wrap::new([9; 32]);
    let seed = Signed::new(body, UNSIGNED);
    let it = &house.members[1];
    let complaint = complain(&it.parent, seed.body(), &it.signing);
    let parent = &house.members[2].parent;
    let holder = Seeded::open(parent, seed, Watch::Lazy).unwrap();
    let asked = vec![(ChangePacket::Seed, MemberIndex::new(0))];
    assert_eq!(
        holder.judge(parent, &complaint),
        Some(Verdict::NotReceived(asked))
    );
}

/// Who copies another's next receive key hurts itself: the run goes through, and its wraps will be for another.
#[test]
fn copied_receive_key_blames_nobody() {
    let mut house = House::new(3);
    let round = house.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
    let copied = round.freezes()[1].body().receive;
    let mut freezes = round.freezes();
    let mut body = freezes[2].body().clone();
    body.receive = copied;
    let it = &house.members[2];
    freezes[2] = Signed::sign(body, it.parent.sid(), &it.signing);
    let mut closed = house.cut_of(round, freezes).unwrap();
    let cut = closed.cutting.cut().clone();
    house.share_own(0, closed.cutting);
    let (_, frozen) = closed.frozen.remove(0);
    assert!(house.share(1, frozen, &cut).is_ok());
}

#[test]
fn a_receive_key_that_is_no_element_ends_light_runs_and_names_its_owner() {
    let refused = refused_cut(
        ChangeKind::Refresh,
        |it| it.receive = ReceiveKey::new([0; 32]),
        true,
    );
    let named = Fault {
        kind: FaultKind::MalformedFreeze,
        culprits: members(&[1]),
    };
    assert_eq!(refused, CutError::Fault(named));
}

/// Why no CUT is made where a FREEZE of member 1 was altered, and signed by it if by any.
fn refused_cut(
    kind: ChangeKind,
    alter: impl FnOnce(&mut mpotr_gka::light::Freeze),
    is_signed: bool,
) -> CutError {
    let staying = match kind {
        ChangeKind::Refresh => vec![0, 1, 2, 3],
        ChangeKind::Leave | ChangeKind::Exclusion => vec![0, 1, 2],
    };
    let mut house = House::new(4);
    let round = house.begin(1, kind, &staying);
    let mut freezes = round.freezes();
    let mut body = freezes[1].body().clone();
    alter(&mut body);
    let it = &house.members[1];
    freezes[1] = if is_signed {
        Signed::sign(body, it.parent.sid(), &it.signing)
    } else {
        Signed::new(body, UNSIGNED)
    };
    house.cut_of(round, freezes).map(drop).unwrap_err()
}

fn installs(freeze: &mut mpotr_gka::light::Freeze) {
    freeze.standing.installed = Some(mpotr_gka::light::LightVote {
        view: 0,
        what: crate::house::message(1),
    });
}

/// What another says in a member's name is not received, whatever it says: nobody is named, and no run ends by it.
#[test]
fn forged_freeze_blames_nobody() {
    let alterations: [fn(&mut mpotr_gka::light::Freeze); 3] = [
        |it| it.nonces = NonceCommitment::new([0; 64]),
        |it| it.receive = ReceiveKey::new([0; 32]),
        installs,
    ];
    for alter in alterations {
        let refused = refused_cut(ChangeKind::Refresh, alter, false);
        assert_eq!(refused, CutError::Missing(members(&[1])));
    }
}

/// Who is left out by a run objects to it, and so does the proposer, or one who shows what another said: the others share.
#[test]
fn who_is_left_out_does_not_end_the_view_by_objecting() {
    for (by, shows) in [(3, 3), (0, 0), (1, 2)] {
        let mut house = House::new(4);
        let round = house.begin(1, ChangeKind::Leave, &[0, 1, 2]);
        let freezes = round.freezes();
        let closed = house.cut(round);
        let cut = closed.cutting.cut().clone();
        let mut body = freezes[shows % 3].body().clone();
        body.sender = MemberIndex::new(u16::try_from(shows).unwrap());
        let it = &house.members[shows];
        let own = Signed::sign(body, it.parent.sid(), &it.signing);
        let object = Object {
            seed: own.body().seed,
            sender: MemberIndex::new(u16::try_from(by).unwrap()),
            why: Objection::NotMine,
            own: Some(own),
        };
        let it = &house.members[by];
        let object = Signed::sign(object, it.parent.sid(), &it.signing);
        let (_, frozen) = closed.frozen.into_iter().nth(1).unwrap();
        let heard = Heard {
            objections: &[object],
        };
        let shared = house.share_after(2, frozen, &cut, &heard);
        assert!(shared.is_ok(), "{by} shows what {shows} said");
    }
}

/// One whose nonces are no elements, or that says nothing of a fresh key in an exclusion.
#[test]
fn a_malformed_freeze_names_its_sender() {
    let alterations: [fn(&mut mpotr_gka::light::Freeze); 3] = [
        |it| it.nonces = NonceCommitment::new([0; 64]),
        |it| it.nonces = NonceCommitment::new([0xff; 64]),
        |it| it.signing = None,
    ];
    for alter in alterations {
        let refused = refused_cut(ChangeKind::Exclusion, alter, true);
        let named = Fault {
            kind: FaultKind::MalformedFreeze,
            culprits: members(&[1]),
        };
        assert_eq!(refused, CutError::Fault(named));
    }
}

/// A proposer that states other sums than those of the FREEZEs is believed until they give no signature; another key for a
/// member is seen by its owner.
#[test]
fn a_wrong_cut_names_its_proposer() {
    let sums = NonceSum::new([generator(), generator()].concat().try_into().unwrap());
    let (house, sharing, refused) = shared_in(|cut| cut.nonces = sums);
    assert_eq!(refused, []);
    // Whatever the liar itself shares.
    let mut shares = sharing.shares();
    let mut body = shares[0].body().clone();
    body.sender = MemberIndex::new(0);
    let liar = &house.members[0];
    shares.push(Signed::sign(body, liar.parent.sid(), &liar.signing));
    let failed = house.certify_with(&sharing, &shares).unwrap_err();
    let named = fault(FaultKind::WrongCut, &[0]);
    assert_eq!(failed, CertifyError::Failed(named));
    let (_, _, refused) = shared_in(|cut| cut.keys[2].receive = ReceiveKey::new(generator()));
    assert_eq!(refused, [(2, ShareError::NotMine)]);
}

#[test]
fn installed_hidden_by_proposer() {
    let refused = refused_cut(ChangeKind::Refresh, installs, true);
    assert_eq!(refused, CutError::Installed(MemberIndex::new(1)));
}

/// What one member signs twice in one place, in every packet.
#[test]
fn two_packets_in_one_place_name_their_signer() {
    let mut house = House::new(3);
    let [one, two] = [(); 2].map(|()| {
        let terms = house.terms(1, ChangeKind::Refresh, &[0, 1, 2]);
        house.propose(0, terms)
    });
    let parent = &house.members[1].parent;
    let named = Some(Fault::of(FaultKind::Equivocation, MemberIndex::new(0)));
    assert_eq!(one.seed().equivocation(two.seed(), parent), named);
    assert_eq!(one.seed().equivocation(one.seed(), parent), None);
    let later = house.terms(2, ChangeKind::Refresh, &[0, 1, 2]);
    let later = house.propose(0, later);
    let parent = &house.members[1].parent;
    assert_eq!(one.seed().equivocation(later.seed(), parent), None);
    let unsigned = Signed::new(two.seed().body().clone(), UNSIGNED);
    assert_eq!(one.seed().equivocation(&unsigned, parent), None);
}

/// An insider that stays unnamed wins one view; by silence alone a light run is tried once again.
#[test]
fn forger_wins_one_view() {
    use NextView::{Full, Light};
    let kind = ChangeKind::Leave;
    let mut attempts = Attempts::default();
    assert_eq!(
        attempts.failed(ViewEnd::Unsigned, kind),
        Light(Watch::Eager)
    );
    assert_eq!(attempts.failed(ViewEnd::Unsigned, kind), Full);
    attempts.installed();
    assert_eq!(attempts.failed(ViewEnd::Silence, kind), Light(Watch::Lazy));
    assert_eq!(attempts.failed(ViewEnd::Silence, kind), Full);
    attempts.installed();
    assert_eq!(attempts.failed(ViewEnd::Silence, kind), Light(Watch::Lazy));
    assert_eq!(
        attempts.failed(ViewEnd::Unsigned, kind),
        Light(Watch::Eager)
    );
    assert_eq!(attempts.failed(ViewEnd::Silence, kind), Full);
    attempts.installed();
    assert_eq!(attempts.failed(ViewEnd::SignedFault, kind), Full);
    // Who is left out can still forge: an exclusion is eager from the start, and stays so.
    attempts.installed();
    let kind = ChangeKind::Exclusion;
    assert_eq!(Attempts::first(kind), Watch::Eager);
    assert_eq!(attempts.failed(ViewEnd::Silence, kind), Light(Watch::Eager));
    assert_eq!(Attempts::first(ChangeKind::Leave), Watch::Lazy);
}

/// Junk in the place of the certificate costs one verification a view; signed junk names who signed it.
#[test]
fn junk_joints_are_bounded() {
    let mut house = House::new(3);
    let round = house.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
    let mut sharing = house.share_all(round);
    let joint = house.certify(&sharing);
    let mut body = joint.body().clone();
    body.sender = MemberIndex::new(1);
    body.signature = mpotr_crypto::JointSignature::new([9; 64]);
    let junk = Signed::new(body.clone(), UNSIGNED);
    let liar = &house.members[1];
    let signed = Signed::sign(body, liar.parent.sid(), &liar.signing);
    let (member, shared) = &mut sharing.shared[0];
    let parent = &house.members[*member].parent;
    assert_eq!(shared.check(parent, &junk), Err(InstallError::Wrong));
    assert_eq!(shared.check(parent, &junk), Err(InstallError::NotTried));
    let named = Fault::of(FaultKind::WrongCertificate, MemberIndex::new(1));
    assert_eq!(
        shared.check(parent, &signed),
        Err(InstallError::Fault(named))
    );
    assert_eq!(shared.check(parent, &joint), Ok(()));
}

/// An objection holds what its author said, so that all can compare.
#[test]
fn an_objection_is_signed_and_holds_what_its_author_said() {
    let mut house = House::new(3);
    let round = house.begin(1, ChangeKind::Refresh, &[0, 1, 2]);
    let own = round.freezes()[1].clone();
    let it = &house.members[1];
    let object = Object {
        seed: own.body().seed,
        sender: MemberIndex::new(1),
        why: Objection::NotMine,
        own: Some(own.clone()),
    };
    let object = Signed::sign(object, it.parent.sid(), &it.signing);
    let parent = &house.members[2].parent;
    assert!(object.is_authentic(parent));
    assert!(object.body().own.as_ref().unwrap().is_authentic(parent));
}
