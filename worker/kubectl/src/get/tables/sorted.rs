//! Tables with `--sort-by`: the rows of each type, sorted by what is in their objects.

use futures::StreamExt as _;

use super::Tables;
use crate::client::Answer;
use crate::discovery::Mapping;
use crate::error::Error;
use crate::get::Notes;
use crate::get::fetch::Fetch;
use crate::get::plan::Plan;
use crate::get::{page, plain};
use crate::json::Json;
use crate::output::{Output, RunError};
use crate::printer::sort::{Key, SortError, SortField};
use crate::redact::redact;
use crate::table::{Column, ObjectRow, Row, Table};

pub(super) async fn print(
    fetch: &Fetch<'_>,
    plan: &Plan,
    notes: Notes,
) -> Result<Output, RunError> {
    let path = fetch.get.sort_by.as_deref().unwrap_or_default();
    let mut tables = Tables::new(fetch, notes);
    let mut sorting = Sorting {
        // An error of the path is met when a table is printed, and kubectl drops what goes wrong
        // then.
        field: SortField::lenient(path).ok(),
        tables: Vec::new(),
        size: 0,
    };
    match plan {
        Plan::Lists(mappings) => sorting.lists(fetch, mappings, &mut tables.notes).await?,
        Plan::Objects { objects, .. } => {
            sorting.objects(fetch, objects, &mut tables.notes).await?;
        }
    }
    let Sorting {
        field,
        tables: mut found,
        ..
    } = sorting;
    if found.len() > 1 {
        match order_of_tables(path, &found) {
            Ok(order) => {
                let mut each: Vec<_> = found.into_iter().map(Some).collect();
                let taken = order.into_iter().filter_map(|at| each.get_mut(at)?.take());
                found = taken.collect();
            }
            Err(error) => {
                tables.notes.errors = vec![Error::Usage(error.to_string())];
                tables.notes.of_lists = false;
                return Ok(tables.notes.alone());
            }
        }
        let first = found.first().map(|it| &it.mapping);
        tables.with_kind = found.iter().any(|it| Some(&it.mapping) != first);
    }
    for table in found {
        let SortedTable {
            mapping,
            columns,
            rows,
            keys,
            ..
        } = table;
        match sorted(field.as_ref(), rows, keys) {
            Ok(rows) => tables.print(&mapping, Table::new(columns, rows)),
            // kubectl drops every error here but this one, at which it ends at once.
            Err(error @ SortError::Unsortable { .. }) => {
                tables.notes.errors = vec![Error::Usage(error.to_string())];
                tables.notes.of_lists = false;
                break;
            }
            Err(_) => tables.print(&mapping, Table::new(Vec::new(), Vec::new())),
        }
    }
    Ok(tables.end())
}

/// The rows of a type, or of one object.
struct SortedTable {
    mapping: Mapping,
    /// The table as the server sent it, for kubectl sorts several of them as if they were objects.
    whole: Option<Json<'static>>,
    columns: Vec<Column<'static>>,
    rows: Vec<Row<'static>>,
    keys: Result<Vec<Key>, SortError>,
}

impl SortedTable {
    /// Adds a row; answers the bytes of its cells.
    fn add(&mut self, row: Row<'static>, key: Result<Key, SortError>) -> usize {
        match (&mut self.keys, key) {
            (Ok(keys), Ok(key)) => keys.push(key),
            (keys @ Ok(_), Err(error)) => *keys = Err(error),
            (Err(_), _) => {}
        }
        let size = row.cells.iter().flatten().map(|it| it.len() + 1).sum();
        self.rows.push(row);
        size
    }
}

struct Sorting {
    field: Option<SortField>,
    tables: Vec<SortedTable>,
    /// Bytes of all cells.
    size: usize,
}

impl Sorting {
    async fn lists(
        &mut self,
        fetch: &Fetch<'_>,
        mappings: &[Mapping],
        notes: &mut Notes,
    ) -> Result<(), RunError> {
        notes.of_lists = true;
        let several = mappings.len() > 1;
        let mut first_pages = fetch.first_pages(mappings);
        for mapping in mappings {
            let mut page = first_pages.next().await;
            let mut table = None;
            while let Some(answer) = page.take() {
                let Some(answer) = notes.sort(answer, fetch.get) else {
                    break;
                };
                let ahead = fetch.ahead(mapping, &answer).await;
                let next = self.add(&mut table, mapping, &answer, fetch, several, notes);
                self.check(fetch)?;
                if let Some(token) = next {
                    drop(answer);
                    page = Some(fetch.next_page(mapping, token, ahead).await);
                }
            }
            self.tables.extend(table);
        }
        Ok(())
    }

