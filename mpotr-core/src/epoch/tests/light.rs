//! Light runs from one epoch to the next, and talk in each.

use mpotr_crypto::{Digest32, IdentityKeyPair};
use mpotr_gka::light::{
    ChangeBody as _, ChangeKind, CutError, Cutting, Freeze, Frozen, Handle, InstallError, Joiners,
    Joint, LightCut, LightTerms, Prefix, Proposing, Seed, Seeded, Share, ShareError, Shared,
    Signed, Standing, Watch,
};
use mpotr_gka::{MemberIndex, Sid, ViewPassed};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::{ALICE, BOB, Epochs, MALLORY, Suite, bodies, effects, epochs, sealed, statement, text};
use crate::epoch::light::name_of;
use crate::epoch::{Effect, Epoch};
use crate::error::Rejection;
use crate::wire::{ContentKind, Reveal, RevealedTrapdoor, SealedPacket};

/// A light run of those who stay, the first of whom proposes.
struct Answered {
    staying: Vec<MemberIndex>,
    proposing: Proposing<Suite>,
    /// All but the first.
    frozen: Vec<Frozen<Suite>>,
}

fn terms(
    rng: &mut ChaCha20Rng,
    view: u32,
    kind: ChangeKind,
    staying: &[MemberIndex],
) -> LightTerms {
    let mut handle = [0; 16];
    rng.fill_bytes(&mut handle);
    LightTerms {
        view,
        handle: Handle::new(handle),
        policy: Vec::new(),
        kind,
        watch: if kind == ChangeKind::Exclusion {
            Watch::Eager
        } else {
            Watch::Lazy
        },
        reasons: Vec::new(),
        staying: staying.to_vec(),
    }
}

impl Answered {
    /// All who stay answer SEED.
    fn begin(epochs: &mut Epochs, view: u32, kind: ChangeKind, staying: &[MemberIndex]) -> Self {
        let mut rng = ChaCha20Rng::seed_from_u64(u64::from(view) + 7);
        let identity = IdentityKeyPair::random::<Suite>(&mut rng);
        let terms = terms(&mut rng, view, kind, staying);
        let first = &mut epochs[staying[0]];
        let proposed = first.propose(terms, &[], &identity, 1, &mut rng);
        let proposed = proposed.unwrap().unwrap();
        let seed = proposed.seed().clone();
        let proposing = first.answer_own(proposed, &identity, &mut rng).unwrap();
        let frozen = staying[1..].iter().map(|member| {
            let epoch = &mut epochs[*member];
            let seeded = open(epoch, &seed);
            let frozen = epoch.answer(seeded, &identity, &mut rng).unwrap();
            assert!(epoch.is_frozen());
            frozen
        });
        let frozen = frozen.collect();
        Self {
            staying: staying.to_vec(),
            proposing,
            frozen,
        }
    }

    fn freezes(&self) -> Vec<Signed<Freeze>> {
        let frozen = self.frozen.iter().map(Frozen::freeze);
        [self.proposing.freeze()]
            .into_iter()
            .chain(frozen)
            .cloned()
            .collect()
    }

    fn run(&self) -> Sid {
        name_of(&self.proposing.seed().body().digest::<Suite>())
    }

    /// The proposer closes.
    fn cut(self, epochs: &mut Epochs) -> Result<Closed, Box<(Self, CutError)>> {
        let freezes = self.freezes();
        self.cut_of(epochs, &freezes)
    }

    fn cut_of(
        mut self,
        epochs: &mut Epochs,
        freezes: &[Signed<Freeze>],
    ) -> Result<Closed, Box<(Self, CutError)>> {
        let run = self.run();
        let first = &mut epochs[self.staying[0]];
        match first.close_light(self.proposing, freezes) {
            Ok(cutting) => Ok(Closed {
                run,
                staying: self.staying,
                freezes: freezes.to_vec(),
                cutting,
                frozen: self.frozen,
            }),
            Err(held) => {
                self.proposing = held.phase;
                Err(Box::new((self, held.error)))
            }
        }
    }

    fn share(self, epochs: &mut Epochs) -> Sharing {
        self.cut(epochs)
            .map_err(|held| held.1)
            .unwrap()
            .share(epochs)
    }
}

/// A run with a CUT.
struct Closed {
    run: Sid,
    staying: Vec<MemberIndex>,
    freezes: Vec<Signed<Freeze>>,
    cutting: Cutting<Suite>,
    frozen: Vec<Frozen<Suite>>,
}

