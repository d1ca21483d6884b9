//! What a type stub says of a schema, whatever the language.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Model;

/// A named type.
pub(super) struct Stub {
    pub(super) says: String,
    pub(super) shape: Shape,
}

/// What a named type is.
pub(super) enum Shape {
    /// An object.
    Fields(Vec<Field>),
    /// One of several objects, each with a name of its own; which one, a constant field says.
    Variants(Vec<(String, Vec<Field>)>),
    /// Anything else.
    Alias(Type),
}

/// A field of an object.
#[derive(Clone)]
pub(super) struct Field {
    pub(super) name: String,
    pub(super) says: String,
    pub(super) is_required: bool,
    pub(super) holds: Type,
}

/// What a value may be.
#[derive(Clone)]
pub(super) enum Type {
    Named(String),
    Text,
    Integer,
    Number,
    Boolean,
    Null,
    /// Exactly this text.
    Exactly(String),
    List(Box<Type>),
    /// An object with any keys.
    Map(Box<Type>),
    Any,
    OneOf(Vec<Type>),
}

/// Every named type of the models, by name; definitions that several models share stand there once.
pub(super) fn collect(models: &[Model]) -> BTreeMap<String, Stub> {
    let mut stubs = BTreeMap::new();
    for model in models {
        stubs.insert(
            model.name.to_owned(),
            stub(model.name, &model.schema, &model.schema),
        );
        for (name, schema) in entries(&model.schema, "$defs") {
            stubs
                .entry(name.clone())
                .or_insert_with(|| stub(name, schema, &model.schema));
        }
    }
    stubs
}

/// `root` holds the definitions that a variant may be flattened from.
fn stub(name: &str, schema: &Value, root: &Value) -> Stub {
    let own = fields(schema);
    let variants: Vec<_> = list(schema, "oneOf")
        .iter()
        .filter(|variant| variant.get("properties").is_some())
        .map(|variant| {
            let flattened = variant
                .get("$ref")
                .and_then(Value::as_str)
                .and_then(|path| root.pointer(path.trim_start_matches('#')));
            let parts = flattened.into_iter().chain([variant]).flat_map(fields);
            let fields: Vec<_> = own.iter().cloned().chain(parts).collect();
            (format!("{name}{}", tag(&fields)), fields)
        })
        .collect();
    let shape = if !variants.is_empty() {
        Shape::Variants(variants)
    } else if schema.get("properties").is_some() {
        Shape::Fields(own)
    } else {
        Shape::Alias(holds(schema))
    };
    Stub {
        says: text(schema, "description"),
        shape,
    }
}

/// The constant by which a variant is known, in the spelling of a type's name.
fn tag(fields: &[Field]) -> String {
    let constant = fields.iter().find_map(|field| match &field.holds {
        Type::Exactly(text) => Some(text.as_str()),
        _ => None,
    });
    let words = constant.unwrap_or_default().split('_');
    let capital = |word: &str| {
        let (first, rest) = word.split_at_checked(1).unwrap_or((word, ""));
        first.to_uppercase() + rest
    };
    words.map(capital).collect()
}

fn fields(schema: &Value) -> Vec<Field> {
    let required: Vec<_> = list(schema, "required")
        .iter()
        .filter_map(Value::as_str)
        .collect();
    let field = |(name, schema): (&String, &Value)| Field {
        name: name.clone(),
        says: text(schema, "description"),
        is_required: required.contains(&name.as_str()),
        holds: holds(schema),
    };
    entries(schema, "properties").map(field).collect()
}

fn holds(schema: &Value) -> Type {
    if let Some(name) = schema.get("$ref").and_then(Value::as_str) {
        return Type::Named(name.rsplit('/').next().unwrap_or(name).to_owned());
    }
    if let Some(text) = schema.get("const").and_then(Value::as_str) {
        return Type::Exactly(text.to_owned());
    }
    for several in ["enum", "oneOf", "anyOf"] {
        let options = list(schema, several);
        if !options.is_empty() {
            let options = options.iter().map(|option| match option {
                Value::String(text) => Type::Exactly(text.clone()),
                Value::Null => Type::Null,
                schema => holds(schema),
            });
            return Type::OneOf(options.collect());
        }
    }
    match schema.get("type") {
        Some(Value::String(kind)) => of_kind(kind, schema),
        Some(Value::Array(kinds)) => {
            let kinds = kinds.iter().filter_map(Value::as_str);
            Type::OneOf(kinds.map(|kind| of_kind(kind, schema)).collect())
        }
        _ => Type::Any,
    }
}

fn of_kind(kind: &str, schema: &Value) -> Type {
    let inner = |key| Box::new(schema.get(key).map_or(Type::Any, holds));
    match kind {
        "string" => Type::Text,
        "integer" => Type::Integer,
        "number" => Type::Number,
        "boolean" => Type::Boolean,
        "null" => Type::Null,
        "array" => Type::List(inner("items")),
        "object" => Type::Map(inner("additionalProperties")),
        _ => Type::Any,
    }
}

fn list<'a>(schema: &'a Value, key: &str) -> &'a [Value] {
    schema
        .get(key)
        .and_then(Value::as_array)
        .map_or(&[], Vec::as_slice)
}

fn entries<'a>(schema: &'a Value, key: &str) -> impl Iterator<Item = (&'a String, &'a Value)> {
    schema
        .get(key)
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
}

fn text(schema: &Value, key: &str) -> String {
    schema
        .get(key)
        .and_then(Value::as_str)
        .unwrap_or_default()
        .to_owned()
}
