//! The forger makes whatever a room can leave: each kind of thing that a transcript can hold occurs in forged ones.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::LazyLock;

use mpotr_core::gka::light::{ChangeKind, Watch};
use mpotr_core::gka::{AgreementId, AuthenticationId};
use mpotr_core::wire::{Content, ContentKind, Next, Presence, Statement, Vote};
use mpotr_core::{Event, Policy, Rekey, Rule};
use mpotr_transcript::{Entry, ForgeError, Part, Signed, Transcript, forge};
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng;

use crate::crew::{Suite, invented};
use crate::hand::fields;
use crate::scenes::{NAMES, SCENES};

/// The name of each variant, and all names: a new variant does not compile before it has one.
macro_rules! kinds {
    ($name:ident, $all:ident: $type:ty { $($kind:literal: $pattern:pat,)* }) => {
        const fn $name(it: &$type) -> &'static str {
            match it { $($pattern => $kind,)* }
        }
        const $all: &[&str] = &[$($kind),*];
    };
}

kinds!(entry, ENTRIES: Entry {
    "proposal": Entry::Proposal(_),
    "offer": Entry::Offer(_),
    "contribution": Entry::Contribution(_),
    "confirmation": Entry::Confirmation(..),
    "content": Entry::Content { .. },
    "statement": Entry::Statement { .. },
    "end": Entry::End(_),
    "seed": Entry::Seed(_),
    "cut": Entry::Cut(..),
    "joined": Entry::Joined(_),
});
kinds!(change_kind, CHANGES: ChangeKind {
    "refresh": ChangeKind::Refresh,
    "leave": ChangeKind::Leave,
    "exclusion": ChangeKind::Exclusion,
});
kinds!(watch, WATCHES: Watch {
    "lazy": Watch::Lazy,
    "eager": Watch::Eager,
});
kinds!(content, CONTENTS: ContentKind {
    "text": ContentKind::Text,
    "fin": ContentKind::Fin,
    "trust": ContentKind::Trust,
});
kinds!(presence, PRESENCES: Presence {
    "present": Presence::Present,
    "asking": Presence::Asking,
    "closed": Presence::Closed,
    "closing": Presence::Closing,
    "done": Presence::Done,
});
kinds!(vote, VOTES: Vote {
    "vote to refresh": Vote::Refresh,
    "vote to admit": Vote::Admit(_),
    "vote to exclude": Vote::Exclude(_),
    "vote for a policy": Vote::Policy(_),
    "vote to merge": Vote::Merge(_),
});
kinds!(rule, RULES: Rule {
    "rule of anyone": Rule::Anyone,
    "rule of a quorum": Rule::Quorum(_),
    "rule of founders": Rule::Founders(_),
});

/// What a statement may say besides, each by its name.
const SAID: &[&str] = &[
    "a message is wanted",
    "places are missing",
    "a later view",
    "an offer",
    "a run is proposed",
    "frozen",
    "installed",
    "confirmed",
    "a newcomer has answered",
    "an opening",
    "an opening is lacking",
    "one waits for a word",
];

/// What is left of each scene, of each member.
static INVENTED: LazyLock<Vec<Vec<Part>>> = LazyLock::new(|| {
    let scenes = SCENES.iter();
    scenes.map(|scene| invented(&scene.play(1), 1)).collect()
});

#[test]
fn the_transcript_of_any_member_can_be_forged() {
    let play = SCENES[0].play(1);
    for (keeper, part) in INVENTED[0].iter().enumerate() {
        let rng = &mut ChaCha20Rng::seed_from_u64(1);
        assert_eq!(
            forge::<Suite>(&play, Some(keeper), rng),
            Ok(part.transcript.clone())
        );
    }
    let rng = &mut ChaCha20Rng::seed_from_u64(1);
    let nobody = forge::<Suite>(&play, Some(NAMES.len()), rng);
    assert_eq!(nobody, Err(ForgeError::NoKeeper));
}

