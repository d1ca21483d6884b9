//! Logs: one line an event, on stderr. Where the event belongs to a trace, the line names it.

mod lines;

use std::fmt;

use serde::Deserialize;
use tracing::{Event, Subscriber};
use tracing_subscriber::EnvFilter;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use self::lines::Lines;
use crate::trace;

pub use self::lines::Logs;

/// How logs are written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogConfig {
    /// JSON or text.
    pub format: LogFormat,
    /// Which events, as tracing's directives: `info`, `info,kubently_gateway=debug`.
    pub filter: String,
}

/// The shape of a log line.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum LogFormat {
    /// One JSON object a line.
    #[default]
    Json,
    /// A line for people.
    Text,
}

/// Lines that end with the trace they belong to.
struct Traced<F> {
    lines: F,
    format: LogFormat,
}

impl LogFormat {
    /// The word in a configuration.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
        }
    }
}

/// Why logs cannot be set up.
#[derive(Debug, thiserror::Error)]
pub enum TelemetryError {
    /// The filter is none.
    #[error("the log filter does not parse; write for example info or info,kubently_gateway=debug")]
    Filter(#[source] tracing_subscriber::filter::ParseError),
    /// Logs have been set up before.
    #[error("logs are set up already")]
    AlreadySet,
}

impl Default for LogConfig {
    fn default() -> Self {
        Self {
            format: LogFormat::default(),
            filter: "info".to_owned(),
        }
    }
}

/// Sets up the logs of this process, once. Lines below a warning may be written 20 ms later, and the last ones when
/// [`Logs`] is dropped.
///
/// # Errors
/// [`TelemetryError`].
pub fn init(config: &LogConfig) -> Result<Logs, TelemetryError> {
    let filter = EnvFilter::builder()
        .parse(&config.filter)
        .map_err(TelemetryError::Filter)?;
    let (writer, logs) = Lines::new(std::io::stderr());
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer);
    let format = config.format;
    match format {
        LogFormat::Json => lines
            .json()
            .flatten_event(true)
            .map_event_format(|lines| Traced { lines, format })
            .try_init(),
        LogFormat::Text => lines
            .with_ansi(false)
            .map_event_format(|lines| Traced { lines, format })
            .try_init(),
    }
    .map_err(|_| TelemetryError::AlreadySet)?;
    Ok(logs)
}

impl<S, N, F> FormatEvent<S, N> for Traced<F>
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
    F: FormatEvent<S, N>,
{
    fn format_event(
        &self,
        context: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let Some((trace, span)) = trace::ids() else {
            return self.lines.format_event(context, writer, event);
        };
        let mut line = String::new();
        let plain = Writer::new(&mut line);
        self.lines.format_event(context, plain, event)?;
        let line = line.trim_end();
        match (self.format, line.strip_suffix('}')) {
            (LogFormat::Json, Some(open)) => {
                let more = format_args!(r#""trace_id":"{trace}","span_id":"{span}""#);
                writeln!(writer, "{open},{more}}}")
            }
            _ => writeln!(writer, "{line} trace_id={trace} span_id={span}"),
        }
    }
}
