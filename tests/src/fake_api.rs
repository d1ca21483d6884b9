//! A Kubernetes API that misbehaves: what it answers is a test's, byte by byte.
//!
//! It speaks plain HTTP/1.1 on 127.0.0.1, one request after the other on a connection, and counts what it
//! is asked, what it sends, and which connections are still open.

use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use anyhow::Result;
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use crate::place;

/// The longest head of a request.
const MAX_HEAD: u64 = 64 * 1024;
/// What a slow answer takes for each byte.
const DRIP: Duration = Duration::from_secs(1);

/// One answer.
pub enum Script {
    /// A whole one.
    Whole {
        /// The status.
        status: u16,
        /// Headers beside `Content-Length`.
        headers: Vec<(&'static str, String)>,
        /// The body.
        body: Vec<u8>,
    },
    /// A head that promises more than the body that follows; then the connection ends.
    Cut(Vec<u8>),
    /// Nothing, ever.
    Silence,
    /// A head, and then nothing.
    HeadOnly,
    /// A head, and then one byte of this a second.
    Drip(Vec<u8>),
    /// Chunks, made while they are sent, until there are no more or nobody reads them.
    Chunks(&'static str, Box<dyn Iterator<Item = Vec<u8>> + Send>),
    /// Chunks when a test gives them, until it drops its end.
    Fed(&'static str, mpsc::UnboundedReceiver<Vec<u8>>),
    /// These bytes in place of an answer; then the connection ends.
    Raw(Vec<u8>),
}

impl Script {
    /// A JSON answer.
    #[must_use]
    pub fn json(status: u16, body: &serde_json::Value) -> Self {
        Self::text(status, "application/json", body.to_string())
    }

    /// A body with a content type.
    #[must_use]
    pub fn text(status: u16, content_type: &str, body: impl Into<Vec<u8>>) -> Self {
        Self::Whole {
            status,
            headers: vec![("content-type", content_type.to_owned())],
            body: body.into(),
        }
    }

    /// A Status of the Kubernetes API.
    #[must_use]
    pub fn status(status: u16, reason: &str, message: &str) -> Self {
        Self::json(
            status,
            &json!({
                "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure",
                "message": message, "reason": reason, "code": status,
            }),
        )
    }

    /// The same answer with one more header.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Self {
        if let Self::Whole { headers, .. } = &mut self {
            headers.push((name, value.to_owned()));
        }
        self
    }
}

/// What it has seen and sent.
#[derive(Debug, Default)]
struct Seen {
    requests: Mutex<Vec<String>>,
    sent: AtomicUsize,
    open: AtomicUsize,
    abandoned: AtomicUsize,
}

/// The server. It belongs to the runtime that it is made on.
#[derive(Debug)]
pub struct FakeApi {
    url: String,
    seen: Arc<Seen>,
    accepting: JoinHandle<()>,
    dir: tempfile::TempDir,
}

impl FakeApi {
    /// Starts one. `answer` is given a request's path with its query, and how often that was asked before;
    /// where it gives nothing, discovery, `/version` and "not found" answer as a real server would.
    ///
    /// # Errors
    /// When no port can be had or the kubeconfig cannot be written.
    pub async fn start(
        answer: impl Fn(&str, usize) -> Option<Script> + Send + Sync + 'static,
    ) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let dir = place::fresh("fake-api")?;
        let kubeconfig = json!({
            "apiVersion": "v1", "kind": "Config", "current-context": "fake",
            "clusters": [{"name": "fake", "cluster": {"server": url}}],
            "users": [{"name": "fake", "user": {"token": "fake"}}],
            "contexts": [{"name": "fake", "context": {"cluster": "fake", "user": "fake"}}],
        });
        std::fs::write(dir.path().join("kubeconfig"), kubeconfig.to_string())?;
        let seen = Arc::new(Seen::default());
        let (shared, answer) = (Arc::clone(&seen), Arc::new(answer));
        let accepting = tokio::spawn(async move {
            while let Ok((caller, _)) = listener.accept().await {
                let (seen, answer) = (Arc::clone(&shared), Arc::clone(&answer));
                tokio::spawn(async move {
                    seen.open.fetch_add(1, Ordering::SeqCst);
                    // However it ended: the caller went away, or the script says so.
                    let _ = serve(caller, &seen, &*answer).await;
                    seen.open.fetch_sub(1, Ordering::SeqCst);
                });
            }
        });
        Ok(Self {
            url,
            seen,
            accepting,
            dir,
        })
    }

    /// Its address.
    #[must_use]
    pub fn url(&self) -> &str {
        &self.url
    }

    /// A kubeconfig with a token.
    #[must_use]
    pub fn kubeconfig(&self) -> PathBuf {
        self.dir.path().join("kubeconfig")
    }

    /// Its directory, which goes away with it.
    #[must_use]
    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    /// `METHOD path?query` of every request so far.
    #[must_use]
    pub fn requests(&self) -> Vec<String> {
        let requests = self.seen.requests.lock();
        requests.unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Connections that neither side has ended.
    #[must_use]
    pub fn open_connections(&self) -> usize {
        self.seen.open.load(Ordering::SeqCst)
    }

    /// Answers without an end that the caller left.
    #[must_use]
    pub fn abandoned(&self) -> usize {
        self.seen.abandoned.load(Ordering::SeqCst)
    }

    /// Bytes of bodies that were taken from it.
    #[must_use]
    pub fn bytes_sent(&self) -> usize {
        self.seen.sent.load(Ordering::SeqCst)
    }
}

impl Drop for FakeApi {
    fn drop(&mut self) {
        self.accepting.abort();
    }
}

type Answer<'a> = &'a (dyn Fn(&str, usize) -> Option<Script> + Send + Sync);

/// Until the caller hangs up or a script ends the connection.
async fn serve(caller: TcpStream, seen: &Seen, answer: Answer<'_>) -> std::io::Result<()> {
    caller.set_nodelay(true)?;
    let (from, mut to) = caller.into_split();
    let mut from = BufReader::new(from);
    while let Some(line) = request_line(&mut from).await? {
        let path = line.split(' ').nth(1).unwrap_or_default().to_owned();
        let before = {
            let requests = seen.requests.lock();
            let mut requests = requests.unwrap_or_else(PoisonError::into_inner);
            let before = requests.iter().filter(|it| **it == line).count();
            requests.push(line);
            before
        };
        let script = answer(&path, before).unwrap_or_else(|| ordinary(&path));
        if !play(script, &mut from, &mut to, seen).await? {
            break;
        }
    }
    Ok(())
}

/// The first line of a request without its version; the rest of its head is read and left.
async fn request_line(from: &mut BufReader<OwnedReadHalf>) -> std::io::Result<Option<String>> {
    let mut first = None;
    loop {
        let mut line = String::new();
        if (&mut *from).take(MAX_HEAD).read_line(&mut line).await? == 0 {
            return Ok(None);
        }
        let line = line.trim_end();
        if line.is_empty() {
            return Ok(first);
        }
        first.get_or_insert_with(|| line.trim_end_matches(" HTTP/1.1").to_owned());
    }
}

/// Plays a script; whether the connection goes on.
async fn play(
    script: Script,
    from: &mut BufReader<OwnedReadHalf>,
    to: &mut OwnedWriteHalf,
    seen: &Seen,
) -> std::io::Result<bool> {
    const JSON_HEAD: &str = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\n";
    match script {
        Script::Whole {
            status,
            headers,
            body,
        } => {
            let mut head = format!("HTTP/1.1 {status} S\r\ncontent-length: {}\r\n", body.len());
            for (name, value) in headers {
                head = format!("{head}{name}: {value}\r\n");
            }
            to.write_all(format!("{head}\r\n").as_bytes()).await?;
            to.write_all(&body).await?;
            seen.sent.fetch_add(body.len(), Ordering::SeqCst);
            Ok(true)
        }
        Script::Cut(body) => {
            let head = format!("{JSON_HEAD}content-length: {}\r\n\r\n", body.len() + 100);
            to.write_all(head.as_bytes()).await?;
            to.write_all(&body).await?;
            Ok(false)
        }
        Script::Silence => hung_up(from, seen).await,
        Script::HeadOnly => {
            let head = format!("{JSON_HEAD}content-length: 1000\r\n\r\n");
            to.write_all(head.as_bytes()).await?;
            hung_up(from, seen).await
        }
        Script::Drip(body) => {
            let head = format!("{JSON_HEAD}content-length: {}\r\n\r\n", body.len());
            to.write_all(head.as_bytes()).await?;
            let mut clock = tokio::time::interval(DRIP);
            for byte in body {
                tokio::select! {
                    _ = clock.tick() => to.write_all(&[byte]).await?,
                    ended = hung_up(from, seen) => return ended,
                }
            }
            Ok(true)
        }
        Script::Chunks(content_type, chunks) => {
            begin_chunks(to, content_type).await?;
            for chunk in chunks {
                send_chunk(to, &chunk, seen).await?;
            }
            to.write_all(b"0\r\n\r\n").await?;
            Ok(true)
        }
        Script::Fed(content_type, mut chunks) => {
            begin_chunks(to, content_type).await?;
            let mut left = pin!(hung_up(from, seen));
            loop {
                tokio::select! {
                    chunk = chunks.recv() => match chunk {
                        Some(chunk) => send_chunk(to, &chunk, seen).await?,
                        None => break,
                    },
                    ended = &mut left => return ended,
                }
            }
            to.write_all(b"0\r\n\r\n").await?;
            Ok(false)
        }
        Script::Raw(bytes) => {
            to.write_all(&bytes).await?;
            Ok(false)
        }
    }
}

async fn begin_chunks(to: &mut OwnedWriteHalf, content_type: &str) -> std::io::Result<()> {
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {content_type}\r\ntransfer-encoding: chunked\r\n\r\n"
    );
    to.write_all(head.as_bytes()).await
}

async fn send_chunk(to: &mut OwnedWriteHalf, chunk: &[u8], seen: &Seen) -> std::io::Result<()> {
    to.write_all(format!("{:x}\r\n", chunk.len()).as_bytes())
        .await?;
    to.write_all(chunk).await?;
    to.write_all(b"\r\n").await?;
    seen.sent.fetch_add(chunk.len(), Ordering::SeqCst);
    Ok(())
}

/// Until the caller ends the connection; whatever it sends meanwhile is left.
async fn hung_up(from: &mut BufReader<OwnedReadHalf>, seen: &Seen) -> std::io::Result<bool> {
    let mut rest = [0; 1024];
    // A reset is an end, too.
    while from.read(&mut rest).await.is_ok_and(|read| read > 0) {}
    seen.abandoned.fetch_add(1, Ordering::SeqCst);
    Ok(false)
}

/// What a real server with pods, config maps and namespaces answers.
fn ordinary(path: &str) -> Script {
    let resource = |name: &str, kind: &str, scope: &str| {
        json!({
            "resource": name, "singularResource": kind.to_lowercase(), "scope": scope,
            "responseKind": {"group": "", "version": "v1", "kind": kind}, "verbs": ["get", "list"],
        })
    };
    let list = |items: serde_json::Value| {
        let body = json!({
            "kind": "APIGroupDiscoveryList", "apiVersion": "apidiscovery.k8s.io/v2",
            "metadata": {}, "items": items,
        });
        let kind = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList";
        Script::text(200, kind, body.to_string())
    };
    match path.split('?').next().unwrap_or(path) {
        "/api" => list(json!([{"metadata": {"name": ""}, "versions": [{
            "version": "v1", "freshness": "Current",
            "resources": [
                resource("configmaps", "ConfigMap", "Namespaced"),
                resource("namespaces", "Namespace", "Cluster"),
                resource("pods", "Pod", "Namespaced"),
            ],
        }]}])),
        "/apis" => list(json!([])),
        "/version" => Script::json(
            200,
            &json!({
                "major": "1", "minor": "37", "gitVersion": "v1.37.1", "gitCommit": "c",
                "gitTreeState": "clean", "buildDate": "2026-11-01T00:00:00Z", "goVersion": "go1.26",
                "compiler": "gc", "platform": "linux/amd64",
            }),
        ),
        other => Script::status(404, "NotFound", &format!("{other} not found")),
    }
}
