//! What a check before the start finds: a line for each thing that must hold.

use std::fmt;

/// How one thing stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Outcome {
    /// As it must be.
    Good,
    /// It could not be seen.
    Unknown,
    /// More is allowed than is needed: whoever steals it gets that, too.
    Excess,
    /// It will not work.
    Bad,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// What was looked at, a few words.
    pub about: &'static str,
    /// How it stands.
    pub outcome: Outcome,
    /// A sentence: what was seen and, where it is not good, what to do. Without secrets.
    pub text: String,
}

impl Finding {
    /// A finding.
    #[must_use]
    pub fn new(about: &'static str, outcome: Outcome, text: impl Into<String>) -> Self {
        Self {
            about,
            outcome,
            text: text.into(),
        }
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = match self.outcome {
            Outcome::Good => "ok",
            Outcome::Unknown => "unknown",
            Outcome::Excess => "TOO MUCH",
            Outcome::Bad => "FAILED",
        };
        write!(f, "{word:<9}{:<16}{}", self.about, self.text)
    }
}
