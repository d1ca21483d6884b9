//! A page of objects, read one object at a time: none of them is in memory before the one in front
//! of it is done with.

use std::borrow::Cow;

use serde::Deserialize;
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor,
};

use crate::json::{Json, Text};
use crate::redact::redact;
use crate::table::ListMeta;

/// Why a page was not read to its end.
#[derive(Debug)]
pub(super) enum PageError<E> {
    /// It is no list in JSON.
    Unreadable(serde_json::Error),
    /// An object was one too many.
    Stopped(E),
}

/// Reads a list and hands its objects on; answers the token of the next page. Objects of built-in
/// types do not say what they are, so they get that from their list.
pub(super) fn read<'de, E>(
    body: &'de [u8],
    secrets: bool,
    each: &mut impl FnMut(Json<'de>) -> Result<(), E>,
) -> Result<Option<String>, PageError<E>> {
    let mut stopped = None;
    let page = Page {
        secrets,
        each,
        stopped: &mut stopped,
    };
    let mut deserializer = serde_json::Deserializer::from_slice(body);
    let read = page
        .deserialize(&mut deserializer)
        .and_then(|next| deserializer.end().map(|()| next));
    match (stopped, read) {
        (Some(error), _) => Err(PageError::Stopped(error)),
        (None, Err(error)) => Err(PageError::Unreadable(error)),
        (None, Ok(next)) => Ok(next),
    }
}

/// Reads a list and adds its objects to `objects`.
pub(super) fn objects<'de>(
    body: &'de [u8],
    secrets: bool,
    objects: &mut Vec<Json<'de>>,
) -> Result<(), serde_json::Error> {
    let mut each = |object| {
        objects.push(object);
        Ok::<_, std::convert::Infallible>(())
    };
    match read(body, secrets, &mut each) {
        Ok(_) => Ok(()),
        Err(PageError::Unreadable(error)) => Err(error),
        Err(PageError::Stopped(never)) => match never {},
    }
}

/// The token of the page behind this one, without a look at its objects; none for what is no list.
pub(super) fn next(body: &[u8]) -> Option<String> {
    #[derive(Deserialize)]
    struct Head<'a> {
        #[serde(borrow, default)]
        metadata: ListMeta<'a>,
    }
    let head: Head<'_> = serde_json::from_slice(body).ok()?;
    head.metadata.next_page()
}

/// Whether a list has any object.
pub(super) fn has_items(body: &[u8]) -> bool {
    let mut each = |_| Err(());
    matches!(read(body, false, &mut each), Err(PageError::Stopped(())))
}

/// Reads one object by itself.
pub(super) fn object(body: &[u8], secret: bool) -> Result<Json<'_>, serde_json::Error> {
    let mut object = serde_json::from_slice(body)?;
    redact(&mut object, secret);
    Ok(object)
}

struct Page<'p, F, E> {
    secrets: bool,
    each: &'p mut F,
    stopped: &'p mut Option<E>,
}

/// What a list says of its objects.
#[derive(Default)]
struct Head<'a> {
    kind: Cow<'a, str>,
    api_version: Cow<'a, str>,
}

impl<F, E> Page<'_, F, E> {
    /// `false` once an object was refused.
    fn object<'de>(&mut self, mut object: Json<'de>, head: &Head<'_>) -> bool
    where
        F: FnMut(Json<'de>) -> Result<(), E>,
    {
        let untyped = |key| object.text(key).is_none_or(str::is_empty);
        if untyped("kind") && untyped("apiVersion") {
            let kind = head.kind.strip_suffix("List").unwrap_or(&head.kind);
            object.set("kind", Json::Str(Cow::Owned(kind.to_owned())));
            let version = head.api_version.clone().into_owned();
            object.set("apiVersion", Json::Str(Cow::Owned(version)));
        }
        redact(&mut object, self.secrets);
        match (self.each)(object) {
            Ok(()) => true,
            Err(error) => {
                *self.stopped = Some(error);
                false
            }
        }
    }
}

impl<'de, E, F: FnMut(Json<'de>) -> Result<(), E>> DeserializeSeed<'de> for Page<'_, F, E> {
    type Value = Option<String>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_map(self)
    }
}

