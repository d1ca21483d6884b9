//! `ResourceQuota`, alone and among the others of a namespace.

use super::value::Value;
use super::writer::Writer;
use crate::json::Json;
use crate::printer::quantity::Quantity;

pub(super) fn print(quota: Value<'_>, w: &mut Writer) {
    super::metadata::name_and_namespace(w, quota);
    scopes(w, 0, " * ", quota);
    writeln!(w.at(0), "Resource\tUsed\tHard");
    writeln!(w.at(0), "--------\t----\t----");
    let used = quota.at("status.used");
    for (resource, hard) in quota.at("status.hard").entries() {
        let (mut used, hard) = (used.get(resource).quantity(), hard.quantity());
        if used.suffixes() != hard.suffixes() {
            used = Quantity::new(used.value(), hard.suffixes());
        }
        writeln!(w.at(0), "{resource}\t{used}\t{hard}");
    }
}

/// `Resource Quotas` of a namespace.
pub(super) fn all(w: &mut Writer, quotas: &[Json<'_>]) {
    if quotas.is_empty() {
        writeln!(w.at(0), "No resource quota.");
        return;
    }
    let mut quotas: Vec<_> = quotas.iter().map(Value::of).collect();
    quotas.sort_by_key(|quota| quota.at("metadata.name").text());
    writeln!(w.at(0), "Resource Quotas");
    for quota in quotas {
        w.row(1, "Name", quota.at("metadata.name"));
        scopes(w, 1, "* ", quota);
        writeln!(w.at(1), "Resource\tUsed\tHard");
        writeln!(w.at(1), "--------\t---\t---");
        let used = quota.at("status.used");
        for (resource, hard) in quota.at("status.hard").entries() {
            let (used, hard) = (used.get(resource).quantity(), hard.quantity());
            writeln!(w.at(1), "{resource}\t{used}\t{hard}");
        }
    }
}

fn scopes(w: &mut Writer, level: usize, bullet: &str, quota: Value<'_>) {
    let mut scopes: Vec<_> = quota.at("spec.scopes").items().map(Value::text).collect();
    if scopes.is_empty() {
        return;
    }
    scopes.sort_unstable();
    w.row(level, "Scopes", scopes.join(", "));
    for scope in scopes {
        if let Some(meaning) = meaning(scope) {
            writeln!(w.at(level), "{bullet}{meaning}");
        }
    }
}

/// kubectl's words for a scope.
fn meaning(scope: &str) -> Option<&'static str> {
    Some(match scope {
        "Terminating" => {
            "Matches all pods that have an active deadline. These pods have a limited lifespan on a \
             node before being actively terminated by the system."
        }
        "NotTerminating" => {
            "Matches all pods that do not have an active deadline. These pods usually include long \
             running pods whose container command is not expected to terminate."
        }
        "BestEffort" => {
            "Matches all pods that do not have resource requirements set. These pods have a best \
             effort quality of service."
        }
        "NotBestEffort" => {
            "Matches all pods that have at least one resource requirement set. These pods have a \
             burstable or guaranteed quality of service."
        }
        _ => return None,
    })
}
