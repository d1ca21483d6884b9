// What travels between Kubently and its callers. Made from the JSON Schemas beside it.

/** A command as the source hands it to its agent: a view of an Envelope. */
export interface AgentCommand {
  /** The verb, then the arguments as the caller gave them. */
  args: string[];
  /** The command's id, which is the job's. */
  id: JobId;
  /** The session it belongs to. */
  session_id?: SessionId | null;
  /** How long it may run, in seconds. */
  timeout?: TimeoutSeconds;
}

/** What came of a command. */
export interface AgentOutcome {
  /** What it wrote to stderr, or why it never ran. */
  error: string | null;
  /** What it wrote to stdout; null where that is not inline, or no UTF-8. */
  output: string | null;
  /** Whether it ran to its end with exit code 0. */
  success: boolean;
}

/** A result as the source's agent hands it back: a view of a CommandResult. */
export interface AgentResult {
  /** The command's id. */
  command_id: JobId;
  /** What came of it. */
  result: AgentOutcome;
}

/** A cluster as a caller sees it, `GET /v1/clusters`. */
export interface AgentStatus {
  /** The cluster. */
  cluster_id: ClusterId;
  /** When it was registered. */
  enrolled_at: Timestamp;
  /** Commands that workers have; null where the queue could not be asked. */
  in_flight: number | null;
  /** Whether a worker has been heard of in the last 30 s. */
  is_active: boolean;
  /** The owner's labels. */
  labels: Record<string, string>;
  /** The lanes of its queue; null where it could not be asked. */
  lanes: QueueStatus | null;
  /** When a worker was last heard of. */
  last_seen: Timestamp | null;
  /** For how long the oldest command waits, in seconds; null where none does. */
  oldest_queued_seconds: number | null;
  /** Commands that wait, over all lanes; null where the queue could not be asked. */
  queue_depth: number | null;
  /** The builds of its live workers, each once. */
  versions: string[];
  /** Its live workers. */
  workers: Presence[];
}

/** A key as its owner sees it. Neither the secret nor its hash is in it. */
export interface ApiKey {
  /** When it was made. */
  created_at: Timestamp;
  /** From when on it is refused; null is never. */
  expires_at: Timestamp | null;
  /** What it may do. */
  grant: Grant;
  /** The key's id. */
  id: ApiKeyId;
  /** Whether it is neither revoked nor expired. */
  is_active: boolean;
  /** When it was last used, to the minute; null where it never was. */
  last_used_at: Timestamp | null;
  /** Its name. */
  name: KeyName;
  /** The first characters of its secret. */
  prefix: KeyPrefix;
  /** When it was revoked. */
  revoked_at: Timestamp | null;
  /** The service that it stands for. */
  service_identity: ServiceIdentity | null;
  /** Its owner. */
  user_id: UserId;
}

/** The id of an API key: a UUID in lower case. */
export type ApiKeyId = string;

/** A stretch of one of the two output streams, at most MAX_INLINE bytes. */
export interface Chunk {
  /** The bytes, where they are UTF-8. */
  data?: string | null;
  /** The bytes otherwise, as standard base64. */
  data_b64?: string | null;
  /** Which stream. */
  stream: OutputStream;
}

/** The id of a cluster. */
export type ClusterId = string;

/** One command on its way, version 1. Its arguments are raw: the worker parses them again with the same code, because it trusts nobody. */
export interface Command {
  /** The arguments as the caller gave them. */
  args: string[];
  /** The cluster that is to run it. */
  cluster_id: ClusterId;
  /** The verb. */
  command_type: Verb;
  /** The caller's own id. */
  correlation_id?: CorrelationId | null;
  /** The job's id; also the message's id for the server's duplicate window. */
  id: JobId;
  /** The namespace field as the caller gave it. */
  namespace?: string | null;
  /** Who published it. */
  origin: Origin;
  /** The user whose job it is; null from a publisher. */
  owner?: UserId | null;
  /** How much it matters; its lane is the subject's. */
  priority?: Priority;
  /** How long it may wait. */
  queue_timeout_seconds?: QueueTimeoutSeconds;
  /** When it was accepted. */
  queued_at: Timestamp;
  /** The service that the caller's key stands for. */
  service_identity?: ServiceIdentity | null;
  /** The session it belongs to. */
  session_id?: SessionId | null;
  /** How long it may run. */
  timeout_seconds?: TimeoutSeconds;
  /** Always VERSION. */
  v: number;
}

