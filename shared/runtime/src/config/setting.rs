//! A setting, and everything that is told of it from its one definition: its default, what it may
//! be, what it is for, and what it is now.

mod policy;
mod schema;
mod trace;

use std::net::IpAddr;
use std::path::PathBuf;

use kubently_core::bounded::{TimeoutSeconds, TtlSeconds};
use kubently_core::cluster::ClusterId;
use kubently_core::policy::Secrets;
use kubently_core::text::WorkerName;
use serde::Deserialize;
use serde_json::{Value, json};

pub use schema::schema;

use crate::telemetry::LogFormat;

pub use self::trace::{Collector, Ratio};

/// The value of a setting.
pub trait Setting {
    /// Whether its value is shown nowhere.
    const SECRET: bool = false;

    /// What it may be, in a few words.
    fn bounds() -> String;

    /// What it may be, as a JSON Schema (2020-12).
    fn schema() -> Value;

    /// Its value as JSON; null where it is not given.
    fn shown(&self) -> Value;

    /// Its lines in the reference, where this is its default: one, or one for each field of a
    /// table. `example` is for what has no default.
    fn rows(&self, name: &str, description: &str, example: &[&str]) -> Vec<Reference> {
        let schema = schema::property(Self::schema(), &self.shown(), example, Self::SECRET);
        vec![row(
            name,
            &self.shown(),
            Self::bounds(),
            schema,
            description,
        )]
    }

    /// Its names and values, as they may be shown.
    fn values(&self, name: &str) -> Vec<(String, Value)> {
        let value = match self.shown() {
            Value::Null => Value::Null,
            Value::Array(items) if items.is_empty() => Value::Array(items),
            _ if Self::SECRET => Value::from(HIDDEN),
            other => other,
        };
        vec![(name.to_owned(), value)]
    }
}

/// A setting in the reference.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its name, with dots between tables.
    pub name: String,
    /// Its default; none where it has none.
    pub default: Option<String>,
    /// What it may be.
    pub bounds: String,
    /// What it is for.
    pub description: String,
    /// What it may be, its default and an example, as a JSON Schema.
    pub schema: Value,
}

/// All settings of a binary; [`settings!`](crate::settings) implements it.
pub trait Settings: Default {
    /// Every setting, in the order of its definition.
    fn reference() -> Vec<Reference>;

    /// Every setting and its value now, secrets hidden.
    fn shown(&self) -> Vec<(String, Value)>;

    /// The names of secrets.
    fn secrets() -> Vec<&'static str>;
}

/// A whole number from `LEAST` to `MOST`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "u32")]
pub struct Whole<const LEAST: u32, const MOST: u32>(u32);

/// Where the hub is: `nats://host:port`, or several with commas between them. A user and a
/// password in it are never shown.
#[derive(Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct HubUrl(String);

/// What stands for a secret that is given.
const HIDDEN: &str = "[hidden]";

