//! The limits of a relay, as options: `docs/spec/07-transport.md`, "Limits".

use core::fmt::{Display, Formatter, Result as Written};
use core::num::ParseIntError;
use core::str::FromStr;
use core::time::Duration;

use clap::{Args, value_parser};
use mpotr_transport::RelayLimits;

const DEFAULT: RelayLimits = RelayLimits::DEFAULT;

/// The slowest pace at which the longest packet still passes before its sender takes the relay for gone.
const SLOWEST_RATE: usize = 64 << 10;

/// What the relay takes on. Sizes are bytes, or with K, M or G behind them.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Limits; sizes are bytes, or end with K, M or G")]
pub(super) struct LimitArgs {
    /// Clients at one time
    #[arg(long, value_name = "N", default_value_t = DEFAULT.clients, value_parser = some)]
    clients: usize,
    /// Clients at one time from one address (of IPv6, the first 64 bits); behind a proxy all come from one
    #[arg(long, value_name = "N", default_value_t = DEFAULT.address_clients, value_parser = some)]
    clients_per_address: usize,
    /// Clients in one room
    #[arg(long, value_name = "N", default_value_t = DEFAULT.room_clients, value_parser = some)]
    clients_per_room: usize,
    /// Rooms with members in them
    #[arg(long, value_name = "N", default_value_t = DEFAULT.rooms, value_parser = some)]
    rooms: usize,
    /// What a client may send at once; all clients of an address together, four times that
    #[arg(long, value_name = "SIZE", default_value_t = Size(DEFAULT.burst), value_parser = some_bytes)]
    burst: Size,
    /// What a client may send a second after that; the relay reads it no faster. All clients of an address together, four
    /// times that
    #[arg(long, value_name = "SIZE", default_value_t = Size(DEFAULT.rate), value_parser = rate)]
    rate: Size,
    /// How long a client that wants to send more is held back before it is cut
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT.flood.as_secs())]
    flood: u64,
    /// What may wait for one client; a quarter of it from one sender, which waits for room then
    #[arg(long, value_name = "SIZE", default_value_t = Size(DEFAULT.queue_bytes), value_parser = some_bytes)]
    queue: Size,
    /// Packets that may wait for one client; a quarter of them from one sender
    #[arg(long, value_name = "N", default_value_t = DEFAULT.queue_frames, value_parser = some)]
    queue_packets: usize,
    /// What may wait for all clients together, each packet counted once; a quarter of it from one sender
    #[arg(long, value_name = "SIZE", default_value_t = Size(DEFAULT.memory), value_parser = some_bytes)]
    memory: Size,
    /// How long a client may keep senders waiting while it takes too little
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT.stall.as_secs(),
        value_parser = value_parser!(u64).range(1..))]
    stall: u64,
    /// What is too little, a second
    #[arg(long, value_name = "SIZE", default_value_t = Size(DEFAULT.slowest))]
    slowest: Size,
    /// How long a client may take to name its room
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT.join.as_secs(),
        value_parser = value_parser!(u64).range(1..))]
    join: u64,
    /// How long a client may send nothing; members of a room say something every minute
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT.idle.as_secs(),
        value_parser = value_parser!(u64).range(1..))]
    idle: u64,
    /// How long a connection that the relay ends may take for its last packets
    #[arg(long, value_name = "SECONDS", default_value_t = DEFAULT.linger.as_secs())]
    linger: u64,
}

impl LimitArgs {
    /// As the relay takes them.
    pub(super) const fn limits(&self) -> RelayLimits {
        RelayLimits {
            clients: self.clients,
            address_clients: self.clients_per_address,
            rooms: self.rooms,
            room_clients: self.clients_per_room,
            burst: self.burst.0,
            rate: self.rate.0,
            flood: Duration::from_secs(self.flood),
            queue_frames: self.queue_packets,
            queue_bytes: self.queue.0,
            memory: self.memory.0,
            stall: Duration::from_secs(self.stall),
            slowest: self.slowest.0,
            join: Duration::from_secs(self.join),
            idle: Duration::from_secs(self.idle),
            linger: Duration::from_secs(self.linger),
        }
    }
}

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Size(usize);

/// The letters of 2^10, 2^20 and 2^30.
const UNITS: [(char, usize); 3] = [('G', 1 << 30), ('M', 1 << 20), ('K', 1 << 10)];

impl Display for Size {
    fn fmt(&self, f: &mut Formatter<'_>) -> Written {
        let whole = |(letter, unit)| {
            let number = self.0.checked_div(unit)?;
            (number > 0 && self.0.checked_rem(unit) == Some(0)).then_some((number, letter))
        };
        match UNITS.into_iter().find_map(whole) {
            Some((number, letter)) => write!(f, "{number}{letter}"),
            None => write!(f, "{}", self.0),
        }
    }
}

/// A text that is no number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
enum SizeError {
    #[error("not a size: a number, and K, M or G behind it if you like")]
    NotASize,
    #[error("with 0 nothing would pass: 1 at least")]
    Nothing,
    #[error(
        "clients would wait longer for it than they wait for a relay: {} at least",
        Size(SLOWEST_RATE)
    )]
    TooSlow,
}

impl FromStr for Size {
    type Err = SizeError;

