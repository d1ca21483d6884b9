//! `get` where all objects are needed before the first is printed: `JSONPath` over a list, and
//! lists that are sorted.

use futures::StreamExt as _;
use std::borrow::Cow;
use tokio::sync::OwnedSemaphorePermit;

use super::Notes;
use super::fetch::Fetch;
use super::objects::{finish, marks};
use super::page;
use super::plan::Plan;
use super::writer::Writer;
use crate::client::Answer;
use crate::discovery::Mapping;
use crate::error::Error;
use crate::json::Json;
use crate::output::{Output, RunError};
use crate::printer::objects::Unprintable;
use crate::printer::sort::SortField;
use crate::redact::text::Marks;

pub(super) async fn print(
    fetch: &Fetch<'_>,
    plan: &Plan,
    mut writer: Writer,
    mut notes: Notes,
) -> Result<Output, RunError> {
    let mut bodies = Bodies::new(fetch);
    let single = match plan {
        Plan::Lists(mappings) => {
            bodies.lists(mappings, &mut notes).await?;
            false
        }
        Plan::Objects { objects, single } => {
            bodies.named(objects, &mut notes).await?;
            *single
        }
    };
    let mut objects = Vec::new();
    let mut marks = marks(fetch);
    for body in &bodies.all {
        body.read(&mut objects, &mut notes, &mut marks);
    }
    let printed = if single {
        match objects.pop() {
            Some(object) => writer.single(object),
            None => Ok(()),
        }
    } else if objects.is_empty() && fetch.get.ignore_not_found {
        Ok(())
    } else {
        print_list(fetch, objects, &mut writer)
    };
    finish(printed, writer, notes, &marks)
}

fn print_list(
    fetch: &Fetch<'_>,
    mut objects: Vec<Json<'_>>,
    writer: &mut Writer,
) -> Result<(), Unprintable> {
    // An empty list is sorted whatever the field.
    if let Some(path) = fetch.get.sort_by.as_deref().filter(|_| !objects.is_empty()) {
        objects = sorted(objects, path).map_err(Unprintable::Refused)?;
    }
    if writer.needs_whole() {
        return writer.single(list(objects));
    }
    for object in objects {
        writer.item(object)?;
    }
    writer.end_list()
}

fn sorted<'j>(objects: Vec<Json<'j>>, path: &str) -> Result<Vec<Json<'j>>, Error> {
    let refused = |error: crate::printer::sort::SortError| Error::Usage(error.to_string());
    let field = SortField::new(path).map_err(refused)?;
    let keys: Result<Vec<_>, _> = objects.iter().map(|object| field.key(object)).collect();
    let order = field.order(&keys.map_err(refused)?).map_err(refused)?;
    let mut objects: Vec<Option<Json<'j>>> = objects.into_iter().map(Some).collect();
    let taken = order
        .into_iter()
        .filter_map(|at| objects.get_mut(at)?.take());
    Ok(taken.collect())
}

/// The list that kubectl makes of objects.
fn list(items: Vec<Json<'_>>) -> Json<'_> {
    let text = |text: &'static str| Json::Str(Cow::Borrowed(text));
    let metadata = Json::Object(vec![("resourceVersion".into(), text(""))]);
    Json::Object(vec![
        ("apiVersion".into(), text("v1")),
        ("items".into(), Json::Array(items)),
        ("kind".into(), text("List")),
        ("metadata".into(), metadata),
    ])
}

/// Answers that are kept until all are there.
struct Bodies<'a> {
    fetch: &'a Fetch<'a>,
    all: Vec<Body>,
    size: usize,
    /// Held from the second page of a list on.
    permit: Option<OwnedSemaphorePermit>,
}

struct Body {
    answer: Answer,
    is_list: bool,
    is_secret: bool,
}

impl Body {
    fn read<'b>(&'b self, objects: &mut Vec<Json<'b>>, notes: &mut Notes, marks: &mut Marks) {
        let body = &self.answer.body;
        let before = objects.len();
        let read = if self.is_list {
            page::objects(body, self.is_secret, objects)
        } else {
            page::object(body, self.is_secret).map(|object| objects.push(object))
        };
        if let Err(error) = read {
            objects.truncate(before);
            notes.unreadable(&error);
        }
        for object in objects.iter_mut().skip(before) {
            marks.mark(object, self.is_secret);
        }
    }
}

impl<'a> Bodies<'a> {
    fn new(fetch: &'a Fetch<'a>) -> Self {
        Self {
            fetch,
            all: Vec::new(),
            size: 0,
            permit: None,
        }
    }

    async fn lists(&mut self, mappings: &[Mapping], notes: &mut Notes) -> Result<(), RunError> {
        let fetch = self.fetch;
        let mut first_pages = fetch.first_pages(mappings);
        for mapping in mappings {
            let mut page = first_pages.next().await;
            while let Some(answer) = page.take() {
                let Some(answer) = notes.sort(answer, fetch.get) else {
                    break;
                };
                let next = page::next(&answer.body);
                self.keep(answer, true, mapping)?;
                if let Some(token) = next {
                    if self.permit.is_none() {
                        self.permit = fetch.cluster.hold_whole().await;
                    }
                    page = Some(fetch.page(mapping, Some(token)).await);
                }
            }
        }
        Ok(())
    }

    async fn named(
        &mut self,
        objects: &[(Mapping, String)],
        notes: &mut Notes,
    ) -> Result<(), RunError> {
        let mut answers = self.fetch.objects(objects);
        for (mapping, _) in objects {
            let Some(answer) = answers.next().await else {
                break;
            };
            if let Some(answer) = notes.sort(answer, self.fetch.get) {
                self.keep(answer, false, mapping)?;
            }
        }
        Ok(())
    }

    fn keep(&mut self, answer: Answer, is_list: bool, mapping: &Mapping) -> Result<(), RunError> {
        self.size += answer.body.len();
        let limit = self.fetch.limits.max_response_bytes;
        if self.size > limit {
            let size = self.size;
            return Err(RunError::InputTooLarge { size, limit });
        }
        self.all.push(Body {
            answer,
            is_list,
            is_secret: mapping.is_secret(),
        });
        Ok(())
    }
}
