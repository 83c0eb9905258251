//! From a certificate to the epoch that it leads to. `docs/spec/14-light-runs.md`, "JOINT".

use mpotr_crypto::{CryptoSuite, Decoder};
use mpotr_gka::light::{Joint, LightCut, LightRecord, Seed, Shared, Signed};

use super::{Kept, LightRun};
use crate::policy::Policy;
use crate::record::Record;
use crate::room::Room;
use crate::room::adopting::Contributed;
use crate::room::installing::{Beginning, Certificate};
use crate::room::membership::Membership;
use crate::time::Timestamp;
use crate::wire::{EpochName, LightPacket, SidHint};

impl<S: CryptoSuite> Membership<S> {
    /// Takes note of a light run that this member answers.
    pub(super) fn note_answered(&mut self, run: &LightRun<S>) {
        let staying = run.staying().to_vec();
        let contributed = Contributed::light(run.name, run.view(), staying);
        self.changing.contributed.push(contributed);
    }
}

impl<S: CryptoSuite> Room<S> {
    /// Installs the epoch of a light run that all who stay have shared in: what this member voted for last, or what it `adopts`.
    pub(super) fn install_light(&mut self, now: Timestamp, run: LightRun<S>, adopts: bool) {
        let Some(member) = self.phase.member_mut() else {
            return;
        };
        let (name, is_proposer) = (run.name, run.is_proposer());
        let terms = run.seed.body().terms.clone();
        let parent = member.name;
        let policy = Decoder::whole(&terms.policy, Policy::decode);
        let recorded = member.epoch.is_recording().then(|| run.recorded());
        let delays = run.delays();
        let delays = delays.filter_map(|(it, delay)| Some((member.epoch.identity(it)?, delay)));
        let delays: Vec<_> = delays.collect();
        let (Some((shared, joint, kept)), Ok(policy)) = (run.into_parts(), policy) else {
            return;
        };
        // It was checked, and what was confirmed last has not changed since.
        let Ok(mut epoch) = member.epoch.install(shared, &joint, adopts) else {
            return;
        };
        if is_proposer {
            self.say_light([LightPacket::Joint(Box::new(joint))]);
        }
        let recorded = recorded.flatten().zip(epoch.continuation());
        let record = recorded.map(|((seed, cut), next)| {
            Record::LightRun(Box::new(LightRecord {
                seed,
                cut,
                key_commitment: *next.key_commitment(),
            }))
        });
        let light_changes = self.succession.light_changes.saturating_add(1);
        epoch.begin_opening(u8::try_from(light_changes).unwrap_or(u8::MAX));
        let certificate = Certificate {
            hint: SidHint::of(&epoch.sid()),
            all: std::collections::BTreeMap::new(),
            record,
        };
        self.end_epoch_for_next();
        let me = self.common.me.public();
        self.common.pulse.install_light(me, delays.into_iter());
        self.common.keep_pace();
        let next = EpochName::new(*terms.handle.as_bytes());
        self.lobby.neighbours.enter(parent);
        self.lobby.be_let_in(next);
        let neighbours = &self.lobby.neighbours;
        self.votes.forget_merges(|name| neighbours.is_own(name));
        self.begin_epoch(
            now,
            epoch,
            Beginning {
                successor: name,
                name: next,
                parent: Some(parent),
                host: None,
                policy,
                certificate,
                light: Some(kept),
            },
        );
        self.succession.light_changes = light_changes;
        self.open_own(now);
    }
}

impl<S: CryptoSuite> LightRun<S> {
    /// What a transcript keeps of it.
    fn recorded(&self) -> Option<(Signed<Seed>, Signed<LightCut>)> {
        let cut = self.shared()?.cut();
        Some((self.seed.clone(), cut.clone()))
    }

    /// The last phase, the certificate, and what others may miss of it.
    fn into_parts(self) -> Option<(Shared<S>, Signed<Joint>, Kept)> {
        let (name, view, proposer) = (self.name, self.view(), self.seed.body().proposer);
        let (shared, joint) = self.into_certified()?;
        let kept = Kept {
            name,
            view,
            proposer,
            joint: LightPacket::Joint(Box::new(joint.clone())),
        };
        Some((shared, joint, kept))
    }
}
