//! `CertificateSigningRequest`, with what the request inside it asks for (RFC 2986, RFC 5280).

use std::net::{Ipv4Addr, Ipv6Addr};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use x509_parser::certification_request::X509CertificationRequest;
use x509_parser::extensions::{GeneralName, ParsedExtension};
use x509_parser::pem::parse_x509_pem;
use x509_parser::prelude::FromDer as _;
use x509_parser::x509::X509Name;

use super::metadata::format_labels;
use super::reader::Reader;
use super::value::Value;
use super::writer::Writer;
use crate::error::Error;
use crate::printer::age::{human_duration, rfc1123z};

/// The label of the PEM block.
const LABEL: &str = "CERTIFICATE REQUEST";

/// Parts of a name that are lists, below `2.5.4` (X.520), in the order in which they are printed.
const LISTS: [(&str, &str); 7] = [
    ("Organization", "2.5.4.10"),
    ("Organizational Unit", "2.5.4.11"),
    ("Country", "2.5.4.6"),
    ("Locality", "2.5.4.7"),
    ("Province", "2.5.4.8"),
    ("StreetAddress", "2.5.4.9"),
    ("PostalCode", "2.5.4.17"),
];
const COMMON_NAME: &str = "2.5.4.3";
const SERIAL_NUMBER: &str = "2.5.4.5";

/// What is asked for beside the name.
#[derive(Debug, Default)]
struct Alternatives {
    dns: Vec<String>,
    email: Vec<String>,
    uri: Vec<String>,
    ip: Vec<String>,
}

#[expect(
    clippy::unused_async,
    reason = "describers that can fail are asynchronous"
)]
pub(super) async fn print(_: &Reader<'_>, request: Value<'_>, w: &mut Writer) -> Result<(), Error> {
    let (metadata, spec) = (request.get("metadata"), request.get("spec"));
    let pem = BASE64_STANDARD.decode(spec.get("request").text());
    let pem = pem.map_err(unparsable)?;
    let (_, block) = parse_x509_pem(&pem).map_err(|_| not_a_request())?;
    if block.label != LABEL {
        return Err(not_a_request());
    }
    let (_, inner) = X509CertificationRequest::from_der(&block.contents).map_err(unparsable)?;

    w.row(0, "Name", metadata.get("name"));
    w.row(0, "Labels", format_labels(metadata.get("labels")));
    w.row(0, "Annotations", format_labels(metadata.get("annotations")));
    let created = metadata.get("creationTimestamp").time();
    w.row(0, "CreationTimestamp", rfc1123z(created));
    w.row(0, "Requesting User", spec.get("username"));
    w.row_unless_empty(0, "Signer", spec.get("signerName").text());
    let seconds = spec.get("expirationSeconds");
    if seconds.is_set() {
        let duration = TimeDelta::try_seconds(seconds.int()).unwrap_or_default();
        w.row(0, "Requested Duration", human_duration(duration));
    }
    w.row(0, "Status", status(request.get("status")));
    let subject = &inner.certification_request_info.subject;
    let last = |oid| texts(subject, oid).pop().unwrap_or_default();
    writeln!(w.at(0), "Subject:");
    writeln!(w.at(0), "\tCommon Name:\t{}", last(COMMON_NAME));
    writeln!(w.at(0), "\tSerial Number:\t{}", last(SERIAL_NUMBER));
    for (label, oid) in LISTS {
        list(w, label, &texts(subject, oid));
    }
    let names = alternatives(&inner);
    let Alternatives {
        dns,
        email,
        uri,
        ip,
    } = &names;
    let lists = [
        ("DNS Names", dns),
        ("Email Addresses", email),
        ("URIs", uri),
        ("IP Addresses", ip),
    ];
    if lists.iter().any(|(_, values)| !values.is_empty()) {
        writeln!(w.at(0), "Subject Alternative Names:");
    }
    for (label, values) in lists {
        list(w, label, values);
    }
    Ok(())
}

fn list(w: &mut Writer, label: &str, values: &[String]) {
    if !values.is_empty() {
        writeln!(w.at(0), "\t{label}:\t{}", values.join("\n\t\t"));
    }
}

/// Of several decisions the strictest counts.
fn status(status: Value<'_>) -> String {
    let has = |kind: &str| {
        let mut conditions = status.get("conditions").items();
        conditions.any(|it| it.get("type").text() == kind)
    };
    let decision = if has("Denied") {
        "Denied"
    } else if has("Approved") {
        "Approved"
    } else {
        "Pending"
    };
    let failed = if has("Failed") { ",Failed" } else { "" };
    let issued = if status.get("certificate").is_empty() {
        ""
    } else {
        ",Issued"
    };
    format!("{decision}{failed}{issued}")
}

/// The parts of a name of this kind that are text.
fn texts(name: &X509Name<'_>, oid: &str) -> Vec<String> {
    name.iter_attributes()
        .filter(|part| part.attr_type().to_id_string() == oid)
        .filter_map(|part| part.as_str().ok().map(str::to_owned))
        .collect()
}

fn alternatives(request: &X509CertificationRequest<'_>) -> Alternatives {
    let mut found = Alternatives::default();
    for extension in request.requested_extensions().into_iter().flatten() {
        let ParsedExtension::SubjectAlternativeName(names) = extension else {
            continue;
        };
        for name in &names.general_names {
            match name {
                GeneralName::DNSName(name) => found.dns.push((*name).to_owned()),
                GeneralName::RFC822Name(name) => found.email.push((*name).to_owned()),
                GeneralName::URI(uri) => found.uri.push((*uri).to_owned()),
                GeneralName::IPAddress(bytes) => found.ip.extend(address(bytes)),
                _ => {}
            }
        }
    }
    found
}

fn address(bytes: &[u8]) -> Option<String> {
    if let Ok(bytes) = <[u8; 4]>::try_from(bytes) {
        return Some(Ipv4Addr::from(bytes).to_string());
    }
    let address = Ipv6Addr::from(<[u8; 16]>::try_from(bytes).ok()?);
    let mapped = address.to_ipv4_mapped();
    Some(mapped.map_or_else(|| address.to_string(), |it| it.to_string()))
}

fn not_a_request() -> Error {
    unparsable(format_args!("PEM block type must be {LABEL}"))
}

fn unparsable(error: impl std::fmt::Display) -> Error {
    Error::Usage(format!("Error parsing CSR: {error}"))
}
