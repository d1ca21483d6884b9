//! The labelled corpus: every line of layer `command` meets its label and its code.
//!
//! Lines of the other layers (`raw`, `state`) go through the HTTP door, in the integration tests.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a broken corpus line stops the test"
)]

use std::collections::BTreeMap;

use kubently_core::access::{Grant, authorize};
use kubently_core::command::Command;
use kubently_core::refusal::Refusal;
use kubently_core::request::{ExecuteCommandRequest, InvalidRequest};
use kubently_core::verb::Verb;
use serde_json::{Value, json};

const CORPUS: &str = include_str!("corpus/commands.jsonl");

/// Fields of a request that the grammar does not read.
const REQUEST_FIELDS: [&str; 4] = [
    "cluster_id",
    "session_id",
    "timeout_seconds",
    "correlation_id",
];

fn lines() -> impl Iterator<Item = Value> {
    CORPUS
        .lines()
        .map(|line| serde_json::from_str(line).unwrap())
}

/// How a line is checked.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Door {
    /// By the grammar alone.
    Grammar,
    /// As a request in JSON.
    Request,
    /// By the grammar, which takes it, and then by a key's grant.
    Grant,
    /// Over HTTP: not here.
    Http,
}

fn door(line: &Value) -> Door {
    if line["layer"] != "command" {
        Door::Http
    } else if line.get("policy").is_some() {
        Door::Grant
    } else if !line["args"].is_array() || REQUEST_FIELDS.iter().any(|f| line.get(f).is_some()) {
        Door::Request
    } else {
        Door::Grammar
    }
}

fn through_grammar(line: &Value) -> Result<Command, Refusal> {
    let verb: Verb = line["command_type"].as_str().unwrap().parse()?;
    let args: Vec<String> = serde_json::from_value(line["args"].clone()).unwrap();
    Command::parse(verb, &args, line["namespace"].as_str())
}

fn through_request(line: &Value) -> Result<Command, Refusal> {
    let mut body = json!({ "cluster_id": "prod-1" });
    for field in ["command_type", "args", "namespace"]
        .iter()
        .chain(&REQUEST_FIELDS)
    {
        if let Some(value) = line.get(*field) {
            body[*field] = value.clone();
        }
    }
    match ExecuteCommandRequest::from_json(body.to_string().as_bytes()) {
        Ok(request) => request.command(),
        Err(InvalidRequest::Refused(refusal)) => Err(refusal),
        Err(malformed @ InvalidRequest::Malformed(_)) => panic!("{malformed}"),
    }
}

/// What a grant forbids is well formed, so the grammar has to take it first.
fn through_grant(line: &Value) -> Result<Command, Refusal> {
    let command = through_grammar(line).unwrap();
    let grant: Grant = serde_json::from_value(line["policy"].clone()).unwrap();
    match authorize(&grant, &"prod-1".parse().unwrap(), &command) {
        Ok(()) => Ok(command),
        Err(denied) => Err(denied.refusal().unwrap()),
    }
}

/// What is wrong with the outcome, if anything.
fn verdict(line: &Value, outcome: &Result<Command, Refusal>) -> Option<String> {
    let expected = line["code"].as_str().filter(|_| line["expect"] == "reject");
    let got = outcome.as_ref().err().map(|refusal| refusal.code.as_str());
    (got != expected).then(|| {
        format!(
            "{} {}: expected {expected:?}, got {got:?}: {}",
            line["id"], line["class"], line["why"]
        )
    })
}

#[test]
fn every_command_line_meets_its_label_and_code() {
    let mut counts = BTreeMap::new();
    let mut failures = Vec::new();
    for line in lines() {
        let door = door(&line);
        match door {
            Door::Grammar => failures.extend(verdict(&line, &through_grammar(&line))),
            Door::Request => failures.extend(verdict(&line, &through_request(&line))),
            Door::Grant => failures.extend(verdict(&line, &through_grant(&line))),
            Door::Http => {}
        }
        *counts
            .entry((door, line["expect"].as_str().unwrap().to_owned()))
            .or_insert(0) += 1;
    }
    for ((door, label), count) in &counts {
        println!("{door:?}: {count} lines labelled {label}");
    }
    assert!(
        failures.is_empty(),
        "{} lines:\n{}",
        failures.len(),
        failures.join("\n")
    );
    assert_eq!(counts.values().sum::<usize>(), 263);
    assert_eq!(
        counts
            .iter()
            .filter(|((door, _), _)| *door == Door::Http)
            .count(),
        3 - 1
    );
}

#[test]
fn the_request_and_the_grammar_agree_on_every_command() {
    for line in lines().filter(|line| door(line) == Door::Grammar) {
        let codes = [through_grammar(&line), through_request(&line)]
            .map(|outcome| outcome.map_err(|refusal| refusal.code));
        assert_eq!(codes[0], codes[1], "{}", line["id"]);
    }
}

#[test]
fn every_accepted_line_has_a_canonical_form_that_reads_back() {
    for line in lines().filter(|line| line["expect"] == "accept" && door(line) == Door::Grammar) {
        let command = through_grammar(&line).unwrap();
        let canonical = command.canonical_args();
        let again = Command::parse(command.verb(), &canonical, None).unwrap();
        assert_eq!(
            (&again, again.canonical_args()),
            (&command, canonical),
            "{}",
            line["id"]
        );
    }
}

#[test]
fn every_refusal_says_where_and_is_safe_to_print() {
    for line in lines().filter(|line| door(line) == Door::Grammar) {
        let Err(refusal) = through_grammar(&line) else {
            continue;
        };
        assert!(refusal.pointer.is_some(), "{}: {refusal:?}", line["id"]);
        let json = serde_json::to_string(&refusal).unwrap();
        assert!(json.is_ascii() && !json.contains("\\u00"), "{json}");
        assert!(
            refusal
                .argument
                .is_none_or(|argument| argument.len() <= 120),
            "{}",
            line["id"]
        );
    }
}
