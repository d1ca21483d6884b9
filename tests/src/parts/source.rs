//! Modules of which only files are read: pinned as the parts are, fetched by Go into its own cache, and not built.

use std::path::PathBuf;

use serde::Deserialize;

use super::{PartsError, build};
use crate::place;

/// Pins the Prometheus operator, for the resource types that it ships (4 MB).
const MONITORS: &str = "tests/parts/monitors";
const OPERATOR: &str = "github.com/prometheus-operator/prometheus-operator";

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Downloaded {
    dir: Option<PathBuf>,
    error: Option<String>,
}

/// The directory with the Prometheus operator's resource definitions, one file each.
///
/// # Errors
/// When Go is not there, or neither its cache nor its proxy has the module.
pub async fn monitors() -> anyhow::Result<PathBuf> {
    let fetched = tokio::task::spawn_blocking(|| fetch(MONITORS, OPERATOR));
    Ok(fetched.await??.join("example/prometheus-operator-crd"))
}

/// Where Go has a module that `module` pins; `go.sum` says which bytes it must have.
fn fetch(module: &'static str, wanted: &str) -> Result<PathBuf, PartsError> {
    let failed = |why: String| PartsError::NotFetched { module, why };
    let dir = place::workspace().join(module);
    let run = build::go(&dir, &["mod", "download", "-json", wanted]);
    let run = run.map_err(|error| failed(error.to_string()))?;
    let downloaded: Downloaded = serde_json::from_slice(&run.stdout)
        .map_err(|_| failed(String::from_utf8_lossy(&run.stderr).into_owned()))?;
    let why = downloaded.error.unwrap_or_default();
    downloaded.dir.ok_or_else(|| failed(why))
}
