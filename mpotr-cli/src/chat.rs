//! `mpotr chat`: a room, one line a message.

mod args;
mod asking;
mod awaited;
mod command;
mod conversation;
mod door;
mod held;
mod input;
mod link;
mod losses;
mod names;
mod outcome;
mod remembering;
mod rules;
mod sending;
mod verifying;
mod waiting;
pub(crate) mod whom;
mod wording;

pub(crate) use args::ChatArgs;
pub(crate) use door::DoorError;

use std::collections::VecDeque;
use std::io::{self, IsTerminal as _};
use std::time::Duration;

use anyhow::Context as _;
use mpotr::room::{Event, RoomConfig};
use mpotr::{Admission, IdentityKey, IdentityKeyPair, MAX_BODY, Policy, Record, RoomId, Rule};
use mpotr_formats::known::KnownPeople;
use mpotr_formats::{Escaped, Nick, Payload};
#[cfg(feature = "irc")]
use mpotr_transport::irc::{IrcConnect, Login};
use mpotr_transport::{
    Connect, DriverEvent, ExecConnect, HandleError, RelayConnect, RoomHandle, Transport as _,
};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep, sleep_until};

use crate::address::Place;
use crate::entry::{Entered, Entry};
use crate::identity::{self, Passphrase};
use crate::output::{Output, OutputError};
use crate::people::PeopleFile;
use crate::stop::Stop;
use crate::suite::AnySuite;
use crate::transcript::Keeper;
use command::{Command, HELP};
use conversation::{Conversation, Say};
use door::Door;
use held::HeldTexts;
use input::Line;
use link::Link;
use losses::Losses;
use outcome::{ChatError, Outcome, Unsent};
use rules::WrittenRule;

/// Lines that are read ahead of what the room takes.
const LINES_AHEAD: usize = 16;

/// How often the program is asked to stop before it does so without a word of what is lost: once to leave, once not to wait.
const STOPS: u8 = 2;

/// Texts of a script that wait until the room is secure, while what is behind them is read: it may let people in.
const EARLY: usize = 256;

/// How soon the end of the input is seen while nothing of it is taken.
const LOOK_AGAIN: Duration = Duration::from_millis(250);

/// The most bytes of a text.
const TEXT_LIMIT: usize = MAX_BODY.saturating_sub(Payload::OVERHEAD);

/// Talks in a room until the input ends or a person asks the program to stop.
///
/// # Errors
/// The room cannot be entered, not everyone has everything that was to be sent, or what others sent is not printed.
pub(crate) async fn run(args: &ChatArgs, out: &mut Output) -> anyhow::Result<()> {
    DoorError::check(args, io::stdin().is_terminal())?;
    let mut stop = Stop::listen().context("cannot take signals")?;
    out.write_aside().context("cannot print")?;
    let talked = talk(args, &mut stop, out).await;
    let printed = out.end(&mut stop).await;
    talked.and(printed.map_err(Into::into))
}

