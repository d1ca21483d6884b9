//! `api-resources`: what the API server serves (kubectl `cmd/apiresources`).

use kubently_core::command::{ApiResources, ApiResourcesOutput, ApiResourcesSort};

use crate::client::Cluster;
use crate::discovery::wire;
use crate::json::Json;
use crate::output::{Limits, Output, RunError};
use crate::printer::tabwriter::{TABLE, TabWriter};
use crate::printer::{json, kyaml, yaml};

/// A type at the version that its group prefers.
#[derive(Debug, Clone, Copy)]
struct Resource<'a> {
    group: &'a str,
    version: &'a str,
    kind: &'a str,
    served: &'a wire::Resource,
}

pub(crate) async fn run(
    cluster: &Cluster,
    asked: &ApiResources,
    limits: &Limits,
) -> Result<Output, RunError> {
    let mut output = Output::default();
    let groups = match cluster.discover().await {
        Ok(groups) => groups,
        Err(failure) => return Ok(output.fail(&failure.error)),
    };
    output.stdout = print(&preferred(&groups), asked, limits.max_output_bytes)?;
    let is_text = matches!(
        asked.output,
        ApiResourcesOutput::Table | ApiResourcesOutput::Wide | ApiResourcesOutput::Name
    );
    if is_text {
        output.cut(limits.max_output_bytes);
    }
    Ok(output)
}

/// Every type once, in the server's order: at the preferred version of its group, else at the first
/// that has it (client-go `ServerPreferredResources`). Versions whose API server is away are left
/// out without a word: kubectl reads the groups through its cache, which does not keep them.
fn preferred(groups: &[wire::Group]) -> Vec<Resource<'_>> {
    let mut all: Vec<Resource<'_>> = Vec::new();
    for group in groups {
        let name = group.metadata.name.as_str();
        let start = all.len();
        for version in group.versions.iter().filter(|it| !it.is_stale()) {
            for served in &version.resources {
                let known = all.get(start..).unwrap_or_default();
                let Some(kind) = served.response_kind.as_ref().filter(|it| !it.is_empty()) else {
                    continue;
                };
                if !known.iter().any(|it| it.served.plural == served.plural) {
                    all.push(Resource {
                        group: name,
                        version: &version.version,
                        kind: &kind.kind,
                        served,
                    });
                }
            }
        }
    }
    all
}

fn api_version(group: &str, version: &str) -> String {
    match group {
        "" => version.to_owned(),
        _ => format!("{group}/{version}"),
    }
}