    fn from_str(text: &str) -> Result<Self, SizeError> {
        let with_unit = UNITS.into_iter().find_map(|(letter, unit)| {
            let number = text.strip_suffix([letter, letter.to_ascii_lowercase()])?;
            Some((number, unit))
        });
        let (number, unit) = with_unit.unwrap_or((text, 1));
        let number = number.parse::<usize>().ok();
        number
            .and_then(|number| number.checked_mul(unit))
            .map(Self)
            .ok_or(SizeError::NotASize)
    }
}

/// A number of one at least.
fn some(text: &str) -> Result<usize, NumberError> {
    match text.parse()? {
        0 => Err(NumberError::Nobody),
        some => Ok(some),
    }
}

/// A text that is no number of clients, rooms or packets.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum NumberError {
    #[error(transparent)]
    NotANumber(#[from] ParseIntError),
    #[error("with 0 the relay would take nobody in, or pass on nothing: 1 at least")]
    Nobody,
}

fn some_bytes(text: &str) -> Result<Size, SizeError> {
    let size: Size = text.parse()?;
    (size.0 > 0).then_some(size).ok_or(SizeError::Nothing)
}

fn rate(text: &str) -> Result<Size, SizeError> {
    let size: Size = text.parse()?;
    (size.0 >= SLOWEST_RATE)
        .then_some(size)
        .ok_or(SizeError::TooSlow)
}

#[cfg(test)]
mod tests {
    use clap::Args as _;
    use clap::{Command, FromArgMatches as _};
    use proptest::prelude::*;

    use super::{DEFAULT, LimitArgs, Size, SizeError};

    fn limits(options: &[&str]) -> Result<mpotr_transport::RelayLimits, clap::Error> {
        let command = LimitArgs::augment_args(Command::new("relay").no_binary_name(true));
        let matches = command.try_get_matches_from(options)?;
        Ok(LimitArgs::from_arg_matches(&matches)?.limits())
    }

    #[test]
    fn without_options_the_limits_are_the_defaults() {
        assert_eq!(limits(&[]).unwrap(), DEFAULT);
    }

    #[test]
    fn every_limit_has_an_option_whose_default_help_states() {
        let mut help = LimitArgs::augment_args(Command::new("relay"));
        let help = help.render_long_help().to_string();
        let options = [
            ("clients", "1024"),
            ("clients-per-address", "64"),
            ("clients-per-room", "512"),
            ("rooms", "1024"),
            ("burst", "16M"),
            ("rate", "1M"),
            ("flood", "30"),
            ("queue", "8M"),
            ("queue-packets", "16384"),
            ("memory", "256M"),
            ("stall", "10"),
            ("slowest", "8K"),
            ("join", "10"),
            ("idle", "300"),
            ("linger", "2"),
        ];
        let mut seen = vec![DEFAULT];
        for (option, default) in options {
            let (_, of_option) = help.split_once(&format!("--{option} <")).unwrap();
            let (of_option, _) = of_option.split_once(']').unwrap();
            assert!(
                of_option.ends_with(&format!("[default: {default}")),
                "{of_option}"
            );
            // No two options set one limit.
            let set = limits(&[&format!("--{option}"), "77777"]).unwrap();
            assert!(!seen.contains(&set), "--{option}");
            seen.push(set);
        }
    }

    #[test]
    fn sizes_may_have_a_unit() {
        assert_eq!(limits(&["--burst", "3m"]).unwrap().burst, 3 << 20);
        assert_eq!(limits(&["--queue", "2G"]).unwrap().queue_bytes, 2 << 30);
        for text in ["", "M", "-1", "1.5M", "1 M", "1T", "99999999999999G"] {
            assert_eq!(text.parse::<Size>(), Err(SizeError::NotASize), "{text}");
        }
    }

    #[test]
    fn refuses_a_rate_at_which_clients_give_up() {
        let error = limits(&["--rate", "63K"]).unwrap_err().to_string();
        assert!(error.contains("64K at least"), "{error}");
        assert_eq!(limits(&["--rate", "64K"]).unwrap().rate, 64 << 10);
    }

    #[test]
    fn refuses_limits_with_which_nobody_would_get_in_or_nothing_through() {
        let refused = |option: &str| {
            let refused = limits(&[&format!("--{option}"), "0"]).unwrap_err();
            refused.to_string()
        };
        for option in [
            "clients",
            "clients-per-address",
            "clients-per-room",
            "rooms",
            "queue-packets",
        ] {
            assert!(
                refused(option).contains("with 0 the relay would take nobody in"),
                "{option}"
            );
        }
        for option in ["burst", "queue", "memory"] {
            assert!(
                refused(option).contains("with 0 nothing would pass"),
                "{option}"
            );
        }
        // These mean something: no patience, no least pace, no last words.
        for option in ["flood", "slowest", "linger"] {
            assert!(limits(&[&format!("--{option}"), "0"]).is_ok(), "{option}");
        }
    }

    proptest! {
        #[test]
        fn every_size_is_read_as_it_is_written(size: usize) {
            for size in [size, size & !0x3ff, size & !0xfffff, size & !0x3fff_ffff] {
                prop_assert_eq!(Size(size).to_string().parse(), Ok(Size(size)));
            }
        }
    }
}