#[expect(
    clippy::too_many_lines,
    reason = "one loop over all that a chat waits for, and what it begins with"
)]
async fn talk(args: &ChatArgs, stop: &mut Stop, out: &mut Output) -> anyhow::Result<()> {
    let at_terminal = io::stdin().is_terminal();
    let identity = identity_of(args, stop, out).await?;
    let file = people_file(args)?;
    let mut said = said(args, identity.public(), file.clone(), stop).await?;
    let (door, known) = (said.door.clone(), said.known.take());
    let admission = door.admission();
    let mut conversation = Conversation::new(identity.public(), &args.nick, door);
    // Whom a person does not know shows only where it knows anyone.
    let keeps_list = known.is_some() || args.trust.is_some() || args.people.is_some();
    if keeps_list {
        conversation.names.know(known.unwrap_or_default());
    }
    out.notice(format_args!(
        "you are {}, {}",
        args.nick,
        conversation.my_fingerprint()
    ));
    // Before others hear of this member: what cannot be kept is not begun.
    let keeper = args
        .save_transcript
        .as_deref()
        .map(Keeper::create)
        .transpose()?;
    let place = args.place();
    let entered = tokio::select! {
        biased;
        _ = stop.asked() => return Err(ChatError::NeverSecure.into()),
        entered = enter(args, &place, identity, admission, &said) => entered,
    };
    let Entered { handle, mut events } = entered?;
    out.notice(format_args!(
        "waiting for others in \"{}\" on {}",
        args.room, place
    ));
    out.notice(conversation.door());

    out.expect_typing();
    let mut lines = input::read_lines(TEXT_LIMIT)?;
    let mut chat = Chat {
        link: Link::new(&place),
        held: HeldTexts::default(),
        unseen: None,
        early: VecDeque::new(),
        is_read_out: false,
        at_terminal,
        nick: args.nick.clone(),
        handle,
        conversation,
        people: file.filter(|_| keeps_list),
        policy: said.policy,
        outcome: Outcome::default(),
        keeper,
        unkept: None,
        obeys: at_terminal || args.commands,
        losses: Losses::default(),
        is_leaving: false,
        stops: 0,
        closed: None,
        out,
    };
    let mut input_is_over = false;
    loop {
        // Without its carrier, what is typed waits where it is.
        let has_room = chat.out.has_room();
        let goes_on = !chat.is_leaving && chat.link.is_up();
        let reads = chat.reads(at_terminal) && goes_on && has_room;
        let sends_early = chat.conversation.is_secure() && !chat.early.is_empty() && goes_on;
        // Who asks the program to stop does not wait for a reader of its output.
        let hears = has_room || chat.stops > 0;
        let is_watched = at_terminal && !input_is_over && !chat.is_leaving && !chat.link.is_up();
        let losses = chat.losses.due();
        tokio::select! {
            event = events.recv(), if hears => match event {
                Some(DriverEvent::Record(record)) => chat.keep(record),
                Some(DriverEvent::Room(Event::Ended(departure))) => {
                    chat.tell_losses();
                    chat.count_unread(&mut lines);
                    chat.end_transcript()?;
                    chat.closed.map_or(Ok(()), Err)?;
                    return Ok(chat.outcome.judge(&departure)?);
                }
                Some(DriverEvent::Room(event)) => chat.hear(event).await,
                Some(DriverEvent::Reconnecting { closed, attempt, wait }) => {
                    let told = chat.link.lost(&closed.text, attempt, wait);
                    chat.out.notice(told);
                }
                Some(DriverEvent::Reconnected) => {
                    let told = chat.link.restored();
                    chat.out.notice(told);
                }
                Some(DriverEvent::Disconnected(closed)) => {
                    chat.tell_losses();
                    chat.count_unread(&mut lines);
                    chat.end_transcript()?;
                    return Err(chat.outcome.lost(&format!("{} {place}", place.what()), closed.text).into());
                }
                Some(DriverEvent::Plain { name, text }) => chat.out.notice(format_args!(
                    "in the channel, for all to read, {} writes: {}",
                    Escaped(&name),
                    Escaped(&text)
                )),
                Some(_) => {}
                None => anyhow::bail!("the room stopped without an end"),
            },
            // What the room does not take yet stays in the pipe.
            line = next_line(&chat.handle, &mut lines), if reads => match line {
                Some(Ok(line)) => chat.say(line).await,
                Some(Err(error)) => {
                    chat.outcome.note(Unsent::Unreadable(error.to_string()));
                    chat.leave().await;
                }
                None => chat.input_ends().await,
            },
            is_writable = chat.handle.writable(), if sends_early => match is_writable {
                Ok(()) => chat.send_early().await,
                // An event tells why.
                Err(_) => chat.is_leaving = true,
            },
            () = chat.out.room(), if !has_room => {}
            error = chat.out.failure(), if chat.closed.is_none() => {
                chat.closed = Some(error);
                chat.leave().await;
            }
            () = until(losses), if losses.is_some() => chat.tell_losses(),
            // What wakes a reader is a line, which would have to be kept somewhere.
            () = sleep(LOOK_AGAIN), if is_watched => if lines.is_closed() && lines.is_empty() {
                input_is_over = true;
                chat.out.notice(
                    "the input has ended: this member leaves when the relay is there again; ctrl-c leaves now",
                );
            },
            _ = stop.asked() => chat.stop().await?,
        }
    }
}

/// Waits until a moment, if there is one.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => core::future::pending().await,
    }
}

/// The next line of the input, as soon as the room takes another text.
async fn next_line(
    handle: &RoomHandle,
    lines: &mut mpsc::Receiver<io::Result<Line>>,
) -> Option<io::Result<Line>> {
    if handle.writable().await.is_err() {
        // An event tells why the room has ended.
        core::future::pending::<()>().await;
    }
    lines.recv().await
}

