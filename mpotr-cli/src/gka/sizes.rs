//! The sizes of `--sizes`: numbers between commas, and `..` for doubling from the number before to the number after.

use std::fmt;
use std::str::FromStr;

use mpotr::MAX_MEMBERS;

/// What stands for doubling.
const DOUBLING: &str = "..";

/// Sizes of a group, increasing, each once, none over [`MAX_MEMBERS`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sizes(Vec<usize>);

impl Sizes {
    /// The sizes, the smallest first.
    pub(super) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().copied()
    }
}

/// A list of sizes that makes no sense.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum SizesError {
    /// An item is no number from 1 to [`MAX_MEMBERS`].
    NoSize(String),
    /// A `..` that does not lead from one size to a larger one.
    Doubling,
}

impl fmt::Display for SizesError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoSize(item) => {
                write!(
                    f,
                    "{item:?} is no size: a group has 1 to {MAX_MEMBERS} members"
                )
            }
            Self::Doubling => {
                write!(
                    f,
                    "{DOUBLING:?} stands between a size and a larger one, as in 2,{DOUBLING},64"
                )
            }
        }
    }
}

impl std::error::Error for SizesError {}

impl FromStr for Sizes {
    type Err = SizesError;

    fn from_str(list: &str) -> Result<Self, SizesError> {
        let mut sizes: Vec<usize> = Vec::new();
        let mut doubling_from = None;
        for item in list.split(',').map(str::trim) {
            if item == DOUBLING {
                let before = sizes.last().copied().filter(|_| doubling_from.is_none());
                doubling_from = Some(before.ok_or(SizesError::Doubling)?);
                continue;
            }
            let size = size(item)?;
            if let Some(before) = doubling_from.take() {
                if before >= size {
                    return Err(SizesError::Doubling);
                }
                let doubled = std::iter::successors(before.checked_mul(2), |n| n.checked_mul(2));
                sizes.extend(doubled.take_while(|n| *n < size));
            }
            sizes.push(size);
        }
        if doubling_from.is_some() {
            return Err(SizesError::Doubling);
        }
        sizes.sort_unstable();
        sizes.dedup();
        Ok(Self(sizes))
    }
}

fn size(item: &str) -> Result<usize, SizesError> {
    item.parse()
        .ok()
        .filter(|size| (1..=MAX_MEMBERS).contains(size))
        .ok_or_else(|| SizesError::NoSize(item.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::{Sizes, SizesError};

    #[track_caller]
    fn sizes(list: &str) -> Vec<usize> {
        list.parse::<Sizes>().unwrap().iter().collect()
    }

    #[test]
    fn sizes_are_put_in_order_and_told_once() {
        assert_eq!(sizes("8,2, 32,2"), [2, 8, 32]);
        assert_eq!(sizes("1"), [1]);
        assert_eq!(sizes("4096"), [4096]);
    }

    #[test]
    fn two_dots_double_up_to_the_next_size() {
        assert_eq!(
            sizes("2,4,8,..,1024"),
            [2, 4, 8, 16, 32, 64, 128, 256, 512, 1024]
        );
        assert_eq!(sizes("3,..,20,..,50"), [3, 6, 12, 20, 40, 50]);
        assert_eq!(sizes("1,..,2"), [1, 2]);
    }

    #[test]
    fn two_dots_that_lead_nowhere_are_refused() {
        for list in ["..", "..,4", "4,..", "4,..,..,16", "8,..,8", "8,..,4"] {
            assert_eq!(list.parse::<Sizes>(), Err(SizesError::Doubling), "{list}");
        }
    }

    #[test]
    fn what_is_no_size_is_named_with_the_limit() {
        for (list, item) in [
            ("", ""),
            ("2,,4", ""),
            ("0", "0"),
            ("2,4097", "4097"),
            ("-1", "-1"),
            ("2,four", "four"),
            ("99999999999999999999999", "99999999999999999999999"),
            ("2..8", "2..8"),
        ] {
            let error = list.parse::<Sizes>().unwrap_err();
            assert_eq!(error, SizesError::NoSize(item.to_owned()), "{list}");
            assert!(error.to_string().contains("1 to 4096 members"), "{error}");
        }
    }
}
