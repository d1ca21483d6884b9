//! Values that travel as one JSON string: written as they are shown, read as they are parsed. The
//! text itself is nowhere copied into a `String`.

use std::fmt;
use std::marker::PhantomData;
use std::str::FromStr;

use serde::de::{Deserializer, Error as _, Visitor};

/// Makes types serialise by their `Display` and deserialise by their `FromStr`.
macro_rules! as_text {
    ($($name:ident),+) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                $crate::as_text::read(from)
            }
        }
    )+};
}
pub(crate) use as_text;

pub(crate) fn read<'de, T, D>(deserializer: D) -> Result<T, D::Error>
where
    T: FromStr<Err: fmt::Display>,
    D: Deserializer<'de>,
{
    // Refused only here, so that the error has the same place in the text as those of whole fields.
    let parsed = deserializer.deserialize_str(Text(PhantomData::<T>))?;
    parsed.map_err(D::Error::custom)
}

struct Text<T>(PhantomData<T>);

impl<T: FromStr> Visitor<'_> for Text<T> {
    type Value = Result<T, T::Err>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(text.parse())
    }
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, Serialize};

    use crate::cluster::{ClusterId, InvalidClusterId};

    /// As serde's own attributes have it.
    #[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
    #[serde(try_from = "String", into = "String")]
    struct Copied(ClusterId);

    impl TryFrom<String> for Copied {
        type Error = InvalidClusterId;

        fn try_from(text: String) -> Result<Self, Self::Error> {
            text.parse().map(Self)
        }
    }

    impl From<Copied> for String {
        fn from(copied: Copied) -> Self {
            copied.0.to_string()
        }
    }

    #[derive(Debug, Serialize, Deserialize)]
    struct Held<T> {
        id: T,
    }

    #[test]
    fn it_reads_and_refuses_as_a_copied_text_does() {
        for json in [
            r#"{"id": "prod-eu"}"#,
            r#"{"id": "\u0070rod"}"#,
            "{\"id\": \"PROD\" \n }",
            r#"{"id": "a", }"#,
            r#"{"id": "A", "more": 1}"#,
            r#"{"id": 1}"#,
            r#"{"id": null}"#,
            r#"{"id": ["a"]}"#,
            r#"{"id": "a"#,
            r#"{"id": "\ud800"}"#,
            "{}",
        ] {
            let read = serde_json::from_str::<Held<ClusterId>>(json);
            let copied = serde_json::from_str::<Held<Copied>>(json);
            match (read, copied) {
                (Ok(read), Ok(copied)) => {
                    assert_eq!(read.id, copied.id.0, "{json}");
                    let written = serde_json::to_string(&read).unwrap();
                    assert_eq!(written, serde_json::to_string(&copied).unwrap());
                }
                (read, copied) => {
                    let text = |error: serde_json::Error| error.to_string();
                    assert_eq!(
                        read.map(drop).map_err(text),
                        copied.map(drop).map_err(text),
                        "{json}"
                    );
                }
            }
        }
    }
}
