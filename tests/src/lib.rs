//! The harness: real NATS, a real Kubernetes API server and the real product, for tests, benches and the
//! quick start.
//!
//! Everything that is started here listens on 127.0.0.1, keeps its files below `target/run`, and runs under
//! `parts-guard`, so that nothing outlives the process that asked for it, however that process ends.

pub mod clients;
pub mod cluster;
pub mod collector;
pub mod fake_api;
pub mod figures;
pub mod guard;
pub mod http;
pub mod hub;
pub mod kubectl;
pub mod load;
pub mod nats;
pub mod parts;
pub mod place;
pub mod ports;
pub mod product;
pub mod proxy;
pub mod quickstart;
pub mod raw;
pub mod say;
pub mod scrape;
pub mod usage;
pub mod wait;
pub mod wire;
pub mod world;
pub mod zoo;
