//! Credentials in the values of objects: variables of containers, keys of config maps, annotations,
//! and whatever a custom resource keeps in a field called so.

use std::borrow::Cow;

use super::value;
use crate::json::Json;

/// Marks objects where the cluster's owner wants that, and counts what was marked.
#[derive(Debug)]
pub(crate) struct Marks {
    is_wanted: bool,
    count: u64,
}

impl Marks {
    pub(crate) const fn new(is_wanted: bool) -> Self {
        Self {
            is_wanted,
            count: 0,
        }
    }

    /// A secret's values are taken out whatever they look like; what stands in their place stays.
    pub(crate) fn mark(&mut self, object: &mut Json<'_>, is_secret: bool) {
        if self.is_wanted && !is_secret {
            self.count += tree(object);
        }
    }

    pub(crate) const fn count(&self) -> u64 {
        self.count
    }
}

/// Marks what looks like a credential in every text of an object; answers how many there were. Keys,
/// numbers, and all texts that have none stay as they are.
pub(crate) fn tree(object: &mut Json<'_>) -> u64 {
    walk(None, object)
}

/// `name` is what the value is called: its key, or for the `value` of a variable the variable's name.
fn walk(name: Option<&str>, json: &mut Json<'_>) -> u64 {
    match json {
        Json::Str(text) => {
            let Some(redacted) = value(name, text) else {
                return 0;
            };
            *text = Cow::Owned(redacted.text);
            redacted.count
        }
        Json::Array(items) => items.iter_mut().map(|item| walk(None, item)).sum(),
        Json::Object(members) => {
            let variable = match members.iter().find(|(key, _)| key == "name") {
                Some((_, Json::Str(name))) => Some(name.clone().into_owned()),
                _ => None,
            };
            let mut count = 0;
            for (key, member) in members {
                let name = match &variable {
                    Some(variable) if key == "value" => variable,
                    _ => key.as_ref(),
                };
                count += walk(Some(name), member);
            }
            count
        }
        Json::Null | Json::Bool(_) | Json::Int(_) | Json::Float(_) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(text: &str) -> (u64, String) {
        let mut json: Json<'_> = serde_json::from_str(text).unwrap();
        let count = tree(&mut json);
        let mut out = Vec::new();
        crate::printer::json::write(&mut out, &json, 1, 0);
        (count, String::from_utf8(out).unwrap())
    }

    #[test]
    fn variables_keys_and_annotations_are_judged_by_their_names() {
        let (count, text) = printed(
            r#"{"metadata": {"name": "my-token-xyz", "annotations": {
                  "last": "{\"env\":[{\"name\":\"DB_PASSWORD\",\"value\":\"hunter2\"}]}"}},
                "data": {"password": "correct horse", "app.conf": "a=b\ntoken=abc123\n"},
                "spec": {"containers": [{"args": ["--api-key=abc", "-v"], "env": [
                  {"name": "DB_PASSWORD", "value": "hunter2"},
                  {"name": "DB_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "db", "key": "password"}}},
                  {"name": "LEVEL", "value": "debug"}]}],
                  "volumes": [{"secret": {"secretName": "my-token-xyz"}}], "token": "", "n": 1}}"#,
        );
        assert_eq!(count, 5, "{text}");
        for gone in ["hunter2", "correct horse", "abc"] {
            assert!(!text.contains(gone), "{gone} in {text}");
        }
        for kept in [
            "my-token-xyz",
            "debug",
            "secretKeyRef",
            "\"key\": \"password\"",
            "a=b\\n",
        ] {
            assert!(text.contains(kept), "{kept} in {text}");
        }
    }

    #[test]
    fn an_ordinary_object_is_not_copied() {
        let text = r#"{"metadata":{"name":"web","uid":"550e8400-e29b-41d4-a716-446655440000"},"spec":{"a":["b"]}}"#;
        let mut json: Json<'_> = serde_json::from_str(text).unwrap();
        assert_eq!(tree(&mut json), 0);
        let name = json.get("metadata").and_then(|it| it.get("name"));
        assert!(matches!(name, Some(Json::Str(Cow::Borrowed("web")))));
    }
}
