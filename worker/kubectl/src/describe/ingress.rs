//! `Ingress`, with the endpoints of its backends.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt as _;

use super::endpoints;
use super::metadata::{annotations, labels};
use super::reader::{Document, List, Reader, routes};
use super::value::Value;
use super::writer::Writer;
use crate::error::Error;
use crate::get::PARALLEL;

/// What is known of the services behind it, by name.
type Services = BTreeMap<String, Result<Service, Error>>;

struct Service {
    slices: List,
    object: Document,
}

pub(super) async fn print(
    reader: &Reader<'_>,
    ingress: Value<'_>,
    w: &mut Writer,
) -> Result<(), Error> {
    let (metadata, spec) = (ingress.get("metadata"), ingress.get("spec"));
    let services = services(reader, metadata.get("namespace").text(), spec).await;
    w.row(0, "Name", metadata.get("name"));
    labels(w, "Labels", metadata.get("labels"));
    w.row(0, "Namespace", metadata.get("namespace"));
    w.row(0, "Address", addresses(ingress));
    let class = spec.get("ingressClassName");
    let class = if class.is_set() {
        class.text()
    } else {
        "<none>"
    };
    w.row(0, "Ingress Class", class);
    let default = spec.get("defaultBackend");
    let default = if default.is_set() {
        backend(default, &services)
    } else {
        "<default>".to_owned()
    };
    w.row(0, "Default backend", &default);
    tls(w, spec.get("tls"));
    writeln!(w.at(0), "Rules:\n  Host\tPath\tBackends");
    writeln!(w.at(1), "----\t----\t--------");
    let rules = spec.get("rules").items();
    let mut rules = rules.filter(|rule| rule.get("http").is_set()).peekable();
    if rules.peek().is_none() {
        writeln!(w.at(1), "*\t*\t{default}");
    }
    for rule in rules {
        writeln!(w.at(1), "{}\t", rule.get("host").text_or("*"));
        for path in rule.at("http.paths").items() {
            let backend = backend(path.get("backend"), &services);
            writeln!(w.at(2), "\t{} \t{backend}", path.get("path"));
        }
    }
    annotations(w, "Annotations", metadata.get("annotations"));
    Ok(())
}

/// Reads every service that is a backend, and its endpoints, once.
async fn services(reader: &Reader<'_>, namespace: &str, spec: Value<'_>) -> Services {
    let paths = spec
        .get("rules")
        .items()
        .flat_map(|it| it.at("http.paths").items());
    let backends = paths.map(|path| path.get("backend"));
    let names: BTreeSet<&str> = backends
        .chain([spec.get("defaultBackend")])
        .filter(|backend| backend.get("service").is_set())
        .map(|backend| backend.at("service.name").text())
        .collect();
    let reads: Vec<_> = names
        .into_iter()
        .map(|name| async move { (name.to_owned(), service(reader, namespace, name).await) })
        .collect();
    futures::stream::iter(reads)
        .buffered(PARALLEL)
        .collect()
        .await
}

async fn service(reader: &Reader<'_>, namespace: &str, name: &str) -> Result<Service, Error> {
    let slices = endpoints::slices_of(reader, namespace, name);
    let object = reader.get(routes::SERVICES, Some(namespace), name);
    let (slices, object) = futures::join!(slices, object);
    Ok(Service {
        slices: slices?,
        object: object?,
    })
}

/// `SERVICE:PORT (ENDPOINTS)`, or another object by its kind.
fn backend(backend: Value<'_>, services: &Services) -> String {
    let (service, resource) = (backend.get("service"), backend.get("resource"));
    if service.is_set() {
        let (name, port) = (service.get("name").text(), service.get("port"));
        let port_text = match port.get("number").int() {
            0 => port.get("name").text().to_owned(),
            number => number.to_string(),
        };
        let known = match services.get(name) {
            Some(Ok(known)) => known.endpoints(port).map_err(|error| error.to_string()),
            Some(Err(error)) => Err(error.to_string()),
            None => Ok(String::new()),
        };
        let known = known.unwrap_or_else(|error| format!("<error: {error}>"));
        return format!("{name}:{port_text} ({known})");
    }
    if resource.is_set() {
        let group = resource.get("apiGroup");
        let group = if group.is_set() {
            group.text()
        } else {
            "<none>"
        };
        let (kind, name) = (resource.get("kind"), resource.get("name"));
        return format!("APIGroup: {group}, Kind: {kind}, Name: {name}");
    }
    String::new()
}

impl Service {
    /// The endpoints of the service's last port that has this number or name.
    fn endpoints(&self, port: Value<'_>) -> Result<String, Error> {
        let (number, name) = (port.get("number").int(), port.get("name").text());
        let object = self.object.json()?;
        let ports = Value::of(&object).at("spec.ports").items();
        let is_meant = |it: &Value<'_>| {
            (number != 0 && it.get("port").int() == number)
                || (!name.is_empty() && it.get("name").text() == name)
        };
        let meant = ports.filter(is_meant).last();
        let name = meant.map_or("", |it| it.get("name").text());
        Ok(endpoints::of_port(&self.slices.objects()?, name))
    }
}

/// Addresses and names of the load balancers, sorted and each once.
fn addresses(ingress: Value<'_>) -> String {
    let balancers = ingress.at("status.loadBalancer.ingress").items();
    let addresses: BTreeSet<&str> = balancers
        .map(|it| it.get("ip").text_or(it.get("hostname").text()))
        .filter(|address| !address.is_empty())
        .collect();
    addresses.into_iter().collect::<Vec<_>>().join(",")
}

fn tls(w: &mut Writer, tls: Value<'_>) {
    if !tls.is_empty() {
        writeln!(w.at(0), "TLS:");
    }
    for entry in tls.items() {
        let hosts: Vec<_> = entry.get("hosts").items().map(Value::text).collect();
        let hosts = hosts.join(",");
        match entry.get("secretName").text() {
            "" => writeln!(w.at(1), "SNI routes {hosts}"),
            secret => writeln!(w.at(1), "{secret} terminates {hosts}"),
        }
    }
}
