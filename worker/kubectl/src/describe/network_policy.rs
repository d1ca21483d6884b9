//! `NetworkPolicy`.

use super::metadata::{labels_and_annotations, name_and_namespace};
use super::selector;
use super::value::Value;
use super::writer::Writer;
use crate::printer::age::go_time;

/// One direction of traffic.
struct Direction {
    /// In `spec`, and in the list of types.
    field: &'static str,
    kind: &'static str,
    /// The field of a rule that holds its peers, and their label.
    peers: &'static str,
    label: &'static str,
    /// What the peers are.
    ends: &'static str,
}

const DIRECTIONS: [Direction; 2] = [
    Direction {
        field: "ingress",
        kind: "Ingress",
        peers: "from",
        label: "From",
        ends: "source",
    },
    Direction {
        field: "egress",
        kind: "Egress",
        peers: "to",
        label: "To",
        ends: "destination",
    },
];

pub(super) fn print(policy: Value<'_>, w: &mut Writer) {
    let spec = policy.get("spec");
    name_and_namespace(w, policy);
    let created = policy.at("metadata.creationTimestamp").time();
    w.row(0, "Created on", go_time(created));
    labels_and_annotations(w, policy);
    writeln!(w.at(0), "Spec:");
    write!(w.at(1), "PodSelector: ");
    let pods = spec.get("podSelector");
    if pods.get("matchLabels").is_empty() && pods.get("matchExpressions").is_empty() {
        writeln!(
            w.at(2),
            "<none> (Allowing the specific traffic to all pods in this namespace)"
        );
    } else {
        writeln!(w.at(2), "{}", selector::text_or_none(pods));
    }
    let types: Vec<&str> = spec.get("policyTypes").items().map(Value::text).collect();
    for direction in &DIRECTIONS {
        let field = direction.field;
        if types.contains(&direction.kind) {
            writeln!(w.at(1), "Allowing {field} traffic:");
            w.nested(2, |w| rules(w, direction, spec.get(field)));
        } else {
            writeln!(w.at(1), "Not affecting {field} traffic");
        }
    }
    let types = if types.is_empty() {
        "<none>".to_owned()
    } else {
        types.join(", ")
    };
    writeln!(w.at(1), "Policy Types: {types}");
}

fn rules(w: &mut Writer, direction: &Direction, rules: Value<'_>) {
    let Direction {
        field,
        peers,
        label,
        ends,
        ..
    } = direction;
    if rules.is_empty() {
        writeln!(
            w.at(0),
            "<none> (Selected pods are isolated for {field} connectivity)"
        );
    }
    for (number, rule) in rules.items().enumerate() {
        if number > 0 {
            writeln!(w.at(0), "----------");
        }
        ports(w, rule.get("ports"));
        let peers = rule.get(peers);
        if peers.is_empty() {
            writeln!(w.at(0), "{label}: <any> (traffic not restricted by {ends})");
        }
        for peer in peers.items() {
            writeln!(w.at(0), "{label}:");
            print_peer(w, peer);
        }
    }
}

fn ports(w: &mut Writer, ports: Value<'_>) {
    if ports.is_empty() {
        writeln!(w.at(0), "To Port: <any> (traffic allowed to all ports)");
    }
    for port in ports.items() {
        let protocol = port.get("protocol");
        let protocol = if protocol.is_set() {
            protocol.text()
        } else {
            "TCP"
        };
        let first = match port.get("port") {
            first if first.is_set() => first.to_string(),
            _ => "<nil>".to_owned(),
        };
        let last = port.get("endPort");
        if last.is_set() {
            writeln!(w.at(0), "To Port Range: {first}-{}/{protocol}", last.int());
        } else {
            writeln!(w.at(0), "To Port: {first}/{protocol}");
        }
    }
}

/// Selectors; only where there are none, a block of addresses.
fn print_peer(w: &mut Writer, peer: Value<'_>) {
    let (namespaces, pods) = (peer.get("namespaceSelector"), peer.get("podSelector"));
    let block = peer.get("ipBlock");
    for (label, it) in [("NamespaceSelector", namespaces), ("PodSelector", pods)] {
        if it.is_set() {
            writeln!(w.at(1), "{label}: {}", selector::text_or_none(it));
        }
    }
    if !namespaces.is_set() && !pods.is_set() && block.is_set() {
        writeln!(w.at(1), "IPBlock:");
        writeln!(w.at(2), "CIDR: {}", block.get("cidr"));
        let except: Vec<_> = block.get("except").items().map(Value::text).collect();
        writeln!(w.at(2), "Except: {}", except.join(", "));
    }
}
