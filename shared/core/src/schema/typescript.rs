//! Type stubs for TypeScript.

use std::collections::BTreeMap;
use std::fmt::{self, Write as _};

use super::stub::{Field, Shape, Stub, Type};

const HEAD: &str =
    "// What travels between Kubently and its callers. Made from the JSON Schemas beside it.";

/// Every type, as an ambient module.
pub(super) fn print(stubs: &BTreeMap<String, Stub>) -> String {
    let mut text = format!("{HEAD}\n");
    // Writing into a String cannot fail.
    let _ = stubs
        .iter()
        .try_for_each(|(name, one)| stub(&mut text, name, one));
    text
}

fn stub(text: &mut String, name: &str, stub: &Stub) -> fmt::Result {
    text.push('\n');
    comment(text, "", &stub.says)?;
    match &stub.shape {
        Shape::Fields(fields) => interface(text, name, fields),
        Shape::Variants(variants) => {
            let names: Vec<_> = variants.iter().map(|(name, _)| name.as_str()).collect();
            writeln!(text, "export type {name} = {};", names.join(" | "))?;
            variants.iter().try_for_each(|(name, fields)| {
                text.push('\n');
                interface(text, name, fields)
            })
        }
        Shape::Alias(holds) => writeln!(text, "export type {name} = {};", spelled(holds)),
    }
}

fn interface(text: &mut String, name: &str, fields: &[Field]) -> fmt::Result {
    writeln!(text, "export interface {name} {{")?;
    for field in fields {
        comment(text, "  ", &field.says)?;
        let optional = if field.is_required { "" } else { "?" };
        writeln!(
            text,
            "  {}{optional}: {};",
            field.name,
            spelled(&field.holds)
        )?;
    }
    writeln!(text, "}}")
}

fn comment(text: &mut String, indent: &str, says: &str) -> fmt::Result {
    let lines: Vec<_> = says.lines().collect();
    match lines.as_slice() {
        [] => Ok(()),
        [line] => writeln!(text, "{indent}/** {line} */"),
        lines => {
            writeln!(text, "{indent}/**")?;
            for line in lines {
                let space = if line.is_empty() { "" } else { " " };
                writeln!(text, "{indent} *{space}{line}")?;
            }
            writeln!(text, "{indent} */")
        }
    }
}

fn spelled(holds: &Type) -> String {
    match holds {
        Type::Named(name) => name.clone(),
        Type::Text => "string".to_owned(),
        Type::Integer | Type::Number => "number".to_owned(),
        Type::Boolean => "boolean".to_owned(),
        Type::Null => "null".to_owned(),
        Type::Any => "unknown".to_owned(),
        Type::Exactly(text) => format!("{text:?}"),
        Type::List(item) => match &**item {
            item @ Type::OneOf(_) => format!("({})[]", spelled(item)),
            item => format!("{}[]", spelled(item)),
        },
        Type::Map(item) => format!("Record<string, {}>", spelled(item)),
        Type::OneOf(options) => {
            let options: Vec<_> = options.iter().map(spelled).collect();
            options.join(" | ")
        }
    }
}
