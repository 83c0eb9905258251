//! What the measurements say: lines of a table for people, objects for programs.

use std::time::Duration;

use mpotr::SuiteId;
use serde::Serialize;

use super::mean::{Mean, share, wide};
use super::measure::Cost;
use super::series::Series;

/// One size of one series.
#[derive(Clone, Copy, Debug)]
pub(super) struct Row {
    /// What was measured,
    pub(super) series: Series,
    /// with so many members,
    pub(super) members: usize,
    /// and what came of it.
    pub(super) outcome: Outcome,
}

/// What came of a measurement.
#[derive(Clone, Copy, Debug)]
pub(super) enum Outcome {
    /// It cost so much.
    Measured(Cost),
    /// It would have taken about so long.
    LeftOut(Duration),
}

/// What stands above the table.
pub(super) fn heading(suite: SuiteId) -> [String; 4] {
    [
        format!("suite {suite}; CPU time of all members in one thread, from fresh offers to all confirmations verified;"),
        "operations in ristretto255: multiplications of secrets by a point and by the base point, terms of multi-scalar"
            .to_owned(),
        "multiplications, additions outside of them".to_owned(),
        String::new(),
    ]
}

/// The names of the columns: two lines.
pub(super) fn columns() -> [String; 2] {
    [
        format!(
            "{:>5}  {:<10}{:<6}{:<11}{:>11}  {:>43}",
            "", "", "", "", "all", "each member"
        ),
        format!(
            "{:>5}  {:<10}{:<6}{:<11}{:>11}{:>11}{:>10}{:>8}{:>6}{:>8}{:>8}",
            "n",
            "gka",
            "auth",
            "backend",
            "CPU, ms",
            "CPU, ms",
            "bytes",
            "mult",
            "base",
            "terms",
            "adds"
        ),
    ]
}

/// A line of the table.
pub(super) fn line(row: &Row) -> String {
    let Row {
        series, members, ..
    } = row;
    let what = format!(
        "{members:>5}  {:<10}{:<6}{:<11}",
        series.agreement.name(),
        series.authentication.name(),
        series.backend.name()
    );
    match row.outcome {
        Outcome::Measured(Cost {
            cpu,
            traffic,
            counts,
        }) => {
            let each = |total| Mean::of(total, *members).to_string();
            format!(
                "{what}{:>11.2}{:>11.3}{:>10}{:>8}{:>6}{:>8}{:>8}",
                millis(cpu),
                millis(share(cpu, *members)),
                each(wide(traffic.total)),
                each(counts.multiplications),
                each(counts.base_multiplications),
                each(counts.terms),
                each(counts.additions),
            )
        }
        Outcome::LeftOut(estimate) => {
            format!(
                "{what}  left out: it would take about {} s",
                estimate.as_secs()
            )
        }
    }
}

/// The object of a row, in one line.
///
/// # Errors
/// None for these types; the serializer's signature has one.
pub(super) fn json(row: &Row, suite: SuiteId) -> serde_json::Result<String> {
    let (n, series) = (row.members, row.series);
    let head = Head {
        n,
        gka: series.agreement.name(),
        auth: series.authentication.name(),
        backend: series.backend.name(),
        suite: suite.name(),
    };
    serde_json::to_string(&match row.outcome {
        Outcome::Measured(Cost {
            cpu,
            traffic,
            counts,
        }) => Object::Measured {
            head,
            cpu_us_total: cpu.as_micros(),
            cpu_us_per_member: share(cpu, n).as_micros(),
            bytes_sent_per_member: Mean::of(wide(traffic.total), n),
            bytes_sent_total: traffic.total,
            scalar_mults_per_member: Mean::of(counts.scalar_multiplications(), n),
            point_adds_per_member: Mean::of(counts.additions, n),
        },
        Outcome::LeftOut(estimate) => Object::LeftOut {
            head,
            left_out: true,
            cpu_us_total_estimate: estimate.as_micros(),
        },
    })
}

#[derive(Serialize)]
struct Head {
    n: usize,
    gka: &'static str,
    auth: &'static str,
    backend: &'static str,
    suite: &'static str,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Object {
    Measured {
        #[serde(flatten)]
        head: Head,
        cpu_us_total: u128,
        cpu_us_per_member: u128,
        bytes_sent_per_member: Mean,
        bytes_sent_total: usize,
        scalar_mults_per_member: Mean,
        point_adds_per_member: Mean,
    },
    LeftOut {
        #[serde(flatten)]
        head: Head,
        left_out: bool,
        cpu_us_total_estimate: u128,
    },
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use mpotr::inspect::gka::simulation::Traffic;
    use mpotr::{AgreementId, AuthenticationId, Backend, SuiteId};

    use super::{Outcome, Row, json, line};
    use crate::gka::measure::Cost;
    use crate::gka::series::Series;
    use mpotr_crypto::counting::Counts;

    fn row(outcome: Outcome) -> Row {
        let series = Series {
            agreement: AgreementId::BurmesterDesmedt,
            authentication: AuthenticationId::TripleDh,
            backend: Backend::RustCrypto,
        };
        Row {
            series,
            members: 4,
            outcome,
        }
    }

    fn measured() -> Row {
        row(Outcome::Measured(Cost {
            cpu: Duration::from_micros(1_504),
            traffic: Traffic {
                by_one_member: 600,
                total: 2_400,
            },
            counts: Counts {
                multiplications: 40,
                base_multiplications: 8,
                terms: 12,
                additions: 6,
                signatures: 0,
            },
        }))
    }

    #[test]
    fn an_object_has_every_field_by_its_name() {
        assert_eq!(
            json(&measured(), SuiteId::Aes256Gcm).unwrap(),
            concat!(
                r#"{"n":4,"gka":"bd","auth":"3dh","backend":"rustcrypto","suite":"aes256gcm","#,
                r#""cpu_us_total":1504,"cpu_us_per_member":376,"#,
                r#""bytes_sent_per_member":600,"bytes_sent_total":2400,"#,
                r#""scalar_mults_per_member":15,"point_adds_per_member":1.5}"#
            )
        );
    }

    #[test]
    fn what_was_left_out_is_said_in_both_forms() {
        let row = row(Outcome::LeftOut(Duration::from_millis(75_400)));
        assert!(line(&row).ends_with("left out: it would take about 75 s"));
        assert_eq!(
            json(&row, SuiteId::ChaCha20Poly1305).unwrap(),
            concat!(
                r#"{"n":4,"gka":"bd","auth":"3dh","backend":"rustcrypto","suite":"chacha20poly1305","#,
                r#""left_out":true,"cpu_us_total_estimate":75400000}"#
            )
        );
    }

    #[test]
    fn a_line_shows_the_operations_apart() {
        let line = line(&measured());
        let words: Vec<_> = line.split_whitespace().collect();
        assert_eq!(
            words,
            [
                "4",
                "bd",
                "3dh",
                "rustcrypto",
                "1.50",
                "0.376",
                "600",
                "10",
                "2",
                "3",
                "1.5"
            ]
        );
    }
}