/// Defines a binary's settings: fields with a doc comment, a type and a default, and where there is
/// no default, `=>` and an example.
#[macro_export]
macro_rules! settings {
    ($(#[$meta:meta])* $vis:vis struct $name:ident {
        $($(#[doc = $doc:literal])+ $field_vis:vis $field:ident: $type:ty = $default:expr
            $(=> $example:literal)?,)+
    }) => {
        $(#[$meta])*
        #[derive(serde::Deserialize)]
        #[serde(default, deny_unknown_fields)]
        $vis struct $name {
            $($(#[doc = $doc])+ $field_vis $field: $type,)+
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($field: $default,)+ }
            }
        }

        impl $crate::config::Settings for $name {
            fn reference() -> Vec<$crate::config::Reference> {
                let default = Self::default();
                [$($crate::config::Setting::rows(
                    &default.$field,
                    stringify!($field),
                    concat!($($doc),+),
                    &[$($example)?],
                ),)+]
                .concat()
            }

            fn shown(&self) -> Vec<(String, $crate::config::Value)> {
                [$($crate::config::Setting::values(
                    &self.$field,
                    stringify!($field),
                ),)+]
                .concat()
            }

            fn secrets() -> Vec<&'static str> {
                [$((stringify!($field), <$type as $crate::config::Setting>::SECRET),)+]
                    .into_iter()
                    .filter_map(|(name, secret)| secret.then_some(name))
                    .collect()
            }
        }
    };
}

/// One line of the reference; `description` as its doc comment has it.
fn row(
    name: &str,
    default: &Value,
    bounds: String,
    mut schema: Value,
    description: &str,
) -> Reference {
    let default = match default {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Array(items) if items.is_empty() => None,
        other => Some(other.to_string()),
    };
    let words: Vec<_> = description.split_whitespace().collect();
    let description = words.join(" ");
    if let Value::Object(fields) = &mut schema {
        fields.insert("description".to_owned(), description.clone().into());
    }
    Reference {
        name: name.to_owned(),
        default,
        bounds,
        description,
        schema,
    }
}

/// The reference as a table in Markdown.
#[must_use]
pub fn table(title: &str, rows: &[Reference]) -> String {
    let mut text = format!("| {title} | default | may be | |\n|---|---|---|---|\n");
    for row in rows {
        let Reference {
            name,
            default,
            bounds,
            description,
            ..
        } = row;
        let default = default
            .as_ref()
            .map_or_else(|| "–".to_owned(), |default| format!("`{default}`"));
        let line = format!("| `{name}` | {default} | {bounds} | {description} |\n");
        text.push_str(&line);
    }
    text
}

/// The effective settings, a line each, as TOML has them.
#[must_use]
pub fn print(values: &[(String, Value)]) -> String {
    let lines = values.iter().map(|(name, value)| match value {
        Value::Null => format!("# {name} is not given\n"),
        value => format!("{name} = {value}\n"),
    });
    lines.collect()
}

impl<const LEAST: u32, const MOST: u32> Whole<LEAST, MOST> {
    /// The number itself.
    #[must_use]
    pub const fn get(self) -> u32 {
        self.0
    }

    /// This number, or the nearest within the bounds: for defaults.
    #[must_use]
    pub const fn nearest(number: u32) -> Self {
        if number < LEAST {
            Self(LEAST)
        } else if number > MOST {
            Self(MOST)
        } else {
            Self(number)
        }
    }
}

impl<const LEAST: u32, const MOST: u32> TryFrom<u32> for Whole<LEAST, MOST> {
    type Error = String;

    fn try_from(number: u32) -> Result<Self, String> {
        if (LEAST..=MOST).contains(&number) {
            Ok(Self(number))
        } else {
            Err(format!("is a whole number from {LEAST} to {MOST}"))
        }
    }
}

impl HubUrl {
    /// The address itself, with what is in it.
    #[must_use]
    pub fn expose(&self) -> &str {
        &self.0
    }
}

impl Default for HubUrl {
    fn default() -> Self {
        Self("nats://127.0.0.1:4222".to_owned())
    }
}

impl TryFrom<String> for HubUrl {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        let plain = text.bytes().all(|byte| byte.is_ascii_graphic());
        if plain && text.split(',').all(|url| !url.is_empty()) {
            Ok(Self(text))
        } else {
            Err("is nats://host:port, or several with commas between them and no spaces")
        }
    }
}

impl std::fmt::Debug for HubUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::fmt::Debug::fmt(&self.shown(), f)
    }
}

impl Setting for HubUrl {
    fn bounds() -> String {
        "addresses with commas between them".to_owned()
    }

    fn schema() -> Value {
        json!({"type": "string", "pattern": "^[!-~]+(,[!-~]+)*$"})
    }

    fn shown(&self) -> Value {
        let urls = self.0.split(',').map(|url| match url.rsplit_once('@') {
            Some((before, host)) => match before.split_once("://") {
                Some((scheme, _)) => format!("{scheme}://{HIDDEN}@{host}"),
                None => format!("{HIDDEN}@{host}"),
            },
            None => url.to_owned(),
        });
        Value::from(urls.collect::<Vec<_>>().join(","))
    }
}

impl<T: Setting> Setting for Option<T> {
    const SECRET: bool = T::SECRET;

    fn bounds() -> String {
        T::bounds()
    }

    fn schema() -> Value {
        T::schema()
    }

