use std::fs;
use std::path::Path;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::*;

/// A model reads its own example, and writes it again.
fn travels<T: DeserializeOwned + Serialize>(name: &str) {
    let example = examples::of(name);
    let value: T = serde_json::from_value(example.clone()).unwrap();
    assert_eq!(serde_json::to_value(&value).unwrap(), example, "{name}");
}

#[test]
fn every_example_is_one_of_its_model() {
    travels::<SessionResponse>("SessionResponse");
    travels::<CommandResponse>("CommandResponse");
    travels::<JobResponse>("Job");
    travels::<HealthResponse>("HealthResponse");
    travels::<Problem>("Problem");
    travels::<ErrorResponse>("ErrorResponse");
    travels::<AgentStatus>("AgentStatus");
    travels::<User>("User");
    travels::<ApiKeyResponse>("ApiKey");
    travels::<Session>("Session");
    travels::<WebhookEvent>("WebhookEvent");
    travels::<Envelope>("Command");
    travels::<FullJob>("FullJob");
    travels::<JobEvent>("JobEvent");
    travels::<Event>("ReplyEvent");
    travels::<CommandResult>("CommandResult");
    travels::<AgentCommand>("AgentCommand");
    travels::<AgentResult>("AgentResult");
    // Requests are read and never written.
    for name in ["CreateSessionRequest", "ExecuteCommandRequest"] {
        let body = examples::of(name).to_string();
        let read = if name == "CreateSessionRequest" {
            CreateSessionRequest::from_json(body.as_bytes()).map(drop)
        } else {
            ExecuteCommandRequest::from_json(body.as_bytes()).map(drop)
        };
        assert_eq!(read, Ok(()), "{name}");
    }
}

#[test]
fn every_model_has_an_example_and_every_field_says_what_it_is() {
    for model in models() {
        let example = &model.schema["examples"][0];
        assert_ne!(*example, Value::Null, "{}", model.name);
        let fields = model.schema["properties"].as_object().unwrap();
        for (name, field) in fields {
            // A table of settings says it where it is defined.
            let of = field["$ref"].as_str().unwrap_or_default();
            let of = model.schema.pointer(of.trim_start_matches('#'));
            let says = &field["description"];
            let says = of
                .filter(|_| says.is_null())
                .map_or(says, |of| &of["description"]);
            let says = says.as_str().unwrap_or_default();
            assert!(!says.is_empty(), "{}.{name}", model.name);
        }
    }
}

#[test]
fn links_of_the_documentation_become_text() {
    assert_eq!(
        unlinked("Always [`VERSION`](crate::v::VERSION)."),
        "Always VERSION."
    );
    assert_eq!(unlinked("see [`Lane`]\nand on"), "see Lane and on");
}

#[test]
fn the_files_are_what_the_types_say() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../schemas");
    let writes = std::env::var_os("KUBENTLY_WRITE_SCHEMAS").is_some();
    let mut names = Vec::new();
    for (name, text) in files() {
        let path = folder.join(&name);
        if writes {
            fs::write(&path, &text).unwrap();
        }
        let stored = fs::read_to_string(&path).unwrap_or_default();
        assert!(
            stored == text,
            "shared/schemas/{name} differs from its type: run KUBENTLY_WRITE_SCHEMAS=1 cargo test -p kubently-core schema"
        );
        names.push(name);
    }
    for file in fs::read_dir(&folder).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(
            names.contains(&name),
            "shared/schemas/{name} belongs to no model"
        );
    }
}
