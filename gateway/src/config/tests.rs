use std::io::Write as _;

use kubently_runtime::config::{Settings as _, print, schema, table};

use super::*;

const KEY: &str = "ci_0123456789012345678901234567890123456789";

fn load(pairs: &[(&str, &str)]) -> Result<GatewayConfig, String> {
    let own = |(name, value): &(&str, &str)| (format!("KUBENTLY_{name}"), (*value).to_owned());
    let sources = Sources {
        file: None,
        env: pairs.iter().map(own).collect(),
    };
    GatewayConfig::load(&sources)
        .map(|loaded| loaded.value)
        .map_err(|error| error.to_string())
}

#[test]
fn defaults_let_nobody_in() {
    let config = load(&[]).unwrap();
    assert_eq!(config.api_address().to_string(), "0.0.0.0:8080");
    assert_eq!(config.admin_address().to_string(), "0.0.0.0:9090");
    assert_eq!(config.keys().count(), 0);
    assert_eq!(config.long_poll_timeout(), Duration::from_secs(30));
}

#[test]
fn keys_come_as_a_list_and_from_a_file_and_are_not_shown() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{KEY}y\n\n  {KEY}z  ").unwrap();
    let path = file.path().to_str().unwrap();
    let two = format!("{KEY},{KEY}x");
    let config = load(&[("API_KEYS", &two), ("API_KEYS_FILE", path)]).unwrap();
    assert_eq!(config.keys().count(), 4);
    let shown = print(&config.shown());
    assert!(shown.contains("api_keys = \"[hidden]\""), "{shown}");
    assert!(shown.contains(path), "{shown}");
    assert!(!shown.contains(KEY) && !format!("{config:?}").contains(KEY));
}

#[test]
fn a_short_key_is_refused_and_not_repeated() {
    let error = load(&[("API_KEYS", "hunter2")]).unwrap_err();
    assert!(
        error.contains("api_keys (KUBENTLY_API_KEYS): key 1"),
        "{error}"
    );
    assert!(!error.contains("hunter2"), "{error}");
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "hunter2").unwrap();
    let path = file.path().to_str().unwrap();
    let error = load(&[("API_KEYS_FILE", path), ("NATS_URL", "")]).unwrap_err();
    assert!(error.contains("key 1 is too short"), "{error}");
    assert!(error.contains("nats_url"), "{error}");
    assert!(!error.contains("hunter2"), "{error}");
    let error = load(&[("API_KEYS_FILE", "/nowhere/keys")]).unwrap_err();
    assert!(
        error.contains("\"/nowhere/keys\" (KUBENTLY_API_KEYS_FILE): cannot be read"),
        "{error}"
    );
}

#[test]
fn numbers_out_of_bounds_are_reported_together_with_value_bounds_and_source() {
    let error = load(&[
        ("API_WORKERS", "0"),
        ("LONG_POLL_TIMEOUT", "61"),
        ("COMMAND_TIMEOUT", "31"),
        ("SESSION_TTL", "59"),
        ("RESULT_TTL", "9"),
        ("API_HOST", "nowhere"),
        ("LOG_FORMAT", "xml"),
    ])
    .unwrap_err();
    for line in [
        "api_workers = 0 (KUBENTLY_API_WORKERS): is a whole number from 1 to 100",
        "long_poll_timeout = 61 (KUBENTLY_LONG_POLL_TIMEOUT): is a whole number from 1 to 60",
        "command_timeout = 31 (KUBENTLY_COMMAND_TIMEOUT): timeout_seconds is a whole number from 1 to 30",
        "session_ttl = 59 (KUBENTLY_SESSION_TTL): ttl_seconds is a whole number from 60 to 3600",
        "result_ttl = 9 (KUBENTLY_RESULT_TTL): is a whole number from 10 to 300",
        "api_host = \"nowhere\" (KUBENTLY_API_HOST): ",
        "log_format = \"xml\" (KUBENTLY_LOG_FORMAT): ",
    ] {
        assert!(error.contains(line), "{line} in {error}");
    }
}

#[test]
fn settings_of_the_source_model_are_refused_with_a_hint() {
    let error = load(&[
        ("REDIS_URL", "redis://:hunter2@x"),
        ("AGENT_TOKENS", "hunter2"),
        ("REDIS_MAX_CONNECTIONS", "5"),
        ("MAX_COMMANDS_PER_FETCH", "5"),
    ])
    .unwrap_err();
    for hint in [
        "set nats_url",
        "NATS credentials",
        "one connection",
        "the worker's",
    ] {
        assert!(error.contains(hint), "{hint} in {error}");
    }
    assert!(!error.contains("hunter2"), "{error}");
}

#[test]
fn the_reference_in_the_readme_is_the_one_of_the_code() {
    let readme = include_str!("../../../README.md");
    let (_, rest) = readme
        .split_once("<!-- config:gateway:begin -->\n")
        .unwrap();
    let (written, _) = rest.split_once("<!-- config:gateway:end -->").unwrap();
    assert_eq!(written, table("gateway", &GatewayConfig::reference()));
}

fn own_schema() -> Value {
    let says = "The gateway's settings as they stand in a TOML or YAML file. In the environment each \
        is KUBENTLY_ and its name in upper case. The source model's max_commands_per_fetch is the \
        worker's, in WorkerConfig.";
    schema::<GatewayConfig>("KubentlyConfig", says)
}

#[test]
fn the_schema_is_the_one_of_the_code() {
    let path = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/../shared/schemas/KubentlyConfig.json"
    );
    let schema = own_schema();
    if std::env::var_os("KUBENTLY_WRITE_SCHEMAS").is_some() {
        std::fs::write(path, format!("{schema:#}\n")).unwrap();
    }
    let stored: Value = serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap();
    assert_eq!(
        stored, schema,
        "run KUBENTLY_WRITE_SCHEMAS=1 cargo test -p kubently-gateway schema, then -p kubently-core"
    );
}

#[test]
fn every_setting_has_a_description_and_an_example_and_the_keys_are_never_read() {
    let schema = own_schema();
    for (name, setting) in schema["properties"].as_object().unwrap() {
        assert!(setting["description"].is_string(), "{name}");
        assert!(!setting["examples"][0].is_null(), "{name}");
        assert_eq!(setting["writeOnly"] == true, name == "api_keys", "{name}");
    }
}

#[test]
fn the_example_of_the_schema_is_a_configuration() {
    let mut file = tempfile::Builder::new().suffix(".yaml").tempfile().unwrap();
    let example = own_schema()["examples"][0].clone();
    file.write_all(example.to_string().as_bytes()).unwrap();
    let sources = Sources {
        file: Some(file.path().to_owned()),
        env: Vec::new(),
    };
    let config = GatewayConfig::load(&sources).unwrap().value;
    assert_eq!(
        print(&config.shown()),
        print(&GatewayConfig::default().shown())
    );
}