    fn shown(&self) -> Value {
        self.as_ref().map_or(Value::Null, Setting::shown)
    }
}

macro_rules! plain {
    ($($type:ty, $bounds:expr, $schema:tt, |$value:ident| $shown:expr;)+) => {$(
        impl Setting for $type {
            fn bounds() -> String {
                $bounds.to_owned()
            }

            fn schema() -> Value {
                json!($schema)
            }

            fn shown(&self) -> Value {
                let $value = self;
                Value::from($shown)
            }
        }
    )+};
}

plain! {
    String, "text", {"type": "string"}, |text| text.as_str();
    bool, "`true`, `false`", {"type": "boolean"}, |yes| *yes;
    u16, "0–65535", {"type": "integer", "minimum": 0, "maximum": 65535}, |number| *number;
    IpAddr, "an IP address", {"type": "string", "pattern": "^[0-9A-Fa-f:.]+$"},
        |address| address.to_string();
    PathBuf, "a path", {"type": "string"}, |path| path.display().to_string();
    LogFormat, "`json`, `text`", {"enum": ["json", "text"]}, |format| format.as_str();
    ClusterId, "1–100 of a–z, 0–9 and `-`",
        {"type": "string", "pattern": "^[a-z0-9]([a-z0-9-]{0,98}[a-z0-9])?$"}, |id| id.to_string();
    WorkerName, "1–63 of A–Z, a–z, 0–9 and `. _ : -`",
        {"type": "string", "pattern": "^[A-Za-z0-9._:-]{1,63}$"}, |name| name.to_string();
    Secrets, "`deny`, `redact`", {"enum": ["deny", "redact"]},
        |secrets| serde_json::to_value(secrets).unwrap_or_default();
    TimeoutSeconds, format!("{}–{}", Self::MIN, Self::MAX),
        {"type": "integer", "minimum": Self::MIN, "maximum": Self::MAX}, |seconds| seconds.get();
    TtlSeconds, format!("{}–{}", Self::MIN, Self::MAX),
        {"type": "integer", "minimum": Self::MIN, "maximum": Self::MAX}, |seconds| seconds.get();
}

impl<const LEAST: u32, const MOST: u32> Setting for Whole<LEAST, MOST> {
    fn bounds() -> String {
        format!("{LEAST}–{MOST}")
    }

    fn schema() -> Value {
        json!({"type": "integer", "minimum": LEAST, "maximum": MOST})
    }

    fn shown(&self) -> Value {
        Value::from(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    crate::settings! {
        /// A few settings.
        #[derive(Debug, Clone)]
        struct Sample {
            /// Where the hub is.
            nats_url: HubUrl = HubUrl::default(),
            /// How many threads
            /// there are.
            threads: Whole<1, 100> = Whole::nearest(4),
            /// A file.
            file: Option<PathBuf> = None => "/etc/file",
        }
    }

    #[test]
    fn one_definition_tells_default_bounds_and_purpose() {
        let rows = Sample::reference();
        assert_eq!(
            table("name", &rows),
            "| name | default | may be | |\n|---|---|---|---|\n\
             | `nats_url` | `nats://127.0.0.1:4222` | addresses with commas between them | Where the hub is. |\n\
             | `threads` | `4` | 1–100 | How many threads there are. |\n\
             | `file` | – | a path | A file. |\n"
        );
    }

    #[test]
    fn what_is_printed_hides_passwords_and_reads_as_toml() {
        let settings = Sample {
            nats_url: HubUrl::try_from("nats://u:p@a:1,tls://b:2".to_owned()).unwrap(),
            ..Sample::default()
        };
        assert_eq!(
            print(&settings.shown()),
            "nats_url = \"nats://[hidden]@a:1,tls://b:2\"\nthreads = 4\n# file is not given\n"
        );
        assert!(!format!("{settings:?}").contains("u:p"));
    }

    #[test]
    fn an_address_is_never_empty_and_has_no_spaces() {
        for text in ["", "nats://a:1,", "nats://a:1, nats://b:2", "nats://a\n"] {
            assert!(HubUrl::try_from(text.to_owned()).is_err(), "{text:?}");
        }
    }
}
