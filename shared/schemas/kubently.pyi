# What travels between Kubently and its callers. Made from the JSON Schemas beside it.
from typing import Any, Literal, NotRequired, TypeAlias, TypedDict

# A command as the source hands it to its agent: a view of an Envelope.
class AgentCommand(TypedDict):
    # The verb, then the arguments as the caller gave them.
    args: list[str]
    # The command's id, which is the job's.
    id: JobId
    # The session it belongs to.
    session_id: NotRequired[SessionId | None]
    # How long it may run, in seconds.
    timeout: NotRequired[TimeoutSeconds]

# What came of a command.
class AgentOutcome(TypedDict):
    # What it wrote to stderr, or why it never ran.
    error: str | None
    # What it wrote to stdout; null where that is not inline, or no UTF-8.
    output: str | None
    # Whether it ran to its end with exit code 0.
    success: bool

# A result as the source's agent hands it back: a view of a CommandResult.
class AgentResult(TypedDict):
    # The command's id.
    command_id: JobId
    # What came of it.
    result: AgentOutcome

# A cluster as a caller sees it, `GET /v1/clusters`.
class AgentStatus(TypedDict):
    # The cluster.
    cluster_id: ClusterId
    # When it was registered.
    enrolled_at: Timestamp
    # Commands that workers have; null where the queue could not be asked.
    in_flight: int | None
    # Whether a worker has been heard of in the last 30 s.
    is_active: bool
    # The owner's labels.
    labels: dict[str, str]
    # The lanes of its queue; null where it could not be asked.
    lanes: QueueStatus | None
    # When a worker was last heard of.
    last_seen: Timestamp | None
    # For how long the oldest command waits, in seconds; null where none does.
    oldest_queued_seconds: int | None
    # Commands that wait, over all lanes; null where the queue could not be asked.
    queue_depth: int | None
    # The builds of its live workers, each once.
    versions: list[str]
    # Its live workers.
    workers: list[Presence]

# A key as its owner sees it. Neither the secret nor its hash is in it.
class ApiKey(TypedDict):
    # When it was made.
    created_at: Timestamp
    # From when on it is refused; null is never.
    expires_at: Timestamp | None
    # What it may do.
    grant: Grant
    # The key's id.
    id: ApiKeyId
    # Whether it is neither revoked nor expired.
    is_active: bool
    # When it was last used, to the minute; null where it never was.
    last_used_at: Timestamp | None
    # Its name.
    name: KeyName
    # The first characters of its secret.
    prefix: KeyPrefix
    # When it was revoked.
    revoked_at: Timestamp | None
    # The service that it stands for.
    service_identity: ServiceIdentity | None
    # Its owner.
    user_id: UserId

# The id of an API key: a UUID in lower case.
ApiKeyId: TypeAlias = str

# A stretch of one of the two output streams, at most MAX_INLINE bytes.
class Chunk(TypedDict):
    # The bytes, where they are UTF-8.
    data: NotRequired[str | None]
    # The bytes otherwise, as standard base64.
    data_b64: NotRequired[str | None]
    # Which stream.
    stream: OutputStream

# The id of a cluster.
ClusterId: TypeAlias = str

# One command on its way, version 1. Its arguments are raw: the worker parses them again with the same code, because it trusts nobody.
class Command(TypedDict):
    # The arguments as the caller gave them.
    args: list[str]
    # The cluster that is to run it.
    cluster_id: ClusterId
    # The verb.
    command_type: Verb
    # The caller's own id.
    correlation_id: NotRequired[CorrelationId | None]
    # The job's id; also the message's id for the server's duplicate window.
    id: JobId
    # The namespace field as the caller gave it.
    namespace: NotRequired[str | None]
    # Who published it.
    origin: Origin
    # The user whose job it is; null from a publisher.
    owner: NotRequired[UserId | None]
    # How much it matters; its lane is the subject's.
    priority: NotRequired[Priority]
    # How long it may wait.
    queue_timeout_seconds: NotRequired[QueueTimeoutSeconds]
    # When it was accepted.
    queued_at: Timestamp
    # The service that the caller's key stands for.
    service_identity: NotRequired[ServiceIdentity | None]
    # The session it belongs to.
    session_id: NotRequired[SessionId | None]
    # How long it may run.
    timeout_seconds: NotRequired[TimeoutSeconds]
    # Always VERSION.
    v: int

