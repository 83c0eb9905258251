//! `mpotr transcript verify`.

use mpotr::{CryptoSuite, Fingerprint, SuiteId, SuiteVisitor, SystemRng, Vote};
use mpotr_formats::{Escaped, Payload};
use mpotr_transcript::{
    CastVote, ContentKind, EpochReport, LeftOut, Message, Report, Transcript, TrustMessage,
    Unproven, verify,
};

use super::args::VerifyArgs;
use crate::chat::wording::count;
use crate::files;
use crate::output::{Output, OutputError};
use crate::suite::AnySuite;

/// The most bytes of a transcript that is verified, for it is read whole: 256 MiB.
const MAX_TRANSCRIPT: usize = 1 << 28;

/// Verifies a transcript and shows what is in it.
///
/// # Errors
/// The file cannot be read, or something is wrong with it.
pub(super) fn run(args: &VerifyArgs, out: &mut Output) -> anyhow::Result<()> {
    let file = files::read(&args.file, MAX_TRANSCRIPT)?;
    let transcript = Transcript::read(&file);
    let suite = transcript
        .sections
        .first()
        .and_then(|first| first.run.suite())
        .unwrap_or(SuiteId::ChaCha20Poly1305);
    let report = args.backend.visit(suite, Verify(&transcript))?;
    for (number, epoch) in report.epochs.iter().enumerate() {
        show(number, epoch, out)?;
    }
    for flaw in &report.flaws {
        out.text(format_args!("WRONG: {flaw}"))?;
    }
    let found = report.flaws.len();
    anyhow::ensure!(
        report.is_sound(),
        "{} does not verify: {found} {} wrong with it",
        args.file.display(),
        if found == 1 { "thing is" } else { "things are" }
    );
    out.text("Every signature, proof, parent and digest verifies.")?;
    out.text(
        "This convinces nobody: anyone makes a transcript that verifies as well, from public keys \
         alone, with `mpotr transcript forge`.",
    )?;
    Ok(())
}

struct Verify<'a>(&'a Transcript);

impl SuiteVisitor for Verify<'_> {
    type Output = Report;

    fn visit<S: CryptoSuite>(self) -> Report {
        verify::<S>(self.0, &mut SystemRng::default())
    }
}

fn show(number: usize, epoch: &EpochReport, out: &mut Output) -> Result<(), OutputError> {
    let after = match (epoch.parent, epoch.follows) {
        (None, _) => "the first of its room",
        (Some(_), true) => "follows the one before",
        (Some(_), false) => "follows one that is not in this transcript",
    };
    out.text(format_args!(
        "epoch {number}: {}, {}, {after}",
        count(epoch.roster.len(), "member"),
        epoch.suite.name()
    ))?;
    out.text(format_args!("  session {}", epoch.sid))?;
    for (member, identity) in epoch.roster.iter().enumerate() {
        let fingerprint = Fingerprint::of::<AnySuite>(identity);
        let proposer = if epoch.proposer.map(usize::from) == Some(member) {
            ", who proposed it"
        } else {
            ""
        };
        out.text(format_args!("  member {member}: {fingerprint}{proposer}"))?;
    }
    for LeftOut { identity, by } in &epoch.left_out {
        let fingerprint = Fingerprint::of::<AnySuite>(identity);
        out.text(format_args!(
            "  left out: {fingerprint}, as {} of the epoch before asked",
            members(by)
        ))?;
    }
    show_unproven(epoch, out)?;
    out.text("  depth  id                member")?;
    for message in &epoch.messages {
        show_message(message, out)?;
    }
    show_votes(epoch, out)?;
    let whole = epoch.messages.len();
    out.text(format_args!(
        "  final: {} of {}, digest {}; {}",
        epoch.final_lock.count,
        count(whole, "message"),
        epoch.final_lock.digest,
        count(epoch.statements, "statement")
    ))?;
    if !epoch.missing.is_empty() {
        out.text(format_args!(
            "  messages that others had seen and that are not in this transcript: {}",
            epoch.missing.len()
        ))?;
    }
    Ok(())
}

/// What an outsider cannot check.
fn show_unproven(epoch: &EpochReport, out: &mut Output) -> Result<(), OutputError> {
    for unproven in &epoch.unproven {
        out.text(match unproven {
            Unproven::Identities => {
                "  not checkable by an outsider: who the members are, which they showed to each other \
                 by triple Diffie-Hellman"
            }
            Unproven::KeyAgreement => {
                "  not checkable by an outsider: the parts of the pairwise key agreement"
            }
            Unproven::Consent => {
                "  not checkable by an outsider: that all who are here agreed to it, by a light run"
            }
            _ => "  something in it is not checkable by an outsider",
        })?;
    }
    Ok(())
}

/// What members asked for in an epoch.
fn show_votes(epoch: &EpochReport, out: &mut Output) -> Result<(), OutputError> {
    for CastVote { voter, vote, .. } in &epoch.votes {
        let asked = match vote {
            Vote::Refresh => "that keys be fresh".to_owned(),
            Vote::Admit(identity) => {
                format!("that {} be let in", Fingerprint::of::<AnySuite>(identity))
            }
            Vote::Exclude(identity) => {
                format!("that {} be left out", Fingerprint::of::<AnySuite>(identity))
            }
            Vote::Policy(_) => "that the rules be others".to_owned(),
            Vote::Merge(name) => format!("that the room of {name} and this one be one"),
        };
        out.text(format_args!("  vote: member {voter} asks {asked}"))?;
    }
    Ok(())
}

/// Members by their places in a roster.
fn members(places: &[u16]) -> String {
    let places: Vec<_> = places.iter().map(u16::to_string).collect();
    let noun = if places.len() == 1 {
        "member"
    } else {
        "members"
    };
    format!("{noun} {}", places.join(", "))
}

/// What a member said to find out who is who.
fn trust(body: &[u8]) -> String {
    match TrustMessage::from_bytes(body) {
        Ok(TrustMessage::Commit { .. }) => "takes part in a code of the room".to_owned(),
        Ok(TrustMessage::Reveal { .. }) => "reveals its part of a code".to_owned(),
        Ok(TrustMessage::Start { to, question, .. }) if question.is_empty() => {
            format!("asks member {to} for a secret")
        }
        Ok(TrustMessage::Start { to, question, .. }) => {
            format!("asks member {to} for a secret: {}", Escaped(&question))
        }
        Ok(TrustMessage::Answer { .. }) => "answers".to_owned(),
        Ok(TrustMessage::Result { confirmation, .. }) => match confirmation {
            Some(_) => "has found the secrets the same".to_owned(),
            None => "has found the secrets different".to_owned(),
        },
        Ok(TrustMessage::Abort { .. }) => "gives up to ask or to answer".to_owned(),
        Err(error) => format!("{} bytes that cannot be shown: {error}", body.len()),
    }
}

fn show_message(message: &Message, out: &mut Output) -> Result<(), OutputError> {
    let id = message.id.to_string();
    let id = id.get(..16).unwrap_or(&id);
    let (depth, author) = (message.depth, message.author);
    let said = match message.kind {
        ContentKind::Fin => "leaves".to_owned(),
        ContentKind::Trust => trust(&message.body),
        ContentKind::Text => match Payload::from_bytes(&message.body) {
            Ok(Payload { nick, text }) => format!("{nick}: {}", Escaped(&text)),
            Err(error) => format!("{} bytes that cannot be shown: {error}", message.body.len()),
        },
    };
    out.text(format_args!("  {depth:>5}  {id}  {author} {said}"))
}
