//! `api-resources`: the resource types that a cluster serves.

use super::flags::{Flag, NAMESPACE, OUTPUT, Words};
use super::output::{Format, format};
use crate::name::{ApiGroup, Word};
use crate::refusal::Refusal;

/// A checked `api-resources`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ApiResources {
    /// Only this group; the empty one is the core group.
    pub api_group: Option<ApiGroup>,
    /// Only namespaced types, or only the others.
    pub namespaced: Option<bool>,
    /// Only types that support all of these verbs.
    pub verbs: Vec<Word>,
    /// Only types in all of these categories.
    pub categories: Vec<Word>,
    /// The order; none is by group, then name.
    pub sort_by: Option<ApiResourcesSort>,
    /// How the answer is printed.
    pub output: ApiResourcesOutput,
    /// Print no header line.
    pub no_headers: bool,
    /// Keep `managedFields` in JSON and YAML.
    pub show_managed_fields: bool,
}

/// A column that `api-resources` sorts by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiResourcesSort {
    /// NAME
    Name,
    /// KIND
    Kind,
}

/// An output format of `api-resources`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ApiResourcesOutput {
    /// The default table.
    Table,
    /// The table with verbs and categories.
    Wide,
    /// `name.group` lines.
    Name,
    /// JSON.
    Json,
    /// YAML.
    Yaml,
    /// The flow style of YAML that KEP-5295 defines.
    Kyaml,
}

/// The flags of `api-resources`.
pub(super) const FLAGS: &[Flag] = &[
    NAMESPACE,
    Flag::value("api-group"),
    Flag::switch("namespaced"),
    Flag::list("verbs"),
    Flag::list("categories"),
    Flag::value("sort-by"),
    OUTPUT,
    Flag::switch("no-headers"),
    Flag::switch("show-managed-fields"),
];

/// Checks an `api-resources`.
pub(super) fn parse(words: &Words<'_>) -> Result<ApiResources, Refusal> {
    words.no_positionals()?;
    let word = |text: &str| Word::new(text).ok();
    Ok(ApiResources {
        api_group: api_group(words)?,
        namespaced: words.switch("namespaced")?,
        verbs: words.list("verbs", "verbs such as list,watch", word)?,
        categories: words.list("categories", "categories such as all", word)?,
        sort_by: words.one_of(
            "sort-by",
            &[
                ("name", ApiResourcesSort::Name),
                ("kind", ApiResourcesSort::Kind),
            ],
        )?,
        output: ApiResourcesOutput::parse(words)?,
        no_headers: words.is_on("no-headers")?,
        show_managed_fields: words.is_on("show-managed-fields")?,
    })
}

fn api_group(words: &Words<'_>) -> Result<Option<ApiGroup>, Refusal> {
    let Some(value) = words.value("api-group") else {
        return Ok(None);
    };
    ApiGroup::new(value.text)
        .map(Some)
        .map_err(|_| value.bad_value("api-group", "a group such as apps; empty is the core"))
}

impl ApiResourcesSort {
    /// The value of `--sort-by`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Name => "name",
            Self::Kind => "kind",
        }
    }
}

impl ApiResourcesOutput {
    fn parse(words: &Words<'_>) -> Result<Self, Refusal> {
        let templates = |format: &Format<'_>| {
            matches!(
                format,
                Format::JsonPath(_) | Format::JsonPathAsJson(_) | Format::CustomColumns(_)
            )
        };
        let format = format(words, "wide, name, json, yaml, kyaml", |format| {
            !templates(format)
        })?;
        Ok(match format {
            Some(Format::Wide) => Self::Wide,
            Some(Format::Name) => Self::Name,
            Some(Format::Json) => Self::Json,
            Some(Format::Yaml) => Self::Yaml,
            Some(Format::Kyaml) => Self::Kyaml,
            _ => Self::Table,
        })
    }

    /// The value of `-o`; none for the default table.
    pub(super) const fn text(self) -> Option<&'static str> {
        Some(match self {
            Self::Table => return None,
            Self::Wide => "wide",
            Self::Name => "name",
            Self::Json => "json",
            Self::Yaml => "yaml",
            Self::Kyaml => "kyaml",
        })
    }
}
