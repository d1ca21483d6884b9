//! An example of each model, as it travels.

use serde_json::{Value, json};

const JOB: &str = "0199b6a0-5c1e-7d3a-8f00-1234567890ab";
const USER: &str = "8f14e45f-ceea-467f-a8d2-0a6f2b1c9e01";
const SESSION: &str = "c9f0f895-fb98-4b91-9f3a-5d6e7f8a9b0c";
const RUN: &str = "45c48cce-2e2d-4fbd-aa1a-fc51c7c6ad26";
const KEY: &str = "d3d94468-02a4-4259-b55d-38e6d163e820";
const AT: &str = "2026-11-24T08:00:00.000Z";
const LATER: &str = "2026-11-24T08:00:00.012Z";

/// The example of a model; null where there is none.
pub(super) fn of(model: &str) -> Value {
    match model {
        "CreateSessionRequest" => {
            json!({"cluster_id": "prod-eu", "correlation_id": "incident-42", "ttl_seconds": 600})
        }
        "ExecuteCommandRequest" => json!({
            "cluster_id": "prod-eu", "command_type": "get", "args": ["pods", "-o", "wide"],
            "namespace": "web", "timeout_seconds": 10
        }),
        "Session" => json!({
            "session_id": SESSION, "cluster_id": "prod-eu", "user_id": USER,
            "correlation_id": "incident-42", "service_identity": null, "created_at": AT,
            "last_activity": LATER, "command_count": 1, "ttl_seconds": 600, "ended_at": null
        }),
        "SessionResponse" => json!({
            "session_id": SESSION, "cluster_id": "prod-eu", "user_id": USER, "status": "active",
            "created_at": AT, "last_activity": AT, "expires_at": "2026-11-24T08:10:00.000Z",
            "ttl_seconds": 600, "command_count": 0, "correlation_id": "incident-42",
            "service_identity": null
        }),
        "CommandResponse" => json!({
            "command_id": JOB, "session_id": SESSION, "cluster_id": "prod-eu", "status": "success",
            "correlation_id": null, "output": "NAME    READY   STATUS    RESTARTS   AGE\n",
            "error": "", "execution_time_ms": 9, "executed_at": LATER
        }),
        "Job" => job(),
        "FullJob" => full_job(),
        "HealthResponse" => json!({
            "status": "healthy", "nats": "connected", "version": "0.1.0", "uptime_seconds": 7,
            "active_sessions": 3
        }),
        "Problem" => json!({
            "type": "about:blank", "title": "Unprocessable Entity", "status": 422,
            "detail": "secrets are never read in this cluster", "code": "resource_denied",
            "errors": [{
                "pointer": "/args/0", "detail": "secrets are never read in this cluster",
                "argument": "secrets"
            }],
            "hint": "ask for the objects that use the secret",
            "error": "secrets are never read in this cluster",
            "details": "ask for the objects that use the secret",
            "request_id": "cb8e1772-da6f-4de1-9ce5-2dbaa7859969", "timestamp": AT
        }),
        "ErrorResponse" => json!({
            "error": "there is no such job", "details": null,
            "request_id": "cb8e1772-da6f-4de1-9ce5-2dbaa7859969", "timestamp": AT
        }),
        "User" => json!({
            "id": USER, "name": "Ada", "email": "ada@example.com", "created_at": AT, "is_active": true
        }),
        "ApiKey" => json!({
            "id": KEY, "user_id": USER, "name": "laptop", "prefix": "ci_8Fq2",
            "grant": {"admin": false, "clusters": ["prod-eu"]}, "service_identity": null,
            "created_at": AT, "last_used_at": null, "expires_at": null, "revoked_at": null,
            "is_active": true
        }),
        "WebhookEvent" => json!({
            "event_type": "command.executed", "timestamp": LATER, "data": {"id": JOB, "status": "completed"}
        }),
        "Command" => json!({
            "v": 1, "id": JOB, "cluster_id": "prod-eu", "origin": "pub-bot", "owner": null,
            "command_type": "get", "args": ["pods", "-n", "web"], "timeout_seconds": 10,
            "queue_timeout_seconds": 60, "priority": 1, "queued_at": AT
        }),
        "JobEvent" => job_event(),
        "ReplyEvent" => json!({
            "v": 1, "attempt": 1, "run": RUN, "n": 0, "type": "started", "worker": "worker-0",
            "timestamp": AT
        }),
        "CommandResult" => json!({
            "v": 1, "id": JOB, "command_id": JOB, "attempt": 1, "run": RUN, "status": "completed",
            "success": true, "output": "pod/web-0\n", "exit_code": 0, "execution_time_ms": 9,
            "executed_at": LATER, "events": 0, "stdout_bytes": 10, "stderr_bytes": 0,
            "sha256": "8ee10c8d5eae3dd4d8eb2a4e6dd3cb2ccdf54f4e4ad55ed9c1bc2b5a6f7d8e90",
            "truncated": false, "worker": "worker-0", "policy_hash": "b0ed8c1b"
        }),
        "AgentStatus" => json!({
            "cluster_id": "prod-eu", "is_active": true, "queue_depth": 3, "in_flight": 1,
            "oldest_queued_seconds": 2, "lanes": {
                "high": {"queued": 2, "in_flight": 1}, "normal": {"queued": 1, "in_flight": 0},
                "low": {"queued": 0, "in_flight": 0}, "oldest_queued_at": AT
            },
            "versions": [], "labels": {"env": "prod"}, "enrolled_at": AT, "last_seen": LATER,
            "workers": []
        }),
        "AgentCommand" => {
            json!({"id": JOB, "args": ["get", "pods"], "timeout": 10, "session_id": null})
        }
        "AgentResult" => json!({
            "command_id": JOB, "result": {"success": true, "output": "pod/web-0\n", "error": null}
        }),
        _ => Value::Null,
    }
}

fn job() -> Value {
    json!({
        "id": JOB, "user_id": USER, "cluster_id": "prod-eu", "session_id": null,
        "correlation_id": null, "command_type": "get", "args": ["pods"], "namespace": "web",
        "priority": 1, "status": "completed", "execution_status": "success", "success": true,
        "reason": null, "queued_at": AT, "start_time": AT, "end_time": LATER,
        "container_id": "worker-0", "zip_file_path": null, "attempt": 1, "exit_code": 0,
        "execution_time_ms": 9, "output": "NAME    READY   STATUS    RESTARTS   AGE\n",
        "error": "", "output_url": null, "truncated": false
    })
}

fn job_event() -> Value {
    json!({
        "id": 7, "job_id": JOB, "timestamp": AT, "type": "started", "attempt": 1, "run": RUN,
        "n": 0, "worker": "worker-0"
    })
}

fn full_job() -> Value {
    let mut full = job();
    if let Value::Object(fields) = &mut full {
        fields.insert("events".to_owned(), json!([job_event()]));
        let url = format!("/v1/jobs/{JOB}/events?since=7");
        fields.insert("events_url".to_owned(), json!(url));
    }
    full
}
