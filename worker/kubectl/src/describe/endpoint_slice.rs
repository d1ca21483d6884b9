//! `EndpointSlice`.

use super::metadata::{labels_and_annotations, name_and_namespace};
use super::value::Value;
use super::writer::Writer;

/// What stands for a field that is not there.
const UNSET: &str = "<unset>";

pub(super) fn print(slice: Value<'_>, w: &mut Writer) {
    name_and_namespace(w, slice);
    labels_and_annotations(w, slice);
    w.row(0, "AddressType", slice.get("addressType"));
    ports(w, slice.get("ports"));
    let endpoints = slice.get("endpoints");
    if endpoints.is_empty() {
        writeln!(w.at(0), "Endpoints: <none>");
        return;
    }
    writeln!(w.at(0), "Endpoints:");
    for endpoint in endpoints.items() {
        print_endpoint(w, endpoint);
    }
}

fn ports(w: &mut Writer, ports: Value<'_>) {
    if ports.is_empty() {
        writeln!(w.at(0), "Ports: <unset>");
        return;
    }
    writeln!(w.at(0), "Ports:");
    writeln!(w.at(1), "Name\tPort\tProtocol");
    writeln!(w.at(1), "----\t----\t--------");
    for port in ports.items() {
        let (name, protocol) = (port.get("name").text_or(UNSET), port.get("protocol"));
        writeln!(
            w.at(1),
            "{name}\t{}\t{protocol}",
            or_unset(port.get("port"))
        );
    }
}

fn print_endpoint(w: &mut Writer, endpoint: Value<'_>) {
    let addresses = endpoint.get("addresses").items().map(Value::text);
    let text = addresses.collect::<Vec<_>>().join(", ");
    w.row(
        1,
        "- Addresses",
        if text.is_empty() { "<none>" } else { &text },
    );
    writeln!(w.at(2), "Conditions:");
    w.row(3, "Ready", or_unset(endpoint.at("conditions.ready")));
    w.row(2, "Hostname", or_unset(endpoint.get("hostname")));
    let target = endpoint.get("targetRef");
    if target.is_set() {
        let (kind, name) = (target.get("kind"), target.get("name"));
        w.row(2, "TargetRef", format_args!("{kind}/{name}"));
    }
    w.row(2, "NodeName", or_unset(endpoint.get("nodeName")));
    w.row(2, "Zone", or_unset(endpoint.get("zone")));
}

fn or_unset(value: Value<'_>) -> String {
    if value.is_set() {
        value.to_string()
    } else {
        UNSET.to_owned()
    }
}
