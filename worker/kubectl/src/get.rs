//! `get`: lists and objects, as the server's tables or as they are (kubectl `cmd/get/get.go`).

pub(crate) mod fetch;
mod objects;
pub(crate) mod plan;
pub(crate) mod policy;
mod tables;

use kubently_core::command::{Get, GetOutput};

use self::fetch::Fetch;
use crate::client::{Answer, Cluster, Failure};
use crate::error::{Error, render, render_lines};
use crate::output::{Limits, Output, RunError};
use crate::printer::objects::Format;

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
        self.errors.push(Error::Unreadable(format!(
            "unable to read the answer: {error}"
        )));
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
    let format = match &get.output {
        GetOutput::Table | GetOutput::Wide => None,
        GetOutput::Json => Some(Format::Json),
        GetOutput::Yaml => Some(Format::Yaml),
        GetOutput::Name => Some(Format::Name),
        _ => return Err(RunError::NotServed("this output format of get")),
    };
    if get.sort_by.is_some() || get.subresource.is_some() || !get.server_print {
        return Err(RunError::NotServed("a flag of get"));
    }
    let mut notes = Notes::default();
    let planned = match conflict(get, format) {
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
    let fetch = Fetch {
        cluster,
        get,
        limits,
        format,
    };
    match format {
        None => Ok(tables::print(&fetch, &plan, notes).await),
        Some(format) => objects::print(&fetch, &plan, format, notes).await,
    }
}

/// Flags that kubectl does not take together (`GetOptions.Validate`).
fn conflict(get: &Get, format: Option<Format>) -> Option<Error> {
    let name = match format? {
        Format::Json => "json",
        Format::Yaml => "yaml",
        Format::Name => "name",
    };
    get.show_labels.then(|| {
        Error::Usage(format!(
            "--show-labels option cannot be used with {name} printer"
        ))
    })
}

#[cfg(test)]
mod tests;