/** What `POST /debug/execute` answers: the source's view of a JobResponse. Fields that are not known yet are null, never absent. */
export interface CommandResponse {
  /** The cluster that runs it. */
  cluster_id: ClusterId;
  /** The command's id, which is the job's. */
  command_id: JobId;
  /** The caller's own id. */
  correlation_id: CorrelationId | null;
  /** stderr, or why it never ran. */
  error: string | null;
  /** When it ended. */
  executed_at: Timestamp | null;
  /** How long it ran, in milliseconds. */
  execution_time_ms: number | null;
  /** stdout, up to 256 KiB together with `error`. */
  output: string | null;
  /** The session it belongs to. */
  session_id: SessionId | null;
  /** How far it has come. */
  status: ExecutionStatus;
}

/** The result of a command, version 1. Whoever stores it first decides how the job ended. */
export interface CommandResult {
  /** How many times the command had been delivered; 0 in a result that a gateway stored. */
  attempt: number;
  /** The command's id, which is the job's. */
  command_id: JobId;
  /** What it wrote to stderr (also when it succeeded), or why it never ran. */
  error?: string | null;
  /** The same as base64, where it is no UTF-8. */
  error_b64?: string | null;
  /** How many events of its run were stored before it. */
  events: number;
  /** When it ended, on the hub's clock. */
  executed_at: Timestamp;
  /** How long it ran, in milliseconds. */
  execution_time_ms: number;
  /** kubectl's exit code; none where it never ran to its end. */
  exit_code?: number | null;
  /** The job's id. */
  id: JobId;
  /** What it wrote to stdout, where that is inline and UTF-8. */
  output?: string | null;
  /** The same as base64, where it is no UTF-8. */
  output_b64?: string | null;
  /** The policy that the worker enforced. */
  policy_hash?: string | null;
  /** Why it failed or was cancelled. */
  reason?: Reason | null;
  /** Which execution it is of; none in a result that a gateway stored. */
  run: RunId | null;
  /** SHA-256 of stdout, then stderr, in hex. */
  sha256: string;
  /** How the job ended. */
  status: FinalStatus;
  /** Length of stderr in bytes. */
  stderr_bytes: number;
  /** Length of stdout in bytes. */
  stdout_bytes: number;
  /** Whether it ran to its end with exit code 0. */
  success: boolean;
  /** Whether output was cut at the policy's cap. */
  truncated: boolean;
  /** Always VERSION. */
  v: number;
  /** The worker that ran it. */
  worker?: WorkerName | null;
}

/** Whether a connection stands. */
export type Connection = "connected" | "disconnected";

/** A caller's own id for what it does, carried through to the result. */
export type CorrelationId = string;

/**
 * The body of `POST /v1/sessions`.
 *
 * Unknown fields, duplicate keys and numbers written as strings or floats are refused.
 */
export interface CreateSessionRequest {
  /** The cluster that it is for. */
  cluster_id: ClusterId;
  /** The caller's own id, shown with the session. */
  correlation_id?: CorrelationId | null;
  /** Accepted from an admin only. */
  service_identity?: ServiceIdentity | null;
  /** How long it lives without activity; the gateway's `session_ttl` where it is absent. */
  ttl_seconds?: TtlSeconds | null;
  /** Accepted from an admin only: a caller's identity comes from its key. */
  user_id?: UserId | null;
}

/** An e-mail address in visible ASCII, compared without case. */
export type Email = string;

/** An error in the source's shape. */
export interface ErrorResponse {
  /** More about it, as in `hint`. */
  details: string | null;
  /** What is wrong, as in `detail`. */
  error: string;
  /** The request's id, as in the header `X-Request-Id` and in the gateway's log. */
  request_id: string | null;
  /** When it was answered. */
  timestamp: Timestamp;
}

/**
 * The body of `POST /v1/commands`. Raw as JSON allows: Self::command parses the arguments.
 *
 * Unknown fields, duplicate keys and numbers written as strings or floats are refused.
 */