# What `POST /debug/execute` answers: the source's view of a JobResponse. Fields that are not known yet are null, never absent.
class CommandResponse(TypedDict):
    # The cluster that runs it.
    cluster_id: ClusterId
    # The command's id, which is the job's.
    command_id: JobId
    # The caller's own id.
    correlation_id: CorrelationId | None
    # stderr, or why it never ran.
    error: str | None
    # When it ended.
    executed_at: Timestamp | None
    # How long it ran, in milliseconds.
    execution_time_ms: int | None
    # stdout, up to 256 KiB together with `error`.
    output: str | None
    # The session it belongs to.
    session_id: SessionId | None
    # How far it has come.
    status: ExecutionStatus

# The result of a command, version 1. Whoever stores it first decides how the job ended.
class CommandResult(TypedDict):
    # How many times the command had been delivered; 0 in a result that a gateway stored.
    attempt: int
    # The command's id, which is the job's.
    command_id: JobId
    # What it wrote to stderr (also when it succeeded), or why it never ran.
    error: NotRequired[str | None]
    # The same as base64, where it is no UTF-8.
    error_b64: NotRequired[str | None]
    # How many events of its run were stored before it.
    events: int
    # When it ended, on the hub's clock.
    executed_at: Timestamp
    # How long it ran, in milliseconds.
    execution_time_ms: int
    # kubectl's exit code; none where it never ran to its end.
    exit_code: NotRequired[int | None]
    # The job's id.
    id: JobId
    # What it wrote to stdout, where that is inline and UTF-8.
    output: NotRequired[str | None]
    # The same as base64, where it is no UTF-8.
    output_b64: NotRequired[str | None]
    # The policy that the worker enforced.
    policy_hash: NotRequired[str | None]
    # Why it failed or was cancelled.
    reason: NotRequired[Reason | None]
    # Which execution it is of; none in a result that a gateway stored.
    run: RunId | None
    # SHA-256 of stdout, then stderr, in hex.
    sha256: str
    # How the job ended.
    status: FinalStatus
    # Length of stderr in bytes.
    stderr_bytes: int
    # Length of stdout in bytes.
    stdout_bytes: int
    # Whether it ran to its end with exit code 0.
    success: bool
    # Whether output was cut at the policy's cap.
    truncated: bool
    # Always VERSION.
    v: int
    # The worker that ran it.
    worker: NotRequired[WorkerName | None]

# Whether a connection stands.
Connection: TypeAlias = Literal["connected"] | Literal["disconnected"]

# A caller's own id for what it does, carried through to the result.
CorrelationId: TypeAlias = str

# The body of `POST /v1/sessions`.
#
# Unknown fields, duplicate keys and numbers written as strings or floats are refused.
class CreateSessionRequest(TypedDict):
    # The cluster that it is for.
    cluster_id: ClusterId
    # The caller's own id, shown with the session.
    correlation_id: NotRequired[CorrelationId | None]
    # Accepted from an admin only.
    service_identity: NotRequired[ServiceIdentity | None]
    # How long it lives without activity; the gateway's `session_ttl` where it is absent.
    ttl_seconds: NotRequired[TtlSeconds | None]
    # Accepted from an admin only: a caller's identity comes from its key.
    user_id: NotRequired[UserId | None]

# An e-mail address in visible ASCII, compared without case.
Email: TypeAlias = str

# An error in the source's shape.
class ErrorResponse(TypedDict):
    # More about it, as in `hint`.
    details: str | None
    # What is wrong, as in `detail`.
    error: str
    # The request's id, as in the header `X-Request-Id` and in the gateway's log.
    request_id: str | None
    # When it was answered.
    timestamp: Timestamp

