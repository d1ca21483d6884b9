//! Names for people: shown in lists and terminals, never keys.

use std::fmt;
use std::str::FromStr;

use crate::as_text::as_text;

/// The longest name, in characters.
pub const MAX_NAME: usize = 200;

/// A text that cannot be a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a name has 1 to {MAX_NAME} printable characters and no blank at either end")]
pub struct InvalidName;

macro_rules! display_name {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name(String);

        impl $name {
            /// The name itself.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = InvalidName;

            fn from_str(text: &str) -> Result<Self, Self::Err> {
                check(text).map(|()| Self(text.to_owned()))
            }
        }

        as_text!($name);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }
    };
}

display_name!(
    /// A user's name: 1–200 printable characters of any script.
    UserName
);
display_name!(
    /// An API key's name, so that its owner knows it again: 1–200 printable characters.
    KeyName
);

fn check(text: &str) -> Result<(), InvalidName> {
    // A character has at most four bytes, so nobody counts the characters of a megabyte.
    let fits = text.len() <= 4 * MAX_NAME && text.chars().count() <= MAX_NAME;
    if fits && !text.is_empty() && text.trim() == text && text.chars().all(is_printable) {
        Ok(())
    } else {
        Err(InvalidName)
    }
}

/// Neither a control character nor one that ends a line, turns the direction of what follows
/// (Unicode UAX #9) or is not to be seen at all.
fn is_printable(c: char) -> bool {
    !c.is_control()
        && !matches!(c,
            '\u{061c}' | '\u{200b}' | '\u{200e}' | '\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{2069}' | '\u{feff}' | '\u{e0000}'..='\u{e007f}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_every_script_are_taken_up_to_200_characters() {
        for text in ["Ada Lovelace", "Jörg", "山田 太郎", "a", &"é".repeat(200)] {
            assert!(text.parse::<UserName>().is_ok(), "{text}");
        }
    }

    #[test]
    fn what_breaks_a_line_or_hides_is_no_name() {
        for text in [
            "",
            " ",
            " a",
            "a\n",
            "a\u{0}b",
            "a\u{7f}b",
            "a\u{85}b",
            "a\u{2028}b",
            "a\u{202e}b",
            "a\u{200b}b",
            &"a".repeat(201),
            &"a".repeat(10_000),
        ] {
            assert!(text.parse::<KeyName>().is_err(), "{text:?}");
        }
    }
}