impl Closed {
    fn cut(&self) -> Signed<LightCut> {
        self.cutting.cut().clone()
    }

    /// All share.
    fn share(self, epochs: &mut Epochs) -> Sharing {
        let cut = self.cut();
        let identity = nobody();
        let joiners = Joiners {
            identity: &identity,
            readies: &[],
        };
        let own = epochs[self.staying[0]].share_own(self.cutting, &[], &joiners);
        let mut shared = vec![own.unwrap()];
        for (member, frozen) in self.staying[1..].iter().zip(self.frozen) {
            shared.push(share(&mut epochs[*member], frozen, &cut).unwrap());
        }
        Sharing {
            run: self.run,
            staying: self.staying,
            freezes: self.freezes,
            shared,
        }
    }
}

struct Sharing {
    run: Sid,
    staying: Vec<MemberIndex>,
    freezes: Vec<Signed<Freeze>>,
    shared: Vec<Shared<Suite>>,
}

impl Sharing {
    fn shares(&self) -> Vec<Signed<Share>> {
        self.shared.iter().map(|it| it.share().clone()).collect()
    }

    /// Made by the last who stays: anyone can.
    fn joint(&self, epochs: &mut Epochs) -> Signed<Joint> {
        let (last, shared) = (self.staying.last().unwrap(), self.shared.last().unwrap());
        let joint = epochs[*last].certify(shared, &self.freezes, &self.shares());
        joint.unwrap().unwrap()
    }

    /// All who share install.
    fn install(self, epochs: &mut Epochs) -> Epochs {
        let joint = self.joint(epochs);
        let shared = self.staying.iter().zip(self.shared);
        let next = shared.map(|(member, shared)| {
            let epoch = &mut epochs[*member];
            let next = epoch.install(shared, &joint, false).unwrap();
            assert!(epoch.retire(self.run), "there is a cut");
            assert!(epoch.continuation().is_none());
            next
        });
        next.collect()
    }
}

fn open(epoch: &Epoch<Suite>, seed: &Signed<Seed>) -> Seeded {
    let seeded = epoch.open_seed(seed.clone(), Watch::Eager);
    seeded.unwrap().unwrap()
}

/// Where nobody comes in it matters to nobody who one is.
fn nobody() -> IdentityKeyPair {
    IdentityKeyPair::random::<Suite>(&mut ChaCha20Rng::seed_from_u64(1))
}

fn share(
    epoch: &mut Epoch<Suite>,
    frozen: Frozen<Suite>,
    cut: &Signed<LightCut>,
) -> Result<Shared<Suite>, Box<(Frozen<Suite>, ShareError)>> {
    let identity = nobody();
    let joiners = Joiners {
        identity: &identity,
        readies: &[],
    };
    let shared = epoch.share(frozen, cut.clone(), &[], &joiners);
    shared.map_err(|held| Box::new((held.phase, held.error)))
}

fn change(epochs: &mut Epochs, view: u32, kind: ChangeKind, staying: &[MemberIndex]) -> Epochs {
    Answered::begin(epochs, view, kind, staying)
        .share(epochs)
        .install(epochs)
}

fn all(epochs: &Epochs) -> Vec<MemberIndex> {
    MemberIndex::all(epochs.0.len()).collect()
}

fn give(epochs: &mut Epochs, from: MemberIndex, packet: &SealedPacket) {
    for to in all(epochs) {
        if to != from {
            epochs[to].open(packet).unwrap();
        }
    }
}

/// Each writes one text, which all read, and states what it has seen, twice: all of it is final for everyone.
fn talk(epochs: &mut Epochs, what: &str) {
    let members = all(epochs);
    for member in &members {
        let body = format!("{what} {}", member.get());
        let (_, packet) = text(&mut epochs[*member], &body);
        give(epochs, *member, &packet);
    }
    for _ in 0..2 {
        for member in &members {
            let packet = statement(&mut epochs[*member]);
            give(epochs, *member, &packet);
        }
    }
    for member in &members {
        let epoch = &mut epochs[*member];
        assert_eq!(
            epoch.final_lock().count,
            u32::try_from(members.len()).unwrap()
        );
        let read: Vec<_> = bodies(epoch);
        assert_eq!(read.len(), members.len(), "{read:?}");
        assert!(read.iter().all(|body| body.starts_with(what)));
    }
    let locks = epochs.0.iter().map(Epoch::final_lock);
    let locks: Vec<_> = locks.collect();
    assert!(locks.iter().all(|lock| *lock == locks[0]));
}

