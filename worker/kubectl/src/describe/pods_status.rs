//! How many pods of a controller are in which phase.

use std::fmt;

use super::metadata::controller_of;
use super::reader::{Reader, routes};
use super::value::Value;
use crate::error::Error;

/// Pods by phase.
#[derive(Debug, Default)]
pub(super) struct PodsStatus {
    running: usize,
    waiting: usize,
    succeeded: usize,
    failed: usize,
}

impl PodsStatus {
    /// Counts the pods that the selector selects and that the controller owns.
    pub(super) async fn read(
        reader: &Reader<'_>,
        controller: Value<'_>,
        selector: &str,
    ) -> Result<Self, Error> {
        let metadata = controller.get("metadata");
        let namespace = Some(metadata.get("namespace").text());
        let pods = reader.list(routes::PODS, namespace, selector, "").await?;
        let mut status = Self::default();
        for pod in &pods.objects()? {
            let pod = Value::of(pod);
            let owner = controller_of(pod);
            if owner.is_none_or(|it| it.get("uid").text() != metadata.get("uid").text()) {
                continue;
            }
            match pod.at("status.phase").text() {
                "Running" => status.running += 1,
                "Pending" => status.waiting += 1,
                "Succeeded" => status.succeeded += 1,
                "Failed" => status.failed += 1,
                _ => {}
            }
        }
        Ok(status)
    }
}

impl fmt::Display for PodsStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            running,
            waiting,
            succeeded,
            failed,
        } = self;
        write!(
            f,
            "{running} Running / {waiting} Waiting / {succeeded} Succeeded / {failed} Failed"
        )
    }
}
