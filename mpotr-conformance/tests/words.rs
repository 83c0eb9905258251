//! Each word of the protocol means one thing, in the pages and in the code: `docs/spec/01-overview.md`, "Words".

#![expect(
    clippy::unwrap_used,
    reason = "clippy allows this in a test, and does not see that a helper belongs to one"
)]

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

/// A finite picture of the protocol, whose types have the names of what they picture; and the face for programs, where a type that
/// names no suite stands for the one inside it.
const APART: [&str; 2] = ["mpotr-model", "mpotr"];

/// A row of the table: the word, and the type that is called so and its crate, if there is one.
struct Row {
    word: String,
    type_and_crate: Option<(String, String)>,
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

/// The rows of the table under "Words", as `| word | meaning | type | crate |`.
fn rows() -> Vec<Row> {
    let page = fs::read_to_string(root().join("docs/spec/01-overview.md")).unwrap();
    let (_, after) = page.split_once("\n## Words\n").unwrap();
    let (section, _) = after.split_once("\n## ").unwrap();
    let lines = section.lines().filter(|line| line.starts_with('|'));
    lines
        .skip(2)
        .map(|line| {
            let cells: Vec<_> = line
                .trim_matches('|')
                .split('|')
                .map(|cell| cell.trim().trim_matches('`').to_owned())
                .collect();
            let [word, _meaning, type_name, crate_name] = cells.try_into().unwrap();
            Row {
                word,
                type_and_crate: (!type_name.is_empty()).then_some((type_name, crate_name)),
            }
        })
        .collect()
}

/// The Rust files below a folder.
fn sources(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            sources(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            found.push(path);
        }
    }
}

/// The name at the start of a text.
fn name(text: &str) -> &str {
    let end = text.find(|c: char| !c.is_alphanumeric() && c != '_');
    end.map_or(text, |end| &text[..end])
}

/// The types that a file declares: at the beginning of a line, or by one of the two macros.
fn declared(source: &str) -> Vec<String> {
    let mut types = Vec::new();
    let mut in_macro = "";
    for line in source.lines() {
        if line.starts_with("byte_newtype! {") || line.starts_with("wire_enum! {") {
            in_macro = name(line);
            continue;
        }
        let text = line.trim_start();
        let is_indented = text.len() < line.len();
        if !is_indented {
            in_macro = "";
        }
        if is_indented && in_macro.is_empty() || text.starts_with("//") || text.starts_with('#') {
            continue;
        }
        if in_macro == "byte_newtype" {
            types.push(name(text).to_owned());
            in_macro = "";
            continue;
        }
        let text = match text.strip_prefix("pub") {
            Some(rest) if rest.starts_with('(') => {
                rest.split_once(')').map_or(rest, |(_, rest)| rest)
            }
            Some(rest) => rest,
            None => text,
        };
        let keywords = ["struct ", "enum ", "trait ", "type "];
        let after = keywords
            .iter()
            .find_map(|it| text.trim_start().strip_prefix(it));
        types.extend(after.map(|after| name(after).to_owned()));
    }
    types
}

/// The folders in which each type is declared, by the names of their crates.
fn types() -> BTreeMap<String, Vec<String>> {
    let mut types = BTreeMap::<String, Vec<String>>::new();
    let crates = fs::read_dir(root())
        .unwrap()
        .map(|entry| entry.unwrap().path());
    for folder in crates.filter(|folder| folder.join("src").is_dir()) {
        let crate_name = folder.file_name().unwrap().to_str().unwrap().to_owned();
        if APART.contains(&crate_name.as_str()) {
            continue;
        }
        let mut files = Vec::new();
        sources(&folder.join("src"), &mut files);
        for file in files {
            for declared in declared(&fs::read_to_string(file).unwrap()) {
                types.entry(declared).or_default().push(crate_name.clone());
            }
        }
    }
    types
}

#[test]
fn each_word_has_one_meaning_and_one_type() {
    let types = types();
    let mut words = BTreeSet::new();
    let mut count = 0;
    for row in rows() {
        assert!(words.insert(row.word.clone()), "{} has two rows", row.word);
        let Some((type_name, crate_name)) = row.type_and_crate else {
            continue;
        };
        let found = types.get(&type_name).map_or(&[][..], Vec::as_slice);
        assert_eq!(found, [crate_name], "where `{type_name}` is declared");
        count += 1;
    }
    assert!(count >= 30, "only {count} of the words have a type");
}

#[test]
fn types_are_found_in_every_form_of_declaration() {
    let source = "
pub struct One(u8);
pub(crate) enum Two {}
    struct Inner;
wire_enum! {
    /// Three.
    pub enum Three: u8 {
        A = 1,
    }
}
byte_newtype! {
    /// Four.
    Four, 16
}
type Five<S> = One;
pub trait Six: Copy {
    type Seven;
}
";
    assert_eq!(
        declared(source),
        ["One", "Two", "Three", "Four", "Five", "Six"]
    );
}
