//! The text of a log line. There is one for each request and for each command, so it is written in one go.

use std::fmt::{self, Write as _};

use kubently_core::clock::Clock as _;
use kubently_core::time::Timestamp;
use serde::Serialize;
use tracing::field::{Field, Visit};
use tracing::{Event, Subscriber};
use tracing_log::NormalizeEvent as _;
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

use super::LogFormat;
use crate::clock::SystemClock;
use crate::trace;

/// As long as most lines are, in bytes.
const USUAL: usize = 384;
/// The field that a macro's sentence is in.
const MESSAGE: &str = "message";
/// What the crate `log` says of where an event comes from stands in fields that begin so; its target and level
/// are told as any other's.
const OF_LOG: &str = "log.";

/// Writes events: `timestamp`, `level`, `target`, the event's fields and, where it belongs to a trace, `trace_id`
/// and `span_id`.
impl<S, N> FormatEvent<S, N> for LogFormat
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(
        &self,
        _: &FmtContext<'_, S, N>,
        mut writer: Writer<'_>,
        event: &Event<'_>,
    ) -> fmt::Result {
        let mut line = Line::begin(*self, event);
        event.record(&mut line);
        if let Some((trace, span)) = trace::ids() {
            line.shown("trace_id", format_args!("{trace}"));
            line.shown("span_id", format_args!("{span}"));
        }
        line.end(&mut writer)
    }
}

/// A line that is being written.
struct Line {
    format: LogFormat,
    text: Vec<u8>,
    /// A value before it is quoted.
    value: String,
}

