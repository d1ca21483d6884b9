//! A binary's settings as one JSON Schema (2020-12).

use serde_json::{Map, Value, json};

use super::{Reference, Settings};

/// The schema of all settings of `T` as they stand in a file; its example holds the default of every
/// setting that has one.
#[must_use]
pub fn schema<T: Settings>(title: &str, description: &str) -> Value {
    let mut properties = Map::new();
    let mut tables: Map<String, Value> = Map::new();
    for row in T::reference() {
        let Reference { name, schema, .. } = row;
        match name.split_once('.') {
            None => {
                properties.insert(name, schema);
            }
            Some((table, field)) => {
                let of = definition(title, table);
                properties
                    .entry(table)
                    .or_insert_with(|| json!({ "$ref": format!("#/$defs/{of}") }));
                let fields = tables.entry(of).or_insert_with(|| object(table));
                if let Some(Value::Object(fields)) = fields.get_mut("properties") {
                    fields.insert(field.to_owned(), schema);
                }
            }
        }
    }
    let mut whole = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": format!("{title}.json"),
        "title": title,
        "description": description,
        "type": "object",
        "additionalProperties": false,
        "examples": [example(&properties)],
        "properties": properties,
    });
    if let (Value::Object(fields), false) = (&mut whole, tables.is_empty()) {
        fields.insert("$defs".to_owned(), Value::Object(tables));
    }
    whole
}

/// The schema of one setting, without its description.
pub(super) fn property(schema: Value, default: &Value, example: &[&str], secret: bool) -> Value {
    let Value::Object(mut fields) = schema else {
        return schema;
    };
    let is_given = !default.is_null() && default.as_array().is_none_or(|items| !items.is_empty());
    if is_given {
        fields.insert("default".to_owned(), default.clone());
    }
    if !fields.contains_key("examples") {
        let own = example.first().map(|text| Value::from(*text));
        let examples = own.or_else(|| is_given.then(|| default.clone()));
        fields.insert("examples".to_owned(), examples.into_iter().collect());
    }
    if secret {
        fields.insert("writeOnly".to_owned(), Value::from(true));
    }
    Value::Object(fields)
}

fn object(table: &str) -> Value {
    json!({
        "description": format!("The table `{table}`."),
        "type": "object",
        "additionalProperties": false,
        "properties": {},
    })
}

/// `WorkerConfig` and `policy` make `WorkerConfigPolicy`.
fn definition(title: &str, table: &str) -> String {
    let (first, rest) = table.split_at_checked(1).unwrap_or((table, ""));
    format!("{title}{}{rest}", first.to_uppercase())
}

/// The defaults of the settings that have one.
fn example(properties: &Map<String, Value>) -> Value {
    let given = properties.iter().filter_map(|(name, schema)| {
        let default = schema.get("default")?;
        Some((name.clone(), default.clone()))
    });
    Value::Object(given.collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{HubUrl, Whole};
    use kubently_core::policy::Policy;
    use std::path::PathBuf;

    crate::settings! {
        /// A few settings.
        #[derive(Debug, Clone)]
        struct Sample {
            /// How many threads
            /// there are.
            threads: Whole<1, 100> = Whole::nearest(4),
            /// A file.
            file: Option<PathBuf> = None => "/etc/sample",
            /// Where the hub is.
            hub: HubUrl = HubUrl::default(),
            /// What may be read.
            policy: Policy = Policy::default(),
        }
    }

    #[test]
    fn one_definition_tells_bounds_default_and_example() {
        let schema = schema::<Sample>("Sample", "A few settings.");
        assert_eq!(
            schema["properties"]["threads"],
            json!({
                "description": "How many threads there are.", "type": "integer", "minimum": 1,
                "maximum": 100, "default": 4, "examples": [4]
            })
        );
        assert_eq!(
            schema["properties"]["file"],
            json!({"description": "A file.", "type": "string", "examples": ["/etc/sample"]})
        );
        assert_eq!(schema["examples"][0]["threads"], 4);
    }

    #[test]
    fn a_table_is_a_definition_of_its_own() {
        let schema = schema::<Sample>("Sample", "A few settings.");
        let at = "#/$defs/SamplePolicy";
        assert_eq!(schema["properties"]["policy"], json!({ "$ref": at }));
        let secrets = &schema["$defs"]["SamplePolicy"]["properties"]["secrets"];
        assert_eq!(secrets["enum"], json!(["deny", "redact"]));
        assert_eq!(secrets["default"], "deny");
    }

    #[test]
    fn a_secret_is_written_and_never_read() {
        let secret = property(json!({"type": "string"}), &Value::Null, &["x"], true);
        assert_eq!(secret["writeOnly"], true);
    }
}
