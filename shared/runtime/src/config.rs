//! Configuration: a file, then the environment over it.
//!
//! A setting is one field of the binary's own configuration type; its bounds are that type's. The
//! environment spells it `KUBENTLY_NAME`, with `__` before a field of a table. Every problem is
//! reported, not the first one.

mod environment;
mod file;
mod problem;
mod setting;

use std::path::PathBuf;

use serde::de::DeserializeOwned;
use serde_json::Map;
use serde_path_to_error::Segment;

pub use problem::{ConfigError, Problem, Source};
pub use serde_json::Value;
pub use setting::{
    Collector, HubUrl, Ratio, Reference, Setting, Settings, Whole, print, schema, table,
};

/// The longest wrong value that is repeated, in bytes.
const MAX_SHOWN: usize = 60;

/// Where settings come from.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// A TOML (`.toml`) or YAML (`.yaml`, `.yml`) file.
    pub file: Option<PathBuf>,
    /// Names and values; those that do not start with `KUBENTLY_` are passed over.
    pub env: Vec<(String, String)>,
}

/// A configuration and what its reader should be told, once logs are set up.
#[derive(Debug, Clone)]
pub struct Loaded<T> {
    /// The configuration, with the default of every setting that is wrong.
    pub value: T,
    /// What is wrong; empty but of [`examine`].
    pub problems: Vec<Problem>,
    /// Names in the environment that are no setting, a sentence each.
    pub warnings: Vec<String>,
}

/// A setting of the source model that has no meaning here, and what to do instead.
pub type Retired = (&'static str, &'static str);

impl Sources {
    /// This file and the process's environment.
    #[must_use]
    pub fn from_process(file: Option<PathBuf>) -> Self {
        let text = |name: std::ffi::OsString| name.to_string_lossy().into_owned();
        let env = std::env::vars_os()
            .map(|(name, value)| (text(name), text(value)))
            .collect();
        Self { file, env }
    }
}

/// Reads a configuration. `T` has `#[serde(default, deny_unknown_fields)]` on every level.
///
/// # Errors
/// [`ConfigError`], with every problem.
pub fn load<T: DeserializeOwned + Settings>(sources: &Sources) -> Result<T, ConfigError> {
    load_with(sources, &[]).map(|loaded| loaded.value)
}

/// Reads a configuration, refuses retired settings with their hint, and keeps the warnings.
///
/// # Errors
/// [`ConfigError`], with every problem.
pub fn load_with<T: DeserializeOwned + Settings>(
    sources: &Sources,
    retired: &[Retired],
) -> Result<Loaded<T>, ConfigError> {
    let loaded = examine(sources, retired)?;
    if loaded.problems.is_empty() {
        Ok(loaded)
    } else {
        Err(ConfigError::Invalid(loaded.problems))
    }
}

/// Reads a configuration as [`load_with`] does, and hands problems over with it, for a binary that
/// adds its own.
///
/// # Errors
/// [`ConfigError`] where nothing is left that could be read.
pub fn examine<T: DeserializeOwned + Settings>(
    sources: &Sources,
    retired: &[Retired],
) -> Result<Loaded<T>, ConfigError> {
    let mut tree = match &sources.file {
        Some(path) => file::read(path)?,
        None => Map::new(),
    };
    let mut names = Vec::new();
    for (name, value) in &sources.env {
        if let Some(path) = environment::path(name, value) {
            insert(&mut tree, &path, value);
            names.push((path, name.clone()));
        }
    }
    let reader = Reader {
        names,
        file: sources.file.clone(),
        shown: shown::<T>(),
        problems: Vec::new(),
        warnings: Vec::new(),
    };
    reader.read(tree, retired)
}

/// The names of all settings but the secret ones.
fn shown<T: Settings>() -> Vec<String> {
    let secrets = T::secrets();
    let names = T::reference().into_iter().map(|row| row.name);
    names
        .filter(|name| !secrets.contains(&name.as_str()))
        .collect()
}

/// Puts a text at a path, over whatever stands there.
fn insert(tree: &mut Map<String, Value>, path: &[String], text: &str) {
    let Some((last, tables)) = path.split_last() else {
        return;
    };
    let mut table = tree;
    for name in tables {
        let entry = table.entry(name.clone()).or_insert(Value::Null);
        if !entry.is_object() {
            *entry = Value::Object(Map::new());
        }
        let Value::Object(inner) = entry else { return };
        table = inner;
    }
    table.insert(last.clone(), Value::from(text));
}

