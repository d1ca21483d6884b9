//! What the grammar knows and this version does not run yet. A table, meant to shrink to nothing.

use super::{Command, GetOutput};
use crate::refusal::{Refusal, RefusalCode};

/// A part of the grammar that is not run yet.
type Gap = (&'static str, fn(&Command) -> bool);

const GAPS: &[Gap] = &[
    ("logs", |command| matches!(command, Command::Logs(_))),
    ("top", |command| matches!(command, Command::Top(_))),
    ("events", |command| matches!(command, Command::Events(_))),
    ("api-resources", |command| {
        matches!(command, Command::ApiResources(_))
    }),
    ("-o jsonpath", |command| {
        has_output(command, |o| {
            matches!(o, GetOutput::JsonPath(_) | GetOutput::JsonPathAsJson(_))
        })
    }),
    ("-o custom-columns", |command| {
        has_output(command, |output| {
            matches!(output, GetOutput::CustomColumns(_))
        })
    }),
    ("-o kyaml", |command| {
        has_output(command, |output| *output == GetOutput::Kyaml)
    }),
    (
        "--sort-by",
        |command| matches!(command, Command::Get(get) if get.sort_by.is_some()),
    ),
    (
        "--subresource",
        |command| matches!(command, Command::Get(get) if get.subresource.is_some()),
    ),
    (
        "--server-print=false",
        |command| matches!(command, Command::Get(get) if !get.server_print),
    ),
];

fn has_output(command: &Command, check: impl Fn(&GetOutput) -> bool) -> bool {
    matches!(command, Command::Get(get) if check(&get.output))
}

/// Refuses what this version does not run.
pub(super) fn served(command: &Command) -> Result<(), Refusal> {
    match GAPS.iter().find(|(_, is_gap)| is_gap(command)) {
        None => Ok(()),
        Some((name, _)) => Err(Refusal::new(
            RefusalCode::NotSupportedYet,
            format!("{name} is understood, but this version does not run it yet"),
        )
        .hint("get (as table, wide, json, yaml or name) and version run today")),
    }
}
