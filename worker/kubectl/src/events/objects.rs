//! Events as a list of objects, which is an `EventList` and no `List`: kubectl prints it from its
//! own types, so the fields of JSON have the order of the API.

use kubently_core::command::{Events, EventsOutput};

use super::Read;
use crate::json::{InOrder, Json};
use crate::output::RunError;
use crate::printer::json::{self, line, separate};
use crate::printer::tabwriter::{TABLE, TabWriter};
use crate::printer::yaml::{ControlCharacter, ListWriter};

/// The list in the format that was asked for. What kubectl cannot print it leaves out without a
/// word: names of a typed list, and text that YAML cannot hold.
pub(super) fn print(
    events: &[Read<'_>],
    asked: &Events,
    limit: usize,
) -> Result<Vec<u8>, RunError> {
    let keep = asked.show_managed_fields;
    let text = match asked.output {
        EventsOutput::Json => as_json(events, keep, limit)?,
        EventsOutput::Yaml => as_yaml(events, keep, limit)?.unwrap_or_default(),
        EventsOutput::Name | EventsOutput::Table => Vec::new(),
        _ => return Err(RunError::NotServed("this output format of events")),
    };
    // As everything that this verb prints, it goes through the writer of tables: tabs align.
    let (mut tab, mut out) = (TabWriter::new(TABLE), Vec::with_capacity(text.len()));
    tab.write(&text, &mut out);
    tab.flush(&mut out);
    Ok(out)
}

fn as_json(events: &[Read<'_>], managed_fields: bool, limit: usize) -> Result<Vec<u8>, RunError> {
    let mut out = br#"{
    "kind": "EventList",
    "apiVersion": "v1",
    "metadata": {},
    "items": ["#
        .to_vec();
    for (number, event) in events.iter().enumerate() {
        separate(&mut out, number == 0, 8);
        json::write(&mut out, &in_order(event, managed_fields), 4, 2);
        check(&out, limit)?;
    }
    line(&mut out, 4);
    out.extend_from_slice(b"]\n}\n");
    Ok(out)
}

fn as_yaml(
    events: &[Read<'_>],
    managed_fields: bool,
    limit: usize,
) -> Result<Result<Vec<u8>, ControlCharacter>, RunError> {
    let (mut out, mut list) = (Vec::new(), ListWriter::default());
    for event in events {
        if let Err(refused) = list.item(&mut out, &in_order(event, managed_fields)) {
            return Ok(Err(refused));
        }
        check(&out, limit)?;
    }
    list.finish_typed(&mut out, "EventList");
    Ok(Ok(out))
}

/// The event with its kind, in the order of the API.
fn in_order<'a>(event: &Read<'a>, managed_fields: bool) -> Json<'a> {
    // It has been read before.
    let Ok(InOrder(Json::Object(mut members))) = serde_json::from_str(event.raw) else {
        return Json::Null;
    };
    if !managed_fields {
        for (key, member) in &mut members {
            if let (true, Json::Object(metadata)) = (key == "metadata", member) {
                metadata.retain(|(key, _)| key != "managedFields");
            }
        }
    }
    let kind = [("kind", "Event"), ("apiVersion", "v1")];
    let kind = kind.map(|(key, value)| (key.into(), Json::Str(value.into())));
    members.splice(0..0, kind);
    Json::Object(members)
}

fn check(out: &[u8], limit: usize) -> Result<(), RunError> {
    let size = out.len();
    if size > limit {
        return Err(RunError::OutputTooLarge { size, limit });
    }
    Ok(())
}
