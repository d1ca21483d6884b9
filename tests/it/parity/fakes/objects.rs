//! Objects as no cluster has them (`zoo/static`): half empty, with a status that contradicts itself, with
//! sources that no API server takes any more.

use anyhow::{Context as _, Result};
use kubently_tests::place;
use serde_json::Value;

use super::super::lines;
use super::Case;
use super::store::Store;

/// The files of `zoo/static`, and of `lines/static` what is asked about them.
const FILES: [&str; 6] = ["pods", "workloads", "network", "cluster", "logs", "values"];

pub(super) fn cases() -> Result<Vec<Case>> {
    let tests = place::workspace().join("tests");
    let case = |name: &&str| {
        let store = Store::of(objects(&format!("static/{name}"))?);
        let lines = tests.join(format!("it/parity/lines/static/{name}.txt"));
        let lines = std::fs::read_to_string(&lines).with_context(|| lines.display().to_string())?;
        let lines = lines::parsed(&lines).map(|line| line.text).collect();
        let answer = move |path: &str| store.answer(path);
        Ok(Case::still(format!("static {name}"), answer, lines))
    };
    FILES.iter().map(case).collect()
}

/// The documents of a file of the zoo.
pub(super) fn objects(name: &str) -> Result<Vec<Value>> {
    let path = place::workspace().join(format!("tests/zoo/{name}.yaml"));
    let what = || path.display().to_string();
    let text = std::fs::read_to_string(&path).with_context(what)?;
    let objects: Vec<Value> = serde_saphyr::from_multiple(&text).with_context(what)?;
    Ok(objects)
}
