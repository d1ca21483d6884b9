//! `get`: list or read objects.

use super::flags::{ALL_NAMESPACES, Flag, NAMESPACE, OUTPUT, SELECTOR, Words};
use super::output::{Format, format, sort_by};
use super::{Scope, Secrets, Selector, Target, label_key};
use crate::refusal::{Refusal, RefusalCode};

/// A checked `get`.
#[derive(Clone, Debug, PartialEq, Eq)]
#[expect(
    clippy::struct_excessive_bools,
    reason = "one field for each of kubectl's switches"
)]
pub struct Get {
    /// What is asked for.
    pub target: Target,
    /// Where.
    pub scope: Scope,
    /// Label selector, sent as given.
    pub selector: Option<Selector>,
    /// Field selector, sent as given.
    pub field_selector: Option<Selector>,
    /// How the answer is printed.
    pub output: GetOutput,
    /// Print no header line.
    pub no_headers: bool,
    /// Print all labels as the last column.
    pub show_labels: bool,
    /// Print the kind before each name.
    pub show_kind: bool,
    /// An object that does not exist is no error.
    pub ignore_not_found: bool,
    /// Labels that become columns, in the order given.
    pub label_columns: Vec<String>,
    /// `JSONPath` of the field to sort by, as given.
    pub sort_by: Option<String>,
    /// Read this subresource of each named object.
    pub subresource: Option<Subresource>,
    /// Objects per page, 1–1000, default 500.
    pub chunk_size: u32,
    /// Keep `managedFields` in JSON and YAML.
    pub show_managed_fields: bool,
    /// Let the API server make the table; default true.
    pub server_print: bool,
    /// A missing key in a template is no error; default true.
    pub allow_missing_template_keys: bool,
}

/// An output format of `get`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum GetOutput {
    /// The default table.
    Table,
    /// The table with its less important columns.
    Wide,
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
    /// `HEADER:path,…`, 1–1024 bytes.
    CustomColumns(String),
}

/// A subresource that `get --subresource` may read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Subresource {
    /// `status`
    Status,
    /// `scale`
    Scale,
}

/// The flags of `get`.
pub(super) const FLAGS: &[Flag] = &[
    NAMESPACE,
    ALL_NAMESPACES,
    SELECTOR,
    Flag::value("field-selector"),
    OUTPUT,
    Flag::switch("no-headers"),
    Flag::switch("show-labels"),
    Flag::switch("show-kind"),
    Flag::switch("ignore-not-found"),
    Flag::list("label-columns").short('L'),
    Flag::value("sort-by"),
    Flag::value("subresource"),
    Flag::value("chunk-size"),
    Flag::switch("show-managed-fields"),
    Flag::switch("server-print"),
    Flag::switch("allow-missing-template-keys"),
];

/// Checks a `get`.
pub(super) fn parse(words: &Words<'_>, scope: Scope, secrets: Secrets) -> Result<Get, Refusal> {
    Ok(Get {
        target: super::target::target(words, secrets, super::target::name)?,
        scope,
        selector: Selector::labels(words)?,
        field_selector: Selector::fields(words)?,
        output: GetOutput::parse(words)?,
        no_headers: words.is_on("no-headers")?,
        show_labels: words.is_on("show-labels")?,
        show_kind: words.is_on("show-kind")?,
        ignore_not_found: words.is_on("ignore-not-found")?,
        label_columns: words.list(
            "label-columns",
            "label keys, with commas between",
            label_key,
        )?,
        sort_by: sort_by(words)?,
        subresource: Subresource::parse(words)?,
        chunk_size: super::chunk_size(words)?,
        show_managed_fields: words.is_on("show-managed-fields")?,
        server_print: words.switch("server-print")?.unwrap_or(true),
        allow_missing_template_keys: words.switch("allow-missing-template-keys")?.unwrap_or(true),
    })
}

impl GetOutput {
    fn parse(words: &Words<'_>) -> Result<Self, Refusal> {
        let names = "json, yaml, kyaml, name, wide, jsonpath=, jsonpath-as-json=, custom-columns=";
        Ok(match format(words, names, |_| true)? {
            None => Self::Table,
            Some(Format::Wide) => Self::Wide,
            Some(Format::Json) => Self::Json,
            Some(Format::Yaml) => Self::Yaml,
            Some(Format::Kyaml) => Self::Kyaml,
            Some(Format::Name) => Self::Name,
            Some(Format::JsonPath(template)) => Self::JsonPath(template.to_owned()),
            Some(Format::JsonPathAsJson(template)) => Self::JsonPathAsJson(template.to_owned()),
            Some(Format::CustomColumns(columns)) => Self::CustomColumns(columns.to_owned()),
        })
    }

    /// The value of `-o`; none for the default table.
    #[must_use]
    pub fn text(&self) -> Option<String> {
        Some(match self {
            Self::Table => return None,
            Self::Wide => "wide".to_owned(),
            Self::Json => "json".to_owned(),
            Self::Yaml => "yaml".to_owned(),
            Self::Kyaml => "kyaml".to_owned(),
            Self::Name => "name".to_owned(),
            Self::JsonPath(template) => format!("jsonpath={template}"),
            Self::JsonPathAsJson(template) => format!("jsonpath-as-json={template}"),
            Self::CustomColumns(columns) => format!("custom-columns={columns}"),
        })
    }
}

impl Subresource {
    /// The path segment.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Scale => "scale",
        }
    }

    fn parse(words: &Words<'_>) -> Result<Option<Self>, Refusal> {
        let Some(value) = words.value("subresource") else {
            return Ok(None);
        };
        match value.text {
            "status" => Ok(Some(Self::Status)),
            "scale" => Ok(Some(Self::Scale)),
            _ => Err(value
                .refuse(
                    RefusalCode::SubresourceNotAllowed,
                    "this subresource is not readable here",
                )
                .hint("use status or scale; logs has a verb of its own")),
        }
    }
}
