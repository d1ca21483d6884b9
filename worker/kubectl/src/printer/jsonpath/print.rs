//! How results are printed (client-go `JSONPath.PrintResults`).

use super::eval::{Value, shown};
use crate::json::Json;
use crate::printer::json;

/// Writes the results of one text or action with a space between them: maps and lists as compact
/// JSON, everything else as Go's `%v`.
pub fn print(out: &mut Vec<u8>, results: &[Value<'_>]) {
    for (n, value) in results.iter().enumerate() {
        if n > 0 {
            out.push(b' ');
        }
        match value {
            Value::Json(Json::Str(text)) => out.extend_from_slice(text.as_bytes()),
            Value::Text(text) => out.extend_from_slice(text.as_bytes()),
            Value::Json(json @ (Json::Array(_) | Json::Object(_))) => json::compact(out, json),
            Value::Json(Json::Null) => out.extend_from_slice(b"null"),
            Value::Invalid => out.extend_from_slice(b"<no value>"),
            other => out.extend_from_slice(shown(*other).as_bytes()),
        }
    }
}

/// Writes the results of one text or action as a JSON list, four spaces, with a newline.
pub fn print_as_json(out: &mut Vec<u8>, results: &[Value<'_>]) {
    out.push(b'[');
    for (n, value) in results.iter().enumerate() {
        json::separate(out, n == 0, 4);
        match value {
            Value::Json(value) => json::write(out, value, 4, 1),
            Value::Text(text) => json::string(out, text),
            Value::Invalid => out.extend_from_slice(b"null"),
            Value::Float(number) => json::write(out, &Json::Float(*number), 4, 1),
            other => out.extend_from_slice(shown(*other).as_bytes()),
        }
    }
    if !results.is_empty() {
        json::line(out, 0);
    }
    out.extend_from_slice(b"]\n");
}