/// A server that serves nothing leaves nothing to print, not even a header.
fn print(all: &[Resource<'_>], asked: &ApiResources, limit: usize) -> Result<Vec<u8>, RunError> {
    if all.is_empty() {
        return Ok(Vec::new());
    }
    let mut kept: Vec<_> = all.iter().filter(|it| it.is_asked_for(asked)).collect();
    kept.sort_by_key(|it| {
        let first = match asked.sort_by {
            None => it.group,
            Some(ApiResourcesSort::Name) => it.served.plural.as_str(),
            Some(ApiResourcesSort::Kind) => it.kind,
        };
        (first, it.served.plural.as_str())
    });
    let mut text = Vec::new();
    match asked.output {
        ApiResourcesOutput::Table | ApiResourcesOutput::Wide => {
            let wide = asked.output == ApiResourcesOutput::Wide;
            if !asked.no_headers {
                text.extend_from_slice(b"NAME\tSHORTNAMES\tAPIVERSION\tNAMESPACED\tKIND");
                text.extend_from_slice(if wide {
                    b"\tVERBS\tCATEGORIES\n"
                } else {
                    b"\n"
                });
            }
            for resource in kept {
                text.extend_from_slice(resource.row(wide).as_bytes());
            }
        }
        ApiResourcesOutput::Name => {
            for resource in kept {
                text.extend_from_slice(resource.served.plural.as_bytes());
                if !resource.group.is_empty() {
                    text.push(b'.');
                    text.extend_from_slice(resource.group.as_bytes());
                }
                text.push(b'\n');
            }
        }
        ApiResourcesOutput::Json => {
            json::write(&mut text, &list(&kept), 4, 0);
            text.push(b'\n');
        }
        ApiResourcesOutput::Yaml => {
            // Names of types have no control characters.
            if yaml::write(&mut text, &list(&kept)).is_err() {
                text.clear();
            }
        }
        ApiResourcesOutput::Kyaml => {
            if kyaml::write(&mut text, &list(&kept)).is_err() {
                text.clear();
            }
        }
    }
    let is_object = matches!(
        asked.output,
        ApiResourcesOutput::Json | ApiResourcesOutput::Yaml | ApiResourcesOutput::Kyaml
    );
    if is_object && text.len() > limit {
        let size = text.len();
        return Err(RunError::OutputTooLarge { size, limit });
    }
    let (mut tab, mut out) = (TabWriter::new(TABLE), Vec::with_capacity(text.len()));
    tab.write(&text, &mut out);
    tab.flush(&mut out);
    Ok(out)
}

/// The `APIResourceList` of these, its members in the order of the API.
fn list<'a>(resources: &[&Resource<'a>]) -> Json<'a> {
    let items: Vec<_> = resources.iter().map(|it| it.json()).collect();
    object([
        ("kind", text("APIResourceList")),
        ("apiVersion", text("v1")),
        ("groupVersion", text("")),
        (
            "resources",
            if items.is_empty() {
                Json::Null
            } else {
                Json::Array(items)
            },
        ),
    ])
}

fn text(text: &str) -> Json<'_> {
    Json::Str(text.into())
}

fn object<'a>(members: impl IntoIterator<Item = (&'static str, Json<'a>)>) -> Json<'a> {
    Json::Object(
        members
            .into_iter()
            .map(|(key, it)| (key.into(), it))
            .collect(),
    )
}

impl<'a> Resource<'a> {
    fn is_asked_for(&self, asked: &ApiResources) -> bool {
        let served = self.served;
        let group = asked.api_group.as_ref();
        !served.verbs.is_empty()
            && group.is_none_or(|group| group.as_str() == self.group)
            && asked
                .namespaced
                .is_none_or(|it| it == served.is_namespaced())
            && asked.verbs.iter().all(|it| has(&served.verbs, it.as_str()))
            && asked
                .categories
                .iter()
                .all(|it| has(&served.categories, it.as_str()))
    }

    fn row(&self, wide: bool) -> String {
        let served = self.served;
        let mut row = format!(
            "{}\t{}\t{}\t{}\t{}",
            served.plural,
            served.short_names.join(","),
            api_version(self.group, self.version),
            served.is_namespaced(),
            self.kind,
        );
        if wide {
            for words in [&served.verbs, &served.categories] {
                row.push('\t');
                row.push_str(&words.join(","));
            }
        }
        row.push('\n');
        row
    }

    fn json(&self) -> Json<'a> {
        let served = self.served;
        let words = |words: &'a [String]| Json::Array(words.iter().map(|it| text(it)).collect());
        let members = [
            ("name", text(&served.plural), true),
            ("singularName", text(&served.singular), true),
            ("namespaced", Json::Bool(served.is_namespaced()), true),
            ("group", text(self.group), !self.group.is_empty()),
            ("version", text(self.version), !self.version.is_empty()),
            ("kind", text(self.kind), true),
            ("verbs", words(&served.verbs), true),
            (
                "shortNames",
                words(&served.short_names),
                !served.short_names.is_empty(),
            ),
            (
                "categories",
                words(&served.categories),
                !served.categories.is_empty(),
            ),
        ];
        let kept = members.into_iter().filter(|(_, _, kept)| *kept);
        object(kept.map(|(key, value, _)| (key, value)))
    }
}

fn has(words: &[String], word: &str) -> bool {
    words.iter().any(|it| it == word)
}

#[cfg(test)]
mod tests;