# The body of `POST /v1/commands`. Raw as JSON allows: Self::command parses the arguments.
#
# Unknown fields, duplicate keys and numbers written as strings or floats are refused.
class ExecuteCommandRequest(TypedDict):
    # The arguments, without the verb (one echo of it is dropped); 1–20, 2 KiB each.
    args: NotRequired[list[str]]
    # The cluster that is to run it.
    cluster_id: ClusterId
    # The verb; `get` where it is absent.
    command_type: NotRequired[Verb]
    # The caller's own id, carried through to the result.
    correlation_id: NotRequired[CorrelationId | None]
    # The namespace; `default` counts as not given.
    namespace: NotRequired[str | None]
    # How much it matters.
    priority: NotRequired[Priority]
    # How long it may wait for a worker.
    queue_timeout_seconds: NotRequired[QueueTimeoutSeconds]
    # Accepted from an admin only.
    service_identity: NotRequired[ServiceIdentity | None]
    # The session it belongs to.
    session_id: NotRequired[SessionId | None]
    # How long it may run; the gateway's `command_timeout` where it is absent.
    timeout_seconds: NotRequired[TimeoutSeconds | None]
    # Accepted from an admin only: a caller's identity comes from its key.
    user_id: NotRequired[UserId | None]

# The status of a command as its caller sees it.
ExecutionStatus: TypeAlias = Literal["pending"] | Literal["running"] | Literal["success"] | Literal["failure"] | Literal["timeout"] | Literal["cancelled"]

# How a job ended: the status of a result.
FinalStatus: TypeAlias = Literal["completed"] | Literal["failed"] | Literal["cancelled"]

# What `GET /v1/jobs/{id}?view=full` answers: a JobResponse and its first events.
class FullJob(TypedDict):
    # The arguments as they were given.
    args: list[str]
    # How often it has been delivered to a worker.
    attempt: int | None
    # The cluster that runs it.
    cluster_id: ClusterId
    # The verb.
    command_type: Verb
    # The worker's name (the source model's field).
    container_id: str | None
    # The caller's own id.
    correlation_id: CorrelationId | None
    # When it ended.
    end_time: Timestamp | None
    # stderr, or why it never ran.
    error: str | None
    # Its events so far, oldest first: the first 100, and about 2 MiB of them at most.
    events: list[JobEvent]
    # Where the events behind these are; null where these are all of a job that has ended.
    events_url: str | None
    # The same as its caller sees it.
    execution_status: ExecutionStatus
    # How long it ran, in milliseconds.
    execution_time_ms: int | None
    # kubectl's exit code.
    exit_code: int | None
    # The job's id.
    id: JobId
    # The namespace field as it was given, else `default`.
    namespace: str
    # stdout, up to 256 KiB together with `error`; what is no UTF-8 reads as U+FFFD.
    output: str | None
    # Where the output is, when it is too large to stand here.
    output_url: str | None
    # How much it matters.
    priority: Priority
    # When it was accepted.
    queued_at: Timestamp
    # Why it failed or was cancelled.
    reason: Reason | None
    # The session it belongs to.
    session_id: SessionId | None
    # When a worker began.
    start_time: Timestamp | None
    # How far it has come.
    status: JobStatus
    # Whether it ran to its end with exit code 0; null until it has ended.
    success: bool | None
    # Whether the output was cut at the policy's cap.
    truncated: bool
    # Its owner.
    user_id: UserId | None
    # Always null (the source model's field).
    zip_file_path: str | None

# What a key may do. An absent list means all, an empty one means none.
#
# Unknown fields are refused: a typing error must not widen a grant.
class Grant(TypedDict):
    # Whether the key manages users and keys. It widens none of the lists.
    admin: bool
    # The clusters that it may use.
    clusters: NotRequired[list[ClusterId] | None]
    # The namespaces that it may read, in every cluster. With a list, only the built-in namespaced types, `version` and `api-resources` are left.
    namespaces: NotRequired[list[Namespace] | None]
    # The verbs that it may use.
    verbs: NotRequired[list[Verb] | None]

# The body of `GET /health`. Fields that are not known are null, never absent.
class HealthResponse(TypedDict):
    # How many sessions of all users took commands a few seconds ago; null where that is not known: just after the start, without the hub, and beyond 10,000 sessions.
    active_sessions: int | None
    # Whether it is connected to the hub (the source model's `redis`).
    nats: Connection
    # How it is as a whole.
    status: HealthStatus
    # For how long it has been serving, in seconds.
    uptime_seconds: int | None
    # The gateway's build.
    version: str

