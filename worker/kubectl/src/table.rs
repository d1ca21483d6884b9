//! `meta.k8s.io/v1 Table`: rows and columns made by the API server, read without copying.

use std::borrow::Cow;
use std::fmt;

use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{Deserializer, Error, MapAccess, SeqAccess, Visitor};

use crate::json::Json;
use crate::printer::number::general_float;

/// The text of a cell; `None` for `null`.
pub type Cell<'a> = Option<Cow<'a, str>>;

/// A page of a table.
#[derive(Debug, Deserialize)]
#[serde(bound(deserialize = "R: Deserialize<'de>"))]
pub struct Table<'a, R = Row<'a>> {
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default, rename = "apiVersion")]
    api_version: Cow<'a, str>,
    #[serde(borrow, default)]
    metadata: ListMeta<'a>,
    /// The server's columns.
    #[serde(
        borrow,
        default,
        rename = "columnDefinitions",
        deserialize_with = "or_empty"
    )]
    pub columns: Vec<Column<'a>>,
    /// One row an object.
    #[serde(default = "Vec::new", deserialize_with = "or_empty")]
    pub rows: Vec<R>,
}

impl Table<'static> {
    /// A table that is made here.
    #[must_use]
    pub fn new(columns: Vec<Column<'static>>, rows: Vec<Row<'static>>) -> Self {
        Self {
            kind: "Table".into(),
            api_version: "meta.k8s.io/v1".into(),
            metadata: ListMeta::default(),
            columns,
            rows,
        }
    }
}

impl<R> Table<'_, R> {
    /// It is one: a server that makes no tables sends the objects instead.
    #[must_use]
    pub fn is_table(&self) -> bool {
        self.kind == "Table"
            && matches!(
                self.api_version.as_ref(),
                "meta.k8s.io/v1" | "meta.k8s.io/v1beta1"
            )
    }

    /// The token that the next page is asked for with.
    #[must_use]
    pub fn next_page(&self) -> Option<String> {
        self.metadata.next_page()
    }
}

/// The metadata of a list.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ListMeta<'a> {
    #[serde(borrow, default, rename = "continue")]
    token: Cow<'a, str>,
}

impl ListMeta<'_> {
    pub(crate) fn next_page(&self) -> Option<String> {
        (!self.token.is_empty()).then(|| self.token.clone().into_owned())
    }
}

/// What a column is.
#[derive(Debug, Clone, Default, Deserialize)]
pub struct Column<'a> {
    /// Its title.
    #[serde(borrow)]
    pub name: Cow<'a, str>,
    #[serde(borrow, default, rename = "type")]
    kind: Cow<'a, str>,
    #[serde(borrow, default)]
    format: Cow<'a, str>,
    #[serde(borrow, default)]
    description: Cow<'a, str>,
    /// 0 for columns that are always shown.
    #[serde(default)]
    pub priority: i32,
}

impl<'a> Column<'a> {
    /// A column of text that this crate adds.
    #[must_use]
    pub fn text(name: impl Into<Cow<'a, str>>) -> Self {
        Self {
            name: name.into(),
            kind: "string".into(),
            ..Self::default()
        }
    }

    /// A column of names that this crate adds.
    #[must_use]
    pub fn named(name: impl Into<Cow<'a, str>>) -> Self {
        Self {
            format: "name".into(),
            ..Self::text(name)
        }
    }

    /// It holds the object's name.
    #[must_use]
    pub fn is_name(&self) -> bool {
        self.format == "name" && self.kind == "string"
    }

    /// All parts are equal.
    #[must_use]
    pub fn same(&self, other: &Column<'_>) -> bool {
        self.name == other.name
            && self.kind == other.kind
            && self.format == other.format
            && self.description == other.description
            && self.priority == other.priority
    }

    /// A copy that borrows nothing.
    #[must_use]
    pub fn to_static(&self) -> Column<'static> {
        let own = |text: &Cow<'_, str>| Cow::Owned(text.clone().into_owned());
        Column {
            name: own(&self.name),
            kind: own(&self.kind),
            format: own(&self.format),
            description: own(&self.description),
            priority: self.priority,
        }
    }
}