#[test]
fn one_light_run_after_another_leads_to_epochs_in_which_all_talk() {
    let mut first = epochs(4, 1);
    let everyone = all(&first);
    talk(&mut first, "first");
    let mut second = change(&mut first, 0, ChangeKind::Refresh, &everyone);
    talk(&mut second, "second");
    let mut third = change(&mut second, 0, ChangeKind::Leave, &everyone[1..]);
    talk(&mut third, "third");
    let staying = [ALICE, MALLORY];
    let mut fourth = change(&mut third, 3, ChangeKind::Exclusion, &staying);
    talk(&mut fourth, "fourth");
    let everyone = all(&fourth);
    let mut fifth = change(&mut fourth, 1, ChangeKind::Refresh, &everyone);
    talk(&mut fifth, "fifth");
    let all = [&first, &second, &third, &fourth, &fifth];
    let names: std::collections::BTreeSet<_> = all.map(|epochs| epochs[ALICE].sid()).into();
    assert_eq!(names.len(), 5);
    // The one who is in the last was the second and the fourth of the first.
    let [one, other] = [&fifth[ALICE], &first[BOB]].map(|it| it.identity(it.me()));
    assert_eq!(one, other);
    assert_eq!(
        fifth[BOB].identity(BOB),
        first[ALICE].identity(MemberIndex::new(3))
    );
}

#[test]
fn one_who_is_left_out_reads_nothing_of_what_follows() {
    let mut before = epochs(3, 1);
    let mut after = change(&mut before, 0, ChangeKind::Exclusion, &[ALICE, BOB]);
    let (_, packet) = text(&mut after[ALICE], "about Mallory");
    assert_eq!(before[MALLORY].open(&packet), Err(Rejection::NotAuthentic));
    after[BOB].open(&packet).unwrap();
    assert_eq!(bodies(&mut after[BOB]), ["about Mallory"]);
}

#[test]
fn nothing_is_shared_before_the_whole_cut_is_held_and_it_is_shown_to_all_who_install() {
    let mut before = epochs(3, 1);
    let (_, first) = text(&mut before[ALICE], "to all");
    give(&mut before, ALICE, &first);
    let (_, second) = text(&mut before[ALICE], "to Bob alone");
    before[BOB].open(&second).unwrap();
    effects(&mut before[MALLORY]);
    let everyone = [ALICE, BOB, MALLORY];
    let run = Answered::begin(&mut before, 0, ChangeKind::Refresh, &everyone);
    let mut run = run.cut(&mut before).ok().unwrap();
    let mallory = run.frozen.pop().unwrap();
    let held = share(&mut before[MALLORY], mallory, &run.cut());
    let (mallory, error) = *held.unwrap_err();
    assert_eq!(error, ShareError::NotHeld);
    // It asks for what it misses, which is held and not shown when it comes.
    assert!(before[MALLORY].misses_messages());
    before[MALLORY].open(&second).unwrap();
    run.frozen.push(mallory);
    let sharing = run.share(&mut before);
    assert_eq!(bodies(&mut before[MALLORY]), [""; 0]);
    let mut after = sharing.install(&mut before);
    assert_eq!(bodies(&mut before[MALLORY]), ["to Bob alone"]);
    let locks = everyone.map(|it| before[it].final_lock());
    assert!(
        locks
            .iter()
            .all(|lock| *lock == locks[0] && lock.count == 2)
    );
    talk(&mut after, "after");
}

/// Bob has heard of more coverage than the others, and has signed a longer order.
#[test]
fn the_longest_order_that_anyone_has_signed_stays() {
    let mut before = epochs(3, 1);
    let (_, packet) = text(&mut before[ALICE], "one");
    give(&mut before, ALICE, &packet);
    let (_, packet) = text(&mut before[MALLORY], "two");
    give(&mut before, MALLORY, &packet);
    let word = statement(&mut before[ALICE]);
    before[BOB].open(&word).unwrap();
    assert_eq!(before[BOB].consensus.order.lock().count, 2);
    statement(&mut before[BOB]);
    let run = Answered::begin(&mut before, 0, ChangeKind::Refresh, &[ALICE, BOB, MALLORY]);
    assert!(before[ALICE].consensus.order.lock().count < 2);
    let run = run.cut(&mut before).ok().unwrap();
    let cut = run.cut();
    let closing = &cut.body().closing;
    assert_eq!((closing.base.count, closing.closed.count), (2, 2));
    let mut after = run.share(&mut before).install(&mut before);
    talk(&mut after, "after");
}

