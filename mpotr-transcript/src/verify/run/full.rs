//! The roster of an epoch, and both rounds of its full run.

use mpotr_core::RunRecord;
use mpotr_core::wire::EpochId;
use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, Digest32};
use mpotr_gka::light::{RecordedEpoch, RecordedMember};
use mpotr_gka::{KnownIdentities, MemberKeys, Rounds, Run, RunMember, Unproven};

use super::{Began, place_in_run};
use crate::reader::{Place, Section};
use crate::verify::flaw::{Flaw, FlawKind};

/// Checks the record of a full run; `None` if its offers are not those of a roster.
pub(super) fn check<S: CryptoSuite>(
    section: &Section,
    record: &RunRecord,
    flaws: &mut Vec<Flaw>,
    rng: &mut dyn CryptoRng,
) -> Option<Began> {
    let run = roster::<S>(section, record, flaws)?;
    let Audited {
        key_commitment,
        unproven,
        keys,
    } = audit(section, record, &run, flaws, rng);
    let members = record.offers.iter().zip(keys);
    let members = members.map(|(offer, keys)| RecordedMember {
        identity: offer.identity,
        signing: keys.map(|keys| keys.signing),
        part: keys.map(|keys| keys.part),
    });
    let proposal = &record.proposal;
    Some(Began {
        suite: proposal.suite,
        id: EpochId {
            sid: run.sid(),
            key_commitment,
        },
        parent: proposal.parent,
        proposer: Some(proposal.proposer),
        unproven,
        epoch: RecordedEpoch {
            room: proposal.room,
            sid: run.sid(),
            members: members.collect(),
        },
    })
}

/// The run of a section, seen from outside; `None` if its offers are not those of a roster.
fn roster<S: CryptoSuite>(
    section: &Section,
    record: &RunRecord,
    flaws: &mut Vec<Flaw>,
) -> Option<Run<S>> {
    let proposal = &record.proposal;
    let mut flaw = |place, kind| flaws.push(Flaw { place, kind });
    if proposal.suite != S::ID {
        let suite = proposal.suite;
        flaw(section.place, FlawKind::OtherSuite { suite });
        return None;
    }
    let strangers = KnownIdentities::new();
    let mut members = Vec::new();
    for (member, (offer, digest)) in record.offers.iter().zip(&proposal.offers).enumerate() {
        let place = place_of(section, record, member, 0);
        if offer.digest::<S>() != *digest {
            flaw(place, FlawKind::ForeignOffer { member });
        } else if offer.room != proposal.room || offer.parent != proposal.parent {
            flaw(place, FlawKind::OfferElsewhere { member });
        }
        match RunMember::decode(offer.clone(), &strangers) {
            Ok(member) => members.push(member),
            Err(error) => flaw(place, FlawKind::Offer { member, error }),
        }
    }
    if members.len() < record.offers.len() {
        return None;
    }
    let proposer = members
        .get(usize::from(proposal.proposer))
        .and_then(RunMember::verifying_key);
    if !proposal.is_authentic(proposer.as_ref()) {
        let proposer = proposal.proposer;
        flaw(section.place, FlawKind::ProposalSignature { proposer });
    }
    let sid = proposal.sid::<S>(record.offers.iter());
    match Run::of_others(proposal.terms(sid), members) {
        Ok(run) => Some(run),
        Err(error) => {
            flaw(section.place, FlawKind::Roster(error));
            None
        }
    }
}

/// What both rounds show.
struct Audited {
    key_commitment: Digest32,
    unproven: Vec<Unproven>,
    /// By member. Of a run in which something is wrong, as its record shows them.
    keys: Vec<Option<MemberKeys>>,
}

/// Checks both rounds. Of a run that is flawed the commitment to the key is taken as it stands, to check what was said.
fn audit<S: CryptoSuite>(
    section: &Section,
    record: &RunRecord,
    run: &Run<S>,
    flaws: &mut Vec<Flaw>,
    rng: &mut dyn CryptoRng,
) -> Audited {
    let rounds = Rounds {
        contributions: &record.contributions,
        confirmations: &record.confirmations,
        payloads: &record.payloads,
    };
    let keys = rounds.shown_keys().collect();
    match rounds.audit(run, rng) {
        Ok(audit) => Audited {
            key_commitment: audit.statement.key_commitment,
            unproven: audit.unproven,
            keys,
        },
        Err(errors) => {
            flaws.extend(errors.into_iter().map(|error| {
                let (round, member) = error.round_and_member();
                Flaw {
                    place: member.map_or(section.place, |it| place_of(section, record, it, round)),
                    kind: FlawKind::Run(error),
                }
            }));
            let first = record.confirmations.first();
            Audited {
                key_commitment: first.map_or(Digest32::new([0; 32]), |confirmation| {
                    confirmation.statement.key_commitment
                }),
                unproven: Vec::new(),
                keys,
            }
        }
    }
}

/// Where the record of a member stands: its offer (0), contribution (1) or confirmation (2).
fn place_of(section: &Section, record: &RunRecord, member: usize, round: usize) -> Place {
    let members = record.offers.len();
    let records = members.saturating_mul(round).saturating_add(member);
    place_in_run(section, records.saturating_add(1))
}
