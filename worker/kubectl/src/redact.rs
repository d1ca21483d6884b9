//! Values of secrets, taken out of objects before anything prints, sorts or searches them.
//!
//! A secret is every object that says `kind: Secret`, at any depth: in lists, in lists of lists, in
//! custom resources that carry one, and in texts that are JSON, such as the annotation of
//! `kubectl apply` on whatever kind. Names, types, keys and sizes stay.

pub(crate) mod text;

use std::borrow::Cow;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use crate::json::Json;
use crate::printer::json::compact;

/// JSON within texts within JSON is looked into this often; deeper texts that could hold a secret
/// go as a whole.
const MAX_TEXTS: usize = 4;
/// Shorter values are not looked for in annotations: they would be found everywhere.
const MIN_VALUE: usize = 4;
/// The annotation of `kubectl apply`.
const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// Takes the values of all secrets out of an object; `is_secret` says that it came from where
/// secrets are, whatever it calls itself. Answers whether there was one.
pub fn redact(object: &mut Json<'_>, is_secret: bool) -> bool {
    walk(object, is_secret, MAX_TEXTS)
}

fn walk(value: &mut Json<'_>, is_secret: bool, texts: usize) -> bool {
    match value {
        Json::Array(items) => {
            let mut changed = false;
            for item in items {
                changed |= walk(item, is_secret, texts);
            }
            changed
        }
        Json::Object(_) => object(value, is_secret, texts),
        Json::Str(text) => match redacted_text(text, texts) {
            Some(redacted) => {
                *text = Cow::Owned(redacted);
                true
            }
            None => false,
        },
        _ => false,
    }
}

fn object(value: &mut Json<'_>, is_secret: bool, texts: usize) -> bool {
    let kind = value.text("kind").unwrap_or_default();
    let of_secrets = kind.eq_ignore_ascii_case("SecretList");
    let is_list = kind.ends_with("List") && value.get("items").is_some();
    let is_secret = (is_secret && !is_list) || kind.eq_ignore_ascii_case("Secret");
    let in_items = of_secrets || is_list && is_secret;
    let mut changed = is_secret && take_values(value);
    if let Json::Object(members) = value {
        for (key, member) in members {
            let items = key == "items" && in_items;
            if key == LAST_APPLIED
                && let Json::Str(text) = member
            {
                changed |= unread(text);
            }
            changed |= walk(member, items, texts);
        }
    }
    changed
}

/// Replaces what is in `data` and `stringData`, and its copies in annotations.
fn take_values(secret: &mut Json<'_>) -> bool {
    let mut values = Vec::new();
    let mut changed = false;
    for (member, encoded) in [("data", true), ("stringData", false)] {
        let Some(member) = secret.get_mut(member) else {
            continue;
        };
        changed = true;
        if let Json::Object(keys) = member {
            for (_, value) in keys {
                *value = Json::Str(Cow::Owned(placeholder(value, encoded, &mut values)));
            }
        } else if !matches!(member, Json::Null) {
            *member = Json::Str(Cow::Borrowed("[redacted:secret]"));
        }
    }
    values.sort_by_key(|value: &String| std::cmp::Reverse(value.len()));
    let annotations = secret
        .get_mut("metadata")
        .and_then(|it| it.get_mut("annotations"));
    if let Some(Json::Object(annotations)) = annotations {
        for (key, annotation) in annotations {
            let Json::Str(text) = annotation else {
                continue;
            };
            // JSON is redacted by what it says, so that its keys and types stay.
            if key == LAST_APPLIED && parse(text).is_some() {
                continue;
            }
            for value in &values {
                if text.contains(value.as_str()) {
                    *text = Cow::Owned(text.replace(value.as_str(), "[redacted:secret]"));
                }
            }
        }
    }
    changed
}

/// What stands in place of a value. The value itself, as it was and decoded, goes to `values`.
fn placeholder(value: &Json<'_>, encoded: bool, values: &mut Vec<String>) -> String {
    let Json::Str(text) = value else {
        return "[redacted:secret]".to_owned();
    };
    let decoded = encoded
        .then(|| STANDARD.decode(text.as_bytes()).ok())
        .flatten();
    let size = decoded.as_ref().map_or(text.len(), Vec::len);
    let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
    let copies = [Some(text.clone().into_owned()), decoded];
    values.extend(
        copies
            .into_iter()
            .flatten()
            .filter(|it| it.len() >= MIN_VALUE),
    );
    format!("[redacted:secret {size} bytes]")
}

fn may_be_json(text: &str) -> bool {
    text.trim_start().starts_with(['{', '[']) && names_secrets(text)
}

/// Any spelling of the kind, its letters perhaps escaped.
fn names_secrets(text: &str) -> bool {
    text.contains("\\u") || text.to_ascii_lowercase().contains("secret")
}

fn parse(text: &str) -> Option<Json<'_>> {
    serde_json::from_str(text).ok()
}

/// The text without the values of the secrets that it holds as JSON; `None` where it holds none.
fn redacted_text(text: &str, texts: usize) -> Option<String> {
    if !may_be_json(text) {
        return None;
    }
    if texts == 0 {
        return Some("[redacted:nested]".to_owned());
    }
    let mut inside = parse(text)?;
    if !walk(&mut inside, false, texts - 1) {
        return None;
    }
    let mut out = Vec::with_capacity(text.len());
    compact(&mut out, &inside);
    if text.ends_with('\n') {
        out.push(b'\n');
    }
    String::from_utf8(out).ok()
}

/// Replaces what was applied where it cannot be read and could be a secret.
fn unread(text: &mut Cow<'_, str>) -> bool {
    let hides = names_secrets(text) && parse(text).is_none();
    if hides {
        *text = Cow::Borrowed("[redacted:last-applied]");
    }
    hides
}

#[cfg(test)]
mod tests;
