//! One run: a scenario, what was wanted of it, and a seed.

use std::collections::{BTreeMap, BTreeSet};

use mpotr_core::Duration;
use mpotr_core::crypto::UnsupportedSuite;
use rand_chacha::ChaCha20Rng;
use rand_chacha::rand_core::SeedableRng as _;

use crate::cast::Cast;
use crate::claim::Awaited;
use crate::counting::{self, Count};
use crate::digests::Digests;
use crate::faults;
use crate::healing;
use crate::invariant::{Breach, Watch, acceptance, amplification, fateless, quiet, unchanged};
use crate::measures::{Haunted, Measures, are_all_final};
use crate::party::Act;
use crate::scenario::Scenario;
use crate::script::{Script, Step, Wanted};
use crate::trace::Trace;
use crate::world::World;
use mpotr_netem::Weather;

/// The interval at which the run checks whether all texts have arrived that had to.
const LOOK: Duration = Duration::from_secs(1);

/// One run.
#[derive(Clone, Debug)]
pub struct Simulation {
    seed: u64,
    script: Script,
    trace: Trace,
    is_digested: bool,
}

/// What is counted in runs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// How many runs this adds up.
    pub runs: u64,
    /// Epochs that an honest member installed.
    pub epochs: u64,
    /// Texts that honest members wrote.
    pub messages: u64,
    /// Texts that had to arrive, and did: one for each text and reader.
    pub delivered: u64,
    /// Texts that had to arrive (`docs/simulation.md`, "Expected").
    pub expected: u64,
    /// Invariants that broke.
    pub invariants_broken: u64,
    /// Virtual time.
    pub virtual_ms: u64,
}

impl Tally {
    /// Adds the tally of other runs.
    pub const fn add(&mut self, other: &Self) {
        self.runs = self.runs.saturating_add(other.runs);
        self.epochs = self.epochs.saturating_add(other.epochs);
        self.messages = self.messages.saturating_add(other.messages);
        self.delivered = self.delivered.saturating_add(other.delivered);
        self.expected = self.expected.saturating_add(other.expected);
        self.invariants_broken = self
            .invariants_broken
            .saturating_add(other.invariants_broken);
        self.virtual_ms = self.virtual_ms.saturating_add(other.virtual_ms);
    }
}

/// How a run went.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Its seed.
    pub seed: u64,
    /// What was counted.
    pub tally: Tally,
    /// What the scenario claimed, and how long it took to hold.
    pub awaited: Vec<Awaited>,
    /// For how many epochs an honest member published its signing key.
    pub published: usize,
    /// Every invariant that broke.
    pub breaches: Vec<Breach>,
    /// How long it took at the end until all honest members were in one room.
    pub healed_after: Option<Duration>,
    /// Within what time they had to be.
    pub bound: Duration,
    /// The state of the network at that time.
    pub weather_at_last: Weather,
    /// What happened, if a trace was wanted.
    pub trace: Trace,
    /// Digests of what happened, if they were wanted.
    pub digests: Option<Digests>,
    /// What was measured.
    pub measures: Measures,
}

impl Simulation {
    /// The run of a seed.
    #[must_use]
    pub fn new(scenario: &Scenario, wanted: &Wanted, seed: u64) -> Self {
        // The script and the world draw from streams of their own.
        let mut rng = ChaCha20Rng::seed_from_u64(seed);
        rng.set_stream(1);
        let mut script = (scenario.script)(wanted, &mut rng);
        script.line = wanted.line(script.line);
        if wanted.profile.is_some() || wanted.unit.is_some() {
            script.carrier = wanted.carrier(script.line);
        }
        script.policy.rekey = wanted.rekey.unwrap_or(script.policy.rekey);
        if wanted.faults {
            faults::strew(&mut script, &mut rng);
        }
        Self {
            seed,
            script,
            trace: Trace::default(),
            is_digested: false,
        }
    }

    /// Keeps a trace.
    #[must_use]
    pub fn traced(mut self) -> Self {
        self.trace = Trace::kept();
        self
    }

