//! `logs`: read what containers wrote.

use chrono::{DateTime, SecondsFormat, Utc};

use super::flags::{Flag, NAMESPACE, SELECTOR, Words};
use super::number::go_duration;
use super::target::{self, pair, refuse_secrets};
use super::{GoDuration, Scope, Secrets, Selector};
use crate::name::{ContainerName, ResourceArg, ResourceName};
use crate::refusal::{Refusal, RefusalCode};

/// A checked `logs`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one field for each of kubectl's switches"
)]
pub struct Logs {
    /// Whose logs.
    pub target: LogsTarget,
    /// Where; never all namespaces.
    pub scope: Scope,
    /// The container, by `-c` or as second positional.
    pub container: Option<ContainerName>,
    /// All containers of each pod.
    pub all_containers: bool,
    /// All pods of the object; each line gets a prefix.
    pub all_pods: bool,
    /// Go on while new lines are written, until the command's deadline.
    pub follow: bool,
    /// The instance before the last restart.
    pub previous: bool,
    /// Name pod and container before each line.
    pub prefix: bool,
    /// A time before each line.
    pub timestamps: bool,
    /// A stream that fails does not end the others.
    pub ignore_errors: bool,
    /// Lines from the end: −1 is all; none is 10 with a selector and otherwise all.
    pub tail: Option<i64>,
    /// Where to begin.
    pub since: Option<Since>,
    /// Most bytes of each container, at least 1.
    pub limit_bytes: Option<i64>,
    /// Most logs that are followed at once, 1–20, default 5.
    pub max_log_requests: u32,
    /// How long to wait for a running pod, more than zero, default 20 s.
    pub pod_running_timeout: GoDuration,
}

/// Whose logs are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum LogsTarget {
    /// `POD`
    Pod(ResourceName),
    /// `TYPE/NAME`
    Object(ResourceArg, ResourceName),
    /// `-l SELECTOR`
    Selector(Selector),
}

/// The beginning of the logs that are asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Since {
    /// This long ago, more than zero.
    Ago(GoDuration),
    /// At this time.
    Time(DateTime<Utc>),
}

/// kubectl's default of `--max-log-requests`.
pub(super) const MAX_LOG_REQUESTS: u32 = 5;
/// kubectl's default of `--pod-running-timeout`.
pub(super) const POD_RUNNING_TIMEOUT: GoDuration = GoDuration::from_secs(20);

/// The flags of `logs`.
pub(super) const FLAGS: &[Flag] = &[
    NAMESPACE,
    Flag::value("container").short('c'),
    SELECTOR,
    Flag::switch("all-containers"),
    Flag::switch("all-pods"),
    Flag::switch("follow").short('f'),
    Flag::switch("previous").short('p'),
    Flag::switch("prefix"),
    Flag::switch("timestamps"),
    Flag::switch("ignore-errors"),
    Flag::number("tail"),
    Flag::value("since"),
    Flag::value("since-time"),
    Flag::value("limit-bytes"),
    Flag::value("max-log-requests"),
    Flag::value("pod-running-timeout"),
];

/// Checks a `logs`.
pub(super) fn parse(words: &Words<'_>, scope: Scope, secrets: Secrets) -> Result<Logs, Refusal> {
    let max_log_requests = words.number("max-log-requests", 1..=20)?;
    let target = LogsTarget::parse(words, secrets)?;
    let logs = Logs {
        target,
        scope,
        container: container(words)?,
        all_containers: words.is_on("all-containers")?,
        all_pods: words.is_on("all-pods")?,
        follow: words.is_on("follow")?,
        previous: words.is_on("previous")?,
        prefix: words.is_on("prefix")?,
        timestamps: words.is_on("timestamps")?,
        ignore_errors: words.is_on("ignore-errors")?,
        tail: words.number("tail", -1..=i64::MAX)?,
        since: Since::parse(words)?,
        limit_bytes: words.number("limit-bytes", 1..=i64::MAX)?,
        max_log_requests: max_log_requests
            .and_then(|most| u32::try_from(most).ok())
            .unwrap_or(MAX_LOG_REQUESTS),
        pod_running_timeout: duration(words, "pod-running-timeout", 1)?
            .unwrap_or(POD_RUNNING_TIMEOUT),
    };
    match words.value("all-containers") {
        Some(word) if logs.all_containers && logs.container.is_some() => {
            Err(word.conflict("--all-containers and one container exclude each other"))
        }
        _ => Ok(logs),
    }
}

