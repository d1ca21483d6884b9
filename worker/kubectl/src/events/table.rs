//! Events as a table.

use chrono::{DateTime, Utc};

use super::Read;
use crate::printer::tabwriter::{TABLE, TabWriter};
use crate::printer::text::escape_terminal;

/// All events in one table. A line break within a message stays one, and ends the columns.
pub(super) fn print(
    events: &[Read<'_>],
    now: DateTime<Utc>,
    header: bool,
    with_namespace: bool,
) -> Vec<u8> {
    let mut tab = TabWriter::new(TABLE);
    let mut out = Vec::new();
    if header {
        let namespace = if with_namespace { "NAMESPACE\t" } else { "" };
        let line = format!("{namespace}LAST SEEN\tTYPE\tREASON\tOBJECT\tMESSAGE\n");
        tab.write(line.as_bytes(), &mut out);
    }
    for Read { event, .. } in events {
        if with_namespace {
            tab.write(event.metadata.namespace.as_bytes(), &mut out);
            tab.write(b"\t", &mut out);
        }
        let line = format!(
            "{}\t{}\t{}\t{}/{}\t{}\n",
            event.seen(now),
            escape_terminal(&event.kind),
            escape_terminal(&event.reason),
            escape_terminal(&event.involved_object.kind),
            escape_terminal(&event.involved_object.name),
            escape_terminal(event.message.trim()),
        );
        tab.write(line.as_bytes(), &mut out);
    }
    tab.flush(&mut out);
    out
}
