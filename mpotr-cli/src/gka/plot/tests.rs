use std::time::Duration;

use mpotr::inspect::gka::simulation::Traffic;
use mpotr::{AgreementId, AuthenticationId, Backend, SuiteId};

use super::{draw, kilobytes, seconds, thinned};
use crate::gka::measure::Cost;
use crate::gka::report::{Outcome, Row};
use crate::gka::series::Series;
use mpotr_crypto::counting::count;

#[expect(clippy::arithmetic_side_effects, reason = "small numbers")]
fn rows(backend: Backend) -> Vec<Row> {
    let mut rows = Vec::new();
    for members in [2_usize, 8, 32] {
        for agreement in AgreementId::ALL {
            for authentication in AuthenticationId::ALL {
                let series = Series {
                    agreement,
                    authentication,
                    backend,
                };
                let each = if agreement == AgreementId::Pairwise {
                    members * 48
                } else {
                    700
                };
                let cost = Cost {
                    cpu: Duration::from_micros(u64::try_from(members * members * 50).unwrap()),
                    traffic: Traffic {
                        by_one_member: each,
                        total: each * members,
                    },
                    counts: count(|| ()).1,
                };
                rows.push(Row {
                    series,
                    members,
                    outcome: Outcome::Measured(cost),
                });
            }
        }
    }
    rows
}

#[test]
fn the_picture_names_its_axes_its_sizes_and_every_curve() {
    let picture = draw(&rows(Backend::Ring), SuiteId::Aes256Gcm).unwrap();
    for text in [
        "CPU time of each member, aes256gcm",
        "bytes sent by each member",
        "members",
        "bd + proof, ring",
        "bd + 3dh, ring",
        "pairwise + proof, ring",
        "pairwise + 3dh, ring",
        "100 µs",
        "1 ms",
        "1 kB",
    ] {
        let has = picture.lines().any(|line| line.trim() == text);
        assert!(has, "{text} is not in {picture}");
    }
    for size in ["2", "8", "32"] {
        // Once under each of the two panels.
        assert!(
            picture.lines().filter(|line| line.trim() == size).count() >= 2,
            "{size}"
        );
    }
    // Each curve, its piece in the legend, twice.
    assert!(picture.matches("<polyline").count() >= 16, "{picture}");
}

#[test]
fn one_size_of_one_series_can_be_drawn() {
    let rows: Vec<_> = rows(Backend::Sodium).into_iter().take(1).collect();
    assert!(
        draw(&rows, SuiteId::ChaCha20Poly1305)
            .unwrap()
            .contains("<svg")
    );
}

#[test]
fn what_was_left_out_is_not_drawn() {
    let mut rows = rows(Backend::RustCrypto);
    for row in &mut rows {
        row.outcome = Outcome::LeftOut(Duration::from_secs(90));
    }
    let error = draw(&rows, SuiteId::ChaCha20Poly1305).unwrap_err();
    assert!(error.to_string().contains("nothing"), "{error}");
}

#[test]
fn values_are_told_in_the_unit_that_suits_them() {
    assert_eq!(
        [1e-5, 0.1, 1.0, 100.0].map(seconds),
        ["10 µs", "100 ms", "1 s", "100 s"]
    );
    assert_eq!([100.0, 1e3, 1e7].map(kilobytes), ["100 B", "1 kB", "10 MB"]);
}

#[test]
fn an_axis_names_no_more_sizes_than_fit() {
    let sizes: Vec<_> = (1_u32..=30).map(f64::from).collect();
    assert_eq!(
        thinned(sizes),
        [30.0, 27.0, 24.0, 21.0, 18.0, 15.0, 12.0, 9.0, 6.0, 3.0]
    );
    assert_eq!(thinned(vec![2.0, 4.0]), [4.0, 2.0]);
}