impl LogsTarget {
    fn parse(words: &Words<'_>, secrets: Secrets) -> Result<Self, Refusal> {
        let selector = Selector::labels(words)?;
        match (words.positionals.as_slice(), selector) {
            ([], None) => Err(super::missing(words.verb)),
            ([], Some(selector)) => Ok(Self::Selector(selector)),
            ([_, _, extra, ..], _) => Err(extra
                .refuse(
                    RefusalCode::BadName,
                    "logs takes POD or TYPE/NAME, and one container",
                )
                .hint("ask once for each pod, or use -l SELECTOR")),
            ([pod, ..], Some(_)) => Err(pod.conflict("a pod and --selector exclude each other")),
            ([pod, ..], None) => match pod.text.split_once('/') {
                Some((resource, _)) => {
                    refuse_secrets(resource, *pod, secrets)?;
                    pair(*pod).map(|(resource, name)| Self::Object(resource, name))
                }
                None => target::name(pod).map(Self::Pod),
            },
        }
    }
}

/// The container of `-c`, or the second positional.
fn container(words: &Words<'_>) -> Result<Option<ContainerName>, Refusal> {
    let inline = words.positionals.get(1);
    match (words.value("container"), inline) {
        (None, None) => Ok(None),
        (Some(_), Some(inline)) => {
            Err(inline.conflict("name the container once: here or with --container"))
        }
        (Some(flag), None) => ContainerName::new(flag.text)
            .map(Some)
            .map_err(|_| flag.bad_value("container", "the name of a container")),
        (None, Some(inline)) => ContainerName::new(inline.text)
            .map(Some)
            .map_err(|refusal| inline.place(refusal)),
    }
}

/// A duration of at least `least` nanoseconds, where it was given.
fn duration(words: &Words<'_>, name: &str, least: i64) -> Result<Option<GoDuration>, Refusal> {
    let Some(value) = words.value(name) else {
        return Ok(None);
    };
    go_duration(value.text)
        .filter(|duration| duration.as_nanos() >= least)
        .map(Some)
        .ok_or_else(|| value.bad_value(name, "a duration with its unit, such as 90s or 1h30m"))
}

impl Since {
    fn parse(words: &Words<'_>) -> Result<Option<Self>, Refusal> {
        let ago = duration(words, "since", 0)?;
        let Some(value) = words.value("since-time") else {
            // As in kubectl, zero means all logs.
            return Ok(ago.filter(|ago| ago.as_nanos() > 0).map(Self::Ago));
        };
        if ago.is_some() {
            return Err(value.conflict("--since and --since-time exclude each other"));
        }
        // chrono also takes lower-case letters and a space; RFC 3339 as Go reads it has neither.
        let strict = value
            .text
            .bytes()
            .all(|b| b.is_ascii_digit() || b"TZ:+-.".contains(&b));
        match DateTime::parse_from_rfc3339(value.text) {
            Ok(time) if strict => Ok(Some(Self::Time(time.with_timezone(&Utc)))),
            _ => Err(value.bad_value("since-time", "a time such as 2026-01-31T08:00:00Z")),
        }
    }
}

/// A time as RFC 3339 in UTC, with as many decimals as it needs.
pub(super) fn rfc3339(time: DateTime<Utc>) -> String {
    time.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
