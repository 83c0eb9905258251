//! `mpotr chat`: a room, one line a message.

mod absent;
mod args;
mod asking;
mod attainable;
mod awaited;
mod command;
mod conversation;
mod deciding;
mod describing;
mod differing;
mod door;
mod early;
mod elsewhere;
mod ending;
mod entering;
mod fading;
mod hearing;
pub(crate) mod held;
mod help;
mod input;
mod invited;
mod inviting;
mod keeping;
mod knocking;
mod lasting;
mod leaving_out;
mod link;
mod listing;
mod losses;
mod meanwhile;
mod meeting;
pub(crate) mod names;
mod obeying;
mod outcome;
pub(crate) mod qr;
mod quiet;
mod reading;
mod reasons;
pub(crate) mod remembered;
mod remembering;
mod rooms;
mod rules;
mod runs;
mod sending;
mod showing;
#[cfg(test)]
mod testing;
mod verifying;
pub(crate) mod view;
mod voting;
mod waiting;
pub(crate) mod whom;
pub(crate) mod wording;

pub(crate) use args::ChatArgs;
pub(crate) use door::DoorError;
pub(crate) use meeting::Unsaid;
pub(crate) use outcome::ChatError;

use std::collections::{BTreeSet, VecDeque};
use std::io::{self, IsTerminal as _};
use std::time::SystemTime;

use anyhow::Context as _;
use mpotr::{
    Ended, Event, IdentityKey, IdentityKeyPair, MAX_BODY, Member, Policy, Told, Vote, WaitingReason,
};
use mpotr_formats::{Escaped, Nick, Payload};
use mpotr_transport::{DriverEvent, RoomHandle};
use tokio::sync::mpsc;
use tokio::time::{Instant, sleep_until};

use crate::entry::Entered;
use crate::output::{Output, OutputError};
use crate::people::PeopleFile;
use crate::stop::Stop;
use crate::transcript::Keeper;
use absent::Patience;
use conversation::Conversation;
use early::Early;
use ending::Counted;
use entering::{enter, identity_file, identity_of, people_file, said};
use fading::Fading;
use held::HeldTexts;
use input::{Shown, Stamped};
use invited::Invited;
pub(crate) use invited::NoLink;
use inviting::Inviting;
use link::Link;
use losses::Losses;
use meeting::Meeting;
use outcome::{NotBegun, Outcome, Unsent};
use reasons::Reasons;
use showing::Looks;

/// Lines of a pipe that are read ahead of what the room takes.
const LINES_AHEAD: usize = 16;

/// Lines of a terminal that are read ahead: as many as a person types or pastes while nothing is taken, so that each is known by whom
/// its author was shown then.
const TYPED_AHEAD: usize = 1024;

/// Lines that wait until the room is secure, or has its carrier again, while what is behind them is read: it may let people in,
/// or ask what can be answered now.
const MOST_WAIT: usize = 256;

/// The most bytes of a text.
const TEXT_LIMIT: usize = MAX_BODY.saturating_sub(Payload::OVERHEAD);

/// Talks in a room until the input ends or a person asks the program to stop.
///
/// # Errors
/// The room cannot be entered, not everyone has everything that was to be sent, or what others sent is not printed.
pub(crate) async fn run(given: &ChatArgs, out: &mut Output) -> anyhow::Result<()> {
    NoLink::check(given)?;
    let opened = given.link.as_ref().map(|link| link.open(given));
    let opened = opened.transpose()?;
    let (args, invited) = opened.map_or((None, None), |(args, it)| (Some(args), Some(it)));
    let args = args.as_ref().unwrap_or(given);
    Meeting::check(args, io::stdin().is_terminal())?;
    let mut stop = Stop::listen().context("cannot take signals")?;
    out.write_aside().context("cannot print")?;
    let talked = talk(args, invited, &mut stop, out).await;
    let printed = out.end(&mut stop).await;
    talked.and(printed.map_err(Into::into))
}

async fn talk(
    args: &ChatArgs,
    invited: Option<Invited>,
    stop: &mut Stop,
    out: &mut Output,
) -> anyhow::Result<()> {
    let at_terminal = io::stdin().is_terminal();
    let meeting = Meeting::of(args, at_terminal, stop, out).await?;
    let identity = identity_of(args, meeting.wants_identity, stop, out).await?;
    let wants_screen = remembered::wants_screen(args, at_terminal, out);
    if args.room.len() > 1 {
        return rooms::talk(args, &meeting, &identity, wants_screen, (stop, out)).await;
    }
    let typing = Typing::Begins { wants_screen };
    talk_in(args, &meeting, (identity, invited), typing, (stop, out)).await
}

