//! Type stubs for Python (PEP 484, PEP 655).

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::stub::{Field, Shape, Stub, Type};

const HEAD: &str = "\
# What travels between Kubently and its callers. Made from the JSON Schemas beside it.
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict
";

/// Every type; objects are typed dictionaries, as `json.loads` makes them.
pub(super) fn print(stubs: &BTreeMap<String, Stub>) -> String {
    let mut text = HEAD.to_owned();
    // Writing into a String cannot fail.
    let _ = stubs
        .iter()
        .try_for_each(|(name, one)| stub(&mut text, name, one));
    text
}

fn stub(text: &mut String, name: &str, stub: &Stub) -> fmt::Result {
    text.push('\n');
    match &stub.shape {
        Shape::Fields(fields) => class(text, name, &stub.says, fields),
        Shape::Variants(variants) => {
            for (name, fields) in variants {
                class(text, name, "", fields)?;
                text.push('\n');
            }
            comment(text, "", &stub.says)?;
            let names: Vec<_> = variants.iter().map(|(name, _)| name.as_str()).collect();
            writeln!(text, "{name}: TypeAlias = {}", names.join(" | "))
        }
        Shape::Alias(holds) => {
            comment(text, "", &stub.says)?;
            writeln!(text, "{name}: TypeAlias = {}", spelled(holds))
        }
    }
}

fn class(text: &mut String, name: &str, says: &str, fields: &[Field]) -> fmt::Result {
    comment(text, "", says)?;
    writeln!(text, "class {name}(TypedDict):")?;
    for field in fields {
        comment(text, "    ", &field.says)?;
        let holds = spelled(&field.holds);
        if field.is_required {
            writeln!(text, "    {}: {holds}", field.name)?;
        } else {
            writeln!(text, "    {}: NotRequired[{holds}]", field.name)?;
        }
    }
    if fields.is_empty() {
        writeln!(text, "    pass")?;
    }
    Ok(())
}

fn comment(text: &mut String, indent: &str, says: &str) -> fmt::Result {
    for line in says.lines() {
        let space = if line.is_empty() { "" } else { " " };
        writeln!(text, "{indent}#{space}{line}")?;
    }
    Ok(())
}

fn spelled(holds: &Type) -> String {
    match holds {
        Type::Named(name) => name.clone(),
        Type::Text => "str".to_owned(),
        Type::Integer => "int".to_owned(),
        Type::Number => "float".to_owned(),
        Type::Boolean => "bool".to_owned(),
        Type::Null => "None".to_owned(),
        Type::Any => "Any".to_owned(),
        Type::Exactly(text) => format!("Literal[{text:?}]"),
        Type::List(item) => format!("list[{}]", spelled(item)),
        Type::Map(item) => format!("dict[str, {}]", spelled(item)),
        Type::OneOf(options) => {
            let options: Vec<_> = options.iter().map(spelled).collect();
            options.join(" | ")
        }
    }
}
