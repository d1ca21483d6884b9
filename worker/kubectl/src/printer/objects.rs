//! Whole objects, one or many, as JSON, YAML or names. A list is written item by item, so that
//! only one page of it is in memory beside its text.

use super::json::{self, line, separate};
use super::{kyaml, yaml};
use crate::error::Error;
use crate::json::Json;
use crate::output::RunError;

/// A format of whole objects.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// JSON, four spaces.
    Json,
    /// YAML.
    Yaml,
    /// The flow style of YAML of KEP-5295.
    Kyaml,
    /// `kind[.group]/name`, a line each.
    Name,
}

/// Why an object was not written.
#[derive(Debug)]
pub enum Unprintable {
    /// kubectl fails here too.
    Refused(Error),
    /// The limit is reached.
    TooLarge(RunError),
}

/// Writes objects to a text with a limit.
#[derive(Debug)]
pub struct ObjectWriter {
    format: Format,
    managed_fields: bool,
    limit: usize,
    out: Vec<u8>,
    items: usize,
    yaml: yaml::ListWriter,
    kyaml: kyaml::ListWriter,
}

impl ObjectWriter {
    /// An empty text of at most `limit` bytes. All but names leave `managedFields` out unless
    /// `managed_fields`.
    #[must_use]
    pub fn new(format: Format, managed_fields: bool, limit: usize) -> Self {
        Self {
            format,
            managed_fields,
            limit,
            out: Vec::new(),
            items: 0,
            yaml: yaml::ListWriter::default(),
            kyaml: kyaml::ListWriter::default(),
        }
    }

    /// Where the text is now: its length and its items.
    #[must_use]
    pub fn mark(&self) -> (usize, usize) {
        (self.out.len(), self.items)
    }

    /// Goes back to a mark.
    pub fn take_back(&mut self, (length, items): (usize, usize)) {
        self.out.truncate(length);
        self.items = items;
        self.yaml = yaml::ListWriter::after(items);
        self.kyaml = kyaml::ListWriter::after(items);
    }

    /// Objects so far.
    #[must_use]
    pub fn items(&self) -> usize {
        self.items
    }

    /// Writes an object on its own.
    ///
    /// # Errors
    /// [`Unprintable`].
    pub fn single(&mut self, mut object: Json<'_>) -> Result<(), Unprintable> {
        self.prune(&mut object);
        match self.format {
            Format::Json => {
                json::write(&mut self.out, &object, 4, 0);
                self.out.push(b'\n');
            }
            Format::Yaml => yaml::write(&mut self.out, &object).map_err(refused)?,
            Format::Kyaml => kyaml::write(&mut self.out, &object).map_err(refused_by_kyaml)?,
            Format::Name => name(&mut self.out, &object),
        }
        self.check()
    }

    /// Adds an object to the list.
    ///
    /// # Errors
    /// [`Unprintable`].
    pub fn item(&mut self, mut object: Json<'_>) -> Result<(), Unprintable> {
        self.prune(&mut object);
        match self.format {
            Format::Json => {
                if self.items == 0 {
                    self.out
                        .extend_from_slice(b"{\n    \"apiVersion\": \"v1\",\n    \"items\": [");
                }
                separate(&mut self.out, self.items == 0, 8);
                json::write(&mut self.out, &object, 4, 2);
            }
            Format::Yaml => self.yaml.item(&mut self.out, &object).map_err(refused)?,
            Format::Kyaml => {
                let written = self.kyaml.item(&mut self.out, &object);
                written.map_err(refused_by_kyaml)?;
            }
            Format::Name => name(&mut self.out, &object),
        }
        self.items += 1;
        self.check()
    }

    /// Ends the list.
    pub fn end_list(&mut self) {
        match self.format {
            Format::Json => {
                if self.items == 0 {
                    self.out
                        .extend_from_slice(b"{\n    \"apiVersion\": \"v1\",\n    \"items\": []");
                } else {
                    line(&mut self.out, 4);
                    self.out.push(b']');
                }
                self.out.extend_from_slice(
                    b",\n    \"kind\": \"List\",\n    \"metadata\": {\n        \
                      \"resourceVersion\": \"\"\n    }\n}\n",
                );
            }
            Format::Yaml => std::mem::take(&mut self.yaml).finish(&mut self.out),
            Format::Kyaml => std::mem::take(&mut self.kyaml).finish(&mut self.out),
            Format::Name => {}
        }
    }