# How a gateway is as a whole.
HealthStatus: TypeAlias = Literal["healthy"] | Literal["degraded"] | Literal["unhealthy"]

# A job as its owner sees it: `POST /v1/commands`, `GET /v1/jobs/{id}`.
#
# Fields that are not known yet are null, never absent.
class Job(TypedDict):
    # The arguments as they were given.
    args: list[str]
    # How often it has been delivered to a worker.
    attempt: int | None
    # The cluster that runs it.
    cluster_id: ClusterId
    # The verb.
    command_type: Verb
    # The worker's name (the source model's field).
    container_id: str | None
    # The caller's own id.
    correlation_id: CorrelationId | None
    # When it ended.
    end_time: Timestamp | None
    # stderr, or why it never ran.
    error: str | None
    # The same as its caller sees it.
    execution_status: ExecutionStatus
    # How long it ran, in milliseconds.
    execution_time_ms: int | None
    # kubectl's exit code.
    exit_code: int | None
    # The job's id.
    id: JobId
    # The namespace field as it was given, else `default`.
    namespace: str
    # stdout, up to 256 KiB together with `error`; what is no UTF-8 reads as U+FFFD.
    output: str | None
    # Where the output is, when it is too large to stand here.
    output_url: str | None
    # How much it matters.
    priority: Priority
    # When it was accepted.
    queued_at: Timestamp
    # Why it failed or was cancelled.
    reason: Reason | None
    # The session it belongs to.
    session_id: SessionId | None
    # When a worker began.
    start_time: Timestamp | None
    # How far it has come.
    status: JobStatus
    # Whether it ran to its end with exit code 0; null until it has ended.
    success: bool | None
    # Whether the output was cut at the policy's cap.
    truncated: bool
    # Its owner.
    user_id: UserId | None
    # Always null (the source model's field).
    zip_file_path: str | None

class JobEventStarted(TypedDict):
    # Its id: it grows within a job, is not dense, and is the same on every gateway. Null of `reset`, which is no stored event.
    id: int | None
    # The job.
    job_id: JobId
    # When the hub stored it; null of `reset`.
    timestamp: Timestamp | None
    # How often the command had been delivered, from 1.
    attempt: int
    # Its number in the run: 0.
    n: int
    # Which execution it is.
    run: RunId
    type: Literal["started"]
    # The worker's name.
    worker: WorkerName

class JobEventOutput(TypedDict):
    # Its id: it grows within a job, is not dense, and is the same on every gateway. Null of `reset`, which is no stored event.
    id: int | None
    # The job.
    job_id: JobId
    # When the hub stored it; null of `reset`.
    timestamp: Timestamp | None
    # How often the command had been delivered, from 1.
    attempt: int
    # The bytes, where they are UTF-8.
    data: NotRequired[str | None]
    # The bytes otherwise, as standard base64.
    data_b64: NotRequired[str | None]
    # Its number in the run, from 1 without gaps.
    n: int
    # Which execution it is of.
    run: RunId
    # Which stream.
    stream: OutputStream
    type: Literal["output"]

class JobEventLog(TypedDict):
    # Its id: it grows within a job, is not dense, and is the same on every gateway. Null of `reset`, which is no stored event.
    id: int | None
    # The job.
    job_id: JobId
    # When the hub stored it; null of `reset`.
    timestamp: Timestamp | None
    # How often the command had been delivered, from 1.
    attempt: int
    # The bytes, where they are UTF-8.
    data: NotRequired[str | None]
    # The bytes otherwise, as standard base64.
    data_b64: NotRequired[str | None]
    # Its number in the run, from 1 without gaps.
    n: int
    # Which execution it is of.
    run: RunId
    # Which stream.
    stream: OutputStream
    type: Literal["log"]

class JobEventReset(TypedDict):
    # Its id: it grows within a job, is not dense, and is the same on every gateway. Null of `reset`, which is no stored event.
    id: int | None
    # The job.
    job_id: JobId
    # When the hub stored it; null of `reset`.
    timestamp: Timestamp | None
    type: Literal["reset"]