export interface ExecuteCommandRequest {
  /** The arguments, without the verb (one echo of it is dropped); 1–20, 2 KiB each. */
  args?: string[];
  /** The cluster that is to run it. */
  cluster_id: ClusterId;
  /** The verb; `get` where it is absent. */
  command_type?: Verb;
  /** The caller's own id, carried through to the result. */
  correlation_id?: CorrelationId | null;
  /** The namespace; `default` counts as not given. */
  namespace?: string | null;
  /** How much it matters. */
  priority?: Priority;
  /** How long it may wait for a worker. */
  queue_timeout_seconds?: QueueTimeoutSeconds;
  /** Accepted from an admin only. */
  service_identity?: ServiceIdentity | null;
  /** The session it belongs to. */
  session_id?: SessionId | null;
  /** How long it may run; the gateway's `command_timeout` where it is absent. */
  timeout_seconds?: TimeoutSeconds | null;
  /** Accepted from an admin only: a caller's identity comes from its key. */
  user_id?: UserId | null;
}

/** The status of a command as its caller sees it. */
export type ExecutionStatus = "pending" | "running" | "success" | "failure" | "timeout" | "cancelled";

/** How a job ended: the status of a result. */
export type FinalStatus = "completed" | "failed" | "cancelled";

/** What `GET /v1/jobs/{id}?view=full` answers: a JobResponse and its first events. */
export interface FullJob {
  /** The arguments as they were given. */
  args: string[];
  /** How often it has been delivered to a worker. */
  attempt: number | null;
  /** The cluster that runs it. */
  cluster_id: ClusterId;
  /** The verb. */
  command_type: Verb;
  /** The worker's name (the source model's field). */
  container_id: string | null;
  /** The caller's own id. */
  correlation_id: CorrelationId | null;
  /** When it ended. */
  end_time: Timestamp | null;
  /** stderr, or why it never ran. */
  error: string | null;
  /** Its events so far, oldest first: the first 100, and about 2 MiB of them at most. */
  events: JobEvent[];
  /** Where the events behind these are; null where these are all of a job that has ended. */
  events_url: string | null;
  /** The same as its caller sees it. */
  execution_status: ExecutionStatus;
  /** How long it ran, in milliseconds. */
  execution_time_ms: number | null;
  /** kubectl's exit code. */
  exit_code: number | null;
  /** The job's id. */
  id: JobId;
  /** The namespace field as it was given, else `default`. */
  namespace: string;
  /** stdout, up to 256 KiB together with `error`; what is no UTF-8 reads as U+FFFD. */
  output: string | null;
  /** Where the output is, when it is too large to stand here. */
  output_url: string | null;
  /** How much it matters. */
  priority: Priority;
  /** When it was accepted. */
  queued_at: Timestamp;
  /** Why it failed or was cancelled. */
  reason: Reason | null;
  /** The session it belongs to. */
  session_id: SessionId | null;
  /** When a worker began. */
  start_time: Timestamp | null;
  /** How far it has come. */
  status: JobStatus;
  /** Whether it ran to its end with exit code 0; null until it has ended. */
  success: boolean | null;
  /** Whether the output was cut at the policy's cap. */
  truncated: boolean;
  /** Its owner. */
  user_id: UserId | null;
  /** Always null (the source model's field). */
  zip_file_path: string | null;
}

/**
 * What a key may do. An absent list means all, an empty one means none.
 *
 * Unknown fields are refused: a typing error must not widen a grant.
 */
export interface Grant {
  /** Whether the key manages users and keys. It widens none of the lists. */
  admin: boolean;
  /** The clusters that it may use. */
  clusters?: ClusterId[] | null;
  /** The namespaces that it may read, in every cluster. With a list, only the built-in namespaced types, `version` and `api-resources` are left. */
  namespaces?: Namespace[] | null;
  /** The verbs that it may use. */
  verbs?: Verb[] | null;
}

