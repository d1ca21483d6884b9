"""A caller's own code, as `mypy --strict` reads it with the stubs."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from kubently import (
        CommandResult,
        ExecuteCommandRequest,
        FullJob,
        Job,
        JobEvent,
        KubentlyConfig,
        SessionResponse,
    )


def ask(cluster: str, *args: str) -> ExecuteCommandRequest:
    return {"cluster_id": cluster, "command_type": "get", "args": list(args), "timeout_seconds": 10}


def said(job: Job) -> str:
    if job["status"] == "completed":
        return job["output"] or job["output_url"] or ""
    return job["reason"] or job["status"]


def text(event: JobEvent) -> str:
    if event["type"] == "started":
        return f"{event['worker']} at {event['timestamp']}"
    if event["type"] == "reset":
        return ""
    if event["type"] == "complete":
        return said(event["job"])
    return event.get("data") or ""


def last(job: FullJob) -> JobEvent:
    return job["events"][-1]


def port(config: KubentlyConfig) -> int:
    return config.get("api_port", 8080)


def is_over(session: SessionResponse) -> bool:
    return session["status"] in ("expired", "ended")


def exit_code(result: CommandResult) -> int | None:
    return result.get("exit_code")
