//! Days in the file of known people: `YYYY-MM-DD` of the Gregorian calendar, in UTC.

/// A day from 0001-01-01 to 9999-12-31.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Date {
    year: u16,
    month: u8,
    day: u8,
}

/// A text is no day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a day is written YYYY-MM-DD")]
pub struct DateError;

const SECONDS_OF_A_DAY: u64 = 86_400;
const LAST_YEAR: u16 = 9999;

impl Date {
    /// The first day of the era of Unix.
    const EPOCH: Self = Self {
        year: 1970,
        month: 1,
        day: 1,
    };
    const LAST: Self = Self {
        year: LAST_YEAR,
        month: 12,
        day: 31,
    };

    /// A day, if there is one of that name.
    #[must_use]
    pub const fn new(year: u16, month: u8, day: u8) -> Option<Self> {
        let is_year = year >= 1 && year <= LAST_YEAR;
        let is_day = day >= 1 && day <= days_of(year, month);
        match is_year && is_day {
            true => Some(Self { year, month, day }),
            false => None,
        }
    }

    /// The day of a time, in seconds from the beginning of 1970; the last day that there is, if it is later.
    #[must_use]
    pub fn of_unix(seconds: u64) -> Self {
        let mut days = seconds / SECONDS_OF_A_DAY;
        let Self { mut year, .. } = Self::EPOCH;
        loop {
            let length = if is_leap(year) { 366 } else { 365 };
            let Some(rest) = days.checked_sub(length) else {
                break;
            };
            if year >= LAST_YEAR {
                return Self::LAST;
            }
            days = rest;
            year = year.saturating_add(1);
        }
        for month in 1..=12 {
            let length = days_of(year, month);
            match days.checked_sub(length.into()) {
                Some(rest) => days = rest,
                None => {
                    let day = u8::try_from(days).unwrap_or(length).saturating_add(1);
                    return Self { year, month, day };
                }
            }
        }
        Self::LAST
    }
}

const fn is_leap(year: u16) -> bool {
    (year.is_multiple_of(4) && !year.is_multiple_of(100)) || year.is_multiple_of(400)
}

/// How many days a month has; none of a month that does not exist.
const fn days_of(year: u16, month: u8) -> u8 {
    match month {
        1 | 3 | 5 | 7 | 8 | 10 | 12 => 31,
        4 | 6 | 9 | 11 => 30,
        2 if is_leap(year) => 29,
        2 => 28,
        _ => 0,
    }
}

impl core::fmt::Display for Date {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        write!(f, "{:04}-{:02}-{:02}", self.year, self.month, self.day)
    }
}

impl core::str::FromStr for Date {
    type Err = DateError;

    fn from_str(text: &str) -> Result<Self, DateError> {
        let number = |at: core::ops::Range<usize>| {
            let digits = text.get(at)?;
            let is_number = digits.bytes().all(|digit| digit.is_ascii_digit());
            digits.parse::<u16>().ok().filter(|_| is_number)
        };
        let marks = [text.get(4..5), text.get(7..8)];
        let small = |number: u16| u8::try_from(number).ok();
        let day = (text.len() == 10 && marks == [Some("-"); 2])
            .then(|| Self::new(number(0..4)?, small(number(5..7)?)?, small(number(8..10)?)?));
        day.flatten().ok_or(DateError)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::{Date, SECONDS_OF_A_DAY};

    #[test]
    fn days_are_those_of_the_calendar() {
        for (seconds, day) in [
            (0, "1970-01-01"),
            (86_399, "1970-01-01"),
            (86_400, "1970-01-02"),
            (951_782_400, "2000-02-29"),
            (951_868_800, "2000-03-01"),
            (1_000_000_000, "2001-09-09"),
            (1_709_164_800, "2024-02-29"),
            (4_107_542_400, "2100-03-01"),
            (u64::MAX, "9999-12-31"),
        ] {
            assert_eq!(Date::of_unix(seconds).to_string(), day);
        }
    }

    #[test]
    fn what_is_no_day_is_refused() {
        for text in [
            "2024-02-30",
            "2023-02-29",
            "1900-02-29",
            "2024-13-01",
            "2024-00-01",
            "2024-01-00",
            "0000-01-01",
            "2024-1-1",
            "24-01-01",
            "2024/01/01",
            "+024-01-01",
            "2024-01-01 ",
            "",
            "２０２４-01",
            "10000-01-01",
        ] {
            assert!(text.parse::<Date>().is_err(), "{text:?}");
        }
    }

    proptest! {
        #[test]
        fn a_day_is_written_as_it_is_read_and_days_follow_one_another(day in 0..2_900_000_u64) {
            let days = [day, day.saturating_add(1)];
            let [today, tomorrow] = days.map(|day| Date::of_unix(day.saturating_mul(SECONDS_OF_A_DAY)));
            prop_assert!(today < tomorrow);
            prop_assert_eq!(today.to_string().parse(), Ok(today));
        }
    }
}
