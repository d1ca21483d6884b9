//! Bodies of requests: JSON in, a checked value or a refusal with a pointer out.

use serde::de::DeserializeOwned;
use serde_json::error::Category;
use serde_path_to_error::Segment;

use crate::refusal::{Refusal, RefusalCode, escaped};
use crate::request::InvalidRequest;

/// Reads a whole body: an object, each field of it once, no other. A field without a code of its
/// own is refused as `bad_field`.
///
/// # Errors
/// [`InvalidRequest`]; a refusal points at the field.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, InvalidRequest> {
    // serde would take an array for an object.
    let is_object = body.trim_ascii_start().starts_with(b"{");
    match serde_json::from_slice(body) {
        Ok(value) if is_object => Ok(value),
        // Nearly every body is as it should be, so only here it is looked for what is wrong.
        _ => refused(body, is_object),
    }
}

/// Reads a body again, in steps that tell what is wrong with it and where.
fn refused<T: DeserializeOwned>(body: &[u8], is_object: bool) -> Result<T, InvalidRequest> {
    // First the text alone: what breaks off is no JSON, whatever its fields would have been.
    let malformed = |error: serde_json::Error| InvalidRequest::Malformed(error.to_string());
    serde_json::from_slice::<serde::de::IgnoredAny>(body).map_err(malformed)?;
    if !is_object {
        let text = "the body is a JSON object, such as {\"cluster_id\": \"prod-eu\"}";
        return Err(InvalidRequest::Refused(Refusal::new(
            RefusalCode::BadField,
            text,
        )));
    }
    let mut json = serde_json::Deserializer::from_slice(body);
    serde_path_to_error::deserialize(&mut json).map_err(|error| {
        let path: Vec<String> = error.path().iter().filter_map(token).collect();
        let inner = error.into_inner();
        match inner.classify() {
            Category::Data => InvalidRequest::Refused(refusal(&path, &inner.to_string())),
            Category::Io | Category::Syntax | Category::Eof => malformed(inner),
        }
    })
}

fn token(segment: &Segment) -> Option<String> {
    match segment {
        Segment::Seq { index } => Some(index.to_string()),
        Segment::Map { key } => Some(key.replace('~', "~0").replace('/', "~1")),
        Segment::Enum { .. } | Segment::Unknown => None,
    }
}

fn refusal(path: &[String], text: &str) -> Refusal {
    // serde's own text ends in " at line 1 column 2", which says nothing beside a pointer.
    let message = text.split(" at line ").next().unwrap_or(text);
    let mut pointer: String = path.iter().flat_map(|token| ["/", token]).collect();
    let code = if message.starts_with("unknown field") {
        RefusalCode::UnknownField
    } else if message.starts_with("duplicate field") {
        // serde names a field that stands there twice in its text alone.
        if let Some(name) = message.split('`').nth(1) {
            pointer = format!("/{name}");
        }
        RefusalCode::DuplicateField
    } else if message.starts_with("missing field") {
        RefusalCode::MissingField
    } else {
        match path.first().map_or("", String::as_str) {
            "cluster_id" => RefusalCode::BadClusterId,
            "session_id" => RefusalCode::BadSessionId,
            "correlation_id" => RefusalCode::BadCorrelationId,
            "command_type" => RefusalCode::BadCommandType,
            "args" => RefusalCode::BadArgsType,
            "namespace" => RefusalCode::BadNamespace,
            "timeout_seconds" => RefusalCode::BadTimeout,
            "queue_timeout_seconds" => RefusalCode::BadQueueTimeout,
            "priority" => RefusalCode::BadPriority,
            _ => RefusalCode::BadField,
        }
    };
    let refusal = Refusal::new(code, escaped(message));
    if pointer.is_empty() {
        refusal
    } else {
        refusal.pointer(pointer)
    }
}
