//! Logs: one line an event, on stderr. Where the event belongs to a trace, the line names it.

mod format;
mod lines;

use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use self::lines::Lines;

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
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(writer)
        .event_format(config.format)
        .try_init()
        .map_err(|_| TelemetryError::AlreadySet)?;
    Ok(logs)
}
