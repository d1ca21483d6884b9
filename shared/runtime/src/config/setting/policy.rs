//! The worker's `[policy]` table as a setting: one line for each of its fields.

use kubently_core::policy::{Policy, Secrets};
use kubently_core::verb::Verb;
use serde_json::{Value, json};

use super::{Reference, Setting, row, schema};

/// A field of the table: its name, what it may be in words and as a schema, and what it is for.
type Field = (&'static str, &'static str, fn() -> Value, &'static str);

/// The pattern of a type's name: `plural` or `plural.group`.
const TYPE: &str = r"^[a-z][a-z0-9-]*(\.[a-z0-9-]+)*$";

const FIELDS: [Field; 6] = [
    (
        "namespaces",
        "a list",
        || {
            let name = json!({
                "type": "string", "maxLength": 63, "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
            });
            json!({"type": "array", "items": name, "uniqueItems": true, "examples": [["team-a"]]})
        },
        "The namespaces that may be read, all where it is absent; a list shuts out the others, `-A` \
         and cluster-scoped types.",
    ),
    (
        "verbs",
        "a list of the seven",
        || json!({"type": "array", "items": {"enum": Verb::ALL}, "uniqueItems": true}),
        "The verbs that may be used.",
    ),
    (
        "denied_resources",
        "a list of `plural` or `plural.group`",
        || {
            let name = json!({"type": "string", "pattern": TYPE});
            json!({
                "type": "array", "items": name, "uniqueItems": true,
                "examples": [["configmaps", "widgets.example.com"]]
            })
        },
        "Types that may not be read.",
    ),
    (
        "secrets",
        "`deny`, `redact`",
        <Secrets as Setting>::schema,
        "What happens to secrets: refused, or shown without their values.",
    ),
    (
        "redact_text",
        "`true`, `false`",
        <bool as Setting>::schema,
        "Whether what looks like a credential in other output is marked instead of shown.",
    ),
    (
        "max_output_bytes",
        "1024–67108864",
        || json!({"type": "integer", "minimum": 1024, "maximum": 67_108_864}),
        "The most output of one command: tables are cut there and say so; json and yaml fail with \
         `output_too_large`.",
    ),
];

impl Setting for Policy {
    fn bounds() -> String {
        "a table".to_owned()
    }

    fn schema() -> Value {
        json!({"type": "object"})
    }

    fn shown(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn rows(&self, name: &str, _description: &str, _example: &[&str]) -> Vec<Reference> {
        let values = self.shown();
        let line = |(field, bounds, of, text): Field| {
            let value = values.get(field).cloned().unwrap_or_default();
            let schema = schema::property(of(), &value, &[], false);
            // All seven verbs say nothing in a table.
            let value = if value.is_array() { Value::Null } else { value };
            row(
                &format!("{name}.{field}"),
                &value,
                bounds.to_owned(),
                schema,
                text,
            )
        };
        FIELDS.into_iter().map(line).collect()
    }

    fn values(&self, name: &str) -> Vec<(String, Value)> {
        let values = self.shown();
        let value = |(field, ..): Field| {
            let value = values.get(field).cloned().unwrap_or_default();
            (format!("{name}.{field}"), value)
        };
        FIELDS.into_iter().map(value).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_field_of_the_policy_has_its_line() {
        let value = Policy::default().shown();
        let mut fields: Vec<_> = value.as_object().unwrap().keys().cloned().collect();
        let mut listed: Vec<_> = FIELDS.iter().map(|(name, ..)| (*name).to_owned()).collect();
        fields.sort_unstable();
        listed.sort_unstable();
        assert_eq!(fields, listed);
    }
}
