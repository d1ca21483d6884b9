//! Which version a program is, and whether it will do.

use std::fmt;
use std::path::Path;
use std::process::{Command, Stdio};

use semver::Version;

use super::Recipe;

/// The versions of a part that will do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// This one alone.
    Exactly(Version),
    /// This one and newer ones.
    AtLeast(Version),
}

impl Wanted {
    /// Whether that version will do. One with a suffix (`-dispatcher`, `-rc.1`) is another program's.
    #[must_use]
    pub fn takes(&self, version: &Version) -> bool {
        match self {
            Self::Exactly(wanted) => version == wanted,
            Self::AtLeast(wanted) => version >= wanted && version.pre.is_empty(),
        }
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exactly(version) => write!(f, "{version}"),
            Self::AtLeast(version) => write!(f, "{version} or newer"),
        }
    }
}

/// Asks the program; the error completes "the program, which …".
pub(super) fn check(program: &Path, recipe: &Recipe) -> Result<(), String> {
    let output = command(program)
        .args(recipe.version_args)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| format!("does not start ({error})"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    match first_version(&text) {
        Some(version) if recipe.wanted.takes(&version) => Ok(()),
        Some(version) => Err(format!("is version {version}, not {}", recipe.wanted)),
        None => Err("does not say its version".to_owned()),
    }
}

#[expect(clippy::disallowed_methods, reason = "the harness runs the real parts")]
fn command(program: &Path) -> Command {
    Command::new(program)
}

/// The first word that is a version, with or without `v` in front.
pub(super) fn first_version(text: &str) -> Option<Version> {
    text.split(|c: char| c.is_whitespace() || c == ',')
        .find_map(|word| Version::parse(word.strip_prefix('v').unwrap_or(word)).ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        assert_eq!(
            first_version(text)
                .map(|version| version.to_string())
                .as_deref(),
            Some(expected)
        );
    }

    #[test]
    fn version_is_found_in_what_programs_print() {
        check("nats-server: v2.15.1\n", "2.15.1");
        check("etcd Version: 3.7.0\nGit SHA: Not provided\n", "3.7.0");
        check("Kubernetes v1.37.1\n", "1.37.1");
        check(
            "Client Version: v1.32.4-dispatcher\nKustomize Version: v5.5.0\n",
            "1.32.4-dispatcher",
        );
    }

    #[test]
    fn suffixed_version_is_another_program() {
        let version = Version::parse("1.37.1-rc.0").expect("a version");
        assert!(!Wanted::Exactly(Version::new(1, 37, 1)).takes(&version));
        assert!(!Wanted::AtLeast(Version::new(1, 37, 0)).takes(&version));
    }
}
