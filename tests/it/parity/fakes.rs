//! What no real API server can be made to answer: the library and kubectl, each pointed at a fake of its own
//! that plays the same script.

mod bad;
mod mutants;
mod names;
mod objects;
mod pages;
mod store;
mod tables;
mod usage;

use std::sync::Arc;

use anyhow::Result;
use futures::{StreamExt as _, TryStreamExt as _};
use kubently_tests::fake_api::{FakeApi, Script};
use kubently_tests::kubectl::Kubectl;
use kubently_tests::say;
use serde_json::{Value, json};
use tokio::sync::OnceCell;

use super::generator::Seed;
use super::lines::{self, Line};
use super::sides::{Answer, Library, Side};
use super::tally::Tally;
use crate::oracle::without_log;

/// kubectl takes 50 ms of a core for each line.
const AT_ONCE: usize = 3;
/// The least that must be compared.
const LEAST: usize = 300;
/// Lists of random objects of one run.
const MUTANTS: usize = 66;

/// What a fake answers to a path with its query that was asked for so often before.
type Answering = Arc<dyn Fn(&str, usize) -> Option<Script> + Send + Sync>;

/// A script and the lines that meet it.
struct Case {
    /// What it is called in complaints.
    name: String,
    answer: Answering,
    lines: Vec<String>,
    /// The servers of all its lines; each line has servers of its own where there is none.
    shared: Option<OnceCell<Pair>>,
}

impl Case {
    fn new(
        name: impl Into<String>,
        answer: impl Fn(&str, usize) -> Option<Script> + Send + Sync + 'static,
        lines: &[&str],
    ) -> Self {
        Self {
            name: name.into(),
            answer: Arc::new(answer),
            lines: lines.iter().map(|&line| line.to_owned()).collect(),
            shared: None,
        }
    }

    /// A script that answers the same each time.
    fn still(
        name: impl Into<String>,
        answer: impl Fn(&str) -> Option<Script> + Send + Sync + 'static,
        lines: Vec<String>,
    ) -> Self {
        Self {
            name: name.into(),
            answer: Arc::new(move |path, _| answer(path)),
            lines,
            shared: Some(OnceCell::new()),
        }
    }

    /// What kubectl and what the library prints.
    async fn both(&self, line: &str) -> Result<(Side, Side)> {
        let start = || Pair::start(&self.answer);
        let fresh;
        let pair = if let Some(shared) = &self.shared {
            shared.get_or_try_init(start).await?
        } else {
            fresh = start().await?;
            &fresh
        };
        tokio::try_join!(pair.theirs(line), pair.ours(line))
    }
}

/// Both sides, each with a server of its own.
struct Pair {
    kubectl: (FakeApi, Kubectl),
    library: (FakeApi, Library),
}

impl Pair {
    async fn start(answer: &Answering) -> Result<Self> {
        let server = async || {
            let answer = Arc::clone(answer);
            FakeApi::start(move |path, before| answer(path, before)).await
        };
        let (theirs, ours) = (server().await?, server().await?);
        let kubectl = Kubectl::new(theirs.kubeconfig()).await?;
        let library = Library::of(&ours.kubeconfig()).await?;
        Ok(Self {
            kubectl: (theirs, kubectl),
            library: (ours, library),
        })
    }

    async fn theirs(&self, line: &str) -> Result<Side> {
        let (api, kubectl) = &self.kubectl;
        let mut side = Side::of_kubectl(kubectl, &Line::new(line)).await?;
        side.stderr = without_log(&side.stderr);
        Ok(nameless(side, api))
    }

