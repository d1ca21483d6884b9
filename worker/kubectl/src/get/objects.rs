//! `get` for programs: whole objects, written as they come.

use futures::StreamExt as _;
use kubently_core::command::GetOutput;

use super::Notes;
use super::fetch::Fetch;
use super::page::{self, PageError};
use super::plan::Plan;
use super::writer::Writer;
use crate::client::Answer;
use crate::discovery::Mapping;
use crate::json::Json;
use crate::output::{Output, RunError};
use crate::printer::objects::Unprintable;
use crate::redact::text::Marks;

pub(super) async fn print(
    fetch: &Fetch<'_>,
    plan: &Plan,
    writer: Writer,
    notes: Notes,
) -> Result<Output, RunError> {
    let mut objects = Objects {
        fetch,
        notes,
        writer,
        marks: marks(fetch),
    };
    let printed = match plan {
        Plan::Lists(mappings) => objects.lists(mappings).await,
        Plan::Objects {
            objects: named,
            single,
        } => objects.named(named, *single).await,
    };
    finish(printed, objects.writer, objects.notes, &objects.marks)
}

/// Names are no place for credentials: nothing else is printed of their objects.
pub(super) fn marks(fetch: &Fetch<'_>) -> Marks {
    Marks::new(fetch.limits.policy.redact_text && fetch.get.output != GetOutput::Name)
}

/// What is left to say once the printing has ended.
pub(super) fn finish(
    printed: Result<(), Unprintable>,
    writer: Writer,
    mut notes: Notes,
    marks: &Marks,
) -> Result<Output, RunError> {
    let stdout = match printed {
        Ok(()) => writer.finish(),
        Err(Unprintable::TooLarge(error)) => return Err(error),
        Err(Unprintable::Refused(error)) => {
            notes.errors.push(error);
            writer.finish_refused()
        }
    };
    let mut output = notes.alone();
    output.stdout = stdout;
    output.redactions = marks.count();
    Ok(output)
}

/// The objects of one command.
struct Objects<'a> {
    fetch: &'a Fetch<'a>,
    notes: Notes,
    writer: Writer,
    marks: Marks,
}

impl Objects<'_> {
    async fn lists(&mut self, mappings: &[Mapping]) -> Result<(), Unprintable> {
        let fetch = self.fetch;
        let mut first_pages = fetch.first_pages(mappings);
        for mapping in mappings {
            let mut page = first_pages.next().await;
            while let Some(answer) = page.take() {
                let Some(answer) = self.notes.sort(answer, fetch.get) else {
                    break;
                };
                let ahead = fetch.ahead(mapping, &answer).await;
                if let Some(token) = self.items(mapping, &answer)? {
                    drop(answer);
                    page = Some(fetch.next_page(mapping, token, ahead).await);
                }
            }
        }
        self.end_list()
    }

    async fn named(
        &mut self,
        objects: &[(Mapping, String)],
        single: bool,
    ) -> Result<(), Unprintable> {
        let fetch = self.fetch;
        let mut answers = fetch.objects(objects);
        for (mapping, _) in objects {
            let Some(answer) = answers.next().await else {
                break;
            };
            let Some(answer) = self.notes.sort(answer, fetch.get) else {
                continue;
            };
            let mut object = match page::object(&answer.body, mapping.is_secret()) {
                Ok(object) => object,
                Err(error) => {
                    self.notes.unreadable(&error);
                    continue;
                }
            };
            self.marks.mark(&mut object, mapping.is_secret());
            if single {
                return self.writer.single(object);
            }
            self.writer.item(object)?;
        }
        if single { Ok(()) } else { self.end_list() }
    }

    /// Adds the items of a page; answers the token of the next one.
    fn items(&mut self, mapping: &Mapping, answer: &Answer) -> Result<Option<String>, Unprintable> {
        let mark = self.writer.mark();
        let (writer, marks) = (&mut self.writer, &mut self.marks);
        let mut each = |mut object: Json<'_>| {
            marks.mark(&mut object, mapping.is_secret());
            writer.item(object)
        };
        match page::read(&answer.body, mapping.is_secret(), &mut each) {
            Ok(next) => Ok(next),
            Err(PageError::Stopped(error)) => Err(error),
            Err(PageError::Unreadable(error)) => {
                self.writer.take_back(mark);
                self.notes.unreadable(&error);
                Ok(None)
            }
        }
    }

    /// Whoever ignores missing objects gets no list of none.
    fn end_list(&mut self) -> Result<(), Unprintable> {
        if self.writer.items() > 0 || !self.fetch.get.ignore_not_found {
            return self.writer.end_list();
        }
        Ok(())
    }
}
