//! What is said of things that happen in a room and change nothing that the program keeps.

use mpotr::{
    DropReason, Fingerprint, IdentityKey, Membership, Misconduct, Order, Policy, SuiteId, Told,
    Vote, Waiting, WaitingReason,
};

use super::describing;
use crate::suite::AnySuite;

/// The lines for an event, if it is one of these. `name` tells what a member is called.
#[expect(
    clippy::wildcard_enum_match_arm,
    reason = "what this does not know is looked at by the next, and what none knows is for nobody to read"
)]
pub(super) fn of(event: &Told, name: impl Fn(&IdentityKey) -> String) -> Vec<String> {
    let line = match event {
        Told::Membership(Membership::Agreeing { claimed }) => {
            format!("agreeing on a key, {}", count(claimed.len(), "member"))
        }
        Told::Membership(Membership::AgreementFailed { fault, claimed }) => {
            let fault = fault.map_or("no word".to_owned(), |it| it.to_string());
            let who: Vec<_> = claimed
                .iter()
                .map(|key| fingerprint(key).to_string())
                .collect();
            format!("no agreement: {fault} ({}); trying again", who.join(", "))
        }
        Told::Membership(Membership::Joined { identity: member }) => format!("{} is in", name(member)),
        Told::Misconduct(Misconduct::IdentityInUse) => "WARNING: your identity is used elsewhere: by another program of yours, by a thief with a copy of \
             the file, or by one who merely claims it; nobody takes your place while you can be heard"
            .to_owned(),
        Told::Misconduct(Misconduct::Replaced { identity: member }) => format!(
            "{} is here from another program now, with the same identity; the one before no longer answered",
            name(member)
        ),
        Told::Membership(Membership::Behind) => {
            "the others have gone on without you; asking to be let in again".to_owned()
        }
        Told::Membership(Membership::OtherEpoch { epoch: name, members }) => format!(
            "a packet says that there is another room of this name, with {} (unproven); nothing follows from that, and \
             /merge {name} votes to become one with it",
            count((*members).into(), "member"),
        ),
        Told::Order(Order::Unsettled {
            count: number,
            waiting_for,
            ..
        }) => unsettled(*number, waiting_for, name),
        Told::Order(Order::Lagging { identity: member }) => format!(
            "{} is slow to say what it has read; your texts wait for it no longer",
            name(member)
        ),
        Told::Waiting(Waiting::For { reason, .. }) => return waiting(reason, name).into_iter().collect(),
        Told::Order(Order::Settled) => "all of them are final now".to_owned(),
        alarming => return warning(alarming, name).into_iter().collect(),
    };
    vec![line]
}

fn unsettled(
    number: usize,
    waiting_for: &[IdentityKey],
    name: impl Fn(&IdentityKey) -> String,
) -> String {
    let names: Vec<_> = waiting_for.iter().map(name).collect();
    let are = if number == 1 { "is" } else { "are" };
    format!(
        "{} {are} not final yet; waiting for {}",
        count(number, "message"),
        names.join(", ")
    )
}

