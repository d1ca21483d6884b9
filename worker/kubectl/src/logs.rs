//! `logs`: what containers wrote (kubectl `cmd/logs`).
//!
//! Several logs are printed one after the other, in an order that is always the same
//! ([`source::sources`]); followed ones line by line as they come. A followed log whose command runs
//! out of time has not failed: it ends with exit code 0, what was read, and a note.

mod copy;
mod lines;
mod pipe;
mod pod;
mod ranking;
mod source;
mod target;
mod writer;

use std::time::Duration;

use kubently_core::command::Logs;
use tokio::time::Instant;

use self::target::{Finder, NotFound};
use self::writer::Writer;
use crate::client::Cluster;
use crate::error::{Error, render};
use crate::output::{Limits, Output, RunError};
use crate::sink::{Sink, Streamed};

/// Runs a command to its end and keeps its output.
pub(crate) async fn run(
    cluster: &Cluster,
    logs: &Logs,
    limits: &Limits,
) -> Result<Output, RunError> {
    let mut output = Output::default();
    let ended = stream(cluster, logs, limits, &mut output).await?;
    output.exit_code = ended.exit_code;
    output.truncated = ended.truncated;
    output.redactions = ended.redactions;
    Ok(output)
}

/// Runs a command and hands its output on as it comes.
pub(crate) async fn stream<S: Sink>(
    cluster: &Cluster,
    logs: &Logs,
    limits: &Limits,
    sink: &mut S,
) -> Result<Streamed, RunError> {
    let deadline = limits.time.map(|time| Instant::now() + time);
    let mut writer = Writer::new(sink, limits.max_output_bytes);
    let printed = print(cluster, logs, limits, deadline, &mut writer);
    let printed = match (logs.follow, deadline) {
        (true, Some(deadline)) => tokio::time::timeout_at(deadline, printed).await,
        _ => Ok(printed.await),
    };
    match printed {
        Ok(Ok(())) => {}
        Ok(Err(NotFound::Refused(refusal))) => return Err(refusal),
        Ok(Err(NotFound::Error(error))) => {
            writer.note(&render(&[error])).await;
            writer.ended.exit_code = 1;
        }
        Err(_) => {
            let time = limits.time.unwrap_or_default();
            let tenths =
                Duration::from_millis(time.as_millis().try_into().unwrap_or(0) / 100 * 100);
            let note = format!("kubently: stopped following after {tenths:?} (timeout_seconds)");
            writer.note(&note).await;
        }
    }
    Ok(writer.ended)
}

async fn print<S: Sink>(
    cluster: &Cluster,
    logs: &Logs,
    limits: &Limits,
    deadline: Option<Instant>,
    writer: &mut Writer<'_, S>,
) -> Result<(), NotFound> {
    let mut finder = Finder {
        cluster,
        logs,
        limits,
        deadline,
        notes: Vec::new(),
    };
    let found = finder.find().await;
    let mut notes = finder.notes;
    let sources = found.and_then(|pods| Ok(source::sources(logs, &pods, &mut notes)?));
    for note in notes {
        writer.note(&note).await;
    }
    let sources = sources?;
    let (streams, most) = (sources.len(), logs.max_log_requests);
    if logs.follow && streams > most as usize {
        let text = format!(
            "you are attempting to follow {streams} log streams, but maximum allowed concurrency \
             is {most}, use --max-log-requests to increase the limit"
        );
        return Err(Error::Usage(text).into());
    }
    let copy = copy::Copy {
        cluster,
        logs,
        redact: limits.policy.redact_text,
    };
    if logs.follow {
        copy.follow(&sources, writer).await?;
    } else {
        copy.one_by_one(sources, writer).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
