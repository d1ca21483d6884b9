//! What the grammar knows and this version does not run yet. A table, meant to shrink to nothing.

use super::{ApiResourcesOutput, Command, Events, EventsOutput, GetOutput};
use crate::refusal::{Refusal, RefusalCode};

/// A part of the grammar that is not run yet.
type Gap = (&'static str, fn(&Command) -> bool);

const GAPS: &[Gap] = &[
    ("logs", |command| matches!(command, Command::Logs(_))),
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
    ("events -o jsonpath", |command| {
        matches!(
            command,
            Command::Events(Events {
                output: EventsOutput::JsonPath(_) | EventsOutput::JsonPathAsJson(_),
                ..
            })
        )
    }),
    (
        "events -o kyaml",
        |command| matches!(command, Command::Events(events) if events.output == EventsOutput::Kyaml),
    ),
    (
        "api-resources -o kyaml",
        |command| matches!(command, Command::ApiResources(it) if it.output == ApiResourcesOutput::Kyaml),
    ),
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
        .hint("get (as table, wide, json, yaml or name), top, events, api-resources and version run today")),
    }
}
