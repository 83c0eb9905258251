//! Lists with a count before them, their bounds said where they are read.

use core::ops::RangeInclusive;

use super::{DecodeError, DecodeErrorKind, Decoder, Encoder};

/// The unsigned integer that a count is written as: `u8`, `u16` or `u32`.
pub trait Count: Sized {
    #[doc(hidden)]
    fn read(input: &mut Decoder<'_>, field: &'static str) -> Result<usize, DecodeError>;
    #[doc(hidden)]
    fn write(count: usize, out: &mut Encoder);
}

macro_rules! counts {
    ($($count:ident)+) => {$(
        impl Count for $count {
            fn read(input: &mut Decoder<'_>, field: &'static str) -> Result<usize, DecodeError> {
                input.$count(field).map(|count| usize::try_from(count).unwrap_or(usize::MAX))
            }

            fn write(count: usize, out: &mut Encoder) {
                out.$count(Self::try_from(count).unwrap_or(Self::MAX));
            }
        }
    )+};
}
counts!(u8 u16 u32);

impl<'a> Decoder<'a> {
    /// A length or count that is within the bounds of its field.
    ///
    /// # Errors
    /// The number is outside, or the input ends too early.
    pub fn count<C: Count>(
        &mut self,
        bounds: RangeInclusive<usize>,
        field: &'static str,
    ) -> Result<usize, DecodeError> {
        let at = self.offset();
        let length = C::read(self, field)?;
        DecodeError::unless_within(at, field, length, bounds)?;
        Ok(length)
    }

    /// All that is left, if it is of a length within the bounds of its field.
    ///
    /// # Errors
    /// The length is outside.
    pub fn rest_within(
        &mut self,
        bounds: RangeInclusive<usize>,
        field: &'static str,
    ) -> Result<&'a [u8], DecodeError> {
        let at = self.offset();
        let rest = self.rest();
        DecodeError::unless_within(at, field, rest.len(), bounds)?;
        Ok(rest)
    }

    /// A list: its count, and so many values. Memory is taken for what has been read, not for what the count promises.
    ///
    /// # Errors
    /// The count is outside of its bounds, or those of `read`.
    pub fn list<C: Count, T>(
        &mut self,
        bounds: RangeInclusive<usize>,
        field: &'static str,
        mut read: impl FnMut(&mut Self, &'static str) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        let count = self.count::<C>(bounds, field)?;
        (0..count).map(|_| read(self, field)).collect()
    }

    /// A set, written as a list that is strictly increasing: one set has one encoding.
    ///
    /// # Errors
    /// Those of [`list`](Self::list), or a value that is not greater than the one before it.
    pub fn set<C: Count, T: PartialOrd>(
        &mut self,
        bounds: RangeInclusive<usize>,
        field: &'static str,
        read: impl FnMut(&mut Self, &'static str) -> Result<T, DecodeError>,
    ) -> Result<Vec<T>, DecodeError> {
        self.ordered::<C, T>(bounds, field, read, |a, b| a < b)
    }

    /// A list in which each value comes before the next one, as `is_before` has it.
    ///
    /// # Errors
    /// Those of [`list`](Self::list), or two neighbours that are not in order.
    pub fn ordered<C: Count, T>(
        &mut self,
        bounds: RangeInclusive<usize>,
        field: &'static str,
        read: impl FnMut(&mut Self, &'static str) -> Result<T, DecodeError>,
        is_before: impl FnMut(&T, &T) -> bool,
    ) -> Result<Vec<T>, DecodeError> {
        let at = self.offset();
        let values = self.list::<C, T>(bounds, field, read)?;
        if !values.is_sorted_by(is_before) {
            let kind = DecodeErrorKind::NotStrictlyIncreasing;
            return Err(DecodeError::new(at, field, kind));
        }
        Ok(values)
    }
}

impl DecodeError {
    /// Checks a length or count against the bounds of its field.
    ///
    /// # Errors
    /// The length is outside.
    pub const fn unless_within(
        offset: usize,
        field: &'static str,
        length: usize,
        bounds: RangeInclusive<usize>,
    ) -> Result<(), Self> {
        let (minimum, limit) = (*bounds.start(), *bounds.end());
        let kind = if length > limit {
            DecodeErrorKind::TooLong { length, limit }
        } else if length < minimum {
            DecodeErrorKind::TooShort { length, minimum }
        } else {
            return Ok(());
        };
        Err(Self::new(offset, field, kind))
    }
}

impl Encoder {
    /// A length or count. Types bound what is written, so that it fits.
    pub fn count<C: Count>(&mut self, count: usize) {
        C::write(count, self);
    }

    /// A list: its count, and the values one after the other.
    pub fn list<'a, C: Count, T: 'a>(
        &mut self,
        values: impl IntoIterator<Item = &'a T, IntoIter: ExactSizeIterator>,
        write: impl Fn(&T, &mut Self),
    ) {
        let values = values.into_iter();
        self.count::<C>(values.len());
        values.for_each(|value| write(value, self));
    }
}

#[cfg(test)]
mod tests {
    use super::super::{DecodeErrorKind, Decoder, Encoder};

    #[test]
    fn a_list_is_written_and_read_with_each_width_of_its_count() {
        let values = [7_u16, 9, 9];
        let bytes = Encoder::encoded(|out| {
            out.list::<u8, _>(&values, |value, out| out.u16(*value));
            out.list::<u16, _>(&values, |value, out| out.u16(*value));
            out.list::<u32, _>(&values, |value, out| out.u16(*value));
        });
        assert_eq!(bytes.len(), 3 * 6 + 1 + 2 + 4);
        Decoder::whole(&bytes, |input| {
            assert_eq!(input.list::<u8, _>(0..=3, "list", Decoder::u16)?, values);
            assert_eq!(input.list::<u16, _>(3..=9, "list", Decoder::u16)?, values);
            assert_eq!(input.list::<u32, _>(1..=3, "list", Decoder::u16)?, values);
            Ok(())
        })
        .unwrap();
    }

    #[test]
    fn a_list_out_of_its_bounds_is_refused_at_its_count() {
        let read = |count: u8| {
            let bytes = [0, count, 1, 2, 3, 4];
            let mut input = Decoder::new(&bytes);
            input.u8("before").unwrap();
            let error = input.list::<u8, _>(2..=3, "list", Decoder::u8).unwrap_err();
            assert_eq!((error.offset, error.field), (1, "list"));
            error.kind
        };
        let (length, limit, minimum) = (4, 3, 2);
        assert_eq!(read(4), DecodeErrorKind::TooLong { length, limit });
        let length = 1;
        assert_eq!(read(1), DecodeErrorKind::TooShort { length, minimum });
    }

    #[test]
    fn a_count_that_promises_much_takes_no_memory() {
        let bytes = u32::MAX.to_be_bytes();
        let all = 0..=usize::MAX;
        let error = Decoder::new(&bytes).list::<u32, _>(all, "list", Decoder::u8);
        let kind = error.map(drop).unwrap_err().kind;
        assert_eq!(kind, DecodeErrorKind::Truncated { missing: 1 });
    }

    #[test]
    fn a_set_has_one_encoding() {
        let read = |bytes: &[u8]| Decoder::new(bytes).set::<u8, _>(0..=3, "set", Decoder::u8);
        assert_eq!(read(&[3, 1, 2, 3]), Ok(vec![1, 2, 3]));
        for twisted in [&[2, 1, 1], &[2, 2, 1]] {
            let error = read(twisted).unwrap_err();
            let expected = (0, DecodeErrorKind::NotStrictlyIncreasing);
            assert_eq!((error.offset, error.kind), expected);
        }
    }
}
