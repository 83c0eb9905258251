//! Where nobody asks for anything, and nothing is lost, a room says little: no repetition goes on for its own sake. However a
//! run ends, and whichever epochs its members are in by then.
//!
//! ```text
//! settles  = 60 s                                  from the last thing that a person, or the network, did
//! most     = 60 s / advertise * 10                 who is alone, or outside, says at each publication of its offer: that, a
//!                                                  knock, two answers, whom it has heard, an advert, two questions; twice
//!                                                  what is repeated
//!          + 60 s / heartbeat * 4                  a sign of life, and what it is answered by
//!          + 120                                   a view or two that wait for one that says nothing: some 12 questions in
//!                                                  16 round trips and as many after, each with what it says again; what
//!                                                  others ask meanwhile, and what is repeated
//! ```
//!
//! All of these timers are longer where packets take longer, so nothing is more then.

use std::collections::BTreeMap;

use mpotr_core::{Duration, Timers};

use crate::party::Seat;

/// So long a room has to come to rest, and for so long it is looked at then.
pub(crate) const SETTLES: Duration = Duration::from_secs(60);
pub(crate) const MINUTE: Duration = Duration::from_secs(60);

/// Packets at each publication of an offer, and at each sign of life.
const AT_ADVERT: u64 = 10;
const AT_BEAT: u64 = 4;
/// Of one change.
const OF_CHANGE: u64 = 120;

/// The most packets of a member in a minute.
pub(crate) fn most(timers: &Timers) -> u64 {
    let times = |every: Duration| MINUTE.as_millis().checked_div(every.as_millis());
    let times = |every| {
        times(every)
            .and_then(|it| u64::try_from(it).ok())
            .unwrap_or(0)
    };
    let adverts = times(timers.advertise).saturating_mul(AT_ADVERT);
    let beats = times(timers.heartbeat).saturating_mul(AT_BEAT);
    adverts.saturating_add(beats).saturating_add(OF_CHANGE)
}

/// Says who has sent more in a minute.
pub(crate) fn check(timers: &Timers, sent: &BTreeMap<Seat, u64>) -> Result<(), String> {
    let most = most(timers);
    match sent.iter().max_by_key(|(_, packets)| **packets) {
        Some((seat, packets)) if *packets > most => Err(format!(
            "{seat} sends {packets} packets in a minute in which nothing happens, more than {most}"
        )),
        Some(_) | None => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use mpotr_core::{Duration, Timers};

    use super::{check, most};
    use crate::party::Seat;

    #[test]
    fn who_says_more_than_its_timers_ask_for_is_not_quiet() {
        assert_eq!(most(&Timers::RELAY), 184);
        let slower = Timers {
            advertise: Duration::from_secs(120),
            ..Timers::RELAY
        };
        assert_eq!(most(&slower), 124);
        assert!(check(&Timers::RELAY, &[(Seat(0), 184), (Seat(1), 3)].into()).is_ok());
        assert!(check(&Timers::RELAY, &[(Seat(0), 3), (Seat(1), 185)].into()).is_err());
        assert!(check(&Timers::RELAY, &[].into()).is_ok());
    }
}