/// One object's row.
#[derive(Debug, Deserialize)]
pub struct Row<'a> {
    /// In the order of the columns.
    #[serde(borrow, default, deserialize_with = "cells")]
    pub cells: Vec<Cell<'a>>,
    /// Absent where it was not asked for.
    #[serde(borrow, default, rename = "object", deserialize_with = "metadata")]
    pub metadata: Option<Metadata<'a>>,
}

/// One object's row with what was sent of the object.
#[derive(Debug, Deserialize)]
pub struct ObjectRow<'a> {
    #[serde(borrow, default, deserialize_with = "cells")]
    cells: Vec<Cell<'a>>,
    /// The object, or its metadata alone.
    #[serde(borrow, default)]
    pub object: Option<Json<'a>>,
}

impl ObjectRow<'_> {
    /// The row without the object, borrowing nothing.
    #[must_use]
    pub fn into_row(self) -> Row<'static> {
        let own = |cell: Cell<'_>| cell.map(|text| Cow::Owned(text.into_owned()));
        Row {
            cells: self.cells.into_iter().map(own).collect(),
            metadata: self.object.as_ref().map(Metadata::of),
        }
    }
}

/// The part of an object's metadata that tables can show.
#[derive(Debug, Default, Deserialize)]
pub struct Metadata<'a> {
    /// Empty for objects outside of namespaces.
    #[serde(borrow, default)]
    pub namespace: Cow<'a, str>,
    #[serde(borrow, default)]
    labels: Option<Json<'a>>,
}

impl Metadata<'static> {
    /// That of an object.
    #[must_use]
    pub fn of(object: &Json<'_>) -> Self {
        let labels = object.get("metadata").and_then(|it| it.get("labels"));
        Self {
            labels: labels.cloned().map(Json::into_static),
            ..Self::place_of(object)
        }
    }

    /// That of an object, without its labels.
    #[must_use]
    pub fn place_of(object: &Json<'_>) -> Self {
        let metadata = object.get("metadata");
        let namespace = metadata.and_then(|it| it.text("namespace"));
        Self {
            namespace: namespace.unwrap_or_default().to_owned().into(),
            labels: None,
        }
    }
}

impl Metadata<'_> {
    /// The value of a label.
    #[must_use]
    pub fn label(&self, key: &str) -> Option<&str> {
        self.labels.as_ref()?.text(key)
    }

    /// All labels, sorted, or `<none>`.
    #[must_use]
    pub fn all_labels(&self) -> String {
        let Some(Json::Object(labels)) = &self.labels else {
            return "<none>".to_owned();
        };
        let mut pairs: Vec<String> = labels
            .iter()
            .filter_map(|(key, value)| match value {
                Json::Str(value) => Some(format!("{key}={value}")),
                _ => None,
            })
            .collect();
        // By the whole pair, which is not the order of the keys: `a-b=` comes before `a=`.
        pairs.sort();
        if pairs.is_empty() {
            "<none>".to_owned()
        } else {
            pairs.join(",")
        }
    }
}

fn metadata<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<Metadata<'de>>, D::Error> {
    #[derive(Deserialize)]
    struct Object<'a> {
        #[serde(borrow, default)]
        metadata: Metadata<'a>,
    }
    Ok(Option::<Object<'de>>::deserialize(deserializer)?.map(|object| object.metadata))
}

/// Go writes a list that was never made as null.
fn or_empty<'de, D: Deserializer<'de>, T: Deserialize<'de>>(
    deserializer: D,
) -> Result<Vec<T>, D::Error> {
    Ok(Option::deserialize(deserializer)?.unwrap_or_default())
}

fn cells<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Cell<'de>>, D::Error> {
    struct Cells;
    impl<'de> Visitor<'de> for Cells {
        type Value = Vec<Cell<'de>>;
        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            f.write_str("a list of cells")
        }
        fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
            Ok(Vec::new())
        }
        fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
            // Room for a namespace and labels, so that adding them moves nothing.
            let mut cells = Vec::with_capacity(12);
            while let Some(CellText(cell)) = seq.next_element()? {
                cells.push(cell);
            }
            Ok(cells)
        }
    }
    deserializer.deserialize_any(Cells)
}

struct CellText<'a>(Cell<'a>);

