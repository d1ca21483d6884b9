//! The seven things that a command can do; each of them only reads.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::refusal::{Refusal, RefusalCode};

/// The verb of a command, `command_type` in JSON: exact lower-case bytes, nothing else matches.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[cfg_attr(any(test, feature = "schema"), derive(schemars::JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub enum Verb {
    /// List or read objects.
    Get,
    /// Explain objects together with what belongs to them.
    Describe,
    /// Read what containers wrote.
    Logs,
    /// Show what pods or nodes consume.
    Top,
    /// List events.
    Events,
    /// Show versions of client and server.
    Version,
    /// List the resource types that a cluster serves.
    ApiResources,
}

/// The name that the source models give to [`Verb`].
pub use Verb as CommandType;

impl Verb {
    /// Every verb, in the order of the documentation.
    pub const ALL: [Self; 7] = [
        Self::Get,
        Self::Describe,
        Self::Logs,
        Self::Top,
        Self::Events,
        Self::Version,
        Self::ApiResources,
    ];

    /// The verb as it is written on a command line and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "get",
            Self::Describe => "describe",
            Self::Logs => "logs",
            Self::Top => "top",
            Self::Events => "events",
            Self::Version => "version",
            Self::ApiResources => "api-resources",
        }
    }

    /// Whether the verb reads what stands in namespaces.
    #[must_use]
    pub const fn reads_namespaces(self) -> bool {
        !matches!(self, Self::Version | Self::ApiResources)
    }

    /// Whether the verb means something without any argument.
    #[must_use]
    pub const fn takes_no_args(self) -> bool {
        matches!(self, Self::Events | Self::Version | Self::ApiResources)
    }
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl FromStr for Verb {
    type Err = Refusal;

    /// Refuses everything but the seven words with `bad_command_type`.
    fn from_str(text: &str) -> Result<Self, Refusal> {
        Self::ALL
            .into_iter()
            .find(|verb| verb.as_str() == text)
            .ok_or_else(|| {
                Refusal::new(
                    RefusalCode::BadCommandType,
                    "kubently runs only commands that read",
                )
                .argument(text)
                .hint("use one of get, describe, logs, top, events, version, api-resources")
                .pointer("/command_type")
            })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_verb_parses_back_from_its_text() {
        for verb in Verb::ALL {
            assert_eq!(verb.as_str().parse::<Verb>(), Ok(verb));
            assert_eq!(serde_json::to_value(verb).unwrap(), verb.as_str());
        }
    }

    #[test]
    fn other_words_and_other_spellings_are_refused() {
        for text in [
            "",
            "GET",
            "get ",
            "get\0",
            "delete",
            "exec",
            "api_resources",
            "get pods",
        ] {
            assert_eq!(
                text.parse::<Verb>().unwrap_err().code,
                RefusalCode::BadCommandType
            );
        }
    }
}
