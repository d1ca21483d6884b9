//! `get --server-print=false`: names and ages, which is all that kubectl knows to print without the
//! server (cli-runtime `printers/tableprinter.go: printObjectMeta`).

use futures::StreamExt as _;

use super::Notes;
use super::fetch::Fetch;
use super::page::{self, PageError};
use super::plan::Plan;
use super::tables::Tables;
use crate::client::Answer;
use crate::discovery::Mapping;
use crate::error::Error;
use crate::json::Json;
use crate::output::{Output, RunError};
use crate::printer::age::age;
use crate::printer::sort::{Key, SortError, SortField};
use crate::table::{Column, Metadata, Row, Table};

pub(super) async fn print(
    fetch: &Fetch<'_>,
    plan: &Plan,
    notes: Notes,
) -> Result<Output, RunError> {
    let mut rows = Rows {
        fetch,
        field: fetch.get.sort_by.as_deref().map(SortField::new),
        all: Vec::new(),
        size: 0,
    };
    let mut tables = Tables::new(fetch, notes);
    match plan {
        Plan::Lists(mappings) => {
            tables.notes.of_lists = true;
            rows.lists(mappings, &mut tables.notes).await?;
        }
        Plan::Objects { objects, .. } => rows.named(objects, &mut tables.notes).await?,
    }
    let Rows {
        field, all: rows, ..
    } = rows;
    let rows = match field.filter(|_| rows.len() > 1) {
        None => rows,
        Some(field) => match field.and_then(|field| sorted(&field, rows)) {
            Ok(rows) => rows,
            Err(error) => {
                tables.notes.errors = vec![Error::Usage(error.to_string())];
                tables.notes.of_lists = false;
                return Ok(tables.notes.alone());
            }
        },
    };
    tables.with_kind = kinds_differ(&rows);
    for (mapping, rows) in grouped(rows) {
        tables.print(mapping, made(rows));
    }
    Ok(tables.end())
}

/// A table of names and ages.
pub(super) fn made(rows: Vec<Row<'static>>) -> Table<'static> {
    Table::new(vec![Column::named("Name"), Column::text("Age")], rows)
}

/// The row of an object.
pub(super) fn row(object: &Json<'_>, fetch: &Fetch<'_>) -> Row<'static> {
    let metadata = object.get("metadata");
    let text = |key| metadata.and_then(|it| it.text(key));
    let created = text("creationTimestamp")
        .and_then(|time| chrono::DateTime::parse_from_rfc3339(time).ok())
        .map(|time| time.to_utc());
    let name = text("name").unwrap_or_default().to_owned();
    Row {
        cells: vec![
            Some(name.into()),
            Some(age(created, fetch.cluster.now()).into()),
        ],
        metadata: Some(if fetch.shows_labels() {
            Metadata::of(object)
        } else {
            Metadata::place_of(object)
        }),
    }
}

struct PlainRow<'p> {
    mapping: &'p Mapping,
    row: Row<'static>,
    key: Result<Key, SortError>,
}

struct Rows<'p> {
    fetch: &'p Fetch<'p>,
    field: Option<Result<SortField, SortError>>,
    all: Vec<PlainRow<'p>>,
    /// Bytes that the rows will take, at least.
    size: usize,
}

impl<'p> Rows<'p> {
    async fn lists(&mut self, mappings: &'p [Mapping], notes: &mut Notes) -> Result<(), RunError> {
        let fetch = self.fetch;
        let mut first_pages = fetch.first_pages(mappings);
        for mapping in mappings {
            let mut page = first_pages.next().await;
            while let Some(answer) = page.take() {
                let Some(answer) = notes.sort(answer, fetch.get) else {
                    break;
                };
                let ahead = fetch.ahead(mapping, &answer).await;
                let next = self.list(mapping, &answer, notes);
                if let Some(token) = next.filter(|_| !self.is_full()) {
                    page = Some(fetch.next_page(mapping, token, ahead).await);
                }
            }
            self.check()?;
        }
        Ok(())
    }

    async fn named(
        &mut self,
        objects: &'p [(Mapping, String)],
        notes: &mut Notes,
    ) -> Result<(), RunError> {
        let mut answers = self.fetch.objects(objects);
        for (mapping, _) in objects {
            let Some(answer) = answers.next().await else {
                break;
            };
            let Some(answer) = notes.sort(answer, self.fetch.get) else {
                continue;
            };
            match page::object(&answer.body, mapping.is_secret()) {
                Ok(object) => self.add(mapping, &object),
                Err(error) => notes.unreadable(&error),
            }
        }
        self.check()
    }

    fn list(&mut self, mapping: &'p Mapping, answer: &Answer, notes: &mut Notes) -> Option<String> {
        let before = self.all.len();
        let mut each = |object: Json<'_>| {
            self.add(mapping, &object);
            Ok::<_, std::convert::Infallible>(())
        };
        match page::read(&answer.body, mapping.is_secret(), &mut each) {
            Ok(next) => next,
            Err(PageError::Unreadable(error)) => {
                self.all.truncate(before);
                notes.unreadable(&error);
                None
            }
            Err(PageError::Stopped(never)) => match never {},
        }
    }

    fn add(&mut self, mapping: &'p Mapping, object: &Json<'_>) {
        let row = row(object, self.fetch);
        let cells = row.cells.iter().flatten();
        self.size += cells.map(|cell| cell.len() + 1).sum::<usize>();
        let key = match &self.field {
            Some(Ok(field)) => field.key(object),
            _ => Ok(Key::Missing),
        };
        self.all.push(PlainRow { mapping, row, key });
    }

    fn is_full(&self) -> bool {
        self.size > self.fetch.limits.max_output_bytes
    }

    /// Rows that are to be sorted cannot be cut.
    fn check(&self) -> Result<(), RunError> {
        if self.field.is_some() && self.is_full() {
            return Err(RunError::InputTooLarge {
                size: self.size,
                limit: self.fetch.limits.max_output_bytes,
            });
        }
        Ok(())
    }
}

fn sorted<'p>(field: &SortField, rows: Vec<PlainRow<'p>>) -> Result<Vec<PlainRow<'p>>, SortError> {
    let keys: Result<Vec<_>, _> = rows.iter().map(|it| it.key.clone()).collect();
    let order = field.order(&keys?)?;
    let mut rows: Vec<_> = rows.into_iter().map(Some).collect();
    let taken = order.into_iter().filter_map(|at| rows.get_mut(at)?.take());
    Ok(taken.collect())
}

fn kinds_differ(rows: &[PlainRow<'_>]) -> bool {
    rows.first()
        .is_some_and(|first| rows.iter().any(|it| it.mapping != first.mapping))
}

/// Rows of one type that follow each other are one table.
fn grouped(rows: Vec<PlainRow<'_>>) -> Vec<(&Mapping, Vec<Row<'static>>)> {
    let mut groups: Vec<(&Mapping, Vec<Row<'static>>)> = Vec::new();
    for PlainRow { mapping, row, .. } in rows {
        match groups.last_mut() {
            Some((last, rows)) if *last == mapping => rows.push(row),
            _ => groups.push((mapping, vec![row])),
        }
    }
    groups
}