/// Where the people are that the person knows. Without a home nobody is known, unless --trust asks for it.
fn people_file(args: &ChatArgs) -> anyhow::Result<Option<PeopleFile>> {
    match PeopleFile::at(args.people.as_deref()) {
        Ok(file) => Ok(Some(file)),
        Err(_) if args.trust.is_none() => Ok(None),
        Err(error) => Err(error.into()),
    }
}

async fn identity_of(
    args: &ChatArgs,
    stop: &mut Stop,
    out: &mut Output,
) -> anyhow::Result<IdentityKeyPair> {
    let Some(path) = args.identity.clone() else {
        out.notice("a new identity for this room alone; keep one with `mpotr identity new`");
        return Ok(identity::throw_away());
    };
    let passphrase_file = args.passphrase_file.clone();
    let load = move || {
        let in_file = passphrase_file.as_deref().map(Passphrase::InFile);
        identity::load(&path, in_file.unwrap_or(Passphrase::IfNeeded))
    };
    identity::unless_stopped(stop, load).await
}

/// What the command line says of others, with what is in the files that it names.
struct Said {
    known: Option<KnownPeople>,
    door: Door,
    policy: Policy,
    #[cfg(feature = "irc")]
    login: Login,
}

/// Reads the files that the command line names. They may be pipes, and take as long as who writes to them.
async fn said(
    args: &ChatArgs,
    me: IdentityKey,
    people: Option<PeopleFile>,
    stop: &mut Stop,
) -> anyhow::Result<Said> {
    let args = args.clone();
    let read = move || {
        let known = people.as_ref().map(PeopleFile::load);
        let known = known.transpose()?.flatten();
        Ok(Said {
            door: Door::of(&args, &me, known.as_ref())?,
            policy: policy_of(&args)?,
            #[cfg(feature = "irc")]
            login: args.login()?,
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
    Ok(Policy {
        admit: rule(&args.admit)?,
        exclude: rule(&args.exclude)?,
        change: rule(&args.change)?,
        evidence: args.evidence,
        rekey: args.rekey.unwrap_or_default(),
        ..Policy::default()
    })
}

async fn enter(
    args: &ChatArgs,
    place: &Place,
    identity: IdentityKeyPair,
    admission: Admission,
    said: &Said,
) -> anyhow::Result<Entered> {
    let room = args.room.id::<AnySuite>();
    let entering = Entering {
        args,
        place,
        room,
        policy: &said.policy,
        identity,
        admission,
    };
    match place {
        Place::Relay(address) => entering.by(RelayConnect::new(address, room)).await,
        #[cfg(feature = "irc")]
        Place::Irc(address) => {
            let connect = IrcConnect::new(address.clone(), args.nick.as_str(), said.login.clone())?;
            entering.by(connect).await
        }
        Place::Program { name, address } => {
            let connect = ExecConnect::new(name, address.as_deref(), args.nick.as_str(), room);
            entering
                .by(connect.context("no program has such a name")?)
                .await
        }
    }
}

/// What it takes to enter, whatever the carrier is.
struct Entering<'a> {
    args: &'a ChatArgs,
    place: &'a Place,
    room: RoomId,
    policy: &'a Policy,
    identity: IdentityKeyPair,
    admission: Admission,
}

impl Entering<'_> {
    async fn by<C: Connect>(self, connect: C) -> anyhow::Result<Entered> {
        let Self {
            args,
            place,
            room,
            policy,
            identity,
            admission,
        } = self;
        let transport = connect.connect().await;
        let transport =
            transport.with_context(|| format!("cannot enter by the {} {place}", place.what()))?;
        let written = [&args.admit, &args.exclude, &args.change];
        let follow_policy =
            written.iter().all(|rule| rule.is_none()) && !args.evidence && args.rekey.is_none();
        let config = RoomConfig {
            policy: policy.clone(),
            follow_policy,
            members: args.members.map(usize::from),
            record: args.save_transcript.is_some(),
            carrier: transport.carrier(),
            ..RoomConfig::new(room, admission)
        };
        config.check().context("the rules cannot be kept")?;
        Entry {
            config,
            identity,
            transport,
            reconnect: Some((connect, link::retry(io::stdin().is_terminal()))),
        }
        .enter(args.suite, args.backend)
    }
}

/// The program's side of the room.
struct Chat<'a> {
    nick: Nick,
    handle: RoomHandle,
    conversation: Conversation,
    /// Where the people are that the person knows, if it keeps a list.
    people: Option<PeopleFile>,
    link: Link,
    /// Texts that have not left.
    held: HeldTexts,
    /// A text of a pipe whose readers are shown first.
    unseen: Option<String>,
    /// Texts of a script that lets people in, from before the room was secure.
    early: VecDeque<String>,
    /// Whether the input has ended.
    is_read_out: bool,
    at_terminal: bool,
    /// The rules of the room.
    policy: Policy,
    outcome: Outcome,
    keeper: Option<Keeper>,
    /// Why the transcript is no longer kept.
    unkept: Option<anyhow::Error>,
    /// Whether a line that begins with a slash is a command.
    obeys: bool,
    losses: Losses,
    is_leaving: bool,
    /// How often the program was asked to stop.
    stops: u8,
    /// Why nothing is printed from now on.
    closed: Option<OutputError>,
    out: &'a mut Output,
}