class JobEventComplete(TypedDict):
    # Its id: it grows within a job, is not dense, and is the same on every gateway. Null of `reset`, which is no stored event.
    id: int | None
    # The job.
    job_id: JobId
    # When the hub stored it; null of `reset`.
    timestamp: Timestamp | None
    # The job, as `GET /v1/jobs/{id}` answers it.
    job: Job
    # Whether it ran to its end with exit code 0.
    success: bool
    type: Literal["complete"]

# One event of a job. The source model's fields `type`, `data`, `success` and `timestamp`, and its place.
JobEvent: TypeAlias = JobEventStarted | JobEventOutput | JobEventLog | JobEventReset | JobEventComplete

# The id of a job and of its command: a UUIDv7 (RFC 9562) in lower case.
JobId: TypeAlias = str

# The life of a job: queued → running → completed | failed | cancelled.
JobStatus: TypeAlias = Literal["queued"] | Literal["running"] | Literal["completed"] | Literal["failed"] | Literal["cancelled"]

# The name of an API key, for people.
KeyName: TypeAlias = str

# The first characters of an API key's secret, by which its owner knows it again.
KeyPrefix: TypeAlias = str

# The gateway's settings as they stand in a TOML or YAML file. In the environment each is KUBENTLY_ and its name in upper case. The source model's max_commands_per_fetch is the worker's, in WorkerConfig.
class KubentlyConfig(TypedDict):
    # Where `/livez`, `/readyz` and `/metrics` listen.
    admin_host: NotRequired[str]
    # Their port.
    admin_port: NotRequired[int]
    # Where the API listens.
    api_host: NotRequired[str]
    # Fixed keys, each a caller of its own that is no admin; keys that can be revoked are made over HTTP.
    api_keys: NotRequired[list[str]]
    # A file with more of them, one a line.
    api_keys_file: NotRequired[str]
    # The API's port.
    api_port: NotRequired[int]
    # The most threads of the runtime; never more than one for two cores.
    api_workers: NotRequired[int]
    # The `timeout_seconds` of commands that name none, in seconds.
    command_timeout: NotRequired[int]
    # Which events are logged, as tracing's directives.
    log: NotRequired[str]
    # The shape of a log line.
    log_format: NotRequired[Literal["json"] | Literal["text"]]
    # The longest that a request waits for its job, in seconds.
    long_poll_timeout: NotRequired[int]
    # Whether metrics of clusters carry their names as a label; else all clusters have them together.
    metrics_cluster_label: NotRequired[bool]
    # The prefix of the JetStream API, where our account imports it under another.
    nats_api_prefix: NotRequired[str]
    # The authority that the hub's certificate comes from, PEM; the system's where absent.
    nats_ca_file: NotRequired[str]
    # Our certificate, PEM, where the hub asks for one; with its key.
    nats_client_certificate_file: NotRequired[str]
    # The key of our certificate, PEM.
    nats_client_key_file: NotRequired[str]
    # A NATS credentials file.
    nats_credentials: NotRequired[str]
    # The server's monitoring, such as `http://127.0.0.1:8222`; `check` reads the sync setting.
    nats_monitor_url: NotRequired[str]
    # A file with the seed of our nkey; it takes the credentials file's place.
    nats_nkey_file: NotRequired[str]
    # How many servers keep each stream.
    nats_replicas: NotRequired[Any | Any]
    # Where the hub is.
    nats_url: NotRequired[str]
    # How many traces a second callers with a key can have recorded by the flag of their `traceparent`; of more, and of other callers', `otlp_sample_ratio` decides.
    otlp_callers_per_second: NotRequired[int]
    # Where traces are sent to: a collector's OTLP over HTTP, such as `http://collector:4318`; none are made where it is absent. `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_CERTIFICATE` (the authority of its certificate) and `OTEL_RESOURCE_ATTRIBUTES` are read from the environment.
    otlp_endpoint: NotRequired[str]
    # The part of the traces that begin here which is recorded.
    otlp_sample_ratio: NotRequired[float]
    # How long an output must stay readable, in seconds: it stays for 24 hours, and where a cluster's full reply stream drops it sooner than this, the log warns.
    result_ttl: NotRequired[int]
    # Whether secrets may be asked for: `redact` where some cluster's owner shows them without their values. The others refuse them all the same.
    secrets: NotRequired[Literal["deny"] | Literal["redact"]]
    # The `ttl_seconds` of sessions that name none, in seconds.
    session_ttl: NotRequired[int]