    /// Digests all that happens.
    #[must_use]
    pub const fn digested(mut self) -> Self {
        self.is_digested = true;
        self
    }

    /// Runs it, members on these suites in turn. A run with an outsider is measured against one without it.
    ///
    /// # Errors
    /// A backend cannot compute the suite on this machine.
    pub fn run(self, casts: &[Cast]) -> Result<Outcome, UnsupportedSuite> {
        let quiet = if self.script.has_outsiders() {
            let mut quiet = World::new(casts, &self.script, self.seed, Trace::default());
            play(&mut quiet, &self.script.without_outsiders())?;
            Some(quiet)
        } else {
            None
        };
        let Self {
            seed,
            script,
            trace,
            is_digested,
        } = self;
        let mut world = World::new(casts, &script, seed, trace);
        world.digests = is_digested.then(Digests::default);
        let (healed_after, count) = play(&mut world, &script)?;
        let mut measures = Measures::of(&world.ledger, &world.traffic, script.round_trip());
        measures.texts = world.messages;
        if let Some(quiet) = &quiet {
            compare(&mut world, quiet, &script, &mut measures);
        }
        let mut tally = Tally {
            runs: 1,
            epochs: u64::try_from(world.ledger.epochs.len()).unwrap_or(u64::MAX),
            messages: world.messages,
            delivered: count.delivered,
            expected: count.expected,
            invariants_broken: 0,
            virtual_ms: world.now().as_millis(),
        };
        // What follows is no part of what is recorded and measured.
        let digests = world.digests.take();
        let published = world.ledger.revealed.len();
        come_to_rest(&mut world, &script);
        tally.invariants_broken = u64::try_from(world.breaches.len()).unwrap_or(u64::MAX);
        Ok(Outcome {
            seed,
            tally,
            published,
            bound: world.bound(),
            awaited: world.awaited,
            breaches: world.breaches,
            healed_after,
            weather_at_last: script.weather_at_last,
            trace: world.trace,
            digests,
            measures,
        })
    }
}

/// Plays a script from its beginning to its end.
fn play(world: &mut World, script: &Script) -> Result<(Option<Duration>, Count), UnsupportedSuite> {
    for role in &script.first {
        world.enter(*role)?;
    }
    world.open_doors();
    for step in &script.steps {
        if world.is_broken() {
            break;
        }
        take(world, step)?;
    }
    Ok(end(world, script))
}

/// What the outsider cost, by a run of the same seed without it.
fn compare(world: &mut World, quiet: &World, script: &Script, measures: &mut Measures) {
    let (with, without) = (world.traffic.haunted, quiet.traffic.haunted);
    let Haunted { room, outsider } = with;
    let drawn = room.saturating_sub(without.room).saturating_mul(1000);
    measures.amplification = drawn.checked_div(outsider);
    let round_trip = script.round_trip();
    measures.changes_without = Measures::of(&quiet.ledger, &quiet.traffic, round_trip).changes;
    if script.watched.contains(&Watch::Amplification)
        && let Err(what) = amplification::check(&with, &without, round_trip)
    {
        world.breach(Watch::Amplification.name(), what);
    }
}

fn take(world: &mut World, step: &Step) -> Result<(), UnsupportedSuite> {
    match step {
        Step::Wait(duration) => world.run_for(*duration),
        Step::Gather => {
            world.gather();
        }
        Step::Try => {
            world.try_to_gather();
        }
        Step::Enter(role) => world.enter(*role)?,
        Step::Return(seat) => world.come_back(*seat)?,
        Step::Say(seat) => world.say(*seat),
        Step::SomebodySays => world.somebody_says(),
        Step::Refresh(seat) => world.act(*seat, Act::Refresh),
        Step::Exclude { by, whom } => world.exclude(*by, *whom),
        Step::Admit { by, whom } => world.admit(*by, *whom),
        Step::Leave(seat) => world.act(*seat, Act::Leave),
        Step::Kill(seat) => world.kill(*seat),
        Step::Part(seats) => world.part(seats.iter().copied().collect::<BTreeSet<_>>()),
        Step::Block { from, to } => world.block(from, to),
        Step::Heal => world.heal(),
        Step::Await { claim, within } => world.await_claim(*claim, *within),
        Step::Weather(weather) => world.set_weather(*weather),
        Step::Line(seat, line) => world.set_line(*seat, *line),
    }
    Ok(())
}

