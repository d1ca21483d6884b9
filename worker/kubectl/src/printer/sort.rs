//! `--sort-by` (kubectl `cmd/get/sorter.go`): what is compared and how, and Go's own sort, so that
//! equal keys come out in kubectl's order.

mod go;

pub use self::go::{sort, sorted};

use super::jsonpath::{EvalError, NotRelaxed, ParseError, Template, Value, relaxed};
use super::quantity::Quantity;
use super::text::Quoted;
use crate::json::Json;

/// The path to sort by.
#[derive(Debug, Clone)]
pub struct SortField {
    /// As kubectl names it in its errors.
    text: String,
    template: Template,
}

/// Why nothing is sorted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SortError {
    /// The path has braces inside.
    #[error(transparent)]
    NotRelaxed(#[from] NotRelaxed),
    /// The path is none.
    #[error(transparent)]
    Parse(#[from] ParseError),
    /// The path does not fit an object.
    #[error(transparent)]
    Eval(#[from] EvalError),
    /// No object has it.
    #[error("couldn't find any field with path {} in the list of objects", Quoted(.0))]
    NotFound(String),
    /// Values that have no order. kubectl ends here with a line of its log.
    #[error("Field {field} is an unsortable type: {kind}")]
    Unsortable {
        /// The path.
        field: String,
        /// Go's name of the type, or that there are several.
        kind: &'static str,
    },
}

/// What an object is sorted by.
#[derive(Debug, Clone)]
pub enum Key {
    /// It has no such field: it comes first.
    Missing,
    /// It comes before all other values.
    Null,
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// A string, and the quantity that it could be.
    Text(String, Option<Quantity>),
    /// Something without an order, by Go's name of its type.
    Other(&'static str),
}

impl SortField {
    /// Reads a path in any of its relaxed forms.
    ///
    /// # Errors
    /// [`SortError::NotRelaxed`], [`SortError::Parse`].
    pub fn new(path: &str) -> Result<Self, SortError> {
        Ok(Self::parse(relaxed(path)?)?)
    }

    /// Reads a path, or the template as it is where it is none: kubectl does so for tables.
    ///
    /// # Errors
    /// [`ParseError`].
    pub fn lenient(path: &str) -> Result<Self, ParseError> {
        Self::parse(relaxed(path).unwrap_or_else(|_| path.to_owned()))
    }

    fn parse(text: String) -> Result<Self, ParseError> {
        let template = Template::parse(&text)?;
        Ok(Self { text, template })
    }

    /// The path, read.
    #[must_use]
    pub fn template(&self) -> &Template {
        &self.template
    }

    /// What the object is sorted by: the first value that is found.
    ///
    /// # Errors
    /// [`SortError::Eval`].
    pub fn key<'j>(&'j self, object: &'j Json<'j>) -> Result<Key, SortError> {
        let found = self.template.find(object, true)?;
        Ok(match found.first().and_then(|it| it.first()).copied() {
            None => Key::Missing,
            Some(Value::Json(Json::Null) | Value::Invalid) => Key::Null,
            Some(Value::Int(number) | Value::Json(&Json::Int(number))) => Key::Int(number),
            Some(Value::Float(number) | Value::Json(&Json::Float(number))) => Key::Float(number),
            Some(Value::Byte(byte)) => Key::Int(i64::from(byte)),
            Some(Value::Json(Json::Str(text))) => {
                Key::Text(text.clone().into_owned(), text.parse().ok())
            }
            Some(Value::Text(text)) => Key::Text(text.to_owned(), None),
            Some(Value::Bool(_) | Value::Json(Json::Bool(_))) => Key::Other("bool"),
            Some(Value::Json(Json::Array(_))) => Key::Other("[]interface {}"),
            Some(Value::Json(Json::Object(_))) => Key::Other("map[string]interface {}"),
        })
    }

    /// The places of the objects in order.
    ///
    /// # Errors
    /// [`SortError::NotFound`] where all keys are missing, [`SortError::Unsortable`].
    pub fn order(&self, keys: &[Key]) -> Result<Vec<usize>, SortError> {
        if keys.iter().all(|key| matches!(key, Key::Missing)) {
            return Err(SortError::NotFound(self.text.clone()));
        }
        sort(keys, less).map_err(|kind| SortError::Unsortable {
            field: self.text.clone(),
            kind,
        })
    }
}

/// Whether one key comes before another; two missing ones come before each other.
fn less(one: &Key, two: &Key) -> Result<bool, &'static str> {
    Ok(match (one, two) {
        (Key::Missing, _) => true,
        (_, Key::Missing) => false,
        (Key::Null, two) => !matches!(two, Key::Null),
        (_, Key::Null) => false,
        (Key::Other(kind), _) => return Err(kind),
        (Key::Int(one), Key::Int(two)) => one < two,
        (Key::Float(one), Key::Float(two)) => one < two,
        (Key::Text(_, Some(one)), Key::Text(_, Some(two))) => one < two,
        (Key::Text(one, _), Key::Text(two, _)) => one < two,
        _ => return Err("interface"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(path: &str, objects: &[&str]) -> Result<Vec<usize>, SortError> {
        let field = SortField::new(path)?;
        let objects: Vec<Json<'_>> = objects
            .iter()
            .map(|it| serde_json::from_str(it).unwrap())
            .collect();
        let keys: Vec<Key> = objects.iter().map(|it| field.key(it).unwrap()).collect();
        field.order(&keys)
    }

    #[test]
    fn quantities_are_compared_by_what_they_are_worth() {
        let objects = [
            r#"{"a":"2Gi"}"#,
            r#"{"a":"500Mi"}"#,
            r#"{"a":"1.5k"}"#,
            "{}",
        ];
        assert_eq!(sorted("a", &objects), Ok(vec![3, 2, 1, 0]));
        let objects = [r#"{"a":"b10"}"#, r#"{"a":"b9"}"#, r#"{"a":null}"#];
        assert_eq!(sorted(".a", &objects), Ok(vec![2, 0, 1]));
    }

    #[test]
    fn what_has_no_order_is_an_error() {
        let unsortable = |kind| {
            Err(SortError::Unsortable {
                field: "{.a}".to_owned(),
                kind,
            })
        };
        let bools = [r#"{"a":true}"#, r#"{"a":false}"#];
        assert_eq!(sorted("a", &bools), unsortable("bool"));
        assert_eq!(
            sorted("a", &[r#"{"a":1}"#, r#"{"a":"1"}"#]),
            unsortable("interface")
        );
        assert_eq!(
            sorted("a", &["{}"]).unwrap_err().to_string(),
            r#"couldn't find any field with path "{.a}" in the list of objects"#
        );
        assert!(matches!(
            sorted("{.a}{.b}", &[]),
            Err(SortError::NotRelaxed(_))
        ));
    }
}
