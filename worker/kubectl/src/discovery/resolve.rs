//! From what a caller types (`po`, `deploy`, `Pod`, `events.v1.events.k8s.io`, `all`) to a type
//! that the server serves (client-go `restmapper`, cli-runtime `Builder.mappingFor`).

use std::borrow::Cow;

use super::wire;
use crate::error::Error;
use crate::printer::text::Quoted;
use crate::request::Route;

/// A served type: where its objects are and what they are called.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Mapping {
    /// Empty for the core group.
    pub group: String,
    /// Such as `v1`.
    pub version: String,
    /// The plural name, such as `deployments`.
    pub resource: String,
    /// Such as `Deployment`.
    pub kind: String,
    /// Its objects live in namespaces.
    pub namespaced: bool,
}

impl Mapping {
    /// Its place below `/api` or `/apis`.
    #[must_use]
    pub fn route(&self) -> Route<'_> {
        Route {
            group: &self.group,
            version: &self.version,
            resource: &self.resource,
        }
    }

    /// `[group/]version`
    #[must_use]
    pub fn group_version(&self) -> String {
        if self.group.is_empty() {
            self.version.clone()
        } else {
            format!("{}/{}", self.group, self.version)
        }
    }

    /// `resource[.group]`
    #[must_use]
    pub fn group_resource(&self) -> String {
        qualified(&self.resource, &self.group)
    }

    /// It is the type of the core group whose objects are secrets.
    #[must_use]
    pub fn is_secret(&self) -> bool {
        self.group.is_empty() && self.resource == "secrets"
    }

    /// `kind[.group]` in lower case: what stands before a name.
    #[must_use]
    pub fn prefix(&self) -> String {
        qualified(&self.kind, &self.group).to_lowercase()
    }

    /// `GROUP/VERSION, Resource=RESOURCE`, as some errors name it.
    #[must_use]
    pub fn long_name(&self) -> String {
        format!(
            "{}/{}, Resource={}",
            self.group, self.version, self.resource
        )
    }

    fn same_kind(&self, other: &Self) -> bool {
        (&self.group, &self.version, &self.kind) == (&other.group, &other.version, &other.kind)
    }
}

fn qualified(name: &str, group: &str) -> String {
    if group.is_empty() {
        name.to_owned()
    } else {
        format!("{name}.{group}")
    }
}

#[derive(Debug)]
struct Entry {
    mapping: Mapping,
    singular: String,
    short_names: Vec<String>,
    categories: Vec<String>,
}

/// All types, in the server's order: the core group first, the preferred version of a group before
/// its others. The first match of a search is therefore the one that kubectl prefers.
#[derive(Debug)]
pub struct ResourceMap {
    entries: Vec<Entry>,
}

/// A name that may be part of a type's: empty parts match anything.
#[derive(Debug, Clone)]
struct Partial<'a> {
    group: Cow<'a, str>,
    version: Cow<'a, str>,
    resource: Cow<'a, str>,
}

impl ResourceMap {
    /// Whether the type is served in this version.
    pub(crate) fn serves(&self, mapping: &Mapping, version: &str) -> bool {
        let mut entries = self.entries.iter().map(|entry| &entry.mapping);
        entries.any(|it| {
            (&it.group, &it.resource, it.version.as_str())
                == (&mapping.group, &mapping.resource, version)
        })
    }

    pub(crate) fn new(groups: Vec<wire::Group>) -> Self {
        let mut entries = Vec::new();
        for group in groups {
            for version in group.versions {
                if version.is_stale() {
                    continue;
                }
                for resource in version.resources {
                    let namespaced = resource.is_namespaced();
                    let kind = resource.response_kind.map(|it| it.kind).unwrap_or_default();
                    if kind.is_empty() {
                        continue;
                    }
                    let singular = if resource.singular.is_empty() {
                        kind.to_lowercase()
                    } else {
                        resource.singular
                    };
                    entries.push(Entry {
                        mapping: Mapping {
                            group: group.metadata.name.clone(),
                            version: version.version.clone(),
                            resource: resource.plural,
                            kind,
                            namespaced,
                        },
                        singular,
                        short_names: resource.short_names,
                        categories: resource.categories,
                    });
                }
            }
        }
        Self { entries }
    }