impl<'de: 'a, 'a> Deserialize<'de> for CellText<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct CellVisitor;
        impl<'de> Visitor<'de> for CellVisitor {
            type Value = CellText<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a cell")
            }
            fn visit_borrowed_str<E: Error>(self, text: &'de str) -> Result<Self::Value, E> {
                Ok(CellText(Some(Cow::Borrowed(text))))
            }
            fn visit_str<E: Error>(self, text: &str) -> Result<Self::Value, E> {
                Ok(CellText(Some(Cow::Owned(text.to_owned()))))
            }
            fn visit_unit<E: Error>(self) -> Result<Self::Value, E> {
                Ok(CellText(None))
            }
            fn visit_bool<E: Error>(self, value: bool) -> Result<Self::Value, E> {
                Ok(CellText(Some(go_text(&Json::Bool(value)).into())))
            }
            fn visit_i64<E: Error>(self, value: i64) -> Result<Self::Value, E> {
                Ok(CellText(Some(value.to_string().into())))
            }
            #[expect(clippy::cast_precision_loss, reason = "as kubectl reads it")]
            fn visit_u64<E: Error>(self, value: u64) -> Result<Self::Value, E> {
                let text = i64::try_from(value)
                    .map_or_else(|_| general_float(value as f64), |value| value.to_string());
                Ok(CellText(Some(text.into())))
            }
            fn visit_f64<E: Error>(self, value: f64) -> Result<Self::Value, E> {
                Ok(CellText(Some(general_float(value).into())))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<Self::Value, A::Error> {
                let value = Json::deserialize(SeqAccessDeserializer::new(seq))?;
                Ok(CellText(Some(go_text(&value).into())))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let value = Json::deserialize(MapAccessDeserializer::new(map))?;
                Ok(CellText(Some(go_text(&value).into())))
            }
        }
        deserializer.deserialize_any(CellVisitor)
    }
}

/// A value as Go's `%v` prints it.
#[must_use]
pub fn go_text(value: &Json<'_>) -> String {
    match value {
        Json::Null => "<nil>".to_owned(),
        Json::Bool(value) => value.to_string(),
        Json::Int(value) => value.to_string(),
        Json::Float(value) => general_float(*value),
        Json::Str(text) => text.clone().into_owned(),
        Json::Array(items) => {
            format!(
                "[{}]",
                items.iter().map(go_text).collect::<Vec<_>>().join(" ")
            )
        }
        Json::Object(members) => {
            let members = members
                .iter()
                .map(|(key, value)| format!("{key}:{}", go_text(value)));
            format!("map[{}]", members.collect::<Vec<_>>().join(" "))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_are_the_text_that_go_prints() {
        let table: Table<'_> = serde_json::from_str(
            r#"{"kind":"Table","apiVersion":"meta.k8s.io/v1","metadata":{"continue":"t"},
            "columnDefinitions":[{"name":"Name","type":"string","format":"name","priority":0}],
            "rows":[{"cells":["a",1,-2,1.5,1e20,true,null,["x",1],{"k":"v","a":null}],
            "object":{"metadata":{"namespace":"n","labels":{"a":"1","a-b":"2"}}}},
            {"cells":null,"object":null}]}"#,
        )
        .unwrap();
        assert!(table.is_table());
        assert_eq!(table.next_page().as_deref(), Some("t"));
        let texts: Vec<_> = table.rows[0]
            .cells
            .iter()
            .map(|it| it.as_deref().unwrap_or("-"))
            .collect();
        assert_eq!(
            texts,
            [
                "a",
                "1",
                "-2",
                "1.5",
                "1e+20",
                "true",
                "-",
                "[x 1]",
                "map[a:<nil> k:v]"
            ]
        );
        let metadata = table.rows[0].metadata.as_ref().unwrap();
        assert_eq!(metadata.namespace, "n");
        assert_eq!(metadata.all_labels(), "a-b=2,a=1");
        assert!(table.rows[1].metadata.is_none());
    }

    #[test]
    fn an_object_is_no_table() {
        let table: Table<'_> =
            serde_json::from_str(r#"{"kind":"PodList","apiVersion":"v1","items":[]}"#).unwrap();
        assert!(!table.is_table());
    }
}