/// Counts what occurs in transcripts.
#[derive(Default)]
struct Seen(BTreeMap<&'static str, usize>);

impl Seen {
    fn note(&mut self, name: &'static str) {
        *self.0.entry(name).or_default() += 1;
    }

    fn note_if(&mut self, occurs: bool, name: &'static str) {
        if occurs {
            self.note(name);
        }
    }

    fn add(&mut self, transcript: &Transcript) {
        for section in &transcript.sections {
            section.entries().for_each(|it| self.note(entry(&it)));
            let Policy {
                agreement,
                authentication,
                admit,
                exclude,
                change,
                evidence,
                rekey,
            } = &section.run.policy().unwrap();
            self.note(agreement.name());
            self.note(authentication.name());
            for whose in [admit, exclude, change] {
                self.note(rule(whose));
            }
            self.note_if(*evidence, "evidence");
            self.note_if(*rekey == Rekey::Light, "rekey");
            if let Some(run) = section.run.light() {
                let terms = &run.seed.body().terms;
                self.note(change_kind(&terms.kind));
                self.note(watch(&terms.watch));
            }
            for said in &section.said {
                match &said.signed {
                    Signed::Content(signed) => self.note(content(&fields::<Content>(signed).kind)),
                    Signed::Statement(_, signed) => self.add_statement(&fields(signed)),
                }
            }
        }
        if transcript.ending == mpotr_transcript::Ending::Whole {
            self.note(entry(&Entry::End(0)));
        }
    }

    fn add_statement(&mut self, statement: &Statement) {
        // Nothing is left out: a new field has to be looked at here.
        let Statement {
            presence: state,
            sent: _,
            frontier: _,
            lock: _,
            wanted,
            missing,
            // Asks for statements of others, each of which a transcript keeps by itself.
            lacks: _,
            // Where a member has signed an order against what it had signed before: no room does that.
            question: _,
            listing: _,
            next,
        } = statement;
        self.note(presence(state));
        self.note_if(!wanted.is_empty(), "a message is wanted");
        self.note_if(!missing.is_empty(), "places are missing");
        let Some(next) = next else { return };
        let Next {
            view,
            offer,
            proposed,
            frozen,
            installed,
            // Said where the room goes over into another: a play has one room.
            guest: _,
            // Said when the epoch has been replaced, of which nothing more is kept then.
            done: _,
            confirmed,
            // Said where some have installed an epoch and others are about to install another.
            forsaken: _,
            votes,
            admitted,
            // Said where two programs have one identity.
            objected: _,
            // Said where a view failed for want of a member.
            struck: _,
            struck_twice: _,
            joins,
        } = next;
        self.note_if(joins.opening.is_some(), "an opening");
        self.note_if(!joins.unopened.is_empty(), "an opening is lacking");
        self.note_if(!joins.waiting.is_empty(), "one waits for a word");
        self.note_if(*view > 0, "a later view");
        self.note_if(offer.is_some(), "an offer");
        self.note_if(proposed.is_some(), "a run is proposed");
        self.note_if(frozen.is_some(), "frozen");
        self.note_if(installed.is_some(), "installed");
        self.note_if(!confirmed.is_empty(), "confirmed");
        self.note_if(!admitted.is_empty(), "a newcomer has answered");
        votes.iter().for_each(|it| self.note(vote(it)));
    }
}

#[test]
fn everything_that_a_transcript_can_hold_occurs_in_forged_ones() {
    let mut seen = Seen::default();
    for part in INVENTED.iter().flatten() {
        seen.add(&Transcript::read(&part.transcript));
    }
    let methods = AgreementId::ALL.map(AgreementId::name).into_iter();
    let methods = methods.chain(AuthenticationId::ALL.map(AuthenticationId::name));
    let lists = [
        ENTRIES,
        CHANGES,
        WATCHES,
        CONTENTS,
        PRESENCES,
        VOTES,
        RULES,
        SAID,
        &["evidence", "rekey"],
    ];
    let never: Vec<_> = lists
        .concat()
        .into_iter()
        .chain(methods)
        .filter(|name| !seen.0.contains_key(name))
        .collect();
    assert!(never.is_empty(), "{never:?} of {:?}", seen.0);
}

/// Events that show in the transcript of some member.
const SHOWN: &[&str] = &[
    "Secure",
    "Joined",
    "LeftOut",
    "Voted",
    "PolicyChanged",
    "Message",
    "Disputed",
    "Equivocation",
    "Final",
    "Leaving",
    "Left",
    "Removed",
    "Code",
    "SecretAsked",
    "SecretResult",
    "Ended",
];
/// Events of which nothing is signed that would not be signed without them, or nothing at all.
const NOT_SHOWN: &[&str] = &[
    // Before a room, or about those outside.
    "WantsIn",
    "IdentityInUse",
    "Replaced",
    "ExcludedWaiting",
    "Agreeing",
    "Joining",
    "AgreementFailed",
    "OtherEpoch",
    "Behind",
    // What a member concludes from what is signed.
    "Sent",
    "Acknowledged",
    "Missed",
    "Held",
    "Dropped",
    "Waiting",
    "WaitingOver",
    "Provisional",
    "Unsettled",
    "Settled",
    "Lagging",
    "Cheated",
    "CodeAsked",
    "CodeFailed",
    // Where a member has signed against what it had signed before, beside two things in one place: no room does that.
    "Fork",
    "Difference",
    "Contradicted",
    // Published keys are in no transcript.
    "Published",
    "Leaked",
];

/// The names of the variants of [`Event`], as they stand in its source: the type may grow without telling those who match it.
fn all_events() -> BTreeSet<String> {
    let source = include_str!("../../../mpotr-core/src/event.rs");
    let (_, body) = source.split_once("pub enum Event {\n").unwrap();
    let (body, _) = body.split_once("\n}\n").unwrap();
    let variants = body.lines().filter_map(|line| line.strip_prefix("    "));
    let variants = variants.filter(|line| line.starts_with(char::is_uppercase));
    let name = |line: &str| {
        line.split(|it: char| !it.is_alphanumeric())
            .next()
            .map(str::to_owned)
    };
    variants.filter_map(name).collect()
}

fn name_of(event: &Event) -> String {
    let shown = format!("{event:?}");
    let name = shown.split(|it: char| !it.is_alphanumeric()).next();
    name.unwrap().to_owned()
}

#[test]
fn everything_that_happens_in_rooms_happens_to_invented_members() {
    let listed: Vec<_> = SHOWN
        .iter()
        .chain(NOT_SHOWN)
        .map(|it| (*it).to_owned())
        .collect();
    let events = all_events();
    assert_eq!(listed.iter().cloned().collect::<BTreeSet<_>>(), events);
    assert_eq!(listed.len(), events.len());
    let parts = INVENTED.iter().flatten();
    let happened: BTreeSet<_> = parts
        .flat_map(|part| part.events.iter().map(name_of))
        .collect();
    let never: Vec<_> = SHOWN.iter().filter(|it| !happened.contains(**it)).collect();
    assert!(
        never.is_empty(),
        "{never:?}; not shown and never: {:?}",
        NOT_SHOWN
            .iter()
            .filter(|it| !happened.contains(**it))
            .collect::<Vec<_>>()
    );
}
