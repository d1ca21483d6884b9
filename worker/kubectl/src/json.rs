//! A JSON document as kubectl's unstructured objects hold it: integers and floats apart, keys
//! sorted bytewise, strings borrowed from the response where they have no escapes.
//!
//! It is smaller and quicker to build than `serde_json::Value`, and its key order does not depend
//! on another crate's feature flags.

pub mod syntax;

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, Error, MapAccess, SeqAccess, Visitor};

/// One JSON value.
#[derive(Debug, Clone, PartialEq)]
pub enum Json<'a> {
    /// `null`
    Null,
    /// `true` or `false`
    Bool(bool),
    /// A number that reads as a signed 64-bit integer.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A string.
    Str(Cow<'a, str>),
    /// A list.
    Array(Vec<Json<'a>>),
    /// An object: its keys are sorted bytewise and unique; of a repeated key the last one counts.
    Object(Vec<(Cow<'a, str>, Json<'a>)>),
}

impl<'a> Json<'a> {
    /// The member of an object.
    #[must_use]
    pub fn get(&self, key: &str) -> Option<&Json<'a>> {
        match self {
            Self::Object(members) => {
                let at = members
                    .binary_search_by(|(name, _)| name.as_ref().cmp(key))
                    .ok()?;
                members.get(at).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The member of an object, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Json<'a>> {
        match self {
            Self::Object(members) => {
                let at = members
                    .binary_search_by(|(name, _)| name.as_ref().cmp(key))
                    .ok()?;
                members.get_mut(at).map(|(_, value)| value)
            }
            _ => None,
        }
    }

    /// The same, borrowing nothing.
    #[must_use]
    pub fn into_static(self) -> Json<'static> {
        match self {
            Self::Null => Json::Null,
            Self::Bool(value) => Json::Bool(value),
            Self::Int(number) => Json::Int(number),
            Self::Float(number) => Json::Float(number),
            Self::Str(text) => Json::Str(Cow::Owned(text.into_owned())),
            Self::Array(items) => Json::Array(items.into_iter().map(Json::into_static).collect()),
            Self::Object(members) => Json::Object(
                members
                    .into_iter()
                    .map(|(key, value)| (Cow::Owned(key.into_owned()), value.into_static()))
                    .collect(),
            ),
        }
    }

    /// The member of an object that is a string.
    #[must_use]
    pub fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Self::Str(text) => Some(text),
            _ => None,
        }
    }

    /// Sets a member of an object; does nothing to any other value.
    pub fn set(&mut self, key: &'static str, value: Json<'a>) {
        if let Self::Object(members) = self {
            match members.binary_search_by(|(name, _)| name.as_ref().cmp(key)) {
                Ok(at) => {
                    if let Some(member) = members.get_mut(at) {
                        member.1 = value;
                    }
                }
                Err(at) => members.insert(at, (Cow::Borrowed(key), value)),
            }
        }
    }

    /// Removes `path` (outer key first) from nested objects, where it is there.
    pub fn remove(&mut self, path: &[&str]) {
        let (Self::Object(members), Some((first, rest))) = (self, path.split_first()) else {
            return;
        };
        let Ok(at) = members.binary_search_by(|(name, _)| name.as_ref().cmp(first)) else {
            return;
        };
        if rest.is_empty() {
            members.remove(at);
        } else if let Some((_, value)) = members.get_mut(at) {
            value.remove(rest);
        }
    }
}

/// A value whose objects have their members as the text has them: repeated keys stay, and none
/// can be looked up. For what is printed in the order of the API.
#[derive(Debug, Clone, PartialEq)]
pub struct InOrder<'a>(pub Json<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for Json<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(JsonVisitor(PhantomData::<Json<'de>>))
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for InOrder<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let visitor = JsonVisitor(PhantomData::<InOrder<'de>>);
        deserializer.deserialize_any(visitor).map(Self)
    }
}

