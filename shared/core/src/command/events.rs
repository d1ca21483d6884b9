//! `events`: list events.

use super::flags::{ALL_NAMESPACES, Flag, NAMESPACE, OUTPUT, Words};
use super::output::{Format, format};
use super::target::{pair, refuse_secrets};
use super::{Scope, Secrets};
use crate::name::{ResourceArg, ResourceName};
use crate::refusal::{Refusal, RefusalCode};

/// A checked `events`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Events {
    /// Where.
    pub scope: Scope,
    /// Only events about this object.
    pub about: Option<(ResourceArg, ResourceName)>,
    /// Only events of these types; empty is all.
    pub types: Vec<EventType>,
    /// How the answer is printed.
    pub output: EventsOutput,
    /// Print no header line.
    pub no_headers: bool,
    /// Keep `managedFields` in JSON and YAML.
    pub show_managed_fields: bool,
    /// A missing key in a template is no error; default true.
    pub allow_missing_template_keys: bool,
    /// Objects per page, 1–1000, default 500.
    pub chunk_size: u32,
}

/// The two types of events.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventType {
    /// `Normal`
    Normal,
    /// `Warning`
    Warning,
}

/// An output format of `events`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum EventsOutput {
    /// The default table.
    Table,
    /// JSON, four spaces.
    Json,
    /// YAML.
    Yaml,
    /// The flow style of YAML that KEP-5295 defines.
    Kyaml,
    /// `type/name` lines.
    Name,
    /// A `JSONPath` template, 1–1024 bytes.
    JsonPath(String),
    /// A `JSONPath` template whose results are printed as a JSON array.
    JsonPathAsJson(String),
}

/// The flags of `events`.
pub(super) const FLAGS: &[Flag] = &[
    NAMESPACE,
    ALL_NAMESPACES,
    Flag::value("for"),
    Flag::list("types"),
    OUTPUT,
    Flag::switch("no-headers"),
    Flag::value("chunk-size"),
    Flag::switch("show-managed-fields"),
    Flag::switch("allow-missing-template-keys"),
];

/// Checks an `events`.
pub(super) fn parse(words: &Words<'_>, scope: Scope, secrets: Secrets) -> Result<Events, Refusal> {
    words.no_positionals()?;
    Ok(Events {
        scope,
        about: about(words, secrets)?,
        types: types(words)?,
        output: EventsOutput::parse(words)?,
        no_headers: words.is_on("no-headers")?,
        show_managed_fields: words.is_on("show-managed-fields")?,
        allow_missing_template_keys: words.switch("allow-missing-template-keys")?.unwrap_or(true),
        chunk_size: super::chunk_size(words)?,
    })
}

/// The object of `--for`. The name of a secret says enough to be denied as well.
fn about(
    words: &Words<'_>,
    secrets: Secrets,
) -> Result<Option<(ResourceArg, ResourceName)>, Refusal> {
    let Some(value) = words.value("for") else {
        return Ok(None);
    };
    let expected = "TYPE/NAME, as in pod/web-0";
    let Some((resource, _)) = value.text.split_once('/') else {
        return Err(value.bad_value("for", expected));
    };
    refuse_secrets(resource, value, secrets)?;
    pair(value).map(Some).map_err(|refusal| match refusal.code {
        RefusalCode::SubresourceNotAllowed => refusal,
        _ => value.bad_value("for", expected),
    })
}

/// The types of `--types`, in any case and each once.
fn types(words: &Words<'_>) -> Result<Vec<EventType>, Refusal> {
    let given = words.list(
        "types",
        "Normal and Warning, with a comma between",
        |text| {
            [EventType::Normal, EventType::Warning]
                .into_iter()
                .find(|kind| kind.as_str().eq_ignore_ascii_case(text))
        },
    )?;
    let mut types = Vec::new();
    for kind in given {
        if !types.contains(&kind) {
            types.push(kind);
        }
    }
    Ok(types)
}

impl EventType {
    /// The type as the API writes it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

impl EventsOutput {
    fn parse(words: &Words<'_>) -> Result<Self, Refusal> {
        let allowed =
            |format: &Format<'_>| !matches!(format, Format::Wide | Format::CustomColumns(_));
        let names = "json, yaml, kyaml, name, jsonpath=, jsonpath-as-json=";
        Ok(match format(words, names, allowed)? {
            Some(Format::Json) => Self::Json,
            Some(Format::Yaml) => Self::Yaml,
            Some(Format::Kyaml) => Self::Kyaml,
            Some(Format::Name) => Self::Name,
            Some(Format::JsonPath(template)) => Self::JsonPath(template.to_owned()),
            Some(Format::JsonPathAsJson(template)) => Self::JsonPathAsJson(template.to_owned()),
            None | Some(Format::Wide | Format::CustomColumns(_)) => Self::Table,
        })
    }

    /// The value of `-o`; none for the default table.
    pub(super) fn text(&self) -> Option<String> {
        Some(match self {
            Self::Table => return None,
            Self::Json => "json".to_owned(),
            Self::Yaml => "yaml".to_owned(),
            Self::Kyaml => "kyaml".to_owned(),
            Self::Name => "name".to_owned(),
            Self::JsonPath(template) => format!("jsonpath={template}"),
            Self::JsonPathAsJson(template) => format!("jsonpath-as-json={template}"),
        })
    }
}