impl Line {
    fn begin(format: LogFormat, event: &Event<'_>) -> Self {
        // An event of the crate `log` has its place in fields of its own.
        let of_log = event.normalized_metadata();
        let meta = of_log.as_ref().unwrap_or_else(|| event.metadata());
        let now = Timestamp::new(SystemClock.now());
        let mut line = Self {
            format,
            text: Vec::with_capacity(USUAL),
            value: String::new(),
        };
        let (level, target) = (meta.level().as_str(), meta.target());
        match format {
            LogFormat::Json => {
                line.plain(format_args!(r#"{{"timestamp":"{now}","level":"{level}""#));
                line.field("target", target);
            }
            LogFormat::Text => line.plain(format_args!("{now} {level:>5} {target}:")),
        }
        line
    }

    fn end(mut self, writer: &mut Writer<'_>) -> fmt::Result {
        if self.format == LogFormat::Json {
            self.text.push(b'}');
        }
        self.text.push(b'\n');
        writer.write_str(std::str::from_utf8(&self.text).map_err(|_| fmt::Error)?)
    }

    fn plain(&mut self, text: fmt::Arguments<'_>) {
        // Memory takes whatever is written.
        let _ = std::io::Write::write_fmt(&mut self.text, text);
    }

    /// Begins a field; in a text line the message has no name.
    fn name(&mut self, name: &str) {
        let name = name.strip_prefix("r#").unwrap_or(name);
        match (self.format, name) {
            (LogFormat::Json, _) => self.plain(format_args!(r#","{name}":"#)),
            (LogFormat::Text, MESSAGE) => self.text.push(b' '),
            (LogFormat::Text, _) => self.plain(format_args!(" {name}=")),
        }
    }

    /// A field and its value, as JSON has it.
    fn field(&mut self, name: &str, value: impl Serialize) {
        self.name(name);
        // Neither memory nor these values fail.
        let _ = serde_json::to_writer(&mut self.text, &value);
    }

    /// A field whose value is what this shows; in a text line it has no quotes where it needs none.
    fn shown(&mut self, name: &str, value: fmt::Arguments<'_>) {
        let mut text = std::mem::take(&mut self.value);
        text.clear();
        let _ = text.write_fmt(value);
        let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\' | b'=');
        let is_bare = match (self.format, name) {
            (LogFormat::Json, _) => false,
            (LogFormat::Text, MESSAGE) => !text.contains(char::is_control),
            (LogFormat::Text, _) => !text.is_empty() && text.bytes().all(is_plain),
        };
        if is_bare {
            self.name(name);
            self.text.extend_from_slice(text.as_bytes());
        } else {
            self.field(name, text.as_str());
        }
        self.value = text;
    }
}

impl Visit for Line {
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.field(field.name(), value);
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.field(field.name(), value);
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.field(field.name(), value);
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.field(field.name(), value);
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        match (self.format, field.name()) {
            (_, name) if name.starts_with(OF_LOG) => {}
            (LogFormat::Json, name) => self.field(name, value),
            (LogFormat::Text, name) => self.shown(name, format_args!("{value}")),
        }
    }

    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        if !field.name().starts_with(OF_LOG) {
            self.shown(field.name(), format_args!("{value:?}"));
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::{Arc, Mutex, PoisonError};

    use tracing_subscriber::fmt::MakeWriter;

    use super::*;

    /// Keeps what is written.
    #[derive(Clone, Default)]
    struct Kept(Arc<Mutex<Vec<u8>>>);

    impl std::io::Write for Kept {
        fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
            let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
            kept.extend_from_slice(bytes);
            Ok(bytes.len())
        }

        fn flush(&mut self) -> std::io::Result<()> {
            Ok(())
        }
    }

    impl<'a> MakeWriter<'a> for Kept {
        type Writer = Self;

        fn make_writer(&'a self) -> Self {
            self.clone()
        }
    }

    /// What is written of these events, without their times.
    fn written(format: LogFormat, events: impl FnOnce()) -> String {
        let kept = Kept::default();
        let lines = tracing_subscriber::fmt()
            .event_format(format)
            .with_writer(kept.clone())
            .finish();
        tracing::subscriber::with_default(lines, events);
        let bytes = std::mem::take(&mut *kept.0.lock().unwrap());
        String::from_utf8(bytes).unwrap()
    }

    fn events() {
        let (nothing, odd) = (None::<&str>, "a \"b\"\n\u{1b}[31mc");
        tracing::info!(target: "t", method = "GET", nothing, status = 200_u16, "request");
        tracing::warn!(target: "t", text = odd, shown = %odd, is = ?Some("x"), part = 0.5, "{odd}");
        tracing::error!(target: "t", r#type = true, number = -1);
    }

    #[test]
    fn a_json_line_is_one_object_whatever_is_in_it() {
        let lines = written(LogFormat::Json, events);
        let objects: Vec<serde_json::Value> = lines
            .lines()
            .map(|line| {
                let mut object: serde_json::Value = serde_json::from_str(line).unwrap();
                let fields = object.as_object_mut().unwrap();
                let at = fields.remove("timestamp").unwrap();
                let _: Timestamp = serde_json::from_value(at).unwrap();
                object
            })
            .collect();
        let odd = "a \"b\"\n\u{1b}[31mc";
        let expected = serde_json::json!([
            {"level": "INFO", "target": "t", "message": "request", "method": "GET", "status": 200},
            {"level": "WARN", "target": "t", "message": odd, "text": odd, "shown": odd, "is": "Some(\"x\")",
                "part": 0.5},
            {"level": "ERROR", "target": "t", "type": true, "number": -1},
        ]);
        assert_eq!(serde_json::Value::from(objects), expected);
    }

    #[test]
    fn a_line_for_people_is_one_line_whatever_is_in_it() {
        let lines = written(LogFormat::Text, events);
        let lines: Vec<_> = lines
            .lines()
            .map(|line| line.split_once(' ').unwrap().1)
            .collect();
        let odd = r#""a \"b\"\n\u001b[31mc""#;
        assert_eq!(
            lines,
            [
                " INFO t: request method=GET status=200".to_owned(),
                format!(" WARN t: {odd} text={odd} shown={odd} is=\"Some(\\\"x\\\")\" part=0.5"),
                "ERROR t: type=true number=-1".to_owned(),
            ]
        );
    }
}