impl<'a> From<InOrder<'a>> for Json<'a> {
    fn from(InOrder(json): InOrder<'a>) -> Self {
        json
    }
}

/// What the values within a value are read as.
trait Nested<'de>: Deserialize<'de> + Into<Json<'de>> {
    const SORTED: bool;
}

impl<'de> Nested<'de> for Json<'de> {
    const SORTED: bool = true;
}

impl<'de> Nested<'de> for InOrder<'de> {
    const SORTED: bool = false;
}

/// A string that borrows where it can; serde's own `Cow` never does.
pub(crate) struct Text<'a>(pub(crate) Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a string")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Borrowed(text)))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(Text(Cow::Owned(text.to_owned())))
            }
        }
        deserializer.deserialize_str(TextVisitor)
    }
}

struct JsonVisitor<T>(PhantomData<T>);

impl<'de, T: Nested<'de>> Visitor<'de> for JsonVisitor<T> {
    type Value = Json<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
        Ok(Json::Null)
    }

    fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Json::Bool(value))
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Json::Int(value))
    }

    #[expect(
        clippy::cast_precision_loss,
        reason = "kubectl reads numbers above i64 as floats"
    )]
    fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
        Ok(i64::try_from(value).map_or(Json::Float(value as f64), Json::Int))
    }

    fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Json::Float(value))
    }

    fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Json::Str(Cow::Borrowed(text)))
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Json::Str(Cow::Owned(text.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element::<T>()? {
            items.push(item.into());
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut members: Vec<(Cow<'de, str>, Json<'de>)> = Vec::new();
        let mut sorted = true;
        while let Some((Text(key), value)) = map.next_entry::<_, T>()? {
            sorted = sorted && members.last().is_none_or(|(last, _)| *last < key);
            members.push((key, value.into()));
        }
        if T::SORTED && !sorted {
            members.sort_by(|(a, _), (b, _)| a.cmp(b));
            // `dedup_by` drops the later of two equals, so the value moves to the one that stays.
            members.dedup_by(|later, earlier| {
                let same = later.0 == earlier.0;
                if same {
                    std::mem::swap(&mut later.1, &mut earlier.1);
                }
                same
            });
        }
        Ok(Json::Object(members))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Json<'_> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn keys_are_sorted_and_the_last_of_equals_wins() {
        let json = parse(r#"{"b":1,"a":2,"b":3}"#);
        assert_eq!(
            json,
            Json::Object(vec![("a".into(), Json::Int(2)), ("b".into(), Json::Int(3))])
        );
    }

    #[test]
    fn numbers_keep_integers_and_floats_apart() {
        assert_eq!(parse("-5"), Json::Int(-5));
        assert_eq!(parse("1.0"), Json::Float(1.0));
        assert_eq!(
            parse("18446744073709551615"),
            Json::Float(18_446_744_073_709_551_615.0)
        );
    }

    #[test]
    fn in_order_keeps_the_members_of_all_levels_as_they_are() {
        let InOrder(json) = serde_json::from_str(r#"{"b":[{"z":1,"a":2}],"a":{}}"#).unwrap();
        let object = |members: Vec<(&'static str, Json<'static>)>| {
            Json::Object(
                members
                    .into_iter()
                    .map(|(key, it)| (key.into(), it))
                    .collect(),
            )
        };
        let inner = object(vec![("z", Json::Int(1)), ("a", Json::Int(2))]);
        let expected = object(vec![("b", Json::Array(vec![inner])), ("a", object(vec![]))]);
        assert_eq!(json, expected);
    }

    #[test]
    fn a_nested_member_can_be_removed() {
        let mut json = parse(r#"{"metadata":{"name":"x","managedFields":[]}}"#);
        json.remove(&["metadata", "managedFields"]);
        assert_eq!(json, parse(r#"{"metadata":{"name":"x"}}"#));
        json.remove(&["spec", "nothing"]);
        assert_eq!(json.get("metadata").unwrap().text("name"), Some("x"));
    }
}
