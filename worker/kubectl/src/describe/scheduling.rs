//! Where a pod may run: topology spread constraints and scheduling groups.

use super::selector;
use super::value::Value;
use super::writer::Writer;
use crate::printer::sort::sorted;

/// `Topology Spread Constraints`, where there are any, sorted by key.
pub(super) fn spread_constraints(w: &mut Writer, constraints: Value<'_>, indent: &str) {
    if constraints.is_empty() {
        return;
    }
    let key = |constraint: &Value<'_>| constraint.get("topologyKey").text().to_owned();
    let sorted = sorted(constraints.items().collect(), |one, two| {
        key(one) < key(two)
    });
    write!(w.at(0), "{indent}Topology Spread Constraints:\t");
    for (at, constraint) in sorted.into_iter().enumerate() {
        if at > 0 {
            write!(w.at(0), "{indent}\t");
        }
        let (key, action) = (
            constraint.get("topologyKey"),
            constraint.get("whenUnsatisfiable"),
        );
        let skew = constraint.get("maxSkew").int();
        write!(w.at(0), "{key}:{action} when max skew {skew} is exceeded");
        let labels = constraint.get("labelSelector");
        if labels.is_set() {
            write!(w.at(0), " for selector {}", selector::text_or_none(labels));
        }
        writeln!(w.at(0));
    }
}

/// `SchedulingGroup`, where there is one.
pub(super) fn group(w: &mut Writer, group: Value<'_>, indent: &str) {
    if group.is_set() {
        writeln!(w.at(0), "{indent}SchedulingGroup:");
        w.row(1, "PodGroupName", group.get("podGroupName"));
    }
}
