//! What the grammar knows and this version does not run yet. A table, meant to shrink to nothing.

use super::Command;
use crate::refusal::{Refusal, RefusalCode};

/// A part of the grammar that is not run yet.
type Gap = (&'static str, fn(&Command) -> bool);

const GAPS: &[Gap] = &[("logs", |command| matches!(command, Command::Logs(_)))];

/// Refuses what this version does not run.
pub(super) fn served(command: &Command) -> Result<(), Refusal> {
    match GAPS.iter().find(|(_, is_gap)| is_gap(command)) {
        None => Ok(()),
        Some((name, _)) => Err(Refusal::new(
            RefusalCode::NotSupportedYet,
            format!("{name} is understood, but this version does not run it yet"),
        )
        .hint("get, describe, top, events, api-resources and version run today")),
    }
}
