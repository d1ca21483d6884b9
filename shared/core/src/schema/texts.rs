//! The schemas of texts and numbers that check themselves: the rules of their constructors, as a
//! client can check them.

use std::borrow::Cow;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};

use crate::api_key::KeyPrefix;
use crate::bounded::{Priority, QueueTimeoutSeconds, TimeoutSeconds, TtlSeconds};
use crate::cluster::{ClusterId, MAX_CLUSTER_ID};
use crate::display_name::{KeyName, UserName};
use crate::id::{ApiKeyId, JobId, RunId, SessionId, UserId};
use crate::name::Namespace;
use crate::subject::Origin;
use crate::text::{CorrelationId, ServiceIdentity, WorkerName};
use crate::time::Timestamp;
use crate::user::{Email, MAX_EMAIL, UserState};

macro_rules! schema {
    ($($type:ident: $schema:tt;)+) => {$(
        impl JsonSchema for $type {
            fn schema_name() -> Cow<'static, str> {
                stringify!($type).into()
            }

            fn json_schema(_: &mut SchemaGenerator) -> Schema {
                json_schema!($schema)
            }
        }
    )+};
}

macro_rules! number {
    ($($type:ident: $says:literal;)+) => {schema! {$(
        $type: {
            "description": $says,
            "type": "integer",
            "minimum": $type::MIN,
            "maximum": $type::MAX,
            "default": $type::default().get()
        };
    )+}};
}

number! {
    TimeoutSeconds: "How long a command may run once a worker has taken it, in seconds.";
    QueueTimeoutSeconds: "How long a command may wait for a worker, in seconds.";
    Priority: "How much a command matters: 0 is the low lane, 1–49 the normal, 50–100 the high one.";
    TtlSeconds: "How long a session lives without activity, in seconds.";
}

macro_rules! id {
    ($($type:ident: $says:literal;)+) => {schema! {$(
        $type: {
            "description": $says,
            "type": "string",
            "format": "uuid",
            "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"
        };
    )+}};
}

id! {
    JobId: "The id of a job and of its command: a UUIDv7 (RFC 9562) in lower case.";
    SessionId: "The id of a session: a UUID in lower case.";
    UserId: "The id of a user: a UUID in lower case.";
    ApiKeyId: "The id of an API key: a UUID in lower case.";
    RunId: "The id of one execution of a command: a UUID in lower case.";
}

schema! {
    ClusterId: {
        "description": "The id of a cluster.",
        "type": "string",
        "minLength": 1,
        "maxLength": MAX_CLUSTER_ID,
        "pattern": "^[a-z0-9]([a-z0-9-]{0,98}[a-z0-9])?$"
    };
    CorrelationId: {
        "description": "A caller's own id for what it does, carried through to the result.",
        "type": "string",
        "pattern": "^[A-Za-z0-9._:-]{1,128}$"
    };
    ServiceIdentity: {
        "description": "The service that an API key stands for.",
        "type": "string",
        "pattern": "^[A-Za-z0-9._:-]{1,128}$"
    };
    WorkerName: {
        "description": "The name of a worker.",
        "type": "string",
        "pattern": "^[A-Za-z0-9._:-]{1,63}$"
    };
    Namespace: {
        "description": "The name of a Kubernetes namespace (RFC 1123 label).",
        "type": "string",
        "maxLength": 63,
        "pattern": "^[a-z0-9]([a-z0-9-]*[a-z0-9])?$"
    };
    Origin: {
        "description": "Who published a command: a gateway process, or an enrolled publisher.",
        "type": "string",
        "pattern": "^(gw-[0-9a-f]{8}|pub-[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)$"
    };
    UserName: {
        "description": "The name of a user, for people.",
        "type": "string",
        "minLength": 1
    };
    KeyName: {
        "description": "The name of an API key, for people.",
        "type": "string",
        "minLength": 1
    };
    KeyPrefix: {
        "description": "The first characters of an API key's secret, by which its owner knows it again.",
        "type": "string",
        "pattern": "^ci_[A-Za-z0-9_-]{4}$"
    };
    Email: {
        "description": "An e-mail address in visible ASCII, compared without case.",
        "type": "string",
        "format": "email",
        "maxLength": MAX_EMAIL
    };
    UserState: {
        "description": "Whether a user's keys may be used.",
        "type": "boolean"
    };
    Timestamp: {
        "description": "An instant in UTC with milliseconds (RFC 3339).",
        "type": "string",
        "format": "date-time"
    };
}