/** The body of `GET /health`. Fields that are not known are null, never absent. */
export interface HealthResponse {
  /** How many sessions of all users took commands a few seconds ago; null where that is not known: just after the start, without the hub, and beyond 10,000 sessions. */
  active_sessions: number | null;
  /** Whether it is connected to the hub (the source model's `redis`). */
  nats: Connection;
  /** How it is as a whole. */
  status: HealthStatus;
  /** For how long it has been serving, in seconds. */
  uptime_seconds: number | null;
  /** The gateway's build. */
  version: string;
}

/** How a gateway is as a whole. */
export type HealthStatus = "healthy" | "degraded" | "unhealthy";

/**
 * A job as its owner sees it: `POST /v1/commands`, `GET /v1/jobs/{id}`.
 *
 * Fields that are not known yet are null, never absent.
 */
export interface Job {
  /** The arguments as they were given. */
  args: string[];
  /** How often it has been delivered to a worker. */
  attempt: number | null;
  /** The cluster that runs it. */
  cluster_id: ClusterId;
  /** The verb. */
  command_type: Verb;
  /** The worker's name (the source model's field). */
  container_id: string | null;
  /** The caller's own id. */
  correlation_id: CorrelationId | null;
  /** When it ended. */
  end_time: Timestamp | null;
  /** stderr, or why it never ran. */
  error: string | null;
  /** The same as its caller sees it. */
  execution_status: ExecutionStatus;
  /** How long it ran, in milliseconds. */
  execution_time_ms: number | null;
  /** kubectl's exit code. */
  exit_code: number | null;
  /** The job's id. */
  id: JobId;
  /** The namespace field as it was given, else `default`. */
  namespace: string;
  /** stdout, up to 256 KiB together with `error`; what is no UTF-8 reads as U+FFFD. */
  output: string | null;
  /** Where the output is, when it is too large to stand here. */
  output_url: string | null;
  /** How much it matters. */
  priority: Priority;
  /** When it was accepted. */
  queued_at: Timestamp;
  /** Why it failed or was cancelled. */
  reason: Reason | null;
  /** The session it belongs to. */
  session_id: SessionId | null;
  /** When a worker began. */
  start_time: Timestamp | null;
  /** How far it has come. */
  status: JobStatus;
  /** Whether it ran to its end with exit code 0; null until it has ended. */
  success: boolean | null;
  /** Whether the output was cut at the policy's cap. */
  truncated: boolean;
  /** Its owner. */
  user_id: UserId | null;
  /** Always null (the source model's field). */
  zip_file_path: string | null;
}

/** One event of a job. The source model's fields `type`, `data`, `success` and `timestamp`, and its place. */
export type JobEvent = JobEventStarted | JobEventOutput | JobEventLog | JobEventReset | JobEventComplete;

export interface JobEventStarted {
  /** Its id: it grows within a job, is not dense, and is the same on every gateway. Null of `reset`, which is no stored event. */
  id: number | null;
  /** The job. */
  job_id: JobId;
  /** When the hub stored it; null of `reset`. */
  timestamp: Timestamp | null;
  /** How often the command had been delivered, from 1. */
  attempt: number;
  /** Its number in the run: 0. */
  n: number;
  /** Which execution it is. */
  run: RunId;
  type: "started";
  /** The worker's name. */
  worker: WorkerName;
}

export interface JobEventOutput {
  /** Its id: it grows within a job, is not dense, and is the same on every gateway. Null of `reset`, which is no stored event. */
  id: number | null;
  /** The job. */
  job_id: JobId;
  /** When the hub stored it; null of `reset`. */
  timestamp: Timestamp | null;
  /** How often the command had been delivered, from 1. */
  attempt: number;
  /** The bytes, where they are UTF-8. */
  data?: string | null;
  /** The bytes otherwise, as standard base64. */
  data_b64?: string | null;
  /** Its number in the run, from 1 without gaps. */
  n: number;
  /** Which execution it is of. */
  run: RunId;
  /** Which stream. */
  stream: OutputStream;
  type: "output";
}

export interface JobEventLog {
  /** Its id: it grows within a job, is not dense, and is the same on every gateway. Null of `reset`, which is no stored event. */
  id: number | null;
  /** The job. */
  job_id: JobId;
  /** When the hub stored it; null of `reset`. */
  timestamp: Timestamp | null;
  /** How often the command had been delivered, from 1. */
  attempt: number;
  /** The bytes, where they are UTF-8. */
  data?: string | null;
  /** The bytes otherwise, as standard base64. */
  data_b64?: string | null;
  /** Its number in the run, from 1 without gaps. */
  n: number;
  /** Which execution it is of. */
  run: RunId;
  /** Which stream. */
  stream: OutputStream;
  type: "log";
}

