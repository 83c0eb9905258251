//! Talks in which everything happens that leaves something in a transcript.

use mpotr_transcript::{Amendment, Play, Script};

use crate::crew::{keys, people, play};

/// A talk of alice, bob, carol and dave.
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    /// Amendments to the policy of the beginning.
    policy: &'static [&'static str],
    ask: bool,
    loss: u64,
    script: &'static str,
}

pub(crate) const NAMES: [&str; 4] = ["alice", "bob", "carol", "dave"];

pub(crate) const SCENES: [Scene; 13] = [
    Scene {
        name: "votes",
        policy: &["exclude 2", "admit 2", "change 2", "rekey full"],
        ask: false,
        loss: 0,
        script: "alice: hi\nbob: hi\n+dave\ndave: hi\nalice: /kick bob\nalice: /withdraw bob\nalice: /kick dave\nbob: /kick dave\ncarol: he is out\n\
                 +dave\nalice: /admit dave\nbob: /admit dave\ncarol: /admit dave\ndave: I am back\n\
                 alice: /policy exclude alice\ncarol: /policy exclude alice\nbob: as you like",
    },
    Scene {
        name: "asked",
        policy: &[],
        ask: true,
        loss: 0,
        script: "bob: just us\n+carol\nalice: /admit carol\nbob: /admit carol\ndave: /admit carol\ncarol: hello",
    },
    Scene {
        name: "two things",
        policy: &["evidence on", "rekey light"],
        ask: false,
        loss: 0,
        script: "alice: well?\nbob>alice: yes\nbob>carol,dave: no\ncarol: why not?\nalice: /kick bob\nalice: he said yes\ndave: no\ncarol: he is out",
    },
    Scene {
        name: "death and return",
        policy: &[],
        ask: false,
        loss: 0,
        script: "alice: hi\n!carol\nbob: where is she?\n+carol\ncarol: here\n!bob\nalice: and he?\ndave: gone",
    },
    Scene {
        name: "together",
        policy: &[],
        ask: false,
        loss: 0,
        script: "alice: hi\nbob: /refresh\nbob: hi\n-alice,bob,carol,dave",
    },
    Scene {
        name: "tags",
        policy: &["authentication 3dh", "agreement pairwise"],
        ask: false,
        loss: 0,
        script: "alice: hi\n-dave\nbob: hi\n+dave\nalice: /policy authentication proof\ncarol: so",
    },
    Scene {
        name: "founders",
        policy: &["admit alice,bob", "change alice", "exclude anyone"],
        ask: false,
        loss: 0,
        script: "alice: hi\n+dave\ndave: hi\ncarol: /kick dave\nalice: /policy agreement pairwise\nbob: hm",
    },
    Scene {
        name: "foul weather",
        policy: &[],
        ask: false,
        loss: 200,
        script: "alice: 1\nbob: 2\ncarol: 3\nalice: 4\nbob: 5\ncarol: 6\n+dave\ndave: 7\nalice: 8\nbob: 9\n-alice",
    },
    Scene {
        name: "a lost connection",
        policy: &[],
        ask: false,
        loss: 0,
        script: "alice: hi\n~bob\nalice: 1\nalice: 2\nalice: 3\nbob: alone\n=bob\nalice: 4\nbob: back",
    },
    Scene {
        name: "who is who",
        policy: &[],
        ask: false,
        loss: 0,
        script: "alice: hi\nbob: /code\nalice: /verify bob\ncarol: /verify dave wrong\ndave: oh",
    },
    Scene {
        name: "another room",
        policy: &[],
        ask: false,
        loss: 0,
        script: "alice: hi\nbob: /merge 0123456789abcdef0123456789abcdef\ncarol: where?\ndave: I see none",
    },
    Scene {
        name: "a death in a change",
        policy: &[],
        ask: false,
        loss: 0,
        script: "alice: hi\n!dave\nalice: /refresh\nbob: so\ncarol: it is",
    },
    Scene {
        name: "light runs",
        policy: &["rekey light"],
        ask: false,
        loss: 0,
        script: "alice: hi\nbob: hi\nalice: /refresh\nbob: anew\n-dave\ncarol: he left\nalice: bye\nbob: /kick carol\nalice: and she is out\nbob: so",
    },
];

impl Scene {
    /// Performed by the people of a seed.
    pub(crate) fn play(&self, seed: u64) -> Play {
        let names = NAMES.map(str::to_owned);
        let script = Script::parse(self.script, &names).unwrap();
        let acts = script.acts.into_iter();
        let acts = acts
            .map(|act| act.map(|_, text| text.into_bytes()))
            .collect();
        let mut play = play(keys(&people(4, seed)), acts);
        for amendment in self.policy {
            let amendment = Amendment::parse(amendment, &names).unwrap();
            play.policy = amendment.apply(&play.policy, &play.members);
        }
        play.ask = self.ask;
        play.weather = play.weather.loss(self.loss);
        play
    }
}
