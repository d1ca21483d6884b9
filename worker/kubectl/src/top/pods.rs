//! `top pods`.

use std::collections::HashSet;

use chrono::{DateTime, TimeDelta, Utc};
use kubently_core::command::{Scope, Selector};
use serde::Deserialize;

use super::Asking;
use super::usage::{Amounts, Lines, Measured, Metadata, SortBy, items, or_default};
use crate::error::Error;
use crate::list::{List, unreadable};
use crate::printer::age;
use crate::printer::sort::sorted;
use crate::request::Route;

const PODS: Route<'_> = Route {
    group: "",
    version: "v1",
    resource: "pods",
};
/// Pods a page; kubectl asks for all at once.
const PAGE: u32 = 500;
/// A pod that is older has usage, or something is wrong.
const PATIENCE: TimeDelta = TimeDelta::minutes(2);

/// `PodMetrics`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Pod {
    metadata: Metadata,
    #[serde(deserialize_with = "or_default")]
    containers: Vec<Container>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Container {
    name: String,
    #[serde(deserialize_with = "or_default")]
    usage: Amounts,
}

/// What is looked at of the pod itself.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Object {
    metadata: ObjectMeta,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct ObjectMeta {
    name: String,
    namespace: String,
    #[serde(deserialize_with = "age::deserialize_time")]
    creation_timestamp: Option<DateTime<Utc>>,
}

/// A pod and the sum over its containers.
struct Row {
    pod: Pod,
    total: Amounts,
}

pub(super) async fn print(asking: &mut Asking<'_>) -> Result<Vec<u8>, Error> {
    let mut pods: Vec<Pod> = asking.usage().await?;
    if !pods.is_empty() && asking.top.field_selector.is_some() {
        let selected = objects(asking, asking.top.scope.namespace().map(str::to_owned)).await?;
        let selected: HashSet<_> = selected
            .into_iter()
            .map(|it| (it.metadata.namespace, it.metadata.name))
            .collect();
        pods.retain(|it| {
            let Metadata { name, namespace } = &it.metadata;
            selected.contains(&(namespace.clone(), name.clone()))
        });
    }
    if pods.is_empty() {
        explain_nothing(asking).await?;
        let note = match asking.top.scope.namespace() {
            Some(namespace) => format!("No resources found in {namespace} namespace."),
            None => "No resources found".to_owned(),
        };
        asking.output.note(&note);
        return Ok(Vec::new());
    }
    Ok(table(pods, asking))
}

/// The pods themselves, as far as they are selected.
async fn objects(asking: &mut Asking<'_>, namespace: Option<String>) -> Result<Vec<Object>, Error> {
    let top = asking.top;
    let list = List {
        route: PODS,
        namespace: namespace.as_deref(),
        labels: top.selector.as_ref().map(Selector::as_str),
        fields: top.field_selector.as_ref().map(Selector::as_str),
        limit: Some(PAGE),
    };
    let pages = list
        .read(asking.cluster, asking.limits.max_response_bytes)
        .await;
    let pages = asking.heard(pages)?;
    asking.output.warn(&pages.warnings);
    if pages.cut {
        let bytes = pages.bytes();
        let text = format!("unable to read the answer: the pods have more than {bytes} bytes");
        return Err(Error::Unreadable(text));
    }
    let mut objects = Vec::new();
    for body in &pages.bodies {
        objects.extend(items(body)?);
    }
    Ok(objects)
}

/// Nothing is an error as long as there are pods. With `-A`, kubectl looks for them in the namespace
/// that it would have used otherwise.
async fn explain_nothing(asking: &mut Asking<'_>) -> Result<(), Error> {
    let namespace = asking.top.scope.namespace().or(Scope::Default.namespace());
    let namespace = namespace.map(str::to_owned);
    let pods: Vec<Object> = match &asking.top.name {
        Some(name) => {
            let answer = asking.object(PODS, name.as_str()).await?;
            vec![serde_json::from_slice(&answer.body).map_err(unreadable)?]
        }
        None => objects(asking, namespace).await?,
    };
    if pods.is_empty() {
        return Ok(());
    }
    let now = asking.cluster.now();
    for pod in pods {
        let ObjectMeta {
            name,
            namespace,
            creation_timestamp,
        } = pod.metadata;
        let age = creation_timestamp.map_or(TimeDelta::MAX, |created| now - created);
        if age > PATIENCE {
            let age = age::go_duration(age);
            return Err(Error::Usage(format!(
                "Metrics not available for pod {namespace}/{name}, age: {age}"
            )));
        }
    }
    Err(Error::Usage("metrics not available yet".to_owned()))
}

fn table(pods: Vec<Pod>, asking: &Asking<'_>) -> Vec<u8> {
    let top = asking.top;
    let with_namespace = top.scope == Scope::All;
    let measured = Measured::all(top.show_swap);
    let mut lines = Lines::new();
    let columns = ["NAME", "CPU(cores)", "MEMORY(bytes)", "SWAP(bytes)"];
    let columns = columns.get(..=measured.len()).unwrap_or_default();
    // Without a header, kubectl does not count the columns before the name.
    let mut width = columns.len();
    if !top.no_headers {
        for (column, is_shown) in [("NAMESPACE", with_namespace), ("POD", top.containers)] {
            if is_shown {
                lines.cell(column);
                width += 1;
            }
        }
        lines.cells(columns);
        lines.end();
    }
    let rows = in_order(pods, with_namespace, top.sort_by, measured);
    let mut sum = Amounts::default();
    for mut row in rows {
        let Metadata { name, namespace } = &row.pod.metadata;
        if top.containers {
            row.pod.containers = sorted(row.pod.containers, |one, two| {
                let by_usage = one.usage.before(&two.usage, top.sort_by);
                by_usage.unwrap_or_else(|| one.name < two.name)
            });
            for container in &row.pod.containers {
                if with_namespace {
                    lines.cell(namespace);
                }
                lines.cell(name);
                line(&mut lines, &container.name, &container.usage, measured);
            }
        } else {
            if with_namespace {
                lines.cell(namespace);
            }
            line(&mut lines, name, &row.total, measured);
        }
        for container in &row.pod.containers {
            sum.add(&container.usage, measured);
        }
    }
    if top.sum {
        lines.cells(&vec![""; width - 2]);
        lines.cells(&["________"; 2]);
        lines.end();
        lines.cells(&vec![""; width - 3]);
        line(&mut lines, "", &sum, measured);
    }
    lines.finish()
}

fn in_order(
    pods: Vec<Pod>,
    with_namespace: bool,
    sort_by: SortBy,
    measured: &[Measured],
) -> Vec<Row> {
    let total = |pod: &Pod| {
        let mut total = Amounts::default();
        for container in &pod.containers {
            total.add(&container.usage, measured);
        }
        total
    };
    let rows = pods.into_iter().map(|pod| Row {
        total: total(&pod),
        pod,
    });
    sorted(rows.collect(), |one: &Row, two: &Row| {
        let by_usage = one.total.before(&two.total, sort_by);
        by_usage.unwrap_or_else(|| {
            let (one, two) = (&one.pod.metadata, &two.pod.metadata);
            if with_namespace && one.namespace != two.namespace {
                one.namespace < two.namespace
            } else {
                one.name < two.name
            }
        })
    })
}

fn line(lines: &mut Lines, name: &str, usage: &Amounts, measured: &[Measured]) {
    lines.cell(name);
    for &measured in measured {
        lines.cell(&measured.text(&usage.of(measured)));
    }
    lines.end();
}