export interface JobEventReset {
  /** Its id: it grows within a job, is not dense, and is the same on every gateway. Null of `reset`, which is no stored event. */
  id: number | null;
  /** The job. */
  job_id: JobId;
  /** When the hub stored it; null of `reset`. */
  timestamp: Timestamp | null;
  type: "reset";
}

export interface JobEventComplete {
  /** Its id: it grows within a job, is not dense, and is the same on every gateway. Null of `reset`, which is no stored event. */
  id: number | null;
  /** The job. */
  job_id: JobId;
  /** When the hub stored it; null of `reset`. */
  timestamp: Timestamp | null;
  /** The job, as `GET /v1/jobs/{id}` answers it. */
  job: Job;
  /** Whether it ran to its end with exit code 0. */
  success: boolean;
  type: "complete";
}

/** The id of a job and of its command: a UUIDv7 (RFC 9562) in lower case. */
export type JobId = string;

/** The life of a job: queued → running → completed | failed | cancelled. */
export type JobStatus = "queued" | "running" | "completed" | "failed" | "cancelled";

/** The name of an API key, for people. */
export type KeyName = string;

/** The first characters of an API key's secret, by which its owner knows it again. */
export type KeyPrefix = string;

/** The gateway's settings as they stand in a TOML or YAML file. In the environment each is KUBENTLY_ and its name in upper case. The source model's max_commands_per_fetch is the worker's, in WorkerConfig. */
export interface KubentlyConfig {
  /** Where `/livez`, `/readyz` and `/metrics` listen. */
  admin_host?: string;
  /** Their port. */
  admin_port?: number;
  /** Where the API listens. */
  api_host?: string;
  /** Fixed keys, each a caller of its own that is no admin; keys that can be revoked are made over HTTP. */
  api_keys?: string[];
  /** A file with more of them, one a line. */
  api_keys_file?: string;
  /** The API's port. */
  api_port?: number;
  /** The most threads of the runtime; never more than one for two cores. */
  api_workers?: number;
  /** The `timeout_seconds` of commands that name none, in seconds. */
  command_timeout?: number;
  /** Which events are logged, as tracing's directives. */
  log?: string;
  /** The shape of a log line. */
  log_format?: "json" | "text";
  /** The longest that a request waits for its job, in seconds. */
  long_poll_timeout?: number;
  /** Whether metrics of clusters carry their names as a label; else all clusters have them together. */
  metrics_cluster_label?: boolean;
  /** The prefix of the JetStream API, where our account imports it under another. */
  nats_api_prefix?: string;
  /** The authority that the hub's certificate comes from, PEM; the system's where absent. */
  nats_ca_file?: string;
  /** Our certificate, PEM, where the hub asks for one; with its key. */
  nats_client_certificate_file?: string;
  /** The key of our certificate, PEM. */
  nats_client_key_file?: string;
  /** A NATS credentials file. */
  nats_credentials?: string;
  /** The server's monitoring, such as `http://127.0.0.1:8222`; `check` reads the sync setting. */
  nats_monitor_url?: string;
  /** A file with the seed of our nkey; it takes the credentials file's place. */
  nats_nkey_file?: string;
  /** How many servers keep each stream. */
  nats_replicas?: unknown | unknown;
  /** Where the hub is. */
  nats_url?: string;
  /** How many traces a second callers with a key can have recorded by the flag of their `traceparent`; of more, and of other callers', `otlp_sample_ratio` decides. */
  otlp_callers_per_second?: number;
  /** Where traces are sent to: a collector's OTLP over HTTP, such as `http://collector:4318`; none are made where it is absent. `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_CERTIFICATE` (the authority of its certificate) and `OTEL_RESOURCE_ATTRIBUTES` are read from the environment. */
  otlp_endpoint?: string;
  /** The part of the traces that begin here which is recorded. */
  otlp_sample_ratio?: number;
  /** How long an output must stay readable, in seconds: it stays for 24 hours, and where a cluster's full reply stream drops it sooner than this, the log warns. */
  result_ttl?: number;
  /** Whether secrets may be asked for: `redact` where some cluster's owner shows them without their values. The others refuse them all the same. */
  secrets?: "deny" | "redact";
  /** The `ttl_seconds` of sessions that name none, in seconds. */
  session_ttl?: number;
}

