//! The way to the API server: one client, one guard, bounded answers.

pub mod config;
#[cfg(test)]
pub(crate) mod fake;
pub mod guard;
pub mod observer;
mod warning;

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chrono::{DateTime, Utc};
use http::{StatusCode, header};
use http_body_util::BodyExt as _;
use kube::Client;
use kube::client::{Body, ClientBuilder};
use kubently_core::clock::Clock;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use self::config::ConfigError;
use self::guard::{GuardLayer, Refused};
use self::observer::{Observed, Observer, Outcome};
use crate::discovery::Discovery;
use crate::error::{Error, Status};
use crate::json::syntax;
use crate::request::Request;

/// Sent with every request.
const USER_AGENT: &str = concat!("kubently/", env!("CARGO_PKG_VERSION"));
/// Requests again after an answer that asks for it with `Retry-After`.
const RETRIES: u32 = 3;
/// Bytes of an answer that is no success.
const MAX_REFUSAL: usize = 1 << 20;
/// Stands before what is wrong with a text that kubectl reads with a type of its own.
pub(crate) const TYPED: &str = "couldn't get version/kind; json parse error: ";
/// The longest pause that an answer may ask for.
const MAX_PAUSE: Duration = Duration::from_secs(10);
/// Commands that hold a whole list of more than one page at a time; each may hold
/// [`Limits::max_response_bytes`](crate::Limits::max_response_bytes) and what becomes of them.
pub const MOST_WHOLE: usize = 4;

/// A Kubernetes cluster that can be read. Clones share connections and the discovery cache.
#[derive(Clone)]
pub struct Cluster {
    client: Client,
    server: Arc<str>,
    clock: Arc<dyn Clock>,
    pub(crate) discovery: Arc<Discovery>,
    /// Who holds all objects of a long list in memory at a time, see [`Cluster::hold_whole`].
    whole: Arc<Semaphore>,
    observer: Option<Arc<dyn Observer>>,
}

impl std::fmt::Debug for Cluster {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Cluster")
            .field("server", &self.server)
            .finish_non_exhaustive()
    }
}

/// An answer with a success code.
#[derive(Debug, Clone)]
pub(crate) struct Answer {
    /// The whole body.
    pub(crate) body: Bytes,
    /// Texts of the server's warnings, in order.
    pub(crate) warnings: Vec<String>,
}

/// A success whose body is still to be read.
#[derive(Debug)]
pub(crate) struct Opened {
    parts: http::response::Parts,
    pub(crate) body: Body,
    /// As in [`Answer`].
    pub(crate) warnings: Vec<String>,
    /// Ends with the last of this.
    observed: Observed,
}

/// An answer that is none, and the warnings that came with it.
#[derive(Debug, Clone)]
pub(crate) struct Failure {
    pub(crate) error: Error,
    pub(crate) warnings: Vec<String>,
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self {
            error,
            warnings: Vec::new(),
        }
    }
}

/// What a request is about, for the texts of errors.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Subject<'a> {
    /// `resource[.group]`, or empty.
    pub(crate) resource: &'a str,
    /// The object's name, or empty.
    pub(crate) name: &'a str,
    /// The server's own text of an error is not used: kubectl does not look for it in the answers
    /// of `/version` and of discovery.
    pub(crate) raw: bool,
    /// kubectl reads the answer with a type of its own, not as an object of any kind.
    pub(crate) typed: bool,
}

impl Subject<'_> {
    /// No object, and no text of the server's.
    pub(crate) const RAW: Self = Self {
        resource: "",
        name: "",
        raw: true,
        typed: false,
    };
}

impl Cluster {
    /// Prepares a client; connects when the first request is sent. Ages are counted up to the
    /// clock's time.
    ///
    /// # Errors
    /// [`ConfigError::Forbidden`], [`ConfigError::Client`].
    ///
    /// # Panics
    /// Outside of a Tokio runtime: kube's client has a task of its own.
    pub fn new(config: kube::Config, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        Self::guarded(config, clock, GuardLayer::default())
    }

    /// As [`new`](Self::new), for an owner who lets secrets be shown without their values. Whether
    /// a command may is still the policy's to say.
    ///
    /// # Errors
    /// As [`new`](Self::new).
    ///
    /// # Panics
    /// As [`new`](Self::new).
    pub fn with_secrets(config: kube::Config, clock: Arc<dyn Clock>) -> Result<Self, ConfigError> {
        Self::guarded(config, clock, GuardLayer { secrets: true })
    }

    fn guarded(
        mut config: kube::Config,
        clock: Arc<dyn Clock>,
        guard: GuardLayer,
    ) -> Result<Self, ConfigError> {
        config::check(&config)?;
        // kube would retry 429, 503 and 504 on its own, also where the server does not ask for it.
        config.default_retry = false;
        let server = config
            .cluster_url
            .authority()
            .map_or("", |authority| authority.as_str())
            .into();
        let client = ClientBuilder::try_from(config)
            .map_err(|source| ConfigError::Client(Box::new(source)))?
            .with_layer(&guard)
            .build();
        Ok(Self {
            client,
            server,
            clock,
            discovery: Arc::default(),
            whole: Arc::new(Semaphore::new(MOST_WHOLE)),
            observer: None,
        })
    }

