//! `version`: versions of client and server.

use super::flags::{Flag, NAMESPACE, OUTPUT, Words};
use crate::refusal::{Refusal, RefusalCode};

/// A checked `version`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Version {
    /// Ask no server.
    pub client_only: bool,
    /// The format; none is text.
    pub output: Option<VersionOutput>,
}

/// An output format of `version`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VersionOutput {
    /// JSON.
    Json,
    /// YAML.
    Yaml,
}

/// The flags of `version`.
pub(super) const FLAGS: &[Flag] = &[NAMESPACE, Flag::switch("client"), OUTPUT];

/// Checks a `version`.
pub(super) fn parse(words: &Words<'_>) -> Result<Version, Refusal> {
    words.no_positionals()?;
    Ok(Version {
        client_only: words.is_on("client")?,
        output: VersionOutput::parse(words)?,
    })
}

impl VersionOutput {
    /// The value of `-o`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Yaml => "yaml",
        }
    }

    /// kubectl compares the exact text here, unlike in `get`.
    fn parse(words: &Words<'_>) -> Result<Option<Self>, Refusal> {
        let Some(value) = words.value("output") else {
            return Ok(None);
        };
        match value.text {
            "json" => Ok(Some(Self::Json)),
            "yaml" => Ok(Some(Self::Yaml)),
            _ => Err(value
                .refuse(RefusalCode::BadOutput, "version has no such output format")
                .hint("use json or yaml")),
        }
    }
}
