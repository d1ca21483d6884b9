//! The worker's `[policy]` table as a setting: one line for each of its fields.

use kubently_core::policy::Policy;
use serde_json::Value;

use super::{Reference, Setting, row};

/// Each field of the table, what it may be and what it is for.
const FIELDS: [(&str, &str, &str); 6] = [
    (
        "namespaces",
        "a list",
        "The namespaces that may be read, all where it is absent; a list shuts out the others, `-A` \
         and cluster-scoped types.",
    ),
    (
        "verbs",
        "a list of the seven",
        "The verbs that may be used.",
    ),
    (
        "denied_resources",
        "a list of `plural` or `plural.group`",
        "Types that may not be read.",
    ),
    (
        "secrets",
        "`deny`, `redact`",
        "What happens to secrets: refused, or shown without their values.",
    ),
    (
        "redact_text",
        "`true`, `false`",
        "Whether what looks like a credential in other output is marked instead of shown.",
    ),
    (
        "max_output_bytes",
        "1024–67108864",
        "The most output of one command: tables are cut there and say so; json and yaml fail with \
         `output_too_large`.",
    ),
];

impl Setting for Policy {
    fn bounds() -> String {
        "a table".to_owned()
    }

    fn shown(&self) -> Value {
        serde_json::to_value(self).unwrap_or_default()
    }

    fn rows(&self, name: &str, _description: &str) -> Vec<Reference> {
        let values = self.shown();
        let line = |(field, bounds, text): (&str, &str, &str)| {
            let value = values.get(field).cloned().unwrap_or_default();
            // All seven verbs say nothing in a table.
            let value = if value.is_array() { Value::Null } else { value };
            row(&format!("{name}.{field}"), &value, bounds.to_owned(), text)
        };
        FIELDS.into_iter().map(line).collect()
    }

    fn values(&self, name: &str) -> Vec<(String, Value)> {
        let values = self.shown();
        let value = |(field, _, _): (&str, &str, &str)| {
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
        let mut listed: Vec<_> = FIELDS
            .iter()
            .map(|(name, _, _)| (*name).to_owned())
            .collect();
        fields.sort_unstable();
        listed.sort_unstable();
        assert_eq!(fields, listed);
    }
}