struct Reader {
    names: Vec<(Vec<String>, String)>,
    file: Option<PathBuf>,
    /// The settings whose value may be repeated.
    shown: Vec<String>,
    problems: Vec<Problem>,
    warnings: Vec<String>,
}

impl Reader {
    /// Reads again and again, each time without the setting that was wrong, so that one run finds
    /// every problem.
    fn read<T: DeserializeOwned>(
        mut self,
        mut tree: Map<String, Value>,
        retired: &[Retired],
    ) -> Result<Loaded<T>, ConfigError> {
        for (key, hint) in retired {
            if tree.remove(*key).is_some() {
                let text = format!("is no setting here: {hint}");
                self.report(&[(*key).to_owned()], None, text);
            }
        }
        loop {
            let (path, text) = match serde_path_to_error::deserialize(Value::Object(tree.clone())) {
                Ok(value) => {
                    return Ok(Loaded {
                        value,
                        problems: self.problems,
                        warnings: self.warnings,
                    });
                }
                Err(error) => (segments(error.path()), error.into_inner().to_string()),
            };
            let name = self.variable(&path);
            if name.is_some() && environment::retype(&mut tree, &path, &text) {
                continue;
            }
            match name {
                Some(name) if text.starts_with("unknown field") => {
                    self.warnings
                        .push(format!("{name} is no setting, so it has no effect"));
                }
                _ => {
                    let value = self.value(&mut tree, &path);
                    self.report(&path, value, problem::without_value(&text));
                }
            }
            if !remove(&mut tree, &path) {
                // The value as a whole is wrong: nothing is left to try.
                return Err(ConfigError::Invalid(self.problems));
            }
        }
    }

    /// The environment's name of the setting that this path is in.
    fn variable(&self, path: &[String]) -> Option<&str> {
        let within = |(own, _): &&(Vec<String>, String)| path.starts_with(own);
        self.names
            .iter()
            .find(within)
            .map(|(_, name)| name.as_str())
    }

    /// The wrong value, short and in one line, where it may be shown: a name that is no setting
    /// may be meant for a secret.
    fn value(&self, tree: &mut Map<String, Value>, path: &[String]) -> Option<String> {
        let is_name = |part: &&String| part.parse::<usize>().is_err();
        let key = path
            .iter()
            .filter(is_name)
            .cloned()
            .collect::<Vec<_>>()
            .join(".");
        let value = match at(tree, path)? {
            value @ (Value::Number(_) | Value::Bool(_)) => value.to_string(),
            Value::String(text) => format!("{text:?}"),
            _ => return None,
        };
        (self.shown.contains(&key) && value.len() <= MAX_SHOWN).then_some(value)
    }

    fn report(&mut self, path: &[String], value: Option<String>, text: String) {
        let source = match (self.variable(path), &self.file) {
            (Some(name), _) => Source::Environment(name.to_owned()),
            (None, Some(file)) => Source::File(file.clone()),
            (None, None) => Source::Default,
        };
        let key = path.join(".");
        self.problems.push(Problem {
            key,
            value,
            source,
            text,
        });
    }
}

fn segments(path: &serde_path_to_error::Path) -> Vec<String> {
    path.iter()
        .filter_map(|segment| match segment {
            Segment::Seq { index } => Some(index.to_string()),
            Segment::Map { key } => Some(key.clone()),
            Segment::Enum { .. } | Segment::Unknown => None,
        })
        .collect()
}

/// The value at a path, as deep as objects and arrays go.
fn at<'a>(tree: &'a mut Map<String, Value>, path: &[String]) -> Option<&'a mut Value> {
    let (first, rest) = path.split_first()?;
    rest.iter()
        .try_fold(tree.get_mut(first)?, |value, name| match value {
            Value::Object(fields) => fields.get_mut(name),
            Value::Array(items) => items.get_mut(name.parse::<usize>().ok()?),
            _ => None,
        })
}

/// Takes the setting at a path away; whether there was one.
fn remove(tree: &mut Map<String, Value>, path: &[String]) -> bool {
    let Some((last, parent)) = path.split_last() else {
        return false;
    };
    if parent.is_empty() {
        return tree.remove(last).is_some();
    }
    match at(tree, parent) {
        Some(Value::Object(fields)) => fields.remove(last).is_some(),
        Some(Value::Array(items)) => match last.parse::<usize>() {
            Ok(index) if index < items.len() => {
                items.remove(index);
                true
            }
            _ => false,
        },
        _ => false,
    }
}

#[cfg(test)]
mod tests;
