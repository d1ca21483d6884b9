//! Output formats: the ones that several verbs share, and the bounds of templates.

use super::MAX_VALUE_BYTES;
use super::flags::{Word, Words};
use crate::refusal::{Refusal, RefusalCode};

/// The most recursive descents of one template: each multiplies the work of the one before.
const MAX_DESCENTS: usize = 2;

/// A value of `-o`, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format<'a> {
    Wide,
    Json,
    Yaml,
    Kyaml,
    Name,
    JsonPath(&'a str),
    JsonPathAsJson(&'a str),
    CustomColumns(&'a str),
}

/// The format of `-o`, where it was given. `names` lists what the verb allows, for the hint.
pub(super) fn format<'a>(
    words: &Words<'a>,
    names: &str,
    allowed: impl Fn(&Format<'a>) -> bool,
) -> Result<Option<Format<'a>>, Refusal> {
    let Some(value) = words.value("output") else {
        return Ok(None);
    };
    match parse(value)?.filter(allowed) {
        Some(format) => Ok(Some(format)),
        None => Err(value
            .refuse(
                RefusalCode::BadOutput,
                format!("{} has no such output format", words.verb),
            )
            .hint(format!("use one of {names}"))),
    }
}

fn parse(value: Word<'_>) -> Result<Option<Format<'_>>, Refusal> {
    // kubectl folds the case of these three and of no other (JSONYamlPrintFlags).
    for (name, format) in [
        ("json", Format::Json),
        ("yaml", Format::Yaml),
        ("kyaml", Format::Kyaml),
    ] {
        if value.text.eq_ignore_ascii_case(name) {
            return Ok(Some(format));
        }
    }
    let format = match value.text.split_once('=') {
        None if value.text == "wide" => Format::Wide,
        None if value.text == "name" => Format::Name,
        Some(("jsonpath", template)) => Format::JsonPath(template),
        Some(("jsonpath-as-json", template)) => Format::JsonPathAsJson(template),
        Some(("custom-columns", columns)) => Format::CustomColumns(columns),
        _ => return Ok(None),
    };
    if let Format::JsonPath(template)
    | Format::JsonPathAsJson(template)
    | Format::CustomColumns(template) = format
    {
        if template.is_empty() || template.len() > MAX_VALUE_BYTES {
            let message = "a template has 1 to 1024 bytes, after the '='";
            return Err(value.refuse(RefusalCode::BadOutput, message));
        }
        check_descents(template, value)?;
    }
    Ok(Some(format))
}

/// The `JSONPath` of `--sort-by`, where it was given.
pub(super) fn sort_by(words: &Words<'_>) -> Result<Option<String>, Refusal> {
    let Some(value) = words.value("sort-by") else {
        return Ok(None);
    };
    if value.text.is_empty() || value.text.len() > MAX_VALUE_BYTES {
        return Err(value.bad_value("sort-by", "a JSONPath of 1 to 1024 bytes"));
    }
    check_descents(value.text, value)?;
    Ok(Some(value.text.to_owned()))
}

fn check_descents(template: &str, word: Word<'_>) -> Result<(), Refusal> {
    if template.matches("..").count() > MAX_DESCENTS {
        let message = "a JSONPath has at most two '..': each multiplies the work of the others";
        return Err(word
            .refuse(RefusalCode::JsonpathRecursion, message)
            .hint("write the path out, as in .items[*].metadata.name"));
    }
    Ok(())
}
