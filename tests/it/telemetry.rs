//! What both binaries tell of themselves, after real traffic.

mod metrics;