/// What the room waits for, if nothing else has told that.
pub(super) fn waiting(
    reason: &WaitingReason,
    name: impl Fn(&IdentityKey) -> String,
) -> Option<String> {
    let names = |members: &[IdentityKey]| {
        let names: Vec<_> = members.iter().map(&name).collect();
        match names.is_empty() {
            true => "the others".to_owned(),
            false => names.join(", "),
        }
    };
    Some(match reason {
        WaitingReason::Outside => {
            "the room is there already; its members decide whether you come in".to_owned()
        }
        WaitingReason::Gathering { have, want } => {
            format!("{have} of {want} are there; the room begins with all of them")
        }
        WaitingReason::Agreeing { missing } => {
            format!("still agreeing on a key; waiting for {}", names(missing))
        }
        WaitingReason::Changing { missing } => format!(
            "the room is changing its keys, and texts wait; waiting for {}",
            names(missing)
        ),
        WaitingReason::OtherSuite { theirs } => other_suites(theirs),
        WaitingReason::OtherVersion { theirs } => other_versions(theirs),
        WaitingReason::SlowLink { estimate, queued } => format!(
            "the network is slow: {queued} bytes wait, and leave in about {} s; write little until then",
            estimate.as_secs()
        ),
        WaitingReason::IdentityInRoom => {
            "this identity is in the room already, in another program: quit that one; if it no longer answers, this \
             one takes its place by itself"
                .to_owned()
        }
        WaitingReason::Expired => {
            "the keys of the room are too old to write with; texts wait for fresh ones".to_owned()
        }
        // Of the first a chat tells when it has shown who was there, of the second when it shows who wants in, of votes with
        // what to type, of what is not final with how many messages, of the others with who asks, or waits, or keeps them.
        WaitingReason::Alone
        | WaitingReason::AdmitHere { .. }
        | WaitingReason::VoteHere { .. }
        | WaitingReason::NeedsVotes { .. }
        | WaitingReason::AskedOut { .. }
        | WaitingReason::NotAdmitted { .. }
        | WaitingReason::NotFinal { .. }
        | WaitingReason::Excluding { .. }
        | WaitingReason::AnotherInstance { .. }
        | WaitingReason::RulesDiffer { .. } => {
            return None;
        }
        _ => format!("waiting: {}", reason.code()),
    })
}

/// Why a text that `me` has typed waits. `is_own`: the person asks for that itself. `name` tells what one is called, `word` what means
/// it in a command.
pub(super) fn text_waits(
    reason: &WaitingReason,
    me: &IdentityKey,
    is_own: bool,
    name: impl Fn(&IdentityKey) -> String,
    word: impl Fn(&IdentityKey) -> String,
) -> String {
    let mut more = String::new();
    let until = if let WaitingReason::Excluding { identity } = reason {
        if identity == me {
            return "not sent: the others are leaving you out; that text waits, and goes to nobody unless they take their votes \
                    back; /discard takes back all that waits"
                .to_owned();
        }
        let name = name(identity);
        if is_own {
            more = format!(", and /withdraw {} then your vote", word(identity));
        }
        format!("until {name} is out")
    } else {
        "for fresh keys".to_owned()
    };
    format!("not sent yet: that text waits {until}; /discard takes back all that waits{more}")
}

/// Whether texts wait for as long as the room waits for this.
pub(super) const fn pauses_texts(reason: &WaitingReason) -> bool {
    matches!(
        reason,
        WaitingReason::Excluding { .. } | WaitingReason::Expired
    )
}

fn other_suites(theirs: &[u16]) -> String {
    let called = |code: &u16| {
        let mut known = SuiteId::ALL.into_iter();
        let known = known.find(|suite| suite.code() == *code);
        known.map_or_else(|| format!("0x{code:04x}"), |suite| suite.name().to_owned())
    };
    let theirs: Vec<_> = theirs.iter().map(called).collect();
    let theirs = theirs.join(", ");
    format!(
        "others are here with other ciphers ({theirs}): all start with the same --suite, or wait in vain"
    )
}

fn other_versions(theirs: &[u8]) -> String {
    let theirs: Vec<_> = theirs.iter().map(u8::to_string).collect();
    let theirs = theirs.join(", ");
    format!(
        "others are here with another version of the protocol ({theirs}): all need the same mpotr"
    )
}

/// What a vote is for.
pub(super) fn purpose(vote: &Vote, name: impl Fn(&IdentityKey) -> String) -> String {
    match vote {
        Vote::Admit(identity) => format!("to let {} in", name(identity)),
        Vote::Exclude(identity) => format!("to leave {} out", name(identity)),
        Vote::Policy(_) => "for other rules".to_owned(),
        Vote::Merge(name) => format!("to become one with the room of {name}"),
        Vote::Refresh => "for fresh keys".to_owned(),
    }
}

/// Why a text was never sent.
pub(super) const fn why_dropped(why: DropReason) -> &'static str {
    match why {
        DropReason::Discarded => "you took it back",
        DropReason::Left => "you left before it could be",
        DropReason::Removed => "the others had left you out",
        DropReason::Expired => "the room's keys were too old to write with",
        DropReason::NobodyLeft => "everyone else had left the room",
        _ => "the room did not say why",
    }
}