# How one lane of a queue stands.
class LaneStatus(TypedDict):
    # Commands that a worker has, or had when it was last heard of.
    in_flight: int
    # Commands that wait.
    queued: int

# The name of a Kubernetes namespace (RFC 1123 label).
Namespace: TypeAlias = str

# Who published a command: a gateway process, or an enrolled publisher.
Origin: TypeAlias = str

# One of a command's two outputs.
OutputStream: TypeAlias = Literal["stdout"] | Literal["stderr"]

# One place of a request that is wrong.
class Place(TypedDict):
    # The offending text, escaped and cut to 120 characters.
    argument: NotRequired[str | None]
    # What is wrong there.
    detail: str
    # A JSON pointer (RFC 6901) into the body; empty is the whole of it.
    pointer: str

# What a worker says of itself, `kubently_workers`.
class Presence(TypedDict):
    # Its cluster.
    cluster_id: ClusterId
    # How many it runs now.
    in_flight: int
    # The API server's version, where it is known.
    kubernetes_version: NotRequired[str | None]
    # The policy it enforces.
    policy_hash: str
    # How many commands it runs at once.
    slots: int
    # Set in its last word before it stops.
    stopping: bool
    # Its build.
    version: str
    # Its name.
    worker: WorkerName

# How much a command matters: 0 is the low lane, 1–49 the normal, 50–100 the high one.
Priority: TypeAlias = int

# The body of every refusal over HTTP: problem details (RFC 9457), in which the source's ErrorResponse stands as well.
class Problem(TypedDict):
    # The stable code that programs branch on; more may come, none changes its meaning.
    code: str
    # One sentence for people.
    detail: str
    # More about it, as in `hint`.
    details: str | None
    # What is wrong, as in `detail`.
    error: str
    # The places of the request that are wrong.
    errors: NotRequired[list[Place]]
    # What to do instead.
    hint: NotRequired[str | None]
    # The request's id, as in the header `X-Request-Id` and in the gateway's log.
    request_id: str | None
    # The HTTP status.
    status: int
    # When it was answered.
    timestamp: Timestamp
    # The status in words.
    title: str
    # `about:blank`: the code says which problem it is, and there is no page about each (RFC 9457 §4.2.1).
    type: str

# How a cluster's queue stands.
class QueueStatus(TypedDict):
    # Priorities 50 to 100.
    high: LaneStatus
    # Priority 0.
    low: LaneStatus
    # Priorities 1 to 49.
    normal: LaneStatus
    # Since when the oldest command waits; null where none does.
    oldest_queued_at: Timestamp | None

# How long a command may wait for a worker, in seconds.
QueueTimeoutSeconds: TypeAlias = int

# Why a job failed or was cancelled.
Reason: TypeAlias = Literal["queue_timeout"] | Literal["timeout"] | Literal["poison"] | Literal["undecodable"] | Literal["subject_mismatch"] | Literal["unsupported_version"] | Literal["policy_denied"] | Literal["output_too_large"] | Literal["cancelled_by_user"] | Literal["session_ended"] | Literal["key_revoked"] | Literal["user_deactivated"] | Literal["cluster_removed"]

class ReplyEventStarted(TypedDict):
    # How often the command had been delivered, from 1.
    attempt: int
    # Its number in the run: 0 for `started`, then from 1 without gaps.
    n: int
    # Which execution it is of.
    run: RunId
    # Always VERSION.
    v: int
    # When, on the hub's clock.
    timestamp: Timestamp
    type: Literal["started"]
    # The worker's name.
    worker: WorkerName

class ReplyEventOutput(TypedDict):
    # How often the command had been delivered, from 1.
    attempt: int
    # Its number in the run: 0 for `started`, then from 1 without gaps.
    n: int
    # Which execution it is of.
    run: RunId
    # Always VERSION.
    v: int
    # The bytes, where they are UTF-8.
    data: NotRequired[str | None]
    # The bytes otherwise, as standard base64.
    data_b64: NotRequired[str | None]
    # Which stream.
    stream: OutputStream
    type: Literal["output"]

