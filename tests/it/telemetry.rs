//! What both binaries tell of themselves, after real traffic.

mod charts;
mod logs;
mod metrics;
mod queries;
mod traces;