    /// The types of a category such as `all`, as `resource[.group]`, each once.
    #[must_use]
    pub fn category(&self, category: &str) -> Option<Vec<String>> {
        let mut names = Vec::new();
        for entry in &self.entries {
            let name = entry.mapping.group_resource();
            if entry.categories.iter().any(|it| it == category) && !names.contains(&name) {
                names.push(name);
            }
        }
        (!names.is_empty()).then_some(names)
    }

    /// The type that `argument` means. Adds a warning for each other type that its short name could
    /// mean.
    ///
    /// # Errors
    /// [`Error::Usage`] with kubectl's text for an unknown type.
    pub fn resolve(&self, argument: &str, warnings: &mut Vec<String>) -> Result<Mapping, Error> {
        let mut parts = argument.splitn(3, '.');
        let parts = (parts.next().unwrap_or_default(), parts.next(), parts.next());
        let (name, rest) = argument.split_once('.').unwrap_or((argument, ""));
        let versioned = match parts {
            (resource, Some(version), Some(group)) => Some(partial(group, version, resource)),
            _ => None,
        };
        let found = versioned
            .and_then(|versioned| self.by_resource(&versioned, warnings))
            .or_else(|| self.by_resource(&partial(rest, "", name), warnings))
            .or_else(|| match parts {
                (kind, Some(version), Some(group)) => self.by_kind(group, version, kind),
                _ => None,
            })
            .or_else(|| self.by_kind(rest, "", name));
        found.ok_or_else(|| Error::Usage(unknown(name, rest)))
    }

    /// The type that `argument` names by its plural, singular or short name, and by nothing else.
    /// Adds warnings as [`resolve`](Self::resolve).
    ///
    /// # Errors
    /// [`Error::Plain`] with kubectl's text for an unknown type.
    pub fn resource_for(
        &self,
        argument: &str,
        warnings: &mut Vec<String>,
    ) -> Result<Mapping, Error> {
        let argument = argument.to_lowercase();
        let (name, group) = argument.split_once('.').unwrap_or((&argument, ""));
        let versioned = group.split_once('.').and_then(|(version, group)| {
            self.by_resource(&partial(group, version, name), warnings)
        });
        let found = versioned.or_else(|| self.by_resource(&partial(group, "", name), warnings));
        found.ok_or_else(|| Error::Plain(unknown(name, group)))
    }

    /// The first of `versions` of a group that is served, in the order of the server.
    #[must_use]
    pub fn served_version(&self, group: &str, versions: &[&str]) -> Option<&str> {
        let mut served = self.entries.iter().map(|entry| &entry.mapping);
        let first = served.find(|it| it.group == group && versions.contains(&it.version.as_str()));
        first.map(|it| it.version.as_str())
    }

    fn by_resource(&self, asked: &Partial<'_>, warnings: &mut Vec<String>) -> Option<Mapping> {
        let mut asked = self.expand_short_name(asked, warnings);
        asked.resource = Cow::Owned(asked.resource.to_lowercase());
        let exact = !asked.group.is_empty() && !asked.version.is_empty();
        let in_reach = |mapping: &Mapping| {
            let group = if exact {
                mapping.group == asked.group
            } else {
                mapping.group.starts_with(asked.group.as_ref())
            };
            group && (asked.version.is_empty() || mapping.version == asked.version)
        };
        let candidates = self.entries.iter().filter(|entry| in_reach(&entry.mapping));
        let mut matches = candidates.clone().filter(|entry| {
            entry.mapping.resource == asked.resource || entry.singular == asked.resource
        });
        if let Some(first) = matches.next() {
            // Two kinds of one version under one name: kubectl takes neither.
            let first = &first.mapping;
            let clash = matches.any(|other| {
                let other = &other.mapping;
                (&other.group, &other.version) == (&first.group, &first.version)
                    && other.kind != first.kind
            });
            return if clash {
                None
            } else {
                self.by_kind(&first.group, &first.version, &first.kind)
            };
        }
        candidates
            .clone()
            .find_map(|entry| list_type(&entry.mapping, &asked.resource))
    }

