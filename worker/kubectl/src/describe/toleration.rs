//! Tolerations and taints.

use std::fmt::Write as _;

use super::metadata::lines;
use super::value::Value;
use super::writer::Writer;
use crate::printer::sort::sorted;

/// `KEY=VALUE:EFFECT op=Exists for SECONDSs`, a line each, sorted by key.
pub(super) fn tolerations(w: &mut Writer, title: &str, tolerations: Value<'_>) {
    let key = |toleration: &Value<'_>| toleration.get("key").text().to_owned();
    let sorted = sorted(tolerations.items().collect(), |one, two| {
        key(one) < key(two)
    });
    lines(w, "", title, sorted.into_iter().map(toleration));
}

fn toleration(toleration: Value<'_>) -> String {
    let part = |name: &str| toleration.get(name).text();
    let mut text = part("key").to_owned();
    for (before, part) in [("=", part("value")), (":", part("effect"))] {
        if !part.is_empty() {
            text.push_str(before);
            text.push_str(part);
        }
    }
    if part("operator") == "Exists" && part("value").is_empty() {
        text.push_str(if text.is_empty() {
            "op=Exists"
        } else {
            " op=Exists"
        });
    }
    let seconds = toleration.get("tolerationSeconds");
    if seconds.is_set() {
        // Writing into a String cannot fail.
        let _ = write!(text, " for {seconds}s");
    }
    text
}

/// `KEY=VALUE:EFFECT`, a line each, sorted by effect and key.
pub(super) fn taints(w: &mut Writer, title: &str, taints: Value<'_>) {
    let key = |taint: &Value<'_>| format!("{},{}", taint.get("effect"), taint.get("key"));
    let sorted = sorted(taints.items().collect(), |one, two| key(one) < key(two));
    let texts = sorted.into_iter().map(|taint| {
        let (key, value, effect) = (taint.get("key"), taint.get("value"), taint.get("effect"));
        let equals = if value.is_empty() { "" } else { "=" };
        let colon = if value.is_empty() && effect.is_empty() {
            ""
        } else {
            ":"
        };
        format!("{key}{equals}{value}{colon}{effect}")
    });
    lines(w, "", title, texts);
}