    async fn ours(&self, line: &str) -> Result<Side> {
        let (api, library) = &self.library;
        match library.answer(&Line::new(line)).await {
            Answer::Ran(side) => Ok(nameless(side, api)),
            Answer::Refused(why) => anyhow::bail!("refused: {why}"),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strange_servers_are_answered_as_kubectl_answers_them() -> Result<()> {
    let seed = Seed::from_environment()?;
    let cases = [
        bad::cases(),
        names::cases(),
        pages::cases(),
        tables::cases(),
        usage::cases(),
        objects::cases()?,
        mutants::cases(seed, MUTANTS)?,
    ];
    let lines = cases.iter().flatten().flat_map(|case| {
        let lines = case.lines.iter();
        lines.map(move |line| (case, line))
    });
    let only = std::env::var(lines::ONLY).unwrap_or_default();
    let chosen = |text: &str| only.split(';').any(|part| text.contains(part));
    let lines = lines.filter(|(case, line)| chosen(line) || chosen(&case.name));
    let lines: Vec<_> = lines.collect();
    let refused = lines
        .iter()
        .filter_map(|(_, line)| match Library::parse(&Line::new(*line)) {
            Err(Answer::Refused(why)) => Some(why),
            _ => None,
        });
    let refused: Vec<String> = refused.collect();
    assert!(refused.is_empty(), "refused:\n{}", refused.join("\n"));
    let mut tally = Tally::default();
    let answers = futures::stream::iter(lines).map(async |(case, line)| {
        let (theirs, ours) = case.both(line).await?;
        let text = format!("{} # {}", line, case.name);
        let args = Line::new(line).args;
        anyhow::Ok((Line { text, args }, theirs, ours))
    });
    let mut answers = std::pin::pin!(answers.buffered(AT_ONCE));
    while let Some((line, theirs, ours)) = answers.try_next().await? {
        // Where kubectl itself ends in a panic, there is nothing to compare.
        if !theirs.stderr.starts_with("panic: ") {
            tally.add(&line, &theirs, &ours);
        }
    }
    say::line(format_args!("parity before strange servers: {tally}"));
    let complaints = tally.complaints.join("\n");
    assert!(tally.complaints.is_empty(), "{seed}\n{complaints}");
    if only.is_empty() {
        assert!(tally.compared >= LEAST, "only {} lines", tally.compared);
    }
    Ok(())
}

/// Each fake has an address of its own, and an age that is told to the nanosecond is never told twice.
fn nameless(mut side: Side, api: &FakeApi) -> Side {
    let address = api.url().trim_start_matches("http://");
    for text in [&mut side.stdout, &mut side.stderr] {
        *text = text.replace(address, "ADDRESS");
        if let Some((before, age)) = text.split_once(", age: 1h2m")
            && age.ends_with("s\n")
        {
            *text = format!("{before}, age: AGE\n");
        }
    }
    side
}

/// A type as discovery tells it: group, version, plural, kind, whether it is namespaced, short names, categories.
#[derive(Debug, Clone, Copy)]
struct Type(
    &'static str,
    &'static str,
    &'static str,
    &'static str,
    bool,
    &'static [&'static str],
    &'static [&'static str],
);

/// The two documents of discovery, groups and versions in the order of their first type.
fn discovery(types: &[Type], path: &str) -> Option<Script> {
    let of_core = match path {
        "/api" => true,
        "/apis" => false,
        _ => return None,
    };
    let mut groups: Vec<(&str, Vec<&str>)> = Vec::new();
    for Type(group, version, ..) in types.iter().filter(|it| it.0.is_empty() == of_core) {
        match groups.iter_mut().find(|known| known.0 == *group) {
            Some((_, versions)) if versions.contains(version) => {}
            Some((_, versions)) => versions.push(version),
            None => groups.push((group, vec![version])),
        }
    }
    let resources = |of: (&str, &str)| -> Vec<Value> {
        let of = types.iter().filter(|it| (it.0, it.1) == of);
        of.map(
            |Type(group, version, plural, kind, namespaced, short, categories)| {
                json!({
                    "resource": plural, "singularResource": kind.to_lowercase(),
                    "scope": if *namespaced { "Namespaced" } else { "Cluster" },
                    "responseKind": {"group": group, "version": version, "kind": kind},
                    "shortNames": short, "categories": categories, "verbs": ["get", "list"],
                })
            },
        )
        .collect()
    };
    let items: Vec<Value> = groups
        .iter()
        .map(|(group, versions)| {
            let versions = versions.iter().map(|version| {
                json!({
                    "version": version, "freshness": "Current", "resources": resources((group, version)),
                })
            });
            json!({"metadata": {"name": group}, "versions": versions.collect::<Vec<_>>()})
        })
        .collect();
    let kind = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
    let body = json!({
        "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2", "metadata": {}, "items": items,
    });
    Some(Script::text(200, kind, body.to_string()))
}

/// A Table of the server.
fn table(columns: &Value, rows: &Value) -> Script {
    let table = json!({
        "kind": "Table", "apiVersion": "meta.k8s.io/v1", "metadata": {"resourceVersion": "1"},
        "columnDefinitions": columns, "rows": rows,
    });
    Script::json(200, &table)
}

/// The same without what stands behind the path.
fn path_of(path: &str) -> &str {
    path.split('?').next().unwrap_or(path)
}
