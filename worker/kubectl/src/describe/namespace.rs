//! `Namespace`, with its quotas and limits.

use super::conditions;
use super::limit_range;
use super::metadata::labels_and_annotations;
use super::reader::{List, Reader, routes};
use super::resource_quota;
use super::value::Value;
use super::writer::Writer;
use crate::error::Error;
use crate::json::Json;

pub(super) async fn print(
    reader: &Reader<'_>,
    namespace: Value<'_>,
    w: &mut Writer,
) -> Result<(), Error> {
    let name = namespace.at("metadata.name").text();
    let (quotas, limits) = futures::join!(
        reader.list(routes::RESOURCE_QUOTAS, Some(name), "", ""),
        reader.list(routes::LIMIT_RANGES, Some(name), "", ""),
    );
    let (quotas, limits) = (served(quotas)?, served(limits)?);
    w.row(0, "Name", name);
    labels_and_annotations(w, namespace);
    w.row(0, "Status", namespace.at("status.phase"));
    conditions::with_times(w, namespace.at("status.conditions"));
    if let Some(quotas) = objects(quotas.as_ref())? {
        writeln!(w.at(0));
        resource_quota::all(w, &quotas);
    }
    if let Some(limits) = objects(limits.as_ref())? {
        writeln!(w.at(0));
        limit_range::all(w, &limits);
    }
    Ok(())
}

/// A server that has no such type has nothing to say about it.
fn served(list: Result<List, Error>) -> Result<Option<List>, Error> {
    match list {
        Ok(list) => Ok(Some(list)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

fn objects(list: Option<&List>) -> Result<Option<Vec<Json<'_>>>, Error> {
    list.map(List::objects).transpose()
}