class ReplyEventLog(TypedDict):
    # How often the command had been delivered, from 1.
    attempt: int
    # Its number in the run: 0 for `started`, then from 1 without gaps.
    n: int
    # Which execution it is of.
    run: RunId
    # Always VERSION.
    v: int
    # The bytes, where they are UTF-8.
    data: NotRequired[str | None]
    # The bytes otherwise, as standard base64.
    data_b64: NotRequired[str | None]
    # Which stream.
    stream: OutputStream
    type: Literal["log"]

# One event of a job, version 1, on the job's reply subject. Its id is the stream's sequence.
#
# Events of another `run` than the last mean: forget what came before.
ReplyEvent: TypeAlias = ReplyEventStarted | ReplyEventOutput | ReplyEventLog

# The id of one execution of a command: a UUID in lower case.
RunId: TypeAlias = str

# The service that an API key stands for.
ServiceIdentity: TypeAlias = str

# A session as it is stored. Its status is computed from its times, never stored.
class Session(TypedDict):
    # Its cluster.
    cluster_id: ClusterId
    # How many commands it has had.
    command_count: int
    # The caller's own id.
    correlation_id: CorrelationId | None
    # When it was made.
    created_at: Timestamp
    # When it was ended.
    ended_at: Timestamp | None
    # When a command or a sign of life last came.
    last_activity: Timestamp
    # The service that its owner's key stands for.
    service_identity: ServiceIdentity | None
    # The session's id.
    session_id: SessionId
    # How long it lives without activity.
    ttl_seconds: TtlSeconds
    # Its owner.
    user_id: UserId

# The id of a session: a UUID in lower case.
SessionId: TypeAlias = str

# A session as its owner sees it. Fields that are not known are null, never absent.
class SessionResponse(TypedDict):
    # Its cluster.
    cluster_id: ClusterId
    # How many commands it has had.
    command_count: int
    # The caller's own id.
    correlation_id: CorrelationId | None
    # When it was made.
    created_at: Timestamp
    # When it expires without further activity.
    expires_at: Timestamp
    # When a command or a sign of life last came.
    last_activity: Timestamp
    # The service that its owner's key stands for.
    service_identity: ServiceIdentity | None
    # The session's id.
    session_id: SessionId
    # Its status when this was written.
    status: SessionStatus
    # How long it lives without activity.
    ttl_seconds: TtlSeconds
    # Its owner.
    user_id: UserId

# What a session is good for.
SessionStatus: TypeAlias = Literal["active"] | Literal["idle"] | Literal["expired"] | Literal["ended"]

# A stretch of one of the two output streams.
class Stretch(TypedDict):
    # How often the command had been delivered, from 1.
    attempt: int
    # The bytes, where they are UTF-8.
    data: NotRequired[str | None]
    # The bytes otherwise, as standard base64.
    data_b64: NotRequired[str | None]
    # Its number in the run, from 1 without gaps.
    n: int
    # Which execution it is of.
    run: RunId
    # Which stream.
    stream: OutputStream

# How long a command may run once a worker has taken it, in seconds.
TimeoutSeconds: TypeAlias = int

# An instant in UTC with milliseconds (RFC 3339).
Timestamp: TypeAlias = str

# How long a session lives without activity, in seconds.
TtlSeconds: TypeAlias = int

# A user.
class User(TypedDict):
    # When the user was made.
    created_at: Timestamp
    # The user's e-mail address; no other user has it.
    email: Email
    # The user's id.
    id: UserId
    # Whether the user's keys may be used.
    is_active: UserState
    # The user's name.
    name: UserName

# The id of a user: a UUID in lower case.
UserId: TypeAlias = str

# The name of a user, for people.
UserName: TypeAlias = str

# Whether a user's keys may be used.
UserState: TypeAlias = bool

# The verb of a command, `command_type` in JSON: exact lower-case bytes, nothing else matches.
Verb: TypeAlias = Literal["get"] | Literal["describe"] | Literal["logs"] | Literal["top"] | Literal["events"] | Literal["version"] | Literal["api-resources"]