/// What Mallory says of itself when it freezes: signed as its own.
fn with_standing(
    epochs: &Epochs,
    run: &Answered,
    change: impl FnOnce(&mut Standing),
) -> Signed<Freeze> {
    let mut freeze = run.frozen[1].freeze().body().clone();
    change(&mut freeze.standing);
    let epoch = &epochs[MALLORY];
    Signed::sign(freeze, epoch.sid(), epoch.sealer.signing())
}

#[test]
fn orders_that_contradict_each_other_and_what_nobody_has_make_no_cut() {
    let mut before = epochs(3, 1);
    talk(&mut before, "before");
    let everyone = [ALICE, BOB, MALLORY];
    let mut run = Answered::begin(&mut before, 0, ChangeKind::Refresh, &everyone);
    let of_other = Digest32::new([9; 32]);
    for lie in 0..4 {
        let lied = with_standing(&before, &run, |standing| {
            let lock = &mut standing.lock;
            match lie {
                0 => lock.digest = of_other,
                1 => lock.count += 1,
                2 => {
                    standing.last_final = Prefix {
                        count: 1,
                        digest: of_other,
                    }
                }
                _ => standing.frontier = vec![of_other],
            }
        });
        let mut freezes = run.freezes();
        freezes[2] = lied;
        let (same, error) = *run.cut_of(&mut before, &freezes).err().unwrap();
        assert_eq!(error, CutError::NotHeld, "{lie}");
        run = same;
    }
    run.share(&mut before);
}

#[test]
fn a_cut_that_leaves_out_what_one_has_said_is_not_shared() {
    let mut before = epochs(3, 1);
    let (id, packet) = text(&mut before[BOB], "of Bob alone");
    let everyone = [ALICE, BOB, MALLORY];
    let run = Answered::begin(&mut before, 0, ChangeKind::Refresh, &everyone);
    let (run, error) = *run.cut(&mut before).err().unwrap();
    assert_eq!(error, CutError::NotHeld);
    before[ALICE].open(&packet).unwrap();
    let run = run.cut(&mut before).ok().unwrap();
    let cut = run.cut();
    assert_eq!(cut.body().closing.heads, [Digest32::new(*id.as_bytes())]);
    // The proposer cuts what it holds without that.
    let mut body = cut.body().clone();
    body.closing.heads.clear();
    body.closing.closed = body.closing.base;
    let lied = Signed::sign(body, before[ALICE].sid(), before[ALICE].sealer.signing());
    let mut frozen = run.frozen.into_iter();
    let held = share(&mut before[BOB], frozen.next().unwrap(), &lied);
    let (bob, error) = *held.unwrap_err();
    assert_eq!(error, ShareError::NotMine);
    share(&mut before[BOB], bob, &cut).unwrap();
    // Mallory, who said nothing, misses what is cut.
    let held = share(&mut before[MALLORY], frozen.next().unwrap(), &cut);
    assert_eq!(held.unwrap_err().1, ShareError::NotHeld);
}

#[test]
fn one_view_takes_one_vote_whichever_kind_it_is_for() {
    let mut before = epochs(3, 1);
    let everyone = [ALICE, BOB, MALLORY];
    let full = Sid::new([7; 32]);
    before[BOB].vote(1, &full).unwrap();
    let run = Answered::begin(&mut before, 1, ChangeKind::Refresh, &everyone);
    let confirmed = run.frozen[0].freeze().body().standing.confirmed;
    let confirmed = confirmed.map(|it| (it.view, it.what));
    assert_eq!(confirmed, Some((1, Digest32::new([7; 32]))));
    let mut run = run.cut(&mut before).ok().unwrap();
    let cut = run.cut();
    let mallory = run.frozen.pop().unwrap();
    share(&mut before[MALLORY], mallory, &cut).unwrap();
    let held = share(&mut before[BOB], run.frozen.pop().unwrap(), &cut);
    let passed = ViewPassed::Confirmed(1);
    assert_eq!(held.unwrap_err().1, ShareError::Passed(passed));
    assert_eq!(before[MALLORY].vote(1, &full), Err(passed));
    before[MALLORY].vote(2, &full).unwrap();
}