/// The rules that are other than before. `name` tells what one is called.
pub(super) fn other_rules(
    before: &Policy,
    now: &Policy,
    asked: &str,
    name: impl Fn(&IdentityKey) -> String,
) -> Vec<String> {
    let old = describing::describe(before, &name);
    let all = describing::describe(now, &name);
    let news: Vec<_> = all
        .iter()
        .filter(|line| !old.contains(line))
        .cloned()
        .collect();
    match news.is_empty() {
        // What is not described has changed, or this member did not know the rules before.
        true => core::iter::once(format!("the room has other rules{asked}:"))
            .chain(all)
            .collect(),
        false => core::iter::once(format!(
            "the room has other rules{asked}; what has changed:"
        ))
        .chain(news)
        .collect(),
    }
}

/// Something that a person has to know: a member cheats, or may.
#[expect(clippy::wildcard_enum_match_arm, reason = "all others are no warnings")]
fn warning(event: &Told, name: impl Fn(&IdentityKey) -> String) -> Option<String> {
    Some(match event {
        Told::Order(Order::Fork {
            identity: member,
            count,
        }) => format!(
            "WARNING: {} has another order of the first {count} messages: a member said different \
             things to different members, or the network is cut in two",
            name(member),
        ),
        Told::Order(Order::Difference {
            identity: member,
            place,
            here,
            there,
        }) => format!(
            "the order of {} differs from message {place} on: {there} there, {here} here",
            name(member),
        ),
        Told::Misconduct(Misconduct::Equivocation {
            identity: author,
            seq,
            ..
        }) => format!(
            "WARNING: {} said one thing to some and another to others (its text {seq}); this can be proven",
            name(author),
        ),
        Told::Misconduct(Misconduct::Contradicted { identity: member }) => format!(
            "WARNING: {} has signed two things that cannot both be true; only those who heard both can tell",
            name(member),
        ),
        Told::Misconduct(Misconduct::Disputed { author, seq, .. }) => format!(
            "text {seq} of {} is not shown: others may have read another",
            name(author),
        ),
        Told::Misconduct(Misconduct::Leaked { identity: member }) => format!(
            "WARNING: what signs for {} is public: anyone can speak in that name",
            name(member)
        ),
        Told::Misconduct(Misconduct::Cheated {
            identity: member,
            fault: kind,
        }) => {
            format!(
                "WARNING: {} is proven to have cheated: {kind}",
                name(member)
            )
        }
        _ => return None,
    })
}

/// Names in a row: `alice, bob and carol`.
pub(super) fn enumerated(names: &[String]) -> String {
    match names {
        [] => String::new(),
        [one] => one.clone(),
        [before @ .., last] => format!("{} and {last}", before.join(", ")),
    }
}

/// So many of something: `1 member`, `2 members`.
pub(crate) fn count(number: usize, what: &str) -> String {
    match number {
        1 => format!("1 {what}"),
        _ => format!("{number} {what}s"),
    }
}

/// Blanks in the place of a tab: a terminal would go to a column that is that of no row here.
const TAB: &str = "    ";

/// A text as it is shown: code that is pasted has tabs, and blanks look as it does.
pub(crate) fn with_blanks_for_tabs(text: &str) -> String {
    text.replace('\t', TAB)
}

/// What people compare.
pub(super) fn fingerprint(key: &IdentityKey) -> Fingerprint {
    Fingerprint::of::<AnySuite>(key)
}

#[cfg(test)]
mod tests {
    use mpotr::WaitingReason;

    use super::of;
    use crate::chat::testing::waits;

    /// What is typed behind `--suite` is what a person looks for; a suite of a later version has no name here.
    #[test]
    fn other_ciphers_are_told_by_the_names_that_the_command_line_takes() {
        let theirs = vec![2, 0x0f09];
        let told = of(&waits(WaitingReason::OtherSuite { theirs }), |_| {
            String::new()
        });
        assert_eq!(
            told,
            [
                "others are here with other ciphers (aes256gcm, 0x0f09): all start with the same --suite, or wait in vain"
            ]
        );
    }
}
