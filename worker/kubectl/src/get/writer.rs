//! The printers of whole objects, behind one face.

use kubently_core::command::{Get, GetOutput};

use crate::error::Error;
use crate::json::Json;
use crate::output::RunError;
use crate::printer::custom_columns::CustomColumns;
use crate::printer::jsonpath::{self, Template};
use crate::printer::objects::{Format, ObjectWriter, Unprintable};

/// Writes objects in the format of a command.
#[derive(Debug)]
pub(super) enum Writer {
    Objects(ObjectWriter),
    Columns {
        columns: CustomColumns,
        no_headers: bool,
        begun: bool,
        items: usize,
        out: Vec<u8>,
        limit: usize,
    },
    JsonPath {
        template: Template,
        as_json: bool,
        /// As given, for errors.
        text: String,
        allow_missing: bool,
        out: Vec<u8>,
        limit: usize,
    },
}

impl Writer {
    /// The writer of a format of whole objects; `None` for tables.
    ///
    /// # Errors
    /// A template or a list of columns that is none, in kubectl's words.
    pub(super) fn new(get: &Get, limit: usize) -> Option<Result<Self, Error>> {
        let format = match &get.output {
            GetOutput::Table | GetOutput::Wide => return None,
            GetOutput::Json => Format::Json,
            GetOutput::Yaml => Format::Yaml,
            GetOutput::Kyaml => Format::Kyaml,
            GetOutput::Name => Format::Name,
            GetOutput::JsonPath(text) => return Some(Self::jsonpath(get, text, false, limit)),
            GetOutput::JsonPathAsJson(text) => return Some(Self::jsonpath(get, text, true, limit)),
            GetOutput::CustomColumns(text) => return Some(Self::columns(get, text, limit)),
        };
        let writer = ObjectWriter::new(format, get.show_managed_fields, limit);
        Some(Ok(Self::Objects(writer)))
    }

    fn jsonpath(get: &Get, text: &str, as_json: bool, limit: usize) -> Result<Self, Error> {
        let template = Template::parse(text)
            .map_err(|error| Error::Usage(format!("error parsing jsonpath {text}, {error}")))?;
        Ok(Self::JsonPath {
            template,
            as_json,
            text: text.to_owned(),
            allow_missing: get.allow_missing_template_keys,
            out: Vec::new(),
            limit,
        })
    }

    fn columns(get: &Get, text: &str, limit: usize) -> Result<Self, Error> {
        let columns = CustomColumns::new(text).map_err(|error| Error::Usage(error.to_string()))?;
        Ok(Self::Columns {
            columns,
            no_headers: get.no_headers,
            begun: false,
            items: 0,
            out: Vec::new(),
            limit,
        })
    }

    /// It needs all objects at once.
    pub(super) fn needs_whole(&self) -> bool {
        matches!(self, Self::JsonPath { .. })
    }

    /// Where to come back to with [`Self::take_back`].
    pub(super) fn mark(&self) -> Mark {
        match self {
            Self::Objects(writer) => Mark(writer.mark()),
            Self::Columns { .. } | Self::JsonPath { .. } => Mark((0, 0)),
        }
    }

    /// Forgets the items of a page that turned out to be none. Lines of columns stay.
    pub(super) fn take_back(&mut self, Mark(mark): Mark) {
        if let Self::Objects(writer) = self {
            writer.take_back(mark);
        }
    }

    /// Writes an object on its own, or a list that has been put together.
    pub(super) fn single(&mut self, object: Json<'_>) -> Result<(), Unprintable> {
        match self {
            Self::Objects(writer) => writer.single(object),
            Self::Columns { .. } => {
                self.item(object)?;
                self.end_list()
            }
            Self::JsonPath {
                template,
                as_json,
                text,
                allow_missing,
                out,
                limit,
            } => {
                let found = template.find(&object, *allow_missing);
                let found = found.map_err(|error| not_executed(text, &error.to_string()))?;
                for results in &found {
                    if *as_json {
                        jsonpath::print_as_json(out, results);
                    } else {
                        jsonpath::print(out, results);
                    }
                    within(out.len(), *limit)?;
                }
                Ok(())
            }
        }
    }

    /// Adds an object to the list.
    pub(super) fn item(&mut self, object: Json<'_>) -> Result<(), Unprintable> {
        match self {
            Self::Objects(writer) => writer.item(object),
            Self::Columns { .. } => {
                self.begin()?;
                let Self::Columns {
                    columns,
                    items,
                    out,
                    limit,
                    ..
                } = self
                else {
                    return Ok(());
                };
                *items += 1;
                if let Err(error) = columns.object(&object, out) {
                    columns.end(out);
                    return Err(Unprintable::Refused(Error::Usage(error.to_string())));
                }
                within(out.len() + columns.waiting(), *limit)
            }
            Self::JsonPath { .. } => self.single(object),
        }
    }

    /// Ends the list.
    pub(super) fn end_list(&mut self) -> Result<(), Unprintable> {
        self.begin()?;
        match self {
            Self::Objects(writer) => writer.end_list(),
            Self::Columns {
                columns,
                out,
                limit,
                ..
            } => {
                columns.end(out);
                within(out.len(), *limit)?;
            }
            Self::JsonPath { .. } => {}
        }
        Ok(())
    }

    /// Objects so far.
    pub(super) fn items(&self) -> usize {
        match self {
            Self::Objects(writer) => writer.items(),
            Self::Columns { items, .. } => *items,
            Self::JsonPath { .. } => 0,
        }
    }

    /// The text.
    pub(super) fn finish(self) -> Vec<u8> {
        match self {
            Self::Objects(writer) => writer.finish(),
            Self::Columns { out, .. } | Self::JsonPath { out, .. } => out,
        }
    }

    /// The text in front of an object that could not be written. Documents have none: kubectl puts
    /// them together before it prints.
    pub(super) fn finish_refused(self) -> Vec<u8> {
        match self {
            Self::Columns { out, .. } => out,
            Self::Objects(_) | Self::JsonPath { .. } => Vec::new(),
        }
    }

    fn begin(&mut self) -> Result<(), Unprintable> {
        if let Self::Columns {
            columns,
            no_headers,
            begun,
            out,
            ..
        } = self
            && !std::mem::replace(begun, true)
        {
            let begun = columns.begin(*no_headers, out);
            begun.map_err(|error| Unprintable::Refused(Error::Usage(error.to_string())))?;
        }
        Ok(())
    }
}

/// A place in a list.
#[derive(Debug, Clone, Copy)]
pub(super) struct Mark((usize, usize));

fn within(size: usize, limit: usize) -> Result<(), Unprintable> {
    if size > limit {
        return Err(Unprintable::TooLarge(RunError::OutputTooLarge {
            size,
            limit,
        }));
    }
    Ok(())
}

/// kubectl's text, without the object that it dumps behind it as Go values.
fn not_executed(template: &str, error: &str) -> Unprintable {
    Unprintable::Refused(Error::Usage(format!(
        "error executing jsonpath {}: Error executing template: {error}. Printing more information \
         for debugging the template:\n\ttemplate was:\n\t\t{template}\n",
        quoted(template)
    )))
}

/// Go's `%q` of a template, which is printable ASCII.
fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\""))
}