    /// The same cluster with somebody who hears of every request.
    #[must_use]
    pub fn observed(self, observer: Arc<dyn Observer>) -> Self {
        Self {
            observer: Some(observer),
            ..self
        }
    }

    /// How many commands hold a whole long list, of [`MOST_WHOLE`].
    #[must_use]
    pub fn holds_whole(&self) -> usize {
        MOST_WHOLE.saturating_sub(self.whole.available_permits())
    }

    /// Waits for one of the few places of those who hold a whole long list in memory.
    pub(crate) async fn hold_whole(&self) -> Option<OwnedSemaphorePermit> {
        // It is never closed.
        Arc::clone(&self.whole).acquire_owned().await.ok()
    }

    /// The time that ages are counted up to.
    #[must_use]
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Sends a request and reads its answer, at most `max_bytes` of it. Repeats it where the server
    /// says when.
    pub(crate) async fn send(
        &self,
        request: &Request,
        subject: Subject<'_>,
        max_bytes: usize,
    ) -> Result<Answer, Failure> {
        let Opened {
            parts,
            body,
            warnings,
            observed,
        } = self.open(request, subject).await?;
        let body = read(body, max_bytes).await?;
        drop(observed);
        match not_asked_for(&parts, &body, subject) {
            None => Ok(Answer { body, warnings }),
            Some(error) => Err(Failure { error, warnings }),
        }
    }

    /// The same without reading the answer. Dropping that gives up its connection.
    pub(crate) async fn open(
        &self,
        request: &Request,
        subject: Subject<'_>,
    ) -> Result<Opened, Failure> {
        let mut retries = 0;
        loop {
            let mut observed = Observed::begin(self.observer.as_ref(), request);
            let response = self.client.send(http(request)?).await;
            let response = response.map_err(|error| {
                observed.set(Outcome::Failed);
                self.explain(&error)
            })?;
            let (parts, body) = response.into_parts();
            observed.set(Outcome::Answered(parts.status));
            let warnings = parts
                .headers
                .get_all(header::WARNING)
                .iter()
                .filter_map(|value| value.to_str().ok())
                .flat_map(warning::parse)
                .collect();
            if parts.status.is_success() {
                return Ok(Opened {
                    parts,
                    body,
                    warnings,
                    observed,
                });
            }
            let body = read(body, MAX_REFUSAL).await?;
            drop(observed);
            if retries < RETRIES
                && let Some(pause) = pause(&parts)
            {
                retries += 1;
                tokio::time::sleep(pause).await;
                continue;
            }
            return Err(Failure {
                error: refusal(&parts, &body, subject),
                warnings,
            });
        }
    }

    /// An error of the transport in kubectl's words.
    fn explain(&self, error: &kube::Error) -> Error {
        let mut last = error.to_string();
        let mut source = error.source();
        while let Some(error) = source {
            if error
                .downcast_ref::<std::io::Error>()
                .is_some_and(|error| error.kind() == std::io::ErrorKind::ConnectionRefused)
            {
                return Error::ConnectionRefused {
                    server: self.server.to_string(),
                };
            }
            if let Some(refused) = error.downcast_ref::<Refused>() {
                return Error::Unreadable(refused.to_string());
            }
            last = error.to_string();
            source = error.source();
        }
        Error::Transport(last)
    }
}

fn http(request: &Request) -> Result<http::Request<Body>, Error> {
    http::Request::get(request.path_and_query())
        .header(header::ACCEPT, request.accept().header())
        .header(header::USER_AGENT, USER_AGENT)
        .body(Body::empty())
        .map_err(|error| Error::Unreadable(error.to_string()))
}

async fn read(mut body: Body, max_bytes: usize) -> Result<Bytes, Error> {
    let mut whole = BytesMut::new();
    let mut first: Option<Bytes> = None;
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            let why = why_broken(&error);
            Error::Unreadable(format!(
                "unexpected error when reading response body. Please retry. Original error: {why}"
            ))
        })?;
        let Ok(part) = frame.into_data() else {
            continue;
        };
        if whole.len() + first.as_ref().map_or(0, Bytes::len) + part.len() > max_bytes {
            return Err(Error::Unreadable(format!(
                "the server's response is larger than {max_bytes} bytes"
            )));
        }
        // Most answers are a single frame, which needs no copy.
        match first.take() {
            None if whole.is_empty() => first = Some(part),
            None => whole.extend_from_slice(&part),
            Some(earlier) => {
                whole.extend_from_slice(&earlier);
                whole.extend_from_slice(&part);
            }
        }
    }
    Ok(first.unwrap_or_else(|| whole.freeze()))
}

