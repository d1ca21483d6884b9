use std::collections::BTreeSet;
use std::io::Write as _;

use serde::Deserialize;

use super::{ConfigError, Reference, Sources, load, load_with};

#[derive(Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Settings {
    url: String,
    api_port: u16,
    loud: bool,
    keys: Vec<String>,
    table: Table,
}

#[derive(Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Table {
    count: Option<u32>,
    names: Option<BTreeSet<String>>,
}

impl super::Settings for Settings {
    fn reference() -> Vec<Reference> {
        let row = |name: &str| Reference {
            name: name.to_owned(),
            default: None,
            bounds: String::new(),
            description: String::new(),
            schema: serde_json::Value::Null,
        };
        ["api_port", "loud", "keys", "table.count"].map(row).into()
    }

    fn shown(&self) -> Vec<(String, serde_json::Value)> {
        Vec::new()
    }

    fn secrets() -> Vec<&'static str> {
        vec!["keys"]
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            url: "here".to_owned(),
            api_port: 8080,
            loud: false,
            keys: Vec::new(),
            table: Table::default(),
        }
    }
}

fn env(pairs: &[(&str, &str)]) -> Sources {
    let own = |(name, value): &(&str, &str)| ((*name).to_owned(), (*value).to_owned());
    Sources {
        file: None,
        env: pairs.iter().map(own).collect(),
    }
}

fn file(ending: &str, text: &str) -> (tempfile::TempPath, Sources) {
    let mut file = tempfile::Builder::new().suffix(ending).tempfile().unwrap();
    file.write_all(text.as_bytes()).unwrap();
    let path = file.into_temp_path();
    let sources = Sources {
        file: Some(path.to_path_buf()),
        env: Vec::new(),
    };
    (path, sources)
}

fn problems(sources: &Sources) -> Vec<String> {
    match load::<Settings>(sources) {
        Err(ConfigError::Invalid(problems)) => problems.iter().map(ToString::to_string).collect(),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_given_is_the_default() {
    assert_eq!(
        load::<Settings>(&Sources::default()).unwrap(),
        Settings::default()
    );
}

#[test]
fn texts_of_the_environment_take_the_type_of_their_field() {
    let sources = env(&[
        ("KUBENTLY_URL", "12"),
        ("KUBENTLY_API_PORT", "9"),
        ("KUBENTLY_LOUD", "true"),
        ("KUBENTLY_KEYS", "one, two,"),
        ("KUBENTLY_TABLE__COUNT", "3"),
        ("KUBENTLY_TABLE__NAMES", "a"),
        ("HOME", "nowhere"),
    ]);
    let settings = load::<Settings>(&sources).unwrap();
    assert_eq!(settings.url, "12");
    assert_eq!(settings.api_port, 9);
    assert!(settings.loud);
    assert_eq!(settings.keys, ["one", "two"]);
    assert_eq!(settings.table.count, Some(3));
    assert_eq!(settings.table.names, Some(BTreeSet::from(["a".to_owned()])));
}

#[test]
fn an_all_digit_key_stays_a_text() {
    let settings = load::<Settings>(&env(&[("KUBENTLY_KEYS", "123")])).unwrap();
    assert_eq!(settings.keys, ["123"]);
}

#[test]
fn the_environment_wins_over_the_file() {
    for (ending, text) in [
        (
            ".toml",
            "url = \"there\"\napi_port = 7\n[table]\ncount = 5\n",
        ),
        (".yaml", "url: there\napi_port: 7\ntable:\n  count: 5\n"),
    ] {
        let (_path, mut sources) = file(ending, text);
        sources.env = env(&[("KUBENTLY_API_PORT", "8")]).env;
        let settings = load::<Settings>(&sources).unwrap();
        assert_eq!((settings.url.as_str(), settings.api_port), ("there", 8));
        assert_eq!(settings.table.count, Some(5));
    }
}

#[test]
fn every_problem_is_reported_with_key_and_source() {
    let (_path, mut sources) = file(".toml", "ulr = 1\nloud = \"perhaps\"\n[table]\nx = 1\n");
    sources.env = env(&[("KUBENTLY_API_PORT", "70000")]).env;
    let text = problems(&sources).join("\n");
    assert_eq!(text.lines().count(), 4, "{text}");
    for part in [
        "ulr (",
        "loud = \"perhaps\" (",
        "table.x (",
        "api_port = 70000 (KUBENTLY_API_PORT): ",
    ] {
        assert!(text.contains(part), "{part} in {text}");
    }
}

#[test]
fn a_refused_text_is_not_repeated_where_it_may_be_a_secret() {
    let text = problems(&env(&[
        ("KUBENTLY_TABLE", "hunter2"),
        ("KUBENTLY_KEYS__X", "hunter2"),
        ("KUBENTLY_TABLE__NAMES__X", "hunter2"),
    ]));
    assert!(!text.is_empty());
    assert!(!text.join("\n").contains("hunter2"), "{text:?}");
}

#[test]
fn an_unknown_name_is_a_warning_and_an_injected_one_is_nothing() {
    let sources = env(&[
        ("KUBENTLY_URI", "x"),
        ("KUBENTLY_API_PORT", "tcp://10.0.0.1:80"),
        ("KUBENTLY_API_SERVICE_HOST", "10.0.0.1"),
        ("KUBENTLY_API_SERVICE_PORT", "80"),
        ("KUBENTLY_API_SERVICE_PORT_HTTP", "80"),
        ("KUBENTLY_API_PORT_80_TCP", "tcp://10.0.0.1:80"),
        ("KUBENTLY_API_PORT_80_TCP_ADDR", "10.0.0.1"),
    ]);
    let loaded = load_with::<Settings>(&sources, &[]).unwrap();
    assert_eq!(loaded.value, Settings::default());
    assert_eq!(
        loaded.warnings,
        ["KUBENTLY_URI is no setting, so it has no effect"]
    );
}

#[test]
fn a_retired_setting_is_refused_with_its_hint() {
    let error = load_with::<Settings>(
        &env(&[("KUBENTLY_REDIS_URL", "redis://x")]),
        &[("redis_url", "set nats_url")],
    );
    let text = error.unwrap_err().to_string();
    assert!(text.contains("redis_url (KUBENTLY_REDIS_URL)"), "{text}");
    assert!(text.contains("set nats_url"), "{text}");
}

#[test]
fn a_file_that_is_none_is_one_clear_error() {
    let (_path, sources) = file(".toml", "url = = 1");
    assert!(matches!(
        load::<Settings>(&sources),
        Err(ConfigError::Syntax { .. })
    ));
    let (_path, sources) = file(".ini", "");
    assert!(matches!(
        load::<Settings>(&sources),
        Err(ConfigError::UnknownFormat(_))
    ));
    let missing = Sources {
        file: Some("/nowhere/x.toml".into()),
        env: Vec::new(),
    };
    assert!(matches!(
        load::<Settings>(&missing),
        Err(ConfigError::Unreadable { .. })
    ));
}
