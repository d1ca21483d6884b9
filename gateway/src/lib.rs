//! The HTTP face of Kubently.
//!
//! A request is authenticated, parsed by the same code as in the worker, stored and published; its
//! answer is the job, finished or not. Nothing here talks to Kubernetes or names the NATS client.

mod accounts;
mod acting;
mod active;
mod activity;
mod add_cluster;
mod admin_create;
mod answer;
mod auth;
mod body;
mod call_off;
mod cli;
mod clusters;
mod config;
mod connections;
mod error;
mod fresh;
mod gateway;
mod metrics;
mod observe;
mod once;
mod page;
mod prefer;
mod problem;
mod publisher;
mod query;
mod reader;
mod routes;
mod run;
mod serve;
mod sse;
mod submit;
mod window;

pub use run::run;