impl<'de, E, F: FnMut(Json<'de>) -> Result<(), E>> Visitor<'de> for Page<'_, F, E> {
    type Value = Option<String>;

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut head: Option<Head<'de>> = None;
        let mut next = None;
        // Objects in front of what says what they are.
        let mut early: Vec<Json<'de>> = Vec::new();
        while let Some(Text(key)) = map.next_key()? {
            match key.as_ref() {
                "kind" => {
                    let Text(kind) = map.next_value()?;
                    head.get_or_insert_default().kind = kind;
                }
                "apiVersion" => {
                    let Text(version) = map.next_value()?;
                    head.get_or_insert_default().api_version = version;
                }
                "metadata" => {
                    let metadata: Option<ListMeta<'de>> = map.next_value()?;
                    next = metadata.and_then(|it| it.next_page());
                }
                "items" => match &head {
                    Some(head) if !head.kind.is_empty() && !head.api_version.is_empty() => {
                        map.next_value_seed(Items {
                            page: &mut self,
                            head,
                        })?;
                    }
                    _ => early = map.next_value::<Option<_>>()?.unwrap_or_default(),
                },
                _ => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        let head = head.unwrap_or_default();
        for object in early {
            if !self.object(object, &head) {
                break;
            }
        }
        Ok(next)
    }
}

struct Items<'i, 'p, 'h, F, E> {
    page: &'i mut Page<'p, F, E>,
    head: &'i Head<'h>,
}

impl<'de, E, F: FnMut(Json<'de>) -> Result<(), E>> DeserializeSeed<'de>
    for Items<'_, '_, '_, F, E>
{
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, E, F: FnMut(Json<'de>) -> Result<(), E>> Visitor<'de> for Items<'_, '_, '_, F, E> {
    type Value = ();

    fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("a list of objects")
    }

    fn visit_unit<Er: serde::de::Error>(self) -> Result<(), Er> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while let Some(object) = seq.next_element()? {
            if !self.page.object(object, self.head) {
                return Err(A::Error::custom("one object too many"));
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(body: &str) -> (Vec<String>, Option<String>) {
        let mut names = Vec::new();
        let mut each = |object: Json<'_>| {
            let kind = object.text("kind").unwrap_or_default();
            names.push(format!(
                "{kind}/{}",
                object.text("name").unwrap_or_default()
            ));
            Ok::<_, ()>(())
        };
        let next = read(body.as_bytes(), false, &mut each).unwrap();
        (names, next)
    }

    #[test]
    fn objects_take_their_kind_from_the_list_wherever_that_says_it() {
        for body in [
            r#"{"kind":"PodList","apiVersion":"v1","metadata":{"continue":"t"},"items":[{"name":"a"},{"kind":"X","name":"b"}]}"#,
            r#"{"items":[{"name":"a"},{"kind":"X","name":"b"}],"metadata":{"continue":"t"},"apiVersion":"v1","kind":"PodList"}"#,
        ] {
            let (names, next) = names(body);
            assert_eq!(names, ["Pod/a", "X/b"]);
            assert_eq!(next.as_deref(), Some("t"));
        }
        assert_eq!(
            names(r#"{"kind":"PodList","apiVersion":"v1","items":null}"#),
            (vec![], None)
        );
    }

    #[test]
    fn reading_stops_at_the_first_object_that_is_refused() {
        let body = br#"{"kind":"L","apiVersion":"v1","items":[{"n":1},{"n":2},{"n":3}"#;
        let mut seen = 0;
        let mut each = |_: Json<'_>| {
            seen += 1;
            if seen == 2 { Err("enough") } else { Ok(()) }
        };
        let stopped = read(body, false, &mut each);
        assert!(matches!(stopped, Err(PageError::Stopped("enough"))));
        assert_eq!(seen, 2);
        let mut each = |_: Json<'_>| Ok::<_, ()>(());
        assert!(matches!(
            read(body, false, &mut each),
            Err(PageError::Unreadable(_))
        ));
        assert!(matches!(
            read(b"[]", false, &mut each),
            Err(PageError::Unreadable(_))
        ));
    }
}
