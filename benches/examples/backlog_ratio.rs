//! How many times faster a backlog is taken by hash chain than with every signature verified. The two are measured in turn, so
//! that a machine whose speed changes changes both. `docs/benchmarks.md` has the numbers.
//!
//! ```text
//! cargo run --release -p mpotr-benches --example backlog_ratio [rounds]
//! ```

use std::error::Error;
use std::io::Write as _;

use mpotr_backend_ring as ring;
use mpotr_backend_rustcrypto as rustcrypto;
use mpotr_backend_sodium as sodium;
use mpotr_benches::{Backlog, Way};
use mpotr_core::crypto::{CryptoSuite, check_supported};

/// The least, the middle and the greatest.
fn spread(mut numbers: Vec<f64>) -> Option<[f64; 3]> {
    numbers.sort_by(f64::total_cmp);
    let middle = numbers.len().checked_div(2)?;
    Some([*numbers.first()?, *numbers.get(middle)?, *numbers.last()?])
}

fn compare<S: CryptoSuite>(rounds: usize) -> Result<(), Box<dyn Error>> {
    let name = format!("{} {}", S::BACKEND, S::ID);
    let mut out = std::io::stdout();
    if let Err(unsupported) = check_supported::<S>() {
        writeln!(out, "{name}: {unsupported}")?;
        return Ok(());
    }
    let backlog = Backlog::<S>::record()?;
    let (mut chains, mut eaches, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
    for _ in 0..rounds {
        let chain = backlog.catch_up(Way::Chain)?.as_secs_f64();
        let each = backlog.catch_up(Way::Each)?.as_secs_f64();
        chains.push(chain);
        eaches.push(each);
        ratios.push(each / chain);
    }
    let rate = |times: Vec<f64>| {
        let [_, median, _] = spread(times)?;
        Some(f64::from(u32::try_from(Backlog::<S>::MESSAGES).ok()?) / median)
    };
    let (Some(chain), Some(each), Some([least, median, most])) =
        (rate(chains), rate(eaches), spread(ratios))
    else {
        return Err("no rounds".into());
    };
    writeln!(
        out,
        "{name}: {chain:.0} and {each:.0} messages a second; {median:.2} times as many ({least:.2} to {most:.2})"
    )?;
    Ok(())
}

fn main() -> Result<(), Box<dyn Error>> {
    let rounds = match std::env::args().nth(1) {
        Some(number) => number.parse()?,
        None => 15,
    };
    compare::<rustcrypto::ChaCha20Poly1305Suite>(rounds)?;
    compare::<ring::ChaCha20Poly1305Suite>(rounds)?;
    compare::<sodium::ChaCha20Poly1305Suite>(rounds)?;
    compare::<rustcrypto::Aes256GcmSuite>(rounds)?;
    compare::<ring::Aes256GcmSuite>(rounds)?;
    compare::<sodium::Aes256GcmSuite>(rounds)
}
