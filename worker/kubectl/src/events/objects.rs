//! Events as a list of objects, which is an `EventList` and no `List`: kubectl prints it from its
//! own types, so the fields of JSON and KYAML have the order of the API.

use kubently_core::command::{Events, EventsOutput};

use super::Read;
use crate::error::Error;
use crate::json::{InOrder, Json};
use crate::output::RunError;
use crate::printer::json::{self, line, separate};
use crate::printer::jsonpath::{self, Template};
use crate::printer::kyaml;
use crate::printer::tabwriter::{TABLE, TabWriter};
use crate::printer::yaml::ListWriter;

/// A format of whole objects.
#[derive(Debug)]
pub(super) enum Format {
    Json,
    Yaml,
    Kyaml,
    /// kubectl has no names of a typed list, and prints none.
    Name,
    JsonPath(Template),
    JsonPathAsJson(Template),
}

impl Format {
    /// The format that was asked for; `None` for the table.
    pub(super) fn new(asked: &Events) -> Result<Option<Self>, Error> {
        let template = |text: &str| {
            let parsed = Template::parse(text);
            parsed.map_err(|it| Error::Usage(format!("error parsing jsonpath {text}, {it}")))
        };
        Ok(Some(match &asked.output {
            EventsOutput::Table => return Ok(None),
            EventsOutput::Json => Self::Json,
            EventsOutput::Yaml => Self::Yaml,
            EventsOutput::Kyaml => Self::Kyaml,
            EventsOutput::Name => Self::Name,
            EventsOutput::JsonPath(text) => Self::JsonPath(template(text)?),
            EventsOutput::JsonPathAsJson(text) => Self::JsonPathAsJson(template(text)?),
        }))
    }

    /// The list. What kubectl cannot print it leaves out without a word: text that YAML cannot
    /// hold, a template that does not fit.
    pub(super) fn print(
        &self,
        events: &[Read<'_>],
        asked: &Events,
        limit: usize,
    ) -> Result<Vec<u8>, RunError> {
        let keep = asked.show_managed_fields;
        let text = match self {
            Self::Json => as_json(events, keep, limit)?,
            Self::Yaml => as_yaml(events, keep, limit)?,
            Self::Kyaml => as_kyaml(events, keep),
            Self::Name => Vec::new(),
            Self::JsonPath(template) | Self::JsonPathAsJson(template) => {
                let print = match self {
                    Self::JsonPath(_) => jsonpath::print,
                    _ => jsonpath::print_as_json,
                };
                let (list, mut out) = (sorted_list(events), Vec::new());
                let found = template.find(&list, asked.allow_missing_template_keys);
                for results in found.iter().flatten() {
                    print(&mut out, results);
                    check(&out, limit)?;
                }
                out
            }
        };
        check(&text, limit)?;
        // As everything that this verb prints, it goes through the writer of tables: tabs align.
        let (mut tab, mut out) = (TabWriter::new(TABLE), Vec::with_capacity(text.len()));
        tab.write(&text, &mut out);
        tab.flush(&mut out);
        Ok(out)
    }
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

fn as_yaml(events: &[Read<'_>], managed_fields: bool, limit: usize) -> Result<Vec<u8>, RunError> {
    let (mut out, mut list) = (Vec::new(), ListWriter::default());
    for event in events {
        if list
            .item(&mut out, &in_order(event, managed_fields))
            .is_err()
        {
            return Ok(Vec::new());
        }
        check(&out, limit)?;
    }
    list.finish_typed(&mut out, "EventList");
    Ok(out)
}

fn as_kyaml(events: &[Read<'_>], managed_fields: bool) -> Vec<u8> {
    let items = events.iter().map(|event| in_order(event, managed_fields));
    let list = Json::Object(vec![
        ("kind".into(), text("EventList")),
        ("apiVersion".into(), text("v1")),
        ("metadata".into(), Json::Object(Vec::new())),
        ("items".into(), Json::Array(items.collect())),
    ]);
    let mut out = Vec::new();
    match kyaml::write(&mut out, &list) {
        Ok(()) => out,
        Err(_) => Vec::new(),
    }
}

/// The list as templates see it: all numbers are floats, and managed fields stay.
fn sorted_list<'a>(events: &[Read<'a>]) -> Json<'a> {
    let item = |event: &Read<'a>| {
        // It has been read before.
        let mut item = serde_json::from_str(event.raw).unwrap_or(Json::Null);
        item.set("kind", text("Event"));
        item.set("apiVersion", text("v1"));
        as_floats(&mut item);
        item
    };
    Json::Object(vec![
        ("apiVersion".into(), text("v1")),
        (
            "items".into(),
            Json::Array(events.iter().map(item).collect()),
        ),
        ("kind".into(), text("EventList")),
        ("metadata".into(), Json::Object(Vec::new())),
    ])
}

#[expect(
    clippy::cast_precision_loss,
    reason = "Go reads untyped numbers as floats"
)]
fn as_floats(value: &mut Json<'_>) {
    match value {
        Json::Int(number) => *value = Json::Float(*number as f64),
        Json::Array(items) => items.iter_mut().for_each(as_floats),
        Json::Object(members) => members.iter_mut().for_each(|(_, member)| as_floats(member)),
        _ => {}
    }
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
    members.splice(0..0, kind.map(|(key, value)| (key.into(), text(value))));
    Json::Object(members)
}

fn text(text: &str) -> Json<'_> {
    Json::Str(text.into())
}

fn check(out: &[u8], limit: usize) -> Result<(), RunError> {
    let size = out.len();
    if size > limit {
        return Err(RunError::OutputTooLarge { size, limit });
    }
    Ok(())
}
