//! `Endpoints`, and the endpoints of a service in a few words.

use super::metadata::{labels_and_annotations, name_and_namespace};
use super::reader::{List, Reader, routes};
use super::value::Value;
use super::writer::Writer;
use crate::error::Error;
use crate::json::Json;

/// The label that names a slice's service.
const SERVICE: &str = "kubernetes.io/service-name";
/// Addresses that are named; more are only counted.
const SHOWN: usize = 3;

pub(super) fn print(endpoints: Value<'_>, w: &mut Writer) {
    name_and_namespace(w, endpoints);
    labels_and_annotations(w, endpoints);
    writeln!(w.at(0), "Subsets:");
    for subset in endpoints.get("subsets").items() {
        for (label, field) in [
            ("Addresses", "addresses"),
            ("NotReadyAddresses", "notReadyAddresses"),
        ] {
            let addresses = subset.get(field).items();
            let addresses: Vec<_> = addresses.map(|it| it.get("ip").text()).collect();
            let text = addresses.join(",");
            w.row(1, label, if text.is_empty() { "<none>" } else { &text });
        }
        let ports = subset.get("ports");
        if !ports.is_empty() {
            writeln!(w.at(1), "Ports:");
            writeln!(w.at(2), "Name\tPort\tProtocol");
            writeln!(w.at(2), "----\t----\t--------");
        }
        for port in ports.items() {
            let (number, protocol) = (port.get("port").int(), port.get("protocol"));
            let name = port.get("name").text_or("<unset>");
            writeln!(w.at(2), "{name}\t{number}\t{protocol}");
        }
        writeln!(w.at(0));
    }
}

/// The slices of a service.
pub(super) async fn slices_of(
    reader: &Reader<'_>,
    namespace: &str,
    service: &str,
) -> Result<List, Error> {
    let labels = format!("{SERVICE}={service}");
    reader
        .list(routes::ENDPOINT_SLICES, Some(namespace), &labels, "")
        .await
}

/// The addresses behind a service's port of this name that are ready: `IP:PORT,IP:PORT`, or without
/// a port where a slice has none (`formatEndpointSlices`).
pub(super) fn of_port(slices: &[Json<'_>], name: &str) -> String {
    if slices.is_empty() {
        return "<none>".to_owned();
    }
    let mut shown: Vec<String> = Vec::new();
    let (mut more, mut ready) = (false, 0_usize);
    let mut see = |endpoint: Value<'_>, port: Option<i64>| {
        // What is not ready ends the list as well.
        more |= shown.len() == SHOWN;
        let condition = endpoint.at("conditions.ready");
        if condition.is_set() && !condition.truth() {
            return;
        }
        ready += 1;
        if !more {
            let address = endpoint.get("addresses").items().next();
            let address = address.map_or("", Value::text);
            shown.push(match port {
                None => address.to_owned(),
                Some(port) if address.contains(':') => format!("[{address}]:{port}"),
                Some(port) => format!("{address}:{port}"),
            });
        }
    };
    for slice in slices.iter().map(Value::of) {
        let (ports, endpoints) = (slice.get("ports"), slice.get("endpoints"));
        if ports.is_empty() {
            endpoints.items().for_each(|endpoint| see(endpoint, None));
        }
        for port in ports.items().filter(|port| port.get("name").text() == name) {
            let number = port.get("port").int();
            endpoints
                .items()
                .for_each(|endpoint| see(endpoint, Some(number)));
        }
    }
    let text = shown.join(",");
    if more {
        format!("{text} + {} more...", ready - shown.len())
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(slices: &str, port: &str) -> String {
        let slices: Vec<Json<'_>> = serde_json::from_str(slices).unwrap();
        of_port(&slices, port)
    }

    #[test]
    fn three_ready_addresses_are_named_and_the_others_counted() {
        let endpoint =
            |ip: &str, ready: &str| format!(r#"{{"addresses":["{ip}"],"conditions":{{{ready}}}}}"#);
        let endpoints = [
            endpoint("10.0.0.1", ""),
            endpoint("10.0.0.2", r#""ready":false"#),
            endpoint("fd00::3", r#""ready":true"#),
            endpoint("10.0.0.4", r#""ready":null"#),
        ];
        let slice = |endpoints: &[String], ports: &str| {
            format!(
                r#"[{{"endpoints":[{}],"ports":{ports}}}]"#,
                endpoints.join(",")
            )
        };
        let ports = r#"[{"name":"http","port":80},{"name":"","port":81}]"#;
        let three = slice(&endpoints, ports);
        assert_eq!(of(&three, "http"), "10.0.0.1:80,[fd00::3]:80,10.0.0.4:80");
        assert_eq!(of(&three, "other"), "");
        assert_eq!(of("[]", "http"), "<none>");
        let mut four = endpoints.to_vec();
        four.push(endpoint("10.0.0.5", r#""ready":false"#));
        four.push(endpoint("10.0.0.6", ""));
        let text = of(&slice(&four, "null"), "");
        assert_eq!(text, "10.0.0.1,fd00::3,10.0.0.4 + 1 more...");
    }
}
