//! Finds the objects of a command and puts their descriptions one behind the other (kubectl
//! `cmd/describe/describe.go`).

use std::sync::atomic::{AtomicU64, Ordering};

use futures::StreamExt as _;
use kubently_core::command::{Describe, Get, Scope, Target};
use serde::Deserialize;

use super::events::{self, Events};
use super::kinds::{Print, describer_of};
use super::reader::{List, Reader};
use super::value::Value;
use super::writer::Writer;
use crate::client::{Answer, Cluster, Failure};
use crate::discovery::Mapping;
use crate::error::{Error, render, render_lines};
use crate::get::fetch::Fetch;
use crate::get::{Notes, PARALLEL};
use crate::json::Json;
use crate::output::{Limits, Output};
use crate::redact::{redact, text};
use crate::table::ListMeta;

/// A page of a list.
#[derive(Debug, Deserialize)]
struct Page<'a> {
    #[serde(borrow, default)]
    metadata: ListMeta<'a>,
    #[serde(borrow, default)]
    items: Option<Vec<Json<'a>>>,
}

/// The descriptions of one command.
pub(super) struct Descriptions<'a> {
    fetch: Fetch<'a>,
    reader: Reader<'a>,
    show_events: bool,
    output: Output,
    /// How often a text that looks like a credential was marked.
    redactions: AtomicU64,
    /// Warnings, and why objects were not found.
    notes: Notes,
    /// Why objects were not described, each text once.
    errors: Vec<Error>,
    described: usize,
    /// Between two descriptions.
    separator: &'static [u8],
}

impl<'a> Descriptions<'a> {
    /// None so far.
    pub(super) fn new(
        cluster: &'a Cluster,
        describe: &'a Describe,
        get: &'a Get,
        limits: &'a Limits,
        notes: Notes,
    ) -> Self {
        Self {
            fetch: Fetch::of_objects(cluster, get, limits),
            reader: Reader {
                cluster,
                describe,
                limits,
            },
            show_events: describe.show_events.unwrap_or(true),
            output: Output::default(),
            redactions: AtomicU64::new(0),
            notes,
            errors: Vec::new(),
            described: 0,
            separator: b"\n\n",
        }
    }
}

