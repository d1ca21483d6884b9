//! The environment of a container. Values behind references are shown where the pod itself has them.

use super::{Value, Writer};
use crate::printer::quantity::Quantity;

/// `Environment Variables from`, where there are any.
pub(super) fn print_from(w: &mut Writer, sources: Value<'_>) {
    if !sources.is_empty() {
        writeln!(w.at(2), "Environment Variables from:");
    }
    for source in sources.items() {
        let (map, secret) = (source.get("configMapRef"), source.get("secretRef"));
        let (kind, source_of) = if map.is_set() {
            ("ConfigMap", map)
        } else if secret.is_set() {
            ("Secret", secret)
        } else {
            ("", secret)
        };
        let (name, optional) = (source_of.get("name"), source_of.get("optional").truth());
        match source.get("prefix").text() {
            "" => writeln!(w.at(3), "{name}\t{kind}\tOptional: {optional}"),
            prefix => writeln!(
                w.at(3),
                "{name}\t{kind} with prefix '{prefix}'\tOptional: {optional}"
            ),
        }
    }
}

/// `Environment`
pub(super) fn print(w: &mut Writer, container: Value<'_>, pod: Option<Value<'_>>) {
    let variables = container.get("env");
    let none = if variables.is_empty() { "\t<none>" } else { "" };
    writeln!(w.at(2), "Environment:{none}");
    for variable in variables.items() {
        let (name, from) = (variable.get("name"), variable.get("valueFrom"));
        let part = |name: &str| Some(from.get(name)).filter(|it| it.is_set());
        if !from.is_set() {
            for (at, line) in variable.get("value").text().split('\n').enumerate() {
                if at == 0 {
                    writeln!(w.at(3), "{name}:\t{line}");
                } else {
                    writeln!(w.at(3), "\t{line}");
                }
            }
        } else if let Some(field) = part("fieldRef") {
            let (version, path) = (field.get("apiVersion"), field.get("fieldPath"));
            let value = pod.map_or("", |pod| pod_field(pod, path.text()));
            writeln!(w.at(3), "{name}:\t{value} ({version}:{path})");
        } else if let Some(resource) = part("resourceFieldRef") {
            let path = resource.get("resource").text();
            let mut value = amount(container, path, resource.get("divisor"));
            if value == "0" && matches!(path, "limits.cpu" | "limits.memory") {
                "node allocatable".clone_into(&mut value);
            }
            writeln!(w.at(3), "{name}:\t{value} ({path})");
        } else if let Some(secret) = part("secretKeyRef") {
            reference(w, name, secret, "in secret");
        } else if let Some(map) = part("configMapKeyRef") {
            reference(w, name, map, "of config map");
        }
    }
}

fn reference(w: &mut Writer, name: Value<'_>, reference: Value<'_>, kind: &str) {
    let (key, object) = (reference.get("key"), reference.get("name"));
    let optional = reference.get("optional").truth();
    writeln!(
        w.at(3),
        "{name}:\t<set to the key '{key}' {kind} '{object}'>\tOptional: {optional}"
    );
}

/// kubectl knows no other fields: its scheme has no labels of a pod's own.
fn pod_field<'a>(pod: Value<'a>, path: &str) -> &'a str {
    match path {
        "metadata.name" | "metadata.namespace" => pod.at(path).text(),
        _ => "",
    }
}

/// An amount in units of the divisor, rounded up; empty for what kubectl does not know.
fn amount(container: Value<'_>, path: &str, divisor: Value<'_>) -> String {
    let Some((list, resource)) = path.split_once('.') else {
        return String::new();
    };
    let is_known = matches!(resource, "cpu" | "memory" | "ephemeral-storage")
        || resource.starts_with("hugepages-");
    if !is_known || !matches!(list, "limits" | "requests") {
        return String::new();
    }
    let amount = container
        .get("resources")
        .get(list)
        .get(resource)
        .quantity();
    let mut divisor = divisor.quantity();
    if divisor.is_zero() {
        divisor = Quantity::new(1, divisor.suffixes());
    }
    let (amount, divisor) = if resource == "cpu" {
        (amount.milli_value(), divisor.milli_value())
    } else {
        (amount.value(), divisor.value())
    };
    ceiling(amount, divisor).to_string()
}

/// The quotient, rounded up as floats are.
#[expect(
    clippy::cast_precision_loss,
    clippy::cast_possible_truncation,
    reason = "kubectl divides floats"
)]
fn ceiling(amount: i64, divisor: i64) -> i64 {
    (amount as f64 / divisor as f64).ceil() as i64
}