/** How one lane of a queue stands. */
export interface LaneStatus {
  /** Commands that a worker has, or had when it was last heard of. */
  in_flight: number;
  /** Commands that wait. */
  queued: number;
}

/** The name of a Kubernetes namespace (RFC 1123 label). */
export type Namespace = string;

/** Who published a command: a gateway process, or an enrolled publisher. */
export type Origin = string;

/** One of a command's two outputs. */
export type OutputStream = "stdout" | "stderr";

/** One place of a request that is wrong. */
export interface Place {
  /** The offending text, escaped and cut to 120 characters. */
  argument?: string | null;
  /** What is wrong there. */
  detail: string;
  /** A JSON pointer (RFC 6901) into the body; empty is the whole of it. */
  pointer: string;
}

/** What a worker says of itself, `kubently_workers`. */
export interface Presence {
  /** Its cluster. */
  cluster_id: ClusterId;
  /** How many it runs now. */
  in_flight: number;
  /** The API server's version, where it is known. */
  kubernetes_version?: string | null;
  /** The policy it enforces. */
  policy_hash: string;
  /** How many commands it runs at once. */
  slots: number;
  /** Set in its last word before it stops. */
  stopping: boolean;
  /** Its build. */
  version: string;
  /** Its name. */
  worker: WorkerName;
}

/** How much a command matters: 0 is the low lane, 1–49 the normal, 50–100 the high one. */
export type Priority = number;

/** The body of every refusal over HTTP: problem details (RFC 9457), in which the source's ErrorResponse stands as well. */
export interface Problem {
  /** The stable code that programs branch on; more may come, none changes its meaning. */
  code: string;
  /** One sentence for people. */
  detail: string;
  /** More about it, as in `hint`. */
  details: string | null;
  /** What is wrong, as in `detail`. */
  error: string;
  /** The places of the request that are wrong. */
  errors?: Place[];
  /** What to do instead. */
  hint?: string | null;
  /** The request's id, as in the header `X-Request-Id` and in the gateway's log. */
  request_id: string | null;
  /** The HTTP status. */
  status: number;
  /** When it was answered. */
  timestamp: Timestamp;
  /** The status in words. */
  title: string;
  /** `about:blank`: the code says which problem it is, and there is no page about each (RFC 9457 §4.2.1). */
  type: string;
}

/** How a cluster's queue stands. */
export interface QueueStatus {
  /** Priorities 50 to 100. */
  high: LaneStatus;
  /** Priority 0. */
  low: LaneStatus;
  /** Priorities 1 to 49. */
  normal: LaneStatus;
  /** Since when the oldest command waits; null where none does. */
  oldest_queued_at: Timestamp | null;
}

/** How long a command may wait for a worker, in seconds. */
export type QueueTimeoutSeconds = number;

/** Why a job failed or was cancelled. */
export type Reason = "queue_timeout" | "timeout" | "poison" | "undecodable" | "subject_mismatch" | "unsupported_version" | "policy_denied" | "output_too_large" | "cancelled_by_user" | "session_ended" | "key_revoked" | "user_deactivated" | "cluster_removed";

/**
 * One event of a job, version 1, on the job's reply subject. Its id is the stream's sequence.
 *
 * Events of another `run` than the last mean: forget what came before.
 */
export type ReplyEvent = ReplyEventStarted | ReplyEventOutput | ReplyEventLog;

export interface ReplyEventStarted {
  /** How often the command had been delivered, from 1. */
  attempt: number;
  /** Its number in the run: 0 for `started`, then from 1 without gaps. */
  n: number;
  /** Which execution it is of. */
  run: RunId;
  /** Always VERSION. */
  v: number;
  /** When, on the hub's clock. */
  timestamp: Timestamp;
  type: "started";
  /** The worker's name. */
  worker: WorkerName;
}

