//! The events of an object, as the last part of its description (kubectl `describe.go`:
//! `DescribeEvents`, `searchEvents`).

use super::reader::{List, Reader, routes};
use super::value::Value;
use super::writer::Writer;
use crate::error::Error;
use crate::json::Json;
use crate::printer::sort::sorted;

/// Which events belong to an object.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Events {
    /// None are shown.
    None,
    /// Those of its name, kind and uid.
    OfObject,
    /// The same, and where they cannot be read, there is no description.
    Required,
    /// Those of its name and uid; a static pod's have the uid that its kubelet gave it.
    OfPod,
    /// Those of its name and kind with its uid, and behind them those with its name for a uid: that
    /// is what kubelets write.
    OfNode,
}

/// A static pod's mirror has its kubelet's uid here.
const MIRROR: &str = "kubernetes.io/config.mirror";

/// All events of objects with this name, and why there may be more: kubectl shows the pages that
/// came before one that failed. The uid is left to [`of`], so that they can be read while the object
/// is.
pub(super) async fn named(
    reader: &Reader<'_>,
    namespace: Option<&str>,
    name: &str,
) -> (List, Option<Error>) {
    let (of, name) = (namespace.unwrap_or_default(), escaped(name));
    let fields = format!("involvedObject.name={name},involvedObject.namespace={of}");
    reader
        .list_so_far(routes::EVENTS, namespace, "", &fields)
        .await
}

/// Those of these events that belong to the object, the oldest first.
pub(super) fn of<'a>(
    which: Events,
    events: &'a [Json<'a>],
    kind: &str,
    object: Value<'_>,
) -> Vec<Value<'a>> {
    let (name, mut uid) = (
        object.at("metadata.name").text(),
        object.at("metadata.uid").text(),
    );
    let mirror = object.at("metadata.annotations").get(MIRROR);
    if which == Events::OfPod && mirror.is_set() {
        uid = mirror.text();
    }
    let having = |uid: &str| {
        let mut found = Vec::new();
        for event in events.iter().map(Value::of) {
            let of_kind = which == Events::OfPod || event.at("involvedObject.kind").text() == kind;
            if of_kind && (uid.is_empty() || event.at("involvedObject.uid").text() == uid) {
                found.push(event);
            }
        }
        found
    };
    let mut found = having(uid);
    if which == Events::OfNode {
        found.extend(having(name));
    }
    let last = |event: &Value<'_>| event.get("lastTimestamp").time();
    sorted(found, |one, two| last(one) < last(two))
}

/// `Events:` and a table of them.
pub(super) fn print(w: &mut Writer, events: &[Value<'_>]) {
    if events.is_empty() {
        w.row(0, "Events", "<none>");
        return;
    }
    w.flush();
    writeln!(w.at(0), "Events:\n  Type\tReason\tAge\tFrom\tMessage");
    writeln!(w.at(1), "----\t------\t----\t----\t-------");
    for event in events {
        let first = event
            .get("eventTime")
            .time()
            .or_else(|| event.get("firstTimestamp").time());
        let first = w.age(first);
        let (series, count) = (event.get("series"), event.get("count").int());
        let age = if series.is_set() {
            let last = w.age(series.get("lastObservedTime").time());
            format!("{last} (x{} over {first})", series.get("count").int())
        } else if count > 1 {
            let last = w.age(event.get("lastTimestamp").time());
            format!("{last} (x{count} over {first})")
        } else {
            first
        };
        let from = event
            .at("source.component")
            .text_or(event.get("reportingComponent").text());
        let path = event.at("involvedObject.fieldPath").text();
        let part = if path.is_empty() { "" } else { ": " };
        writeln!(
            w.at(1),
            "{}\t{}\t{age}\t{from}\t{path}{part}{}",
            event.get("type"),
            event.get("reason"),
            event.get("message").text().trim(),
        );
    }
}

/// The characters that end a value of a field selector.
fn escaped(value: &str) -> String {
    value
        .replace('\\', "\\\\")
        .replace(',', "\\,")
        .replace('=', "\\=")
}
