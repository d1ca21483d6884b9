use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::*;

const SUBJECT: &str =
    "kubently.v1.cmd.prod-eu.normal.gw-0000beef.0199b6a0-5c1e-7d3a-8f00-1234567890ab";

fn stored_at() -> Timestamp {
    serde_json::from_str("\"2026-11-23T08:00:00.000Z\"").unwrap()
}

fn envelope() -> Value {
    json!({
        "v": 1, "id": "0199b6a0-5c1e-7d3a-8f00-1234567890ab", "cluster_id": "prod-eu",
        "origin": "gw-0000beef", "owner": null, "command_type": "get", "args": ["pods"],
        "timeout_seconds": 10, "queue_timeout_seconds": 60,
        "queued_at": "2026-11-23T08:00:00.000Z"
    })
}

fn with(field: &str, value: Value) -> Value {
    let mut envelope = envelope();
    envelope[field] = value;
    envelope
}

fn judged(payload: &str, attempt: u32, seconds: u32) -> Result<Accepted, Refused> {
    judged_under(&Policy::default(), payload, attempt, seconds)
}

fn judged_under(
    policy: &Policy,
    payload: &str,
    attempt: u32,
    seconds: u32,
) -> Result<Accepted, Refused> {
    let incoming = Incoming {
        subject: SUBJECT,
        payload: payload.as_bytes(),
        attempt,
        stored_at: stored_at(),
    };
    let now = stored_at().plus_seconds(seconds);
    judge(&incoming, &SUBJECT.parse().unwrap(), policy, now)
}

fn answer(judged: Result<Accepted, Refused>) -> (Reason, String) {
    let ended = judged.unwrap_err().ended;
    (
        ended.reason.unwrap(),
        String::from_utf8(ended.stderr).unwrap(),
    )
}

#[test]
fn every_problem_of_a_message_has_its_reason() {
    use Reason::{PolicyDenied, SubjectMismatch, Undecodable, UnsupportedVersion};
    for (payload, reason, text) in [
        ("{".to_owned(), Undecodable, "no command envelope"),
        ("[]".to_owned(), Undecodable, "no command envelope"),
        (with("v", json!(0)).to_string(), Undecodable, "start at 1"),
        (
            with("more", json!(1)).to_string(),
            Undecodable,
            "unknown field",
        ),
        (
            with("timeout_seconds", json!(31)).to_string(),
            Undecodable,
            "1 to 30",
        ),
        (
            with("v", json!(2)).to_string(),
            UnsupportedVersion,
            "update it",
        ),
        (
            with("cluster_id", json!("prod-us")).to_string(),
            SubjectMismatch,
            "cluster_id",
        ),
        (
            with("priority", json!(99)).to_string(),
            SubjectMismatch,
            "priority",
        ),
        (
            with("origin", json!("pub-bot")).to_string(),
            SubjectMismatch,
            "origin",
        ),
        (
            with("args", json!(["pods", "-w"])).to_string(),
            PolicyDenied,
            "flag_not_allowed: ",
        ),
        (
            with("args", json!(["secrets"])).to_string(),
            PolicyDenied,
            "resource_denied: ",
        ),
        (
            with("args", json!(["pods,secret", "x"])).to_string(),
            PolicyDenied,
            "resource_denied: ",
        ),
    ] {
        let (given, said) = answer(judged(&payload, 1, 1));
        assert_eq!(given, reason, "{payload}: {said}");
        assert!(said.contains(text), "{payload}: {said}");
    }
}

#[test]
fn a_publisher_names_no_owner() {
    let subject = SUBJECT.replace("gw-0000beef", "pub-bot");
    let mut envelope = with("origin", json!("pub-bot"));
    envelope["owner"] = json!("7c4a8d09-ca37-4d20-9b1e-1f0c3d5e7a90");
    let payload = envelope.to_string();
    let incoming = Incoming {
        subject: &subject,
        payload: payload.as_bytes(),
        attempt: 1,
        stored_at: stored_at(),
    };
    let policy = Policy::default();
    let judged = judge(&incoming, &subject.parse().unwrap(), &policy, stored_at());
    let (reason, text) = answer(judged);
    assert_eq!(reason, Reason::PolicyDenied);
    assert!(text.starts_with("bad_field: "), "{text}");
}

#[test]
fn the_owners_policy_narrows_what_the_grammar_allows() {
    let verbs = Policy {
        verbs: BTreeSet::from([kubently_core::verb::Verb::Version]),
        ..Policy::default()
    };
    let namespaces = Policy {
        namespaces: Some(BTreeSet::from(["team-a".parse().unwrap()])),
        ..Policy::default()
    };
    for (policy, code) in [
        (verbs, "verb_forbidden: "),
        (namespaces, "namespace_forbidden: "),
    ] {
        let (reason, text) = answer(judged_under(&policy, &envelope().to_string(), 1, 1));
        assert_eq!(reason, Reason::PolicyDenied);
        assert!(text.starts_with(code), "{text}");
    }
}

#[test]
fn secrets_may_be_asked_for_where_the_owner_shows_them_without_their_values() {
    let payload = with("args", json!(["secrets", "-A"])).to_string();
    let (_, text) = answer(judged_under(&Policy::default(), &payload, 1, 1));
    assert!(text.starts_with("resource_denied: "), "{text}");
    let policy = Policy {
        secrets: kubently_core::policy::Secrets::Redact,
        ..Policy::default()
    };
    assert!(judged_under(&policy, &payload, 1, 1).is_ok());
}

#[test]
fn the_tenth_delivery_is_poison_before_anything_is_read() {
    let (reason, text) = answer(judged("{", 10, 1));
    assert_eq!(reason, Reason::Poison);
    assert!(text.starts_with("9 deliveries"), "{text}");
    assert!(judged(&envelope().to_string(), 9, 1).is_ok());
}

#[test]
fn a_first_delivery_is_late_after_its_queue_time_and_a_redelivery_after_its_run_time_too() {
    let payload = envelope().to_string();
    for (attempt, in_time, reason) in [(1, 60, Reason::QueueTimeout), (2, 70, Reason::Timeout)] {
        assert!(judged(&payload, attempt, in_time).is_ok());
        assert_eq!(answer(judged(&payload, attempt, in_time + 1)).0, reason);
    }
}

#[test]
fn a_redelivery_runs_no_longer_than_its_deadline() {
    let payload = with("timeout_seconds", json!(30)).to_string();
    let limit = |attempt, at| judged(&payload, attempt, at).unwrap().limit;
    assert_eq!(limit(1, 60), Duration::from_secs(30));
    assert_eq!(limit(2, 90), Duration::from_secs(9));
}

#[test]
fn a_late_verdict_may_be_given_for_a_moment() {
    let payload = envelope().to_string();
    let until = |at| judged(&payload, 1, at).unwrap_err().until;
    assert_eq!(until(61), stored_at().plus_seconds(80));
    assert_eq!(until(200), stored_at().plus_seconds(210));
}
