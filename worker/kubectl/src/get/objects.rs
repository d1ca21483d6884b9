//! `get` for programs: whole objects as JSON, YAML or names.

use std::borrow::Cow;
use std::collections::VecDeque;

use futures::StreamExt as _;
use serde::Deserialize;

use super::Notes;
use super::fetch::Fetch;
use super::plan::Plan;
use crate::client::Answer;
use crate::discovery::Mapping;
use crate::json::Json;
use crate::output::{Output, RunError};
use crate::printer::objects::{Format, ObjectWriter, Unprintable};
use crate::table::ListMeta;

/// A page of a list.
#[derive(Debug, Deserialize)]
struct Page<'a> {
    #[serde(borrow, default)]
    kind: Cow<'a, str>,
    #[serde(borrow, default, rename = "apiVersion")]
    api_version: Cow<'a, str>,
    #[serde(borrow, default)]
    metadata: ListMeta<'a>,
    #[serde(borrow, default)]
    items: Option<Vec<Json<'a>>>,
}

pub(super) async fn print(
    fetch: &Fetch<'_>,
    plan: &Plan,
    format: Format,
    notes: Notes,
) -> Result<Output, RunError> {
    let writer = ObjectWriter::new(
        format,
        fetch.get.show_managed_fields,
        fetch.limits.max_output_bytes,
    );
    let mut objects = Objects {
        fetch,
        notes,
        writer,
    };
    let printed = match plan {
        Plan::Lists(mappings) => objects.lists(mappings).await,
        Plan::Objects {
            objects: named,
            single,
        } => objects.named(named, *single).await,
    };
    match printed {
        Ok(()) => Ok(objects.end()),
        Err(Unprintable::TooLarge(error)) => Err(error),
        Err(Unprintable::Refused(error)) => {
            objects.notes.errors.push(error);
            Ok(objects.notes.alone())
        }
    }
}

/// The objects of one command.
struct Objects<'a> {
    fetch: &'a Fetch<'a>,
    notes: Notes,
    writer: ObjectWriter,
}

impl Objects<'_> {
    async fn lists(&mut self, mappings: &[Mapping]) -> Result<(), Unprintable> {
        let fetch = self.fetch;
        let mut first_pages: VecDeque<_> = fetch.first_pages(mappings).collect().await;
        for mapping in mappings {
            let mut page = first_pages.pop_front();
            while let Some(answer) = page.take() {
                let Some(answer) = self.notes.sort(answer, fetch.get) else {
                    break;
                };
                let ahead = fetch.ahead(mapping, &answer).await;
                if let Some(token) = self.items(&answer)? {
                    page = Some(fetch.next_page(mapping, token, ahead).await);
                }
            }
        }
        self.end_list();
        Ok(())
    }

    async fn named(
        &mut self,
        objects: &[(Mapping, String)],
        single: bool,
    ) -> Result<(), Unprintable> {
        let fetch = self.fetch;
        let mut answers = fetch.objects(objects);
        while let Some(answer) = answers.next().await {
            let Some(answer) = self.notes.sort(answer, fetch.get) else {
                continue;
            };
            let object = match serde_json::from_slice(&answer.body) {
                Ok(object) => object,
                Err(error) => {
                    self.notes.unreadable(&error);
                    continue;
                }
            };
            if single {
                return self.writer.single(object);
            }
            self.writer.item(object)?;
        }
        if !single {
            self.end_list();
        }
        Ok(())
    }

    /// Adds the items of a page; answers the token of the next one.
    fn items(&mut self, answer: &Answer) -> Result<Option<String>, Unprintable> {
        let page: Page<'_> = match serde_json::from_slice(&answer.body) {
            Ok(page) => page,
            Err(error) => {
                self.notes.unreadable(&error);
                return Ok(None);
            }
        };
        let next = page.metadata.next_page();
        let kind = page.kind.strip_suffix("List").unwrap_or(&page.kind);
        for mut item in page.items.unwrap_or_default() {
            // The items of built-in types do not say what they are.
            let untyped = |key| item.text(key).is_none_or(str::is_empty);
            if untyped("kind") && untyped("apiVersion") {
                item.set("kind", Json::Str(Cow::Borrowed(kind)));
                item.set("apiVersion", Json::Str(Cow::Borrowed(&page.api_version)));
            }
            self.writer.item(item)?;
        }
        Ok(next)
    }

    /// Whoever ignores missing objects gets no list of none.
    fn end_list(&mut self) {
        if self.writer.items() > 0 || !self.fetch.get.ignore_not_found {
            self.writer.end_list();
        }
    }

    fn end(self) -> Output {
        let mut output = Output::default();
        self.notes.print_warnings(&mut output);
        self.notes.print_errors(&mut output);
        output.stdout = self.writer.finish();
        output
    }
}
