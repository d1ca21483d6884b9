//! JSON Schemas (2020-12) of everything that travels, made from the types themselves, and type stubs
//! for TypeScript and Python made from the schemas.
//!
//! The files in `shared/schemas` are what [`files`] says; a test compares them, and writes them anew
//! where the variable `KUBENTLY_WRITE_SCHEMAS` is set.

use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde_json::{Map, Value, json};

mod examples;
mod python;
mod stub;
mod texts;
mod typescript;

use crate::agent::{AgentCommand, AgentResult};
use crate::api_key::ApiKeyResponse;
use crate::directory::AgentStatus;
use crate::envelope::Envelope;
use crate::error::{ErrorResponse, Problem};
use crate::event::Event;
use crate::health::HealthResponse;
use crate::job_event::JobEvent;
use crate::request::ExecuteCommandRequest;
use crate::response::{CommandResponse, FullJob, JobResponse};
use crate::result::CommandResult;
use crate::session::{CreateSessionRequest, Session, SessionResponse};
use crate::user::User;
use crate::webhook::WebhookEvent;

/// The settings of the gateway and of the worker. Those crates make these files of their own types,
/// which are not known here; their tests compare them.
const KUBENTLY_CONFIG: &str = include_str!("../../schemas/KubentlyConfig.json");
const WORKER_CONFIG: &str = include_str!("../../schemas/WorkerConfig.json");

/// One model: its name and its schema, with an example.
pub(crate) struct Model {
    pub(crate) name: &'static str,
    pub(crate) schema: Value,
}

/// Every model, in the order of the documentation. The names are the source's where it has one.
pub(crate) fn models() -> Vec<Model> {
    vec![
        read::<CreateSessionRequest>("CreateSessionRequest"),
        read::<ExecuteCommandRequest>("ExecuteCommandRequest"),
        written::<SessionResponse>("SessionResponse"),
        written::<CommandResponse>("CommandResponse"),
        written::<JobResponse>("Job"),
        written::<FullJob>("FullJob"),
        written::<JobEvent>("JobEvent"),
        written::<HealthResponse>("HealthResponse"),
        written::<Problem>("Problem"),
        written::<ErrorResponse>("ErrorResponse"),
        written::<AgentStatus>("AgentStatus"),
        written::<User>("User"),
        written::<ApiKeyResponse>("ApiKey"),
        written::<Session>("Session"),
        written::<WebhookEvent>("WebhookEvent"),
        read::<Envelope>("Command"),
        written::<Event>("ReplyEvent"),
        written::<CommandResult>("CommandResult"),
        read::<AgentCommand>("AgentCommand"),
        written::<AgentResult>("AgentResult"),
        stored("KubentlyConfig", KUBENTLY_CONFIG),
        stored("WorkerConfig", WORKER_CONFIG),
    ]
}

/// Every file of `shared/schemas`: its name and its text.
#[must_use]
pub fn files() -> Vec<(String, String)> {
    let models = models();
    let mut files: Vec<_> = models
        .iter()
        .map(|model| (format!("{}.json", model.name), pretty(&model.schema)))
        .collect();
    let stubs = stub::collect(&models);
    files.push(("kubently.d.ts".to_owned(), typescript::print(&stubs)));
    files.push(("kubently.pyi".to_owned(), python::print(&stubs)));
    files
}

/// What callers send: a field with a default may be absent.
fn read<T: JsonSchema>(name: &'static str) -> Model {
    model::<T>(name, SchemaSettings::draft2020_12().for_deserialize())
}

/// What we send: only what is left out when it is empty may be absent.
fn written<T: JsonSchema>(name: &'static str) -> Model {
    model::<T>(name, SchemaSettings::draft2020_12().for_serialize())
}

/// A schema that was made elsewhere; null where it is no JSON.
fn stored(name: &'static str, text: &str) -> Model {
    Model {
        name,
        schema: serde_json::from_str(text).unwrap_or_default(),
    }
}

fn model<T: JsonSchema>(name: &'static str, settings: SchemaSettings) -> Model {
    let generator = settings.into_generator();
    let mut schema = generator.into_root_schema_for::<T>().to_value();
    if let Value::Object(fields) = &mut schema {
        fields.insert("title".to_owned(), json!(name));
        fields.insert("$id".to_owned(), json!(format!("{name}.json")));
        fields.insert("examples".to_owned(), json!([examples::of(name)]));
    }
    Model {
        name,
        schema: plain(schema),
    }
}

/// Descriptions without the links of the code's documentation, and without notes of the compiler.
fn plain(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let fields = fields
                .into_iter()
                .map(|(key, value)| match (key.as_str(), value) {
                    ("description", Value::String(text)) => (key, Value::String(unlinked(&text))),
                    (_, value) => (key, plain(value)),
                });
            Value::Object(fields.collect::<Map<_, _>>())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(plain).collect()),
        other => other,
    }
}

/// A doc comment as prose: links become their texts, and the first paragraph's line breaks spaces.
fn unlinked(text: &str) -> String {
    let mut prose = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("[`") {
        prose.push_str(before);
        let (name, after) = after.split_once("`]").unwrap_or((after, ""));
        prose.push_str(name);
        rest = match after
            .strip_prefix('(')
            .and_then(|link| link.split_once(')'))
        {
            Some((_, after)) => after,
            None => after,
        };
    }
    prose.push_str(rest);
    let paragraphs = prose
        .split("\n\n")
        .map(|paragraph| paragraph.replace('\n', " "));
    paragraphs.collect::<Vec<_>>().join("\n\n")
}

fn pretty(value: &Value) -> String {
    format!("{value:#}\n")
}

#[cfg(test)]
mod tests;
