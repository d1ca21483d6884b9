//! Which names of the environment are settings, and what their texts mean.

use serde_json::{Map, Value};

use super::at;

const PREFIX: &str = "KUBENTLY_";

/// The path of the setting that a name stands for; `None` where it is not ours.
pub(super) fn path(name: &str, value: &str) -> Option<Vec<String>> {
    let rest = name.strip_prefix(PREFIX)?;
    if rest.is_empty() || is_injected(rest, value) {
        return None;
    }
    Some(
        rest.to_ascii_lowercase()
            .split("__")
            .map(str::to_owned)
            .collect(),
    )
}

/// Whether Kubernetes made this up for a service called `kubently-…`. The docker-link names come
/// with every pod (kubelet's envvars.go); `KUBENTLY_API_PORT=tcp://…` would be a setting of ours.
fn is_injected(rest: &str, value: &str) -> bool {
    let link = ["tcp://", "udp://", "sctp://"]
        .iter()
        .any(|scheme| value.starts_with(scheme));
    let of_port = |protocol: &str| {
        let mut parts = rest.split("_PORT_").skip(1);
        parts.any(|part| {
            part.split_once('_').is_some_and(|(digits, tail)| {
                digits.bytes().all(|byte| byte.is_ascii_digit()) && tail.starts_with(protocol)
            })
        })
    };
    (link && rest.ends_with("_PORT"))
        || rest.ends_with("_SERVICE_HOST")
        || rest.ends_with("_SERVICE_PORT")
        || rest.contains("_SERVICE_PORT_")
        || ["TCP", "UDP", "SCTP"].into_iter().any(of_port)
}

/// A text that was refused for its type becomes a number or a boolean where it is one, and after
/// that a list of the texts between its commas. Whether there was something left to try.
pub(super) fn retype(tree: &mut Map<String, Value>, path: &[String], refusal: &str) -> bool {
    if !refusal.starts_with("invalid type: ") {
        return false;
    }
    let Some(value) = at(tree, path) else {
        return false;
    };
    let next = match value {
        Value::String(text) if refusal.contains("expected a sequence") => Some(list(text)),
        Value::String(text) => scalar(text),
        _ => None,
    };
    next.map(|next| *value = next).is_some()
}

fn scalar(text: &str) -> Option<Value> {
    let value: Value = serde_json::from_str(text.trim()).ok()?;
    (value.is_number() || value.is_boolean()).then_some(value)
}

fn list(text: &str) -> Value {
    let items = text
        .split(',')
        .map(str::trim)
        .filter(|item| !item.is_empty());
    items.map(Value::from).collect()
}
