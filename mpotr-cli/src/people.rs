//! The people that a person knows: `docs/spec/13-trust.md`, "Known people".

mod args;
mod file;

use std::time::{SystemTime, UNIX_EPOCH};

use mpotr::{Fingerprint, IdentityKey};
use mpotr_formats::known::{Date, How, KnownPeople, Person, PetnameError};

use crate::chat::whom::{Digits, Whom};
use crate::output::Output;
use crate::suite::AnySuite;
pub(crate) use args::PeopleCommand;
use args::{AddArgs, ForgetArgs, NameArgs};
pub(crate) use file::PeopleFile;

/// `mpotr people`.
///
/// # Errors
/// The file cannot be read or written, or a word means nobody in it.
pub(crate) fn run(command: &PeopleCommand, out: &mut Output) -> anyhow::Result<()> {
    match command {
        PeopleCommand::List(args) => list(&PeopleFile::at(args.people.as_deref())?, out),
        PeopleCommand::Add(args) => add(args, out),
        PeopleCommand::Forget(args) => forget(args, out),
        PeopleCommand::Name(args) => name(args, out),
    }
}

/// Today, in UTC.
pub(crate) fn today() -> Date {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    Date::of_unix(since.map_or(0, |since| since.as_secs()))
}

fn list(file: &PeopleFile, out: &mut Output) -> anyhow::Result<()> {
    let people = file.load()?.unwrap_or_default();
    let mut all: Vec<_> = people.iter().collect();
    all.sort_by(|(_, one), (_, other)| one.petname.cmp(&other.petname));
    if all.is_empty() {
        out.notice(format_args!("nobody is known in {}", file.path().display()));
    }
    for (key, person) in all {
        out.line(line(key, person))?;
    }
    Ok(())
}

fn line(key: &IdentityKey, person: &Person) -> String {
    let Person {
        how,
        first,
        last,
        petname,
    } = person;
    let fingerprint = Fingerprint::of::<AnySuite>(key);
    format!("{fingerprint}  {petname}  {how}  {first}  {last}")
}

fn add(args: &AddArgs, out: &mut Output) -> anyhow::Result<()> {
    let file = PeopleFile::at(args.file.people.as_deref())?;
    let key = Whom::parse(&args.key)?.key()?;
    let key = key.ok_or_else(|| {
        anyhow::anyhow!("a person is added by a file with the public key, or by its 64 digits")
    })?;
    let day = today();
    let person = Person {
        how: if args.compared {
            How::Compared
        } else {
            How::Seen
        },
        first: day,
        last: day,
        petname: args.name.clone(),
    };
    let known = file.change(|people| {
        if let Some(before) = people.get(&key)
            && before.petname != args.name
        {
            anyhow::bail!(
                "this key is known already, as {}: {}; `mpotr people name {} {}` calls it otherwise",
                before.petname,
                line(&key, before),
                before.petname,
                args.name
            );
        }
        people
            .add(key, person.clone())
            .map_err(|error| named(people, error))?;
        Ok(people.get(&key).cloned())
    })?;
    out.line(line(&key, &known.unwrap_or(person)))?;
    Ok(())
}

fn forget(args: &ForgetArgs, out: &mut Output) -> anyhow::Result<()> {
    let file = PeopleFile::at(args.file.people.as_deref())?;
    let (key, person) = file.change(|people| {
        let key = find(people, &args.who)?;
        let forgotten = people.forget(&key).map(|person| (key, person));
        forgotten.ok_or_else(|| anyhow::anyhow!("nobody is known as {}", args.who))
    })?;
    out.notice(format_args!("forgotten: {}", line(&key, &person)));
    Ok(())
}

fn name(args: &NameArgs, out: &mut Output) -> anyhow::Result<()> {
    let file = PeopleFile::at(args.file.people.as_deref())?;
    let (key, person) = file.change(|people| {
        let key = find(people, &args.who)?;
        people
            .rename(&key, args.name.clone())
            .map_err(|error| named(people, error))?;
        let renamed = people.get(&key).map(|person| (key, person.clone()));
        renamed.ok_or_else(|| anyhow::anyhow!("nobody is known as {}", args.who))
    })?;
    out.line(line(&key, &person))?;
    Ok(())
}

/// Whom a word means among those who are known.
fn find(people: &KnownPeople, word: &str) -> anyhow::Result<IdentityKey> {
    let whom = Whom::parse(word)?;
    let known = people.iter().map(|(key, _)| *key);
    let fits: Vec<_> = match &whom {
        Whom::Key(_) | Whom::File(_) => whom.key()?.into_iter().collect(),
        Whom::Fingerprint(digits) => known.filter(|key| Digits::of_key(key) == *digits).collect(),
        Whom::Short { digits, .. } => known
            .filter(|key| Digits::of_key(key).begin_with(digits))
            .collect(),
        Whom::Nick(_) => people.named(word.trim()).into_iter().collect(),
    };
    let fits = fits.iter().filter_map(|key| Some((*key, people.get(key)?)));
    match fits.collect::<Vec<_>>().as_slice() {
        [] => anyhow::bail!("nobody is known as {word}; `mpotr people list` lists whom you know"),
        [(key, _)] => Ok(*key),
        several => {
            let lines: Vec<_> = several
                .iter()
                .map(|(key, person)| line(key, person))
                .collect();
            anyhow::bail!(
                "{word} may mean any of these, say it by the whole fingerprint: {}",
                lines.join("; ")
            )
        }
    }
}

/// Says whose name it is that cannot be given again.
fn named(people: &KnownPeople, error: PetnameError) -> anyhow::Error {
    let PetnameError::Taken { by } = error else {
        return error.into();
    };
    let holder = people.get(&by).map(|person| line(&by, person));
    anyhow::anyhow!("{error}: {}", holder.unwrap_or_default())
}
