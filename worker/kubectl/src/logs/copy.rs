//! From the API server to what is printed: one log after the other, or all at once as they grow.

use std::time::Duration;

use futures::StreamExt as _;
use http_body_util::BodyExt as _;
use kube::client::Body;
use kubently_core::command::Logs;
use tokio::sync::Mutex;
use tokio::time::Instant;

use super::pipe::Pipe;
use super::source::Source;
use super::writer::{Room, Writer};
use crate::client::{Cluster, Subject};
use crate::error::Error;
use crate::sink::Sink;

/// Logs that are asked for at a time. They are read one after the other, and those whose turn has
/// not come wait in the connection, so that they need no memory.
const AHEAD: usize = 5;
/// How long after the last attempt began a followed log that failed is asked for again.
const AGAIN: Duration = Duration::from_secs(1);

/// How a command's logs are read.
#[derive(Clone, Copy)]
pub(super) struct Copy<'a> {
    pub(super) cluster: &'a Cluster,
    pub(super) logs: &'a Logs,
    pub(super) redact: bool,
}

/// Why a log was not read to its end.
enum Stopped {
    /// It failed.
    Failed(Error),
    /// There is no room for more.
    Full,
}

impl From<Error> for Stopped {
    fn from(error: Error) -> Self {
        Self::Failed(error)
    }
}

/// A full output is no error: it says so itself.
fn unless_full(copied: Result<(), Stopped>) -> Result<(), Error> {
    match copied {
        Err(Stopped::Failed(error)) => Err(error),
        Ok(()) | Err(Stopped::Full) => Ok(()),
    }
}

impl Copy<'_> {
    /// Prints whole logs in order. One that fails ends the command, unless errors are to be ignored.
    pub(super) async fn one_by_one<S: Sink>(
        self,
        sources: Vec<Source>,
        writer: &mut Writer<'_, S>,
    ) -> Result<(), Error> {
        let writer = Mutex::new(writer);
        let asked: Vec<_> = sources
            .into_iter()
            .map(|source| async move {
                let opened = self.open(&source).await;
                (source, opened)
            })
            .collect();
        let mut asked = futures::stream::iter(asked).buffered(AHEAD);
        while let Some((source, opened)) = asked.next().await {
            let copied = match opened {
                Ok(body) => self.copy(&source, body, &writer).await,
                Err(error) => Err(error.into()),
            };
            match copied {
                Err(Stopped::Failed(error)) if self.logs.ignore_errors => {
                    if print_error(&writer, &error).await == Room::Full {
                        return Ok(());
                    }
                }
                Ok(()) => {}
                stopped => return unless_full(stopped),
            }
        }
        Ok(())
    }

    /// Prints the lines of all logs as they are written, until all have ended or one fails for good.
    pub(super) async fn follow<S: Sink>(
        self,
        sources: &[Source],
        writer: &mut Writer<'_, S>,
    ) -> Result<(), Error> {
        let writer = &Mutex::new(writer);
        let followed: Vec<_> = sources
            .iter()
            .map(|source| self.follow_one(source, writer))
            .collect();
        let ended = futures::future::try_join_all(followed).await;
        unless_full(ended.map(drop))
    }

    async fn follow_one<S: Sink>(
        self,
        source: &Source,
        writer: &Mutex<&mut Writer<'_, S>>,
    ) -> Result<(), Stopped> {
        let patience = u64::try_from(self.logs.pod_running_timeout.as_nanos()).unwrap_or(0);
        let give_up = Instant::now() + Duration::from_nanos(patience);
        loop {
            let began = Instant::now();
            let copied = match self.open(source).await {
                Ok(body) => self.copy(source, body, writer).await,
                Err(error) => Err(error.into()),
            };
            let error = match copied {
                Err(Stopped::Failed(error)) => error,
                ended => return ended,
            };
            if self.logs.ignore_errors {
                return match print_error(writer, &error).await {
                    Room::Left => Ok(()),
                    Room::Full => Err(Stopped::Full),
                };
            }
            writer.lock().await.note(&error.to_string()).await;
            if !matches!(error, Error::Status(_)) {
                return Err(error.into());
            }
            let next = began + AGAIN;
            if next >= give_up {
                tokio::time::sleep_until(give_up).await;
                let text = "context deadline exceeded";
                return Err(Error::Usage(text.to_owned()).into());
            }
            tokio::time::sleep_until(next).await;
        }
    }

    async fn open(&self, source: &Source) -> Result<Body, Error> {
        let subject = Subject {
            resource: "pods",
            name: &source.pod,
            raw: false,
            typed: true,
        };
        let opened = self.cluster.open(&source.request, subject).await;
        Ok(opened.map_err(|failure| failure.error)?.body)
    }

    /// Prints one log. What came before it broke off is printed, too.
    async fn copy<S: Sink>(
        &self,
        source: &Source,
        mut body: Body,
        writer: &Mutex<&mut Writer<'_, S>>,
    ) -> Result<(), Stopped> {
        let mut pipe = Pipe::new(&source.prefix, self.redact);
        let mut broken = false;
        let mut counted = 0;
        loop {
            let frame = body.frame().await;
            let (bytes, is_end) = match frame {
                Some(Ok(frame)) => {
                    let came = frame.into_data().unwrap_or_default();
                    (pipe.push(&came), false)
                }
                Some(Err(_)) => {
                    broken = true;
                    (pipe.end(), true)
                }
                None => (pipe.end(), true),
            };
            let mut writer = writer.lock().await;
            writer.ended.redactions += pipe.redactions() - counted;
            counted = pipe.redactions();
            if writer.print(bytes).await == Room::Full {
                return Err(Stopped::Full);
            }
            match (is_end, broken) {
                (false, _) => {}
                (true, false) => return Ok(()),
                (true, true) => return Err(Error::Usage("unexpected EOF".to_owned()).into()),
            }
        }
    }
}

/// Ignored errors stand among the lines, as in kubectl.
async fn print_error<S: Sink>(writer: &Mutex<&mut Writer<'_, S>>, error: &Error) -> Room {
    let line = format!("error: {error}\n");
    writer.lock().await.print(line.into_bytes()).await
}
