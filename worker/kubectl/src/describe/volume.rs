//! Volumes of pods, of templates and of `PersistentVolume`s: what a source is, and its fields (kubectl
//! `describe.go`: `describeVolumes`, `print…VolumeSource`).

mod sources;

use self::sources::{Form, SOURCES, Source};
use super::claim;
use super::value::Value;
use super::writer::Writer;

/// Bytes of an attribute of a CSI volume.
const MAX_ATTRIBUTE: usize = 140;

/// `Volumes`; a template's stand two spaces to the right.
pub(super) fn volumes(w: &mut Writer, volumes: Value<'_>, is_template: bool) {
    let (indent, name_indent) = if is_template { ("  ", " ") } else { ("", "") };
    if volumes.is_empty() {
        writeln!(w.at(0), "{indent}Volumes:\t<none>");
        return;
    }
    writeln!(w.at(0), "{indent}Volumes:");
    for volume in volumes.items() {
        writeln!(w.at(1), "{name_indent}{}:", volume.get("name"));
        source(w, volume, false);
    }
}

/// The source of a volume: of a pod's, or of a persistent one (`spec` of a `PersistentVolume`), whose
/// secrets may be in other namespaces.
pub(super) fn source(w: &mut Writer, volume: Value<'_>, is_persistent: bool) {
    let found = SOURCES
        .iter()
        .map(|source| (source, volume.get(source.field)))
        .find(|(_, fields)| fields.is_set());
    let Some((source, fields)) = found else {
        writeln!(w.at(1), "<unknown>");
        return;
    };
    w.row(2, "Type", source.sentence);
    for (label, field, form) in rows(source, is_persistent) {
        let value = form.text(fields.at(field));
        writeln!(w.at(2), "{label}\t{value}");
    }
    match source.field {
        "projected" => projected(w, fields),
        "downwardAPI" => downward(w, fields),
        "csi" => attributes(w, fields.get("volumeAttributes")),
        "ephemeral" => {
            let template = fields.get("volumeClaimTemplate");
            if template.is_set() {
                w.nested(2, |w| claim::print(w, template, false));
            }
        }
        _ => {}
    }
}

fn rows(source: &Source, is_persistent: bool) -> impl Iterator<Item = &sources::Row> {
    let rows = match source.persistent {
        Some(rows) if is_persistent => rows,
        _ => source.rows,
    };
    rows.iter()
}

fn projected(w: &mut Writer, fields: Value<'_>) {
    for source in fields.get("sources").items() {
        let part = |name: &str| Some(source.get(name)).filter(|it| it.is_set());
        if let Some(secret) = part("secret") {
            w.row(2, "SecretName", secret.get("name"));
            w.row(2, "Optional", secret.get("optional").truth());
        } else if part("downwardAPI").is_some() {
            w.row(2, "DownwardAPI", "true");
        } else if let Some(map) = part("configMap") {
            w.row(2, "ConfigMapName", map.get("name"));
            w.row(2, "Optional", map.get("optional").truth());
        } else if let Some(token) = part("serviceAccountToken") {
            let seconds = token.get("expirationSeconds").int();
            w.row(2, "TokenExpirationSeconds", seconds);
        }
    }
}

fn downward(w: &mut Writer, fields: Value<'_>) {
    writeln!(w.at(2), "Items:");
    for item in fields.get("items").items() {
        let path = item.get("path");
        for (reference, of) in [("fieldRef", "fieldPath"), ("resourceFieldRef", "resource")] {
            let reference = item.get(reference);
            if reference.is_set() {
                writeln!(w.at(3), "{} -> {path}", reference.get(of));
            }
        }
    }
}

/// kubectl indents every piece of a line here.
fn attributes(w: &mut Writer, attributes: Value<'_>) {
    write!(w.at(2), "VolumeAttributes:\t");
    if attributes.is_empty() {
        writeln!(w.at(0), "<none>");
    }
    for (at, (key, value)) in attributes.entries().enumerate() {
        if at > 0 {
            write!(w.at(2), "");
            write!(w.at(2), "\t");
        }
        let line = format!("{key}={}", value.text());
        w.cut_line(2, "", &line, MAX_ATTRIBUTE);
    }
}

impl Form {
    fn text(self, value: Value<'_>) -> String {
        let reference = |kind: &str, fields: String| {
            if value.is_set() {
                format!("&{kind}{{{fields}}}")
            } else {
                "nil".to_owned()
            }
        };
        let (name, namespace) = (value.get("name"), value.get("namespace"));
        let joined = |separator| {
            value
                .items()
                .map(Value::text)
                .collect::<Vec<_>>()
                .join(separator)
        };
        match self {
            Self::Int => value.int().to_string(),
            Self::Truth => value.truth().to_string(),
            Self::Or(other) if !value.is_set() => other.to_owned(),
            Self::List => format!("[{}]", joined(" ")),
            Self::Joined => joined(", "),
            Self::Map if value.is_empty() => "map[]".to_owned(),
            Self::Local => reference("LocalObjectReference", format!("Name:{name},")),
            Self::Secret => {
                let fields = format!("Name:{name},Namespace:{namespace},");
                reference("SecretReference", fields)
            }
            Self::Limit if value.quantity().is_zero() => "<unset>".to_owned(),
            Self::Limit => value.quantity().to_string(),
            Self::Text | Self::Or(_) | Self::Map => value.to_string(),
        }
    }
}
