//! A type whose methods stand in several files has them in layers: no two files call each other in a circle, so that each
//! can be read after those below it. `docs/decisions/0014-a-room-is-made-of-parts.md`.

#![expect(
    clippy::unwrap_used,
    reason = "clippy allows this in a test, and does not see that a helper belongs to one"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// The methods of one type: the file of each, and what each file calls on `self`.
#[derive(Default)]
struct Methods {
    files: BTreeMap<String, PathBuf>,
    calls: BTreeMap<PathBuf, BTreeSet<String>>,
}

impl Methods {
    /// The files whose methods a file calls, itself left out.
    fn below(&self, file: &Path) -> BTreeSet<&PathBuf> {
        let calls = self.calls.get(file).into_iter().flatten();
        let files = calls.filter_map(|method| self.files.get(method));
        files.filter(|other| *other != file).collect()
    }

    /// The files that remain when those that call none of the others are taken away, again and again.
    fn in_circles(&self) -> BTreeSet<&PathBuf> {
        let mut left: BTreeSet<_> = self.calls.keys().collect();
        loop {
            let bottom: Vec<_> = left
                .iter()
                .filter(|file| self.below(file).is_disjoint(&left))
                .copied()
                .collect();
            if bottom.is_empty() {
                return left;
            }
            for file in bottom {
                left.remove(file);
            }
        }
    }
}

/// The Rust files below a folder that ship.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_stem().unwrap().to_str().unwrap();
        if matches!(name, "tests" | "testing" | "insider" | "inspect") {
            continue;
        }
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

fn word(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    text.split_at(end.unwrap_or(text.len())).0
}

/// The name of the type that a line opens a block of methods for.
fn opened(line: &str) -> Option<&str> {
    let rest = line.strip_prefix("impl")?.strip_suffix('{')?;
    let rest = if rest.starts_with('<') {
        rest.split_once("> ")?.1
    } else {
        rest.trim_start()
    };
    (!rest.contains(" for ")).then(|| word(rest))
}

/// Takes in the methods of a file, formatted as all of them are.
fn read(file: &Path, types: &mut BTreeMap<String, Methods>) {
    let text = fs::read_to_string(file).unwrap();
    let text = text.split("\n#[cfg(test)]\nmod tests {").next().unwrap();
    // A chain of calls that is broken over lines counts as one.
    let text = text.replace("self\n", "self");
    let mut methods = None;
    for line in text.lines() {
        if let Some(name) = opened(line) {
            methods = Some(types.entry(name.to_owned()).or_default());
        } else if line == "}" {
            methods = None;
        }
        let Some(methods) = &mut methods else {
            continue;
        };
        if let Some((before, after)) = line.split_once("fn ")
            && before.starts_with("    ")
            && !before.starts_with("     ")
        {
            methods
                .files
                .insert(word(after).to_owned(), file.to_owned());
        }
        let calls = methods.calls.entry(file.to_owned()).or_default();
        for after in line.split("self").skip(1) {
            let Some(after) = after.trim_start().strip_prefix('.') else {
                continue;
            };
            let name = word(after);
            if after.strip_prefix(name).unwrap().starts_with('(') {
                calls.insert(name.to_owned());
            }
        }
    }
}

#[test]
fn methods_of_a_type_call_those_in_files_below_alone() {
    let core = Path::new(env!("CARGO_MANIFEST_DIR")).join("../mpotr-core/src");
    let mut files = Vec::new();
    sources(&core.join("room"), &mut files);
    sources(&core.join("epoch"), &mut files);
    files.extend([core.join("room.rs"), core.join("epoch.rs")]);
    let mut types = BTreeMap::new();
    for file in &files {
        read(file, &mut types);
    }
    for name in ["Room", "Situation", "Membership", "Epoch"] {
        assert!(types[name].calls.len() > 5, "{name} was not read");
    }
    for (name, methods) in &types {
        assert_eq!(methods.in_circles(), BTreeSet::new(), "{name}");
    }
}
