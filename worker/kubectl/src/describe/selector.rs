//! Label selectors as text (apimachinery `labels/selector.go`, `meta/v1/helpers.go`).

use super::value::Value;

/// What the API server is asked with, and what descriptions show; empty for one that selects
/// everything, or nothing.
pub(super) fn text(selector: Value<'_>) -> String {
    let mut terms: Vec<(&str, String)> = selector
        .get("matchLabels")
        .entries()
        .map(|(key, value)| (key, format!("{key}={}", value.text())))
        .collect();
    for expression in selector.get("matchExpressions").items() {
        let key = expression.get("key").text();
        let values = || {
            let mut values: Vec<_> = expression.get("values").items().map(Value::text).collect();
            values.sort_unstable();
            values.join(",")
        };
        let term = match expression.get("operator").text() {
            "In" => format!("{key} in ({})", values()),
            "NotIn" => format!("{key} notin ({})", values()),
            "DoesNotExist" => format!("!{key}"),
            _ => key.to_owned(),
        };
        terms.push((key, term));
    }
    terms.sort_by_key(|(key, _)| *key);
    let terms: Vec<String> = terms.into_iter().map(|(_, term)| term).collect();
    terms.join(",")
}

/// The same; `<none>` where it is empty, `<error>` where it is none (`FormatLabelSelector`).
pub(super) fn text_or_none(selector: Value<'_>) -> String {
    if !selector.get("matchExpressions").items().all(is_requirement) {
        return "<error>".to_owned();
    }
    match text(selector) {
        text if text.is_empty() => "<none>".to_owned(),
        text => text,
    }
}

/// With values where its operator takes some, and without where it takes none.
fn is_requirement(expression: Value<'_>) -> bool {
    let has_values = !expression.get("values").is_empty();
    match expression.get("operator").text() {
        "In" | "NotIn" => has_values,
        "Exists" | "DoesNotExist" => !has_values,
        _ => false,
    }
}

/// The selector of a map of labels.
pub(super) fn of_labels(labels: Value<'_>) -> String {
    let terms: Vec<String> = labels
        .entries()
        .map(|(key, value)| format!("{key}={}", value.text()))
        .collect();
    terms.join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requirements_are_sorted_by_key() {
        let json = serde_json::from_str(
            r#"{"matchLabels":{"b":"1","a":""},"matchExpressions":[
                {"key":"d","operator":"In","values":["z","y"]},
                {"key":"c","operator":"NotIn","values":["x"]},
                {"key":"b","operator":"Exists"},
                {"key":"aa","operator":"DoesNotExist"}]}"#,
        )
        .unwrap();
        assert_eq!(
            text(Value::of(&json)),
            "a=,!aa,b=1,b,c notin (x),d in (y,z)"
        );
        assert_eq!(text_or_none(Value::of(&json).get("nothing")), "<none>");
    }

    #[test]
    fn a_requirement_without_its_values_is_an_error() {
        for (requirement, shown) in [
            (r#"{"key":"a","operator":"In","values":["b"]}"#, "a in (b)"),
            (r#"{"key":"a","operator":"In"}"#, "<error>"),
            (
                r#"{"key":"a","operator":"Exists","values":["b"]}"#,
                "<error>",
            ),
            (r#"{"key":"a","operator":"Gt","values":["1"]}"#, "<error>"),
        ] {
            let json = format!(r#"{{"matchExpressions":[{requirement}]}}"#);
            let json = serde_json::from_str(&json).unwrap();
            assert_eq!(text_or_none(Value::of(&json)), shown);
        }
    }
}
