//! Plays conversations on whatever has members: `scripts/README.md`. Not a crate: tests take it in by its path.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs;

use serde_json::{Map, Value, json};

/// How long a packet takes.
const LATENCY: u64 = 20;

/// How long an event is waited for, unless it is said.
const WITHIN: u64 = 60_000;

/// What has members, and does what they are asked.
pub(crate) trait Stage {
    /// The identity key that a member has, or will have.
    fn identity(&self, who: &str) -> String;
    /// Has a member do something: the result, or the code of the error.
    fn call(&mut self, who: &str, method: &str, params: Value) -> Result<Value, String>;
    /// Hands a packet to a member that is there, and does nothing for any other.
    fn deliver(&mut self, who: &str, packet: &str);
    /// Turns the clock.
    fn turn(&mut self, to: u64);
    /// When something is due.
    fn due(&mut self) -> Option<u64>;
    /// What members say to one another, and by whom.
    fn packets(&mut self) -> Vec<(String, String)>;
    /// What members are told, and who.
    fn events(&mut self) -> Vec<(String, Value)>;
}

/// Plays every script that there is.
pub(crate) fn play_all<S: Stage>(stage: impl Fn(&[String]) -> S) {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../scripts");
    let mut played = 0;
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|it| it == "jsonl") {
            play(&fs::read_to_string(path).unwrap(), &stage);
            played += 1;
        }
    }
    assert!(played > 0, "no script in {folder}");
}

/// Plays a script.
fn play<S: Stage>(script: &str, stage: impl FnOnce(&[String]) -> S) {
    let mut steps = script.lines().map(|line| {
        let step: Map<String, Value> = serde_json::from_str(line).unwrap();
        step
    });
    let head = steps.next().unwrap();
    assert_eq!(head["script"], 1, "a later kind of script");
    let members: Vec<String> = serde_json::from_value(head["members"].clone()).unwrap();
    let mut player = Player {
        stage: stage(&members),
        name: head["name"].as_str().unwrap().to_owned(),
        members,
        now: 0,
        on_way: VecDeque::new(),
        cuts: Vec::new(),
        bound: BTreeMap::new(),
        told: Vec::new(),
    };
    for step in steps {
        player.step(step);
    }
    player.judge();
}

/// Something that a member was told, and whether it was expected.
struct Told {
    who: String,
    event: Value,
    is_expected: bool,
}

struct Player<S> {
    stage: S,
    name: String,
    members: Vec<String>,
    now: u64,
    /// When a packet arrives, of whom it is, and what.
    on_way: VecDeque<(u64, String, String)>,
    /// Who is cut off, and until when.
    cuts: Vec<(BTreeSet<String>, u64)>,
    bound: BTreeMap<String, Value>,
    told: Vec<Told>,
}

impl<S: Stage> Player<S> {
    #[track_caller]
    fn step(&mut self, mut step: Map<String, Value>) {
        let written = Value::Object(step.clone()).to_string();
        if let Some(net) = step.remove("net") {
            let cut = serde_json::from_value(net["cut"].clone()).unwrap();
            let lasts = net["for"].as_u64().unwrap();
            return self.cuts.push((cut, self.now + lasts));
        }
        if step.remove("all").is_some() {
            for who in self.members.clone() {
                let mut each = step.clone();
                each.insert("who".to_owned(), who.into());
                self.step(each);
            }
            return;
        }
        let who = step.remove("who").unwrap().as_str().unwrap().to_owned();
        if let Some(expected) = step.remove("expect") {
            let within = step
                .remove("within")
                .map_or(WITHIN, |it| it.as_u64().unwrap());
            let end = self.now + within;
            while !self.meets(&who, &expected) {
                let told = self.of(&who);
                assert!(self.go_on(end), "{}: not {written}, but {told}", self.name);
            }
        } else if let Some(event) = step.remove("never") {
            let end = self.now + step["for"].as_u64().unwrap();
            while self.go_on(end) {}
            let met = self.meets(&who, &event);
            assert!(!met, "{}: not {written}, but {}", self.name, self.of(&who));
        } else {
            self.act(&who, step, &written);
        }
    }

    #[track_caller]
    fn act(&mut self, who: &str, mut step: Map<String, Value>, written: &str) {
        let method = step.remove("do").unwrap().as_str().unwrap().to_owned();
        let [kept, fails, gives] = ["as", "fails", "gives"].map(|key| step.remove(key));
        let params = self.resolved("", &Value::Object(step));
        let done = match method.as_str() {
            "open" => {
                let mut params = params;
                params["name"] = self.name.clone().into();
                params["mode"] = "packets".into();
                params["nick"] = who.into();
                self.stage.call(who, "open", params)
            }
            _ => self.stage.call(who, &method, params),
        };
        match (done, fails) {
            (Err(code), Some(fails)) => assert_eq!(code, fails, "{}: {written}", self.name),
            (Ok(result), None) => {
                if let Some(kept) = kept {
                    let kept = kept.as_str().unwrap().to_owned();
                    self.bound.insert(kept, result["text_id"].clone());
                }
                let gives = gives.unwrap_or(json!({}));
                let binds = self.matching("", &gives, &result);
                assert!(binds.is_some(), "{}: {written} gives {result}", self.name);
                self.bound.extend(binds.unwrap());
            }
            (done, _) => panic!("{}: {written} came to {done:?}", self.name),
        }
        self.collect();
    }

