//! What is wrong with a configuration.

use std::fmt;
use std::path::PathBuf;

/// Why there is no configuration.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("the configuration file {} cannot be read", .path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file's name ends in neither `.toml` nor `.yaml` nor `.yml`.
    #[error("the configuration file {} ends in neither .toml nor .yaml", .0.display())]
    UnknownFormat(PathBuf),
    /// The file is no TOML or YAML, or no table.
    #[error("the configuration file {} does not parse: {text}", .path.display())]
    Syntax {
        /// The file.
        path: PathBuf,
        /// What the parser says.
        text: String,
    },
    /// Settings that are unknown or outside their bounds; every one of them.
    #[error("{}", list(.0))]
    Invalid(Vec<Problem>),
}

/// One wrong setting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// Its name, with dots between tables.
    pub key: String,
    /// Its value, unless that is a secret or no setting's.
    pub value: Option<String>,
    /// Where it stands.
    pub source: Source,
    /// What is wrong, without the value.
    pub text: String,
}

/// Where a setting stands.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// In the file.
    File(PathBuf),
    /// In the environment, under this name.
    Environment(String),
    /// Nowhere: it is missing.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::File(path) => write!(f, "{}", path.display()),
            Self::Environment(name) => f.write_str(name),
            Self::Default => f.write_str("not given"),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.key)?;
        if let Some(value) = &self.value {
            write!(f, " = {value}")?;
        }
        write!(f, " ({}): {}", self.source, self.text)
    }
}

fn list(problems: &[Problem]) -> String {
    let lines = problems.iter().map(|problem| format!("\n  {problem}"));
    format!("the configuration is invalid:{}", lines.collect::<String>())
}

/// serde's text without the value that it repeats: a value may be a secret.
pub(super) fn without_value(text: &str) -> String {
    let quoted = ["invalid type: string \"", "invalid value: string \""];
    match text.rfind("\", expected ") {
        Some(end) if quoted.iter().any(|start| text.starts_with(start)) => {
            let expected = text.get(end + 3..).unwrap_or_default();
            format!("has a wrong value; {expected}")
        }
        _ => text.to_owned(),
    }
}
