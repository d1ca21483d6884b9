//! The pods on a node, and what they ask for of what it has.

use super::{Value, Writer};
use crate::describe::pod_resources::{Amounts, add, limits, requests};
use crate::json::Json;
use crate::printer::quantity::Quantity;

/// `Non-terminated Pods`, `Allocated resources`
pub(super) fn print(w: &mut Writer, node: Value<'_>, pods: &[Json<'_>]) {
    let allocatable = match node.at("status.allocatable") {
        missing if missing.is_empty() => node.at("status.capacity"),
        allocatable => allocatable,
    };
    writeln!(w.at(0), "Non-terminated Pods:\t({} in total)", pods.len());
    writeln!(
        w.at(1),
        "Namespace\tName\t\tCPU Requests\tCPU Limits\tMemory Requests\tMemory Limits\tAge"
    );
    writeln!(
        w.at(1),
        "---------\t----\t\t------------\t----------\t---------------\t-------------\t---"
    );
    let (mut asked, mut allowed) = (Amounts::new(), Amounts::new());
    for pod in pods.iter().map(Value::of) {
        let (request, limit) = (requests(pod, true), limits(pod, true));
        let cell = |amounts: &Amounts<'_>, name: &str| {
            let amount = amount_of(amounts, name);
            let share = whole(share(name, &amount, &allocatable.get(name).quantity()));
            format!("{amount} ({share}%)")
        };
        let metadata = pod.get("metadata");
        let age = w.age(metadata.get("creationTimestamp").time());
        writeln!(
            w.at(1),
            "{}\t{}\t\t{}\t{}\t{}\t{}\t{age}",
            metadata.get("namespace"),
            metadata.get("name"),
            cell(&request, "cpu"),
            cell(&limit, "cpu"),
            cell(&request, "memory"),
            cell(&limit, "memory"),
        );
        add(&mut asked, &requests(pod, false));
        add(&mut allowed, &limits(pod, false));
    }
    totals(w, allocatable, &asked, &allowed);
}

fn totals(w: &mut Writer, allocatable: Value<'_>, asked: &Amounts<'_>, allowed: &Amounts<'_>) {
    writeln!(
        w.at(0),
        "Allocated resources:\n  (Total limits may be over 100 percent, i.e., overcommitted.)"
    );
    writeln!(w.at(1), "Resource\tRequests\tLimits");
    writeln!(w.at(1), "--------\t--------\t------");
    let standard = ["cpu", "memory", "ephemeral-storage"];
    let names = allocatable.entries().map(|(name, _)| name);
    let huge = names.filter(|name| name.starts_with("hugepages-"));
    for name in standard.into_iter().chain(huge) {
        let all = allocatable.get(name).quantity();
        let cell = |amounts: &Amounts<'_>| {
            let amount = amount_of(amounts, name);
            // Nothing of nothing is no share.
            let share = if units(name, &all) == 0 {
                0
            } else {
                whole(share(name, &amount, &all))
            };
            format!("{amount} ({share}%)")
        };
        writeln!(w.at(1), "{name}\t{}\t{}", cell(asked), cell(allowed));
    }
    for (name, _) in allocatable.entries() {
        if !standard.contains(&name) && !name.starts_with("hugepages-") && name != "pods" {
            let (asked, allowed) = (amount_of(asked, name), amount_of(allowed, name));
            writeln!(w.at(1), "{name}\t{asked}\t{allowed}");
        }
    }
}

fn amount_of(amounts: &Amounts<'_>, name: &str) -> Quantity {
    amounts.get(name).cloned().unwrap_or_default()
}

/// Processors are counted in thousandths.
fn units(name: &str, amount: &Quantity) -> i64 {
    if name == "cpu" {
        amount.milli_value()
    } else {
        amount.value()
    }
}

/// In percent.
#[expect(clippy::cast_precision_loss, reason = "kubectl divides floats")]
fn share(name: &str, amount: &Quantity, of: &Quantity) -> f64 {
    units(name, amount) as f64 / units(name, of) as f64 * 100.0
}

/// As Go cuts a float on x86-64: what is no number, or too large a one, is the smallest integer.
#[expect(
    clippy::cast_possible_truncation,
    reason = "numbers that do not fit are taken care of"
)]
fn whole(number: f64) -> i64 {
    if number.abs() < 9e18 {
        number as i64
    } else {
        i64::MIN
    }
}
