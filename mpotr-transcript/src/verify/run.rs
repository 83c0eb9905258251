//! The roster of an epoch, and both rounds of its run.

use mpotr_crypto::rand_core::CryptoRng;
use mpotr_crypto::{CryptoSuite, Digest32, EphemeralKey};
use mpotr_gka::{KnownIdentities, Rounds, Run, RunMember, Unproven};

use super::flaw::{Flaw, FlawKind};
use crate::reader::{Place, Section};

/// The run of a section, seen from outside; `None` if its offers are not those of a roster.
pub(super) fn check<S: CryptoSuite>(section: &Section, flaws: &mut Vec<Flaw>) -> Option<Run<S>> {
    let proposal = &section.proposal;
    let mut flaw = |place, kind| flaws.push(Flaw { place, kind });
    if proposal.suite != S::ID {
        let suite = proposal.suite;
        flaw(section.place, FlawKind::OtherSuite { suite });
        return None;
    }
    let strangers = KnownIdentities::new();
    let mut members = Vec::new();
    for (member, (offer, digest)) in section.offers.iter().zip(&proposal.offers).enumerate() {
        let place = place_of(section, member, 0);
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
    if members.len() < section.offers.len() {
        return None;
    }
    let proposer = members
        .get(usize::from(proposal.proposer))
        .and_then(RunMember::verifying_key);
    if !proposal.is_authentic(proposer.as_ref()) {
        let proposer = proposal.proposer;
        flaw(section.place, FlawKind::ProposalSignature { proposer });
    }
    let sid = proposal.sid::<S>(section.offers.iter());
    match Run::of_others(proposal.terms(sid), members) {
        Ok(run) => Some(run),
        Err(error) => {
            flaw(section.place, FlawKind::Roster(error));
            None
        }
    }
}

/// What a run led to, as far as an outsider can tell.
pub(super) struct Audited {
    pub(super) key_commitment: Digest32,
    pub(super) unproven: Vec<Unproven>,
    /// By member: what verifies what it says. Of a run in which something is wrong, as its record shows them.
    pub(super) keys: Vec<Option<EphemeralKey>>,
}

/// Checks both rounds. Of a run that is flawed the commitment to the key is taken as it stands, to check what was said.
pub(super) fn audit<S: CryptoSuite>(
    section: &Section,
    run: &Run<S>,
    flaws: &mut Vec<Flaw>,
    rng: &mut dyn CryptoRng,
) -> Audited {
    let rounds = Rounds {
        contributions: &section.contributions,
        confirmations: &section.confirmations,
        payloads: &section.payloads,
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
                    place: member.map_or(section.place, |it| place_of(section, it, round)),
                    kind: FlawKind::Run(error),
                }
            }));
            let first = section.confirmations.first();
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
fn place_of(section: &Section, member: usize, round: usize) -> Place {
    let members = section.offers.len();
    let records = members
        .saturating_mul(round)
        .saturating_add(member)
        .saturating_add(1);
    let bytes = section
        .entries()
        .take(records)
        .map(|it| it.to_bytes().len());
    Place {
        record: section
            .place
            .record
            .saturating_add(u32::try_from(records).unwrap_or(u32::MAX)),
        offset: bytes.fold(section.place.offset, usize::saturating_add),
    }
}
