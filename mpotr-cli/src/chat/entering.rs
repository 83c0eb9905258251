//! Into the room: who the person is, what the command line says of others, and the carrier.

use std::io::{self, IsTerminal as _};
use std::path::PathBuf;

use anyhow::Context as _;
use mpotr::{Admission, IdentityKey, IdentityKeyPair, Policy, RoomName, RoomOptions, Rule};
use mpotr_formats::Nick;
use mpotr_formats::known::KnownPeople;
#[cfg(feature = "irc")]
use mpotr_transport::irc::{IrcConnect, Login};
use mpotr_transport::{Connect, ExecConnect, RelayConnect, Transport as _};

use super::args::ChatArgs;
use super::attainable;
use super::door::Door;
use super::link;
use super::meeting::Meeting;
use super::rules::{WrittenRule, change_beside};
use crate::address::{NetworkAddress, Place};
use crate::entry::{Entered, Entry};
use crate::identity::{self, Passphrase};
use crate::output::Output;
use crate::people::PeopleFile;
use crate::stop::Stop;
use crate::suite::AnySuite;

/// Where the people are that the person knows. Without a home nobody is known, unless --trust asks for it.
pub(super) fn people_file(args: &ChatArgs) -> anyhow::Result<Option<PeopleFile>> {
    match PeopleFile::at(args.people.as_deref()) {
        Ok(file) => Ok(Some(file)),
        Err(_) if args.trust.is_none() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The file that the command line names, or else the user's own if it is there.
pub(super) fn identity_file(args: &ChatArgs) -> Option<PathBuf> {
    let own = || {
        let path = identity::store::default_path().ok()?;
        // What is there and cannot be read is told, and not passed over.
        path.symlink_metadata().is_ok().then_some(path)
    };
    match (&args.identity, args.throw_away) {
        (Some(path), _) => Some(path.clone()),
        (None, true) => None,
        (None, false) => own(),
    }
}

/// Who the person is. `wants_identity`: it has none that is kept, and wants one.
pub(super) async fn identity_of(
    args: &ChatArgs,
    wants_identity: bool,
    stop: &mut Stop,
    out: &mut Output,
) -> anyhow::Result<IdentityKeyPair> {
    if wants_identity {
        let path = identity::store::default_path()?;
        let identity = identity::make_at(&path)?;
        out.notice(format_args!(
            "made an identity for you, in {}; it has no passphrase: who reads that file is you. `mpotr identity show --public` \
             prints the public key, for others to keep",
            path.display()
        ));
        return Ok(identity);
    }
    let Some(path) = identity_file(args) else {
        anyhow::ensure!(
            args.passphrase_file.is_none(),
            "there is no identity that --passphrase-file could open; `mpotr identity new` makes one"
        );
        out.notice("a new identity for this room alone; keep one with `mpotr identity new`");
        return Ok(identity::throw_away());
    };
    if args.identity.is_none() {
        out.notice(format_args!(
            "your identity is in {}; --throw-away takes a new one",
            path.display()
        ));
    }
    let passphrase_file = args.passphrase_file.clone();
    let load = move || {
        let in_file = passphrase_file.as_deref().map(Passphrase::InFile);
        identity::load(&path, in_file.unwrap_or(Passphrase::IfNeeded))
    };
    identity::unless_stopped(stop, load).await
}

/// What the command line says of others, with what is in the files that it names.
pub(super) struct Said {
    pub(super) known: Option<KnownPeople>,
    pub(super) door: Door,
    pub(super) policy: Policy,
    /// Whether its rule on changes is one that the person has not given.
    pub(super) guards_rules: bool,
    #[cfg(feature = "irc")]
    login: Login,
}

impl Said {
    /// What to tell of the rules where it is known how many are to be there.
    pub(super) fn leaves_nobody_out(&self, args: &ChatArgs) -> Option<String> {
        let with = self.door.expected().count();
        let members = match args.members {
            Some(members) => usize::from(members),
            None if with > 0 => with.saturating_add(1),
            None => return None,
        };
        attainable::leaves_nobody_out(&self.policy.exclude, members)
    }
}

/// Reads the files that the command line names. They may be pipes, and take as long as who writes to them.
pub(super) async fn said(
    args: &ChatArgs,
    #[cfg_attr(
        not(feature = "irc"),
        expect(unused_variables, reason = "this program itself logs in at IRC alone")
    )]
    place: &Place,
    me: IdentityKey,
    people: Option<PeopleFile>,
    stop: &mut Stop,
) -> anyhow::Result<Said> {
    let args = args.clone();
    #[cfg(feature = "irc")]
    let place = place.clone();
    let read = move || {
        let known = people.as_ref().map(PeopleFile::load);
        let known = known.transpose()?.flatten();
        let policy = policy_of(&args)?;
        let door = Door::of(&args, &me, known.as_ref())?;
        if let Door::With(_) = &door {
            let all = door.expected().copied().chain([me]).collect();
            let checked = policy.check_for(&all);
            checked.context("the rules cannot be kept by those of --with")?;
        }
        Ok(Said {
            door,
            guards_rules: args.change.is_none() && policy.change != Rule::Anyone,
            policy,
            #[cfg(feature = "irc")]
            login: match place {
                Place::Irc(_) => args.login().read()?,
                Place::Relay(_) | Place::Network(_) | Place::Program { .. } => Login::Nobody,
            },
            known,
        })
    };
    identity::unless_stopped(stop, read).await
}