/// The network heals: all must become well, and everything arrive that had to, with all who are still there.
fn end(world: &mut World, script: &Script) -> (Option<Duration>, Count) {
    world.is_over = true;
    world.heal();
    world.set_weather(script.weather_at_last);
    if script.insiders_stop {
        world.kill_insiders();
    }
    let watches = |watch| script.watched.contains(&watch);
    let patience = world.bound();
    if script.splits {
        world.run_for(patience);
        return (Some(Duration::ZERO), counting::count(&world.ledger));
    }
    let healed_after = world.gather();
    let limit = world.now().after(patience);
    let mut count = counting::count(&world.ledger);
    while healed_after.is_some() && !world.is_broken() && world.now() < limit {
        let is_well = count.missing.is_empty()
            && healing::is_whole(&world.ledger)
            && acceptance::check(&world.ledger).is_ok()
            && (!watches(Watch::Unchanged) || unchanged::check(&world.ledger).is_ok())
            && (!watches(Watch::Fateless) || fateless::check(&world.ledger).is_ok())
            && (script.watched.is_empty() || are_all_final(&world.ledger));
        if is_well {
            break;
        }
        world.run_for(LOOK);
        count = counting::count(&world.ledger);
    }
    for missing in count.missing.clone() {
        world.breach("arrival", format!("not delivered: {missing}"));
    }
    if let Err(what) = acceptance::check(&world.ledger) {
        world.breach("acceptance", what);
    }
    for (watch, held) in [
        (Watch::Unchanged, unchanged::check(&world.ledger)),
        (Watch::Fateless, fateless::check(&world.ledger)),
    ] {
        if let Some(what) = held.err().filter(|_| watches(watch)) {
            world.breach(watch.name(), what);
        }
    }
    (healed_after, count)
}

/// Nothing else happens: after a while all are quiet. Insiders that stay, and outsiders, keep others awake.
fn come_to_rest(world: &mut World, script: &Script) {
    if world.is_broken() || script.has_outsiders() {
        return;
    }
    world.kill_insiders();
    world.run_for(quiet::SETTLES);
    world.said = Some(BTreeMap::new());
    world.run_for(quiet::MINUTE);
    let said = world.said.take().unwrap_or_default();
    if let Err(what) = quiet::check(&script.timers, &said) {
        world.breach("quiet", what);
    }
}

#[cfg(test)]
mod tests {
    use mpotr_backend_rustcrypto::ChaCha20Poly1305Suite;

    use super::Simulation;
    use crate::cast::Cast;
    use crate::scenario::Scenario;
    use crate::script::{Script, Step, Wanted};
    use mpotr_netem::Weather;

    const NOTHING_ARRIVES: Scenario = Scenario {
        name: "nothing-arrives",
        about: "three members who never hear each other",
        script: |_, _| {
            let mut script = Script::of(3, Weather::fair(50).loss(1000));
            script.steps = vec![Step::Try, Step::SomebodySays, Step::SomebodySays];
            script
        },
    };

    #[test]
    fn a_text_of_a_member_that_is_in_no_epoch_is_missed() {
        let outcome = Simulation::new(&NOTHING_ARRIVES, &Wanted::default(), 1)
            .run(&[Cast::of::<ChaCha20Poly1305Suite>()])
            .unwrap();
        let tally = outcome.tally;
        assert_eq!((tally.epochs, tally.messages), (0, 2));
        assert_eq!((tally.delivered, tally.expected), (0, 2));
        let broken: Vec<_> = outcome.breaches.iter().map(|it| it.invariant).collect();
        assert_eq!(broken, ["healing", "arrival", "arrival"]);
    }
}