    /// The text.
    #[must_use]
    pub fn finish(self) -> Vec<u8> {
        self.out
    }

    fn prune(&self, object: &mut Json<'_>) {
        if !self.managed_fields && self.format != Format::Name {
            object.remove(&["metadata", "managedFields"]);
        }
    }

    fn check(&self) -> Result<(), Unprintable> {
        if self.out.len() > self.limit {
            return Err(Unprintable::TooLarge(RunError::OutputTooLarge {
                size: self.out.len(),
                limit: self.limit,
            }));
        }
        Ok(())
    }
}

fn refused(error: yaml::ControlCharacter) -> Unprintable {
    Unprintable::Refused(Error::Usage(error.to_string()))
}

fn refused_by_kyaml(error: yaml::ControlCharacter) -> Unprintable {
    Unprintable::Refused(Error::Usage(format!("error decoding: {error}")))
}

fn name(out: &mut Vec<u8>, object: &Json<'_>) {
    let kind = object.text("kind").unwrap_or_default().to_lowercase();
    let group = object
        .text("apiVersion")
        .and_then(|it| it.split_once('/'))
        .map(|(group, _)| group);
    let name = object.get("metadata").and_then(|it| it.text("name"));
    out.extend_from_slice(kind.as_bytes());
    if let Some(group) = group {
        out.push(b'.');
        out.extend_from_slice(group.as_bytes());
    }
    out.push(b'/');
    out.extend_from_slice(
        name.filter(|it| !it.is_empty())
            .unwrap_or("<unknown>")
            .as_bytes(),
    );
    out.push(b'\n');
}

#[cfg(test)]
mod tests {
    use super::*;

    const POD: &str =
        r#"{"kind":"Pod","apiVersion":"v1","metadata":{"name":"web","managedFields":[]}}"#;
    const DEPLOYMENT: &str = r#"{"kind":"Deployment","apiVersion":"apps/v1","metadata":{}}"#;

    fn list(format: Format, objects: &[&str]) -> String {
        let mut writer = ObjectWriter::new(format, false, 1 << 20);
        for object in objects {
            writer.item(serde_json::from_str(object).unwrap()).unwrap();
        }
        writer.end_list();
        String::from_utf8(writer.finish()).unwrap()
    }

    #[test]
    fn a_list_has_kubectls_frame() {
        insta::assert_snapshot!(list(Format::Json, &[POD]), @r#"
        {
            "apiVersion": "v1",
            "items": [
                {
                    "apiVersion": "v1",
                    "kind": "Pod",
                    "metadata": {
                        "name": "web"
                    }
                }
            ],
            "kind": "List",
            "metadata": {
                "resourceVersion": ""
            }
        }
        "#);
        insta::assert_snapshot!(list(Format::Json, &[]), @r#"
        {
            "apiVersion": "v1",
            "items": [],
            "kind": "List",
            "metadata": {
                "resourceVersion": ""
            }
        }
        "#);
        insta::assert_snapshot!(list(Format::Yaml, &[POD]), @r#"
        apiVersion: v1
        items:
        - apiVersion: v1
          kind: Pod
          metadata:
            name: web
        kind: List
        metadata:
          resourceVersion: ""
        "#);
    }

    #[test]
    fn names_have_kind_and_group() {
        assert_eq!(
            list(Format::Name, &[POD, DEPLOYMENT]),
            "pod/web\ndeployment.apps/<unknown>\n"
        );
    }

    #[test]
    fn output_over_the_limit_fails() {
        let mut writer = ObjectWriter::new(Format::Json, false, 20);
        let refused = writer.single(serde_json::from_str(POD).unwrap());
        assert!(matches!(
            refused,
            Err(Unprintable::TooLarge(RunError::OutputTooLarge {
                limit: 20,
                ..
            }))
        ));
    }
}
