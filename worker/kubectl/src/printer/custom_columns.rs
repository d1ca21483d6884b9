//! `-o custom-columns=HEADER:PATH,…` (kubectl `cmd/get/customcolumn.go`).

use super::jsonpath::{EvalError, NotRelaxed, ParseError, Template, Value, relaxed};
use super::tabwriter::{TABLE, TabWriter};
use crate::json::Json;
use crate::table::go_text;

/// A list of columns that is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum BadColumns {
    /// A column without a colon.
    #[error("unexpected custom-columns spec: {0}, expected <header>:<json-path-expr>")]
    NoPath(String),
    /// A path with braces inside.
    #[error(transparent)]
    NotRelaxed(#[from] NotRelaxed),
}

/// Prints one line an object, and the headers before the first.
#[derive(Debug)]
pub struct CustomColumns {
    headers: Vec<String>,
    /// The first path that is none: kubectl reads them after it has printed the headers.
    templates: Result<Vec<Template>, ParseError>,
    tab: TabWriter,
    line: Vec<u8>,
}

impl CustomColumns {
    /// Reads the columns.
    ///
    /// # Errors
    /// [`BadColumns`] with kubectl's text.
    pub fn new(columns: &str) -> Result<Self, BadColumns> {
        let mut headers = Vec::new();
        let mut paths = Vec::new();
        for column in columns.split(',') {
            let Some((header, path)) = column.split_once(':') else {
                return Err(BadColumns::NoPath(column.to_owned()));
            };
            headers.push(header.to_owned());
            paths.push(relaxed(path)?);
        }
        Ok(Self {
            headers,
            templates: paths.iter().map(|path| Template::parse(path)).collect(),
            tab: TabWriter::new(TABLE),
            line: Vec::new(),
        })
    }

    /// The paths, where all of them can be read.
    #[must_use]
    pub fn templates(&self) -> &[Template] {
        self.templates.as_deref().unwrap_or_default()
    }

    /// Writes the headers, once, before any object.
    ///
    /// # Errors
    /// A path that is none; the headers are written all the same.
    pub fn begin(&mut self, no_headers: bool, out: &mut Vec<u8>) -> Result<(), ParseError> {
        if !no_headers {
            let headers = self.headers.join("\t") + "\n";
            self.tab.write(headers.as_bytes(), out);
        }
        match &self.templates {
            Ok(_) => Ok(()),
            Err(error) => {
                self.tab.flush(out);
                Err(error.clone())
            }
        }
    }

    /// Writes an object's line. Lines of several columns wait for [`Self::end`].
    ///
    /// # Errors
    /// [`EvalError`]; the object has no line then.
    pub fn object(&mut self, object: &Json<'_>, out: &mut Vec<u8>) -> Result<(), EvalError> {
        self.line.clear();
        for (n, template) in self.templates.iter().flatten().enumerate() {
            if n > 0 {
                self.line.push(b'\t');
            }
            let found = template.find(object, true)?;
            let mut first = true;
            if found.first().is_none_or(Vec::is_empty) {
                self.line.extend_from_slice(b"<none>");
                first = false;
            }
            for value in found.iter().flatten() {
                if !std::mem::take(&mut first) {
                    self.line.push(b',');
                }
                push_escaped(&mut self.line, *value);
            }
        }
        self.line.push(b'\n');
        self.tab.write(&self.line, out);
        Ok(())
    }

    /// Bytes of lines that wait.
    #[must_use]
    pub fn waiting(&self) -> usize {
        self.tab.waiting()
    }

    /// Writes what waits.
    pub fn end(&mut self, out: &mut Vec<u8>) {
        self.tab.flush(out);
    }
}

/// A value as Go's `%v`, with escape characters and carriage returns made visible; a tab or a
/// newline goes through, as in kubectl.
fn push_escaped(line: &mut Vec<u8>, value: Value<'_>) {
    let text = match value {
        Value::Json(json) => go_text(json),
        Value::Text(text) => text.to_owned(),
        Value::Int(number) => number.to_string(),
        Value::Float(number) => go_text(&Json::Float(number)),
        Value::Bool(value) => value.to_string(),
        Value::Byte(byte) => byte.to_string(),
        Value::Invalid => "<nil>".to_owned(),
    };
    for byte in text.bytes() {
        match byte {
            0x1b => line.extend_from_slice(b"^["),
            b'\r' => line.extend_from_slice(b"\\r"),
            other => line.push(other),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn print(columns: &str, objects: &[&str]) -> String {
        let mut printer = CustomColumns::new(columns).unwrap();
        let mut out = Vec::new();
        if let Err(error) = printer.begin(false, &mut out) {
            out.extend_from_slice(format!("error: {error}\n").as_bytes());
        }
        for object in objects {
            let object: Json<'_> = serde_json::from_str(object).unwrap();
            printer.object(&object, &mut out).unwrap();
        }
        printer.end(&mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_column_is_a_relaxed_path() {
        let objects = [
            r#"{"metadata":{"name":"web"},"n":[1,2.5,null,{"a":"b"}]}"#,
            r#"{"metadata":{"name":"a\u001b[31m\rb"},"n":[]}"#,
        ];
        let text = print("NAME:metadata.name,N:{.n[*]},X:.x", &objects);
        assert_eq!(
            text,
            "NAME         N                      X\n\
             web          1,2.5,<nil>,map[a:b]   <none>\n\
             a^[[31m\\rb   <none>                 <none>\n"
        );
    }

    #[test]
    fn a_path_that_is_none_is_an_error_after_the_headers() {
        assert_eq!(print("A:.x[", &[]), "A\nerror: unterminated array\n");
        assert!(matches!(
            CustomColumns::new("A:.a,B"),
            Err(BadColumns::NoPath(column)) if column == "B"
        ));
    }
}
