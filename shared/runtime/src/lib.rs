//! What each binary does: configuration, telemetry, admin server, shutdown.
//!
//! Environment, process signals and the time of day enter the product here and nowhere else.

pub mod admin;
pub mod cli;
pub mod clock;
pub mod config;
pub mod files;
pub mod metrics;
pub mod shutdown;
pub mod telemetry;
pub mod trace;
