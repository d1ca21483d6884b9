//! A metric: what it is now and what it should be.

use super::{Value, Writer};
use crate::printer::text::Quoted;

const UNKNOWN: &str = "<unknown>";

pub(super) fn print(w: &mut Writer, wanted: Value<'_>, current: Value<'_>) {
    match wanted.get("type").text() {
        "External" => external(w, wanted.get("external"), current.get("external")),
        "Pods" => {
            let (wanted, current) = (wanted.get("pods"), current.get("pods"));
            let name = wanted.at("metric.name").text();
            let now = amount(current, "averageValue");
            let target = quantity(wanted.at("target.averageValue"));
            let name = Quoted(name);
            writeln!(w.at(1), "{name} on pods:\t{now} / {target}");
        }
        "Object" => object(w, wanted.get("object"), current.get("object")),
        "Resource" => {
            let wanted = wanted.get("resource");
            let what = format!("resource {} on pods", wanted.get("name"));
            resource(w, &what, wanted, current.get("resource"));
        }
        "ContainerResource" => {
            let wanted = wanted.get("containerResource");
            let (name, container) = (wanted.get("name"), wanted.get("container"));
            let what = format!("resource {name} of container \"{container}\" on pods");
            resource(w, &what, wanted, current.get("containerResource"));
        }
        other => writeln!(w.at(1), "<unknown metric type {}>", Quoted(other)),
    }
}

/// An amount that may not be there; Go prints a missing one so.
fn quantity(amount: Value<'_>) -> String {
    amount.amount_or("<nil>")
}

/// What a metric is now, where it is known at all.
fn amount(current: Value<'_>, field: &str) -> String {
    if current.is_set() {
        quantity(current.get("current").get(field))
    } else {
        UNKNOWN.to_owned()
    }
}

fn external(w: &mut Writer, wanted: Value<'_>, current: Value<'_>) {
    let name = Quoted(wanted.at("metric.name").text());
    let average = wanted.at("target.averageValue");
    if average.is_set() {
        let now = current.at("current.averageValue").amount_or(UNKNOWN);
        let average = average.quantity();
        writeln!(w.at(1), "{name} (target average value):\t{now} / {average}");
    } else {
        let now = amount(current, "value");
        let target = quantity(wanted.at("target.value"));
        writeln!(w.at(1), "{name} (target value):\t{now} / {target}");
    }
}

fn object(w: &mut Writer, wanted: Value<'_>, current: Value<'_>) {
    let (kind, name) = (
        wanted.at("describedObject.kind"),
        wanted.at("describedObject.name"),
    );
    let metric = wanted.at("metric.name");
    let (what, field) = if wanted.at("target.type").text() == "AverageValue" {
        ("target average value", "averageValue")
    } else {
        ("target value", "value")
    };
    let now = amount(current, field);
    let target = quantity(wanted.get("target").get(field));
    writeln!(
        w.at(1),
        "\"{metric}\" on {kind}/{name} ({what}):\t{now} / {target}"
    );
}

fn resource(w: &mut Writer, what: &str, wanted: Value<'_>, current: Value<'_>) {
    let average = wanted.at("target.averageValue");
    if average.is_set() {
        let now = amount(current, "averageValue");
        let average = average.quantity();
        writeln!(w.at(1), "{what}:\t{now} / {average}");
        return;
    }
    let used = current.at("current.averageUtilization");
    let now = if used.is_set() {
        let average = quantity(current.at("current.averageValue"));
        format!("{used}% ({average})")
    } else {
        UNKNOWN.to_owned()
    };
    let target = wanted.at("target.averageUtilization");
    let target = if target.is_set() {
        format!("{target}%")
    } else {
        "<auto>".to_owned()
    };
    writeln!(
        w.at(1),
        "{what}  (as a percentage of request):\t{now} / {target}"
    );
}