    /// Whether a member was told of such an event, which is not expected again.
    fn meets(&mut self, who: &str, expected: &Value) -> bool {
        self.collect();
        let met = self.told.iter().position(|told| {
            told.who == who
                && !told.is_expected
                && self.matching("", expected, &told.event).is_some()
        });
        let Some(met) = met else {
            return false;
        };
        let binds = self.matching("", expected, &self.told[met].event);
        self.bound.extend(binds.unwrap());
        self.told[met].is_expected = true;
        true
    }

    /// What a pattern binds, if a value is like it.
    fn matching(&self, key: &str, pattern: &Value, value: &Value) -> Option<Vec<(String, Value)>> {
        match (pattern, value) {
            (Value::String(name), _) if name.starts_with('$') => match self.bound.get(name) {
                Some(bound) => (bound == value).then(Vec::new),
                None => Some(vec![(name.clone(), value.clone())]),
            },
            (Value::Object(pattern), Value::Object(value)) => {
                let mut binds = Vec::new();
                for (key, pattern) in pattern {
                    binds.extend(self.matching(key, pattern, value.get(key)?)?);
                }
                Some(binds)
            }
            (Value::Array(pattern), Value::Array(value)) => {
                let mut binds = Vec::new();
                for (pattern, value) in pattern.iter().zip(value) {
                    binds.extend(self.matching(key, pattern, value)?);
                }
                (pattern.len() == value.len()).then_some(binds)
            }
            _ => (self.resolved(key, pattern) == *value).then(Vec::new),
        }
    }

    /// A value of the script, with keys for names and what is kept for `$x`.
    fn resolved(&self, key: &str, value: &Value) -> Value {
        match value {
            Value::String(text) if text.starts_with('$') => self.bound[text].clone(),
            Value::String(text)
                if self.members.contains(text) && !["text", "nick", "name"].contains(&key) =>
            {
                self.stage.identity(text).into()
            }
            Value::Array(list) => list.iter().map(|it| self.resolved(key, it)).collect(),
            Value::Object(fields) => {
                let fields = fields.iter();
                let fields = fields.map(|(key, it)| (key.clone(), self.resolved(key, it)));
                Value::Object(fields.collect())
            }
            Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => value.clone(),
        }
    }

    /// Takes what members say and are told.
    fn collect(&mut self) {
        let at = self.now + LATENCY;
        let packets = self.stage.packets().into_iter();
        self.on_way
            .extend(packets.map(|(from, packet)| (at, from, packet)));
        let told = self.stage.events().into_iter();
        self.told.extend(told.map(|(who, event)| Told {
            who,
            event,
            is_expected: false,
        }));
    }

    /// Goes on to what comes next, if that is before the end, or else to the end. Says whether there is more to come.
    fn go_on(&mut self, end: u64) -> bool {
        // To ask what is due may have a stage do what is due now.
        let due = self.stage.due();
        self.collect();
        let arrives = self.on_way.front().map(|(at, ..)| *at);
        let next = arrives.into_iter().chain(due).min();
        let next = next.filter(|next| *next <= end);
        self.now = self.now.max(next.unwrap_or(end));
        self.stage.turn(self.now);
        while let Some((at, ..)) = self.on_way.front()
            && *at <= self.now
        {
            let (_, from, packet) = self.on_way.pop_front().unwrap();
            for to in self.members.clone() {
                if to != from && !self.is_cut(&from) && !self.is_cut(&to) {
                    self.stage.deliver(&to, &packet);
                }
            }
            self.collect();
        }
        next.is_some()
    }

    fn is_cut(&self, who: &str) -> bool {
        let mut cuts = self.cuts.iter();
        cuts.any(|(cut, until)| cut.contains(who) && *until > self.now)
    }

    /// What a member was told, for a person.
    fn of(&self, who: &str) -> String {
        let told = self.told.iter().filter(|told| told.who == who);
        let told: Vec<_> = told.map(|told| told.event.to_string()).collect();
        format!("{} ms:\n{}", self.now, told.join("\n"))
    }

    #[track_caller]
    fn judge(&self) {
        for Told {
            who,
            event,
            is_expected,
        } in &self.told
        {
            let is_misconduct = event["group"] == "misconduct";
            assert!(
                !is_misconduct || *is_expected,
                "{}: {who} {event}",
                self.name
            );
        }
    }
}
