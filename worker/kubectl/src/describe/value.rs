//! An object read by its fields. What is absent or null reads as Go's zero value: kubectl decodes the
//! built-in types into structs, where nothing is missing.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::json::Json;
use crate::printer::number::{general_float, json_float};
use crate::printer::quantity::Quantity;

/// A field of an object, which may not be there.
#[derive(Debug, Clone, Copy)]
pub(super) struct Value<'a>(Option<&'a Json<'a>>);

impl<'a> Value<'a> {
    /// A whole document.
    pub(super) fn of(json: &'a Json<'a>) -> Self {
        Self(Some(json))
    }

    /// A field that is not there.
    pub(super) fn none() -> Self {
        Self(None)
    }

    /// The member of this name.
    pub(super) fn get(self, key: &str) -> Self {
        Self(self.0.and_then(|json| json.get(key)))
    }

    /// The member below these names, which have no dots in themselves: `spec.strategy.type`.
    pub(super) fn at(self, path: &str) -> Self {
        path.split('.').fold(self, Self::get)
    }

    /// There and not null; a struct of Go's that has a pointer.
    pub(super) fn is_set(self) -> bool {
        !matches!(self.0, None | Some(Json::Null))
    }

    /// Absent, or nothing in it: `""`, `[]`, `{}`.
    pub(super) fn is_empty(self) -> bool {
        match self.0 {
            None | Some(Json::Null) => true,
            Some(Json::Str(text)) => text.is_empty(),
            Some(Json::Array(items)) => items.is_empty(),
            Some(Json::Object(members)) => members.is_empty(),
            Some(_) => false,
        }
    }

    /// A string, or nothing.
    pub(super) fn text(self) -> &'a str {
        match self.0 {
            Some(Json::Str(text)) => text,
            _ => "",
        }
    }

    /// A string; another where it is empty.
    pub(super) fn text_or(self, other: &'a str) -> &'a str {
        match self.text() {
            "" => other,
            text => text,
        }
    }

    /// A number, or 0.
    pub(super) fn int(self) -> i64 {
        match self.0 {
            Some(Json::Int(number)) => *number,
            _ => 0,
        }
    }

    /// A boolean, or false.
    pub(super) fn truth(self) -> bool {
        matches!(self.0, Some(Json::Bool(true)))
    }

    /// A point in time.
    pub(super) fn time(self) -> Option<DateTime<Utc>> {
        self.text().parse().ok()
    }

    /// An amount, or none. It may be written as a number.
    pub(super) fn quantity(self) -> Quantity {
        match self.0 {
            Some(Json::Int(number)) => number.to_string().parse().unwrap_or_default(),
            Some(Json::Float(number)) => json_float(*number).parse().unwrap_or_default(),
            _ => self.text().parse().unwrap_or_default(),
        }
    }

    /// An amount in its canonical form; another text where there is none.
    pub(super) fn amount_or(self, other: &str) -> String {
        if self.is_set() {
            self.quantity().to_string()
        } else {
            other.to_owned()
        }
    }

    /// The items of a list.
    pub(super) fn items(self) -> impl ExactSizeIterator<Item = Value<'a>> {
        let items = match self.0 {
            Some(Json::Array(items)) => items.as_slice(),
            _ => &[],
        };
        items.iter().map(Self::of)
    }

    /// The members of a map, sorted by name.
    pub(super) fn entries(self) -> impl ExactSizeIterator<Item = (&'a str, Value<'a>)> {
        let members = match self.0 {
            Some(Json::Object(members)) => members.as_slice(),
            _ => &[],
        };
        members
            .iter()
            .map(|(name, value)| (name.as_ref(), Self::of(value)))
    }

    /// The item of a list that has this name.
    pub(super) fn named(self, name: &str) -> Self {
        self.items()
            .find(|item| item.get("name").text() == name)
            .unwrap_or(Self(None))
    }

    /// The document below it, where it is there.
    pub(super) fn json(self) -> Option<&'a Json<'a>> {
        self.0
    }
}

/// As Go's `%v` prints it: `[a b]`, `map[k:v]`, and nothing where nothing is there, or null.
impl fmt::Display for Value<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            None | Some(Json::Null) => Ok(()),
            Some(json) => go(json, f),
        }
    }
}

fn go(json: &Json<'_>, f: &mut fmt::Formatter<'_>) -> fmt::Result {
    match json {
        Json::Null => f.write_str("<nil>"),
        Json::Bool(truth) => write!(f, "{truth}"),
        Json::Int(number) => write!(f, "{number}"),
        Json::Float(number) => f.write_str(&general_float(*number)),
        Json::Str(text) => f.write_str(text),
        Json::Array(items) => {
            f.write_str("[")?;
            for (at, item) in items.iter().enumerate() {
                f.write_str(if at == 0 { "" } else { " " })?;
                go(item, f)?;
            }
            f.write_str("]")
        }
        Json::Object(members) => {
            f.write_str("map[")?;
            for (at, (name, value)) in members.iter().enumerate() {
                write!(f, "{}{name}:", if at == 0 { "" } else { " " })?;
                go(value, f)?;
            }
            f.write_str("]")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_missing_reads_as_zero_and_the_rest_as_go_prints_it() {
        let json = serde_json::from_str(
            r#"{"a":{"b":[1,"x",null,{"k":true}]},"n":null,"e":"","f":1.5,"t":"2026-11-24T12:00:00Z"}"#,
        )
        .unwrap();
        let value = Value::of(&json);
        assert_eq!(value.at("a.b").to_string(), "[1 x <nil> map[k:true]]");
        assert_eq!(value.at("a.z.y").to_string(), "");
        assert_eq!(value.get("n").to_string(), "");
        assert_eq!(value.get("f").to_string(), "1.5");
        assert!(!value.get("n").is_set() && value.get("e").is_set());
        assert!(value.get("e").is_empty() && value.get("n").is_empty());
        assert_eq!(value.get("n").int(), 0);
        assert_eq!(value.get("e").text_or("<none>"), "<none>");
        assert_eq!(value.get("t").time().unwrap().timestamp(), 1_795_521_600);
        assert_eq!(value.get("n").time(), None);
    }

    #[test]
    fn an_amount_is_canonical_however_it_is_written() {
        let json = serde_json::from_str(r#"{"a":"1.5Gi","b":1000,"c":"0.1","d":0.5,"e":null}"#);
        let json = json.unwrap();
        let value = Value::of(&json);
        let amounts = ["a", "b", "c", "d", "e"].map(|key| value.get(key).amount_or("-"));
        assert_eq!(amounts, ["1536Mi", "1k", "100m", "500m", "-"]);
    }
}