impl Chat<'_> {
    /// Whether lines are read. A pipe waits until the room is secure; a person, or a script that says who comes in, does not.
    fn reads(&self, at_terminal: bool) -> bool {
        let is_secure = self.conversation.is_secure();
        let answers = self.obeys && self.conversation.door.asks();
        // What came before leaves before.
        let is_in_order = match is_secure {
            true => self.early.is_empty(),
            false => self.early.len() < EARLY,
        };
        let has_turn = self.unseen.is_none() && !self.is_read_out && is_in_order;
        has_turn && (is_secure || at_terminal || answers)
    }

    /// Shows what happened in the room.
    async fn hear(&mut self, event: Event) {
        self.outcome.hear(&event, &self.conversation);
        self.hear_of_texts(&event).await;
        let conversation = &self.conversation;
        let name = |member: &_| conversation.name(member);
        if self.losses.take(&event, Instant::now(), name) {
            return;
        }
        self.tell_losses();
        let is_shown = matches!(event, Event::Secure { .. });
        if let Event::PolicyChanged { policy } = &event {
            self.policy.clone_from(policy);
        }
        for say in self.conversation.hear(event) {
            match say {
                Say::Notice(notice) => self.out.notice(notice),
                Say::Admit(newcomer) => {
                    let asked = self.handle.admit(newcomer).await;
                    self.ask(asked);
                }
                Say::LeaveOut(member) => {
                    let asked = self.handle.exclude(member).await;
                    self.ask(asked);
                }
                Say::Remember(learned) => self.remember(&learned),
                Say::Text(_) if self.closed.is_some() => {}
                Say::Text(text) => {
                    if let Err(error) = self.out.text(text) {
                        self.closed = Some(error);
                        self.leave().await;
                    }
                }
            }
        }
        if is_shown && let Some(text) = self.unseen.take() {
            self.send(text).await;
        }
    }

    /// Tells which texts did not reach all members.
    fn tell_losses(&mut self) {
        let lines = self.losses.tell();
        self.tell(lines);
    }

    /// Notes the lines that nobody will read.
    fn count_unread(&mut self, lines: &mut mpsc::Receiver<io::Result<Line>>) {
        lines.close();
        for _ in self.early.drain(..) {
            self.outcome.note(Unsent::Unread);
        }
        while let Ok(line) = lines.try_recv() {
            let is_empty = matches!(&line, Ok(Line::Text(text)) if text.is_empty());
            match line {
                Ok(_) if is_empty => {}
                Ok(_) => self.outcome.note(Unsent::Unread),
                Err(error) => self.outcome.note(Unsent::Unreadable(error.to_string())),
            }
        }
    }

    /// Appends to the transcript. What cannot be written ends the transcript and not the talk.
    fn keep(&mut self, record: Record) {
        if let Some(keeper) = &mut self.keeper
            && let Err(error) = keeper.keep(record)
        {
            self.out
                .notice(format_args!("the transcript ends here: {error:#}"));
            self.keeper = None;
            self.unkept = Some(error);
        }
    }

    /// Ends the transcript, and says why if it is not whole.
    fn end_transcript(&mut self) -> anyhow::Result<()> {
        match (self.keeper.take(), self.unkept.take()) {
            (_, Some(error)) => Err(error),
            (Some(keeper), None) => keeper.end(),
            (None, None) => Ok(()),
        }
    }

    /// Does what a line asks for.
    async fn say(&mut self, line: Line) {
        let command = match Command::parse(line, self.obeys) {
            Ok(command) => command,
            Err(line) => return self.not_sent(Unsent::from(line)),
        };
        match command {
            Command::Say(text) if text.is_empty() => {}
            Command::Say(text) => self.send(text).await,
            Command::Members => {
                let members = self.conversation.members();
                self.tell(members);
            }
            Command::Help => self.tell(HELP.map(str::to_owned).into()),
            Command::Blanks => self.out.notice(
                "this line was not sent: a command begins with its slash, without a blank before it; //text sends a \
                 text that begins with a slash",
            ),
            Command::Usage(usage) => self.out.notice(usage),
            Command::Policy => self.tell(command::describe(&self.policy)),
            Command::Amend(amendment) => self.amend(&amendment).await,
            Command::Refresh => {
                let asked = self.handle.refresh().await;
                self.ask(asked);
            }
            Command::Release(number) => self.release(number).await,
            Command::Discard(number) => self.discard(number).await,
            Command::Merge(name) => {
                let asked = self.handle.merge(name).await;
                if asked.is_ok() {
                    self.out
                        .notice("voting to become one with that room, which has to vote for it, too");
                }
                self.ask(asked);
            }
            Command::Code => self.code().await,
            Command::CodeIsSame(end) => self.code_is_same(&end),
            Command::Verify(words) => self.verify(&words).await,
            Command::Answer(words) => self.answer(&words).await,
            Command::Decline => self.decline().await,
            Command::Admit(who) => self.admit(&who).await,
            Command::Kick(who) => self.kick(&who).await,
            Command::Withdraw(who) => self.withdraw(&who).await,
            Command::Mute(who) => self.mute(&who, true),
            Command::Unmute(who) => self.mute(&who, false),
            Command::Unknown(line) => self.tell(vec![format!(
                "no such command: {}; /help lists them, //text sends a text that begins with a slash",
                Escaped(&line)
            )]),
        }
    }

    fn tell(&mut self, lines: Vec<String>) {
        for line in lines {
            self.out.notice(line);
        }
    }

    /// A room that has ended does nothing that is asked; an event says why it has. What else is not asked for is told.
    fn ask(&mut self, asked: Result<(), HandleError>) {
        match asked {
            Ok(()) => {}
            Err(HandleError::Ended) => self.is_leaving = true,
            Err(error) => self.out.notice(error),
        }
    }

    /// The program is asked to stop. Who asked may be gone: nobody waits here for others to come. Who asks while the room is
    /// left, for the second time or at the end of the input, does not wait for it, and hears what became of each text.
    async fn stop(&mut self) -> anyhow::Result<()> {
        anyhow::ensure!(
            self.stops < STOPS,
            "stopped before the room was left in order"
        );
        self.stops = self.stops.saturating_add(1);
        self.out.hurry();
        self.outcome.interrupted(self.conversation.is_secure());
        self.is_leaving = true;
        // If the room has ended, an event says so.
        let _ended = self.handle.stop().await;
        Ok(())
    }

    /// Nothing more is read. What waits until the room is secure still leaves, if anyone can come at all.
    async fn input_ends(&mut self) {
        self.is_read_out = true;
        let is_hopeless = !self.conversation.is_secure()
            && self.conversation.door == Door::Ask
            && self.conversation.awaited.is_empty();
        if is_hopeless {
            for _ in core::mem::take(&mut self.early) {
                self.not_sent(Unsent::NotSecure);
            }
        }
        if self.early.is_empty() {
            self.leave().await;
        }
    }

    /// Sends the next text from before the room was secure.
    async fn send_early(&mut self) {
        if let Some(text) = self.early.pop_front() {
            self.send(text).await;
        }
        if self.early.is_empty() && self.is_read_out {
            self.leave().await;
        }
    }

    /// Leaves in order, once.
    async fn leave(&mut self) {
        if !self.is_leaving {
            self.is_leaving = true;
            // A room that has ended already has an event that says so.
            let _ended = self.handle.leave().await;
        }
    }
}