/// Why a body ended before its end, in Go's words where that is all.
fn why_broken(error: &(dyn std::error::Error + 'static)) -> String {
    let ended = std::io::ErrorKind::UnexpectedEof;
    let mut next = Some(error);
    while let Some(error) = next {
        let io = error.downcast_ref::<std::io::Error>();
        if io.is_some_and(|error| error.kind() == ended) {
            return "unexpected EOF".to_owned();
        }
        next = error.source();
    }
    error.to_string()
}

/// What is wrong with an answer that claims success: it is no JSON, is of no kind, or says in it that
/// it failed. What `raw` answers hold is their readers' matter.
fn not_asked_for(
    parts: &http::response::Parts,
    body: &[u8],
    subject: Subject<'_>,
) -> Option<Error> {
    let content_type = parts.headers.get(header::CONTENT_TYPE);
    let content_type = content_type.and_then(|value| value.to_str().ok());
    let content_type = content_type.unwrap_or_default();
    let media_type = content_type.split(';').next().unwrap_or_default().trim();
    if !media_type.is_empty() && !media_type.contains('/') {
        return Some(Error::Status(Box::new(Status::internal(
            "mime: expected slash after first token",
        ))));
    }
    if subject.raw {
        return None;
    }
    if !matches!(media_type, "" | "application/json") {
        let text = format!("serializer for {content_type} doesn't exist");
        return Some(Error::Unreadable(text));
    }
    let head = body.get(..64).unwrap_or(body);
    let says = |part: &[u8]| head.windows(part.len()).any(|window| window == part);
    if says(br#""kind":"Status""#) {
        let status: Status = serde_json::from_slice(body).ok()?;
        return (status.status != "Success").then(|| Error::Status(Box::new(status)));
    }
    // How every API server begins: such an answer is not read twice.
    if head.starts_with(br#"{"kind":""#) || head.starts_with(br#"{"apiVersion":""#) {
        return None;
    }
    of_no_kind(body, subject.typed).map(Error::Unreadable)
}

/// What client-go says of a body that is no object with a kind.
fn of_no_kind(body: &[u8], typed: bool) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Kind<'a> {
        #[serde(borrow, default)]
        kind: std::borrow::Cow<'a, str>,
    }
    let (before, reader) = if typed {
        (
            TYPED,
            r#"struct { APIVersion string "json:\"apiVersion,omitempty\""; Kind string "json:\"kind,omitempty\"" }"#,
        )
    } else {
        ("", "unstructured.detector")
    };
    if let Some(mistake) = syntax::mistake(body).or_else(|| syntax::no_object(body, reader)) {
        return Some(format!("{before}{mistake}"));
    }
    match serde_json::from_slice::<Option<Kind<'_>>>(body) {
        Ok(Some(it)) if !it.kind.is_empty() => None,
        Err(_) => None,
        Ok(_) => {
            // kubectl shows all of it. Nobody knows what it holds, so only what holds nothing is shown.
            let text = String::from_utf8_lossy(body);
            let is_empty = matches!(text.trim(), "{}" | "null");
            let shown = if is_empty { text.as_ref() } else { "{…}" };
            Some(format!("Object 'Kind' is missing in '{shown}'"))
        }
    }
}

/// How long the server wants the client to wait, for the codes where client-go does.
fn pause(parts: &http::response::Parts) -> Option<Duration> {
    if parts.status != StatusCode::TOO_MANY_REQUESTS && !parts.status.is_server_error() {
        return None;
    }
    let seconds = parts
        .headers
        .get(header::RETRY_AFTER)?
        .to_str()
        .ok()?
        .parse()
        .ok()?;
    Some(Duration::from_secs(seconds).min(MAX_PAUSE))
}

/// The Status of an answer that is no success, or the one that stands for it.
fn refusal(parts: &http::response::Parts, body: &[u8], subject: Subject<'_>) -> Error {
    #[derive(serde::Deserialize)]
    struct Kind<'a> {
        #[serde(borrow)]
        kind: std::borrow::Cow<'a, str>,
    }
    let is_status = serde_json::from_slice::<Kind<'_>>(body).is_ok_and(|it| it.kind == "Status");
    if is_status
        && !subject.raw
        && let Ok(status) = serde_json::from_slice::<Status>(body)
        && status.status != "Success"
    {
        return Error::Status(Box::new(status));
    }
    let content_type = parts
        .headers
        .get(header::CONTENT_TYPE)
        .and_then(|v| v.to_str().ok());
    let is_text = content_type.is_none_or(|it| it.starts_with("text/"));
    let text = String::from_utf8_lossy(body.get(..2048).unwrap_or(body));
    let text = if is_text { text.trim() } else { "unknown" };
    Error::Status(Box::new(Status::generic(
        parts.status.as_u16(),
        subject.resource,
        subject.name,
        text,
    )))
}
