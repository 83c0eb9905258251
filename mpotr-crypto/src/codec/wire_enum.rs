//! Enumerations with a code on the wire, declared once.

/// Declares an enumeration with its codes on the wire, and with the names that programs and documents use where it has any.
///
/// ```
/// use mpotr_crypto::{Decoder, wire_enum};
///
/// wire_enum! {
///     /// What falls from the sky.
///     pub enum Falls: u8 {
///         /// 1.
///         Rain = 1 => "rain",
///         /// 2.
///         Snow = 2 => "snow",
///     }
/// }
///
/// assert_eq!(Falls::ALL, [Falls::Rain, Falls::Snow]);
/// assert_eq!((Falls::Snow.code(), Falls::Snow.name()), (2, "snow"));
/// assert_eq!(Falls::decode(&mut Decoder::new(&[1]), "falls"), Ok(Falls::Rain));
/// assert!(Falls::decode(&mut Decoder::new(&[3]), "falls").is_err());
/// ```
#[macro_export]
macro_rules! wire_enum {
    (
        $(#[$meta:meta])*
        $visible:vis enum $name:ident: $code:ident {
            $($(#[$doc:meta])* $variant:ident = $value:literal => $word:literal,)+
        }
    ) => {
        $crate::wire_enum! {
            $(#[$meta])*
            $visible enum $name: $code {
                $($(#[$doc])* $variant = $value,)+
            }
        }

        impl $name {
            /// The name by which programs and documents call it.
            #[must_use]
            $visible const fn name(self) -> &'static str {
                match self {
                    $(Self::$variant => $word,)+
                }
            }
        }

        impl ::core::fmt::Display for $name {
            fn fmt(&self, f: &mut ::core::fmt::Formatter<'_>) -> ::core::fmt::Result {
                f.write_str(self.name())
            }
        }
    };
    (
        $(#[$meta:meta])*
        $visible:vis enum $name:ident: $code:ident {
            $($(#[$doc:meta])* $variant:ident = $value:literal,)+
        }
    ) => {
        $(#[$meta])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        $visible enum $name {
            $($(#[$doc])* $variant,)+
        }

        #[allow(dead_code, reason = "an enumeration need not use each of these")]
        impl $name {
            /// Each of them once, in the order of their declaration.
            $visible const ALL: [Self; [$($value),+].len()] = [$(Self::$variant),+];

            /// The code on the wire.
            #[must_use]
            $visible const fn code(self) -> $code {
                match self {
                    $(Self::$variant => $value,)+
                }
            }

            /// The one with this code.
            #[must_use]
            $visible const fn from_code(code: $code) -> Option<Self> {
                match code {
                    $($value => Some(Self::$variant),)+
                    _ => None,
                }
            }

            /// Writes the code.
            $visible fn encode(self, out: &mut $crate::Encoder) {
                out.$code(self.code());
            }

            /// Reads a code.
            ///
            /// # Errors
            /// The code is not one of these, or the input ends too early.
            $visible fn decode(
                input: &mut $crate::Decoder<'_>,
                field: &'static str,
            ) -> Result<Self, $crate::DecodeError> {
                let at = input.offset();
                let code = input.$code(field)?;
                Self::from_code(code).ok_or($crate::DecodeError::unknown(at, field, code))
            }
        }
    };
}