/// The rules that this member is ready for.
fn policy_of(args: &ChatArgs) -> anyhow::Result<Policy> {
    let rule = |written: &Option<WrittenRule>| match written {
        Some(written) => written.of_files(),
        None => Ok(Rule::Anyone),
    };
    let (admit, exclude) = (rule(&args.admit)?, rule(&args.exclude)?);
    let change = match &args.change {
        Some(written) => written.of_files()?,
        None => change_beside(&admit, &exclude),
    };
    Ok(Policy {
        admit,
        exclude,
        change,
        evidence: args.evidence,
        rekey: args.rekey.unwrap_or_default(),
        ..Policy::default()
    })
}

pub(super) async fn enter(
    args: &ChatArgs,
    meeting: &Meeting,
    identity: IdentityKeyPair,
    admission: Admission,
    said: &Said,
) -> anyhow::Result<Entered> {
    let Meeting {
        place, room, nick, ..
    } = meeting;
    let id = room.id::<AnySuite>();
    let entering = Entering {
        args,
        place,
        nick,
        room,
        policy: &said.policy,
        identity,
        admission,
    };
    match place {
        Place::Relay(address) => {
            let connect = RelayConnect::new(address.clone(), id)?;
            entering.by(connect).await
        }
        #[cfg(feature = "irc")]
        Place::Irc(address) => {
            let connect = IrcConnect::new(address.clone(), nick.as_str(), said.login.clone())?;
            entering.by(connect).await
        }
        Place::Network(network) => {
            let NetworkAddress { program, address } = network;
            entering.by_program(program, Some(address)).await
        }
        Place::Program { name, address } => entering.by_program(name, address.as_deref()).await,
    }
}

/// What it takes to enter, whatever the carrier is.
struct Entering<'a> {
    args: &'a ChatArgs,
    place: &'a Place,
    nick: &'a Nick,
    room: &'a RoomName,
    policy: &'a Policy,
    identity: IdentityKeyPair,
    admission: Admission,
}

impl Entering<'_> {
    async fn by_program(self, name: &str, address: Option<&str>) -> anyhow::Result<Entered> {
        let connect = ExecConnect::new(
            name,
            address,
            self.nick.as_str(),
            self.room.id::<AnySuite>(),
        )
        .context("no program has such a name")?;
        let login = self.args.login().of_program();
        self.by(connect.login(login)).await
    }

    async fn by<C: Connect>(self, connect: C) -> anyhow::Result<Entered> {
        let Self {
            args,
            place,
            nick: _,
            room,
            policy,
            identity,
            admission,
        } = self;
        let transport = connect.connect().await.map_err(|closed| {
            let looks = anyhow::anyhow!("{closed}; {}", place.asks_doctor());
            looks.context(format!("cannot enter by the {} {place}", place.what()))
        })?;
        let written = [&args.admit, &args.exclude, &args.change];
        let follow_policy =
            written.iter().all(|rule| rule.is_none()) && !args.evidence && args.rekey.is_none();
        let mut options = RoomOptions::new(room.as_str(), admission)?
            .suite(args.suite)
            .backend(args.backend)
            .record(args.save_transcript.is_some())
            .carrier(transport.carrier());
        if !follow_policy {
            options = options.policy(policy.clone());
        }
        if let Some(members) = args.members {
            options = options.members(members.into());
        }
        Entry {
            options,
            identity,
            transport,
            reconnect: Some((connect, link::retry(io::stdin().is_terminal()))),
        }
        .enter()
    }
}
