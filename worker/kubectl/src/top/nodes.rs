//! `top nodes`.

use std::collections::BTreeMap;

use kubently_core::command::Selector;
use serde::Deserialize;

use super::Asking;
use super::usage::{Amounts, Lines, Measured, Metadata, items, or_default};
use crate::client::Subject;
use crate::error::Error;
use crate::list::unreadable;
use crate::printer::age::UNKNOWN;
use crate::printer::quantity::{Quantity, Suffixes};
use crate::printer::sort::sorted;
use crate::request::{Accept, Request, Route};

const NODES: Route<'_> = Route {
    group: "",
    version: "v1",
    resource: "nodes",
};

/// `NodeMetrics`.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Usage {
    metadata: Metadata,
    #[serde(deserialize_with = "or_default")]
    usage: Amounts,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Node {
    metadata: Metadata,
    status: Status,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Status {
    #[serde(deserialize_with = "or_default")]
    capacity: Amounts,
    #[serde(deserialize_with = "or_default")]
    allocatable: Amounts,
    node_info: NodeSystem,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct NodeSystem {
    swap: Option<Swap>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Swap {
    capacity: Option<i64>,
}

/// What a node has.
struct Available {
    amounts: Amounts,
    /// Whether it says how much swap it has.
    tells_swap: bool,
}

pub(super) async fn print(asking: &mut Asking<'_>) -> Result<Vec<u8>, Error> {
    let usage: Vec<Usage> = asking.usage().await?;
    if usage.is_empty() {
        return Err(Error::Usage("metrics not available yet".to_owned()));
    }
    let mut available = BTreeMap::new();
    for node in nodes(asking).await? {
        let swap = node.status.node_info.swap.and_then(|swap| swap.capacity);
        let mut amounts = if asking.top.show_capacity {
            node.status.capacity
        } else {
            node.status.allocatable
        };
        if let Some(bytes) = swap {
            amounts.set(Measured::Swap, Quantity::new(bytes, Suffixes::Binary));
        }
        let tells_swap = swap.is_some();
        available.insert(
            node.metadata.name,
            Available {
                amounts,
                tells_swap,
            },
        );
    }
    let top = asking.top;
    let usage = sorted(usage, |one, two| {
        let by_usage = one.usage.before(&two.usage, top.sort_by);
        by_usage.unwrap_or_else(|| one.metadata.name < two.metadata.name)
    });
    let measured = Measured::all(top.show_swap);
    let mut lines = Lines::new();
    if !top.no_headers {
        lines.cells(&["NAME", "CPU(cores)", "CPU(%)", "MEMORY(bytes)", "MEMORY(%)"]);
        if top.show_swap {
            lines.cells(&["SWAP(bytes)", "SWAP(%)"]);
        }
        lines.end();
    }
    for node in &usage {
        let name = node.metadata.name.as_str();
        line(&mut lines, node, available.remove(name).as_ref(), measured);
    }
    // Go's order is random here.
    for name in available.keys() {
        lines.cell(name);
        lines.cells(&vec![UNKNOWN; 2 * measured.len()]);
        lines.end();
    }
    Ok(lines.finish())
}

/// The nodes themselves.
async fn nodes(asking: &mut Asking<'_>) -> Result<Vec<Node>, Error> {
    if let Some(name) = &asking.top.name {
        let answer = asking.object(NODES, name.as_str()).await?;
        return Ok(vec![
            serde_json::from_slice(&answer.body).map_err(unreadable)?,
        ]);
    }
    let labels = asking.top.selector.as_ref().map(Selector::as_str);
    let request = Request::list(NODES, None, Accept::Json)
        .map_err(|error| Error::Usage(error.to_string()))?
        .with_some("labelSelector", labels);
    let subject = Subject {
        resource: NODES.resource,
        typed: true,
        ..Subject::default()
    };
    let answer = asking.send(&request, subject).await?;
    items(&answer.body)
}

#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "kubectl counts percentages in floats"
)]
fn line(lines: &mut Lines, node: &Usage, available: Option<&Available>, measured: &[Measured]) {
    lines.cell(&node.metadata.name);
    for &measured in measured {
        if measured == Measured::Swap && available.is_some_and(|it| !it.tells_swap) {
            lines.cells(&[UNKNOWN; 2]);
            continue;
        }
        let amount = node.usage.of(measured);
        lines.cell(&measured.text(&amount));
        if let Some(whole) = available.and_then(|it| it.amounts.known(measured)) {
            let part = if whole.is_zero() {
                0.0
            } else {
                amount.milli_value() as f64 / whole.milli_value() as f64 * 100.0
            };
            lines.cell(&format!("{}%", part as i64));
        }
    }
    lines.end();
}
