//! `describe`: explain objects together with what belongs to them.

use super::flags::{ALL_NAMESPACES, Flag, NAMESPACE, SELECTOR, Words};
use super::{Scope, Secrets, Selector, Target};
use crate::refusal::Refusal;

/// A checked `describe`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Describe {
    /// What is asked for; a name that does not exist is tried as a prefix.
    pub target: Target,
    /// Where.
    pub scope: Scope,
    /// Label selector, sent as given.
    pub selector: Option<Selector>,
    /// Whether to print events; none means for a single object only.
    pub show_events: Option<bool>,
    /// Objects per page, 1–1000, default 500.
    pub chunk_size: u32,
}

/// The flags of `describe`.
pub(super) const FLAGS: &[Flag] = &[
    NAMESPACE,
    ALL_NAMESPACES,
    SELECTOR,
    Flag::switch("show-events"),
    Flag::value("chunk-size"),
];

/// Checks a `describe`.
pub(super) fn parse(
    words: &Words<'_>,
    scope: Scope,
    secrets: Secrets,
) -> Result<Describe, Refusal> {
    Ok(Describe {
        target: super::target::target(words, secrets, super::target::start)?,
        scope,
        selector: Selector::labels(words)?,
        show_events: words.switch("show-events")?,
        chunk_size: super::chunk_size(words)?,
    })
}
