//! From arguments to what is fetched (cli-runtime `resource.Builder`).

use kubently_core::command::{Get, Scope, Target};
use kubently_core::name::{ResourceArg, ResourceName};

use super::Notes;
use crate::client::Cluster;
use crate::discovery::{Mapping, ResourceMap};
use crate::error::Error;

/// What is fetched, all types known.
#[derive(Debug)]
pub(crate) enum Plan {
    /// All objects of these types; each type once.
    Lists(Vec<Mapping>),
    /// These objects, in this order.
    Objects {
        objects: Vec<(Mapping, String)>,
        /// The arguments name one object, so that its absence leaves nothing to print.
        single: bool,
    },
}

impl Plan {
    /// The types that the plan reads, in order.
    pub(crate) fn types(&self) -> impl Iterator<Item = &Mapping> {
        let (lists, objects) = match self {
            Self::Lists(types) => (types.as_slice(), [].as_slice()),
            Self::Objects { objects, .. } => ([].as_slice(), objects.as_slice()),
        };
        lists.iter().chain(objects.iter().map(|(it, _)| it))
    }
}

/// Why there is no plan.
enum Unplanned {
    /// A type is not known. It may be newer than the map.
    UnknownType(Error),
    /// The arguments do not go together.
    Refused(Error),
}

fn refused<T>(message: &str) -> Result<T, Unplanned> {
    Err(Unplanned::Refused(Error::Usage(message.to_owned())))
}

/// Makes a plan. An unknown type is looked for once more in a fresh map, as kubectl does.
pub(crate) async fn make(cluster: &Cluster, get: &Get, notes: &mut Notes) -> Result<Plan, Error> {
    let (mut map, mut fresh) = cluster.resources().await.map_err(|failure| failure.error)?;
    loop {
        let mut ambiguous = Vec::new();
        let planned = plan(&map, get, &mut ambiguous);
        match planned {
            Err(Unplanned::UnknownType(_)) if !fresh => {
                (map, fresh) = cluster
                    .resources_since(Some(&map))
                    .await
                    .map_err(|failure| failure.error)?;
            }
            Err(Unplanned::UnknownType(error) | Unplanned::Refused(error)) => {
                notes.warn(ambiguous);
                return Err(error);
            }
            Ok(plan) => {
                notes.warn(ambiguous);
                return Ok(plan);
            }
        }
    }
}

fn plan(map: &ResourceMap, get: &Get, warnings: &mut Vec<String>) -> Result<Plan, Unplanned> {
    let selects = get.selector.is_some() || get.field_selector.is_some();
    let pairs: Vec<(&str, &str)> = match &get.target {
        Target::Pairs(pairs) => pairs
            .iter()
            .map(|(t, n)| (t.as_str(), n.as_str()))
            .collect(),
        Target::Types { types, names } => {
            let types = unique(types.iter().map(ResourceArg::as_str));
            if types.len() < 2 || names.is_empty() {
                return plan_types(map, get, &types, names, warnings);
            }
            // `a,b x y` means `a/x a/y b/x b/y`.
            types
                .iter()
                .flat_map(|it| names.iter().map(|name| (*it, name.as_str())))
                .collect()
        }
    };
    if selects {
        return refused(
            "selectors and the all flag cannot be used when passing resource/name arguments",
        );
    }
    let mut objects = Vec::with_capacity(pairs.len());
    let mut known: Vec<(&str, Mapping)> = Vec::new();
    for (argument, name) in pairs {
        let mapping = match known.iter().find(|(it, _)| *it == argument) {
            Some((_, mapping)) => mapping.clone(),
            None => resolve(map, argument, warnings)?,
        };
        known.push((argument, mapping.clone()));
        objects.push((mapping, name.to_owned()));
    }
    named(get, objects)
}

/// `types`, or one type and `names`.
fn plan_types(
    map: &ResourceMap,
    get: &Get,
    types: &[&str],
    names: &[ResourceName],
    warnings: &mut Vec<String>,
) -> Result<Plan, Unplanned> {
    let mut expanded: Vec<String> = Vec::new();
    for argument in types {
        match map.category(argument) {
            Some(members) => expanded.extend(members),
            None => expanded.push((*argument).to_owned()),
        }
    }
    let expanded = unique(expanded.iter().map(String::as_str));
    if !names.is_empty() {
        if get.selector.is_some() || get.field_selector.is_some() {
            return refused("name cannot be provided when a selector is specified");
        }
        if expanded.len() > 1 {
            return refused("you must specify only one resource");
        }
    }
    if names.is_empty() && get.subresource.is_some() {
        return refused("subresource cannot be used when bulk resources are specified");
    }
    let mut mappings: Vec<Mapping> = Vec::with_capacity(expanded.len());
    for argument in expanded {
        let mapping = resolve(map, argument, warnings)?;
        let kind = |it: &Mapping| (it.group.clone(), it.version.clone(), it.kind.clone());
        if !mappings.iter().any(|it| kind(it) == kind(&mapping)) {
            mappings.push(mapping);
        }
    }
    match (names, mappings.first()) {
        ([_, ..], Some(mapping)) => {
            let named_objects = names
                .iter()
                .map(|name| (mapping.clone(), name.as_str().to_owned()));
            named(get, named_objects.collect())
        }
        _ => Ok(Plan::Lists(mappings)),
    }
}

fn named(get: &Get, objects: Vec<(Mapping, String)>) -> Result<Plan, Unplanned> {
    if matches!(get.scope, Scope::All) && objects.iter().any(|(mapping, _)| mapping.namespaced) {
        return refused("a resource cannot be retrieved by name across all namespaces");
    }
    Ok(Plan::Objects {
        single: objects.len() == 1,
        objects,
    })
}

fn resolve(
    map: &ResourceMap,
    argument: &str,
    warnings: &mut Vec<String>,
) -> Result<Mapping, Unplanned> {
    map.resolve(argument, warnings)
        .map_err(Unplanned::UnknownType)
}

fn unique<'a>(words: impl Iterator<Item = &'a str>) -> Vec<&'a str> {
    let mut kept: Vec<&str> = Vec::new();
    for word in words {
        if !kept.contains(&word) {
            kept.push(word);
        }
    }
    kept
}
