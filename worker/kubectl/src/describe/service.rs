//! `Service`, with the endpoints of its ports.

use super::endpoints;
use super::metadata::{format_labels, labels_and_annotations, name_and_namespace};
use super::reader::{List, Reader};
use super::value::Value;
use super::writer::Writer;
use crate::error::Error;
use crate::json::Json;

pub(super) async fn print(
    reader: &Reader<'_>,
    service: Value<'_>,
    w: &mut Writer,
) -> Result<(), Error> {
    let metadata = service.get("metadata");
    let (namespace, name) = (
        metadata.get("namespace").text(),
        metadata.get("name").text(),
    );
    // Without the slices there are only no endpoints.
    let slices = endpoints::slices_of(reader, namespace, name).await;
    let slices = slices
        .as_ref()
        .ok()
        .and_then(|list| List::objects(list).ok());
    name_and_namespace(w, service);
    labels_and_annotations(w, service);
    addresses(w, service);
    for port in service.at("spec.ports").items() {
        print_port(w, port, slices.as_deref().unwrap_or_default());
    }
    traffic(w, service.get("spec"));
    Ok(())
}

fn addresses(w: &mut Writer, service: Value<'_>) {
    let spec = service.get("spec");
    w.row(0, "Selector", format_labels(spec.get("selector")));
    w.row(0, "Type", spec.get("type"));
    if spec.get("ipFamilyPolicy").is_set() {
        w.row(0, "IP Family Policy", spec.get("ipFamilyPolicy"));
    }
    let or_none = |text: String| {
        if text.is_empty() {
            "<none>".to_owned()
        } else {
            text
        }
    };
    w.row(0, "IP Families", or_none(joined(spec.get("ipFamilies"))));
    w.row(0, "IP", spec.get("clusterIP"));
    w.row(0, "IPs", or_none(joined(spec.get("clusterIPs"))));
    w.row_unless_empty(0, "External IPs", &joined(spec.get("externalIPs")));
    w.row_unless_empty(
        0,
        "Desired LoadBalancer IP",
        spec.get("loadBalancerIP").text(),
    );
    w.row_unless_empty(0, "External Name", spec.get("externalName").text());
    let ingress: Vec<String> = service
        .at("status.loadBalancer.ingress")
        .items()
        .map(
            |ingress| match (ingress.get("ip").text(), ingress.get("ipMode")) {
                ("", _) => ingress.get("hostname").text().to_owned(),
                (ip, mode) if mode.is_set() => format!("{ip} ({mode})"),
                (ip, _) => ip.to_owned(),
            },
        )
        .collect();
    if !ingress.is_empty() {
        w.row(0, "LoadBalancer Ingress", ingress.join(", "));
    }
}

fn print_port(w: &mut Writer, port: Value<'_>, slices: &[Json<'_>]) {
    let (name, protocol) = (port.get("name").text_or("<unset>"), port.get("protocol"));
    let number = |field: &str| port.get(field).int();
    w.row(
        0,
        "Port",
        format_args!("{name}\t{}/{protocol}", number("port")),
    );
    match port.get("targetPort").text() {
        "" => w.row(
            0,
            "TargetPort",
            format_args!("{}/{protocol}", number("targetPort")),
        ),
        target => w.row(0, "TargetPort", format_args!("{target}/{protocol}")),
    }
    if port.get("appProtocol").is_set() {
        w.row(0, "AppProtocol", port.get("appProtocol"));
    }
    if number("nodePort") != 0 {
        w.row(
            0,
            "NodePort",
            format_args!("{name}\t{}/{protocol}", number("nodePort")),
        );
    }
    w.row(
        0,
        "Endpoints",
        endpoints::of_port(slices, port.get("name").text()),
    );
}

fn traffic(w: &mut Writer, spec: Value<'_>) {
    w.row(0, "Session Affinity", spec.get("sessionAffinity"));
    let policy = spec.get("externalTrafficPolicy");
    w.row_unless_empty(0, "External Traffic Policy", policy.text());
    if spec.get("internalTrafficPolicy").is_set() {
        w.row(
            0,
            "Internal Traffic Policy",
            spec.get("internalTrafficPolicy"),
        );
    }
    if spec.get("healthCheckNodePort").int() != 0 {
        w.row(
            0,
            "HealthCheck NodePort",
            spec.get("healthCheckNodePort").int(),
        );
    }
    let ranges = joined(spec.get("loadBalancerSourceRanges"));
    w.row_unless_empty(0, "LoadBalancer Source Ranges", &ranges);
    if spec.get("trafficDistribution").is_set() {
        w.row(0, "Traffic Distribution", spec.get("trafficDistribution"));
    }
}

fn joined(list: Value<'_>) -> String {
    list.items().map(Value::text).collect::<Vec<_>>().join(",")
}
