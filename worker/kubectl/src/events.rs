//! `events`: what happened, in order of time (kubectl `cmd/events`).

mod event;
mod objects;
mod table;

use kubently_core::command::{Events, Scope};
use serde::Deserialize;
use serde_json::value::RawValue;

use self::event::Event;
use self::objects::Format;
use crate::allowed;
use crate::client::Cluster;
use crate::error::Error;
use crate::get::fetch::enhance;
use crate::list::{List, Pages, unreadable};
use crate::output::{Limits, Output, RunError};
use crate::printer::sort::sorted;
use crate::request::Route;

const ROUTE: Route<'_> = Route {
    group: "",
    version: "v1",
    resource: "events",
};
/// kubectl parses `--chunk-size` here and does not use it.
const PAGE: u32 = 500;

/// An event as it was sent, and what of it is looked at.
struct Read<'a> {
    raw: &'a str,
    event: Event<'a>,
}

pub(crate) async fn run(
    cluster: &Cluster,
    events: &Events,
    limits: &Limits,
) -> Result<Output, RunError> {
    allowed::check(&limits.policy, "", "events", true)?;
    let mut output = Output::default();
    let format = match Format::new(events) {
        Ok(format) => format,
        Err(error) => return Ok(output.fail(&error)),
    };
    let about = match about(cluster, events, limits, &mut output).await? {
        Ok(about) => about,
        Err(error) => return Ok(output.fail(&error)),
    };
    let list = List {
        route: ROUTE,
        namespace: events.scope.namespace(),
        labels: None,
        fields: about.as_deref(),
        limit: Some(PAGE),
    };
    let pages = match list.read(cluster, limits.max_response_bytes).await {
        Ok(pages) => pages,
        Err(failure) => {
            output.warn(&failure.warnings);
            let about = about.unwrap_or_default();
            let error = enhance(failure.error, ROUTE.resource, "", &about);
            return Ok(output.fail(&error));
        }
    };
    output.warn(&pages.warnings);
    let mut read = match read(&pages) {
        Ok(read) => read,
        Err(error) => return Ok(output.fail(&error)),
    };
    if !events.types.is_empty() {
        read.retain(|it| events.types.iter().any(|kind| it.event.is_of(*kind)));
    }
    if read.is_empty() {
        output.note(&match events.scope.namespace() {
            Some(namespace) => format!("No events found in {namespace} namespace."),
            None => "No events found.".to_owned(),
        });
        return Ok(output);
    }
    let read = sorted(read, |one, two| one.event.time() < two.event.time());
    let Some(format) = format else {
        let with_namespace = events.scope == Scope::All;
        let header = !events.no_headers;
        output.stdout = table::print(&read, cluster.now(), header, with_namespace);
        output.cut(limits.max_output_bytes);
        output.truncated |= pages.cut;
        return Ok(output);
    };
    if pages.cut {
        return Err(RunError::InputTooLarge {
            size: pages.bytes(),
            limit: limits.max_response_bytes,
        });
    }
    output.stdout = format.print(&read, events, limits.max_output_bytes)?;
    Ok(output)
}

/// The field selector of `--for`.
async fn about(
    cluster: &Cluster,
    events: &Events,
    limits: &Limits,
    output: &mut Output,
) -> Result<Result<Option<String>, Error>, RunError> {
    let Some((resource, name)) = &events.about else {
        return Ok(Ok(None));
    };
    let mut warnings = Vec::new();
    let found = cluster.resource_for(resource.as_str(), &mut warnings).await;
    output.warn(&warnings);
    let mapping = match found {
        Ok(mapping) => mapping,
        Err(error) => return Ok(Err(error)),
    };
    if limits.policy.denies(&mapping.group, &mapping.resource) {
        let resource = mapping.group_resource();
        return Err(RunError::Denied { resource });
    }
    Ok(Ok(Some(format!(
        "involvedObject.kind={},involvedObject.apiVersion={},involvedObject.name={name}",
        mapping.kind,
        mapping.group_version(),
    ))))
}

/// Every event of all pages.
fn read(pages: &Pages) -> Result<Vec<Read<'_>>, Error> {
    #[derive(Deserialize)]
    struct Page<'a> {
        #[serde(borrow, default)]
        items: Option<Vec<&'a RawValue>>,
    }
    let mut events = Vec::new();
    for body in &pages.bodies {
        let page: Page<'_> = serde_json::from_slice(body).map_err(unreadable)?;
        for item in page.items.unwrap_or_default() {
            let raw = item.get();
            let event = serde_json::from_str(raw).map_err(unreadable)?;
            events.push(Read { raw, event });
        }
    }
    Ok(events)
}

#[cfg(test)]
mod tests;
