//! `get` for people: one table a type, printed page by page.

mod sorted;

use std::collections::VecDeque;

use futures::StreamExt as _;

use super::fetch::{Fetch, SortedBy};
use super::plan::Plan;
use super::{Notes, page, plain};
use crate::client::Answer;
use crate::discovery::Mapping;
use crate::output::{Output, RunError};
use crate::printer::table::{Decoration, TablePrinter};
use crate::printer::tabwriter::{TABLE, TabWriter};
use crate::table::Table;

pub(super) async fn print(
    fetch: &Fetch<'_>,
    plan: &Plan,
    notes: Notes,
) -> Result<Output, RunError> {
    if fetch.sorted_by != SortedBy::Nothing {
        return sorted::print(fetch, plan, notes).await;
    }
    let mut tables = Tables::new(fetch, notes);
    match plan {
        Plan::Lists(mappings) => tables.lists(mappings).await,
        Plan::Objects { objects, .. } => tables.objects(objects).await,
    }
    Ok(tables.end())
}

/// The tables of one command.
pub(super) struct Tables<'a> {
    fetch: &'a Fetch<'a>,
    pub(super) notes: Notes,
    output: Output,
    tab: TabWriter,
    printer: Option<(TablePrinter, Mapping)>,
    pub(super) with_kind: bool,
    /// A namespaced type has been printed with `-A`. kubectl's flag sticks: every type behind it
    /// has the column as well, also one outside of namespaces.
    with_namespace: bool,
    /// All types so far live in namespaces, and one namespace is asked for.
    in_namespace: bool,
}

impl<'a> Tables<'a> {
    pub(super) fn new(fetch: &'a Fetch<'a>, notes: Notes) -> Self {
        Self {
            fetch,
            notes,
            output: Output::default(),
            tab: TabWriter::new(TABLE),
            printer: None,
            with_kind: false,
            with_namespace: false,
            in_namespace: !fetch.all_namespaces(),
        }
    }

    /// Whether names need their kind depends on whether more than one type answers, so first pages
    /// come before anything is printed until two have; all others come as they are printed.
    async fn lists(&mut self, mappings: &[Mapping]) {
        let fetch = self.fetch;
        self.notes.of_lists = true;
        let mut first_pages = fetch.first_pages(mappings);
        let mut read: VecDeque<_> = VecDeque::new();
        let mut answered = 0;
        while answered < 2
            && let Some(page) = first_pages.next().await
        {
            answered += usize::from(page.is_ok());
            read.push_back(page);
        }
        self.with_kind = answered > 1;
        for mapping in mappings {
            let mut page = match read.pop_front() {
                None => first_pages.next().await,
                page => page,
            };
            // What comes behind a full output is not printed, but its errors are told.
            if self.is_full() {
                page = page.filter(Result::is_err);
            }
            while let Some(answer) = page.take() {
                let Some(answer) = self.notes.sort(answer, fetch.get) else {
                    break;
                };
                let ahead = fetch.ahead(mapping, &answer).await;
                match self.table(mapping, &answer) {
                    Some(token) if !self.is_full() => {
                        drop(answer);
                        page = Some(fetch.next_page(mapping, token, ahead).await);
                    }
                    _ => {}
                }
            }
        }
    }

    async fn objects(&mut self, objects: &[(Mapping, String)]) {
        let fetch = self.fetch;
        let answers: Vec<_> = fetch.objects(objects).collect().await;
        let mut found = objects
            .iter()
            .zip(&answers)
            .filter(|(_, answer)| answer.is_ok());
        let first = found.next().map(|((mapping, _), _)| mapping);
        self.with_kind = found.any(|((mapping, _), _)| Some(mapping) != first);
        for ((mapping, _), answer) in objects.iter().zip(answers) {
            if let Some(answer) = self.notes.sort(answer, fetch.get) {
                self.table(mapping, &answer);
            }
        }
    }

    /// Prints a table; answers the token of the page after it.
    fn table(&mut self, mapping: &Mapping, answer: &Answer) -> Option<String> {
        let table: Table<'_> = match serde_json::from_slice(&answer.body) {
            Ok(table) => table,
            Err(error) => {
                self.notes.unreadable(&error);
                return None;
            }
        };
        if table.is_table() {
            let next = table.next_page();
            self.print(mapping, table);
            return next;
        }
        self.objects_as_table(mapping, answer)
    }

    /// A server that makes no tables sends the objects.
    fn objects_as_table(&mut self, mapping: &Mapping, answer: &Answer) -> Option<String> {
        let mut objects = Vec::new();
        let body = &answer.body;
        if page::objects(body, mapping.is_secret(), &mut objects).is_err() || objects.is_empty() {
            match page::object(body, mapping.is_secret()) {
                Ok(object) if object.get("items").is_none() => objects.push(object),
                Ok(_) => {}
                Err(error) => {
                    self.notes.unreadable(&error);
                    return None;
                }
            }
        }
        let rows = objects.iter().map(|it| plain::row(it, self.fetch));
        let rows: Vec<_> = rows.collect();
        self.print(mapping, plain::made(rows));
        page::next(body)
    }

    /// Prints a table behind those before it.
    pub(super) fn print(&mut self, mapping: &Mapping, table: Table<'_>) {
        self.in_namespace &= mapping.namespaced;
        self.with_namespace |= self.fetch.all_namespaces() && mapping.namespaced;
        let decoration = self.decoration(mapping);
        let Self {
            printer,
            tab,
            output,
            fetch,
            ..
        } = self;
        let same = printer
            .as_ref()
            .is_some_and(|(_, last)| last.route() == mapping.route());
        if !same {
            tab.flush(&mut output.stdout);
            tab.forget_widths();
            if printer.is_some() && !fetch.get.no_headers && !output.stdout.is_empty() {
                tab.separate();
            }
            *printer = Some((TablePrinter::new(decoration), mapping.clone()));
        }
        if let Some((printer, _)) = printer {
            printer.print(table, tab, &mut output.stdout);
        }
    }

    fn decoration(&self, mapping: &Mapping) -> Decoration {
        let get = self.fetch.get;
        Decoration {
            namespace: self.with_namespace,
            kind: (self.with_kind || get.show_kind).then(|| mapping.prefix()),
            label_columns: get.label_columns.clone(),
            labels: get.show_labels,
            wide: self.fetch.wide(),
            no_headers: get.no_headers,
        }
    }

    /// What is printed already fills the limit.
    fn is_full(&self) -> bool {
        self.output.stdout.len() > self.fetch.limits.max_output_bytes
    }

    pub(super) fn end(mut self) -> Output {
        self.tab.flush(&mut self.output.stdout);
        let limit = self.fetch.limits.max_output_bytes;
        let cut = self.output.cut(limit);
        self.notes.print_warnings(&mut self.output);
        if cut {
            self.output.note(&format!(
                "Warning: the output is cut after {limit} bytes: ask for fewer objects with a \
                 name, -n, -l or --field-selector"
            ));
        }
        let get = self.fetch.get;
        let nothing = self.output.stdout.is_empty() && !self.output.truncated;
        if nothing && !get.ignore_not_found && self.notes.errors.is_empty() {
            match self.fetch.namespace() {
                Some(namespace) if self.in_namespace => {
                    self.output
                        .note(&format!("No resources found in {namespace} namespace."));
                }
                _ => self.output.note("No resources found"),
            }
        }
        self.notes.print_errors(&mut self.output);
        self.output
    }
}
