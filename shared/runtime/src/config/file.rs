//! Reads a configuration file into a tree of values.

use std::path::Path;

use config::{Config, File, FileFormat};
use serde_json::{Map, Value};

use super::ConfigError;

/// The file's settings, unchecked.
pub(super) fn read(path: &Path) -> Result<Map<String, Value>, ConfigError> {
    let format = match path.extension().and_then(|extension| extension.to_str()) {
        Some("toml") => FileFormat::Toml,
        Some("yaml" | "yml") => FileFormat::Yaml,
        _ => return Err(ConfigError::UnknownFormat(path.to_owned())),
    };
    let text = std::fs::read_to_string(path).map_err(|source| ConfigError::Unreadable {
        path: path.to_owned(),
        source,
    })?;
    Config::builder()
        .add_source(File::from_str(&text, format))
        .build()
        .and_then(Config::try_deserialize)
        .map_err(|error| ConfigError::Syntax {
            path: path.to_owned(),
            text: error.to_string(),
        })
}
