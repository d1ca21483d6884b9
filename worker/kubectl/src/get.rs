//! `get`: lists and objects, as the server's tables or as they are (kubectl `cmd/get/get.go`).

pub(crate) mod fetch;
mod objects;
mod page;
mod plain;
pub(crate) mod plan;
pub(crate) mod policy;
mod tables;
mod whole;
mod writer;

use kubently_core::command::{Get, GetOutput};

use self::fetch::{Fetch, SortedBy};
use self::plan::Plan;
use self::writer::Writer;
use futures::StreamExt as _;

use crate::client::{Answer, Cluster, Failure};
use crate::error::{Error, render, render_lines};
use crate::output::{Limits, Output, RunError};
use crate::printer::sort::SortField;

/// Requests of one command that are under way at a time.
pub(crate) const PARALLEL: usize = 8;

/// What goes to standard error.
#[derive(Debug, Default)]
pub(crate) struct Notes {
    /// In order, each once.
    warnings: Vec<String>,
    pub(crate) errors: Vec<Error>,
    /// The errors are those of lists that are printed as tables.
    pub(crate) of_lists: bool,
}

impl Notes {
    pub(crate) fn warn(&mut self, texts: Vec<String>) {
        for text in texts {
            if !self.warnings.contains(&text) {
                self.warnings.push(text);
            }
        }
    }

    /// The warnings once more, as they come where kubectl resolves the same type a second time.
    pub(crate) fn warn_again(&mut self) {
        self.warnings.extend_from_within(..);
    }

    /// Keeps the warnings and the error of an answer, unless it says that something is missing and
    /// that is no error.
    fn sort(&mut self, answer: Result<Answer, Failure>, get: &Get) -> Option<Answer> {
        match answer {
            Ok(mut answer) => {
                self.warn(std::mem::take(&mut answer.warnings));
                Some(answer)
            }
            Err(failure) => {
                self.warn(failure.warnings);
                if !(get.ignore_not_found && failure.error.is_not_found()) {
                    self.errors.push(failure.error);
                }
                None
            }
        }
    }

    pub(crate) fn unreadable(&mut self, error: &serde_json::Error) {
        let text = if error.is_eof() {
            "unexpected end of JSON input".to_owned()
        } else {
            format!("unable to read the answer: {error}")
        };
        self.errors.push(Error::Unreadable(text));
    }

    pub(crate) fn print_warnings(&self, output: &mut Output) {
        for text in &self.warnings {
            output.note(&format!("Warning: {text}"));
        }
    }

    /// Adds the errors, if any, and the exit code.
    pub(crate) fn print_errors(&self, output: &mut Output) {
        if !self.errors.is_empty() {
            let text = if self.of_lists {
                render_lines(&self.errors)
            } else {
                render(&self.errors)
            };
            output.note(&text);
            output.exit_code = 1;
        }
    }

    /// The output of a command that printed nothing else.
    pub(crate) fn alone(&self) -> Output {
        let mut output = Output::default();
        self.print_warnings(&mut output);
        self.print_errors(&mut output);
        output
    }
}

pub(crate) async fn run(cluster: &Cluster, get: &Get, limits: &Limits) -> Result<Output, RunError> {
    let mut notes = Notes::default();
    let planned = match conflict(get) {
        Some(error) => Err(error),
        None => plan::make(cluster, get, &mut notes).await,
    };
    let plan = match planned {
        Ok(plan) => plan,
        Err(error) => {
            notes.errors.push(error);
            return Ok(notes.alone());
        }
    };
    policy::check(&limits.policy, &plan)?;
    policy::check_values(get, &plan)?;
    let writer = Writer::new(get, limits.max_output_bytes);
    let fetch = Fetch {
        cluster,
        get,
        limits,
        whole: writer.is_some() || !get.server_print,
        sorted_by: sorted_by(get),
    };
    match writer {
        None if get.server_print => tables::print(&fetch, &plan, notes).await,
        None => plain::print(&fetch, &plan, notes).await,
        Some(Err(error)) => Ok(unprintable(&fetch, &plan, error, notes).await),
        Some(Ok(writer)) if writer.needs_whole() || get.sort_by.is_some() => {
            whole::print(&fetch, &plan, writer, notes).await
        }
        Some(Ok(writer)) => objects::print(&fetch, &plan, writer, notes).await,
    }
}

/// What rows need beside their cells to be sorted.
fn sorted_by(get: &Get) -> SortedBy {
    let Some(path) = get.sort_by.as_deref() else {
        return SortedBy::Nothing;
    };
    let Ok(field) = SortField::lenient(path) else {
        return SortedBy::Metadata;
    };
    match field.template().plain_path().as_deref() {
        Some(["metadata", _, ..]) => SortedBy::Metadata,
        _ => SortedBy::Object,
    }
}

/// kubectl makes its printer when it has the objects: their errors come first where one object was
/// asked for, and where nothing was found nothing is printed.
async fn unprintable(fetch: &Fetch<'_>, plan: &Plan, error: Error, mut notes: Notes) -> Output {
    let answers: Vec<_> = match plan {
        Plan::Lists(mappings) => fetch.first_pages(mappings).collect().await,
        Plan::Objects { objects, .. } => fetch.objects(objects).collect().await,
    };
    let mut found = 0;
    for answer in answers {
        let answer = notes.sort(answer, fetch.get);
        let is_list = matches!(plan, Plan::Lists(_));
        found += usize::from(answer.is_some_and(|it| !is_list || page::has_items(&it.body)));
    }
    let single = matches!(plan, Plan::Objects { single: true, .. });
    let ended = (single && !notes.errors.is_empty()) || (found == 0 && fetch.get.ignore_not_found);
    if !ended {
        notes.errors = vec![error];
    }
    notes.alone()
}

/// Flags that kubectl does not take together (`GetOptions.Validate`).
fn conflict(get: &Get) -> Option<Error> {
    let output = get
        .output
        .text()
        .filter(|_| get.output != GetOutput::Wide)?;
    let flag = match &get.output {
        _ if get.show_labels => "show-labels",
        GetOutput::CustomColumns(_) if !get.label_columns.is_empty() => "label-columns",
        _ => return None,
    };
    Some(Error::Usage(format!(
        "--{flag} option cannot be used with {output} printer"
    )))
}

#[cfg(test)]
mod canary;
#[cfg(test)]
mod tests;