    async fn objects(
        &mut self,
        fetch: &Fetch<'_>,
        objects: &[(Mapping, String)],
        notes: &mut Notes,
    ) -> Result<(), RunError> {
        let several = objects.len() > 1;
        let answers: Vec<_> = fetch.objects(objects).collect().await;
        for ((mapping, _), answer) in objects.iter().zip(answers) {
            let mut table = None;
            if let Some(answer) = notes.sort(answer, fetch.get) {
                self.add(&mut table, mapping, &answer, fetch, several, notes);
                self.check(fetch)?;
            }
            self.tables.extend(table);
        }
        Ok(())
    }

    /// Adds a page to a type's table; answers the token of the one behind it.
    fn add(
        &mut self,
        table: &mut Option<SortedTable>,
        mapping: &Mapping,
        answer: &Answer,
        fetch: &Fetch<'_>,
        several: bool,
        notes: &mut Notes,
    ) -> Option<String> {
        let page: Table<'_, ObjectRow<'_>> = match serde_json::from_slice(&answer.body) {
            Ok(page) => page,
            Err(error) => {
                notes.unreadable(&error);
                return None;
            }
        };
        if !page.is_table() {
            return self.add_objects(table, mapping, answer, fetch, notes);
        }
        let next = page.next_page();
        let table = table.get_or_insert_with(|| SortedTable {
            mapping: mapping.clone(),
            whole: several
                .then(|| serde_json::from_slice(&answer.body).ok())
                .flatten()
                .map(Json::into_static),
            columns: page.columns.iter().map(Column::to_static).collect(),
            rows: Vec::new(),
            keys: Ok(Vec::new()),
        });
        for mut row in page.rows {
            let key = match (&self.field, &mut row.object) {
                (Some(field), Some(object)) => {
                    redact(object, mapping.is_secret());
                    field.key(object)
                }
                _ => Ok(Key::Missing),
            };
            self.size += table.add(row.into_row(), key);
        }
        next
    }

    /// A server that makes no tables sends the objects.
    fn add_objects(
        &mut self,
        table: &mut Option<SortedTable>,
        mapping: &Mapping,
        answer: &Answer,
        fetch: &Fetch<'_>,
        notes: &mut Notes,
    ) -> Option<String> {
        let mut objects = Vec::new();
        let read = page::objects(&answer.body, mapping.is_secret(), &mut objects);
        if let Err(error) = read {
            notes.unreadable(&error);
            return None;
        }
        let made = plain::made(Vec::new());
        let table = table.get_or_insert_with(|| SortedTable {
            mapping: mapping.clone(),
            whole: None,
            columns: made.columns,
            rows: Vec::new(),
            keys: Ok(Vec::new()),
        });
        for object in &objects {
            let key = match &self.field {
                Some(field) => field.key(object),
                None => Ok(Key::Missing),
            };
            self.size += table.add(plain::row(object, fetch), key);
        }
        page::next(&answer.body)
    }

    /// Nothing can be cut before everything is sorted.
    fn check(&self, fetch: &Fetch<'_>) -> Result<(), RunError> {
        let limit = fetch.limits.max_output_bytes;
        if self.size > limit {
            return Err(RunError::InputTooLarge {
                size: self.size,
                limit,
            });
        }
        Ok(())
    }
}

fn order_of_tables(path: &str, tables: &[SortedTable]) -> Result<Vec<usize>, SortError> {
    let field = SortField::new(path)?;
    let nothing = Json::Object(Vec::new());
    let keys: Result<Vec<_>, _> = tables
        .iter()
        .map(|table| field.key(table.whole.as_ref().unwrap_or(&nothing)))
        .collect();
    field.order(&keys?)
}

fn sorted(
    field: Option<&SortField>,
    rows: Vec<Row<'static>>,
    keys: Result<Vec<Key>, SortError>,
) -> Result<Vec<Row<'static>>, SortError> {
    if rows.len() < 2 {
        return Ok(rows);
    }
    let Some(field) = field else {
        return Ok(Vec::new());
    };
    let order = field.order(&keys?)?;
    let mut rows: Vec<_> = rows.into_iter().map(Some).collect();
    let taken = order.into_iter().filter_map(|at| rows.get_mut(at)?.take());
    Ok(taken.collect())
}
