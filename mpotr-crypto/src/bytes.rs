//! Newtypes over 32 public bytes, so that no signature of the API takes a bare array.

/// Declares a public newtype over bytes, 32 unless told, with hexadecimal `Debug` and `Display` and its codec.
#[macro_export]
macro_rules! byte_newtype {
    ($(#[$doc:meta])* $name:ident) => { $crate::byte_newtype!($(#[$doc])* $name, 32); };
    ($(#[$doc:meta])* $name:ident, $length:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name([u8; $length]);

        impl $name {
            /// Length in bytes.
            pub const LENGTH: usize = $length;

            /// From its bytes.
            #[must_use]
            pub const fn new(bytes: [u8; $length]) -> Self {
                Self(bytes)
            }

            /// Its bytes.
            #[must_use]
            pub const fn as_bytes(&self) -> &[u8; $length] {
                &self.0
            }

            /// Writes the bytes, without a length.
            pub fn encode(&self, out: &mut $crate::codec::Encoder) {
                out.raw(&self.0);
            }

            /// Reads the bytes.
            ///
            /// # Errors
            /// The input ends too early.
            pub fn decode(
                input: &mut $crate::codec::Decoder<'_>,
                field: &'static str,
            ) -> Result<Self, $crate::codec::DecodeError> {
                input.array(field).map(Self)
            }
        }

        impl AsRef<[u8]> for $name {
            fn as_ref(&self) -> &[u8] {
                &self.0
            }
        }

        impl core::fmt::Display for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
            }
        }

        impl core::fmt::Debug for $name {
            fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
                write!(f, concat!(stringify!($name), "({})"), self)
            }
        }
    };
}

byte_newtype! {
    /// An encoded element of the group, not yet decoded: 32 bytes.
    ElementBytes
}

byte_newtype! {
    /// An encoded public scalar, not yet decoded: 32 bytes, little-endian.
    ScalarBytes
}

#[cfg(test)]
mod tests {
    use super::ElementBytes;

    #[test]
    fn bytes_are_shown_as_hexadecimal_with_the_name_of_their_type() {
        let bytes = ElementBytes::new(std::array::from_fn(|index| {
            u8::try_from(index * 8).unwrap()
        }));
        let hexadecimal = "0008101820283038404850586068707880889098a0a8b0b8c0c8d0d8e0e8f0f8";
        assert_eq!(bytes.to_string(), hexadecimal);
        assert_eq!(format!("{bytes:?}"), format!("ElementBytes({hexadecimal})"));
        assert_eq!(
            (bytes.as_ref(), ElementBytes::LENGTH),
            (&bytes.as_bytes()[..], 32)
        );
    }
}