export interface ReplyEventOutput {
  /** How often the command had been delivered, from 1. */
  attempt: number;
  /** Its number in the run: 0 for `started`, then from 1 without gaps. */
  n: number;
  /** Which execution it is of. */
  run: RunId;
  /** Always VERSION. */
  v: number;
  /** The bytes, where they are UTF-8. */
  data?: string | null;
  /** The bytes otherwise, as standard base64. */
  data_b64?: string | null;
  /** Which stream. */
  stream: OutputStream;
  type: "output";
}

export interface ReplyEventLog {
  /** How often the command had been delivered, from 1. */
  attempt: number;
  /** Its number in the run: 0 for `started`, then from 1 without gaps. */
  n: number;
  /** Which execution it is of. */
  run: RunId;
  /** Always VERSION. */
  v: number;
  /** The bytes, where they are UTF-8. */
  data?: string | null;
  /** The bytes otherwise, as standard base64. */
  data_b64?: string | null;
  /** Which stream. */
  stream: OutputStream;
  type: "log";
}

/** The id of one execution of a command: a UUID in lower case. */
export type RunId = string;

/** The service that an API key stands for. */
export type ServiceIdentity = string;

/** A session as it is stored. Its status is computed from its times, never stored. */
export interface Session {
  /** Its cluster. */
  cluster_id: ClusterId;
  /** How many commands it has had. */
  command_count: number;
  /** The caller's own id. */
  correlation_id: CorrelationId | null;
  /** When it was made. */
  created_at: Timestamp;
  /** When it was ended. */
  ended_at: Timestamp | null;
  /** When a command or a sign of life last came. */
  last_activity: Timestamp;
  /** The service that its owner's key stands for. */
  service_identity: ServiceIdentity | null;
  /** The session's id. */
  session_id: SessionId;
  /** How long it lives without activity. */
  ttl_seconds: TtlSeconds;
  /** Its owner. */
  user_id: UserId;
}

/** The id of a session: a UUID in lower case. */
export type SessionId = string;

/** A session as its owner sees it. Fields that are not known are null, never absent. */
export interface SessionResponse {
  /** Its cluster. */
  cluster_id: ClusterId;
  /** How many commands it has had. */
  command_count: number;
  /** The caller's own id. */
  correlation_id: CorrelationId | null;
  /** When it was made. */
  created_at: Timestamp;
  /** When it expires without further activity. */
  expires_at: Timestamp;
  /** When a command or a sign of life last came. */
  last_activity: Timestamp;
  /** The service that its owner's key stands for. */
  service_identity: ServiceIdentity | null;
  /** The session's id. */
  session_id: SessionId;
  /** Its status when this was written. */
  status: SessionStatus;
  /** How long it lives without activity. */
  ttl_seconds: TtlSeconds;
  /** Its owner. */
  user_id: UserId;
}

/** What a session is good for. */
export type SessionStatus = "active" | "idle" | "expired" | "ended";

/** A stretch of one of the two output streams. */
export interface Stretch {
  /** How often the command had been delivered, from 1. */
  attempt: number;
  /** The bytes, where they are UTF-8. */
  data?: string | null;
  /** The bytes otherwise, as standard base64. */
  data_b64?: string | null;
  /** Its number in the run, from 1 without gaps. */
  n: number;
  /** Which execution it is of. */
  run: RunId;
  /** Which stream. */
  stream: OutputStream;
}

/** How long a command may run once a worker has taken it, in seconds. */
export type TimeoutSeconds = number;

/** An instant in UTC with milliseconds (RFC 3339). */
export type Timestamp = string;

/** How long a session lives without activity, in seconds. */
export type TtlSeconds = number;

/** A user. */
export interface User {
  /** When the user was made. */
  created_at: Timestamp;
  /** The user's e-mail address; no other user has it. */
  email: Email;
  /** The user's id. */
  id: UserId;
  /** Whether the user's keys may be used. */
  is_active: UserState;
  /** The user's name. */
  name: UserName;
}

/** The id of a user: a UUID in lower case. */
export type UserId = string;

/** The name of a user, for people. */
export type UserName = string;

/** Whether a user's keys may be used. */
export type UserState = boolean;

