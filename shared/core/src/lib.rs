//! The nouns and rules of Kubently: values only.
//!
//! Nothing here does IO, reads a clock or the environment, or knows a runtime. A value that
//! exists is valid: every type is made by a constructor that can refuse. Gateway and worker parse
//! the same raw command with the same code.

pub mod access;
pub mod agent;
pub mod api_key;
mod as_text;
pub mod body;
pub mod bounded;
pub mod clock;
pub mod cluster;
pub mod command;
pub mod directory;
pub mod display_name;
pub mod envelope;
pub mod error;
pub mod event;
pub mod health;
pub mod id;
pub mod idempotency;
pub mod job;
pub mod job_event;
pub mod lane;
pub mod name;
pub mod nkey;
pub mod payload;
pub mod policy;
pub mod preflight;
pub mod refusal;
pub mod repository;
pub mod request;
pub mod response;
pub mod result;
#[cfg(any(test, feature = "schema"))]
pub mod schema;
pub mod session;
pub mod status;
pub mod subject;
pub mod text;
pub mod time;
pub mod told;
pub mod trace;
pub mod transcript;
pub mod user;
pub mod verb;
pub mod visible;
pub mod webhook;