#[test]
fn nothing_is_said_for_a_view_below_the_one_entered() {
    let mut before = epochs(3, 1);
    let everyone = [ALICE, BOB, MALLORY];
    let mut run = Answered::begin(&mut before, 1, ChangeKind::Refresh, &everyone)
        .cut(&mut before)
        .ok()
        .unwrap();
    before[BOB].enter(2).unwrap();
    let (cut, passed) = (run.cut(), ViewPassed::Entered(2));
    let held = share(&mut before[BOB], run.frozen.remove(0), &cut);
    assert_eq!(held.unwrap_err().1, ShareError::Passed(passed));
    assert_eq!(before[BOB].enter(1), Err(passed));
    assert_eq!(before[BOB].vote(1, &Sid::new([7; 32])), Err(passed));
}

#[test]
fn what_was_shared_is_not_installed_after_a_later_vote_and_shows_nothing_meanwhile() {
    let mut before = epochs(3, 1);
    let everyone = [ALICE, BOB, MALLORY];
    let sharing =
        Answered::begin(&mut before, 0, ChangeKind::Refresh, &everyone).share(&mut before);
    let joint = sharing.joint(&mut before);
    // Mallory writes on.
    before[MALLORY].thaw(false);
    let (_, packet) = text(&mut before[MALLORY], "on");
    // The next view begins for Bob, who may yet install what he shared in.
    before[BOB].thaw(true);
    before[BOB].open(&packet).unwrap();
    assert_eq!(bodies(&mut before[BOB]), [""; 0]);
    let mut shared = sharing.shared.into_iter();
    let alice = shared.next().unwrap();
    before[ALICE].vote(1, &Sid::new([7; 32])).unwrap();
    let held = before[ALICE].install(alice, &joint, false).unwrap_err();
    assert_eq!(held.error, InstallError::NotLastConfirmed);
    let mut bob = shared.next().unwrap();
    assert_eq!(before[BOB].check(&mut bob, &joint), Ok(()));
    let next = before[BOB].install(bob, &joint, false).unwrap();
    assert!(before[BOB].retire(sharing.run));
    assert_eq!(bodies(&mut before[BOB]), [""; 0]);
    assert_eq!(next.members(), 3);
}

#[test]
fn nothing_is_published_of_keys_that_sign_on_or_that_one_who_was_left_out_accepts() {
    let mut first = epochs(3, 1);
    let mut second = change(&mut first, 0, ChangeKind::Leave, &[ALICE, BOB]);
    assert_eq!(first[ALICE].publish(), None);
    let reveal = second[ALICE].publish().unwrap();
    let without_offer = Reveal {
        trapdoor: RevealedTrapdoor::NONE,
        ..reveal.clone()
    };
    let refused = second[BOB].open_reveal(&without_offer);
    assert_eq!(refused, Err(Rejection::NotAuthentic));
    second[BOB].open_reveal(&reveal).unwrap();
    assert_eq!(second[ALICE].publish(), None);
    let mut first = epochs(3, 2);
    let mut second = change(&mut first, 0, ChangeKind::Exclusion, &[ALICE, BOB]);
    assert_eq!(first[ALICE].publish(), None);
    // Nobody who was left out accepts under the fresh key, and it goes with no offer.
    let reveal = second[ALICE].publish().unwrap();
    assert_eq!(reveal.trapdoor, RevealedTrapdoor::NONE);
    let with_offer = Reveal {
        trapdoor: RevealedTrapdoor::new([1; 32]),
        ..reveal.clone()
    };
    let refused = second[BOB].open_reveal(&with_offer);
    assert_eq!(refused, Err(Rejection::NotAuthentic));
    second[BOB].open_reveal(&reveal).unwrap();
}

#[test]
fn one_who_installs_knows_that_the_others_hold_the_cut() {
    let mut before = epochs(3, 1);
    let (_, _, packet) = before[ALICE]
        .seal_content(ContentKind::Text, b"unanswered".to_vec())
        .unwrap();
    give(&mut before, ALICE, &sealed(&packet));
    let sharing = Answered::begin(&mut before, 0, ChangeKind::Refresh, &[ALICE, BOB, MALLORY])
        .share(&mut before);
    let run = sharing.run;
    assert_eq!(before[ALICE].awaited(Some(run)).len(), 1);
    let joint = sharing.joint(&mut before);
    let alice = sharing.shared.into_iter().next().unwrap();
    before[ALICE].install(alice, &joint, false).unwrap();
    let awaited = before[ALICE].awaited(Some(run));
    assert!(awaited.values().all(Vec::is_empty), "{awaited:?}");
    assert_eq!(before[ALICE].crossing(run).len(), 1);
    let effects = effects(&mut before[BOB]);
    let is_delivered = |effect: &Effect| matches!(effect, Effect::Delivered { .. });
    assert_eq!(effects.iter().filter(|it| is_delivered(it)).count(), 1);
}
