//! The rules of a room in words.

use mpotr::{IdentityKey, Policy, Rekey, Rule};

use super::wording::enumerated;

/// Whose word a rule asks for.
pub(super) fn whose(rule: &Rule) -> String {
    match rule {
        Rule::Anyone => "any member".to_owned(),
        Rule::Quorum(votes) if votes.get() == 1 => "any member".to_owned(),
        Rule::Quorum(votes) => format!("{votes} members together"),
        Rule::Founders(founders) if founders.len() == 1 => "one founder alone".to_owned(),
        Rule::Founders(founders) => format!("one of {} founders", founders.len()),
    }
}

/// Whose word a rule asks for, and who they are where it names them. `name` tells what one is called.
fn whose_by_name(rule: &Rule, name: impl Fn(&IdentityKey) -> String) -> String {
    match rule {
        Rule::Founders(founders) => {
            let names: Vec<_> = founders.iter().map(name).collect();
            format!("{} ({})", whose(rule), enumerated(&names))
        }
        Rule::Anyone | Rule::Quorum(_) => whose(rule),
    }
}

/// The rules of a room, for a person. `name` tells what one is called.
pub(super) fn describe(policy: &Policy, name: impl Fn(&IdentityKey) -> String) -> Vec<String> {
    let whose = |rule| whose_by_name(rule, &name);
    let cheated = match policy.evidence {
        true => " who is proven to have cheated",
        false => "",
    };
    let keys = match policy.rekey {
        Rekey::Light => "by short runs, in which nobody proves anew who it is",
        Rekey::Full => "by full runs, in which each proves who it is each time",
    };
    vec![
        format!("  {} may let a person in", whose(&policy.admit)),
        format!(
            "  {} may leave a member out{cheated}",
            whose(&policy.exclude)
        ),
        format!("  {} may change these rules", whose(&policy.change)),
        format!(
            "  members change their keys {keys} (rekey {})",
            policy.rekey.name()
        ),
        format!(
            "  key agreement is by the method `{}`, and proof of who is who by `{}`: no command changes these",
            policy.agreement.name(),
            policy.authentication.name()
        ),
    ]
}

#[cfg(test)]
mod tests {
    use mpotr::{IdentityKey, Policy, Rule};

    #[test]
    fn rules_are_told_in_words_and_with_the_names_of_founders() {
        let founders = Rule::Founders([1, 2].map(|byte| IdentityKey::new([byte; 32])).into());
        let policy = Policy {
            admit: founders,
            evidence: true,
            ..Policy::default()
        };
        let told = super::describe(&policy, |key| match key.as_bytes()[0] {
            1 => "alice".to_owned(),
            _ => "bob".to_owned(),
        });
        assert_eq!(
            told[..3],
            [
                "  one of 2 founders (alice and bob) may let a person in",
                "  any member may leave a member out who is proven to have cheated",
                "  any member may change these rules",
            ]
        );
        assert!(
            told[3].contains("short runs") && !told[4].contains("bd, "),
            "{told:?}"
        );
    }
}
