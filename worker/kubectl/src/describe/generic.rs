//! Types that have no describer of their own: every field, sorted, under a label made of its name
//! (kubectl `describe.go`: `genericDescriber`).

use super::metadata::{labels_and_annotations, name_and_namespace};
use super::value::Value;
use super::writer::Writer;
use crate::json::Json;

/// What is left out, or stands at the head.
const SKIPPED: [&str; 5] = [
    ".metadata.managedFields",
    ".metadata.name",
    ".metadata.namespace",
    ".metadata.labels",
    ".metadata.annotations",
];
/// Words that stay in capitals.
const ACRONYMS: [&str; 4] = ["API", "URL", "UID", "GUID"];

pub(super) fn print(object: Value<'_>, w: &mut Writer) {
    name_and_namespace(w, object);
    labels_and_annotations(w, object);
    members(w, 0, object, "");
}

fn members(w: &mut Writer, level: usize, object: Value<'_>, above: &str) {
    for (name, value) in object.entries() {
        let path = format!("{above}.{name}");
        if SKIPPED.contains(&path.as_str()) {
            continue;
        }
        let label = label(name);
        match value.json() {
            Some(Json::Object(_)) => {
                writeln!(w.at(level), "{label}:");
                members(w, level + 1, value, &path);
            }
            Some(Json::Array(_)) => {
                writeln!(w.at(level), "{label}:");
                for item in value.items() {
                    if matches!(item.json(), Some(Json::Object(_))) {
                        members(w, level + 1, item, &path);
                    } else {
                        writeln!(w.at(level + 1), "{}", scalar(item));
                    }
                }
            }
            _ => w.row(level, &label, scalar(value)),
        }
    }
}

/// What has no type is nil where it is null.
fn scalar(value: Value<'_>) -> String {
    if value.is_set() {
        value.to_string()
    } else {
        "<nil>".to_owned()
    }
}

/// `observedGeneration` → `Observed Generation`. A name with more than letters and hyphens stays.
fn label(name: &str) -> String {
    if !name.chars().all(|c| c.is_alphabetic() || c == '-') {
        return name.to_owned();
    }
    let mut words: Vec<String> = Vec::new();
    let mut parts = split(name).into_iter().peekable();
    while let Some(mut part) = parts.next() {
        let is_upper =
            part.len() >= 2 && !part.chars().any(|c| c.is_alphabetic() && !c.is_uppercase());
        if is_upper
            && let Some(next) =
                parts.next_if(|next| next.starts_with(|c: char| c.is_ascii_uppercase()))
        {
            part.push_str(&next);
        }
        words.push(word(part));
    }
    words.join(" ")
}

fn word(part: String) -> String {
    let upper = part.to_uppercase();
    if ACRONYMS.contains(&upper.as_str()) {
        return upper;
    }
    if part.to_lowercase() != part {
        return part;
    }
    let mut chars = part.chars();
    chars
        .next()
        .map(|first| first.to_uppercase().collect::<String>() + chars.as_str())
        .unwrap_or_default()
}

/// The words of a name in camel case; of several capitals the last belongs to what follows it.
fn split(name: &str) -> Vec<String> {
    let class = |c: char| (c.is_lowercase(), c.is_uppercase());
    let mut runs: Vec<String> = Vec::new();
    let mut last = None;
    for c in name.chars() {
        match runs.last_mut() {
            Some(run) if last == Some(class(c)) => run.push(c),
            _ => runs.push(c.to_string()),
        }
        last = Some(class(c));
    }
    for at in 1..runs.len() {
        let starts =
            |run: Option<&String>, is: fn(char) -> bool| run.is_some_and(|run| run.starts_with(is));
        if starts(runs.get(at - 1), char::is_uppercase)
            && starts(runs.get(at), char::is_lowercase)
            && let Some(capital) = runs.get_mut(at - 1).and_then(String::pop)
            && let Some(run) = runs.get_mut(at)
        {
            run.insert(0, capital);
        }
    }
    runs.retain(|run| !run.is_empty());
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_become_labels() {
        for (name, text) in [
            ("apiVersion", "API Version"),
            ("sizeGB", "Size GB"),
            ("observedGeneration", "Observed Generation"),
            ("f1", "f1"),
            ("a_b", "a_b"),
            ("x-y", "X - Y"),
            ("podCIDRs", "Pod CIDRs"),
            ("uid", "UID"),
            ("webURL", "Web URL"),
            ("URLPath", "URLPath"),
            ("HTTPServer", "HTTPServer"),
            ("IPs", "I Ps"),
            ("", ""),
        ] {
            assert_eq!(label(name), text, "{name}");
        }
    }
}