/// What the person types.
enum Typing {
    /// From when the room is entered on.
    Begins { wants_screen: bool },
    /// In one of several rooms, whose screen is there.
    Goes { shown: Shown, lines: input::Lines },
}

#[expect(
    clippy::too_many_lines,
    reason = "one loop over all that a chat waits for, and what it begins with"
)]
async fn talk_in(
    args: &ChatArgs,
    meeting: &Meeting,
    (identity, invited): (IdentityKeyPair, Option<Invited>),
    typing: Typing,
    (stop, out): (&mut Stop, &mut Output),
) -> anyhow::Result<()> {
    let at_terminal = io::stdin().is_terminal();
    let Meeting { place, nick, .. } = meeting;
    let keeps_identity = identity_file(args).is_some();
    let file = people_file(args)?;
    let mut said = said(args, place, identity.public(), file.clone(), stop).await?;
    let (door, known) = (said.door.clone(), said.known.take());
    let admission = door.admission();
    let mut conversation = Conversation::new(identity.public(), nick, door);
    conversation.inviting = Inviting::by(invited.and_then(Invited::brings));
    // Whom a person does not know shows only where it knows anyone.
    let keeps_list = known.is_some() || args.trust.is_some() || args.people.is_some();
    if keeps_list {
        conversation.names.know(known.unwrap_or_default());
    }
    conversation.inviting.check(&conversation.names)?;
    if !at_terminal && args.wait.is_none() {
        conversation.absent.is_for_ever();
    }
    out.notice(format_args!(
        "you are {}, {}",
        nick,
        conversation.my_fingerprint()
    ));
    // Before others hear of this member: what cannot be kept is not begun.
    let keeper = args
        .save_transcript
        .as_deref()
        .map(Keeper::create)
        .transpose()?;
    let shown = match &typing {
        Typing::Begins { .. } => Shown::nobody(),
        Typing::Goes { shown, .. } => shown.clone(),
    };
    // A pipe has its lines, whatever becomes of them.
    let mut piped = match at_terminal {
        true => None,
        false => Some(input::read_lines(TEXT_LIMIT, shown.clone())?),
    };
    let mut patience = args.wait.map(Patience::new);
    let ends = patience.and_then(|it| it.ends);
    let entered = tokio::select! {
        biased;
        _ = stop.asked() => Err(ChatError::NeverSecure(Box::default()).into()),
        () = until(ends), if ends.is_some() => {
            let why = format!("the {} {place} does not answer; {}", place.what(), place.asks_doctor());
            let not_begun = NotBegun { seconds: args.wait.unwrap_or_default(), is_there: false, why };
            Err(ChatError::NotBegun(not_begun, Box::default()).into())
        }
        entered = enter(args, meeting, identity, admission, &said) => entered,
    };
    let entered = match entered {
        Ok(entered) => entered,
        Err(why) => {
            // Nothing was heard that could be kept.
            let _removed = keeper.as_ref().map(Keeper::remove_if_empty);
            let mut outcome = Outcome::default();
            if let Some(lines) = &mut piped {
                let stops = u8::from(why.is::<ChatError>());
                let obeys = args.commands;
                let counted = Counted {
                    obeys,
                    at_terminal,
                    stops,
                };
                counted.to_the_end(lines, stop, &mut outcome).await;
            }
            return Err(outcome.outside(why));
        }
    };
    let Entered { handle, mut events } = entered;
    out.notice(format_args!(
        "waiting for others in \"{}\" on {}",
        meeting.room, place
    ));
    out.notice(conversation.door());
    if let Some(told) = conversation.names_absent() {
        out.notice(told);
    }
    if said.guards_rules {
        out.notice(format_args!(
            "{} may change the rules of the room, since what any one member could change would bind nobody; --change says \
             otherwise",
            describing::whose(&said.policy.change)
        ));
    }
    if let Some(told) = said.leaves_nobody_out(args) {
        out.notice(told);
    }
    if at_terminal {
        out.notice(
            "a line that you type goes to all members; /help lists the commands, /quit or ctrl-d leaves",
        );
    }

    if let Typing::Begins { wants_screen } = typing {
        out.expect_typing(wants_screen).await;
    }
    if let Some(screen) = out.screen() {
        screen.attend(nick, remembered::wants_bell());
    }
    let mut lines = match (piped, typing) {
        (Some(lines), _) | (None, Typing::Goes { lines, .. }) => lines,
        (None, Typing::Begins { .. }) => input::read_lines(TEXT_LIMIT, shown.clone())?,
    };
    let mut chat = Chat {
        shown,
        link: Link::new(place),
        held: HeldTexts::default(),
        pauses: Vec::new(),
        unseen: None,
        early: VecDeque::new(),
        is_read_out: false,
        input_is_over: false,
        doing: None,
        at_terminal,
        nick: nick.clone(),
        handle,
        conversation,
        people_written: file.as_ref().and_then(PeopleFile::written),
        people: file,
        keeps_identity,
        policy: said.policy,
        outcome: Outcome::default(),
        keeper,
        never_out: BTreeSet::new(),
        unkept: None,
        obeys: at_terminal || args.commands,
        losses: Losses::default(),
        fading: Fading::default(),
        own: Vec::new(),
        room: meeting.room.as_str().to_owned(),
        shared_place: place.shared(),
        reasons: Reasons::default(),
        looks: Looks::default(),
        kept: VecDeque::new(),
        is_leaving: false,
        has_quit: false,
        is_told_what_waits: false,
        leaves_by: None,
        stops: 0,
        closed: None,
        out,
    };
    chat.offer_names();
    loop {
        // Without its carrier, what is typed waits where it is.
        let has_room = chat.out.has_room();
        let goes_on = !chat.is_leaving && chat.link.is_up();
        let reads = chat.reads(at_terminal) && goes_on && has_room && chat.kept.is_empty();
        let sends_kept = chat.reads(at_terminal) && goes_on && has_room && !chat.kept.is_empty();
        let is_next = !chat.early.is_empty() && chat.unseen.is_none();
        let sends_early = chat.conversation.is_secure() && is_next && goes_on;
        // Who asks the program to stop does not wait for a reader of its output.
        let hears = has_room || chat.stops > 0;
        let is_watched =
            at_terminal && !chat.input_is_over && !chat.is_leaving && !chat.link.is_up();
        let looks = is_watched && has_room;
        // A pipe is looked through before its lines can leave: what can never be sent is told at once.
        let is_early = !chat.conversation.is_secure() || !chat.link.is_up();
        let looks_through = !at_terminal
            && is_early
            && !chat.input_is_over
            && !chat.is_read_out
            && !chat.is_leaving
            && !reads
            && has_room
            && chat.kept.len() < MOST_WAIT;
        let aside = chat.due();
        let looks_at = chat.looks();
        // What has begun is not given up.
        patience.take_if(|_| chat.conversation.is_secure() || chat.is_leaving);
        let gives_up = patience.and_then(|it| it.ends);
        tokio::select! {
            event = events.recv(), if hears => match event {
                Some(DriverEvent::Record(record)) => chat.keep(record),
                Some(DriverEvent::Room(Event { told: Told::Ended(Ended::Ended(departure)), .. })) => {
                    chat.tell_losses();
                    chat.count_unread(&mut lines, stop).await;
                    let kept = chat.end_transcript();
                    let own = kept.and_then(|()| Ok(chat.closed.map_or(Ok(()), Err)?));
                    let name = |it: &_| chat.conversation.name(it);
                    return outcome::joined(own, chat.outcome.judge(&departure, name));
                }
                Some(DriverEvent::Room(event)) => chat.hear(event.told).await,
                Some(DriverEvent::Reconnecting { closed, .. }) => {
                    chat.conversation.quiet.forget();
                    let is_news = chat.link.is_up();
                    let told = chat.link.lost(&closed.text, Instant::now());
                    chat.tell(told.into_iter().collect());
                    if is_news {
                        chat.ends_without_carrier();
                    }
                }
                Some(DriverEvent::Reconnected) => {
                    chat.leaves_by = None;
                    let told = chat.link.restored();
                    chat.out.notice(told);
                }
                Some(DriverEvent::Disconnected(closed)) => {
                    chat.tell_losses();
                    chat.count_unread(&mut lines, stop).await;
                    let kept = chat.end_transcript();
                    let (carrier, name) = (format!("{} {place}", place.what()), |it: &_| chat.conversation.name(it));
                    let lost = chat.outcome.lost(&carrier, closed.text, name);
                    return outcome::joined(kept, Err(lost));
                }
                Some(DriverEvent::Plain { name, text }) => chat.out.notice(format_args!(
                    "in the channel, for all to read, {} writes: {}",
                    Escaped(&name),
                    Escaped(&text)
                )),
                Some(DriverEvent::Notice { text }) => chat.out.notice(format_args!(
                    "the {} {place} says: {}",
                    place.what(),
                    Escaped(&text)
                )),
                Some(_) => {}
                None => anyhow::bail!("the room stopped without an end"),
            },
            // What the room does not take yet stays in the pipe. Who asks what needs no carrier is answered without one.
            line = next_line(&chat.handle, &mut lines, looks || looks_through), if reads || looks || looks_through => match line {
                Some(Ok(line)) if looks => {
                    chat.echo(&line);
                    chat.say_meanwhile(line).await;
                }
                Some(Ok(line)) if looks_through => chat.look_through(line),
                Some(Err(error)) if looks_through => {
                    // What was read before still leaves.
                    chat.input_is_over = true;
                    chat.not_sent(Unsent::Unreadable(error.to_string()));
                    chat.ends_without_carrier();
                }
                None if looks_through => {
                    chat.input_is_over = true;
                    chat.ends_without_carrier();
                }
                Some(Ok(line)) => {
                    chat.echo(&line);
                    chat.say(line).await;
                }
                Some(Err(error)) => {
                    chat.outcome.note(Unsent::Unreadable(error.to_string()));
                    chat.leave().await;
                }
                None if looks => {
                    chat.input_is_over = true;
                    chat.ends_without_carrier();
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
            () = until(aside), if aside.is_some() => chat.tell_aside().await,
            () = until(looks_at), if looks_at.is_some() => chat.look().await,
            () = until(gives_up), if gives_up.is_some() => {
                if let Some(patience) = patience.take() {
                    chat.give_up(patience).await;
                }
            }
            is_writable = chat.handle.writable(), if sends_kept => match is_writable {
                Ok(()) => chat.say_kept().await,
                // An event tells why.
                Err(_) => chat.is_leaving = true,
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

/// The next line of the input, as soon as the room takes another text, or `at_once`.
async fn next_line(
    handle: &RoomHandle<Member>,
    lines: &mut mpsc::Receiver<io::Result<Stamped>>,
    at_once: bool,
) -> Option<io::Result<Stamped>> {
    if !at_once && handle.writable().await.is_err() {
        // An event tells why the room has ended.
        core::future::pending::<()>().await;
    }
    lines.recv().await
}

/// The program's side of the room.
struct Chat<'a> {
    nick: Nick,
    handle: RoomHandle<Member>,
    conversation: Conversation,
    /// Where the people are that the person knows, if it has a place for such a list.
    people: Option<PeopleFile>,
    /// When that file was written last, as far as it was read.
    people_written: Option<(SystemTime, u64)>,
    /// Whether the identity is one that an earlier program had, too.
    keeps_identity: bool,
    link: Link,
    /// Texts that have not left.
    held: HeldTexts,
    /// What texts wait for.
    pauses: Vec<WaitingReason>,
    /// A text of a pipe whose readers are shown first.
    unseen: Option<String>,
    /// Texts of a script that lets people in, from before the room was secure.
    early: VecDeque<Early>,
    /// Whether the input has ended, and all that was in it was taken.
    is_read_out: bool,
    /// Whether the input has ended, or is read no further, while what was in it still waits to be taken.
    input_is_over: bool,
    /// The name of the command that is being done.
    doing: Option<String>,
    /// The roster that is on the screen.
    shown: Shown,
    at_terminal: bool,
    /// The rules of the room.
    policy: Policy,
    outcome: Outcome,
    keeper: Option<Keeper>,
    /// Whom there cannot be the votes to leave out, as was told.
    never_out: BTreeSet<IdentityKey>,
    /// Why the transcript is no longer kept.
    unkept: Option<anyhow::Error>,
    /// Whether a line that begins with a slash is a command.
    obeys: bool,
    losses: Losses,
    /// What others asked for and may have taken back.
    fading: Fading,
    /// What this person has asked for.
    own: Vec<Vote>,
    /// What the room is called.
    room: String,
    /// Where it meets, as another takes it; or why it has no such address.
    shared_place: Result<String, &'static str>,
    /// What the room waits for.
    reasons: Reasons,
    /// When the screen is to show the room again.
    looks: Looks,
    /// Lines that were typed while the carrier is away, or came from a pipe before the room is secure, and wait for that.
    kept: VecDeque<Stamped>,
    is_leaving: bool,
    /// Whether it leaves by the person's own word.
    has_quit: bool,
    /// Whether the person was told that texts wait, and has asked to leave all the same.
    is_told_what_waits: bool,
    /// When it leaves though its carrier is still away.
    leaves_by: Option<Instant>,
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
            false => self.early.len() < MOST_WAIT,
        };
        let has_turn = self.unseen.is_none() && !self.is_read_out && is_in_order;
        has_turn && (is_secure || at_terminal || answers)
    }
}
