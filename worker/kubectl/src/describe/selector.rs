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

/// The same; `<none>` where it is empty (`FormatLabelSelector`).
pub(super) fn text_or_none(selector: Value<'_>) -> String {
    match text(selector) {
        text if text.is_empty() => "<none>".to_owned(),
        text => text,
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
}