# One thing that happened, as it is sent to a subscriber. The source model's shape.
class WebhookEvent(TypedDict):
    # The JSON of what it happened to: a session or a job as its owner sees it.
    data: dict[str, Any]
    # What happened.
    event_type: WebhookEventType
    # When.
    timestamp: Timestamp

# What can happen; more may come, none changes its meaning.
WebhookEventType: TypeAlias = Literal["session.created"] | Literal["session.ended"] | Literal["command.executed"]

# The worker's settings as they stand in a TOML or YAML file. In the environment each is KUBENTLY_ and its name in upper case, with __ before a field of a table.
class WorkerConfig(TypedDict):
    # Where `/livez`, `/readyz` and `/metrics` listen.
    admin_host: NotRequired[str]
    # Their port.
    admin_port: NotRequired[int]
    # The cluster whose commands this worker takes. Must be given.
    cluster_id: NotRequired[str]
    # How long running commands may take to finish after SIGTERM, in seconds.
    grace_seconds: NotRequired[int]
    # A kubeconfig file; without it the pod's own service account is used. Plug-ins that start a process are refused.
    kubeconfig: NotRequired[str]
    # Which events are logged, as tracing's directives.
    log: NotRequired[str]
    # The shape of a log line.
    log_format: NotRequired[Literal["json"] | Literal["text"]]
    # How many commands one pull may bring.
    max_commands_per_fetch: NotRequired[int]
    # Whether metrics carry the cluster's name as a label.
    metrics_cluster_label: NotRequired[bool]
    # The prefix of JetStream's API as our account sees it: with an nkey file that of a cluster's account, `HUB.API`; without one `$JS.API`.
    nats_api_prefix: NotRequired[str]
    # The authority that the hub's certificate comes from, PEM; the system's where absent.
    nats_ca_file: NotRequired[str]
    # Our certificate, PEM, where the hub asks for one; with its key.
    nats_client_certificate_file: NotRequired[str]
    # The key of our certificate, PEM.
    nats_client_key_file: NotRequired[str]
    # A NATS credentials file.
    nats_credentials: NotRequired[str]
    # The server's monitoring, such as `http://127.0.0.1:8222`; `check` reads the sync setting.
    nats_monitor_url: NotRequired[str]
    # A file with the seed of this cluster's nkey; it takes the credentials file's place.
    nats_nkey_file: NotRequired[str]
    # Where the hub is.
    nats_url: NotRequired[str]
    # How many traces a second publishers can have recorded by the flag of their `traceparent`; of more `otlp_sample_ratio` decides. Gateways decide for theirs.
    otlp_callers_per_second: NotRequired[int]
    # Where traces are sent to: a collector's OTLP over HTTP, such as `http://collector:4318`; none are made where it is absent. `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_CERTIFICATE` (the authority of its certificate) and `OTEL_RESOURCE_ATTRIBUTES` are read from the environment.
    otlp_endpoint: NotRequired[str]
    # The part of the traces that begin here, with a publisher's command, which is recorded.
    otlp_sample_ratio: NotRequired[float]
    policy: NotRequired[WorkerConfigPolicy]
    # How many commands run at once.
    slots: NotRequired[int]
    # What it is called; `HOSTNAME`, or `worker-` and 8 random hex digits where it is absent.
    worker_name: NotRequired[str]

# The table `policy`.
class WorkerConfigPolicy(TypedDict):
    # Types that may not be read.
    denied_resources: NotRequired[list[str]]
    # The most output of one command: tables are cut there and say so; json and yaml fail with `output_too_large`.
    max_output_bytes: NotRequired[int]
    # The namespaces that may be read, all where it is absent; a list shuts out the others, `-A` and cluster-scoped types.
    namespaces: NotRequired[list[str]]
    # Whether what looks like a credential in other output is marked instead of shown.
    redact_text: NotRequired[bool]
    # What happens to secrets: refused, or shown without their values.
    secrets: NotRequired[Literal["deny"] | Literal["redact"]]
    # The verbs that may be used.
    verbs: NotRequired[list[Literal["get"] | Literal["describe"] | Literal["logs"] | Literal["top"] | Literal["events"] | Literal["version"] | Literal["api-resources"]]]

# The name of a worker.
WorkerName: TypeAlias = str