impl Descriptions<'_> {
    /// All objects of some types. Whether events are shown depends on how many objects there are, so
    /// the first page of each type comes before anything is described.
    pub(super) async fn lists(mut self, mappings: &[Mapping]) -> Output {
        self.notes.of_lists = true;
        let first_pages: Vec<_> = self.fetch.first_pages(mappings).collect().await;
        let mut found = 0;
        for page in &first_pages {
            found += page.as_ref().map_or(2, |answer| match read(answer) {
                Ok(page) if page.metadata.next_page().is_none() => {
                    page.items.map_or(0, |items| items.len())
                }
                _ => 2,
            });
        }
        self.many(found > 1);
        for (mapping, page) in mappings.iter().zip(first_pages) {
            let mut page = Some(page);
            while let Some(answer) = page.take() {
                let token = match self.taken(answer) {
                    Some(answer) => self.page(mapping, &answer, |_| true).await,
                    None => None,
                };
                if let Some(token) = token
                    && !self.is_full()
                {
                    page = Some(self.fetch.page(mapping, Some(token)).await);
                }
            }
        }
        self.end()
    }

    /// Objects by name.
    pub(super) async fn objects(mut self, objects: &[(Mapping, String)]) -> Output {
        if let [(mapping, name)] = objects {
            return self.object(mapping, name).await;
        }
        let answers: Vec<_> = self.fetch.objects(objects).collect().await;
        let missing = answers.iter().filter(|answer| answer.is_err()).count();
        self.many(true);
        if missing == 1
            && self.could_be_prefix()
            && let Some(error) = answers.iter().find_map(not_found)
        {
            // kubectl takes the second argument for the prefix of a name, and finds nothing.
            let error = match &self.reader.describe.target {
                Target::Types { .. } => {
                    Error::Usage("you may only specify a single resource type".to_owned())
                }
                Target::Pairs(_) => error,
            };
            return self.end_with(error);
        }
        let mut found = Vec::new();
        for ((mapping, _), answer) in objects.iter().zip(answers) {
            if let Some(answer) = self.taken(answer) {
                found.push((mapping, answer));
            }
        }
        let documents = found
            .iter()
            .map(|(mapping, answer)| (*mapping, serde_json::from_slice::<Json<'_>>(&answer.body)));
        let mut parsed = Vec::new();
        for (mapping, document) in documents {
            match document {
                Ok(json) => parsed.push((mapping, json)),
                Err(error) => self.notes.unreadable(&error),
            }
        }
        self.describe_all(&parsed).await;
        self.end()
    }

    /// A single object by name, its events read beside it; or those whose names start so.
    async fn object(mut self, mapping: &Mapping, name: &str) -> Output {
        let namespace = self.fetch.namespace().filter(|_| mapping.namespaced);
        let reader = self.reader;
        let early = self.show_events && describer_of(mapping).events != Events::None;
        let events = async {
            if early {
                Some(events::named(&reader, namespace, name).await)
            } else {
                None
            }
        };
        let (answer, events) = futures::join!(self.fetch.object(mapping, name), events);
        if self.could_be_prefix()
            && let Some(error) = not_found(&answer)
        {
            return self.prefixed(mapping, name, error).await;
        }
        if let Some(answer) = self.taken(answer) {
            match serde_json::from_slice(&answer.body) {
                Ok(json) => {
                    let described = self.one(mapping, &json, events).await;
                    self.add(described);
                }
                Err(error) => self.notes.unreadable(&error),
            }
        }
        self.end()
    }

    /// All objects whose names start with `prefix`, each with a line break behind it; `missing` where
    /// there is none. Unlike elsewhere the first error ends it.
    async fn prefixed(mut self, mapping: &Mapping, prefix: &str, missing: Error) -> Output {
        self.many(true);
        self.notes.warn_again();
        self.separator = b"\n";
        let mut token = None;
        loop {
            let answer = match self.fetch.page(mapping, token.take()).await {
                Ok(answer) => answer,
                Err(failure) => {
                    self.output.stdout.clear();
                    return self.end_with(failure.error);
                }
            };
            let starts = |object: &Json<'_>| {
                let name = Value::of(object).at("metadata.name").text();
                name.starts_with(prefix)
            };
            token = self.page(mapping, &answer, starts).await;
            if token.is_none() || self.is_full() || !self.errors.is_empty() {
                break;
            }
        }
        if self.described > 0 {
            self.output.stdout.push(b'\n');
        }
        match self.errors.pop() {
            Some(error) => self.end_with(error),
            None if self.described == 0 => self.end_with(missing),
            None => self.end(),
        }
    }

    /// Describes the objects of a page that are wanted; answers the token of the page after it.
    async fn page(
        &mut self,
        mapping: &Mapping,
        answer: &Answer,
        is_wanted: impl Fn(&Json<'_>) -> bool,
    ) -> Option<String> {
        let page = match read(answer) {
            Ok(page) => page,
            Err(error) => {
                self.notes.unreadable(&error);
                return None;
            }
        };
        let items = page.items.unwrap_or_default().into_iter();
        let wanted: Vec<_> = items
            .filter(|item| is_wanted(item))
            .map(|item| (mapping, item))
            .collect();
        self.describe_all(&wanted).await;
        page.metadata.next_page()
    }

    /// Describes objects, some at a time, in order.
    async fn describe_all(&mut self, objects: &[(&Mapping, Json<'_>)]) {
        let mut next = objects.chunks(PARALLEL);
        while let Some(chunk) = next.next().filter(|_| !self.is_full()) {
            let these = &*self;
            let described: Vec<_> = chunk
                .iter()
                .map(|(mapping, object)| these.one(mapping, object, None))
                .collect();
            let described = futures::future::join_all(described).await;
            for description in described {
                self.add(description);
            }
        }
    }

    /// Describes one object. `events` are those of its name, where they have been read.
    async fn one(
        &self,
        mapping: &Mapping,
        object: &Json<'_>,
        events: Option<(List, Option<Error>)>,
    ) -> Result<Vec<u8>, Error> {
        let describer = describer_of(mapping);
        let reader = self.reader;
        let mut object = object.clone();
        if describer.kind.is_empty() && object.get("kind").is_none() {
            // An item of a list of a built-in type does not say what it is.
            object.set("kind", Json::Str(mapping.kind.as_str().into()));
            object.set("apiVersion", Json::Str(mapping.group_version().into()));
        }
        // A secret's own describer shows how large the values are, and none of them. Their copies
        // are found by the values themselves, so before anything else marks those.
        let is_secret = (mapping.group.as_str(), mapping.kind.as_str()) == ("", "Secret");
        if is_secret {
            let mut redacted = object.clone();
            redact(&mut redacted, true);
            if let (Some(shown), Some(clean)) =
                (object.get_mut("metadata"), redacted.get_mut("metadata"))
            {
                std::mem::swap(shown, clean);
            }
        } else {
            redact(&mut object, false);
        }
        if self.reader.limits.policy.redact_text && !is_secret {
            let count = text::tree(&mut object);
            self.redactions.fetch_add(count, Ordering::Relaxed);
        }
        let value = Value::of(&object);
        let mut w = Writer::new(self.reader.cluster.now());
        let shows_events = self.show_events && describer.events != Events::None;
        let events = async {
            match events {
                _ if !shows_events => None,
                Some(events) => Some(events),
                None => {
                    let namespace = value.at("metadata.namespace").text();
                    let namespace = Some(namespace).filter(|it| !it.is_empty());
                    let name = value.at("metadata.name").text();
                    Some(events::named(&reader, namespace, name).await)
                }
            }
        };
        let printed = async {
            match describer.print {
                Print::Alone(print) => {
                    print(value, &mut w);
                    Ok(())
                }
                Print::With(print) => print(&reader, value, &mut w).await,
            }
        };
        let (printed, events) = futures::join!(printed, events);
        printed?;
        match events {
            None => {}
            Some((_, Some(error))) if describer.events == Events::Required => return Err(error),
            Some((list, _)) => {
                let list = list.objects()?;
                let events = events::of(describer.events, &list, &mapping.kind, value);
                events::print(&mut w, &events);
            }
        }
        Ok(w.finish())
    }

    /// Adds a description, or the reason why there is none.
    fn add(&mut self, described: Result<Vec<u8>, Error>) {
        match described {
            Ok(text) => {
                if self.described > 0 {
                    self.output.stdout.extend_from_slice(self.separator);
                }
                self.output.stdout.extend_from_slice(&text);
                self.described += 1;
            }
            Err(error) => {
                let text = error.to_string();
                if !self.errors.iter().any(|other| other.to_string() == text) {
                    self.errors.push(error);
                }
            }
        }
    }

    /// Several objects have no events unless they are asked for.
    fn many(&mut self, many: bool) {
        if many {
            self.show_events = self.reader.describe.show_events.unwrap_or(false);
        }
    }

    /// There are two arguments, the second of which may be the start of a name.
    fn could_be_prefix(&self) -> bool {
        match &self.reader.describe.target {
            Target::Types { names, .. } => names.len() == 1,
            Target::Pairs(pairs) => pairs.len() == 2,
        }
    }

    fn is_full(&self) -> bool {
        self.output.stdout.len() > self.fetch.limits.max_output_bytes
    }

    fn taken(&mut self, answer: Result<Answer, Failure>) -> Option<Answer> {
        match answer {
            Ok(mut answer) => {
                self.notes.warn(std::mem::take(&mut answer.warnings));
                Some(answer)
            }
            Err(failure) => {
                self.notes.warn(failure.warnings);
                self.notes.errors.push(failure.error);
                None
            }
        }
    }

    /// What there is, and this error alone.
    fn end_with(mut self, error: Error) -> Output {
        self.notes.errors = vec![error];
        self.notes.of_lists = false;
        self.errors.clear();
        self.end()
    }

    fn end(mut self) -> Output {
        self.output.redactions = self.redactions.into_inner();
        let limit = self.fetch.limits.max_output_bytes;
        let cut = self.output.cut(limit);
        self.notes.print_warnings(&mut self.output);
        if cut {
            self.output.note(&format!(
                "Warning: the output is cut after {limit} bytes: ask for fewer objects with a name, \
                 -n or -l"
            ));
        }
        let errors = &mut self.notes.errors;
        if self.described == 0 && errors.is_empty() && self.errors.is_empty() {
            match &self.reader.describe.scope {
                Scope::All => self.output.note("No resources found"),
                scope => {
                    let namespace = scope.namespace().unwrap_or_default();
                    let text = format!("No resources found in {namespace} namespace.");
                    self.output.note(&text);
                }
            }
            return self.output;
        }
        if self.errors.is_empty() {
            self.notes.print_errors(&mut self.output);
            return self.output;
        }
        // kubectl has one error for all objects that were not found, and it has no standard form.
        let plain = self.notes.of_lists || errors.len() > 1;
        if plain && !errors.is_empty() {
            let texts: Vec<_> = errors.iter().map(Error::to_string).collect();
            let (open, close) = if texts.len() > 1 {
                ("[", "]")
            } else {
                ("", "")
            };
            let text = format!("{open}{}{close}", texts.join(", "));
            *errors = vec![Error::Usage(text)];
        }
        errors.append(&mut self.errors);
        let text = if errors.len() > 1 {
            render_lines(errors)
        } else {
            render(errors)
        };
        self.output.note(&text);
        self.output.exit_code = 1;
        self.output
    }
}

fn read(answer: &Answer) -> Result<Page<'_>, serde_json::Error> {
    serde_json::from_slice(&answer.body)
}

fn not_found(answer: &Result<Answer, Failure>) -> Option<Error> {
    let error = &answer.as_ref().err()?.error;
    error.is_not_found().then(|| error.clone())
}