    /// The type of a kind: of those in one version that have it, the last.
    fn by_kind(&self, group: &str, version: &str, kind: &str) -> Option<Mapping> {
        let is_asked = |mapping: &Mapping| {
            mapping.group == group
                && (version.is_empty() || mapping.version == version)
                && (mapping.kind == kind || mapping.kind.to_lowercase() == kind)
        };
        let mut matches = self
            .entries
            .iter()
            .map(|entry| &entry.mapping)
            .filter(|it| is_asked(it));
        let first = matches.next()?;
        Some(
            matches
                .rfind(|it| it.same_kind(first))
                .unwrap_or(first)
                .clone(),
        )
    }

    /// Replaces a short name. An exact plural or singular name is none, whatever else it could be.
    fn expand_short_name<'a>(
        &'a self,
        asked: &Partial<'a>,
        warnings: &mut Vec<String>,
    ) -> Partial<'a> {
        let in_group =
            |entry: &&Entry| asked.group.is_empty() || asked.group == entry.mapping.group;
        let is_name = |entry: &Entry| {
            entry.mapping.resource == asked.resource || entry.singular == asked.resource
        };
        if self.entries.iter().filter(in_group).any(is_name) {
            return asked.clone();
        }
        let is_short = |entry: &&Entry| entry.short_names.iter().any(|it| *it == asked.resource);
        let long = |entry: &'a Entry| {
            partial(
                entry.mapping.group.as_str(),
                "",
                entry.mapping.resource.as_str(),
            )
        };
        let mut matches = self.entries.iter().filter(in_group).filter(is_short);
        if let Some(first) = matches.next() {
            let mut seen = vec![first.mapping.group_resource()];
            for other in matches {
                let name = other.mapping.group_resource();
                if !seen.contains(&name) {
                    warnings.push(format!(
                        "short name {} could also match lower priority resource {name}",
                        Quoted(&asked.resource)
                    ));
                    seen.push(name);
                }
            }
            return long(first);
        }
        let by_prefix = |entry: &&Entry| {
            !asked.group.is_empty() && entry.mapping.group.starts_with(asked.group.as_ref())
        };
        let found = self.entries.iter().filter(by_prefix).find(is_short);
        found.map_or_else(
            || asked.clone(),
            |entry| Partial {
                version: asked.version.clone(),
                ..long(entry)
            },
        )
    }
}

/// client-go also knows a type for the list of each kind (`podlists`), which no server serves; the
/// server's own error is what users see then.
fn list_type(mapping: &Mapping, asked: &str) -> Option<Mapping> {
    let singular = asked.strip_suffix('s').unwrap_or(asked);
    let kind = match singular.strip_suffix("list")? {
        "" => "List".to_owned(),
        kind if mapping.kind.to_lowercase() == kind => format!("{}List", mapping.kind),
        _ => return None,
    };
    Some(Mapping {
        resource: format!("{singular}s"),
        namespaced: mapping.namespaced && kind != "List",
        kind,
        ..mapping.clone()
    })
}

fn partial<'a>(group: &'a str, version: &'a str, resource: &'a str) -> Partial<'a> {
    Partial {
        group: group.into(),
        version: version.into(),
        resource: resource.into(),
    }
}

/// kubectl's text for a type that is not served.
fn unknown(name: &str, group: &str) -> String {
    let text = format!("the server doesn't have a resource type {}", Quoted(name));
    if group.is_empty() {
        text
    } else {
        format!("{text} in group {}", Quoted(group))
    }
}

#[cfg(test)]
mod tests;