/** The verb of a command, `command_type` in JSON: exact lower-case bytes, nothing else matches. */
export type Verb = "get" | "describe" | "logs" | "top" | "events" | "version" | "api-resources";

/** One thing that happened, as it is sent to a subscriber. The source model's shape. */
export interface WebhookEvent {
  /** The JSON of what it happened to: a session or a job as its owner sees it. */
  data: Record<string, unknown>;
  /** What happened. */
  event_type: WebhookEventType;
  /** When. */
  timestamp: Timestamp;
}

/** What can happen; more may come, none changes its meaning. */
export type WebhookEventType = "session.created" | "session.ended" | "command.executed";

/** The worker's settings as they stand in a TOML or YAML file. In the environment each is KUBENTLY_ and its name in upper case, with __ before a field of a table. */
export interface WorkerConfig {
  /** Where `/livez`, `/readyz` and `/metrics` listen. */
  admin_host?: string;
  /** Their port. */
  admin_port?: number;
  /** The cluster whose commands this worker takes. Must be given. */
  cluster_id?: string;
  /** How long running commands may take to finish after SIGTERM, in seconds. */
  grace_seconds?: number;
  /** A kubeconfig file; without it the pod's own service account is used. Plug-ins that start a process are refused. */
  kubeconfig?: string;
  /** Which events are logged, as tracing's directives. */
  log?: string;
  /** The shape of a log line. */
  log_format?: "json" | "text";
  /** How many commands one pull may bring. */
  max_commands_per_fetch?: number;
  /** Whether metrics carry the cluster's name as a label. */
  metrics_cluster_label?: boolean;
  /** The prefix of JetStream's API as our account sees it: with an nkey file that of a cluster's account, `HUB.API`; without one `$JS.API`. */
  nats_api_prefix?: string;
  /** The authority that the hub's certificate comes from, PEM; the system's where absent. */
  nats_ca_file?: string;
  /** Our certificate, PEM, where the hub asks for one; with its key. */
  nats_client_certificate_file?: string;
  /** The key of our certificate, PEM. */
  nats_client_key_file?: string;
  /** A NATS credentials file. */
  nats_credentials?: string;
  /** The server's monitoring, such as `http://127.0.0.1:8222`; `check` reads the sync setting. */
  nats_monitor_url?: string;
  /** A file with the seed of this cluster's nkey; it takes the credentials file's place. */
  nats_nkey_file?: string;
  /** Where the hub is. */
  nats_url?: string;
  /** How many traces a second publishers can have recorded by the flag of their `traceparent`; of more `otlp_sample_ratio` decides. Gateways decide for theirs. */
  otlp_callers_per_second?: number;
  /** Where traces are sent to: a collector's OTLP over HTTP, such as `http://collector:4318`; none are made where it is absent. `OTEL_EXPORTER_OTLP_HEADERS`, `OTEL_EXPORTER_OTLP_CERTIFICATE` (the authority of its certificate) and `OTEL_RESOURCE_ATTRIBUTES` are read from the environment. */
  otlp_endpoint?: string;
  /** The part of the traces that begin here, with a publisher's command, which is recorded. */
  otlp_sample_ratio?: number;
  policy?: WorkerConfigPolicy;
  /** How many commands run at once. */
  slots?: number;
  /** What it is called; `HOSTNAME`, or `worker-` and 8 random hex digits where it is absent. */
  worker_name?: string;
}

/** The table `policy`. */
export interface WorkerConfigPolicy {
  /** Types that may not be read. */
  denied_resources?: string[];
  /** The most output of one command: tables are cut there and say so; json and yaml fail with `output_too_large`. */
  max_output_bytes?: number;
  /** The namespaces that may be read, all where it is absent; a list shuts out the others, `-A` and cluster-scoped types. */
  namespaces?: string[];
  /** Whether what looks like a credential in other output is marked instead of shown. */
  redact_text?: boolean;
  /** What happens to secrets: refused, or shown without their values. */
  secrets?: "deny" | "redact";
  /** The verbs that may be used. */
  verbs?: ("get" | "describe" | "logs" | "top" | "events" | "version" | "api-resources")[];
}

/** The name of a worker. */
export type WorkerName = string;
